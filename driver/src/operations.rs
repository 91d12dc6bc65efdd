//! What a compiled program executes: how often each kind of operation runs under each key and tag, and where its
//! ciphertexts come from.
//!
//! Counted in the `tfhe` module before batches are made, while every operation still has its place.

use cloakwork_ir::diagnostic::{place, tag};
use cloakwork_ir::function::functions;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::{TfheOp, read_keyset};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{Module, OperationRef, ValueLike};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A kind of operation on ciphertexts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// A table lookup.
    Bootstrap,
    /// From one key to another.
    Keyswitch,
    /// A clear integer is added.
    ClearAddition,
    /// Two ciphertexts are added or subtracted.
    EncryptedAddition,
    /// A ciphertext is multiplied by a clear integer.
    ClearMultiplication,
    /// A ciphertext is negated.
    EncryptedNegation,
}

/// How often a kind of operation runs in one call of a function.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OperationCount {
    /// Name of the function.
    pub function: String,
    /// What is counted.
    pub kind: OperationKind,
    /// Name of the bootstrap, keyswitch or secret key.
    pub key: String,
    /// The tags around the operation, joined by dots; empty without.
    pub tag: String,
    /// How often.
    pub count: u64,
}

/// Bytes of the ciphertexts that the operations of one place compute in one call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MemoryUse {
    /// Name of the function.
    pub function: String,
    /// Place in the program.
    pub place: String,
    /// Bytes.
    pub bytes: u64,
}

/// Counts of all functions, in the order of function, kind, key and tag.
pub(crate) fn count_operations(module: &Module<'_>) -> Vec<OperationCount> {
    let mut counts: BTreeMap<(usize, OperationKind, String, String), u64> = BTreeMap::new();
    let functions = functions(module);
    for (number, function) in functions.iter().enumerate() {
        for op in function.operations() {
            let tag = tag(op.location()).unwrap_or_default();
            for (kind, key, count) in executed(op).into_iter().filter(|(_, _, count)| *count > 0) {
                *counts.entry((number, kind, key, tag.clone())).or_insert(0) += count;
            }
        }
    }
    let row = |((function, kind, key, tag), count): ((usize, _, _, _), u64)| OperationCount {
        function: functions[function].name(),
        kind,
        key,
        tag,
        count,
    };
    counts.into_iter().map(row).collect()
}

/// Bytes by place of all functions.
pub(crate) fn memory_uses(module: &Module<'_>) -> Vec<MemoryUse> {
    let Ok(keyset) = read_keyset(module.as_operation()) else { return vec![] };
    let words: BTreeMap<&str, u64> =
        keyset.secret_keys.iter().map(|key| (key.name.as_str(), key.shape.lwe_dimension().0 + 1)).collect();
    let mut bytes: BTreeMap<(usize, String), u64> = BTreeMap::new();
    let functions = functions(module);
    for (number, function) in functions.iter().enumerate() {
        for op in function.operations() {
            let Some((key, count)) = result(op) else { continue };
            let words = words.get(key.as_str()).copied().unwrap_or(0);
            *bytes.entry((number, place(op.location()))).or_insert(0) += 8 * words * count;
        }
    }
    let row = |((function, place), bytes): ((usize, _), u64)| MemoryUse {
        function: functions[function].name(),
        place,
        bytes,
    };
    bytes.into_iter().map(row).collect()
}

/// The secret key of an operation's result, and its ciphertexts.
fn result(op: OperationRef<'_, '_>) -> Option<(String, u64)> {
    let ty = op.results().next().and_then(|result| ValueType::of(result.r#type()))?;
    let count = ty.elements() as u64;
    match ty.element {
        Element::Lwe { key } => Some((key, count)),
        _ => None,
    }
}

fn executed(op: OperationRef<'_, '_>) -> Vec<(OperationKind, String, u64)> {
    let (Some(tfhe), Some((key, count))) = (TfheOp::of(op), result(op)) else { return vec![] };
    match tfhe {
        TfheOp::Constant { .. } => vec![],
        TfheOp::Keyswitch { key } => vec![(OperationKind::Keyswitch, key, count)],
        TfheOp::Bootstrap(bootstrap) => {
            vec![(OperationKind::Bootstrap, bootstrap.key, count / bootstrap.outputs as u64)]
        }
        TfheOp::Linear(linear) => {
            let parts = arithmetic(&linear, op, count);
            parts.into_iter().map(|(kind, count)| (kind, key.clone(), count)).collect()
        }
    }
}

fn arithmetic(linear: &Linear, op: OperationRef<'_, '_>, count: u64) -> Vec<(OperationKind, u64)> {
    use OperationKind::{ClearAddition, ClearMultiplication, EncryptedAddition, EncryptedNegation};
    let shape = |operand: usize| -> Vec<u64> {
        let ty = ValueType::of(walk::operand(op, operand).r#type());
        ty.map_or(vec![], |ty| ty.shape().iter().map(|&size| size as u64).collect())
    };
    // `terms` weighted ciphertexts are added up for each result.
    let products = |terms: u64| {
        vec![(ClearMultiplication, count * terms), (EncryptedAddition, count * terms.saturating_sub(1))]
    };
    match linear {
        Linear::Add => vec![(EncryptedAddition, count)],
        Linear::Sub => vec![(EncryptedNegation, count), (EncryptedAddition, count)],
        Linear::Neg => vec![(EncryptedNegation, count)],
        Linear::AddClear => vec![(ClearAddition, count)],
        Linear::MulClear => vec![(ClearMultiplication, count)],
        Linear::Sum { .. } => {
            vec![(EncryptedAddition, shape(0).iter().product::<u64>().saturating_sub(count))]
        }
        Linear::Dot => products(shape(0).iter().product()),
        Linear::Matmul => products(shape(1).first().copied().unwrap_or(1)),
        Linear::Conv2d(_) => products(shape(1).iter().skip(1).product()),
        Linear::Reshape
        | Linear::Transpose { .. }
        | Linear::Slice { .. }
        | Linear::Concat { .. }
        | Linear::Gather { .. }
        | Linear::GatherAt { .. }
        | Linear::SetAt { .. }
        | Linear::Broadcast => vec![],
    }
}
