//! The values of a map for every input of its range.
//!
//! Requires that the map depends on one encrypted integer and constants, and that it yields an integer.
//! Everything else is an error that says how to get there.

use crate::facts::{self, Range, fail, value_type};
use crate::pass::Failed;
use crate::tables::{TableList, spread};
use cloakwork_abi::encoding::{self, MAX_LOOKUP_WIDTH};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::fhe::Lookup;
use cloakwork_ir::function::Function;
use cloakwork_ir::host::Column;
use cloakwork_ir::host::HostFunctions;
use cloakwork_ir::interpret::Clear;
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
    let mut input: Option<Value<'c, 'a>> = None;
    let mut others = 0;
    let mut parts = vec![];
    for (i, operand) in op.operands().enumerate() {
        let element = value_type(operand, op)?.element;
        match element {
            Element::Encrypted { .. } => {
                others += usize::from(*input.get_or_insert(operand) != operand);
                parts.push(Part::Input);
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
    if others > 0 {
        return Err(fail(
            op,
            "this is a function of two encrypted values, but a table lookup takes one; combine them with `fhe.add`, \
             `fhe.sub` or `fhe.mul_clear` into one integer first, such as `x + y · 2^width`, and apply the function to that",
        ));
    }
    match input {
        None => constant(op, body, &parts, &result, host).map(Tabulated::Constant),
        Some(input) => {
            let (range, width) = input_range(function, op, input)?;
            let lookup = lookup(op, body, &parts, &result, Inputs { range, width }, host)?;
            Ok(Tabulated::Lookup { input, range, lookup })
        }
    }
}

/// An operand of the map.
enum Part {
    Input,
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
    let range = facts::range(function, input)
        .ok_or_else(|| fail(op, "the range of the map's input is not known; run `fhe-infer-ranges` first"))?;
    let (lo, hi) = range;
    let ty = value_type(input, op)?;
    let declared = ty.integer();
    if let Some((width, is_signed)) = declared {
        let (least, greatest) = encoding::bounds(width, is_signed);
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
    let width = declared.map_or(encoding::width_of_range(lo, hi), |(width, _)| width);
    if width > MAX_LOOKUP_WIDTH {
        return Err(fail(
            op,
            &format!(
                "the map's input takes the values {lo} to {hi}, which needs {width} bits, but a table takes at most \
                 {MAX_LOOKUP_WIDTH}; make the inputs or weights before it smaller, or shift low bits away first"
            ),
        ));
    }
    Ok((range, width))
}

fn constant(
    op: OperationRef<'_, '_>,
    body: BlockRef<'_, '_>,
    parts: &[Part],
    result: &ValueType,
    host: &dyn HostFunctions,
) -> Result<ArrayD<i64>, Failed> {
    let columns = parts.iter().filter_map(|part| match part {
        Part::Input => None,
        Part::Constant(Clear::Int(values)) => Some(Column::Int(values.iter().copied().collect())),
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
    let count = (hi - lo + 1) as usize;
    let mut tables = TableList::default();
    let mut known: BTreeMap<Vec<u64>, usize> = BTreeMap::new();
    let mut places = vec![];
    let flat: Vec<Option<Column>> = parts
        .iter()
        .map(|part| match part {
            Part::Input => None,
            Part::Constant(Clear::Int(values)) => Some(Column::Int(values.iter().copied().collect())),
            Part::Constant(Clear::Real(values)) => Some(Column::Real(values.iter().copied().collect())),
        })
        .collect();
    for element in 0..result.elements() {
        let choice: Vec<u64> = flat
            .iter()
            .flatten()
            .map(|column| match column {
                Column::Int(values) => values[element] as u64,
                Column::Real(values) => values[element].to_bits(),
            })
            .collect();
        if let Some(&place) = known.get(&choice) {
            places.push(place);
            continue;
        }
        if (known.len() + 1) << width.0 > MAX_ENTRIES {
            return Err(fail(
                op,
                &format!(
                    "the map's constants need more than {} tables of {} entries each; at most {MAX_ENTRIES} entries are \
                 allowed; use fewer distinct constants, or apply them outside of the map",
                    known.len(),
                    1u64 << width.0
                ),
            ));
        }
        let columns = flat.iter().map(|column| match column {
            None => Column::Int((lo..=hi).collect()),
            Some(Column::Int(values)) => Column::Int(vec![values[element]; count]),
            Some(Column::Real(values)) => Column::Real(vec![values[element]; count]),
        });
        let values = evaluate(op, body, columns.collect(), host)?;
        let place = tables.place(spread((lo, hi), width, |input| values[(input - lo) as usize]));
        known.insert(choice, place);
        places.push(place);
    }
    if places.is_empty() {
        // A tensor without elements still needs a table of the right length.
        tables.place(vec![0; 1 << width.0]);
    }
    Ok(tables.lookup(result.shape(), &places))
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
