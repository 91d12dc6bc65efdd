//! The frame around every file: magic, version, header, words, checksum.
//!
//! ```text
//! 8 bytes  magic            4 bytes  length of the header        words, little-endian
//! 4 bytes  version          8 bytes  number of 32-bit halves     32 bytes SHA-256 of all that is in front
//!                           header, JSON
//! ```

use super::{FORMAT_VERSION, FormatProblem, Kind, OLDEST_FORMAT_VERSION};
use crate::keys::{KeyIdentity, Origin};
use cloakwork_abi::spec::{EncodingSpec, Keyset};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{ErrorKind, Read, Seek, Write};
use zeroize::Zeroizing;

const MAGIC: &[u8; 8] = b"CLOAKWRK";
/// Bytes in front of the header.
pub(super) const FIXED: usize = 24;
/// Bytes behind the body.
pub(super) const CHECKSUM: usize = 32;
/// Longest header.
const MAX_HEADER_BYTES: u32 = 1 << 20;
/// Bytes that are read at a time, so that a file that lies about its length costs little memory.
const PIECE: usize = 4 << 20;

/// The header of a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Fingerprint of the key set.
    pub(super) keyset: String,
    /// In all files but those of clear values alone.
    pub(super) keys: Option<KeyIdentity>,
    /// Only in files of keys.
    pub(super) origin: Option<Origin>,
    /// What `keyset` is the fingerprint of; only in files of keys.
    pub(super) parameters: Option<Keyset>,
    /// Public seeds of evaluation keys, keyswitch keys first.
    pub(super) seeds: Vec<String>,
    pub(super) values: Vec<ValueHeader>,
}

/// An argument or result in a file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ValueHeader {
    pub(super) name: String,
    pub(super) shape: Vec<u64>,
    pub(super) encoding: EncodingSpec,
    /// Public seed of its masks, if it was just encrypted: the body then has the last words of its ciphertexts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) seed: Option<String>,
    /// Whether the body has a list of a public key: the masks that its ciphertexts share, then their last words.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(super) compact: bool,
}

impl Header {
    /// The oldest version of the layout that has what is in the file: 4 came with lists of public keys.
    fn version(&self) -> u32 {
        match self.values.iter().any(|value| value.compact) {
            true => FORMAT_VERSION,
            false => OLDEST_FORMAT_VERSION,
        }
    }
}

/// The bytes of a file; `body` appends as many 32-bit halves as `halves` says.
pub(super) fn write(header: &Header, halves: u64, body: impl FnOnce(&mut Vec<u8>)) -> Zeroizing<Vec<u8>> {
    let front = front(header, halves);
    let mut bytes = Zeroizing::new(Vec::with_capacity(front.len() + halves as usize * 4 + CHECKSUM));
    bytes.extend_from_slice(&front);
    let start = bytes.len();
    body(&mut bytes);
    assert_eq!((bytes.len() - start) as u64, halves * 4, "the body has the length that the frame says");
    let checksum = Sha256::digest(bytes.as_slice());
    bytes.extend_from_slice(&checksum);
    bytes
}

/// All that is in front of the body.
fn front(header: &Header, halves: u64) -> Vec<u8> {
    let version = header.version();
    let header = serde_json::to_vec(header).expect("a header is plain data");
    let mut bytes = Vec::with_capacity(FIXED + header.len());
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&version.to_le_bytes());
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&halves.to_le_bytes());
    bytes.extend_from_slice(&header);
    bytes
}

/// A frame that is written piece by piece.
pub(super) struct FrameWriter<'w> {
    to: &'w mut dyn Write,
    hash: Sha256,
    /// Bytes of the body that are still to come.
    left: u64,
}

impl<'w> FrameWriter<'w> {
    /// Writes all that is in front of the body, which will have as many 32-bit halves as `halves` says.
    pub(super) fn begin(to: &'w mut dyn Write, header: &Header, halves: u64) -> std::io::Result<Self> {
        let front = front(header, halves);
        to.write_all(&front)?;
        Ok(Self { to, hash: Sha256::new_with_prefix(front), left: halves * 4 })
    }

    /// Writes a piece of the body.
    pub(super) fn push(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.hash.update(bytes);
        self.left -= bytes.len() as u64;
        self.to.write_all(bytes)
    }

    /// Writes what is behind the body.
    pub(super) fn end(self) -> std::io::Result<()> {
        assert_eq!(self.left, 0, "the body has the length that the frame says");
        self.to.write_all(&self.hash.finalize())
    }
}

/// Reads a frame. `halves` checks the header and says how long the body must be.
pub(super) fn read(
    from: &mut dyn Read,
    (kind, keyset): (Kind, &str),
    halves: impl FnOnce(&Header) -> Result<u64, FormatProblem>,
) -> Result<(Header, Zeroizing<Vec<u8>>), FormatProblem> {
    let mut hash = Sha256::new();
    let (header, length) = read_expected(from, &mut hash, (kind, keyset), halves)?;
    let body = body(from, length, &mut hash)?;
    Ok((header, body))
}

/// What [`read`] checks, of bytes whose front was hashed before: reads the header and the checksum alone. `front` is the
/// SHA-256 of all but the last [`CHECKSUM`] bytes.
pub(super) fn verify_hashed<R: Read + Seek>(
    from: &mut R,
    front: [u8; CHECKSUM],
    (kind, keyset): (Kind, &str),
    halves: impl FnOnce(&Header) -> Result<u64, FormatProblem>,
) -> Result<Header, FormatProblem> {
    let (header, body) = read_expected(from, &mut Sha256::new(), (kind, keyset), halves)?;
    from.seek_relative(i64::try_from(body).map_err(|_| FormatProblem::Truncated)?)?;
    end(from, front)?;
    Ok(header)
}

