//! What operations on digits are to the parameter optimizer.
//!
//! A lookup of low digits multiplies its input until the digits above vanish; the product, its noise included, has
//! the width of the lookup: `⌊x / 2^d⌋ mod 2` and `x mod 2^d` of an `x` of width `w` take `2^(w−d)·x` at width `d`.

use crate::parameters::{Operand, ParamDag, Value};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::digits::Digits;

/// An operation with what is known about it.
pub(crate) struct Op<'o> {
    pub(crate) digits: &'o Digits,
    /// Each operand with its width.
    pub(crate) operands: Vec<(Value, Width)>,
    pub(crate) width: Width,
    pub(crate) count: u64,
    pub(crate) label: String,
}

/// Both operands have one width, which reaches the bit.
pub(crate) fn check_difference(position: u32, widths: impl Iterator<Item = Width>) -> Result<(), String> {
    let widths: Vec<Width> = widths.collect();
    match *widths.as_slice() {
        [a, b] if a == b && a.0 >= position => Ok(()),
        [a, b] => Err(format!(
            "bit {position} of a difference of {a} and {b} bits; both must have one width, of at least {position} bits; \
             run `fhe-infer-bit-widths` first"
        )),
        _ => Err("a difference has two operands".to_owned()),
    }
}

/// Adds the nodes of an operation; the error says that it is none of which parameters know.
pub(crate) fn add(dag: &mut ParamDag, op: Op<'_>) -> Result<Value, String> {
    let Op { digits, operands, width, count, label } = op;
    let to_top = |d: u32| -> Vec<Operand> {
        let weight = |(i, &(value, width)): (usize, &(Value, Width))| {
            // The operand behind the first is a bit, which comes to the padding.
            let shift = if i == 0 { width.0 - d } else { width.0 };
            Operand::elementwise(value, f64::from(shift).exp2())
        };
        operands.iter().enumerate().map(weight).collect()
    };
    match *digits {
        Digits::Reinterpret { .. } => {
            Ok(dag.linear(&[Operand::elementwise(operands[0].0, 1.0)], width, 0, label))
        }
        Digits::BitOfDifference { position: d } => {
            check_difference(d, operands.iter().map(|&(_, width)| width))?;
            let weight =
                |&(value, width): &(Value, Width)| Operand::elementwise(value, f64::from(width.0 - d).exp2());
            let both: Vec<Operand> = operands.iter().map(weight).collect();
            let difference = dag.linear(&both, Width(d), 2 * count, label.clone());
            Ok(dag.lookup(difference, width, count, label))
        }
        Digits::Bit { position: d } | Digits::LowBitsBelow { bits: d } => {
            let additions = count * operands.len() as u64;
            let product = dag.linear(&to_top(d), Width(d), additions, label.clone());
            Ok(dag.lookup(product, width, count, label))
        }
        Digits::Round { .. } | Digits::Truncate { .. } | Digits::LowBits { .. } => {
            Err(format!("`fhe.{}` is left; run `fhe-decompose-rounding` first", digits.mnemonic()))
        }
    }
}
