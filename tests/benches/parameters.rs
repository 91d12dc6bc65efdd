//! Time of a lookup with our parameters against that with Concrete's, both on the kernels of this runtime.
//!
//! The programs are those of `concrete_parameters.py`, whose output `concrete_parameters.json` is: one lookup of a
//! fresh encryption, and one of the result of another, of 1 to 8 bits at four failure probabilities. For each, a
//! keyswitch and a bootstrap of a whole batch are timed on one thread with both parameter sets in turns. Steps
//! of a rotation all take the same time, so keys are cut to a length that still comes from main memory.
//!
//! Prints a line for each program: both times, their ratio, how much the building blocks reach, both sizes of evaluation
//! keys as they travel. The *reach* is what the whole space saves over the cheapest parameters of the blocks that
//! Concrete has (single key bits, no extension, one table for a bootstrap), both from our optimizer with the same table
//! of costs; the centred modulus switch and the 32-bit keyswitch are in both, since they are not choices. The blocks
//! *apply* where the reach is at least [`APPLIES`]. Fails where they apply and the ratio is above [`MOST_WITH_BLOCKS`],
//! or where it is above 1.
//!
//! `cargo bench -p cloakwork-tests --bench parameters -- chained` only runs the programs whose line contains the word.

use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseFamily,
    PolynomialSize, SecurityLevel, Width,
};
use cloakwork_abi::spec::SecretKeyShape;
use cloakwork_passes::parameters::{
    CostModel, ErrorTarget, ParamDag, Request, Restrictions, Solution, solve,
};
use cloakwork_runtime::calibrate;
use cloakwork_runtime::kernel_trial::{BootstrapTrial, Choice, KeyswitchTrial};
use serde::Deserialize;
use std::process::ExitCode;
use std::time::Duration;

/// Ciphertexts of a call: a whole batch of either kernel.
const BATCH: usize = 16;
/// Words of a key from which on it does not stay in a cache.
const KEY_WORDS: u64 = 12 << 20;
/// From which reach on the building blocks count as applying to a program.
const APPLIES: f64 = 0.3;
/// Greatest ratio of the measured times where they apply.
const MOST_WITH_BLOCKS: f64 = 0.7;
/// Fewest and most turns of both sides; the least time of each counts.
const TURNS: (usize, usize) = (3, 12);
/// No further turns follow where the ratio is below this part of what is allowed.
const CLEAR: f64 = 0.93;
const SPAN: Duration = Duration::from_millis(60);

#[derive(Deserialize)]
struct Table {
    compiler: String,
    rows: Vec<Row>,
}

/// Parameters of Concrete for a program.
#[derive(Deserialize)]
struct Row {
    program: String,
    width: u32,
    p_error: String,
    lwe_dimension: u64,
    glwe_dimension: u64,
    polynomial_size: u64,
    bootstrap: Decomposition,
    keyswitch: Decomposition,
}

/// The building blocks of a lookup.
struct Lookup {
    keyswitch: KeyswitchTrial,
    bootstrap: BootstrapTrial,
}

