//! How well a model predicts, and at which step of its way into encryption it loses what.

use super::predict::{Mode, Predictions, predict};
use super::{ModelCircuit, ModelOptions};
use crate::circuit::Keys;
use crate::error::Error;
use cloakwork_abi::processing::{ClearStep, ClearValue};
use cloakwork_frontend::model::{Model, ModelError};
use cloakwork_frontend::quantise::with_label_alone;
use cloakwork_runtime::Program;
use ndarray::ArrayD;
use serde::Serialize;
use std::fmt;

/// What the first result is compared with.
#[derive(Clone, Copy, Debug, Default)]
pub struct Truth<'t> {
    /// Labels or values, one for each sample; without them the model on reals says what is right.
    pub values: Option<&'t [f64]>,
    /// Whether a single real is the score of the second of two classes, which is taken where it is positive.
    pub is_score: bool,
}

/// Accuracy from step to step: the share of right classes, or `R²` where results are single reals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Accuracy {
    /// Of the model on reals.
    pub float: f64,
    /// Of the model on integers.
    pub quantised: f64,
    /// With the noise of ciphertexts.
    pub simulated: f64,
    /// On ciphertexts, where keys were given.
    pub executed: Option<f64>,
    /// Elements of inputs that took the nearest value that the calibration set showed.
    pub saturated: u64,
    /// Lookups of a value outside of its width in the simulation.
    pub outside: u64,
}

impl fmt::Display for Accuracy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let steps = [
            ("float", Some(self.float)),
            ("quantised", Some(self.quantised)),
            ("simulated", Some(self.simulated)),
            ("executed", self.executed),
        ];
        for (name, value) in steps {
            if let Some(value) = value {
                writeln!(f, "{name:<10} {value:.4}")?;
            }
        }
        writeln!(
            f,
            "inputs outside of the calibrated range {}, lookups outside of their width {}",
            self.saturated, self.outside
        )
    }
}

impl ModelCircuit {
    /// Accuracy on samples. Without values of the truth it is agreement with the model on reals.
    pub fn accuracy(
        &self,
        model: &Model,
        samples: &[Vec<ArrayD<f64>>],
        truth: Truth<'_>,
        keys: Option<&Keys>,
    ) -> Result<Accuracy, Error> {
        accuracy(self.circuit().program()?.as_ref(), model, samples, (truth, keys.map(Mode::execute)))
    }
}

/// Accuracy of a program that was compiled of a model; executed only with keys, in a mode that has them.
pub fn accuracy(
    program: &Program,
    model: &Model,
    samples: &[Vec<ArrayD<f64>>],
    (truth, execute): (Truth<'_>, Option<Mode<'_>>),
) -> Result<Accuracy, Error> {
    let labelled = with_label_alone_if_program_is(program, model)?;
    let float = float_outputs(labelled.as_ref().unwrap_or(model), samples)?;
    let clear = predict(program, samples, Mode::Clear)?;
    let simulated = predict(program, samples, Mode::Simulate { seed: 0 })?;
    let executed = execute.map(|mode| predict(program, samples, mode)).transpose()?;
    let score = |outputs: &[Vec<ClearValue>]| score(outputs, &float, truth);
    Ok(Accuracy {
        float: score(&float),
        quantised: score(&clear.outputs),
        simulated: score(&simulated.outputs),
        executed: executed.map(|Predictions { outputs, .. }| score(&outputs)),
        saturated: clear.saturated,
        outside: simulated.outside.unwrap_or(0),
    })
}

/// The model as its program has it, where that hands out fewer outputs.
fn with_label_alone_if_program_is(program: &Program, model: &Model) -> Result<Option<Model>, Error> {
    let outputs = program.spec().processing.as_ref().map_or(0, |processing| processing.outputs.len());
    let is_label = outputs == 1 && matches!(last_step(program), Some(ClearStep::Labels(_)));
    Ok(if is_label { Some(with_label_alone(model)?) } else { None })
}

fn last_step(program: &Program) -> Option<&ClearStep> {
    program.spec().processing.as_ref()?.outputs.first()?.steps.last()
}

