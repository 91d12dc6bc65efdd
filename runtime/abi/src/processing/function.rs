//! Functions of one real by name, as models have them; each with its meaning.
//!
//! Values are those of `libm`, so that a client computes the same on every machine. What is not defined, as the
//! logarithm of −1, is NaN.

use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_1_SQRT_2, FRAC_2_SQRT_PI, SQRT_2};

/// A function of one real `v`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// `|v|`
    Abs,
    /// `−v`
    Neg,
    /// −1, 0 or 1
    Sign,
    /// `√v`
    Sqrt,
    /// `1 / v`
    Reciprocal,
    /// `eᵛ`
    Exp,
    /// `ln v`
    Log,
    /// `2/√π · ∫₀ᵛ exp(−t²) dt`
    Erf,
    /// Sine.
    Sin,
    /// Cosine.
    Cos,
    /// Tangent.
    Tan,
    /// Inverse of the sine.
    Asin,
    /// Inverse of the cosine.
    Acos,
    /// Inverse of the tangent.
    Atan,
    /// Hyperbolic sine.
    Sinh,
    /// Hyperbolic cosine.
    Cosh,
    /// Hyperbolic tangent.
    Tanh,
    /// Inverse of the hyperbolic sine.
    Asinh,
    /// Inverse of the hyperbolic cosine.
    Acosh,
    /// Inverse of the hyperbolic tangent.
    Atanh,
    /// `1 / (1 + e⁻ᵛ)`
    Sigmoid,
    /// `max(v, 0)`
    Relu,
    /// `v`, or `alpha · v` where it is negative
    LeakyRelu {
        /// Slope below 0.
        alpha: f64,
    },
    /// `v`, or `alpha · (eᵛ − 1)` where it is negative
    Elu {
        /// Distance of the lower bound from 0.
        alpha: f64,
    },
    /// `gamma · v`, or `gamma · alpha · (eᵛ − 1)` where it is negative
    Selu {
        /// As for [`Self::Elu`].
        alpha: f64,
        /// Slope above 0.
        gamma: f64,
    },
    /// `max(v, 0) + min(alpha · (exp(v / alpha) − 1), 0)`
    Celu {
        /// As for [`Self::Elu`].
        alpha: f64,
    },
    /// `alpha · v + beta` between 0 and 1
    HardSigmoid {
        /// Slope.
        alpha: f64,
        /// Value at 0.
        beta: f64,
    },
    /// `v · max(0, min(1, v / 6 + 1/2))`
    HardSwish,
    /// `ln(1 + eᵛ)`
    Softplus,
    /// `v / (1 + |v|)`
    Softsign,
    /// `v · Φ(v)` with the distribution function of the normal distribution
    Gelu,
    /// [`Self::Gelu`] by a hyperbolic tangent: `v/2 · (1 + tanh(√(2/π) · (v + 0.044715 · v³)))`
    GeluTanh,
    /// `v · tanh(softplus(v))`
    Mish,
    /// `v · sigmoid(alpha · v)`
    Swish {
        /// Factor in the sigmoid.
        alpha: f64,
    },
    /// `v` where it exceeds `alpha`, else 0
    ThresholdedRelu {
        /// Where it begins.
        alpha: f64,
    },
    /// `v + bias` below `−threshold`, `v − bias` above `threshold`, 0 between
    Shrink {
        /// What is subtracted from the magnitude.
        bias: f64,
        /// Greatest magnitude that becomes 0.
        threshold: f64,
    },
    /// `v` between two bounds; greatest and least finite numbers where there are none
    Clip {
        /// Least value.
        lo: f64,
        /// Greatest value; it wins where `lo` exceeds it.
        hi: f64,
    },
    /// To the nearest integer, ties to even.
    Round,
    /// To the greatest integer that is not greater.
    Floor,
    /// To the least integer that is not less.
    Ceil,
    /// Towards 0.
    Truncate,
    /// 1 where it is 0, else 0
    Not,
    /// 1 where it is not a number, else 0
    IsNan,
    /// 1 where it is infinite, else 0
    IsInfinite,
    /// `v^exponent`
    Power {
        /// The power.
        exponent: f64,
    },
    /// `scale · v + offset`
    Affine {
        /// Factor.
        scale: f64,
        /// Summand.
        offset: f64,
    },
}

