//! Expanded evaluation keys as a file beside the one that they were made of: what the kernels use, as it lies in memory, to be
//! mapped. It is a cache: it belongs to one kind of processor and one layout of kernels, and can be made again at any time.
//!
//! ```text
//! 8 bytes  magic            4 bytes  length of the header        the keys, each from a multiple of 4096 bytes on
//! 4 bytes  layout           header, JSON                         32 bytes SHA-256 of all that is in front
//! ```
//!
//! Whoever maps such a file sees to it that nobody changes it meanwhile.

use super::frame::CHECKSUM;
use super::{FormatError, FormatProblem};
use crate::kernels::{KeyswitchKernel, MappedKey, map};
use crate::keys::{ExpandedKeys, KeyIdentity, Origin};
use cloakwork_abi::spec::Keyset;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

const MAGIC: &[u8; 8] = b"CLOAKEXP";
/// Version of the header and of how kernels order keys. Whoever changes either counts on; a test below notices.
const LAYOUT: u32 = 2;
/// Bytes in front of the header.
const FIXED: usize = 16;
/// Keys begin at multiples of a page.
const PAGE: u64 = 4096;
/// Longest header.
const MAX_HEADER: u64 = 4096;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    /// Fingerprint of the key set.
    keyset: String,
    keys: KeyIdentity,
    origin: Origin,
    /// What the keys were made of.
    source: String,
    /// See [`KeyswitchKernel::planes`].
    planes: u64,
    is_little_endian: bool,
}

/// Whether bytes are compared with their checksum before they are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// This process did so before.
    Before,
    /// Now.
    Now,
}

impl ExpandedKeys {
    /// The most bytes of the file of keys for a sound key set.
    pub fn most_file_bytes(keyset: &Keyset) -> u64 {
        let keys: u64 = Self::sizes(keyset).map(|size| size.next_multiple_of(PAGE)).sum();
        FIXED as u64 + MAX_HEADER + PAGE + keys + CHECKSUM as u64
    }

    /// Writes the file; `source` names what the keys were made of.
    pub fn write_expanded(&self, source: &str, to: &mut dyn Write) -> io::Result<()> {
        let mut to = Hashed { to, hash: Sha256::new(), written: 0 };
        let header = header(self.fingerprint(), (self.identity(), self.origin()), source);
        let header = serde_json::to_vec(&header).map_err(io::Error::from)?;
        to.write_all(MAGIC)?;
        to.write_all(&LAYOUT.to_le_bytes())?;
        to.write_all(&(header.len() as u32).to_le_bytes())?;
        to.write_all(&header)?;
        for part in self.parts() {
            to.fill()?;
            to.write_all(part)?;
        }
        let Hashed { to, hash, .. } = to;
        to.write_all(&hash.finalize())
    }

    /// Maps the file of keys for `keyset` that were made of `source`. Nobody may change it as long as they are used.
    pub fn map(keyset: &Keyset, source: &str, path: &Path, checked: Checked) -> Result<Self, FormatError> {
        mapped(keyset, source, path, checked).map_err(|problem| problem.at(&path.display().to_string()))
    }
}

fn header(keyset: &str, (keys, origin): (KeyIdentity, Origin), source: &str) -> Header {
    Header {
        keyset: keyset.to_owned(),
        keys,
        origin,
        source: source.to_owned(),
        planes: KeyswitchKernel::planes(),
        is_little_endian: cfg!(target_endian = "little"),
    }
}

fn mapped(
    keyset: &Keyset,
    source: &str,
    path: &Path,
    checked: Checked,
) -> Result<ExpandedKeys, FormatProblem> {
    crate::keys::check(keyset).map_err(|error| FormatProblem::Header(error.to_string()))?;
    let file = map(&File::open(path)?)?;
    let (fixed, rest) = file.split_at_checked(FIXED).ok_or(FormatProblem::Truncated)?;
    if !fixed.starts_with(MAGIC) {
        return Err(FormatProblem::Magic { found: fixed[..MAGIC.len()].to_vec() });
    }
    let number = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    let (layout, length) = (number(8), number(12) as usize);
    if layout != LAYOUT {
        return Err(FormatProblem::Header(format!("layout {layout}, here is {LAYOUT}")));
    }
    let found = rest.get(..length).ok_or(FormatProblem::Truncated)?;
    let found: Header =
        serde_json::from_slice(found).map_err(|error| FormatProblem::Header(error.to_string()))?;
    let expected = header(&keyset.fingerprint(), (found.keys, found.origin), source);
    if found != expected {
        return Err(FormatProblem::Header(format!("{found:?} instead of {expected:?}")));
    }
    let mut end = (FIXED + length) as u64;
    let places = ExpandedKeys::sizes(keyset).map(|size| {
        let start = end.next_multiple_of(PAGE);
        end = start + size;
        start as usize..end as usize
    });
    let places: Vec<_> = places.collect();
    match (file.len() as u64).cmp(&(end + CHECKSUM as u64)) {
        std::cmp::Ordering::Less => return Err(FormatProblem::Truncated),
        std::cmp::Ordering::Equal => {}
        std::cmp::Ordering::Greater => return Err(FormatProblem::TooLong),
    }
    let (front, checksum) = file.split_at(end as usize);
    if checked == Checked::Now && Sha256::digest(front).as_slice() != checksum {
        return Err(FormatProblem::Checksum);
    }
    let mut places = places.into_iter();
    let place = || MappedKey { file: file.clone(), bytes: places.next().expect("one for each key") };
    Ok(ExpandedKeys::mapped(keyset, (found.keys, found.origin), place))
}

/// Bytes that are hashed on their way.
struct Hashed<'a> {
    to: &'a mut dyn Write,
    hash: Sha256,
    written: u64,
}

impl Hashed<'_> {
    /// Zeros up to the next page.
    fn fill(&mut self) -> io::Result<()> {
        let zeros = self.written.next_multiple_of(PAGE) - self.written;
        self.write_all(&[0; PAGE as usize][..zeros as usize])
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        // In pieces that are still near when they are written.
        for piece in bytes.chunks(1 << 18) {
            self.hash.update(piece);
            self.to.write_all(piece)?;
        }
        self.written += bytes.len() as u64;
        Ok(())
    }
}
