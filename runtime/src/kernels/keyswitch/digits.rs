//! The digits of masks, cut into signed parts as [`super::product`] takes them.

use super::product::Group;
use cloakwork_abi::parameters::Decomposition;

/// Signed parts of `32/P` bits that a digit in `[−B/2, B/2]` takes; beyond `P` nothing is left modulo `2^32`.
pub(super) fn parts<const P: usize>(decomposition: Decomposition) -> usize {
    ((decomposition.base_log / Group::<P>::LIMB) as usize + 1).min(P)
}

/// The `bits` most significant bits, rounded, as a signed number in `[−2^(bits−1), 2^(bits−1)]`; of the two
/// ends, which are equal on the torus, the bit that is rounded away decides. `bits` is at most 63.
// Source: tfhe-rs, initial state of its signed decomposer.
#[inline(always)]
pub(super) fn rounded(coefficient: u64, bits: u32) -> u64 {
    let more = coefficient >> (63 - bits);
    let kept = (more + 1) >> 1 & (u64::MAX >> (64 - bits));
    let is_upper = ((kept.wrapping_sub(1) | (more & 1) << (bits - 1)) & kept) >> (bits - 1);
    kept.wrapping_sub(is_upper << bits)
}

/// Takes the finest digits off the states. Of `P` equal stretches of states those at one position go together:
/// `packed` holds their parts, by part and position, the first stretch lowest.
#[inline(always)]
pub(super) fn take_level<const P: usize>(states: &mut [u64], base_log: u32, packed: &mut [u32]) {
    let (limb, positions) = (Group::<P>::LIMB, states.len() / P);
    for (part, packed) in packed.chunks_exact_mut(positions).enumerate() {
        let below = Group::<P>::below(part);
        packed.fill(0);
        for (row, states) in states.chunks_exact(positions).enumerate() {
            for (packed, state) in packed.iter_mut().zip(states) {
                let digit = take(*state, base_log).0.wrapping_add(below).cast_signed();
                let part = (digit >> (limb * part as u32)) as u64 & ((1 << limb) - 1);
                *packed |= (part as u32) << (limb * row as u32);
            }
        }
    }
    for state in states {
        *state = take(*state, base_log).1;
    }
}

/// The finest digit, and what is left above it.
// Source: tfhe-rs, balanced decomposition: a digit of B/2 becomes −B/2 if the next has the bit of that weight.
#[inline(always)]
fn take(state: u64, base_log: u32) -> (u64, u64) {
    let digit = state & ((1 << base_log) - 1);
    let rest = (state.cast_signed() >> base_log).cast_unsigned();
    let carry = ((digit.wrapping_sub(1) | rest) & digit) >> (base_log - 1);
    (digit.wrapping_sub(carry << base_log), rest.wrapping_add(carry))
}