impl Function {
    /// Its value.
    pub fn apply(self, v: f64) -> f64 {
        match self {
            Self::Abs => v.abs(),
            Self::Neg => -v,
            Self::Sign => {
                if v > 0.0 {
                    1.0
                } else if v < 0.0 {
                    -1.0
                } else {
                    v
                }
            }
            Self::Sqrt => v.sqrt(),
            Self::Reciprocal => 1.0 / v,
            Self::Exp => libm::exp(v),
            Self::Log => libm::log(v),
            Self::Erf => libm::erf(v),
            Self::Sin => libm::sin(v),
            Self::Cos => libm::cos(v),
            Self::Tan => libm::tan(v),
            Self::Asin => libm::asin(v),
            Self::Acos => libm::acos(v),
            Self::Atan => libm::atan(v),
            Self::Sinh => libm::sinh(v),
            Self::Cosh => libm::cosh(v),
            Self::Tanh => libm::tanh(v),
            Self::Asinh => libm::asinh(v),
            Self::Acosh => libm::acosh(v),
            Self::Atanh => libm::atanh(v),
            Self::Sigmoid => sigmoid(v),
            Self::Relu => at_least(v, 0.0),
            Self::LeakyRelu { alpha } => {
                if v < 0.0 {
                    alpha * v
                } else {
                    v
                }
            }
            Self::Elu { alpha } => {
                if v < 0.0 {
                    alpha * libm::expm1(v)
                } else {
                    v
                }
            }
            Self::Selu { alpha, gamma } => gamma * if v < 0.0 { alpha * libm::expm1(v) } else { v },
            Self::Celu { alpha } => at_least(v, 0.0) + at_most(alpha * libm::expm1(v / alpha), 0.0),
            Self::HardSigmoid { alpha, beta } => between(alpha * v + beta, 0.0, 1.0),
            Self::HardSwish => v * between(v / 6.0 + 0.5, 0.0, 1.0),
            Self::Softplus => softplus(v),
            Self::Softsign => v / (1.0 + v.abs()),
            Self::Gelu => v * 0.5 * libm::erfc(-v * FRAC_1_SQRT_2),
            Self::GeluTanh => {
                let root_of_two_over_pi = FRAC_2_SQRT_PI / SQRT_2;
                0.5 * v * (1.0 + libm::tanh(root_of_two_over_pi * (v + 0.044_715 * v * v * v)))
            }
            Self::Mish => v * libm::tanh(softplus(v)),
            Self::Swish { alpha } => v * sigmoid(alpha * v),
            Self::ThresholdedRelu { alpha } => {
                if v <= alpha {
                    0.0
                } else {
                    v
                }
            }
            Self::Shrink { bias, threshold } => {
                if v < -threshold {
                    v + bias
                } else if v > threshold {
                    v - bias
                } else {
                    0.0
                }
            }
            Self::Clip { lo, hi } => between(v, lo, hi),
            Self::Round => v.round_ties_even(),
            Self::Floor => v.floor(),
            Self::Ceil => v.ceil(),
            Self::Truncate => v.trunc(),
            Self::Not => f64::from(v == 0.0),
            Self::IsNan => f64::from(v.is_nan()),
            Self::IsInfinite => f64::from(v.is_infinite()),
            Self::Power { exponent } => libm::pow(v, exponent),
            Self::Affine { scale, offset } => scale * v + offset,
        }
    }
}

/// NaN stays; `f64::max` would lose it.
fn at_least(v: f64, bound: f64) -> f64 {
    if v < bound { bound } else { v }
}

fn at_most(v: f64, bound: f64) -> f64 {
    if v > bound { bound } else { v }
}

fn between(v: f64, lo: f64, hi: f64) -> f64 {
    at_most(at_least(v, lo), hi)
}

fn sigmoid(v: f64) -> f64 {
    1.0 / (1.0 + libm::exp(-v))
}

