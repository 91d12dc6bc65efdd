//! The client's secret keys: uniform binary coefficients, wiped from memory when dropped.

use super::belonging::{Belonging, keys_that_belong};
use super::noise::distribution;
use super::{KeyIdentity, Origin, Seeds};
use cloakwork_abi::parameters::{GlweShape, LweDimension};
use cloakwork_abi::spec::{Keyset, SecretKeyShape};
use tfhe::core_crypto::prelude::{
    DefaultRandomGenerator, DynamicDistribution, LweSecretKey, LweSecretKeyView, SecretRandomGenerator,
    generate_binary_lwe_secret_key,
};
use zeroize::Zeroizing;

/// The secret keys of one client for one key set.
pub struct SecretKeys {
    pub(crate) keys: Vec<SecretKey>,
    belonging: Belonging,
}

keys_that_belong!(SecretKeys, belonging: Belonging);

/// Coefficients of one secret key, 0 or 1, in words as wide as its ciphertexts' coefficients.
pub(crate) enum SecretKey {
    /// A key of small ciphertexts.
    Lwe(Zeroizing<Vec<u32>>),
    /// A key of large ciphertexts: `k` polynomials, one behind the other.
    Glwe(Zeroizing<Vec<u64>>, GlweShape),
}

impl SecretKeys {
    pub(crate) fn generate(keyset: &Keyset, seeds: &mut Seeds, next: &dyn Fn(&str)) -> Self {
        let identity = KeyIdentity::generate(seeds);
        let keys = keyset.secret_keys.iter().map(|spec| {
            next(&spec.name);
            SecretKey::generate(spec.shape, seeds)
        });
        let keys = keys.collect();
        Self::from_parts(keyset, keys, identity, seeds.origin)
    }

    pub(crate) fn from_parts(
        keyset: &Keyset,
        keys: Vec<SecretKey>,
        identity: KeyIdentity,
        origin: Origin,
    ) -> Self {
        Self { keys, belonging: Belonging::new(keyset, identity, origin) }
    }

    /// The large key at `position`, and the noise of a fresh encryption under it.
    pub(crate) fn large(
        &self,
        position: usize,
    ) -> Option<(LweSecretKeyView<'_, u64>, DynamicDistribution<u64>)> {
        let SecretKey::Glwe(words, _) = self.keys.get(position)? else { return None };
        let noise = self.keyset().secret_keys.get(position)?.noise;
        Some((LweSecretKey::from_container(words.as_slice()), distribution(noise)))
    }
}

impl SecretKey {
    fn generate(shape: SecretKeyShape, seeds: &mut Seeds) -> Self {
        let mut generator = SecretRandomGenerator::<DefaultRandomGenerator>::new(seeds.next());
        let mut key = Self::zero(shape);
        match &mut key {
            Self::Lwe(words) => {
                generate_binary_lwe_secret_key(
                    &mut LweSecretKey::from_container(words.as_mut_slice()),
                    &mut generator,
                );
            }
            Self::Glwe(words, _) => {
                generate_binary_lwe_secret_key(
                    &mut LweSecretKey::from_container(words.as_mut_slice()),
                    &mut generator,
                );
            }
        }
        key
    }

    fn zero(shape: SecretKeyShape) -> Self {
        let length = shape.lwe_dimension().0 as usize;
        match shape {
            SecretKeyShape::Lwe(LweDimension(_)) => Self::Lwe(Zeroizing::new(vec![0; length])),
            SecretKeyShape::Glwe(glwe) => Self::Glwe(Zeroizing::new(vec![0; length]), glwe),
        }
    }

    /// Coefficients packed 64 to a word, lowest bit first.
    pub(crate) fn to_bits(&self) -> Zeroizing<Vec<u64>> {
        fn pack<T: Copy + Into<u64>>(coefficients: &[T]) -> Vec<u64> {
            let word = |chunk: &[T]| chunk.iter().rev().fold(0, |word, &bit| word << 1 | (bit.into() & 1));
            coefficients.chunks(64).map(word).collect()
        }
        Zeroizing::new(match self {
            Self::Lwe(words) => pack(words),
            Self::Glwe(words, _) => pack(words),
        })
    }

    /// Inverse of [`SecretKey::to_bits`]; `bits` must hold [`SecretKey::words_of_bits`] words.
    pub(crate) fn from_bits(shape: SecretKeyShape, bits: &[u64]) -> Self {
        let mut key = Self::zero(shape);
        let bit = |i: usize| bits[i / 64] >> (i % 64) & 1;
        match &mut key {
            Self::Lwe(words) => words.iter_mut().enumerate().for_each(|(i, word)| *word = bit(i) as u32),
            Self::Glwe(words, _) => words.iter_mut().enumerate().for_each(|(i, word)| *word = bit(i)),
        }
        key
    }

    pub(crate) fn words_of_bits(shape: SecretKeyShape) -> u64 {
        shape.lwe_dimension().0.div_ceil(64)
    }

    /// The coefficients as 32-bit words: those of an LWE key, or of a GLWE key read as one.
    pub(crate) fn to_words32(&self) -> Zeroizing<Vec<u32>> {
        match self {
            Self::Lwe(words) => words.clone(),
            Self::Glwe(words, _) => Zeroizing::new(words.iter().map(|&word| word as u32).collect()),
        }
    }

    #[cfg(test)]
    #[cfg(feature = "server")]
    pub(crate) fn as_glwe(&self) -> Option<tfhe::core_crypto::prelude::GlweSecretKey<&[u64]>> {
        match self {
            Self::Lwe(_) => None,
            Self::Glwe(words, shape) => Some(tfhe::core_crypto::prelude::GlweSecretKey::from_container(
                words.as_slice(),
                tfhe::core_crypto::prelude::PolynomialSize(shape.polynomial_size.0 as usize),
            )),
        }
    }
}
