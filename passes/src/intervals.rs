//! Interval arithmetic on tensors: bounds of each element of a linear operation's result.
//!
//! Sound always; exact for every single element if one factor of each product is constant, or of one sign,
//! and no input occurs twice.

use crate::intervals_at_positions as positions;
use cloakwork_abi::bounds::{Bounds, join};
use cloakwork_ir::digits::Digits;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::pairwise::Pairwise;
use ndarray::{ArrayD, IxDyn, Zip};

/// `lo ≤ v ≤ hi` for each element.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Interval {
    pub(crate) lo: ArrayD<i128>,
    pub(crate) hi: ArrayD<i128>,
}

impl Interval {
    /// The same range for each element.
    pub(crate) fn uniform(shape: &[usize], (lo, hi): Bounds) -> Self {
        Self { lo: ArrayD::from_elem(IxDyn(shape), lo), hi: ArrayD::from_elem(IxDyn(shape), hi) }
    }

    /// Just these values.
    pub(crate) fn exactly(values: ArrayD<i128>) -> Self {
        Self { lo: values.clone(), hi: values }
    }

    /// The same where each element is known to lie in a range.
    pub(crate) fn within(mut self, (least, greatest): Bounds) -> Self {
        for ends in [&mut self.lo, &mut self.hi] {
            ends.mapv_inplace(|end| end.clamp(least, greatest));
        }
        self
    }

    /// The least range that holds every element.
    pub(crate) fn hull(&self) -> Bounds {
        (self.lo.iter().copied().min().unwrap_or(0), self.hi.iter().copied().max().unwrap_or(0))
    }
}

/// Bounds of `linear`'s result of that shape; `None` where they leave 64 bits.
pub(crate) fn linear(linear: &Linear, operands: &[&Interval], shape: &[usize]) -> Option<Interval> {
    let evaluate = |operands: &[&ArrayD<i128>]| linear.evaluate_exact(operands, shape);
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

/// Bounds of the digits of values between the bounds of the operands; `None` where they leave 64 bits.
pub(crate) fn digits(digits: &Digits, operands: &[&Interval]) -> Option<Interval> {
    let input = operands[0];
    // All values whose digits above agree lie between the results for the bounds; else anything can come.
    let (digits, above, most) = match *digits {
        Digits::Round { .. } | Digits::Truncate { .. } | Digits::Reinterpret { .. } => {
            return Some(Interval {
                lo: digits.evaluate_exact(&[&input.lo])?,
                hi: digits.evaluate_exact(&[&input.hi])?,
            });
        }
        Digits::LowBits { bits } | Digits::LowBitsBelow { bits } => {
            (Digits::LowBits { bits }, bits, (1 << bits) - 1)
        }
        Digits::Bit { position } => (*digits, position, 1),
        Digits::BitOfDifference { position } => {
            let difference = linear(&Linear::Sub, operands, input.lo.shape())?;
            return self::digits(&Digits::Bit { position }, &[&difference]);
        }
    };
    let (mut lo, mut hi) = (digits.evaluate_exact(&[&input.lo])?, digits.evaluate_exact(&[&input.hi])?);
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
        Digits::LowBits { .. }
        | Digits::LowBitsBelow { .. }
        | Digits::Bit { .. }
        | Digits::BitOfDifference { .. } => false,
    }
}

/// Bounds of a function of two integers; `None` where it leaves 64 bits or a shift can be negative.
pub(crate) fn pairwise(function: Pairwise, x: &Interval, y: &Interval) -> Option<Interval> {
    let bounds = |(&x_lo, &x_hi): (&i128, &i128), (&y_lo, &y_hi): (&i128, &i128)| -> Option<Bounds> {
        let corner = |x, y| function.of_exact(x, y);
        match function {
            Pairwise::Mul | Pairwise::Min | Pairwise::Max | Pairwise::ShiftLeft | Pairwise::ShiftRight => {
                let corners =
                    [corner(x_lo, y_lo)?, corner(x_lo, y_hi)?, corner(x_hi, y_lo)?, corner(x_hi, y_hi)?];
                corners.into_iter().map(|corner| (corner, corner)).reduce(join)
            }
            Pairwise::Compare(predicate) => {
                let signs = sign(x_lo, y_hi)..=sign(x_hi, y_lo);
                signs.map(|sign| i128::from(predicate.holds(sign))).map(|bit| (bit, bit)).reduce(join)
            }
            Pairwise::And | Pairwise::Or | Pairwise::Xor => {
                Some(of_bits(function, (x_lo, x_hi), (y_lo, y_hi)))
            }
        }
    };
    let all: Option<Vec<Bounds>> =
        x.lo.iter().zip(&x.hi).zip(y.lo.iter().zip(&y.hi)).map(|(x, y)| bounds(x, y)).collect();
    let all = all?;
    let array = |values: Vec<i128>| ArrayD::from_shape_vec(x.lo.raw_dim(), values).ok();
    Some(Interval {
        lo: array(all.iter().map(|(lo, _)| *lo).collect())?,
        hi: array(all.iter().map(|(_, hi)| *hi).collect())?,
    })
}

fn sign(x: i128, y: i128) -> i64 {
    x.cmp(&y) as i64
}

