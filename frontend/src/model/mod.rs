//! A model on reals: what an importer saw, before anything is quantised.
//!
//! - [`error`]: why a model is refused;
//! - [`op`]: the closed list of operations; every operator of a file format becomes some of them;
//! - [`tree`]: ensembles of decision trees;
//! - [`build`]: the only way to make a model, which checks by [`shape`] what is added;
//! - [`evaluate`]: the meaning of a model, on one sample;
//! - [`fold`]: fewer operations that compute the same; [`split`]: what a client does before and after.
//!
//! Axis 0 of every input is that of the samples and has one element. All shapes are static and known.

pub mod build;
pub mod error;
pub mod evaluate;
pub mod fold;
pub mod op;
pub mod shape;
pub mod split;
pub mod tree;

pub use build::{Budget, ModelBuilder};
pub use error::ModelError;
pub use evaluate::EvaluateError;
pub use op::ModelOp;
pub use shape::ShapeError;

use cloakwork_abi::processing::Labels;

/// A model on reals. Operands always exist before their users.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of the program that it becomes.
    pub name: String,
    /// Arguments in order.
    pub inputs: Vec<ModelInput>,
    /// Every value, operands before users.
    pub nodes: Vec<ModelNode>,
    /// Results in order.
    pub outputs: Vec<ModelOutput>,
}

/// A result.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelOutput {
    /// Unique among the outputs.
    pub name: String,
    /// What it is.
    pub value: ValueId,
    /// The list that its elements are positions in, if they stand for labels.
    pub labels: Option<Labels>,
}

/// An argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ModelInput {
    /// Unique among the inputs.
    pub name: String,
    /// Row-major; axis 0 is that of the samples, of size 1.
    pub shape: Vec<usize>,
    /// Whether the server may see it.
    pub is_clear: bool,
}

/// One value and how it comes about.
#[derive(Clone, Debug)]
pub struct ModelNode {
    /// What the file calls the node that it comes from.
    pub name: String,
    /// How it is computed.
    pub op: ModelOp,
    /// What it is computed from.
    pub operands: Vec<ValueId>,
    /// Row-major.
    pub shape: Vec<usize>,
}

/// Position among [`Model::nodes`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ValueId(pub usize);

impl Model {
    /// The same model without what no result needs; arguments stay.
    pub fn without_unused(self) -> Self {
        let mut is_used = vec![false; self.nodes.len()];
        for output in &self.outputs {
            is_used[output.value.0] = true;
        }
        for (i, node) in self.nodes.iter().enumerate().rev() {
            is_used[i] |= matches!(node.op, ModelOp::Input(_));
            if is_used[i] {
                node.operands.iter().for_each(|operand| is_used[operand.0] = true);
            }
        }
        let mut moved = Vec::with_capacity(self.nodes.len());
        let mut nodes = Vec::new();
        for (mut node, is_used) in self.nodes.into_iter().zip(is_used) {
            moved.push(ValueId(nodes.len()));
            if is_used {
                node.operands.iter_mut().for_each(|operand| *operand = moved[operand.0]);
                nodes.push(node);
            }
        }
        let mut outputs = self.outputs;
        outputs.iter_mut().for_each(|output| output.value = moved[output.value.0]);
        Self { nodes, outputs, ..self }
    }
}
