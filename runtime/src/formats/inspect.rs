//! What a file says about itself, without the program that it belongs to. Its words are not looked at.

use super::frame::{self, ValueHeader};
use super::{FormatError, FormatProblem, Kind, read_file};
use crate::keys::{KeyIdentity, Origin};
use cloakwork_abi::spec::EncodingSpec;
use sha2::{Digest, Sha256};
use std::path::Path;

/// The header of a file of keys or values.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct FileSummary {
    /// What it holds.
    pub kind: Kind,
    /// Fingerprint of the key set that it belongs to.
    pub keyset: String,
    /// Identity of the keys: those in the file, or those that its values are encrypted under.
    pub keys: Option<KeyIdentity>,
    /// Of keys: whether they follow from a known seed.
    pub origin: Option<Origin>,
    /// Of values: name, shape and encoding of each.
    pub values: Vec<(String, Vec<u64>, EncodingSpec)>,
    /// Bytes of the body, as the file says.
    pub body_bytes: u64,
}

/// Reads the header of a file; whether the body is whole shows when the file is used.
pub fn inspect(path: &Path) -> Result<FileSummary, FormatError> {
    read_file(path, |from| {
        let (header, halves) = frame::read_header(from, &mut Sha256::new())?;
        let value = |value: ValueHeader| (value.name, value.shape, value.encoding);
        let body_bytes = halves.checked_mul(4);
        Ok(FileSummary {
            kind: header.kind,
            keyset: header.keyset,
            keys: header.keys,
            origin: header.origin,
            values: header.values.into_iter().map(value).collect(),
            body_bytes: body_bytes
                .ok_or_else(|| FormatProblem::Header(format!("a body of {halves} words")))?,
        })
    })
}
