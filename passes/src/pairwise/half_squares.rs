//! Products by half squares, exact for all integers: `x·y = f(x + y) − g(x) − g(y)` with `g(v) = v·(v − 2m − 1)/2` and
//! `f(s) = (s − m)·(s − m − 1)/2 − m·(m + 1)/2`.
//!
//! `g(x)` is looked up where `x` comes from, before it was repeated, and where both come from one value, once: a product of
//! matrices `n × m` and `m × k` takes `n·m·k + n·m + m·k` lookups, two tables of every pair `2·n·m·k`. The middle `m` of the
//! sum is where the parabola is least, which is what it needs least bits for.

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
    let origins = [x, y].map(|term| Origin::of(function, term));
    let counts = origins.each_ref().map(|origin| origin.shape.iter().product::<usize>());
    let alone = if origins[0].is_that_of(&origins[1]) { counts[0] } else { counts[0] + counts[1] };
    if alone < pairs { Repetition::Some } else { Repetition::None }
}

/// `x · y`
pub(crate) fn half_squares<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    function: Function<'c, 'a>,
    (x, y): (Term<'c, 'a>, Term<'c, 'a>),
) -> Result<Term<'c, 'a>, Failed> {
    let range = product_range(site, (x, y), 0)?;
    let sum = site.add(x, y)?;
    let middle = (sum.range.0 + sum.range.1).div_euclid(2);
    let of_sum = |s: i64| (s - middle) * (s - middle - 1) / 2 - middle * (middle + 1) / 2;
    let of_one = |v: i64| v * (v - 2 * middle - 1) / 2;
    // What is left without the last part, for the least and greatest `x`, is moved into the range of the product.
    let left = |y: i64| [x.range.0 * y + of_one(y), x.range.1 * y + of_one(y)];
    let lefts = (y.range.0..=y.range.1).flat_map(left).map(|left| (left, left));
    let (lo, hi) = lefts.reduce(facts::join).unwrap_or_default();
    let offset = range.0 - lo;
    let all = site.lookup(sum, |s| of_sum(s) + 2 * offset)?;
    let (of_x, of_y) = (Origin::of(function, x), Origin::of(function, y));
    let alone = |origin: &Origin<'c, 'a>| site.at(&origin.shape).lookup(origin.term, |v| of_one(v) + offset);
    let first = alone(&of_x)?;
    let second = if of_x.is_that_of(&of_y) { first } else { alone(&of_y)? };
    let rest = site.sub(all, of_x.moved(site, first))?;
    let rest = site.within(rest, (lo + offset, hi + offset));
    let product = site.sub(rest, of_y.moved(site, second))?;
    Ok(site.within(product, range))
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

    fn is_that_of(&self, other: &Self) -> bool {
        self.term.value == other.term.value
    }

    /// What was made of the origin, at the places of the value.
    fn moved(&self, site: &Site<'c, 'a>, made: Term<'c, 'a>) -> Term<'c, 'a> {
        self.moves.iter().rev().fold(made, |made, (linear, shape)| site.at(shape).moved(linear, made))
    }
}

fn shape(value: Value<'_, '_>) -> Vec<usize> {
    ValueType::of(value.r#type()).map_or(vec![], |ty| ty.shape().to_vec())
}
