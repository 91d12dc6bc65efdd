//! The exact meaning of functions of the `fhe` level, and of the `tfhe` level without noise.
//!
//! Calibration, folding, table building and test oracles all go through here. On `fhe` a value that leaves
//! its type is an error; on `tfhe` inputs are encoded, ciphertexts are their phases, outputs are decoded.

use crate::attributes as attr;
use crate::diagnostic::Diagnostic;
use crate::exact_map;
use crate::fhe::FheOp;
use crate::function::{Function, Side, WideValue};
use crate::host::{Column, HostFunctions};
use crate::pairwise::{Pairwise, select};
use crate::samples;
use crate::scalar;
use crate::tfhe::{Bootstrap, TfheOp};
use crate::types::{Element, ValueType};
use crate::walk;
use cloakwork_abi::bounds::{self, Bounds};
use cloakwork_abi::encoding;
use cloakwork_abi::parameters::Width;
use cloakwork_abi::radix::Radix;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef, Value, ValueLike};
use ndarray::{ArrayD, ArrayViewD, Axis, IxDyn};
use std::borrow::Cow;
use std::collections::HashMap;

/// Result attribute or argument attribute at the `tfhe` level: `array<i64: width, is_signed>`.
pub const ENCODING: &str = "tfhe.encoding";

/// A clear tensor; a scalar has rank 0.
#[derive(Clone, Debug, PartialEq)]
pub enum Clear {
    /// Integers; at the `tfhe` level also words.
    Int(ArrayD<i64>),
    /// Integers from 0 of which one at least is greater than every `i64`.
    Unsigned(ArrayD<u64>),
    /// Reals.
    Real(ArrayD<f64>),
}

impl Clear {
    /// The shape; empty for a scalar.
    pub fn shape(&self) -> &[usize] {
        match self {
            Self::Int(values) => values.shape(),
            Self::Unsigned(values) => values.shape(),
            Self::Real(values) => values.shape(),
        }
    }

    /// As the only one of a batch of samples.
    fn into_sample(self) -> Self {
        match self {
            Self::Int(values) => Self::Int(values.insert_axis(Axis(0))),
            Self::Unsigned(values) => Self::Unsigned(values.insert_axis(Axis(0))),
            Self::Real(values) => Self::Real(values.insert_axis(Axis(0))),
        }
    }

    /// The first of a batch of samples.
    fn into_first(self) -> Self {
        match self {
            Self::Int(values) => Self::Int(values.index_axis_move(Axis(0), 0)),
            Self::Unsigned(values) => Self::Unsigned(values.index_axis_move(Axis(0), 0)),
            Self::Real(values) => Self::Real(values.index_axis_move(Axis(0), 0)),
        }
    }

    fn samples(&self) -> usize {
        self.shape().first().copied().unwrap_or(1)
    }

    /// The integers, if that is what it holds and all fit `i64`.
    pub fn int(&self) -> Option<&ArrayD<i64>> {
        match self {
            Self::Int(values) => Some(values),
            Self::Unsigned(_) | Self::Real(_) => None,
        }
    }

    /// Any integers.
    pub fn integers(&self) -> Option<ArrayD<i128>> {
        match self {
            Self::Int(values) => Some(values.mapv(i128::from)),
            Self::Unsigned(values) => Some(values.mapv(i128::from)),
            Self::Real(_) => None,
        }
    }

    /// The words of any integers.
    pub fn into_words(self) -> Option<ArrayD<i64>> {
        match self {
            Self::Int(values) => Some(values),
            Self::Unsigned(values) => Some(values.mapv(|value| value as i64)),
            Self::Real(_) => None,
        }
    }

    /// Integers that all fit `i64` or all fit `u64`.
    pub fn of_integers(values: &ArrayD<i128>) -> Option<Self> {
        if values.iter().all(|&value| i64::try_from(value).is_ok()) {
            return Some(Self::Int(values.mapv(|value| value as i64)));
        }
        let fits = values.iter().all(|&value| u64::try_from(value).is_ok());
        fits.then(|| Self::Unsigned(values.mapv(|value| value as u64)))
    }

