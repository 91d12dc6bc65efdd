//! A call as text, such as `main(3, [[1, 2], [3, 4]])`, and values as text.

use crate::error::Error;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::interpret::Clear;
use cloakwork_runtime::client::ClientError;
use ndarray::{ArrayD, Dimension, IxDyn};
use serde_json::Value as Json;
use std::fmt::Write;
use std::str::FromStr;

/// A function and its arguments. Scalars are numbers, tensors are nested lists.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Name of the function, without `@`.
    pub function: String,
    /// Its arguments; a list with a decimal point anywhere holds reals.
    pub arguments: Vec<Clear>,
}

/// Text that is no call or no value.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not {expected}: {problem}; {advice}")]
pub struct CallError {
    text: String,
    expected: &'static str,
    problem: String,
    advice: &'static str,
}

impl FromStr for Call {
    type Err = CallError;

    fn from_str(text: &str) -> Result<Self, CallError> {
        let failed = |problem: String| CallError {
            text: text.to_owned(),
            expected: "a call",
            problem,
            advice: "write it like `main(3, [1, 2])`",
        };
        let trimmed = text.trim();
        let trimmed = trimmed.strip_prefix('@').unwrap_or(trimmed);
        let (function, rest) =
            trimmed.split_once('(').ok_or_else(|| failed("there is no parenthesis".into()))?;
        let arguments =
            rest.strip_suffix(')').ok_or_else(|| failed("it does not end in a parenthesis".into()))?;
        if function.trim().is_empty() {
            return Err(failed("the function has no name".into()));
        }
        let arguments: Vec<Json> =
            serde_json::from_str(&format!("[{arguments}]")).map_err(|error| failed(error.to_string()))?;
        let arguments = arguments.iter().map(to_clear).collect::<Result<_, _>>().map_err(failed)?;
        Ok(Self { function: function.trim().to_owned(), arguments })
    }
}

/// A number or nested lists of numbers.
pub fn parse_value(text: &str) -> Result<Clear, CallError> {
    let failed = |problem: String| CallError {
        text: text.to_owned(),
        expected: "a value",
        problem,
        advice: "write a number, or lists of equal length like `[[1, 2], [3, 4]]`",
    };
    let json: Json = serde_json::from_str(text).map_err(|error| failed(error.to_string()))?;
    to_clear(&json).map_err(failed)
}

/// The words of the arguments of a program. Integers that only words of the other kind hold are refused here, since words do not
/// tell which they are.
pub fn words(spec: &ProgramSpec, arguments: Vec<Clear>) -> Result<Vec<ArrayD<i64>>, Error> {
    for (value, argument) in spec.inputs.iter().zip(&arguments) {
        let (least, greatest) = value.range;
        let integers = argument.integers().ok_or_else(|| {
            let message = format!("argument `{}` holds reals; only integers can be encrypted", value.name);
            Diagnostic::new(Severity::Error, "", message)
        })?;
        let outside = integers.indexed_iter().find(|(_, value)| !(least..=greatest).contains(*value));
        if let Some((index, &found)) = outside {
            let (name, index) = (value.name.clone(), index.slice().into());
            return Err(ClientError::Range { name, index, found, least, greatest }.into());
        }
    }
    Ok(arguments.into_iter().filter_map(Clear::into_words).collect())
}

/// [`parse_value`] for integers only.
pub fn parse_integers(text: &str) -> Result<Clear, CallError> {
    match parse_value(text)? {
        integers @ (Clear::Int(_) | Clear::Unsigned(_)) => Ok(integers),
        Clear::Real(_) => Err(CallError {
            text: text.to_owned(),
            expected: "a value",
            problem: "it holds reals".into(),
            advice: "only integers can be encrypted; round it or scale it first",
        }),
    }
}

/// A value as [`parse_value`] reads it.
pub fn format_value(value: &Clear) -> String {
    let mut text = String::new();
    match value {
        Clear::Int(values) => nest(&mut text, values, &|text, value| write!(text, "{value}")),
        Clear::Unsigned(values) => nest(&mut text, values, &|text, value| write!(text, "{value}")),
        Clear::Real(values) => nest(&mut text, values, &|text, value| write!(text, "{value:?}")),
    }
    text
}

