//! What a frontend saw: an owned, append-only graph of inputs, constants and operations.
//!
//! Operands always exist before their users. Operations are appended by the methods of
//! [`crate::construct`] and [`crate::shapes`], which check them; nothing is ever changed or removed:
//! to rewrite a program, write a pass on the module that [`crate::emit`] makes of it.

use crate::error::{Refusal, SourceLocation, TraceError, refuse};
use crate::node::{ElementType, Input, InputType, Node, NodeKind};
use cloakwork_abi::parameters::Width;
use cloakwork_abi::processing::Processing;
use ndarray::ArrayD;
use petgraph::Direction;
use petgraph::graph::{DiGraph, NodeIndex};
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

/// Most bits of the integers of an input.
const MOST_BITS: u32 = 64;

/// A traced program.
#[derive(Clone, Debug)]
pub struct OpGraph {
    name: String,
    /// An edge goes from operand to user and holds the position among the user's operands.
    graph: DiGraph<Node, u32>,
    inputs: Vec<Input>,
    outputs: Vec<NodeId>,
    hints: BTreeMap<NodeId, Hint>,
    /// Ranges that hold for whatever a client sends.
    assured: BTreeMap<NodeId, (i64, i64)>,
    /// Constants whose words are unsigned.
    unsigned: BTreeSet<NodeId>,
    processing: Option<Processing>,
    location: Option<SourceLocation>,
    tag: Option<String>,
}

/// What a value may be besides what an input set shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hint {
    /// All values of so many bits.
    pub width: Option<Width>,
    /// These values.
    pub range: Option<(i64, i64)>,
}

/// A node of one graph; ascending in the order of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(u32);

impl NodeId {
    /// Its position in the order of the program.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    pub(crate) fn at(index: usize) -> Self {
        Self(index as u32)
    }
}

impl OpGraph {
    /// An empty program.
    pub fn new(name: &str) -> Self {
        let (graph, inputs, outputs) = (DiGraph::new(), vec![], vec![]);
        Self {
            name: name.to_owned(),
            graph,
            inputs,
            outputs,
            hints: BTreeMap::new(),
            assured: BTreeMap::new(),
            unsigned: BTreeSet::new(),
            processing: None,
            location: None,
            tag: None,
        }
    }

    /// Name of the function that it becomes.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The arguments in order.
    pub fn inputs(&self) -> &[Input] {
        &self.inputs
    }

    /// The results in order.
    pub fn outputs(&self) -> &[NodeId] {
        &self.outputs
    }

    /// The same nodes with other results, in this order. A node may come once.
    pub fn with_outputs(&self, outputs: &[NodeId]) -> Result<Self, TraceError> {
        let mut graph = self.clone();
        graph.outputs.clear();
        outputs.iter().try_for_each(|id| graph.output(*id))?;
        Ok(graph)
    }

