//! The exact meaning of functions of the `fhe` level, and of the `tfhe` level without noise.
//!
//! Calibration, folding, table building and test oracles all go through here. On `fhe` a value that leaves
//! its type is an error; on `tfhe` inputs are encoded, ciphertexts are their phases, outputs are decoded.

use crate::attributes as attr;
use crate::diagnostic::Diagnostic;
use crate::fhe::FheOp;
use crate::function::{Function, Side, WideValue};
use crate::host::{Column, HostFunctions};
use crate::pairwise::{Pairwise, select};
use crate::scalar;
use crate::tfhe::{Bootstrap, TfheOp};
use crate::types::{Element, ValueType};
use crate::walk;
use cloakwork_abi::encoding;
use cloakwork_abi::parameters::Width;
use cloakwork_abi::radix::Radix;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};
use ndarray::{ArrayD, IxDyn};
use std::collections::HashMap;

/// Result attribute or argument attribute at the `tfhe` level: `array<i64: width, is_signed>`.
pub const ENCODING: &str = "tfhe.encoding";

/// A clear tensor; a scalar has rank 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Clear {
    /// Integers; at the `tfhe` level also words.
    Int(ArrayD<i64>),
    /// Reals.
    Real(ArrayD<f64>),
}

impl Clear {
    /// The shape; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Int(values) => values.shape(),
            Self::Real(values) => values.shape(),
        }
    }

    /// The integers, if that is what it holds.
    pub fn int(&self) -> Option<&ArrayD<i64>> {
        match self {
            Self::Int(values) => Some(values),
            Self::Real(_) => None,
        }
    }
}

/// Told the result of each operation while a function is interpreted.
pub type Observer<'o> = dyn FnMut(OperationRef<'_, '_>, &Clear) + 'o;

/// Runs `function` on clear inputs. Shapes must match the arguments; values must lie in their types.
pub fn interpret(
    function: Function<'_, '_>,
    inputs: &[Clear],
    host: &dyn HostFunctions,
) -> Result<Vec<Clear>, Diagnostic> {
    interpret_observed(function, inputs, host, &mut |_, _| ())
}

/// Like [`interpret`], telling `observer` every intermediate result.
pub fn interpret_observed(
    function: Function<'_, '_>,
    inputs: &[Clear],
    host: &dyn HostFunctions,
    observer: &mut Observer<'_>,
) -> Result<Vec<Clear>, Diagnostic> {
    let arguments = function.arguments();
    if arguments.len() != inputs.len() {
        let message =
            format!("`{}` takes {} arguments, got {}", function.name(), arguments.len(), inputs.len());
        return Err(Diagnostic::error_at(&function.op, message));
    }
    let mut known: HashMap<usize, Clear> = HashMap::new();
    for (i, (argument, input)) in arguments.iter().zip(inputs).enumerate() {
        let ty = type_of(*argument, function.op)?;
        let name = function.value_name(Side::Argument, i);
        let radix = function.radix(Side::Argument, i)?;
        let shape = match radix {
            Some(_) => ty.shape().split_last().map_or(ty.shape(), |(_, outer)| outer),
            None => ty.shape(),
        };
        if shape != input.shape() {
            let message = format!("argument `{name}` has shape {shape:?}, got {:?}", input.shape());
            return Err(Diagnostic::error_at(&function.op, message));
        }
        let input = radix.map_or_else(|| Some(input.clone()), |wide| split(input, wide));
        let input = input.ok_or_else(|| {
            Diagnostic::error_at(&function.op, format!("argument `{name}` must hold integers in its range"))
        })?;
        let value = match &ty.element {
            Element::Lwe { .. } => encode(function, i, &input)?,
            _ => input,
        };
        check_bounds(&ty, &value)
            .map_err(|message| Diagnostic::error_at(&function.op, format!("argument `{name}`: {message}")))?;
        known.insert(key(*argument), value);
    }
    for op in function.operations() {
        let operands: Vec<&Clear> = op.operands().filter_map(|value| known.get(&key(value))).collect();
        if walk::name(&op) == "func.return" {
            let outputs: Vec<Clear> = operands.into_iter().cloned().collect();
            let decoded = outputs.into_iter().zip(op.operands()).enumerate();
            return decoded.map(|(i, (output, value))| decode(function, i, value, output)).collect();
        }
        let value = evaluate(op, &operands, host)?;
        observer(op, &value);
        known.insert(key(walk::result(op)), value);
    }
    Err(Diagnostic::error_at(&function.op, "the function does not end in `return`"))
}

