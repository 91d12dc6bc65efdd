//! Which maps can be computed on digits, and bounds of their results.

use crate::facts::key;
use cloakwork_abi::bounds::{Bounds, join};
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, width_of_bounds};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::exact_map;
use cloakwork_ir::pairwise::Pairwise;
use cloakwork_ir::walk;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef};
use std::collections::HashMap;

/// Whether integers of that range are too wide for a table.
pub(crate) fn is_wide(range: Bounds) -> bool {
    width_of_bounds(range) > MAX_LOOKUP_WIDTH
}

/// Bounds of what the body of a map yields for operands of those ranges; `None` if it does something that digits cannot, or
/// leaves 64 bits.
pub(crate) fn bounds(body: BlockRef<'_, '_>, operands: &[Bounds]) -> Option<Bounds> {
    bounds_and_hull(body, operands).map(|(result, _)| result)
}

/// [`bounds`], and those of everything in between together.
pub(crate) fn bounds_and_hull(body: BlockRef<'_, '_>, operands: &[Bounds]) -> Option<(Bounds, Bounds)> {
    let mut known: HashMap<usize, Bounds> = HashMap::new();
    let mut hull = operands.iter().copied().reduce(join)?;
    for (i, &range) in operands.iter().enumerate() {
        known.insert(key(body.argument(i).ok()?.into()), range);
    }
    let mut current = body.first_operation();
    while let Some(op) = current {
        let of_body = |value| known.get(&key(value)).copied();
        let ranges: Vec<Bounds> = op.operands().map(of_body).collect::<Option<_>>()?;
        if walk::name(&op) == "fhe.yield" {
            return ranges.first().map(|&result| (result, hull));
        }
        let range = step(op, &ranges).filter(|&range| is_of_64_bits(range))?;
        hull = join(hull, range);
        known.insert(key(walk::result(op)), range);
        current = op.next_in_block();
    }
    None
}

/// Whether each bound has a word.
fn is_of_64_bits((lo, hi): Bounds) -> bool {
    lo >= i64::MIN.into() && hi <= u64::MAX.into()
}

fn step(op: OperationRef<'_, '_>, ranges: &[Bounds]) -> Option<Bounds> {
    let name = walk::name(&op);
    match (name.as_str(), ranges) {
        ("arith.constant", []) => attr::get_i64(&op, "value").map(|value| (value.into(), value.into())),
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
        (_, [x, y]) => of_pair(exact_map::function(&name, op)?, *x, *y),
        _ => None,
    }
}

/// Bounds of a function of two integers.
pub(super) fn of_pair(function: Pairwise, x: Bounds, y: Bounds) -> Option<Bounds> {
    match function {
        Pairwise::Compare(_) => Some((0, 1)),
        Pairwise::And | Pairwise::Or | Pairwise::Xor => {
            // Bits reach as far as those of either operand.
            let is_signed = x.0 < 0 || y.0 < 0;
            let bits = |(lo, hi): Bounds| width_of_bounds((lo.min(if is_signed { -1 } else { 0 }), hi)).0;
            let most = (1i128 << (bits(x).max(bits(y)) - u32::from(is_signed))) - 1;
            Some((if is_signed { -most - 1 } else { 0 }, most))
        }
        Pairwise::Mul | Pairwise::Min | Pairwise::Max | Pairwise::ShiftLeft | Pairwise::ShiftRight => {
            let corners = [(x.0, y.0), (x.0, y.1), (x.1, y.0), (x.1, y.1)];
            let values: Vec<i128> =
                corners.iter().map(|&(x, y)| function.of_exact(x, y)).collect::<Option<_>>()?;
            values.into_iter().map(|value| (value, value)).reduce(join)
        }
    }
}
