//! Public keys: whoever has one encrypts arguments for the owner of the secret keys, and can decrypt nothing.

use super::belonging::{Belonging, keys_that_belong};
use super::noise::distribution;
use super::{KeyIdentity, Origin, Randomness, SecretKeys, Seeds};
use crate::compact::Compact;
use cloakwork_abi::spec::{Keyset, SecretKeyShape, SecretKeySpec};
use tfhe::core_crypto::commons::generators::NoiseRandomGenerator;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;

/// A public key for every secret key that arguments can lie under.
pub struct PublicKey {
    pub(crate) keys: Vec<SeededPublicKey>,
    belonging: Belonging,
}

keys_that_belong!(PublicKey, belonging: Belonging);

/// `a·s + e` modulo `X^n + 1`, of which the mask `a` follows from a public seed.
pub(crate) struct SeededPublicKey {
    pub(crate) seed: u128,
    pub(crate) bodies: Vec<u64>,
}

/// Secret keys of a key set that have a public key, by position.
pub(crate) fn with_public_key(keyset: &Keyset) -> impl Iterator<Item = (usize, &SecretKeySpec)> {
    let has_one = |key: &SecretKeySpec| match key.shape {
        SecretKeyShape::Lwe(_) => false,
        // The equation is one of polynomials whose size must be a power of two.
        SecretKeyShape::Glwe(shape) => shape.lwe_dimension().0.is_power_of_two(),
    };
    keyset.secret_keys.iter().enumerate().filter(move |(_, key)| has_one(key))
}

impl SecretKeys {
    /// A new public key, whose encryptions these keys decrypt.
    pub fn public_key(&self, randomness: Randomness) -> PublicKey {
        let mut seeds = randomness.seeds();
        let keys = with_public_key(self.keyset()).filter_map(|(position, _)| {
            let (secret, noise) = self.large(position)?;
            let seed = seeds.next();
            let bodies = vec![0; secret.lwe_dimension().0];
            let mut key = core::SeededLweCompactPublicKey::from_container(
                bodies,
                seed.into(),
                core::CiphertextModulus::new_native(),
            );
            core::generate_seeded_lwe_compact_public_key(&secret, &mut key, noise, seeds.seeder());
            Some(SeededPublicKey { seed: seed.0, bodies: key.into_container() })
        });
        let keys = keys.collect();
        // Keys from a known seed stay such, whatever their public key is made of.
        let origin = match (self.origin(), seeds.origin) {
            (Origin::Secure, Origin::Secure) => Origin::Secure,
            (Origin::InsecureSeed, _) | (_, Origin::InsecureSeed) => Origin::InsecureSeed,
        };
        PublicKey::from_parts(self.keyset(), keys, self.identity(), origin)
    }
}

impl PublicKey {
    /// Requires a key of the right size for each that [`with_public_key`] names.
    pub(crate) fn from_parts(
        keyset: &Keyset,
        keys: Vec<SeededPublicKey>,
        identity: KeyIdentity,
        origin: Origin,
    ) -> Self {
        Self { keys, belonging: Belonging::new(keyset, identity, origin) }
    }

    /// Ciphertexts of encoded words under the secret key at that position, if it has a public key.
    pub(crate) fn encrypt(
        &self,
        position: usize,
        plaintexts: Vec<u64>,
        seeds: &mut Seeds,
    ) -> Option<Compact> {
        let found = with_public_key(self.keyset()).zip(&self.keys).find(|((at, _), _)| *at == position);
        let ((_, spec), key) = found?;
        let public = core::SeededLweCompactPublicKey::from_container(
            key.bodies.clone(),
            Seed(key.seed).into(),
            core::CiphertextModulus::new_native(),
        )
        .decompress_into_lwe_compact_public_key();
        let mut generator = NoiseRandomGenerator::new(seeds.seeder());
        Some(Compact::encrypt(&public, plaintexts, distribution(spec.noise), &mut generator))
    }
}
