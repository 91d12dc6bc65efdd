//! What a node of the graph holds.

use crate::elementwise::{Binary, Number, Unary};
use crate::error::SourceLocation;
use crate::host::HostFunction;
use crate::lookup_table::LookupTable;
use cloakwork_abi::bounds::Bounds;
use cloakwork_abi::parameters::Width;
use cloakwork_abi::radix::Radix;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::linear::Linear;
use ndarray::ArrayD;
use std::fmt;
use std::ops::RangeInclusive;

/// One input, constant or operation.
#[derive(Clone, Debug)]
pub struct Node {
    /// What it is.
    pub kind: NodeKind,
    /// Row-major; empty for a scalar.
    pub shape: Vec<usize>,
    /// Type of each element.
    pub element: ElementType,
    /// Where the program made it.
    pub location: Option<SourceLocation>,
    /// The user's name for this part of the program.
    pub tag: Option<String>,
}

/// See [`Node`].
#[derive(Clone, Debug)]
pub enum NodeKind {
    /// The argument of that position in [`crate::OpGraph::inputs`].
    Input(usize),
    /// Clear integers.
    Constant(ArrayD<i64>),
    /// Clear reals.
    RealConstant(ArrayD<f64>),
    /// Trivial encryption of a constant or of a clear input.
    Encrypt,
    /// A linear operation as in the `fhe` dialect, with operands in the order of the program; clear
    /// operands of `Sub` and the like are emitted as other operations, constants broadcast. `Dot` and
    /// `Matmul` also take two encrypted operands: they are emitted as products of elements and their sum.
    Linear(Linear),
    /// A table lookup.
    Lookup(LookupTable),
    /// Rounding, truncation or low bits.
    Digits(Digits),
    /// An elementwise function of one operand.
    Unary(Unary),
    /// An elementwise function of two operands, one of them encrypted, the other too or a constant; constants are
    /// broadcast, integers converted where the other is real.
    Binary(Binary),
    /// The second operand where the first is 1, the third where it is 0; constants are broadcast.
    Select,
    /// A function of the embedding program, of one operand or several.
    Host(HostFunction),
}

/// Type of the elements of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ElementType {
    /// An encrypted integer.
    Encrypted {
        /// Whether it is signed, where the program says so; else the ranges decide.
        is_signed: Option<bool>,
    },
    /// An encrypted real, which exists only between encrypted integers.
    EncryptedReal,
    /// A clear integer.
    Clear,
    /// A clear real.
    ClearReal,
}

impl ElementType {
    /// An encrypted integer whose signedness the ranges decide.
    pub const ENCRYPTED: Self = Self::Encrypted { is_signed: None };

    /// Whether it is encrypted.
    pub fn is_encrypted(self) -> bool {
        match self {
            Self::Encrypted { .. } | Self::EncryptedReal => true,
            Self::Clear | Self::ClearReal => false,
        }
    }

    /// Integer or real.
    pub fn number(self) -> Number {
        match self {
            Self::Encrypted { .. } | Self::Clear => Number::Int,
            Self::EncryptedReal | Self::ClearReal => Number::Real,
        }
    }

    /// The encrypted type of those numbers.
    pub fn encrypted(number: Number) -> Self {
        match number {
            Number::Int => Self::ENCRYPTED,
            Number::Real => Self::EncryptedReal,
        }
    }
}

impl fmt::Display for ElementType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Encrypted { .. } => "encrypted integer",
            Self::EncryptedReal => "encrypted real",
            Self::Clear => "clear integer",
            Self::ClearReal => "clear real",
        })
    }
}

/// An argument of the program.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// Unique among the inputs.
    pub name: String,
    /// Row-major; empty for a scalar.
    pub shape: Vec<usize>,
    /// Encrypted or clear integers.
    pub is_encrypted: bool,
    /// What the program promises about its elements.
    pub declared: InputType,
}

/// What is known about the integers of an input before any is seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputType {
    /// Nothing: an input set will tell.
    Measured,
    /// They fit an integer type.
    Integer {
        /// Bits.
        width: Width,
        /// Two's complement or not.
        is_signed: bool,
    },
    /// They lie in a range.
    Range {
        /// Least.
        lo: i64,
        /// Greatest.
        hi: i64,
    },
    /// They lie in a range that reaches beyond `i64`.
    UnsignedRange {
        /// Least.
        lo: u64,
        /// Greatest.
        hi: u64,
    },
}

impl InputType {
    /// `0 ≤ v < 2^width`
    pub fn unsigned(width: u32) -> Self {
        Self::Integer { width: Width(width), is_signed: false }
    }

    /// `−2^(width−1) ≤ v < 2^(width−1)`
    pub fn signed(width: u32) -> Self {
        Self::Integer { width: Width(width), is_signed: true }
    }

    /// Least and greatest value, if declared.
    pub fn range(self) -> Option<Bounds> {
        match self {
            Self::Measured => None,
            Self::Integer { width: Width(bits), is_signed } => {
                Some(Radix { bits: 1, count: bits, is_signed }.limits())
            }
            Self::Range { lo, hi } => Some((lo.into(), hi.into())),
            Self::UnsignedRange { lo, hi } => Some((lo.into(), hi.into())),
        }
    }

    /// Signedness, if declared; a range that starts below 0 is signed.
    pub fn is_signed(self) -> Option<bool> {
        match self {
            Self::Measured => None,
            Self::Integer { is_signed, .. } => Some(is_signed),
            Self::Range { lo, .. } => Some(lo < 0),
            Self::UnsignedRange { .. } => Some(false),
        }
    }
}

impl From<RangeInclusive<i64>> for InputType {
    fn from(range: RangeInclusive<i64>) -> Self {
        Self::Range { lo: *range.start(), hi: *range.end() }
    }
}
