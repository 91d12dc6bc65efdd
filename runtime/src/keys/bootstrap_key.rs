//! Bootstrap keys: GGSW ciphertexts under the output key of what a step of a blind rotation takes, which is a
//! coefficient of the input key, or the three products of a pair of them.

use super::check::{glwe_shape, lwe_dimension};
use super::noise::Sampler;
use super::secret_product::SecretPolynomials;
use super::stream::Stream;
use super::{KeySeed, SecretKey, SecretKeys};
#[cfg(feature = "server")]
use crate::kernels::{BootstrapKeyShape, BootstrapKeySource};
use cloakwork_abi::parameters::{Decomposition, Grouping, NoiseDistribution};
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset};
use rayon::prelude::{IndexedParallelIterator, IntoParallelRefIterator, ParallelIterator, ParallelSliceMut};
use tfhe::core_crypto::commons::math::random::Seed;
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

    pub(super) fn generate(spec: &BootstrapKeySpec, secret: &SecretKeys, seed: KeySeed) -> Self {
        let mut bodies = vec![0u64; Self::words(spec, secret.keyset()) as usize];
        NewBootstrapKey::new(spec, secret, seed).fill(0, &mut bodies);
        Self { seed: seed.masks.0, bodies }
    }

    /// The whole key, made of its seed ciphertext by ciphertext.
    #[cfg(feature = "server")]
    pub(super) fn expanded<'k>(
        &'k self,
        spec: &BootstrapKeySpec,
        keyset: &Keyset,
    ) -> impl BootstrapKeySource + use<'k> {
        Expanded { key: self, shape: shape(spec, keyset), ggsw: GgswShape::of(spec, keyset) }
    }
}

/// A key that is made of any of its ciphertexts at a time.
pub(crate) struct NewBootstrapKey<'s> {
    seed: KeySeed,
    /// What the ciphertexts encrypt.
    messages: Zeroizing<Vec<u32>>,
    key: &'s [u64],
    polynomials: SecretPolynomials,
    shape: GgswShape,
    decomposition: Decomposition,
    noise: NoiseDistribution,
}

impl<'s> NewBootstrapKey<'s> {
    pub(crate) fn new(spec: &BootstrapKeySpec, secret: &'s SecretKeys, seed: KeySeed) -> Self {
        let SecretKey::Glwe(key, glwe) = &secret.keys[spec.to] else {
            unreachable!("checked: a bootstrap key leads to a GLWE key")
        };
        Self {
            seed,
            messages: products(&secret.keys[spec.from].to_words32(), spec.grouping),
            key,
            polynomials: SecretPolynomials::new(key, glwe.polynomial_size.0 as usize),
            shape: GgswShape::of(spec, secret.keyset()),
            decomposition: spec.decomposition,
            noise: secret.keyset().secret_keys[spec.to].noise,
        }
    }

    /// Ciphertexts of the whole key.
    pub(crate) fn ciphertexts(&self) -> usize {
        self.messages.len()
    }

    /// Words of the bodies of one ciphertext.
    pub(crate) fn bodies(&self) -> usize {
        self.shape.bodies()
    }

    /// Sets the bodies of the ciphertexts from `first` on to those of the key. They are zeros before.
    pub(crate) fn fill(&self, first: usize, bodies: &mut [u64]) {
        let Self { shape, polynomials, .. } = self;
        let memory = || (polynomials.scratch(), vec![0u64; shape.dimension * shape.size]);
        bodies
            .par_chunks_mut(shape.bodies())
            .zip(self.messages[first..].par_iter())
            .enumerate()
            .for_each_init(memory, |(scratch, mask), (i, (bodies, &message))| {
                let mut masks = shape.masks(self.seed.masks, first + i);
                let mut sampler = Sampler::new(Stream::new(self.seed.noise, ((first + i) as u128) << 64));
                for (row, body) in bodies.chunks_exact_mut(shape.size).enumerate() {
                    shape.encode(self.decomposition, row, (message, self.key), body);
                    masks.fill(mask);
                    polynomials.add_products(mask, body, scratch);
                    sampler.add(self.noise, 64, body);
                }
            });
    }
}

#[cfg(feature = "server")]
struct Expanded<'k> {
    key: &'k SeededBootstrapKey,
    shape: BootstrapKeyShape,
    ggsw: GgswShape,
}

#[cfg(feature = "server")]
impl BootstrapKeySource for Expanded<'_> {
    fn shape(&self) -> BootstrapKeyShape {
        self.shape
    }

    fn fill(&self, i: usize, words: &mut [u64]) {
        let GgswShape { dimension, size, .. } = self.ggsw;
        let mut masks = self.ggsw.masks(Seed(self.key.seed), i);
        let bodies = &self.key.bodies[i * self.ggsw.bodies()..][..self.ggsw.bodies()];
        let rows = words.chunks_exact_mut((dimension + 1) * size);
        for (row, body) in rows.zip(bodies.chunks_exact(size)) {
            let (mask, last) = row.split_at_mut(dimension * size);
            masks.fill(mask);
            last.copy_from_slice(body);
        }
    }
}

