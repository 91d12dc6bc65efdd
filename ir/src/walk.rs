//! Walking, uses and in-place changes that melior does not offer.

use melior::ir::operation::{Operation, OperationLike, WalkOrder, WalkResult};
use melior::ir::{OperationRef, Value, ValueLike};
use mlir_sys::{
    mlirOpOperandGetNextUse, mlirOpOperandGetOwner, mlirOpResultGetOwner, mlirOperationClone,
    mlirOperationDestroy, mlirOperationSetOperand, mlirValueGetFirstUse, mlirValueIsAOpResult,
    mlirValueReplaceAllUsesOfWith,
};

/// All operations under `root` in post order, collected so that the caller may change the IR.
pub fn operations<'c: 'a, 'a>(root: &impl OperationLike<'c, 'a>) -> Vec<OperationRef<'c, 'a>> {
    let mut found = vec![];
    root.walk(WalkOrder::PostOrder, |op| {
        found.push(op.to_raw());
        WalkResult::Advance
    });
    // SAFETY: they belong to `root`, which lives for 'a.
    found.into_iter().map(|raw| unsafe { OperationRef::from_raw(raw) }).collect()
}

/// The full name of an operation, such as `fhe.add`.
pub fn name<'c: 'a, 'a>(op: &impl OperationLike<'c, 'a>) -> String {
    op.name().as_string_ref().as_str().unwrap_or("?").to_owned()
}

/// The operations that use a value, once for each use.
pub fn users<'c: 'a, 'a>(value: Value<'c, 'a>) -> Vec<OperationRef<'c, 'a>> {
    let mut found = vec![];
    // SAFETY: uses stay valid while nothing is changed, which nothing here does.
    unsafe {
        let mut current = mlirValueGetFirstUse(value.to_raw());
        while !current.ptr.is_null() {
            found.push(OperationRef::from_raw(mlirOpOperandGetOwner(current)));
            current = mlirOpOperandGetNextUse(current);
        }
    }
    found
}

/// The operation that a value is a result of; `None` for block arguments.
pub fn defining_op<'c: 'a, 'a>(value: Value<'c, 'a>) -> Option<OperationRef<'c, 'a>> {
    // SAFETY: the value is alive, and only results have an owner operation.
    unsafe {
        mlirValueIsAOpResult(value.to_raw())
            .then(|| OperationRef::from_raw(mlirOpResultGetOwner(value.to_raw())))
    }
}

/// Lets every user of `of` use `with` instead.
pub fn replace_all_uses<'c>(of: Value<'c, '_>, with: Value<'c, '_>) {
    // SAFETY: both values are alive.
    unsafe { mlirValueReplaceAllUsesOfWith(of.to_raw(), with.to_raw()) }
}

/// Lets operand `i` of an operation, which has one, be another value.
pub fn set_operand<'c>(op: OperationRef<'c, '_>, i: usize, value: Value<'c, '_>) {
    // SAFETY: both are alive, and the caller knows from the verifier that the operand exists.
    unsafe { mlirOperationSetOperand(op.to_raw(), i as isize, value.to_raw()) }
}

/// Calls `body` with a copy of an operation, which stands nowhere and is gone afterwards.
pub fn with_copy<'c, T>(op: OperationRef<'c, '_>, body: impl FnOnce(OperationRef<'c, '_>) -> T) -> T {
    // SAFETY: the operation is alive; the copy is owned here until the end, and `body` cannot keep it.
    unsafe {
        let copy = Operation::from_raw(mlirOperationClone(op.to_raw()));
        body(OperationRef::from_raw(copy.to_raw()))
    }
}

/// Unlinks and destroys an operation whose results have no uses; it must not be used afterwards.
pub fn erase(op: OperationRef<'_, '_>) {
    // SAFETY: MLIR unlinks the operation from its block first.
    unsafe { mlirOperationDestroy(op.to_raw()) }
}

/// Operand `i`; the caller knows from the verifier that it exists.
pub fn operand<'c: 'a, 'a>(op: OperationRef<'c, 'a>, i: usize) -> Value<'c, 'a> {
    op.operand(i).expect("verified: the op has this operand")
}

/// The first result; the caller knows from the verifier that it exists.
pub fn result<'c: 'a, 'a>(op: OperationRef<'c, 'a>) -> Value<'c, 'a> {
    op.result(0).expect("verified: the op has a result").into()
}
