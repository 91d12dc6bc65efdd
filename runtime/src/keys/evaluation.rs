//! The server's keys: seeded as they travel, expanded as the kernels use them.
//!
//! A key is kept twice: seeded (a public seed for the masks, and the bodies), small and ready to be
//! written; and expanded in the kernels, bootstrap keys in the Fourier domain. Expansion happens
//! once, at generation or loading.

use super::secret::gaussian;
use super::{KeyError, KeyIdentity, Origin, SecretKey, SecretKeys, Seeds};
use crate::kernels::{BootstrapKernel, BootstrapKeyWords, KeyswitchKernel, KeyswitchKeyWords, Target};
use cloakwork_abi::parameters::{Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension};
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset, KeyswitchKeySpec, SecretKeyShape};
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSliceMut};
use std::fmt;
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;
use zeroize::Zeroizing;

/// Keyswitch and bootstrap keys of one client for one key set.
pub struct EvaluationKeys {
    keyset: Keyset,
    fingerprint: String,
    identity: KeyIdentity,
    origin: Origin,
    pub(crate) seeded: (Vec<SeededKeyswitchKey>, Vec<SeededBootstrapKey>),
    pub(crate) keyswitch: Vec<KeyswitchKernel>,
    pub(crate) bootstrap: Vec<BootstrapKernel>,
}

/// Bodies of a keyswitch key; input coefficient outermost, then levels from the finest to the coarsest.
pub(crate) struct SeededKeyswitchKey {
    pub(crate) seed: u128,
    pub(crate) bodies: Vec<u32>,
}

/// Bodies of a bootstrap key: input coefficient, level, row, coefficient.
pub(crate) struct SeededBootstrapKey {
    pub(crate) seed: u128,
    pub(crate) bodies: Vec<u64>,
}

impl EvaluationKeys {
    pub(super) fn generate(
        secret: &SecretKeys,
        keyset: &Keyset,
        seeds: &mut Seeds,
        next: &dyn Fn(&str),
    ) -> Self {
        let mut keyswitch = vec![];
        for spec in &keyset.keyswitch_keys {
            next(&spec.name);
            keyswitch.push(SeededKeyswitchKey::generate(spec, secret, seeds));
        }
        let mut bootstrap = vec![];
        for spec in &keyset.bootstrap_keys {
            next(&spec.name);
            bootstrap.push(SeededBootstrapKey::generate(spec, secret, seeds));
        }
        Self::expand(keyset, (keyswitch, bootstrap), secret.identity(), seeds.origin)
    }

    /// The sizes of the seeded keys must be those of `keyset`.
    pub(crate) fn expand(
        keyset: &Keyset,
        (keyswitch, bootstrap): (Vec<SeededKeyswitchKey>, Vec<SeededBootstrapKey>),
        identity: KeyIdentity,
        origin: Origin,
    ) -> Self {
        let kernels = keyset.keyswitch_keys.iter().zip(&keyswitch);
        let keyswitch_kernels = kernels.map(|(spec, key)| KeyswitchKernel::new(key.expand(spec, keyset)));
        let keyswitch_kernels = keyswitch_kernels.collect();
        let kernels = keyset.bootstrap_keys.iter().zip(&bootstrap);
        let bootstrap_kernels = kernels.map(|(spec, key)| BootstrapKernel::new(key.expand(spec, keyset)));
        let bootstrap_kernels = bootstrap_kernels.collect();
        Self {
            keyset: keyset.clone(),
            fingerprint: keyset.fingerprint(),
            identity,
            origin,
            seeded: (keyswitch, bootstrap),
            keyswitch: keyswitch_kernels,
            bootstrap: bootstrap_kernels,
        }
    }

    /// [`Keyset::fingerprint`] of the key set.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The number that these keys, their secret keys and all that those encrypt have in common.
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
}

impl fmt::Debug for EvaluationKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EvaluationKeys")
            .field("fingerprint", &self.fingerprint)
            .field("identity", &self.identity)
            .field("origin", &self.origin)
            .finish()
    }
}

/// What the rest of this file relies on and a spec from JSON guarantees.
pub(crate) fn check(keyset: &Keyset) -> Result<(), KeyError> {
    let shape = |key: usize| keyset.secret_keys.get(key).map(|key| key.shape);
    let require = |holds: bool, name: &str, what: &str| match holds {
        true => Ok(()),
        false => Err(KeyError::Keyset(format!("`{name}` {what}"))),
    };
    for key in &keyset.secret_keys {
        require(key.shape.lwe_dimension().0 > 0, &key.name, "has dimension 0")?;
        if let SecretKeyShape::Glwe(glwe) = key.shape {
            let size = glwe.polynomial_size.0;
            require(
                size.is_power_of_two() && size >= 32,
                &key.name,
                "has a polynomial size that is no power of two from 32 on",
            )?;
        }
    }
    let fits = |Decomposition { base_log, level }: Decomposition, bits: u32| {
        base_log >= 1 && level >= 1 && base_log.saturating_mul(level) <= bits
    };
    for key in &keyset.keyswitch_keys {
        let ends = matches!(
            (shape(key.from), shape(key.to)),
            (Some(SecretKeyShape::Glwe(_)), Some(SecretKeyShape::Lwe(_)))
        );
        require(ends, &key.name, "must lead from a GLWE key to an LWE key")?;
        require(fits(key.decomposition, 32), &key.name, "must decompose to at most 32 bits")?;
    }
    for key in &keyset.bootstrap_keys {
        let ends = matches!(
            (shape(key.from), shape(key.to)),
            (Some(SecretKeyShape::Lwe(_)), Some(SecretKeyShape::Glwe(_)))
        );
        require(ends, &key.name, "must lead from an LWE key to a GLWE key")?;
        require(fits(key.decomposition, 64), &key.name, "must decompose to at most 64 bits")?;
    }
    Ok(())
}

