//! Pipelines taken apart, so that passes run one at a time with the verifier behind each.

use crate::error::Error;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_passes::pipeline::NATIVE;

/// The pass behind which a module holds machine words.
const CONVERSION: &str = "convert-tfhe-to-loops";

/// The passes of a pipeline in order, each with its options, as text.
///
/// ```
/// let steps = cloakwork::steps::split("builtin.module(canonicalize, func.func(cse),a{b=1 c={2,3}})")?;
/// assert_eq!(steps, ["canonicalize", "func.func(cse)", "a{b=1 c={2,3}}"]);
/// assert_eq!(cloakwork::steps::name(&steps[2]), "a");
/// # Ok::<(), cloakwork::Error>(())
/// ```
pub fn split(pipeline: &str) -> Result<Vec<String>, Error> {
    let text = pipeline.trim();
    let failed = |problem: &str| {
        let message =
            format!("the pipeline `{text}` {problem}; write it like `builtin.module(canonicalize,cse)`");
        Error::Program(vec![Diagnostic::new(Severity::Error, "", message)])
    };
    let inner = match text.strip_prefix("builtin.module") {
        Some(rest) => rest
            .trim()
            .strip_prefix('(')
            .and_then(|rest| rest.strip_suffix(')'))
            .ok_or_else(|| failed("has no list of passes in parentheses"))?,
        None => text,
    };
    let (mut steps, mut current, mut open) = (vec![], String::new(), vec![]);
    for letter in inner.chars() {
        match letter {
            '(' => open.push(')'),
            '{' => open.push('}'),
            '[' => open.push(']'),
            ')' | '}' | ']' if open.pop() != Some(letter) => {
                return Err(failed(&format!("closes `{letter}` that it did not open")));
            }
            ',' if open.is_empty() => {
                steps.push(std::mem::take(&mut current).trim().to_owned());
                continue;
            }
            _ => {}
        }
        current.push(letter);
    }
    if let Some(missing) = open.pop() {
        return Err(failed(&format!("lacks a closing `{missing}`")));
    }
    let last = current.trim().to_owned();
    if !(last.is_empty() && steps.is_empty()) {
        steps.push(last);
    }
    match steps.iter().any(String::is_empty) {
        true => Err(failed("has an empty pass")),
        false => Ok(steps),
    }
}

/// The name of a pass that [`split`] gave, without options.
pub fn name(step: &str) -> &str {
    step.split(['{', '(']).next().unwrap_or(step).trim()
}

/// What is left of [`NATIVE`] for a module that holds machine words already.
pub(crate) fn lowering() -> Result<String, Error> {
    let steps = split(NATIVE)?;
    let left: Vec<&str> =
        steps.iter().map(String::as_str).skip_while(|step| name(step) != CONVERSION).skip(1).collect();
    Ok(pipeline_of(&left.join(",")))
}

/// The pipeline of one pass.
pub fn pipeline_of(step: &str) -> String {
    format!("builtin.module({step})")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pipelines_without_anchor_and_empty_ones() {
        assert_eq!(split("cse , canonicalize").unwrap(), ["cse", "canonicalize"]);
        assert!(split("").unwrap().is_empty());
        assert!(split("builtin.module()").unwrap().is_empty());
    }

    #[test]
    fn malformed_pipelines_are_explained() {
        for (text, part) in [
            ("builtin.module(a", "no list"),
            ("a,,b", "an empty pass"),
            ("a{b", "lacks a closing `}`"),
            ("a)", "closes `)`"),
        ] {
            let message = split(text).unwrap_err().to_string();
            assert!(message.contains(part), "{message}");
        }
    }
}
