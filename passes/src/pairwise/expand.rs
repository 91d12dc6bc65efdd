//! An operation on several encrypted values becomes sums and lookups, by a given method.

use crate::facts::{self, constant, fail, value_type};
use crate::pairwise::bits::{bitwise, shift};
use crate::pairwise::compare::{compare, extreme};
use crate::pairwise::half_squares::{half_squares, repeats};
use crate::pairwise::method::{Class, How, WIDE_TABLE};
use crate::pairwise::one_hot::{one_hot, result_bits};
use crate::pairwise::product::{product, select};
use crate::pairwise::site::{Site, Term};
use crate::pass::Failed;
use crate::tables::{TableList, spread};
use cloakwork_abi::bounds as any_bounds;
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, bounds, width_of_range};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::Function;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::pairwise::{JointLookup, Pairwise};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::BTreeMap;

/// An operation on several encrypted values.
pub(crate) enum Several {
    Pair(Pairwise),
    Select,
    Joint(Box<JointLookup>),
    /// A wide table of one value.
    Table(Box<Lookup>),
}

impl Several {
    /// `None` for other operations.
    pub(crate) fn of(op: OperationRef<'_, '_>) -> Option<Self> {
        match FheOp::of(op)? {
            FheOp::Pairwise(function) => Some(Self::Pair(function)),
            FheOp::Select => Some(Self::Select),
            FheOp::JointLookup(lookup) => Some(Self::Joint(Box::new(lookup))),
            FheOp::Lookup(lookup) => {
                (lookup.length() >= 1 << WIDE_TABLE.0).then(|| Self::Table(Box::new(lookup)))
            }
            FheOp::Constant { .. } | FheOp::Linear(_) | FheOp::Digits(_) | FheOp::Map { .. } => None,
        }
    }

    /// The class of the operation; `None` where there is one way only.
    pub(crate) fn class<'c: 'a, 'a>(
        &self,
        function: Function<'c, 'a>,
        op: OperationRef<'c, 'a>,
    ) -> Result<Option<Class>, Failed> {
        let terms = terms(function, op)?;
        let is_constant = |i: usize| constant(terms[i].value).is_some();
        Ok(match self {
            Self::Pair(_)
                if [0, 1].iter().any(|&i| is_constant(i) && terms[1 - i].width() <= MAX_LOOKUP_WIDTH) =>
            {
                None
            }
            Self::Pair(_) if is_of_one_value(&terms) => None,
            Self::Pair(Pairwise::Mul) => {
                let repetition = repeats(function, terms[0], terms[1]);
                Some(Class::of_product(terms[0], terms[1], repetition))
            }
            Self::Pair(function) => Some(Class::of_pair(*function, terms[0], terms[1])),
            Self::Select if is_constant(0) => None,
            Self::Select => Some(Class::of_select(terms[1], terms[2])),
            Self::Joint(_) => Some(Class::of_joint(&terms)),
            Self::Table(lookup) => Some(Class::of_table(terms[0], result_bits(lookup, terms[0].range))),
        })
    }
}

/// Replaces `op`, which computes `several`; one table stays as it is.
pub(crate) fn expand<'c: 'a, 'a>(
    context: &'c Context,
    function: Function<'c, 'a>,
    (op, several): (OperationRef<'c, 'a>, &Several),
    how: Option<How>,
) -> Result<(), Failed> {
    if matches!((several, how), (Several::Table(_), Some(How::Whole))) {
        return Ok(());
    }
    let result = walk::result(op);
    let declared = value_type(result, op)?;
    let shape = declared.shape().to_vec();
    let site = Site { builder: Builder::before(context, op), op, shape };
    let terms = terms(function, op)?;
    let term = of_terms(&site, (function, several), &terms, how)?;
    let term = with_type(&site, term, &terms, &declared)?;
    let range = attr::get_range(&op);
    if let (Some(range), Some(built)) = (range, walk::defining_op(term.value))
        && terms.iter().all(|operand| operand.value != term.value)
    {
        facts::set_range(context, built, range);
    }
    walk::replace_all_uses(result, term.value);
    walk::erase(op);
    Ok(())
}

