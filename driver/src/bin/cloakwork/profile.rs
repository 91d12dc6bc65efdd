//! `cloakwork profile`.

use crate::arguments::Profile;
use crate::values::read_arguments;
use cloakwork::call::words;
use cloakwork::process::{Failure, print};
use cloakwork::{Options, RunOptions, Source, compile_module, files};

pub(crate) fn profile(arguments: &Profile) -> Result<(), Failure> {
    // A place that cannot be written is found before the work is done.
    let places = [&arguments.json, &arguments.html].into_iter().flatten();
    places.clone().try_for_each(|path| files::check_place(path))?;
    let (mlir, name) = files::read_source(&arguments.source)?;
    let options = Options {
        p_error: arguments.p_error,
        global_p_error: arguments.global_p_error,
        cost_table: arguments.cost_table.as_deref().map(files::load_cost_table).transpose()?,
        ..Options::default()
    };
    let module = compile_module(Source::Text { mlir: &mlir, name: &name }, &options, &mut |_| ())?;
    let circuit = match &arguments.function {
        Some(name) => module.function(name)?,
        None => module.only()?,
    };
    let values = words(circuit.spec(), read_arguments(&arguments.values)?)?;
    let keys = circuit.keygen()?;
    let encrypted = circuit.encrypt(&keys.secret, values)?;
    let options = RunOptions { threads: arguments.threads };
    for _ in 0..arguments.warm_up {
        circuit.run_watched(&keys.evaluation, &encrypted, options, &|_| ())?;
    }
    let (_, profile) = circuit.profile(&keys.evaluation, &encrypted, options)?;
    if let Some(path) = &arguments.json {
        files::write(path, profile.to_json().as_bytes())?;
    }
    if let Some(path) = &arguments.html {
        files::write(path, profile.to_html().as_bytes())?;
    }
    print(&profile.to_string())
}