    /// The integers of words within bounds.
    pub fn of_words(words: ArrayD<i64>, bounds: Bounds) -> Self {
        match bounds::is_unsigned(bounds) && words.iter().any(|&word| word < 0) {
            true => Self::Unsigned(words.mapv(|word| word as u64)),
            false => Self::Int(words),
        }
    }

    /// Several of one shape along a new first axis; `None` where reals and integers, or negative integers and such beyond `i64`,
    /// are among them.
    pub fn stacked(values: &[&Self]) -> Option<Self> {
        let ints: Option<Vec<_>> = values.iter().map(|value| value.int().map(|ints| ints.view())).collect();
        if let Some(ints) = ints {
            return ndarray::stack(Axis(0), &ints).ok().map(Self::Int);
        }
        let all: Vec<ArrayD<i128>> = values.iter().map(|value| value.integers()).collect::<Option<_>>()?;
        let views: Vec<_> = all.iter().map(|one| one.view()).collect();
        Self::of_integers(&ndarray::stack(Axis(0), &views).ok()?)
    }

    /// Least and greatest integer; `None` of reals, and where there is none.
    pub fn hull(&self) -> Option<Bounds> {
        match self {
            Self::Int(values) => samples::extent(values).map(bounds::wide),
            Self::Unsigned(values) => {
                let (lo, hi) = (values.iter().copied().min()?, values.iter().copied().max()?);
                Some((lo.into(), hi.into()))
            }
            Self::Real(_) => None,
        }
    }
}

/// Told the results of each operation while a function is interpreted: of all samples, or one that they share.
pub type Observer<'o> = dyn FnMut(OperationRef<'_, '_>, &Clear) + 'o;

/// Runs `function` on clear inputs. Shapes must match the arguments; values must lie in their types.
pub fn interpret(
    function: Function<'_, '_>,
    inputs: &[Clear],
    host: &dyn HostFunctions,
) -> Result<Vec<Clear>, Diagnostic> {
    let one: Vec<Clear> = inputs.iter().map(|input| input.clone().into_sample()).collect();
    let results = Interpreter::new(function)?.run(&one, host, &mut |_, _| ())?;
    Ok(results.into_iter().map(Clear::into_first).collect())
}

/// A function made ready to run on many samples.
pub struct Interpreter<'c, 'a> {
    function: Function<'c, 'a>,
    arguments: Vec<Argument>,
    steps: Vec<Step<'c, 'a>>,
    /// Places of the results.
    results: Vec<usize>,
}

struct Argument {
    ty: ValueType,
    radix: Option<WideValue>,
}

/// An operation; its result takes the place after those of the arguments and the steps before.
struct Step<'c, 'a> {
    op: OperationRef<'c, 'a>,
    kind: Kind<'c, 'a>,
    ty: ValueType,
    /// Places of its operands.
    operands: Vec<usize>,
    /// Places that nothing needs after it.
    last_uses: Vec<usize>,
}

enum Kind<'c, 'a> {
    Constant(Clear),
    Fhe(FheOp<'c, 'a>),
    Tfhe(TfheOp),
    Arith(fn(i64, i64) -> i64),
}

impl<'c, 'a> Interpreter<'c, 'a> {
    /// Reads a verified function; the error names what cannot be interpreted.
    pub fn new(function: Function<'c, 'a>) -> Result<Self, Diagnostic> {
        let mut places: HashMap<usize, usize> = HashMap::new();
        let mut arguments = vec![];
        for (i, argument) in function.arguments().into_iter().enumerate() {
            places.insert(key(argument), i);
            let ty = type_of(argument, function.op)?;
            arguments.push(Argument { ty, radix: function.radix(Side::Argument, i)? });
        }
        let mut steps: Vec<Step<'c, 'a>> = vec![];
        for op in function.operations() {
            let operands: Vec<usize> =
                op.operands().filter_map(|value| places.get(&key(value)).copied()).collect();
            if walk::name(&op) == "func.return" {
                let mut interpreter = Self { function, arguments, steps, results: operands };
                interpreter.find_last_uses();
                return Ok(interpreter);
            }
            let ty = type_of(walk::result(op), op)?;
            places.insert(key(walk::result(op)), arguments.len() + steps.len());
            steps.push(Step { op, kind: Kind::of(op, &ty)?, ty, operands, last_uses: vec![] });
        }
        Err(Diagnostic::error_at(&function.op, "the function does not end in `return`"))
    }

