//! The server's keys: seeded as they travel, and expanded as the kernels use them.
//!
//! A key is kept twice: seeded (a public seed for the masks, and the bodies), small and ready to be
//! written; and as [`ExpandedKeys`], which is all that a run needs. Expansion happens
//! once, at generation or loading, where there is a server. The keys serve every program with their key set.

#[cfg(feature = "server")]
use super::ExpandedKeys;
use super::bootstrap_key::SeededBootstrapKey;
use super::keyswitch_key::SeededKeyswitchKey;
use super::{KeyIdentity, KeySeeds, Origin, SecretKeys, Seeds};
use cloakwork_abi::spec::Keyset;
use std::fmt;
#[cfg(feature = "server")]
use std::ops::Deref;

/// Keyswitch and bootstrap keys of one client for one key set.
pub struct EvaluationKeys {
    keyset: Keyset,
    fingerprint: String,
    identity: KeyIdentity,
    origin: Origin,
    pub(crate) seeded: (Vec<SeededKeyswitchKey>, Vec<SeededBootstrapKey>),
    #[cfg(feature = "server")]
    expanded: ExpandedKeys,
}

impl EvaluationKeys {
    pub(super) fn generate(
        secret: &SecretKeys,
        keyset: &Keyset,
        seeds: &mut Seeds,
        next: &dyn Fn(&str),
    ) -> Self {
        let drawn = KeySeeds::draw(keyset, seeds);
        let mut keyswitch = vec![];
        for (spec, &seed) in keyset.keyswitch_keys.iter().zip(&drawn.keyswitch) {
            next(&spec.name);
            keyswitch.push(SeededKeyswitchKey::generate(spec, secret, seed));
        }
        let mut bootstrap = vec![];
        for (spec, &seed) in keyset.bootstrap_keys.iter().zip(&drawn.bootstrap) {
            next(&spec.name);
            bootstrap.push(SeededBootstrapKey::generate(spec, secret, seed));
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
        let expanded = ExpandedKeys::of_seeded(keyset, (&keyswitch, &bootstrap), identity);
        Self {
            keyset: keyset.clone(),
            fingerprint: keyset.fingerprint(),
            identity,
            origin,
            seeded: (keyswitch, bootstrap),
            #[cfg(feature = "server")]
            expanded,
        }
    }

    /// What a run needs, without what travels.
    #[cfg(feature = "server")]
    pub fn into_expanded(self) -> ExpandedKeys {
        self.expanded
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

#[cfg(feature = "server")]
impl Deref for EvaluationKeys {
    type Target = ExpandedKeys;

    /// What a run takes.
    fn deref(&self) -> &ExpandedKeys {
        &self.expanded
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
