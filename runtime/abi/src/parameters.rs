//! Cryptographic parameters, a type for each number, so that none is taken for another.

use crate::security::ModulusBits;
use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident($inner:ty)) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub $inner);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// Coefficients of the mask of an LWE ciphertext.
    LweDimension(u64)
);
number!(
    /// Polynomials of the mask of a GLWE ciphertext, `k`.
    GlweDimension(u64)
);
number!(
    /// Coefficients of a polynomial, `N`, a power of two.
    PolynomialSize(u64)
);
number!(
    /// Bits of a clear integer.
    Width(u32)
);

number!(
    /// Polynomials that an accumulator is spread over, `e`: tables of `e·N` coefficients by products of size `N`.
    ExtensionFactor(u64)
);

/// How many coefficients of its input key one step of a blind rotation takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub enum Grouping {
    /// One: the key holds a GGSW ciphertext of each coefficient.
    One,
    /// Two, `s` and `t`: the key holds GGSW ciphertexts of `s·(1 − t)`, `(1 − s)·t` and `s·t`, in this order.
    Two,
}

impl Grouping {
    /// Coefficients of a step.
    pub fn factor(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => 2,
        }
    }

    /// GGSW ciphertexts of a step.
    pub fn ciphertexts(self) -> u64 {
        match self {
            Self::One => 1,
            Self::Two => 3,
        }
    }
}

impl From<Grouping> for u64 {
    fn from(grouping: Grouping) -> Self {
        grouping.factor()
    }
}

impl TryFrom<u64> for Grouping {
    type Error = String;
    fn try_from(factor: u64) -> Result<Self, String> {
        match factor {
            1 => Ok(Self::One),
            2 => Ok(Self::Two),
            _ => Err(format!("the grouping of a bootstrap key is {factor}, allowed is 1 or 2")),
        }
    }
}

/// Shape of a GLWE secret key. Read as an LWE key it has dimension `k·N`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct GlweShape {
    /// `k`
    pub dimension: GlweDimension,
    /// `N`
    pub polynomial_size: PolynomialSize,
}

impl GlweShape {
    /// Dimension of the same key read as an LWE key, `k·N`.
    pub fn lwe_dimension(self) -> LweDimension {
        LweDimension(self.dimension.0 * self.polynomial_size.0)
    }
}

/// Gadget decomposition in `level` digits of `base_log` bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Decomposition {
    /// Bits of a digit, `log2 B`.
    pub base_log: u32,
    /// Digits, `l`.
    pub level: u32,
}

/// Variance of a noise term, in units of the torus `[0, 1)` squared.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Variance(pub f64);

impl Variance {
    /// No noise.
    pub const ZERO: Self = Self(0.0);

    /// Standard deviation on the torus.
    pub fn std_dev(self) -> f64 {
        self.0.sqrt()
    }
}

/// Kind of the noise of encryptions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseFamily {
    /// Gaussian.
    #[default]
    Gaussian,
    /// Uniform on `[−2^b, 2^b]` with half weight at the ends.
    TUniform,
}

/// Noise of a fresh encryption.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum NoiseDistribution {
    /// Gaussian.
    Gaussian {
        /// On the torus.
        variance: Variance,
    },
    /// Uniform on `[−2^b, 2^b]` units of the ciphertext modulus, with half weight at the ends.
    TUniform {
        /// `b`
        log2_bound: u32,
    },
}

impl NoiseDistribution {
    /// Variance on the torus; for TUniform `(2^(2b + 1) + 1)/(6·q²)`.
    // Source: tfhe-rs, variance of TUniform.
    pub fn variance(self, modulus: ModulusBits) -> Variance {
        match self {
            Self::Gaussian { variance } => variance,
            Self::TUniform { log2_bound } => {
                Variance(((2.0 * f64::from(log2_bound) + 1.0).exp2() + 1.0) / 6.0 * modulus.unit_squared())
            }
        }
    }

    /// Its kind.
    pub fn family(self) -> NoiseFamily {
        match self {
            Self::Gaussian { .. } => NoiseFamily::Gaussian,
            Self::TUniform { .. } => NoiseFamily::TUniform,
        }
    }
}

impl std::ops::Add for Variance {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl std::ops::Mul<f64> for Variance {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self(self.0 * factor)
    }
}

/// Claimed bits of security of a key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum SecurityLevel {
    /// 128 bits
    #[serde(rename = "128")]
    Bits128,
    /// 132 bits
    #[serde(rename = "132")]
    Bits132,
}

impl SecurityLevel {
    /// The figure itself.
    pub fn bits(self) -> u32 {
        match self {
            Self::Bits128 => 128,
            Self::Bits132 => 132,
        }
    }
}