/// Without overflow: `max(v, 0) + ln(1 + e^(−|v|))`.
fn softplus(v: f64) -> f64 {
    at_least(v, 0.0) + libm::log1p(libm::exp(-v.abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values by other means: formulas with other functions, or known constants.
    #[test]
    fn functions_have_their_values() {
        let selu = Function::Selu { alpha: 1.673, gamma: 1.051 };
        for (function, v, expected) in [
            (Function::Sign, -3.0, -1.0),
            (Function::Sign, 0.0, 0.0),
            (Function::Sigmoid, 0.5, 0.622_459_331_201_854_6),
            (Function::Sigmoid, -800.0, 0.0),
            (Function::Relu, -1.0, 0.0),
            (Function::LeakyRelu { alpha: 0.1 }, -2.0, -0.2),
            (Function::Elu { alpha: 2.0 }, -1.0, 2.0 * ((-1f64).exp() - 1.0)),
            (selu, -1.0, 1.051 * 1.673 * ((-1f64).exp() - 1.0)),
            (selu, 2.0, 2.102),
            (Function::Celu { alpha: 2.0 }, -1.0, 2.0 * ((-0.5f64).exp() - 1.0)),
            (Function::HardSigmoid { alpha: 0.2, beta: 0.5 }, 1.0, 0.7),
            (Function::HardSwish, 1.0, 2.0 / 3.0),
            (Function::Softplus, 0.0, 2f64.ln()),
            (Function::Softplus, 1000.0, 1000.0),
            (Function::Softsign, -3.0, -0.75),
            (Function::Erf, 0.5, 0.520_499_877_813_046_5),
            (Function::Gelu, 1.0, 0.841_344_746_068_542_9),
            (Function::Gelu, -1.0, -0.158_655_253_931_457_05),
            (Function::GeluTanh, 1.0, 0.841_191_990_607_681_4),
            (Function::Mish, 1.0, ((1.0 + 1f64.exp()).ln()).tanh()),
            (Function::Swish { alpha: 1.0 }, 1.0, 1.0 / (1.0 + (-1f64).exp())),
            (Function::ThresholdedRelu { alpha: 1.0 }, 1.0, 0.0),
            (Function::Shrink { bias: 0.5, threshold: 1.0 }, -2.0, -1.5),
            (Function::Shrink { bias: 0.5, threshold: 1.0 }, 1.0, 0.0),
            (Function::Clip { lo: -1.0, hi: 2.0 }, 5.0, 2.0),
            (Function::Round, 2.5, 2.0),
            (Function::Truncate, -2.5, -2.0),
            (Function::Not, 0.0, 1.0),
            (Function::IsNan, f64::NAN, 1.0),
            (Function::Power { exponent: 3.0 }, -2.0, -8.0),
            (Function::Affine { scale: 3.0, offset: 1.0 }, 2.0, 7.0),
            (Function::Atanh, 0.5, 3f64.ln() / 2.0),
            (Function::Acosh, 2.0, (2.0 + 3f64.sqrt()).ln()),
            (Function::Asinh, 1.0, (1.0 + 2f64.sqrt()).ln()),
            (Function::Cosh, 1.0, (1f64.exp() + (-1f64).exp()) / 2.0),
            (Function::Sinh, 1.0, (1f64.exp() - (-1f64).exp()) / 2.0),
        ] {
            let found = function.apply(v);
            assert!((found - expected).abs() < 1e-9, "{function:?} of {v}: {found}, expected {expected}");
        }
        for function in [Function::Relu, Function::Clip { lo: 0.0, hi: 1.0 }, Function::Sign, Function::Sqrt]
        {
            assert!(function.apply(f64::NAN).is_nan(), "{function:?}");
        }
    }

    #[test]
    fn functions_are_read_as_they_are_written() {
        for function in
            [Function::Gelu, Function::Clip { lo: f64::MIN, hi: 0.1 }, Function::Power { exponent: 0.5 }]
        {
            let text = serde_json::to_string(&function).expect("writes");
            assert_eq!(serde_json::from_str::<Function>(&text).expect("reads"), function, "{text}");
        }
    }
}