    /// The values that it computes, as shapes of one sample.
    pub fn shapes(&self) -> impl Iterator<Item = &[usize]> {
        let computed = self.steps.iter().filter(|step| !matches!(step.kind, Kind::Constant(_)));
        let arguments = self.arguments.iter().map(|argument| argument.ty.shape());
        arguments.chain(computed.map(|step| step.ty.shape()))
    }

    /// Runs it on samples, which lie along the first axis of every input. Results have that axis too, of size 1
    /// where all samples have the same.
    pub fn run(
        &self,
        inputs: &[Clear],
        host: &dyn HostFunctions,
        observer: &mut Observer<'_>,
    ) -> Result<Vec<Clear>, Diagnostic> {
        let (name, allowed, found) = (self.function.name(), self.arguments.len(), inputs.len());
        if allowed != found {
            let message = format!("`{name}` takes {allowed} arguments, got {found}");
            return Err(Diagnostic::error_at(&self.function.op, message));
        }
        let mut known: Vec<Option<Cow<'_, Clear>>> = Vec::with_capacity(allowed + self.steps.len());
        for (i, input) in inputs.iter().enumerate() {
            known.push(Some(self.argument(i, input)?));
        }
        for step in &self.steps {
            let value = {
                let operands: Vec<&Clear> =
                    step.operands.iter().filter_map(|&place| known[place].as_deref()).collect();
                step.run(&operands, host)?
            };
            observer(step.op, &value);
            known.push(Some(value));
            for &place in &step.last_uses {
                known[place] = None;
            }
        }
        let values = self.function.returned();
        let outputs = self.results.iter().zip(values).enumerate();
        let decoded = outputs.map(|(i, (&place, value))| {
            let output = known[place].as_deref().expect("results are kept").clone();
            decode(self.function, i, value, output)
        });
        decoded.collect()
    }

    fn argument<'v>(&self, i: usize, input: &'v Clear) -> Result<Cow<'v, Clear>, Diagnostic> {
        let (function, Argument { ty, radix }) = (self.function, &self.arguments[i]);
        let name = || function.value_name(Side::Argument, i);
        let failed = |message: String| Diagnostic::error_at(&function.op, message);
        let shape = match radix {
            Some(_) => ty.shape().split_last().map_or(ty.shape(), |(_, outer)| outer),
            None => ty.shape(),
        };
        let found = input.shape().get(1..).unwrap_or_default();
        if shape != found {
            return Err(failed(format!("argument `{}` has shape {shape:?}, got {found:?}", name())));
        }
        let mut value = Cow::Borrowed(input);
        if let Some(wide) = *radix {
            let digits = split(input, wide);
            let digits = digits
                .ok_or_else(|| failed(format!("argument `{}` must hold integers in its range", name())))?;
            value = Cow::Owned(digits);
        }
        if let Element::Lwe { .. } = ty.element {
            value = Cow::Owned(encode(function, i, &value)?);
        }
        check_bounds(ty, &value).map_err(|message| failed(format!("argument `{}`: {message}", name())))?;
        Ok(value)
    }

    fn find_last_uses(&mut self) {
        let mut is_needed = vec![false; self.arguments.len() + self.steps.len()];
        for &place in &self.results {
            is_needed[place] = true;
        }
        for (i, step) in self.steps.iter_mut().enumerate().rev() {
            let own = self.arguments.len() + i;
            let places = step.operands.iter().copied().chain([own]);
            step.last_uses =
                places.filter(|&place| !std::mem::replace(&mut is_needed[place], true)).collect();
        }
    }
}

