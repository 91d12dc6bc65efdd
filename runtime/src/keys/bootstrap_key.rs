//! Bootstrap keys: GGSW ciphertexts under the output key of what a step of a blind rotation takes, which is a
//! coefficient of the input key, or the three products of a pair of them.

use super::check::{glwe_shape, lwe_dimension};
use super::noise::distribution;
use super::{SecretKeys, Seeds};
#[cfg(feature = "server")]
use crate::kernels::BootstrapKeyWords;
use cloakwork_abi::parameters::Grouping;
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset};
#[cfg(feature = "server")]
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSliceMut};
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;
use zeroize::Zeroizing;

/// Bodies of a bootstrap key: GGSW ciphertext, level, row, coefficient.
pub(crate) struct SeededBootstrapKey {
    pub(crate) seed: u128,
    pub(crate) bodies: Vec<u64>,
}

impl SeededBootstrapKey {
    /// Bodies of a key for that spec.
    pub(crate) fn words(spec: &BootstrapKeySpec, keyset: &Keyset) -> u64 {
        let to = glwe_shape(keyset, spec.to);
        let rows = u64::from(spec.decomposition.level) * (to.dimension.0 + 1);
        let steps = lwe_dimension(keyset, spec.from).0 / spec.grouping.factor();
        steps * spec.grouping.ciphertexts() * rows * to.polynomial_size.0
    }

    pub(super) fn generate(spec: &BootstrapKeySpec, secret: &SecretKeys, seeds: &mut Seeds) -> Self {
        let from = products(&secret.keys[spec.from].to_words32(), spec.grouping);
        let to = secret.keys[spec.to].as_glwe().expect("checked: a bootstrap key leads to a GLWE key");
        let bodies = vec![0u64; Self::words(spec, secret.keyset()) as usize];
        let seed = seeds.next();
        let mut key = seeded(bodies, spec, secret.keyset(), seed);
        core::par_generate_seeded_lwe_bootstrap_key(
            &core::LweSecretKey::from_container(from.as_slice()),
            &to,
            &mut key,
            distribution::<u64>(secret.keyset().secret_keys[spec.to].noise),
            seeds.seeder(),
        );
        Self { seed: seed.0, bodies: key.into_container() }
    }

    #[cfg(feature = "server")]
    pub(super) fn expand(&self, spec: &BootstrapKeySpec, keyset: &Keyset) -> BootstrapKeyWords {
        let seeded = seeded(self.bodies.as_slice(), spec, keyset, Seed(self.seed));
        let shape = without_words(spec, keyset);
        let mut words = vec![0u64; self.bodies.len() * (shape.to.dimension.0 as usize + 1)];
        words.par_chunks_mut(1 << 16).with_min_len(8).for_each(|chunk| chunk.fill(0)); // faults the pages in parallel
        let mut key = core::LweBootstrapKey::from_container(
            words,
            seeded.glwe_size(),
            seeded.polynomial_size(),
            seeded.decomposition_base_log(),
            seeded.decomposition_level_count(),
            core::CiphertextModulus::new_native(),
        );
        core::par_decompress_seeded_lwe_bootstrap_key::<_, _, _, core::DefaultRandomGenerator>(
            &mut key, &seeded,
        );
        BootstrapKeyWords { words: key.into_container(), ..shape }
    }
}

/// All that is said of a key but its words.
#[cfg(feature = "server")]
pub(super) fn without_words(spec: &BootstrapKeySpec, keyset: &Keyset) -> BootstrapKeyWords {
    BootstrapKeyWords {
        from: lwe_dimension(keyset, spec.from),
        to: glwe_shape(keyset, spec.to),
        decomposition: spec.decomposition,
        grouping: spec.grouping,
        extension: spec.extension,
        words: vec![],
    }
}

/// What the GGSW ciphertexts encrypt, in the order of [`Grouping`]; as secret as the key.
fn products(key: &[u32], grouping: Grouping) -> Zeroizing<Vec<u32>> {
    let (factor, ciphertexts) = (grouping.factor() as usize, grouping.ciphertexts() as usize);
    // Filled in place: growth would leave copies behind that nobody wipes.
    let mut products = Zeroizing::new(vec![0; key.len() / factor * ciphertexts]);
    for (products, group) in products.chunks_exact_mut(ciphertexts).zip(key.chunks_exact(factor)) {
        match grouping {
            Grouping::One => products.copy_from_slice(group),
            Grouping::Two => {
                let (s, t) = (group[0], group[1]);
                products.copy_from_slice(&[s * (1 - t), (1 - s) * t, s * t]);
            }
        }
    }
    products
}

/// Read as a key of `tfhe` with one GGSW ciphertext for each coefficient of an input key, here the products.
fn seeded<C: core::Container<Element = u64>>(
    bodies: C,
    spec: &BootstrapKeySpec,
    keyset: &Keyset,
    seed: Seed,
) -> core::SeededLweBootstrapKey<C> {
    let to = glwe_shape(keyset, spec.to);
    core::SeededLweBootstrapKey::from_container(
        bodies,
        core::GlweDimension(to.dimension.0 as usize).to_glwe_size(),
        core::PolynomialSize(to.polynomial_size.0 as usize),
        core::DecompositionBaseLog(spec.decomposition.base_log as usize),
        core::DecompositionLevelCount(spec.decomposition.level as usize),
        seed.into(),
        core::CiphertextModulus::new_native(),
    )
}
