//! What the typed interfaces have in common: names that every language allows, and the sizes of arguments and results.

use cloakwork_abi::bounds::Bounds;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::processing::ClearValue;
use cloakwork_abi::spec::{EncodingSpec, ProgramSpec, ValueSpec};
use cloakwork_runtime::model_client::dequantise;
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeSet;
use std::path::Path;

/// A module under the name of its library.
pub(super) struct Model {
    pub(super) name: String,
    pub(super) functions: Vec<Function>,
}

/// A function of a module.
pub(super) struct Function {
    /// As the spec has it.
    pub(super) original: String,
    pub(super) name: String,
    pub(super) inputs: Vec<Value>,
    pub(super) outputs: Vec<Value>,
    /// Reals that a client of a model passes and gets; none where the function has none, or gives text.
    pub(super) reals: Option<(Vec<Value>, Vec<Value>)>,
}

/// An argument or a result.
pub(super) struct Value {
    pub(super) name: String,
    pub(super) elements: usize,
    /// What a reader wants to know of it.
    pub(super) about: String,
}

impl Model {
    /// The module of that spec; the library at `path` gives it its name.
    pub(super) fn new(path: &Path, spec: &ModuleSpec) -> Self {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = stem.strip_prefix("lib").unwrap_or(&stem).to_owned();
        let mut taken = BTreeSet::new();
        let functions = spec.functions().iter().map(|spec| Function::new(spec, &mut taken)).collect();
        Self { name: identifier(&stem, &mut BTreeSet::new()), functions }
    }
}

impl Function {
    fn new(spec: &ProgramSpec, taken: &mut BTreeSet<String>) -> Self {
        // Names that the wrappers have themselves.
        let mut names: BTreeSet<String> =
            ["spec", "secret", "question", "answer", "saturated", "self"].map(str::to_owned).into();
        let mut values =
            |specs: &[ValueSpec]| specs.iter().map(|spec| Value::new(spec, &mut names)).collect();
        let (inputs, outputs) = (values(&spec.inputs), values(&spec.outputs));
        Self {
            original: spec.name.clone(),
            name: identifier(&spec.name, taken),
            inputs,
            outputs,
            reals: reals(spec),
        }
    }
}

impl Value {
    fn new(spec: &ValueSpec, taken: &mut BTreeSet<String>) -> Self {
        let kind = match spec.encoding {
            EncodingSpec::Clear => "clear",
            EncodingSpec::Encrypted { .. } => "encrypted",
        };
        let shape: Vec<String> = spec.shape.iter().map(u64::to_string).collect();
        let shape = if shape.is_empty() { "one".to_owned() } else { shape.join("×") };
        let about = format!("`{}`: {shape}, {kind}, {}", one_line(&spec.name), range(spec.range));
        Self { name: identifier(&spec.name, taken), elements: spec.elements(), about }
    }
}

fn range((least, greatest): Bounds) -> String {
    format!("from {least} to {greatest}")
}

/// Of a model: what its client passes and gets.
fn reals(spec: &ProgramSpec) -> Option<(Vec<Value>, Vec<Value>)> {
    let processing = spec.processing.as_ref()?;
    let mut names = BTreeSet::new();
    let inputs = processing.inputs.iter().map(|input| Value {
        name: identifier(&input.name, &mut names),
        elements: input.shape.iter().product(),
        about: format!("`{}`: {:?}", one_line(&input.name), input.shape),
    });
    let inputs = inputs.collect();
    // Sizes behind the last steps show on any integers.
    let zeros = spec.outputs.iter().map(|output| {
        let shape: Vec<usize> = output.shape.iter().map(|&size| size as usize).collect();
        ArrayD::<i64>::zeros(IxDyn(&shape))
    });
    let results = dequantise(spec, &zeros.collect::<Vec<_>>()).ok()?;
    let output = |(value, output): (&ClearValue, &cloakwork_abi::processing::OutputProcessing)| {
        let shape = match value {
            ClearValue::Reals(reals) => reals.shape().to_vec(),
            ClearValue::Integers(labels) => labels.shape().to_vec(),
            ClearValue::Strings(_) => return None,
        };
        Some(Value {
            name: identifier(&output.name, &mut names),
            elements: shape.iter().product(),
            about: format!("`{}`: {shape:?}", one_line(&output.name)),
        })
    };
    let outputs = results.iter().zip(&processing.outputs).map(output).collect::<Option<Vec<_>>>()?;
    Some((inputs, outputs))
}

/// Text that may stand in a comment of either language.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() || c == '*' || c == '`' { '_' } else { c }).collect()
}

/// A name of small letters, digits and `_` that is no keyword and not taken yet.
fn identifier(text: &str, taken: &mut BTreeSet<String>) -> String {
    const KEYWORDS: &[&str] = &[
        "", "abstract", "as", "async", "auto", "await", "become", "bool", "box", "break", "case", "char",
        "const", "continue", "crate", "default", "do", "double", "dyn", "else", "enum", "extern", "false",
        "final", "float", "fn", "for", "gen", "goto", "if", "impl", "in", "inline", "int", "let", "long",
        "loop", "macro", "match", "mod", "move", "mut", "override", "priv", "pub", "ref", "register",
        "restrict", "return", "self", "short", "signed", "sizeof", "static", "struct", "super", "switch",
        "trait", "true", "try", "type", "typedef", "typeof", "union", "unsafe", "unsigned", "unsized", "use",
        "virtual", "void", "volatile", "where", "while", "yield",
    ];
    let letter = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' };
    let mut name: String = text.chars().map(letter).collect();
    if KEYWORDS.contains(&name.as_str()) || name.starts_with(|c: char| c.is_ascii_digit() || c == '_') {
        name = format!("v{name}");
    }
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_identifiers() {
        let mut taken = BTreeSet::new();
        let names = ["x", "X", "x", "in", "2nd", "größe", "", "a*/b"];
        let found: Vec<String> = names.iter().map(|name| identifier(name, &mut taken)).collect();
        assert_eq!(found, ["x", "x_", "x__", "vin", "v2nd", "gr__e", "v", "a__b"]);
        assert_eq!(one_line("a*/\nb`"), "a_/_b_");
    }
}