impl<'c: 'a, 'a> Kind<'c, 'a> {
    fn of(op: OperationRef<'c, 'a>, ty: &ValueType) -> Result<Self, Diagnostic> {
        let constant = |value: ArrayD<i64>| {
            Clear::of_words(shaped(value, ty.shape()), constant_bounds(op)).into_sample()
        };
        Ok(match (FheOp::of(op), TfheOp::of(op)) {
            (Some(FheOp::Constant { value }), _) | (_, Some(TfheOp::Constant { value })) => {
                let value = constant(value);
                check_bounds(ty, &value).map_err(|message| Diagnostic::error_at(&op, message))?;
                Self::Constant(value)
            }
            (Some(fhe), _) => Self::Fhe(fhe),
            (_, Some(tfhe)) => Self::Tfhe(tfhe),
            (None, None) => Self::of_clear(op, ty).ok_or_else(|| {
                Diagnostic::error_at(&op, format!("`{}` cannot be interpreted", walk::name(&op)))
            })?,
        })
    }

    /// `arith` on clear tensors between encrypted operations.
    fn of_clear(op: OperationRef<'c, 'a>, ty: &ValueType) -> Option<Self> {
        let scalar = ty.dims.is_none();
        Some(Self::Arith(match walk::name(&op).as_str() {
            "arith.constant" => {
                let value = op.attribute("value").ok()?;
                let int = attr::get_i64(&op, "value").filter(|_| scalar).map(|v| Clear::Int(of_scalar(v)));
                let real =
                    || attr::get_f64(&op, "value").filter(|_| scalar).map(|v| Clear::Real(of_scalar(v)));
                let ints = || attr::read_dense_i64(value).map(Clear::Int);
                let reals = || attr::read_dense_f64(value).map(Clear::Real);
                let value = int.or_else(real).or_else(ints).or_else(reals)?;
                return Some(Self::Constant(value.into_sample()));
            }
            "arith.addi" => i64::wrapping_add,
            "arith.subi" => i64::wrapping_sub,
            "arith.muli" => i64::wrapping_mul,
            "arith.shli" => |a, b| a.wrapping_shl(b as u32),
            "arith.shrsi" => |a, b| a.wrapping_shr(b as u32),
            "arith.andi" => |a, b| a & b,
            _ => return None,
        }))
    }
}

impl Step<'_, '_> {
    fn run(&self, operands: &[&Clear], host: &dyn HostFunctions) -> Result<Cow<'_, Clear>, Diagnostic> {
        let failed = |message: String| Diagnostic::error_at(&self.op, message);
        let all: Option<Vec<_>> = operands.iter().map(|operand| operand.int()).collect();
        let ints = || all.as_deref().ok_or_else(|| failed("operands must be integers".into()));
        let value = match &self.kind {
            Kind::Constant(value) => return Ok(Cow::Borrowed(value)),
            Kind::Fhe(FheOp::Map { body }) => {
                let samples = operands.iter().map(|operand| operand.samples()).max().unwrap_or(1);
                let columns: Option<Vec<Column>> =
                    operands.iter().map(|operand| to_column(operand, samples)).collect();
                match columns.map(|columns| scalar::evaluate(*body, columns, host)) {
                    Some(Ok(column)) => from_column(column, samples, self.ty.shape()),
                    other => {
                        exactly_mapped(*body, operands, samples, &self.ty).ok_or_else(|| match other {
                            Some(Err(error)) => error,
                            _ => failed(
                                "the function is not one that integers of more than 63 bits have".into(),
                            ),
                        })?
                    }
                }
            }
            Kind::Fhe(op) => match all.as_deref().map(|ints| fhe_values(op, ints, &self.ty)) {
                Some(Ok(values)) => Clear::Int(values),
                Some(Err(_)) | None => exact_values(op, operands, &self.ty).map_err(failed)?,
            },
            Kind::Tfhe(TfheOp::Constant { .. }) => unreachable!("read as a constant"),
            Kind::Tfhe(TfheOp::Linear(linear)) => {
                Clear::Int(linear.evaluate_wrapping(&views(ints()?), self.ty.shape()))
            }
            Kind::Tfhe(TfheOp::Keyswitch { .. }) => operands[0].clone(),
            Kind::Tfhe(TfheOp::Bootstrap(bootstrap)) => Clear::Int(bootstrap.evaluate(ints()?[0])),
            Kind::Arith(f) => match views(ints()?).as_slice() {
                [a, b] => Clear::Int(samples::zip(a, b, f)),
                _ => return Err(failed(format!("`{}` takes 2 operands", walk::name(&self.op)))),
            },
        };
        check_bounds(&self.ty, &value).map_err(failed)?;
        Ok(Cow::Owned(value))
    }
}

