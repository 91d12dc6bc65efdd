//! Functions: their arguments and results with attributes, and changes of their signature.

use crate::attributes::{NAME, RADIX, RANGE, read_bounds, read_i64_array, read_range, read_string};
use crate::diagnostic::Diagnostic;
use crate::types::ValueType;
use crate::walk;
use cloakwork_abi::bounds::{self, Bounds};
use cloakwork_abi::radix::Radix;
use melior::Context;
use melior::ir::attribute::{ArrayAttribute, TypeAttribute};
use melior::ir::block::BlockLike;
use melior::ir::operation::{OperationLike, OperationMutLike, OperationRefMut};
use melior::ir::r#type::FunctionType;
use melior::ir::{Attribute, AttributeLike, BlockRef, Module, OperationRef, RegionLike, Type, Value};
use mlir_sys::{
    MlirNamedAttribute, mlirDictionaryAttrGet, mlirDictionaryAttrGetElement,
    mlirDictionaryAttrGetElementByName, mlirDictionaryAttrGetNumElements, mlirIdentifierGet,
    mlirIdentifierStr, mlirNamedAttributeGet,
};

/// A `func.func` with a body of one block.
#[derive(Clone, Copy, Debug)]
pub struct Function<'c, 'a> {
    /// The operation.
    pub op: OperationRef<'c, 'a>,
    /// Its body.
    pub body: BlockRef<'c, 'a>,
}

/// What an argument or result whose last axis holds digits stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WideValue {
    /// Its digits.
    pub radix: Radix,
    /// Least and greatest wide integer; `fhe.range` is that of the digits.
    pub range: Bounds,
}

/// Which side of a function's signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Arguments.
    Argument,
    /// Results.
    Result,
}

impl Side {
    fn attribute(self) -> &'static str {
        match self {
            Self::Argument => "arg_attrs",
            Self::Result => "res_attrs",
        }
    }
}

/// The functions with a body, in the order of the module.
pub fn functions<'c: 'a, 'a>(module: &'a Module<'c>) -> Vec<Function<'c, 'a>> {
    functions_under(module.as_operation())
}

/// See [`functions`].
pub fn functions_under<'c: 'a, 'a>(module: OperationRef<'c, 'a>) -> Vec<Function<'c, 'a>> {
    let all = walk::operations(&module).into_iter().filter(|op| walk::name(op) == "func.func");
    all.filter_map(|op| Some(Function { op, body: op.region(0).ok()?.first_block()? })).collect()
}

