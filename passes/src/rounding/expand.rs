//! An operation on digits becomes lookups, by a given method.
//!
//! Requires widths. `⌊x / 2^k⌋` takes low digits off one chunk after the other; what is left at width `w − d` is the
//! same ciphertext divided by `2^d`. A result that is wider than what is left comes by one more lookup, a narrower
//! one by a multiplication that moves it up.

use crate::facts::{self, Range, fail, value_type};
use crate::fuse_lookup_tables::compose;
use crate::pass::Failed;
use crate::rounding::method::Method;
use crate::rounding::widths::{Boxes, Input, asked_widths, boxes, is_identity, range_of};
use crate::tables::spread;
use cloakwork_abi::bounds::Bounds;
use cloakwork_abi::encoding::MAX_LOOKUP_WIDTH;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, set_op_attribute};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::{OperationRef, Value, ValueLike};
use ndarray::{ArrayD, IxDyn};

/// Replaces `op`, which computes `digits`.
pub(crate) fn expand<'c: 'a, 'a>(
    context: &'c Context,
    function: Function<'c, 'a>,
    (op, digits): (OperationRef<'c, 'a>, Digits),
    method: &Method,
) -> Result<(), Failed> {
    let x = walk::operand(op, 0);
    let (input, output) = (value_type(x, op)?, value_type(walk::result(op), op)?);
    let (Some((width, is_signed)), Some((out, out_signed))) = (input.integer(), output.integer()) else {
        return Err(fail(op, "the integer has no width yet; run `fhe-infer-bit-widths` first"));
    };
    let no_range = || fail(op, "the input has no range; run `fhe-infer-ranges` first");
    let range = facts::range(function, x).ok_or_else(no_range)?;
    let reached = attr::get_reached(&op);
    let asked = asked_widths(&digits, Input { range, is_signed, reached });
    if width < asked.input || out < asked.result {
        let message = format!(
            "the input has {width} bits and the result {out}, needed are {} and {}; run `fhe-infer-bit-widths` first",
            asked.input, asked.result
        );
        return Err(fail(op, &message));
    }
    let site = Site {
        builder: Builder::before(context, op),
        op,
        x: Number { value: x, width: width.0, is_signed },
        range,
        reached,
        out: out.0,
        out_signed,
    };
    let value = site.result(&digits, method)?;
    let is_used = !walk::users(walk::result(op)).is_empty();
    if let Some((range, built)) =
        attr::get_range(&op).zip(walk::defining_op(value)).filter(|_| value != x && is_used)
    {
        facts::set_range(context, built, range);
    }
    walk::replace_all_uses(walk::result(op), value);
    walk::erase(op);
    Ok(())
}

/// Where an operation is expanded.
struct Site<'c, 'a> {
    builder: Builder<'c, 'a>,
    op: OperationRef<'c, 'a>,
    x: Number<'c, 'a>,
    range: Range,
    /// What the result can be led to beyond the range that it has of that.
    reached: Option<Bounds>,
    out: u32,
    out_signed: bool,
}

/// An encrypted value with its type.
#[derive(Clone, Copy)]
struct Number<'c, 'a> {
    value: Value<'c, 'a>,
    width: u32,
    is_signed: bool,
}

