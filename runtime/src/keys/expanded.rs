//! Evaluation keys as the kernels use them: what a server keeps, in memory of its own or mapped from a file.

use super::belonging::{Belonging, keys_that_belong};
use super::bootstrap_key::SeededBootstrapKey;
use super::check::{glwe_shape, lwe_dimension};
use super::keyswitch_key::SeededKeyswitchKey;
use super::{KeyIdentity, Origin, bootstrap_key, keyswitch_key};
use crate::kernels::{BootstrapKernel, KeyswitchKernel, MappedKey};
use crate::memory::{self, TooLittleMemory};
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset, KeyswitchKeySpec};

/// Keyswitch and bootstrap keys of one client, ready to run: bootstrap keys are in the Fourier domain.
pub struct ExpandedKeys {
    belonging: Belonging,
    pub(crate) keyswitch: Vec<KeyswitchKernel>,
    pub(crate) bootstrap: Vec<BootstrapKernel>,
}

keys_that_belong!(ExpandedKeys, belonging: Belonging);

impl ExpandedKeys {
    /// The sizes of the seeded keys must be those of the key set.
    pub(super) fn of_seeded(
        belonging: Belonging,
        (keyswitch, bootstrap): (&[SeededKeyswitchKey], &[SeededBootstrapKey]),
    ) -> Self {
        let keyset = belonging.keyset();
        let pairs = keyset.keyswitch_keys.iter().zip(keyswitch);
        let keyswitch = pairs.map(|(spec, key)| KeyswitchKernel::new(key.expand(spec, keyset))).collect();
        let pairs = keyset.bootstrap_keys.iter().zip(bootstrap);
        let bootstrap = pairs.map(|(spec, key)| BootstrapKernel::new(&key.expanded(spec, keyset))).collect();
        Self { belonging, keyswitch, bootstrap }
    }

    /// Keys that lie where `place` says, each of as many bytes as [`Self::sizes`] names, in that order.
    pub(crate) fn mapped(
        keyset: &Keyset,
        (identity, origin): (KeyIdentity, Origin),
        mut place: impl FnMut() -> MappedKey,
    ) -> Self {
        let keyswitch = keyset.keyswitch_keys.iter();
        let keyswitch = keyswitch
            .map(|spec| KeyswitchKernel::mapped(&keyswitch_key::without_words(spec, keyset), place()));
        let keyswitch = keyswitch.collect();
        let bootstrap = keyset.bootstrap_keys.iter();
        let bootstrap =
            bootstrap.map(|spec| BootstrapKernel::mapped(bootstrap_key::shape(spec, keyset), place()));
        let bootstrap = bootstrap.collect();
        Self { belonging: Belonging::new(keyset, identity, origin), keyswitch, bootstrap }
    }

    /// Bytes of each key of a sound key set, keyswitch keys first.
    pub(crate) fn sizes(keyset: &Keyset) -> impl Iterator<Item = u64> {
        let keyswitch = |spec: &KeyswitchKeySpec| {
            let (from, to) = (lwe_dimension(keyset, spec.from), lwe_dimension(keyset, spec.to));
            KeyswitchKernel::key_bytes(from, to, spec.decomposition)
        };
        let bootstrap = |spec: &BootstrapKeySpec| {
            8 * SeededBootstrapKey::words(spec, keyset) * (1 + glwe_shape(keyset, spec.to).dimension.0)
        };
        keyset.keyswitch_keys.iter().map(keyswitch).chain(keyset.bootstrap_keys.iter().map(bootstrap))
    }

    /// The keys as they lie in memory, in the order of [`Self::sizes`].
    pub(crate) fn parts(&self) -> impl Iterator<Item = &[u8]> {
        let bootstrap = self.bootstrap.iter().map(BootstrapKernel::key);
        self.keyswitch.iter().map(KeyswitchKernel::key).chain(bootstrap)
    }

    /// Bytes that the keys of a sound key set take in memory. One batch of scratch memory for each thread comes on top.
    pub fn memory_bytes(keyset: &Keyset) -> u64 {
        Self::sizes(keyset).sum()
    }

    /// Refuses to expand keys that the machine has no memory for.
    pub(crate) fn check_memory(keyset: &Keyset) -> Result<(), TooLittleMemory> {
        memory::check("evaluation keys", keyset.evaluation_key_bytes() + Self::memory_bytes(keyset))
    }
}
