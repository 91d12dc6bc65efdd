//! Public keys: whoever has one encrypts arguments for the owner of the secret keys, and can decrypt nothing.

use super::noise::distribution;
use super::{KeyIdentity, Origin, Randomness, SecretKeys, Seeds};
use crate::value::Words;
use aligned_vec::AVec;
use cloakwork_abi::spec::{Keyset, SecretKeyShape, SecretKeySpec};
use std::fmt;
use tfhe::core_crypto::commons::generators::NoiseRandomGenerator;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;

/// A public key for every secret key that arguments can lie under.
pub struct PublicKey {
    pub(crate) keys: Vec<SeededPublicKey>,
    keyset: Keyset,
    fingerprint: String,
    identity: KeyIdentity,
    origin: Origin,
}

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
        Self { keys, keyset: keyset.clone(), fingerprint: keyset.fingerprint(), identity, origin }
    }

    /// [`Keyset::fingerprint`] of the key set.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The number that this key, its secret keys and all that they encrypt have in common.
    pub fn identity(&self) -> KeyIdentity {
        self.identity
    }

    /// The key set.
    pub fn keyset(&self) -> &Keyset {
        &self.keyset
    }

    /// Whether the keys follow from a known seed.
    pub fn origin(&self) -> Origin {
        self.origin
    }

    /// Ciphertexts of encoded words under the secret key at that position, if it has a public key. Up to `n` of them share a mask.
    pub(crate) fn encrypt(&self, position: usize, plaintexts: Vec<u64>, seeds: &mut Seeds) -> Option<Words> {
        let found = with_public_key(&self.keyset).zip(&self.keys).find(|((at, _), _)| *at == position);
        let ((_, spec), key) = found?;
        let modulus = core::CiphertextModulus::new_native();
        let public = core::SeededLweCompactPublicKey::from_container(
            key.bodies.clone(),
            Seed(key.seed).into(),
            modulus,
        )
        .decompress_into_lwe_compact_public_key();
        let size = public.lwe_dimension().to_lwe_size();
        let count = core::LweCiphertextCount(plaintexts.len());
        let mut list = core::LweCompactCiphertextList::new(0u64, size, count, modulus);
        let (mask, body) = (distribution::<u64>(spec.noise), distribution::<u64>(spec.noise));
        let mut noise = NoiseRandomGenerator::<core::DefaultRandomGenerator>::new(seeds.seeder());
        core::par_encrypt_lwe_compact_ciphertext_list_with_compact_public_key(
            &public,
            &mut list,
            &core::PlaintextList::from_container(plaintexts),
            mask,
            body,
            &mut noise,
        );
        let mut expanded: Words = AVec::from_iter(64, std::iter::repeat_n(0, count.0 * size.0));
        let mut ciphertexts = core::LweCiphertextList::from_container(expanded.as_mut_slice(), size, modulus);
        core::par_expand_lwe_compact_ciphertext_list(&mut ciphertexts, &list);
        Some(expanded)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PublicKey")
            .field("fingerprint", &self.fingerprint)
            .field("identity", &self.identity)
            .field("origin", &self.origin)
            .finish()
    }
}
