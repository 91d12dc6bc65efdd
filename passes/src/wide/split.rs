//! `fhe-split-wide-integers`: integers that no table can hold become digits, one ciphertext each.
//!
//! Requires ranges, and that maps of narrow integers are tables already. Which integers are wide is in `wide_integers`. Their digits lie along a new last axis; arguments and results say so as `fhe.radix`. Narrow integers that
//! meet wide ones are split by tables, and wide operations with narrow results give integers again.

use crate::composition::COMPOSITION;
use crate::facts::{self, clear_constant, fail, key, value_type};
use crate::pass::{Failed, Options};
use crate::wide::arithmetic::Factor;
use crate::wide::digit_width::best_digit_widths;
use crate::wide::digits::{Digits, Site};
use crate::wide::map_bounds::bounds_and_hull;
use crate::wide::maps;
use crate::wide::wide_integers::{Class, WideIntegers};
use crate::wide::writer::{Ranged, Writer};
use cloakwork_abi::bounds::{self, Bounds};
use cloakwork_abi::encoding::MAX_LOOKUP_WIDTH;
use cloakwork_abi::radix::Radix;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::{Builder, lookup_attributes};
use cloakwork_ir::digits::Digits as DigitOp;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, Side, functions_under};
use cloakwork_ir::interpret::{Clear, constant_bounds};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::pairwise::{JointLookup, Pairwise};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, OperationRef, Value, ValueLike};
use ndarray::{ArrayD, IxDyn};
use std::collections::HashMap;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let above: u32 = options.value("above", "a number of bits", module)?;
    let given: Option<u32> = match options.text("digit-bits") {
        "auto" => None,
        _ => Some(options.value("digit-bits", "auto, or a number of bits from 1 to 8", module)?),
    };
    let bits = given.unwrap_or(1);
    if !(1..=8).contains(&bits) || above < bits || above > MAX_LOOKUP_WIDTH.0 {
        let message = format!(
            "digits of {bits} bits for integers of more than {above} bits; allowed are digits of 1 to 8 bits, for integers \
             of more than at least as many and at most {MAX_LOOKUP_WIDTH} bits"
        );
        return Err(fail(module, &message));
    }
    let components = WideIntegers::of(module, above).components;
    let bits = match given {
        _ if components == 0 => return Ok(()),
        Some(bits) => vec![bits; components],
        None => best_digit_widths(context, module, above, components)?,
    };
    split(context, module, &bits, above)
}

/// Splits the wide integers of all functions into digits, of so many bits for each component.
pub(crate) fn split<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    bits: &[u32],
    above: u32,
) -> Result<(), Failed> {
    let wide = WideIntegers::of(module, above);
    let radix = |class: &Class| Radix::of_range(class.hull, bits[class.component]);
    let plan = Plan {
        context,
        radices: wide.classes.iter().map(radix).collect(),
        class_of: wide.class_of,
        is_composed: module.attribute(COMPOSITION).is_ok(),
    };
    functions_under(module).into_iter().try_for_each(|function| plan.rewrite(function))
}

/// What is to be split, and how.
struct Plan<'c> {
    context: &'c Context,
    /// By class.
    radices: Vec<Radix>,
    /// By key of a wide integer: its class, and its range, which arguments no longer say.
    class_of: HashMap<usize, (usize, Bounds)>,
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
    Clear(Clearly<'c, 'a>),
}

/// Clear integers that are known when the program runs.
#[derive(Clone)]
pub(super) struct Clearly<'c, 'a> {
    value: Value<'c, 'a>,
    shape: Vec<usize>,
    /// Whether their words are.
    is_unsigned: bool,
}

fn radix_attribute(context: &Context, radix: Radix, range: Bounds) -> Attribute<'_> {
    let [lo, hi] = bounds::to_words(range);
    let Radix { bits, count, is_signed } = radix;
    attr::i64_array(context, &[bits.into(), count.into(), is_signed.into(), lo, hi])
}

/// Whether clear words are unsigned: those of arguments whose range says so, and what is computed from them.
fn is_unsigned<'c: 'a, 'a>(function: Function<'c, 'a>, value: Value<'c, 'a>) -> bool {
    match walk::defining_op(value) {
        Some(op) => op.operands().any(|operand| is_unsigned(function, operand)),
        None => facts::bounds(function, value).is_some_and(bounds::is_unsigned),
    }
}

/// Whether every operand is encrypted and narrow.
fn is_narrow(operands: &[Operand<'_, '_>]) -> bool {
    operands.iter().all(|operand| operand.as_narrow().is_some())
}

