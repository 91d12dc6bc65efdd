//! Choice by budget: bit widths, rounding of all layers and of single ones, and error probability, by predicted time and
//! accuracy.
//!
//! Rounding is tried alike for all layers; from the cheapest of what is accurate single layers are then rounded further,
//! one bit after the other, those with the most expensive lookups first.
//! Accuracy of a candidate is known as soon as it is quantised, since the calibration set goes through the program while
//! it is made; so most fall out before they are compiled. Those that are left are compiled, which predicts their time by
//! the table of costs, and simulated.

use super::accuracy::{Truth, float_outputs, leaves_errors_open, score};
use super::{Mode, ModelCircuit, ModelOptions, compile_quantised, wishes};
use crate::error::Error;
use cloakwork_abi::processing::ClearValue;
use cloakwork_frontend::model::{Model, ModelError};
use cloakwork_frontend::quantise::report::SumReport;
use cloakwork_frontend::quantise::{Quantisation, Quantised, Reply, RoundTo, quantise, with_label_alone};
use cloakwork_ir::digits::Exactness;
use ndarray::ArrayD;
use serde::Serialize;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

/// What a prediction may take, and how much accuracy it may lose.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Budget {
    /// Seconds on one thread.
    pub time: Option<f64>,
    /// Greatest loss against the model on reals, 0.01 for one point.
    pub accuracy: Option<f64>,
}

/// What sums of shares are off by.
const ROUNDING: f64 = 1e-9;
/// Loss that is allowed where nothing is said.
const DEFAULT_LOSS: f64 = 0.01;
/// Bits that are tried, finest first.
const BITS: [u32; 7] = [8, 7, 6, 5, 4, 3, 2];
/// Bits that sums are rounded to.
const ROUNDINGS: [Option<u32>; 5] = [None, Some(8), Some(7), Some(6), Some(5)];
/// Candidates that are compiled; more where none of them keeps to the budget.
const COMPILED: usize = 8;
/// Quantisations in which a single layer is rounded further.
const MOST_ROUNDED: usize = 64;
/// Candidates from which single layers are rounded further.
const MOST_STARTS: usize = 3;
/// The fewest bits that the sums of a layer are rounded to.
const FEWEST_BITS: u32 = 2;
/// To which a layer whose sums are much wider is rounded first.
const FIRST_STEP: u32 = 8;
/// Samples that candidates are simulated on.
const MOST_SIMULATED: usize = 200;
/// Error probability of a lookup that may still do where a class is the greatest of several scores.
const LOOSE_P_ERROR: f64 = 1e-3;

/// Text that is no budget.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no budget; write it like `time=2s,accuracy=-1%`, or a part of that")]
pub struct NoBudget(String);

impl Budget {
    fn loss(&self) -> f64 {
        self.accuracy.unwrap_or(DEFAULT_LOSS)
    }

    /// Whether a loss on so many samples is small enough to be within the budget on others too: its standard error is added, that
    /// of a share of samples.
    fn allows(&self, loss: f64, samples: usize) -> bool {
        let loss = loss.max(0.0);
        loss + (loss / samples as f64).sqrt() <= self.loss() + ROUNDING
    }
}

impl FromStr for Budget {
    type Err = NoBudget;

    fn from_str(text: &str) -> Result<Self, NoBudget> {
        let refused = || NoBudget(text.to_owned());
        let mut budget = Self::default();
        for part in text.split(',') {
            let (name, value) = part.trim().split_once('=').ok_or_else(refused)?;
            let number =
                |value: &str| value.trim().parse::<f64>().ok().filter(|v| v.is_finite()).ok_or_else(refused);
            match name.trim() {
                "time" => {
                    let seconds = match value.strip_suffix("ms") {
                        Some(value) => number(value)? / 1e3,
                        None => number(value.strip_suffix('s').unwrap_or(value))?,
                    };
                    budget.time = Some(seconds).filter(|seconds| *seconds > 0.0);
                    budget.time.ok_or_else(refused)?;
                }
                "accuracy" => {
                    let loss = match value.strip_suffix('%') {
                        Some(value) => number(value)? / 100.0,
                        None => number(value)?,
                    };
                    budget.accuracy = Some(loss.abs());
                }
                _ => return Err(refused()),
            }
        }
        Ok(budget)
    }
}

/// One way to quantise and compile a model.
#[derive(Clone, Debug, Serialize)]
pub struct Candidate {
    /// Bits of values and weights.
    pub bits: u32,
    /// Bits that sums are rounded to before tables.
    pub rounding: Option<u32>,
    /// Layers whose sums are rounded to fewer bits than the others.
    pub rounding_of: Vec<(String, u32)>,
    /// Greatest failure probability of one lookup; that of the options without.
    pub p_error: Option<f64>,
    /// Predicted time of a run on one thread.
    pub seconds: f64,
    /// Accuracy in the simulation, against the truth if it is known, else agreement with the model on reals.
    pub accuracy: f64,
    /// Lookups.
    pub lookups: u64,
    /// Whether no other is both faster and more accurate.
    pub is_on_front: bool,
}

