//! How a clear integer lies on the torus, one formula for the compiler, the client and the simulator.
//!
//! A message `m` of `width` bits is encoded as `m · 2^(63 − width) (mod 2^64)`: one bit of padding on
//! top, so that a lookup can be negacyclic, then the message, then room for noise. Signed messages
//! are taken modulo `2^64`, that is, in two's complement over padding and message bits.

use crate::bounds::Bounds;
use crate::parameters::Width;

/// Widest message that a program may hold.
pub const MAX_WIDTH: Width = Width(62);
/// Widest message that a table can be looked up with directly.
pub const MAX_LOOKUP_WIDTH: Width = Width(16);

/// Weight of one unit of the message, `2^(63 − width)`.
pub fn delta(width: Width) -> u64 {
    1 << (63 - width.0)
}

/// `m · Δ (mod 2^64)`
pub fn encode(message: i64, width: Width) -> u64 {
    (message as u64).wrapping_mul(delta(width))
}

/// The message nearest to `phase`: unsigned in `[0, 2^width)`, signed in `[−2^(width−1), 2^(width−1))`.
///
/// Without an overflow and with noise below `Δ/2` this undoes [`encode`].
pub fn decode(phase: u64, width: Width, is_signed: bool) -> i64 {
    let units = phase.wrapping_add(delta(width) / 2) >> (63 - width.0); // width + 1 bits, padding on top
    let modulus = 1u64 << width.0;
    let message = units & (modulus - 1);
    if is_signed && message >= modulus / 2 { message as i64 - modulus as i64 } else { message as i64 }
}

/// Least and greatest message of a width.
pub fn bounds(width: Width, is_signed: bool) -> (i64, i64) {
    if is_signed {
        (-(1i64 << (width.0 - 1)), (1i64 << (width.0 - 1)) - 1)
    } else {
        (0, (1i64 << width.0) - 1)
    }
}

/// Least width that holds every integer of `lo..=hi`; signed exactly if `lo` is negative. At least 1.
pub fn width_of_range(lo: i64, hi: i64) -> Width {
    width_of_bounds((lo.into(), hi.into()))
}

/// [`width_of_range`] of any integers.
pub fn width_of_bounds((lo, hi): Bounds) -> Width {
    let bits = |value: i128| 128 - value.leading_zeros();
    if lo < 0 {
        let magnitude = |value: i128| if value < 0 { bits(!value) } else { bits(value) };
        Width(magnitude(lo).max(magnitude(hi)) + 1)
    } else {
        Width(bits(hi).max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_of_small_widths_comes_back() {
        for width in (1..=10).map(Width) {
            for is_signed in [false, true] {
                let (lo, hi) = bounds(width, is_signed);
                for message in lo..=hi {
                    for noise in [0, delta(width) / 2 - 1, (delta(width) / 2).wrapping_neg()] {
                        let phase = encode(message, width).wrapping_add(noise);
                        assert_eq!(decode(phase, width, is_signed), message, "{width:?} {is_signed}");
                    }
                }
            }
        }
    }

    #[test]
    fn widths_of_ranges() {
        let cases = [
            (0, 0, 1),
            (0, 1, 1),
            (0, 2, 2),
            (0, 255, 8),
            (0, 256, 9),
            (-1, 0, 1),
            (-1, 1, 2),
            (-2, 1, 2),
            (-3, 1, 3),
            (-128, 127, 8),
            (-128, 128, 9),
            (-1, 255, 9),
        ];
        for (lo, hi, width) in cases {
            assert_eq!(width_of_range(lo, hi), Width(width), "{lo}..={hi}");
        }
    }
}