/// Why there is no result: negative ones have 64 signed bits, others 64 unsigned ones.
const TOO_WIDE: &str = "the result leaves 64 bits";

/// Bounds of the words of a constant.
pub fn constant_bounds<'c: 'a, 'a>(op: impl OperationLike<'c, 'a>) -> Bounds {
    match op.has_attribute(attr::UNSIGNED) {
        true => (0, u64::MAX.into()),
        false => (i64::MIN.into(), i64::MAX.into()),
    }
}

/// [`fhe_values`] where integers exceed `i64`.
fn exact_values(op: &FheOp<'_, '_>, operands: &[&Clear], ty: &ValueType) -> Result<Clear, String> {
    let exact: Option<Vec<ArrayD<i128>>> = operands.iter().map(|operand| operand.integers()).collect();
    let exact = exact.ok_or("operands must be integers")?;
    let too_wide = || TOO_WIDE.to_owned();
    let of = |values: ArrayD<i128>| Clear::of_integers(&values).ok_or_else(too_wide);
    if let FheOp::Linear(linear) = op {
        let views: Vec<_> = exact.iter().map(|one| one.view()).collect();
        linear.check_values(&views)?;
        return of(linear.evaluate_exact_samples(&views, ty.shape()).ok_or_else(too_wide)?);
    }
    let alike = samples::alike(&exact.iter().collect::<Vec<_>>());
    let exact: Vec<&ArrayD<i128>> = alike.iter().map(|operand| &**operand).collect();
    match op {
        FheOp::Digits(digits) => of(digits.evaluate_exact(&exact).ok_or_else(too_wide)?),
        FheOp::Pairwise(function) => {
            let (x, y) = (exact[0], exact[1]);
            of(function.evaluate_exact(x, y).ok_or_else(|| no_result(*function, x, y))?)
        }
        FheOp::Select => of(select(exact[0], exact[1], exact[2]).ok_or_else(|| {
            let found = exact[0].iter().copied().find(|bit| !(0..=1).contains(bit));
            let found = found.unwrap_or_default();
            format!("the condition is {found}, allowed are 0 and 1; compare it with 0 first")
        })?),
        FheOp::Lookup(_) => Err("a table is looked up with integers of more than 63 bits".to_owned()),
        FheOp::JointLookup(_) => Err("an operand lies outside of the table".to_owned()),
        FheOp::Constant { .. } | FheOp::Linear(_) | FheOp::Map { .. } => unreachable!("run before"),
    }
}