impl Candidate {
    /// Whether it is as fast and as accurate as a budget asks for, where the model on reals has accuracy `float`, both on so many
    /// samples.
    fn keeps_to(&self, budget: Budget, float: f64, samples: usize) -> bool {
        self.is_within(budget.time) && budget.allows(float - self.accuracy, samples)
    }

    fn is_within(&self, time: Option<f64>) -> bool {
        time.is_none_or(|time| self.seconds <= time)
    }
}

/// What was tried, and which was taken.
#[derive(Clone, Debug, Serialize)]
pub struct Search {
    /// Accuracy of the model on reals, on the samples that the candidates were simulated on.
    pub float: f64,
    /// Those that were compiled, fastest first.
    pub candidates: Vec<Candidate>,
    /// Position of the one that was taken.
    pub chosen: usize,
}

impl fmt::Display for Search {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "   predicted  accuracy  lookups  bits  rounded to  p_error   (float {:.4})",
            self.float
        )?;
        for (i, candidate) in self.candidates.iter().enumerate() {
            let mark = match (i == self.chosen, candidate.is_on_front) {
                (true, _) => "->",
                (false, true) => " *",
                (false, false) => "  ",
            };
            let rounding = candidate.rounding.map_or_else(|| "-".to_owned(), |bits| bits.to_string());
            let p_error = candidate.p_error.map_or_else(|| "default".to_owned(), |p| format!("{p:.0e}"));
            writeln!(
                f,
                "{mark} {:>7.3} s  {:>8.4}  {:>7}  {:>4}  {rounding:>10}  {p_error}",
                candidate.seconds, candidate.accuracy, candidate.lookups, candidate.bits
            )?;
            for (layer, bits) in &candidate.rounding_of {
                writeln!(f, "     {layer} rounded to {bits}")?;
            }
        }
        writeln!(f, "-> taken, * on the Pareto front")
    }
}

/// A candidate before it is compiled.
struct Quantisable {
    bits: u32,
    quantisation: Quantisation,
    accuracy: f64,
    quantised: Quantised,
    /// Likely cost: bits of tables, and how wide the sums are.
    cost: f64,
}

