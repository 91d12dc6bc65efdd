//! What matters of a program for its parameters: a graph of values with widths and of how noise reaches them.
//!
//! Built once in program order by the pass that applies the solution, then only read. A value stands for a
//! tensor; norms are those of its worst element. All functions of a module are in one graph.

use cloakwork_abi::parameters::Width;
use petgraph::graph::{DiGraph, NodeIndex};

/// A program's view for the optimizer; nodes in program order.
#[derive(Clone, Debug, Default)]
pub struct ParamDag {
    pub(super) graph: DiGraph<Node, Use>,
    /// Outputs that may be fed back, and the inputs that they are fed to.
    pub(super) fed: Vec<(NodeIndex, NodeIndex)>,
    /// Function that is built, counted from 0.
    function: usize,
}

/// A result of a [`ParamDag`]; only valid in the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Output(pub(super) NodeIndex);

/// A result cannot be fed to an input.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidFeed {
    /// The widths differ.
    #[error("output `{output}` has {found} bits, input `{input}` takes {expected}; give both one width")]
    Width {
        /// Label of the output.
        output: String,
        /// Its width.
        found: Width,
        /// Label of the input.
        input: String,
        /// Its width.
        expected: Width,
    },
    /// It is not an input.
    #[error("`{0}` is not an input; only inputs can be fed")]
    NotAnInput(String),
}

/// A value of a [`ParamDag`]; only valid in the graph that made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Value(pub(super) NodeIndex);

/// A node.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub kind: NodeKind,
    pub width: Width,
    pub label: String,
    /// Position of its function.
    pub function: usize,
}

/// What happens in a node.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum NodeKind {
    /// Fresh encryptions.
    Input,
    /// Trivial encryptions.
    Constant,
    /// Sums of weighted elements; `additions` ciphertexts are weighted and added.
    Linear { additions: u64 },
    /// Each element is one of an operand.
    Concat,
    /// `count` lookups.
    Lookup { count: u64 },
    /// `count` ciphertexts to decrypt.
    Output { count: u64 },
}

/// How a node uses an operand: an edge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Use {
    pub norm1: f64,
    pub norm2: f64,
    pub reach: Reach,
}

/// Which elements of an operand reach which element of the result.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// Element `i` reaches element `i`.
    Elementwise,
    /// An element reaches at most one.
    Disjoint,
    /// An element may reach several.
    Shared,
    /// Elements are copied.
    Copies,
}

/// An operand of a linear operation with the weights that its elements are multiplied with.
///
/// `norm2` is the greatest `Σ wᵢ²`, `norm1` the greatest `Σ |wᵢ|` over the elements of the result.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Operand {
    pub(super) value: Value,
    pub(super) edge: Use,
}

impl Operand {
    /// Element `i` of the result takes element `i`, times a weight of at most `weight` in magnitude: `add`,
    /// `sub`, `neg`, `mul_clear`, and a `reshape`, which keeps the order of elements.
    pub fn elementwise(value: Value, weight: f64) -> Self {
        Self::new(value, weight.abs(), weight * weight, Reach::Elementwise)
    }

    /// No element is used by two elements of the result: `sum`, `dot`, with weights 1 `transpose` and `slice`.
    pub fn disjoint(value: Value, norm2: f64, norm1: f64) -> Self {
        Self::new(value, norm1, norm2, Reach::Disjoint)
    }

    /// Elements are used by several elements of the result with different weights: `matmul`, `conv2d`.
    pub fn shared(value: Value, norm2: f64, norm1: f64) -> Self {
        Self::new(value, norm1, norm2, Reach::Shared)
    }

    /// Elements are repeated: `broadcast`.
    pub fn copies(value: Value) -> Self {
        Self::new(value, 1.0, 1.0, Reach::Copies)
    }

    fn new(value: Value, norm1: f64, norm2: f64, reach: Reach) -> Self {
        Self { value, edge: Use { norm1, norm2, reach } }
    }
}

