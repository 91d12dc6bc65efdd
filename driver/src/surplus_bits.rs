//! How many digits rounding has to leave out, by what a value is on an input set.

use crate::error::Error;
use cloakwork_abi::bounds::join;
use cloakwork_abi::encoding::width_of_bounds;
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::sample::Sample;
use cloakwork_frontend::{OpGraph, calibrate, emit};
use cloakwork_ir::context::context;

/// Bits that the results of `graph` have on the input set beyond `kept`; 0 counts as one of their values.
///
/// The automatic choice of what to leave out: trace the program up to the value that is rounded, then the whole of it.
///
/// ```
/// use cloakwork::{Exactness, Tracer, surplus_bits, trace};
/// use ndarray::array;
///
/// let sums = |t: &Tracer| t.encrypted("x", [3], 0..=15).dot(&array![3, -5, 7]);
/// let samples = || (0..16).map(|i| array![i, 15 - i, i]);
/// let surplus = surplus_bits(&trace("sums", sums)?, samples(), 4)?;
/// assert_eq!(surplus, 5); // from −75 to 150: 9 bits
/// let graph = trace("rounded", |t| sums(t).round_bit_pattern(surplus, Exactness::Exact).map(|v| v.max(0)))?;
/// assert_eq!(graph.outputs().len(), 1);
/// # Ok::<(), cloakwork::Error>(())
/// ```
pub fn surplus_bits<S: Sample>(
    graph: &OpGraph,
    inputset: impl IntoIterator<Item = S>,
    kept: u32,
) -> Result<u32, Error> {
    let context = context();
    let module = emit::emit(&context, graph).map_err(Error::Program)?;
    calibrate::calibrate(&context, &module, &GraphHost::of(graph), inputset)?;
    let ranges = calibrate::node_ranges(graph, &module);
    let seen = graph.outputs().iter().filter_map(|output| ranges[output.index()]);
    let width = width_of_bounds(seen.fold((0, 0), join));
    Ok(width.0.saturating_sub(kept))
}
