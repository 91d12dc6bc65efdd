//! How often programs are wrong: what the spec says, what simulation finds, and what real keys give.
//!
//! Programs are compiled for failure probabilities so great that failures can be counted: of plain lookups, signed and
//! unsigned; after linear layers of growing norms; of several tables at once; and with several key sets. The right results
//! are those of a simulation without noise. A count may leave what is expected by four standard deviations. Lookups that
//! share a bootstrap fail together, as one event.
//! Simulation draws from the spec's variances, so there is nothing else; what is executed is
//! measured under a few keys whose variances differ from their mean, which the model takes for a sixth of the failures.

use cloakwork::{Circuit, Noise, Options, compile_text};
use cloakwork_tests::integers::Integers;
use libtest_mimic::Trial;
use ndarray::{ArrayD, Axis};

/// Rows of one call: each has results of its own.
const ROWS: usize = 500;

/// Keys that a program is executed under.
const KEYS: u64 = 3;

/// Failures of an execution besides their statistics: of variances of single keys.
const OF_KEYS: f64 = 1.0 / 6.0;

/// Failures that are expected of a simulation.
const SIMULATED: f64 = 1500.0;

/// Failures that are expected of an execution: the rarer, the fewer.
fn of_execution(p_error: f64) -> f64 {
    if p_error < 5e-3 { 25.0 } else { 60.0 }
}

/// A program whose rows fail on their own.
#[derive(Clone, Copy)]
struct Program {
    name: &'static str,
    kind: Kind,
    width: u32,
    p_errors: &'static [f64],
    executed: &'static [f64],
}

#[derive(Clone, Copy)]
enum Kind {
    /// One lookup of a fresh value.
    Unsigned,
    Signed,
    /// A lookup of `weight·x − weight·y + z`, where `x = y`: results of lookups themselves. The norm² is
    /// `2·weight² + 1`.
    Linear {
        weight: i64,
    },
    /// So many lookups of one value in one bootstrap.
    Several {
        tables: usize,
    },
    /// Lookups of values of this width beside wider ones, so that one key set would be dear.
    Mixed {
        narrow: u32,
    },
}

const BOTH: &[f64] = &[1e-2, 1e-3];
const HUNDREDTH: &[f64] = &[1e-2];
const NONE: &[f64] = &[];

const fn program(
    name: &'static str,
    kind: Kind,
    width: u32,
    p_errors: &'static [f64],
    executed: &'static [f64],
) -> Program {
    Program { name, kind, width, p_errors, executed }
}

const PROGRAMS: [Program; 14] = [
    program("unsigned_1", Kind::Unsigned, 1, BOTH, BOTH),
    program("unsigned_4", Kind::Unsigned, 4, BOTH, HUNDREDTH),
    program("unsigned_6", Kind::Unsigned, 6, BOTH, NONE),
    program("signed_2", Kind::Signed, 2, BOTH, BOTH),
    program("signed_5", Kind::Signed, 5, BOTH, NONE),
    program("norm2_3", Kind::Linear { weight: 1 }, 3, BOTH, HUNDREDTH),
    program("norm2_9", Kind::Linear { weight: 2 }, 2, BOTH, NONE),
    program("norm2_33", Kind::Linear { weight: 4 }, 3, BOTH, NONE),
    program("norm2_99", Kind::Linear { weight: 7 }, 4, HUNDREDTH, HUNDREDTH),
    program("norm2_339", Kind::Linear { weight: 13 }, 3, BOTH, NONE),
    program("norm2_969", Kind::Linear { weight: 22 }, 3, BOTH, HUNDREDTH),
    program("two_tables", Kind::Several { tables: 2 }, 3, BOTH, HUNDREDTH),
    program("three_tables", Kind::Several { tables: 3 }, 2, BOTH, NONE),
    program("mixed", Kind::Mixed { narrow: 2 }, 6, BOTH, HUNDREDTH),
];

pub(crate) fn tests() -> Vec<Trial> {
    let mut trials = vec![];
    for program in PROGRAMS {
        for &p_error in program.p_errors {
            let name = |how| format!("noise::{how}::{}::{p_error}", program.name);
            trials.push(Trial::test(name("simulated"), move || Ok(simulated(program, p_error)?)));
            if program.executed.contains(&p_error) {
                trials.push(Trial::test(name("executed"), move || Ok(executed(program, p_error)?)));
            }
        }
    }
    trials
}

