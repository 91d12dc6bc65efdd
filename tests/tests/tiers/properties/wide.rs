//! Random programs on wide integers, signed and unsigned of up to 64 bits, of several widths: clear, at every level, and on phases.

use cloakwork::call::Call;
use cloakwork::{Circuit, Clear, Level, Noise, Options, compile_text, evaluate};
use cloakwork_abi::bounds::{Bounds, are_words, is_unsigned, join, to_words};
use cloakwork_ir::pairwise::{Pairwise, Predicate};
use cloakwork_tests::integers::Integers;
use libtest_mimic::Trial;
use ndarray::{ArrayD, IxDyn};
use std::fmt::Write;

/// Programs that run on phases.
const SEEDS: u64 = 12;
/// Programs that also run on ciphertexts.
const ENCRYPTED_SEEDS: u64 = 1;
/// Calls of each.
const CALLS: usize = 4;
/// Elements of every value.
const COUNT: usize = 2;
/// Operations of a program.
const OPERATIONS: usize = 3;

const SIGNED: Bounds = (i64::MIN as i128, i64::MAX as i128);
const UNSIGNED: Bounds = (0, u64::MAX as i128);

/// One test for each seed.
pub(super) fn tests() -> Vec<Trial> {
    let clear = (0..SEEDS).map(|seed| test("wide", seed, every_level_agrees));
    let encrypted = (0..ENCRYPTED_SEEDS).map(|seed| test("wide_encrypted", seed, ciphertexts_agree));
    clear.chain(encrypted).collect()
}

fn test(name: &str, seed: u64, check: fn(&Program) -> Result<(), String>) -> Trial {
    Trial::test(format!("properties::{name}::{seed}"), move || {
        let program = program(seed);
        check(&program).map_err(|problem| format!("{problem}\n{}", program.mlir))?;
        Ok(())
    })
}

struct Program {
    mlir: String,
    /// Arguments and results.
    calls: Vec<(Vec<Clear>, Vec<Clear>)>,
}

fn every_level_agrees(program: &Program) -> Result<(), String> {
    let circuit = compiled(program)?;
    let levels = [Level::Fhe, Level::Tfhe].map(|level| circuit.mlir(level).unwrap_or_default());
    for (inputs, expected) in &program.calls {
        let texts = [("the program", program.mlir.as_str()), ("fhe", levels[0]), ("tfhe", levels[1])];
        for (name, mlir) in texts {
            let call = Call { function: "main".to_owned(), arguments: inputs.clone() };
            let found = evaluate(mlir, "random.mlir", &call).map_err(|error| format!("{name}: {error}"))?;
            compare(name, inputs, expected, &found)?;
        }
        let simulation = circuit.simulate(inputs.clone(), Noise::None).map_err(|error| error.to_string())?;
        compare("machine code on phases", inputs, expected, &read(&circuit, simulation.outputs))?;
        if simulation.outside != 0 {
            return Err(format!("{} lookups are outside of the messages", simulation.outside));
        }
    }
    Ok(())
}

fn ciphertexts_agree(program: &Program) -> Result<(), String> {
    let circuit = compiled(program)?;
    let keys = circuit.keygen().map_err(|error| error.to_string())?;
    let (inputs, expected) = &program.calls[0];
    let found = circuit.encrypt_run_decrypt(&keys, inputs.clone()).map_err(|error| error.to_string())?;
    compare("machine code on ciphertexts", inputs, expected, &read(&circuit, found))
}

fn compiled(program: &Program) -> Result<Circuit, String> {
    compile_text(&program.mlir, "random.mlir", &Options::default()).map_err(|error| error.to_string())
}

/// The integers of words.
fn read(circuit: &Circuit, words: Vec<ArrayD<i64>>) -> Vec<Clear> {
    let outputs = &circuit.spec().outputs;
    words.into_iter().zip(outputs).map(|(words, output)| Clear::of_words(words, output.range)).collect()
}

