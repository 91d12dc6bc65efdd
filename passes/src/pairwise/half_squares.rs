//! Products by half squares: `x·y = T(x + y) − T(x) − T(y)` with `T(v) = v(v − 1)/2`, exact for all integers.
//!
//! `T(x)` is looked up where `x` comes from, before it was repeated: a product of matrices `n × m` and `m × k` takes
//! `n·m·k + n·m + m·k` lookups, two tables of every pair `2·n·m·k`. The parabola of the sum is moved so that its least
//! value lies in the middle, which is what it needs least bits for.

use crate::facts;
use crate::pairwise::method::Repetition;
use crate::pairwise::product::product_range;
use crate::pairwise::site::{Site, Term};
use crate::pass::Failed;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::Function;
use cloakwork_ir::linear::{Linear, Places};
use cloakwork_ir::types::ValueType;
use cloakwork_ir::walk;
use melior::ir::{Value, ValueLike};

/// Where the elements of a value come from.
struct Origin<'c, 'a> {
    term: Term<'c, 'a>,
    shape: Vec<usize>,
    /// How they came to their places, the last first, and the shape that it gave.
    moves: Vec<(Linear, Vec<usize>)>,
}

/// Whether operands have fewer values than there are pairs of them.
pub(crate) fn repeats<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    x: Term<'c, 'a>,
    y: Term<'c, 'a>,
) -> Repetition {
    let pairs: usize = shape(x.value).iter().product();
    let alone: usize = [x, y].map(|term| Origin::of(function, term).shape.iter().product()).iter().sum();
    if alone < pairs { Repetition::Some } else { Repetition::None }
}

/// `x · y`
pub(crate) fn half_squares<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    function: Function<'c, 'a>,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
) -> Result<Term<'c, 'a>, Failed> {
    let range = product_range(site, (x, y), 0)?;
    let half = |v: i64| v * (v - 1) / 2;
    let sum = site.add(x, y)?;
    let middle = (sum.range.0 + sum.range.1).div_euclid(2);
    // x·y = T(x + y − m) − (T(x) − m·x) − T(y − m)
    let of_y = |y: i64| half(y - middle);
    // What is left without the last part, for the least and greatest `x`, is moved into the range of the product.
    let left = |y: i64| [x.range.0 * y + of_y(y), x.range.1 * y + of_y(y)];
    let lefts = (y.range.0..=y.range.1).flat_map(left).map(|left| (left, left));
    let (lo, hi) = lefts.reduce(facts::join).unwrap_or_default();
    let offset = lo - range.0;
    let all = site.lookup(sum, |s| half(s - middle))?;
    let part = alone(site, function, x, |x| half(x) - middle * x + offset)?;
    let rest = site.sub(all, part)?;
    let rest = site.within(rest, (lo - offset, hi - offset));
    let part = alone(site, function, y, |y| of_y(y) - offset)?;
    let product = site.sub(rest, part)?;
    Ok(site.within(product, range))
}

/// A lookup of a value where it comes from, then moved to its places.
fn alone<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    function: Function<'c, 'a>,
    value: Term<'c, 'a>,
    table: impl Fn(i64) -> i64,
) -> Result<Term<'c, 'a>, Failed> {
    let origin = Origin::of(function, value);
    let at = |shape: &[usize]| Site { builder: site.builder, op: site.op, shape: shape.to_vec() };
    let mut looked_up = at(&origin.shape).lookup(origin.term, table)?;
    for (linear, shape) in origin.moves.iter().rev() {
        looked_up = at(shape).moved(linear, looked_up);
    }
    Ok(looked_up)
}

impl<'c: 'a, 'a> Origin<'c, 'a> {
    /// The earliest value with least elements.
    fn of(function: Function<'c, 'a>, term: Term<'c, 'a>) -> Self {
        let mut best = Self { term, shape: shape(term.value), moves: vec![] };
        let (mut value, mut moves) = (term.value, vec![]);
        while let Some(op) = walk::defining_op(value) {
            let Some(FheOp::Linear(linear)) = FheOp::of(op) else { break };
            if linear.places() != Places::Moved {
                break;
            }
            moves.push((linear, shape(value)));
            value = walk::operand(op, 0);
            let before = shape(value);
            let is_less = before.iter().product::<usize>() <= best.shape.iter().product();
            // Of elements that are left out the range may be wider.
            if let Some(range) = facts::range(function, value).filter(|range| is_less && *range == term.range)
            {
                best = Self { term: Term { value, range }, shape: before, moves: moves.clone() };
            }
        }
        best
    }
}

fn shape(value: Value<'_, '_>) -> Vec<usize> {
    ValueType::of(value.r#type()).map_or(vec![], |ty| ty.shape().to_vec())
}
