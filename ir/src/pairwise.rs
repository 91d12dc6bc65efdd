//! Elementwise functions of two encrypted integers, and the choice between two: names and exact meaning.
//!
//! Operands are plain integers of any sign; bits of negative ones are those of two's complement.

use crate::attributes as attr;
use melior::Context;
use melior::ir::{Attribute, OperationRef};
use ndarray::{ArrayD, Zip};

/// A function of two encrypted integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Pairwise {
    /// `x · y`
    Mul,
    /// 1 where the relation holds, else 0.
    Compare(Predicate),
    /// The lesser.
    Min,
    /// The greater.
    Max,
    /// Bits on in both.
    And,
    /// Bits on in either.
    Or,
    /// Bits on in exactly one.
    Xor,
    /// `x · 2^y`, `y ≥ 0`
    ShiftLeft,
    /// `⌊x / 2^y⌋`, `y ≥ 0`
    ShiftRight,
}

/// A relation of two integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Predicate {
    /// `x = y`
    Equal,
    /// `x ≠ y`
    NotEqual,
    /// `x < y`
    Less,
    /// `x ≤ y`
    LessEqual,
    /// `x > y`
    Greater,
    /// `x ≥ y`
    GreaterEqual,
}

impl Predicate {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Equal, Self::NotEqual, Self::Less, Self::LessEqual, Self::Greater, Self::GreaterEqual];

    /// Its name in the IR.
    pub fn name(self) -> &'static str {
        match self {
            Self::Equal => "eq",
            Self::NotEqual => "ne",
            Self::Less => "lt",
            Self::LessEqual => "le",
            Self::Greater => "gt",
            Self::GreaterEqual => "ge",
        }
    }

    /// Whether `x − y` of that sign (−1, 0 or 1) says that the relation holds.
    pub fn holds(self, sign: i64) -> bool {
        match self {
            Self::Equal => sign == 0,
            Self::NotEqual => sign != 0,
            Self::Less => sign < 0,
            Self::LessEqual => sign <= 0,
            Self::Greater => sign > 0,
            Self::GreaterEqual => sign >= 0,
        }
    }
}

impl Pairwise {
    /// Every function, comparisons once for each relation.
    pub const ALL: [Self; 14] = [
        Self::Mul,
        Self::Compare(Predicate::Equal),
        Self::Compare(Predicate::NotEqual),
        Self::Compare(Predicate::Less),
        Self::Compare(Predicate::LessEqual),
        Self::Compare(Predicate::Greater),
        Self::Compare(Predicate::GreaterEqual),
        Self::Min,
        Self::Max,
        Self::And,
        Self::Or,
        Self::Xor,
        Self::ShiftLeft,
        Self::ShiftRight,
    ];

    /// Name without the dialect.
    pub fn mnemonic(self) -> &'static str {
        match self {
            Self::Mul => "mul",
            Self::Compare(_) => "compare",
            Self::Min => "min",
            Self::Max => "max",
            Self::And => "and",
            Self::Or => "or",
            Self::Xor => "xor",
            Self::ShiftLeft => "shift_left",
            Self::ShiftRight => "shift_right",
        }
    }

    /// Reads the operation called `mnemonic`; `None` if it is another or its attributes are malformed.
    pub fn of(mnemonic: &str, op: OperationRef<'_, '_>) -> Option<Self> {
        if mnemonic == "compare" {
            let predicate = attr::get_string(&op, "predicate")?;
            return Predicate::ALL.into_iter().find(|known| known.name() == predicate).map(Self::Compare);
        }
        Self::ALL.into_iter().find(|function| function.mnemonic() == mnemonic)
    }

    /// The attributes of the operation.
    pub fn attributes<'c>(self, context: &'c Context) -> Vec<(&'static str, Attribute<'c>)> {
        match self {
            Self::Compare(predicate) => vec![("predicate", attr::string(context, predicate.name()))],
            Self::Mul
            | Self::Min
            | Self::Max
            | Self::And
            | Self::Or
            | Self::Xor
            | Self::ShiftLeft
            | Self::ShiftRight => vec![],
        }
    }

    /// The result for one pair; `None` where it leaves 64 bits or a shift is negative.
    pub fn of_pair(self, x: i64, y: i64) -> Option<i64> {
        i64::try_from(self.of_exact(x.into(), y.into())?).ok()
    }

    /// The result for one pair of integers of 64 bits, signed or unsigned; `None` where it has more or a shift is negative.
    pub fn of_exact(self, x: i128, y: i128) -> Option<i128> {
        let result = match self {
            Self::Mul => x.checked_mul(y)?,
            Self::Compare(predicate) => i128::from(predicate.holds(x.cmp(&y) as i64)),
            Self::Min => x.min(y),
            Self::Max => x.max(y),
            Self::And => x & y,
            Self::Or => x | y,
            Self::Xor => x ^ y,
            Self::ShiftLeft if x == 0 && y >= 0 => 0,
            Self::ShiftLeft => 2i128.checked_pow(u32::try_from(y).ok()?)?.checked_mul(x)?,
            Self::ShiftRight if y < 0 => return None,
            Self::ShiftRight => x >> y.min(127),
        };
        (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&result).then_some(result)
    }

    /// The exact result on tensors of one shape; `None` where an element has none.
    pub fn evaluate(self, x: &ArrayD<i64>, y: &ArrayD<i64>) -> Option<ArrayD<i64>> {
        let results: Option<Vec<i64>> = x.iter().zip(y).map(|(&x, &y)| self.of_pair(x, y)).collect();
        ArrayD::from_shape_vec(x.raw_dim(), results?).ok()
    }

    /// [`Self::evaluate`] on integers of 64 bits, signed or unsigned.
    pub fn evaluate_exact(self, x: &ArrayD<i128>, y: &ArrayD<i128>) -> Option<ArrayD<i128>> {
        let results: Option<Vec<i128>> = x.iter().zip(y).map(|(&x, &y)| self.of_exact(x, y)).collect();
        ArrayD::from_shape_vec(x.raw_dim(), results?).ok()
    }
}

