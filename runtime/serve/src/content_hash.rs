//! Names of files of keys: the SHA-256 that they end with, as 64 hexadecimal digits.

use cloakwork_runtime::formats::CHECKSUM_BYTES;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::str::FromStr;

/// The SHA-256 of some content.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct ContentHash([u8; 32]);

/// Text that is no hash.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no SHA-256, which has 64 hexadecimal digits in lower case")]
pub struct InvalidHash(String);

impl ContentHash {
    /// Of bytes in memory.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// Of a file of keys: of all that is in front of the checksum at its end, which is the same if the file is whole.
    pub fn of_file(bytes: &[u8]) -> Self {
        Self::of(&bytes[..bytes.len().saturating_sub(CHECKSUM_BYTES)])
    }

    #[cfg(feature = "client")]
    /// What a file of keys says that its hash is: its last bytes. The service compares it with what it gets.
    pub(crate) fn said_by(last: [u8; CHECKSUM_BYTES]) -> Self {
        Self(last)
    }

    /// The hash as bytes.
    #[cfg(feature = "server")]
    pub(crate) fn bytes(self) -> [u8; CHECKSUM_BYTES] {
        self.0
    }
}

/// [`ContentHash::of_file`] of bytes as they come.
#[cfg(feature = "server")]
#[derive(Clone)]
pub(crate) struct FileHash {
    hash: Sha256,
    /// Bytes in front of the checksum that are still to come.
    left: u64,
}

#[cfg(feature = "server")]
impl FileHash {
    /// Of a file of so many bytes in all.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { hash: Sha256::new(), left: bytes.saturating_sub(CHECKSUM_BYTES as u64) }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let count = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        self.hash.update(&bytes[..count]);
        self.left -= count as u64;
    }

    pub(crate) fn finish(self) -> ContentHash {
        ContentHash(self.hash.finalize().into())
    }
}

impl FromStr for ContentHash {
    type Err = InvalidHash;

    fn from_str(text: &str) -> Result<Self, InvalidHash> {
        // What is invalid may be long, and comes from outside.
        let invalid = || InvalidHash(text.chars().take(80).collect());
        let is_digit = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if text.len() != 64 || !text.as_bytes().iter().all(is_digit) {
            return Err(invalid());
        }
        let mut bytes = [0; 32];
        for (byte, digits) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            let digits = str::from_utf8(digits).map_err(|_| invalid())?;
            *byte = u8::from_str_radix(digits, 16).map_err(|_| invalid())?;
        }
        Ok(Self(bytes))
    }
}

impl TryFrom<String> for ContentHash {
    type Error = InvalidHash;

    fn try_from(text: String) -> Result<Self, InvalidHash> {
        text.parse()
    }
}

impl From<ContentHash> for String {
    fn from(hash: ContentHash) -> Self {
        hash.to_string()
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(all(feature = "client", feature = "server"))]
    fn files_are_hashed_up_to_their_checksum_however_they_are_cut() {
        let bytes: Vec<u8> = (0..100u8).collect();
        for piece in [1, 7, 32, 67, 68, 69, 100] {
            let mut hash = FileHash::new(100);
            bytes.chunks(piece).for_each(|piece| hash.update(piece));
            assert_eq!(hash.finish(), ContentHash::of(&bytes[..68]));
        }
        assert_eq!(ContentHash::of_file(&bytes), ContentHash::of(&bytes[..68]));
        let whole = [&bytes[..], &ContentHash::of(&bytes).bytes()].concat();
        let last = whole[100..].try_into().expect("32 bytes");
        assert_eq!(ContentHash::of_file(&whole), ContentHash::said_by(last));
    }

    #[test]
    fn only_the_text_of_a_hash_is_one() {
        let hash = ContentHash::of(b"abc");
        let text = hash.to_string();
        assert_eq!(text, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        assert_eq!(text.parse(), Ok(hash));
        let wrong =
            ["", "..", "../../etc/passwd", &text[1..], &text.to_uppercase(), &format!("+{}", &text[1..])];
        wrong.iter().for_each(|text| assert!(text.parse::<ContentHash>().is_err(), "{text}"));
    }
}
