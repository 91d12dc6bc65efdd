//! The `main` of emitted executables: reads keys and encrypted arguments, runs, writes encrypted results.
//!
//! An emitted executable calls [`cloakwork_main`] with its own machine code and spec, and is linked with this crate's
//! static library.

use crate::formats::{read_arguments, write_values};
use crate::keys::EvaluationKeys;
use crate::program::Program;
use crate::server::{RunOptions, run};
use cloakwork_abi::functions::Entry;
use cloakwork_abi::spec::ProgramSpec;
use std::ffi::{CStr, c_char};
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

/// All went well.
pub const EXIT_OK: i32 = 0;
/// A file was refused, or the run failed.
pub const EXIT_FAILED: i32 = 1;
/// The command line was not understood.
pub const EXIT_USAGE: i32 = 2;

const USAGE: &str = "usage: PROGRAM --keys EVALUATION_KEYS --input ARGUMENTS --output RESULTS [--threads N]
       PROGRAM --inspect

  --keys     evaluation keys, made for this program's key set
  --input    encrypted arguments; repeated where several files hold them
  --output   file for the encrypted results
  --threads  threads to compute with; by default one for each core
  --inspect  prints the spec of the program as JSON";

/// Runs the program `entry` as the arguments behind the program's name say; returns the exit code.
///
/// # Safety
///
/// `entry` is code compiled for exactly the spec in `spec_json`, and obeys [`Entry`].
pub unsafe fn main_with(entry: Entry, spec_json: &[u8], arguments: &[String]) -> i32 {
    let command = match parse(arguments) {
        Ok(command) => command,
        Err(problem) => {
            eprintln!("error: {problem}\n\n{USAGE}");
            return EXIT_USAGE;
        }
    };
    // SAFETY: the caller's.
    let result = unsafe { execute(entry, spec_json, command) };
    match result {
        Ok(()) => EXIT_OK,
        Err(error) => {
            eprintln!("error: {error}");
            EXIT_FAILED
        }
    }
}

/// [`main_with`] for the `main` of an emitted executable.
///
/// # Safety
///
/// `argv` points to `argc` C strings, `spec` to `spec_length` bytes; `entry` as in [`main_with`].
#[unsafe(no_mangle)]
pub unsafe extern "C" fn cloakwork_main(
    argc: i32,
    argv: *const *const c_char,
    entry: Option<Entry>,
    spec: *const u8,
    spec_length: usize,
) -> i32 {
    let Some(entry) = entry.filter(|_| !argv.is_null() && !spec.is_null()) else {
        eprintln!("error: this executable was not linked correctly; compile the program again");
        return EXIT_FAILED;
    };
    let main = || {
        // SAFETY: the caller's.
        let arguments = unsafe { std::slice::from_raw_parts(argv, argc.max(0) as usize) };
        // SAFETY: the caller's.
        let text =
            |&argument: &*const c_char| unsafe { CStr::from_ptr(argument) }.to_string_lossy().into_owned();
        let arguments: Vec<String> = arguments.iter().skip(1).map(text).collect();
        // SAFETY: the caller's.
        unsafe { main_with(entry, std::slice::from_raw_parts(spec, spec_length), &arguments) }
    };
    catch_unwind(AssertUnwindSafe(main)).unwrap_or(EXIT_FAILED)
}

enum Command {
    Help,
    Inspect,
    Run { keys: PathBuf, input: Vec<PathBuf>, output: PathBuf, threads: Option<NonZeroUsize> },
}

fn parse(arguments: &[String]) -> Result<Command, String> {
    let (mut keys, mut input, mut output, mut threads) = (None, vec![], None, None);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument.as_str(), None),
        };
        let slot = match name {
            "--help" | "-h" => return Ok(Command::Help),
            "--inspect" => return Ok(Command::Inspect),
            "--keys" => &mut keys,
            "--input" => &mut None,
            "--output" => &mut output,
            "--threads" => &mut threads,
            other => return Err(format!("unknown argument `{other}`")),
        };
        let value =
            value.or_else(|| arguments.next().cloned()).ok_or_else(|| format!("`{name}` needs a value"))?;
        if name == "--input" {
            input.push(PathBuf::from(value));
        } else if slot.replace(value).is_some() {
            return Err(format!("`{name}` is given twice"));
        }
    }
    let file = |name: &str, value: Option<String>| {
        value.map(PathBuf::from).ok_or_else(|| format!("`{name}` is missing"))
    };
    let number = |text: String| {
        text.parse().map_err(|_| format!("`--threads` is `{text}`, allowed is a number from 1"))
    };
    Ok(Command::Run {
        keys: file("--keys", keys)?,
        input: match input.is_empty() {
            true => return Err("`--input` is missing".to_owned()),
            false => input,
        },
        output: file("--output", output)?,
        threads: threads.map(number).transpose()?,
    })
}

/// # Safety
///
/// As in [`main_with`].
unsafe fn execute(
    entry: Entry,
    spec_json: &[u8],
    command: Command,
) -> Result<(), Box<dyn std::error::Error>> {
    let spec = ProgramSpec::from_json(str::from_utf8(spec_json)?.trim_end_matches('\0'))?;
    spec.require_contract()?;
    match command {
        Command::Help => println!("{USAGE}"),
        Command::Inspect => println!("{}", spec.to_json()),
        Command::Run { keys, input, output, threads } => {
            let keys = EvaluationKeys::read(&spec.keyset, &keys)?;
            let arguments = read_arguments(&spec.keyset, &spec.inputs, &input)?;
            // SAFETY: the caller's; code of this executable stays valid.
            let program = unsafe { Program::from_entry(spec, entry, Arc::new(())) };
            let results = run(&program, &keys, &arguments, RunOptions { threads })?;
            write_values(&program.spec().keyset, &program.spec().outputs, &results, &output)?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(arguments: &[&str]) -> Option<String> {
        let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
        parse(&arguments).err()
    }

    #[test]
    fn command_lines() {
        assert_eq!(problem(&["--inspect"]), None);
        assert_eq!(problem(&["--keys", "k", "--input=i", "--output", "o", "--threads", "2"]), None);
        assert_eq!(problem(&["--keys", "k", "--input", "i"]).as_deref(), Some("`--output` is missing"));
        assert_eq!(problem(&["--keys"]).as_deref(), Some("`--keys` needs a value"));
        assert_eq!(problem(&["--keys=a", "--keys=b"]).as_deref(), Some("`--keys` is given twice"));
        assert_eq!(problem(&["--jobs", "2"]).as_deref(), Some("unknown argument `--jobs`"));
        let threads = problem(&["--keys=k", "--input=i", "--output=o", "--threads=0"]);
        assert_eq!(threads.as_deref(), Some("`--threads` is `0`, allowed is a number from 1"));
    }
}
