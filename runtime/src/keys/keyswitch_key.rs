//! Keyswitch keys: for each coefficient of the input key and each digit an encryption modulo `2^32` under the output
//! key, which is an LWE key, or a GLWE key read as one.

use super::check::lwe_dimension;
use super::noise::distribution;
use super::{SecretKey, SecretKeys, Seeds};
#[cfg(feature = "server")]
use crate::kernels::{KeyswitchKeyWords, Target};
use cloakwork_abi::parameters::Decomposition;
#[cfg(feature = "server")]
use cloakwork_abi::spec::SecretKeyShape;
use cloakwork_abi::spec::{Keyset, KeyswitchKeySpec};
#[cfg(feature = "server")]
use tfhe::core_crypto::commons::math::random::Seed;
use tfhe::core_crypto::prelude as core;
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

    pub(super) fn generate(spec: &KeyswitchKeySpec, secret: &SecretKeys, seeds: &mut Seeds) -> Self {
        let SecretKey::Glwe(from, _) = &secret.keys[spec.from] else {
            unreachable!("checked: a keyswitch key leads from a GLWE key")
        };
        let to = secret.keys[spec.to].to_words32();
        let to = core::LweSecretKey::from_container(to.as_slice());
        let plaintexts = plaintexts(from, spec.decomposition);
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
            distribution::<u32>(spec.noise),
            seeds.seeder(),
        );
        Self { seed: seed.0, bodies: list.into_container() }
    }

    #[cfg(feature = "server")]
    pub(super) fn expand(&self, spec: &KeyswitchKeySpec, keyset: &Keyset) -> KeyswitchKeyWords {
        let key = without_words(spec, keyset);
        let size = core::LweDimension(key.to.0 as usize).to_lwe_size();
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
        KeyswitchKeyWords { words: list.into_container(), ..key }
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
