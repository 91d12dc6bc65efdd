//! The graph as text, with lines marked that a message is about.

use cloakwork::{Diagnostic, OpGraph};
use cloakwork_frontend::NodeId;
use cloakwork_frontend::format::{FormatOptions, format_graph};

/// The least and greatest value of each node, where known.
pub(crate) type Ranges = [Option<(i128, i128)>];

/// The graph with a line of `^` and a message below each marked node.
pub(crate) fn marked(graph: &OpGraph, ranges: Option<&Ranges>, marks: &[(NodeId, String)]) -> String {
    let marks: Vec<(NodeId, Vec<String>)> =
        marks.iter().map(|(node, message)| (*node, vec![message.clone()])).collect();
    format_graph(graph, FormatOptions { ranges, marks: &marks, ..FormatOptions::default() })
}

/// The graph with the nodes marked that diagnostics are about; `None` where they name no place of it.
pub(crate) fn diagnosed(
    graph: &OpGraph,
    ranges: Option<&Ranges>,
    diagnostics: &[Diagnostic],
) -> Option<String> {
    let mut marks = vec![];
    for diagnostic in diagnostics {
        // One place may be several nodes: constants, then the operation.
        let is_there =
            |place: String| diagnostic.place == place || diagnostic.place.starts_with(&format!("{place} "));
        let last = graph.nodes().filter(|(_, node)| {
            let place = node.location.as_ref().map(|at| format!("{}:{}:{}", at.file, at.line, at.column));
            place.is_some_and(is_there)
        });
        marks.extend(last.last().map(|(id, _)| (id, "this operation".to_owned())));
    }
    (!marks.is_empty()).then(|| marked(graph, ranges, &marks))
}
