//! Operations on the binary digits of encrypted integers: attributes and exact meaning.
//!
//! Rounding, truncation and low bits are what programs say; bits, low bits below a known bit and
//! reinterpretations are what a pass makes of them. Negative values are taken in two's complement.

use crate::attributes as attr;
use crate::types::ValueType;
use crate::walk;
use cloakwork_abi::parameters::Width;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, OperationRef, ValueLike};
use ndarray::{ArrayD, Zip};

/// Whether noise may move a rounded value by one step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Exactness {
    /// It may not.
    Exact,
    /// It may: values near a boundary can land on either side.
    Approximate,
}

/// An operation on binary digits with its attributes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    /// `⌊(x + 2^(bits−1)) / 2^bits⌋`
    Round {
        /// Bits that vanish.
        bits: u32,
        /// What noise may do.
        exactness: Exactness,
    },
    /// `⌊x / 2^bits⌋`
    Truncate {
        /// Bits that vanish.
        bits: u32,
        /// What noise may do.
        exactness: Exactness,
    },
    /// `x mod 2^bits`
    LowBits {
        /// Bits that stay.
        bits: u32,
    },
    /// `f(x − 2^bits·top)` with `f(u) = u` and `f(u + 2^bits) = −u` for `0 ≤ u < 2^bits`, of period `2^(bits+1)`:
    /// `x mod 2^bits` where `top` is bit `bits` of `x`. One lookup of width `bits`.
    LowBitsBelow {
        /// Bits that stay.
        bits: u32,
    },
    /// `⌊x / 2^position⌋ mod 2`. One lookup of width `position`.
    Bit {
        /// Which one, from 0 for the lowest.
        position: u32,
    },
    /// `⌊(x − less) / 2^position⌋ mod 2`: whether `x < less` where `−2^position ≤ x − less < 2^position`. One lookup of width `position`.
    BitOfDifference {
        /// Which one, from 0 for the lowest.
        position: u32,
    },
    /// `(x + half_steps/2) · 2^(to − from)`, rounded to the nearest integer, halves upwards. The same ciphertext.
    Reinterpret {
        /// Width of the operand.
        from: Width,
        /// Width of the result.
        to: Width,
        /// What is added beforehand, in halves of the operand's unit.
        half_steps: i64,
    },
}

