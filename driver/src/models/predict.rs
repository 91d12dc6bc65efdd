//! Predictions of a compiled model: reals to integers, the program, integers to reals. Many samples run side by side.

use super::accuracy::class;
use crate::circuit::Keys;
use crate::error::Error;
use cloakwork_abi::processing::ClearValue;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_runtime::{
    EvaluationKeys, Noise, Program, Randomness, RunOptions, SecretKeys, client, model_client, run_batch,
    samples_at_once, simulate_batch,
};
use ndarray::ArrayD;

/// How a program computes.
#[derive(Clone, Copy, Debug)]
pub enum Mode<'k> {
    /// Exactly, without keys: what the quantised model says.
    Clear,
    /// With noise as of ciphertexts, without keys; sample `i` gets noise from the seed plus `i`.
    Simulate {
        /// Seed of the first sample.
        seed: u64,
    },
    /// On ciphertexts.
    Execute {
        /// Encrypts and decrypts.
        secret: &'k SecretKeys,
        /// What the program computes with.
        evaluation: &'k EvaluationKeys,
    },
}

impl<'k> Mode<'k> {
    /// On ciphertexts of these keys.
    pub fn execute(keys: &'k Keys) -> Self {
        Self::Execute { secret: &keys.secret, evaluation: &keys.evaluation }
    }
}

/// What a model says about samples.
#[derive(Clone, Debug, PartialEq)]
pub struct Predictions {
    /// For each sample the results of the model, in order.
    pub outputs: Vec<Vec<ClearValue>>,
    /// For each sample the results of the program, in order.
    pub integers: Vec<Vec<ArrayD<i64>>>,
    /// Elements of inputs outside of what the calibration set showed; they took the nearest value inside.
    pub saturated: u64,
    /// Lookups of a value beyond what the calibration set showed, with [`crate::Bounds::Measured`] of one outside of the width;
    /// known where the program is not executed on ciphertexts.
    pub outside: Option<u64>,
    /// Elements of the program's results outside of their width, which saturated; known where results are decrypted here.
    pub results_outside: Option<u64>,
}

impl Predictions {
    /// How many samples get the label that is right: by the first result, which names it or has a score for each class.
    pub fn right(&self, labels: &[f64]) -> usize {
        let is_right = |(outputs, label): (&Vec<ClearValue>, &f64)| {
            outputs.first().and_then(|output| class(output, false)).is_some_and(|class| class.is(*label))
        };
        self.outputs.iter().zip(labels).filter(|found| is_right(*found)).count()
    }

    /// Position of the greatest element of the first result of each sample: the class, where results are scores.
    pub fn classes(&self) -> Vec<usize> {
        let class = |outputs: &Vec<ClearValue>| match outputs.first() {
            Some(ClearValue::Reals(reals)) => {
                let mut best = (0, f64::NEG_INFINITY);
                for (i, &real) in reals.iter().enumerate() {
                    if real > best.1 {
                        best = (i, real);
                    }
                }
                best.0
            }
            Some(ClearValue::Integers(labels)) => labels.first().map_or(0, |label| *label as usize),
            Some(ClearValue::Strings(_)) | None => 0,
        };
        self.outputs.iter().map(class).collect()
    }
}

/// Predicts each sample with a program that was compiled of a model.
pub fn predict(
    program: &Program,
    samples: &[Vec<ArrayD<f64>>],
    mode: Mode<'_>,
) -> Result<Predictions, Error> {
    let spec = program.spec();
    let (mut arguments, mut saturated) = (vec![], 0);
    for sample in samples {
        let (integers, outside) = quantise_input(spec, sample)?;
        arguments.push(integers);
        saturated += outside;
    }
    let Found { integers, outside, results_outside } = run(program, &arguments, mode)?;
    let outputs =
        integers.iter().map(|results| dequantise_output(spec, results)).collect::<Result<_, _>>()?;
    Ok(Predictions { outputs, integers, saturated, outside, results_outside: Some(results_outside) })
}

/// The results of a program for each sample, by integers, and what left its width.
pub(super) struct Found {
    pub(super) integers: Results,
    outside: Option<u64>,
    results_outside: u64,
}

type Results = Vec<Vec<ArrayD<i64>>>;

/// Computes each sample.
pub(super) fn run(program: &Program, arguments: &[Vec<ArrayD<i64>>], mode: Mode<'_>) -> Result<Found, Error> {
    match mode {
        Mode::Clear => simulated(program, arguments, Noise::None),
        Mode::Simulate { seed } => simulated(program, arguments, Noise::Seed(seed)),
        Mode::Execute { secret, evaluation } => executed(program, arguments, (secret, evaluation)),
    }
}

fn simulated(program: &Program, arguments: &[Vec<ArrayD<i64>>], noise: Noise) -> Result<Found, Error> {
    let simulations = simulate_batch(program, arguments, noise)?;
    Ok(Found {
        outside: Some(simulations.iter().map(|simulation| simulation.outside).sum()),
        results_outside: simulations.iter().map(|simulation| simulation.results_outside).sum(),
        integers: simulations.into_iter().map(|simulation| simulation.outputs).collect(),
    })
}

/// Groups of samples whose ciphertexts are in memory at once.
const GROUPS: usize = 8;

fn executed(
    program: &Program,
    arguments: &[Vec<ArrayD<i64>>],
    (secret, evaluation): (&SecretKeys, &EvaluationKeys),
) -> Result<Found, Error> {
    let (spec, options) = (program.spec(), RunOptions::default());
    let mut found = Found { integers: vec![], outside: None, results_outside: 0 };
    for arguments in arguments.chunks(GROUPS * samples_at_once(spec, options)) {
        let encrypted = client::encrypt_batch(spec, secret, arguments, Randomness::Secure)?;
        for values in run_batch(program, evaluation, &encrypted, options)? {
            let (results, outside) = client::decrypt_counted(spec, secret, &values)?;
            found.integers.push(results);
            found.results_outside += outside;
        }
    }
    Ok(found)
}

/// [`predict`] where the calls for all samples are made elsewhere, such as at a service.
pub fn predict_elsewhere<E: From<Error>>(
    spec: &ProgramSpec,
    samples: &[Vec<ArrayD<f64>>],
    call: impl FnOnce(&[Vec<ArrayD<i64>>]) -> Result<Vec<Vec<ArrayD<i64>>>, E>,
) -> Result<Predictions, E> {
    let mut predictions =
        Predictions { outputs: vec![], integers: vec![], saturated: 0, outside: None, results_outside: None };
    let mut calls = vec![];
    for sample in samples {
        let (arguments, saturated) = quantise_input(spec, sample)?;
        predictions.saturated += saturated;
        calls.push(arguments);
    }
    predictions.integers = call(&calls)?;
    let outputs = predictions.integers.iter().map(|results| dequantise_output(spec, results));
    predictions.outputs = outputs.collect::<Result<_, Error>>()?;
    Ok(predictions)
}

/// The arguments of a program for one sample, and how many of their elements were outside of what they stand for.
pub fn quantise_input(spec: &ProgramSpec, sample: &[ArrayD<f64>]) -> Result<(Vec<ArrayD<i64>>, u64), Error> {
    let (arguments, saturated) = model_client::quantise(spec, sample)?;
    Ok((arguments, saturated as u64))
}

/// The results of a model for those of its program.
pub fn dequantise_output(spec: &ProgramSpec, results: &[ArrayD<i64>]) -> Result<Vec<ClearValue>, Error> {
    Ok(model_client::dequantise(spec, results)?)
}
