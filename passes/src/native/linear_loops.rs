//! The linear operations as loops over the words of ciphertexts.

use crate::native::clear_source::ClearSource;
use crate::native::emitter::{Emitter, body_word};
use crate::native::loops::{Elements, Loops, Predicate};
use crate::native::sums::{Sum, Term};
use crate::native::workspace::{value_type, view_offset};
use cloakwork_ir::linear::{Conv2d, Linear};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value};

impl<'c: 'a, 'a> Emitter<'c, 'a, '_> {
    /// Computes `op` into `out`.
    pub(super) fn emit_linear(
        &mut self,
        loops: Loops<'c, 'a>,
        op: OperationRef<'c, 'a>,
        linear: &Linear,
        out: Elements<'c, 'a>,
    ) {
        let result = value_type(walk::result(op));
        let shape = result.shape();
        let operands: Vec<Value<'c, 'a>> = op.operands().collect();
        let count = loops.int(shape.iter().product());
        let flat = |loops: Loops<'c, 'a>| loops.mul(count, out.words);
        let first = walk::operand(op, 0);
        match linear {
            Linear::Reshape => {} // a view
            Linear::Add | Linear::Sub => {
                let name = if matches!(linear, Linear::Add) { "arith.addi" } else { "arith.subi" };
                let (a, b) = (self.elements(loops, first), self.elements(loops, operands[1]));
                loops.repeat(flat(loops), |inner, t| {
                    let (a, b) = (inner.load(inner.word(a.base, t)), inner.load(inner.word(b.base, t)));
                    inner.store(inner.binary(name, a, b), inner.word(out.base, t));
                });
            }
            Linear::Neg => {
                let a = self.elements(loops, first);
                loops.repeat(flat(loops), |inner, t| {
                    inner.store(
                        inner.sub(inner.int(0), inner.load(inner.word(a.base, t))),
                        inner.word(out.base, t),
                    );
                });
            }
            Linear::AddClear => {
                let a = self.elements(loops, first);
                let clear = self.clear(operands[1]);
                loops.copy(flat(loops), a.base, out.base);
                loops.repeat(count, |inner, i| {
                    let body = body_word(inner, inner.element(out, i), out.words);
                    inner.store(inner.add(inner.load(body), clear.load(inner, i)), body);
                });
            }
            Linear::MulClear => {
                let a = self.elements(loops, first);
                let clear = self.clear(operands[1]);
                loops.repeat(count, |inner, i| {
                    let (from, to, factor) =
                        (inner.element(a, i), inner.element(out, i), clear.load(inner, i));
                    inner.repeat(out.words, |inner, t| {
                        inner.store(inner.mul(inner.load(inner.word(from, t)), factor), inner.word(to, t));
                    });
                });
            }
            Linear::Dot => {
                let sum = Sum {
                    input: first,
                    weights: Some(operands[1]),
                    out: walk::result(op),
                    at: &[],
                    shared: None,
                    terms: &[value_type(first).elements()],
                    rule: &|_, _, k| Term { input: k[0], weight: k[0], condition: None },
                };
                self.emit_sum(loops, &sum);
            }
            Linear::Matmul => {
                let (a, b) = (value_type(first), value_type(operands[1]));
                let (inner_size, columns) = (b.shape()[0], b.shape()[1]);
                let is_left = a.element.is_encrypted();
                let (encrypted, weights) = if is_left { (first, operands[1]) } else { (operands[1], first) };
                let sum = Sum {
                    input: encrypted,
                    weights: Some(weights),
                    out: walk::result(op),
                    at: shape,
                    shared: Some(usize::from(is_left)),
                    terms: &[inner_size],
                    rule: &|loops, at, k| {
                        let left = loops.linear_index(&[at[0], k[0]], &[1, inner_size]);
                        let right = loops.linear_index(&[k[0], at[1]], &[1, columns]);
                        let (input, weight) = if is_left { (left, right) } else { (right, left) };
                        Term { input, weight, condition: None }
                    },
                };
                self.emit_sum(loops, &sum);
            }
            Linear::Conv2d(conv) => {
                let (input, weights) = (value_type(first), value_type(operands[1]));
                let sum = Sum {
                    input: first,
                    weights: Some(operands[1]),
                    out: walk::result(op),
                    at: shape,
                    // Results of different groups read different channels.
                    shared: (conv.groups == 1).then_some(1),
                    terms: &weights.shape()[1..],
                    rule: &|loops, at, k| conv_term(loops, conv, (input.shape(), weights.shape()), at, k),
                };
                self.emit_sum(loops, &sum);
            }
            Linear::Sum { axes } => {
                // Neighbouring axes of one kind are one loop.
                let merged = merged_axes(value_type(first).shape(), axes);
                let sizes: Vec<usize> = merged.iter().map(|(size, _)| *size).collect();
                let of_kind = |is_summed: bool| -> Vec<usize> {
                    merged.iter().filter(|axis| axis.1 == is_summed).map(|axis| axis.0).collect()
                };
                let sum = Sum {
                    input: first,
                    weights: None,
                    out: walk::result(op),
                    at: &of_kind(false),
                    shared: None,
                    terms: &of_kind(true),
                    rule: &|loops, at, k| {
                        let (mut at, mut k) = (at.iter(), k.iter());
                        let coordinates: Vec<_> = merged
                            .iter()
                            .filter_map(|(_, is_summed)| if *is_summed { k.next() } else { at.next() })
                            .copied()
                            .collect();
                        let index = loops.linear_index(&coordinates, &sizes);
                        Term { input: index, weight: index, condition: None }
                    },
                };
                self.emit_sum(loops, &sum);
            }
            Linear::Transpose { permutation } => self.gather(loops, first, out, shape, &|_, at| {
                let mut source = at.to_vec();
                permutation.iter().zip(at).for_each(|(&axis, &coordinate)| source[axis] = coordinate);
                source
            }),
            Linear::Slice { offsets, strides } => {
                if view_offset(op).is_none() {
                    self.gather(loops, first, out, shape, &|loops, at| {
                        let along = at.iter().zip(offsets.iter().zip(strides));
                        along
                            .map(|(&coordinate, (&offset, &stride))| {
                                loops.affine(coordinate, stride, offset as i64)
                            })
                            .collect()
                    });
                }
            }
            Linear::Broadcast => {
                let from = value_type(first).shape().to_vec();
                self.gather(loops, first, out, shape, &|loops, at| {
                    let kept = at[at.len() - from.len()..].iter().zip(&from);
                    kept.map(|(&coordinate, &size)| if size == 1 { loops.int(0) } else { coordinate })
                        .collect()
                });
            }
            Linear::Gather { indices } => {
                let input = self.elements(loops, first);
                let indices = self.globals.words(indices.iter().map(|&index| index as i64).collect());
                loops.repeat(count, |inner, i| {
                    let index = inner.load(inner.word(inner.address_of(&indices), i));
                    inner.copy(out.words, inner.element(input, index), inner.element(out, i));
                });
            }
            Linear::GatherAt { axis } => {
                let rows = Rows::of(value_type(first).shape(), *axis, value_type(operands[1]).elements());
                let (input, positions) = (self.elements(loops, first), self.clear(operands[1]));
                rows.each(loops, &positions, &|inner, whole, row| {
                    inner.copy(
                        inner.mul(inner.int(rows.inner), out.words),
                        inner.element(input, whole),
                        inner.element(out, row),
                    );
                });
            }
            Linear::SetAt { axis } => {
                let rows = Rows::of(shape, *axis, value_type(operands[2]).elements());
                let (input, value) = (self.elements(loops, first), self.elements(loops, operands[1]));
                let positions = self.clear(operands[2]);
                loops.copy(flat(loops), input.base, out.base);
                rows.each(loops, &positions, &|inner, whole, row| {
                    inner.copy(
                        inner.mul(inner.int(rows.inner), out.words),
                        inner.element(value, row),
                        inner.element(out, whole),
                    );
                });
            }
            Linear::Concat { axis } => {
                // What lies behind the axis is copied in one piece.
                let run = |shape: &[usize]| shape[*axis..].iter().product::<usize>();
                let whole = run(shape);
                let mut start = 0;
                for operand in operands {
                    let length = run(value_type(operand).shape());
                    let input = self.elements(loops, operand);
                    loops.repeat_over(&[shape[..*axis].iter().product()], &mut |inner, at| {
                        let from = inner.element(input, inner.affine(at[0], length as i64, 0));
                        let to = inner.element(out, inner.affine(at[0], whole as i64, start as i64));
                        inner.copy(inner.mul(inner.int(length), out.words), from, to);
                    });
                    start += length;
                }
            }
        }
    }

