//! The dialects from text: parsing, printing, verification messages, and the interpreter.

#![allow(clippy::unwrap_used, reason = "a failure fails the test")]

use cloakwork_ir::context::{context, parse};
use cloakwork_ir::function::functions;
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use ndarray::{ArrayD, IxDyn};

fn run(source: &str, inputs: &[(&[usize], &[i64])]) -> Result<Vec<i64>, String> {
    let context = context();
    let module = parse(&context, source, "test.mlir").map_err(|errors| errors[0].to_string())?;
    let inputs: Vec<Clear> = inputs
        .iter()
        .map(|(shape, values)| Clear::Int(ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap()))
        .collect();
    let outputs =
        interpret(functions(&module)[0], &inputs, &NoHostFunctions).map_err(|error| error.to_string())?;
    Ok(outputs[0].int().unwrap().iter().copied().collect())
}

const MAP: &str = r"
func.func @main(%x: tensor<3x!fhe.eint<4>>) -> tensor<3x!fhe.esint<?>> {
  %w = arith.constant dense<[1, -2, 3]> : tensor<3xi64>
  %0 = fhe.mul_clear %x, %w : (tensor<3x!fhe.eint<4>>, tensor<3xi64>) -> tensor<3x!fhe.esint<4>>
  %1 = fhe.map %0 : (tensor<3x!fhe.esint<4>>) -> tensor<3x!fhe.efloat> {
  ^bb0(%v: i64):
    %f = arith.sitofp %v : i64 to f64
    %a = math.absf %f : f64
    %s = math.sqrt %a : f64
    fhe.yield %s : f64
  }
  %2 = fhe.map %1 : (tensor<3x!fhe.efloat>) -> tensor<3x!fhe.esint<?>> {
  ^bb0(%v: f64):
    %r = arith.fptosi %v : f64 to i64
    %m = arith.constant -1 : i64
    %n = arith.muli %r, %m : i64
    fhe.yield %n : i64
  }
  return %2 : tensor<3x!fhe.esint<?>>
}";

#[test]
fn maps_compute_on_reals_between_integers() {
    assert_eq!(run(MAP, &[(&[3], &[4, 2, 1])]), Ok(vec![-2, -2, -1]));
}

#[test]
fn text_comes_back_the_same() {
    let context = context();
    let once = parse(&context, MAP, "a").unwrap().as_operation().to_string();
    let twice = parse(&context, &once, "b").unwrap().as_operation().to_string();
    assert_eq!(once, twice);
    assert!(once.contains("fhe.mul_clear %arg0, %cst : "), "{once}");
}

#[test]
fn values_outside_their_type_are_named_with_their_place() {
    let error = run(MAP, &[(&[3], &[15, 2, 1])]).unwrap_err();
    assert_eq!(error, "test.mlir:4:8: error: the value 15 does not fit `!fhe.esint<4>`, which holds -8 to 7");
}

#[test]
fn tfhe_functions_compute_on_phases() {
    let source = r"
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 256 : i64, variance = 0.0 : f64}
tfhe.secret_key @small {lwe_dimension = 10 : i64, variance = 0.0 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 3 : i64, added_variance = 0.0 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 1 : i64, modulus_switch_variance = 0.0 : f64, output_variance = 0.0 : f64}
func.func @main(%x: tensor<4x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 1>}) -> (tensor<4x!tfhe.lwe<@big>> {tfhe.encoding = array<i64: 2, 0>}) {
  %0 = tfhe.keyswitch @ksk, %x : (tensor<4x!tfhe.lwe<@big>>) -> tensor<4x!tfhe.lwe<@small>>
  %1 = tfhe.bootstrap @bsk, %0 {tables = dense<[[0, 2305843009213693952, 4611686018427387904, 6917529027641081856]]> : tensor<1x4xi64>, is_signed} : (tensor<4x!tfhe.lwe<@small>>) -> tensor<4x!tfhe.lwe<@big>>
  return %1 : tensor<4x!tfhe.lwe<@big>>
}";
    // Entries 0, 1, 2, 3 belong to the messages 0, 1, -2, -1.
    assert_eq!(run(source, &[(&[4], &[0, 1, -2, -1])]), Ok(vec![0, 1, 2, 3]));
}

#[test]
fn verifier_messages_say_what_is_allowed() {
    let function = |body: &str| format!("func.func @main(%x: tensor<2x!fhe.eint<2>>) {{\n{body}\nreturn\n}}");
    let lookup = "%0 = fhe.lookup %x {tables = dense<0> : tensor<1x8xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>";
    let entry = "%0 = fhe.lookup %x {tables = dense<2> : tensor<1x4xi64>} : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<1>>";
    let cases = [
        (lookup, "the table has 8 entries, an input of type `!fhe.eint<2>` needs 4"),
        (entry, "the table entry 2 does not fit the result type `!fhe.eint<1>`, which holds 0 to 1"),
        ("%0 = fhe.neg %x : (tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.esint<3>>", "must have one width"),
        (
            "%0 = fhe.neg %x : (tensor<2x!fhe.eint<2>>) -> tensor<3x!fhe.esint<2>>",
            "the result has shape [3], it must be [2]",
        ),
        (
            "%0 = fhe.sum %x {axes = array<i64: 1>} : (tensor<2x!fhe.eint<2>>) -> !fhe.eint<2>",
            "must ascend and lie below the rank 1",
        ),
    ];
    for (body, message) in cases {
        let error = run(&function(body), &[]).unwrap_err();
        assert!(error.starts_with("test.mlir:2:6: error: 'fhe.") && error.contains(message), "{error}");
    }
    let error = run("func.func @main(%x: !fhe.eint<63>) { return }", &[]).unwrap_err();
    assert_eq!(error, "test.mlir:1:30: error: width must be 1 to 62 or `?`, got 63");
}
