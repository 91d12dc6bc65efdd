//! Comparisons, the lesser and the greater: by the difference of the operands.

use crate::facts::{Range, fail};
use crate::pairwise::method::How;
use crate::pairwise::product::by_bit;
use crate::pairwise::site::{Digit, Site, Term};
use crate::pass::Failed;
use cloakwork_abi::encoding::width_of_range;
use cloakwork_ir::pairwise::Predicate;

/// 1 where the relation holds, else 0.
pub(crate) fn compare<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    predicate: Predicate,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    if let Some(result) = decided(predicate, x.range, y.range) {
        return Ok(site.constant(i64::from(result)));
    }
    // `x ≤ y` is not `y < x`, and so on.
    let (x, y, is_negated) = match predicate {
        Predicate::Less => (x, y, false),
        Predicate::GreaterEqual => (x, y, true),
        Predicate::Greater => (y, x, false),
        Predicate::LessEqual => (y, x, true),
        Predicate::Equal => (x, y, false),
        Predicate::NotEqual => (x, y, true),
    };
    let is_order = !matches!(predicate, Predicate::Equal | Predicate::NotEqual);
    let bit = match how {
        How::Sign if is_order => site.below(x, y).ok_or_else(|| too_wide(site))?,
        How::Table | How::Sign => {
            let difference = site.sub(x, y)?;
            return site.lookup(difference, |difference| {
                let holds = if is_order { difference < 0 } else { difference == 0 };
                i64::from(holds != is_negated)
            });
        }
        How::Chunks(size) if is_order => {
            let difference = site.sub(x, y)?;
            let more = difference.width().0.saturating_sub(size + 1);
            let rest = site.truncated(difference, more);
            site.below(rest, site.constant(0)).ok_or_else(|| too_wide(site))?
        }
        How::Chunks(size) => {
            let difference = site.sub(x, y)?;
            let count = difference.width().0.div_ceil(size);
            let mut on = vec![];
            for Digit { digit, .. } in site.chunks(difference, size, count) {
                on.push(site.lookup(digit, |digit| i64::from(digit != 0))?);
            }
            let on = site.sum(on)?;
            return site.lookup(on, |on| i64::from((on == 0) != is_negated));
        }
        How::Packed
        | How::Casted
        | How::QuarterSquares
        | How::HalfSquares
        | How::Bits
        | How::Whole
        | How::OneHot(_) => {
            return Err(fail(site.op, "comparisons are not done that way"));
        }
    };
    if is_negated { site.not(bit) } else { Ok(bit) }
}

/// `min(x, y) = y + min(x − y, 0)`, and the same for the greater; wide values are selected.
pub(crate) fn extreme<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    is_max: bool,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    let ((a, b), (c, d)) = (x.range, y.range);
    if b <= c || d <= a {
        return Ok(if is_max == (b <= c) { y } else { x });
    }
    let range = if is_max { (a.max(c), b.max(d)) } else { (a.min(c), b.min(d)) };
    let difference = site.sub(x, y)?;
    let part = match how {
        How::Table => {
            site.lookup(difference, |difference| if is_max { difference.max(0) } else { difference.min(0) })?
        }
        How::Chunks(size) => {
            let (least, most) = if is_max { (y, x) } else { (x, y) };
            let is_taken = compare(site, Predicate::Less, (least, most), narrow(least, most, size))?;
            by_bit(site, is_taken, difference, How::Chunks(size))?
        }
        How::Sign
        | How::Packed
        | How::Casted
        | How::QuarterSquares
        | How::HalfSquares
        | How::Bits
        | How::Whole
        | How::OneHot(_) => {
            return Err(fail(site.op, "the lesser and the greater are not found that way"));
        }
    };
    let sum = site.add(part, y)?;
    Ok(site.within(sum, range))
}

/// By the sign where its lookup is not much wider than a chunk.
fn narrow(x: Term<'_, '_>, y: Term<'_, '_>, size: u32) -> How {
    let difference = width_of_range(x.range.0.saturating_sub(y.range.1), x.range.1.saturating_sub(y.range.0));
    if difference.0 <= size + 3 { How::Sign } else { How::Chunks(size) }
}

fn decided(predicate: Predicate, (a, b): Range, (c, d): Range) -> Option<bool> {
    let signs = (a.cmp(&d) as i64)..=(b.cmp(&c) as i64);
    let mut results = signs.map(|sign| predicate.holds(sign));
    let first = results.next()?;
    results.all(|result| result == first).then_some(first)
}

fn too_wide(site: &Site<'_, '_>) -> Failed {
    fail(site.op, "the difference is too wide for one lookup; compare in chunks")
}
