//! Products and sums of wide integers, and linear operations with clear weights.

use crate::facts::{Range, hull};
use crate::intervals::{self, Interval};
use crate::pass::Failed;
use crate::wide::digits::{Digits, Site};
use crate::wide::writer::Ranged;
use cloakwork_abi::bounds;
use cloakwork_ir::linear::Linear;
use ndarray::{ArrayD, IxDyn};

/// An operand of a product.
pub(super) struct Factor<'c, 'a> {
    /// In `[0, 2^bits)`, perhaps fewer than those of the product.
    pub(super) digits: Digits<'c, 'a>,
    /// Where integers of fewer digits may be negative: whether they are, an axis of size 1.
    pub(super) sign: Option<Ranged<'c, 'a>>,
}

impl<'c: 'a, 'a> Site<'c, 'a> {
    /// `x · y` modulo all digits: products of single digits, summed by their place. With `u`, `v` the integers that the digits
    /// stand for without signs, and `s`, `t` the signs, it is `(u − s·2^a)·(v − t·2^b)`.
    pub(super) fn product(&self, x: &Factor<'c, 'a>, y: &Factor<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        let mut sum = self.product_of_digits(&x.digits, &y.digits)?;
        let (of_x, of_y) = (x.digits.ranges.len(), y.digits.ranges.len());
        for (sign, digits, place) in [(&x.sign, &y.digits, of_x), (&y.sign, &x.digits, of_y)] {
            let Some(sign) = sign else { continue };
            let choice = self.repeated_sign(sign, digits.ranges.len());
            let chosen =
                self.writer.packed(&choice, &digits.tensor()).lookup(&self.writer, |s, digit| s * digit);
            if let Some(term) = self.placed(&chosen, place) {
                sum = self.sub(&sum, &term)?;
            }
        }
        if let (Some(s), Some(t)) = (&x.sign, &y.sign) {
            let both = self.writer.packed(s, t).lookup(&self.writer, |s, t| s * t);
            if let Some(term) = self.placed(&both, of_x + of_y) {
                sum = self.add(&sum, &term)?;
            }
        }
        Ok(sum)
    }

    /// `x · y` of integers with all digits.
    pub(super) fn full_product(
        &self,
        x: &Digits<'c, 'a>,
        y: &Digits<'c, 'a>,
    ) -> Result<Digits<'c, 'a>, Failed> {
        self.product_of_digits(&self.carried(x)?, &self.carried(y)?)
    }

    /// A sign for each of `count` digits.
    fn repeated_sign(&self, sign: &Ranged<'c, 'a>, count: usize) -> Ranged<'c, 'a> {
        let (_, shape) = sign.shape.split_last().expect("an axis of size 1");
        let repeated = self.writer.repeated(&self.writer.reshape(sign, shape), count);
        self.writer.known(&repeated, (0, 1))
    }

    /// Digits from `place` on, zeros elsewhere; `None` where that is above all digits.
    fn placed(&self, x: &Ranged<'c, 'a>, place: usize) -> Option<Digits<'c, 'a>> {
        let (size, shape) = x.shape.split_last().expect("the last axis holds digits");
        let kept = self.count().checked_sub(place)?.min(*size);
        if kept == 0 {
            return None;
        }
        let below = (place > 0).then(|| self.zeros(shape, place));
        let rest = self.count() - place - kept;
        let above = (rest > 0).then(|| self.zeros(shape, rest));
        let parts = below.into_iter().chain([self.writer.slice(x, 0, kept)]).chain(above);
        Some(self.joined(&parts.collect::<Vec<_>>()))
    }

    /// The product of digits in `[0, 2^bits)`.
    fn product_of_digits(&self, x: &Digits<'c, 'a>, y: &Digits<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        let (count, bits, most) = (self.count(), self.radix.bits, self.most());
        let (writer, shape) = (&self.writer, &x.shape);
        let (of_x, of_y) = (x.ranges.len().min(count), y.ranges.len());
        let length = |i: usize| of_y.min(count - i);
        let (mut firsts, mut seconds) = (vec![], vec![]);
        for i in 0..of_x {
            let single = self.digit(x, i);
            let spread = [shape.as_slice(), &[length(i)]].concat();
            firsts.push(writer.linear(&Linear::Broadcast, &[single.value], &spread, single.range));
            seconds.push(writer.slice(&y.tensor(), 0, length(i)));
        }
        let packed = writer.packed(&writer.concat(&firsts), &writer.concat(&seconds));
        let low = packed.lookup(writer, |x, y| (x * y) & most);
        let high = packed.lookup(writer, |x, y| (x * y) >> bits);
        let mut sum: Option<Digits<'c, 'a>> = None;
        let mut from = 0;
        for i in 0..of_x {
            for (part, up) in [(&low, i), (&high, i + 1)] {
                let Some(term) = self.placed(&writer.slice(part, from, length(i)), up) else { continue };
                sum = Some(match sum {
                    Some(sum) => self.add(&sum, &term)?,
                    None => term,
                });
            }
            from += length(i);
        }
        Ok(sum.expect("there is a digit"))
    }

    /// `x · weights`, elementwise with constants of the integers' shape.
    pub(super) fn weighted(
        &self,
        x: &Digits<'c, 'a>,
        weights: &ArrayD<i64>,
    ) -> Result<Digits<'c, 'a>, Failed> {
        self.by_weights(x, weights, |site, x, part| {
            let spread = ArrayD::from_shape_fn(IxDyn(&x.tensor().shape), |index| {
                let position: Vec<usize> = (0..part.ndim()).map(|axis| index[axis]).collect();
                part[IxDyn(&position)]
            });
            let clear = site.writer.builder.clear(&spread);
            let (lo, hi) = hull(part);
            let most = x.tensor().range.1;
            let range = ((lo * most).min(0), (hi * most).max(0));
            let tensor = x.tensor();
            Ok(site.writer.linear(&Linear::MulClear, &[tensor.value, clear], &tensor.shape, range))
        })
    }

    /// A sum of products with clear weights whose result has that shape. `is_left`: the weights are the left operand.
    pub(super) fn contracted(
        &self,
        linear: &Linear,
        x: &Digits<'c, 'a>,
        (weights, is_left): (&ArrayD<i64>, bool),
        shape: &[usize],
    ) -> Result<Digits<'c, 'a>, Failed> {
        self.by_weights(x, weights, |site, x, part| {
            let tensor = x.tensor();
            // The digits become a first axis of independent rows, images or columns.
            let rank = x.shape.len();
            let first: Vec<usize> = std::iter::once(rank).chain(0..rank).collect();
            let moved = site.transposed(&tensor, first);
            let bounds = |shape: &[usize]| Interval::uniform(shape, bounds::wide(tensor.range));
            let exact = Interval::exactly(part.mapv(i128::from));
            let operands = |x| if is_left { [&exact, x] } else { [x, &exact] };
            let range = intervals::linear(linear, &operands(&bounds(&x.shape)), shape)
                .and_then(|interval| bounds::signed(interval.hull()))
                .unwrap_or((i64::MIN / 4, i64::MAX / 4));
            site.check_table(range)?;
            Ok(site.each_digit(linear, (&moved, x.shape.len()), (part, is_left), (shape, range)))
        })
    }

    /// One linear operation on all digits, which are the first axis of `x`.
    fn each_digit(
        &self,
        linear: &Linear,
        (x, rank): (&Ranged<'c, 'a>, usize),
        (weights, is_left): (&ArrayD<i64>, bool),
        (shape, range): (&[usize], Range),
    ) -> Ranged<'c, 'a> {
        let (writer, count) = (&self.writer, self.count());
        let clear = writer.builder.clear(weights);
        let inner = &x.shape[1..];
        match (linear, is_left) {
            (Linear::Conv2d(_), _) => {
                let images = writer.reshape(x, &[&[count * inner[0]], &inner[1..]].concat());
                let of_images = [&[count * shape[0]], &shape[1..]].concat();
                let result = writer.linear(linear, &[images.value, clear], &of_images, range);
                let apart = writer.reshape(&result, &[&[count], shape].concat());
                self.digits_last(&apart)
            }
            (_, true) => {
                // weights [m, k] · x [count, k, p]: columns are independent.
                let (k, p) = (inner[0], inner[1..].iter().product::<usize>());
                let columns = self.transposed(&writer.reshape(x, &[count, k, p]), vec![1, 2, 0]);
                let columns = writer.reshape(&columns, &[k, p * count]);
                let m = weights.shape()[0];
                let result = writer.linear(&Linear::Matmul, &[clear, columns.value], &[m, p * count], range);
                writer.reshape(&result, &[shape, &[count]].concat())
            }
            (_, false) => {
                // x [count, .., k] · weights [k] or [k, p]: rows are independent.
                let k = inner[rank - 1];
                let rows = inner[..rank - 1].iter().product::<usize>() * count;
                let p = weights.len() / k.max(1);
                let flat = writer.reshape(x, &[rows, k]);
                let matrix = weights.to_shape(IxDyn(&[k, p])).expect("weights of k rows").to_owned();
                let clear = writer.builder.clear(&matrix);
                let result = writer.linear(&Linear::Matmul, &[flat.value, clear], &[rows, p], range);
                let apart = writer.reshape(&result, &[&[count], shape].concat());
                self.digits_last(&apart)
            }
        }
    }

    /// Sum over axes, which vanish, in groups that leave the digits small.
    pub(super) fn summed(&self, x: &Digits<'c, 'a>, axes: &[usize]) -> Result<Digits<'c, 'a>, Failed> {
        axes.iter().rev().try_fold(x.clone(), |x, &axis| self.summed_over(&x, axis))
    }

    fn summed_over(&self, x: &Digits<'c, 'a>, axis: usize) -> Result<Digits<'c, 'a>, Failed> {
        let mut x = self.compressed(x)?;
        loop {
            let size = x.shape[axis];
            let tensor = x.tensor();
            let most_terms = (2..=size as i64)
                .take_while(|&terms| self.has_room((tensor.range.0 * terms, tensor.range.1 * terms)))
                .last()
                .unwrap_or(2) as usize;
            let group = most_terms.min(size.max(1));
            let parts: Vec<Ranged<'c, 'a>> = (0..size.max(1))
                .step_by(group)
                .map(|from| self.sum_of_group(&tensor, axis, from, group.min(size - from.min(size))))
                .collect();
            let mut shape = x.shape.clone();
            shape[axis] = parts.len();
            let whole = [shape.as_slice(), &[self.count()]].concat();
            let range = parts.iter().map(|part| part.range).reduce(crate::facts::join).unwrap_or((0, 0));
            let values: Vec<_> = parts.iter().map(|part| part.value).collect();
            let joined = match values.as_slice() {
                [_] => parts[0].clone(),
                _ => self.writer.linear(&Linear::Concat { axis }, &values, &whole, range),
            };
            let sum = self.digits(&joined);
            if parts.len() == 1 {
                let mut without = sum.shape.clone();
                without.remove(axis);
                let flat =
                    self.writer.reshape(&sum.tensor(), &[without.as_slice(), &[self.count()]].concat());
                return Ok(Digits { value: flat.value, shape: without, ranges: sum.ranges });
            }
            x = self.compressed(&sum)?;
        }
    }

    /// The sum of `size` positions of an axis, which keeps size 1.
    fn sum_of_group(&self, x: &Ranged<'c, 'a>, axis: usize, from: usize, size: usize) -> Ranged<'c, 'a> {
        let mut offsets = vec![0; x.shape.len()];
        offsets[axis] = from;
        let mut shape = x.shape.clone();
        shape[axis] = size;
        let slice = Linear::Slice { offsets, strides: vec![1; shape.len()] };
        let part = match shape == x.shape {
            true => x.clone(),
            false => self.writer.linear(&slice, &[x.value], &shape, x.range),
        };
        let terms = size as i64;
        let range = (x.range.0 * terms, x.range.1 * terms);
        let mut flat = shape.clone();
        flat.remove(axis);
        let sum = self.writer.linear(&Linear::Sum { axes: vec![axis] }, &[part.value], &flat, range);
        shape[axis] = 1;
        self.writer.reshape(&sum, &shape)
    }

    /// A linear function of `x` with weights: small weights at once, others by their digits, each moved to its place.
    fn by_weights(
        &self,
        x: &Digits<'c, 'a>,
        weights: &ArrayD<i64>,
        apply: impl Fn(&Self, &Digits<'c, 'a>, &ArrayD<i64>) -> Result<Ranged<'c, 'a>, Failed>,
    ) -> Result<Digits<'c, 'a>, Failed> {
        let x = self.carried(x)?;
        let mut sum: Option<Digits<'c, 'a>> = None;
        for (place, part) in self.balanced(weights).into_iter().enumerate() {
            if part.iter().all(|&weight| weight == 0) && (place > 0 || sum.is_some()) {
                continue;
            }
            let product = self.digits(&apply(self, &x, &part)?);
            let term = self.moved_up(&product, place);
            sum = Some(match sum {
                Some(sum) => self.add(&sum, &term)?,
                None => term,
            });
        }
        Ok(sum.expect("there is a lowest digit"))
    }

    /// Digits of weights in `[−2^(bits−1), 2^(bits−1)]`, lowest first, modulo all digits.
    fn balanced(&self, weights: &ArrayD<i64>) -> Vec<ArrayD<i64>> {
        let (bits, half) = (self.radix.bits, 1i128 << (self.radix.bits - 1));
        let mut rest = weights.mapv(i128::from);
        let parts = (0..self.count()).map(|_| {
            let digit = rest.mapv(|value| {
                let low = value.rem_euclid(1 << bits);
                if low > half || (low == half && value < 0) { low - (1 << bits) } else { low }
            });
            rest = (&rest - &digit).mapv(|value| value >> bits);
            digit.mapv(|digit| digit as i64)
        });
        parts.collect()
    }

    fn transposed(&self, x: &Ranged<'c, 'a>, permutation: Vec<usize>) -> Ranged<'c, 'a> {
        let shape: Vec<usize> = permutation.iter().map(|&axis| x.shape[axis]).collect();
        self.writer.linear(&Linear::Transpose { permutation }, &[x.value], &shape, x.range)
    }

    /// The first axis becomes the last.
    fn digits_last(&self, x: &Ranged<'c, 'a>) -> Ranged<'c, 'a> {
        let rank = x.shape.len();
        self.transposed(x, (1..rank).chain([0]).collect())
    }
}
