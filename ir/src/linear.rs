//! The linear operations, which `fhe` and `tfhe` share: attributes and shapes.
//!
//! What they compute stands in [`crate::linear_values`].

use crate::attributes as attr;
use melior::Context;
use melior::ir::{Attribute, OperationRef};

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

/// Which elements of its operands an element of the result is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Places {
    /// Those at its own place.
    Same,
    /// It is one element of the only operand.
    Moved,
    /// Several, or one of several operands.
    Mixed,
}

impl Linear {
    /// Which elements of its operands an element of the result is made of.
    pub fn places(&self) -> Places {
        match self {
            Self::Add | Self::Sub | Self::Neg | Self::AddClear | Self::MulClear => Places::Same,
            Self::Reshape
            | Self::Transpose { .. }
            | Self::Slice { .. }
            | Self::Broadcast
            | Self::Gather { .. } => Places::Moved,
            Self::Dot
            | Self::Matmul
            | Self::Conv2d(_)
            | Self::Sum { .. }
            | Self::Concat { .. }
            | Self::GatherAt { .. }
            | Self::SetAt { .. } => Places::Mixed,
        }
    }

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
}

/// The shape of what lies at positions along an axis.
fn taken_shape(a: &[usize], axis: usize, positions: &[usize]) -> Result<Vec<usize>, String> {
    if axis >= a.len() {
        return Err(format!("axis {axis} must lie below the rank {}", a.len()));
    }
    Ok([&a[..axis], positions, &a[axis + 1..]].concat())
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
}

fn signed(values: &[usize]) -> Vec<i64> {
    values.iter().map(|&value| value as i64).collect()
}
