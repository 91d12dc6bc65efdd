//! The executors of this process: interpreter, machine code on phases, machine code on ciphertexts.

use super::cases::Case;
use cloakwork::call::Call;
use cloakwork::{Circuit, Noise, Options, compile_text, evaluate};
use cloakwork_ir::interpret::Clear;
use ndarray::ArrayD;

/// The definition of the program: as it was written, and behind the passes of the `fhe` level.
pub(crate) fn interpreted(case: &Case) -> Result<(), String> {
    let arguments = case.inputs.iter().cloned().map(Clear::Int).collect();
    let call = Call { function: "main".to_owned(), arguments };
    let found = evaluate(&case.mlir, &case.name, &call).map_err(|error| explained(case, &error))?;
    let expected: Vec<Clear> = case.expected.iter().cloned().map(Clear::Int).collect();
    if found != expected {
        return Err(format!("expected {expected:?}, found {found:?}\n{}", case.mlir));
    }
    let found =
        compiled(case)?.evaluate_clear([case.inputs.clone()]).map_err(|error| explained(case, &error))?;
    compare(case, found.first().map_or(&[][..], Vec::as_slice))
}

/// Machine code on phases, without noise and with the noise of the program's parameters.
pub(crate) fn simulated(case: &Case) -> Result<(), String> {
    let circuit = compiled(case)?;
    for noise in [Noise::None, Noise::Seed(1)] {
        let simulation =
            circuit.simulate(case.inputs.clone(), noise).map_err(|error| explained(case, &error))?;
        compare(case, &simulation.outputs).map_err(|problem| format!("{noise:?}: {problem}"))?;
        if simulation.outside != 0 {
            return Err(format!("{noise:?}: {} lookups outside of the messages", simulation.outside));
        }
    }
    Ok(())
}

/// Machine code on ciphertexts, with real keys.
pub(crate) fn jit(case: &Case) -> Result<(), String> {
    let circuit = compiled(case)?;
    let keys = circuit.keygen().map_err(|error| explained(case, &error))?;
    let found =
        circuit.encrypt_run_decrypt(&keys, case.inputs.clone()).map_err(|error| explained(case, &error))?;
    compare(case, &found)
}

fn compiled(case: &Case) -> Result<Circuit, String> {
    compile_text(&case.mlir, &case.name, &Options::default()).map_err(|error| explained(case, &error))
}

/// Whether the results are those that plain arithmetic gives.
pub(crate) fn compare(case: &Case, found: &[ArrayD<i64>]) -> Result<(), String> {
    match found == case.expected.as_slice() {
        true => Ok(()),
        false => Err(format!("expected {:?}, found {found:?}\n{}", case.expected, case.mlir)),
    }
}

pub(crate) fn explained(case: &Case, error: &dyn std::fmt::Display) -> String {
    format!("{error}\n{}", case.mlir)
}