impl<'c, 'a> Operand<'c, 'a> {
    fn as_narrow(&self) -> Option<&Ranged<'c, 'a>> {
        match self {
            Self::Narrow(narrow) => Some(narrow),
            Self::Wide(_) | Self::Constant(_) | Self::Clear(_) => None,
        }
    }

    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Wide(digits) => digits.shape.clone(),
            Self::Narrow(narrow) => narrow.shape.clone(),
            Self::Constant(values) => values.shape().to_vec(),
            Self::Clear(clear) => clear.shape.clone(),
        }
    }
}

impl<'c: 'a, 'a> Plan<'c> {
    fn rewrite(&self, function: Function<'c, 'a>) -> Result<(), Failed> {
        let mut known: HashMap<usize, Digits<'c, 'a>> = HashMap::new();
        self.split_arguments(function, &mut known)?;
        let results = function.returned();
        let ranges: Vec<Option<Bounds>> =
            results.iter().map(|&result| self.bounds(function, result)).collect();
        let mut replaced = vec![];
        for op in function.operations() {
            let touches = op.operands().any(|value| self.radix(value).is_some())
                || op.result(0).is_ok_and(|result| self.radix(result.into()).is_some());
            let Some(fhe) = FheOp::of(op).filter(|_| touches) else { continue };
            let builder = Builder::before(self.context, op);
            let radix = self.radix_of(function, op, &fhe)?;
            let site = Site { writer: Writer { builder }, op, radix };
            let outcome = match fhe {
                FheOp::Pairwise(Pairwise::Mul) => {
                    let factor = |i: usize| self.factor(function, &site, walk::operand(op, i), &known);
                    Outcome::Wide(site.product(&factor(0)?, &factor(1)?)?)
                }
                _ => {
                    let operands =
                        op.operands().map(|operand| self.operand(function, operand, &known, &site));
                    site.expanded(&fhe, &operands.collect::<Result<Vec<_>, _>>()?)?
                }
            };
            let result = walk::result(op);
            let with = match (outcome, self.radix(result)) {
                (Outcome::Wide(digits), Some(radix)) => {
                    let digits = Site { radix, ..site.clone() }.fitted(&digits, site.radix)?;
                    let digits = if self.is_composed { site.carried(&digits)? } else { digits };
                    known.insert(key(result), digits.clone());
                    digits.value
                }
                (Outcome::Narrow(narrow), Some(radix)) => {
                    let digits = Site { radix, ..site.clone() }.widened(&narrow)?;
                    known.insert(key(result), digits.clone());
                    digits.value
                }
                (Outcome::Wide(digits), None) => {
                    let range = facts::range(function, result)
                        .ok_or_else(|| fail(op, "the result has no range; run `fhe-infer-ranges` first"))?;
                    site.narrowed(&digits, range)?.value
                }
                (Outcome::Narrow(narrow), None) => narrow.value,
            };
            replaced.push((op, with));
        }
        for &(op, with) in &replaced {
            walk::replace_all_uses(walk::result(op), with);
        }
        replaced.iter().rev().for_each(|(op, _)| walk::erase(*op));
        for (i, (result, range)) in results.into_iter().zip(ranges).enumerate() {
            let Some(radix) = self.radix(result) else { continue };
            // A client may expect all values that the digits hold: samples need not have shown them. Whether words are
            // signed or not follows from those that were seen.
            let range = match range {
                Some(range) if bounds::is_unsigned(range) => (0, u64::MAX.into()),
                _ => radix.bounds(),
            };
            let attribute = radix_attribute(self.context, radix, range);
            function.set_attribute(self.context, Side::Result, i, attr::RADIX, attribute);
            function.remove_attribute(self.context, Side::Result, i, attr::RANGE);
        }
        function.update_signature(self.context);
        Ok(())
    }

    /// The digits of a value, if it is wide.
    fn radix(&self, value: Value<'c, 'a>) -> Option<Radix> {
        let (class, _) = self.class_of.get(&key(value))?;
        Some(self.radices[*class])
    }

    /// The range of a value of the program.
    fn bounds(&self, function: Function<'c, 'a>, value: Value<'c, 'a>) -> Option<Bounds> {
        let known = self.class_of.get(&key(value)).map(|(_, bounds)| *bounds);
        known.or_else(|| match clear_constant(value) {
            Some(constant) => Some(constant.hull().unwrap_or((0, 0))),
            None => facts::bounds(function, value),
        })
    }

