//! A model on reals as a program on integers, with what a client does in the clear around it.
//!
//! Every value is an integer times a scale plus an offset, each element with its own ([`value`]). Linear operations add
//! integers; scales and offsets of their results follow, so biases, zero points and factors cost nothing. Everything
//! univariate between two integers becomes one table ([`tables`]). What needs integers on one scale gets them from
//! [`pairs`]; only there and at tables values are rounded. [`weights`] says how weights are.
//!
//! A reply may be the label alone ([`label`]).
//!
//! The client takes what needs no encryption at both ends of a model, and constants are folded before. Models of trees
//! take a way of their own ([`trees`]).
//!
//! The samples go through the program while it is made: ranges, widths and the error of each layer are those of the
//! quantised model.

mod grid;
mod inputs;
pub(crate) mod label;
mod linear;
mod lowering;
pub mod options;
mod outputs;
mod own_grids;
mod pairs;
pub mod report;
mod spans;
mod tables;
mod trees;
mod value;
mod weights;

pub use label::with_label_alone;
pub use options::{Bits, Granularity, InputScales, Margin, Quantisation, RangeRule, Reply, RoundTo, Scales};
pub use report::QuantisationReport;

use crate::graph::{NodeId, OpGraph};
use crate::model::{Model, ModelError, ValueId};
use ndarray::ArrayD;

/// A model as a program on integers.
#[derive(Clone, Debug)]
pub struct Quantised {
    /// The program; it carries the [`cloakwork_abi::processing::Processing`] of its client.
    pub graph: OpGraph,
    /// Further programs with the same arguments and results, one of which may be faster.
    pub alternatives: Vec<OpGraph>,
    /// The samples as its arguments, for measuring ranges.
    pub samples: Vec<Vec<ArrayD<i64>>>,
    /// The results of the program for each sample.
    pub results: Vec<Vec<ArrayD<i64>>>,
    /// What was decided and what it costs in accuracy.
    pub report: QuantisationReport,
    /// The part of the model that is computed on integers; none of trees.
    pub middle: Option<Model>,
    /// The values between, of those layers whose values are integers of the program; none of trees.
    pub layers: Vec<LayerValue>,
}

/// Where the values of a layer are in the program: `real = scale · integer + offset`, element by element.
#[derive(Clone, Debug)]
pub struct LayerValue {
    /// Name of the node of the model.
    pub name: String,
    /// The value in [`Quantised::middle`].
    pub value: ValueId,
    /// Its integers in [`Quantised::graph`].
    pub node: NodeId,
    /// In the shape of the value.
    pub scale: ArrayD<f64>,
    /// In the shape of the value.
    pub offset: ArrayD<f64>,
}

impl Quantised {
    /// The programs, likely fast ones first.
    pub fn graphs(&self) -> Vec<&OpGraph> {
        std::iter::once(&self.graph).chain(&self.alternatives).collect()
    }
}

/// Quantises a model. A sample has one tensor for each input, of its shape.
pub fn quantise(
    model: &Model,
    calibration: &[Vec<ArrayD<f64>>],
    options: &Quantisation,
) -> Result<Quantised, ModelError> {
    options.check()?;
    inputs::check_samples(model, calibration)?;
    let labelled = match options.reply {
        Reply::Label => Some(label::with_label_alone(model)?),
        Reply::Scores => None,
    };
    let model = labelled.as_ref().unwrap_or(model);
    if let Some(quantised) = trees::quantised(model, calibration, options) {
        return quantised;
    }
    let split = model.split();
    let samples = inputs::prepared(model, &split.before, calibration)?;
    let folded = split.middle.folded();
    let middle = folded
        .map_err(|error| ModelError::new(&model.name, error.found, error.allowed, "use a smaller model"))?;
    let client = lowering::Client { model, before: split.before, after: split.after };
    lowering::lower(&middle, client, &samples, options)
}
