//! What the linear operations compute: exactly on integers for `fhe`, modulo `2^64` on words for `tfhe`.
//!
//! Values have a leading axis of samples ([`crate::samples`]). Arithmetic runs in the quickest numbers that hold every
//! sum that may occur; shapes are as [`Linear::check_shapes`] wants them, without the samples.

use crate::linear::{Conv2d, Linear};
use crate::samples::{count, each, spread, with_samples, zip};
use ndarray::{
    Array2, ArrayD, ArrayView2, ArrayView3, ArrayViewD, Axis, Ix2, Ix3, IxDyn, LinalgScalar, Slice,
};
use std::num::Wrapping;
use std::ops::{Neg, Range};

/// Numbers below this are exact as `f64`, whose matrix product is by far the quickest.
const EXACT_IN_F64: u128 = 1 << 53;

impl Linear {
    /// The exact result of one sample; `None` where an element leaves `i64`. No value has an axis of samples.
    pub fn evaluate(&self, operands: &[&ArrayD<i64>], result: &[usize]) -> Option<ArrayD<i64>> {
        let one: Vec<_> = operands.iter().map(|operand| operand.view().insert_axis(Axis(0))).collect();
        Some(self.evaluate_samples(&one, result)?.index_axis_move(Axis(0), 0))
    }

