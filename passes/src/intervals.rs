//! Interval arithmetic on tensors: bounds of each element of a linear operation's result.
//!
//! Sound always; exact for every single element if one factor of each product is constant, or of one sign,
//! and no input occurs twice.

use crate::facts::{self, Range};
use crate::intervals_at_positions as positions;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::linear::Linear;
use ndarray::{ArrayD, IxDyn, Zip};

/// `lo ≤ v ≤ hi` for each element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) lo: ArrayD<i64>,
    pub(crate) hi: ArrayD<i64>,
}

impl Interval {
    /// The same range for each element.
    pub(crate) fn uniform(shape: &[usize], (lo, hi): Range) -> Self {
        Self { lo: ArrayD::from_elem(IxDyn(shape), lo), hi: ArrayD::from_elem(IxDyn(shape), hi) }
    }

    /// Just these values.
    pub(crate) fn exactly(values: ArrayD<i64>) -> Self {
        Self { lo: values.clone(), hi: values }
    }

    /// The least range that holds every element.
    pub(crate) fn hull(&self) -> Range {
        (facts::hull(&self.lo).0, facts::hull(&self.hi).1)
    }
}

/// Bounds of `linear`'s result of that shape; `None` where they leave 64 bits.
pub(crate) fn linear(linear: &Linear, operands: &[&Interval], shape: &[usize]) -> Option<Interval> {
    let evaluate = |operands: &[&ArrayD<i64>]| linear.evaluate(operands, shape);
    let a = operands[0];
    Some(match linear {
        Linear::Add
        | Linear::AddClear
        | Linear::Sum { .. }
        | Linear::Reshape
        | Linear::Transpose { .. }
        | Linear::Slice { .. }
        | Linear::Concat { .. }
        | Linear::Broadcast
        | Linear::Gather { .. } => {
            let lo: Vec<_> = operands.iter().map(|operand| &operand.lo).collect();
            let hi: Vec<_> = operands.iter().map(|operand| &operand.hi).collect();
            Interval { lo: evaluate(&lo)?, hi: evaluate(&hi)? }
        }
        Linear::Sub => {
            let b = operands[1];
            Interval { lo: evaluate(&[&a.lo, &b.hi])?, hi: evaluate(&[&a.hi, &b.lo])? }
        }
        Linear::Neg => Interval { lo: evaluate(&[&a.hi])?, hi: evaluate(&[&a.lo])? },
        Linear::MulClear => {
            let b = operands[1];
            let mut result = Interval::exactly(evaluate(&[&a.lo, &b.lo])?);
            for corner in [[&a.lo, &b.hi], [&a.hi, &b.lo], [&a.hi, &b.hi]] {
                let product = evaluate(&corner)?;
                result.lo.zip_mut_with(&product, |lo, &v| *lo = v.min(*lo));
                result.hi.zip_mut_with(&product, |hi, &v| *hi = v.max(*hi));
            }
            result
        }
        Linear::Dot | Linear::Matmul | Linear::Conv2d(_) => bilinear(linear, a, operands[1], shape)?,
        Linear::GatherAt { axis } => positions::gather_at(a, operands[1], *axis, shape),
        Linear::SetAt { axis } => positions::set_at(a, operands[1], operands[2], *axis),
    })
}

/// Bounds of the digits of values between the bounds of `input`; `None` where they leave 64 bits.
pub(crate) fn digits(digits: &Digits, input: &Interval) -> Option<Interval> {
    // All values whose digits above agree lie between the results for the bounds; else anything can come.
    let (digits, above, most) = match *digits {
        Digits::Round { .. } | Digits::Truncate { .. } | Digits::Reinterpret { .. } => {
            return Some(Interval { lo: digits.evaluate(&[&input.lo])?, hi: digits.evaluate(&[&input.hi])? });
        }
        Digits::LowBits { bits } | Digits::LowBitsBelow { bits } => {
            (Digits::LowBits { bits }, bits, (1 << bits) - 1)
        }
        Digits::Bit { position } => (*digits, position, 1),
    };
    let (mut lo, mut hi) = (digits.evaluate(&[&input.lo])?, digits.evaluate(&[&input.hi])?);
    Zip::from(&mut lo).and(&mut hi).and(&input.lo).and(&input.hi).for_each(|lo, hi, &from, &to| {
        if from >> above != to >> above {
            (*lo, *hi) = (0, most);
        }
    });
    Some(Interval { lo, hi })
}

/// Whether greater values never have lesser results.
pub(crate) fn is_monotone(digits: &Digits) -> bool {
    match digits {
        Digits::Round { .. } | Digits::Truncate { .. } | Digits::Reinterpret { .. } => true,
        Digits::LowBits { .. } | Digits::LowBitsBelow { .. } | Digits::Bit { .. } => false,
    }
}