    /// The digits that an operation is written with: those of its class where it is linear, else as many as what it computes with
    /// needs.
    fn radix_of(
        &self,
        function: Function<'c, 'a>,
        op: OperationRef<'c, 'a>,
        fhe: &FheOp<'c, 'a>,
    ) -> Result<Radix, Failed> {
        let result = walk::result(op);
        let touched = op.operands().chain([result]).find_map(|value| self.radix(value));
        let of_class = self.radix(result).or(touched).expect("an operation that touches a wide integer");
        let no_range = || fail(op, "a value has no range; run `fhe-infer-ranges` first");
        let of = |value: Value<'c, 'a>| self.bounds(function, value).ok_or_else(no_range);
        let mut hull = of(result)?;
        match fhe {
            FheOp::Linear(_) | FheOp::Constant { .. } | FheOp::Lookup(_) | FheOp::JointLookup(_) => {
                return Ok(of_class);
            }
            // Higher digits of operands do not reach those of the result.
            FheOp::Pairwise(Pairwise::Mul) => return Ok(Radix::of_range(hull, of_class.bits)),
            FheOp::Map { body } => {
                let operands: Vec<Bounds> = op.operands().map(of).collect::<Result<_, _>>()?;
                // Without bounds it is refused when it is written.
                if let Some((_, inner)) = bounds_and_hull(*body, &operands) {
                    hull = bounds::join(hull, inner);
                }
            }
            FheOp::Digits(DigitOp::Round { bits, .. }) => {
                let (lo, hi) = of(walk::operand(op, 0))?;
                hull = bounds::join(hull, (lo, hi + (1i128 << bits >> 1)));
            }
            FheOp::Digits(_) | FheOp::Pairwise(_) | FheOp::Select => {
                for operand in op.operands() {
                    hull = bounds::join(hull, of(operand)?);
                }
            }
        }
        Ok(Radix::of_range(hull, of_class.bits))
    }

    /// An operand of a product, in as few digits as hold it.
    fn factor(
        &self,
        function: Function<'c, 'a>,
        site: &Site<'c, 'a>,
        value: Value<'c, 'a>,
        known: &HashMap<usize, Digits<'c, 'a>>,
    ) -> Result<Factor<'c, 'a>, Failed> {
        let range = self
            .bounds(function, value)
            .ok_or_else(|| fail(site.op, "an operand has no range; run `fhe-infer-ranges` first"))?;
        let mut own = Radix::of_range(range, site.radix.bits);
        own.count = own.count.min(site.radix.count);
        let of_own = Site { radix: own, ..site.clone() };
        let operand = self.operand(function, value, known, &of_own)?;
        let digits = of_own.carried(&of_own.wide(&operand)?)?;
        let is_short = own.is_signed && own.count < site.radix.count;
        let sign = is_short.then(|| of_own.is_negative(&digits));
        Ok(Factor { digits, sign })
    }

    fn split_arguments(
        &self,
        function: Function<'c, 'a>,
        known: &mut HashMap<usize, Digits<'c, 'a>>,
    ) -> Result<(), Failed> {
        for (i, argument) in function.arguments().into_iter().enumerate() {
            let Some(radix) = self.radix(argument) else { continue };
            let ty = value_type(argument, function.op)?;
            let range = facts::bounds(function, argument).unwrap_or(radix.bounds());
            let most = (1 << radix.bits) - 1;
            let set = |name, value: Attribute<'c>| {
                function.set_attribute(self.context, Side::Argument, i, name, value);
            };
            set(attr::RADIX, radix_attribute(self.context, radix, range));
            set(attr::RANGE, attr::i64_array(self.context, &[0, most]));
            let shape = ty.shape().to_vec();
            let digits = [shape.as_slice(), &[radix.count as usize]].concat();
            argument.set_type(ValueType::new(Element::encrypted(false), &digits).to_mlir(self.context));
            let ranges = vec![(0, most); radix.count as usize];
            known.insert(key(argument), Digits { value: argument, shape, ranges });
        }
        Ok(())
    }

    fn operand(
        &self,
        function: Function<'c, 'a>,
        value: Value<'c, 'a>,
        known: &HashMap<usize, Digits<'c, 'a>>,
        site: &Site<'c, 'a>,
    ) -> Result<Operand<'c, 'a>, Failed> {
        let op = site.op;
        if let Some((digits, radix)) = known.get(&key(value)).zip(self.radix(value)) {
            return Ok(Operand::Wide(site.fitted(digits, radix)?));
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
            _ => Operand::Clear(Clearly { value, shape, is_unsigned: is_unsigned(function, value) }),
        })
    }
}

