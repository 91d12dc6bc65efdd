//! Sums, lookups and digits of values whose ranges are known, built where an operation stands.
//!
//! Widths are not yet known: every value that is built says its range instead. All values have one shape.

use crate::facts::{self, Range, fail};
use crate::pass::Failed;
use crate::tables::{TableList, spread};
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, MAX_WIDTH, width_of_range};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::digits::{Digits, Exactness};
use cloakwork_ir::fhe::Lookup;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::{OperationRef, Value};
use ndarray::{ArrayD, IxDyn};

/// Where an operation is replaced.
pub(crate) struct Site<'c, 'a> {
    pub(crate) builder: Builder<'c, 'a>,
    pub(crate) op: OperationRef<'c, 'a>,
    pub(crate) shape: Vec<usize>,
}

/// An encrypted value with its range.
#[derive(Clone, Copy)]
pub(crate) struct Term<'c, 'a> {
    pub(crate) value: Value<'c, 'a>,
    pub(crate) range: Range,
}

/// Some bits of a value: `digit · 2^shift` is a part of it.
#[derive(Clone, Copy)]
pub(crate) struct Digit<'c, 'a> {
    pub(crate) digit: Term<'c, 'a>,
    pub(crate) shift: u32,
}

impl Term<'_, '_> {
    /// Bits of its range.
    pub(crate) fn width(&self) -> Width {
        width_of_range(self.range.0, self.range.1)
    }

    /// How many values it may have.
    pub(crate) fn size(&self) -> i128 {
        i128::from(self.range.1) - i128::from(self.range.0) + 1
    }

    /// The only value that it may have.
    pub(crate) fn only(&self) -> Option<i64> {
        (self.range.0 == self.range.1).then_some(self.range.0)
    }
}