/// Bounds of a function of bits: what as many bits as the operands have can hold.
fn of_bits(function: Pairwise, (a, b): Bounds, (c, d): Bounds) -> Bounds {
    if a == b && c == d {
        let only = function.of_exact(a, c).unwrap_or_default();
        return (only, only);
    }
    let bits = |lo: i128, hi: i128| 128 - (if lo < 0 { !lo } else { 0 }).max(hi.max(0)).leading_zeros();
    let widest = bits(a, b).max(bits(c, d));
    let most = (1 << widest) - 1;
    let least = -most - 1;
    match function {
        Pairwise::And if a >= 0 && c >= 0 => (0, b.min(d)),
        Pairwise::And if a >= 0 => (0, b),
        Pairwise::And if c >= 0 => (0, d),
        Pairwise::Or if a >= 0 && c >= 0 => (a.max(c), most),
        Pairwise::Xor if a >= 0 && c >= 0 => (0, most),
        _ => (least, most),
    }
}

/// Bounds of a choice.
pub(crate) fn select(condition: &Interval, then: &Interval, otherwise: &Interval) -> Interval {
    let pick = |of_then: &ArrayD<i128>, of_otherwise: &ArrayD<i128>, both: fn(i128, i128) -> i128| {
        let mut result = of_then.clone();
        Zip::from(&mut result).and(of_otherwise).and(&condition.lo).and(&condition.hi).for_each(
            |then, &otherwise, &lo, &hi| {
                *then = match (lo, hi) {
                    (1, 1) => *then,
                    (0, 0) => otherwise,
                    _ => both(*then, otherwise),
                }
            },
        );
        result
    };
    Interval { lo: pick(&then.lo, &otherwise.lo, i128::min), hi: pick(&then.hi, &otherwise.hi, i128::max) }
}

/// With `x⁺ = max(x, 0)` and `x⁻ = min(x, 0)`, each product `a·b` lies between
/// `a̲⁺b̲⁺ + a̅⁺b̲⁻ + a̲⁻b̅⁺ + a̅⁻b̅⁻` and `a̅⁺b̅⁺ + a̲⁺b̅⁻ + a̅⁻b̲⁺ + a̲⁻b̲⁻`, and so do sums of products.
fn bilinear(linear: &Linear, a: &Interval, b: &Interval, shape: &[usize]) -> Option<Interval> {
    let positive = |values: &ArrayD<i128>| values.mapv(|value| value.max(0));
    let negative = |values: &ArrayD<i128>| values.mapv(|value| value.min(0));
    let sum = |terms: [(ArrayD<i128>, ArrayD<i128>); 4]| -> Option<ArrayD<i128>> {
        let mut total: Option<ArrayD<i128>> = None;
        for (x, y) in terms {
            let is_zero = |values: &ArrayD<i128>| values.iter().all(|&value| value == 0);
            // Weights of one sign are common; a term of zeros still gives the shape if it is the only one.
            if total.is_some() && (is_zero(&x) || is_zero(&y)) {
                continue;
            }
            let term = linear.evaluate_exact(&[&x, &y], shape)?;
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

fn add(a: &ArrayD<i128>, b: &ArrayD<i128>) -> Option<ArrayD<i128>> {
    Linear::Add.evaluate_exact(&[a, b], a.shape())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakwork_ir::linear::Conv2d;
    use proptest::collection::vec;
    use proptest::prelude::{Strategy, any, prop_assert, proptest};

    fn interval(shape: &'static [usize]) -> impl Strategy<Value = Interval> {
        let count: usize = shape.iter().product();
        vec((-9i128..9, 0i128..4), count).prop_map(move |bounds| {
            let array = |values: Vec<i128>| ArrayD::from_shape_vec(IxDyn(shape), values).unwrap();
            Interval {
                lo: array(bounds.iter().map(|(lo, _)| *lo).collect()),
                hi: array(bounds.iter().map(|(lo, more)| lo + more).collect()),
            }
        })
    }

    fn member(interval: &Interval, seed: u64) -> ArrayD<i128> {
        let mut state = seed;
        Zip::from(&interval.lo).and(&interval.hi).map_collect(|&lo, &hi| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            lo + ((state >> 33) % (hi - lo + 1) as u64) as i128
        })
    }

    fn check(op: &Linear, operands: &[&Interval], shape: &[usize], seed: u64) -> bool {
        let bounds = linear(op, operands, shape).unwrap();
        let values: Vec<_> =
            operands.iter().zip(0..).map(|(operand, i)| member(operand, seed ^ (i << 40))).collect();
        let result = op.evaluate_exact(&values.iter().collect::<Vec<_>>(), shape).unwrap();
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
        let array =
            |values: &[i128]| ArrayD::from_shape_vec(IxDyn(&[values.len()]), values.to_vec()).unwrap();
        let a = Interval { lo: array(&[-1, 2, -5]), hi: array(&[3, 4, -2]) };
        let weights = Interval::exactly(array(&[-2, 3, 1]));
        let found = linear(&Linear::Dot, &[&a, &weights], &[]).unwrap();
        assert_eq!(found.hull(), (-6 + 6 - 5, 2 + 12 - 2));
    }

    #[test]
    fn bounds_beyond_64_bits_are_found() {
        let wide = Interval::uniform(&[2], (0, u64::MAX.into()));
        assert_eq!(linear(&Linear::Sum { axes: vec![0] }, &[&wide], &[]), None);
    }
}
