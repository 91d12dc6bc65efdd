//! Random programs mean the same at every level: what plain arithmetic on arrays says is what the interpreter finds
//! before and behind the passes of the `fhe` level and at the `tfhe` level, what machine code computes on phases
//! without noise, and, for some, what it computes on ciphertexts. The number in a test's name is the seed.

mod generate;
mod steps;
mod wide;

use cloakwork::call::Call;
use cloakwork::{Circuit, Level, Noise, Options, compile_text, evaluate};
use cloakwork_ir::interpret::Clear;
use generate::{Program, program};
use libtest_mimic::Trial;
use ndarray::ArrayD;

/// Programs that run on phases.
const SEEDS: u64 = 150;
/// Programs that also run on ciphertexts.
const ENCRYPTED_SEEDS: u64 = 8;

/// One test for each seed.
pub(crate) fn tests() -> Vec<Trial> {
    let clear = (0..SEEDS).map(|seed| test("clear", seed, every_level_agrees));
    let encrypted = (0..ENCRYPTED_SEEDS).map(|seed| test("encrypted", seed, ciphertexts_agree));
    clear.chain(encrypted).chain(wide::tests()).collect()
}

fn test(name: &str, seed: u64, check: fn(&Program) -> Result<(), String>) -> Trial {
    Trial::test(format!("properties::{name}::{seed}"), move || {
        let program = program(seed);
        check(&program).map_err(|problem| format!("{problem}\n{}", program.mlir))?;
        Ok(())
    })
}

fn every_level_agrees(program: &Program) -> Result<(), String> {
    let interpreted = |mlir: &str, inputs: &[ArrayD<i64>]| -> Result<Vec<ArrayD<i64>>, String> {
        let arguments = inputs.iter().cloned().map(Clear::Int).collect();
        let results = evaluate(mlir, "random.mlir", &Call { function: "main".to_owned(), arguments })
            .map_err(|error| error.to_string())?;
        Ok(results.iter().filter_map(|result| result.int().cloned()).collect())
    };
    for (inputs, expected) in &program.calls {
        let found = interpreted(&program.mlir, inputs)?;
        compare("the interpreted program", inputs, expected, &found)?;
    }
    let circuit = compiled(program)?;
    let text = |level| circuit.mlir(level).unwrap_or_default();
    for (inputs, expected) in &program.calls {
        for (name, level) in [("the fhe level", Level::Fhe), ("the tfhe level", Level::Tfhe)] {
            let found = interpreted(text(level), inputs).map_err(|error| format!("{name}: {error}"))?;
            compare(name, inputs, expected, &found)
                .map_err(|problem| format!("{problem}\n{}", text(level)))?;
        }
        let simulation = circuit.simulate(inputs.clone(), Noise::None).map_err(|error| error.to_string())?;
        compare("machine code on phases", inputs, expected, &simulation.outputs)?;
        if simulation.outside != 0 {
            return Err(format!("{} lookups are outside of the messages", simulation.outside));
        }
    }
    Ok(())
}

fn ciphertexts_agree(program: &Program) -> Result<(), String> {
    let circuit = compiled(program)?;
    let keys = circuit.keygen().map_err(|error| error.to_string())?;
    for (inputs, expected) in program.calls.iter().take(2) {
        let found = circuit.encrypt_run_decrypt(&keys, inputs.clone()).map_err(|error| error.to_string())?;
        compare("machine code on ciphertexts", inputs, expected, &found)?;
    }
    Ok(())
}

fn compiled(program: &Program) -> Result<Circuit, String> {
    compile_text(&program.mlir, "random.mlir", &Options::default()).map_err(|error| error.to_string())
}

fn compare(
    what: &str,
    inputs: &[ArrayD<i64>],
    expected: &[ArrayD<i64>],
    found: &[ArrayD<i64>],
) -> Result<(), String> {
    match expected == found {
        true => Ok(()),
        false => Err(format!("{what}, on {inputs:?}: expected {expected:?}, found {found:?}")),
    }
}
