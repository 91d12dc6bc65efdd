//! The graph as text, with lines marked that a message is about.

use cloakwork::{Diagnostic, OpGraph};
use cloakwork_frontend::NodeId;
use cloakwork_frontend::format::{FormatOptions, Places, format_graph};

/// The least and greatest value of each node, where known.
pub(crate) type Ranges = [Option<(i64, i64)>];

/// The graph as text, or so much of it as is traced.
pub(crate) fn plain(graph: &OpGraph, ranges: Option<&Ranges>, places: Places) -> String {
    let text = format_graph(graph, FormatOptions { ranges, places });
    match graph.outputs().is_empty() {
        true => text.lines().take(graph.len()).collect::<Vec<_>>().join("\n"),
        false => text,
    }
}

/// The graph with a line of `^` and a message below each marked node.
pub(crate) fn marked(graph: &OpGraph, ranges: Option<&Ranges>, marks: &[(NodeId, String)]) -> String {
    let text = plain(graph, ranges, Places::Hidden);
    let mut lines = vec![];
    // Each node is one line, then the results.
    for (index, line) in text.lines().enumerate() {
        lines.push(line.to_owned());
        let messages = marks.iter().filter(|(node, _)| node.index() == index);
        lines.extend(messages.map(|(_, message)| format!("{} {message}", "^".repeat(line.chars().count()))));
    }
    lines.join("\n")
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
