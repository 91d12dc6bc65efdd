//! `fhe-split-wide-integers`: integers that no table can hold become digits, one ciphertext each.
//!
//! Requires ranges, and that maps of narrow integers are tables already. Wide are integers of more than `above` bits that
//! something other than a linear operation takes, or makes of such ones, what linear operations connect with them, and integers of more bits than
//! one ciphertext holds with room for noise. Their digits lie along a new last axis; arguments and results say so as `fhe.radix`. Narrow integers that
//! meet wide ones are split by tables, and wide operations with narrow results give integers again.

use crate::composition::COMPOSITION;
use crate::facts::{self, Range, clear_constant, fail, key, value_type};
use crate::pass::{Failed, Options};
use crate::wide::digit_width::best_digit_width;
use crate::wide::digits::{Digits, Site};
use crate::wide::maps;
use crate::wide::writer::{Ranged, Writer};
use cloakwork_abi::encoding::{MAX_LOOKUP_WIDTH, width_of_range};
use cloakwork_abi::radix::Radix;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::{Builder, lookup_attributes};
use cloakwork_ir::digits::Digits as DigitOp;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, Side, functions_under};
use cloakwork_ir::interpret::Clear;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::pairwise::{JointLookup, Pairwise};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, OperationRef, Value, ValueLike};
use ndarray::{ArrayD, IxDyn};
use petgraph::unionfind::UnionFind;
use std::collections::{HashMap, HashSet};

/// Most bits of integers that only linear operations compute with: more leave no room for noise.
const MOST_LINEAR: u32 = 56;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let above: u32 = options.value("above", "a number of bits", module)?;
    let bits: u32 = match options.text("digit-bits") {
        "auto" if !has_wide(module, above)? => return Ok(()),
        "auto" => best_digit_width(context, module, above)?,
        _ => options.value("digit-bits", "auto, or a number of bits from 1 to 8", module)?,
    };
    if !(1..=8).contains(&bits) || above < bits || above > MAX_LOOKUP_WIDTH.0 {
        let message = format!(
            "digits of {bits} bits for integers of more than {above} bits; allowed are digits of 1 to 8 bits, for integers \
             of more than at least as many and at most {MAX_LOOKUP_WIDTH} bits"
        );
        return Err(fail(module, &message));
    }
    split(context, module, bits, above)
}

fn has_wide(module: OperationRef<'_, '_>, above: u32) -> Result<bool, Failed> {
    let wide =
        functions_under(module).into_iter().map(|function| Ok(!wide_values(function, above)?.is_empty()));
    Ok(wide.collect::<Result<Vec<_>, _>>()?.into_iter().any(|is_wide| is_wide))
}

/// Splits the wide integers of all functions into digits of `bits` bits.
pub(crate) fn split<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    bits: u32,
    above: u32,
) -> Result<(), Failed> {
    let functions = functions_under(module);
    let mut wide = HashSet::new();
    let mut hull: Option<Range> = None;
    for &function in &functions {
        for (value, range) in wide_values(function, above)? {
            wide.insert(key(value));
            hull = Some(hull.map_or(range, |hull| facts::join(hull, range)));
        }
    }
    let Some(hull) = hull else { return Ok(()) };
    let plan = Plan {
        context,
        radix: Radix::of_range(hull, bits),
        wide,
        is_composed: module.attribute(COMPOSITION).is_ok(),
    };
    functions.into_iter().try_for_each(|function| plan.rewrite(function))
}