/// The header of the expected file, and bytes of its body.
fn read_expected(
    from: &mut dyn Read,
    hash: &mut Sha256,
    (kind, keyset): (Kind, &str),
    halves: impl FnOnce(&Header) -> Result<u64, FormatProblem>,
) -> Result<(Header, usize), FormatProblem> {
    let (header, found) = read_header(from, hash)?;
    if header.kind != kind {
        return Err(FormatProblem::Kind { found: header.kind, expected: kind });
    }
    if header.keyset != keyset {
        return Err(FormatProblem::Foreign { found: header.keyset, expected: keyset.to_owned() });
    }
    let expected = halves(&header)?;
    if found != expected {
        let (found, expected) = (format!("{found} words of 32 bits"), expected.to_string());
        return Err(FormatProblem::Mismatch { what: "a body of", found, expected });
    }
    // More bytes than there can be are not there.
    let length = usize::try_from(expected).ok().and_then(|halves| halves.checked_mul(4));
    Ok((header, length.ok_or(FormatProblem::Truncated)?))
}

/// Reads what stands before the body: the header, and how many 32-bit halves the body has.
pub(super) fn read_header(from: &mut dyn Read, hash: &mut Sha256) -> Result<(Header, u64), FormatProblem> {
    let mut fixed = [0; FIXED];
    exactly(from, &mut fixed)?;
    hash.update(fixed);
    let (header_length, found) = lengths(&fixed)?;
    let mut header = vec![0; header_length as usize];
    exactly(from, &mut header)?;
    hash.update(&header);
    let header: Header =
        serde_json::from_slice(&header).map_err(|error| FormatProblem::Header(error.to_string()))?;
    Ok((header, found))
}

fn body(from: &mut dyn Read, length: usize, hash: &mut Sha256) -> Result<Zeroizing<Vec<u8>>, FormatProblem> {
    let mut body = Zeroizing::new(Vec::new());
    while body.len() < length {
        let start = body.len();
        // Growth by a new allocation, so that no unwiped copy of a secret stays behind.
        let end = length.min((2 * start).max(PIECE));
        let mut grown = Zeroizing::new(vec![0; end]);
        grown[..start].copy_from_slice(&body);
        exactly(from, &mut grown[start..])?;
        hash.update(&grown[start..]);
        body = grown;
    }
    end(from, hash.clone().finalize().into())?;
    Ok(body)
}

/// The checksum is that of what was read, and nothing follows.
fn end(from: &mut dyn Read, front: [u8; CHECKSUM]) -> Result<(), FormatProblem> {
    let mut checksum = [0; CHECKSUM];
    exactly(from, &mut checksum)?;
    if front != checksum {
        return Err(FormatProblem::Checksum);
    }
    match from.read(&mut [0])? {
        0 => Ok(()),
        _ => Err(FormatProblem::TooLong),
    }
}

fn exactly(from: &mut dyn Read, bytes: &mut [u8]) -> Result<(), FormatProblem> {
    from.read_exact(bytes).map_err(|error| match error.kind() {
        ErrorKind::UnexpectedEof => FormatProblem::Truncated,
        _ => FormatProblem::Io(error),
    })
}

/// The most bytes of a frame with such a body.
pub(super) fn most_bytes(halves: u64) -> u64 {
    (FIXED + MAX_HEADER_BYTES as usize + CHECKSUM) as u64 + 4 * halves
}

/// Bytes of the frame that begins with `fixed`, as it says itself: who reads frames from a stream compares them with
/// what is allowed before the rest is read.
pub(super) fn bytes_said(fixed: &[u8; FIXED]) -> Result<u64, FormatProblem> {
    let (header_length, halves) = lengths(fixed)?;
    let body = halves.checked_mul(4).filter(|bytes| *bytes <= u64::MAX / 2);
    let body = body.ok_or_else(|| FormatProblem::Header(format!("a body of {halves} words")))?;
    Ok((FIXED + CHECKSUM) as u64 + u64::from(header_length) + body)
}

/// Bytes of the header and halves of the body, from the start of a frame of a version that is known.
fn lengths(fixed: &[u8; FIXED]) -> Result<(u32, u64), FormatProblem> {
    let [magic @ .., _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _] = fixed;
    if super::is_under_passphrase(fixed) {
        return Err(FormatProblem::Sealed);
    }
    if magic != MAGIC {
        return Err(FormatProblem::Magic { found: magic.to_vec() });
    }
    let number = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let (version, header_length) = (number(8), number(12));
    let halves = u64::from(number(16)) | u64::from(number(20)) << 32;
    if !(OLDEST_FORMAT_VERSION..=FORMAT_VERSION).contains(&version) {
        return Err(FormatProblem::Version { found: version });
    }
    if header_length > MAX_HEADER_BYTES {
        return Err(FormatProblem::Header(format!(
            "it has {header_length} bytes, allowed are {MAX_HEADER_BYTES}"
        )));
    }
    Ok((header_length, halves))
}

/// Appends words, lowest byte first.
pub(super) fn push_words(bytes: &mut Vec<u8>, words: &[u64]) {
    bytes.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// Takes `count` words off the front of `bytes`, which must hold them.
pub(super) fn take_words(bytes: &mut &[u8], count: usize) -> impl Iterator<Item = u64> {
    let (words, rest) = bytes.split_at(count * 8);
    *bytes = rest;
    words.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes")))
}

/// [`take_words`] of 32 bits.
pub(super) fn take_halves(bytes: &mut &[u8], count: usize) -> impl Iterator<Item = u32> {
    let (words, rest) = bytes.split_at(count * 4);
    *bytes = rest;
    words.chunks_exact(4).map(|word| u32::from_le_bytes(word.try_into().expect("four bytes")))
}
