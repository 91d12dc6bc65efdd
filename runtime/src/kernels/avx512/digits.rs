//! Balanced digits of the coefficients that an external product takes apart.
//!
//! A coefficient is rounded to `base_log·level` bits and becomes digits in `[−B/2, B/2]`. A rounded coefficient or
//! a rest of exactly half of what its digits reach goes up or down by bits that stand beside it, so that digits
//! have mean 0: a mean would be noise that all ciphertexts share.

use super::Avx512;
use super::vector::I64x8;
use cloakwork_abi::parameters::Decomposition;

/// What digits are made with.
#[derive(Clone, Copy)]
pub(super) struct Gadget {
    /// To one bit more than is kept, then what rounds, then to what is kept.
    rounding: (I64x8, I64x8, I64x8),
    base_log: I64x8,
    half_bits: I64x8,
    low_bits: I64x8,
    one: I64x8,
}

impl Gadget {
    /// `base_log·level` is at most 64.
    pub(super) fn new(avx512: Avx512, Decomposition { base_log, level }: Decomposition) -> Self {
        let splat = |value: i64| I64x8::splat(avx512, value);
        let base_log = i64::from(base_log);
        let left = 64 - base_log * i64::from(level);
        let rounding = if left > 0 { (left - 1, 1, 1) } else { (0, 0, 0) };
        Self {
            rounding: (splat(rounding.0), splat(rounding.1), splat(rounding.2)),
            base_log: splat(base_log),
            half_bits: splat(base_log - 1),
            low_bits: splat(1i64.checked_shl(base_log as u32).unwrap_or(0).wrapping_sub(1)),
            one: splat(1),
        }
    }

    /// The rounded coefficients; with one level these are the digits.
    #[inline(always)]
    pub(super) fn round(&self, coefficients: I64x8) -> I64x8 {
        let (more, half, rest) = self.rounding;
        coefficients.shift_right_signed(more).add(half).shift_right_signed(rest)
    }

    /// Takes the finest digits off; what is left after all but one are the coarsest digits.
    #[inline(always)]
    pub(super) fn take(&self, state: &mut I64x8) -> I64x8 {
        let digits = state.and(self.low_bits);
        let rest = state.shift_right_signed(self.base_log);
        // 1 if a digit is above B/2, or B/2 and the rest has the bit of the same weight.
        let carry = digits.sub(self.one).or(rest).and(digits).shift_right(self.half_bits);
        *state = rest.add(carry);
        digits.sub(carry.shift_left(self.base_log))
    }
}
