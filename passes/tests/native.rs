//! From the `fhe` level with keys down to the `llvm` dialect.

#![allow(clippy::unwrap_used, reason = "a failure fails the test")]

use cloakwork_abi::spec::ProgramSpec;
use cloakwork_ir::attributes::{SPEC, get_string};
use cloakwork_ir::context::{context, parse};
use cloakwork_ir::function::functions;
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::pipeline::{NATIVE, run};
use ndarray::{ArrayD, IxDyn};

const KEYS: &str = r#"
module attributes {tfhe.security = 128 : i64, tfhe.security_source = "none: small test keys"} {
tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 512 : i64, variance = 1.0e-30 : f64}
tfhe.secret_key @small {lwe_dimension = 20 : i64, variance = 1.0e-20 : f64}
tfhe.keyswitch_key @ksk from @big to @small {base_log = 4 : i64, level = 4 : i64, added_variance = 1.0e-12 : f64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 15 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-8 : f64, output_variance = 1.0e-20 : f64}
"#;

const PROGRAM: &str = r"
func.func @main(%x: tensor<2x3x!fhe.eint<5>>, %c: tensor<2xi64>) -> (tensor<2x!fhe.esint<5>>, tensor<2x!fhe.eint<2>>) attributes {tfhe.p_error = 1.0e-5 : f64, tfhe.global_p_error = 1.0e-5 : f64} {
  %w = arith.constant dense<[[1, 0], [2, -1], [0, 1]]> : tensor<3x2xi64>
  %m = fhe.matmul %x, %w : (tensor<2x3x!fhe.eint<5>>, tensor<3x2xi64>) -> tensor<2x2x!fhe.esint<5>>
  %s = fhe.sum %m {axes = array<i64: 0>} : (tensor<2x2x!fhe.esint<5>>) -> tensor<2x!fhe.esint<5>>
  %a = fhe.add_clear %s, %c : (tensor<2x!fhe.esint<5>>, tensor<2xi64>) -> tensor<2x!fhe.esint<5>>
  %f = fhe.slice %x {offsets = array<i64: 1, 0>, strides = array<i64: 1, 1>} : (tensor<2x3x!fhe.eint<5>>) -> tensor<1x2x!fhe.eint<5>>
  %r = fhe.reshape %f : (tensor<1x2x!fhe.eint<5>>) -> tensor<2x!fhe.eint<5>>
  %0 = fhe.lookup %r {tables = dense<1> : tensor<1x32xi64>} : (tensor<2x!fhe.eint<5>>) -> tensor<2x!fhe.eint<2>>
  %1 = fhe.lookup %a {tables = dense<2> : tensor<1x32xi64>} : (tensor<2x!fhe.esint<5>>) -> tensor<2x!fhe.eint<2>>
  %2 = fhe.lookup %s {tables = dense<1> : tensor<1x32xi64>} : (tensor<2x!fhe.esint<5>>) -> tensor<2x!fhe.eint<2>>
  %3 = fhe.sub %1, %0 : (tensor<2x!fhe.eint<2>>, tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<2>>
  %4 = fhe.add %3, %2 : (tensor<2x!fhe.eint<2>>, tensor<2x!fhe.eint<2>>) -> tensor<2x!fhe.eint<2>>
  return %a, %4 : tensor<2x!fhe.esint<5>>, tensor<2x!fhe.eint<2>>
}}";

fn clear(shape: &[usize], values: &[i64]) -> Clear {
    Clear::Int(ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap())
}

#[test]
fn meaning_stays_down_to_tfhe_and_lookups_of_a_kind_become_one() {
    let context = context();
    let mut module = parse(&context, &format!("{KEYS}{PROGRAM}"), "test").unwrap();
    let inputs = [clear(&[2, 3], &[1, 2, 0, 3, 1, 2]), clear(&[2], &[-3, 2])];
    let expected = interpret(functions(&module)[0], &inputs, &NoHostFunctions).unwrap();
    assert_eq!(expected, [clear(&[2], &[7, 1]), clear(&[2], &[2, 2])]);
    for pipeline in ["convert-fhe-to-tfhe", "canonicalize,cse", "tfhe-batch-bootstraps", "canonicalize,cse"] {
        run(&context, &mut module, &format!("builtin.module({pipeline})")).unwrap();
        let found = interpret(functions(&module)[0], &inputs, &NoHostFunctions).unwrap();
        assert_eq!(found, expected, "{pipeline}");
    }
    let text = module.as_operation().to_string();
    assert_eq!(text.matches("tfhe.keyswitch @ksk").count(), 1, "{text}");
    assert_eq!(text.matches("tfhe.bootstrap @bsk").count(), 2, "one unsigned, one signed: {text}");
}

#[test]
fn the_llvm_dialect_and_a_sound_spec_come_out() {
    let context = context();
    let mut module = parse(&context, &format!("{KEYS}{PROGRAM}"), "test").unwrap();
    run(&context, &mut module, "builtin.module(convert-fhe-to-tfhe)").unwrap();
    run(&context, &mut module, NATIVE).unwrap();
    let spec = ProgramSpec::from_json(&get_string(&module.as_operation(), SPEC).unwrap()).unwrap();
    assert_eq!((spec.inputs.len(), spec.outputs.len()), (2, 2));
    assert_eq!((spec.counts.bootstraps, spec.counts.bootstrap_calls), (6, 2));
    let text = module.as_operation().to_string();
    let foreign: Vec<&str> = text
        .lines()
        .filter(|line| ["tfhe.lwe", "scf.", "arith.", "func.func"].iter().any(|name| line.contains(name)))
        .collect();
    assert!(foreign.is_empty(), "{foreign:?}");
    assert!(text.contains("llvm.func @cloakwork_entry_main"), "{text}");
}
