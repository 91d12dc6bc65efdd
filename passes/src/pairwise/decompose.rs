//! `fhe-decompose-pairwise`: functions of several encrypted values become sums and lookups of one value.
//!
//! Requires ranges and tables. What was chosen is written to the module as `fhe.pairwise`. Programs without such
//! operations are left alone.

use crate::facts::fail;
use crate::pairwise::expand::{Several, expand};
use crate::pairwise::method::{Class, How, Strategy, What};
use crate::pass::{Failed, Options};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::{Function, functions_under, set_op_attribute};
use melior::Context;
use melior::ir::OperationRef;
use melior::ir::attribute::ArrayAttribute;
use std::collections::BTreeMap;

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
    let operations = operations(module)?;
    if operations.is_empty() {
        return Ok(());
    }
    let likely = |class: Class| {
        let preferred = class.method(strategies.of_class(class));
        Some((class, preferred.or_else(|| class.methods().first().copied())?))
    };
    let choice: Choice = operations.iter().filter_map(|operation| operation.class.and_then(likely)).collect();
    apply(context, module, &choice)?;
    let lines = choice.iter().map(|(class, method)| attr::string(context, &format!("{class}: {method}")));
    set_op_attribute(module, CHOSEN, ArrayAttribute::new(context, &lines.collect::<Vec<_>>()).into());
    Ok(())
}

/// What is preferred for each kind of operation.
struct Strategies {
    comparison: Strategy,
    min_max: Strategy,
    bitwise: Strategy,
    shifts: Strategy,
    products: Strategy,
    selects: Strategy,
}

impl Strategies {
    fn of(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<Self, Failed> {
        let of = |name: &str| {
            options.value(
                name,
                "auto, table, sign, packed, quarter-squares, bits or chunks-1 to chunks-8",
                module,
            )
        };
        Ok(Self {
            comparison: of("comparison")?,
            min_max: of("min-max")?,
            bitwise: of("bitwise")?,
            shifts: of("shifts")?,
            products: of("products")?,
            selects: of("selects")?,
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
