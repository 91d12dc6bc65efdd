//! Greatest magnitudes of clear values, element by element: exact for constants, by range for arguments.

use crate::facts::clear_constant;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{Function, Side};
use cloakwork_ir::interpret::Clear;
use cloakwork_ir::types::ValueType;
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{Value, ValueLike};
use ndarray::{ArrayD, IxDyn};

/// `|v|` at most, for each element of a clear value of `function`.
pub(crate) fn magnitudes(function: Function<'_, '_>, value: Value<'_, '_>) -> Result<ArrayD<u64>, String> {
    let ty =
        ValueType::of(value.r#type()).ok_or_else(|| format!("type `{}` is not supported", value.r#type()))?;
    let Some(op) = walk::defining_op(value) else {
        let position = function.arguments().iter().position(|argument| *argument == value);
        let position =
            position.ok_or("a clear operand must be an argument, a constant or computed from them")?;
        let Some((lo, hi)) = function.bounds(Side::Argument, position) else {
            let name = function.value_name(Side::Argument, position);
            return Err(format!(
                "the clear argument `{name}` has no range, so its effect on the noise is not known; give it `fhe.range` or an input set"
            ));
        };
        let most = lo.unsigned_abs().max(hi.unsigned_abs()); // a word
        return Ok(ArrayD::from_elem(IxDyn(ty.shape()), most as u64));
    };
    let operands = || -> Result<Vec<ArrayD<u64>>, String> {
        op.operands().map(|operand| magnitudes(function, operand)).collect()
    };
    match walk::name(&op).as_str() {
        "arith.constant" => match clear_constant(value) {
            Some(Clear::Int(values)) => Ok(values.mapv(i64::unsigned_abs)),
            Some(Clear::Unsigned(_) | Clear::Real(_)) | None => {
                Err("the constant does not hold i64".to_owned())
            }
        },
        "fhe.gather" => {
            let Some(FheOp::Linear(linear)) = FheOp::of(op) else {
                return Err("`fhe.gather` is malformed".to_owned());
            };
            let of = magnitudes(function, walk::operand(op, 0))?.mapv(|v| v.min(i64::MAX as u64) as i64);
            let moved = linear.evaluate(&[&of], ty.shape()).ok_or("`fhe.gather` is malformed")?;
            Ok(moved.mapv(i64::unsigned_abs))
        }
        "arith.addi" | "arith.subi" => combine(&operands()?, u64::saturating_add),
        "arith.muli" => combine(&operands()?, u64::saturating_mul),
        other => Err(format!(
            "the magnitude of `{other}` is not known; allowed are constants, arguments with a range, gather, addi, subi and muli"
        )),
    }
}

fn combine(operands: &[ArrayD<u64>], f: fn(u64, u64) -> u64) -> Result<ArrayD<u64>, String> {
    match operands {
        [a, b] if a.shape() == b.shape() => Ok(ndarray::Zip::from(a).and(b).map_collect(|&a, &b| f(a, b))),
        _ => Err("clear operands must have one shape".to_owned()),
    }
}
