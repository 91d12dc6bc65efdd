//! The operators that can be imported: a sorted list, each with what it becomes and what that costs encrypted.

mod arithmetic;
mod convolution;
mod elementwise;
mod indexing;
mod linear_models;
mod list;
mod normalisation;
mod preparation;
mod quantisation;
mod reductions;
mod shapes;
mod trees;

pub use list::OPERATORS;

use super::error::{Refusal, refuse};
use super::node::{Imported, Node};
use std::fmt;

/// An operator.
pub struct Operator {
    /// Empty for the standard operators.
    pub domain: &'static str,
    /// As files name it.
    pub name: &'static str,
    /// Opset from which on the import is right.
    pub since: i64,
    /// What it becomes.
    pub becomes: &'static str,
    /// What that costs.
    pub cost: Cost,
    pub(super) import: fn(&mut Node<'_>) -> Imported,
}

/// What an operator costs on encrypted values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cost {
    /// Only moves values, or is computed when the file is read.
    Nothing,
    /// Sums and products with constants; of two encrypted values lookups.
    Linear,
    /// A function of one value, which becomes part of a table.
    Table,
    /// Several lookups for each element.
    Lookups,
    /// Nothing where it ends (or begins) the model and the client does it, else several lookups for each element.
    Client,
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nothing => "none",
            Self::Linear => "none with constants, else lookups",
            Self::Table => "part of the next table",
            Self::Lookups => "lookups",
            Self::Client => "none at the ends of a model, else lookups",
        })
    }
}

/// The operator of a name.
pub(super) fn find(domain: &str, name: &str) -> Result<&'static Operator, Refusal> {
    let found =
        OPERATORS.binary_search_by(|operator| (operator.domain, operator.name).cmp(&(alias(domain), name)));
    if let Ok(position) = found {
        return Ok(&OPERATORS[position]);
    }
    if ["If", "Loop", "Scan"].contains(&name) {
        return refuse(
            "control flow",
            "a program computes the same steps for every sample",
            "export the model with the decision taken or the loop unrolled",
        );
    }
    let mut near: Vec<(usize, &str)> =
        OPERATORS.iter().map(|operator| (distance(name, operator.name), operator.name)).collect();
    near.sort_unstable();
    let near: Vec<&str> = near.iter().take(3).map(|(_, name)| *name).collect();
    refuse(
        format!("operator `{name}` of domain `{domain}`"),
        format!("{} operators are known, among them {near:?}", OPERATORS.len()),
        "rewrite the model with operators of docs/onnx-operators.md; functions of the file itself are inlined with `onnx.inliner`",
    )
}

/// Domains under which the same operators are written.
fn alias(domain: &str) -> &str {
    match domain {
        "onnx.brevitas" | "finn.custom_op.general" => "qonnx.custom_op.general",
        other => other,
    }
}

/// How many letters must change.
fn distance(a: &str, b: &str) -> usize {
    let a: Vec<char> = a.chars().take(64).collect();
    let mut row: Vec<usize> = (0..=a.len()).collect();
    for (i, right) in b.chars().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, left) in a.iter().enumerate() {
            let kept = corner + usize::from(*left != right);
            corner = row[j + 1];
            row[j + 1] = kept.min(row[j] + 1).min(corner + 1);
        }
    }
    row[a.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_are_sorted() {
        let names: Vec<_> = OPERATORS.iter().map(|operator| (operator.domain, operator.name)).collect();
        assert!(names.windows(2).all(|pair| pair[0] < pair[1]), "{names:?}");
    }

    #[test]
    fn near_names_are_suggested() {
        let refusal = find("", "Softmaxx").err().expect("unknown");
        assert!(refusal.allowed.contains("Softmax"), "{refusal}");
        let refusal = find("", "Loop").err().expect("unknown");
        assert!(refusal.found.contains("control flow"), "{refusal}");
        assert_eq!(distance("Conv", "ConvX"), 1);
        assert_eq!(distance("", "ab"), 2);
    }
}
