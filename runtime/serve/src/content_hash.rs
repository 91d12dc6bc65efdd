//! SHA-256 of a file, which is its name: 64 hexadecimal digits.

#[cfg(feature = "server")]
use cloakwork_runtime::formats::CHECKSUM_BYTES;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt;
use std::io::Read;
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
        Self::finish(Sha256::new_with_prefix(bytes))
    }

    /// Of all that a reader gives.
    pub fn of_reader(from: &mut dyn Read) -> std::io::Result<Self> {
        let mut hash = Sha256::new();
        let mut piece = vec![0; 1 << 20];
        loop {
            match from.read(&mut piece)? {
                0 => return Ok(Self::finish(hash)),
                count => hash.update(&piece[..count]),
            }
        }
    }

    pub(crate) fn finish(hash: Sha256) -> Self {
        Self(hash.finalize().into())
    }
}

/// The hash of a file of keys and that of its front, which its own checksum must be, in one pass as the bytes come.
#[cfg(feature = "server")]
#[derive(Clone)]
pub(crate) struct KeysHash {
    hash: Sha256,
    /// Bytes of the front that are still to come.
    left: u64,
    front: Option<[u8; CHECKSUM_BYTES]>,
}

#[cfg(feature = "server")]
impl KeysHash {
    /// Of a file of so many bytes in all.
    pub(crate) fn new(bytes: u64) -> Self {
        Self { hash: Sha256::new(), left: bytes.saturating_sub(CHECKSUM_BYTES as u64), front: None }
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        let of_front = bytes.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let (front, rest) = bytes.split_at(of_front);
        self.hash.update(front);
        self.left -= front.len() as u64;
        if self.left == 0 && self.front.is_none() {
            self.front = Some(self.hash.clone().finalize().into());
        }
        self.hash.update(rest);
    }

    /// The name of the whole, and the SHA-256 of its front.
    pub(crate) fn finish(self) -> (ContentHash, [u8; CHECKSUM_BYTES]) {
        (ContentHash::finish(self.hash), self.front.unwrap_or_default())
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
    #[cfg(feature = "server")]
    fn the_front_is_hashed_in_the_same_pass_however_bytes_are_cut() {
        let bytes: Vec<u8> = (0..100u8).collect();
        for piece in [1, 7, 32, 67, 68, 69, 100] {
            let mut hash = KeysHash::new(100);
            bytes.chunks(piece).for_each(|piece| hash.update(piece));
            let (whole, front) = hash.finish();
            assert_eq!((whole, ContentHash(front)), (ContentHash::of(&bytes), ContentHash::of(&bytes[..68])));
        }
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
