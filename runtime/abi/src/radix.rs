//! Integers that are too wide for one ciphertext: digits of a power of two as base, one ciphertext each.
//!
//! The digits of a value are those of its residue modulo `2^(bits · count)`, lowest first, each in `[0, 2^bits)`; negative
//! values are thus in two's complement. Words of values beyond `i64` are unsigned, see [`crate::bounds`]. Digits that a program returns may have any size: they stand for `Σ dᵢ · 2^(bits · i)`.

use crate::bounds::Bounds;
use serde::{Deserialize, Serialize};

/// How many digits of how many bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Radix {
    /// Bits of a digit.
    pub bits: u32,
    /// Number of digits.
    pub count: u32,
    /// Whether the residue stands for a value in `[−2^(bits·count − 1), 2^(bits·count − 1))` or in `[0, 2^(bits·count))`.
    pub is_signed: bool,
}

impl Radix {
    /// The fewest digits of `bits` bits that hold all of `lo..=hi`; signed exactly if `lo` is negative.
    pub fn of_range(range: Bounds, bits: u32) -> Self {
        let width = crate::encoding::width_of_bounds(range).0;
        Self { bits, count: width.div_ceil(bits), is_signed: range.0 < 0 }
    }

    /// Bits of all digits together.
    pub fn width(self) -> u32 {
        self.bits * self.count
    }

    /// Least and greatest value that the digits hold.
    pub fn limits(self) -> Bounds {
        let width = self.width().min(126);
        match self.is_signed {
            true => (-(1 << (width - 1)), (1 << (width - 1)) - 1),
            false => (0, (1 << width) - 1),
        }
    }

    /// Least and greatest value that is a word: [`Self::limits`], but for digits that hold more.
    pub fn bounds(self) -> Bounds {
        Self { bits: 1, count: self.width().min(64), ..self }.limits()
    }

    /// The digits of a value, lowest first.
    pub fn digits(self, value: i128) -> impl Iterator<Item = i64> {
        (0..self.count).map(move |i| ((value >> (self.bits * i)) & ((1 << self.bits) - 1)) as i64)
    }

    /// The word of the value that digits of any size stand for, modulo `2^(bits · count)`.
    pub fn value(self, digits: impl IntoIterator<Item = i64>) -> i64 {
        let wrapped = digits.into_iter().enumerate().fold(0u128, |sum, (i, digit)| {
            sum.wrapping_add((i128::from(digit) as u128).wrapping_shl(self.bits * i as u32))
        });
        let width = self.width().min(127);
        let residue = wrapped & ((1 << width) - 1);
        let is_negative = self.is_signed && residue >> (width - 1) & 1 == 1;
        let value = if is_negative { residue as i128 - (1 << width) } else { residue as i128 };
        value as i64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bounds::of_word;

    const LEAST: i128 = i64::MIN as i128;
    const MOST: i128 = i64::MAX as i128;
    const UNSIGNED: i128 = u64::MAX as i128;

    #[test]
    fn every_value_comes_back() {
        for bits in 1..=8 {
            for range in
                [(0, 255), (-128, 127), (-1, 0), (0, MOST), (0, UNSIGNED), (LEAST, MOST), (-70_000, 3)]
            {
                let radix = Radix::of_range(range, bits);
                assert!(radix.bounds().0 <= range.0 && range.1 <= radix.bounds().1, "{radix:?}");
                for value in [range.0, range.1, 0, range.0 / 3, range.1 / 7 * 5] {
                    let digits: Vec<i64> = radix.digits(value).collect();
                    let read = |digits: &[i64]| of_word(radix.value(digits.iter().copied()), range);
                    assert!(digits.iter().all(|digit| (0..1 << bits).contains(digit)));
                    assert_eq!(read(&digits), value, "{radix:?}");
                }
            }
        }
    }

    #[test]
    fn digits_of_any_size_carry() {
        let radix = Radix { bits: 4, count: 3, is_signed: true };
        assert_eq!(radix.value([-1, 0, 0]), -1);
        assert_eq!(radix.value([31, -2, 1]), 31 - 32 + 256);
        assert_eq!(radix.value([0, 0, 8]), -2048);
    }
}
