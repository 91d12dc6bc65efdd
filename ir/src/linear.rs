//! The linear operations, which `fhe` and `tfhe` share: attributes, shapes, exact meaning.
//!
//! On `fhe` they compute on integers; on `tfhe` on words, modulo `2^64`.

use crate::attributes as attr;
use melior::Context;
use melior::ir::{Attribute, OperationRef};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn, Slice};

/// A linear operation with its attributes. Encrypted operands come first; `Matmul` takes either side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Linear {
    /// `out = a + b`
    Add,
    /// `out = a − b`
    Sub,
    /// `out = −a`
    Neg,
    /// `out = a + c`, `c` clear
    AddClear,
    /// `out = a · c`, `c` clear
    MulClear,
    /// `out = Σ aᵢ · cᵢ`
    Dot,
    /// `out[i, j] = Σ a[i, k] · b[k, j]`, one of them clear
    Matmul,
    /// See [`Conv2d`].
    Conv2d(Conv2d),
    /// Sum over axes, which vanish.
    Sum {
        /// Ascending.
        axes: Vec<usize>,
    },
    /// The same elements in another shape.
    Reshape,
    /// Axis `i` of the result is axis `permutation[i]` of the input.
    Transpose {
        /// A permutation of the axes.
        permutation: Vec<usize>,
    },
    /// Element `i` of the result is element `offsets + i·strides`.
    Slice {
        /// For each axis.
        offsets: Vec<usize>,
        /// For each axis; may be negative.
        strides: Vec<i64>,
    },
    /// Joins along an axis.
    Concat {
        /// The axis.
        axis: usize,
    },
    /// NumPy's broadcast to the result's shape.
    Broadcast,
    /// Element `i` of the result, row-major, is element `indices[i]` of the input, row-major. Of a clear input the
    /// result is clear.
    Gather {
        /// For each element of the result.
        indices: Vec<usize>,
    },
    /// `out[a, j, b] = in[a, position[j], b]`, clear positions along an axis, from `−size` to `size − 1`; compiled
    /// programs take others modulo the size.
    GatherAt {
        /// The axis, which those of the positions replace.
        axis: usize,
    },
    /// The input with `out[a, position[j], b] = value[a, j, b]`, clear positions along an axis as in `GatherAt`.
    SetAt {
        /// The axis.
        axis: usize,
    },
}

/// `out[n, f, y, x] = Σ in[n, c, y·s₀ + i·d₀ − top, x·s₁ + j·d₁ − left] · w[f, c′, i, j]`, zero outside,
/// where `f`'s group of channels holds `c`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Rows, columns.
    pub strides: [usize; 2],
    /// Top, left, bottom, right.
    pub padding: [usize; 4],
    /// Rows, columns.
    pub dilations: [usize; 2],
    /// Channel groups.
    pub groups: usize,
}

