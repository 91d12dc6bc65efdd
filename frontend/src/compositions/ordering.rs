//! Positions of extremes, sorting and medians.

use crate::compositions::axes::positions;
use crate::elementwise::Binary;
use crate::error::TraceError;
use crate::graph::{NodeId, OpGraph};
use crate::shapes::KeepAxes;
use crate::traced::Traced;
use ndarray::{ArrayD, Axis, IxDyn};

/// Which element is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extreme {
    /// The greatest.
    Greatest,
    /// The least.
    Least,
}

impl OpGraph {
    /// Position of the greatest or least element along an axis, or of the flattened value; of equal ones the first.
    pub fn position(
        &mut self,
        extreme: Extreme,
        a: NodeId,
        axis: Option<i64>,
        keep: KeepAxes,
    ) -> Result<NodeId, TraceError> {
        let (name, beats) = match extreme {
            Extreme::Greatest => ("argmax", Binary::Greater),
            Extreme::Least => ("argmin", Binary::Less),
        };
        let (mut values, shape) = self.front(name, a, axis.as_ref().map(std::slice::from_ref), keep)?;
        let mut sizes = self.shape_of(values);
        sizes[1..].fill(1);
        let mut numbers = self.constant(ArrayD::from_shape_fn(IxDyn(&sizes), |at| at[0] as i64));
        // Matches of neighbours.
        loop {
            let count = self.node(values).shape[0];
            if count == 1 {
                break;
            }
            let even = count / 2 * 2;
            let (first, second) = (self.rows(values, 0..even, 2)?, self.rows(values, 1..even, 2)?);
            let (of_first, of_second) = (self.rows(numbers, 0..even, 2)?, self.rows(numbers, 1..even, 2)?);
            let wins = self.binary(beats, second, first)?;
            let winners = self.number_of_winner(wins, of_second, of_first)?;
            // The value of the last winner does not matter.
            let best = if count > 2 { self.select(wins, second, first)? } else { first };
            (values, numbers) = match even < count {
                true => {
                    let last = self.rows(values, even..count, 1)?;
                    let number = self.rows(numbers, even..count, 1)?;
                    let number = self.broadcast(number, &self.shape_of(last))?;
                    (self.concat(&[best, last], 0)?, self.concat(&[winners, number], 0)?)
                }
                false => (best, winners),
            };
        }
        let numbers = self.broadcast(numbers, &self.shape_of(values))?;
        let numbers = self.encrypt(numbers)?;
        self.in_shape(numbers, &shape)
    }

    /// The same elements in ascending order along an axis, or of the flattened value: a network of minima and maxima.
    pub fn sort(&mut self, a: NodeId, axis: Option<i64>) -> Result<NodeId, TraceError> {
        let (rows, axis) = self.axis_first("sort", a, axis)?;
        let sorted = self.sorted_rows(rows)?;
        self.move_axis(sorted, 0, axis as i64)
    }

    /// Where the elements of [`Self::sort`] come from, of equal ones the first before the others. Positions are sorted
    /// along, below the values.
    pub fn argsort(&mut self, a: NodeId, axis: Option<i64>) -> Result<NodeId, TraceError> {
        let (rows, axis) = self.axis_first("argsort", a, axis)?;
        let mut sizes = self.shape_of(rows);
        let size = sizes[0] as i64;
        sizes[1..].fill(1);
        let places = self.constant(ArrayD::from_shape_fn(IxDyn(&sizes), |at| at[0] as i64));
        let count = self.number(size);
        let scaled = self.mul(rows, count)?;
        let keys = self.add(scaled, places)?;
        let sorted = self.sorted_rows(keys)?;
        let places = self.binary(Binary::Remainder, sorted, count)?;
        self.move_axis(places, 0, axis as i64)
    }

    /// The middle of the rows, a real.
    pub(super) fn median_of_rows(&mut self, rows: NodeId) -> Result<NodeId, TraceError> {
        let count = self.node(rows).shape[0];
        let ordered = self.sorted_rows(rows)?;
        let upper = self.row(ordered, count / 2)?;
        let (sum, of) = match count % 2 {
            0 => {
                let lower = self.row(ordered, count / 2 - 1)?;
                (self.add(lower, upper)?, 2)
            }
            _ => (upper, 1),
        };
        let of = self.number(of);
        self.binary(Binary::Div, sum, of)
    }

