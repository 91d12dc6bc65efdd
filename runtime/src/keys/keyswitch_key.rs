//! Keyswitch keys: for each coefficient of the input key and each digit an encryption modulo `2^32` under the output
//! key, which is an LWE key, or a GLWE key read as one.

use super::check::lwe_dimension;
use super::noise::Sampler;
use super::stream::Stream;
use super::{KeySeed, SecretKey, SecretKeys};
#[cfg(feature = "server")]
use crate::kernels::{KeyswitchKeyWords, Target};
use cloakwork_abi::parameters::Decomposition;
#[cfg(feature = "server")]
use cloakwork_abi::spec::SecretKeyShape;
use cloakwork_abi::spec::{Keyset, KeyswitchKeySpec};
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSlice, ParallelSliceMut};
use tfhe::core_crypto::commons::math::random::Seed;
use zeroize::Zeroizing;

/// Bodies of a keyswitch key; input coefficient outermost, then levels from the finest to the coarsest.
pub(crate) struct SeededKeyswitchKey {
    pub(crate) seed: u128,
    pub(crate) bodies: Vec<u32>,
}

impl SeededKeyswitchKey {
    /// Bodies of a key for that spec.
    pub(crate) fn words(spec: &KeyswitchKeySpec, keyset: &Keyset) -> u64 {
        lwe_dimension(keyset, spec.from).0 * u64::from(spec.decomposition.level)
    }

    pub(crate) fn generate(spec: &KeyswitchKeySpec, secret: &SecretKeys, seed: KeySeed) -> Self {
        let SecretKey::Glwe(from, _) = &secret.keys[spec.from] else {
            unreachable!("checked: a keyswitch key leads from a GLWE key")
        };
        let to = secret.keys[spec.to].to_words32();
        let plaintexts = plaintexts(from, spec.decomposition);
        let KeySeed { masks: seed, noise: noise_seed } = seed;
        let mut bodies = vec![0u32; plaintexts.len()];
        bodies.par_chunks_mut(ROWS).zip(plaintexts.par_chunks(ROWS)).enumerate().for_each_init(
            || vec![0u32; to.len()],
            |mask, (i, (bodies, plaintexts))| {
                let mut masks = masks(seed, i, to.len());
                let mut sampler = Sampler::new(Stream::new(noise_seed, (i as u128) << 64));
                let mut noise = [0; ROWS];
                sampler.add(spec.noise, 32, &mut noise[..bodies.len()]);
                for ((body, plaintext), noise) in bodies.iter_mut().zip(plaintexts).zip(noise) {
                    masks.fill(mask);
                    let products = mask.iter().zip(to.iter()).map(|(mask, key)| mask.wrapping_mul(*key));
                    let sum = products.fold(0u32, u32::wrapping_add);
                    *body = sum.wrapping_add(*plaintext).wrapping_add(noise as u32);
                }
            },
        );
        Self { seed: seed.0, bodies }
    }

    #[cfg(feature = "server")]
    pub(super) fn expand(&self, spec: &KeyswitchKeySpec, keyset: &Keyset) -> KeyswitchKeyWords {
        let key = without_words(spec, keyset);
        let dimension = key.to.0 as usize;
        let mut words = vec![0u32; self.bodies.len() * (dimension + 1)];
        let rows = words.par_chunks_mut(ROWS * (dimension + 1)).zip(self.bodies.par_chunks(ROWS));
        rows.enumerate().for_each(|(i, (rows, bodies))| {
            let mut masks = masks(Seed(self.seed), i, dimension);
            for (row, &body) in rows.chunks_exact_mut(dimension + 1).zip(bodies) {
                masks.fill(&mut row[..dimension]);
                row[dimension] = body;
            }
        });
        KeyswitchKeyWords { words, ..key }
    }
}

/// All that is said of a key but its words.
#[cfg(feature = "server")]
pub(super) fn without_words(spec: &KeyswitchKeySpec, keyset: &Keyset) -> KeyswitchKeyWords {
    let (from, to) = (lwe_dimension(keyset, spec.from), lwe_dimension(keyset, spec.to));
    let target = match keyset.secret_keys[spec.to].shape {
        SecretKeyShape::Lwe(_) => Target::Small,
        SecretKeyShape::Glwe(_) => Target::Large,
    };
    KeyswitchKeyWords { from, to, target, decomposition: spec.decomposition, words: vec![] }
}

/// Rows that one thread does at a time; their masks are whole blocks of a stream, whatever the dimension is.
const ROWS: usize = 64;

/// The masks of rows `i · ROWS` and on.
fn masks(seed: Seed, i: usize, dimension: usize) -> Stream {
    Stream::new(seed, (i * dimension) as u128 * (4 * ROWS / Stream::BLOCK) as u128)
}

/// `coefficient · 2^32 / B^level` for each coefficient and level. They are as secret as the key.
fn plaintexts(key: &[u64], Decomposition { base_log, level }: Decomposition) -> Zeroizing<Vec<u32>> {
    let levels = level as usize;
    // Filled in place: growth would leave copies behind that nobody wipes.
    let mut plaintexts = Zeroizing::new(vec![0; key.len() * levels]);
    for (terms, &coefficient) in plaintexts.chunks_exact_mut(levels).zip(key) {
        for (term, level) in terms.iter_mut().zip((1..=level).rev()) {
            *term = (coefficient as u32) << (32 - base_log * level);
        }
    }
    plaintexts
}
