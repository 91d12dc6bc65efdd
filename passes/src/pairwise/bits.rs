//! Functions of the bits of two values, and shifts by an encrypted amount.

use crate::facts::{Range, fail};
use crate::pairwise::method::How;
use crate::pairwise::product::{scaled_by_bit, select};
use crate::pairwise::site::{Site, Term};
use crate::pass::Failed;
use cloakwork_abi::encoding::MAX_LOOKUP_WIDTH;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::pairwise::Pairwise;

/// Bits of values that are multiplied by a bit at once where a shift goes bit by bit.
const CHUNK: u32 = 4;

/// `and`, `or`, `xor` in two's complement.
pub(crate) fn bitwise<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    function: Pairwise,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    let of = |x: i64, y: i64| function.of_pair(x, y).unwrap_or_default();
    match how {
        How::Packed => site.packed(x, y, of),
        How::Chunks(size) => {
            // What is above the lowest chunks of both is the function of what is above them in each.
            let count = x.width().max(y.width()).0.div_ceil(size);
            let (xs, ys) = (site.chunks(x, size, count), site.chunks(y, size, count));
            let mut parts = vec![];
            for (x, y) in xs.into_iter().zip(ys) {
                let shift = x.shift;
                parts.push(site.packed(x.digit, y.digit, move |x, y| of(x, y) << shift)?);
            }
            site.sum(parts)
        }
        How::Table
        | How::Casted
        | How::Sign
        | How::QuarterSquares
        | How::HalfSquares
        | How::Bits
        | How::Whole
        | How::OneHot(_) => Err(fail(site.op, "functions of bits are not done that way")),
    }
}

/// `x · 2^amount` or `⌊x / 2^amount⌋`.
pub(crate) fn shift<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    function: Pairwise,
    (x, amount): (Term<'c, 'a>, Term<'c, 'a>),
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    match how {
        How::Packed => site.packed(x, amount, |x, amount| function.of_pair(x, amount).unwrap_or_default()),
        How::Bits => {
            let mut shifted = x;
            let count = amount.width().0;
            for (i, bit) in site.chunks(amount, 1, count).into_iter().enumerate() {
                let by = 1u32 << i.min(6);
                shifted =
                    match function {
                        Pairwise::ShiftLeft => {
                            let most = amount.range.1.min((2 << i) - 1);
                            let range = left(x.range, most).ok_or_else(|| too_far(site))?;
                            let factor = (1i64 << by) - 1;
                            let more =
                                scaled_by_bit(site, bit.digit, shifted, (factor, range), fitting(shifted))?;
                            let sum = site.add(shifted, more)?;
                            site.within(sum, range)
                        }
                        _ => {
                            let less = site.truncated(shifted, by.min(63));
                            match fitting(shifted) {
                                How::Packed => site.packed(bit.digit, shifted, |bit, x| {
                                    if bit == 1 { x >> by.min(63) } else { x }
                                })?,
                                how => select(site, bit.digit, (less, shifted), how)?,
                            }
                        }
                    };
            }
            Ok(shifted)
        }
        How::Chunks(_)
        | How::Table
        | How::Casted
        | How::Sign
        | How::QuarterSquares
        | How::HalfSquares
        | How::Whole
        | How::OneHot(_) => Err(fail(site.op, "shifts are not done that way")),
    }
}

/// Bounds of a value that is shifted by 0 to `most`.
fn left((lo, hi): Range, most: i64) -> Option<Range> {
    let [a, b] = [lo, hi].map(|end| Pairwise::ShiftLeft.of_pair(end, most));
    Some((lo.min(a?), hi.max(b?)))
}

fn too_far(site: &Site<'_, '_>) -> Failed {
    fail(site.op, "the shifted value leaves 64 bits; make the amount smaller")
}

/// How a value is multiplied by a bit.
fn fitting(x: Term<'_, '_>) -> How {
    match Width(x.width().0 + 1) <= MAX_LOOKUP_WIDTH && x.width().0 <= CHUNK + 3 {
        true => How::Packed,
        false => How::Chunks(CHUNK),
    }
}