impl<'c: 'a, 'a> Site<'c, 'a> {
    fn result(&self, digits: &Digits, method: &Method) -> Result<Value<'c, 'a>, Failed> {
        let (bits, is_monotone) = match *digits {
            Digits::Round { bits, .. } | Digits::Truncate { bits, .. } => (bits, true),
            Digits::LowBits { bits } => (bits, false),
            Digits::LowBitsBelow { .. }
            | Digits::Bit { .. }
            | Digits::BitOfDifference { .. }
            | Digits::Reinterpret { .. } => {
                return Ok(walk::result(self.op));
            }
        };
        let (lo, hi) = range_of(digits, self.range);
        if lo == hi && is_monotone {
            let value = attr::dense_i64(self.builder.context, &ArrayD::from_elem(self.shape(), lo));
            let ty = self.ty(self.out, self.out_signed).to_mlir(self.builder.context);
            return Ok(self.builder.op("fhe.constant", &[], ty, &[("value", value)]));
        }
        match (method, is_monotone) {
            (_, false) if is_identity(bits, self.range) => self.fitted(self.x, self.range),
            (Method::Whole, _) => self.whole(digits),
            (Method::Chunks(sizes), true) => {
                let x = self.prepared(digits);
                let rest =
                    sizes.iter().fold(x, |x, &size| self.without(x, self.chunk(x, size, x.width), size));
                self.fitted(rest, (lo, hi))
            }
            (Method::Chunks(sizes), false) => Ok(self.kept(sizes)),
            (Method::Approximate, true) => self.approximate(digits, bits),
            (Method::Approximate, false) => Err(fail(self.op, "low bits cannot be approximate")),
        }
    }

    /// One lookup of the whole input.
    fn whole(&self, digits: &Digits) -> Result<Value<'c, 'a>, Failed> {
        self.check_lookup(self.x.width)?;
        let value = |v: i64| digits.of_value(v).unwrap_or(0);
        let value = self.lookup(self.x, spread(self.range, Width(self.x.width), value));
        self.tell_within(value, self.range);
        Ok(value)
    }

    /// Which inputs of a new lookup have entries of their own, if there are others.
    fn tell_within(&self, lookup: Value<'c, 'a>, (lo, hi): Range) {
        let Some(op) = walk::defining_op(lookup).filter(|_| self.reached.is_some()) else { return };
        set_op_attribute(op, attr::WITHIN, attr::i64_array(self.builder.context, &[lo, hi]));
    }

    /// `x`, or `x + 2^(k−1)` for rounding, which then is a truncation.
    fn prepared(&self, digits: &Digits) -> Number<'c, 'a> {
        match *digits {
            Digits::Round { bits, .. } => {
                let half = self.builder.clear(&ArrayD::from_elem(self.shape(), 1i64 << (bits - 1)));
                self.linear(&Linear::AddClear, &[self.x.value, half], self.x)
            }
            Digits::Truncate { .. }
            | Digits::LowBits { .. }
            | Digits::LowBitsBelow { .. }
            | Digits::Bit { .. }
            | Digits::BitOfDifference { .. }
            | Digits::Reinterpret { .. } => self.x,
        }
    }

    /// The `size` lowest digits of `x` at width `out`.
    fn chunk(&self, x: Number<'c, 'a>, size: u32, out: u32) -> Number<'c, 'a> {
        if size == 1 {
            return self.digits(&Digits::Bit { position: 0 }, &[x], out);
        }
        let top = self.digits(&Digits::Bit { position: size }, &[x], 1);
        self.digits(&Digits::LowBitsBelow { bits: size }, &[x, top], out)
    }

    /// `(x − chunk) / 2^size`, the `chunk` being its `size` lowest digits.
    fn without(&self, x: Number<'c, 'a>, chunk: Number<'c, 'a>, size: u32) -> Number<'c, 'a> {
        let rest = self.linear(&Linear::Sub, &[x.value, chunk.value], x);
        self.reinterpreted(rest, x.width - size, x.is_signed)
    }

    /// The sum of chunks, each computed at its place in the result.
    fn kept(&self, sizes: &[u32]) -> Value<'c, 'a> {
        let (mut rest, mut sum) = (self.x, None::<Number<'c, 'a>>);
        for (i, &size) in sizes.iter().enumerate() {
            let below = self.x.width - rest.width;
            let term = if i + 1 == sizes.len() {
                self.chunk(rest, size, self.out - below)
            } else {
                let chunk = self.chunk(rest, size, rest.width);
                let at_result = match self.x.width.checked_sub(self.out) {
                    Some(more) => self.scaled(chunk, more),
                    None => self.chunk(rest, size, self.out - below),
                };
                rest = self.without(rest, chunk, size);
                at_result
            };
            let term = self.reinterpreted(term, self.out, self.out_signed);
            sum = Some(match sum {
                None => term,
                Some(sum) => self.linear(&Linear::Add, &[sum.value, term.value], sum),
            });
        }
        sum.expect("an operation has bits").value
    }

    /// `x`, whose values of `range` fit the result's type, with that type.
    fn fitted(&self, x: Number<'c, 'a>, (lo, hi): Range) -> Result<Value<'c, 'a>, Failed> {
        match x.width.checked_sub(self.out) {
            Some(more) => {
                let x = self.reinterpreted(x, x.width, self.out_signed);
                Ok(self.reinterpreted(self.scaled(x, more), self.out, self.out_signed).value)
            }
            None => {
                self.check_lookup(x.width)?;
                Ok(self.lookup(x, spread(facts_of(x), Width(x.width), |v| v.clamp(lo, hi))))
            }
        }
    }

    /// Lets the lookups that follow round; any other user gets a lookup for it.
    fn approximate(&self, digits: &Digits, bits: u32) -> Result<Value<'c, 'a>, Failed> {
        let input = Input { range: self.range, is_signed: self.x.is_signed, reached: self.reached };
        let Boxes { width: Width(width), bias, half_steps } = boxes(digits, bits, input);
        let more = self.x.width - bits - width;
        self.check_lookup(width)?;
        let half_steps = (half_steps + (bias << (bits + 1))) << more;
        let (lo, hi) = range_of(digits, self.range);
        let near = Digits::Reinterpret { from: Width(self.x.width), to: Width(width), half_steps };
        let boxed = self.digits_of_type(&near, &[self.scaled(self.x, more)], width, self.x.is_signed);
        let length = 1i64 << width;
        let entry = |index: i64| {
            let is_negative = self.x.is_signed && index >= length / 2;
            (if is_negative { index - length } else { index } - bias).clamp(lo, hi)
        };
        let steps = table((0..length).map(entry).collect());
        let mut others = false;
        for user in walk::users(walk::result(self.op)) {
            let Some(FheOp::Lookup(outer)) = FheOp::of(user) else {
                others = true;
                continue;
            };
            let ty = value_type(walk::result(user), user)?;
            let builder = Builder::before(self.builder.context, user);
            let value = builder.lookup(&compose(&outer, &steps, ty.shape()), boxed.value, &ty);
            if let Some((range, built)) = attr::get_range(&user).zip(walk::defining_op(value)) {
                facts::set_range(self.builder.context, built, range);
            }
            self.tell_within(value, (lo + bias, hi + bias));
            walk::replace_all_uses(walk::result(user), value);
            walk::erase(user);
        }
        // Without other users this stands for the result, whose type it need not have.
        Ok(if others {
            let value = self.builder.lookup(&steps, boxed.value, &self.ty(self.out, self.out_signed));
            self.tell_within(value, (lo + bias, hi + bias));
            value
        } else {
            boxed.value
        })
    }

    fn check_lookup(&self, width: u32) -> Result<(), Failed> {
        if Width(width) <= MAX_LOOKUP_WIDTH {
            return Ok(());
        }
        Err(fail(
            self.op,
            &format!(
                "this needs a lookup of {width} bits, but a table takes at most {MAX_LOOKUP_WIDTH}; take more low bits \
                 away, or make the values before it smaller"
            ),
        ))
    }

    /// `x · 2^bits`
    fn scaled(&self, x: Number<'c, 'a>, bits: u32) -> Number<'c, 'a> {
        if bits == 0 {
            return x;
        }
        let weights = self.builder.clear(&ArrayD::from_elem(self.shape(), 1i64 << bits));
        self.linear(&Linear::MulClear, &[x.value, weights], x)
    }

    fn reinterpreted(&self, x: Number<'c, 'a>, to: u32, is_signed: bool) -> Number<'c, 'a> {
        if (to, is_signed) == (x.width, x.is_signed) {
            return x;
        }
        let same = Digits::Reinterpret { from: Width(x.width), to: Width(to), half_steps: 0 };
        self.digits_of_type(&same, &[x], to, is_signed)
    }

    fn lookup(&self, x: Number<'c, 'a>, entries: Vec<i64>) -> Value<'c, 'a> {
        self.builder.lookup(&table(entries), x.value, &self.ty(self.out, self.out_signed))
    }

    fn linear(&self, linear: &Linear, operands: &[Value<'c, 'a>], like: Number<'c, 'a>) -> Number<'c, 'a> {
        let ty = self.ty(like.width, like.is_signed);
        Number { value: self.builder.linear("fhe", linear, operands, &ty), ..like }
    }

    /// An operation whose result is never negative.
    fn digits(&self, digits: &Digits, operands: &[Number<'c, 'a>], width: u32) -> Number<'c, 'a> {
        self.digits_of_type(digits, operands, width, false)
    }

    fn digits_of_type(
        &self,
        digits: &Digits,
        operands: &[Number<'c, 'a>],
        width: u32,
        is_signed: bool,
    ) -> Number<'c, 'a> {
        let context = self.builder.context;
        let operands: Vec<Value<'c, 'a>> = operands.iter().map(|operand| operand.value).collect();
        let name = format!("fhe.{}", digits.mnemonic());
        let ty = self.ty(width, is_signed).to_mlir(context);
        Number { value: self.builder.op(&name, &operands, ty, &digits.attributes(context)), width, is_signed }
    }

    fn ty(&self, width: u32, is_signed: bool) -> ValueType {
        let element = Element::Encrypted { width: Some(Width(width)), is_signed };
        let ty =
            ValueType::of(self.x.value.r#type()).expect("verified: an encrypted integer or a tensor of them");
        ty.with_element(element)
    }

    fn shape(&self) -> IxDyn {
        IxDyn(self.ty(self.x.width, self.x.is_signed).shape())
    }
}

/// What the type of a value holds.
fn facts_of(x: Number<'_, '_>) -> Range {
    cloakwork_abi::encoding::bounds(Width(x.width), x.is_signed)
}

fn table(entries: Vec<i64>) -> Lookup {
    let tables = ArrayD::from_shape_vec(IxDyn(&[1, entries.len()]), entries).expect("one row");
    Lookup { tables, selector: None }
}
