//! Rounding, truncation and low bits mean the same at every level, by every method.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_ir::context::{context, parse};
use cloakwork_ir::function::functions;
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::pipeline::{FHE, PREPARE, run};
use melior::ir::Module;
use ndarray::{ArrayD, IxDyn};
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};

const STRATEGIES: [&str; 7] =
    ["whole", "bits", "chunks-2", "chunks-3", "chunks-4", "chunks-5", "approximate"];

/// Any keys: phases know none.
const KEYS: &str = "tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 1024 : i64, variance = 1.0e-15 : f64}
tfhe.secret_key @small {lwe_dimension = 692 : i64, variance = 1.0e-10 : f64}
tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.0e-6 : f64, base_log = 2 : i64, level = 7 : i64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 7 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-5 : f64}
";

/// Least and greatest input, bits, and what of the result is used.
#[derive(Clone, Copy, Debug)]
struct Case {
    lo: i64,
    hi: i64,
    bits: u32,
    is_approximate: bool,
    users: u8,
}

/// Rounds, truncates and takes low bits of `x`; looks results up, multiplies them, returns them.
fn program(case: Case) -> String {
    let Case { lo, hi, bits, is_approximate, users } = case;
    let (sign, approximate) =
        (if lo < 0 { "esint" } else { "eint" }, if is_approximate { ", approximate" } else { "" });
    let mut body = String::new();
    let mut returned = vec![];
    for (name, signed) in [("round", lo < 0), ("truncate", lo < 0), ("low_bits", false)] {
        let of = |signed: bool| if signed { "!fhe.esint<?>" } else { "!fhe.eint<?>" };
        let (x, ty) = (format!("!fhe.{sign}<?>"), of(signed));
        let extra = if name == "low_bits" { "" } else { approximate };
        body += &format!("%{name} = fhe.{name} %x {{bits = {bits} : i64{extra}}} : ({x}) -> {ty}\n");
        if users & 1 != 0 {
            let square = "^bb0(%v: i64):\n%q = arith.muli %v, %v : i64\nfhe.yield %q : i64\n}\n";
            body += &format!("%{name}s = fhe.map %{name} : ({ty}) -> !fhe.eint<?> {{\n{square}");
            returned.push((format!("%{name}s"), of(false)));
        }
        if users & 2 != 0 {
            body += &format!("%{name}t = fhe.mul_clear %{name}, %three : ({ty}, i64) -> {ty}\n");
            returned.push((format!("%{name}t"), ty));
        }
        if users & 4 != 0 || users == 0 {
            returned.push((format!("%{name}"), ty));
        }
    }
    if users & 8 != 0 {
        // The input is needed at another width, too.
        body += &format!("%more = fhe.mul_clear %x, %three : (!fhe.{sign}<?>, i64) -> !fhe.{sign}<?>\n");
        returned.push(("%more".into(), if lo < 0 { "!fhe.esint<?>" } else { "!fhe.eint<?>" }));
    }
    let values: Vec<&str> = returned.iter().map(|(value, _)| value.as_str()).collect();
    let types: Vec<&str> = returned.iter().map(|(_, ty)| *ty).collect();
    let (values, types) = (values.join(", "), types.join(", "));
    format!(
        "{KEYS}func.func @main(%x: !fhe.{sign}<?> {{fhe.range = array<i64: {lo}, {hi}>}}) -> ({types}) {{\n\
         %three = arith.constant 3 : i64\n{body}return {values} : {types}\n}}"
    )
}

fn results(module: &Module<'_>, case: Case) -> Result<Vec<Vec<Clear>>, String> {
    let input = |x: i64| [Clear::Int(ArrayD::from_elem(IxDyn(&[]), x))];
    let of = |x: i64| interpret(functions(module)[0], &input(x), &NoHostFunctions);
    (case.lo..=case.hi).map(|x| of(x).map_err(|error| format!("{x}: {error}"))).collect()
}

/// What plain arithmetic says.
fn expected(case: Case, x: i64) -> Vec<i64> {
    let scale = 1i64 << case.bits;
    let rounded = [(x + scale / 2).div_euclid(scale), x.div_euclid(scale), x.rem_euclid(scale)];
    let users = if case.users & 7 == 0 { if case.users == 0 { 4 } else { 0 } } else { case.users };
    let mut all = vec![];
    for value in rounded {
        all.extend((users & 1 != 0).then_some(value * value));
        all.extend((users & 2 != 0).then_some(3 * value));
        all.extend((users & 4 != 0).then_some(value));
    }
    all.extend((case.users & 8 != 0).then_some(3 * x));
    all
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(30))]

    #[test]
    fn every_method_means_the_same(
        lo in -140i64..140, more in 0i64..260, bits in 1u32..7, is_approximate in any::<bool>(), users in 0u8..16,
    ) {
        let case = Case { lo, hi: lo + more, bits, is_approximate, users };
        let source = program(case);
        let context = context();
        let wanted: Vec<Vec<Clear>> = (case.lo..=case.hi)
            .map(|x| expected(case, x).into_iter().map(|v| Clear::Int(ArrayD::from_elem(IxDyn(&[]), v))).collect())
            .collect();
        for strategy in STRATEGIES {
            let mut module = parse(&context, &source, "random").unwrap();
            prop_assert!(results(&module, case) == Ok(wanted.clone()), "{source}");
            let decompose = format!("builtin.module(fhe-decompose-rounding{{strategy={strategy}}},canonicalize,cse)");
            let convert = "builtin.module(convert-fhe-to-tfhe,canonicalize,cse)";
            for pipeline in [PREPARE, FHE, &decompose, convert] {
                let before = module.as_operation().to_string();
                let passed = run(&context, &mut module, pipeline);
                prop_assert!(passed.is_ok(), "{passed:?}\n{before}");
                let found = results(&module, case);
                let text = module.as_operation().to_string();
                prop_assert!(found == Ok(wanted.clone()), "{pipeline}: {found:?} not {wanted:?}\n{before}\n{text}");
            }
        }
    }
}
