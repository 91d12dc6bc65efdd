//! `cloakwork`: compiles programs, makes keys, encrypts, runs, decrypts, each in a process of its own.
//!
//! A file appears under its name only when it is complete. Results go to standard output, all else to
//! standard error.

mod arguments;
mod calibrate;
mod compile;
mod inspect;
mod keygen;
mod models;
mod passphrase;
mod profile;
mod remote;
mod run;
mod serve;
mod strategies;
mod values;

use arguments::{Arguments, Command};
use clap::Parser;
use cloakwork::process::exit_with;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit_with(|| match &arguments.command {
        Command::Compile(arguments) => compile::compile(arguments),
        Command::Keygen(arguments) => keygen::keygen(arguments),
        Command::Encrypt(arguments) => values::encrypt(arguments),
        Command::Run(arguments) => run::run(arguments),
        Command::Decrypt(arguments) => values::decrypt(arguments),
        Command::Simulate(arguments) => run::simulate(arguments),
        Command::Calibrate(arguments) => calibrate::calibrate(arguments),
        Command::Predict(arguments) => models::predict(arguments),
        Command::Report(arguments) => models::report(arguments),
        Command::Inspect(arguments) => inspect::inspect(arguments),
        Command::Profile(arguments) => profile::profile(arguments),
        Command::Serve(options) => serve::serve(options),
        Command::Token(arguments) => serve::token(arguments),
        Command::Call(arguments) => remote::call(arguments),
    })
}
