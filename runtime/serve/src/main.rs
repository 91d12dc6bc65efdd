//! `cloakwork-serve`: the service without the compiler.

use clap::{Parser, Subcommand};
use cloakwork_serve::command::{CommandError, NewToken, serve, token};
use cloakwork_serve::models::load_without_compiler;
use cloakwork_serve::options::Options;
use std::io::Write;
use std::process::ExitCode;

/// Serves compiled programs over HTTP.
#[derive(Debug, Parser)]
#[command(name = "cloakwork-serve", version)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the programs of a folder until it is told to end
    Run(Box<Options>),
    /// Makes a bearer token, prints it, and puts its hash into a tokens file
    Token(NewToken),
}

fn main() -> ExitCode {
    match execute(&Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr().lock(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn execute(command: &Command) -> Result<(), CommandError> {
    // A reader of standard output that went away is no failure.
    let say = |text: &str| drop(writeln!(std::io::stdout().lock(), "{text}"));
    match command {
        Command::Run(options) => serve(options, load_without_compiler, say)?,
        Command::Token(arguments) => say(&token(arguments)?),
    }
    Ok(())
}
