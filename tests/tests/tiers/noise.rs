//! How often programs are wrong: what the spec says, what simulation finds, and what real keys give.
//!
//! Programs are compiled for failure probabilities so great that failures can be counted. A count may leave what is
//! expected by five standard deviations, and by a tenth for the model: noise is taken to be Gaussian.

use cloakwork::{Circuit, Noise, Options, compile_text};
use cloakwork_tests::integers::Integers;
use libtest_mimic::Trial;
use ndarray::ArrayD;

/// Lookups of one call.
const COUNT: usize = 40;

/// Calls under each key that are executed.
const CALLS: u64 = 20;

/// Widths and failure probabilities that are simulated.
const SIMULATED: [(u32, f64); 6] = [(1, 1e-2), (2, 1e-1), (3, 1e-2), (4, 1e-2), (5, 1e-1), (6, 1e-2)];
/// Those that are executed.
const EXECUTED: [(u32, f64); 2] = [(2, 0.05), (4, 0.1)];

pub(crate) fn tests() -> Vec<Trial> {
    let simulated = SIMULATED.map(|(width, p_error)| {
        Trial::test(format!("noise::simulated::{width}_bits_{p_error}"), move || {
            Ok(simulated(width, p_error)?)
        })
    });
    let executed = EXECUTED.map(|(width, p_error)| {
        Trial::test(format!("noise::executed::{width}_bits_{p_error}"), move || Ok(executed(width, p_error)?))
    });
    simulated.into_iter().chain(executed).collect()
}

/// Simulation fails as often as the spec says, and no more than was asked for.
fn simulated(width: u32, p_error: f64) -> Result<(), String> {
    let circuit = lookups(width, p_error)?;
    let found = simulate(&circuit, width, 1000)?;
    found.agrees_with(of_element(&circuit), "the spec")?;
    if circuit.spec().error.p_error > p_error {
        return Err(format!("p_error is {}, asked for was {p_error}", circuit.spec().error.p_error));
    }
    Ok(())
}

/// Execution under several keys fails as often as the spec says, and as simulation does.
fn executed(width: u32, p_error: f64) -> Result<(), String> {
    let circuit = lookups(width, p_error)?;
    let mut found = Failures::default();
    for key in 0..3 {
        let keys = circuit.keygen().map_err(|error| error.to_string())?;
        for call in 0..CALLS {
            let input = input(width, CALLS * key + call);
            let outputs =
                circuit.encrypt_run_decrypt(&keys, input.clone()).map_err(|error| error.to_string())?;
            found.count(&input, &outputs[0], width);
        }
    }
    found.agrees_with(of_element(&circuit), "the spec")?;
    let simulated = simulate(&circuit, width, 1000)?;
    found.agrees_with(simulated.rate(), "simulation")
}

fn simulate(circuit: &Circuit, width: u32, calls: u64) -> Result<Failures, String> {
    let mut found = Failures::default();
    for seed in 0..calls {
        let input = input(width, seed);
        let simulation =
            circuit.simulate(input.clone(), Noise::Seed(seed)).map_err(|error| error.to_string())?;
        found.count(&input, &simulation.outputs[0], width);
    }
    Ok(found)
}

#[derive(Debug, Default)]
struct Failures {
    wrong: usize,
    of: usize,
}

impl Failures {
    fn count(&mut self, input: &ArrayD<i64>, output: &ArrayD<i64>, width: u32) {
        self.of += input.len();
        self.wrong += input.iter().zip(output).filter(|&(&x, &y)| table(width, x) != y).count();
    }

    fn rate(&self) -> f64 {
        self.wrong as f64 / self.of as f64
    }

    fn agrees_with(&self, rate: f64, whose: &str) -> Result<(), String> {
        let expected = rate * self.of as f64;
        let allowed = 5.0 * expected.sqrt() + 0.1 * expected;
        match (self.wrong as f64 - expected).abs() <= allowed {
            true => Ok(()),
            false => Err(format!("{self:?}: by {whose} {expected:.1} are expected, ±{allowed:.1}")),
        }
    }
}

/// Failure probability of one lookup together with its result, from that of a run of independent ones.
fn of_element(circuit: &Circuit) -> f64 {
    -((-circuit.spec().error.global_p_error).ln_1p() / COUNT as f64).exp_m1()
}

fn input(width: u32, seed: u64) -> ArrayD<i64> {
    Integers::of_seed(seed).tensor(&[COUNT], 0, (1 << width) - 1)
}

/// A table in which neighbours differ, also the first and the negated last: noise that reaches one is seen.
fn table(width: u32, value: i64) -> i64 {
    (value + 1) % (1 << width)
}

fn lookups(width: u32, p_error: f64) -> Result<Circuit, String> {
    let size = 1 << width;
    let entries: Vec<i64> = (0..size).map(|value| table(width, value)).collect();
    let ty = format!("tensor<{COUNT}x!fhe.eint<{width}>>");
    let mlir = format!(
        "func.func @main(%x: {ty}) -> {ty} {{
  %0 = fhe.lookup %x {{tables = dense<[{entries:?}]> : tensor<1x{size}xi64>}} : ({ty}) -> {ty}
  return %0 : {ty}
}}"
    );
    let options = Options { p_error: Some(p_error), ..Options::default() };
    compile_text(&mlir, "noise.mlir", &options).map_err(|error| error.to_string())
}
