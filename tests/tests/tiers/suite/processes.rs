//! Ahead of time: compiler, client and server are processes that share nothing but files. The server is once the
//! command with a shared library, once an executable of its own.

use super::cases::Case;
use super::executors::compare;
use cloakwork::call::{format_value, parse_integers};
use cloakwork_ir::interpret::Clear;
use ndarray::ArrayD;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// Compiles, makes keys, encrypts, runs and decrypts in processes of their own.
pub(crate) fn aot(case: &Case) -> Result<(), String> {
    let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
    let file = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(file("main.mlir"), &case.mlir).map_err(|error| error.to_string())?;
    let cloakwork = |arguments: &[&str]| call(Command::new(command()?).args(arguments));
    let (program, executable) = (file("program.so"), file("program"));
    let (keys, secret, evaluation) = (file("keys"), file("keys/secret.key"), file("keys/evaluation.key"));
    let (arguments, results) = (file("arguments.ct"), file("results.ct"));
    cloakwork(&["compile", &file("main.mlir"), "-o", &program])?;
    cloakwork(&["compile", &file("main.mlir"), "--emit", "exe", "-o", &executable])?;
    cloakwork(&["keygen", &program, "-o", &keys])?;
    let values: Vec<String> =
        case.inputs.iter().map(|input| format_value(&Clear::Int(input.clone()))).collect();
    let mut encrypt = vec!["encrypt", "--program", &program, "--secret", &secret, "-o", &arguments];
    values.iter().for_each(|value| encrypt.extend(["--value", value]));
    cloakwork(&encrypt)?;
    let decrypted = |from: &str| -> Result<Vec<ArrayD<i64>>, String> {
        let text = cloakwork(&["decrypt", "--program", &program, "--secret", &secret, "--input", from])?;
        text.lines().map(parse_result).collect()
    };
    cloakwork(&["run", "--program", &program, "--keys", &evaluation, "--input", &arguments, "-o", &results])?;
    compare(case, &decrypted(&results)?)?;
    let results = file("results_of_executable.ct");
    call(Command::new(&executable).args([
        "--keys",
        &evaluation,
        "--input",
        &arguments,
        "--output",
        &results,
    ]))?;
    compare(case, &decrypted(&results)?)
}

/// `name: value`, or only the value.
fn parse_result(line: &str) -> Result<ArrayD<i64>, String> {
    let value = line.rsplit_once(": ").or(line.rsplit_once(" = ")).map_or(line, |(_, value)| value);
    let value = parse_integers(value.trim()).map_err(|error| error.to_string())?;
    value.into_words().ok_or_else(|| "a result holds reals".to_owned())
}

fn call(command: &mut Command) -> Result<String, String> {
    let output = command.output().map_err(|error| format!("{command:?}: {error}"))?;
    let (text, messages) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.success() {
        true => Ok(text.into_owned()),
        false => Err(format!("{command:?}: {}\n{messages}", output.status)),
    }
}

/// The command and the runtime's archive beside it, built if they are not there or out of date.
fn command() -> Result<&'static Path, String> {
    static BUILT: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let build = || {
        // This test is `<target>/<profile>/deps/tiers-…`.
        let test = std::env::current_exe().map_err(|error| error.to_string())?;
        let folder = test.ancestors().nth(2).ok_or("the test stands in no folder")?;
        let is_release = folder.ends_with("release");
        let profile: &[&str] = if is_release { &["--release"] } else { &[] };
        // Of the whole workspace, as the tests were, so that no dependency is built with other features.
        let packages = [
            "build",
            "-q",
            "--workspace",
            "--exclude=cloakwork-python",
            "--exclude=cloakwork-python-client",
            "--bin=cloakwork",
            "--lib",
        ];
        call(
            Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()))
                .args(packages)
                .args(profile)
                .arg("--target-dir")
                .arg(folder.parent().ok_or("the test stands in no folder")?)
                .current_dir(env!("CARGO_MANIFEST_DIR")),
        )?;
        Ok(folder.join("cloakwork"))
    };
    BUILT.get_or_init(build).as_deref().map_err(Clone::clone)
}
