//! Least noise of an LWE or GLWE encryption for a security level, from published curves.
//!
//! Holds for uniform binary secrets and power-of-two moduli. A curve was fitted to
//! estimates of the best known attacks at its date and says nothing about later ones.

use crate::parameters::{LweDimension, NoiseDistribution, NoiseFamily, SecurityLevel, Variance};

/// Least dimension that the curves cover.
pub const MIN_DIMENSION: LweDimension = LweDimension(450);

/// Bits of a ciphertext modulus.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModulusBits {
    /// `2^32`, ciphertexts under small keys.
    Bits32,
    /// `2^64`, ciphertexts under GLWE keys.
    Bits64,
}

impl ModulusBits {
    /// `log2 q`
    pub fn log2(self) -> u32 {
        match self {
            Self::Bits32 => 32,
            Self::Bits64 => 64,
        }
    }

    /// `q^−2`: square of one unit of the modulus on the torus.
    pub fn unit_squared(self) -> f64 {
        (-2.0 * f64::from(self.log2())).exp2()
    }
}

/// A dimension below [`MIN_DIMENSION`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a key of dimension {found} has no known security, at least {MIN_DIMENSION} is needed; use a larger dimension"
)]
pub struct TooSmall {
    /// The dimension asked for.
    pub found: LweDimension,
}

/// No curve was published for a family of noise at a security level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("TUniform noise has a published curve for 132 bits only, found {} bits; ask for 132 bits or for Gaussian noise", .found.bits())]
pub struct NoCurve {
    /// The level asked for.
    pub found: SecurityLevel,
}

/// Whether [`minimal_noise`] knows a curve.
pub fn check_curve(level: SecurityLevel, family: NoiseFamily) -> Result<(), NoCurve> {
    match (level, family) {
        (_, NoiseFamily::Gaussian) | (SecurityLevel::Bits132, NoiseFamily::TUniform) => Ok(()),
        (SecurityLevel::Bits128, NoiseFamily::TUniform) => Err(NoCurve { found: level }),
    }
}

/// Least noise of a family: [`minimal_variance`] for Gaussian noise; for TUniform the bound
/// `b = ⌈−0.025167785 · dimension + log2 q + 4.100671⌉`, at least 3, which is that of 132 bits whatever the level.
// Source: tfhe-rs, minimal bound of TUniform noise for 132 bits.
pub fn minimal_noise(
    level: SecurityLevel,
    family: NoiseFamily,
    dimension: LweDimension,
    modulus: ModulusBits,
) -> Result<NoiseDistribution, TooSmall> {
    match family {
        NoiseFamily::Gaussian => {
            Ok(NoiseDistribution::Gaussian { variance: minimal_variance(level, dimension, modulus)? })
        }
        NoiseFamily::TUniform if dimension < MIN_DIMENSION => Err(TooSmall { found: dimension }),
        NoiseFamily::TUniform => {
            let bound = -0.025167785 * dimension.0 as f64 + f64::from(modulus.log2()) + 4.100671;
            Ok(NoiseDistribution::TUniform { log2_bound: bound.ceil().max(3.0) as u32 })
        }
    }
}

/// `σ²` with `log2 σ = max(slope · dimension + bias, 2 − log2 q)`
///
/// `dimension` is that of the key read as an LWE key, so `k·N` for a GLWE key. The floor keeps `σ`
/// at four units of the modulus, where rounding to whole units no longer shapes the noise.
pub fn minimal_variance(
    level: SecurityLevel,
    dimension: LweDimension,
    modulus: ModulusBits,
) -> Result<Variance, TooSmall> {
    if dimension < MIN_DIMENSION {
        return Err(TooSmall { found: dimension });
    }
    let Curve { slope, bias, .. } = curve(level);
    let floor = 2.0 - f64::from(modulus.log2());
    let log2_std_dev = (slope * dimension.0 as f64 + bias).max(floor);
    Ok(Variance((2.0 * log2_std_dev).exp2()))
}