/// What the kernels are told of a key.
#[cfg(feature = "server")]
pub(super) fn shape(spec: &BootstrapKeySpec, keyset: &Keyset) -> BootstrapKeyShape {
    BootstrapKeyShape {
        from: lwe_dimension(keyset, spec.from),
        to: glwe_shape(keyset, spec.to),
        decomposition: spec.decomposition,
        grouping: spec.grouping,
        extension: spec.extension,
    }
}

/// Sizes of a GGSW ciphertext: for each level from the finest to the coarsest a row for each polynomial of the key, and one more.
#[derive(Clone, Copy)]
struct GgswShape {
    rows: usize,
    dimension: usize,
    size: usize,
}

impl GgswShape {
    fn of(spec: &BootstrapKeySpec, keyset: &Keyset) -> Self {
        let to = glwe_shape(keyset, spec.to);
        let (dimension, size) = (to.dimension.0 as usize, to.polynomial_size.0 as usize);
        Self { rows: spec.decomposition.level as usize * (dimension + 1), dimension, size }
    }

    /// Words of the bodies.
    fn bodies(self) -> usize {
        self.rows * self.size
    }

    /// The masks of ciphertext `i`, row by row.
    fn masks(self, seed: Seed, i: usize) -> Stream {
        // Polynomials have 256 coefficients or more, so that a ciphertext's masks are whole blocks.
        let bytes = 8 * (self.bodies() * self.dimension) as u128;
        Stream::new(seed, i as u128 * (bytes / Stream::BLOCK as u128))
    }

    /// The message in row `row`: times minus a polynomial of the key, at last by itself, at the scale of the level.
    fn encode(
        self,
        Decomposition { base_log, level }: Decomposition,
        row: usize,
        (message, key): (u32, &[u64]),
        body: &mut [u64],
    ) {
        let (finer, column) = (row / (self.dimension + 1), row % (self.dimension + 1));
        let scaled = u64::from(message) << (64 - base_log * (level - finer as u32));
        if column == self.dimension {
            body[0] = scaled;
            return;
        }
        for (body, &coefficient) in body.iter_mut().zip(&key[column * self.size..]) {
            *body = coefficient.wrapping_mul(scaled).wrapping_neg();
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use cloakwork_abi::parameters::Variance;
    use tfhe::core_crypto::prelude as core;

    /// Without noise there is one right key.
    #[test]
    fn keys_are_those_of_tfhe() {
        let random = |seed: u128, length: usize| {
            let mut words = vec![0u64; length];
            Stream::new(Seed(seed), 0).fill(&mut words);
            words.iter().map(|word| word >> 63).collect::<Vec<_>>()
        };
        let (dimension, size, level) = (2, 256, 2);
        let (key, messages) = (random(1, dimension * size), random(2, 3));
        let shape = GgswShape { rows: level * (dimension + 1), dimension, size };
        let mut expected = core::SeededLweBootstrapKey::new(
            0u64,
            core::GlweSize(dimension + 1),
            core::PolynomialSize(size),
            core::DecompositionBaseLog(10),
            core::DecompositionLevelCount(level),
            core::LweDimension(messages.len()),
            Seed(7).into(),
            core::CiphertextModulus::new_native(),
        );
        core::par_generate_seeded_lwe_bootstrap_key(
            &core::LweSecretKey::from_container(messages.as_slice()),
            &core::GlweSecretKey::from_container(key.as_slice(), core::PolynomialSize(size)),
            &mut expected,
            core::DynamicDistribution::new_gaussian_from_std_dev(core::StandardDev(0.0)),
            core::new_seeder().as_mut(),
        );
        let polynomials = SecretPolynomials::new(&key, size);
        let (mut scratch, mut mask) = (polynomials.scratch(), vec![0; dimension * size]);
        let mut bodies = vec![0; messages.len() * shape.bodies()];
        for (i, bodies) in bodies.chunks_exact_mut(shape.bodies()).enumerate() {
            let mut masks = shape.masks(Seed(7), i);
            for (row, body) in bodies.chunks_exact_mut(size).enumerate() {
                let decomposition = Decomposition { base_log: 10, level: level as u32 };
                shape.encode(decomposition, row, (messages[i] as u32, &key), body);
                masks.fill(&mut mask);
                polynomials.add_products(&mask, body, &mut scratch);
                Sampler::new(Stream::new(Seed(0), 0)).add(
                    NoiseDistribution::Gaussian { variance: Variance(0.0) },
                    64,
                    body,
                );
            }
        }
        assert_eq!(bodies, expected.into_container());
    }
}