impl Digits {
    /// Name without the dialect.
    pub fn mnemonic(&self) -> &'static str {
        match self {
            Self::Round { .. } => "round",
            Self::Truncate { .. } => "truncate",
            Self::LowBits { .. } | Self::LowBitsBelow { .. } => "low_bits",
            Self::Bit { .. } | Self::BitOfDifference { .. } => "bit",
            Self::Reinterpret { .. } => "reinterpret",
        }
    }

    /// Reads the operation called `mnemonic`; `None` if it is another or its attributes are malformed.
    pub fn of(mnemonic: &str, op: OperationRef<'_, '_>) -> Option<Self> {
        let number = |name: &str| u32::try_from(attr::get_i64(&op, name)?).ok();
        let exactness = || match op.attribute("approximate") {
            Ok(_) => Exactness::Approximate,
            Err(_) => Exactness::Exact,
        };
        let width = |value: melior::ir::Value<'_, '_>| Some(ValueType::of(value.r#type())?.integer()?.0);
        Some(match mnemonic {
            "round" => Self::Round { bits: number("bits")?, exactness: exactness() },
            "truncate" => Self::Truncate { bits: number("bits")?, exactness: exactness() },
            "low_bits" if op.operand_count() == 1 => Self::LowBits { bits: number("bits")? },
            "low_bits" => Self::LowBitsBelow { bits: number("bits")? },
            "bit" if op.operand_count() == 1 => Self::Bit { position: number("position")? },
            "bit" => Self::BitOfDifference { position: number("position")? },
            "reinterpret" => Self::Reinterpret {
                from: width(walk::operand(op, 0))?,
                to: width(walk::result(op))?,
                half_steps: attr::get_i64(&op, "half_steps").unwrap_or(0),
            },
            _ => return None,
        })
    }

    /// The attributes of the operation.
    pub fn attributes<'c>(&self, context: &'c Context) -> Vec<(&'static str, Attribute<'c>)> {
        let number = |name, value: u32| (name, attr::i64(context, i64::from(value)));
        match *self {
            Self::Round { bits, exactness } | Self::Truncate { bits, exactness } => {
                let mut attributes = vec![number("bits", bits)];
                if exactness == Exactness::Approximate {
                    attributes.push(("approximate", Attribute::unit(context)));
                }
                attributes
            }
            Self::LowBits { bits } | Self::LowBitsBelow { bits } => vec![number("bits", bits)],
            Self::Bit { position } | Self::BitOfDifference { position } => vec![number("position", position)],
            Self::Reinterpret { half_steps: 0, .. } => vec![],
            Self::Reinterpret { half_steps, .. } => vec![("half_steps", attr::i64(context, half_steps))],
        }
    }

    /// The exact result on integers; `None` where an element leaves `i64`.
    pub fn evaluate(&self, operands: &[&ArrayD<i64>]) -> Option<ArrayD<i64>> {
        let exact = match operands {
            [x] => x.mapv(|x| self.of_one(x.into(), 0)),
            [x, other] => {
                Zip::from(*x).and(*other).map_collect(|&x, &other| self.of_one(x.into(), other.into()))
            }
            _ => return None,
        };
        let fits = exact.iter().all(|&value| i64::try_from(value).is_ok());
        fits.then(|| exact.mapv(|value| value as i64))
    }

    /// [`Self::evaluate`] on integers of 64 bits, signed or unsigned.
    pub fn evaluate_exact(&self, operands: &[&ArrayD<i128>]) -> Option<ArrayD<i128>> {
        let exact = match operands {
            [x] => x.mapv(|x| self.of_one(x, 0)),
            [x, other] => Zip::from(*x).and(*other).map_collect(|&x, &other| self.of_one(x, other)),
            _ => return None,
        };
        let fits = |&value: &i128| (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value);
        exact.iter().all(fits).then_some(exact)
    }

    /// The result for one integer of an operation with one operand; `None` where it leaves `i64`.
    pub fn of_value(&self, x: i64) -> Option<i64> {
        i64::try_from(self.of_one(x.into(), 0)).ok()
    }

    /// The result for one element and that of the second operand, if there is one.
    fn of_one(&self, x: i128, other: i128) -> i128 {
        match *self {
            Self::Round { bits, .. } => (x + (1 << bits >> 1)) >> bits,
            Self::Truncate { bits, .. } => x >> bits,
            Self::LowBits { bits } => x & ((1 << bits) - 1),
            Self::LowBitsBelow { bits } => {
                let rest = x - (other << bits);
                let low = rest & ((1 << bits) - 1);
                if rest >> bits & 1 == 1 { -low } else { low }
            }
            Self::Bit { position } => x >> position & 1,
            Self::BitOfDifference { position } => (x - other) >> position & 1,
            Self::Reinterpret { from, to, half_steps } => {
                let halves = 2 * x + i128::from(half_steps);
                match from.0.checked_sub(to.0) {
                    Some(narrower) if narrower > 0 => (halves + (1 << narrower)) >> (narrower + 1),
                    _ => (halves << (to.0 - from.0)) >> 1,
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;

    fn of(digits: Digits, x: i64) -> i64 {
        digits.evaluate(&[&ArrayD::from_elem(IxDyn(&[]), x)]).unwrap()[IxDyn(&[])]
    }

    #[test]
    fn floors_of_either_sign() {
        let exactness = Exactness::Exact;
        let [round, truncate] =
            [Digits::Round { bits: 2, exactness }, Digits::Truncate { bits: 2, exactness }];
        let found: Vec<_> =
            (-3..=6).map(|x| (of(round, x), of(truncate, x), of(Digits::LowBits { bits: 2 }, x))).collect();
        let expected = [
            (-1, -1, 1),
            (0, -1, 2),
            (0, -1, 3),
            (0, 0, 0),
            (0, 0, 1),
            (1, 0, 2),
            (1, 0, 3),
            (1, 1, 0),
            (1, 1, 1),
            (2, 1, 2),
        ];
        assert_eq!(found, expected);
        assert_eq!(
            (-4..4).map(|x| of(Digits::Bit { position: 1 }, x)).collect::<Vec<_>>(),
            [0, 0, 1, 1, 0, 0, 1, 1]
        );
    }

    #[test]
    fn half_steps_turn_nearest_into_floor() {
        for x in -40..40 {
            for bits in 1..4 {
                let (from, to) = (Width(8), Width(8 - bits));
                let nearest = Digits::Reinterpret { from, to, half_steps: 1 };
                let floor = Digits::Reinterpret { from, to, half_steps: 1 - (1 << bits) };
                let exactness = Exactness::Exact;
                assert_eq!(of(nearest, x), of(Digits::Round { bits, exactness }, x));
                assert_eq!(of(floor, x), of(Digits::Truncate { bits, exactness }, x));
                assert_eq!(of(Digits::Reinterpret { from: to, to: from, half_steps: 0 }, x), x << bits);
            }
        }
    }

    #[test]
    fn the_bit_above_a_difference_is_its_sign() {
        let scalar = |x| ArrayD::from_elem(IxDyn(&[]), x);
        for x in -4i64..=4 {
            for less in -3..=4 {
                let bit = Digits::BitOfDifference { position: 3 };
                let found = bit.evaluate(&[&scalar(x), &scalar(less)]).unwrap();
                assert_eq!(found, scalar(i64::from(x < less)));
            }
        }
    }

    #[test]
    fn low_bits_below_their_top() {
        let scalar = |x| ArrayD::from_elem(IxDyn(&[]), x);
        for x in -20i64..20 {
            let below =
                |top: i64| Digits::LowBitsBelow { bits: 2 }.evaluate(&[&scalar(x), &scalar(top)]).unwrap();
            let bit = x >> 2 & 1;
            assert_eq!(below(bit), scalar(x & 3));
            assert_eq!(below(1 - bit), scalar(-(x & 3)));
        }
    }
}
