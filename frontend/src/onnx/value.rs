//! What a name in an ONNX graph stands for while it is imported.

use super::error::{Refusal, refuse};
use crate::model::ValueId;
use cloakwork_abi::processing::Labels;

/// What the output of a node is.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Numbers.
    Tensor(Tensor),
    /// Labels; the value holds positions in their list.
    Labels {
        /// Positions.
        positions: ValueId,
        /// What they stand for.
        labels: Labels,
    },
    /// Integers of a quantised value: `real / scale + zero_point`.
    Quantised(Quantised),
}

/// Numbers of a model.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tensor {
    pub(super) id: ValueId,
    pub(super) kind: Kind,
}

/// Which numbers; all are computed with as reals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Real,
    /// With the least and greatest value of its type.
    Integer(i64, i64),
    Boolean,
}

impl Kind {
    /// Integers of 64 bits.
    pub(super) const INT64: Self = Self::Integer(i64::MIN, i64::MAX);

    pub(super) fn is_integer(self) -> bool {
        matches!(self, Self::Integer(..))
    }
}

/// See [`Value::Quantised`].
#[derive(Clone, Debug)]
pub(super) struct Quantised {
    /// What the integers stand for.
    pub(super) real: ValueId,
    pub(super) grid: Grid,
}

/// The reals that integers stand for.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Grid {
    /// One, or one for each index of the axis.
    pub(super) scale: Vec<f64>,
    /// As many.
    pub(super) zero_point: Vec<i64>,
    pub(super) axis: Option<usize>,
}

impl From<Tensor> for Value {
    fn from(tensor: Tensor) -> Self {
        Self::Tensor(tensor)
    }
}

/// An axis that may count from the last.
pub(super) fn axis(axis: i64, rank: usize) -> Result<usize, Refusal> {
    let rank = rank as i64;
    let position = if axis < 0 { axis.saturating_add(rank) } else { axis };
    if (0..rank).contains(&position) {
        Ok(position as usize)
    } else {
        refuse(format!("axis {axis} of a value with {rank} axes"), format!("−{rank} to {}", rank - 1), "")
    }
}
