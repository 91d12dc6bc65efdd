//! Compiled modules on disk, by what they were compiled from: compiling a program again reads what the first time made.
//!
//! A file is named by the SHA-256 of everything that the result depends on: the module with its ranges and tables, options,
//! processor, and the compiler down to its sources. So a file never becomes wrong, only old; beyond the limit those go that
//! were not used for longest. Files hold machine code, so only a folder serves that nobody but the user may change.

use crate::options::Options;
use crate::report::Report;
use crate::snapshot::Snapshot;
use cloakwork_backend_cpu::{ObjectCode, Target, llvm_version};
use cloakwork_runtime::output_file::{self, Content};
use sha2::{Digest, Sha256};
use std::fs::{self, DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Where compiled modules are kept, or `off`.
const VARIABLE: &str = "CLOAKWORK_CACHE";
/// Bytes of all files together, beyond which the oldest go.
const MOST_BYTES: u64 = 1 << 30;
/// Changes with the layout of the files.
const LAYOUT: &[u8] = b"compiled module, layout 1";
const ENDING: &str = "compiled";
const CHECKSUM: usize = 32;

/// A folder of compiled modules.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CompileCache {
    folder: PathBuf,
    most_bytes: u64,
}

/// What came of looking for a compiled module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CacheUse {
    /// There was no cache to look into.
    #[default]
    Off,
    /// The module was compiled before.
    Found,
    /// The module was compiled now, and is kept.
    Kept,
    /// The module was compiled now, and cannot be kept: why.
    Unusable(String),
}

/// All that a compiled module is.
pub(crate) struct Parts {
    pub(crate) report: Report,
    pub(crate) object: ObjectCode,
    pub(crate) snapshots: [Option<Snapshot>; 3],
}

/// What a compilation depends on.
pub(crate) struct CacheKey(String);

impl CacheKey {
    /// The key of a module with `options`; `facts` are what the compilation knows besides.
    pub(crate) fn new(module: &Snapshot, options: &Options, facts: &str) -> Self {
        let processor = options.target.processor();
        let options = Options { cache: None, ..options.clone() };
        let compiler =
            format!("{} {} {}", env!("CARGO_PKG_VERSION"), env!("CLOAKWORK_SOURCES"), llvm_version());
        let wishes = format!("{options:?} {processor:?}");
        let mut hash = Sha256::new();
        for part in [LAYOUT, compiler.as_bytes(), wishes.as_bytes(), facts.as_bytes(), module.bytecode()] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part);
        }
        Self(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
    }
}

impl CompileCache {
    /// Compiled modules in that folder, which is made when the first one is kept.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into(), most_bytes: MOST_BYTES }
    }

    /// The user's: the folder that `CLOAKWORK_CACHE` names, or one where programs keep such files. None if that variable is
    /// `off`, or there is no such place.
    pub fn of_user() -> Option<Self> {
        let folder = |name: &str| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
        match std::env::var_os(VARIABLE) {
            Some(value) if value == "off" => return None,
            Some(value) if !value.is_empty() => return Some(Self::new(value)),
            Some(_) | None => {}
        }
        let caches = folder("XDG_CACHE_HOME").or_else(|| Some(folder("HOME")?.join(".cache")))?;
        Some(Self::new(caches.join("cloakwork/compiled")))
    }

    /// A compiled module, if it was kept and is whole.
    pub(crate) fn find(&self, key: &CacheKey, target: &Target) -> Option<Parts> {
        check(&self.folder).ok()?;
        let path = self.path(key);
        let parts = decode(&fs::read(&path).ok()?, target);
        match &parts {
            // When it was last used. Where that cannot be said it goes earlier.
            Some(_) => drop(File::open(&path).and_then(|file| file.set_modified(SystemTime::now()))),
            None => drop(fs::remove_file(&path)),
        }
        parts
    }

    /// Keeps a compiled module.
    pub(crate) fn keep(
        &self,
        key: &CacheKey,
        report: &Report,
        object: &ObjectCode,
        snapshots: &[Option<Snapshot>; 3],
    ) -> io::Result<()> {
        let bytes = encode(report, object, snapshots)?;
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        check(&self.folder)?;
        output_file::write(&self.path(key), &bytes, Content::Program)?;
        self.remove_oldest()
    }

    fn path(&self, key: &CacheKey) -> PathBuf {
        self.folder.join(format!("{}.{ENDING}", key.0))
    }

    /// Removes what was not used for longest until the rest is within the limit.
    fn remove_oldest(&self) -> io::Result<()> {
        let mut files = vec![];
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            // One that another process removes meanwhile is no failure.
            if path.extension().is_some_and(|found| found == ENDING)
                && let Ok(found) = fs::metadata(&path)
            {
                files.push((found.modified()?, found.len(), path));
            }
        }
        files.sort();
        let mut total: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        for (_, bytes, path) in files {
            if total <= self.most_bytes {
                break;
            }
            match fs::remove_file(path) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => total -= bytes,
            }
        }
        Ok(())
    }
}