fn evaluate(
    op: OperationRef<'_, '_>,
    operands: &[&Clear],
    host: &dyn HostFunctions,
) -> Result<Clear, Diagnostic> {
    let ty = type_of(walk::result(op), op)?;
    let ints = || -> Result<Vec<&ArrayD<i64>>, Diagnostic> {
        let all: Option<Vec<_>> = operands.iter().map(|operand| operand.int()).collect();
        all.ok_or_else(|| Diagnostic::error_at(&op, "operands must be integers"))
    };
    let value = if let Some(fhe) = FheOp::of(op) {
        match fhe {
            FheOp::Constant { value } => Clear::Int(shaped(value, ty.shape())),
            FheOp::Linear(linear) => {
                let operands = ints()?;
                linear.check_values(&operands).map_err(|message| Diagnostic::error_at(&op, message))?;
                match linear.evaluate(&operands, ty.shape()) {
                    Some(value) => Clear::Int(value),
                    None => return Err(Diagnostic::error_at(&op, "the result leaves 64 bits")),
                }
            }
            FheOp::Digits(digits) => match digits.evaluate(&ints()?) {
                Some(value) => Clear::Int(value),
                None => return Err(Diagnostic::error_at(&op, "the result leaves 64 bits")),
            },
            FheOp::Lookup(lookup) => Clear::Int(lookup.evaluate(ints()?[0])),
            FheOp::Pairwise(function) => {
                let (x, y) = (ints()?[0], ints()?[1]);
                match function.evaluate(x, y) {
                    Some(value) => Clear::Int(value),
                    None => return Err(Diagnostic::error_at(&op, no_result(function, x, y))),
                }
            }
            FheOp::Select => match select(ints()?[0], ints()?[1], ints()?[2]) {
                Some(value) => Clear::Int(value),
                None => {
                    let found = ints()?[0].iter().copied().find(|bit| !(0..=1).contains(bit));
                    let found = found.unwrap_or_default();
                    return Err(Diagnostic::error_at(
                        &op,
                        format!("the condition is {found}, allowed are 0 and 1; compare it with 0 first"),
                    ));
                }
            },
            FheOp::JointLookup(lookup) => match lookup.evaluate(&ints()?) {
                Some(value) => Clear::Int(value),
                None => return Err(Diagnostic::error_at(&op, "an operand lies outside of the table")),
            },
            FheOp::Map { body } => from_column(
                scalar::evaluate(body, operands.iter().map(|operand| to_column(operand)).collect(), host)?,
                ty.shape(),
            ),
        }
    } else if let Some(tfhe) = TfheOp::of(op) {
        match tfhe {
            TfheOp::Constant { value } => Clear::Int(shaped(value, ty.shape())),
            TfheOp::Linear(linear) => Clear::Int(linear.evaluate_wrapping(&ints()?, ty.shape())),
            TfheOp::Keyswitch { .. } => operands[0].clone(),
            TfheOp::Bootstrap(bootstrap) => Clear::Int(bootstrap.evaluate(ints()?[0])),
        }
    } else {
        evaluate_clear(op, operands, &ty)?
    };
    check_bounds(&ty, &value).map_err(|message| Diagnostic::error_at(&op, message))?;
    Ok(value)
}