    /// The results; from here on there are none.
    pub(crate) fn take_outputs(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.outputs)
    }

    /// Number of nodes.
    pub fn len(&self) -> usize {
        self.graph.node_count()
    }

    /// Whether nothing was appended yet.
    pub fn is_empty(&self) -> bool {
        self.graph.node_count() == 0
    }

    /// Every node, operands before users.
    pub fn nodes(&self) -> impl Iterator<Item = (NodeId, &Node)> {
        self.graph.node_indices().map(|index| (NodeId::at(index.index()), &self.graph[index]))
    }

    /// A node of this graph.
    pub fn node(&self, id: NodeId) -> &Node {
        &self.graph[NodeIndex::new(id.index())]
    }

    /// The operands of a node in order.
    pub fn operands(&self, id: NodeId) -> Vec<NodeId> {
        let edges = self.graph.edges_directed(NodeIndex::new(id.index()), Direction::Incoming);
        let mut operands: Vec<(u32, NodeId)> =
            edges.map(|edge| (*edge.weight(), NodeId::at(edge.source().index()))).collect();
        operands.sort_unstable();
        operands.into_iter().map(|(_, operand)| operand).collect()
    }

    /// Says what a value may be; several hints hold together.
    pub fn hint(&mut self, id: NodeId, hint: Hint) {
        let known = self.hints.entry(id).or_default();
        known.width = known.width.max(hint.width);
        known.range = match (known.range, hint.range) {
            (Some((lo, hi)), Some((least, greatest))) => Some((lo.min(least), hi.max(greatest))),
            (known, new) => known.or(new),
        };
    }

    /// Says that a value lies in a range for whatever a client sends, although that does not follow from the ranges of the
    /// arguments; all of the range fits.
    pub(crate) fn assure(&mut self, id: NodeId, range: (i64, i64)) {
        self.hint(id, Hint { width: None, range: Some(range) });
        self.assured.insert(id, range);
    }

    /// See [`Self::assure`].
    pub(crate) fn assured_of(&self, id: NodeId) -> Option<(i64, i64)> {
        self.assured.get(&id).copied()
    }

    /// What is said about a value.
    pub fn hint_of(&self, id: NodeId) -> Option<Hint> {
        self.hints.get(&id).copied()
    }

    /// Says what a client does in the clear around the program.
    pub fn set_processing(&mut self, processing: Processing) {
        self.processing = Some(processing);
    }

    /// What a client does in the clear around the program, where it is a model.
    pub fn processing(&self) -> Option<&Processing> {
        self.processing.as_ref()
    }

    /// Place and tag of the nodes that are appended from now on.
    pub fn set_place(&mut self, location: Option<SourceLocation>, tag: Option<String>) {
        (self.location, self.tag) = (location, tag);
    }

    /// Appends an encrypted argument.
    pub fn encrypted(
        &mut self,
        name: &str,
        shape: &[usize],
        declared: InputType,
    ) -> Result<NodeId, TraceError> {
        self.input(Input { name: name.to_owned(), shape: shape.to_vec(), is_encrypted: true, declared })
    }

    /// Appends a clear argument of integers.
    pub fn clear(&mut self, name: &str, shape: &[usize], declared: InputType) -> Result<NodeId, TraceError> {
        self.input(Input { name: name.to_owned(), shape: shape.to_vec(), is_encrypted: false, declared })
    }

    /// Appends an argument.
    pub fn input(&mut self, input: Input) -> Result<NodeId, TraceError> {
        self.check_input(&input).map_err(|refusal| self.refused(refusal))?;
        let declared = input.declared;
        let element = if input.is_encrypted {
            ElementType::Encrypted { is_signed: declared.is_signed() }
        } else {
            ElementType::Clear
        };
        let shape = input.shape.clone();
        self.inputs.push(input);
        Ok(self.push(NodeKind::Input(self.inputs.len() - 1), &[], shape, element))
    }

    /// Appends clear integers.
    pub fn constant(&mut self, values: ArrayD<i64>) -> NodeId {
        let shape = values.shape().to_vec();
        self.push(NodeKind::Constant(values), &[], shape, ElementType::Clear)
    }

    /// Appends integers that may be greater than every `i64`: encrypted trivially if one is.
    pub fn unsigned_constant(&mut self, values: &ArrayD<u64>) -> NodeId {
        let words = self.constant(values.mapv(|value| value as i64));
        if values.iter().all(|&value| i64::try_from(value).is_ok()) {
            return words;
        }
        self.unsigned.insert(words);
        let element = ElementType::Encrypted { is_signed: Some(false) };
        self.push(NodeKind::Encrypt, &[words], values.shape().to_vec(), element)
    }

    /// Whether the words of a constant are unsigned.
    pub fn is_unsigned(&self, id: NodeId) -> bool {
        self.unsigned.contains(&id)
    }

    /// Appends clear reals.
    pub fn real_constant(&mut self, values: ArrayD<f64>) -> NodeId {
        let shape = values.shape().to_vec();
        self.push(NodeKind::RealConstant(values), &[], shape, ElementType::ClearReal)
    }

    /// Appends a result; clear integers are encrypted trivially.
    pub fn output(&mut self, id: NodeId) -> Result<(), TraceError> {
        let node = self.node(id);
        let (element, shape) = (node.element, node.shape.clone());
        let output = match element {
            ElementType::Encrypted { .. } => id,
            ElementType::Clear => self.push(NodeKind::Encrypt, &[id], shape, ElementType::ENCRYPTED),
            ElementType::EncryptedReal | ElementType::ClearReal => {
                let refusal = refuse(
                    "return",
                    format!("a value of {element}s"),
                    "results are integers",
                    "round it to an integer first",
                );
                return refusal.map_err(|refusal| self.refused(refusal));
            }
        };
        self.outputs.push(output);
        Ok(())
    }

    pub(crate) fn push(
        &mut self,
        kind: NodeKind,
        operands: &[NodeId],
        shape: Vec<usize>,
        element: ElementType,
    ) -> NodeId {
        let (location, tag) = (self.location.clone(), self.tag.clone());
        let index = self.graph.add_node(Node { kind, shape, element, location, tag });
        for (position, operand) in operands.iter().enumerate() {
            self.graph.add_edge(NodeIndex::new(operand.index()), index, position as u32);
        }
        NodeId::at(index.index())
    }

    pub(crate) fn refused(&self, refusal: Refusal) -> TraceError {
        refusal.at(self.location.clone())
    }

    fn check_input(&self, input: &Input) -> Result<(), Refusal> {
        let name = &input.name;
        if self.inputs.iter().any(|other| other.name == *name) {
            return refuse(
                "input",
                format!("a second input called `{name}`"),
                "names are unique",
                "rename one of them",
            );
        }
        if input.shape.contains(&0) {
            let shape = &input.shape;
            return refuse(
                "input",
                format!("`{name}` of shape {shape:?}"),
                "each axis has at least 1 element",
                "leave the input out",
            );
        }
        match input.declared {
            InputType::Integer { width, .. } if !(1..=MOST_BITS).contains(&width.0) => refuse(
                "input",
                format!("`{name}` of {width} bits"),
                format!("an input has 1 to {MOST_BITS} bits"),
                "declare the width that its values need",
            ),
            InputType::Range { .. } | InputType::UnsignedRange { .. }
                if input.declared.range().is_some_and(|(lo, hi)| lo > hi) =>
            {
                let (lo, hi) = input.declared.range().unwrap_or_default();
                refuse(
                    "input",
                    format!("`{name}` in the range {lo}..={hi}"),
                    "a range goes from least to greatest",
                    "declare the range of its values",
                )
            }
            InputType::Measured
            | InputType::Integer { .. }
            | InputType::Range { .. }
            | InputType::UnsignedRange { .. } => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_go_to_other_threads() {
        let mut graph = OpGraph::new("f");
        let x = graph.encrypted("x", &[2], InputType::unsigned(4)).unwrap();
        let graph = std::thread::spawn(move || {
            let minus = graph.neg(x).unwrap();
            graph.output(minus).unwrap();
            graph
        });
        let graph = graph.join().unwrap();
        assert_eq!(graph.operands(graph.outputs()[0]), [x]);
        assert_eq!((graph.len(), graph.is_empty(), graph.name()), (2, false, "f"));
    }

    #[test]
    fn operands_keep_their_order_and_may_repeat() {
        let mut graph = OpGraph::new("f");
        let x = graph.encrypted("x", &[2], InputType::Measured).unwrap();
        let y = graph.encrypted("y", &[2], InputType::Measured).unwrap();
        let all = graph.concat(&[y, x, y, y, x], 0).unwrap();
        assert_eq!(graph.operands(all), [y, x, y, y, x]);
        assert_eq!(graph.node(all).shape, [10]);
    }
}
