//! The operations of a [`super::Model`]: few, so that each analysis is complete.
//!
//! An importer writes every operator of its format with them: a convolution that is transposed is one of a value with
//! zeros put in, a normalisation is sums, products and functions.

use super::tree::TreeEnsemble;
use cloakwork_abi::processing::Function;
use ndarray::ArrayD;

/// How a value comes about.
#[derive(Clone, Debug)]
pub enum ModelOp {
    /// The argument of that position.
    Input(usize),
    /// Known reals.
    Constant(ArrayD<f64>),
    /// A function of each element.
    Function(Function),
    /// A function of two values, broadcast to one shape.
    Binary(Binary),
    /// The second operand where the first is not 0, else the third; broadcast to one shape.
    Select,
    /// Matrix product of the last two axes, earlier ones broadcast; vectors as in NumPy.
    MatMul,
    /// Convolution of `[n, c, spatial…]` with weights `[f, c/groups, spatial…]`, padded with 0.
    Conv {
        /// One for each spatial axis.
        strides: Vec<usize>,
        /// `(before, after)` for each spatial axis.
        padding: Vec<(usize, usize)>,
        /// One for each spatial axis.
        dilations: Vec<usize>,
        /// Channels are split into so many groups.
        groups: usize,
    },
    /// A reduction over windows of `[n, c, spatial…]`.
    Pool {
        /// Which.
        kind: Pool,
        /// Size of the window, one for each spatial axis.
        window: Vec<usize>,
        /// One for each spatial axis.
        strides: Vec<usize>,
        /// `(before, after)` for each spatial axis; `after` includes what a rounded-up size adds.
        padding: Vec<(usize, usize)>,
        /// One for each spatial axis.
        dilations: Vec<usize>,
    },
    /// A reduction over axes.
    Reduce {
        /// Which.
        kind: Reduce,
        /// Not negative, ascending.
        axes: Vec<usize>,
        /// Whether they stay, with one element each.
        keep: bool,
    },
    /// Position of the greatest or least element along an axis, the first among equals.
    ArgExtreme {
        /// Greatest or least.
        is_greatest: bool,
        /// Not negative.
        axis: usize,
        /// Whether it stays, with one element.
        keep: bool,
    },
    /// `exp(xᵢ) / Σ exp(xⱼ)` along an axis, or its logarithm.
    Softmax {
        /// Not negative.
        axis: usize,
        /// Whether the logarithm is taken.
        log: bool,
    },
    /// Element `i`, row-major, is element `positions[i]` of the operand, row-major: every reshape, transposition, slice,
    /// repetition and clear index.
    Rearrange {
        /// In the shape of the result.
        positions: ArrayD<usize>,
    },
    /// One operand after the other along an axis.
    Concat {
        /// Not negative.
        axis: usize,
    },
    /// Rounded to the reals that integers of few bits stand for: what quantisation-aware training computes with.
    FakeQuantise(FakeQuantise),
    /// The sums of the leaves that `[1, features]` reaches in each tree: `[1, targets]`.
    Trees(TreeEnsemble),
}

/// See [`ModelOp::Binary`]; comparisons and logic give 0 or 1, and what is not 0 is true. `Mod` is `a − b · ⌊a / b⌋`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of arithmetic")]
pub enum Binary {
    Add,
    Sub,
    Mul,
    Div,
    Pow,
    Min,
    Max,
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    And,
    Or,
    Xor,
    Mod,
}

/// See [`ModelOp::Pool`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pool {
    /// Greatest element; padding never wins.
    Max,
    /// Mean over the whole window, padding counted as 0.
    Average,
    /// Mean over the elements of the window that exist.
    AverageOfPresent,
}

/// See [`ModelOp::Reduce`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names of arithmetic")]
pub enum Reduce {
    Sum,
    Mean,
    Product,
    Max,
    Min,
}

/// `scale · (q − zero_point)` with `q = clamp(round(x / scale) + zero_point, lo, hi)`, the integer of a
/// [`cloakwork_abi::processing::Quantiser`].
#[derive(Clone, Debug, PartialEq)]
pub struct FakeQuantise {
    /// One for the whole tensor, or one for each index of `axis`.
    pub scale: Vec<f64>,
    /// As many as scales.
    pub zero_point: Vec<i64>,
    /// The axis whose indices have scales of their own.
    pub axis: Option<usize>,
    /// Least integer.
    pub lo: i64,
    /// Greatest integer.
    pub hi: i64,
    /// How halves are rounded.
    pub rounding: Rounding,
}

/// To which integer a real is rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rounding {
    /// The nearest, ties to even.
    Nearest,
    /// The nearest, ties to odd: what ties to even are if an odd zero point is added first.
    NearestOdd,
    /// The greatest that is not greater.
    Floor,
    /// The least that is not less.
    Ceil,
}
