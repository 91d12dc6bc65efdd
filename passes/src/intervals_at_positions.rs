//! Bounds of what is read or written at clear positions along an axis, which count modulo its size.

use crate::intervals::Interval;
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::BTreeMap;

/// Bounds of `a` at positions between the bounds of `at`.
pub(crate) fn gather_at(a: &Interval, at: &Interval, axis: usize, shape: &[usize]) -> Interval {
    let size = a.lo.shape()[axis];
    // Slices of the axis joined, for each range of positions once.
    let mut known: BTreeMap<(i128, i128), [ArrayD<i128>; 2]> = BTreeMap::new();
    let ranges: Vec<(i128, i128)> = at.lo.iter().copied().zip(at.hi.iter().copied()).collect();
    for &range in &ranges {
        known.entry(range).or_insert_with(|| {
            let among = reached(range, size);
            let joined = |values: &ArrayD<i128>, join: fn(i128, i128) -> i128, start: i128| {
                values.select(Axis(axis), &among).fold_axis(Axis(axis), start, |&x, &y| join(x, y))
            };
            [joined(&a.lo, i128::min, i128::MAX), joined(&a.hi, i128::max, i128::MIN)]
        });
    }
    let stacked = |bound: usize| {
        let slices: Vec<_> = ranges.iter().map(|range| known[range][bound].view()).collect();
        let all = match ndarray::stack(Axis(axis), &slices) {
            Ok(all) => all,
            // No position at all.
            Err(_) => ArrayD::zeros(IxDyn(shape)),
        };
        let all = all.as_standard_layout().into_owned();
        all.into_shape_with_order(IxDyn(shape)).expect("verified: the shape of what is taken")
    };
    Interval { lo: stacked(0), hi: stacked(1) }
}

/// Bounds of `a` with `value` at positions between the bounds of `at`.
pub(crate) fn set_at(a: &Interval, value: &Interval, at: &Interval, axis: usize) -> Interval {
    let size = a.lo.shape()[axis];
    let mut rows = a.lo.shape().to_vec();
    rows[axis] = at.lo.len();
    let by_row = |values: &ArrayD<i128>| {
        let standard = values.as_standard_layout().into_owned();
        standard.into_shape_with_order(IxDyn(&rows)).expect("verified: the shape of what is taken")
    };
    let (lo, hi) = (by_row(&value.lo), by_row(&value.hi));
    let mut result = a.clone();
    for (row, range) in at.lo.iter().copied().zip(at.hi.iter().copied()).enumerate() {
        let (lo, hi) = (lo.index_axis(Axis(axis), row), hi.index_axis(Axis(axis), row));
        let reached = reached(range, size);
        let is_certain = reached.len() == 1;
        for position in reached {
            let mut low = result.lo.index_axis_mut(Axis(axis), position);
            low.zip_mut_with(&lo, |old, &new| *old = if is_certain { new } else { new.min(*old) });
            let mut high = result.hi.index_axis_mut(Axis(axis), position);
            high.zip_mut_with(&hi, |old, &new| *old = if is_certain { new } else { new.max(*old) });
        }
    }
    result
}

/// The positions from `lo` to `hi`.
fn reached((lo, hi): (i128, i128), size: usize) -> Vec<usize> {
    let count = (hi - lo + 1).clamp(0, size as i128);
    (0..count).map(|step| (lo + step).rem_euclid(size as i128) as usize).collect()
}
