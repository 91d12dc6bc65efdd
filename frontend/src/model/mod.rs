//! A model on reals: what an importer saw, before anything is quantised.
//!
//! - [`op`]: the closed list of operations; every operator of a file format becomes some of them;
//! - [`tree`]: ensembles of decision trees.
//!
//! Axis 0 of every input is that of the samples and has one element. All shapes are static and known.

pub mod op;
pub mod tree;

pub use op::ModelOp;

/// A model on reals. Operands always exist before their users.
#[derive(Clone, Debug)]
pub struct Model {
    /// Name of the program that it becomes.
    pub name: String,
    /// Arguments in order.
    pub inputs: Vec<ModelInput>,
    /// Every value, operands before users.
    pub nodes: Vec<ModelNode>,
    /// Results in order, each with its name.
    pub outputs: Vec<(String, ValueId)>,
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
