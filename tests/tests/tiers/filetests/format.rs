//! The comments of a filetest as data.

use cloakwork::call::Call;
use cloakwork_ir::interpret::Clear;

/// Between two parts of a file.
pub(crate) const PART: &str = "\n// -----\n";
/// Between a module and its golden output.
pub(crate) const OUTPUT: &str = "\n// output:\n";

/// A part of a file, taken apart.
pub(crate) struct Part<'t> {
    /// Everything before the golden output.
    pub(crate) source: &'t str,
    /// The golden output.
    pub(crate) output: Option<&'t str>,
    /// Passes and names of pipelines.
    pub(crate) pipeline: String,
    pub(crate) runs: Vec<Run>,
    pub(crate) errors: Vec<ExpectedError>,
}

/// A call and what it gives.
pub(crate) struct Run {
    pub(crate) text: String,
    pub(crate) call: Call,
    pub(crate) outcome: Outcome,
}

pub(crate) enum Outcome {
    Results(Vec<Clear>),
    Fails(String),
}

/// An error that must be reported.
#[derive(Debug)]
pub(crate) struct ExpectedError {
    pub(crate) place: Place,
    pub(crate) message: String,
}

#[derive(Debug)]
pub(crate) enum Place {
    /// None that belongs to the file.
    Nowhere,
    /// A line of the file, counted from 1.
    Line(usize),
    /// A place of the program that the module was made from.
    Source(String),
}

/// The parts of a file. A part without a pipeline has that of the part before it.
pub(crate) fn parse(text: &str) -> Result<Vec<Part<'_>>, String> {
    let mut parts: Vec<Part<'_>> = vec![];
    for (i, part) in text.split(PART).enumerate() {
        let before = parts.last().map_or(String::new(), |part| part.pipeline.clone());
        parts.push(Part::parse(part, before).map_err(|problem| format!("part {i}, {problem}"))?);
    }
    Ok(parts)
}

impl<'t> Part<'t> {
    fn parse(text: &'t str, pipeline: String) -> Result<Self, String> {
        let (source, output) = match text.split_once(OUTPUT) {
            Some((source, output)) => (source, Some(output)),
            None => (text, None),
        };
        let mut part = Self { source, output, pipeline, runs: vec![], errors: vec![] };
        for (i, line) in source.lines().enumerate() {
            let failed = |problem: String| format!("line {}: {problem}", i + 1);
            let Some(comment) = line.trim().strip_prefix("// ") else { continue };
            if let Some(passes) = comment.strip_prefix("RUN: ") {
                part.pipeline = passes.trim().to_owned();
            } else if let Some(run) = comment.strip_prefix("run: ") {
                part.runs.push(Run::parse(run).map_err(failed)?);
            } else if let Some(error) = comment.strip_prefix("expected-error") {
                part.errors.push(ExpectedError::parse(i + 1, error).map_err(failed)?);
            }
        }
        if !part.errors.is_empty() && output.is_some() {
            return Err("a part that expects errors has no output".to_owned());
        }
        Ok(part)
    }
}

impl Run {
    fn parse(text: &str) -> Result<Self, String> {
        let parse_call = |call: &str| call.parse::<Call>().map_err(|error| error.to_string());
        if let Some((call, message)) = text.split_once(" fails: ") {
            let outcome = Outcome::Fails(message.trim().to_owned());
            return Ok(Self { text: text.to_owned(), call: parse_call(call)?, outcome });
        }
        let (call, results) =
            text.split_once("==").ok_or_else(|| format!("`{text}` has neither ` == ` nor ` fails: `"))?;
        let results = results.trim();
        let tuple = if results.starts_with('(') { format!("f{results}") } else { format!("f({results})") };
        let outcome = Outcome::Results(parse_call(&tuple)?.arguments);
        Ok(Self { text: text.to_owned(), call: parse_call(call)?, outcome })
    }
}

impl ExpectedError {
    fn parse(line: usize, text: &str) -> Result<Self, String> {
        let (place, message) = text.split_once(": ").ok_or_else(|| format!("`{text}` has no `: `"))?;
        let place = match (place.strip_prefix('@'), place.strip_prefix(" at ")) {
            (Some(offset), _) => {
                let offset: isize =
                    offset.parse().map_err(|_| format!("`{offset}` is no distance of lines"))?;
                Place::Line(line.saturating_add_signed(offset))
            }
            (None, Some(source)) => Place::Source(source.to_owned()),
            (None, None) if place.is_empty() => Place::Nowhere,
            (None, None) => {
                return Err(format!("`{place}` is no place; allowed are `@+1` and ` at file:line:column`"));
            }
        };
        Ok(Self { place, message: message.trim().to_owned() })
    }
}