impl<'c: 'a, 'a> Site<'c, 'a> {
    /// The operation on digits.
    fn expanded(&self, fhe: &FheOp<'c, 'a>, operands: &[Operand<'c, 'a>]) -> Result<Outcome<'c, 'a>, Failed> {
        let wide = |i: usize| self.wide(&operands[i]);
        Ok(Outcome::Wide(match fhe {
            FheOp::Constant { value } => {
                let exact = Clear::of_words(value.clone(), constant_bounds(self.op)).integers();
                self.constant(&exact.expect("words are integers"))
            }
            FheOp::Linear(linear) => self.linear(linear, operands)?,
            FheOp::Pairwise(function) => return self.pairwise(*function, &operands[0], &operands[1]),
            FheOp::Select => self.chosen(&self.narrow(&operands[0])?, &wide(1)?, &wide(2)?)?,
            FheOp::Digits(DigitOp::Truncate { bits, .. }) => self.shifted_right(&wide(0)?, *bits)?,
            FheOp::Digits(DigitOp::Round { bits, .. }) => {
                let x = wide(0)?;
                let half = self.constant(&ArrayD::from_elem(IxDyn(&x.shape), 1i128 << bits >> 1));
                self.shifted_right(&self.add(&x, &half)?, *bits)?
            }
            FheOp::Digits(DigitOp::LowBits { bits }) => {
                let x = wide(0)?;
                let mask = self.constant(&ArrayD::from_elem(IxDyn(&x.shape), (1i128 << bits) - 1));
                self.bitwise(&x, &mask, |x, y| x & y)?
            }
            FheOp::Digits(DigitOp::Bit { position }) => {
                let x = self.carried(&wide(0)?)?;
                let last = self.radix.width() - 1;
                if *position > last && !self.radix.is_signed {
                    return Ok(Outcome::Narrow(self.writer.constant(&ArrayD::zeros(IxDyn(&x.shape)))));
                }
                // Above all digits of negative integers is their sign.
                let position = *position.min(&last);
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
            let digits = tables.mapv(|entry| self.radix.digits(entry.into()).nth(i as usize).unwrap_or(0));
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
                _ => self.full_product(&wide(0)?, &wide(1)?),
            },
            Linear::Dot | Linear::Matmul | Linear::Conv2d(_) => {
                let is_left = matches!(operands[0], Operand::Constant(_) | Operand::Clear(_));
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
                    Operand::Clear(clear) => clear.value,
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
                _ => self.full_product(&self.wide(x)?, &self.wide(y)?)?,
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
            Operand::Constant(values) => Ok(self.constant(&values.mapv(i128::from))),
            Operand::Clear(clear) => Ok(self.encrypted_clear(clear)),
        }
    }

    /// The operand in one ciphertext for each element.
    pub(super) fn narrow(&self, operand: &Operand<'c, 'a>) -> Result<Ranged<'c, 'a>, Failed> {
        match operand {
            Operand::Narrow(narrow) => Ok(narrow.clone()),
            Operand::Constant(values) => Ok(self.writer.constant(values)),
            Operand::Wide(_) | Operand::Clear(_) => Err(fail(
                self.op,
                "an amount or a condition is wider than a table, or clear and not constant; encrypt it, and make it smaller",
            )),
        }
    }

    /// Trivial encryptions of the digits of clear integers.
    fn encrypted_clear(&self, clear: &Clearly<'c, 'a>) -> Digits<'c, 'a> {
        let Clearly { value, ref shape, is_unsigned } = *clear;
        let builder = &self.writer.builder;
        let ty = ValueType::new(Element::Clear, shape).to_mlir(builder.context);
        let all = |number: i64| builder.clear(&ArrayD::from_elem(IxDyn(shape), number));
        let zero = self.writer.constant(&ArrayD::zeros(IxDyn(shape)));
        let parts = (0..self.radix.count).map(|i| {
            let from = self.radix.bits * i;
            let moved = builder.op("arith.shrsi", &[value, all(i64::from(from.min(63)))], ty, &[]);
            // The sign goes on above the word, but for unsigned words.
            let left = if is_unsigned { 64u32.saturating_sub(from) } else { 64 };
            let mask = self.most() & ((1i128 << left) - 1) as i64;
            let digit = builder.op("arith.andi", &[moved, all(mask)], ty, &[]);
            let sum = self.writer.linear(&Linear::AddClear, &[zero.value, digit], shape, (0, self.most()));
            self.writer.reshape(&sum, &[shape.as_slice(), &[1]].concat())
        });
        self.joined(&parts.collect::<Vec<_>>())
    }
}
