//! `--list-passes`, and the pipelines by name.

use crate::arguments::Named;
use cloakwork::Level;
use cloakwork_passes::pipeline::{FHE, NATIVE, PARAMETERS, PREPARE, fhe_with, parameters_with};
use cloakwork_passes::registry::PASSES;
use std::fmt::Write;

const UPSTREAM: &str = "Passes of MLIR such as `canonicalize` and `cse` can be used too.\n";

/// Every pass, its level, its options with defaults.
pub(crate) fn list_passes() -> String {
    let mut text = String::new();
    for pass in PASSES {
        let level = match pass.level {
            Level::Fhe => "fhe",
            Level::Tfhe => "tfhe",
            Level::Native => "native",
        };
        let _ = writeln!(text, "{}  [{level}]\n    {}", pass.name, pass.summary);
        for option in pass.options {
            let _ = writeln!(text, "    {}={}  {}", option.name, option.default, option.summary);
        }
    }
    text + UPSTREAM
}

/// The text of named pipelines, with the options of the optimizer put in.
pub(crate) fn named(name: Named, parameter_options: Option<&str>) -> Vec<String> {
    let parameters = parameter_options.map_or(PARAMETERS.to_owned(), parameters_with);
    let fhe = parameter_options.map_or(FHE.to_owned(), fhe_with);
    match name {
        Named::Prepare => vec![PREPARE.to_owned()],
        Named::Fhe => vec![fhe],
        Named::Parameters => vec![parameters],
        Named::Native => vec![NATIVE.to_owned()],
        Named::All => vec![PREPARE.to_owned(), fhe, parameters, NATIVE.to_owned()],
    }
}
