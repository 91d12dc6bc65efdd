//! Emitted executables, with machine code from a C compiler in place of ours.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::functions::SPEC_SECTION;
use cloakwork_abi::parameters::Width;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_runtime::client::{decrypt, encrypt};
use cloakwork_runtime::formats::{read_values, write_values};
use cloakwork_runtime::spec_file::{SpecFileError, read_spec};
use common::{array, keys, spec};
use std::path::{Path, PathBuf};
use std::process::Command;

/// `y = 2·x` for 3 messages, in C.
const DOUBLE: &str = "
struct context { const void *functions, *state; const unsigned long *words; unsigned long *const *workspaces; };
int ENTRY(const struct context *context, const unsigned long *const *inputs, unsigned long *const *outputs) {
    for (unsigned long i = 0; i < 3 * context->words[0]; i++) outputs[0][i] = 2 * inputs[0][i];
    return 0;
}
";

fn double_spec() -> ProgramSpec {
    spec("double", &[3], (Width(6), true), (Width(6), true))
}

fn c_string(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn compile_c(source: &str, folder: &Path, name: &str, flags: &[&str]) -> PathBuf {
    let (source_file, output) = (folder.join(format!("{name}.c")), folder.join(name));
    std::fs::write(&source_file, source).unwrap();
    let mut command = Command::new("cc");
    command.arg(&source_file).arg("-o").arg(&output).args(flags);
    let result = command.output().unwrap();
    assert!(result.status.success(), "{}", String::from_utf8_lossy(&result.stderr));
    output
}

/// This crate's static library, which is built beside the tests; the newest if there are several.
fn static_library() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let files = std::fs::read_dir(test.parent().unwrap()).unwrap().map(|file| file.unwrap().path());
    let libraries = files.filter(|file| {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        name.starts_with("libcloakwork_runtime") && name.ends_with(".a")
    });
    libraries.max_by_key(|file| std::fs::metadata(file).unwrap().modified().unwrap()).unwrap()
}

#[test]
fn executables_run() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str| folder.path().join(name);
    let spec = double_spec();
    let source = format!(
        "{}\n__attribute__((section(\"{SPEC_SECTION}\"), used)) static const char spec[] = {};
        int cloakwork_main(int, char **, void *, const char *, unsigned long);
        int main(int argc, char **argv) {{ return cloakwork_main(argc, argv, entry, spec, sizeof spec - 1); }}",
        DOUBLE.replace("ENTRY", "entry"),
        c_string(&spec.to_json()),
    );
    let static_library = static_library();
    let flags = [static_library.to_str().unwrap(), "-lpthread", "-ldl", "-lm"];
    let program = compile_c(&source, folder.path(), "program", &flags);

    let bytes = std::fs::read(&program).unwrap();
    assert_eq!(read_spec(bytes.clone(), "program").unwrap(), spec);
    for length in [4, 63, 64, bytes.len() / 2, bytes.len() - 1] {
        let cut = read_spec(bytes[..length].to_vec(), "program").unwrap_err();
        assert!(matches!(cut, SpecFileError::Executable { .. }), "cut to {length}: {cut}");
    }

    let (secret, evaluation) = keys(1);
    evaluation.write(&file("keys")).unwrap();
    let values = encrypt(&spec, &secret, &[array(&[3], [-16, 0, 15])]).unwrap();
    write_values(&spec.keyset, &spec.inputs, &values, &file("input")).unwrap();
    let execute =
        |arguments: &[&str]| Command::new(&program).current_dir(&folder).args(arguments).output().unwrap();

    let done = execute(&["--keys", "keys", "--input", "input", "--output", "output", "--threads", "2"]);
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let results = read_values(&spec.keyset, &spec.outputs, &file("output")).unwrap();
    assert_eq!(decrypt(&spec, &secret, &results).unwrap(), [array(&[3], [-32, 0, 30])]);

    let inspected = execute(&["--inspect"]);
    assert_eq!(ProgramSpec::from_json(str::from_utf8(&inspected.stdout).unwrap()).unwrap(), spec);
    let usage = execute(&["--keys", "keys"]);
    assert_eq!(usage.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&usage.stderr).contains("`--input` is missing"));
    let refused = execute(&["--keys", "input", "--input", "input", "--output", "output"]);
    assert_eq!(refused.status.code(), Some(1));
    let message = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(message.contains("the file holds Values, expected are EvaluationKeys"), "{message}");
}
