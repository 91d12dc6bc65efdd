//! `fhe-decompose-rounding`: rounding, truncation and low bits become lookups, by the method that costs least.
//!
//! Requires widths. Costs are those of the whole program as `fhe-optimize-parameters` will find them, so the pass takes
//! the same options. What was chosen is written to the module as `fhe.rounding`. Programs without such operations
//! are left alone.

use crate::choose::{Decision, choose};
use crate::facts::{fail, value_type};
use crate::fuse_lookup_tables::fuse;
use crate::optimize_parameters::{Pricing, seconds};
use crate::pass::{Failed, Options};
use crate::rounding::expand::expand;
use crate::rounding::method::{Class, Method, Strategy};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::OperationRef;
use melior::ir::attribute::ArrayAttribute;
use std::collections::BTreeMap;

/// Module attribute: what was chosen for which operations, as text.
const CHOSEN: &str = "fhe.rounding";

/// The method of each class of operations.
pub(crate) type Choice = BTreeMap<Class, Method>;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let allowed = "auto, whole, bits, chunks-2 to chunks-5, or approximate";
    let strategy: Strategy = options.value("strategy", allowed, module)?;
    let mut classes: Vec<Class> = operations(module)?.into_iter().map(|operation| operation.class).collect();
    classes.sort_unstable();
    classes.dedup();
    if classes.is_empty() {
        return Ok(());
    }
    let fixed = classes.iter().map(|&class| Some((class, class.method(strategy)?)));
    let choice = match fixed.collect::<Option<Choice>>() {
        Some(fixed) => fixed,
        None => choose(&Roundings { context, module, options }, &classes)?,
    };
    apply(context, module, &choice)?;
    let lines = choice.iter().map(|(class, method)| attr::string(context, &format!("{class}: {method}")));
    set_op_attribute(module, CHOSEN, ArrayAttribute::new(context, &lines.collect::<Vec<_>>()).into());
    Ok(())
}

/// Expands every operation by a likely method.
pub(crate) fn apply_likely<'c, 'a>(context: &'c Context, module: OperationRef<'c, 'a>) -> Result<(), Failed> {
    let likely = |operation: &Operation<'c, 'a>| {
        Some((operation.class, operation.class.methods().into_iter().next()?))
    };
    let choice = operations(module)?.iter().filter_map(likely).collect();
    apply(context, module, &choice)
}

/// The choice of methods for a module.
struct Roundings<'c, 'a, 'o, 'p> {
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &'o Options<'p>,
}

impl Decision for Roundings<'_, '_, '_, '_> {
    type Class = Class;
    type Method = Method;

    fn methods(&self, class: Class) -> Vec<Method> {
        class.methods()
    }

    fn neighbours(&self, method: &Method) -> Vec<Method> {
        method.neighbours()
    }

    fn length(&self) -> usize {
        functions_under(self.module).iter().map(|function| function.operations().len()).sum()
    }

    fn seconds(&self, choice: &Choice, pricing: Pricing) -> Result<Option<f64>, Failed> {
        walk::with_copy(self.module, |copy| {
            apply(self.context, copy, choice)?;
            seconds(copy, self.options, pricing)
        })
    }
}

/// Expands every operation of the module by the method of its class.
pub(crate) fn apply<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    choice: &Choice,
) -> Result<(), Failed> {
    for Operation { function, op, digits, class } in operations(module)? {
        let method = choice.get(&class).ok_or_else(|| fail(op, &format!("no method for {class}")))?;
        expand(context, function, (op, digits), method)?;
    }
    // A lookup of a whole input joins those that follow.
    functions_under(module).into_iter().try_for_each(|function| fuse(context, function))
}

/// An operation to be expanded.
struct Operation<'c, 'a> {
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    digits: Digits,
    class: Class,
}

fn operations<'c: 'a, 'a>(module: OperationRef<'c, 'a>) -> Result<Vec<Operation<'c, 'a>>, Failed> {
    let mut found = vec![];
    for function in functions_under(module) {
        for op in function.operations() {
            let Some(FheOp::Digits(digits)) = FheOp::of(op) else { continue };
            let Some((width, _)) = value_type(walk::operand(op, 0), op)?.integer() else {
                return Err(fail(op, "the integer has no width yet; run `fhe-infer-bit-widths` first"));
            };
            found.extend(Class::of(&digits, width).map(|class| Operation { function, op, digits, class }));
        }
    }
    Ok(found)
}
