//! What a report says of memory, against what a process takes that reads keys and runs the program.

#![allow(clippy::unwrap_used, reason = "a test")]

use cloakwork::{EvaluationKeys, Options, compile_text, load_program};
use cloakwork_runtime::formats::{read_arguments, write_values};
use cloakwork_runtime::{RunOptions, run};
use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;

/// Names the folder of a program, keys and arguments to the process that runs it.
const FOLDER: &str = "CLOAKWORK_MEASURED_RUN";
const THREADS: usize = 2;

/// Lookups of 4 bits, then sums of them, in two layers.
const PROGRAM: &str =
    "func.func @f(%x: tensor<512x!fhe.eint<4>> {fhe.range = array<i64: 0, 15>}) -> tensor<512x!fhe.eint<4>> {
  %a = fhe.lookup %x {tables = dense<[[1, 0, 1, 0, 2, 0, 3, 0, 0, 1, 1, 1, 2, 2, 2, 0]]> : tensor<1x16xi64>} : (tensor<512x!fhe.eint<4>>) -> tensor<512x!fhe.eint<4>>
  %b = fhe.add %a, %a : (tensor<512x!fhe.eint<4>>, tensor<512x!fhe.eint<4>>) -> tensor<512x!fhe.eint<4>>
  %c = fhe.lookup %b {tables = dense<[[1, 0, 1, 0, 2, 0, 3, 0, 0, 1, 1, 1, 2, 2, 2, 0]]> : tensor<1x16xi64>} : (tensor<512x!fhe.eint<4>>) -> tensor<512x!fhe.eint<4>>
  return %c : tensor<512x!fhe.eint<4>>
}";

/// Far more ciphertexts between two operations than any machine holds.
const GREAT: &str = "func.func @f(%x: tensor<1x!fhe.eint<2>> {fhe.range = array<i64: 0, 3>}) -> tensor<1x!fhe.eint<2>> {
  %a = fhe.broadcast %x : (tensor<1x!fhe.eint<2>>) -> tensor<33554432x!fhe.eint<2>>
  %b = fhe.lookup %a {tables = dense<[[3, 2, 1, 0]]> : tensor<1x4xi64>} : (tensor<33554432x!fhe.eint<2>>) -> tensor<33554432x!fhe.eint<2>>
  %c = fhe.slice %b {offsets = array<i64: 0>, strides = array<i64: 1>} : (tensor<33554432x!fhe.eint<2>>) -> tensor<1x!fhe.eint<2>>
  return %c : tensor<1x!fhe.eint<2>>
}";

#[test]
fn a_run_takes_the_memory_that_the_report_says() {
    if let Some(folder) = std::env::var_os(FOLDER) {
        return measure(Path::new(&folder));
    }
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let circuit = compile_text(PROGRAM, "program", &Options::default()).unwrap();
    let keys = circuit.keygen().unwrap();
    let arguments = circuit.encrypt(&keys.secret, vec![ndarray_of(512)]).unwrap();
    circuit.save(&path("program")).unwrap();
    keys.evaluation.write(&path("keys")).unwrap();
    let spec = circuit.spec();
    write_values(&spec.keyset, &spec.inputs, &arguments, &path("arguments")).unwrap();

    let this = "a_run_takes_the_memory_that_the_report_says";
    let mut child = Command::new(std::env::current_exe().unwrap());
    let child = child.args([this, "--exact", "--nocapture"]).env(FOLDER, folder.path()).output().unwrap();
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
    let taken: u64 = fs::read_to_string(path("taken")).unwrap().parse().unwrap();
    let said = circuit.report().run_memory[0].total(THREADS);
    let ratio = taken as f64 / said as f64;
    println!("said {said} bytes, taken {taken}: {ratio:.3}");
    assert!((0.9..1.1).contains(&ratio), "{taken} bytes were taken, said were {said}");
}

/// Runs the program of a folder; writes how far the memory of the process grew.
fn measure(folder: &Path) {
    let program = load_program(&folder.join("program"), None, &[]).unwrap();
    let spec = program.spec();
    // The peak begins anew from here.
    fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = status("VmRSS:");
    let arguments = read_arguments(&spec.keyset, &spec.inputs, &[folder.join("arguments")]).unwrap();
    let keys = EvaluationKeys::read(&spec.keyset, &folder.join("keys")).unwrap();
    let options = RunOptions { threads: NonZeroUsize::new(THREADS) };
    run(&program, &keys, &arguments, options).unwrap();
    fs::write(folder.join("taken"), (status("VmHWM:") - before).to_string()).unwrap();
}

/// Bytes that the system says of this process.
fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    line.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap() * 1024
}

fn ndarray_of(count: usize) -> ndarray::ArrayD<i64> {
    ndarray::Array1::from_iter((0..count).map(|i| (i % 16) as i64)).into_dyn()
}

#[test]
fn a_run_that_no_memory_suffices_for_is_refused_before_it_begins() {
    let circuit = compile_text(GREAT, "program", &Options::default()).unwrap();
    let keys = circuit.keygen().unwrap();
    let arguments = circuit.encrypt(&keys.secret, vec![ndarray_of(1)]).unwrap();
    let refused = circuit.run(&keys.evaluation, &arguments).unwrap_err().to_string();
    assert!(
        refused.starts_with("ciphertexts of a run need ") && refused.contains("MB are free"),
        "{refused}"
    );
}
