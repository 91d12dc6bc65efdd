//! Predictions of a compiled model: reals to integers, the program, integers to reals. Many samples run side by side.

use super::accuracy::class;
use crate::circuit::Keys;
use crate::error::Error;
use cloakwork_abi::processing::{ClearValue, Processing, apply_steps};
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_frontend::model::ModelError;
use cloakwork_runtime::{
    EvaluationKeys, Noise, Program, RunOptions, SecretKeys, client, run_batch, samples_at_once,
    simulate_batch,
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
    /// Lookups of a value outside of their width; known where the program is not executed on ciphertexts.
    pub outside: Option<u64>,
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
    let (integers, outside) = match mode {
        Mode::Clear => simulated(program, &arguments, Noise::None)?,
        Mode::Simulate { seed } => simulated(program, &arguments, Noise::Seed(seed))?,
        Mode::Execute { secret, evaluation } => (executed(program, &arguments, (secret, evaluation))?, None),
    };
    let outputs =
        integers.iter().map(|results| dequantise_output(spec, results)).collect::<Result<_, _>>()?;
    Ok(Predictions { outputs, integers, saturated, outside })
}

/// The results of a program for each sample, by integers.
type Results = Vec<Vec<ArrayD<i64>>>;

fn simulated(
    program: &Program,
    arguments: &[Vec<ArrayD<i64>>],
    noise: Noise,
) -> Result<(Results, Option<u64>), Error> {
    let simulations = simulate_batch(program, arguments, noise)?;
    let outside = simulations.iter().map(|simulation| simulation.outside).sum();
    Ok((simulations.into_iter().map(|simulation| simulation.outputs).collect(), Some(outside)))
}

/// Groups of samples whose ciphertexts are in memory at once.
const GROUPS: usize = 8;

fn executed(
    program: &Program,
    arguments: &[Vec<ArrayD<i64>>],
    (secret, evaluation): (&SecretKeys, &EvaluationKeys),
) -> Result<Results, Error> {
    let (spec, options) = (program.spec(), RunOptions::default());
    let mut results = vec![];
    for arguments in arguments.chunks(GROUPS * samples_at_once(spec, options)) {
        let encrypted = arguments.iter().map(|sample| client::encrypt(spec, secret, sample));
        let encrypted = encrypted.collect::<Result<Vec<_>, _>>()?;
        for values in run_batch(program, evaluation, &encrypted, options)? {
            results.push(client::decrypt(spec, secret, &values)?);
        }
    }
    Ok(results)
}

/// [`predict`] where the calls for all samples are made elsewhere, such as at a service.
pub fn predict_elsewhere<E: From<Error>>(
    spec: &ProgramSpec,
    samples: &[Vec<ArrayD<f64>>],
    call: impl FnOnce(&[Vec<ArrayD<i64>>]) -> Result<Vec<Vec<ArrayD<i64>>>, E>,
) -> Result<Predictions, E> {
    let mut predictions = Predictions { outputs: vec![], integers: vec![], saturated: 0, outside: None };
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
    let inputs = &processing(spec)?.inputs;
    if sample.len() != inputs.len() {
        let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
        return Err(ModelError::new(
            &spec.name,
            format!("a sample of {} arrays", sample.len()),
            format!("the model has {} inputs: {}", names.len(), names.join(", ")),
            "give one array for each input, in this order",
        )
        .into());
    }
    let (mut arguments, mut saturated) = (vec![], 0);
    for (input, reals) in inputs.iter().zip(sample) {
        if reals.shape() != input.shape {
            return Err(ModelError::new(
                &input.name,
                format!("a sample of shape {:?}", reals.shape()),
                format!("the input has shape {:?}", input.shape),
                "pass all features in the order of training",
            )
            .into());
        }
        let refused = |problem: String| {
            let advice = "drop or impute what is missing";
            ModelError::new(&input.name, problem, "samples are finite numbers", advice)
        };
        let ClearValue::Reals(prepared) =
            apply_steps(&input.steps, reals.clone()).map_err(|error| refused(error.to_string()))?
        else {
            return Err(refused("labels where numbers are needed".to_owned()).into());
        };
        let quantised = input.quantiser.quantise(&prepared).map_err(|error| refused(error.to_string()))?;
        saturated += quantised.saturated as u64;
        arguments.push(quantised.integers);
    }
    Ok((arguments, saturated))
}

/// The results of a model for those of its program.
pub fn dequantise_output(spec: &ProgramSpec, results: &[ArrayD<i64>]) -> Result<Vec<ClearValue>, Error> {
    processing(spec)?.values(results).map_err(|error| {
        let advice = "pass what it computed";
        ModelError::new(&spec.name, error.to_string(), "results are those of this program", advice).into()
    })
}

/// The clear part of a model.
fn processing(spec: &ProgramSpec) -> Result<&Processing, Error> {
    spec.processing.as_ref().ok_or_else(|| {
        ModelError::new(
            &spec.name,
            "a program on integers",
            "predictions are made with models",
            "compile a model, or use `run` and `simulate` with integers",
        )
        .into()
    })
}
