//! Golden data: specs of some programs, the runtime contract, and specs of other releases, which are refused.

use cloakwork::artifact::recompiled;
use cloakwork::{
    ArtifactOptions, Circuit, Noise, Options, ProgramSpec, compile, compile_text, load_program, trace,
};
use cloakwork_abi::functions::{RUNTIME_FUNCTIONS, SPEC_SECTION, SPEC_SYMBOL, abi_hash, entry_symbol};
use cloakwork_abi::spec::SPEC_VERSION;
use cloakwork_runtime::program::read_artifact;
use cloakwork_runtime::simulate;
use cloakwork_tests::golden::{compare, in_repository, rounded};
use cloakwork_tests::integers::Integers;
use cloakwork_tests::lookup_program;
use libtest_mimic::Trial;
use ndarray::ArrayD;
use std::error::Error;
use std::fmt::Write;

pub(crate) fn tests() -> Vec<Trial> {
    let spec = |name: &str, circuit: fn() -> Result<Circuit, Box<dyn Error>>| {
        let file = format!("spec_{name}.json");
        Trial::test(format!("golden::spec::{name}"), move || {
            let spec = circuit()?.spec().to_json();
            ProgramSpec::from_json(&spec)?;
            Ok(check(&file, &format!("{}\n", rounded(&spec)))?)
        })
    };
    vec![
        spec("lookups", lookup_program::lookups),
        spec("addition", lookup_program::addition),
        spec("network", network),
        spec("clear_argument", clear_argument),
        Trial::test("golden::runtime_contract", || Ok(check("runtime_contract.txt", &runtime_contract())?)),
        Trial::test("golden::same_input_same_bytes", || Ok(same_bytes()?)),
        Trial::test("golden::specs_of_other_releases", || Ok(other_releases()?)),
        Trial::test("golden::artifact_of_version_1", || Ok(artifact_of_version_1()?)),
    ]
}

fn check(file: &str, text: &str) -> Result<(), String> {
    compare(&in_repository("tests/golden").join(file), text)
}

/// Two layers with a rectifier between them, traced.
fn network() -> Result<Circuit, Box<dyn Error>> {
    let (first, second) =
        (Integers::of_tag("w1").tensor(&[16, 8], -1, 1), Integers::of_tag("w2").tensor(&[8, 4], -1, 1));
    let graph = trace("network", |t| {
        let x = t.encrypted("image", [1, 16], 0..=3);
        let hidden = x.matmul(&first).map(|v| v.max(0) / 4);
        hidden.matmul(&second)
    })?;
    Ok(compile(&graph, &Options::default())?)
}

fn clear_argument() -> Result<Circuit, Box<dyn Error>> {
    let mlir = "func.func @scaled(%x: tensor<2x!fhe.esint<?>> {fhe.name = \"x\", fhe.range = array<i64: -8, 7>}, %factor: i64 {fhe.range = array<i64: -3, 3>}) -> (tensor<2x!fhe.esint<?>> {fhe.name = \"y\"}) {
  %0 = fhe.slice %x {offsets = array<i64: 1>, strides = array<i64: -1>} : (tensor<2x!fhe.esint<?>>) -> tensor<2x!fhe.esint<?>>
  %1 = fhe.sum %0 {axes = array<i64: 0>} : (tensor<2x!fhe.esint<?>>) -> !fhe.esint<?>
  %2 = fhe.mul_clear %1, %factor : (!fhe.esint<?>, i64) -> !fhe.esint<?>
  %3 = fhe.broadcast %2 : (!fhe.esint<?>) -> tensor<2x!fhe.esint<?>>
  return %3 : tensor<2x!fhe.esint<?>>
}";
    Ok(compile_text(mlir, "scaled.mlir", &Options::default())?)
}

