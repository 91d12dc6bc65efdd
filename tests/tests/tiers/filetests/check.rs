//! Runs one filetest: errors, meaning before and after the pipeline, output.

use super::format::{ExpectedError, OUTPUT, Outcome, PART, Part, Place, Run, parse as parse_parts};
use super::pipeline::expand;
use cloakwork::call::format_value;
use cloakwork_ir::attributes::SPEC;
use cloakwork_ir::context::{context, parse};
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_tests::golden::{is_blessing, rounded, same};
use std::fs;
use std::path::Path;

/// What MLIR calls parsed text.
const UNNAMED: &str = "-";

pub(crate) fn check(file: &Path, text: &str) -> Result<(), String> {
    let (mut blessed, mut problems) = (vec![], vec![]);
    for (i, part) in parse_parts(text)?.iter().enumerate() {
        match check_part(part) {
            Ok(text) => blessed.push(text),
            Err(problem) => problems.push(format!("part {i}: {problem}")),
        }
    }
    if !problems.is_empty() {
        return Err(problems.join("\n"));
    }
    let blessed = format!("{}\n", blessed.join(PART).trim_end());
    if is_blessing() && blessed != text {
        fs::write(file, blessed).map_err(|error| error.to_string())?;
    }
    Ok(())
}

/// Gives the part's text with the output that was found.
fn check_part(part: &Part<'_>) -> Result<String, String> {
    let found = match compiled(part) {
        Ok(output) => output,
        Err(errors) => return check_errors(&part.errors, &errors).map(|()| part.source.to_owned()),
    };
    if !part.errors.is_empty() {
        return Err(format!("no error was reported, expected are {:#?}", part.errors));
    }
    let reparsed =
        printed(&found).map_err(|errors| format!("the output does not parse: {}", lines(&errors)))?;
    same(&found, &reparsed)
        .map_err(|difference| format!("the output reads back differently:\n{difference}"))?;
    for run in &part.runs {
        check_run(run, part.source).map_err(|problem| format!("before the pipeline: {problem}"))?;
        if !part.pipeline.is_empty() && matches!(run.outcome, Outcome::Results(_)) {
            check_run(run, &found).map_err(|problem| format!("after the pipeline: {problem}\n{found}"))?;
        }
    }
    if part.pipeline.is_empty() {
        return Ok(part.source.to_owned());
    }
    match part.output {
        _ if is_blessing() => {}
        Some(output) => same(output.trim_end(), shortened(&found).trim_end())?,
        None => return Err("there is no golden output; `BLESS=1 cargo test` writes it".to_owned()),
    }
    Ok(format!("{}{OUTPUT}{}", part.source.trim_end(), shortened(&found).trim_end()))
}

/// Without the spec, which has golden data of its own, and without the last digits.
fn shortened(mlir: &str) -> String {
    let mlir = &rounded(mlir);
    let start = format!("{SPEC} = \"");
    match mlir.split_once(&start) {
        Some((before, rest)) => {
            let (_, after) = rest.split_once('"').unwrap_or(("", rest));
            format!("{before}{start}…\"{after}")
        }
        None => mlir.to_owned(),
    }
}

/// The printed module behind the pipeline, or the errors on the way.
fn compiled(part: &Part<'_>) -> Result<String, Vec<Diagnostic>> {
    let context = context();
    let mut module = parse(&context, part.source, UNNAMED)?;
    let passes =
        expand(&part.pipeline).map_err(|problem| vec![Diagnostic::new(Severity::Error, "", problem)])?;
    for pass in passes {
        cloakwork_passes::pipeline::run(&context, &mut module, &format!("builtin.module({pass})"))?;
    }
    Ok(module.as_operation().to_string())
}

fn printed(text: &str) -> Result<String, Vec<Diagnostic>> {
    let context = context();
    Ok(parse(&context, text, UNNAMED)?.as_operation().to_string())
}

fn check_run(run: &Run, mlir: &str) -> Result<(), String> {
    let found = cloakwork::evaluate(mlir, UNNAMED, &run.call);
    match (&run.outcome, found) {
        (Outcome::Results(expected), Ok(found)) if *expected == found => Ok(()),
        (Outcome::Results(_), Ok(found)) => {
            let found: Vec<String> = found.iter().map(format_value).collect();
            Err(format!("`{}` gives ({})", run.text, found.join(", ")))
        }
        (Outcome::Results(_), Err(error)) => Err(format!("`{}` fails: {error}", run.text)),
        (Outcome::Fails(_), Ok(_)) => Err(format!("`{}` does not fail", run.text)),
        (Outcome::Fails(expected), Err(error)) => {
            let message =
                error.diagnostics().first().map_or(error.to_string(), |first| first.message.clone());
            if message == *expected { Ok(()) } else { Err(format!("`{}` fails with: {message}", run.text)) }
        }
    }
}

/// Every error is expected, and every expected error is there.
fn check_errors(expected: &[ExpectedError], found: &[Diagnostic]) -> Result<(), String> {
    let found: Vec<&Diagnostic> = found.iter().filter(|found| found.severity == Severity::Error).collect();
    let is_complete = expected.iter().all(|expected| found.iter().any(|found| expected.is(found)));
    let is_foreseen = found.iter().all(|found| expected.iter().any(|expected| expected.is(found)));
    if is_complete && is_foreseen {
        return Ok(());
    }
    let found: Vec<Diagnostic> = found.into_iter().cloned().collect();
    Err(format!("expected are {expected:#?}\nfound are\n{}", lines(&found)))
}

impl ExpectedError {
    fn is(&self, found: &Diagnostic) -> bool {
        let place = found.place.as_str();
        let is_place = match &self.place {
            Place::Nowhere => place.is_empty(),
            Place::Line(line) => place.starts_with(&format!("{UNNAMED}:{line}:")),
            Place::Source(source) => place == source,
        };
        is_place && found.message.lines().next() == Some(&self.message)
    }
}

fn lines(diagnostics: &[Diagnostic]) -> String {
    diagnostics.iter().map(Diagnostic::to_string).collect::<Vec<_>>().join("\n")
}
