//! Products, and the choice between two values as a product with a bit.

use crate::facts::{self, Range, fail};
use crate::pairwise::method::How;
use crate::pairwise::site::{Digit, Site, Term};
use crate::pass::Failed;
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, MAX_WIDTH, bounds, width_of_range};
use cloakwork_abi::parameters::Width;

/// `x · y`
pub(crate) fn product<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    scaled(site, (x, y), 0, how)
}

/// `x · y · 2^shift`
fn scaled<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
    shift: u32,
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    match (x.only(), y.only()) {
        (Some(0), _) | (_, Some(0)) => return Ok(site.constant(0)),
        (Some(factor), _) => return site.times(y, factor << shift),
        (_, Some(factor)) => return site.times(x, factor << shift),
        _ => {}
    }
    let range = product_range(site, (x, y), shift)?;
    let result = match how {
        How::Packed => return site.packed(x, y, |x, y| (x * y) << shift),
        How::QuarterSquares => {
            let quarter = |v: i64| (v * v / 4) << shift;
            let sum = site.lookup(site.add(x, y)?, quarter)?;
            let difference = site.lookup(site.sub(x, y)?, quarter)?;
            site.sub(sum, difference)?
        }
        How::Chunks(size) => {
            let chunks = |v: Term<'c, 'a>| site.chunks(v, size, v.width().0.div_ceil(size).max(1));
            let (xs, ys) = (chunks(x), chunks(y));
            let mut parts = vec![];
            for &Digit { digit: a, shift: of_a } in &xs {
                for &Digit { digit: b, shift: of_b } in &ys {
                    parts.push(scaled(site, (a, b), shift + of_a + of_b, of_digits(a, b))?);
                }
            }
            site.sum(parts)?
        }
        How::Table | How::Casted | How::Sign | How::HalfSquares | How::Bits | How::Whole | How::OneHot(_) => {
            return Err(fail(site.op, "products are not done that way"));
        }
    };
    Ok(site.within(result, range))
}

/// The range of `x · y · 2^shift`.
pub(crate) fn product_range<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
    shift: u32,
) -> Result<Range, Failed> {
    let corners =
        [x.range.0, x.range.1].map(|x| [y.range.0, y.range.1].map(|y| i128::from(x) * i128::from(y)));
    let corners = corners.as_flattened().iter().map(|&corner| i64::try_from(corner << shift).ok());
    let corners = corners.collect::<Option<Vec<i64>>>().unwrap_or(vec![i64::MIN, i64::MAX]);
    let range = corners.into_iter().map(|corner| (corner, corner)).reduce(facts::join).unwrap_or_default();
    if width_of_range(range.0, range.1) <= MAX_WIDTH {
        return Ok(range);
    }
    let message = format!("the product needs more than {MAX_WIDTH} bits; make the operands smaller");
    Err(fail(site.op, &message))
}

/// One lookup of both where it is about as narrow as that of a sum.
fn of_digits(a: Term<'_, '_>, b: Term<'_, '_>) -> How {
    let entries = a.size() * b.size();
    if entries <= 1 << (a.width().max(b.width()).0 + 2) { How::Packed } else { How::QuarterSquares }
}

/// `otherwise + condition · (then − otherwise)`
pub(crate) fn select<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    condition: Term<'c, 'a>,
    (then, otherwise): (Term<'c, 'a>, Term<'c, 'a>),
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    match condition.only() {
        Some(1) => return Ok(then),
        Some(_) => return Ok(otherwise),
        None => {}
    }
    let difference = site.sub(then, otherwise)?;
    let part = by_bit(site, condition, difference, how)?;
    let sum = site.add(part, otherwise)?;
    Ok(site.within(sum, facts::join(then.range, otherwise.range)))
}

/// `bit · v`
pub(crate) fn by_bit<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    bit: Term<'c, 'a>,
    v: Term<'c, 'a>,
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    scaled_by_bit(site, bit, v, (1, v.range), how)
}

/// `bit · v · factor`, if it lies within those bounds where it counts.
pub(crate) fn scaled_by_bit<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    bit: Term<'c, 'a>,
    v: Term<'c, 'a>,
    (factor, (lo, hi)): (i64, Range),
    how: How,
) -> Result<Term<'c, 'a>, Failed> {
    let part = |v: Term<'c, 'a>, factor: i128, (lo, hi): Range| {
        let entry = move |bit: i64, v: i64| i128::from(bit * v) * factor;
        site.packed(bit, v, move |bit, v| entry(bit, v).clamp(lo.into(), hi.into()) as i64)
    };
    let whole = |v: Term<'c, 'a>| part(v, factor.into(), (lo.min(0), hi.max(0)));
    match how {
        How::Packed => whole(v),
        How::Chunks(size) => {
            let fits = Width(v.width().0 + 1) <= MAX_LOOKUP_WIDTH && v.width().0 <= size;
            if fits {
                return whole(v);
            }
            let mut parts = vec![];
            for Digit { digit, shift } in site.chunks(v, size, v.width().0.div_ceil(size)) {
                // Parts of a negative value may be larger than the value.
                parts.push(part(digit, i128::from(factor) << shift, bounds(MAX_WIDTH, true))?);
            }
            let sum = site.sum(parts)?;
            Ok(site.within(sum, (lo.min(0), hi.max(0))))
        }
        How::Table
        | How::Casted
        | How::Sign
        | How::QuarterSquares
        | How::HalfSquares
        | How::Bits
        | How::Whole
        | How::OneHot(_) => Err(fail(site.op, "choices are not done that way")),
    }
}