/// The results of an `fhe` operation on integers.
fn fhe_values(op: &FheOp<'_, '_>, operands: &[&ArrayD<i64>], ty: &ValueType) -> Result<ArrayD<i64>, String> {
    if let FheOp::Linear(linear) = op {
        let operands = views(operands);
        linear.check_values(&operands)?;
        return linear.evaluate_samples(&operands, ty.shape()).ok_or_else(|| TOO_WIDE.to_owned());
    }
    let alike = samples::alike(operands);
    let operands: Vec<&ArrayD<i64>> = alike.iter().map(|operand| &**operand).collect();
    match op {
        FheOp::Digits(digits) => digits.evaluate(&operands).ok_or_else(|| TOO_WIDE.to_owned()),
        FheOp::Lookup(lookup) => Ok(lookup.evaluate(operands[0])),
        FheOp::Pairwise(function) => {
            let (x, y) = (operands[0], operands[1]);
            function.evaluate(x, y).ok_or_else(|| TOO_WIDE.to_owned())
        }
        // Said in full by `exact_values`.
        FheOp::Select => {
            select(operands[0], operands[1], operands[2]).ok_or_else(|| "no condition".to_owned())
        }
        FheOp::JointLookup(lookup) => {
            lookup.evaluate(&operands).ok_or_else(|| "an operand lies outside of the table".to_owned())
        }
        FheOp::Constant { .. } | FheOp::Linear(_) | FheOp::Map { .. } => unreachable!("run before"),
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
    let values = values.integers().filter(|values| values.iter().all(|value| (lo..=hi).contains(value)))?;
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
fn no_result(function: Pairwise, x: &ArrayD<i128>, y: &ArrayD<i128>) -> String {
    let name = function.mnemonic();
    match x.iter().zip(y).find(|(x, y)| function.of_exact(**x, **y).is_none()) {
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
        (Clear::Int(digits), Some(wide)) => Clear::of_words(join(&digits, wide.radix), wide.range),
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
    let Element::Encrypted { width, is_signed } = &ty.element else { return Ok(()) };
    let (lo, hi) = match (width, is_signed) {
        (Some(width), is_signed) => bounds::wide(encoding::bounds(*width, *is_signed)),
        (None, true) => return Ok(()),
        (None, false) => (0, u64::MAX.into()),
    };
    let Some((least, greatest)) = value.hull() else { return Ok(()) };
    match [least, greatest].into_iter().find(|value| !(lo..=hi).contains(value)) {
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

fn of_scalar<T: Clone>(value: T) -> ArrayD<T> {
    ArrayD::from_elem(IxDyn(&[]), value)
}

fn views<'v>(values: &[&'v ArrayD<i64>]) -> Vec<ArrayViewD<'v, i64>> {
    values.iter().map(|values| values.view()).collect()
}

fn to_column(value: &Clear, samples: usize) -> Option<Column> {
    fn all<T: Copy>(values: &ArrayD<T>, samples: usize) -> Vec<T> {
        match values.as_slice() {
            Some(slice) if values.len_of(Axis(0)) == samples => slice.to_vec(),
            _ => samples::spread(&values.view(), samples).iter().copied().collect(),
        }
    }
    match value {
        Clear::Int(values) => Some(Column::Int(all(values, samples))),
        Clear::Unsigned(_) => None,
        Clear::Real(values) => Some(Column::Real(all(values, samples))),
    }
}

/// A map where integers exceed `i64`.
fn exactly_mapped(
    body: BlockRef<'_, '_>,
    operands: &[&Clear],
    samples: usize,
    ty: &ValueType,
) -> Option<Clear> {
    let column = |operand: &&Clear| -> Option<Vec<i128>> {
        let values = operand.integers()?;
        Some(samples::spread(&values.view(), samples).iter().copied().collect())
    };
    let columns: Vec<Vec<i128>> = operands.iter().map(column).collect::<Option<_>>()?;
    let results = exact_map::evaluate(body, &columns)?;
    let shape = samples::with_samples(samples, ty.shape());
    Clear::of_integers(&ArrayD::from_shape_vec(IxDyn(&shape), results).ok()?)
}

fn from_column(column: Column, samples: usize, shape: &[usize]) -> Clear {
    fn array<T>(values: Vec<T>, shape: &[usize]) -> ArrayD<T> {
        ArrayD::from_shape_vec(IxDyn(shape), values).expect("one value for each element")
    }
    let shape = samples::with_samples(samples, shape);
    match column {
        Column::Int(values) => Clear::Int(array(values, &shape)),
        Column::Real(values) => Clear::Real(array(values, &shape)),
    }
}
