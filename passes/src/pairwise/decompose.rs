//! `fhe-decompose-pairwise`: functions of several encrypted values and wide tables become sums and lookups, by the method that
//! costs least.
//!
//! Requires ranges and tables. Costs are those of the whole program as `fhe-optimize-parameters` will find them, so the
//! pass takes the same options; for a price, widths are inferred and digits taken on a copy. What was chosen is written
//! to the module as `fhe.pairwise`. Programs without such operations are left alone.

use crate::choose::{Decision, choose};
use crate::facts::fail;
use crate::fuse_lookup_tables::fuse;
use crate::infer_bit_widths::infer_bit_widths;
use crate::optimize_parameters::{Pricing, seconds};
use crate::pairwise::expand::{Several, expand};
use crate::pairwise::method::{Class, How, Strategy, What};
use crate::pairwise::recognise::recognise_selects;
use crate::pass::{Failed, Options};
use crate::rounding::decompose::apply_likely;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::context::with_diagnostics;
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::OperationRef;
use melior::ir::attribute::ArrayAttribute;
use std::collections::{BTreeMap, BTreeSet};

/// Module attribute: what was chosen for which operations, as text.
const CHOSEN: &str = "fhe.pairwise";

/// The method of each class of operations.
pub(crate) type Choice = BTreeMap<Class, How>;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let strategies = Strategies::of(module, options)?;
    recognise_selects(context, module)?;
    let operations = operations(module)?;
    if operations.is_empty() {
        return Ok(());
    }
    let classes: BTreeSet<Class> = operations.iter().filter_map(|operation| operation.class).collect();
    let classes: Vec<Class> = classes.into_iter().collect();
    let pairs = Pairs { context, module, options, strategies };
    let fixed = classes.iter().map(|&class| match pairs.methods(class).as_slice() {
        [only] => Some((class, *only)),
        _ => None,
    });
    let choice = match fixed.collect::<Option<Choice>>() {
        Some(fixed) => fixed,
        None => choose(&pairs, &classes)?,
    };
    apply(context, module, &choice)?;
    let lines = choice.iter().map(|(class, method)| attr::string(context, &format!("{class}: {method}")));
    set_op_attribute(module, CHOSEN, ArrayAttribute::new(context, &lines.collect::<Vec<_>>()).into());
    Ok(())
}

/// The choice of methods for a module.
struct Pairs<'c, 'a, 'o, 'p> {
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &'o Options<'p>,
    strategies: Strategies,
}

impl Decision for Pairs<'_, '_, '_, '_> {
    type Class = Class;
    type Method = How;

    fn methods(&self, class: Class) -> Vec<How> {
        class.method(self.strategies.of_class(class)).map_or_else(|| class.methods(), |only| vec![only])
    }

    fn neighbours(&self, method: &How) -> Vec<How> {
        Class::neighbours(*method)
    }

    fn length(&self) -> usize {
        functions_under(self.module).iter().map(|function| function.operations().len()).sum()
    }

    fn seconds(&self, choice: &Choice, pricing: Pricing) -> Result<Option<f64>, Failed> {
        // A choice with lookups that are too wide has no price; why is of no interest.
        let price = || {
            walk::with_copy(self.module, |copy| {
                apply(self.context, copy, choice)?;
                functions_under(copy).into_iter().try_for_each(|function| fuse(self.context, function))?;
                infer_bit_widths(self.context, copy)?;
                apply_likely(self.context, copy)?;
                seconds(copy, self.options, pricing)
            })
        };
        let (seconds, _) = with_diagnostics(self.context, price);
        Ok(seconds.unwrap_or(None))
    }
}

/// What is preferred for each kind of operation.
struct Strategies {
    comparison: Strategy,
    min_max: Strategy,
    bitwise: Strategy,
    shifts: Strategy,
    products: Strategy,
    selects: Strategy,
    multivariate: Strategy,
    lookups: Strategy,
}

impl Strategies {
    fn of(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<Self, Failed> {
        let allowed = "auto, table, sign, packed, casted, quarter-squares, half-squares, bits, whole, chunks-1 to chunks-8 or one-hot-4 to one-hot-12";
        let of = |name: &str| options.value(name, allowed, module);
        Ok(Self {
            comparison: of("comparison")?,
            min_max: of("min-max")?,
            bitwise: of("bitwise")?,
            shifts: of("shifts")?,
            products: of("products")?,
            selects: of("selects")?,
            multivariate: of("multivariate")?,
            lookups: of("lookups")?,
        })
    }

    fn of_class(&self, class: Class) -> Strategy {
        match class.what {
            What::Order | What::Equality => self.comparison,
            What::Extreme => self.min_max,
            What::Product => self.products,
            What::Bitwise => self.bitwise,
            What::Shift => self.shifts,
            What::Select => self.selects,
            What::Joint => self.multivariate,
            What::Table => self.lookups,
        }
    }
}

/// Expands every operation of the module by the method of its class.
fn apply<'c, 'a>(context: &'c Context, module: OperationRef<'c, 'a>, choice: &Choice) -> Result<(), Failed> {
    for Operation { function, op, several, class } in operations(module)? {
        let method = match class {
            None => None,
            Some(class) => {
                let found = choice.get(&class).copied();
                Some(found.ok_or_else(|| fail(op, &format!("no method for {class}")))?)
            }
        };
        expand(context, function, (op, &several), method)?;
    }
    functions_under(module).into_iter().for_each(|function| function.update_signature(context));
    Ok(())
}

/// An operation to be expanded.
struct Operation<'c, 'a> {
    function: Function<'c, 'a>,
    op: OperationRef<'c, 'a>,
    several: Several,
    class: Option<Class>,
}

fn operations<'c: 'a, 'a>(module: OperationRef<'c, 'a>) -> Result<Vec<Operation<'c, 'a>>, Failed> {
    let mut found = vec![];
    for function in functions_under(module) {
        for op in function.operations() {
            let Some(several) = Several::of(op) else { continue };
            let class = several.class(function, op)?;
            found.push(Operation { function, op, several, class });
        }
    }
    Ok(found)
}
