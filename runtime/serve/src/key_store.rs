//! Evaluation keys on disk: `tenants/NAME/keys/SHA256.key`, and half uploads as `uploads/SHA256.part` with a description
//! beside each. Beside keys that were used lies `SHA256.expanded`, which is mapped; it is made again whenever it is not sound.
//!
//! Names come from types that can be no paths. A file is only ever in `keys` complete, checked and synced; it never
//! changes there. Whatever else a stopped process leaves is a half upload, which goes on or is discarded.

mod folder;
mod upload;

use crate::ContentHash;
use crate::options::Limits;
use crate::problem::{Kind, Problem};
use crate::tokens::Tenant;
use crate::wire::KeySummary;
use cloakwork_abi::spec::Keyset;
use cloakwork_runtime::formats::{Checked, FormatError, FormatProblem};
use cloakwork_runtime::{EvaluationKeys, ExpandedKeys};
use folder::TenantFolder;
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
pub(crate) use upload::Append;
use upload::Upload;

/// All keys on disk.
pub(crate) struct KeyStore {
    folder: PathBuf,
    /// Locked as long as the store is there.
    _lock: File,
    most_bytes: u64,
    most_keys: usize,
    lifetime: Duration,
    tenants: Mutex<BTreeMap<Tenant, Entries>>,
}

type Entries = BTreeMap<ContentHash, Entry>;

#[derive(Clone)]
pub(crate) enum Entry {
    Stored(StoredKeys),
    Upload(Arc<Upload>),
}

/// Keys that can be used.
#[derive(Clone, Debug)]
pub(crate) struct StoredKeys {
    /// Fingerprint of the key set.
    pub(crate) keyset: String,
    pub(crate) identity: Option<String>,
    pub(crate) bytes: u64,
    /// The most bytes of the file of them expanded.
    expanded_bytes: u64,
    hash: ContentHash,
    path: PathBuf,
    /// Where they are expanded, and where that file is written first.
    expanded: PathBuf,
    expanding: PathBuf,
    /// Whether the file of them expanded was compared with its checksum.
    is_checked: Arc<AtomicBool>,
}

impl KeyStore {
    /// The store in that folder, which is made if it is not there. Nobody else uses it until it is dropped.
    pub(crate) fn open(folder: &Path, limits: &Limits) -> std::io::Result<Self> {
        folder::make(folder)?;
        let lock = File::create(folder.join("lock"))?;
        lock.try_lock().map_err(|error| match error {
            std::fs::TryLockError::WouldBlock => {
                std::io::Error::other(format!("`{}` is in use by another service", folder.display()))
            }
            std::fs::TryLockError::Error(error) => error,
        })?;
        let mut tenants = BTreeMap::new();
        for (tenant, found) in folder::tenants(folder)? {
            tenants.insert(tenant, found.entries()?);
        }
        let store = Self {
            folder: folder.to_owned(),
            _lock: lock,
            most_bytes: limits.max_tenant_disk.0,
            most_keys: limits.max_tenant_keys,
            lifetime: limits.upload_lifetime,
            tenants: Mutex::new(tenants),
        };
        store.discard_old_uploads();
        Ok(store)
    }

    /// Keys and uploads of a tenant.
    pub(crate) fn list(&self, tenant: &Tenant) -> Vec<KeySummary> {
        let tenants = self.lock();
        let entries = tenants.get(tenant).into_iter().flatten();
        entries.map(|(&sha256, entry)| entry.summary(sha256)).collect()
    }

    /// Keys of a tenant, or their upload.
    pub(crate) fn find(&self, tenant: &Tenant, hash: ContentHash) -> Result<Entry, Problem> {
        let found = self.lock().get(tenant).and_then(|entries| entries.get(&hash)).cloned();
        found.ok_or_else(|| {
            Problem::new(Kind::NotFound, format!("there are no keys {hash}; upload them first"))
        })
    }

