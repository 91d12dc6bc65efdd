//! Shared libraries and executables, with machine code from a C compiler in place of ours.

#![allow(clippy::unwrap_used)] // in helpers of tests too

mod common;

use cloakwork_abi::functions::{SPEC_SECTION, entry_symbol};
use cloakwork_abi::parameters::Width;
use cloakwork_abi::spec::{ProgramSpec, SPEC_VERSION};
use cloakwork_runtime::client::{decrypt, encrypt};
use cloakwork_runtime::formats::{read_values, write_values};
use cloakwork_runtime::program::{LoadError, Program, read_spec};
use cloakwork_runtime::server::{RunOptions, run};
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

fn library(folder: &Path, name: &str, spec_json: &str, flags: &[&str]) -> PathBuf {
    let source = format!(
        "{}\n__attribute__((section(\"{SPEC_SECTION}\"), used)) const char cloakwork_spec[] = {};",
        DOUBLE.replace("ENTRY", &entry_symbol("double")),
        c_string(spec_json),
    );
    compile_c(&source, folder, name, flags)
}

#[test]
fn libraries_are_loaded_and_run() {
    let folder = tempfile::tempdir().unwrap();
    let path = library(folder.path(), "double.so", &double_spec().to_json(), &["-shared", "-fPIC"]);
    let (secret, evaluation) = keys(1);
    let programs: Vec<Program> = (0..3).map(|_| Program::load(&path).unwrap()).collect();
    drop(folder); // what is loaded does not need the file
    for program in programs {
        assert_eq!(program.spec(), &double_spec());
        let values = encrypt(program.spec(), &secret, &[array(&[3], [-16, 0, 15])]).unwrap();
        let results = run(&program, &evaluation, &values, RunOptions::default()).unwrap();
        assert_eq!(decrypt(program.spec(), &secret, &results).unwrap(), [array(&[3], [-32, 0, 30])]);
    }
}

#[test]
fn bad_libraries_are_refused_before_they_are_loaded() {
    let folder = tempfile::tempdir().unwrap();
    let good = library(folder.path(), "good.so", &double_spec().to_json(), &["-shared", "-fPIC"]);
    let bytes = std::fs::read(good).unwrap();
    let load = |bytes: &[u8]| {
        let path = folder.path().join("changed.so");
        std::fs::write(&path, bytes).unwrap();
        Program::load(&path).unwrap_err()
    };
    assert!(matches!(load(b"no library"), LoadError::Elf { .. }));
    for length in [0, 10, 63, 64, 500, bytes.len() / 2, bytes.len() - 1] {
        assert!(matches!(load(&bytes[..length]), LoadError::Elf { .. }), "cut to {length}");
    }
    let changed = |position: usize, byte: u8| {
        let mut bytes = bytes.clone();
        bytes[position] = byte;
        load(&bytes)
    };
    assert!(matches!(changed(4, 1), LoadError::Elf { .. }), "32-bit class");
    assert!(matches!(changed(18, 183), LoadError::Elf { .. }), "another machine");
    assert!(matches!(changed(16, 1), LoadError::Elf { .. }), "an object file");
    assert!(matches!(changed(16, 2), LoadError::Executable { .. }), "an executable");
    assert!(matches!(Program::load(Path::new("/nowhere.so")), Err(LoadError::Read { .. })));

    let json = double_spec().to_json();
    let refused = |name: &str, json: &str| {
        Program::load(&library(folder.path(), name, json, &["-shared", "-fPIC"])).unwrap_err()
    };
    let other_contract = json.replace(&double_spec().abi, "0123456789abcdef");
    assert!(refused("abi.so", &other_contract).to_string().contains("runtime contract 0123456789abcdef"));
    let version = |version: u32| format!("\"version\": {version}");
    let other_version = json.replace(&version(SPEC_VERSION), &version(SPEC_VERSION - 1));
    let other_version = refused("version.so", &other_version).to_string();
    assert!(other_version.contains("compile the program again"), "{other_version}");
    let no_symbol = refused("name.so", &json.replace("\"double\"", "\"other\""));
    assert!(
        matches!(no_symbol, LoadError::Load { problem, .. } if problem.contains("cloakwork_entry_other"))
    );
    let source = std::fs::read_to_string(folder.path().join("good.so.c")).unwrap();
    for flags in [&["-fPIE", "-pie"][..], &["-no-pie"]] {
        let executable = compile_c(&format!("{source}\nint main() {{}}"), folder.path(), "program", flags);
        let bytes = std::fs::read(&executable).unwrap();
        assert_eq!(read_spec(&bytes, "program").unwrap(), double_spec());
        let refused = Program::load(&executable).unwrap_err();
        assert!(matches!(refused, LoadError::Executable { .. }), "{refused}");
    }
    let unresolved = format!("{source}\nextern int nowhere(void); int (*used)(void) = nowhere;");
    let unresolved = compile_c(&unresolved, folder.path(), "unresolved.so", &["-shared", "-fPIC"]);
    let unresolved = Program::load(&unresolved).unwrap_err();
    assert!(
        matches!(&unresolved, LoadError::Load { problem, .. } if problem.contains("undefined symbol: nowhere")),
        "{unresolved}"
    );
    let plain = compile_c("int unrelated;", folder.path(), "plain.so", &["-shared", "-fPIC"]);
    assert!(matches!(Program::load(&plain), Err(LoadError::NoSpec { .. })));
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
        "{}\nstatic const char spec[] = {};
        int cloakwork_main(int, char **, void *, const char *, unsigned long);
        int main(int argc, char **argv) {{ return cloakwork_main(argc, argv, entry, spec, sizeof spec - 1); }}",
        DOUBLE.replace("ENTRY", "entry"),
        c_string(&spec.to_json()),
    );
    let static_library = static_library();
    let flags = [static_library.to_str().unwrap(), "-lpthread", "-ldl", "-lm"];
    let program = compile_c(&source, folder.path(), "program", &flags);

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
