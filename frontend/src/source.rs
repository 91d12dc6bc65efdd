//! Finds the one encrypted value that an elementwise expression is a function of.
//!
//! A function of several encrypted values is a single lookup if they all derive, element by element, from one
//! value: `x·x`, or `max(x + 1, 2·x)`. Otherwise it is a function of several values.

use crate::graph::{NodeId, OpGraph};
use crate::node::NodeKind;
use cloakwork_ir::linear::Places;
use std::collections::BTreeSet;

/// The latest encrypted node through which all of `operands` derive element by element.
///
/// With one encrypted operand it is that operand. Constants do not matter. `None` if there are
/// several independent ones.
pub(crate) fn common_source(graph: &OpGraph, operands: &[NodeId]) -> Option<NodeId> {
    let is_encrypted = |id: &NodeId| graph.node(*id).element.is_encrypted();
    let mut frontier: BTreeSet<NodeId> = operands.iter().copied().filter(is_encrypted).collect();
    while frontier.len() > 1 {
        // The latest node cannot be an ancestor of the others, so the source lies behind it.
        let latest = frontier.pop_last()?;
        if !is_elementwise(graph, latest) {
            return None;
        }
        frontier.extend(graph.operands(latest).into_iter().filter(is_encrypted));
    }
    frontier.pop_first()
}

/// What an elementwise function of these operands is a function of: their common source, or the encrypted ones
/// among them.
pub(crate) fn sources(graph: &OpGraph, operands: &[NodeId]) -> Vec<NodeId> {
    if let Some(source) = common_source(graph, operands) {
        return vec![source];
    }
    let mut sources = vec![];
    for &operand in operands {
        if graph.node(operand).element.is_encrypted() && !sources.contains(&operand) {
            sources.push(operand);
        }
    }
    sources
}

/// Whether element `i` of the node is scalar code of elements `i` of its operands and of constants.
fn is_elementwise(graph: &OpGraph, id: NodeId) -> bool {
    if graph.operands(id).iter().any(|&operand| graph.is_clear_variable(operand)) {
        return false;
    }
    match &graph.node(id).kind {
        NodeKind::Unary(_) | NodeKind::Binary(_) | NodeKind::Select | NodeKind::Host(_) => true,
        NodeKind::Linear(linear) => linear.places() == Places::Same,
        NodeKind::Input(_)
        | NodeKind::Constant(_)
        | NodeKind::RealConstant(_)
        | NodeKind::Encrypt
        | NodeKind::Lookup(_)
        | NodeKind::Digits(_) => false,
    }
}