/// Simulation fails as often as the spec says, and no more than was asked for.
fn simulated(program: Program, p_error: f64) -> Result<(), String> {
    let circuit = program.compile(p_error)?;
    let rate = of_row(&circuit);
    let calls = (SIMULATED / rate / ROWS as f64).ceil() as u64;
    let mut found = Failures::default();
    for seed in 0..calls {
        let inputs = program.inputs(seed);
        let outputs = simulate(&circuit, &inputs, Noise::Seed(seed))?;
        found.count(&simulate(&circuit, &inputs, Noise::None)?, &outputs);
    }
    found.agrees_with(rate, 0.0)?;
    let achieved = circuit.spec().error.p_error;
    if achieved > p_error || achieved < p_error / 1000.0 {
        return Err(format!("p_error is {achieved}, asked for was {p_error}"));
    }
    Ok(())
}

/// Execution under several keys fails as often as the spec says.
fn executed(program: Program, p_error: f64) -> Result<(), String> {
    let circuit = program.compile(p_error)?;
    let rate = of_row(&circuit);
    let calls = (of_execution(p_error) / rate / ROWS as f64 / KEYS as f64).ceil() as u64;
    let mut found = Failures::default();
    for key in 0..KEYS {
        let keys = circuit.keygen().map_err(|error| error.to_string())?;
        for call in 0..calls {
            let inputs = program.inputs(calls * key + call);
            let outputs =
                circuit.encrypt_run_decrypt(&keys, inputs.clone()).map_err(|error| error.to_string())?;
            found.count(&simulate(&circuit, &inputs, Noise::None)?, &outputs);
        }
    }
    found.agrees_with(rate, OF_KEYS)
}

fn simulate(circuit: &Circuit, inputs: &[ArrayD<i64>], noise: Noise) -> Result<Vec<ArrayD<i64>>, String> {
    let simulation = circuit.simulate(inputs.to_vec(), noise).map_err(|error| error.to_string())?;
    Ok(simulation.outputs)
}

/// Failure probability of the results of one row, from that of all, which fail on their own.
fn of_row(circuit: &Circuit) -> f64 {
    -((-circuit.spec().error.global_p_error).ln_1p() / ROWS as f64).exp_m1()
}

#[derive(Debug, Default)]
struct Failures {
    wrong: usize,
    of: usize,
}

impl Failures {
    /// A row is wrong if any of its results is; rows are the first axis.
    fn count(&mut self, expected: &[ArrayD<i64>], found: &[ArrayD<i64>]) {
        for row in 0..ROWS {
            let mut results = expected.iter().zip(found);
            let is_wrong = results.any(|(x, y)| x.index_axis(Axis(0), row) != y.index_axis(Axis(0), row));
            self.wrong += usize::from(is_wrong);
        }
        self.of += ROWS;
    }

    /// As often as the rate says, give or take.
    fn agrees_with(&self, rate: f64, of_keys: f64) -> Result<(), String> {
        let expected = rate * self.of as f64;
        let allowed = 4.0 * expected.sqrt() + of_keys * expected;
        println!("{self:?}: by the spec {expected:.0}");
        match (self.wrong as f64 - expected).abs() <= allowed {
            true => Ok(()),
            false => {
                Err(format!("{self:?}: by the spec {expected:.1} are expected, give or take {allowed:.1}"))
            }
        }
    }
}

impl Program {
    fn inputs(&self, seed: u64) -> Vec<ArrayD<i64>> {
        let mut integers = Integers::of_seed(seed);
        let top = (1 << self.width) - 1;
        match self.kind {
            Kind::Unsigned | Kind::Several { .. } => vec![integers.tensor(&[ROWS, 1], 0, top)],
            Kind::Signed => vec![integers.tensor(&[ROWS, 1], -(top + 1) / 2, top / 2)],
            Kind::Linear { .. } => {
                // The range of the sum is not proven, so that noise at an end of a table gives that end: away from them.
                let mut values = integers.tensor(&[ROWS, 3], 1, top - 2);
                for mut row in values.rows_mut() {
                    row[1] = row[0];
                }
                vec![values]
            }
            Kind::Mixed { narrow } => {
                let narrow = integers.tensor(&[ROWS, 4], 0, (1 << narrow) - 1);
                vec![narrow, integers.tensor(&[ROWS, 1], 0, top)]
            }
        }
    }

