//! Where each value of a function lives: an argument, a result, or a place in the scratch memory of its key.
//!
//! Reshapes and contiguous slices are views of their input. Everything else gets its own memory; scratch
//! memory is used again once the last use of a value has passed (first fit, so the plan is deterministic).

use crate::facts::key;
use cloakwork_ir::function::Function;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::TfheOp;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};
use std::collections::HashMap;

/// The memory that a value lives in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Memory {
    /// Argument `i`.
    Argument(usize),
    /// Result `i`.
    Output(usize),
    /// Scratch memory under secret key `k`.
    Scratch(usize),
}

/// A place: elements from `offset` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) memory: Memory,
    pub(crate) offset: usize,
}

/// Places of all ciphertext values, and the scratch memory they need.
#[derive(Debug)]
pub(crate) struct Workspace {
    places: HashMap<usize, Place>,
    /// Ciphertexts under each secret key.
    pub(crate) sizes: Vec<u64>,
    /// Returned values that must be copied to their result at the end.
    pub(crate) copies: Vec<usize>,
}

impl Workspace {
    /// The place of a ciphertext value of the function that was planned.
    pub(crate) fn place(&self, value: Value<'_, '_>) -> Place {
        self.places[&key(value)]
    }
}

/// A value that owns memory, while planning.
struct Root {
    elements: usize,
    key: usize,
    defined: usize,
    last_use: usize,
    memory: Option<Memory>,
}

/// Plans the function; `keys` are the names of the secret keys in the order of the keyset.
pub(crate) fn plan(function: Function<'_, '_>, keys: &[String]) -> Workspace {
    let mut roots: Vec<Root> = vec![];
    let mut views: HashMap<usize, (usize, usize)> = HashMap::new(); // value -> root, offset in it
    for (i, argument) in function.arguments().into_iter().enumerate() {
        let root = new_root(argument, 0, keys, Some(Memory::Argument(i)));
        views.insert(key(argument), (roots.len(), 0));
        roots.push(root);
    }
    let operations = function.operations();
    for (time, &op) in operations.iter().enumerate() {
        for value in op.operands() {
            if let Some(&(root, _)) = views.get(&key(value)) {
                roots[root].last_use = time;
            }
        }
        if TfheOp::of(op).is_none() {
            continue;
        }
        let result = walk::result(op);
        if !value_type(result).element.is_encrypted() {
            continue;
        }
        let view = view_offset(op).map(|offset| {
            let (root, base) = views[&key(walk::operand(op, 0))];
            (root, base + offset)
        });
        views.insert(key(result), view.unwrap_or((roots.len(), 0)));
        if view.is_none() {
            roots.push(new_root(result, time, keys, None));
        }
    }
    let mut copies = vec![];
    for (i, value) in function.returned().into_iter().enumerate() {
        let direct = views.get(&key(value)).filter(|&&(root, offset)| {
            offset == 0
                && roots[root].memory.is_none()
                && roots[root].elements == value_type(value).elements()
        });
        match direct {
            Some(&(root, _)) => roots[root].memory = Some(Memory::Output(i)),
            None => copies.push(i),
        }
    }
    let (offsets, sizes) = place_roots(&roots, keys.len());
    let places = views.into_iter().map(|(value, (root, offset))| {
        let memory = roots[root].memory.unwrap_or(Memory::Scratch(roots[root].key));
        (value, Place { memory, offset: offsets[root] + offset })
    });
    Workspace { places: places.collect(), sizes, copies }
}

fn new_root(value: Value<'_, '_>, time: usize, keys: &[String], memory: Option<Memory>) -> Root {
    let ty = value_type(value);
    let key = match &ty.element {
        Element::Lwe { key } => keys.iter().position(|name| name == key).unwrap_or(0),
        _ => 0,
    };
    Root { elements: ty.elements(), key, defined: time, last_use: time, memory }
}

/// First fit in the order of definition: offsets of the roots, and the size under each key.
fn place_roots(roots: &[Root], key_count: usize) -> (Vec<usize>, Vec<u64>) {
    let mut offsets = vec![0; roots.len()];
    let mut sizes = vec![0u64; key_count];
    let mut live: Vec<usize> = vec![];
    for (i, root) in roots.iter().enumerate() {
        if root.memory.is_some() {
            continue;
        }
        live.retain(|&other| roots[other].last_use >= root.defined);
        let mut taken: Vec<(usize, usize)> = live
            .iter()
            .filter(|&&other| roots[other].key == root.key)
            .map(|&other| (offsets[other], offsets[other] + roots[other].elements))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if offset + root.elements <= start {
                break;
            }
            offset = offset.max(end);
        }
        offsets[i] = offset;
        sizes[root.key] = sizes[root.key].max((offset + root.elements) as u64);
        live.push(i);
    }
    (offsets, sizes)
}

/// Offset in the input if the result is a view of it.
pub(crate) fn view_offset(op: OperationRef<'_, '_>) -> Option<usize> {
    match TfheOp::of(op)? {
        TfheOp::Linear(Linear::Reshape) => Some(0),
        TfheOp::Linear(Linear::Slice { offsets, strides }) => {
            let (input, result) = (value_type(walk::operand(op, 0)), value_type(walk::result(op)));
            contiguous_offset(input.shape(), result.shape(), &offsets, &strides)
        }
        _ => None,
    }
}

/// Row-major offset of a slice whose elements lie one behind the other.
fn contiguous_offset(input: &[usize], result: &[usize], offsets: &[usize], strides: &[i64]) -> Option<usize> {
    let first = result.iter().position(|&size| size != 1).unwrap_or(result.len());
    let contiguous = (first..result.len())
        .all(|axis| strides[axis] == 1 && (axis == first || result[axis] == input[axis]));
    contiguous.then(|| offsets.iter().zip(input).fold(0, |linear, (&offset, &size)| linear * size + offset))
}

/// The type of a value of the function.
pub(super) fn value_type(value: Value<'_, '_>) -> ValueType {
    ValueType::of(value.r#type()).expect("verified: a value of our types")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_that_are_views() {
        assert_eq!(contiguous_offset(&[4, 5], &[2, 5], &[1, 0], &[1, 1]), Some(5));
        assert_eq!(contiguous_offset(&[4, 5], &[1, 3], &[2, 1], &[1, 1]), Some(11));
        assert_eq!(contiguous_offset(&[4, 5], &[2, 3], &[0, 0], &[1, 1]), None);
        assert_eq!(contiguous_offset(&[9], &[3], &[1], &[2]), None);
        assert_eq!(contiguous_offset(&[9], &[1], &[7], &[-1]), Some(7));
    }

    #[test]
    fn memory_is_used_again() {
        let root = |defined, last_use, elements| Root { elements, key: 0, defined, last_use, memory: None };
        let roots = [root(0, 1, 4), root(1, 2, 3), root(2, 3, 4), root(3, 3, 2)];
        assert_eq!(place_roots(&roots, 1), (vec![0, 4, 0, 4], vec![7]));
    }
}
