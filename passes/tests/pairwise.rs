//! Functions of several encrypted integers mean the same at every level, by every method, for every mix of signs.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_ir::context::{context, parse};
use cloakwork_ir::function::functions;
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_ir::pairwise::Pairwise;
use cloakwork_passes::pipeline::{FHE, PREPARE, run};
use melior::ir::Module;
use ndarray::ArrayD;
use proptest::prelude::{Just, ProptestConfig, Strategy, prop_oneof, proptest};

/// Any keys: phases know none.
const KEYS: &str = "tfhe.secret_key @big {glwe_dimension = 1 : i64, polynomial_size = 1024 : i64, variance = 1.0e-15 : f64}
tfhe.secret_key @small {lwe_dimension = 692 : i64, variance = 1.0e-10 : f64}
tfhe.keyswitch_key @ksk from @big to @small {added_variance = 1.0e-6 : f64, base_log = 2 : i64, level = 7 : i64}
tfhe.bootstrap_key @bsk from @small to @big {base_log = 7 : i64, level = 2 : i64, modulus_switch_variance = 1.0e-6 : f64, output_variance = 1.0e-5 : f64}
";

const METHODS: [&str; 10] = [
    "auto",
    "table",
    "sign",
    "packed",
    "quarter-squares",
    "half-squares",
    "bits",
    "chunks-1",
    "chunks-2",
    "chunks-3",
];

type Range = (i64, i64);

/// Operands, and what is computed of them.
#[derive(Clone, Debug)]
struct Case {
    x: Range,
    y: Range,
    function: Function,
}

#[derive(Clone, Copy, Debug)]
enum Function {
    Pair(Pairwise),
    /// `x` where a bit is on, else `y`.
    Select,
    /// A map of two values.
    Map,
}

impl Case {
    /// All pairs, each of the two as one tensor.
    fn pairs(&self) -> (Vec<i64>, Vec<i64>) {
        (self.x.0..=self.x.1).flat_map(|x| (self.y.0..=self.y.1).map(move |y| (x, y))).unzip()
    }

    fn program(&self) -> String {
        let count = self.pairs().0.len();
        let ty = |lo: i64| format!("tensor<{count}x!fhe.{}<?>>", if lo < 0 { "esint" } else { "eint" });
        let (x, y, signed) = (ty(self.x.0), ty(self.y.0), ty(-1));
        let (line, result) = match self.function {
            Function::Pair(function) => {
                let (predicate, result) = match function {
                    Pairwise::Compare(predicate) => {
                        (format!(" {{predicate = \"{}\"}}", predicate.name()), ty(0))
                    }
                    _ => (String::new(), signed),
                };
                let name = function.mnemonic();
                (format!("%r = fhe.{name} %x, %y{predicate} : ({x}, {y}) -> {result}"), result)
            }
            Function::Select => {
                let bit = ty(0);
                let body = "^bb0(%v: i64):\n%one = arith.constant 1 : i64\n%q = arith.andi %v, %one : i64\nfhe.yield %q : i64\n}\n";
                let map = format!("%c = fhe.map %x : ({x}) -> {bit} {{\n{body}");
                (format!("{map}%r = fhe.select %c, %x, %y : ({bit}, {x}, {y}) -> {signed}"), signed)
            }
            Function::Map => {
                let body = "^bb0(%v: i64, %w: i64):\n%s = arith.muli %v, %w : i64\n%q = arith.subi %s, %w : i64\nfhe.yield %q : i64\n}";
                (format!("%r = fhe.map %x, %y : ({x}, {y}) -> {signed} {{\n{body}"), signed)
            }
        };
        let range = |(lo, hi): Range| format!("{{fhe.range = array<i64: {lo}, {hi}>}}");
        format!(
            "{KEYS}func.func @main(%x: {x} {}, %y: {y} {}) -> {result} {{\n{line}\nreturn %r : {result}\n}}",
            range(self.x),
            range(self.y)
        )
    }