    fn sorted_rows(&mut self, mut values: NodeId) -> Result<NodeId, TraceError> {
        let shape = self.shape_of(values);
        for pairs in network(shape[0]) {
            let side = |side: fn(&(usize, usize)) -> usize| {
                let rows: Vec<usize> = pairs.iter().map(side).collect();
                positions(&shape).select(Axis(0), &rows)
            };
            let (first, second) =
                (self.gather(values, &side(|pair| pair.0))?, self.gather(values, &side(|pair| pair.1))?);
            let (low, high) =
                (self.binary(Binary::Min, first, second)?, self.binary(Binary::Max, first, second)?);
            let all = self.concat(&[values, low, high], 0)?;
            let mut rows: Vec<usize> = (0..shape[0]).collect();
            for (i, &(low, high)) in pairs.iter().enumerate() {
                rows[low] = shape[0] + i;
                rows[high] = shape[0] + pairs.len() + i;
            }
            values = self.gather(all, &self.positions_of(all).select(Axis(0), &rows))?;
        }
        Ok(values)
    }

    /// One of two numbers by a bit; linear in it where both are known.
    fn number_of_winner(
        &mut self,
        wins: NodeId,
        second: NodeId,
        first: NodeId,
    ) -> Result<NodeId, TraceError> {
        if !self.is_constant(second) {
            return self.select(wins, second, first);
        }
        let difference = self.sub(second, first)?;
        let part = self.mul(wins, difference)?;
        self.add(part, first)
    }
}

/// Layers of pairs that are compared at once: Batcher's merge exchange. [Knuth, vol. 3, 5.2.2 M]
fn network(count: usize) -> Vec<Vec<(usize, usize)>> {
    let mut layers: Vec<Vec<(usize, usize)>> = vec![];
    let top = count.max(2).next_power_of_two() / 2;
    let mut step = top;
    while step > 0 {
        let (mut first, mut rest, mut distance) = (top, 0, step);
        loop {
            let pairs = (0..count.saturating_sub(distance)).filter(|i| i & step == rest);
            layers.push(pairs.map(|i| (i, i + distance)).collect());
            if first == step {
                break;
            }
            (distance, first, rest) = (first - step, first / 2, step);
        }
        step /= 2;
    }
    layers.retain(|layer| !layer.is_empty());
    layers
}

/// An axis is named, or the value is flattened.
impl Traced {
    /// Positions of the greatest elements, of equal ones the first.
    #[track_caller]
    pub fn argmax(&self, axis: impl Into<Option<i64>>) -> Self {
        let axis = axis.into();
        self.with_self(|graph, a| graph.position(Extreme::Greatest, a, axis, KeepAxes::No))
    }

    /// Positions of the least elements, of equal ones the first.
    #[track_caller]
    pub fn argmin(&self, axis: impl Into<Option<i64>>) -> Self {
        let axis = axis.into();
        self.with_self(|graph, a| graph.position(Extreme::Least, a, axis, KeepAxes::No))
    }

    /// In ascending order.
    #[track_caller]
    pub fn sort(&self, axis: impl Into<Option<i64>>) -> Self {
        let axis = axis.into();
        self.with_self(|graph, a| graph.sort(a, axis))
    }

    /// Where the elements in ascending order come from.
    #[track_caller]
    pub fn argsort(&self, axis: impl Into<Option<i64>>) -> Self {
        let axis = axis.into();
        self.with_self(|graph, a| graph.argsort(a, axis))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A network sorts everything if it sorts all zeros and ones.
    #[test]
    fn networks_sort() {
        for count in 1..=9usize {
            let layers = network(count);
            for bits in 0..1u32 << count {
                let mut values: Vec<u32> = (0..count).map(|i| bits >> i & 1).collect();
                for &(low, high) in layers.iter().flatten() {
                    (values[low], values[high]) =
                        (values[low].min(values[high]), values[low].max(values[high]));
                }
                assert!(values.is_sorted(), "{bits:b} of {count}");
            }
        }
    }
}