/// What machine code and runtime agree on. A change here makes compiled programs unloadable, on purpose.
fn runtime_contract() -> String {
    let mut text = format!("spec version {SPEC_VERSION}\ncontract {}\n", abi_hash());
    for (slot, function) in RUNTIME_FUNCTIONS.iter().enumerate() {
        let arguments: Vec<String> =
            function.arguments.iter().map(|(name, ty)| format!("{name}: {ty:?}")).collect();
        let _ = writeln!(text, "slot {slot}: {}({})", function.name, arguments.join(", "));
    }
    let _ = writeln!(text, "entry {}\nspec {SPEC_SYMBOL} in {SPEC_SECTION}", entry_symbol("NAME"));
    text
}

/// The same input gives the same spec and the same code.
fn same_bytes() -> Result<(), String> {
    let [first, second] = [(); 2].map(|()| network().map_err(|error| error.to_string()));
    let (first, second) = (first?, second?);
    if first.spec().to_json() != second.spec().to_json() {
        return Err("the specs of two compilations differ".to_owned());
    }
    let assembly = |circuit: &Circuit| circuit.assembly().map_err(|error| error.to_string());
    match assembly(&first)? == assembly(&second)? {
        true => Ok(()),
        false => Err("the code of two compilations differs".to_owned()),
    }
}

fn other_releases() -> Result<(), String> {
    let spec = lookup_program::addition().map_err(|error| error.to_string())?.spec().clone();
    let json = |change: &dyn Fn(&mut ProgramSpec)| {
        let mut spec = spec.clone();
        change(&mut spec);
        spec.to_json()
    };
    let older = json(&|spec| (spec.version, spec.compiler) = (0, "0.0.1".to_owned()));
    let newer = json(&|spec| (spec.version, spec.compiler) = (99, "99.0.0".to_owned()));
    let truncated = spec.to_json()[..100].to_owned();
    let unknown = spec.to_json().replacen('{', "{\"speed\": 3,", 1);
    let cases = [
        (older, "upgrade the other side and compile the program again (written by cloakwork 0.0.1)"),
        (newer, "it comes from a newer release: upgrade this side (written by cloakwork 99.0.0)"),
        (truncated, "the spec cannot be read"),
        (unknown, "unknown field `speed`"),
    ];
    for (json, part) in cases {
        match ProgramSpec::from_json(&json) {
            Ok(_) => return Err(format!("accepted: {json}")),
            Err(error) if error.to_string().contains(part) => {}
            Err(error) => return Err(format!("`{part}` is not in: {error}")),
        }
    }
    Ok(())
}

/// `y = x² + 1` of 0 to 7 in an artifact of the first version: every later release reads and runs it. It is made once, with
/// `BLESS=1`, and never again.
fn artifact_of_version_1() -> Result<(), Box<dyn Error>> {
    let path = in_repository("tests/golden").join("artifact_1.cloakwork");
    if !path.exists() && std::env::var_os("BLESS").is_some() {
        let graph = trace("square", |t| t.encrypted("x", [2], 0..=7).map(|v| v * v + 1))?;
        let options = Options { target: "x86-64".parse()?, ..Options::default() };
        let artifact = ArtifactOptions {
            more_targets: vec!["aarch64".parse()?],
            with_ir: true,
            labels: [("note".to_owned(), "golden".to_owned())].into(),
            signed_by: None,
        };
        compile(&graph, &options)?.module().save(&path, &artifact)?;
    }
    let artifact = read_artifact(&path, &[])?;
    let recompiled = recompiled(&artifact, "golden")?.function("square")?;
    let loaded = load_program(&path, None, &[])?;
    for x in 0..8 {
        let argument = ArrayD::from_shape_vec(vec![2], vec![x, 7 - x])?;
        let expected = argument.mapv(|x| x * x + 1);
        let of_code = simulate(&loaded, std::slice::from_ref(&argument), Noise::Seed(7))?.outputs;
        let of_ir = recompiled.simulate(&argument, Noise::Seed(7))?.outputs;
        if of_code != [expected.clone()] || of_ir != [expected.clone()] {
            return Err(format!("{argument}: {of_code:?} and {of_ir:?}, expected {expected}").into());
        }
    }
    let labels = &artifact.manifest().labels;
    match (artifact.code().count(), labels.get("note").map(String::as_str)) {
        (2, Some("golden")) => Ok(()),
        found => Err(format!("code and label are {found:?}").into()),
    }
}