    /// Copies element `source(at)` of `input` to element `at` of `out`.
    fn gather(
        &self,
        loops: Loops<'c, 'a>,
        input: Value<'c, 'a>,
        out: Elements<'c, 'a>,
        shape: &[usize],
        source: &dyn Fn(Loops<'c, 'a>, &[Value<'c, 'a>]) -> Vec<Value<'c, 'a>>,
    ) {
        let from_shape = value_type(input).shape().to_vec();
        let input = self.elements(loops, input);
        loops.repeat_over(shape, &mut |inner, at| {
            let from = inner.element(input, inner.linear_index(&source(inner, at), &from_shape));
            let to = inner.element(out, inner.linear_index(at, shape));
            inner.copy(out.words, from, to);
        });
    }
}

/// Sizes of axes, neighbours of one kind multiplied; and whether they are among `axes`.
fn merged_axes(shape: &[usize], axes: &[usize]) -> Vec<(usize, bool)> {
    let mut merged: Vec<(usize, bool)> = vec![];
    for (axis, &size) in shape.iter().enumerate() {
        let is_among = axes.contains(&axis);
        match merged.last_mut() {
            Some((before, kind)) if *kind == is_among => *before *= size,
            _ => merged.push((size, is_among)),
        }
    }
    merged
}

/// Runs of elements behind positions along an axis.
struct Rows {
    /// Runs along the axes before.
    outer: usize,
    /// Of the axis.
    size: usize,
    /// Positions that are taken.
    taken: usize,
    /// Elements of a run: of the axes behind.
    inner: usize,
}

