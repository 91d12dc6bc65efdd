//! Whose keys they are, and for which key set: what keys of every kind say of themselves. They dereference to it.

use super::{KeyIdentity, Origin};
use cloakwork_abi::spec::Keyset;
use std::fmt;

/// Key set, identity and origin of keys.
#[derive(Clone)]
pub struct Belonging {
    keyset: Keyset,
    fingerprint: String,
    identity: KeyIdentity,
    origin: Origin,
}

impl Belonging {
    pub(super) fn new(keyset: &Keyset, identity: KeyIdentity, origin: Origin) -> Self {
        Self { keyset: keyset.clone(), fingerprint: keyset.fingerprint(), identity, origin }
    }

    /// [`Keyset::fingerprint`] of the key set.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// The number that secret keys, the keys made of them and all that they encrypt have in common.
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

impl fmt::Debug for Belonging {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { keyset: _, fingerprint, identity, origin } = self;
        write!(f, "{identity} of key set {fingerprint}, {origin:?}")
    }
}

/// Keys that dereference to what one of their fields says, and show no more of themselves.
macro_rules! keys_that_belong {
    ($keys:ident, $field:ident: $target:ty) => {
        impl std::ops::Deref for $keys {
            type Target = $target;

            fn deref(&self) -> &$target {
                &self.$field
            }
        }

        impl std::fmt::Debug for $keys {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_tuple(stringify!($keys)).field(&self.$field).finish()
            }
        }
    };
}
pub(super) use keys_that_belong;
