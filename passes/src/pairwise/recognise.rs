//! Choices that are written as products with a bit: `c·(a − b) + b` and `c·a + (1 − c)·b` become `fhe.select`.
//!
//! The bit is an integer whose range lies in 0 to 1. Products that something else uses, too, stay.

use crate::facts;
use crate::pass::Failed;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{Function, functions_under};
use cloakwork_ir::interpret::Clear;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::pairwise::Pairwise;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};

/// Replaces what is recognised in every function of the module.
pub(crate) fn recognise_selects<'c: 'a, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
) -> Result<(), Failed> {
    for function in functions_under(module) {
        for op in function.operations() {
            let Some(FheOp::Linear(Linear::Add)) = FheOp::of(op) else { continue };
            let Some(operands) = of_difference(function, op).or_else(|| of_both(function, op)) else {
                continue;
            };
            let builder = Builder::before(context, op);
            let parts: Vec<OperationRef<'c, 'a>> = op.operands().filter_map(product).collect();
            let select = builder.op("fhe.select", &operands, walk::result(op).r#type(), &[]);
            if let (Some(range), Some(built)) = (attr::get_range(&op), walk::defining_op(select)) {
                facts::set_range(context, built, range);
            }
            walk::replace_all_uses(walk::result(op), select);
            walk::erase(op);
            // Their operands are left to canonicalization.
            let unused = parts.into_iter().filter(|part| walk::users(walk::result(*part)).is_empty());
            unused.for_each(walk::erase);
        }
    }
    Ok(())
}

/// `c·(a − b) + b`
fn of_difference<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
) -> Option<[Value<'c, 'a>; 3]> {
    [(0, 1), (1, 0)].into_iter().find_map(|(of_product, of_rest)| {
        let (product, rest) = (product(walk::operand(op, of_product))?, walk::operand(op, of_rest));
        [(0, 1), (1, 0)].into_iter().find_map(|(of_bit, of_difference)| {
            let (bit, difference) = (walk::operand(product, of_bit), walk::operand(product, of_difference));
            let sub = walk::defining_op(difference)?;
            let is_sub = matches!(FheOp::of(sub), Some(FheOp::Linear(Linear::Sub)));
            let fits = is_sub && is_bit(function, bit) && walk::operand(sub, 1) == rest;
            (fits && product_is_only_here(product, op)).then(|| [bit, walk::operand(sub, 0), rest])
        })
    })
}

/// `c·a + (1 − c)·b`
fn of_both<'c: 'a, 'a>(function: Function<'c, 'a>, op: OperationRef<'c, 'a>) -> Option<[Value<'c, 'a>; 3]> {
    let (first, second) = (product(walk::operand(op, 0))?, product(walk::operand(op, 1))?);
    if first == second || !product_is_only_here(first, op) || !product_is_only_here(second, op) {
        return None;
    }
    [(first, second), (second, first)].into_iter().find_map(|(on, off)| {
        let sides = [(0, 1), (1, 0)];
        sides.into_iter().find_map(|(of_bit, of_then)| {
            sides.into_iter().find_map(|(of_inverse, of_otherwise)| {
                let bit = walk::operand(on, of_bit);
                let fits = is_bit(function, bit) && inverse_of(walk::operand(off, of_inverse))? == bit;
                fits.then(|| [bit, walk::operand(on, of_then), walk::operand(off, of_otherwise)])
            })
        })
    })
}

/// `c` of a value `1 − c`.
fn inverse_of<'c: 'a, 'a>(value: Value<'c, 'a>) -> Option<Value<'c, 'a>> {
    let sum = walk::defining_op(value)?;
    let Some(FheOp::Linear(Linear::AddClear)) = FheOp::of(sum) else { return None };
    let Some(Clear::Int(ones)) = facts::clear_constant(walk::operand(sum, 1)) else { return None };
    let negated = walk::defining_op(walk::operand(sum, 0))?;
    let is_negated = matches!(FheOp::of(negated), Some(FheOp::Linear(Linear::Neg)));
    (is_negated && ones.iter().all(|&one| one == 1)).then(|| walk::operand(negated, 0))
}

fn product<'c: 'a, 'a>(value: Value<'c, 'a>) -> Option<OperationRef<'c, 'a>> {
    let op = walk::defining_op(value)?;
    matches!(FheOp::of(op), Some(FheOp::Pairwise(Pairwise::Mul))).then_some(op)
}

fn product_is_only_here<'c: 'a, 'a>(product: OperationRef<'c, 'a>, user: OperationRef<'c, 'a>) -> bool {
    walk::users(walk::result(product)).iter().all(|other| *other == user)
}

fn is_bit<'c: 'a, 'a>(function: Function<'c, 'a>, value: Value<'c, 'a>) -> bool {
    facts::range(function, value).is_some_and(|(lo, hi)| lo >= 0 && hi <= 1)
}