    /// What plain arithmetic says.
    fn expected(&self) -> Vec<i64> {
        let (xs, ys) = self.pairs();
        let of = |(&x, &y): (&i64, &i64)| match self.function {
            Function::Pair(function) => function.of_pair(x, y).unwrap(),
            Function::Select if x & 1 == 1 => x,
            Function::Select => y,
            Function::Map => x * y - y,
        };
        xs.iter().zip(&ys).map(of).collect()
    }

    fn results(&self, module: &Module<'_>) -> Result<Vec<i64>, String> {
        let (xs, ys) = self.pairs();
        let inputs =
            [xs, ys].map(|values| Clear::Int(ArrayD::from_shape_vec(vec![values.len()], values).unwrap()));
        let found =
            interpret(functions(module)[0], &inputs, &NoHostFunctions).map_err(|error| error.to_string())?;
        Ok(found[0].int().unwrap().iter().copied().collect())
    }

    fn check(&self, method: &str) {
        let (source, context, expected) = (self.program(), context(), self.expected());
        let mut module = parse(&context, &source, "random").unwrap();
        assert_eq!(self.results(&module).unwrap(), expected, "{source}");
        let names = ["comparison", "min-max", "bitwise", "shifts", "products", "selects"];
        let options: Vec<String> = names.iter().map(|name| format!("{name}={method}")).collect();
        let pass = "fhe-decompose-pairwise";
        let fhe = FHE.replace(pass, &format!("{pass}{{{}}}", options.join(" ")));
        let rounding = "builtin.module(fhe-decompose-rounding{strategy=chunks-2},canonicalize,cse)";
        let convert = "builtin.module(convert-fhe-to-tfhe,canonicalize,cse)";
        for pipeline in [PREPARE, &fhe, rounding, convert] {
            let before = module.as_operation().to_string();
            let passed = run(&context, &mut module, pipeline);
            assert!(passed.is_ok(), "{method}: {passed:?}\n{before}");
            let found = self.results(&module);
            let text = format!("{before}\n{}", module.as_operation());
            let short: Vec<String> = text.lines().map(|line| line.chars().take(400).collect()).collect();
            assert!(
                found.as_ref() == Ok(&expected),
                "{method} of {self:?}: {pipeline}\n{}",
                short.join("\n")
            );
        }
    }
}

fn functions_of_two() -> impl Strategy<Value = Function> {
    let pairs = Pairwise::ALL.map(Function::Pair);
    prop_oneof![
        14 => proptest::sample::select(pairs.to_vec()),
        1 => Just(Function::Select),
        1 => Just(Function::Map),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn every_method_means_the_same(
        function in functions_of_two(), x in -40i64..40, more_x in 0i64..40, y in -40i64..40, more_y in 0i64..20,
        method in proptest::sample::select(METHODS.to_vec()),
    ) {
        let case = match function {
            Function::Pair(Pairwise::ShiftLeft | Pairwise::ShiftRight) => {
                let y = y.rem_euclid(5);
                Case { x: (x, x + more_x), y: (y, y + more_y % 6), function }
            }
            _ => Case { x: (x, x + more_x), y: (y, y + more_y), function },
        };
        case.check(method);
    }
}

/// Exhaustively on small types, signed and unsigned in any mix.
#[test]
fn every_mix_of_signs() {
    let ranges: [Range; 3] = [(0, 7), (-4, 3), (-8, 7)];
    for x in ranges {
        for y in ranges {
            for function in Pairwise::ALL {
                let is_shift = matches!(function, Pairwise::ShiftLeft | Pairwise::ShiftRight);
                if !(is_shift && y.0 < 0) {
                    let case = Case { x, y, function: Function::Pair(function) };
                    ["auto", "packed", "half-squares", "chunks-2"]
                        .iter()
                        .for_each(|method| case.check(method));
                }
            }
            Case { x, y, function: Function::Select }.check("auto");
            Case { x, y, function: Function::Map }.check("auto");
        }
    }
}