impl Rows {
    fn of(shape: &[usize], axis: usize, taken: usize) -> Self {
        let product = |sizes: &[usize]| sizes.iter().product();
        Self { outer: product(&shape[..axis]), size: shape[axis], taken, inner: product(&shape[axis + 1..]) }
    }

    /// Calls `body` with the first element of each run: in the tensor that has the whole axis, and in the other.
    fn each<'c: 'a, 'a>(
        &self,
        loops: Loops<'c, 'a>,
        positions: &ClearSource<'c, 'a>,
        body: &dyn Fn(Loops<'c, 'a>, Value<'c, 'a>, Value<'c, 'a>),
    ) {
        loops.repeat_over(&[self.outer, self.taken], &mut |loops, at| {
            // The remainder has the sign of the position; whatever the caller passes, the result lies in the axis.
            let size = loops.int(self.size);
            let rest = loops.binary("arith.remsi", positions.load(loops, at[1]), size);
            let position = loops.binary("arith.remui", loops.add(rest, size), size);
            let element = |row| loops.mul(row, loops.int(self.inner));
            let whole = loops.linear_index(&[at[0], position], &[self.outer, self.size]);
            let row = loops.linear_index(at, &[self.outer, self.taken]);
            body(loops, element(whole), element(row));
        });
    }
}

/// The term of output `[n, f, y, x]` for kernel element `[c, i, j]`.
fn conv_term<'c: 'a, 'a>(
    loops: Loops<'c, 'a>,
    conv: &Conv2d,
    (input, weights): (&[usize], &[usize]),
    at: &[Value<'c, 'a>],
    k: &[Value<'c, 'a>],
) -> Term<'c, 'a> {
    let position = |out: Value<'c, 'a>, kernel: Value<'c, 'a>, axis: usize, before: usize| {
        let offset = loops.affine(kernel, conv.dilations[axis] as i64, -(before as i64));
        loops.add(loops.affine(out, conv.strides[axis] as i64, 0), offset)
    };
    let row = position(at[2], k[1], 0, conv.padding[0]);
    let column = position(at[3], k[2], 1, conv.padding[1]);
    let inside = |coordinate: Value<'c, 'a>, size: usize| {
        loops.compare(Predicate::UnsignedLess, coordinate, loops.int(size))
    };
    let group = loops.binary("arith.divui", at[1], loops.int(weights[0] / conv.groups));
    let channel = loops.add(loops.mul(group, loops.int(weights[1])), k[0]);
    let is_padded = conv.padding.iter().any(|&padding| padding != 0);
    Term {
        input: loops.linear_index(&[at[0], channel, row, column], input),
        weight: loops.linear_index(&[at[1], k[0], k[1], k[2]], weights),
        condition: is_padded.then(|| loops.and(inside(row, input[2]), inside(column, input[3]))),
    }
}