/// `arith` on clear tensors between encrypted operations.
fn evaluate_clear(
    op: OperationRef<'_, '_>,
    operands: &[&Clear],
    ty: &ValueType,
) -> Result<Clear, Diagnostic> {
    let name = walk::name(&op);
    let unsupported = || Diagnostic::error_at(&op, format!("`{name}` cannot be interpreted"));
    match (name.as_str(), operands) {
        ("arith.constant", []) => {
            let value = op.attribute("value").map_err(|_| unsupported())?;
            if let Some(scalar) = attr::get_i64(&op, "value").filter(|_| ty.dims.is_none()) {
                return Ok(Clear::Int(ArrayD::from_elem(IxDyn(&[]), scalar)));
            }
            if let Some(scalar) = attr::get_f64(&op, "value").filter(|_| ty.dims.is_none()) {
                return Ok(Clear::Real(ArrayD::from_elem(IxDyn(&[]), scalar)));
            }
            let int = attr::read_dense_i64(value).map(Clear::Int);
            int.or_else(|| attr::read_dense_f64(value).map(Clear::Real)).ok_or_else(unsupported)
        }
        (_, [Clear::Int(a), Clear::Int(b)]) => {
            let f: fn(i64, i64) -> i64 = match name.as_str() {
                "arith.addi" => i64::wrapping_add,
                "arith.subi" => i64::wrapping_sub,
                "arith.muli" => i64::wrapping_mul,
                "arith.shli" => |a, b| a.wrapping_shl(b as u32),
                "arith.shrsi" => |a, b| a.wrapping_shr(b as u32),
                "arith.andi" => |a, b| a & b,
                _ => return Err(unsupported()),
            };
            Ok(Clear::Int(ndarray::Zip::from(a).and(b).map_collect(|&a, &b| f(a, b))))
        }
        _ => Err(unsupported()),
    }
}

impl Bootstrap {
    /// The looked-up word for each phase, without noise: the negacyclic accumulator over the whole torus.
    pub fn evaluate(&self, phases: &ArrayD<i64>) -> ArrayD<i64> {
        let width = Width(self.lookup.length().ilog2());
        let words = phases.iter().enumerate().flat_map(|(i, &phase)| {
            let units = (phase as u64).wrapping_add(encoding::delta(width) / 2) >> (63 - width.0);
            // The padding bit is on above half the torus: there the accumulator repeats negated.
            let (message, padding) = (units & ((1 << width.0) - 1), units >> width.0 & 1);
            let upper = (message << 1) >> width.0 & 1; // 0 in a table of one entry
            let negated = if self.is_signed { padding ^ upper == 1 } else { padding == 1 };
            (0..self.outputs).map(move |output| {
                let word = self.entry(i, output, message as i64);
                if negated { word.wrapping_neg() } else { word }
            })
        });
        let outputs = Some(self.outputs).filter(|&outputs| outputs > 1);
        let shape: Vec<usize> = phases.shape().iter().copied().chain(outputs).collect();
        ArrayD::from_shape_vec(shape, words.collect()).expect("the words of each phase")
    }

    /// The word for message `v` of element `i` in result `output`.
    fn entry(&self, i: usize, output: usize, v: i64) -> i64 {
        match (&self.lookup.selector, self.outputs) {
            (Some(_), _) | (None, 1) => self.lookup.entry(i * self.outputs + output, v),
            (None, _) => self.lookup.tables[[output, v.rem_euclid(self.lookup.length() as i64) as usize]],
        }
    }
}

/// Wide integers as digits along a new last axis.
fn split(values: &Clear, WideValue { radix, range: (lo, hi) }: WideValue) -> Option<Clear> {
    let values = values.int().filter(|values| values.iter().all(|value| (lo..=hi).contains(value)))?;
    let shape: Vec<usize> = values.shape().iter().copied().chain([radix.count as usize]).collect();
    let digits = values.iter().flat_map(|&value| radix.digits(value)).collect();
    Some(Clear::Int(ArrayD::from_shape_vec(shape, digits).expect("digits of each value")))
}

/// Undoes [`split`].
fn join(digits: &ArrayD<i64>, radix: Radix) -> ArrayD<i64> {
    let (_, shape) = digits.shape().split_last().expect("checked: the last axis holds the digits");
    let all: Vec<i64> = digits.iter().copied().collect();
    let values = all.chunks_exact(radix.count as usize).map(|digits| radix.value(digits.iter().copied()));
    ArrayD::from_shape_vec(shape, values.collect()).expect("one value for each group of digits")
}

/// Why a function of two integers has no result.
fn no_result(function: Pairwise, x: &ArrayD<i64>, y: &ArrayD<i64>) -> String {
    let name = function.mnemonic();
    match x.iter().zip(y).find(|(x, y)| function.of_pair(**x, **y).is_none()) {
        Some((_, y)) if *y < 0 && function != Pairwise::Mul => {
            format!("`fhe.{name}` by {y}; bits are shifted by 0 or more")
        }
        Some((x, y)) => format!("`fhe.{name}` of {x} and {y} leaves 64 bits"),
        None => format!("`fhe.{name}` has no result"),
    }
}

