//! `fhe-infer-bit-widths`: every encrypted integer gets a width and a sign; tables get the length of their input.
//!
//! Requires ranges, and that no map and nothing real is left. A declared width is kept and must suffice.
//! Clear values stay as they are. What `fhe.composition` connects gets one width and sign. Afterwards arguments and results of functions carry their range.

use crate::composition::{Feed, check_types, feeds};
use crate::facts::{self, fail};
use crate::pass::{Failed, Options};
use crate::tables::resize;
use crate::width_classes::{Encrypted, WidthClasses};
use cloakwork_abi::encoding::{self, MAX_LOOKUP_WIDTH, MAX_WIDTH};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::{Builder, lookup_attributes};
use cloakwork_ir::diagnostic::{Severity, emit};
use cloakwork_ir::digits::{Digits, Exactness};
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, Side, functions_under, set_op_attribute};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::types::Element;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};
use ndarray::{ArrayD, IxDyn};

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    infer_bit_widths(context, module)
}

/// The pass without its options.
pub(crate) fn infer_bit_widths<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
) -> Result<(), Failed> {
    let functions = functions_under(module);
    let feeds = feeds(module, &functions)?;
    let ends = feeds.iter().filter_map(|&Feed { from, to }| {
        let result = functions[from.function].returned().get(from.position).copied()?;
        let argument = functions[to.function].arguments().get(to.position).copied()?;
        Some((result, argument))
    });
    let ends: Vec<_> = ends.collect();
    let classes = WidthClasses::together(&functions, &ends)?;
    ends.iter().for_each(|&(result, argument)| warn_of_range(&classes, result, argument));
    infer(context, &classes)?;
    for &function in &functions {
        keep_ranges(context, function, &classes);
        function.update_signature(context);
    }
    check_types(module, &functions, &feeds)
}

/// A result that leaves the range of the argument that it may be fed to is for the caller to keep from it.
fn warn_of_range<'c: 'a, 'a>(classes: &WidthClasses<'c, 'a>, result: Value<'c, 'a>, argument: Value<'c, 'a>) {
    let (Some(result), Some(argument)) = (classes.own(result), classes.own(argument)) else { return };
    let ((lo, hi), (least, greatest)) = (result.range, argument.range);
    if lo < least || greatest < hi {
        let message = format!(
            "a result takes the values {lo} to {hi} and may be fed to an argument that is declared for {least} to {greatest}; \
             widen the range of the argument, or feed only values within it"
        );
        emit(result.op.location(), Severity::Warning, &message);
    }
}

fn infer<'c: 'a, 'a>(context: &'c Context, classes: &WidthClasses<'c, 'a>) -> Result<(), Failed> {
    classes.values.iter().try_for_each(check_declared)?;
    for encrypted in &classes.values {
        let widest = classes.widest(encrypted.value).unwrap_or(encrypted);
        check_width(widest)?;
        if let Some(FheOp::Lookup(lookup)) = FheOp::of(encrypted.op) {
            fit_table(context, classes, encrypted, &lookup)?;
        }
    }
    for encrypted in &classes.values {
        let width = classes.width(encrypted.value).unwrap_or(encrypted.needed);
        let element = Element::Encrypted { width: Some(width), is_signed: encrypted.is_signed };
        encrypted.value.set_type(encrypted.ty.with_element(element).to_mlir(context));
    }
    classes.values.iter().for_each(|encrypted| narrow(context, classes, encrypted));
    Ok(())
}

/// The width at which a value is looked up: its own, except where the lookup rounds for an operation before it.
fn lookup_width<'c: 'a, 'a>(classes: &WidthClasses<'c, 'a>, input: &Encrypted<'c, 'a>) -> Width {
    let exactness = match FheOp::of(input.op) {
        Some(FheOp::Digits(Digits::Round { exactness, .. } | Digits::Truncate { exactness, .. })) => {
            exactness
        }
        _ => Exactness::Exact,
    };
    match exactness {
        Exactness::Exact => input.needed,
        Exactness::Approximate => classes.width(input.value).unwrap_or(input.needed),
    }
}

