//! The server's keys: seeded as they travel, expanded as the kernels use them.
//!
//! A key is kept twice: seeded (a public seed for the masks, and the bodies), small and ready to be
//! written; and expanded in the kernels, bootstrap keys in the Fourier domain. Expansion happens
//! once, at generation or loading, where there is a server. The keys serve every program with their key set.

use super::bootstrap_key::SeededBootstrapKey;
use super::check::{glwe_shape, lwe_dimension};
use super::keyswitch_key::SeededKeyswitchKey;
use super::{KeyIdentity, Origin, SecretKeys, Seeds};
#[cfg(feature = "server")]
use crate::kernels::{BootstrapKernel, KeyswitchKernel};
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset, KeyswitchKeySpec};
use std::fmt;

/// Keyswitch and bootstrap keys of one client for one key set.
pub struct EvaluationKeys {
    keyset: Keyset,
    fingerprint: String,
    identity: KeyIdentity,
    origin: Origin,
    pub(crate) seeded: (Vec<SeededKeyswitchKey>, Vec<SeededBootstrapKey>),
    #[cfg(feature = "server")]
    pub(crate) keyswitch: Vec<KeyswitchKernel>,
    #[cfg(feature = "server")]
    pub(crate) bootstrap: Vec<BootstrapKernel>,
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
        #[cfg(feature = "server")]
        let (keyswitch_kernels, bootstrap_kernels) = kernels(keyset, (&keyswitch, &bootstrap));
        Self {
            keyset: keyset.clone(),
            fingerprint: keyset.fingerprint(),
            identity,
            origin,
            seeded: (keyswitch, bootstrap),
            #[cfg(feature = "server")]
            keyswitch: keyswitch_kernels,
            #[cfg(feature = "server")]
            bootstrap: bootstrap_kernels,
        }
    }

    /// Bytes that the keys of a sound key set take in memory, seeded and expanded. One batch of scratch memory for each
    /// thread comes on top, and once more as much while keys are read.
    pub fn memory_bytes(keyset: &Keyset) -> u64 {
        let keyswitch = |spec: &KeyswitchKeySpec| {
            let rows = lwe_dimension(keyset, spec.from).0 * u64::from(spec.decomposition.level);
            let columns = (lwe_dimension(keyset, spec.to).0 + 1).next_multiple_of(16);
            4 * (SeededKeyswitchKey::words(spec, keyset) + rows * columns)
        };
        let bootstrap = |spec: &BootstrapKeySpec| {
            let words = SeededBootstrapKey::words(spec, keyset);
            8 * words * (2 + glwe_shape(keyset, spec.to).dimension.0)
        };
        let keyswitches: u64 = keyset.keyswitch_keys.iter().map(keyswitch).sum();
        keyswitches + keyset.bootstrap_keys.iter().map(bootstrap).sum::<u64>()
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

/// Ready to run.
#[cfg(feature = "server")]
fn kernels(
    keyset: &Keyset,
    (keyswitch, bootstrap): (&[SeededKeyswitchKey], &[SeededBootstrapKey]),
) -> (Vec<KeyswitchKernel>, Vec<BootstrapKernel>) {
    let pairs = keyset.keyswitch_keys.iter().zip(keyswitch);
    let keyswitch = pairs.map(|(spec, key)| KeyswitchKernel::new(key.expand(spec, keyset))).collect();
    let pairs = keyset.bootstrap_keys.iter().zip(bootstrap);
    let bootstrap = pairs.map(|(spec, key)| BootstrapKernel::new(key.expand(spec, keyset))).collect();
    (keyswitch, bootstrap)
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
