//! What the tidy tests read: the files of the repository, and the workspace as cargo sees it. Builds without LLVM.
//! The checks stand in `tests/`, one file for each subject. Reads only; needs `cargo` and the checkout.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use serde_json::Value;

/// Names of what holds nothing written by hand.
const SKIPPED: [&str; 7] = [".git", ".venv", "__pycache__", "build", "dist", "target", "node_modules"];

/// A text file of the repository.
pub struct SourceFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Everything in it.
    pub text: String,
}

impl SourceFile {
    /// Whether the name ends in `.` and one of `extensions`.
    pub fn has_extension(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, found)| extensions.contains(&found))
    }
}

/// A crate of the workspace and what its manifest asks for, in every section.
pub struct Package {
    /// Its name in the manifest.
    pub name: String,
    /// Names of the packages it depends on.
    pub dependencies: Vec<String>,
}

/// The root of the checkout.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// All text files, in the order of their paths.
pub fn source_files() -> io::Result<Vec<SourceFile>> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &root, &mut files)?;
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The crates of the workspace, from `cargo metadata`.
pub fn packages() -> io::Result<Vec<Package>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--offline", "--format-version", "1"])
        .current_dir(root())
        .output()?;
    if !output.status.success() {
        return Err(io::Error::other(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(list(&metadata["packages"])
        .map(|package| Package {
            name: text(&package["name"]),
            dependencies: list(&package["dependencies"]).map(|found| text(&found["name"])).collect(),
        })
        .collect())
}

/// `line` without what stands in its string literals and after `//`. Blind to literals over several lines.
pub fn code_of(line: &str) -> String {
    let mut code = String::new();
    let (mut in_string, mut escaped, mut previous) = (false, false, ' ');
    for character in line.chars() {
        match (in_string, character) {
            (true, '\\') if !escaped => escaped = true,
            (true, '"') if !escaped => in_string = false,
            (true, _) => escaped = false,
            (false, '"') if previous != '\'' => in_string = true,
            (false, '/') if previous == '/' => {
                code.pop();
                return code;
            }
            (false, _) => code.push(character),
        }
        previous = character;
    }
    code
}

fn collect(root: &Path, folder: &Path, files: &mut Vec<SourceFile>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, name) = (entry.path(), entry.file_name());
        // `.git` is a file in a worktree.
        if SKIPPED.iter().any(|skipped| name == *skipped) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            collect(root, &path, files)?;
        } else if let Ok(text) = fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            files.push(SourceFile { path: relative.to_string_lossy().replace('\\', "/"), text });
        }
    }
    Ok(())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn code_has_no_comments_and_no_strings() {
        assert_eq!(code_of("let a = 1; // more"), "let a = 1; ");
        assert_eq!(code_of(r#"call("text \" // no", b) + c"#), "call(, b) + c");
        assert_eq!(code_of("/// documentation"), "");
        assert_eq!(code_of("a / b"), "a / b");
    }

    #[test]
    fn this_file_and_this_package_are_found() {
        assert!(source_files().unwrap().iter().any(|file| file.path == "tests/tidy/src/lib.rs"));
        let packages = packages().unwrap();
        let tidy = packages.iter().find(|package| package.name == "cloakwork-tidy").unwrap();
        assert_eq!(tidy.dependencies, ["serde_json"]);
    }
}