fn nest<T: Clone>(
    text: &mut String,
    values: &ArrayD<T>,
    element: &dyn Fn(&mut String, &T) -> std::fmt::Result,
) {
    if values.ndim() == 0 {
        for value in values {
            element(text, value).expect("strings take every text");
        }
        return;
    }
    text.push('[');
    for (i, part) in values.outer_iter().enumerate() {
        if i > 0 {
            text.push_str(", ");
        }
        nest(text, &part.to_owned(), element);
    }
    text.push(']');
}

fn to_clear(json: &Json) -> Result<Clear, String> {
    let (mut shape, mut leaves) = (vec![], vec![]);
    flatten(json, 0, &mut shape, &mut leaves)?;
    let ints: Option<Vec<i64>> = leaves.iter().map(|number| number.as_i64()).collect();
    let shape = IxDyn(&shape);
    if let Some(ints) = ints {
        return ArrayD::from_shape_vec(shape, ints).map(Clear::Int).map_err(|error| error.to_string());
    }
    let unsigned: Option<Vec<u64>> = leaves.iter().map(|number| number.as_u64()).collect();
    if let Some(unsigned) = unsigned {
        return ArrayD::from_shape_vec(shape, unsigned)
            .map(Clear::Unsigned)
            .map_err(|error| error.to_string());
    }
    let real = |number: &&serde_json::Number| {
        let is_integer = !number.is_f64() && number.as_i64().is_none();
        number.as_f64().filter(|_| !is_integer).ok_or_else(|| format!("{number} does not fit 64 bits"))
    };
    let reals: Vec<f64> = leaves.iter().map(real).collect::<Result<_, _>>()?;
    ArrayD::from_shape_vec(shape, reals).map(Clear::Real).map_err(|error| error.to_string())
}

fn flatten<'j>(
    json: &'j Json,
    depth: usize,
    shape: &mut Vec<usize>,
    leaves: &mut Vec<&'j serde_json::Number>,
) -> Result<(), String> {
    match json {
        Json::Number(number) if depth == shape.len() => leaves.push(number),
        Json::Array(items) => {
            if leaves.is_empty() && depth == shape.len() {
                shape.push(items.len());
            }
            if shape.get(depth) != Some(&items.len()) {
                return Err(format!(
                    "a list of {} elements stands beside one of another length",
                    items.len()
                ));
            }
            for item in items {
                flatten(item, depth + 1, shape, leaves)?;
            }
        }
        Json::Number(number) => return Err(format!("the number {number} stands beside a list")),
        Json::Null | Json::Bool(_) | Json::String(_) | Json::Object(_) => {
            return Err(format!("{json} is not a number"));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ints(shape: &[usize], values: &[i64]) -> Clear {
        Clear::Int(ArrayD::from_shape_vec(IxDyn(shape), values.to_vec()).unwrap())
    }

    #[test]
    fn calls_and_values_come_back() {
        let call: Call = "@main(3, [[1, -2], [3, 4]], [])".parse().unwrap();
        assert_eq!(call.function, "main");
        assert_eq!(call.arguments, [ints(&[], &[3]), ints(&[2, 2], &[1, -2, 3, 4]), ints(&[0], &[])]);
        assert_eq!(format_value(&call.arguments[1]), "[[1, -2], [3, 4]]");
        assert_eq!("f()".parse::<Call>().unwrap().arguments, []);
        let reals = parse_value("[1, 2.5]").unwrap();
        assert_eq!(format_value(&reals), "[1.0, 2.5]");
        assert!(parse_integers("[1, 2.5]").is_err());
        let unsigned = parse_value("[1, 18446744073709551615]").unwrap();
        assert_eq!(format_value(&unsigned), "[1, 18446744073709551615]");
    }

    #[test]
    fn malformed_text_is_explained() {
        for (text, part) in [
            ("main", "no parenthesis"),
            ("main(1", "does not end"),
            ("(1)", "no name"),
            ("main([1, [2]])", "another length"),
            ("main([[1], 2])", "beside a list"),
            ("main([[1], [2, 3]])", "another length"),
            ("main(true)", "true is not a number"),
            ("main(1,)", "trailing"),
            ("main([-1, 18446744073709551615])", "does not fit 64 bits"),
        ] {
            let error = text.parse::<Call>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
