//! Starting commands, and one compiled program with keys that the tests share.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::SystemTime;
use tempfile::TempDir;

pub(crate) const CLOAKWORK: &str = env!("CARGO_BIN_EXE_cloakwork");
pub(crate) const IR_OPT: &str = env!("CARGO_BIN_EXE_ir-opt");

/// `y = max(x0 + 2·x1 − x2, 0)` for each row, and the sum of a row with a clear number.
pub(crate) const PROGRAM: &str = "
func.func @main(%x: tensor<2x3x!fhe.eint<?>> {fhe.name = \"x\", fhe.range = array<i64: 0, 3>}, %c: i64 {fhe.name = \"c\", fhe.range = array<i64: 0, 4>})
    -> (tensor<2x!fhe.esint<?>> {fhe.name = \"y\"}, !fhe.eint<?> {fhe.name = \"sum\"}) {
  %w = arith.constant dense<[[1], [2], [-1]]> : tensor<3x1xi64>
  %0 = fhe.matmul %x, %w : (tensor<2x3x!fhe.eint<?>>, tensor<3x1xi64>) -> tensor<2x1x!fhe.esint<?>>
  %1 = fhe.reshape %0 : (tensor<2x1x!fhe.esint<?>>) -> tensor<2x!fhe.esint<?>>
  %2 = fhe.map %1 : (tensor<2x!fhe.esint<?>>) -> tensor<2x!fhe.esint<?>> {
  ^bb0(%v: i64):
    %zero = arith.constant 0 : i64
    %m = arith.maxsi %v, %zero : i64
    fhe.yield %m : i64
  }
  %3 = fhe.sum %x {axes = array<i64: 0, 1>} : (tensor<2x3x!fhe.eint<?>>) -> !fhe.eint<?>
  %4 = fhe.add_clear %3, %c : (!fhe.eint<?>, i64) -> !fhe.eint<?>
  return %2, %4 : tensor<2x!fhe.esint<?>>, !fhe.eint<?>
}
";
/// Arguments of [`PROGRAM`], and its results by plain arithmetic.
pub(crate) const X: &str = "[[3, 1, 0], [0, 1, 3]]";
pub(crate) const C: &str = "4";
pub(crate) const RESULTS: &str = "y = [5, 0]\nsum = 12\n";

/// A folder for the files of one test.
pub(crate) struct Place(TempDir);

impl Place {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Path of a file in the folder, as text.
    pub(crate) fn at(&self, name: &str) -> String {
        self.0.path().join(name).to_str().unwrap().to_owned()
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> String {
        fs::write(self.0.path().join(name), bytes).unwrap();
        self.at(name)
    }

    /// Names of all files in the folder.
    pub(crate) fn names(&self) -> Vec<String> {
        let entries = fs::read_dir(self.0.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Starts a command and waits for it.
pub(crate) fn start(command: &str, arguments: &[&str]) -> Output {
    Command::new(command).args(arguments).stdin(Stdio::null()).output().unwrap()
}

/// [`start`] with text on standard input.
pub(crate) fn start_with(command: &str, arguments: &[&str], input: &str) -> Output {
    let mut child = Command::new(command)
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

/// Standard output of a command that must succeed.
#[track_caller]
pub(crate) fn succeed(command: &str, arguments: &[&str]) -> String {
    let output = start(command, arguments);
    assert!(output.status.success(), "{arguments:?}: {}", error(&output));
    String::from_utf8(output.stdout).unwrap()
}

/// Standard error of a command that must end with `code`.
#[track_caller]
pub(crate) fn fail(command: &str, arguments: &[&str], code: i32) -> String {
    let output = start(command, arguments);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {}", error(&output));
    error(&output)
}

pub(crate) fn error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// [`PROGRAM`] compiled, with keys, encrypted arguments and encrypted results.
pub(crate) struct Compiled {
    pub(crate) place: Place,
    pub(crate) program: String,
    pub(crate) secret: String,
    pub(crate) evaluation: String,
    pub(crate) input: String,
    pub(crate) output: String,
}

/// Made once for all tests, by the commands themselves.
pub(crate) fn compiled() -> &'static Compiled {
    static COMPILED: OnceLock<Compiled> = OnceLock::new();
    COMPILED.get_or_init(|| {
        let place = Place::new();
        let text = place.write("net.mlir", PROGRAM);
        let (program, keys) = (place.at("net"), place.at("keys"));
        succeed(CLOAKWORK, &["compile", &text, "-o", &program]);
        succeed(CLOAKWORK, &["keygen", &program, "-o", &keys]);
        let (secret, evaluation) = (format!("{keys}/secret.key"), format!("{keys}/evaluation.key"));
        let (input, output) = (place.at("in.ct"), place.at("out.ct"));
        let encrypt = ["encrypt", "--program", &program, "--secret", &secret, "-o", &input];
        succeed(CLOAKWORK, &[&encrypt[..], &["--value", X, "--value", C]].concat());
        let run = ["run", "--program", &program, "--keys", &evaluation, "--input", &input, "-o", &output];
        succeed(CLOAKWORK, &run);
        Compiled { program, secret, evaluation, input, output, place }
    })
}

/// The archive that was built along with the commands under test: the newest in the build folder of those that run programs and
/// were not built to be fuzzed.
pub(crate) fn runtime_archive() -> String {
    let folder = Path::new(CLOAKWORK).parent().unwrap();
    let in_folder =
        |folder: PathBuf| fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    let archives = in_folder(folder.to_owned()).chain(in_folder(folder.join("deps"))).filter(|path| {
        let name = path.file_name().unwrap().to_string_lossy();
        name.starts_with("libcloakwork_runtime") && name.ends_with(".a")
    });
    let modified =
        |path: &PathBuf| path.metadata().and_then(|data| data.modified()).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut archives: Vec<PathBuf> = archives.collect();
    archives.sort_by_key(modified);
    let is_fit = |path: &&PathBuf| {
        let bytes = fs::read(path).unwrap();
        let has = |symbol: &[u8]| bytes.windows(symbol.len()).any(|found| found == symbol);
        has(b"cloakwork_program_linked\0") && !has(b"__asan_init\0")
    };
    let newest = archives.iter().rev().find(is_fit);
    newest.expect("cargo builds the archive along with its dependents").to_str().unwrap().to_owned()
}