/// Brings the input of a lookup to the width of its own range where others keep it wider: `x · 2^k` at width `w` is the
/// message `x` at width `w − k`. The noise grows by as much as the lookup may err more, so that this never costs.
fn narrow<'c: 'a, 'a>(context: &'c Context, classes: &WidthClasses<'c, 'a>, encrypted: &Encrypted<'c, 'a>) {
    let Some(FheOp::Lookup(_)) = FheOp::of(encrypted.op) else { return };
    let input = walk::operand(encrypted.op, 0);
    let (Some(own), Some(width)) = (classes.own(input), classes.width(input)) else { return };
    if lookup_width(classes, own) >= width {
        return;
    }
    let builder = Builder::before(context, encrypted.op);
    let of = |width: Width| {
        own.ty.with_element(Element::Encrypted { width: Some(width), is_signed: own.is_signed })
    };
    let factor = ArrayD::from_elem(IxDyn(own.ty.shape()), 1i64 << (width.0 - own.needed.0));
    let factor = builder.clear(&factor);
    let raised = builder.linear("fhe", &Linear::MulClear, &[input, factor], &of(width));
    let narrowed = builder.op("fhe.reinterpret", &[raised], of(own.needed).to_mlir(context), &[]);
    walk::set_operand(encrypted.op, 0, narrowed);
}

fn check_declared(encrypted: &Encrypted<'_, '_>) -> Result<(), Failed> {
    let function = encrypted.function;
    let Some((width, is_signed)) = encrypted.ty.integer() else { return Ok(()) };
    let (least, greatest) = encoding::bounds(width, is_signed);
    let (lo, hi) = encrypted.range;
    if least <= lo && hi <= greatest {
        return Ok(());
    }
    let position = function.arguments().iter().position(|argument| *argument == encrypted.value);
    let what = position.map_or_else(
        || "the result".to_owned(),
        |position| format!("argument `{}`", function.value_name(Side::Argument, position)),
    );
    Err(fail(
        encrypted.op,
        &format!(
            "{what} takes the values {lo} to {hi}, but its type `{}` holds {least} to {greatest}; declare a wider type, \
             `?` to have the width inferred, or smaller ranges of the inputs",
            encrypted.ty.element
        ),
    ))
}

fn check_width(widest: &Encrypted<'_, '_>) -> Result<(), Failed> {
    let (lo, hi) = widest.range;
    if widest.needed <= MAX_WIDTH {
        return Ok(());
    }
    Err(fail(
        widest.op,
        &format!(
            "the values {lo} to {hi} need {} bits, at most {MAX_WIDTH} are supported; make the inputs or weights smaller",
            widest.needed
        ),
    ))
}

/// Gives the table the length that its input's width asks for.
fn fit_table<'c: 'a, 'a>(
    context: &'c Context,
    classes: &WidthClasses<'c, 'a>,
    encrypted: &Encrypted<'c, 'a>,
    lookup: &Lookup,
) -> Result<(), Failed> {
    let op = encrypted.op;
    let input = walk::operand(op, 0);
    let Some(own) = classes.own(input) else {
        return Err(fail(op, "the input of the lookup is not an encrypted integer"));
    };
    let width = lookup_width(classes, own);
    if width > MAX_LOOKUP_WIDTH {
        return Err(fail(op, &too_wide(own)));
    }
    let (lo, hi) = own.range;
    let needed = encoding::width_of_range(lo, hi);
    if (lookup.length() as u128) < 1u128 << needed.0 {
        return Err(fail(
            op,
            &format!(
                "the table has {} entries, but the input takes the values {lo} to {hi}, which needs 2^{needed} entries; \
                 extend the table, or make the input smaller",
                lookup.length()
            ),
        ));
    }
    for (name, value) in lookup_attributes(context, &resize(lookup, own.range, width)) {
        set_op_attribute(op, name, value);
    }
    facts::set_range(context, op, encrypted.range);
    if attr::get_reached(&own.op).is_some() {
        set_op_attribute(op, attr::WITHIN, attr::i64_array(context, &[lo, hi]));
    }
    Ok(())
}

fn too_wide(own: &Encrypted<'_, '_>) -> String {
    let (lo, hi) = own.range;
    format!(
        "the lookup's input takes the values {lo} to {hi}, which needs {} bits, but a table takes at most \
         {MAX_LOOKUP_WIDTH}; make the inputs or weights before it smaller, or round low bits away first",
        own.needed
    )
}

/// Writes the ranges of encrypted arguments and results to the function.
fn keep_ranges<'c: 'a, 'a>(context: &'c Context, function: Function<'c, 'a>, classes: &WidthClasses<'c, 'a>) {
    for (side, values) in [(Side::Argument, function.arguments()), (Side::Result, function.returned())] {
        for (i, value) in values.into_iter().enumerate() {
            if let Some(encrypted) = classes.own(value) {
                let (lo, hi) = encrypted.range;
                function.set_attribute(context, side, i, attr::RANGE, attr::i64_array(context, &[lo, hi]));
            }
        }
    }
}
