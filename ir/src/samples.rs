//! The leading axis of samples that every value has while a function is evaluated on many of them.
//!
//! Its size is that of the batch, or 1 where all samples share the value.

use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Zip};
use std::borrow::Cow;

/// How many samples operands have together.
pub(crate) fn count<T>(operands: &[ArrayViewD<'_, T>]) -> usize {
    operands.iter().map(|operand| operand.len_of(Axis(0))).max().unwrap_or(1)
}

/// The operand as one of so many samples, without a copy.
pub(crate) fn spread<'a, T>(operand: &'a ArrayViewD<'_, T>, samples: usize) -> ArrayViewD<'a, T> {
    let mut shape = operand.raw_dim();
    shape[0] = samples;
    operand.broadcast(shape).expect("operands have one sample or all of them")
}

/// Operands that all have the same samples; those that share theirs are copied where others do not.
pub(crate) fn alike<'a, T: Clone>(operands: &[&'a ArrayD<T>]) -> Vec<Cow<'a, ArrayD<T>>> {
    let views: Vec<ArrayViewD<'_, T>> = operands.iter().map(|operand| operand.view()).collect();
    let samples = count(&views);
    let of = |(operand, view): (&&'a ArrayD<T>, &ArrayViewD<'_, T>)| match view.len_of(Axis(0)) == samples {
        true => Cow::Borrowed(*operand),
        false => Cow::Owned(spread(view, samples).to_owned()),
    };
    operands.iter().zip(&views).map(of).collect()
}

/// An elementwise function of two values of one shape.
pub(crate) fn zip<T: Copy>(a: &ArrayViewD<'_, T>, b: &ArrayViewD<'_, T>, f: impl Fn(T, T) -> T) -> ArrayD<T> {
    let samples = a.len_of(Axis(0)).max(b.len_of(Axis(0)));
    Zip::from(spread(a, samples)).and(spread(b, samples)).map_collect(|&a, &b| f(a, b))
}

/// A function of whole values, one sample after the other; `shape` is that of one result.
pub(crate) fn each<T: Copy + Default>(
    operands: &[ArrayViewD<'_, T>],
    shape: &[usize],
    f: impl Fn(&[ArrayViewD<'_, T>]) -> ArrayD<T>,
) -> ArrayD<T> {
    let samples = count(operands);
    let mut out = ArrayD::from_elem(IxDyn(&with_samples(samples, shape)), T::default());
    for (i, mut slot) in out.outer_iter_mut().enumerate() {
        let one = operands.iter().map(|operand| {
            let at = if operand.len_of(Axis(0)) == 1 { 0 } else { i };
            operand.index_axis(Axis(0), at)
        });
        slot.assign(&f(&one.collect::<Vec<_>>()));
    }
    out
}

/// The shape of so many samples.
pub(crate) fn with_samples(samples: usize, shape: &[usize]) -> Vec<usize> {
    [&[samples], shape].concat()
}

/// Least and greatest element; `None` without elements.
pub fn extent(values: &ArrayD<i64>) -> Option<(i64, i64)> {
    let widest = |(lo, hi): (i64, i64), value: &i64| (lo.min(*value), hi.max(*value));
    let start = (i64::MAX, i64::MIN);
    let (lo, hi) = match values.as_slice_memory_order() {
        Some(values) => values.iter().fold(start, widest),
        None => values.iter().fold(start, widest),
    };
    (lo <= hi).then_some((lo, hi))
}
