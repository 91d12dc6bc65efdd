//! What was just encrypted, as a seed and one word for each ciphertext: the masks follow from the seed.
//!
//! The seed is public, as masks are. It is used once, by who encrypts; who computes expands it again.

use crate::keys::{Seeds, Stream};
use crate::value::Words;
use aligned_vec::AVec;
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSlice, ParallelSliceMut};
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;

/// Ciphertexts that one thread expands at a time; their masks are whole blocks of the stream.
const TOGETHER: usize = 16;

/// Fresh ciphertexts under a GLWE key read as one of LWE.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Seeded {
    pub(crate) seed: u128,
    /// One for each ciphertext.
    pub(crate) bodies: Vec<u64>,
}

impl Seeded {
    /// Encrypts encoded words.
    pub(crate) fn encrypt(
        key: &core::LweSecretKeyView<'_, u64>,
        plaintexts: Vec<u64>,
        noise: core::DynamicDistribution<u64>,
        seeds: &mut Seeds,
    ) -> Self {
        let seed = seeds.next();
        let mut list = core::SeededLweCiphertextList::from_container(
            vec![0; plaintexts.len()],
            key.lwe_dimension().to_lwe_size(),
            seed.into(),
            core::CiphertextModulus::new_native(),
        );
        core::par_encrypt_seeded_lwe_ciphertext_list(
            key,
            &mut list,
            &core::PlaintextList::from_container(plaintexts),
            noise,
            seeds.seeder(),
        );
        Self { seed: seed.0, bodies: list.into_container() }
    }

    /// The ciphertexts, of so many words each.
    pub(crate) fn expand(&self, words: usize) -> Words {
        let mut expanded: Words = AVec::from_iter(64, std::iter::repeat_n(0, self.bodies.len() * words));
        let chunks = expanded.par_chunks_mut(TOGETHER * words).zip(self.bodies.par_chunks(TOGETHER));
        chunks.enumerate().for_each(|(i, (ciphertexts, bodies))| {
            let block = (i * (words - 1)) as u128 * (8 * TOGETHER / Stream::BLOCK) as u128;
            let mut masks = Stream::new(Seed(self.seed), block);
            for (ciphertext, &body) in ciphertexts.chunks_exact_mut(words).zip(bodies) {
                let (mask, last) = ciphertext.split_at_mut(words - 1);
                masks.fill(mask);
                last[0] = body;
            }
        });
        expanded
    }
}
