//! The values of a map for every input of its range.
//!
//! Requires that the map depends on encrypted integers and constants, and that it yields an integer.
//! Everything else is an error that says how to get there. With several integers there is an entry for each choice of
//! their values.

use crate::facts::{self, Range, fail, value_type};
use crate::pass::Failed;
use crate::tables::{TableList, spread};
use crate::wide::map_bounds;
use cloakwork_abi::bounds::{self, Bounds};
use cloakwork_abi::encoding::{self, MAX_LOOKUP_WIDTH};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::fhe::Lookup;
use cloakwork_ir::function::Function;
use cloakwork_ir::host::Column;
use cloakwork_ir::host::HostFunctions;
use cloakwork_ir::interpret::Clear;
use cloakwork_ir::pairwise::JointLookup;
use cloakwork_ir::scalar;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef, Value};
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeMap;

/// More entries than this, over all tables of one map, are refused.
const MAX_ENTRIES: usize = 1 << 26;

/// What a map computes.
pub(crate) enum Tabulated<'c, 'a> {
    /// It depends on constants only.
    Constant(ArrayD<i64>),
    /// A lookup of `input`, whose values lie in `range`.
    Lookup { input: Value<'c, 'a>, range: Range, lookup: Lookup },
    /// A lookup of several values.
    Joint { inputs: Vec<Value<'c, 'a>>, lookup: JointLookup },
    /// Nothing that a table holds: integers that digits take the place of, and bounds of the result.
    Wide(Bounds),
}

/// Evaluates the body for every input; the tables have the least length, or the one of the input's declared width.
pub(crate) fn tabulate<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    body: BlockRef<'c, 'a>,
    host: &dyn HostFunctions,
) -> Result<Tabulated<'c, 'a>, Failed> {
    let result = value_type(walk::result(op), op)?;
    if result.element == Element::EncryptedReal {
        return Err(fail(
            op,
            "the map yields a real number (`!fhe.efloat`) that no map turns into an integer; \
             run `fhe-fuse-maps` first, and end the function with rounding and a conversion to integers",
        ));
    }
    if let Some(range) = wide_bounds(function, op, body) {
        return Ok(Tabulated::Wide(range));
    }
    let mut inputs: Vec<Value<'c, 'a>> = vec![];
    let mut parts = vec![];
    for (i, operand) in op.operands().enumerate() {
        let element = value_type(operand, op)?.element;
        match element {
            Element::Encrypted { .. } => {
                let place = inputs.iter().position(|known| *known == operand).unwrap_or(inputs.len());
                if place == inputs.len() {
                    inputs.push(operand);
                }
                parts.push(Part::Input(place));
            }
            Element::Clear | Element::ClearReal => {
                let constant = facts::clear_constant(operand).ok_or_else(|| {
                    fail(op, &format!("operand {i} of the map is a clear value that is known only when the program runs, \
                         but tables are built when it is compiled; make it a constant, or add or multiply it outside of the map"))
                })?;
                parts.push(Part::Constant(constant));
            }
            Element::EncryptedReal | Element::Lwe { .. } => {
                return Err(fail(
                    op,
                    &format!(
                        "operand {i} of the map has the type `{element}`, allowed are encrypted integers; \
                     run `fhe-fuse-maps` first, and quantize real inputs to integers"
                    ),
                ));
            }
        }
    }
    match inputs.as_slice() {
        [] => constant(op, body, &parts, &result, host).map(Tabulated::Constant),
        &[input] => {
            let (range, width) = input_range(function, op, input)?;
            let lookup = lookup(op, body, &parts, &result, Inputs { range, width }, host)?;
            Ok(Tabulated::Lookup { input, range, lookup })
        }
        _ => {
            let ranges = input_ranges(function, op, &inputs)?;
            let lookup = joint_lookup(op, body, &parts, &result, &ranges, host)?;
            Ok(Tabulated::Joint { inputs, lookup })
        }
    }
}

/// Bounds of a map of integers that are too wide for a table, where digits can take their place.
fn wide_bounds<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    body: BlockRef<'c, 'a>,
) -> Option<Bounds> {
    let range = |operand| match facts::clear_constant(operand) {
        Some(Clear::Int(values)) => Some(bounds::wide(facts::hull(&values))),
        Some(Clear::Unsigned(_) | Clear::Real(_)) => None,
        None => facts::bounds(function, operand),
    };
    let ranges: Vec<Bounds> = op.operands().map(range).collect::<Option<_>>()?;
    ranges
        .iter()
        .any(|&range| map_bounds::is_wide(range))
        .then(|| map_bounds::bounds(body, &ranges))
        .flatten()
}

/// An operand of the map.
enum Part {
    /// The encrypted integer of that place.
    Input(usize),
    Constant(Clear),
}