impl Linear {
    /// Name without the dialect.
    pub fn mnemonic(&self) -> &'static str {
        match self {
            Self::Add => "add",
            Self::Sub => "sub",
            Self::Neg => "neg",
            Self::AddClear => "add_clear",
            Self::MulClear => "mul_clear",
            Self::Dot => "dot",
            Self::Matmul => "matmul",
            Self::Conv2d(_) => "conv2d",
            Self::Sum { .. } => "sum",
            Self::Reshape => "reshape",
            Self::Transpose { .. } => "transpose",
            Self::Slice { .. } => "slice",
            Self::Concat { .. } => "concat",
            Self::Broadcast => "broadcast",
            Self::Gather { .. } => "gather",
            Self::GatherAt { .. } => "gather_at",
            Self::SetAt { .. } => "set_at",
        }
    }

    /// Reads the operation called `mnemonic`; `None` if it is another or its attributes are malformed.
    pub fn of(mnemonic: &str, op: OperationRef<'_, '_>) -> Option<Self> {
        let sizes = |name: &str| -> Option<Vec<usize>> {
            attr::get_i64_array(&op, name)?.into_iter().map(|value| usize::try_from(value).ok()).collect()
        };
        let size = |name: &str| usize::try_from(attr::get_i64(&op, name)?).ok();
        Some(match mnemonic {
            "add" => Self::Add,
            "sub" => Self::Sub,
            "neg" => Self::Neg,
            "add_clear" => Self::AddClear,
            "mul_clear" => Self::MulClear,
            "dot" => Self::Dot,
            "matmul" => Self::Matmul,
            "conv2d" => Self::Conv2d(Conv2d {
                strides: sizes("strides")?.try_into().ok()?,
                padding: sizes("padding")?.try_into().ok()?,
                dilations: sizes("dilations")?.try_into().ok()?,
                groups: size("groups")?,
            }),
            "sum" => Self::Sum { axes: sizes("axes")? },
            "reshape" => Self::Reshape,
            "transpose" => Self::Transpose { permutation: sizes("permutation")? },
            "slice" => {
                Self::Slice { offsets: sizes("offsets")?, strides: attr::get_i64_array(&op, "strides")? }
            }
            "concat" => Self::Concat { axis: size("axis")? },
            "broadcast" => Self::Broadcast,
            "gather" => Self::Gather { indices: sizes("indices")? },
            "gather_at" => Self::GatherAt { axis: size("axis")? },
            "set_at" => Self::SetAt { axis: size("axis")? },
            _ => return None,
        })
    }

    /// The attributes of the operation.
    pub fn attributes<'c>(&self, context: &'c Context) -> Vec<(&'static str, Attribute<'c>)> {
        let array = |values: &[usize]| attr::i64_array(context, &signed(values));
        match self {
            Self::Conv2d(conv) => vec![
                ("strides", array(&conv.strides)),
                ("padding", array(&conv.padding)),
                ("dilations", array(&conv.dilations)),
                ("groups", attr::i64(context, conv.groups as i64)),
            ],
            Self::Sum { axes } => vec![("axes", array(axes))],
            Self::Transpose { permutation } => vec![("permutation", array(permutation))],
            Self::Slice { offsets, strides } => {
                vec![("offsets", array(offsets)), ("strides", attr::i64_array(context, strides))]
            }
            Self::Gather { indices } => vec![("indices", array(indices))],
            Self::Concat { axis } | Self::GatherAt { axis } | Self::SetAt { axis } => {
                vec![("axis", attr::i64(context, *axis as i64))]
            }
            Self::Add
            | Self::Sub
            | Self::Neg
            | Self::AddClear
            | Self::MulClear
            | Self::Dot
            | Self::Matmul
            | Self::Reshape
            | Self::Broadcast => vec![],
        }
    }

    /// Checks operand shapes against the result's; the error says what was found and what is allowed.
    pub fn check_shapes(&self, operands: &[&[usize]], result: &[usize]) -> Result<(), String> {
        let expect = |shape: &[usize]| {
            if shape == result {
                return Ok(());
            }
            Err(format!("the result has shape {result:?}, it must be {shape:?}"))
        };
        match (self, operands) {
            (Self::Add | Self::Sub | Self::AddClear | Self::MulClear, [a, b]) => {
                if a != b {
                    return Err(format!(
                        "operands have shapes {a:?} and {b:?}, they must be equal; broadcast one first"
                    ));
                }
                expect(a)
            }
            (Self::Neg, [a]) => expect(a),
            (Self::Dot, [a, b]) => {
                if a.len() != 1 || a != b {
                    return Err(format!(
                        "operands have shapes {a:?} and {b:?}, they must be vectors of one length"
                    ));
                }
                expect(&[])
            }
            (Self::Matmul, [a, b]) => match (a, b) {
                (&&[rows, inner], &&[inner_b, columns]) if inner == inner_b => expect(&[rows, columns]),
                _ => Err(format!("operands have shapes {a:?} and {b:?}, they must be [m, k] and [k, n]")),
            },
            (Self::Conv2d(conv), [input, weights]) => expect(&conv.result_shape(input, weights)?),
            (Self::Sum { axes }, [a]) => {
                let ascending = axes.windows(2).all(|pair| pair[0] < pair[1]);
                if !ascending || axes.last().is_some_and(|&axis| axis >= a.len()) {
                    return Err(format!("axes {axes:?} must ascend and lie below the rank {}", a.len()));
                }
                let kept: Vec<_> =
                    (0..a.len()).filter(|axis| !axes.contains(axis)).map(|axis| a[axis]).collect();
                expect(&kept)
            }
            (Self::Reshape, [a]) => {
                let (from, to) = (a.iter().product::<usize>(), result.iter().product::<usize>());
                if from != to {
                    return Err(format!("{from} elements cannot take the shape {result:?} of {to} elements"));
                }
                Ok(())
            }
            (Self::Transpose { permutation }, [a]) => {
                let mut sorted = permutation.clone();
                sorted.sort_unstable();
                if sorted != (0..a.len()).collect::<Vec<_>>() {
                    return Err(format!("{permutation:?} is not a permutation of the {} axes", a.len()));
                }
                expect(&permutation.iter().map(|&axis| a[axis]).collect::<Vec<_>>())
            }
            (Self::Slice { offsets, strides }, [a]) => {
                if [offsets.len(), strides.len(), result.len()] != [a.len(); 3] {
                    return Err(format!("offsets, strides and result need {} axes each", a.len()));
                }
                for (axis, &size) in a.iter().enumerate() {
                    let last = offsets[axis] as i64 + (result[axis] as i64 - 1) * strides[axis];
                    let inside = |i: i64| (0..size as i64).contains(&i);
                    if result[axis] > 0 && !(inside(offsets[axis] as i64) && inside(last)) {
                        return Err(format!(
                            "elements {} to {last} of axis {axis} are taken, it has {size}",
                            offsets[axis]
                        ));
                    }
                }
                Ok(())
            }
            (Self::Concat { axis }, [first, ..]) => {
                if *axis >= first.len() {
                    return Err(format!("axis {axis} must lie below the rank {}", first.len()));
                }
                let mut joined = first.to_vec();
                joined[*axis] = 0;
                for operand in operands {
                    let fits = operand.len() == first.len()
                        && (0..first.len()).all(|i| i == *axis || operand[i] == first[i]);
                    if !fits {
                        return Err(format!(
                            "operands have shapes {first:?} and {operand:?}, they may differ only in axis {axis}"
                        ));
                    }
                    joined[*axis] += operand[*axis];
                }
                expect(&joined)
            }
            (Self::Broadcast, [a]) => {
                let fits = a.len() <= result.len()
                    && a.iter().rev().zip(result.iter().rev()).all(|(from, to)| from == to || *from == 1);
                if fits { Ok(()) } else { Err(format!("shape {a:?} cannot be broadcast to {result:?}")) }
            }
            (Self::Gather { indices }, [a]) => {
                let (count, size) = (result.iter().product::<usize>(), a.iter().product::<usize>());
                if indices.len() != count {
                    return Err(format!("{} indices for a result of {count} elements", indices.len()));
                }
                match indices.iter().find(|&&index| index >= size) {
                    Some(index) => Err(format!("element {index} is taken, the input has {size}")),
                    None => Ok(()),
                }
            }
            (Self::GatherAt { axis }, [a, positions]) => expect(&taken_shape(a, *axis, positions)?),
            (Self::SetAt { axis }, [a, value, positions]) => {
                let taken = taken_shape(a, *axis, positions)?;
                if *value != taken {
                    return Err(format!("the value has shape {value:?}, the positions need {taken:?}"));
                }
                expect(a)
            }
            _ => Err(format!("`{}` does not take {} operands", self.mnemonic(), operands.len())),
        }
    }

    /// The exact result on integers; `None` where an element leaves `i64`.
    pub fn evaluate(&self, operands: &[&ArrayD<i64>], result: &[usize]) -> Option<ArrayD<i64>> {
        let wide: Vec<ArrayD<i128>> = operands.iter().map(|operand| operand.mapv(i128::from)).collect();
        let exact = self.evaluate_wide(&wide.iter().collect::<Vec<_>>(), result);
        if exact.iter().any(|&value| i64::try_from(value).is_err()) {
            None
        } else {
            Some(exact.mapv(|value| value as i64))
        }
    }

    /// Why operands of fitting shape are none all the same: a position outside of its axis.
    pub fn check_values(&self, operands: &[&ArrayD<i64>]) -> Result<(), String> {
        let (axis, positions) = match (self, operands) {
            (Self::GatherAt { axis }, [_, positions]) | (Self::SetAt { axis }, [_, _, positions]) => {
                (*axis, positions)
            }
            _ => return Ok(()),
        };
        let size = operands[0].shape()[axis] as i64;
        match positions.iter().find(|position| !(-size..size).contains(*position)) {
            Some(position) => {
                Err(format!("position {position} is out of bounds for axis {axis} of {size} elements"))
            }
            None => Ok(()),
        }
    }

    /// The result on words, modulo `2^64`.
    pub fn evaluate_wrapping(&self, operands: &[&ArrayD<i64>], result: &[usize]) -> ArrayD<i64> {
        let wide: Vec<ArrayD<i128>> = operands.iter().map(|operand| operand.mapv(i128::from)).collect();
        self.evaluate_wide(&wide.iter().collect::<Vec<_>>(), result).mapv(|value| value as i64)
    }

    /// Shapes are as checked by [`Self::check_shapes`].
    fn evaluate_wide(&self, operands: &[&ArrayD<i128>], result: &[usize]) -> ArrayD<i128> {
        let a = operands[0];
        match self {
            Self::Add | Self::AddClear => a + operands[1],
            Self::Sub => a - operands[1],
            Self::Neg => a.mapv(|value| -value),
            Self::MulClear => zip(a, operands[1], i128::wrapping_mul),
            Self::Dot => ArrayD::from_elem(
                IxDyn(&[]),
                zip(a, operands[1], i128::wrapping_mul).iter().fold(0, |s: i128, v| s.wrapping_add(*v)),
            ),
            Self::Matmul => matmul(a, operands[1]),
            Self::Conv2d(conv) => conv.evaluate(a, operands[1], result),
            Self::Sum { axes } => axes.iter().rev().fold(a.clone(), |sum, &axis| sum.sum_axis(Axis(axis))),
            Self::Reshape => reshaped(a.clone(), result),
            Self::Transpose { permutation } => {
                a.view().permuted_axes(IxDyn(permutation)).as_standard_layout().into_owned()
            }
            Self::Slice { offsets, strides } => slice(a, offsets, strides, result),
            Self::Concat { axis } => {
                let views: Vec<ArrayViewD<'_, i128>> =
                    operands.iter().map(|operand| operand.view()).collect();
                ndarray::concatenate(Axis(*axis), &views).expect("shapes are checked")
            }
            Self::Broadcast => a.broadcast(IxDyn(result)).expect("shapes are checked").to_owned(),
            Self::Gather { indices } => {
                let flat = a.as_standard_layout();
                let flat = flat.as_slice().expect("standard layout");
                let values = indices.iter().map(|&index| flat[index]).collect();
                ArrayD::from_shape_vec(IxDyn(result), values).expect("shapes are checked")
            }
            Self::GatherAt { axis } => {
                let at: Vec<usize> = positions(operands[1], a.shape()[*axis]);
                reshaped(a.select(Axis(*axis), &at), result)
            }
            Self::SetAt { axis } => {
                let at = positions(operands[2], a.shape()[*axis]);
                let mut rows = a.shape().to_vec();
                rows[*axis] = at.len();
                let value = reshaped(operands[1].clone(), &rows);
                let mut out = a.clone();
                for (row, position) in value.axis_iter(Axis(*axis)).zip(at) {
                    out.index_axis_mut(Axis(*axis), position).assign(&row);
                }
                out
            }
        }
    }
}