/// The wide integers of a function with their ranges.
fn wide_values<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    above: u32,
) -> Result<Vec<(Value<'c, 'a>, Range)>, Failed> {
    let mut values: Vec<(Value<'c, 'a>, Range)> = vec![];
    let mut places: HashMap<usize, usize> = HashMap::new();
    let operations = function.operations();
    let results = operations.iter().filter(|op| FheOp::of(**op).is_some()).map(|op| walk::result(*op));
    for value in function.arguments().into_iter().chain(results) {
        let is_integer =
            ValueType::of(value.r#type()).is_some_and(|ty| matches!(ty.element, Element::Encrypted { .. }));
        if let Some(range) = is_integer.then(|| facts::range(function, value)).flatten() {
            places.insert(key(value), values.len());
            values.push((value, range));
        }
    }
    let width = |place: usize| width_of_range(values[place].1.0, values[place].1.1).0;
    let mut classes = UnionFind::<usize>::new(values.len());
    let mut seeds = vec![];
    for &op in &operations {
        let Some(fhe) = FheOp::of(op) else { continue };
        let touched: Vec<usize> = op
            .operands()
            .chain([walk::result(op)])
            .filter_map(|value| places.get(&key(value)).copied())
            .collect();
        match fhe {
            FheOp::Linear(_) => {
                touched.windows(2).for_each(|pair| {
                    classes.union(pair[0], pair[1]);
                });
                seeds.extend(touched.into_iter().filter(|&place| width(place) > MOST_LINEAR));
            }
            FheOp::Constant { .. } => {}
            FheOp::Digits(_)
            | FheOp::Lookup(_)
            | FheOp::Pairwise(_)
            | FheOp::Select
            | FheOp::JointLookup(_)
            | FheOp::Map { .. } => {
                let mut operands = op.operands().filter_map(|value| places.get(&key(value)));
                if operands.any(|&place| width(place) > above) {
                    seeds.extend(touched.into_iter().filter(|&place| width(place) > above));
                }
            }
        }
    }
    seeds.extend((0..values.len()).filter(|&place| width(place) > MOST_LINEAR));
    let seeded: HashSet<usize> = seeds.into_iter().map(|place| classes.find(place)).collect();
    let is_wide = |place: &usize| width(*place) > above && seeded.contains(&classes.find(*place));
    Ok((0..values.len()).filter(is_wide).map(|place| values[place]).collect())
}

/// What is to be split, and how.
struct Plan<'c> {
    context: &'c Context,
    radix: Radix,
    /// By key.
    wide: HashSet<usize>,
    is_composed: bool,
}

/// The result of an operation on digits.
pub(super) enum Outcome<'c, 'a> {
    /// Wide integers.
    Wide(Digits<'c, 'a>),
    /// Integers in one ciphertext each.
    Narrow(Ranged<'c, 'a>),
}

/// An operand of an operation that is written with digits.
#[derive(Clone)]
pub(super) enum Operand<'c, 'a> {
    /// Wide integers.
    Wide(Digits<'c, 'a>),
    /// Integers in one ciphertext each.
    Narrow(Ranged<'c, 'a>),
    /// Clear integers that are known when compiling.
    Constant(ArrayD<i64>),
    /// Clear integers that are known when the program runs.
    Clear(Value<'c, 'a>, Vec<usize>),
}

/// Whether every operand is encrypted and narrow.
fn is_narrow(operands: &[Operand<'_, '_>]) -> bool {
    operands.iter().all(|operand| operand.as_narrow().is_some())
}

impl<'c, 'a> Operand<'c, 'a> {
    fn as_narrow(&self) -> Option<&Ranged<'c, 'a>> {
        match self {
            Self::Narrow(narrow) => Some(narrow),
            Self::Wide(_) | Self::Constant(_) | Self::Clear(..) => None,
        }
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Wide(digits) => digits.shape.clone(),
            Self::Narrow(narrow) => narrow.shape.clone(),
            Self::Constant(values) => values.shape().to_vec(),
            Self::Clear(_, shape) => shape.clone(),
        }
    }
}