impl ParamDag {
    /// Says that the values from here on belong to the next function of the module.
    pub fn next_function(&mut self) {
        self.function += 1;
    }

    /// Functions that were begun.
    pub(super) fn functions(&self) -> usize {
        self.function + 1
    }

    /// Fresh encryptions.
    pub fn input(&mut self, width: Width, label: impl Into<String>) -> Value {
        self.node(NodeKind::Input, width, label, [])
    }

    /// Trivial encryptions of clear numbers, without noise.
    pub fn constant(&mut self, width: Width, label: impl Into<String>) -> Value {
        self.node(NodeKind::Constant, width, label, [])
    }

    /// Sums of weighted elements of the operands; `additions` is how many ciphertexts are weighted and added in
    /// all. An operand may occur twice: its weights are then taken to add up in the worst way.
    pub fn linear(
        &mut self,
        operands: &[Operand],
        width: Width,
        additions: u64,
        label: impl Into<String>,
    ) -> Value {
        let operands = operands.iter().map(|operand| (operand.value, operand.edge));
        self.node(NodeKind::Linear { additions }, width, label, operands)
    }

    /// The elements of the operands one behind the other.
    pub fn concat(&mut self, operands: &[Value], width: Width, label: impl Into<String>) -> Value {
        let edge = Use { norm1: 1.0, norm2: 1.0, reach: Reach::Disjoint };
        self.node(NodeKind::Concat, width, label, operands.iter().map(|&value| (value, edge)))
    }

    /// `count` lookups, one for each element of `value`; the results have `out_width` bits.
    pub fn lookup(&mut self, value: Value, out_width: Width, count: u64, label: impl Into<String>) -> Value {
        let edge = Use { norm1: 1.0, norm2: 1.0, reach: Reach::Elementwise };
        self.node(NodeKind::Lookup { count }, out_width, label, [(value, edge)])
    }

    /// `count` results of the program, one for each element of `value`.
    pub fn output(&mut self, value: Value, count: u64, label: impl Into<String>) -> Output {
        let edge = Use { norm1: 1.0, norm2: 1.0, reach: Reach::Elementwise };
        let width = self.width(value);
        Output(self.node(NodeKind::Output { count }, width, label, [(value, edge)]).0)
    }

    /// Says that `output` may be encrypted input `input` of another run, of the same function or of another.
    ///
    /// Both are then under one key, and `input` has the noise of `output` where that is more than fresh noise.
    pub fn compose(&mut self, output: Output, input: Value) -> Result<(), InvalidFeed> {
        let [from, to] = [output.0, input.0].map(|index| &self.graph[index]);
        if to.kind != NodeKind::Input {
            return Err(InvalidFeed::NotAnInput(to.label.clone()));
        }
        if from.width != to.width {
            let (output, input) = (from.label.clone(), to.label.clone());
            return Err(InvalidFeed::Width { output, found: from.width, input, expected: to.width });
        }
        self.fed.push((output.0, input.0));
        Ok(())
    }

    /// Width of a value.
    pub fn width(&self, value: Value) -> Width {
        self.graph[value.0].width
    }

    /// Lookups in one run.
    pub fn lookups(&self) -> u64 {
        let count = |node: &Node| if let NodeKind::Lookup { count } = node.kind { count } else { 0 };
        self.graph.node_weights().map(count).sum()
    }

    /// Ciphertexts that are weighted and added in one run.
    pub fn additions(&self) -> u64 {
        let count = |node: &Node| if let NodeKind::Linear { additions } = node.kind { additions } else { 0 };
        self.graph.node_weights().map(count).sum()
    }

    fn node(
        &mut self,
        kind: NodeKind,
        width: Width,
        label: impl Into<String>,
        operands: impl IntoIterator<Item = (Value, Use)>,
    ) -> Value {
        let node = self.graph.add_node(Node { kind, width, label: label.into(), function: self.function });
        for (operand, edge) in operands {
            self.graph.add_edge(operand.0, node, edge);
        }
        Value(node)
    }
}