/// Refuses a folder that someone else may change.
fn check(folder: &Path) -> io::Result<()> {
    let found = fs::metadata(folder)?;
    let user = fs::metadata("/proc/self")?.uid();
    let others_write = found.mode() & 0o022 != 0;
    if found.uid() == user && !others_write {
        return Ok(());
    }
    Err(io::Error::other(format!(
        "`{}` can be changed by others, and machine code is loaded from it; make it yours alone (chmod 700), or name another folder by {VARIABLE}",
        folder.display()
    )))
}

/// SHA-256 of the rest, then each part behind its length; what is not there has none.
fn encode(report: &Report, object: &ObjectCode, snapshots: &[Option<Snapshot>; 3]) -> io::Result<Vec<u8>> {
    let report = serde_json::to_vec(report).map_err(io::Error::from)?;
    let snapshots = snapshots.iter().map(|snapshot| snapshot.as_ref().map(Snapshot::bytecode));
    let parts = [Some(report.as_slice()), Some(object.bytes())].into_iter().chain(snapshots);
    let mut bytes = vec![0; CHECKSUM];
    for part in parts {
        bytes.extend_from_slice(&part.map_or(u64::MAX, |part| part.len() as u64).to_le_bytes());
        bytes.extend_from_slice(part.unwrap_or_default());
    }
    let checksum = Sha256::digest(&bytes[CHECKSUM..]);
    bytes[..CHECKSUM].copy_from_slice(&checksum);
    Ok(bytes)
}

