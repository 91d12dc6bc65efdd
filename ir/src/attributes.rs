//! Attributes as plain Rust data, and back, without printing or parsing text.

use cloakwork_abi::bounds::{self, Bounds};
use melior::Context;
use melior::ir::attribute::{
    DenseElementsAttribute, DenseI64ArrayAttribute, FlatSymbolRefAttribute, FloatAttribute, IntegerAttribute,
    StringAttribute,
};
use melior::ir::operation::OperationLike;
use melior::ir::r#type::{IntegerType, RankedTensorType};
use melior::ir::{Attribute, AttributeLike, ShapedTypeLike, Type, TypeLike};
use mlir_sys::{
    MlirStringRef, mlirAttributeGetType, mlirDenseElementsAttrGetRawData, mlirDenseElementsAttrIsSplat,
    mlirStringAttrGetValue,
};
use ndarray::ArrayD;

/// Argument or op attribute: least and greatest value as `array<i64: lo, hi>`.
pub const RANGE: &str = "fhe.range";
/// Op attribute: least and greatest value that follow from the ranges of arguments, where they exceed a measured range.
pub const PROVABLE: &str = "fhe.provable";
/// Function attribute: some value may leave its range, since ranges were measured; lookups then go on from the ends of their
/// tables, see [`cloakwork_abi::encoding::folded`].
pub const UNPROVEN: &str = "fhe.unproven";
/// Op attribute: least and greatest value that follow from the ranges of arguments, where they exceed a measured range that stays:
/// the width makes tables and results saturate for all of them, see [`cloakwork_abi::encoding::folding_width`].
pub const REACHED: &str = "fhe.reached";
/// Op attribute: least and greatest value of each element for whatever its client sends, although less follows from the ranges of
/// arguments alone: bits of an argument may exclude each other.
pub const ASSURED: &str = "fhe.assured";
/// Op attribute of lookups: least and greatest input that has an entry of its own; what is led further has that of the
/// nearest of them, and simulations count it, see [`cloakwork_abi::encoding::BEYOND`].
pub const WITHIN: &str = "fhe.within";
/// Op attribute: the result that the lookup was put in for, since its noise would grow from run to run.
pub const REFRESHED: &str = "fhe.refreshed";
/// Argument or result attribute `array<i64: bits, count, is_signed, lo, hi>`: its last axis holds the digits of wide
/// integers from `lo` to `hi`, see [`cloakwork_abi::radix`]. Its range is that of the digits.
pub const RADIX: &str = "fhe.radix";
/// Argument or result attribute: its name as a string.
pub const NAME: &str = "fhe.name";
/// Argument or op attribute: values that must fit besides those that are measured, as `array<i64: lo, hi>`.
pub const HINT: &str = "fhe.hint";
/// Argument or op attribute: how many bits must fit at least, whatever is measured.
pub const HINT_WIDTH: &str = "fhe.hint_width";
/// Function attribute: what a client does in the clear around a model, [`cloakwork_abi::processing::Processing`] as JSON.
pub const PROCESSING: &str = "fhe.processing";
/// On constants: their words are unsigned.
pub const UNSIGNED: &str = "fhe.unsigned";
/// Module attribute: the program's spec as JSON, from the conversion to loops on.
pub const SPEC: &str = "cloakwork.spec";

/// A dense attribute of `i64` or `f64`, a scalar for rank 0.
pub fn dense_i64<'c>(context: &'c Context, values: &ArrayD<i64>) -> Attribute<'c> {
    let values = values.as_standard_layout();
    let ty = tensor_of(values.shape(), IntegerType::new(context, 64).into());
    DenseElementsAttribute::i64_values(ty, values.as_slice().expect("standard layout")).into()
}

/// See [`dense_i64`].
pub fn dense_f64<'c>(context: &'c Context, values: &ArrayD<f64>) -> Attribute<'c> {
    let values = values.as_standard_layout();
    let ty = tensor_of(values.shape(), Type::float64(context));
    DenseElementsAttribute::f64_values(ty, values.as_slice().expect("standard layout")).into()
}

fn tensor_of<'c>(shape: &[usize], element: Type<'c>) -> Type<'c> {
    let dims: Vec<u64> = shape.iter().map(|&size| size as u64).collect();
    RankedTensorType::new(&dims, element, None).into()
}

/// Reads a dense attribute of `i64` elements.
pub fn read_dense_i64(attribute: Attribute<'_>) -> Option<ArrayD<i64>> {
    read_dense(attribute, |ty| IntegerType::try_from(ty).is_ok_and(|ty| ty.width() == 64))
}

/// Reads a dense attribute of `f64` elements.
pub fn read_dense_f64(attribute: Attribute<'_>) -> Option<ArrayD<f64>> {
    read_dense(attribute, |ty| ty.is_f64())
}

fn read_dense<T: Copy>(attribute: Attribute<'_>, is_element: impl Fn(Type<'_>) -> bool) -> Option<ArrayD<T>> {
    DenseElementsAttribute::try_from(attribute).ok()?;
    // SAFETY: a dense elements attribute has a ranked tensor type.
    let ty = RankedTensorType::try_from(unsafe { Type::from_raw(mlirAttributeGetType(attribute.to_raw())) })
        .ok()?;
    if !is_element(ty.element()) {
        return None;
    }
    let shape: Vec<usize> = (0..ty.rank())
        .filter_map(|i| match ty.dim_size(i) {
            Ok(melior::ir::r#type::DimSize::Static(size)) => Some(size as usize),
            _ => None,
        })
        .collect();
    let count: usize = shape.iter().product();
    // SAFETY: the raw data holds one element if splat, else `count` elements of 8 bytes, aligned to them.
    let values = unsafe {
        let data: *const T = mlirDenseElementsAttrGetRawData(attribute.to_raw()).cast();
        if mlirDenseElementsAttrIsSplat(attribute.to_raw()) {
            vec![data.read_unaligned(); count]
        } else {
            (0..count).map(|i| data.add(i).read_unaligned()).collect()
        }
    };
    ArrayD::from_shape_vec(shape, values).ok()
}

/// `array<i64: …>`
pub fn i64_array<'c>(context: &'c Context, values: &[i64]) -> Attribute<'c> {
    DenseI64ArrayAttribute::new(context, values).into()
}

