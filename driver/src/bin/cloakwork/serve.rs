//! `cloakwork serve` and `cloakwork token`.

use cloakwork::process::{Failure, print};
use cloakwork_serve::command::{self, NewToken};
use cloakwork_serve::options::Options;

pub(crate) fn serve(options: &Options) -> Result<(), Failure> {
    // A reader of standard output that went away is no reason to end.
    Ok(command::serve(options, |address| drop(print(&format!("{address}\n"))))?)
}

pub(crate) fn token(arguments: &NewToken) -> Result<(), Failure> {
    print(&format!("{}\n", command::token(arguments)?))
}