/// Compiles the fastest model within a budget. Values of the truth are known for each sample or for none.
pub fn compile_within(
    model: &Model,
    calibration: &[Vec<ArrayD<f64>>],
    truth: Truth<'_>,
    options: &ModelOptions,
    budget: Budget,
) -> Result<ModelCircuit, Error> {
    let labelled = match options.quantisation.reply {
        Reply::Label => Some(with_label_alone(model)?),
        Reply::Scores => None,
    };
    let model = labelled.as_ref().unwrap_or(model);
    let float = float_outputs(model, calibration)?;
    let of_float = score(&float, &float, truth);
    let count = calibration.len();
    let is_accurate = |candidate: &Quantisable| budget.allows(of_float - candidate.accuracy, count);
    let accuracy = |outputs: &[Vec<ClearValue>]| score(outputs, &float, truth);
    let quantised = |quantisation: Quantisation| quantised_as(model, calibration, quantisation, &accuracy);
    let mut all = quantised_candidates(options, &quantised)?;
    let finer = rounded_by_layer(&all, &is_accurate, &quantised)?;
    all.extend(finer);
    // Those that are accurate enough, likely cheap ones first; then the most accurate of the others.
    all.sort_by(|a, b| {
        is_accurate(b).cmp(&is_accurate(a)).then_with(|| match is_accurate(a) {
            true => a.cost.total_cmp(&b.cost),
            false => b.accuracy.total_cmp(&a.accuracy),
        })
    });
    let simulated = calibration.len().min(MOST_SIMULATED);
    let values = truth.values.map(|values| &values[..simulated.min(values.len())]);
    let (truth, float) = (Truth { values, ..truth }, &float[..simulated]);
    let float_simulated = score(float, float, truth);
    let errors = match leaves_errors_open(options) {
        true => vec![options.options.p_error, Some(LOOSE_P_ERROR)],
        false => vec![options.options.p_error],
    };
    let mut compiled: Vec<(Candidate, ModelCircuit)> = vec![];
    let mut last_error = None;
    for (position, candidate) in all.into_iter().enumerate() {
        // Later ones are no faster, and those that are not accurate before they are compiled do not become so.
        let is_hopeless = !is_accurate(&candidate)
            || compiled.iter().any(|(found, _)| found.keeps_to(budget, float_simulated, simulated))
            || compiled.last().is_some_and(|(found, _)| !found.is_within(budget.time));
        if position >= COMPILED && is_hopeless {
            break;
        }
        let has_tables = !candidate.quantised.report.sums.is_empty();
        for &p_error in if has_tables { errors.as_slice() } else { &errors[..1] } {
            let mut options = options.clone();
            options.quantisation = candidate.quantisation.clone();
            options.options.p_error = p_error;
            let circuit = match compile_quantised(candidate.quantised.clone(), &options) {
                Ok(circuit) => circuit,
                // Some have no parameters; others do.
                Err(error @ (Error::Infeasible(_) | Error::Program(_))) => {
                    last_error = Some(error);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let predictions = circuit.predict(&calibration[..simulated], Mode::Simulate { seed: 1 })?;
            let report = circuit.circuit().report();
            let found = Candidate {
                bits: candidate.bits,
                rounding: candidate.quantisation.rounding.map(|rounding| rounding.bits),
                rounding_of: bits_of_layers(&candidate.quantisation),
                p_error,
                seconds: report.predicted_time.map_or(f64::INFINITY, |time| time.total()),
                accuracy: score(&predictions.outputs, float, truth),
                lookups: circuit.circuit().spec().counts.bootstraps,
                is_on_front: false,
            };
            compiled.push((found, circuit));
        }
    }
    choose(compiled, (float_simulated, simulated), budget, last_error)
}

fn choose(
    mut compiled: Vec<(Candidate, ModelCircuit)>,
    (float, samples): (f64, usize),
    budget: Budget,
    last_error: Option<Error>,
) -> Result<ModelCircuit, Error> {
    if compiled.is_empty() {
        return Err(last_error.unwrap_or_else(|| unreachable_budget("no way to compile the model", budget)));
    }
    compiled.sort_by(|a, b| a.0.seconds.total_cmp(&b.0.seconds).then(b.0.accuracy.total_cmp(&a.0.accuracy)));
    let mut best = f64::NEG_INFINITY;
    for (candidate, _) in &mut compiled {
        candidate.is_on_front = candidate.accuracy > best;
        best = best.max(candidate.accuracy);
    }
    let is_fast = |candidate: &Candidate| candidate.is_within(budget.time);
    let fastest = compiled.iter().position(|(candidate, _)| candidate.keeps_to(budget, float, samples));
    // Where nothing fulfils both, the most accurate within the time, if accuracy was not asked for.
    let otherwise = || {
        let within = compiled.iter().enumerate().filter(|(_, (candidate, _))| is_fast(candidate));
        let best = within.max_by(|a, b| a.1.0.accuracy.total_cmp(&b.1.0.accuracy));
        best.filter(|_| budget.accuracy.is_none()).map(|(position, _)| position)
    };
    let Some(chosen) = fastest.or_else(otherwise) else {
        let front = compiled.iter().filter(|(candidate, _)| candidate.is_on_front);
        let found: Vec<String> = front
            .map(|(candidate, _)| {
                format!("{:.3} s with accuracy {:.4}", candidate.seconds, candidate.accuracy)
            })
            .collect();
        return Err(unreachable_budget(&found.join(", "), budget));
    };
    let circuit = compiled[chosen].1.clone();
    let candidates = compiled.into_iter().map(|(candidate, _)| candidate).collect();
    Ok(ModelCircuit { search: Some(Search { float, candidates, chosen }), ..circuit })
}

fn unreachable_budget(found: &str, budget: Budget) -> Error {
    let time = budget.time.map_or_else(|| "any time".to_owned(), |time| format!("at most {time} s"));
    let loss = budget.loss() * 100.0;
    ModelError::new(
        "budget",
        format!("best are {found}"),
        format!("{time} and a loss of at most {loss} points, with its standard error, are asked for"),
        "allow more time or more loss, or train with quantisation",
    )
    .into()
}

/// Makes a candidate of a wish.
type Quantise<'q> = dyn Fn(Quantisation) -> Result<Quantisable, ModelError> + 'q;

fn quantised_as(
    model: &Model,
    calibration: &[Vec<ArrayD<f64>>],
    quantisation: Quantisation,
    accuracy: &dyn Fn(&[Vec<ClearValue>]) -> f64,
) -> Result<Quantisable, ModelError> {
    let quantised = quantise(model, calibration, &quantisation)?;
    let outputs = outputs_of(&quantised)?;
    let bits = quantisation.bits.op_inputs;
    let lookups = |sum: &SumReport| sum.count as f64 * f64::from(sum.table_bits()).exp2();
    let cost = quantised.report.sums.iter().map(lookups).sum::<f64>() + f64::from(bits);
    Ok(Quantisable { bits, accuracy: accuracy(&outputs), quantisation, cost, quantised })
}

/// Every wish that is alike for all layers, quantised, with its accuracy on the calibration set.
fn quantised_candidates(options: &ModelOptions, quantised: &Quantise<'_>) -> Result<Vec<Quantisable>, Error> {
    let mut found: Vec<Quantisable> = vec![];
    for bits in BITS {
        let mut has_sums = true;
        for rounding in ROUNDINGS {
            if !has_sums && rounding.is_some() {
                continue;
            }
            let mut quantisation = wishes(options);
            quantisation.bits = Quantisation::with_bits(bits).bits;
            quantisation.rounding = rounding.map(|bits| RoundTo { bits, exactness: Exactness::Approximate });
            match quantised(quantisation) {
                Ok(candidate) => {
                    has_sums = !candidate.quantised.report.sums.is_empty();
                    found.push(candidate);
                }
                // Sums may be too wide without rounding.
                Err(_) if rounding.is_none() => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    found.sort_by_key(|candidate| Reverse(candidate.bits));
    Ok(found)
}

/// From the cheapest accurate candidates: single layers rounded further as long as that stays accurate.
fn rounded_by_layer(
    all: &[Quantisable],
    is_accurate: &dyn Fn(&Quantisable) -> bool,
    quantised: &Quantise<'_>,
) -> Result<Vec<Quantisable>, Error> {
    let mut starts: Vec<&Quantisable> = all.iter().filter(|candidate| is_accurate(candidate)).collect();
    starts.retain(|candidate| candidate.quantised.report.sums.len() > 1);
    starts.sort_by(|a, b| a.cost.total_cmp(&b.cost));
    let (mut found, mut tried) = (vec![], 0);
    for start in starts.into_iter().take(MOST_STARTS) {
        let mut current: Option<Quantisable> = None;
        let mut refused: BTreeSet<(String, u32)> = BTreeSet::new();
        'further: loop {
            let best = current.as_ref().unwrap_or(start);
            let mut sums: Vec<&SumReport> = best.quantised.report.sums.iter().collect();
            let lookups = |sum: &SumReport| sum.count as f64 * f64::from(sum.table_bits()).exp2();
            sums.sort_by(|a, b| lookups(b).total_cmp(&lookups(a)));
            let steps = sums.into_iter().flat_map(|sum| {
                let now = sum.table_bits();
                [FIRST_STEP, now - 1].map(|bits| (sum.layer.clone(), bits, now))
            });
            let steps = steps.filter(|(_, bits, now)| bits < now && *bits >= FEWEST_BITS);
            for (layer, bits, _) in steps.collect::<Vec<_>>() {
                if tried == MOST_ROUNDED {
                    break 'further;
                }
                if !refused.insert((layer.clone(), bits)) {
                    continue;
                }
                tried += 1;
                let mut quantisation = best.quantisation.clone();
                quantisation.rounding_of.retain(|(name, _)| *name != layer);
                let rounding = RoundTo { bits, exactness: Exactness::Approximate };
                quantisation.rounding_of.push((layer, Some(rounding)));
                let candidate = quantised(quantisation)?;
                if is_accurate(&candidate) && candidate.cost < best.cost {
                    current = Some(candidate);
                    continue 'further;
                }
            }
            break;
        }
        found.extend(current);
    }
    Ok(found)
}

fn bits_of_layers(quantisation: &Quantisation) -> Vec<(String, u32)> {
    let bits = |(name, rounding): &(String, Option<RoundTo>)| Some((name.clone(), (*rounding)?.bits));
    quantisation.rounding_of.iter().filter_map(bits).collect()
}

/// What a quantised model says about its calibration set.
fn outputs_of(quantised: &Quantised) -> Result<Vec<Vec<ClearValue>>, ModelError> {
    let processing = quantised.graph.processing().cloned().unwrap_or_default();
    let refused = |problem: String| {
        ModelError::new(quantised.graph.name(), problem, "results have their clear part", "report it")
    };
    let of_sample =
        |results: &Vec<ArrayD<i64>>| processing.values(results).map_err(|error| refused(error.to_string()));
    quantised.results.iter().map(of_sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn budgets_are_read() {
        let budget: Budget = "time=2s, accuracy=-1%".parse().unwrap();
        assert_eq!(budget, Budget { time: Some(2.0), accuracy: Some(0.01) });
        assert_eq!("time=20ms".parse(), Ok(Budget { time: Some(0.02), accuracy: None }));
        assert_eq!("accuracy=0.02".parse(), Ok(Budget { time: None, accuracy: Some(0.02) }));
        for text in ["", "fast", "time=0s", "time=x", "accuracy=nan", "memory=2"] {
            assert!(text.parse::<Budget>().is_err(), "{text}");
        }
    }
}
