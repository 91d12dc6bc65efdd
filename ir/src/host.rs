//! Functions of the embedding program, which `fhe.call_host` names by number, and what they compute on.

/// The values of one scalar for every element.
#[derive(Clone, Debug, PartialEq)]
pub enum Column {
    /// `i64`, and `i1` as 0 or 1.
    Int(Vec<i64>),
    /// `f64`
    Real(Vec<f64>),
}

/// Functions of the embedding program that `fhe.call_host` names by number.
pub trait HostFunctions {
    /// Applies function number `function` to every element; columns of several operands have one length.
    fn call(&self, function: i64, inputs: &[&Column]) -> Result<Column, String>;
}

/// For programs that are text: no function is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoHostFunctions;

impl HostFunctions for NoHostFunctions {
    fn call(&self, function: i64, _: &[&Column]) -> Result<Column, String> {
        Err(format!(
            "host function {function} is not known here; compile in the program that defines it, or use a table"
        ))
    }
}
