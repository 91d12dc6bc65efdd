//! Text of a program with one function.

use cloakwork::call::format_value;
use cloakwork_ir::interpret::Clear;
use ndarray::ArrayD;

/// A function `main` that is being written: arguments in order, then a body of lines.
#[derive(Clone, Debug, Default)]
pub(crate) struct Text {
    arguments: Vec<String>,
    body: Vec<String>,
}

impl Text {
    /// Adds an encrypted argument of a range.
    pub(crate) fn encrypted(&mut self, name: &str, shape: &[usize], (sign, range): (Sign, (i64, i64))) {
        self.argument(name, &encrypted(shape, sign), range);
    }

    /// Adds a clear argument of a range.
    pub(crate) fn clear(&mut self, name: &str, shape: &[usize], range: (i64, i64)) {
        self.argument(name, &tensor(shape, "i64"), range);
    }

    fn argument(&mut self, name: &str, ty: &str, (lo, hi): (i64, i64)) {
        self.arguments
            .push(format!("%{name}: {ty} {{fhe.name = \"{name}\", fhe.range = array<i64: {lo}, {hi}>}}"));
    }

    /// Adds a line.
    pub(crate) fn line(&mut self, text: &str) {
        self.body.push(format!("  {text}\n"));
    }

    /// Adds a constant tensor.
    pub(crate) fn constant(&mut self, name: &str, values: &ArrayD<i64>) {
        let ty = tensor(values.shape(), "i64");
        let value = if values.ndim() == 0 { values.sum().to_string() } else { dense(values) };
        self.line(&format!("%{name} = arith.constant {value} : {ty}"));
    }

    /// The module that returns `results`, which are names and types.
    pub(crate) fn finish(&self, results: &[(&str, String)]) -> String {
        let names: Vec<String> = results.iter().map(|(name, _)| format!("%{name}")).collect();
        let types: Vec<&str> = results.iter().map(|(_, ty)| ty.as_str()).collect();
        let (names, types) = (names.join(", "), types.join(", "));
        format!(
            "func.func @main({}) -> ({types}) {{\n{}  return {names} : {types}\n}}\n",
            self.arguments.join(", "),
            self.body.concat()
        )
    }
}

/// Whether encrypted integers may be negative.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Unsigned,
    Signed,
}

impl Sign {
    /// The element type of a width that is not known.
    pub(crate) fn element(self) -> &'static str {
        match self {
            Self::Unsigned => "!fhe.eint<?>",
            Self::Signed => "!fhe.esint<?>",
        }
    }
}

/// An encrypted type whose width is not known.
pub(crate) fn encrypted(shape: &[usize], sign: Sign) -> String {
    tensor(shape, sign.element())
}

/// A tensor, or a scalar for an empty shape.
pub(crate) fn tensor(shape: &[usize], element: &str) -> String {
    if shape.is_empty() {
        return element.to_owned();
    }
    let sizes: String = shape.iter().map(|size| format!("{size}x")).collect();
    format!("tensor<{sizes}{element}>")
}

/// `dense<…>` of a tensor.
pub(crate) fn dense(values: &ArrayD<i64>) -> String {
    let nested = format_value(&Clear::Int(values.clone()));
    format!("dense<{nested}>")
}