#[derive(Clone, Copy)]
struct Inputs {
    range: Range,
    width: Width,
}

fn input_range<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    input: Value<'c, 'a>,
) -> Result<(Range, Width), Failed> {
    let (lo, hi) = facts::bounds(function, input)
        .ok_or_else(|| fail(op, "the range of the map's input is not known; run `fhe-infer-ranges` first"))?;
    let ty = value_type(input, op)?;
    let declared = ty.integer();
    if let Some((width, is_signed)) = declared {
        let (least, greatest) = bounds::wide(encoding::bounds(width, is_signed));
        if lo < least || hi > greatest {
            return Err(fail(
                op,
                &format!(
                    "the map's input takes the values {lo} to {hi}, but its type `{}` holds {least} to {greatest}; \
                     declare a wider type, or `?` to have the width inferred",
                    ty.element
                ),
            ));
        }
    }
    let width = declared.map_or(encoding::width_of_bounds((lo, hi)), |(width, _)| width);
    let Some(range) = bounds::signed((lo, hi)).filter(|_| width <= MAX_LOOKUP_WIDTH) else {
        return Err(fail(
            op,
            &format!(
                "the map's input takes the values {lo} to {hi}, which needs {width} bits, but a table takes at most \
                 {MAX_LOOKUP_WIDTH}; make the inputs or weights before it smaller, or shift low bits away first"
            ),
        ));
    };
    Ok((range, width))
}

/// Ranges of several inputs that have a table together.
fn input_ranges<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    inputs: &[Value<'c, 'a>],
) -> Result<Vec<Range>, Failed> {
    let mut ranges = vec![];
    for &input in inputs {
        ranges.push(facts::bounds(function, input).ok_or_else(|| {
            fail(op, "the range of the map's input is not known; run `fhe-infer-ranges` first")
        })?);
    }
    let sizes: Vec<i128> = ranges.iter().map(|&(lo, hi)| hi - lo + 1).collect();
    let entries = sizes.iter().try_fold(1i128, |product, size| product.checked_mul(*size));
    if entries.is_none_or(|entries| entries > 1 << MAX_LOOKUP_WIDTH.0) {
        let each: Vec<String> = ranges
            .iter()
            .zip(&sizes)
            .map(|((lo, hi), size)| format!("{size} values from {lo} to {hi}"))
            .collect();
        return Err(fail(
            op,
            &format!(
                "this is a function of {} encrypted values, which take {}: a table for all of them together has at most \
                 2^{MAX_LOOKUP_WIDTH} entries; make the values smaller, or split the function into functions of fewer",
                inputs.len(),
                each.join(" and ")
            ),
        ));
    }
    Ok(ranges.into_iter().filter_map(bounds::signed).collect())
}

fn constant(
    op: OperationRef<'_, '_>,
    body: BlockRef<'_, '_>,
    parts: &[Part],
    result: &ValueType,
    host: &dyn HostFunctions,
) -> Result<ArrayD<i64>, Failed> {
    let columns = parts.iter().filter_map(|part| match part {
        Part::Input(_) => None,
        Part::Constant(Clear::Int(values)) => Some(Column::Int(values.iter().copied().collect())),
        Part::Constant(Clear::Unsigned(_)) => unreachable!("clear constants are `i64`"),
        Part::Constant(Clear::Real(values)) => Some(Column::Real(values.iter().copied().collect())),
    });
    let values = evaluate(op, body, columns.collect(), host)?;
    Ok(ArrayD::from_shape_vec(IxDyn(result.shape()), values)
        .expect("verified: operands have the result's shape"))
}

/// One table for each distinct choice of constants.
fn lookup(
    op: OperationRef<'_, '_>,
    body: BlockRef<'_, '_>,
    parts: &[Part],
    result: &ValueType,
    Inputs { range: (lo, hi), width }: Inputs,
    host: &dyn HostFunctions,
) -> Result<Lookup, Failed> {
    let columns = vec![(lo..=hi).collect::<Vec<i64>>()];
    let (rows, places) = rows(op, body, (parts, &columns), result, host)?;
    let mut tables = TableList::default();
    let spread_rows: Vec<usize> = rows
        .iter()
        .map(|values| tables.place(spread((lo, hi), width, |input| values[(input - lo) as usize])))
        .collect();
    if rows.is_empty() {
        // A tensor without elements still needs a table of the right length.
        tables.place(vec![0; 1 << width.0]);
    }
    let places: Vec<usize> = places.into_iter().map(|place| spread_rows[place]).collect();
    Ok(tables.lookup(result.shape(), &places))
}