    fn compile(&self, p_error: f64) -> Result<Circuit, String> {
        let options = Options { p_error: Some(p_error), ..Options::default() };
        let circuit =
            compile_text(&self.text(), "noise.mlir", &options).map_err(|error| error.to_string())?;
        if matches!(self.kind, Kind::Mixed { .. }) && circuit.spec().keyset.bootstrap_keys.len() < 2 {
            return Err("one key set serves all lookups; choose widths further apart".to_owned());
        }
        if matches!(self.kind, Kind::Several { .. }) && circuit.spec().counts.bootstraps > ROWS as u64 {
            return Err("lookups of one value do not share a bootstrap; choose a smaller width".to_owned());
        }
        Ok(circuit)
    }

    fn text(&self) -> String {
        let ty = |columns: usize, width: u32| format!("tensor<{ROWS}x{columns}x!fhe.eint<{width}>>");
        let width = self.width;
        match self.kind {
            Kind::Unsigned => {
                let (ty, result) = (ty(1, width), ty(1, width + 1));
                function(&ty, &result, &lookup("r", "x", width, 1, (&ty, &result)))
            }
            Kind::Signed => {
                let (ty, result) = (format!("tensor<{ROWS}x1x!fhe.esint<{width}>>"), ty(1, width + 1));
                function(&ty, &result, &lookup("r", "x", width, 1, (&ty, &result)))
            }
            Kind::Linear { weight } => {
                let (wide, narrow, result) = (ty(3, width), ty(1, width), ty(1, width + 2));
                let first = lookup("a", "x", width, 1, (&wide, &wide));
                // The first two columns are equal, so the third is left, which is in range.
                let top = (1 << width) - 1;
                let linear = format!(
                    "  %w = arith.constant dense<[[{weight}], [-{weight}], [1]]> : tensor<3x1xi64>
  %b = fhe.matmul %a, %w {{fhe.range = array<i64: 0, {top}>}} : ({wide}, tensor<3x1xi64>) -> {narrow}\n"
                );
                // A wrong result of a lookup may lead anywhere, so all results differ, also those of a table that goes on from
                // its ends: 3·size + 1 less an entry.
                let size = top + 1;
                let entries: Vec<i64> = (1..size).chain([3 * size]).collect();
                let second = format!(
                    "  %r = fhe.lookup %b {{tables = dense<[{entries:?}]> : tensor<1x{size}xi64>}} : \
                     ({narrow}) -> {result}\n"
                );
                function(&wide, &result, &(first + &linear + &second))
            }
            Kind::Several { tables } => {
                let (ty, result) = (ty(1, width), ty(1, width + 1));
                let lookups: String = (0..tables)
                    .map(|i| lookup(&format!("r{i}"), "x", width, 1 + 2 * i as i64, (&ty, &result)))
                    .collect();
                let results: Vec<String> = (0..tables).map(|i| format!("%r{i}")).collect();
                let types = vec![result.as_str(); tables].join(", ");
                format!(
                    "func.func @main(%x: {ty}) -> ({types}) {{\n{lookups}  return {} : {types}\n}}\n",
                    results.join(", ")
                )
            }
            Kind::Mixed { narrow } => {
                let (few, many) = (ty(4, narrow), ty(1, width));
                let (of_few, of_many) = (ty(4, narrow + 1), ty(1, width + 1));
                let lookups = lookup("r", "x", narrow, 1, (&few, &of_few))
                    + &lookup("s", "y", width, 1, (&many, &of_many));
                format!(
                    "func.func @main(%x: {few}, %y: {many}) -> ({of_few}, {of_many}) {{\n{lookups}  \
                     return %r, %s : {of_few}, {of_many}\n}}\n"
                )
            }
        }
    }
}

fn function(from: &str, to: &str, body: &str) -> String {
    format!("func.func @main(%x: {from}) -> {to} {{\n{body}  return %r : {to}\n}}\n")
}

/// A lookup in a table in which neighbours differ, also the first and the negated last: noise that reaches one is seen. In a
/// wider result no entry is 0, which is how a client reads negated ones.
fn lookup(result: &str, of: &str, width: u32, added: i64, (from, to): (&str, &str)) -> String {
    let (size, least) = (1 << width, i64::from(from != to));
    let entries: Vec<i64> = (0..size).map(|value| (value + added) % size + least).collect();
    format!(
        "  %{result} = fhe.lookup %{of} {{tables = dense<[{entries:?}]> : tensor<1x{size}xi64>}} : ({from}) -> {to}\n"
    )
}
