//! How wide the inputs and results of operations on digits must be.
//!
//! What is left of an input of width `w` when `k` low bits are gone is a message of width `w − k`, so `w − k` must
//! hold the result. An approximate rounding is read by a lookup of width `w − k` whose boxes are the steps of the
//! result: noise may carry a value into the next box, so there must be one beyond the last on either side, unless
//! the values keep half a box away from the end. A result that can be led beyond its range (`fhe.reached`) has boxes enough for
//! saturating there.

use crate::facts::Range;
use cloakwork_abi::bounds::{self, Bounds};
use cloakwork_abi::encoding::{folding_width, width_of_range};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::digits::{Digits, Exactness};

/// What is known about the operand.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Input {
    pub(crate) range: Range,
    pub(crate) is_signed: bool,
    /// What the result can be led to beyond the range that it has of it.
    pub(crate) reached: Option<Bounds>,
}

/// Least widths.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    pub(crate) input: Width,
    pub(crate) result: Width,
}

/// The widths that an operation asks for beyond those of the ranges of its input and result.
pub(crate) fn asked_widths(digits: &Digits, input: Input) -> Asked {
    let nothing = Asked { input: Width(0), result: Width(0) };
    match *digits {
        Digits::Round { bits, exactness } | Digits::Truncate { bits, exactness } => {
            let exact =
                message_width(range_of(digits, input.range), input.is_signed).max(room(digits, input));
            let left = match exactness {
                Exactness::Exact => exact,
                Exactness::Approximate => exact.max(boxes(digits, bits, input).width),
            };
            Asked { input: Width(left.0 + bits), ..nothing }
        }
        Digits::LowBits { bits } if is_identity(bits, input.range) => nothing,
        Digits::LowBits { bits } => Asked { input: Width(bits), result: Width(bits) },
        Digits::BitOfDifference { position } => Asked { input: Width(position), ..nothing },
        Digits::LowBitsBelow { .. } | Digits::Bit { .. } | Digits::Reinterpret { .. } => nothing,
    }
}

/// Whether `x mod 2^bits` is `x` in that range.
pub(crate) fn is_identity(bits: u32, (lo, hi): Range) -> bool {
    lo >= 0 && i128::from(hi) < 1 << bits
}

/// Least and greatest result of an operation that keeps the order of values.
pub(crate) fn range_of(digits: &Digits, (lo, hi): Range) -> Range {
    let of = |value| digits.of_value(value).unwrap_or(value);
    (of(lo), of(hi))
}

/// Least width of messages of that range and signedness.
fn message_width((lo, hi): Range, is_signed: bool) -> Width {
    Width(width_of_range(lo, hi).0 + u32::from(is_signed && lo >= 0))
}

/// Bits of a result that is looked up, so that what its input can be led to saturates.
fn room(digits: &Digits, input: Input) -> Width {
    let Some((least, greatest)) = input.reached else { return Width(0) };
    let steps = match digits {
        // Noise may carry it by one.
        Digits::Round { exactness: Exactness::Approximate, .. }
        | Digits::Truncate { exactness: Exactness::Approximate, .. } => 1,
        Digits::Round { .. }
        | Digits::Truncate { .. }
        | Digits::LowBits { .. }
        | Digits::LowBitsBelow { .. }
        | Digits::Bit { .. }
        | Digits::BitOfDifference { .. }
        | Digits::Reinterpret { .. } => 0,
    };
    let range = bounds::wide(range_of(digits, input.range));
    folding_width(range, (least - steps, greatest + steps))
}

/// How the values of an approximate rounding meet the boxes of a lookup.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Boxes {
    /// Of the lookup.
    pub(crate) width: Width,
    /// Added to the result, so that there is a box below the first.
    pub(crate) bias: i64,
    /// Added to the input in halves of its unit, without the bias, so that the nearest box is the result's.
    pub(crate) half_steps: i64,
}

/// The fewest boxes with which no value comes closer than half a box to the end of the table.
pub(crate) fn boxes(digits: &Digits, bits: u32, input: Input) -> Boxes {
    let half_steps = match digits {
        Digits::Truncate { .. } => 1 - (1 << bits),
        Digits::Round { .. }
        | Digits::LowBits { .. }
        | Digits::LowBitsBelow { .. }
        | Digits::Bit { .. }
        | Digits::BitOfDifference { .. }
        | Digits::Reinterpret { .. } => 1,
    };
    // In halves of the input's unit.
    let of_box = 1i128 << (bits + 1);
    let (lo, hi) = (2 * i128::from(input.range.0), 2 * i128::from(input.range.1));
    let fits = |width: u32, bias: i64| {
        let shift = i128::from(half_steps) + i128::from(bias) * of_box;
        let (first, last) = match input.is_signed {
            true => (-(1i128 << (width - 1)), (1i128 << (width - 1)) - 1),
            false => (0, (1i128 << width) - 1),
        };
        lo + shift >= first * of_box && hi + shift <= last * of_box
    };
    let found = (room(digits, input).0.max(1)..=64).find_map(|width| {
        let bias = (0..=i64::from(!input.is_signed)).find(|&bias| fits(width, bias))?;
        Some((width, bias))
    });
    let (width, bias) = found.unwrap_or((64, 0));
    Boxes { width: Width(width), bias, half_steps }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn approximate(is_round: bool, bits: u32, range: Range) -> Boxes {
        let exactness = Exactness::Approximate;
        let digits =
            if is_round { Digits::Round { bits, exactness } } else { Digits::Truncate { bits, exactness } };
        boxes(&digits, bits, Input { range, is_signed: range.0 < 0, reached: None })
    }

    #[test]
    fn ends_of_the_table_are_half_a_box_away() {
        let found = |is_round, range| {
            let boxes = approximate(is_round, 4, range);
            (boxes.width.0, boxes.bias)
        };
        // 0 to 16 by rounding, 0 at the middle of its box.
        assert_eq!(found(true, (0, 255)), (5, 0));
        // 0 to 15 by truncation, 0 at the lower end of its box and 255 at the upper end: −1 to 16, moved by one.
        assert_eq!(found(false, (0, 255)), (5, 1));
        // 15 at the middle of its box, and just beyond it.
        assert_eq!((found(true, (0, 239)), found(true, (0, 240))), ((4, 0), (5, 0)));
        assert_eq!((found(true, (-128, 111)), found(true, (-128, 112))), ((4, 0), (5, 0)));
        assert_eq!((found(false, (-128, 120)), found(false, (-120, 119))), ((5, 0), (4, 0)));
    }

    #[test]
    fn what_is_left_holds_the_result() {
        let exactness = Exactness::Exact;
        let asked = |digits, range: Range| {
            asked_widths(&digits, Input { range, is_signed: range.0 < 0, reached: None }).input.0
        };
        assert_eq!(asked(Digits::Truncate { bits: 3, exactness }, (0, 255)), 8);
        assert_eq!(asked(Digits::Round { bits: 3, exactness }, (0, 255)), 9);
        assert_eq!(asked(Digits::Round { bits: 3, exactness }, (-128, 123)), 8);
        assert_eq!(asked(Digits::LowBits { bits: 3 }, (-1, 0)), 3);
        assert_eq!(asked(Digits::LowBits { bits: 3 }, (0, 7)), 0);
    }
}