/// The shape of what lies at positions along an axis.
fn taken_shape(a: &[usize], axis: usize, positions: &[usize]) -> Result<Vec<usize>, String> {
    if axis >= a.len() {
        return Err(format!("axis {axis} must lie below the rank {}", a.len()));
    }
    Ok([&a[..axis], positions, &a[axis + 1..]].concat())
}

fn positions(at: &ArrayD<i128>, size: usize) -> Vec<usize> {
    at.iter().map(|position| position.rem_euclid(size as i128) as usize).collect()
}

impl Conv2d {
    fn result_shape(&self, input: &[usize], weights: &[usize]) -> Result<Vec<usize>, String> {
        let (&[batch, channels, height, width], &[filters, group_channels, kernel_h, kernel_w]) =
            (input, weights)
        else {
            return Err(format!(
                "shapes are {input:?} and {weights:?}, they must be [n, c, h, w] and [f, c/groups, kh, kw]"
            ));
        };
        let fits = self.groups >= 1 && channels == group_channels * self.groups && filters % self.groups == 0;
        if !fits {
            let groups = self.groups;
            return Err(format!(
                "{channels} channels and {filters} filters of {group_channels} channels do not divide into {groups} groups"
            ));
        }
        let extent = |size: usize,
                      before: usize,
                      after: usize,
                      kernel: usize,
                      stride: usize,
                      dilation: usize| {
            let padded = size + before + after;
            let span = dilation * (kernel.max(1) - 1) + 1;
            if stride == 0 || dilation == 0 || kernel == 0 || span > padded {
                return Err(format!(
                    "a kernel of {kernel} (dilation {dilation}, stride {stride}) does not fit {padded} padded elements"
                ));
            }
            Ok((padded - span) / stride + 1)
        };
        let [top, left, bottom, right] = self.padding;
        let rows = extent(height, top, bottom, kernel_h, self.strides[0], self.dilations[0])?;
        let columns = extent(width, left, right, kernel_w, self.strides[1], self.dilations[1])?;
        Ok(vec![batch, filters, rows, columns])
    }

