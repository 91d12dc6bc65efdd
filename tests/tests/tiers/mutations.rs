//! Damaged text is refused with a message and never ends in a panic: every filetest with some of its letters changed
//! goes through its pipeline, or through all of them. The number in a test's name is the seed.

use crate::filetests::{files, pipelines_of};
use cloakwork_ir::context::{context, parse};
use cloakwork_ir::diagnostic::Diagnostic;
use cloakwork_tests::golden::in_repository;
use cloakwork_tests::integers::Integers;
use libtest_mimic::Trial;
use std::fs;
use std::panic::catch_unwind;

/// Damaged texts of each part of each file, for each seed.
const ATTEMPTS: usize = 3;
const SEEDS: u64 = 10;

pub(crate) fn tests() -> Vec<Trial> {
    (0..SEEDS).map(|seed| Trial::test(format!("mutations::{seed}"), move || Ok(damaged(seed)?))).collect()
}

fn damaged(seed: u64) -> Result<(), String> {
    let mut random = Integers::of_seed(seed);
    for file in files(&in_repository("tests/filetests")) {
        let text = fs::read_to_string(&file).map_err(|error| error.to_string())?;
        for (source, pipeline) in pipelines_of(&text)? {
            for _ in 0..ATTEMPTS {
                let source = mutated(&mut random, source);
                let run = || compile(&source, &pipeline);
                let problem = match catch_unwind(run) {
                    Ok(Ok(())) => None,
                    Ok(Err(errors)) => complaint(&errors),
                    Err(_) => Some("a panic".to_owned()),
                };
                if let Some(problem) = problem {
                    return Err(format!("{problem}\nin {}\nthrough {pipeline:?}\n{source}", file.display()));
                }
            }
        }
    }
    Ok(())
}

fn compile(source: &str, pipeline: &[String]) -> Result<(), Vec<Diagnostic>> {
    let context = context();
    let mut module = parse(&context, source, "damaged.mlir")?;
    for pass in pipeline {
        cloakwork_passes::pipeline::run(&context, &mut module, &format!("builtin.module({pass})"))?;
    }
    Ok(())
}

/// What is wrong with a refusal.
fn complaint(errors: &[Diagnostic]) -> Option<String> {
    let is_silent =
        errors.iter().all(|error| error.message.is_empty() || error.message.contains("without a message"));
    let is_ours = errors.iter().any(|error| error.message.contains("internal error"));
    let messages: Vec<String> = errors.iter().map(Diagnostic::to_string).collect();
    (is_silent || is_ours).then(|| format!("refused with: {}", messages.join("\n")))
}

/// Some words removed, doubled, exchanged, or a digit or sign changed.
fn mutated(random: &mut Integers, source: &str) -> String {
    let lines: Vec<&str> = source.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut words: Vec<String> = vec![];
    for letter in lines.join("\n").chars() {
        let is_part = |c: char| c.is_alphanumeric() || c == '_';
        match words.last_mut().filter(|word| is_part(letter) && word.chars().all(is_part)) {
            Some(word) => word.push(letter),
            None => words.push(letter.to_string()),
        }
    }
    for _ in 0..random.within(1, 3) {
        let mut place = || random.within(0, words.len() as i64 - 1) as usize;
        let (at, other) = (place(), place());
        match random.within(0, 4) {
            0 => words[at].clear(),
            1 => words[at] = words[at].repeat(2),
            2 => words.swap(at, other),
            3 => words[at] = words[other].clone(),
            _ => {
                // Numbers are what most checks are about; large ones stay small enough for memory.
                let numbers: Vec<usize> =
                    (0..words.len()).filter(|&i| words[i].parse::<u8>().is_ok()).collect();
                if let Some(&number) = numbers.get(at % numbers.len().max(1)) {
                    words[number] = ["0", "1", "-1", "2", "3", "5", "17", "63", "64"][other % 9].to_owned();
                }
            }
        }
    }
    words.concat()
}