fn compare(what: &str, inputs: &[Clear], expected: &[Clear], found: &[Clear]) -> Result<(), String> {
    match expected == found {
        true => Ok(()),
        false => Err(format!("{what}, on {inputs:?}: expected {expected:?}, found {found:?}")),
    }
}

/// A value of the program and what it is in each call.
#[derive(Clone)]
struct Value {
    name: String,
    range: Bounds,
    calls: Vec<Vec<i128>>,
}

impl Value {
    fn ty(&self) -> String {
        let element = if self.range.0 < 0 { "esint" } else { "eint" };
        format!("tensor<{COUNT}x!fhe.{element}<?>>")
    }

    fn clear(&self, call: usize) -> Clear {
        let values = ArrayD::from_shape_vec(IxDyn(&[COUNT]), self.calls[call].clone()).expect("two elements");
        Clear::of_integers(&values).expect("words")
    }
}

fn program(seed: u64) -> Program {
    let mut random = Integers::of_seed(seed.wrapping_mul(7919) + 3);
    let mut values: Vec<Value> = vec![];
    for i in 0..3 {
        let bits = [17, 20, 31, 33, 48, 62, 63, 64, 64][random.within(0, 8) as usize];
        let range = match random.within(0, 2) {
            0 => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
            _ => (0, (1i128 << bits) - 1),
        };
        let calls = (0..CALLS).map(|_| (0..COUNT).map(|_| draw(&mut random, range)).collect()).collect();
        values.push(Value { name: format!("x{i}"), range, calls });
    }
    let arguments = values.clone();
    let amount = Value {
        name: "amount".to_owned(),
        range: (0, 9),
        calls: (0..CALLS).map(|_| (0..COUNT).map(|_| random.within(0, 9).into()).collect()).collect(),
    };
    let mut body = String::new();
    let mut tries = 0;
    while values.len() < arguments.len() + OPERATIONS && tries < 300 {
        tries += 1;
        let name = format!("v{}", values.len());
        if let Some((value, line)) = step(&mut random, &values, &amount, name) {
            body.push_str(&line);
            values.push(value);
        }
    }
    let results: Vec<&Value> = values.iter().rev().take(2).collect();
    let all: Vec<&Value> = arguments.iter().chain([&amount]).collect();
    let signature = all.iter().map(|value| {
        let [lo, hi] = to_words(value.range);
        format!("%{}: {} {{fhe.range = array<i64: {lo}, {hi}>}}", value.name, value.ty())
    });
    let types: Vec<String> = results.iter().map(|value| value.ty()).collect();
    let names: Vec<String> = results.iter().map(|value| format!("%{}", value.name)).collect();
    let mlir = format!(
        "func.func @main({}) -> ({types}) {{\n{body}  return {} : {types}\n}}\n",
        signature.collect::<Vec<_>>().join(", "),
        names.join(", "),
        types = types.join(", ")
    );
    let call = |i: usize| {
        let inputs = all.iter().map(|value| value.clear(i)).collect();
        (inputs, results.iter().map(|value| value.clear(i)).collect())
    };
    Program { mlir, calls: (0..CALLS).map(call).collect() }
}

/// A value of a range, often at its ends.
fn draw(random: &mut Integers, (lo, hi): Bounds) -> i128 {
    match random.within(0, 7) {
        0 => lo,
        1 => hi,
        _ => {
            let [high, low] = [0, 1].map(|_| i128::from(random.within(0, (1 << 32) - 1)));
            lo + (high << 32 | low).rem_euclid(hi - lo + 1)
        }
    }
}