impl<'c: 'a, 'a> Plan<'c> {
    fn rewrite(&self, function: Function<'c, 'a>) -> Result<(), Failed> {
        let mut known: HashMap<usize, Digits<'c, 'a>> = HashMap::new();
        self.split_arguments(function, &mut known)?;
        let results = function.returned();
        let mut replaced = vec![];
        for op in function.operations() {
            let is_wide = |value: Value<'c, 'a>| self.wide.contains(&key(value));
            let touches =
                op.operands().any(is_wide) || op.result(0).is_ok_and(|result| is_wide(result.into()));
            let Some(fhe) = FheOp::of(op).filter(|_| touches) else { continue };
            let site =
                Site { writer: Writer { builder: Builder::before(self.context, op) }, op, radix: self.radix };
            let operands = op.operands().map(|operand| self.operand(function, operand, &known, op));
            let operands: Vec<Operand<'c, 'a>> = operands.collect::<Result<_, _>>()?;
            let outcome = site.expanded(&fhe, &operands)?;
            let result = walk::result(op);
            let range = facts::range(function, result)
                .ok_or_else(|| fail(op, "the result has no range; run `fhe-infer-ranges` first"))?;
            let with = match (outcome, is_wide(result)) {
                (Outcome::Wide(digits), true) => {
                    let digits = if self.is_composed { site.carried(&digits)? } else { digits };
                    known.insert(key(result), digits.clone());
                    digits.value
                }
                (Outcome::Narrow(narrow), true) => {
                    let digits = site.widened(&narrow)?;
                    known.insert(key(result), digits.clone());
                    digits.value
                }
                (Outcome::Wide(digits), false) => site.narrowed(&digits, range)?.value,
                (Outcome::Narrow(narrow), false) => narrow.value,
            };
            replaced.push((op, with));
        }
        for &(op, with) in &replaced {
            walk::replace_all_uses(walk::result(op), with);
        }
        replaced.iter().rev().for_each(|(op, _)| walk::erase(*op));
        let Radix { bits, count, is_signed } = self.radix;
        for (i, result) in results.into_iter().enumerate() {
            if self.wide.contains(&key(result)) {
                // The range is gone with the operation; what a client may expect are all values of the digits.
                let (lo, hi) = function.range(Side::Result, i).unwrap_or(self.radix.bounds());
                let radix = [i64::from(bits), i64::from(count), i64::from(is_signed), lo, hi];
                let radix = attr::i64_array(self.context, &radix);
                function.set_attribute(self.context, Side::Result, i, attr::RADIX, radix);
                function.remove_attribute(self.context, Side::Result, i, attr::RANGE);
            }
        }
        function.update_signature(self.context);
        Ok(())
    }

    fn split_arguments(
        &self,
        function: Function<'c, 'a>,
        known: &mut HashMap<usize, Digits<'c, 'a>>,
    ) -> Result<(), Failed> {
        let Radix { bits, count, is_signed } = self.radix;
        for (i, argument) in function.arguments().into_iter().enumerate() {
            if !self.wide.contains(&key(argument)) {
                continue;
            }
            let ty = value_type(argument, function.op)?;
            let (lo, hi) = facts::range(function, argument).unwrap_or(self.radix.bounds());
            let radix = [i64::from(bits), i64::from(count), i64::from(is_signed), lo, hi];
            let most = (1 << bits) - 1;
            let set = |name, numbers: &[i64]| {
                let value = attr::i64_array(self.context, numbers);
                function.set_attribute(self.context, Side::Argument, i, name, value);
            };
            set(attr::RADIX, &radix);
            set(attr::RANGE, &[0, most]);
            let shape = ty.shape().to_vec();
            let digits = [shape.as_slice(), &[count as usize]].concat();
            argument.set_type(ValueType::new(Element::encrypted(false), &digits).to_mlir(self.context));
            let ranges = vec![(0, most); count as usize];
            known.insert(key(argument), Digits { value: argument, shape, ranges });
        }
        Ok(())
    }

    fn operand(
        &self,
        function: Function<'c, 'a>,
        value: Value<'c, 'a>,
        known: &HashMap<usize, Digits<'c, 'a>>,
        op: OperationRef<'c, 'a>,
    ) -> Result<Operand<'c, 'a>, Failed> {
        if let Some(digits) = known.get(&key(value)) {
            return Ok(Operand::Wide(digits.clone()));
        }
        let ty = value_type(value, op)?;
        let shape = ty.shape().to_vec();
        if ty.element.is_encrypted() {
            let range = facts::range(function, value)
                .ok_or_else(|| fail(op, "an operand has no range; run `fhe-infer-ranges` first"))?;
            return Ok(Operand::Narrow(Ranged { value, shape, range }));
        }
        Ok(match clear_constant(value) {
            Some(Clear::Int(values)) => Operand::Constant(values),
            _ => Operand::Clear(value, shape),
        })
    }
}

