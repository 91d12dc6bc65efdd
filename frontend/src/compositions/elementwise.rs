//! Functions of single elements that are several operations: truth values, bounds, digits on the same scale.

use crate::elementwise::Binary;
use crate::error::TraceError;
use crate::graph::{Hint, NodeId, OpGraph};
use crate::host::{HostBody, HostFunction};
use crate::traced::{Operand, Traced};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::digits::{Digits, Exactness};
use std::ops::{Not, RangeInclusive};
use std::sync::Arc;

/// A function of two truth values; what is not 0 is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logical {
    /// Both.
    And,
    /// Any of them.
    Or,
    /// Exactly one.
    Xor,
}

impl OpGraph {
    /// A function of the truth of two values.
    pub fn logical(&mut self, function: Logical, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        let bits = match function {
            Logical::And => Binary::BitAnd,
            Logical::Or => Binary::BitOr,
            Logical::Xor => Binary::BitXor,
        };
        let a = self.checked(|graph| graph.truth(a))?;
        let b = self.checked(|graph| graph.truth(b))?;
        self.binary(bits, a, b)
    }

    /// All bits the other way: `−a − 1`.
    pub fn invert(&mut self, a: NodeId) -> Result<NodeId, TraceError> {
        let minus = self.neg(a)?;
        let one = self.number(1);
        self.sub(minus, one)
    }

    /// Bit `i` of the result is bit `positions[i]`, 0 being the lowest; negative values are taken in two's complement.
    pub fn bits(&mut self, a: NodeId, positions: &[u32]) -> Result<NodeId, TraceError> {
        let Some(&first) = positions.first() else {
            let zero = self.number(0);
            return self.mul(a, zero);
        };
        if positions.iter().copied().eq((first..).take(positions.len())) {
            return self.run_of_bits(a, first, positions.len() as u32);
        }
        let mut sum = self.run_of_bits(a, first, 1)?;
        for (place, &position) in positions.iter().enumerate().skip(1) {
            let bit = self.run_of_bits(a, position, 1)?;
            let weight = self.number(1 << place);
            let scaled = self.mul(bit, weight)?;
            sum = self.add(sum, scaled)?;
        }
        Ok(sum)
    }

    fn run_of_bits(&mut self, a: NodeId, first: u32, count: u32) -> Result<NodeId, TraceError> {
        let rest = match first {
            0 => a,
            bits => self.digits(Digits::Truncate { bits, exactness: Exactness::Exact }, a)?,
        };
        self.digits(Digits::LowBits { bits: count }, rest)
    }

    /// [`Self::digits`] of a value on the scale that it had: a multiple of `2^bits`.
    pub fn digits_in_place(&mut self, digits: Digits, a: NodeId) -> Result<NodeId, TraceError> {
        let bits = match digits {
            Digits::Round { bits, .. } | Digits::Truncate { bits, .. } => bits,
            Digits::LowBits { .. }
            | Digits::LowBitsBelow { .. }
            | Digits::Bit { .. }
            | Digits::BitOfDifference { .. }
            | Digits::Reinterpret { .. } => 0,
        };
        let rest = self.digits(digits, a)?;
        let scale = self.number(1 << bits);
        self.mul(rest, scale)
    }

    /// The same values with fresh noise: one lookup for each.
    pub fn refresh(&mut self, a: NodeId) -> Result<NodeId, TraceError> {
        self.host(HostFunction { name: "refresh".to_owned(), body: HostBody::Int(Arc::new(|v| v)) }, a)
    }
}

impl Traced {
    /// 1 where both are not 0, else 0.
    #[track_caller]
    pub fn logical_and(&self, other: impl Operand) -> Self {
        self.with(other, |graph, a, b| graph.logical(Logical::And, a, b))
    }

    /// 1 where one of them is not 0, else 0.
    #[track_caller]
    pub fn logical_or(&self, other: impl Operand) -> Self {
        self.with(other, |graph, a, b| graph.logical(Logical::Or, a, b))
    }

    /// 1 where exactly one is not 0, else 0.
    #[track_caller]
    pub fn logical_xor(&self, other: impl Operand) -> Self {
        self.with(other, |graph, a, b| graph.logical(Logical::Xor, a, b))
    }

    /// 1 where it is 0, else 0.
    #[track_caller]
    pub fn logical_not(&self) -> Self {
        self.equal(0)
    }

    /// `min(max(v, least), greatest)`
    #[track_caller]
    pub fn clamp(&self, bounds: RangeInclusive<i64>) -> Self {
        self.max(*bounds.start()).min(*bounds.end())
    }

    /// `v²`
    #[track_caller]
    pub fn square(&self) -> Self {
        self.with_self(|graph, a| graph.mul(a, a))
    }

    /// Bits of every element as an integer, the first position its lowest: `x.bits(1..3)`, `x.bits([4, 0])`. 0 is the
    /// lowest position; negative elements are taken in two's complement.
    #[track_caller]
    pub fn bits(&self, positions: impl IntoIterator<Item = u32>) -> Self {
        let positions: Vec<u32> = positions.into_iter().collect();
        self.with_self(|graph, a| graph.bits(a, &positions))
    }

    /// The nearest multiple of `2^bits`, halves upwards.
    #[track_caller]
    pub fn round_bit_pattern(&self, bits: u32, exactness: Exactness) -> Self {
        self.with_self(|graph, a| graph.digits_in_place(Digits::Round { bits, exactness }, a))
    }

    /// The greatest multiple of `2^bits` that is not greater.
    #[track_caller]
    pub fn truncate_bit_pattern(&self, bits: u32, exactness: Exactness) -> Self {
        self.with_self(|graph, a| graph.digits_in_place(Digits::Truncate { bits, exactness }, a))
    }

    /// The same values with fresh noise: one lookup for each.
    #[track_caller]
    pub fn refresh(&self) -> Self {
        self.with_self(OpGraph::refresh)
    }

    /// The same values, of which it is known that they may be any of these besides what an input set shows.
    #[track_caller]
    pub fn may_be(&self, range: RangeInclusive<i64>) -> Self {
        self.hinted(Hint { range: Some((*range.start(), *range.end())), width: None })
    }

    /// The same values, of which it is known that they may be all of so many bits.
    #[track_caller]
    pub fn may_have_bits(&self, bits: u32) -> Self {
        self.hinted(Hint { range: None, width: Some(Width(bits)) })
    }

    #[track_caller]
    fn hinted(&self, hint: Hint) -> Self {
        self.with_self(|graph, a| {
            graph.hint(a, hint);
            Ok(a)
        })
    }
}

impl Not for Traced {
    type Output = Traced;
    #[track_caller]
    fn not(self) -> Traced {
        self.with_self(OpGraph::invert)
    }
}

impl Not for &Traced {
    type Output = Traced;
    #[track_caller]
    fn not(self) -> Traced {
        self.with_self(OpGraph::invert)
    }
}
