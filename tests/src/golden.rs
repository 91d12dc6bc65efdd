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

/// The text with its long real numbers rounded to 9 digits: the last ones depend on the machine's mathematics library.
pub fn rounded(text: &str) -> String {
    let (mut found, mut rest) = (String::new(), text);
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, number) = rest.split_at(start);
        let end = number.find(|c: char| !(c.is_ascii_digit() || ".eE+-".contains(c))).unwrap_or(number.len());
        let (number, after) = number.split_at(end);
        let is_long = number.contains('.') && number.chars().filter(char::is_ascii_digit).count() > 10;
        found.push_str(before);
        match number.parse::<f64>() {
            Ok(value) if is_long => found.push_str(&format!("{value:.8e}")),
            Ok(_) | Err(_) => found.push_str(number),
        }
        rest = after;
    }
    found + rest
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_rounded_and_others_stay() {
        let text = "a1.0 2.918469362395825e-15 %12 tensor<2x3xi64> 5.8717126500827227E-15 : f64, 17.5 123456789012345";
        let expected = "a1.0 2.91846936e-15 %12 tensor<2x3xi64> 5.87171265e-15 : f64, 17.5 123456789012345";
        assert_eq!(rounded(text), expected);
    }
}