fn lwe_dimension(keyset: &Keyset, key: usize) -> LweDimension {
    keyset.secret_keys[key].shape.lwe_dimension()
}

fn glwe_shape(keyset: &Keyset, key: usize) -> GlweShape {
    match keyset.secret_keys[key].shape {
        SecretKeyShape::Glwe(shape) => shape,
        SecretKeyShape::Lwe(_) => unreachable!("checked: a bootstrap key leads to a GLWE key"),
    }
}

impl SeededKeyswitchKey {
    pub(crate) fn words(spec: &KeyswitchKeySpec, keyset: &Keyset) -> u64 {
        lwe_dimension(keyset, spec.from).0 * u64::from(spec.decomposition.level)
    }

    fn generate(spec: &KeyswitchKeySpec, secret: &SecretKeys, seeds: &mut Seeds) -> Self {
        let Decomposition { base_log, level } = spec.decomposition;
        let SecretKey::Glwe(from, _) = &secret.keys[spec.from] else {
            unreachable!("checked: a keyswitch key leads from a GLWE key")
        };
        let to = secret.keys[spec.to].as_lwe32().expect("checked: a keyswitch key leads to an LWE key");
        let terms = |&coefficient: &u64| {
            (1..=level).rev().map(move |level| (coefficient as u32) << (32 - base_log * level))
        };
        let plaintexts: Zeroizing<Vec<u32>> = Zeroizing::new(from.iter().flat_map(terms).collect());
        let seed = seeds.next();
        let mut list = core::SeededLweCiphertextList::from_container(
            vec![0u32; plaintexts.len()],
            to.lwe_dimension().to_lwe_size(),
            seed.into(),
            core::CiphertextModulus::new_native(),
        );
        core::par_encrypt_seeded_lwe_ciphertext_list(
            &to,
            &mut list,
            &core::PlaintextList::from_container(plaintexts.as_slice()),
            gaussian(secret.keyset().secret_keys[spec.to].variance()),
            seeds.seeder(),
        );
        Self { seed: seed.0, bodies: list.into_container() }
    }

    fn expand(&self, spec: &KeyswitchKeySpec, keyset: &Keyset) -> KeyswitchKeyWords {
        let (from, to) = (lwe_dimension(keyset, spec.from), lwe_dimension(keyset, spec.to));
        let size = core::LweDimension(to.0 as usize).to_lwe_size();
        let modulus = core::CiphertextModulus::new_native();
        let seeded = core::SeededLweCiphertextList::from_container(
            self.bodies.as_slice(),
            size,
            Seed(self.seed).into(),
            modulus,
        );
        let words = vec![0u32; self.bodies.len() * size.0];
        let mut list = core::LweCiphertextList::from_container(words, size, modulus);
        core::par_decompress_seeded_lwe_ciphertext_list::<_, _, _, core::DefaultRandomGenerator>(
            &mut list, &seeded,
        );
        let target = match keyset.secret_keys[spec.to].shape {
            SecretKeyShape::Lwe(_) => Target::Small,
            SecretKeyShape::Glwe(_) => Target::Large,
        };
        let words = list.into_container();
        KeyswitchKeyWords { from, to, target, decomposition: spec.decomposition, words }
    }
}

impl SeededBootstrapKey {
    pub(crate) fn words(spec: &BootstrapKeySpec, keyset: &Keyset) -> u64 {
        let to = glwe_shape(keyset, spec.to);
        let rows = u64::from(spec.decomposition.level) * (to.dimension.0 + 1);
        lwe_dimension(keyset, spec.from).0 * rows * to.polynomial_size.0
    }

    fn generate(spec: &BootstrapKeySpec, secret: &SecretKeys, seeds: &mut Seeds) -> Self {
        let from = secret.keys[spec.from].as_lwe32().expect("checked: a bootstrap key leads from an LWE key");
        let to = secret.keys[spec.to].as_glwe().expect("checked: a bootstrap key leads to a GLWE key");
        let bodies = vec![0u64; Self::words(spec, secret.keyset()) as usize];
        let seed = seeds.next();
        let mut key = seeded_bootstrap_key(bodies, spec, secret.keyset(), seed);
        let noise = gaussian(secret.keyset().secret_keys[spec.to].variance());
        core::par_generate_seeded_lwe_bootstrap_key(&from, &to, &mut key, noise, seeds.seeder());
        Self { seed: seed.0, bodies: key.into_container() }
    }

    fn expand(&self, spec: &BootstrapKeySpec, keyset: &Keyset) -> BootstrapKeyWords {
        let seeded = seeded_bootstrap_key(self.bodies.as_slice(), spec, keyset, Seed(self.seed));
        let (from, to) = (lwe_dimension(keyset, spec.from), glwe_shape(keyset, spec.to));
        let mut words = vec![0u64; self.bodies.len() * (to.dimension.0 as usize + 1)];
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
        BootstrapKeyWords {
            from,
            to,
            decomposition: spec.decomposition,
            grouping: Grouping::One,
            extension: ExtensionFactor(1),
            words: key.into_container(),
        }
    }
}

fn seeded_bootstrap_key<C: core::Container<Element = u64>>(
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
