//! Ed25519 signatures of artifacts. Keys are PEM files as OpenSSL writes them.

use ed25519_dalek::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePublicKey};
use ed25519_dalek::{Signature as Ed25519, Signer, SigningKey, VerifyingKey};
use std::fmt;

/// Bytes of a public key with a signature.
pub(super) const SIGNATURE_BYTES: usize = 32 + 64;

/// In front of what is signed, so that the signature stands for nothing else.
const DOMAIN: &[u8] = b"Cloakwork artifact, signature 1\0";

/// A private key that signs artifacts; wiped from memory when dropped.
pub struct SignatureKey(SigningKey);

/// Whose signature is trusted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedKey(VerifyingKey);

/// Who signed an artifact, and with what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Signature {
    key: VerifyingKey,
    signature: Ed25519,
}

/// Text that is no key.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("it is no Ed25519 {kind} key in PEM: {problem}; make one with `openssl {advice}`")]
pub struct InvalidKey {
    kind: &'static str,
    problem: String,
    advice: &'static str,
}

impl SignatureKey {
    /// The key in a file such as `openssl genpkey -algorithm ed25519` writes.
    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        SigningKey::from_pkcs8_pem(text).map(Self).map_err(|error| InvalidKey {
            kind: "private",
            problem: error.to_string(),
            advice: "genpkey -algorithm ed25519 -out KEY",
        })
    }

    /// The other half.
    pub fn public(&self) -> TrustedKey {
        TrustedKey(self.0.verifying_key())
    }

    pub(super) fn sign(&self, head: &[u8]) -> Signature {
        Signature { key: self.0.verifying_key(), signature: self.0.sign(&message(head)) }
    }
}

impl TrustedKey {
    /// The key in a file such as `openssl pkey -in KEY -pubout` writes.
    pub fn from_pem(text: &str) -> Result<Self, InvalidKey> {
        VerifyingKey::from_public_key_pem(text).map(Self).map_err(|error| InvalidKey {
            kind: "public",
            problem: error.to_string(),
            advice: "pkey -in KEY -pubout -out PUBLIC",
        })
    }

    /// The key as [`Self::from_pem`] reads it.
    pub fn to_pem(&self) -> String {
        self.0.to_public_key_pem(Default::default()).expect("a key has a PEM form")
    }
}

impl fmt::Display for TrustedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.to_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl Signature {
    /// From the bytes in a file; `None` if they are no key.
    pub(super) fn from_bytes(bytes: &[u8; SIGNATURE_BYTES]) -> Option<Self> {
        let (key, signature) = bytes.split_first_chunk::<32>()?;
        let key = VerifyingKey::from_bytes(key).ok()?;
        Some(Self { key, signature: Ed25519::from_slice(signature).ok()? })
    }

    pub(super) fn to_bytes(&self) -> Vec<u8> {
        [&self.key.to_bytes()[..], &self.signature.to_bytes()].concat()
    }

    pub(super) fn key(&self) -> TrustedKey {
        TrustedKey(self.key)
    }

    /// Whether it is one of that key on `head`.
    pub(super) fn holds(&self, head: &[u8]) -> bool {
        self.key.verify_strict(&message(head), &self.signature).is_ok()
    }
}

fn message(head: &[u8]) -> Vec<u8> {
    [DOMAIN, head].concat()
}