fn of_terms<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    (function, several): (Function<'c, 'a>, &Several),
    terms: &[Term<'c, 'a>],
    how: Option<How>,
) -> Result<Term<'c, 'a>, Failed> {
    let how = || how.ok_or_else(|| fail(site.op, "no method is chosen"));
    match several {
        Several::Pair(pairwise) if is_of_one_value(terms) => {
            site.lookup(terms[0], |v| pairwise.of_pair(v, v).unwrap_or_default())
        }
        Several::Pair(pairwise) => {
            let (x, y) = (terms[0], terms[1]);
            for (value, constants, is_first) in [(x, constant(y.value), true), (y, constant(x.value), false)]
            {
                let Some(constants) = constants else { continue };
                if value.width() <= MAX_LOOKUP_WIDTH {
                    return with_constant(site, *pairwise, value, &constants, is_first);
                }
                if *pairwise == Pairwise::Mul {
                    return times_each(site, value, &constants);
                }
            }
            match pairwise {
                Pairwise::Mul if how()? == How::HalfSquares => half_squares(site, function, (x, y)),
                Pairwise::Mul => product(site, (x, y), how()?),
                Pairwise::Compare(predicate) => compare(site, *predicate, (x, y), how()?),
                Pairwise::Min => extreme(site, false, (x, y), how()?),
                Pairwise::Max => extreme(site, true, (x, y), how()?),
                Pairwise::And | Pairwise::Or | Pairwise::Xor => bitwise(site, *pairwise, (x, y), how()?),
                Pairwise::ShiftLeft | Pairwise::ShiftRight => shift(site, *pairwise, (x, y), how()?),
            }
        }
        Several::Select => {
            let (condition, then, otherwise) = (terms[0], terms[1], terms[2]);
            match constant(condition.value) {
                Some(bits) => {
                    let kept = times_each(site, then, &bits)?;
                    let other = times_each(site, otherwise, &bits.mapv(|bit| 1 - bit))?;
                    let sum = site.add(kept, other)?;
                    Ok(site.within(sum, facts::join(then.range, otherwise.range)))
                }
                None => select(site, condition, (then, otherwise), how()?),
            }
        }
        Several::Joint(lookup) if how()? == How::Casted => {
            let cast = |&term: &Term<'c, 'a>| site.lookup(term, |v| v);
            let casted: Vec<Term<'c, 'a>> = terms.iter().map(cast).collect::<Result<_, _>>()?;
            joint(site, lookup, &casted)
        }
        Several::Joint(lookup) => joint(site, lookup, terms),
        Several::Table(lookup) => match how()? {
            How::OneHot(low) => one_hot(site, terms[0], lookup, low),
            How::Table
            | How::Sign
            | How::Packed
            | How::QuarterSquares
            | How::HalfSquares
            | How::Chunks(_)
            | How::Casted
            | How::Bits
            | How::Whole => Err(fail(site.op, "a table is not looked up that way")),
        },
    }
}

/// Whether both operands are one value, of which a table can be made.
fn is_of_one_value(terms: &[Term<'_, '_>]) -> bool {
    terms[0].value == terms[1].value && terms[0].width() <= MAX_LOOKUP_WIDTH
}

/// A lookup of one value, for each element in the table of its constant.
fn with_constant<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    function: Pairwise,
    value: Term<'c, 'a>,
    constants: &ArrayD<i64>,
    is_first: bool,
) -> Result<Term<'c, 'a>, Failed> {
    if function == Pairwise::Mul {
        return times_each(site, value, constants);
    }
    let mut distinct: BTreeMap<i64, usize> = constants.iter().map(|&constant| (constant, 0)).collect();
    distinct.values_mut().enumerate().for_each(|(place, slot)| *slot = place);
    let of = |constant: i64| {
        move |v: i64| {
            let (x, y) = if is_first { (v, constant) } else { (constant, v) };
            function.of_pair(x, y).unwrap_or_default()
        }
    };
    let functions: Vec<_> = distinct.keys().map(|&constant| of(constant)).collect();
    let functions: Vec<&dyn Fn(i64) -> i64> = functions.iter().map(|f| f as &dyn Fn(i64) -> i64).collect();
    let selector: Vec<usize> = constants.iter().map(|constant| distinct[constant]).collect();
    site.lookup_each(value, &functions, Some(&selector))
}