/// Name and date of the curve, for [`crate::spec::SecuritySpec::source`].
pub fn source(level: SecurityLevel, family: NoiseFamily) -> String {
    if family == NoiseFamily::TUniform {
        return "lattice-estimator curve for 132 bits, published with tfhe-rs: bound 2^ceil(-0.025167785 * dimension + \
                log2 q + 4.100671), uniform binary secrets, TUniform noise"
            .to_owned();
    }
    let Curve { slope, bias, origin } = curve(level);
    format!("{origin}: log2(sigma) = {slope} * dimension + {bias}, uniform binary secrets, Gaussian noise")
}

/// `log2 σ` as a line in the dimension.
struct Curve {
    slope: f64,
    bias: f64,
    origin: &'static str,
}

fn curve(level: SecurityLevel) -> Curve {
    match level {
        // Published with the Concrete compiler.
        SecurityLevel::Bits128 => Curve {
            slope: -0.025696778711484593,
            bias: 2.675931372549016,
            origin: "lattice-estimator curve for 128 bits, published with Concrete on 2024-06-10",
        },
        // Published with the Concrete compiler, and the Gaussian line of tfhe-rs.
        SecurityLevel::Bits132 => Curve {
            slope: -0.024891456582633045,
            bias: 2.65734593837534,
            origin: "lattice-estimator curve for 132 bits, published with Concrete on 2024-12-09",
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ModulusBits::{Bits32, Bits64};
    use SecurityLevel::{Bits128, Bits132};

    fn std_dev(level: SecurityLevel, dimension: u64, modulus: ModulusBits) -> f64 {
        minimal_variance(level, LweDimension(dimension), modulus).unwrap().std_dev()
    }

    #[test]
    fn published_deviations_of_132_bits() {
        // σ of the parameter sets that tfhe-rs publishes.
        let cases = [
            (833, 3.6158408373309336e-6),
            (2048, 2.845267479601915e-15),
            (750, 1.514e-5),
            (1006, 1.828e-7),
            (1098, 3.737e-8),
            (1536, 1.952e-11),
        ];
        for (dimension, expected) in cases {
            let found = std_dev(Bits132, dimension, Bits64);
            assert!((found / expected - 1.0).abs() < 5e-4, "{dimension}: {found:e} instead of {expected:e}");
        }
    }

    #[test]
    fn value_of_128_bits() {
        let found = std_dev(Bits128, 1024, Bits64).log2();
        assert!((found - -23.6376).abs() < 1e-4, "{found}"); // −0.0256967787·1024 + 2.6759313725
    }

    #[test]
    fn deviation_never_falls_below_four_units() {
        for level in [Bits128, Bits132] {
            assert_eq!(std_dev(level, 32768, Bits64), 2f64.powi(-62));
            assert_eq!(std_dev(level, 1400, Bits32), 2f64.powi(-30));
            assert_eq!(std_dev(level, 1000, Bits32), std_dev(level, 1000, Bits64));
            for dimension in MIN_DIMENSION.0..3000 {
                assert!(std_dev(level, dimension + 1, Bits64) <= std_dev(level, dimension, Bits64));
            }
        }
    }

    #[test]
    fn more_security_needs_more_noise() {
        for dimension in MIN_DIMENSION.0..2300 {
            assert!(std_dev(Bits132, dimension, Bits64) > std_dev(Bits128, dimension, Bits64), "{dimension}");
        }
    }

    #[test]
    fn small_dimensions_are_refused() {
        let error = minimal_variance(Bits128, LweDimension(449), Bits64).unwrap_err();
        assert_eq!(
            error.to_string(),
            "a key of dimension 449 has no known security, at least 450 is needed; use a larger dimension"
        );
        assert!(minimal_variance(Bits128, LweDimension(450), Bits64).is_ok());
    }

    #[test]
    fn source_names_curve_and_date() {
        let text = source(Bits128, NoiseFamily::Gaussian);
        assert!(
            text.contains("128 bits")
                && text.contains("2024-06-10")
                && text.contains("-0.025696778711484593"),
            "{text}"
        );
    }
}
