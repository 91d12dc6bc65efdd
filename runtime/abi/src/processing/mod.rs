//! What a client does in the clear around a program: reals to integers before, integers to reals after.
//!
//! A model works on reals, its program on integers. The steps here are the part of the model that needs no encryption:
//! client and server together compute exactly the model.

pub mod apply;
pub mod function;

pub use apply::{ClearValue, ProcessingError, Quantised, apply_steps};
pub use function::Function;

use ndarray::ArrayD;
use serde::{Deserialize, Serialize};

/// The clear part of a model.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processing {
    /// One for each argument of the program.
    pub inputs: Vec<InputProcessing>,
    /// One for each output of the model; several may come of one result of the program.
    pub outputs: Vec<OutputProcessing>,
}

impl Processing {
    /// The outputs of the model for the results of the program.
    pub fn values(&self, results: &[ArrayD<i64>]) -> Result<Vec<ClearValue>, ProcessingError> {
        let value = |output: &OutputProcessing| {
            let integers = results
                .get(output.result)
                .ok_or(ProcessingError::Result { result: output.result, count: results.len() })?;
            apply_steps(&output.steps, output.dequantiser.dequantise(integers)?)
        };
        self.outputs.iter().map(value).collect()
    }

    /// As one line of JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("plain data")
    }

    /// Reads [`Self::to_json`]; the numbers in it are checked where they are used.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }
}

/// How an argument is made of reals.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputProcessing {
    /// Name of the input of the model.
    pub name: String,
    /// Shape of the reals, row-major.
    pub shape: Vec<usize>,
    /// What happens to the reals first, in order.
    pub steps: Vec<ClearStep>,
    /// How the reals become integers.
    pub quantiser: Quantiser,
}

/// How an output of the model is made of a result of the program.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OutputProcessing {
    /// Name of the output of the model.
    pub name: String,
    /// Position of the result among those of the program.
    pub result: usize,
    /// How the integers become reals.
    pub dequantiser: Dequantiser,
    /// What happens to the reals then, in order.
    pub steps: Vec<ClearStep>,
}

/// Uniform affine quantisation: `q = clamp(round(x / scale) + zero_point, lo, hi)`, ties to even.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quantiser {
    /// One for the whole tensor, one for each index of `axis`, or without an axis one for each element.
    pub scale: Vec<f64>,
    /// As many as scales.
    pub zero_point: Vec<i64>,
    /// The axis whose indices have scales of their own.
    pub axis: Option<usize>,
    /// Least integer.
    pub lo: i64,
    /// Greatest integer.
    pub hi: i64,
}

/// `x = scale · q + offset`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dequantiser {
    /// One for the whole tensor, one for each index of `axis`, or without an axis one for each element.
    pub scale: Vec<f64>,
    /// As many as scales.
    pub offset: Vec<f64>,
    /// The axis whose indices have scales of their own.
    pub axis: Option<usize>,
}

/// One step on a tensor of reals. Axis 0 is that of the samples, of which there is one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
pub enum ClearStep {
    /// `x · scale + offset`, one pair for the whole tensor or one for each index of the last axis.
    Affine {
        /// Factors.
        scale: Vec<f64>,
        /// Summands, as many as factors.
        offset: Vec<f64>,
    },
    /// `x · weights` over the last axis.
    MatMul {
        /// Row-major, a row for each index of the last axis.
        weights: Vec<Vec<f64>>,
    },
    /// A function of each element.
    Function(Function),
    /// Each vector along the last axis divided by its norm.
    Normalise(Norm),
    /// `exp(xᵢ) / Σ exp(xⱼ)`
    Softmax {
        /// The axis it is taken over; negative ones count from the last.
        axis: i64,
    },
    /// The logarithm of [`Self::Softmax`].
    LogSoftmax {
        /// The axis it is taken over; negative ones count from the last.
        axis: i64,
    },
    /// Each vector along the last axis divided by its sum; equal shares where that is 0.
    Proportions,
    /// A single probability `p` along the last axis becomes `[1 − p, p]`.
    Complement,
    /// Position of the greatest element, the first among equals.
    ArgMax {
        /// The axis it is taken over; negative ones count from the last.
        axis: i64,
        /// Whether the axis stays, with one element.
        keep: bool,
    },
    /// Position of the least element, the first among equals.
    ArgMin {
        /// The axis it is taken over; negative ones count from the last.
        axis: i64,
        /// Whether the axis stays, with one element.
        keep: bool,
    },
    /// Some of the elements along the last axis.
    Take {
        /// Where they stand.
        positions: Vec<usize>,
    },
    /// Quantised, each integer as the bits of a further axis: bit `t` is 1 where it exceeds `lo + t`.
    Thermometer(Quantiser),
    /// The same elements in another shape.
    Reshape {
        /// Row-major.
        shape: Vec<usize>,
    },
    /// Integers are positions in this list.
    Labels(Labels),
}

/// A norm of a vector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Norm {
    /// Sum of magnitudes.
    L1,
    /// Euclidean length.
    L2,
    /// Greatest magnitude.
    Max,
}

/// The classes of a classifier.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Labels {
    /// Numbers.
    Integers(Vec<i64>),
    /// Names.
    Strings(Vec<String>),
}