/// With `x⁺ = max(x, 0)` and `x⁻ = min(x, 0)`, each product `a·b` lies between
/// `a̲⁺b̲⁺ + a̅⁺b̲⁻ + a̲⁻b̅⁺ + a̅⁻b̅⁻` and `a̅⁺b̅⁺ + a̲⁺b̅⁻ + a̅⁻b̲⁺ + a̲⁻b̲⁻`, and so do sums of products.
fn bilinear(linear: &Linear, a: &Interval, b: &Interval, shape: &[usize]) -> Option<Interval> {
    let positive = |values: &ArrayD<i64>| values.mapv(|value| value.max(0));
    let negative = |values: &ArrayD<i64>| values.mapv(|value| value.min(0));
    let sum = |terms: [(ArrayD<i64>, ArrayD<i64>); 4]| -> Option<ArrayD<i64>> {
        let mut total: Option<ArrayD<i64>> = None;
        for (x, y) in terms {
            let is_zero = |values: &ArrayD<i64>| values.iter().all(|&value| value == 0);
            // Weights of one sign are common; a term of zeros still gives the shape if it is the only one.
            if total.is_some() && (is_zero(&x) || is_zero(&y)) {
                continue;
            }
            let term = linear.evaluate(&[&x, &y], shape)?;
            total = Some(match total {
                None => term,
                Some(total) => add(&total, &term)?,
            });
        }
        total
    };
    let lo = sum([
        (positive(&a.lo), positive(&b.lo)),
        (positive(&a.hi), negative(&b.lo)),
        (negative(&a.lo), positive(&b.hi)),
        (negative(&a.hi), negative(&b.hi)),
    ])?;
    let hi = sum([
        (positive(&a.hi), positive(&b.hi)),
        (positive(&a.lo), negative(&b.hi)),
        (negative(&a.hi), positive(&b.lo)),
        (negative(&a.lo), negative(&b.lo)),
    ])?;
    Some(Interval { lo, hi })
}

fn add(a: &ArrayD<i64>, b: &ArrayD<i64>) -> Option<ArrayD<i64>> {
    let fits = Zip::from(a).and(b).all(|a, b| a.checked_add(*b).is_some());
    fits.then(|| a + b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakwork_ir::linear::Conv2d;
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, any, prop_assert, proptest};

    fn interval(shape: &'static [usize]) -> impl Strategy<Value = Interval> {
        let count: usize = shape.iter().product();
        vec((-9i64..9, 0i64..4), count).prop_map(move |bounds| {
            let array = |values: Vec<i64>| ArrayD::from_shape_vec(IxDyn(shape), values).unwrap();
            Interval {
                lo: array(bounds.iter().map(|(lo, _)| *lo).collect()),
                hi: array(bounds.iter().map(|(lo, more)| lo + more).collect()),
            }
        })
    }

    fn member(interval: &Interval, seed: u64) -> ArrayD<i64> {
        let mut state = seed;
        Zip::from(&interval.lo).and(&interval.hi).map_collect(|&lo, &hi| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            lo + ((state >> 33) % (hi - lo + 1) as u64) as i64
        })
    }

    fn check(op: &Linear, operands: &[&Interval], shape: &[usize], seed: u64) -> bool {
        let bounds = linear(op, operands, shape).unwrap();
        let values: Vec<_> =
            operands.iter().zip(0..).map(|(operand, i)| member(operand, seed ^ (i << 40))).collect();
        let result = op.evaluate(&values.iter().collect::<Vec<_>>(), shape).unwrap();
        Zip::from(&bounds.lo).and(&result).and(&bounds.hi).all(|lo, v, hi| lo <= v && v <= hi)
    }

    proptest! {
        #[test]
        fn no_value_escapes(
            a in interval(&[2, 3]), b in interval(&[2, 3]), c in interval(&[3, 2]), image in interval(&[1, 1, 3, 3]),
            kernel in interval(&[2, 1, 2, 2]), few in interval(&[3]), seed in any::<u64>(),
        ) {
            for op in [Linear::Add, Linear::Sub, Linear::AddClear, Linear::MulClear] {
                prop_assert!(check(&op, &[&a, &b], &[2, 3], seed), "{op:?}");
            }
            prop_assert!(check(&Linear::Neg, &[&a], &[2, 3], seed));
            let sum = Linear::Sum { axes: vec![1] };
            prop_assert!(check(&sum, &[&a], &[2], seed));
            prop_assert!(check(&Linear::Matmul, &[&a, &c], &[2, 2], seed));
            let concat = Linear::Concat { axis: 0 };
            prop_assert!(check(&concat, &[&a, &b], &[4, 3], seed));
            let gather = Linear::Gather { indices: vec![5, 0, 0, 3] };
            prop_assert!(check(&gather, &[&a], &[2, 2], seed));
            let (take, put) = (Linear::GatherAt { axis: 1 }, Linear::SetAt { axis: 1 });
            prop_assert!(check(&take, &[&a, &c], &[2, 3, 2], seed));
            prop_assert!(check(&put, &[&a, &b, &few], &[2, 3], seed));
            let conv = Conv2d { strides: [1, 2], padding: [1, 0, 1, 1], dilations: [1, 1], groups: 1 };
            prop_assert!(check(&Linear::Conv2d(conv), &[&image, &kernel], &[1, 2, 4, 2], seed));
        }
    }

    #[test]
    fn constant_weights_give_the_exact_bounds() {
        let array = |values: &[i64]| ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).unwrap();
        let a = Interval { lo: array(&[-1, 2, -5]), hi: array(&[3, 4, -2]) };
        let weights = Interval::exactly(array(&[-2, 3, 1]));
        let found = linear(&Linear::Dot, &[&a, &weights], &[]).unwrap();
        assert_eq!(found.hull(), (-6 + 6 - 5, 2 + 12 - 2));
    }

    #[test]
    fn bounds_beyond_64_bits_are_found() {
        let wide = Interval::uniform(&[2], (0, i64::MAX));
        assert_eq!(linear(&Linear::Sum { axes: vec![0] }, &[&wide], &[]), None);
    }
}