    fn evaluate(&self, input: &ArrayD<i128>, weights: &ArrayD<i128>, result: &[usize]) -> ArrayD<i128> {
        let (height, width) = (input.shape()[2], input.shape()[3]);
        let (filters, group_channels) = (weights.shape()[0], weights.shape()[1]);
        ArrayD::from_shape_fn(IxDyn(result), |at| {
            let (n, f, y, x) = (at[0], at[1], at[2], at[3]);
            let first_channel = f / (filters / self.groups) * group_channels;
            let mut sum = 0i128;
            for c in 0..group_channels {
                for i in 0..weights.shape()[2] {
                    for j in 0..weights.shape()[3] {
                        let row = (y * self.strides[0] + i * self.dilations[0]).checked_sub(self.padding[0]);
                        let column =
                            (x * self.strides[1] + j * self.dilations[1]).checked_sub(self.padding[1]);
                        let (Some(row), Some(column)) = (row, column) else { continue };
                        if row < height && column < width {
                            let product = input[[n, first_channel + c, row, column]]
                                .wrapping_mul(weights[[f, c, i, j]]);
                            sum = sum.wrapping_add(product);
                        }
                    }
                }
            }
            sum
        })
    }
}

fn zip(a: &ArrayD<i128>, b: &ArrayD<i128>, f: impl Fn(i128, i128) -> i128) -> ArrayD<i128> {
    ndarray::Zip::from(a).and(b).map_collect(|&a, &b| f(a, b))
}