/// What the model on reals says about each sample.
pub fn float_outputs(model: &Model, samples: &[Vec<ArrayD<f64>>]) -> Result<Vec<Vec<ClearValue>>, Error> {
    let refused = |problem: String| {
        Error::from(ModelError::new(&model.name, problem, "samples fit the inputs", "correct the samples"))
    };
    let of_sample = |sample: &Vec<ArrayD<f64>>| {
        let values = model.predict(sample).map_err(|error| refused(error.to_string()))?;
        let labelled = values.into_iter().zip(&model.outputs).map(|(reals, output)| match &output.labels {
            Some(labels) => {
                ClearStep::Labels(labels.clone()).apply(reals).map_err(|error| refused(error.to_string()))
            }
            None => Ok(ClearValue::Reals(reals)),
        });
        labelled.collect()
    };
    samples.iter().map(of_sample).collect()
}

/// The share of right classes of the first result, or `R²` where it is a single real.
pub(super) fn score(outputs: &[Vec<ClearValue>], float: &[Vec<ClearValue>], truth: Truth<'_>) -> f64 {
    let Truth { values: truth, is_score } = truth;
    let first = |outputs: &Vec<ClearValue>| outputs.first().and_then(|output| class(output, is_score));
    let (classes, of_float): (Vec<_>, Vec<_>) =
        (outputs.iter().map(first).collect(), float.iter().map(first).collect());
    if classes.iter().all(Option::is_some) && !classes.is_empty() {
        let right = |(i, class): (usize, &Option<Class>)| match truth {
            Some(truth) => class.as_ref().zip(truth.get(i)).is_some_and(|(class, label)| class.is(*label)),
            None => of_float.get(i) == Some(class),
        };
        return classes.iter().enumerate().filter(|found| right(*found)).count() as f64
            / classes.len() as f64;
    }
    let reals = |outputs: &[Vec<ClearValue>]| -> Vec<f64> {
        let all = outputs.iter().filter_map(|outputs| match outputs.first() {
            Some(ClearValue::Reals(reals)) => Some(reals.iter().copied().collect::<Vec<f64>>()),
            _ => None,
        });
        all.flatten().collect()
    };
    let expected = truth.map_or_else(|| reals(float), <[f64]>::to_vec);
    let mean = expected.iter().sum::<f64>() / expected.len().max(1) as f64;
    let total: f64 = expected.iter().map(|v| (v - mean).powi(2)).sum();
    let lost: f64 = expected.iter().zip(reals(outputs)).map(|(a, b)| (a - b).powi(2)).sum();
    if total > 0.0 { 1.0 - lost / total } else { f64::from(lost == 0.0) }
}

/// What a classifier says.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Class {
    Number(i64),
    Name(String),
}

impl Class {
    pub(super) fn is(&self, label: f64) -> bool {
        matches!(self, Self::Number(number) if *number as f64 == label)
    }
}

/// The class that a result names, or the greatest of its scores; none for single reals.
pub(super) fn class(value: &ClearValue, is_score: bool) -> Option<Class> {
    match value {
        ClearValue::Integers(labels) => labels.first().map(|label| Class::Number(*label)),
        ClearValue::Strings(names) => names.first().map(|name| Class::Name(name.clone())),
        ClearValue::Reals(reals) if reals.len() > 1 => {
            let mut best = (0, f64::NEG_INFINITY);
            for (i, &real) in reals.iter().enumerate() {
                if real > best.1 {
                    best = (i, real);
                }
            }
            Some(Class::Number(best.0 as i64))
        }
        ClearValue::Reals(reals) => {
            reals.first().filter(|_| is_score).map(|score| Class::Number(i64::from(*score > 0.0)))
        }
    }
}

/// Whether nothing but the default is wished for errors: then the search may choose them.
pub(super) fn leaves_errors_open(options: &ModelOptions) -> bool {
    let options = &options.options;
    options.p_error.is_none() && options.global_p_error.is_none() && options.preset.is_none()
}
