//! What was encrypted with a public key, as a list: a mask for every `n` ciphertexts, and one word for each of them.
//!
//! The masks of the `n` are that mask times powers of `X` modulo `X^n + 1`, so who computes expands the list again. Only keys
//! that can have a public key have such lists.

use crate::keys::with_public_key;
use crate::value::{Words, words_of};
use aligned_vec::AVec;
use cloakwork_abi::spec::{EncodingSpec, Keyset, ValueSpec};
use tfhe::core_crypto::commons::generators::NoiseRandomGenerator;
use tfhe::core_crypto::prelude as core;

/// Fresh ciphertexts under a GLWE key read as one of LWE: all masks, then all last words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compact(pub(crate) Vec<u64>);

impl Compact {
    /// Words of the list of all that `spec` asks for; none where no public key encrypts for it.
    pub(crate) fn words(spec: &ValueSpec, keyset: &Keyset) -> Option<usize> {
        let EncodingSpec::Encrypted { key, .. } = spec.encoding else { return None };
        with_public_key(keyset).find(|(position, _)| *position == key)?;
        let size = core::LweSize(words_of(keyset, key));
        let count = core::LweCiphertextCount(spec.items());
        Some(core::lwe_compact_ciphertext_list_size(size.to_lwe_dimension(), count))
    }

    /// Encrypts encoded words.
    pub(crate) fn encrypt(
        key: &core::LweCompactPublicKeyOwned<u64>,
        plaintexts: Vec<u64>,
        noise: core::DynamicDistribution<u64>,
        generator: &mut NoiseRandomGenerator<core::DefaultRandomGenerator>,
    ) -> Self {
        let count = core::LweCiphertextCount(plaintexts.len());
        let mut list = core::LweCompactCiphertextList::new(
            0u64,
            key.lwe_dimension().to_lwe_size(),
            count,
            core::CiphertextModulus::new_native(),
        );
        core::par_encrypt_lwe_compact_ciphertext_list_with_compact_public_key(
            key,
            &mut list,
            &core::PlaintextList::from_container(plaintexts),
            noise,
            noise,
            generator,
        );
        Self(list.into_container())
    }

    /// The ciphertexts, of so many words each; the list has [`Self::words`].
    pub(crate) fn expand(&self, count: usize, words: usize) -> Words {
        let (size, modulus) = (core::LweSize(words), core::CiphertextModulus::new_native());
        let mut expanded: Words = AVec::from_iter(64, std::iter::repeat_n(0, count * words));
        let list = core::LweCompactCiphertextList::from_container(
            self.0.as_slice(),
            size,
            core::LweCiphertextCount(count),
            modulus,
        );
        let mut ciphertexts = core::LweCiphertextList::from_container(expanded.as_mut_slice(), size, modulus);
        core::par_expand_lwe_compact_ciphertext_list(&mut ciphertexts, &list);
        expanded
    }
}
