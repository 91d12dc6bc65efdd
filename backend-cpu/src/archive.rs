//! Where the runtime's archive is, which executables are linked with.

use crate::error::BackendError;
use std::env;
use std::path::{Path, PathBuf};

/// File name of the archive.
pub const RUNTIME_ARCHIVE: &str = "libcloakwork_runtime.a";

/// Directories above the executable that are searched: enough for `target/release/deps` and `bin`.
const LEVELS: usize = 3;

/// The archive at `path`, or else the first one beside this executable, in a directory above it or in
/// `lib` of one of them.
pub fn find_runtime_archive(path: Option<&Path>) -> Result<PathBuf, BackendError> {
    let searched = match path {
        Some(path) => vec![path.to_owned()],
        None => places(&env::current_exe().map_err(|source| BackendError::Io {
            action: "find the executable of this process in",
            path: "/proc/self/exe".into(),
            source,
        })?),
    };
    match searched.iter().find(|place| place.is_file()) {
        Some(place) => Ok(place.clone()),
        None => Err(BackendError::NoRuntimeArchive { name: RUNTIME_ARCHIVE, searched }),
    }
}

fn places(executable: &Path) -> Vec<PathBuf> {
    let directories = executable.ancestors().skip(1).take(LEVELS);
    directories
        .flat_map(|directory| [directory.join(RUNTIME_ARCHIVE), directory.join("lib").join(RUNTIME_ARCHIVE)])
        .collect()
}