/// What [`encode`] wrote, if it is whole.
fn decode(bytes: &[u8], target: &Target) -> Option<Parts> {
    let (checksum, mut rest) = bytes.split_at_checked(CHECKSUM)?;
    if Sha256::digest(rest).as_slice() != checksum {
        return None;
    }
    let mut part = || {
        let (length, behind) = rest.split_at_checked(8)?;
        let length = u64::from_le_bytes(length.try_into().ok()?);
        let (part, behind) = match length {
            u64::MAX => (None, behind),
            length => {
                let (part, behind) = behind.split_at_checked(usize::try_from(length).ok()?)?;
                (Some(part), behind)
            }
        };
        rest = behind;
        Some(part)
    };
    let report = serde_json::from_slice(part()??).ok()?;
    let object = ObjectCode::new(part()??.to_vec(), target.clone()).ok()?;
    let mut snapshot = || Some(part()?.map(|bytes| Snapshot::from_bytecode(bytes.to_vec())));
    let snapshots = [snapshot()?, snapshot()?, snapshot()?];
    Some(Parts { report, object, snapshots })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compile::compile_text;
    use cloakwork_passes::pass::Level;
    use std::os::unix::fs::PermissionsExt;

    const PROGRAM: &str = "func.func @f(%x: !fhe.eint<3> {fhe.range = array<i64: 0, 7>}) -> !fhe.eint<3> {
  %y = fhe.lookup %x {tables = dense<[[7, 6, 5, 4, 3, 2, 1, 0]]> : tensor<1x8xi64>} : (!fhe.eint<3>) -> !fhe.eint<3>
  return %y : !fhe.eint<3>
}";

    fn options(folder: &Path) -> Options {
        Options { cache: Some(CompileCache::new(folder.join("made"))), ..Options::default() }
    }

    fn files(folder: &Path) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder.join("made")).unwrap();
        entries.map(|entry| entry.unwrap().path()).collect()
    }

    #[test]
    fn what_was_compiled_before_is_the_same() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let first = compile_text(PROGRAM, "p.mlir", &options).unwrap();
        assert_eq!(first.report().cache, CacheUse::Kept);
        let second = compile_text(PROGRAM, "p.mlir", &options).unwrap();
        assert_eq!(second.report().cache, CacheUse::Found);
        assert_eq!(first.module().object(), second.module().object());
        assert_eq!(first.spec(), second.spec());
        for level in [Level::Fhe, Level::Tfhe, Level::Native] {
            assert_eq!(first.mlir(level), second.mlir(level));
        }
        let [first, second] =
            [first, second].map(|circuit| Report { steps: vec![], ..circuit.report().clone() });
        assert_eq!(serde_json::to_string(&first).unwrap(), serde_json::to_string(&second).unwrap());
    }

    #[test]
    fn other_programs_and_wishes_are_compiled() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let cache = |text: &str, name: &str, options: &Options| {
            compile_text(text, name, options).unwrap().report().cache.clone()
        };
        assert_eq!(cache(PROGRAM, "p.mlir", &options), CacheUse::Kept);
        assert_eq!(cache(&PROGRAM.replace("[7, 6", "[6, 7"), "p.mlir", &options), CacheUse::Kept);
        let stricter = Options { p_error: Some(1e-9), ..options.clone() };
        assert_eq!(cache(PROGRAM, "p.mlir", &stricter), CacheUse::Kept);
        let other = Options { target: "x86-64-v3".parse().unwrap(), ..options.clone() };
        assert_eq!(cache(PROGRAM, "p.mlir", &other), CacheUse::Kept);
        assert_eq!(files(folder.path()).len(), 4);
        assert_eq!(cache(PROGRAM, "p.mlir", &Options { cache: None, ..options }), CacheUse::Off);
    }

    #[test]
    fn damaged_files_are_compiled_again() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let compile = || compile_text(PROGRAM, "p.mlir", &options).unwrap().report().cache.clone();
        compile();
        let [path] = files(folder.path()).try_into().unwrap();
        let whole = fs::read(&path).unwrap();
        for at in [0, CHECKSUM, whole.len() / 2, whole.len() - 1] {
            let mut bytes = whole.clone();
            bytes[at] ^= 1;
            fs::write(&path, &bytes).unwrap();
            assert_eq!((compile(), compile()), (CacheUse::Kept, CacheUse::Found), "byte {at}");
        }
        fs::write(&path, &whole[..whole.len() / 2]).unwrap();
        assert_eq!(compile(), CacheUse::Kept);
    }

    #[test]
    fn folders_that_others_may_change_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        let compile = || compile_text(PROGRAM, "p.mlir", &options).unwrap().report().cache.clone();
        compile();
        fs::set_permissions(folder.path().join("made"), fs::Permissions::from_mode(0o777)).unwrap();
        let CacheUse::Unusable(problem) = compile() else { panic!("it was used") };
        assert!(problem.contains("chmod 700"), "{problem}");
    }

    #[test]
    fn the_oldest_go_first() {
        let folder = tempfile::tempdir().unwrap();
        let cache = CompileCache { most_bytes: 100, ..CompileCache::new(folder.path()) };
        let path = |i: usize| folder.path().join(format!("{i}.{ENDING}"));
        for i in 0..5 {
            fs::write(path(i), [0; 40]).unwrap();
            let age = std::time::Duration::from_secs(if i == 1 { 0 } else { 100 - i as u64 });
            File::options().write(true).open(path(i)).unwrap().set_modified(SystemTime::now() - age).unwrap();
        }
        cache.remove_oldest().unwrap();
        let left: Vec<usize> = (0..5).filter(|&i| path(i).exists()).collect();
        assert_eq!(left, [1, 4]);
    }
}
