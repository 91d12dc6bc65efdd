//! Which maps can be computed on digits, and bounds of their results.

use crate::facts::{Range, join, key};
use crate::wide::maps::pairwise;
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, width_of_range};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::pairwise::Pairwise;
use cloakwork_ir::walk;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef};
use std::collections::HashMap;

/// Whether integers of that range are too wide for a table.
pub(crate) fn is_wide((lo, hi): Range) -> bool {
    width_of_range(lo, hi) > MAX_LOOKUP_WIDTH
}

/// Bounds of what the body of a map yields for operands of those ranges; `None` if it does something that digits cannot, or
/// leaves 64 bits.
pub(crate) fn bounds(body: BlockRef<'_, '_>, operands: &[Range]) -> Option<Range> {
    let mut known: HashMap<usize, Range> = HashMap::new();
    for (i, &range) in operands.iter().enumerate() {
        known.insert(key(body.argument(i).ok()?.into()), range);
    }
    let mut current = body.first_operation();
    while let Some(op) = current {
        let of_body = |value| known.get(&key(value)).copied();
        let ranges: Vec<Range> = op.operands().map(of_body).collect::<Option<_>>()?;
        if walk::name(&op) == "fhe.yield" {
            return ranges.first().copied();
        }
        known.insert(key(walk::result(op)), step(op, &ranges)?);
        current = op.next_in_block();
    }
    None
}

fn step(op: OperationRef<'_, '_>, ranges: &[Range]) -> Option<Range> {
    let name = walk::name(&op);
    match (name.as_str(), ranges) {
        ("arith.constant", []) => attr::get_i64(&op, "value").map(|value| (value, value)),
        ("arith.extui" | "arith.index_cast", [x]) => Some(*x),
        ("arith.addi", [x, y]) => Some((x.0.checked_add(y.0)?, x.1.checked_add(y.1)?)),
        ("arith.subi", [x, y]) => Some((x.0.checked_sub(y.1)?, x.1.checked_sub(y.0)?)),
        ("arith.floordivsi", [x, (divisor, other)]) if divisor == other && *divisor > 0 => {
            Some((x.0.div_euclid(*divisor), x.1.div_euclid(*divisor)))
        }
        ("math.absi", [x]) => {
            let (lo, hi) = (x.0.checked_abs()?, x.1.checked_abs()?);
            Some((if x.0 <= 0 && x.1 >= 0 { 0 } else { lo.min(hi) }, lo.max(hi)))
        }
        ("arith.select", [_, x, y]) => Some(join(*x, *y)),
        (_, [x, y]) => of_pair(pairwise(&name, op)?, *x, *y),
        _ => None,
    }
}

/// Bounds of a function of two integers.
pub(super) fn of_pair(function: Pairwise, x: Range, y: Range) -> Option<Range> {
    match function {
        Pairwise::Compare(_) => Some((0, 1)),
        Pairwise::And | Pairwise::Or | Pairwise::Xor => {
            // Bits reach as far as those of either operand.
            let bits = |(lo, hi): Range| width_of_range(lo.min(0), hi).0;
            let reach = bits(x).max(bits(y)).min(64);
            let most = (1i128 << (reach - 1).max(1)) - 1;
            let least = if x.0 < 0 || y.0 < 0 { -most - 1 } else { 0 };
            Some((i64::try_from(least).ok()?, i64::try_from(most.max(x.1.into()).max(y.1.into())).ok()?))
        }
        Pairwise::Mul | Pairwise::Min | Pairwise::Max | Pairwise::ShiftLeft | Pairwise::ShiftRight => {
            let corners = [(x.0, y.0), (x.0, y.1), (x.1, y.0), (x.1, y.1)];
            let values: Vec<i64> =
                corners.iter().map(|&(x, y)| function.of_pair(x, y)).collect::<Option<_>>()?;
            values.into_iter().map(|value| (value, value)).reduce(join)
        }
    }
}