/// Reads `array<i64: …>`.
pub fn read_i64_array(attribute: Attribute<'_>) -> Option<Vec<i64>> {
    let array = DenseI64ArrayAttribute::try_from(attribute).ok()?;
    (0..array.len()).map(|i| array.element(i).ok()).collect()
}

/// `value : i64`
pub fn i64<'c>(context: &'c Context, value: i64) -> Attribute<'c> {
    IntegerAttribute::new(IntegerType::new(context, 64).into(), value).into()
}

/// `value : f64`
pub fn f64<'c>(context: &'c Context, value: f64) -> Attribute<'c> {
    FloatAttribute::new(context, Type::float64(context), value).into()
}

/// A string.
pub fn string<'c>(context: &'c Context, value: &str) -> Attribute<'c> {
    StringAttribute::new(context, value).into()
}

/// `@name`
pub fn symbol<'c>(context: &'c Context, name: &str) -> Attribute<'c> {
    FlatSymbolRefAttribute::new(context, name).into()
}

/// Integer attribute `name` of an op.
pub fn get_i64<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, name: &str) -> Option<i64> {
    IntegerAttribute::try_from(op.attribute(name).ok()?).ok().map(|attribute| attribute.value())
}

/// Real attribute `name` of an op.
pub fn get_f64<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, name: &str) -> Option<f64> {
    FloatAttribute::try_from(op.attribute(name).ok()?).ok().map(|attribute| attribute.value())
}

/// String attribute `name` of an op.
pub fn get_string<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, name: &str) -> Option<String> {
    read_string(op.attribute(name).ok()?)
}

/// Reads a string; what is no UTF-8 in it is replaced.
pub fn read_string(attribute: Attribute<'_>) -> Option<String> {
    let attribute = StringAttribute::try_from(attribute).ok()?;
    // SAFETY: the attribute is a string, whose bytes its context owns.
    Some(unsafe { owned(mlirStringAttrGetValue(attribute.to_raw())) })
}

/// A copy of MLIR's text; melior's own reading panics where it is empty or no UTF-8.
///
/// # Safety
///
/// The text is alive.
pub(crate) unsafe fn owned(text: MlirStringRef) -> String {
    if text.length == 0 {
        return String::new();
    }
    // SAFETY: the caller's.
    let bytes = unsafe { std::slice::from_raw_parts(text.data.cast::<u8>(), text.length) };
    String::from_utf8_lossy(bytes).into_owned()
}

/// Symbol reference attribute `name` of an op, without the `@`.
pub fn get_symbol<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, name: &str) -> Option<String> {
    read_symbol(op.attribute(name).ok()?)
}

/// Reads a symbol reference, without the `@`.
pub fn read_symbol(attribute: Attribute<'_>) -> Option<String> {
    FlatSymbolRefAttribute::try_from(attribute).ok().map(|attribute| attribute.value().to_owned())
}

/// Array attribute `name` of an op.
pub fn get_i64_array<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, name: &str) -> Option<Vec<i64>> {
    read_i64_array(op.attribute(name).ok()?)
}

/// Dense attribute `name` of an op.
pub fn get_dense_i64<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>, name: &str) -> Option<ArrayD<i64>> {
    read_dense_i64(op.attribute(name).ok()?)
}

/// The range attribute of an op, if its integers fit `i64`: those of values that are not split into digits do.
pub fn get_range<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>) -> Option<(i64, i64)> {
    read_range(op.attribute(RANGE).ok()?)
}

/// Reads a range of integers that fit `i64`.
pub fn read_range(attribute: Attribute<'_>) -> Option<(i64, i64)> {
    bounds::signed(read_bounds(attribute)?)
}

/// The range attribute of an op.
pub fn get_bounds<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>) -> Option<Bounds> {
    read_bounds(op.attribute(RANGE).ok()?)
}

/// What is known of the result of an op besides what follows from its operands, see [`ASSURED`].
pub fn get_assured<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>) -> Option<Bounds> {
    read_bounds(op.attribute(ASSURED).ok()?)
}

/// What the result of an op can be led to beyond its range, see [`REACHED`].
pub fn get_reached<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>) -> Option<Bounds> {
    read_bounds(op.attribute(REACHED).ok()?)
}

/// The inputs of a lookup that have entries of their own, see [`WITHIN`].
pub fn get_within<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>) -> Option<(i64, i64)> {
    read_range(op.attribute(WITHIN).ok()?)
}

/// Reads a range of any integers of 64 bits: where the greatest is less than the least, it is an unsigned word.
pub fn read_bounds(attribute: Attribute<'_>) -> Option<Bounds> {
    match read_i64_array(attribute)?.as_slice() {
        &[lo, hi] => bounds::of_words([lo, hi]),
        _ => None,
    }
}

/// What [`read_bounds`] reads.
pub fn bounds_attribute<'c>(context: &'c Context, bounds: Bounds) -> Attribute<'c> {
    i64_array(context, &bounds::to_words(bounds))
}
