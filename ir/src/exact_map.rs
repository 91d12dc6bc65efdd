//! The body of an `fhe.map` on integers of which some exceed `i64`: what digits can compute, one element at a time.

use crate::attributes as attr;
use crate::pairwise::{Pairwise, Predicate};
use crate::walk;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef, ValueLike};
use std::collections::BTreeMap;

/// The results for columns of one length; `None` where an operation is another, or its result has more than 64 bits.
pub(crate) fn evaluate(body: BlockRef<'_, '_>, arguments: &[Vec<i128>]) -> Option<Vec<i128>> {
    let count = arguments.first().map_or(0, Vec::len);
    (0..count).map(|i| one(body, &arguments.iter().map(|column| column[i]).collect::<Vec<_>>())).collect()
}

fn one(body: BlockRef<'_, '_>, arguments: &[i128]) -> Option<i128> {
    let mut known: BTreeMap<usize, i128> = BTreeMap::new();
    for (i, &argument) in arguments.iter().enumerate() {
        known.insert(body.argument(i).ok()?.to_raw().ptr as usize, argument);
    }
    let mut current = body.first_operation();
    while let Some(op) = current {
        let of_body = |value: melior::ir::Value<'_, '_>| known.get(&(value.to_raw().ptr as usize)).copied();
        let operands: Vec<i128> = op.operands().map(of_body).collect::<Option<_>>()?;
        if walk::name(&op) == "fhe.yield" {
            return operands.first().copied();
        }
        let result = step(op, &operands)?;
        known.insert(walk::result(op).to_raw().ptr as usize, result);
        current = op.next_in_block();
    }
    None
}

fn step(op: OperationRef<'_, '_>, operands: &[i128]) -> Option<i128> {
    let name = walk::name(&op);
    let result = match (name.as_str(), operands) {
        ("arith.constant", []) => attr::get_i64(&op, "value")?.into(),
        ("arith.extui" | "arith.index_cast", [x]) => *x,
        ("arith.addi", [x, y]) => x.checked_add(*y)?,
        ("arith.subi", [x, y]) => x.checked_sub(*y)?,
        ("arith.floordivsi", [x, y]) if *y > 0 => x.div_euclid(*y),
        ("math.absi", [x]) => x.abs(),
        ("arith.select", [choice, x, y]) => *(if *choice == 1 { x } else { y }),
        (_, [x, y]) => function(&name, op)?.of_exact(*x, *y)?,
        _ => return None,
    };
    (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&result).then_some(result)
}

/// The function of two integers that an operation in a body is.
pub fn function(name: &str, op: OperationRef<'_, '_>) -> Option<Pairwise> {
    Some(match name {
        "arith.muli" => Pairwise::Mul,
        "arith.minsi" => Pairwise::Min,
        "arith.maxsi" => Pairwise::Max,
        "arith.andi" => Pairwise::And,
        "arith.ori" => Pairwise::Or,
        "arith.xori" => Pairwise::Xor,
        "arith.shli" => Pairwise::ShiftLeft,
        "arith.shrsi" => Pairwise::ShiftRight,
        "arith.cmpi" => Pairwise::Compare(match attr::get_i64(&op, "predicate")? {
            0 => Predicate::Equal,
            1 => Predicate::NotEqual,
            2 => Predicate::Less,
            3 => Predicate::LessEqual,
            4 => Predicate::Greater,
            5 => Predicate::GreaterEqual,
            _ => return None,
        }),
        _ => return None,
    })
}
