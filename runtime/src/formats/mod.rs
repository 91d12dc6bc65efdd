//! Keys and values as bytes and files.
//!
//! Every file is one frame: magic, version, a JSON header of limited length, the words, a checksum. A reader knows
//! from the key set how many words to expect, so nothing is allocated on the word of the file. Files appear
//! under their name only when complete.

#[cfg(feature = "server")]
mod expanded;
mod frame;
mod generated;
mod inspect;
mod keys;
mod passphrase;
mod values;

use crate::keys::KeyIdentity;
use crate::output_file::{self, Content};
use cloakwork_abi::release::OtherRelease;
use std::path::Path;

#[cfg(feature = "server")]
pub use expanded::Checked;
pub use generated::generate_to_file;
pub use inspect::{FileSummary, inspect};
pub use keys::{is_under_passphrase, keyset_from_bytes, read_keyset};
pub use passphrase::{EmptyPassphrase, Passphrase};
pub use values::{
    most_values_bytes, read_arguments, read_values, value_from_bytes, value_to_bytes, values_from_bytes,
    values_to_bytes, write_values,
};

/// Newest version of the layout of files that is read. A file is written in the oldest that has what is in it.
pub const FORMAT_VERSION: u32 = 4;
/// Oldest version that is read.
pub const OLDEST_FORMAT_VERSION: u32 = 3;

/// What a file holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Secret keys: not for others.
    SecretKeys,
    /// Evaluation keys, for the server.
    EvaluationKeys,
    /// A public key, for whoever encrypts for its owner.
    PublicKey,
    /// Arguments or results.
    Values,
}

/// A file that was not read or written, and why.
#[derive(Debug, thiserror::Error)]
#[error("`{place}`: {problem}")]
pub struct FormatError {
    /// File, or what the bytes are.
    pub place: String,
    /// What is wrong.
    pub problem: FormatProblem,
}

/// What is wrong with a file.
#[derive(Debug, thiserror::Error)]
pub enum FormatProblem {
    /// The system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Not a file of this project.
    #[error("this is no file of Cloakwork: the first bytes are {found:?}")]
    Magic {
        /// First bytes.
        found: Vec<u8>,
    },
    /// Another layout.
    #[error("{}", other_release(*.found))]
    Version {
        /// Version in the file.
        found: u32,
    },
    /// Fewer bytes than the file says.
    #[error("the file is cut short; copy or write it again")]
    Truncated,
    /// More bytes than the file says.
    #[error("the file goes on after its end; copy or write it again")]
    TooLong,
    /// A header that is not understood.
    #[error("the header cannot be read: {0}; the file is damaged")]
    Header(String),
    /// Another kind of file.
    #[error("the file holds {found:?}, expected are {expected:?}")]
    Kind {
        /// In the file.
        found: Kind,
        /// Asked for.
        expected: Kind,
    },
    /// Made for another key set.
    #[error(
        "the file belongs to key set {found}, the program to {expected}; use the files that were made for this program"
    )]
    Foreign {
        /// In the file.
        found: String,
        /// Asked for.
        expected: String,
    },
    /// Names, shapes or sizes that the program does not have.
    #[error("the file has {what} {found}, the program takes {expected}")]
    Mismatch {
        /// What differs.
        what: &'static str,
        /// In the file.
        found: String,
        /// Asked for.
        expected: String,
    },
    /// Values of several clients.
    #[error(
        "`{name}` is encrypted under keys {found}, a value before it under {expected}; a file holds values of one client"
    )]
    MixedKeys {
        /// Argument or result.
        name: String,
        /// Its keys.
        found: KeyIdentity,
        /// Keys of the first encrypted value.
        expected: KeyIdentity,
    },
    /// The machine has too little memory for what the file holds.
    #[cfg(feature = "server")]
    #[error(transparent)]
    Memory(#[from] crate::memory::TooLittleMemory),
    /// Secret keys under a passphrase, and none is given.
    #[error(
        "the secret keys are encrypted under a passphrase; name the file that it is in, on the command line with `--passphrase-file`"
    )]
    Sealed,
    /// A passphrase that does not open the file.
    #[error("the passphrase does not open it: {0}")]
    Passphrase(String),
    /// Bits that changed.
    #[error("the checksum does not match: the file is damaged; copy or write it again")]
    Checksum,
}

fn other_release(found: u32) -> OtherRelease {
    OtherRelease {
        what: "the file",
        found: u64::from(found),
        oldest: u64::from(OLDEST_FORMAT_VERSION),
        newest: u64::from(FORMAT_VERSION),
        again: "make keys and encrypt again with this release",
    }
}

impl FormatProblem {
    fn at(self, place: &str) -> FormatError {
        FormatError { place: place.to_owned(), problem: self }
    }
}

/// Bytes in front of the header of a file.
pub const START_BYTES: usize = frame::FIXED;

/// Bytes behind the body of a file: the SHA-256 of all that is in front of them.
pub const CHECKSUM_BYTES: usize = frame::CHECKSUM;

/// Bytes of the file that begins with `start`, as it says itself. Who reads files from a stream compares them with the
/// most that is allowed before the rest is read.
pub fn bytes_said(start: &[u8; START_BYTES]) -> Result<u64, FormatError> {
    frame::bytes_said(start).map_err(|problem| problem.at("bytes"))
}

/// Writes `bytes` as [`crate::output_file`] says.
fn write_file(path: &Path, bytes: &[u8], content: Content) -> Result<(), FormatError> {
    let written = output_file::write(path, bytes, content);
    written.map_err(|error| FormatProblem::Io(error).at(&path.display().to_string()))
}

/// Opens `path` and hands it to `read`.
fn read_file<T>(
    path: &Path,
    read: impl FnOnce(&mut dyn std::io::Read) -> Result<T, FormatProblem>,
) -> Result<T, FormatError> {
    let open = || read(&mut std::io::BufReader::with_capacity(1 << 20, std::fs::File::open(path)?));
    open().map_err(|problem| problem.at(&path.display().to_string()))
}