    /// The exact results on integers; `None` where an element leaves `i64`.
    pub fn evaluate_samples(
        &self,
        operands: &[ArrayViewD<'_, i64>],
        result: &[usize],
    ) -> Option<ArrayD<i64>> {
        let greatest =
            |i: usize| operands[i].fold(0, |most: u64, value| most.max(value.unsigned_abs())).into();
        let shapes: Vec<&[usize]> = operands.iter().map(|operand| operand.shape()).collect();
        let Some(bound) = self.bound(&shapes, greatest) else { return Some(self.moved(operands, result)) };
        if bound < EXACT_IN_F64 && matches!(self, Self::Matmul | Self::Conv2d(_)) {
            let reals: Vec<ArrayD<f64>> = operands.iter().map(|operand| operand.mapv(|v| v as f64)).collect();
            return Some(self.computed(&views(&reals), result).mapv(|v| v as i64));
        }
        if bound <= i64::MAX as u128 {
            return Some(self.computed(operands, result));
        }
        if bound > i128::MAX as u128 {
            return None;
        }
        let wide: Vec<ArrayD<i128>> = operands.iter().map(|operand| operand.mapv(i128::from)).collect();
        let exact = self.computed(&views(&wide), result);
        let fits = exact.iter().all(|&value| i64::try_from(value).is_ok());
        fits.then(|| exact.mapv(|value| value as i64))
    }

    /// [`Self::evaluate_samples`] on integers of 64 bits, signed or unsigned; `None` where an element has more.
    pub fn evaluate_exact_samples(
        &self,
        operands: &[ArrayViewD<'_, i128>],
        result: &[usize],
    ) -> Option<ArrayD<i128>> {
        let greatest = |i: usize| operands[i].fold(0, |most: u128, value| most.max(value.unsigned_abs()));
        let shapes: Vec<&[usize]> = operands.iter().map(|operand| operand.shape()).collect();
        let exact = match self.bound(&shapes, greatest) {
            None => self.moved(operands, result),
            Some(bound) if bound > i128::MAX as u128 => return None,
            Some(_) => self.computed(operands, result),
        };
        let is_word = |&value: &i128| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value);
        exact.iter().all(is_word).then_some(exact)
    }

    /// The same of one sample; no value has an axis of samples.
    pub fn evaluate_exact(&self, operands: &[&ArrayD<i128>], result: &[usize]) -> Option<ArrayD<i128>> {
        let one: Vec<_> = operands.iter().map(|operand| operand.view().insert_axis(Axis(0))).collect();
        Some(self.evaluate_exact_samples(&one, result)?.index_axis_move(Axis(0), 0))
    }

    /// The results on words, modulo `2^64`.
    pub fn evaluate_wrapping(&self, operands: &[ArrayViewD<'_, i64>], result: &[usize]) -> ArrayD<i64> {
        if !self.computes() {
            return self.moved(operands, result);
        }
        let words: Vec<_> = operands.iter().map(|operand| operand.mapv(Wrapping)).collect();
        self.computed(&views(&words), result).mapv(|word| word.0)
    }

    /// Why operands of fitting shape are none all the same: a position outside of its axis.
    pub fn check_values<T: Copy + Into<i128>>(&self, operands: &[ArrayViewD<'_, T>]) -> Result<(), String> {
        let (axis, positions) = match (self, operands) {
            (Self::GatherAt { axis }, [_, positions]) | (Self::SetAt { axis }, [_, _, positions]) => {
                (*axis, positions)
            }
            _ => return Ok(()),
        };
        let size = operands[0].shape()[axis + 1] as i128;
        match positions.iter().map(|&at| at.into()).find(|position| !(-size..size).contains(position)) {
            Some(position) => {
                Err(format!("position {position} is out of bounds for axis {axis} of {size} elements"))
            }
            None => Ok(()),
        }
    }

    /// Whether results are other numbers than the operands'.
    fn computes(&self) -> bool {
        match self {
            Self::Add
            | Self::Sub
            | Self::Neg
            | Self::AddClear
            | Self::MulClear
            | Self::Dot
            | Self::Matmul
            | Self::Conv2d(_)
            | Self::Sum { .. } => true,
            Self::Reshape
            | Self::Transpose { .. }
            | Self::Slice { .. }
            | Self::Concat { .. }
            | Self::Broadcast
            | Self::Gather { .. }
            | Self::GatherAt { .. }
            | Self::SetAt { .. } => false,
        }
    }

    /// What no partial sum exceeds in magnitude; `None` if the operation only moves elements.
    /// `greatest` is the greatest magnitude in an operand.
    fn bound(&self, shapes: &[&[usize]], greatest: impl Fn(usize) -> u128) -> Option<u128> {
        let products = |count: usize| greatest(0).saturating_mul(greatest(1)).saturating_mul(count as u128);
        self.computes().then(|| match self {
            Self::MulClear => products(1),
            Self::Dot => products(shapes[0][1]),
            Self::Matmul => products(shapes[0][2]),
            Self::Conv2d(_) => products(shapes[1][2..].iter().product()),
            Self::Sum { axes } => {
                let terms: usize = axes.iter().map(|axis| shapes[0][axis + 1]).product();
                greatest(0).saturating_mul(terms as u128)
            }
            Self::Add | Self::Sub | Self::AddClear => greatest(0) + greatest(1),
            _ => greatest(0),
        })
    }

    /// The results of an operation that computes, in numbers that [`Self::bound`] allows.
    fn computed<T: Number>(&self, operands: &[ArrayViewD<'_, T>], result: &[usize]) -> ArrayD<T> {
        let a = &operands[0];
        match self {
            Self::Sub => zip(a, &operands[1], |a, b| a - b),
            Self::Neg => a.mapv(|value| -value),
            Self::MulClear => zip(a, &operands[1], |a, b| a * b),
            Self::Dot => zip(a, &operands[1], |a, b| a * b).sum_axis(Axis(1)),
            Self::Matmul => matmul(a, &operands[1], result),
            Self::Conv2d(conv) => conv.computed(a, &operands[1], result),
            Self::Sum { axes } => {
                let mut axes = axes.iter().rev().map(|axis| Axis(axis + 1));
                let first = axes.next().map_or_else(|| a.to_owned(), |axis| a.sum_axis(axis));
                axes.fold(first, |sum, axis| sum.sum_axis(axis))
            }
            Self::Add | Self::AddClear => zip(a, &operands[1], |a, b| a + b),
            Self::Reshape
            | Self::Transpose { .. }
            | Self::Slice { .. }
            | Self::Concat { .. }
            | Self::Broadcast
            | Self::Gather { .. }
            | Self::GatherAt { .. }
            | Self::SetAt { .. } => unreachable!("moves elements"),
        }
    }

    /// The results of an operation that only moves elements.
    fn moved<T: Copy + Default + Into<i128>>(
        &self,
        operands: &[ArrayViewD<'_, T>],
        result: &[usize],
    ) -> ArrayD<T> {
        let (a, samples) = (&operands[0], count(operands));
        let shape = IxDyn(&with_samples(a.len_of(Axis(0)), result));
        match self {
            Self::Transpose { permutation } => {
                let axes: Vec<usize> =
                    [0].into_iter().chain(permutation.iter().map(|axis| axis + 1)).collect();
                a.view().permuted_axes(IxDyn(&axes)).as_standard_layout().into_owned()
            }
            Self::Slice { offsets, strides } => sliced(a.view(), offsets, strides, result),
            Self::Concat { axis } => {
                let all: Vec<_> = operands.iter().map(|operand| spread(operand, samples)).collect();
                ndarray::concatenate(Axis(axis + 1), &all).expect("shapes are checked")
            }
            Self::Broadcast => {
                let mut view = a.view();
                while view.ndim() <= result.len() {
                    view = view.insert_axis(Axis(1));
                }
                view.broadcast(shape).expect("shapes are checked").to_owned()
            }
            Self::Gather { indices } => {
                let size: usize = a.shape()[1..].iter().product();
                let rows = a.to_shape((a.len_of(Axis(0)), size)).expect("the same elements");
                reshaped(rows.select(Axis(1), indices).into_dyn(), shape)
            }
            Self::GatherAt { axis } => each(operands, result, |one| {
                let at = positions(&one[1], one[0].shape()[*axis]);
                reshaped(one[0].select(Axis(*axis), &at), IxDyn(result))
            }),
            Self::SetAt { axis } => each(operands, result, |one| {
                let at = positions(&one[2], one[0].shape()[*axis]);
                let mut rows = one[0].shape().to_vec();
                rows[*axis] = at.len();
                let value = one[1].to_shape(IxDyn(&rows)).expect("shapes are checked");
                let mut out = one[0].to_owned();
                for (row, position) in value.axis_iter(Axis(*axis)).zip(at) {
                    out.index_axis_mut(Axis(*axis), position).assign(&row);
                }
                out
            }),
            Self::Reshape => reshaped(a.to_owned(), shape),
            Self::Add
            | Self::Sub
            | Self::Neg
            | Self::AddClear
            | Self::MulClear
            | Self::Dot
            | Self::Matmul
            | Self::Conv2d(_)
            | Self::Sum { .. } => unreachable!("computes"),
        }
    }
}

/// What arithmetic runs in.
trait Number: LinalgScalar + Neg<Output = Self> + Default {}

impl<T: LinalgScalar + Neg<Output = T> + Default> Number for T {}

impl Conv2d {
    fn computed<T: Number>(
        &self,
        input: &ArrayViewD<'_, T>,
        weights: &ArrayViewD<'_, T>,
        result: &[usize],
    ) -> ArrayD<T> {
        each(&[input.view(), weights.view()], result, |one| {
            let mut out = ArrayD::from_elem(IxDyn(result), T::zero());
            for (image, mut slot) in one[0].outer_iter().zip(out.outer_iter_mut()) {
                let image = image.into_dimensionality::<Ix3>().expect("channels, rows, columns");
                slot.assign(&self.of_image(image, &one[1], &result[1..]));
            }
            out
        })
    }

    /// `[filters, rows, columns]` of one image, as the product of weights and the patches under the kernel.
    fn of_image<T: Number>(
        &self,
        image: ArrayView3<'_, T>,
        weights: &ArrayViewD<'_, T>,
        result: &[usize],
    ) -> ArrayD<T> {
        let (rows, columns) = (result[1], result[2]);
        let (filters, channels) = (weights.shape()[0], weights.shape()[1]);
        let (height, width) = (weights.shape()[2], weights.shape()[3]);
        let mut out = Array2::zeros((filters, rows * columns));
        let mut patches = ArrayD::zeros(IxDyn(&[channels, height, width, rows, columns]));
        let per_group = filters / self.groups;
        for group in 0..self.groups {
            patches.fill(T::zero());
            for (c, mut of_channel) in patches.outer_iter_mut().enumerate() {
                let channel = image.index_axis(Axis(0), group * channels + c);
                for (i, mut of_row) in of_channel.outer_iter_mut().enumerate() {
                    for (j, slot) in of_row.outer_iter_mut().enumerate() {
                        let slot = slot.into_dimensionality::<Ix2>().expect("rows, columns");
                        self.fill(slot, channel, [i, j]);
                    }
                }
            }
            let of_group = group * per_group..(group + 1) * per_group;
            let weights = weights.slice_axis(Axis(0), Slice::from(of_group.clone()));
            let terms = channels * height * width;
            let weights = weights.to_shape((per_group, terms)).expect("the same elements");
            let patches = patches.view().into_shape_with_order((terms, rows * columns));
            let product = weights.dot(&patches.expect("the same elements"));
            out.slice_axis_mut(Axis(0), Slice::from(of_group)).assign(&product);
        }
        reshaped(out.into_dyn(), IxDyn(result))
    }

    /// For each place of the kernel the element under its weight `[i, j]`; those in the padding stay.
    fn fill<T: Copy>(
        &self,
        mut slot: ndarray::ArrayViewMut2<'_, T>,
        channel: ArrayView2<'_, T>,
        weight: [usize; 2],
    ) {
        let [y, x] = [0, 1].map(|axis| {
            let offset = weight[axis] * self.dilations[axis];
            self.inside(axis, offset, slot.shape()[axis], channel.shape()[axis])
        });
        if y.is_empty() || x.is_empty() {
            return;
        }
        let mut source = channel;
        for (axis, places) in [(0, &y), (1, &x)] {
            let (stride, offset) = (self.strides[axis], weight[axis] * self.dilations[axis]);
            let at = |place: usize| (place * stride + offset - self.padding[axis]) as isize;
            let taken = Slice::new(at(places.start), Some(at(places.end - 1) + 1), stride as isize);
            source.slice_axis_inplace(Axis(axis), taken);
        }
        slot.slice_axis_inplace(Axis(0), Slice::from(y));
        slot.slice_axis_inplace(Axis(1), Slice::from(x));
        slot.assign(&source);
    }

    /// The places along an axis at which a weight of that offset lies on one of `size` elements.
    fn inside(&self, axis: usize, offset: usize, places: usize, size: usize) -> Range<usize> {
        let (stride, before) = (self.strides[axis], self.padding[axis]);
        let first = before.saturating_sub(offset).div_ceil(stride);
        let end = (size + before).saturating_sub(offset).div_ceil(stride);
        first.min(places)..end.min(places)
    }
}

fn matmul<T: Number>(a: &ArrayViewD<'_, T>, b: &ArrayViewD<'_, T>, result: &[usize]) -> ArrayD<T> {
    fn matrix<'a, T>(of: ArrayViewD<'a, T>) -> ArrayView2<'a, T> {
        of.into_dimensionality().expect("shapes are checked")
    }
    if b.len_of(Axis(0)) == 1 {
        // One product of all samples' rows.
        let (samples, inner) = (a.len_of(Axis(0)), a.shape()[2]);
        let rows = a.to_shape((samples * result[0], inner)).expect("the same elements");
        let product = rows.dot(&matrix(b.index_axis(Axis(0), 0)));
        return reshaped(product.into_dyn(), IxDyn(&with_samples(samples, result)));
    }
    each(&[a.view(), b.view()], result, |one| matrix(one[0].view()).dot(&matrix(one[1].view())).into_dyn())
}

/// Without a copy of what is taken whole.
fn sliced<T: Clone>(
    mut view: ArrayViewD<'_, T>,
    offsets: &[usize],
    strides: &[i64],
    result: &[usize],
) -> ArrayD<T> {
    for (axis, ((&offset, &stride), &count)) in offsets.iter().zip(strides).zip(result).enumerate() {
        let (first, last) = (offset as i64, offset as i64 + (count as i64 - 1) * stride);
        let taken = match count {
            0 => Slice::from(0..0),
            1 => Slice::from(first as isize..first as isize + 1),
            _ => Slice::new(first.min(last) as isize, Some(first.max(last) as isize + 1), stride as isize),
        };
        view.slice_axis_inplace(Axis(axis + 1), taken);
    }
    view.as_standard_layout().into_owned()
}

fn positions<T: Copy + Into<i128>>(at: &ArrayViewD<'_, T>, size: usize) -> Vec<usize> {
    at.iter().map(|&position| position.into().rem_euclid(size as i128) as usize).collect()
}

fn reshaped<T: Clone>(array: ArrayD<T>, shape: IxDyn) -> ArrayD<T> {
    array.as_standard_layout().into_owned().into_shape_with_order(shape).expect("element counts are checked")
}

fn views<T>(arrays: &[ArrayD<T>]) -> Vec<ArrayViewD<'_, T>> {
    arrays.iter().map(|array| array.view()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: &[usize], values: &[i64]) -> ArrayD<i64> {
        ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()
    }

    #[test]
    fn slices_with_strides_of_either_sign() {
        let a = array(&[2, 4], &[0, 1, 2, 3, 4, 5, 6, 7]);
        let op = Linear::Slice { offsets: vec![1, 3], strides: vec![-1, -2] };
        assert_eq!(op.check_shapes(&[&[2, 4]], &[2, 2]), Ok(()));
        assert_eq!(op.evaluate(&[&a], &[2, 2]), Some(array(&[2, 2], &[7, 5, 3, 1])));
        assert!(op.check_shapes(&[&[2, 4]], &[2, 3]).is_err());
    }

    #[test]
    fn positions_along_an_axis() {
        let a = array(&[2, 3], &[0, 1, 2, 3, 4, 5]);
        let at = array(&[2], &[-1, 0]);
        let take = Linear::GatherAt { axis: 1 };
        assert_eq!(take.check_shapes(&[&[2, 3], &[2]], &[2, 2]), Ok(()));
        assert_eq!(take.evaluate(&[&a, &at], &[2, 2]), Some(array(&[2, 2], &[2, 0, 5, 3])));
        let (row, last) = (array(&[3], &[7, 8, 9]), array(&[], &[4]));
        let set = Linear::SetAt { axis: 0 };
        assert_eq!(set.check_shapes(&[&[2, 3], &[3], &[]], &[2, 3]), Ok(()));
        assert_eq!(set.evaluate(&[&a, &row, &last], &[2, 3]), Some(array(&[2, 3], &[7, 8, 9, 3, 4, 5])));
        let gather = Linear::Gather { indices: vec![5, 5, 0, 1] };
        assert_eq!(gather.check_shapes(&[&[2, 3]], &[2, 2]), Ok(()));
        assert_eq!(gather.evaluate(&[&a], &[2, 2]), Some(array(&[2, 2], &[5, 5, 0, 1])));
        assert!(gather.check_shapes(&[&[4]], &[4]).is_err());
    }

    #[test]
    fn convolution_with_padding_on_one_side() {
        let conv =
            Linear::Conv2d(Conv2d { strides: [1, 2], padding: [1, 0, 0, 1], dilations: [1, 1], groups: 1 });
        let input = array(&[1, 1, 2, 3], &[1, 2, 3, 4, 5, 6]);
        let weights = array(&[1, 1, 2, 2], &[1, 10, 100, 1000]);
        assert_eq!(conv.check_shapes(&[&[1, 1, 2, 3], &[1, 1, 2, 2]], &[1, 1, 2, 2]), Ok(()));
        let result = conv.evaluate(&[&input, &weights], &[1, 1, 2, 2]);
        assert_eq!(result, Some(array(&[1, 1, 2, 2], &[2100, 300, 5421, 603])));
    }

    #[test]
    fn overflow_of_integers_is_found_and_of_words_wraps() {
        let (a, b) = (array(&[1], &[i64::MAX]), array(&[1], &[2]));
        assert_eq!(Linear::MulClear.evaluate(&[&a, &b], &[1]), None);
        let (a, b) = (a.view().insert_axis(Axis(0)), b.view().insert_axis(Axis(0)));
        assert_eq!(Linear::MulClear.evaluate_wrapping(&[a, b], &[1]), array(&[1, 1], &[-2]));
    }

    /// Values without a pattern, so many samples of a shape.
    fn batch(samples: usize, shape: &[usize], greatest: i64) -> ArrayD<i64> {
        let mut state = 7u64;
        ArrayD::from_shape_simple_fn(IxDyn(&with_samples(samples, shape)), || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state >> 33) as i64 % (2 * greatest + 1) - greatest
        })
    }