fn matmul(a: &ArrayD<i128>, b: &ArrayD<i128>) -> ArrayD<i128> {
    let (rows, inner, columns) = (a.shape()[0], a.shape()[1], b.shape()[1]);
    ArrayD::from_shape_fn(IxDyn(&[rows, columns]), |at| {
        (0..inner).fold(0i128, |sum, k| sum.wrapping_add(a[[at[0], k]].wrapping_mul(b[[k, at[1]]])))
    })
}

fn reshaped<T: Clone>(array: ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    array
        .as_standard_layout()
        .into_owned()
        .into_shape_with_order(IxDyn(shape))
        .expect("element counts are checked")
}

fn slice(a: &ArrayD<i128>, offsets: &[usize], strides: &[i64], result: &[usize]) -> ArrayD<i128> {
    let mut view = a.view();
    for axis in 0..offsets.len() {
        let (offset, stride, count) = (offsets[axis] as i64, strides[axis], result[axis] as i64);
        let indices: Vec<usize> = (0..count).map(|i| (offset + i * stride) as usize).collect();
        if stride == 1 {
            view.slice_axis_inplace(Axis(axis), Slice::from(offset as isize..(offset + count) as isize));
        } else {
            return slice(
                &a.select(Axis(axis), &indices),
                &replaced(offsets, axis, 0),
                &replaced(strides, axis, 1),
                result,
            );
        }
    }
    view.to_owned()
}

fn replaced<T: Copy>(values: &[T], at: usize, value: T) -> Vec<T> {
    values.iter().enumerate().map(|(i, &old)| if i == at { value } else { old }).collect()
}

fn signed(values: &[usize]) -> Vec<i64> {
    values.iter().map(|&value| value as i64).collect()
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
        assert_eq!(Linear::MulClear.evaluate_wrapping(&[&a, &b], &[1]), array(&[1], &[-2]));
    }
}
