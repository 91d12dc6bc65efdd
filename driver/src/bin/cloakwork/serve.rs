//! `cloakwork serve` and `cloakwork token`.

use cloakwork::artifact::program_of;
use cloakwork::process::{Failure, print};
use cloakwork_runtime::artifact::Artifact;
use cloakwork_serve::command::{self, NewToken};
use cloakwork_serve::options::Options;

pub(crate) fn serve(options: &Options) -> Result<(), Failure> {
    let load = |artifact: &Artifact, function: &str, name: &str| {
        program_of(artifact, Some(function), name).map_err(|error| error.to_string())
    };
    // A reader of standard output that went away is no reason to end.
    Ok(command::serve(options, load, |address| drop(print(&format!("{address}\n"))))?)
}

pub(crate) fn token(arguments: &NewToken) -> Result<(), Failure> {
    print(&format!("{}\n", command::token(arguments)?))
}