/// As [`lookup`], with an axis of the tables for each input.
fn joint_lookup(
    op: OperationRef<'_, '_>,
    body: BlockRef<'_, '_>,
    parts: &[Part],
    result: &ValueType,
    ranges: &[Range],
    host: &dyn HostFunctions,
) -> Result<JointLookup, Failed> {
    let sizes: Vec<usize> = ranges.iter().map(|(lo, hi)| (hi - lo + 1) as usize).collect();
    let mut columns = vec![];
    for (place, &(lo, _)) in ranges.iter().enumerate() {
        // The last input runs fastest.
        let repeats: usize = sizes[place + 1..].iter().product();
        let count: usize = sizes.iter().product();
        columns.push((0..count).map(|i| lo + (i / repeats % sizes[place]) as i64).collect());
    }
    let (mut rows, places) = rows(op, body, (parts, &columns), result, host)?;
    if rows.is_empty() {
        rows.push(vec![0; columns[0].len()]);
    }
    let shape: Vec<usize> = std::iter::once(rows.len()).chain(sizes).collect();
    let selector = (rows.len() > 1).then(|| {
        let places = places.iter().map(|&place| place as i64).collect();
        ArrayD::from_shape_vec(IxDyn(result.shape()), places).expect("one place for each element")
    });
    let tables =
        ArrayD::from_shape_vec(IxDyn(&shape), rows.concat()).expect("an entry for each choice of values");
    Ok(JointLookup { lows: ranges.iter().map(|(lo, _)| *lo).collect(), tables, selector })
}

/// The results for the inputs of those columns, once for each distinct choice of constants, and the place of that of
/// each element.
fn rows(
    op: OperationRef<'_, '_>,
    body: BlockRef<'_, '_>,
    (parts, inputs): (&[Part], &[Vec<i64>]),
    result: &ValueType,
    host: &dyn HostFunctions,
) -> Result<(Vec<Vec<i64>>, Vec<usize>), Failed> {
    let count = inputs[0].len();
    let mut known: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
    let (mut rows, mut places) = (vec![], vec![]);
    let flat: Vec<Flat> = parts
        .iter()
        .map(|part| match part {
            Part::Input(place) => Flat::Input(*place),
            Part::Constant(Clear::Int(values)) => Flat::Int(values.iter().copied().collect()),
            Part::Constant(Clear::Unsigned(_)) => unreachable!("clear constants are `i64`"),
            Part::Constant(Clear::Real(values)) => Flat::Real(values.iter().copied().collect()),
        })
        .collect();
    for element in 0..result.elements() {
        let choice: Vec<u64> = flat
            .iter()
            .filter_map(|column| match column {
                Flat::Input(_) => None,
                Flat::Int(values) => Some(values[element] as u64),
                Flat::Real(values) => Some(values[element].to_bits()),
            })
            .collect();
        if let Some(&place) = known.get(&choice) {
            places.push(place);
            continue;
        }
        if (known.len() + 1) * count.next_power_of_two() > MAX_ENTRIES {
            return Err(fail(
                op,
                &format!(
                    "the map's constants need more than {} tables of {} entries each; at most {MAX_ENTRIES} entries are \
                 allowed; use fewer distinct constants, or apply them outside of the map",
                    known.len(),
                    count.next_power_of_two()
                ),
            ));
        }
        let columns = flat.iter().map(|column| match column {
            Flat::Input(place) => Column::Int(inputs[*place].clone()),
            Flat::Int(values) => Column::Int(vec![values[element]; count]),
            Flat::Real(values) => Column::Real(vec![values[element]; count]),
        });
        rows.push(evaluate(op, body, columns.collect(), host)?);
        known.insert(choice, rows.len() - 1);
        places.push(rows.len() - 1);
    }
    Ok((rows, places))
}

/// An operand of the map, its elements in order.
enum Flat {
    Input(usize),
    Int(Vec<i64>),
    Real(Vec<f64>),
}

fn evaluate(
    op: OperationRef<'_, '_>,
    body: BlockRef<'_, '_>,
    columns: Vec<Column>,
    host: &dyn HostFunctions,
) -> Result<Vec<i64>, Failed> {
    let range = columns.iter().find_map(|column| match column {
        Column::Int(values) => Some((*values.first()?, *values.last()?)),
        Column::Real(_) => None,
    });
    match scalar::evaluate(body, columns, host) {
        Ok(Column::Int(values)) => Ok(values),
        Ok(Column::Real(_)) => {
            Err(fail(op, "the body of the map yields a real number for an integer result"))
        }
        Err(error) => {
            let inputs = range.map(|(lo, hi)| format!(" for the inputs {lo} to {hi}")).unwrap_or_default();
            Err(fail(op, &format!("the map cannot be tabulated{inputs}: {}", error.message)))
        }
    }
}