impl<'c: 'a, 'a> Site<'c, 'a> {
    /// The same place for values of another shape.
    pub(crate) fn at(&self, shape: &[usize]) -> Self {
        Self { builder: self.builder, op: self.op, shape: shape.to_vec() }
    }

    /// `x + y`
    pub(crate) fn add(&self, x: Term<'c, 'a>, y: Term<'c, 'a>) -> Result<Term<'c, 'a>, Failed> {
        let range = self.range(x.range.0.checked_add(y.range.0), x.range.1.checked_add(y.range.1))?;
        Ok(self.linear(&Linear::Add, &[x.value, y.value], range))
    }

    /// `x − y`
    pub(crate) fn sub(&self, x: Term<'c, 'a>, y: Term<'c, 'a>) -> Result<Term<'c, 'a>, Failed> {
        let range = self.range(x.range.0.checked_sub(y.range.1), x.range.1.checked_sub(y.range.0))?;
        Ok(self.linear(&Linear::Sub, &[x.value, y.value], range))
    }

    /// `x + offset`
    pub(crate) fn plus(&self, x: Term<'c, 'a>, offset: i64) -> Result<Term<'c, 'a>, Failed> {
        if offset == 0 {
            return Ok(x);
        }
        let range = self.range(x.range.0.checked_add(offset), x.range.1.checked_add(offset))?;
        let offset = self.builder.clear(&self.uniform(offset));
        Ok(self.linear(&Linear::AddClear, &[x.value, offset], range))
    }

    /// `x · factor`
    pub(crate) fn times(&self, x: Term<'c, 'a>, factor: i64) -> Result<Term<'c, 'a>, Failed> {
        if factor == 1 {
            return Ok(x);
        }
        let [a, b] = [x.range.0.checked_mul(factor), x.range.1.checked_mul(factor)];
        let range = if factor < 0 { self.range(b, a)? } else { self.range(a, b)? };
        let factor = self.builder.clear(&self.uniform(factor));
        Ok(self.linear(&Linear::MulClear, &[x.value, factor], range))
    }

    /// Elements in other places.
    pub(crate) fn moved(&self, places: &Linear, x: Term<'c, 'a>) -> Term<'c, 'a> {
        self.linear(places, &[x.value], x.range)
    }

    /// `1 − bit`
    pub(crate) fn not(&self, bit: Term<'c, 'a>) -> Result<Term<'c, 'a>, Failed> {
        let negated = self.times(bit, -1)?;
        self.plus(negated, 1)
    }

    /// A sum whose range is known better than those of its parts tell.
    pub(crate) fn within(&self, x: Term<'c, 'a>, range: Range) -> Term<'c, 'a> {
        if let Some(op) = walk::defining_op(x.value) {
            facts::set_range(self.builder.context, op, range);
        }
        Term { range, ..x }
    }

    /// The same integer everywhere.
    pub(crate) fn constant(&self, value: i64) -> Term<'c, 'a> {
        self.constants(&self.uniform(value))
    }

    /// Integers encrypted trivially.
    pub(crate) fn constants(&self, values: &ArrayD<i64>) -> Term<'c, 'a> {
        let attribute = attr::dense_i64(self.builder.context, values);
        self.built("fhe.constant", &[], &[("value", attribute)], facts::hull(values))
    }

    /// Every element looked up in the table of a function.
    pub(crate) fn lookup(
        &self,
        x: Term<'c, 'a>,
        function: impl Fn(i64) -> i64,
    ) -> Result<Term<'c, 'a>, Failed> {
        self.lookup_each(x, &[&function], None)
    }

    /// Element `i` looked up in the table of function `selector[i]`.
    pub(crate) fn lookup_each(
        &self,
        x: Term<'c, 'a>,
        functions: &[&dyn Fn(i64) -> i64],
        selector: Option<&[usize]>,
    ) -> Result<Term<'c, 'a>, Failed> {
        let (lo, hi) = x.range;
        let width = self.lookup_width(x)?;
        let reached = functions.iter().flat_map(|function| (lo..=hi).map(function));
        let reached = reached.map(|entry| (entry, entry)).reduce(facts::join).unwrap_or((0, 0));
        if reached.0 == reached.1 {
            return Ok(self.constant(reached.0));
        }
        let mut tables = TableList::default();
        let places: Vec<usize> =
            functions.iter().map(|function| tables.place(spread(x.range, width, function))).collect();
        let count: usize = self.shape.iter().product();
        let chosen: Vec<usize> = match selector {
            Some(selector) => selector.iter().map(|&function| places[function]).collect(),
            None => vec![places[0]; count],
        };
        let lookup = tables.lookup(&self.shape, &chosen);
        Ok(self.looked_up(x, &lookup, reached))
    }

    /// Every element looked up in tables for it.
    pub(crate) fn looked_up(&self, x: Term<'c, 'a>, lookup: &Lookup, range: Range) -> Term<'c, 'a> {
        let value = self.builder.lookup(lookup, x.value, &self.ty(range));
        self.within(Term { value, range }, range)
    }

    /// Two values as one index: `(x − least x) · size of y + (y − least y)`.
    pub(crate) fn packed(
        &self,
        x: Term<'c, 'a>,
        y: Term<'c, 'a>,
        function: impl Fn(i64, i64) -> i64,
    ) -> Result<Term<'c, 'a>, Failed> {
        let (x_lo, y_lo) = (x.range.0, y.range.0);
        match (x.only(), y.only()) {
            (Some(x), _) => return self.lookup(y, |y| function(x, y)),
            (_, Some(y)) => return self.lookup(x, |x| function(x, y)),
            _ => {}
        }
        let is_of_sum =
            x.size() == 2 && y.size() == 2 && function(x_lo, y_lo + 1) == function(x_lo + 1, y_lo);
        if is_of_sum {
            let sum = self.add(x, y)?;
            let ones = |sum: i64| sum - x_lo - y_lo;
            return self
                .lookup(sum, |sum| function(x_lo + i64::from(ones(sum) == 2), y_lo + ones(sum).min(1)));
        }
        let size = y.size() as i64;
        let index = self.index(&[x, y])?;
        self.lookup(index, |index| function(x_lo + index / size, y_lo + index % size))
    }

    /// Several values as one, in mixed radix, the last running fastest.
    pub(crate) fn index(&self, terms: &[Term<'c, 'a>]) -> Result<Term<'c, 'a>, Failed> {
        let entries = terms.iter().try_fold(1i128, |product, term| product.checked_mul(term.size()));
        let Some(entries) = entries.filter(|&entries| entries <= 1 << MAX_LOOKUP_WIDTH.0) else {
            let sizes: Vec<String> = terms.iter().map(|term| term.size().to_string()).collect();
            return Err(fail(
                self.op,
                &format!(
                    "this needs a table of {} entries, at most 2^{MAX_LOOKUP_WIDTH} are supported; round or \
                     truncate the operands before, or write the function as sums, products, comparisons and choices",
                    sizes.join(" · ")
                ),
            ));
        };
        let (mut sum, mut offset, mut rest) = (None::<Term<'c, 'a>>, 0, entries as i64);
        for &term in terms {
            rest /= term.size() as i64;
            offset -= term.range.0 * rest;
            let scaled = self.times(term, rest)?;
            sum = Some(match sum {
                None => scaled,
                Some(sum) => self.add(sum, scaled)?,
            });
        }
        self.plus(sum.unwrap_or_else(|| self.constant(0)), offset)
    }

    /// 1 where `x < y`, by one lookup of one bit less than the difference needs; `None` where that is too wide.
    pub(crate) fn below(&self, x: Term<'c, 'a>, y: Term<'c, 'a>) -> Option<Term<'c, 'a>> {
        let (lo, hi) = (x.range.0.checked_sub(y.range.1)?, x.range.1.checked_sub(y.range.0)?);
        if lo >= 0 || hi < 0 {
            return Some(self.constant(i64::from(hi < 0)));
        }
        let position = width_of_range(lo, hi).0 - 1;
        (Width(position) <= MAX_LOOKUP_WIDTH)
            .then(|| self.digits(&Digits::BitOfDifference { position }, &[x, y], (0, 1)))
    }

    /// `⌊x / 2^bits⌋`
    pub(crate) fn truncated(&self, x: Term<'c, 'a>, bits: u32) -> Term<'c, 'a> {
        let range = (x.range.0 >> bits.min(63), x.range.1 >> bits.min(63));
        if range.0 == range.1 {
            return self.constant(range.0);
        }
        if bits == 0 {
            return x;
        }
        self.digits(&Digits::Truncate { bits, exactness: Exactness::Exact }, &[x], range)
    }

    /// `x mod 2^bits`
    pub(crate) fn low_bits(&self, x: Term<'c, 'a>, bits: u32) -> Term<'c, 'a> {
        match x.only() {
            Some(value) => self.constant(value & ((1 << bits) - 1)),
            None if x.range.0 >= 0 && i128::from(x.range.1) < 1 << bits => x,
            None => self.digits(&Digits::LowBits { bits }, &[x], (0, (1 << bits) - 1)),
        }
    }

    /// `count − 1` groups of `size` bits from the lowest, then what is above them.
    pub(crate) fn chunks(&self, x: Term<'c, 'a>, size: u32, count: u32) -> Vec<Digit<'c, 'a>> {
        let (mut rest, mut digits) = (x, vec![]);
        for i in 1..count {
            digits.push(Digit { digit: self.low_bits(rest, size), shift: (i - 1) * size });
            rest = self.truncated(rest, size);
        }
        digits.push(Digit { digit: rest, shift: (count - 1) * size });
        digits
    }

    /// The sum of values; 0 for none.
    pub(crate) fn sum(&self, terms: impl IntoIterator<Item = Term<'c, 'a>>) -> Result<Term<'c, 'a>, Failed> {
        let mut sum: Option<Term<'c, 'a>> = None;
        for term in terms {
            sum = Some(match sum {
                Some(sum) if term.only() == Some(0) => sum,
                Some(sum) if sum.only() != Some(0) => self.add(sum, term)?,
                _ => term,
            });
        }
        Ok(sum.unwrap_or_else(|| self.constant(0)))
    }

    fn lookup_width(&self, x: Term<'c, 'a>) -> Result<Width, Failed> {
        if x.width() <= MAX_LOOKUP_WIDTH {
            return Ok(x.width());
        }
        let (lo, hi) = x.range;
        Err(fail(
            self.op,
            &format!(
                "this needs a lookup of the values {lo} to {hi}, of {} bits, but a table takes at most \
                 {MAX_LOOKUP_WIDTH}; make the operands smaller",
                x.width()
            ),
        ))
    }

    fn range(&self, lo: Option<i64>, hi: Option<i64>) -> Result<Range, Failed> {
        let range = lo.zip(hi).filter(|&(lo, hi)| width_of_range(lo, hi) <= MAX_WIDTH);
        range.ok_or_else(|| {
            let message = format!("its parts need more than {MAX_WIDTH} bits; make the operands smaller");
            fail(self.op, &message)
        })
    }

    /// A linear operation whose result has this shape and range.
    pub(crate) fn linear(&self, linear: &Linear, operands: &[Value<'c, 'a>], range: Range) -> Term<'c, 'a> {
        let attributes = linear.attributes(self.builder.context);
        self.built(&format!("fhe.{}", linear.mnemonic()), operands, &attributes, range)
    }

    fn digits(&self, digits: &Digits, operands: &[Term<'c, 'a>], range: Range) -> Term<'c, 'a> {
        let operands: Vec<Value<'c, 'a>> = operands.iter().map(|term| term.value).collect();
        let attributes = digits.attributes(self.builder.context);
        self.built(&format!("fhe.{}", digits.mnemonic()), &operands, &attributes, range)
    }

    fn built(
        &self,
        name: &str,
        operands: &[Value<'c, 'a>],
        attributes: &[(&str, melior::ir::Attribute<'c>)],
        range: Range,
    ) -> Term<'c, 'a> {
        let ty = self.ty(range).to_mlir(self.builder.context);
        let value = self.builder.op(name, operands, ty, attributes);
        self.within(Term { value, range }, range)
    }

    fn ty(&self, range: Range) -> ValueType {
        ValueType::new(Element::encrypted(range.0 < 0), &self.shape)
    }

    fn uniform(&self, value: i64) -> ArrayD<i64> {
        ArrayD::from_elem(IxDyn(&self.shape), value)
    }
}
