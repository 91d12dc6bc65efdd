//! The server's keys: seeded as they travel, and expanded as the kernels use them.
//!
//! A key is kept twice: seeded (a public seed for the masks, and the bodies), small and ready to be
//! written; and as [`ExpandedKeys`], which is all that a run needs. Expansion happens
//! once, at generation or loading, where there is a server. The keys serve every program with their key set.

#[cfg(feature = "server")]
use super::ExpandedKeys;
use super::belonging::{Belonging, keys_that_belong};
use super::bootstrap_key::SeededBootstrapKey;
use super::keyswitch_key::SeededKeyswitchKey;
use super::{KeyIdentity, KeySeeds, Origin, SecretKeys, Seeds};
use cloakwork_abi::spec::Keyset;

/// Keyswitch and bootstrap keys of one client for one key set.
pub struct EvaluationKeys {
    pub(crate) seeded: (Vec<SeededKeyswitchKey>, Vec<SeededBootstrapKey>),
    /// What a run takes.
    #[cfg(feature = "server")]
    expanded: ExpandedKeys,
    #[cfg(not(feature = "server"))]
    belonging: Belonging,
}

#[cfg(feature = "server")]
keys_that_belong!(EvaluationKeys, expanded: ExpandedKeys);
#[cfg(not(feature = "server"))]
keys_that_belong!(EvaluationKeys, belonging: Belonging);

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
        let belonging = Belonging::new(keyset, identity, origin);
        Self {
            #[cfg(feature = "server")]
            expanded: ExpandedKeys::of_seeded(belonging, (&keyswitch, &bootstrap)),
            #[cfg(not(feature = "server"))]
            belonging,
            seeded: (keyswitch, bootstrap),
        }
    }

    /// What a run needs, without what travels.
    #[cfg(feature = "server")]
    pub fn into_expanded(self) -> ExpandedKeys {
        self.expanded
    }
}
