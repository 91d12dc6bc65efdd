//! Balanced digits of the coefficients that an external product takes apart.
//!
//! A coefficient is rounded to `base_log·level` bits and becomes digits in `[−B/2, B/2]`. A rounded coefficient or
//! a rest of exactly half of what its digits reach goes up or down by bits that stand beside it, so that digits
//! have mean 0: a mean would be noise that all ciphertexts share.

use super::simd::{Integers, Simd};
use cloakwork_abi::parameters::Decomposition;

/// What digits are made with.
#[derive(Clone, Copy)]
pub(super) struct Gadget<S: Simd> {
    /// To one bit more than is kept, then what rounds, then to what is kept.
    rounding: [S::Integers; 3],
    base_log: S::Integers,
    half_bits: S::Integers,
    low_bits: S::Integers,
    one: S::Integers,
}

impl<S: Simd> Gadget<S> {
    /// `base_log·level` is at most 64.
    #[inline(always)]
    pub(super) fn new(simd: S, Decomposition { base_log, level }: Decomposition) -> Self {
        let splat = |value: i64| simd.integer(value);
        let base_log = i64::from(base_log);
        let left = 64 - base_log * i64::from(level);
        Self {
            rounding: if left > 0 { [left - 1, 1, 1].map(splat) } else { [0, 0, 0].map(splat) },
            base_log: splat(base_log),
            half_bits: splat(base_log - 1),
            low_bits: splat(1i64.checked_shl(base_log as u32).unwrap_or(0).wrapping_sub(1)),
            one: splat(1),
        }
    }

    /// The rounded coefficients; with one level these are the digits.
    #[inline(always)]
    pub(super) fn round(&self, coefficients: S::Integers) -> S::Integers {
        let [more, half, rest] = self.rounding;
        coefficients.shift_right_signed(more).add(half).shift_right_signed(rest)
    }

    /// Takes the finest digits off; what is left after all but one are the coarsest digits.
    #[inline(always)]
    pub(super) fn take(&self, state: &mut S::Integers) -> S::Integers {
        let digits = state.and(self.low_bits);
        let rest = state.shift_right_signed(self.base_log);
        // 1 if a digit is above B/2, or B/2 and the rest has the bit of the same weight.
        let carry = digits.sub(self.one).or(rest).and(digits).shift_right(self.half_bits);
        *state = rest.add(carry);
        digits.sub(carry.shift_left(self.base_log))
    }
}
