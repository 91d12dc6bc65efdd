//! What the IR already says about a value: its type, its range, the constant behind it.

use crate::pass::Failed;
use cloakwork_abi::bounds::{self, Bounds};
use cloakwork_abi::encoding;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::diagnostic::emit_error;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{Function, Side, set_op_attribute};
use cloakwork_ir::interpret::{Clear, constant_bounds};
use cloakwork_ir::types::ValueType;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};
use ndarray::{ArrayD, IxDyn};

/// Least and greatest value.
pub(crate) type Range = (i64, i64);

/// [`bounds`] of integers that fit `i64`: all are that are not split into digits.
pub(crate) fn range<'c: 'a, 'a>(function: Function<'c, 'a>, value: Value<'c, 'a>) -> Option<Range> {
    bounds::signed(bounds(function, value)?)
}

/// The known range of an encrypted integer: its `fhe.range`, else what its constant or its width allows.
pub(crate) fn bounds<'c: 'a, 'a>(function: Function<'c, 'a>, value: Value<'c, 'a>) -> Option<Bounds> {
    let given = match walk::defining_op(value) {
        Some(op) => attr::get_bounds(&op).or_else(|| {
            let words = FheOp::of(op)?.constant()?;
            Some(Clear::of_words(words, constant_bounds(op)).hull().unwrap_or((0, 0)))
        }),
        None => {
            let position = function.arguments().iter().position(|argument| *argument == value)?;
            function.bounds(Side::Argument, position)
        }
    };
    given.or_else(|| {
        let (width, is_signed) = ValueType::of(value.r#type())?.integer()?;
        Some(bounds::wide(encoding::bounds(width, is_signed)))
    })
}

/// The integers of a trivial encryption, unless their words are unsigned.
pub(crate) fn constant(value: Value<'_, '_>) -> Option<ArrayD<i64>> {
    let op = walk::defining_op(value).filter(|op| !op.has_attribute(attr::UNSIGNED))?;
    FheOp::of(op)?.constant()
}

/// Writes the range of an operation's result.
pub(crate) fn set_range<'c: 'a, 'a>(context: &'c Context, op: OperationRef<'c, 'a>, range: Range) {
    set_bounds(context, op, bounds::wide(range));
}

/// Writes the range of an operation's result, which may be unsigned words.
pub(crate) fn set_bounds<'c: 'a, 'a>(context: &'c Context, op: OperationRef<'c, 'a>, bounds: Bounds) {
    set_op_attribute(op, attr::RANGE, attr::bounds_attribute(context, bounds));
}

/// The elements of an `arith.constant`.
pub(crate) fn clear_constant<'c: 'a, 'a>(value: Value<'c, 'a>) -> Option<Clear> {
    let op = walk::defining_op(value).filter(|op| walk::name(op) == "arith.constant")?;
    if let Some(scalar) = attr::get_i64(&op, "value") {
        return Some(Clear::Int(ArrayD::from_elem(IxDyn(&[]), scalar)));
    }
    if let Some(scalar) = attr::get_f64(&op, "value") {
        return Some(Clear::Real(ArrayD::from_elem(IxDyn(&[]), scalar)));
    }
    let elements = op.attribute("value").ok()?;
    attr::read_dense_i64(elements).map(Clear::Int).or_else(|| attr::read_dense_f64(elements).map(Clear::Real))
}

/// The type of a value as plain data; other types are reported at `op`.
pub(crate) fn value_type<'c: 'a, 'a>(
    value: Value<'c, 'a>,
    op: OperationRef<'c, 'a>,
) -> Result<ValueType, Failed> {
    ValueType::of(value.r#type()).ok_or_else(|| {
        let message = format!(
            "values of type `{}` cannot be computed with; allowed are fhe types, i64, f64 and static tensors of them",
            value.r#type()
        );
        fail(op, &message)
    })
}

/// Reports an error at `op`.
pub(crate) fn fail(op: OperationRef<'_, '_>, message: &str) -> Failed {
    emit_error(&op, message);
    Failed
}

/// Reports that a function of several encrypted values is left.
pub(crate) fn several_left(op: OperationRef<'_, '_>) -> Failed {
    let name = walk::name(&op);
    fail(op, &format!("`{name}` of several encrypted values is left; run `fhe-decompose-pairwise` first"))
}

/// What tells values apart while nothing is erased.
pub(crate) fn key(value: Value<'_, '_>) -> usize {
    value.to_raw().ptr as usize
}

/// Least and greatest element; zero for an empty tensor.
pub(crate) fn hull(values: &ArrayD<i64>) -> Range {
    (values.iter().copied().min().unwrap_or(0), values.iter().copied().max().unwrap_or(0))
}

/// The least range that holds both.
pub(crate) fn join((a, b): Range, (c, d): Range) -> Range {
    (a.min(c), b.max(d))
}
