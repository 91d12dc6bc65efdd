//! The operations of the `fhe` dialect as plain Rust data.

use crate::attributes as attr;
use crate::digits::Digits;
use crate::linear::Linear;
use crate::pairwise::{JointLookup, Pairwise};
use crate::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef, RegionLike};
use ndarray::ArrayD;

/// An `fhe` operation that stands in a function.
#[derive(Clone, Debug)]
pub enum FheOp<'c, 'a> {
    /// Trivial encryption of a constant.
    Constant {
        /// Its elements.
        value: ArrayD<i64>,
    },
    /// A linear operation.
    Linear(Linear),
    /// Part of the binary digits.
    Digits(Digits),
    /// A table lookup.
    Lookup(Lookup),
    /// A function of two encrypted integers.
    Pairwise(Pairwise),
    /// The second operand where the first is 1, else the third.
    Select,
    /// A table lookup of several encrypted integers.
    JointLookup(JointLookup),
    /// An elementwise function.
    Map {
        /// Its body.
        body: BlockRef<'c, 'a>,
    },
}

/// `out[i] = tables[selector[i]][v mod length]` for the element `v = in[i]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Shape `[T, 2^k]`.
    pub tables: ArrayD<i64>,
    /// Shape of the input, entries below `T`; without it every element uses table 0.
    pub selector: Option<ArrayD<i64>>,
}

impl<'c: 'a, 'a> FheOp<'c, 'a> {
    /// Reads a verified operation; `None` for other dialects.
    pub fn of(op: OperationRef<'c, 'a>) -> Option<Self> {
        let name = walk::name(&op);
        let mnemonic = name.strip_prefix("fhe.")?;
        Some(match mnemonic {
            "constant" => Self::Constant { value: attr::get_dense_i64(&op, "value")? },
            "lookup" => Self::Lookup(Lookup::of(op)?),
            "map" => Self::Map { body: op.region(0).ok()?.first_block()? },
            "select" => Self::Select,
            "joint_lookup" => Self::JointLookup(JointLookup::of(op)?),
            _ => {
                let digits = Digits::of(mnemonic, op).map(Self::Digits);
                let pairwise = || Pairwise::of(mnemonic, op).map(Self::Pairwise);
                digits.or_else(pairwise).or_else(|| Linear::of(mnemonic, op).map(Self::Linear))?
            }
        })
    }

    /// The words that are encrypted trivially, if that is what it does.
    pub fn constant(self) -> Option<ArrayD<i64>> {
        match self {
            Self::Constant { value } => Some(value),
            Self::Linear(_)
            | Self::Digits(_)
            | Self::Lookup(_)
            | Self::Pairwise(_)
            | Self::Select
            | Self::JointLookup(_)
            | Self::Map { .. } => None,
        }
    }
}

impl Lookup {
    fn of(op: OperationRef<'_, '_>) -> Option<Self> {
        let tables = attr::get_dense_i64(&op, "tables").filter(|tables| tables.ndim() == 2)?;
        Some(Self { tables, selector: attr::get_dense_i64(&op, "selector") })
    }

    /// Entries of each table.
    pub fn length(&self) -> usize {
        self.tables.shape()[1]
    }

    /// The entry for the value `v` of element `i` (row-major), or of that element of another sample.
    pub fn entry(&self, i: usize, v: i64) -> i64 {
        let table = self.selector.as_ref().map_or(0, |selector| nth(selector, i) as usize);
        self.tables[[table, v.rem_euclid(self.length() as i64) as usize]]
    }

    /// Every element of `input` looked up, which may be several samples along a first axis.
    pub fn evaluate(&self, input: &ArrayD<i64>) -> ArrayD<i64> {
        if let (None, true, Some(entries)) =
            (&self.selector, self.length().is_power_of_two(), self.tables.as_slice())
        {
            let mask = self.length() as i64 - 1;
            return input.mapv(|v| entries[(v & mask) as usize]);
        }
        let values: Vec<i64> = input.iter().enumerate().map(|(i, &v)| self.entry(i, v)).collect();
        ArrayD::from_shape_vec(input.raw_dim(), values).expect("one value for each element")
    }
}

/// Element `i` of the sample that has as many as there are.
fn nth(array: &ArrayD<i64>, i: usize) -> i64 {
    let i = i % array.len();
    match array.as_slice() {
        Some(values) => values[i],
        None => *array.iter().nth(i).expect("below their number"),
    }
}
