//! `cloakwork run` and `cloakwork simulate`: the commands that execute a program's machine code.

use crate::arguments::{Run, Simulate};
use crate::values::{read_arguments, text_of};
use cloakwork::call::words;
use cloakwork::process::{Failure, complain, print};
use cloakwork::{EvaluationKeys, Noise, files, load_program};
use cloakwork_runtime::formats::{read_arguments as read_encrypted, write_values};
use cloakwork_runtime::{RunOptions, run as run_encrypted, simulate as run_simulated};

pub(crate) fn run(arguments: &Run) -> Result<(), Failure> {
    let trusted = files::load_trusted_keys(&arguments.trust)?;
    let program = load_program(&arguments.program, arguments.function.as_deref(), &trusted)?;
    let spec = program.spec();
    let inputs = read_encrypted(&spec.keyset, &spec.inputs, &arguments.input)?;
    let keys = EvaluationKeys::read(&spec.keyset, &arguments.keys)?;
    let options = RunOptions { threads: arguments.threads };
    let results = run_encrypted(&program, &keys, &inputs, options)?;
    Ok(write_values(&spec.keyset, &spec.outputs, &results, &arguments.output)?)
}

pub(crate) fn simulate(arguments: &Simulate) -> Result<(), Failure> {
    let trusted = files::load_trusted_keys(&arguments.trust)?;
    let program = load_program(&arguments.program, arguments.function.as_deref(), &trusted)?;
    let inputs = read_arguments(&arguments.values)?;
    let noise = if arguments.exact { Noise::None } else { Noise::Seed(arguments.seed) };
    let simulation = run_simulated(&program, &words(program.spec(), inputs)?, noise)?;
    if simulation.outside > 0 {
        complain(&format!(
            "warning: {} of {} lookups got a value outside of its width: an overflow, or noise; see `cloakwork inspect`",
            simulation.outside, simulation.bootstraps
        ));
    }
    if simulation.results_outside > 0 {
        complain(&format!(
            "warning: {} ciphertexts of results lie outside of their width and are read as the nearest value inside",
            simulation.results_outside
        ));
    }
    print(&text_of(program.spec(), &simulation.outputs))
}