    /// Keys of a tenant that can be used.
    pub(crate) fn stored(&self, tenant: &Tenant, hash: ContentHash) -> Result<StoredKeys, Problem> {
        match self.find(tenant, hash)? {
            Entry::Stored(keys) => Ok(keys),
            Entry::Upload(upload) => Err(upload.incomplete()),
        }
    }

    /// Begins to upload keys for `keyset`, unless they are there or on their way.
    pub(crate) fn begin(
        &self,
        tenant: &Tenant,
        hash: ContentHash,
        keyset: &Keyset,
        bytes: u64,
    ) -> Result<Entry, Problem> {
        let mut tenants = self.lock();
        let entries = tenants.entry(tenant.clone()).or_default();
        if let Some(found) = entries.get(&hash) {
            return match found.bytes() == bytes {
                true => Ok(found.clone()),
                false => {
                    let detail = format!("{hash} has {} bytes already, found {bytes}", found.bytes());
                    Err(Problem::new(Kind::WrongLength, detail))
                }
            };
        }
        let most = EvaluationKeys::most_bytes(keyset);
        let least = keyset.evaluation_key_bytes();
        if !(least..=most).contains(&bytes) {
            let detail = format!("keys of this model have {least} to {most} bytes, found {bytes}");
            return Err(Problem::new(Kind::WrongLength, detail));
        }
        let expanded = ExpandedKeys::most_file_bytes(keyset);
        let held: u64 = entries.values().map(Entry::disk_bytes).sum();
        let wanted = bytes.saturating_add(expanded);
        if entries.len() >= self.most_keys || held.saturating_add(wanted) > self.most_bytes {
            let (keys, most_keys, most_bytes) = (entries.len(), self.most_keys, self.most_bytes);
            let detail = format!(
                "the tenant has {keys} keys of {most_keys} and {held} bytes of {most_bytes}, these need {wanted}; delete some that are not needed"
            );
            return Err(Problem::new(Kind::DiskFull, detail));
        }
        let upload = Upload::create(&TenantFolder::make(&self.folder, tenant)?, hash, keyset, bytes)?;
        let entry = Entry::Upload(Arc::new(upload));
        entries.insert(hash, entry.clone());
        Ok(entry)
    }

    /// Checks an upload to the last byte, and makes keys of it. Takes as long as reading them does.
    pub(crate) fn complete(&self, tenant: &Tenant, hash: ContentHash) -> Result<StoredKeys, Problem> {
        let upload = match self.find(tenant, hash)? {
            Entry::Stored(keys) => return Ok(keys),
            Entry::Upload(upload) => upload,
        };
        let completed = upload.complete(&TenantFolder::make(&self.folder, tenant)?, hash);
        let mut tenants = self.lock();
        let entries = tenants.entry(tenant.clone()).or_default();
        match completed {
            Ok(keys) => {
                entries.insert(hash, Entry::Stored(keys.clone()));
                Ok(keys)
            }
            Err(problem) => {
                // What is wrong stays wrong; what is missing may still come.
                let is_wrong = matches!(problem.kind, Kind::OtherRelease | Kind::WrongHash | Kind::UnfitKeys);
                if is_wrong && upload.discard().is_ok() {
                    entries.remove(&hash);
                }
                Err(problem)
            }
        }
    }

    /// Forgets keys or an upload.
    pub(crate) fn delete(&self, tenant: &Tenant, hash: ContentHash) -> Result<(), Problem> {
        let mut tenants = self.lock();
        let unknown = || Problem::new(Kind::NotFound, format!("there are no keys {hash}"));
        let entries = tenants.get_mut(tenant).ok_or_else(unknown)?;
        match entries.get(&hash).ok_or_else(unknown)? {
            Entry::Stored(keys) => {
                folder::remove(&keys.path);
                folder::remove(&keys.expanded);
            }
            Entry::Upload(upload) => upload.discard()?,
        }
        entries.remove(&hash);
        Ok(())
    }

