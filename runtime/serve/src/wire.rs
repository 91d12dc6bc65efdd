//! What client and service say to each other besides files: names of headers, and JSON.

use crate::ContentHash;
use serde::{Deserialize, Serialize};

/// Names the keys that a prediction runs with.
pub(crate) const KEYS: &str = "cloakwork-keys";
/// Where an upload goes on.
pub(crate) const UPLOAD_OFFSET: &str = "upload-offset";
/// How long an upload will be.
#[cfg(feature = "server")]
pub(crate) const UPLOAD_LENGTH: &str = "upload-length";
/// Whether an upload is keys already: `true` or `false`.
pub(crate) const UPLOAD_COMPLETE: &str = "upload-complete";
/// Media type of files of keys and values.
pub(crate) const FILES: &str = "application/vnd.cloakwork";
/// Media type of refusals.
#[cfg(feature = "server")]
pub(crate) const PROBLEM: &str = "application/problem+json";
/// Begins the record that takes the place of a result: then its length in 4 bytes, little-endian, and a [`ProblemBody`].
pub(crate) const FAILED_MAGIC: &[u8; 8] = b"CLOAKERR";

/// A refusal.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ProblemBody {
    /// A stable name.
    #[serde(rename = "type")]
    pub(crate) kind: String,
    pub(crate) title: String,
    pub(crate) status: u16,
    /// What was found, and what is allowed.
    pub(crate) detail: String,
}

/// A model that can be called.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelSummary {
    /// Name in paths.
    pub name: String,
    /// Functions that it has.
    pub functions: Vec<String>,
    /// Fingerprint of its key set.
    pub keyset: String,
    /// The most bytes that a file of evaluation keys has.
    pub key_bytes: u64,
    /// Bytes that the keys take in the memory of the service.
    pub key_memory_bytes: u64,
}

/// Answer of `GET /v1/models`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ModelList {
    pub(crate) models: Vec<ModelSummary>,
}

/// Keys that are stored, or on their way.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct KeySummary {
    /// Their name.
    pub sha256: ContentHash,
    /// Fingerprint of the key set.
    pub keyset: String,
    /// Whose keys they are; unknown until they are complete.
    pub identity: Option<String>,
    /// Bytes that are stored.
    pub stored: u64,
    /// Bytes in all.
    pub bytes: u64,
    /// Whether they can be used.
    pub is_complete: bool,
}

/// Answer of `GET /v1/keys`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct KeyList {
    pub(crate) keys: Vec<KeySummary>,
}

/// Begins an upload.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewUpload {
    /// Model that the keys are for.
    pub(crate) model: String,
    pub(crate) sha256: ContentHash,
    pub(crate) bytes: u64,
}
