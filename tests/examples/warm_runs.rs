//! Our side of `benches/against_concrete.py`, as two kinds of processes that work when they are told to by a line of input, and
//! answer in lines of JSON.
//!
//! `make PROGRAM P_ERROR THREADS FOLDER` compiles; `keys` makes keys, `save` writes what a server needs, `check` decrypts its
//! results. `serve THREADS FOLDER` has no secret key: `load` reads the keys, `run` runs, `results` writes what came out.

use cloakwork::{EvaluationKeys, Options, RunOptions, load_program};
use cloakwork_runtime::formats::{read_values, write_values};
use cloakwork_runtime::server::with_threads;
use cloakwork_tests::bench_programs::BenchProgram;
use serde_json::{Value as Json, json};
use std::error::Error;
use std::io::{BufRead, Write, stdin, stdout};
use std::path::Path;
use std::time::Instant;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", program, p_error, threads, folder] => {
            make(program, p_error.parse()?, options(threads)?, Path::new(folder))
        }
        ["serve", threads, folder] => serve(options(threads)?, Path::new(folder)),
        _ => Err("usage: warm_runs make PROGRAM P_ERROR THREADS FOLDER | serve THREADS FOLDER".into()),
    }
}

fn options(threads: &str) -> Result<RunOptions, Box<dyn Error>> {
    Ok(RunOptions { threads: Some(threads.parse()?) })
}

fn make(name: &str, p_error: f64, threads: RunOptions, folder: &Path) -> Result<(), Box<dyn Error>> {
    let program = BenchProgram::named(name).ok_or("no program of that name")?;
    let start = Instant::now();
    let circuit = program.compile(&Options { p_error: Some(p_error), ..Options::default() })?;
    answer(json!({
        "seconds": start.elapsed().as_secs_f64(),
        "p_error": circuit.spec().error.p_error,
        "bootstraps": circuit.spec().counts.bootstraps,
    }))?;
    let spec = circuit.spec();
    let mut keys = None;
    each_line(|line| match (line, &keys) {
        ("keys", _) => {
            keys = None;
            let start = Instant::now();
            keys = Some(with_threads(threads, || circuit.keygen())??);
            Ok(seconds(start))
        }
        ("save", Some(keys)) => {
            let arguments = circuit.encrypt(&keys.secret, program.arguments())?;
            circuit.save(&folder.join("program"))?;
            write_values(&spec.keyset, &spec.inputs, &arguments, &folder.join("arguments"))?;
            keys.evaluation.write(&folder.join("keys"))?;
            Ok(json!({ "bytes": keys.evaluation.to_bytes().len() }))
        }
        ("check", Some(keys)) => {
            let results = read_values(&spec.keyset, &spec.outputs, &folder.join("results"))?;
            let found = circuit.decrypt(&keys.secret, &results)?;
            let expected = program.expected();
            let wrong = found[0].iter().zip(&expected).filter(|(found, right)| found != right);
            Ok(json!({ "wrong": wrong.count() }))
        }
        _ => Err(format!("`{line}` is not understood here").into()),
    })
}

fn serve(threads: RunOptions, folder: &Path) -> Result<(), Box<dyn Error>> {
    let program = load_program(&folder.join("program"), None, &[])?;
    let spec = program.spec();
    let arguments = read_values(&spec.keyset, &spec.inputs, &folder.join("arguments"))?;
    answer(json!({}))?;
    let (mut keys, mut results) = (None, vec![]);
    each_line(|line| match (line, &keys) {
        ("load", _) => {
            let start = Instant::now();
            let read = || EvaluationKeys::read(&spec.keyset, &folder.join("keys"));
            keys = Some(with_threads(threads, read)??.into_expanded());
            Ok(seconds(start))
        }
        ("run", Some(keys)) => {
            let start = Instant::now();
            results = cloakwork_runtime::run(&program, keys, &arguments, threads)?;
            Ok(seconds(start))
        }
        ("results", Some(_)) => {
            write_values(&spec.keyset, &spec.outputs, &results, &folder.join("results"))?;
            Ok(json!({}))
        }
        _ => Err(format!("`{line}` is not understood here").into()),
    })
}

fn seconds(start: Instant) -> Json {
    json!({ "seconds": start.elapsed().as_secs_f64() })
}

fn each_line(mut work: impl FnMut(&str) -> Result<Json, Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
    for line in stdin().lock().lines() {
        answer(work(&line?)?)?;
    }
    Ok(())
}

fn answer(fields: Json) -> Result<(), Box<dyn Error>> {
    println!("{fields}");
    Ok(stdout().flush()?)
}
