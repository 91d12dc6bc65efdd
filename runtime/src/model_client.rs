//! What a client of a model does in the clear, by its spec: reals to integers before encryption, and what the model
//! gives of the integers after decryption.

use cloakwork_abi::processing::{ClearValue, Processing, apply_steps};
use cloakwork_abi::spec::ProgramSpec;
use ndarray::ArrayD;

/// Why a sample has no integers, or integers no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelClientError {
    /// A program on integers.
    #[error("`{0}` is a program on integers, not a model on reals; give it integers, or compile a model")]
    NoModel(String),
    /// Too many or too few arrays.
    #[error("`{model}` has {expected} {group}, found {found}")]
    Count {
        /// Model.
        model: String,
        /// `inputs` or `results`.
        group: &'static str,
        /// Given.
        found: usize,
        /// Allowed.
        expected: usize,
    },
    /// An array of another shape.
    #[error(
        "input `{name}` has shape {found:?}, the model takes {expected:?}; pass all features in the order of training"
    )]
    Shape {
        /// Input.
        name: String,
        /// Given.
        found: Vec<usize>,
        /// Allowed.
        expected: Vec<usize>,
    },
    /// Numbers that the steps refuse.
    #[error("`{name}`: {problem}; samples are finite numbers: drop or impute what is missing")]
    Refused {
        /// Input.
        name: String,
        /// Why.
        problem: String,
    },
    /// Integers that are no results of the program.
    #[error("`{model}`: {problem}; pass what this program computed")]
    Results {
        /// Model.
        model: String,
        /// Why.
        problem: String,
    },
}

/// The arguments of a program for one sample, and how many of their elements lie outside of what the calibration set
/// showed; they take the nearest value inside.
pub fn quantise(
    spec: &ProgramSpec,
    sample: &[ArrayD<f64>],
) -> Result<(Vec<ArrayD<i64>>, usize), ModelClientError> {
    let inputs = &processing(spec)?.inputs;
    require_count(spec, "inputs", sample.len(), inputs.len())?;
    let (mut arguments, mut saturated) = (vec![], 0);
    for (input, reals) in inputs.iter().zip(sample) {
        if reals.shape() != input.shape {
            let (found, expected) = (reals.shape().to_vec(), input.shape.clone());
            return Err(ModelClientError::Shape { name: input.name.clone(), found, expected });
        }
        let prepared =
            apply_steps(&input.steps, reals.clone()).map_err(|error| refused(&input.name, error))?;
        let ClearValue::Reals(prepared) = prepared else {
            return Err(refused(&input.name, "labels where numbers are needed"));
        };
        let quantised = input.quantiser.quantise(&prepared).map_err(|error| refused(&input.name, error))?;
        saturated += quantised.saturated;
        arguments.push(quantised.integers);
    }
    Ok((arguments, saturated))
}

/// The results of a model for those of its program.
pub fn dequantise(spec: &ProgramSpec, results: &[ArrayD<i64>]) -> Result<Vec<ClearValue>, ModelClientError> {
    processing(spec)?
        .values(results)
        .map_err(|error| ModelClientError::Results { model: spec.name.clone(), problem: error.to_string() })
}

fn processing(spec: &ProgramSpec) -> Result<&Processing, ModelClientError> {
    spec.processing.as_ref().ok_or_else(|| ModelClientError::NoModel(spec.name.clone()))
}

fn refused(name: &str, problem: impl std::fmt::Display) -> ModelClientError {
    ModelClientError::Refused { name: name.to_owned(), problem: problem.to_string() }
}

fn require_count(
    spec: &ProgramSpec,
    group: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), ModelClientError> {
    match found == expected {
        true => Ok(()),
        false => Err(ModelClientError::Count { model: spec.name.clone(), group, found, expected }),
    }
}