/// `x · factors`, element by element.
fn times_each<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    x: Term<'c, 'a>,
    factors: &ArrayD<i64>,
) -> Result<Term<'c, 'a>, Failed> {
    if let Some(&first) = factors.first().filter(|&first| factors.iter().all(|factor| factor == first)) {
        return if first == 0 { Ok(site.constant(0)) } else { site.times(x, first) };
    }
    let (least, most) = facts::hull(factors);
    let range = crate::intervals::pairwise(
        Pairwise::Mul,
        &crate::intervals::Interval::uniform(&[], any_bounds::wide(x.range)),
        &crate::intervals::Interval::uniform(&[], any_bounds::wide((least, most))),
    );
    let range = range.and_then(|range| any_bounds::signed(range.hull()));
    let range =
        range.ok_or_else(|| fail(site.op, "the product leaves 64 bits; make the operands smaller"))?;
    let context = site.builder.context;
    let ty = ValueType::new(Element::encrypted(range.0 < 0), &site.shape);
    let factors = site.builder.clear(factors);
    let value = site.builder.linear("fhe", &Linear::MulClear, &[x.value, factors], &ty);
    let op = walk::defining_op(value).expect("built above");
    facts::set_range(context, op, range);
    Ok(Term { value, range })
}

/// One lookup of all operands in one index.
fn joint<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    lookup: &JointLookup,
    terms: &[Term<'c, 'a>],
) -> Result<Term<'c, 'a>, Failed> {
    let index = site.index(terms)?;
    // The operands may have fewer values than the tables.
    let entries: usize = terms.iter().map(|term| term.size() as usize).product();
    let at = |table: usize, mut index: i64| -> Option<i64> {
        let mut place = vec![table; terms.len() + 1];
        for (k, term) in terms.iter().enumerate().rev() {
            let size = term.size() as i64;
            place[k + 1] = usize::try_from(term.range.0 + index % size - lookup.lows[k]).ok()?;
            index /= size;
        }
        lookup.tables.get(IxDyn(&place)).copied()
    };
    let mut tables = TableList::default();
    let (mut places, mut reached) = (vec![], vec![]);
    for table in 0..lookup.tables.len_of(Axis(0)) {
        let row: Option<Vec<i64>> = (0..entries as i64).map(|index| at(table, index)).collect();
        let row =
            row.ok_or_else(|| fail(site.op, "an operand can lie outside of the tables; extend them"))?;
        reached.extend(row.iter().copied().min());
        reached.extend(row.iter().copied().max());
        let width = width_of_range(0, entries as i64 - 1);
        places.push(tables.place(spread(index.range, width, |index| row[index as usize])));
    }
    let range = (
        reached.iter().copied().min().unwrap_or_default(),
        reached.iter().copied().max().unwrap_or_default(),
    );
    if range.0 == range.1 {
        return Ok(site.constant(range.0));
    }
    let count = site.shape.iter().product();
    let chosen: Vec<usize> = match &lookup.selector {
        Some(selector) => selector.iter().map(|&table| places[table as usize]).collect(),
        None => vec![places[0]; count],
    };
    let lookup = tables.lookup(&site.shape, &chosen);
    Ok(site.looked_up(index, &lookup, range))
}

/// The value with the declared type, if that has a width.
fn with_type<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    term: Term<'c, 'a>,
    operands: &[Term<'c, 'a>],
    declared: &ValueType,
) -> Result<Term<'c, 'a>, Failed> {
    let Some((width, is_signed)) = declared.integer() else { return Ok(term) };
    let (least, greatest) = bounds(width, is_signed);
    if term.range.0 < least || term.range.1 > greatest {
        let (lo, hi) = term.range;
        let message = format!(
            "the result takes the values {lo} to {hi}, but its type `{}` holds {least} to {greatest}; declare a wider \
             type, or `?` to have the width inferred",
            declared.element
        );
        return Err(fail(site.op, &message));
    }
    let is_operand = operands.iter().any(|operand| operand.value == term.value);
    let term = if is_operand { site.plus(site.plus(term, 1)?, -1)? } else { term };
    term.value.set_type(declared.to_mlir(site.builder.context));
    Ok(term)
}

/// The operands with their ranges.
fn terms<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
) -> Result<Vec<Term<'c, 'a>>, Failed> {
    let term = |value: Value<'c, 'a>| {
        let range = facts::range(function, value);
        let range = range.ok_or_else(|| fail(op, "an operand has no range; run `fhe-infer-ranges` first"))?;
        Ok(Term { value, range })
    };
    op.operands().map(term).collect()
}
