//! One argument or result: ciphertexts or clear integers with shape, encoding, and the key set and keys they belong to.

use crate::compact::Compact;
use crate::keys::KeyIdentity;
use crate::seeded::Seeded;
use aligned_vec::{AVec, ConstAlign};
use cloakwork_abi::spec::{EncodingSpec, Keyset, ValueSpec};
use ndarray::ArrayD;
use std::borrow::Cow;

/// Words at a cache line's boundary.
pub(crate) type Words = AVec<u64, ConstAlign<64>>;

/// One argument or result of a program, dense and row-major.
#[derive(Clone, Debug)]
pub struct Value {
    pub(crate) shape: Vec<u64>,
    pub(crate) encoding: EncodingSpec,
    pub(crate) keyset: String,
    /// Of encrypted values only.
    pub(crate) keys: Option<KeyIdentity>,
    pub(crate) data: Data,
}

/// Elements of a [`Value`]; which of the two follows from its encoding.
#[derive(Clone, Debug)]
pub(crate) enum Data {
    /// Clear integers.
    Clear(Vec<i64>),
    /// Ciphertexts of `k·N + 1` words.
    Encrypted(Words),
    /// Fresh ciphertexts, of which the last words are here.
    Seeded(Seeded),
    /// Fresh ciphertexts of a public key, which share masks.
    Compact(Compact),
}

impl Value {
    /// Sizes of the axes; empty for a scalar.
    pub fn shape(&self) -> &[u64] {
        &self.shape
    }

    /// How elements are represented.
    pub fn encoding(&self) -> EncodingSpec {
        self.encoding
    }

    /// Fingerprint of the key set.
    pub fn fingerprint(&self) -> &str {
        &self.keyset
    }

    /// Identity of the keys that it is encrypted under; none for clear values.
    pub fn keys(&self) -> Option<KeyIdentity> {
        self.keys
    }

    /// Words of all ciphertexts, of fresh ones the last of each and the masks that they share; none for clear values.
    pub fn words(&self) -> &[u64] {
        match &self.data {
            Data::Clear(_) => &[],
            Data::Encrypted(words) => words,
            Data::Seeded(seeded) => &seeded.bodies,
            Data::Compact(list) => &list.0,
        }
    }

    /// Clear elements; none for encrypted values.
    pub fn clear(&self) -> &[i64] {
        match &self.data {
            Data::Clear(elements) => elements,
            Data::Encrypted(_) | Data::Seeded(_) | Data::Compact(_) => &[],
        }
    }

    /// An argument that a program takes in the clear.
    pub fn of_clear(values: &ArrayD<i64>) -> Self {
        Self {
            shape: values.shape().iter().map(|&size| size as u64).collect(),
            encoding: EncodingSpec::Clear,
            keyset: String::new(),
            keys: None,
            data: Data::Clear(values.iter().copied().collect()),
        }
    }

    #[cfg(feature = "server")]
    /// A value of zeros for `spec`; if it is encrypted, then under `keys` with that fingerprint.
    pub(crate) fn zeros(spec: &ValueSpec, keyset: &Keyset, (fingerprint, keys): (&str, KeyIdentity)) -> Self {
        let (data, keys) = match spec.encoding {
            EncodingSpec::Clear => (Data::Clear(vec![0; spec.items()]), None),
            EncodingSpec::Encrypted { key, .. } => {
                let zeros = std::iter::repeat_n(0, spec.items() * words_of(keyset, key));
                (Data::Encrypted(AVec::from_iter(64, zeros)), Some(keys))
            }
        };
        let (shape, keyset) = (spec.shape.clone(), fingerprint.to_owned());
        Self { shape, encoding: spec.encoding, keyset, keys, data }
    }

    /// A value that fits `spec`, with all words of its ciphertexts.
    pub(crate) fn expanded(&self, spec: &ValueSpec, keyset: &Keyset) -> Cow<'_, Self> {
        let EncodingSpec::Encrypted { key, .. } = spec.encoding else { return Cow::Borrowed(self) };
        let words = words_of(keyset, key);
        let data = Data::Encrypted(match &self.data {
            Data::Seeded(seeded) => seeded.expand(words),
            Data::Compact(list) => list.expand(spec.items(), words),
            Data::Clear(_) | Data::Encrypted(_) => return Cow::Borrowed(self),
        });
        let (shape, keyset) = (self.shape.clone(), self.keyset.clone());
        Cow::Owned(Self { shape, encoding: self.encoding, keyset, keys: self.keys, data })
    }

    /// The keys of this value, if they are others than `keys`.
    pub(crate) fn other_keys(&self, keys: KeyIdentity) -> Option<KeyIdentity> {
        self.keys.filter(|&own| own != keys)
    }

    /// Why this value cannot stand where `spec` asks for one.
    pub(crate) fn mismatch(&self, spec: &ValueSpec, keyset: &Keyset, fingerprint: &str) -> Option<Mismatch> {
        let differs = |what: &'static str, found: String, expected: String| {
            (found != expected).then(|| Mismatch { name: spec.name.clone(), what, found, expected })
        };
        let length = match &self.data {
            Data::Clear(elements) => format!("{} clear elements", elements.len()),
            Data::Encrypted(words) => format!("{} words", words.len()),
            Data::Seeded(seeded) => format!("{} bodies", seeded.bodies.len()),
            Data::Compact(list) => format!("a list of {} words", list.0.len()),
        };
        let expected_length = match spec.encoding {
            EncodingSpec::Clear => format!("{} clear elements", spec.items()),
            EncodingSpec::Encrypted { key, .. } => match &self.data {
                Data::Seeded(_) => format!("{} bodies", spec.items()),
                Data::Compact(_) => match Compact::words(spec, keyset) {
                    Some(words) => format!("a list of {words} words"),
                    None => "none of a public key".to_owned(),
                },
                Data::Clear(_) | Data::Encrypted(_) => {
                    format!("{} words", spec.items() * words_of(keyset, key))
                }
            },
        };
        let is_encrypted = matches!(spec.encoding, EncodingSpec::Encrypted { .. });
        differs("shape", format!("{:?}", self.shape), format!("{:?}", spec.shape))
            .or_else(|| differs("encoding", format!("{:?}", self.encoding), format!("{:?}", spec.encoding)))
            .or_else(|| {
                is_encrypted
                    .then(|| differs("key set", self.keyset.clone(), fingerprint.to_owned()))
                    .flatten()
            })
            .or_else(|| differs("length", length, expected_length))
    }
}

/// Words of a ciphertext under secret key `key` of a sound key set.
pub(crate) fn words_of(keyset: &Keyset, key: usize) -> usize {
    keyset.secret_keys[key].shape.lwe_dimension().0 as usize + 1
}

/// A value that does not fit its specification.
#[derive(Debug, thiserror::Error)]
#[error("`{name}` has {what} {found}, the program takes {expected}")]
pub struct Mismatch {
    /// Argument or result.
    pub name: String,
    /// What differs.
    pub what: &'static str,
    /// What it is.
    pub found: String,
    /// What it should be.
    pub expected: String,
}
