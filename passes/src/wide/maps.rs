//! Elementwise functions of wide integers: the scalar code of a map, operation by operation on digits.

use crate::facts::{fail, key};
use crate::pass::Failed;
use crate::wide::digits::Site;
use crate::wide::map_bounds::of_pair;
use crate::wide::split::{Operand, Outcome};
use crate::wide::writer::Ranged;
use cloakwork_abi::bounds;
use cloakwork_abi::encoding::MAX_LOOKUP_WIDTH;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::exact_map;
use cloakwork_ir::pairwise::Pairwise;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef};
use ndarray::{ArrayD, IxDyn};
use std::collections::HashMap;

/// The map on digits; `operands` are those of the map.
pub(super) fn expanded<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    body: BlockRef<'c, 'a>,
    operands: &[Operand<'c, 'a>],
) -> Result<Outcome<'c, 'a>, Failed> {
    let shape = operands.iter().map(Operand::shape).find(|shape| !shape.is_empty()).unwrap_or_default();
    let mut known: HashMap<usize, Operand<'c, 'a>> = HashMap::new();
    for (i, operand) in operands.iter().enumerate() {
        let scalar = body.argument(i).expect("verified: one argument for each operand");
        known.insert(key(scalar.into()), operand.clone());
    }
    let mut current = body.first_operation();
    while let Some(op) = current {
        let of_body = |value| known.get(&key(value)).cloned();
        let arguments: Vec<Operand<'c, 'a>> = op.operands().filter_map(of_body).collect();
        if walk::name(&op) == "fhe.yield" {
            return outcome(site, &arguments[0]);
        }
        let value = step(site, op, &arguments, &shape)?;
        known.insert(key(walk::result(op)), value);
        current = op.next_in_block();
    }
    Err(fail(site.op, "the body of the map does not end in `fhe.yield`"))
}

fn outcome<'c: 'a, 'a>(site: &Site<'c, 'a>, operand: &Operand<'c, 'a>) -> Result<Outcome<'c, 'a>, Failed> {
    Ok(match operand {
        Operand::Narrow(narrow) => Outcome::Narrow(narrow.clone()),
        other => Outcome::Wide(site.wide(other)?),
    })
}

/// One operation of the body.
fn step<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    op: OperationRef<'c, 'a>,
    arguments: &[Operand<'c, 'a>],
    shape: &[usize],
) -> Result<Operand<'c, 'a>, Failed> {
    let name = walk::name(&op);
    let constant = |value: i64| Operand::Constant(ArrayD::from_elem(IxDyn(shape), value));
    let as_operand = |outcome: Outcome<'c, 'a>| match outcome {
        Outcome::Wide(digits) => Operand::Wide(digits),
        Outcome::Narrow(narrow) => Operand::Narrow(narrow),
    };
    match (name.as_str(), arguments) {
        ("arith.constant", []) => match attr::get_i64(&op, "value") {
            Some(value) => Ok(constant(value)),
            None => Err(unsupported(site, &name)),
        },
        ("arith.extui" | "arith.index_cast", [x]) => Ok(x.clone()),
        ("arith.addi", [x, y]) => Ok(Operand::Wide(site.add(&site.wide(x)?, &site.wide(y)?)?)),
        ("arith.subi", [x, y]) => Ok(Operand::Wide(site.sub(&site.wide(x)?, &site.wide(y)?)?)),
        ("arith.floordivsi", [x, Operand::Constant(divisors)]) => {
            let divisor = uniform(divisors).filter(|divisor| *divisor > 0 && divisor.count_ones() == 1);
            let divisor =
                divisor.ok_or_else(|| unsupported(site, "division by anything but a power of two"))?;
            Ok(Operand::Wide(site.shifted_right(&site.wide(x)?, divisor.trailing_zeros())?))
        }
        ("math.absi", [x]) => {
            let x = site.wide(x)?;
            let zero = site.constant(&ArrayD::zeros(IxDyn(&x.shape)));
            let is_negative = site.compared(&x, &zero, |sign| sign < 0)?;
            Ok(Operand::Wide(site.chosen(&is_negative, &site.sub(&zero, &x)?, &x)?))
        }
        ("arith.select", [choice, x, y]) => {
            let choice = site.narrow(choice)?;
            Ok(Operand::Wide(site.chosen(&choice, &site.wide(x)?, &site.wide(y)?)?))
        }
        (_, [x, y]) => {
            let function = exact_map::function(&name, op).ok_or_else(|| unsupported(site, &name))?;
            match (x, y) {
                (Operand::Narrow(x), Operand::Narrow(y)) => {
                    Ok(Operand::Narrow(narrow_pair(site, function, x, y)))
                }
                (Operand::Narrow(x), Operand::Constant(y)) if uniform(y).is_some() => {
                    let y = uniform(y).unwrap_or_default();
                    Ok(Operand::Narrow(site.writer.lookup(x, |x| function.of_pair(x, y).unwrap_or(0))))
                }
                (Operand::Constant(x), Operand::Constant(y)) => {
                    let pairs = x.iter().zip(y).map(|(&x, &y)| function.of_pair(x, y));
                    let values: Option<Vec<i64>> = pairs.collect();
                    let values = values.and_then(|values| ArrayD::from_shape_vec(x.raw_dim(), values).ok());
                    values.map(Operand::Constant).ok_or_else(|| unsupported(site, &name))
                }
                _ => site.pairwise(function, x, y).map(as_operand),
            }
        }
        _ => Err(unsupported(site, &name)),
    }
}

/// Both fit a table: left to the pass for such pairs.
fn narrow_pair<'c: 'a, 'a>(
    site: &Site<'c, 'a>,
    function: Pairwise,
    x: &Ranged<'c, 'a>,
    y: &Ranged<'c, 'a>,
) -> Ranged<'c, 'a> {
    let builder = &site.writer.builder;
    let range = of_pair(function, bounds::wide(x.range), bounds::wide(y.range)).and_then(bounds::signed);
    let range = range.unwrap_or((i64::MIN / 4, i64::MAX / 4));
    let ty = ValueType::new(Element::encrypted(range.0 < 0), &x.shape).to_mlir(builder.context);
    let name = format!("fhe.{}", function.mnemonic());
    let value = builder.op(&name, &[x.value, y.value], ty, &function.attributes(builder.context));
    site.writer.known(&Ranged { value, shape: x.shape.clone(), range }, range)
}

fn uniform(values: &ArrayD<i64>) -> Option<i64> {
    let first = *values.first()?;
    values.iter().all(|&value| value == first).then_some(first)
}

fn unsupported(site: &Site<'_, '_>, what: &str) -> Failed {
    fail(
        site.op,
        &format!(
            "`{what}` of integers of {} bits: a table takes at most {MAX_LOOKUP_WIDTH} bits, and wider integers can be added, \
             subtracted, multiplied, compared, shifted, masked and chosen between; make the values before it smaller, or \
             shift low bits away first",
            site.radix.width()
        ),
    )
}
