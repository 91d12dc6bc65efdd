//! Committed text that a test generates again: `BLESS=1` rewrites it, a plain run compares.

use similar::TextDiff;
use std::fs;
use std::path::{Path, PathBuf};

/// Whether golden text is to be rewritten.
pub fn is_blessing() -> bool {
    std::env::var_os("BLESS").is_some()
}

/// A path inside the repository.
pub fn in_repository(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new("..")).join(path)
}

/// Compares `found` with the file at `path`, or writes it there when blessing.
pub fn compare(path: &Path, found: &str) -> Result<(), String> {
    let failed =
        |action: &str, error: std::io::Error| format!("cannot {action} `{}`: {error}", path.display());
    if is_blessing() {
        if fs::read_to_string(path).is_ok_and(|old| old == found) {
            return Ok(());
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| failed("make the folder of", error))?;
        }
        return fs::write(path, found).map_err(|error| failed("write", error));
    }
    let golden = fs::read_to_string(path)
        .map_err(|error| format!("{}; `BLESS=1 cargo test` writes it", failed("read", error)))?;
    same(&golden, found)
        .map_err(|difference| format!("`{}` is not up to date:\n{difference}", path.display()))
}

/// Whether two texts are equal; the error shows how they differ.
pub fn same(golden: &str, found: &str) -> Result<(), String> {
    if golden == found {
        return Ok(());
    }
    let difference = TextDiff::from_lines(golden, found);
    let shown = difference.unified_diff().context_radius(2).header("committed", "found").to_string();
    Err(format!("{shown}`BLESS=1 cargo test` accepts what was found"))
}
