//! Pipelines in `RUN:` lines: passes, and the names of whole pipelines.

use cloakwork::steps::{name, split};
use cloakwork_passes::pipeline::{FHE, NATIVE, PARAMETERS, PREPARE, fhe_with, parameters_with};

/// The passes of `text`, with `prepare`, `fhe{options}`, `parameters{options}` and `native` spelled out.
pub(crate) fn expand(text: &str) -> Result<Vec<String>, String> {
    let mut passes = vec![];
    for step in split(text).map_err(|error| error.to_string())? {
        let whole = match name(&step) {
            "prepare" => PREPARE.to_owned(),
            "fhe" => options(&step).map_or(FHE.to_owned(), fhe_with),
            "parameters" => options(&step).map_or(PARAMETERS.to_owned(), parameters_with),
            "native" => NATIVE.to_owned(),
            _ => {
                passes.push(step);
                continue;
            }
        };
        passes.extend(split(&whole).map_err(|error| error.to_string())?);
    }
    Ok(passes)
}

/// What stands in braces behind a name.
fn options(step: &str) -> Option<&str> {
    step.split_once('{').map(|(_, options)| options.trim_end_matches('}'))
}
