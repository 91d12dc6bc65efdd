//! Writes operations on encrypted integers with their ranges, before an operation of the program.

use crate::facts::{self, Range, join};
use crate::tables::{TableList, spread};
use cloakwork_abi::encoding::width_of_range;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::{Attribute, Value, ValueLike};
use ndarray::{ArrayD, IxDyn};

/// An encrypted tensor whose elements lie in a range.
#[derive(Clone, Debug)]
pub(super) struct Ranged<'c, 'a> {
    pub(super) value: Value<'c, 'a>,
    pub(super) shape: Vec<usize>,
    pub(super) range: Range,
}

/// See the module.
#[derive(Clone, Copy)]
pub(super) struct Writer<'c, 'a> {
    pub(super) builder: Builder<'c, 'a>,
}

impl<'c: 'a, 'a> Writer<'c, 'a> {
    /// A linear operation on encrypted values whose result has that shape and range.
    pub(super) fn linear(
        &self,
        linear: &Linear,
        operands: &[Value<'c, 'a>],
        shape: &[usize],
        range: Range,
    ) -> Ranged<'c, 'a> {
        let value = self.builder.linear("fhe", linear, operands, &encrypted(shape, range));
        self.ranged(value, shape, range)
    }

    /// Any operation on encrypted values whose result has that shape and range.
    pub(super) fn op(
        &self,
        name: &str,
        operands: &[Value<'c, 'a>],
        attributes: &[(&str, Attribute<'c>)],
        shape: &[usize],
        range: Range,
    ) -> Ranged<'c, 'a> {
        let ty = encrypted(shape, range).to_mlir(self.builder.context);
        let value = self.builder.op(name, operands, ty, attributes);
        self.ranged(value, shape, range)
    }

    /// `a + b`
    pub(super) fn add(&self, a: &Ranged<'c, 'a>, b: &Ranged<'c, 'a>) -> Ranged<'c, 'a> {
        let range = (a.range.0 + b.range.0, a.range.1 + b.range.1);
        self.linear(&Linear::Add, &[a.value, b.value], &a.shape, range)
    }

    /// `a − b`
    pub(super) fn sub(&self, a: &Ranged<'c, 'a>, b: &Ranged<'c, 'a>) -> Ranged<'c, 'a> {
        let range = (a.range.0 - b.range.1, a.range.1 - b.range.0);
        self.linear(&Linear::Sub, &[a.value, b.value], &a.shape, range)
    }

    /// `a · weight`
    pub(super) fn scaled(&self, a: &Ranged<'c, 'a>, weight: i64) -> Ranged<'c, 'a> {
        let weights = self.builder.clear(&ArrayD::from_elem(IxDyn(&a.shape), weight));
        let ends = [a.range.0 * weight, a.range.1 * weight];
        let range = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        self.linear(&Linear::MulClear, &[a.value, weights], &a.shape, range)
    }

    /// `first · weight + second`, so that different pairs of values give different sums.
    pub(super) fn packed(&self, first: &Ranged<'c, 'a>, second: &Ranged<'c, 'a>) -> Packed<'c, 'a> {
        let weight = second.range.1 - second.range.0 + 1;
        let sum = self.add(&self.scaled(first, weight), second);
        Packed { sum, first: first.range, second: second.range }
    }

    /// Every element looked up in the table of `entry`.
    pub(super) fn lookup(&self, input: &Ranged<'c, 'a>, entry: impl Fn(i64) -> i64) -> Ranged<'c, 'a> {
        self.lookup_by_last(input, 1, |_, value| entry(value))
    }

    /// Elements looked up in the table of `entry(i, ·)`, where `i` counts the last axis, modulo `period`.
    pub(super) fn lookup_by_last(
        &self,
        input: &Ranged<'c, 'a>,
        period: usize,
        entry: impl Fn(usize, i64) -> i64,
    ) -> Ranged<'c, 'a> {
        let width = width_of_range(input.range.0, input.range.1);
        let mut tables = TableList::default();
        let each = (0..period).map(|i| {
            let table = spread(input.range, width, |value| entry(i, value));
            let hull = table.iter().fold((i64::MAX, i64::MIN), |hull, &value| join(hull, (value, value)));
            (tables.place(table), hull)
        });
        let (places, hulls): (Vec<usize>, Vec<Range>) = each.unzip();
        let range = hulls.into_iter().reduce(join).unwrap_or((0, 0));
        let count = input.shape.iter().product::<usize>();
        let places: Vec<usize> = places.into_iter().cycle().take(count).collect();
        let lookup = tables.lookup(&input.shape, &places);
        let value = self.builder.lookup(&lookup, input.value, &encrypted(&input.shape, range));
        self.ranged(value, &input.shape, range)
    }

    /// Trivially encrypted constants.
    pub(super) fn constant(&self, values: &ArrayD<i64>) -> Ranged<'c, 'a> {
        let (shape, range) = (values.shape().to_vec(), facts::hull(values));
        let ty = encrypted(&shape, range).to_mlir(self.builder.context);
        let attributes = [("value", attr::dense_i64(self.builder.context, values))];
        let value = self.builder.op("fhe.constant", &[], ty, &attributes);
        self.ranged(value, &shape, range)
    }

    /// The same elements in another shape.
    pub(super) fn reshape(&self, a: &Ranged<'c, 'a>, shape: &[usize]) -> Ranged<'c, 'a> {
        match a.shape == shape {
            true => a.clone(),
            false => self.linear(&Linear::Reshape, &[a.value], shape, a.range),
        }
    }

    /// One value for each position of a new last axis of that size.
    pub(super) fn repeated(&self, a: &Ranged<'c, 'a>, size: usize) -> Ranged<'c, 'a> {
        let column = self.reshape(a, &[a.shape.as_slice(), &[1]].concat());
        let shape = [a.shape.as_slice(), &[size]].concat();
        self.linear(&Linear::Broadcast, &[column.value], &shape, a.range)
    }

    /// Positions `from..from + size` of the last axis.
    pub(super) fn slice(&self, a: &Ranged<'c, 'a>, from: usize, size: usize) -> Ranged<'c, 'a> {
        let (last, outer) = a.shape.split_last().expect("there is a last axis");
        if (from, size) == (0, *last) {
            return a.clone();
        }
        let mut offsets = vec![0; outer.len()];
        offsets.push(from);
        let slice = Linear::Slice { offsets, strides: vec![1; a.shape.len()] };
        self.linear(&slice, &[a.value], &[outer, &[size]].concat(), a.range)
    }

    /// Joins along the last axis; there is at least one part.
    pub(super) fn concat(&self, parts: &[Ranged<'c, 'a>]) -> Ranged<'c, 'a> {
        let (first, others) = parts.split_first().expect("there is a part");
        if others.is_empty() {
            return first.clone();
        }
        let axis = first.shape.len() - 1;
        let mut shape = first.shape.clone();
        shape[axis] = parts.iter().map(|part| part.shape[axis]).sum();
        let range = others.iter().fold(first.range, |range, part| join(range, part.range));
        let values: Vec<Value<'c, 'a>> = parts.iter().map(|part| part.value).collect();
        self.linear(&Linear::Concat { axis }, &values, &shape, range)
    }

    /// `Σ aᵢ · weights[i]` over the last axis, which vanishes.
    pub(super) fn weighted_sum(&self, a: &Ranged<'c, 'a>, weights: &[i64]) -> Ranged<'c, 'a> {
        let (last, outer) = a.shape.split_last().expect("there is a last axis");
        let all = ArrayD::from_shape_fn(IxDyn(&a.shape), |index| weights[index[outer.len()]]);
        let clear = self.builder.clear(&all);
        debug_assert_eq!(*last, weights.len());
        let ends = weights.iter().map(|&weight| {
            let ends = [a.range.0 * weight, a.range.1 * weight];
            (ends[0].min(ends[1]), ends[0].max(ends[1]))
        });
        let hull = ends.clone().reduce(join).unwrap_or((0, 0));
        let products = self.linear(&Linear::MulClear, &[a.value, clear], &a.shape, hull);
        let range = ends.fold((0, 0), |sum, (lo, hi)| (sum.0 + lo, sum.1 + hi));
        self.linear(&Linear::Sum { axes: vec![outer.len()] }, &[products.value], outer, range)
    }

    /// The same value, made here, known to lie in that range.
    pub(super) fn known(&self, a: &Ranged<'c, 'a>, range: Range) -> Ranged<'c, 'a> {
        let range = (a.range.0.max(range.0), a.range.1.min(range.1));
        a.value.set_type(encrypted(&a.shape, range).to_mlir(self.builder.context));
        self.ranged(a.value, &a.shape, range)
    }

    fn ranged(&self, value: Value<'c, 'a>, shape: &[usize], range: Range) -> Ranged<'c, 'a> {
        if let Some(op) = walk::defining_op(value) {
            facts::set_range(self.builder.context, op, range);
        }
        Ranged { value, shape: shape.to_vec(), range }
    }
}

/// Two values in one.
pub(super) struct Packed<'c, 'a> {
    sum: Ranged<'c, 'a>,
    first: Range,
    second: Range,
}

impl<'c: 'a, 'a> Packed<'c, 'a> {
    /// The pair looked up in the table of `entry`.
    pub(super) fn lookup(&self, writer: &Writer<'c, 'a>, entry: impl Fn(i64, i64) -> i64) -> Ranged<'c, 'a> {
        let weight = self.second.1 - self.second.0 + 1;
        writer.lookup(&self.sum, |packed| {
            let second = (packed - self.second.0).rem_euclid(weight) + self.second.0;
            let first = ((packed - second) / weight).clamp(self.first.0, self.first.1);
            entry(first, second)
        })
    }
}

fn encrypted(shape: &[usize], (lo, _): Range) -> ValueType {
    ValueType::new(Element::encrypted(lo < 0), shape)
}
