//! An upload: bytes that are appended, hashed as they come, and checked when complete.

use super::StoredKeys;
use super::folder::{TenantFolder, remove};
use crate::ContentHash;
use crate::problem::{Kind, Problem};
use cloakwork_abi::spec::Keyset;
use cloakwork_runtime::EvaluationKeys;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

/// A file that grows.
pub(crate) struct Upload {
    description: Description,
    part: PathBuf,
    beside: PathBuf,
    state: Mutex<State>,
}

/// What is written beside the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    /// What the keys must be for.
    keyset: Keyset,
    bytes: u64,
}

struct State {
    offset: u64,
    /// Of all bytes so far; unknown after a start.
    hash: Option<Sha256>,
    /// Whether someone appends or completes.
    is_busy: bool,
    grown: SystemTime,
}

/// The right to append, which one request has at a time.
pub(crate) struct Append {
    upload: Arc<Upload>,
    file: File,
}

impl Upload {
    pub(super) fn create(
        folder: &TenantFolder,
        hash: ContentHash,
        keyset: &Keyset,
        bytes: u64,
    ) -> Result<Self, Problem> {
        let description = Description { keyset: keyset.clone(), bytes };
        let (part, beside) = (folder.part(hash), folder.description(hash));
        File::create(&part)?;
        let json = serde_json::to_vec(&description).map_err(io::Error::from)?;
        cloakwork_runtime::output_file::write(&beside, &json, cloakwork_runtime::output_file::Content::Data)?;
        let state = State { offset: 0, hash: Some(Sha256::new()), is_busy: false, grown: SystemTime::now() };
        Ok(Self { description, part, beside, state: Mutex::new(state) })
    }

    /// An upload that an earlier process left.
    pub(super) fn resume(folder: &TenantFolder, hash: ContentHash) -> Result<Self, String> {
        let (part, beside) = (folder.part(hash), folder.description(hash));
        let text = fs::read(&beside).map_err(|error| error.to_string())?;
        let description: Description = serde_json::from_slice(&text).map_err(|error| error.to_string())?;
        description.keyset.check().map_err(|error| error.to_string())?;
        let found = fs::metadata(&part).map_err(|error| error.to_string())?;
        if found.len() > description.bytes {
            return Err(format!("it has {} bytes, expected are {}", found.len(), description.bytes));
        }
        let grown = found.modified().unwrap_or_else(|_| SystemTime::now());
        let state = State { offset: found.len(), hash: None, is_busy: false, grown };
        Ok(Self { description, part, beside, state: Mutex::new(state) })
    }

    pub(crate) fn keyset(&self) -> &Keyset {
        &self.description.keyset
    }

    pub(crate) fn bytes(&self) -> u64 {
        self.description.bytes
    }

    /// Where it goes on.
    pub(crate) fn offset(&self) -> u64 {
        self.lock().offset
    }

    /// Begins to append at `offset`.
    pub(crate) fn append(self: Arc<Self>, offset: u64) -> Result<Append, Problem> {
        let file = OpenOptions::new().append(true).open(&self.part)?;
        let found = self.take()?;
        if found != offset {
            self.give_back();
            let detail = format!("the upload goes on at {found}, found {offset}");
            return Err(Problem::new(Kind::WrongOffset(found), detail));
        }
        Ok(Append { upload: self, file })
    }

    /// The refusal of those who take it for keys.
    pub(super) fn incomplete(&self) -> Problem {
        let (offset, bytes) = (self.offset(), self.bytes());
        let detail = format!("{offset} of {bytes} bytes are there; upload the rest and complete it");
        Problem::new(Kind::Incomplete, detail)
    }

    pub(super) fn complete(&self, folder: &TenantFolder, hash: ContentHash) -> Result<StoredKeys, Problem> {
        let offset = self.take()?;
        let completed = self.check(offset, hash).and_then(|identity| {
            let (keyset, bytes) = (self.keyset().fingerprint(), self.bytes());
            Ok(StoredKeys { keyset, identity: Some(identity), bytes, path: folder.keep(hash)? })
        });
        self.give_back();
        completed
    }

    /// Whose keys they are, if they are whole.
    fn check(&self, offset: u64, hash: ContentHash) -> Result<String, Problem> {
        if offset < self.bytes() {
            return Err(self.incomplete());
        }
        let file = File::open(&self.part)?;
        // The disk works while the keys are checked.
        std::thread::scope(|scope| {
            let synced = scope.spawn(|| file.sync_all());
            let known = self.lock().hash.clone().map(ContentHash::finish);
            let found = match known {
                Some(found) => found,
                None => ContentHash::of_reader(&mut File::open(&self.part)?)?,
            };
            if found != hash {
                let detail =
                    format!("the bytes have the SHA-256 {found}, expected is {hash}; upload them again");
                return Err(Problem::new(Kind::WrongHash, detail));
            }
            let mut reader = BufReader::with_capacity(1 << 20, &file);
            let identity = EvaluationKeys::verify(self.keyset(), &mut reader)
                .map_err(|error| Problem::new(Kind::UnfitKeys, error.problem.to_string()))?;
            synced.join().unwrap_or_else(|_| Err(io::Error::other("the disk was not reached")))?;
            Ok(identity.to_string())
        })
    }

    /// Whether it has not grown for that long.
    pub(super) fn is_older_than(&self, lifetime: Duration) -> bool {
        self.lock().grown.elapsed().is_ok_and(|age| age >= lifetime)
    }

    /// Removes its files, and lets nobody work on it any more. Refused while someone does: another upload under this name
    /// must not meet the end of this one.
    pub(super) fn discard(&self) -> Result<(), Problem> {
        self.take()?;
        remove(&self.part);
        remove(&self.beside);
        Ok(())
    }

    /// Makes it busy; says where it ends.
    fn take(&self) -> Result<u64, Problem> {
        let mut state = self.lock();
        if state.is_busy {
            let detail = "another request appends to this upload or completes it";
            return Err(Problem::new(Kind::WrongOffset(state.offset), detail));
        }
        state.is_busy = true;
        Ok(state.offset)
    }

    fn give_back(&self) {
        self.lock().is_busy = false;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Append {
    /// Bytes that are still missing.
    pub(crate) fn room(&self) -> u64 {
        self.upload.bytes() - self.upload.offset()
    }

    /// Appends all of `bytes`, or as much as the disk takes.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), Problem> {
        if bytes.len() as u64 > self.room() {
            let all = self.upload.bytes();
            return Err(Problem::new(
                Kind::TooLong,
                format!("the upload has {all} bytes in all, found more"),
            ));
        }
        while !bytes.is_empty() {
            let count = match self.file.write(bytes) {
                Ok(0) => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error.into()),
            };
            let (written, rest) = bytes.split_at(count);
            let mut hash = self.upload.lock().hash.take();
            if let Some(hash) = &mut hash {
                hash.update(written);
            }
            let mut state = self.upload.lock();
            (state.hash, state.grown) = (hash, SystemTime::now());
            state.offset += count as u64;
            bytes = rest;
        }
        Ok(())
    }

    /// Where the upload goes on.
    pub(crate) fn offset(&self) -> u64 {
        self.upload.offset()
    }
}

impl Drop for Append {
    fn drop(&mut self) {
        self.upload.give_back();
    }
}