fn encode(function: Function<'_, '_>, i: usize, input: &Clear) -> Result<Clear, Diagnostic> {
    let (width, is_signed) = encoding_of(function, Side::Argument, i)?;
    let (lo, hi) = encoding::bounds(width, is_signed);
    let values = input.int().filter(|values| values.iter().all(|value| (lo..=hi).contains(value)));
    let Some(values) = values else {
        let name = function.value_name(Side::Argument, i);
        return Err(Diagnostic::error_at(
            &function.op,
            format!("argument `{name}` must hold integers from {lo} to {hi}"),
        ));
    };
    Ok(Clear::Int(values.mapv(|value| encoding::encode(value, width) as i64)))
}

fn decode(
    function: Function<'_, '_>,
    i: usize,
    value: Value<'_, '_>,
    output: Clear,
) -> Result<Clear, Diagnostic> {
    let is_ciphertext =
        matches!(ValueType::of(value.r#type()).map(|ty| ty.element), Some(Element::Lwe { .. }));
    let items = match output {
        Clear::Int(words) if is_ciphertext => {
            let (width, is_signed) = encoding_of(function, Side::Result, i)?;
            Clear::Int(words.mapv(|word| encoding::decode(word as u64, width, is_signed)))
        }
        other => other,
    };
    Ok(match (items, function.radix(Side::Result, i)?) {
        (Clear::Int(digits), Some(wide)) => Clear::Int(join(&digits, wide.radix)),
        (items, _) => items,
    })
}

/// Reads [`ENCODING`] of argument or result `i`.
pub fn encoding_of(function: Function<'_, '_>, side: Side, i: usize) -> Result<(Width, bool), Diagnostic> {
    let values = function.attribute(side, i, ENCODING).and_then(attr::read_i64_array);
    match values.as_deref() {
        Some(&[width, is_signed]) if (1..=i64::from(encoding::MAX_WIDTH.0)).contains(&width) => {
            Ok((Width(width as u32), is_signed != 0))
        }
        _ => Err(Diagnostic::error_at(
            &function.op,
            format!("{side:?} {i} needs the attribute `{ENCODING} = array<i64: width, is_signed>`")
                .to_lowercase(),
        )),
    }
}

fn check_bounds(ty: &ValueType, value: &Clear) -> Result<(), String> {
    let (Element::Encrypted { width, is_signed }, Clear::Int(values)) = (&ty.element, value) else {
        return Ok(());
    };
    let (lo, hi) = match width {
        Some(width) => encoding::bounds(*width, *is_signed),
        None => (if *is_signed { i64::MIN } else { 0 }, i64::MAX),
    };
    match values.iter().find(|value| !(lo..=hi).contains(*value)) {
        Some(outside) => {
            Err(format!("the value {outside} does not fit `{}`, which holds {lo} to {hi}", ty.element))
        }
        None => Ok(()),
    }
}

fn type_of(value: Value<'_, '_>, op: OperationRef<'_, '_>) -> Result<ValueType, Diagnostic> {
    ValueType::of(value.r#type()).ok_or_else(|| {
        Diagnostic::error_at(&op, format!("values of type `{}` cannot be interpreted; allowed are fhe and tfhe types, i64, f64 and static tensors of them", value.r#type()))
    })
}

fn key(value: Value<'_, '_>) -> usize {
    value.to_raw().ptr as usize
}

fn shaped(value: ArrayD<i64>, shape: &[usize]) -> ArrayD<i64> {
    value.into_shape_with_order(IxDyn(shape)).expect("verified: the constant has the result's shape")
}

fn to_column(value: &Clear) -> Column {
    match value {
        Clear::Int(values) => Column::Int(values.iter().copied().collect()),
        Clear::Real(values) => Column::Real(values.iter().copied().collect()),
    }
}

fn from_column(column: Column, shape: &[usize]) -> Clear {
    match column {
        Column::Int(values) => {
            Clear::Int(ArrayD::from_shape_vec(IxDyn(shape), values).expect("one value for each element"))
        }
        Column::Real(values) => {
            Clear::Real(ArrayD::from_shape_vec(IxDyn(shape), values).expect("one value for each element"))
        }
    }
}
