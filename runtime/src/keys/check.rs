//! What keys of a key set rely on, and a spec from JSON guarantees: sizes within limits, references only to keys that
//! can stand there. Who makes or reads keys checks it again, as a key set need not come from JSON.

use super::KeyError;
use cloakwork_abi::parameters::{Decomposition, GlweShape, LweDimension, NoiseDistribution};
use cloakwork_abi::security::ModulusBits;
use cloakwork_abi::spec::{Keyset, SecretKeyShape};

/// Most coefficients of an accumulator, `e·N`: what a modulus switch can lead to, and far more than tables need.
const MAX_COEFFICIENTS: u64 = 1 << 28;

/// Most polynomials of a key that bootstraps lead to, and fewest coefficients of one.
const MAX_GLWE_DIMENSION: u64 = 6;
/// See [`MAX_GLWE_DIMENSION`].
pub(crate) const MIN_POLYNOMIAL_SIZE: u64 = 256;

/// Whether keys can be made for `keyset`.
pub(crate) fn check(keyset: &Keyset) -> Result<(), KeyError> {
    let shape = |key: usize| keyset.secret_keys.get(key).map(|key| key.shape);
    let is_glwe = |key: usize| matches!(shape(key), Some(SecretKeyShape::Glwe(_)));
    let is_lwe = |key: usize| matches!(shape(key), Some(SecretKeyShape::Lwe(_)));
    for key in &keyset.secret_keys {
        require(key.shape.lwe_dimension().0 > 0, &key.name, "has dimension 0")?;
        if let SecretKeyShape::Glwe(glwe) = key.shape {
            let size = glwe.polynomial_size.0;
            let is_sound = size.is_power_of_two() && size >= 32;
            require(is_sound, &key.name, "has a polynomial size that is no power of two from 32 on")?;
        }
        check_noise(key.noise, key.shape.modulus(), &key.name)?;
    }
    for key in &keyset.keyswitch_keys {
        let ends = is_glwe(key.from) && shape(key.to).is_some();
        require(ends, &key.name, "must lead from a GLWE key to an LWE key or a GLWE key")?;
        require(fits(key.decomposition, 32), &key.name, "must decompose to at most 32 bits")?;
        check_noise(key.noise, ModulusBits::Bits32, &key.name)?;
    }
    for key in &keyset.bootstrap_keys {
        let ends = is_lwe(key.from) && is_glwe(key.to);
        require(ends, &key.name, "must lead from an LWE key to a GLWE key")?;
        let is_served = is_served(glwe_shape(keyset, key.to));
        require(
            is_served,
            &key.name,
            "must lead to a key of 1 to 6 polynomials of 256 coefficients or more",
        )?;
        require(fits(key.decomposition, 63), &key.name, "must decompose to at most 63 bits")?;
        let groups = lwe_dimension(keyset, key.from).0.is_multiple_of(key.grouping.factor());
        require(groups, &key.name, "takes pairs of coefficients of a key whose dimension is odd")?;
        let coefficients = key.extension.0.saturating_mul(glwe_shape(keyset, key.to).polynomial_size.0);
        let is_sound = (1..=MAX_COEFFICIENTS).contains(&coefficients);
        let (extension, most) = (key.extension, MAX_COEFFICIENTS);
        let what = format!(
            "spreads its accumulator over {extension} polynomials, allowed is 1 to {most} coefficients"
        );
        require(is_sound, &key.name, &what)?;
    }
    Ok(())
}

/// Whether bootstraps may lead to a key of that shape.
pub(crate) fn is_served(shape: GlweShape) -> bool {
    let size = shape.polynomial_size.0;
    (1..=MAX_GLWE_DIMENSION).contains(&shape.dimension.0)
        && size.is_power_of_two()
        && size >= MIN_POLYNOMIAL_SIZE
}

fn require(holds: bool, name: &str, what: &str) -> Result<(), KeyError> {
    match holds {
        true => Ok(()),
        false => Err(KeyError::Keyset(format!("`{name}` {what}"))),
    }
}

fn fits(Decomposition { base_log, level }: Decomposition, bits: u32) -> bool {
    base_log >= 1 && level >= 1 && base_log.saturating_mul(level) <= bits
}

fn check_noise(noise: NoiseDistribution, modulus: ModulusBits, name: &str) -> Result<(), KeyError> {
    match noise {
        NoiseDistribution::Gaussian { variance } => {
            let is_sound = variance.0.is_finite() && variance.0 >= 0.0;
            require(is_sound, name, "has noise of a variance that is no number from 0 on")
        }
        NoiseDistribution::TUniform { log2_bound } => {
            let most = modulus.log2() - 2;
            let what = format!("has TUniform noise up to 2^{log2_bound}, allowed is up to 2^{most}");
            require(log2_bound <= most, name, &what)
        }
    }
}

/// Coefficients of a mask under secret key `key` of a checked key set.
pub(super) fn lwe_dimension(keyset: &Keyset, key: usize) -> LweDimension {
    keyset.secret_keys[key].shape.lwe_dimension()
}

/// Shape of the GLWE key `key` of a checked key set.
pub(super) fn glwe_shape(keyset: &Keyset, key: usize) -> GlweShape {
    match keyset.secret_keys[key].shape {
        SecretKeyShape::Glwe(shape) => shape,
        SecretKeyShape::Lwe(_) => unreachable!("checked: a bootstrap key leads to a GLWE key"),
    }
}
