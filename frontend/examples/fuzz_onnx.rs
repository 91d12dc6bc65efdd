//! Imports made-up ONNX files until the time is over. `cargo run --release -p cloakwork-frontend --example fuzz_onnx --
//! SECONDS [SEED]`; it ends with the seed of the first file that makes the importer panic, and writes that file into the
//! current folder. Put it into `tests/models/hostile`, which the test `found_files_do_no_harm` reads.

#[path = "../tests/onnx/fuzz.rs"]
mod fuzz;

use std::panic::catch_unwind;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).map(|text| text.parse::<u64>());
    let (Some(Ok(seconds)), first) = (arguments.next(), arguments.next().and_then(Result::ok).unwrap_or(0))
    else {
        eprintln!("usage: fuzz_onnx SECONDS [SEED]");
        return ExitCode::from(2);
    };
    let files = match committed() {
        Ok(files) if !files.is_empty() => files,
        Ok(_) => return failed("no model in tests/models"),
        Err(error) => return failed(&error.to_string()),
    };
    let (start, mut models, mut seed) = (Instant::now(), 0u64, first);
    while start.elapsed() < Duration::from_secs(seconds) {
        let file = fuzz::mutated(&files, seed);
        match catch_unwind(|| fuzz::digest(&file)) {
            Ok(is_model) => models += u64::from(is_model),
            Err(_) => {
                let name = format!("seed_{seed}.onnx");
                let written = std::fs::write(&name, &file);
                return failed(&format!("seed {seed} makes a file that panics: `{name}` ({written:?})"));
            }
        }
        seed += 1;
    }
    println!("{} files from seed {first} on, {models} of them models; none did harm", seed - first);
    ExitCode::SUCCESS
}

fn failed(problem: &str) -> ExitCode {
    eprintln!("{problem}");
    ExitCode::FAILURE
}

fn committed() -> std::io::Result<Vec<Vec<u8>>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/models");
    let mut paths = vec![];
    for part in ["operators", "exported"] {
        for entry in std::fs::read_dir(folder.join(part))? {
            paths.push(entry?.path());
        }
    }
    paths.sort();
    paths.iter().map(std::fs::read).collect()
}