fn main() -> ExitCode {
    let table: Table =
        serde_json::from_str(include_str!("concrete_parameters.json")).expect("a table of rows");
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    println!("time of a lookup on one thread with our parameters and with those of {}", table.compiler);
    let (mut ratios, mut misses) = (vec![], vec![]);
    for row in &table.rows {
        let name = format!("{:7} {} bits  {:6}", row.program, row.width, row.p_error);
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        let [whole, plain] = [Restrictions::default(), blocks_of_concrete()].map(|space| solved(row, space));
        let reach = 1.0 - whole.seconds / plain.seconds;
        let [ours, theirs] = [Lookup::of(&whole), theirs(row)];
        let [mut time, mut their_time] = [f64::INFINITY; 2];
        let most = if reach >= APPLIES { MOST_WITH_BLOCKS } else { 1.0 };
        for turn in 1..=TURNS.1 {
            time = time.min(ours.seconds());
            their_time = their_time.min(theirs.seconds());
            if turn >= TURNS.0 && time < CLEAR * most * their_time {
                break;
            }
        }
        let (size, their_size) = (ours.key_bytes() as f64 / 1e6, theirs.key_bytes() as f64 / 1e6);
        let ratio = time / their_time;
        println!(
            "{name}  {:8.3} ms  {:8.3} ms  ratio {ratio:.2}  reach {:2.0} %  keys {size:6.1} MB  {their_size:6.1} MB  {}",
            time * 1e3,
            their_time * 1e3,
            reach * 100.0,
            ours.describe(),
        );
        if ratio > most {
            misses.push(format!("{name}: {ratio:.3}, allowed is {most}"));
        }
        ratios.push((ratio, reach, name));
    }
    let greatest = ratios.iter().max_by(|a, b| a.0.total_cmp(&b.0));
    let mean = ratios.iter().map(|(ratio, ..)| ratio.ln()).sum::<f64>() / ratios.len().max(1) as f64;
    if let Some((ratio, _, name)) = greatest {
        println!("geometric mean of the ratios {:.2}, greatest {ratio:.2} ({name})", mean.exp());
    }
    let apply = ratios.iter().filter(|(_, reach, _)| *reach >= APPLIES);
    let greatest = apply.clone().map(|(ratio, ..)| *ratio).fold(0.0, f64::max);
    println!("the building blocks apply to {} of {}, there it is {greatest:.2}", apply.count(), ratios.len());
    misses.iter().for_each(|miss| eprintln!("{miss}"));
    if misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What Concrete's bootstraps are chosen from.
fn blocks_of_concrete() -> Restrictions {
    Restrictions {
        groupings: vec![Grouping::One],
        extensions: vec![ExtensionFactor(1)],
        many_lut: false,
        ..Restrictions::default()
    }
}

fn theirs(row: &Row) -> Lookup {
    let shape = GlweShape {
        dimension: GlweDimension(row.glwe_dimension),
        polynomial_size: PolynomialSize(row.polynomial_size),
    };
    let small = LweDimension(row.lwe_dimension);
    Lookup {
        keyswitch: KeyswitchTrial { from: shape.lwe_dimension(), to: small, decomposition: row.keyswitch },
        bootstrap: BootstrapTrial {
            from: small,
            to: shape,
            decomposition: row.bootstrap,
            grouping: Grouping::One,
            extension: ExtensionFactor(1),
            outputs: 1,
        },
    }
}

/// The cheapest parameters of that space, with one key set.
fn solved(row: &Row, space: Restrictions) -> Solution {
    let width = Width(row.width);
    let mut dag = ParamDag::default();
    let x = dag.input(width, "x");
    let y = if row.program == "chained" { dag.lookup(x, width, BATCH as u64, "first") } else { x };
    let z = dag.lookup(y, width, BATCH as u64, "last");
    dag.output(z, BATCH as u64, "z");
    let p_error = match row.p_error.strip_prefix("2^") {
        Some(exponent) => exponent.parse::<f64>().expect("a number").exp2(),
        None => row.p_error.parse().expect("a number"),
    };
    let target = ErrorTarget::new(Some(p_error), None).expect("a sound target");
    let restrictions = Restrictions { max_key_sets: 1, ..space };
    let request = Request {
        dag: &dag,
        security: SecurityLevel::Bits128,
        noise: NoiseFamily::Gaussian,
        target,
        cost: &CostModel::avx512(),
        restrictions: &restrictions,
    };
    solve(&request).expect("feasible")
}

impl Lookup {
    /// Of the only key set of a solution.
    fn of(solution: &Solution) -> Self {
        let keyset = &solution.keyset;
        let (keyswitch, bootstrap) = (&keyset.keyswitch_keys[0], &keyset.bootstrap_keys[0]);
        let SecretKeyShape::Glwe(to) = keyset.secret_keys[bootstrap.to].shape else {
            panic!("a bootstrap key leads to a GLWE key")
        };
        let small = keyset.secret_keys[bootstrap.from].shape.lwe_dimension();
        let from = keyset.secret_keys[keyswitch.from].shape.lwe_dimension();
        Self {
            keyswitch: KeyswitchTrial { from, to: small, decomposition: keyswitch.decomposition },
            bootstrap: BootstrapTrial {
                from: small,
                to,
                decomposition: bootstrap.decomposition,
                grouping: bootstrap.grouping,
                extension: bootstrap.extension,
                outputs: 1,
            },
        }
    }

    /// Measured, for one ciphertext of a batch.
    fn seconds(&self) -> f64 {
        let group = self.bootstrap.grouping.factor();
        let words = self.bootstrap_words() / self.bootstrap.from.0;
        let short = (KEY_WORDS / words).clamp(8, self.bootstrap.from.0).next_multiple_of(group);
        let trial = BootstrapTrial { from: LweDimension(short), ..self.bootstrap };
        let steps = self.bootstrap.from.0 as f64 / short as f64;
        calibrate::keyswitch(Choice::Fastest, self.keyswitch, BATCH, SPAN)
            + calibrate::bootstrap(Choice::Fastest, trial, BATCH, SPAN) * steps
    }

    /// Words of the bootstrap key.
    fn bootstrap_words(&self) -> u64 {
        let BootstrapTrial { from, to, decomposition, grouping, .. } = self.bootstrap;
        let ciphertexts = from.0 / grouping.factor() * grouping.ciphertexts();
        let rows = (to.dimension.0 + 1) * u64::from(decomposition.level);
        ciphertexts * rows * (to.dimension.0 + 1) * to.polynomial_size.0
    }

    /// Bytes of the evaluation keys as they travel: bodies only, the rest follows from a seed.
    fn key_bytes(&self) -> u64 {
        let bodies = self.bootstrap_words() / (self.bootstrap.to.dimension.0 + 1);
        let rows = self.keyswitch.from.0 * u64::from(self.keyswitch.decomposition.level);
        8 * bodies + 4 * rows
    }

    fn describe(&self) -> String {
        let BootstrapTrial { from, to, decomposition, grouping, extension, .. } = self.bootstrap;
        let digits = |digits: Decomposition| format!("{}x{}", digits.base_log, digits.level);
        format!(
            "n {from} k {} N {} e {extension} grouping {} digits {} {}",
            to.dimension,
            to.polynomial_size,
            grouping.factor(),
            digits(decomposition),
            digits(self.keyswitch.decomposition)
        )
    }
}
