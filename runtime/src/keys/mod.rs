//! Keys of a key set: the client's secrets, and what a server needs to compute.
//!
//! [`generate`] makes both. Evaluation keys hold noise of the secret key they lead to; every key carries the
//! fingerprint of the key set it was made for, and the identity that it shares with the keys made along with it.

mod belonging;
mod bootstrap_key;
mod check;
mod evaluation;
#[cfg(feature = "server")]
mod expanded;
mod identity;
mod keyswitch_key;
mod noise;
mod public;
mod randomness;
mod secret;
mod secret_product;
mod stream;
#[cfg(test)]
#[cfg(feature = "server")]
pub(crate) mod tests;

use cloakwork_abi::spec::Keyset;

pub use belonging::Belonging;
pub(crate) use bootstrap_key::{NewBootstrapKey, SeededBootstrapKey};
pub(crate) use check::check;
#[cfg(feature = "server")]
pub(crate) use check::{MIN_POLYNOMIAL_SIZE, is_served};
pub use evaluation::EvaluationKeys;
#[cfg(feature = "server")]
pub use expanded::ExpandedKeys;
pub use identity::{InvalidIdentity, KeyIdentity};
pub(crate) use keyswitch_key::SeededKeyswitchKey;
pub use public::PublicKey;
pub(crate) use public::{SeededPublicKey, with_public_key};
pub(crate) use randomness::{KeySeed, KeySeeds, Seeds};
pub use randomness::{Origin, Randomness};
pub(crate) use secret::SecretKey;
pub use secret::SecretKeys;
pub(crate) use stream::Stream;

/// How far [`generate`] is, told before each key and once at the end.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Name of the key that comes next; empty at the end.
    pub key: &'a str,
    /// Keys that are ready.
    pub done: usize,
    /// Keys in all.
    pub total: usize,
}

/// Why keys could not be made.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A key set that did not come through `ProgramSpec::from_json`.
    #[error("the key set is not sound: {0}; take it from a spec that `ProgramSpec::from_json` accepted")]
    Keyset(String),
    /// They cannot be written.
    #[error(transparent)]
    Write(Box<crate::formats::FormatError>),
    /// The machine has too little memory.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Memory(#[from] crate::memory::TooLittleMemory),
}

/// New keys for `keyset`, in parallel on the current rayon pool.
///
/// The evaluation keys are ready to run: their bootstrap keys are in the Fourier domain.
pub fn generate(
    keyset: &Keyset,
    randomness: Randomness,
    progress: &dyn Fn(Progress<'_>),
) -> Result<(SecretKeys, EvaluationKeys), KeyError> {
    check(keyset)?;
    #[cfg(feature = "server")]
    ExpandedKeys::check_memory(keyset)?;
    counted(keyset, progress, |next| {
        let mut seeds = randomness.seeds();
        let secret_keys = SecretKeys::generate(keyset, &mut seeds, next);
        let evaluation_keys = EvaluationKeys::generate(&secret_keys, keyset, &mut seeds, next);
        Ok((secret_keys, evaluation_keys))
    })
}

/// Tells `progress` of each key that `make` begins, and of the end.
pub(crate) fn counted<K>(
    keyset: &Keyset,
    progress: &dyn Fn(Progress<'_>),
    make: impl FnOnce(&dyn Fn(&str)) -> Result<K, KeyError>,
) -> Result<K, KeyError> {
    let total = keyset.secret_keys.len() + keyset.keyswitch_keys.len() + keyset.bootstrap_keys.len();
    let done = std::cell::Cell::new(0);
    let made = make(&|key| {
        progress(Progress { key, done: done.get(), total });
        done.set(done.get() + 1);
    })?;
    progress(Progress { key: "", done: total, total });
    Ok(made)
}