/// A random operation, if its results are words for all operands.
fn step(random: &mut Integers, values: &[Value], amount: &Value, name: String) -> Option<(Value, String)> {
    let last = values.len() as i64 - 1;
    let mut pick = || &values[random.within(0, last).max(random.within(0, last)) as usize];
    let (a, b, c) = (pick(), pick(), pick());
    let functions = [
        Pairwise::Mul,
        Pairwise::Min,
        Pairwise::Max,
        Pairwise::And,
        Pairwise::Or,
        Pairwise::Xor,
        Pairwise::Compare(Predicate::Less),
        Pairwise::Compare(Predicate::Equal),
        Pairwise::Compare(Predicate::GreaterEqual),
    ];
    match random.within(0, 14) {
        0 | 1 => {
            let range = (a.range.0 + b.range.0, a.range.1 + b.range.1);
            written(name, "add", "", &[a, b], range, |v| v[0] + v[1])
        }
        2 => {
            let range = (a.range.0 - b.range.1, a.range.1 - b.range.0);
            written(name, "sub", "", &[a, b], range, |v| v[0] - v[1])
        }
        3 => {
            let op = Pairwise::ShiftRight;
            written(name, "shift_right", "", &[a, amount], a.range, |v| op.of_exact(v[0], v[1]).unwrap_or(0))
        }
        4 => {
            let range = (a.range.0 << 9, a.range.1 << 9);
            written(name, "shift_left", "", &[a, amount], join(range, a.range), |v| v[0] << v[1])
        }
        5 => {
            // Only comparisons are conditions.
            let condition = values.iter().rev().find(|value| value.range == (0, 1))?;
            let range = join(b.range, c.range);
            written(name, "select", "", &[condition, b, c], range, |v| if v[0] == 1 { v[1] } else { v[2] })
        }
        n => {
            let function = functions[(n - 6) as usize];
            let range = range_of(function, a.range, b.range);
            let attributes = match function {
                Pairwise::Compare(predicate) => format!(" {{predicate = \"{}\"}}", predicate.name()),
                _ => String::new(),
            };
            let of = |v: &[i128]| function.of_exact(v[0], v[1]).unwrap_or(i128::MAX);
            written(name, function.mnemonic(), &attributes, &[a, b], range, of)
        }
    }
}

fn range_of(function: Pairwise, x: Bounds, y: Bounds) -> Bounds {
    let corners = [(x.0, y.0), (x.0, y.1), (x.1, y.0), (x.1, y.1)];
    let hull = |f: &dyn Fn(i128, i128) -> i128| {
        let all = corners.map(|(x, y)| f(x, y));
        (all.into_iter().min().unwrap_or(0), all.into_iter().max().unwrap_or(0))
    };
    match function {
        Pairwise::Compare(_) => (0, 1),
        Pairwise::Mul => hull(&i128::saturating_mul),
        Pairwise::Min => hull(&i128::min),
        Pairwise::Max => hull(&i128::max),
        _ if x.0 < 0 || y.0 < 0 => {
            let reach = corners.map(|(x, y)| (x ^ (x >> 127)).max(y ^ (y >> 127)));
            let most = (reach.into_iter().max().unwrap_or(0) + 1).cast_unsigned().next_power_of_two() as i128;
            (-most, most - 1)
        }
        _ => (0, (x.1.max(y.1) + 1).cast_unsigned().next_power_of_two() as i128 - 1),
    }
}

/// The operation as text and value.
fn written(
    name: String,
    op: &str,
    attributes: &str,
    operands: &[&Value],
    range: Bounds,
    f: impl Fn(&[i128]) -> i128,
) -> Option<(Value, String)> {
    if !are_words(range) {
        return None;
    }
    debug_assert!(range.1 <= if is_unsigned(range) { UNSIGNED.1 } else { SIGNED.1 });
    let of_call = |call: usize| {
        let element = |i: usize| f(&operands.iter().map(|value| value.calls[call][i]).collect::<Vec<_>>());
        (0..COUNT).map(element).collect()
    };
    let value = Value { name, range, calls: (0..CALLS).map(of_call).collect() };
    let names: Vec<String> = operands.iter().map(|value| format!("%{}", value.name)).collect();
    let types: Vec<String> = operands.iter().map(|value| value.ty()).collect();
    let mut line = String::new();
    let _ = writeln!(
        line,
        "  %{} = fhe.{op} {}{attributes} : ({}) -> {}",
        value.name,
        names.join(", "),
        types.join(", "),
        value.ty()
    );
    Some((value, line))
}
