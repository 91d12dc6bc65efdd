//! Where the files of a tenant lie, and what is found there at the start.

use super::upload::Upload;
use super::{Entries, Entry, StoredKeys};
use crate::ContentHash;
use crate::tokens::Tenant;
use cloakwork_abi::spec::Keyset;
use cloakwork_runtime::ExpandedKeys;
use cloakwork_runtime::formats::{Kind, inspect, read_keyset};
use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Ending of expanded keys, and while they are written.
const EXPANDED: &str = ".expanded";
const EXPANDING: &str = ".expanding";

/// `tenants/NAME`
pub(super) struct TenantFolder(PathBuf);

/// A folder that only its owner may look into.
pub(super) fn make(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

/// Removes a file; that it is gone already is no failure, and the next start tries again.
pub(super) fn remove(path: &Path) {
    if let Err(error) = fs::remove_file(path)
        && error.kind() != ErrorKind::NotFound
    {
        tracing::warn!(path = %path.display(), %error, "a file cannot be removed");
    }
}

/// The folders of all tenants in a store.
pub(super) fn tenants(store: &Path) -> io::Result<Vec<(Tenant, TenantFolder)>> {
    let folder = store.join("tenants");
    make(&folder)?;
    let mut found = vec![];
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if let Some(tenant) = entry.file_name().to_str().and_then(|name| name.parse::<Tenant>().ok()) {
            found.push((tenant, TenantFolder(entry.path())));
        }
    }
    Ok(found)
}

impl TenantFolder {
    /// The folder of a tenant, made if it is not there.
    pub(super) fn make(store: &Path, tenant: &Tenant) -> io::Result<Self> {
        let folder = Self(store.join("tenants").join(tenant.as_str()));
        make(&folder.keys())?;
        make(&folder.uploads())?;
        Ok(folder)
    }

    fn keys(&self) -> PathBuf {
        self.0.join("keys")
    }

    fn uploads(&self) -> PathBuf {
        self.0.join("uploads")
    }

    /// Complete keys.
    pub(super) fn key(&self, hash: ContentHash) -> PathBuf {
        self.keys().join(format!("{hash}.key"))
    }

    /// The bytes of an upload so far.
    pub(super) fn part(&self, hash: ContentHash) -> PathBuf {
        self.uploads().join(format!("{hash}.part"))
    }

    /// What an upload is.
    pub(super) fn description(&self, hash: ContentHash) -> PathBuf {
        self.uploads().join(format!("{hash}.json"))
    }

    /// Keys of `keyset` that are complete.
    pub(super) fn stored(
        &self,
        hash: ContentHash,
        keyset: &Keyset,
        identity: Option<String>,
        bytes: u64,
    ) -> StoredKeys {
        StoredKeys {
            keyset: keyset.fingerprint(),
            identity,
            bytes,
            expanded_bytes: ExpandedKeys::most_file_bytes(keyset),
            hash,
            path: self.key(hash),
            expanded: self.keys().join(format!("{hash}{EXPANDED}")),
            expanding: self.keys().join(format!("{hash}{EXPANDING}")),
            is_checked: Arc::default(),
        }
    }

    /// Puts a complete file under its name, for good.
    pub(super) fn keep(&self, hash: ContentHash) -> io::Result<()> {
        fs::rename(self.part(hash), self.key(hash))?;
        File::open(self.keys())?.sync_all()?;
        remove(&self.description(hash));
        Ok(())
    }

    /// Keys and uploads that are there. Reads no more than names, lengths and headers; whatever is none is discarded.
    pub(super) fn entries(&self) -> io::Result<Entries> {
        let mut entries = Entries::new();
        for (hash, path) in self.files(&self.uploads(), ".json")? {
            match Upload::resume(self, hash) {
                Ok(upload) => {
                    entries.insert(hash, Entry::Upload(Arc::new(upload)));
                }
                Err(problem) => {
                    tracing::warn!(path = %path.display(), %problem, "a half upload is discarded");
                    remove(&self.part(hash));
                    remove(&path);
                }
            }
        }
        for (hash, path) in self.files(&self.uploads(), ".part")? {
            if !entries.contains_key(&hash) {
                remove(&path);
            }
        }
        for (hash, path) in self.files(&self.keys(), ".key")? {
            match inspect(&path).and_then(|found| Ok((found, read_keyset(&path)?))) {
                Ok((found, keyset)) if found.kind == Kind::EvaluationKeys => {
                    let identity = found.keys.map(|keys| keys.to_string());
                    let keys = self.stored(hash, &keyset, identity, fs::metadata(&path)?.len());
                    entries.insert(hash, Entry::Stored(keys));
                }
                Ok(_) => tracing::warn!(path = %path.display(), "no evaluation keys"),
                Err(error) => tracing::warn!(path = %path.display(), %error, "keys cannot be read"),
            }
        }
        // What was not finished, and what nothing belongs to any more.
        self.files(&self.keys(), EXPANDING)?.iter().for_each(|(_, path)| remove(path));
        for (hash, path) in self.files(&self.keys(), EXPANDED)? {
            if !matches!(entries.get(&hash), Some(Entry::Stored(_))) {
                remove(&path);
            }
        }
        Ok(entries)
    }

    /// Files named by a hash with that ending.
    fn files(&self, folder: &Path, ending: &str) -> io::Result<Vec<(ContentHash, PathBuf)>> {
        let read = match fs::read_dir(folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(vec![]),
            read => read?,
        };
        let mut found = vec![];
        for entry in read {
            let entry = entry?;
            let name = entry.file_name();
            let hash = name.to_str().and_then(|name| name.strip_suffix(ending)?.parse().ok());
            if let Some(hash) = hash {
                found.push((hash, entry.path()));
            }
        }
        Ok(found)
    }
}