impl<'c: 'a, 'a> Site<'c, 'a> {
    /// The operation on digits.
    fn expanded(&self, fhe: &FheOp<'c, 'a>, operands: &[Operand<'c, 'a>]) -> Result<Outcome<'c, 'a>, Failed> {
        let wide = |i: usize| self.wide(&operands[i]);
        Ok(Outcome::Wide(match fhe {
            FheOp::Constant { value } => self.constant(value),
            FheOp::Linear(linear) => self.linear(linear, operands)?,
            FheOp::Pairwise(function) => return self.pairwise(*function, &operands[0], &operands[1]),
            FheOp::Select => self.chosen(&self.narrow(&operands[0])?, &wide(1)?, &wide(2)?)?,
            FheOp::Digits(DigitOp::Truncate { bits, .. }) => self.shifted_right(&wide(0)?, *bits)?,
            FheOp::Digits(DigitOp::Round { bits, .. }) => {
                let x = wide(0)?;
                let half = self.constant(&ArrayD::from_elem(IxDyn(&x.shape), 1 << (bits - 1)));
                self.shifted_right(&self.add(&x, &half)?, *bits)?
            }
            FheOp::Digits(DigitOp::LowBits { bits }) => {
                let x = wide(0)?;
                let mask = self.constant(&ArrayD::from_elem(IxDyn(&x.shape), (1i64 << bits) - 1));
                self.bitwise(&x, &mask, |x, y| x & y)?
            }
            FheOp::Digits(DigitOp::Bit { position }) => {
                let x = self.carried(&wide(0)?)?;
                let digit = self.digit(&x, (position / self.radix.bits) as usize);
                let by = position % self.radix.bits;
                let bit = self.writer.lookup(&digit, |digit| digit >> by & 1);
                return Ok(Outcome::Narrow(self.writer.reshape(&bit, &x.shape)));
            }
            FheOp::Map { body } => return maps::expanded(self, *body, operands),
            FheOp::Lookup(Lookup { tables, selector }) if is_narrow(operands) => {
                self.looked_up(operands, tables, |tables| {
                    lookup_attributes(
                        self.writer.builder.context,
                        &Lookup { tables, selector: selector.clone() },
                    )
                })
            }
            FheOp::JointLookup(joint) if is_narrow(operands) => {
                self.looked_up(operands, &joint.tables, |tables| {
                    JointLookup { tables, ..joint.clone() }.attributes(self.writer.builder.context)
                })
            }
            FheOp::Digits(
                DigitOp::LowBitsBelow { .. } | DigitOp::BitOfDifference { .. } | DigitOp::Reinterpret { .. },
            )
            | FheOp::Lookup(_)
            | FheOp::JointLookup(_) => {
                return Err(fail(
                    self.op,
                    &format!(
                        "a table of integers of {} bits is too large; a table takes at most {MAX_LOOKUP_WIDTH} bits: shift \
                         or mask low bits out first, or make the values before smaller",
                        self.radix.width()
                    ),
                ));
            }
        }))
    }

    /// The digits of the entries of tables, each by a table of its own.
    fn looked_up(
        &self,
        operands: &[Operand<'c, 'a>],
        tables: &ArrayD<i64>,
        attributes: impl Fn(ArrayD<i64>) -> Vec<(&'static str, Attribute<'c>)>,
    ) -> Digits<'c, 'a> {
        let inputs: Vec<Ranged<'c, 'a>> = operands.iter().filter_map(Operand::as_narrow).cloned().collect();
        let values: Vec<Value<'c, 'a>> = inputs.iter().map(|input| input.value).collect();
        let shape = &inputs[0].shape;
        let name = walk::name(&self.op);
        let digit = |i: u32| {
            let digits = tables.mapv(|entry| self.radix.digits(entry).nth(i as usize).unwrap_or(0));
            let attributes = attributes(digits);
            let digit = self.writer.op(&name, &values, &attributes, shape, (0, self.most()));
            self.writer.reshape(&digit, &[shape.as_slice(), &[1]].concat())
        };
        self.joined(&(0..self.radix.count).map(digit).collect::<Vec<_>>())
    }

    fn linear(&self, linear: &Linear, operands: &[Operand<'c, 'a>]) -> Result<Digits<'c, 'a>, Failed> {
        let result = value_type(walk::result(self.op), self.op)?;
        let shape = result.shape();
        let wide = |i: usize| self.wide(&operands[i]);
        match linear {
            Linear::Add | Linear::AddClear => self.add(&wide(0)?, &wide(1)?),
            Linear::Sub => self.sub(&wide(0)?, &wide(1)?),
            Linear::Neg => {
                let x = wide(0)?;
                let zero = self.constant(&ArrayD::zeros(IxDyn(&x.shape)));
                self.sub(&zero, &x)
            }
            Linear::MulClear => match &operands[1] {
                Operand::Constant(weights) => self.weighted(&wide(0)?, weights),
                _ => self.product(&wide(0)?, &wide(1)?),
            },
            Linear::Dot | Linear::Matmul | Linear::Conv2d(_) => {
                let is_left = matches!(operands[0], Operand::Constant(_) | Operand::Clear(..));
                let (x, weights) = if is_left { (1, 0) } else { (0, 1) };
                let Operand::Constant(weights) = &operands[weights] else {
                    return Err(fail(
                        self.op,
                        "sums of products of integers too wide for a table take constant weights; multiply by the clear \
                         values elementwise, then sum",
                    ));
                };
                self.contracted(linear, &wide(x)?, (weights, is_left), shape)
            }
            Linear::Sum { axes } => self.summed(&wide(0)?, axes),
            Linear::Reshape
            | Linear::Transpose { .. }
            | Linear::Slice { .. }
            | Linear::Concat { .. }
            | Linear::Broadcast
            | Linear::Gather { .. } => {
                let parts: Vec<Digits<'c, 'a>> = (0..operands.len()).map(wide).collect::<Result<_, _>>()?;
                Ok(self.moved(linear, &parts, None, shape))
            }
            Linear::GatherAt { .. } | Linear::SetAt { .. } => {
                let (positions, others) = operands.split_last().expect("verified: positions come last");
                let positions = match positions {
                    Operand::Clear(value, _) => *value,
                    Operand::Constant(values) => self.writer.builder.clear(values),
                    Operand::Wide(_) | Operand::Narrow(_) => {
                        return Err(fail(self.op, "positions are clear"));
                    }
                };
                let parts: Vec<Digits<'c, 'a>> =
                    others.iter().map(|part| self.wide(part)).collect::<Result<_, _>>()?;
                Ok(self.moved(linear, &parts, Some(positions), shape))
            }
        }
    }

    /// An operation on shapes, perhaps at clear positions; the digits stay the last axis.
    fn moved(
        &self,
        linear: &Linear,
        parts: &[Digits<'c, 'a>],
        positions: Option<Value<'c, 'a>>,
        shape: &[usize],
    ) -> Digits<'c, 'a> {
        let count = self.count();
        let whole = [shape, &[count]].concat();
        let tensors: Vec<Ranged<'c, 'a>> = parts.iter().map(Digits::tensor).collect();
        let rank = parts[0].shape.len();
        let mut values: Vec<Value<'c, 'a>> = tensors.iter().map(|tensor| tensor.value).collect();
        let linear = match linear {
            Linear::Transpose { permutation } => {
                Linear::Transpose { permutation: permutation.iter().copied().chain([rank]).collect() }
            }
            Linear::Slice { offsets, strides } => Linear::Slice {
                offsets: offsets.iter().copied().chain([0]).collect(),
                strides: strides.iter().copied().chain([1]).collect(),
            },
            Linear::Broadcast => {
                // Axes that are missing in front come before all others, which broadcasting does by itself.
                let aligned = [&vec![1; shape.len() - rank], parts[0].shape.as_slice(), &[count]].concat();
                values = vec![self.writer.reshape(&tensors[0], &aligned).value];
                Linear::Broadcast
            }
            Linear::Gather { indices } => Linear::Gather {
                indices: indices
                    .iter()
                    .flat_map(|&index| (0..count).map(move |i| index * count + i))
                    .collect(),
            },
            other => other.clone(),
        };
        values.extend(positions);
        let range = tensors.iter().map(|tensor| tensor.range).reduce(facts::join).unwrap_or((0, 0));
        let tensor = self.writer.linear(&linear, &values, &whole, range);
        let ranges =
            (0..count).map(|i| parts.iter().map(|part| part.ranges[i]).reduce(facts::join).unwrap_or((0, 0)));
        Digits { value: tensor.value, shape: shape.to_vec(), ranges: ranges.collect() }
    }

    /// A function of two, at least one of them wide.
    pub(super) fn pairwise(
        &self,
        function: Pairwise,
        x: &Operand<'c, 'a>,
        y: &Operand<'c, 'a>,
    ) -> Result<Outcome<'c, 'a>, Failed> {
        Ok(Outcome::Wide(match function {
            Pairwise::Compare(predicate) => {
                let holds = |sign| predicate.holds(sign);
                return Ok(Outcome::Narrow(self.compared(&self.wide(x)?, &self.wide(y)?, holds)?));
            }
            Pairwise::Mul => match (x, y) {
                (x, Operand::Constant(weights)) | (Operand::Constant(weights), x) => {
                    self.weighted(&self.wide(x)?, weights)?
                }
                _ => self.product(&self.wide(x)?, &self.wide(y)?)?,
            },
            Pairwise::Min | Pairwise::Max => {
                self.extreme(&self.wide(x)?, &self.wide(y)?, function == Pairwise::Min)?
            }
            Pairwise::And => self.bitwise(&self.wide(x)?, &self.wide(y)?, |x, y| x & y)?,
            Pairwise::Or => self.bitwise(&self.wide(x)?, &self.wide(y)?, |x, y| x | y)?,
            Pairwise::Xor => self.bitwise(&self.wide(x)?, &self.wide(y)?, |x, y| x ^ y)?,
            Pairwise::ShiftLeft => self.shift(x, y, Self::shifted_left)?,
            Pairwise::ShiftRight => self.shift(x, y, Self::shifted_right)?,
        }))
    }

    fn shift(
        &self,
        x: &Operand<'c, 'a>,
        amount: &Operand<'c, 'a>,
        shift: impl Fn(&Self, &Digits<'c, 'a>, u32) -> Result<Digits<'c, 'a>, Failed>,
    ) -> Result<Digits<'c, 'a>, Failed> {
        let x = self.wide(x)?;
        if let Operand::Constant(amounts) = amount {
            let (lo, hi) = facts::hull(amounts);
            if lo == hi && lo >= 0 {
                return shift(self, &x, u32::try_from(lo).unwrap_or(u32::MAX).min(self.radix.width()));
            }
        }
        self.shifted_by(&x, &self.narrow(amount)?, shift)
    }

    /// The operand as digits.
    pub(super) fn wide(&self, operand: &Operand<'c, 'a>) -> Result<Digits<'c, 'a>, Failed> {
        match operand {
            Operand::Wide(digits) => Ok(digits.clone()),
            Operand::Narrow(narrow) => self.widened(narrow),
            Operand::Constant(values) => Ok(self.constant(values)),
            Operand::Clear(value, shape) => Ok(self.encrypted_clear(*value, shape)),
        }
    }

    /// The operand in one ciphertext for each element.
    pub(super) fn narrow(&self, operand: &Operand<'c, 'a>) -> Result<Ranged<'c, 'a>, Failed> {
        match operand {
            Operand::Narrow(narrow) => Ok(narrow.clone()),
            Operand::Constant(values) => Ok(self.writer.constant(values)),
            Operand::Wide(_) | Operand::Clear(..) => Err(fail(
                self.op,
                "an amount or a condition is wider than a table, or clear and not constant; encrypt it, and make it smaller",
            )),
        }
    }

    /// Trivial encryptions of the digits of clear integers.
    fn encrypted_clear(&self, value: Value<'c, 'a>, shape: &[usize]) -> Digits<'c, 'a> {
        let builder = &self.writer.builder;
        let ty = ValueType::new(Element::Clear, shape).to_mlir(builder.context);
        let all = |number: i64| builder.clear(&ArrayD::from_elem(IxDyn(shape), number));
        let zero = self.writer.constant(&ArrayD::zeros(IxDyn(shape)));
        let parts = (0..self.radix.count).map(|i| {
            let by = i64::from((self.radix.bits * i).min(63));
            let moved = builder.op("arith.shrsi", &[value, all(by)], ty, &[]);
            let digit = builder.op("arith.andi", &[moved, all(self.most())], ty, &[]);
            let sum = self.writer.linear(&Linear::AddClear, &[zero.value, digit], shape, (0, self.most()));
            self.writer.reshape(&sum, &[shape, &[1]].concat())
        });
        self.joined(&parts.collect::<Vec<_>>())
    }
}
