//! Ranges and values of a graph, by interpreting it.

use crate::text::Ranges;
use cloakwork::{Error, OpGraph};
use cloakwork_frontend::NodeId;
use cloakwork_frontend::calibrate::{self, Measured, node_ranges};
use cloakwork_frontend::emit::emit;
use cloakwork_frontend::host::GraphHost;
use cloakwork_ir::context::context;
use cloakwork_ir::function::functions;
use cloakwork_ir::interpret::{Clear, interpret};
use std::ops::ControlFlow;

/// A table lookup whose table may be shorter than the padded one in the graph.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableUse {
    /// What is looked up.
    pub(crate) operand: NodeId,
    /// The lookup.
    pub(crate) lookup: NodeId,
    /// Entries that the user wrote.
    pub(crate) length: usize,
}

/// What samples show about a graph.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    /// For the compiler.
    pub(crate) measured: Measured,
    /// The range of each node.
    pub(crate) ranges: Vec<Option<(i128, i128)>>,
}

/// Evaluates the graph on all samples; `progress` hears how many are done.
pub(crate) fn measure(
    graph: &OpGraph,
    inputset: Vec<Vec<Clear>>,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Seen, Error> {
    let context = context();
    let module = emit(&context, graph).map_err(Error::Program)?;
    let measured = calibrate::measure(&module, &GraphHost::of(graph), inputset, progress)?;
    measured.write(&context, &module)?;
    Ok(Seen { ranges: node_ranges(graph, &module), measured })
}

/// The results of one call in the clear.
pub(crate) fn evaluate(graph: &OpGraph, arguments: Vec<Clear>) -> Result<Vec<Clear>, Error> {
    Ok(evaluate_all(graph, vec![arguments])?.pop().expect("results of one call"))
}

/// The results of several calls in the clear.
pub(crate) fn evaluate_all(graph: &OpGraph, calls: Vec<Vec<Clear>>) -> Result<Vec<Vec<Clear>>, Error> {
    let context = context();
    let module = emit(&context, graph).map_err(Error::Program)?;
    let functions = functions(&module);
    let function = *functions.first().expect("emission makes one function");
    let host = GraphHost::of(graph);
    calls.into_iter().map(|arguments| Ok(interpret(function, &arguments, &host)?)).collect()
}

/// The first lookup of a value outside of its table, with a message.
pub(crate) fn outside_of_table(uses: &[TableUse], ranges: &Ranges) -> Option<(TableUse, String)> {
    uses.iter().find_map(|table| {
        let (lo, hi) = ranges.get(table.operand.index()).copied().flatten()?;
        let length = table.length as i128;
        let (is_inside, allowed) = if lo < 0 {
            let half = (-lo).max(hi.saturating_add(1)) as u64;
            let allowed = format!(
                "negative values take entries from the end of a table of 2^k entries, here {}",
                2 * half.next_power_of_two()
            );
            (table.length.is_power_of_two() && half <= table.length as u64 / 2, allowed)
        } else {
            (hi < length, format!("values up to {hi} need {} entries", hi.saturating_add(1)))
        };
        let found = format!("a table of {length} entries is looked up with values from {lo} to {hi}");
        (!is_inside).then(|| (*table, format!("{found}; {allowed}; give the table as many")))
    })
}