/// `then` where the condition is 1, `otherwise` where it is 0; `None` where it is neither.
pub fn select<T: Copy + Into<i128>>(
    condition: &ArrayD<T>,
    then: &ArrayD<T>,
    otherwise: &ArrayD<T>,
) -> Option<ArrayD<T>> {
    let is_bit = condition.iter().all(|&bit| (0..=1).contains(&bit.into()));
    is_bit.then(|| {
        let pick = |&condition: &T, &then: &T, &otherwise: &T| {
            if condition.into() == 1 { then } else { otherwise }
        };
        Zip::from(condition).and(then).and(otherwise).map_collect(pick)
    })
}

/// A lookup of several operands: `out[i] = tables[selector[i], x₀[i] − lows[0], x₁[i] − lows[1], …]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JointLookup {
    /// Least value of each operand.
    pub lows: Vec<i64>,
    /// The axis of tables, then one for each operand.
    pub tables: ArrayD<i64>,
    /// Shape of the operands; without it every element uses table 0.
    pub selector: Option<ArrayD<i64>>,
}

impl JointLookup {
    pub(crate) fn of(op: OperationRef<'_, '_>) -> Option<Self> {
        let tables = attr::get_dense_i64(&op, "tables").filter(|tables| tables.ndim() >= 2)?;
        let lows = attr::get_i64_array(&op, "lows").filter(|lows| lows.len() + 1 == tables.ndim())?;
        Some(Self { lows, tables, selector: attr::get_dense_i64(&op, "selector") })
    }

    /// The attributes of the operation.
    pub fn attributes<'c>(&self, context: &'c Context) -> Vec<(&'static str, Attribute<'c>)> {
        let mut attributes = vec![
            ("lows", attr::i64_array(context, &self.lows)),
            ("tables", attr::dense_i64(context, &self.tables)),
        ];
        attributes
            .extend(self.selector.as_ref().map(|selector| ("selector", attr::dense_i64(context, selector))));
        attributes
    }

    /// How many values each operand has.
    pub fn sizes(&self) -> &[usize] {
        &self.tables.shape()[1..]
    }

    /// The exact result, also of several samples along a first axis; `None` where an operand lies outside of the table.
    pub fn evaluate(&self, operands: &[&ArrayD<i64>]) -> Option<ArrayD<i64>> {
        let first = operands.first()?;
        let columns: Vec<Vec<i64>> =
            operands.iter().map(|operand| operand.iter().copied().collect()).collect();
        let selector: Option<Vec<i64>> =
            self.selector.as_ref().map(|chosen| chosen.iter().copied().collect());
        let entry = |i: usize| {
            let mut index = vec![selector.as_ref().map_or(0, |chosen| chosen[i % chosen.len()] as usize)];
            for (values, low) in columns.iter().zip(&self.lows) {
                index.push(usize::try_from(values[i].checked_sub(*low)?).ok()?);
            }
            self.tables.get(index.as_slice()).copied()
        };
        let results: Option<Vec<i64>> = (0..first.len()).map(entry).collect();
        ArrayD::from_shape_vec(first.raw_dim(), results?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::IxDyn;

    #[test]
    fn pairs_are_plain_integers() {
        assert_eq!(Pairwise::Mul.of_pair(15, -8), Some(-120));
        assert_eq!(Pairwise::Mul.of_pair(i64::MAX, 2), None);
        assert_eq!(Pairwise::And.of_pair(-4, 7), Some(4));
        assert_eq!(Pairwise::Xor.of_pair(-1, 5), Some(-6));
        assert_eq!(Pairwise::ShiftLeft.of_pair(-3, 2), Some(-12));
        assert_eq!((Pairwise::ShiftLeft.of_pair(1, -1), Pairwise::ShiftLeft.of_pair(1, 63)), (None, None));
        assert_eq!(
            (Pairwise::ShiftRight.of_pair(-3, 70), Pairwise::ShiftRight.of_pair(-3, 1)),
            (Some(-1), Some(-2))
        );
        assert_eq!(Pairwise::Compare(Predicate::LessEqual).of_pair(-1, -1), Some(1));
    }

    #[test]
    fn joint_lookups_start_at_the_least_values() {
        let tables = ArrayD::from_shape_vec(IxDyn(&[1, 2, 3]), vec![0, 1, 2, 10, 11, 12]).unwrap();
        let lookup = JointLookup { lows: vec![-1, 5], tables, selector: None };
        let scalar = |value| ArrayD::from_elem(IxDyn(&[]), value);
        assert_eq!(lookup.evaluate(&[&scalar(0), &scalar(7)]), Some(scalar(12)));
        assert_eq!(lookup.evaluate(&[&scalar(1), &scalar(7)]), None);
        assert_eq!(lookup.evaluate(&[&scalar(-1), &scalar(4)]), None);
    }
}
