//! Keys that a module of encrypted integers has from the start: the program is compiled for exactly these.
//!
//! They must be as secure as is asked for; whether they are quiet enough for the program is for the optimizer.

use cloakwork_abi::parameters::{LweDimension, NoiseDistribution, NoiseFamily, SecurityLevel};
use cloakwork_abi::security::{ModulusBits, check_curve, minimal_noise};
use cloakwork_abi::spec::Keyset;
use cloakwork_ir::tfhe::{key_ops, read_keyset};
use melior::ir::OperationRef;

/// Text has the digits of a number, not all of its bits.
const TOLERANCE: f64 = 1e-6;

/// The keys of the module, if it has any, and the family of all noise.
pub(crate) fn given_keys(
    module: OperationRef<'_, '_>,
    level: SecurityLevel,
    wished: Option<NoiseFamily>,
) -> Result<(Option<Keyset>, NoiseFamily), String> {
    if key_ops(module).is_empty() {
        return Ok((None, wished.unwrap_or_default()));
    }
    let keyset = read_keyset(module)?;
    let encryptions = encryptions(&keyset);
    let first = encryptions.first().map(|encryption| encryption.noise.family());
    let family = wished.or(first).unwrap_or_default();
    check_curve(level, family).map_err(|error| error.to_string())?;
    encryptions.iter().try_for_each(|encryption| check(encryption, level, family))?;
    Ok((Some(keyset), family))
}

/// What a key publishes: encryptions under a secret key of a dimension.
struct Encryption<'k> {
    name: &'k str,
    noise: NoiseDistribution,
    dimension: LweDimension,
    modulus: ModulusBits,
}

fn encryptions(keyset: &Keyset) -> Vec<Encryption<'_>> {
    let of_secret = keyset.secret_keys.iter().map(|key| Encryption {
        name: &key.name,
        noise: key.noise,
        dimension: key.shape.lwe_dimension(),
        modulus: key.shape.modulus(),
    });
    let of_keyswitch = keyset.keyswitch_keys.iter().map(|key| Encryption {
        name: &key.name,
        noise: key.noise,
        dimension: keyset.secret_keys[key.to].shape.lwe_dimension(),
        modulus: ModulusBits::Bits32,
    });
    of_secret.chain(of_keyswitch).collect()
}

fn check(encryption: &Encryption<'_>, level: SecurityLevel, family: NoiseFamily) -> Result<(), String> {
    let &Encryption { name, noise, dimension, modulus } = encryption;
    let found = noise.family();
    if found != family {
        let word = |family| match family {
            NoiseFamily::Gaussian => "Gaussian",
            NoiseFamily::TUniform => "TUniform",
        };
        return Err(format!(
            "the key @{name} has {} noise, but {} is asked for or that of the first key; all keys must have one family",
            word(found),
            word(family)
        ));
    }
    let least = minimal_noise(level, family, dimension, modulus)
        .map_err(|error| format!("the key @{name} is not secure: {error}"))?;
    let (found, least) = (noise.variance(modulus).0, least.variance(modulus).0);
    if found < least * (1.0 - TOLERANCE) {
        return Err(format!(
            "the key @{name} of dimension {dimension} has noise of variance {found:.3e}, {} bits of security need at least {least:.3e}; \
             take a larger dimension or more noise",
            level.bits()
        ));
    }
    Ok(())
}
