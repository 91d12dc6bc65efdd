//! A graph as Python looks at it: its nodes as rows, and its text.

use crate::arrays::all_clear;
use crate::measure::measure;
use crate::op_graph::OpGraph;
use cloakwork_abi::parameters::Width;
use cloakwork_frontend::NodeId;
use cloakwork_frontend::elementwise::Number;
use cloakwork_frontend::format::{
    Columns, FormatOptions, format_graph as format, node_text, operation_name, range_of,
};
use cloakwork_frontend::node::NodeKind;
use pyo3::{Bound, FromPyObject, IntoPyObject, PyAny, PyRef, PyResult, pyfunction};
use std::ops::ControlFlow;

/// A node of a graph.
#[derive(IntoPyObject)]
pub(crate) struct NodeRow {
    operation: String,
    label: String,
    operands: Vec<usize>,
    shape: Vec<usize>,
    is_encrypted: bool,
    is_real: bool,
    /// Whether it is linear arithmetic or a copy, in which all have one width.
    is_linear: bool,
    range: Option<(i128, i128)>,
    tag: Option<String>,
    place: Option<(String, u32)>,
}

/// How a graph is written.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct FormatArgument {
    maximum_constant_length: usize,
    highlighted_nodes: Vec<(usize, Vec<String>)>,
    highlighted_result: Vec<String>,
    show_types: bool,
    show_bounds: bool,
    show_tags: bool,
    show_locations: bool,
    /// Node, width, whether it is signed.
    widths: Option<Vec<(usize, u32, bool)>>,
}

/// Every node in order; long constants are cut to that length in labels.
#[pyfunction]
pub(crate) fn graph_nodes(graph: PyRef<'_, OpGraph>, maximum_constant_length: usize) -> Vec<NodeRow> {
    let (ranges, graph) = (graph.ranges(), graph.graph());
    let row = |id: NodeId| {
        let node = graph.node(id);
        NodeRow {
            operation: operation_name(graph, id).to_owned(),
            label: node_text(graph, id, maximum_constant_length),
            operands: graph.operands(id).iter().map(|operand| operand.index()).collect(),
            shape: node.shape.clone(),
            is_encrypted: node.element.is_encrypted(),
            is_real: node.element.number() == Number::Real,
            is_linear: matches!(node.kind, NodeKind::Linear(_)),
            range: range_of(graph, id, ranges),
            tag: node.tag.clone(),
            place: node.location.as_ref().map(|at| (at.file.to_string(), at.line)),
        }
    };
    graph.nodes().map(|(id, _)| row(id)).collect()
}

/// The range of each node over samples; those that the graph has stay as they are.
#[pyfunction]
pub(crate) fn graph_ranges(
    graph: PyRef<'_, OpGraph>,
    samples: Vec<Vec<Bound<'_, PyAny>>>,
) -> PyResult<Vec<Option<(i128, i128)>>> {
    let samples = samples.iter().map(|sample| all_clear(sample)).collect::<PyResult<Vec<_>>>()?;
    let seen = measure(graph.graph(), samples, &mut |_| ControlFlow::Continue(()));
    Ok(seen.map_err(|error| graph.failed(error))?.ranges)
}

/// Nodes that are results.
#[pyfunction]
pub(crate) fn graph_outputs(graph: PyRef<'_, OpGraph>) -> Vec<usize> {
    graph.graph().outputs().iter().map(|output| output.index()).collect()
}

/// The graph as text.
#[pyfunction]
pub(crate) fn format_graph(graph: PyRef<'_, OpGraph>, options: FormatArgument) -> String {
    let ids: Vec<NodeId> = graph.graph().nodes().map(|(id, _)| id).collect();
    let marks: Vec<(NodeId, Vec<String>)> = options
        .highlighted_nodes
        .into_iter()
        .filter_map(|(node, messages)| Some((*ids.get(node)?, messages)))
        .collect();
    let widths = options.widths.map(|rows| {
        let mut widths = vec![None; ids.len()];
        for (node, width, is_signed) in rows {
            if let Some(slot) = widths.get_mut(node) {
                *slot = Some((Width(width), is_signed));
            }
        }
        widths
    });
    let columns = Columns {
        types: options.show_types,
        ranges: options.show_bounds,
        tags: options.show_tags,
        places: options.show_locations,
    };
    format(
        graph.graph(),
        FormatOptions {
            ranges: graph.ranges(),
            widths: widths.as_deref(),
            columns,
            constant_length: options.maximum_constant_length,
            marks: &marks,
            result_marks: &options.highlighted_result,
        },
    )
}