impl<'c: 'a, 'a> Function<'c, 'a> {
    /// Its symbol, without the `@`.
    pub fn name(&self) -> String {
        crate::attributes::get_string(&self.op, "sym_name").unwrap_or_default()
    }

    /// Its type.
    pub fn signature(&self) -> FunctionType<'c> {
        let attribute = self.op.attribute("function_type").and_then(TypeAttribute::try_from);
        attribute.and_then(|ty| FunctionType::try_from(ty.value())).expect("verified: a function has a type")
    }

    /// The types of one side.
    pub fn types(&self, side: Side) -> Vec<Type<'c>> {
        let signature = self.signature();
        match side {
            Side::Argument => (0..signature.input_count()).filter_map(|i| signature.input(i).ok()).collect(),
            Side::Result => (0..signature.result_count()).filter_map(|i| signature.result(i).ok()).collect(),
        }
    }

    /// The types of one side as plain data; `None` where one is not ours.
    pub fn value_types(&self, side: Side) -> Vec<Option<ValueType>> {
        self.types(side).into_iter().map(ValueType::of).collect()
    }

    /// The argument values.
    pub fn arguments(&self) -> Vec<Value<'c, 'a>> {
        (0..self.body.argument_count()).filter_map(|i| self.body.argument(i).ok()).map(Into::into).collect()
    }

    /// The operations of the body in order, the terminator last.
    pub fn operations(&self) -> Vec<OperationRef<'c, 'a>> {
        let mut found = vec![];
        let mut current = self.body.first_operation();
        while let Some(op) = current {
            found.push(op);
            current = op.next_in_block();
        }
        found
    }

    /// The returned values.
    pub fn returned(&self) -> Vec<Value<'c, 'a>> {
        let Some(terminator) = self.operations().pop() else { return vec![] };
        terminator.operands().collect()
    }

    /// Attribute `name` of argument or result `i`.
    pub fn attribute(&self, side: Side, i: usize, name: &str) -> Option<Attribute<'c>> {
        let all = ArrayAttribute::try_from(self.op.attribute(side.attribute()).ok()?).ok()?;
        let dictionary = all.element(i).ok()?;
        // SAFETY: the elements of argument and result attributes are dictionaries; null if absent.
        unsafe {
            let name = mlir_sys::MlirStringRef { data: name.as_ptr().cast(), length: name.len() };
            Attribute::from_option_raw(mlirDictionaryAttrGetElementByName(dictionary.to_raw(), name))
        }
    }

    /// Range of argument or result `i`.
    pub fn range(&self, side: Side, i: usize) -> Option<(i64, i64)> {
        read_range(self.attribute(side, i, RANGE)?)
    }

    /// The range of argument or result `i`, which may be unsigned words.
    pub fn bounds(&self, side: Side, i: usize) -> Option<Bounds> {
        read_bounds(self.attribute(side, i, RANGE)?)
    }

    /// The digits that the last axis of argument or result `i` holds, if it holds digits.
    pub fn radix(&self, side: Side, i: usize) -> Result<Option<WideValue>, Diagnostic> {
        let Some(attribute) = self.attribute(side, i, RADIX) else { return Ok(None) };
        let given = read_i64_array(attribute).and_then(|numbers| match *numbers.as_slice() {
            [bits, count, is_signed, lo, hi] if (1..=62).contains(&bits) && count >= 1 => {
                let count = u32::try_from(count).ok()?;
                Some(WideValue {
                    radix: Radix { bits: bits as u32, count, is_signed: is_signed != 0 },
                    range: bounds::of_words([lo, hi])?,
                })
            }
            _ => None,
        });
        let ty = self.value_types(side).into_iter().nth(i).flatten();
        let axis = ty.and_then(|ty| ty.shape().last().copied());
        match given {
            Some(wide) if axis == Some(wide.radix.count as usize) => Ok(Some(wide)),
            _ => {
                let name = self.value_name(side, i);
                let message = format!(
                    "`{name}` has a malformed `{RADIX}`; allowed is `array<i64: bits, count, is_signed, lo, hi>` with `count` the size of the last axis"
                );
                Err(Diagnostic::error_at(&self.op, message))
            }
        }
    }

    /// Name of argument or result `i`; `in0`, `out0` and so on where the program gave none.
    pub fn value_name(&self, side: Side, i: usize) -> String {
        let given = self.attribute(side, i, NAME).and_then(read_string).filter(|name| !name.is_empty());
        match (given, side) {
            (Some(name), _) => name,
            (None, Side::Argument) => format!("in{i}"),
            (None, Side::Result) => format!("out{i}"),
        }
    }

    /// Sets attribute `name` of argument or result `i`.
    pub fn set_attribute(
        &self,
        context: &'c Context,
        side: Side,
        i: usize,
        name: &str,
        value: Attribute<'c>,
    ) {
        self.change_attribute(context, (side, i), name, Some(value));
    }

    /// Removes attribute `name` of argument or result `i`; nothing happens where there is none.
    pub fn remove_attribute(&self, context: &'c Context, side: Side, i: usize, name: &str) {
        if self.attribute(side, i, name).is_some() {
            self.change_attribute(context, (side, i), name, None);
        }
    }

    fn change_attribute(
        &self,
        context: &'c Context,
        (side, i): (Side, usize),
        name: &str,
        value: Option<Attribute<'c>>,
    ) {
        let count = self.types(side).len();
        let old = self.op.attribute(side.attribute()).ok().and_then(|all| ArrayAttribute::try_from(all).ok());
        let dictionaries: Vec<Attribute<'c>> = (0..count)
            .map(|at| {
                let old = old.as_ref().and_then(|all| all.element(at).ok());
                let mut entries =
                    old.map_or(vec![], |dictionary| dictionary_entries(dictionary, name, at != i));
                if at == i {
                    entries.extend(value.map(|value| named(context, name, value)));
                }
                // SAFETY: the entries are alive and are copied; MLIR sorts them.
                unsafe {
                    Attribute::from_raw(mlirDictionaryAttrGet(
                        context.to_raw(),
                        entries.len() as isize,
                        entries.as_ptr(),
                    ))
                }
            })
            .collect();
        // SAFETY: the op is alive and nothing else holds it mutably.
        let mut op = unsafe { OperationRefMut::from_raw(self.op.to_raw()) };
        op.set_attribute(side.attribute(), ArrayAttribute::new(context, &dictionaries).into());
    }

    /// Sets the function's type from the types of its block arguments and returned values.
    pub fn update_signature(&self, context: &'c Context) {
        use melior::ir::ValueLike;
        let inputs: Vec<Type<'c>> = self.arguments().iter().map(|value| value.r#type()).collect();
        let results: Vec<Type<'c>> = self.returned().iter().map(|value| value.r#type()).collect();
        // SAFETY: the op is alive and nothing else holds it mutably.
        let mut op = unsafe { OperationRefMut::from_raw(self.op.to_raw()) };
        op.set_attribute(
            "function_type",
            TypeAttribute::new(FunctionType::new(context, &inputs, &results).into()).into(),
        );
    }
}

/// Sets a discardable attribute of an operation.
pub fn set_op_attribute<'c>(op: OperationRef<'c, '_>, name: &str, value: Attribute<'c>) {
    // SAFETY: the op is alive and nothing else holds it mutably.
    unsafe { OperationRefMut::from_raw(op.to_raw()) }.set_attribute(name, value);
}

/// Removes an attribute from an op other than a function; nothing happens where there is none.
pub fn remove_op_attribute(op: OperationRef<'_, '_>, name: &str) {
    // SAFETY: as in `set_op_attribute`.
    let _ = unsafe { OperationRefMut::from_raw(op.to_raw()) }.remove_attribute(name);
}

fn named(context: &Context, name: &str, value: Attribute<'_>) -> MlirNamedAttribute {
    // SAFETY: context, name and value are alive; the context keeps a copy of the name.
    unsafe {
        let name = mlir_sys::MlirStringRef { data: name.as_ptr().cast(), length: name.len() };
        mlirNamedAttributeGet(mlirIdentifierGet(context.to_raw(), name), value.to_raw())
    }
}

/// The entries of a dictionary, without `name` unless `keep`.
fn dictionary_entries(dictionary: Attribute<'_>, name: &str, keep: bool) -> Vec<MlirNamedAttribute> {
    // SAFETY: argument and result attributes are dictionaries; identifiers are valid UTF-8 of the context.
    unsafe {
        let count = mlirDictionaryAttrGetNumElements(dictionary.to_raw());
        (0..count)
            .map(|i| mlirDictionaryAttrGetElement(dictionary.to_raw(), i))
            .filter(|entry| {
                let text = mlirIdentifierStr(entry.name);
                let bytes = std::slice::from_raw_parts(text.data.cast::<u8>(), text.length);
                keep || bytes != name.as_bytes()
            })
            .collect()
    }
}