    #[test]
    fn batches_compute_what_each_sample_does_alone() {
        let conv = |groups| Conv2d { strides: [2, 1], padding: [1, 2, 0, 1], dilations: [1, 2], groups };
        type Case<'s> = (Linear, Vec<&'s [usize]>, &'s [usize]);
        let cases: Vec<Case<'_>> = vec![
            (Linear::Add, vec![&[2, 3], &[2, 3]], &[2, 3]),
            (Linear::Sub, vec![&[2, 3], &[2, 3]], &[2, 3]),
            (Linear::Neg, vec![&[3]], &[3]),
            (Linear::MulClear, vec![&[2, 3], &[2, 3]], &[2, 3]),
            (Linear::Dot, vec![&[5], &[5]], &[]),
            (Linear::Matmul, vec![&[2, 3], &[3, 4]], &[2, 4]),
            (Linear::Conv2d(conv(1)), vec![&[2, 2, 5, 6], &[3, 2, 2, 3]], &[2, 3, 3, 5]),
            (Linear::Conv2d(conv(2)), vec![&[1, 4, 5, 6], &[2, 2, 2, 3]], &[1, 2, 3, 5]),
            (Linear::Sum { axes: vec![0, 2] }, vec![&[2, 3, 4]], &[3]),
            (Linear::Reshape, vec![&[2, 3]], &[3, 2]),
            (Linear::Transpose { permutation: vec![1, 0] }, vec![&[2, 3]], &[3, 2]),
            (Linear::Slice { offsets: vec![1, 2], strides: vec![-1, -2] }, vec![&[2, 3]], &[2, 2]),
            (Linear::Concat { axis: 1 }, vec![&[2, 3], &[2, 1]], &[2, 4]),
            (Linear::Broadcast, vec![&[3, 1]], &[2, 3, 4]),
            (Linear::Gather { indices: vec![5, 0, 0] }, vec![&[2, 3]], &[3]),
        ];
        for (op, shapes, result) in cases {
            for (greatest, shared) in
                [7, 1 << 30, 1 << 40].into_iter().flat_map(|greatest| (0..4).map(move |s| (greatest, s)))
            {
                let samples = |i: usize| if shared >> i & 1 == 1 { 1 } else { 3 };
                let values: Vec<_> =
                    shapes.iter().enumerate().map(|(i, shape)| batch(samples(i), shape, greatest)).collect();
                assert_eq!(op.check_shapes(&shapes, result), Ok(()), "{op:?}");
                let all = op.evaluate_samples(&views(&values), result);
                for sample in 0..values.iter().map(|v| v.len_of(Axis(0))).max().unwrap() {
                    let one =
                        |v: &ArrayD<i64>| v.index_axis(Axis(0), sample.min(v.len_of(Axis(0)) - 1)).to_owned();
                    let one: Vec<_> = values.iter().map(one).collect();
                    let alone = op.evaluate(&one.iter().collect::<Vec<_>>(), result);
                    if let Some(all) = &all {
                        assert_eq!(alone, Some(all.index_axis(Axis(0), sample).to_owned()), "{op:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn convolutions_are_their_sums() {
        let conv = Conv2d { strides: [2, 1], padding: [1, 2, 0, 1], dilations: [1, 2], groups: 2 };
        let (input, weights) = (batch(1, &[1, 4, 5, 6], 9), batch(1, &[2, 2, 2, 3], 9));
        let found =
            Linear::Conv2d(conv).evaluate_samples(&[input.view(), weights.view()], &[1, 2, 3, 5]).unwrap();
        for ((_, _, f, y, x), &value) in
            found.clone().into_dimensionality::<ndarray::Ix5>().unwrap().indexed_iter()
        {
            let mut sum = 0;
            for (c, i, j) in ndarray::indices((2, 2, 3)) {
                let (row, column) = ((2 * y + i) as i64 - 1, (x + 2 * j) as i64 - 2);
                if (0..5).contains(&row) && (0..6).contains(&column) {
                    sum += input[[0, 0, f * 2 + c, row as usize, column as usize]] * weights[[0, f, c, i, j]];
                }
            }
            assert_eq!(value, sum);
        }
    }
}
