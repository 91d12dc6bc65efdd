//! `filetests/**.mlir`: a module, what a pipeline makes of it, and what it means.
//!
//! ```text
//! // RUN: fhe-infer-bit-widths,cse
//! // run: @main(3, [1, 2]) == 12
//! // run: @main(9, [1, 2]) fails: the value 9 does not fit …
//! func.func @main(…) …
//! // output:
//! the module behind the pipeline, as it is printed
//! // -----
//! // expected-error@+1: …
//! another module, through the same pipeline
//! ```
//!
//! - `RUN:` passes as in `builtin.module(…)`, see [`pipeline::expand`]; a part without any has no output, but must
//!   read back as it is printed.
//! - `run:` lines are evaluated before and after the pipeline, the second time on the printed text; several
//!   results stand in parentheses. `fails:` is evaluated before it only.
//! - `expected-error: text` is an error at no place in the file, `expected-error@+1: text` one in the next line,
//!   `expected-error at file.py:3:4: text` one at that place of the traced program. A part with one of them
//!   has no other errors and no output; lines count from its start, and of a message the first line is compared.

mod check;
mod format;
mod pipeline;

use cloakwork_tests::golden::in_repository;
use libtest_mimic::{Failed, Trial};
use std::fs;
use std::path::{Path, PathBuf};

/// One test for each file.
pub(crate) fn tests() -> Vec<Trial> {
    let root = in_repository("tests/filetests");
    files(&root).into_iter().map(|file| test_of(&root, file)).collect()
}

/// The files under a folder, sorted.
pub(crate) fn files(root: &Path) -> Vec<PathBuf> {
    let mut files = vec![];
    collect(root, &mut files);
    files.sort();
    files
}

/// The modules in a file, each with the passes that it goes through: all of them if it names none.
pub(crate) fn pipelines_of(text: &str) -> Result<Vec<(&str, Vec<String>)>, String> {
    let mut modules = vec![];
    for part in format::parse(text)? {
        let named = if part.pipeline.is_empty() { "prepare,fhe,parameters,native" } else { &part.pipeline };
        modules.push((part.source, pipeline::expand(named)?));
    }
    Ok(modules)
}

fn test_of(root: &Path, file: PathBuf) -> Trial {
    let name = file.strip_prefix(root).unwrap_or(&file).display().to_string();
    Trial::test(format!("filetests::{name}"), move || run(&file))
}

fn run(file: &Path) -> Result<(), Failed> {
    let text = fs::read_to_string(file)?;
    check::check(file, &text)?;
    Ok(())
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    for path in entries.map(|entry| entry.path()) {
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "mlir") {
            files.push(path);
        }
    }
}