    /// Discards uploads that have not grown for long, but for those that a request holds: what waits to be completed does not
    /// grow any more.
    pub(crate) fn discard_old_uploads(&self) {
        for entries in self.lock().values_mut() {
            entries.retain(|_, entry| match entry {
                Entry::Upload(upload) => {
                    // Others than this entry come from `find`, which waits for this lock.
                    let is_held = Arc::strong_count(upload) > 1;
                    is_held || !upload.is_older_than(self.lifetime) || upload.discard().is_err()
                }
                Entry::Stored(_) => true,
            });
        }
    }

    /// Stored keys and uploads of all tenants.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let tenants = self.lock();
        let all = tenants.values().flat_map(BTreeMap::values);
        let stored = all.clone().filter(|entry| matches!(entry, Entry::Stored(_))).count();
        (stored, all.count() - stored)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Tenant, Entries>> {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Entry {
    fn bytes(&self) -> u64 {
        match self {
            Self::Stored(keys) => keys.bytes,
            Self::Upload(upload) => upload.bytes(),
        }
    }

    /// Bytes on disk, with those of the keys expanded.
    fn disk_bytes(&self) -> u64 {
        let expanded = match self {
            Self::Stored(keys) => keys.expanded_bytes,
            Self::Upload(upload) => ExpandedKeys::most_file_bytes(upload.keyset()),
        };
        self.bytes().saturating_add(expanded)
    }

    pub(crate) fn summary(&self, sha256: ContentHash) -> KeySummary {
        match self {
            Self::Stored(StoredKeys { keyset, identity, bytes, .. }) => KeySummary {
                sha256,
                keyset: keyset.clone(),
                identity: identity.clone(),
                stored: *bytes,
                bytes: *bytes,
                is_complete: true,
            },
            Self::Upload(upload) => KeySummary {
                sha256,
                keyset: upload.keyset().fingerprint(),
                identity: None,
                stored: upload.offset(),
                bytes: upload.bytes(),
                is_complete: false,
            },
        }
    }
}

impl StoredKeys {
    /// Maps them; expands them first where that was not done.
    pub(crate) fn load(&self, keyset: &Keyset) -> Result<ExpandedKeys, Problem> {
        match self.map(keyset) {
            Ok(keys) => return Ok(keys),
            Err(FormatError { problem: FormatProblem::Io(error), .. })
                if error.kind() == ErrorKind::NotFound => {}
            Err(error) => tracing::warn!(%error, "expanded keys are made again"),
        }
        let keys = self.expand(keyset)?;
        if let Err(error) = self.keep(&keys) {
            tracing::warn!(%error, "expanded keys cannot be written and stay in memory");
            folder::remove(&self.expanding);
            return Ok(keys);
        }
        // They are in memory once at a time.
        drop(keys);
        self.map(keyset).or_else(|error| {
            tracing::warn!(%error, "expanded keys cannot be mapped and stay in memory");
            self.expand(keyset)
        })
    }

    fn expand(&self, keyset: &Keyset) -> Result<ExpandedKeys, Problem> {
        let mut file = BufReader::with_capacity(1 << 20, File::open(&self.path)?);
        let keys = EvaluationKeys::from_reader(keyset, &mut file);
        Ok(keys.map_err(|error| Problem::of_file(Kind::UnfitKeys, &error))?.into_expanded())
    }

    fn map(&self, keyset: &Keyset) -> Result<ExpandedKeys, FormatError> {
        let checked = if self.is_checked.load(Ordering::Relaxed) { Checked::Before } else { Checked::Now };
        let keys = ExpandedKeys::map(keyset, &self.hash.to_string(), &self.expanded, checked);
        self.is_checked.store(keys.is_ok(), Ordering::Relaxed);
        keys
    }

    /// Writes the file of the keys expanded. It need not survive the machine: what is not sound is made again.
    fn keep(&self, keys: &ExpandedKeys) -> std::io::Result<()> {
        let mut file = File::create(&self.expanding)?;
        keys.write_expanded(&self.hash.to_string(), &mut file)?;
        std::fs::rename(&self.expanding, &self.expanded)
    }
}
