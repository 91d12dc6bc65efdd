//! An upload: bytes that are appended, hashed as they come, and checked when complete.

use super::StoredKeys;
use super::folder::{TenantFolder, remove};
use crate::ContentHash;
use crate::content_hash::FileHash;
use crate::problem::{Kind, Problem};
use cloakwork_abi::spec::Keyset;
use cloakwork_runtime::EvaluationKeys;
use serde::{Deserialize, Serialize};
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufReader, Read, Seek, Write};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, SystemTime};

/// Bytes after which the disk is told to keep what was written.
const SYNCED: usize = 16 << 20;

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
    /// Of all bytes so far; unknown after a start, and while someone appends.
    hash: Option<FileHash>,
    /// Whether someone appends or completes.
    is_busy: bool,
    /// Whether the disk said that it lost something.
    is_damaged: bool,
    grown: SystemTime,
}

/// The right to append, which one request has at a time.
pub(crate) struct Append {
    upload: Arc<Upload>,
    file: Arc<File>,
    /// Of all bytes so far, if it is known.
    hash: Option<FileHash>,
    /// Bytes that the disk was not yet told to keep.
    unsynced: usize,
    /// Tells it.
    syncing: Option<JoinHandle<()>>,
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
        let state = State {
            offset: 0,
            hash: Some(FileHash::new(bytes)),
            is_busy: false,
            is_damaged: false,
            grown: SystemTime::now(),
        };
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
        let state = State { offset: found.len(), hash: None, is_busy: false, is_damaged: false, grown };
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
        let hash = self.lock().hash.take();
        Ok(Append { upload: self, file: Arc::new(file), hash, unsynced: 0, syncing: None })
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
            folder.keep(hash)?;
            Ok(folder.stored(hash, self.keyset(), Some(identity), self.bytes()))
        });
        self.give_back();
        completed
    }

    /// Whose keys they are, if they are whole.
    fn check(&self, offset: u64, hash: ContentHash) -> Result<String, Problem> {
        if offset < self.bytes() {
            return Err(self.incomplete());
        }
        let mut file = File::open(&self.part)?;
        let known = self.lock().hash.clone();
        let found = match known {
            Some(hash) => hash.finish(),
            None => self.hash_again(&mut file)?,
        };
        if found != hash {
            let detail =
                format!("the bytes have the checksum {found}, expected is {hash}; upload them again");
            return Err(Problem::new(Kind::WrongHash, detail));
        }
        file.rewind()?;
        let identity =
            EvaluationKeys::verify_hashed(self.keyset(), &mut BufReader::new(&file), found.bytes())
                .map_err(|error| Problem::of_file(Kind::UnfitKeys, &error))?;
        file.sync_all()?;
        match self.lock().is_damaged {
            false => Ok(identity.to_string()),
            true => {
                let detail = "the disk lost what was uploaded; delete the upload and begin again";
                Err(Problem::new(Kind::Internal, detail))
            }
        }
    }

    /// Of an upload that another process began.
    fn hash_again(&self, file: &mut File) -> io::Result<ContentHash> {
        let (mut hash, mut piece) = (FileHash::new(self.bytes()), vec![0; 1 << 20]);
        loop {
            match file.read(&mut piece)? {
                0 => return Ok(hash.finish()),
                count => hash.update(&piece[..count]),
            }
        }
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

    /// Appends all of `bytes`, or as much as the disk takes, and hashes them beside it.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        if bytes.len() as u64 > self.room() {
            let all = self.upload.bytes();
            return Err(Problem::new(
                Kind::TooLong,
                format!("the upload has {all} bytes in all, found more"),
            ));
        }
        let hash = self.hash.take();
        let hashed = std::thread::scope(|scope| {
            let hashing = scope.spawn(move || {
                hash.map(|mut hash| {
                    hash.update(bytes);
                    hash
                })
            });
            self.write_to_disk(bytes).map(|()| hashing.join())
        })?;
        // What is not known is found out in the end.
        self.hash = hashed.unwrap_or_default();
        Ok(())
    }

    fn write_to_disk(&mut self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let count = match (&*self.file).write(bytes) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            let mut state = self.upload.lock();
            state.grown = SystemTime::now();
            state.offset += count as u64;
            self.unsynced += count;
            bytes = &bytes[count..];
        }
        if self.unsynced >= SYNCED && self.syncing.as_ref().is_none_or(JoinHandle::is_finished) {
            self.unsynced = 0;
            let (file, upload) = (self.file.clone(), self.upload.clone());
            // So that there is less to do in the end.
            self.syncing = Some(std::thread::spawn(move || {
                if let Err(error) = file.sync_data() {
                    tracing::error!(%error, "an upload is damaged");
                    upload.lock().is_damaged = true;
                }
            }));
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
        self.upload.lock().hash = self.hash.take();
        self.upload.give_back();
    }
}
