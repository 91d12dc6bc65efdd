//! The methods with which a whole program costs least.
//!
//! Coordinate descent: class after class takes the method with the least cost, given those of the others, until
//! nothing gets better. Each candidate is expanded on a copy of the module and priced by the parameter optimizer.

use crate::optimize_parameters::seconds;
use crate::pass::{Failed, Options};
use crate::rounding::decompose::{Choice, apply};
use crate::rounding::method::{Class, Method};
use melior::Context;
use melior::ir::OperationRef;
use melior::ir::operation::{Operation, OperationLike};
use mlir_sys::mlirOperationClone;
use std::collections::BTreeMap;

/// Most programs that are priced.
const MOST_SOLVED: usize = 20;

/// The cheapest choice that was found; where no choice can be had, that with likely methods.
pub(crate) fn choose<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
    classes: &[Class],
) -> Result<Choice, Failed> {
    let mut known: BTreeMap<Choice, f64> = BTreeMap::new();
    let mut price = |choice: &Choice| -> Result<f64, Failed> {
        if let Some(&seconds) = known.get(choice) {
            return Ok(seconds);
        }
        if known.len() >= MOST_SOLVED {
            return Ok(f64::INFINITY);
        }
        let seconds = priced(context, module, options, choice)?;
        known.insert(choice.clone(), seconds);
        Ok(seconds)
    };
    let mut best: Choice =
        classes.iter().filter_map(|class| Some((*class, class.methods().into_iter().next()?))).collect();
    let mut least = price(&best)?;
    loop {
        let before = least;
        for class in classes {
            let mut candidates: Vec<Method> = class.methods();
            candidates.extend(best[class].neighbours());
            for method in candidates {
                let mut changed = best.clone();
                changed.insert(*class, method);
                let seconds = price(&changed)?;
                if seconds < least {
                    (best, least) = (changed, seconds);
                }
            }
        }
        if least >= before || least.is_infinite() {
            return Ok(best);
        }
    }
}

/// Seconds of a run with that choice; infinite where no parameters can be found.
fn priced<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
    choice: &Choice,
) -> Result<f64, Failed> {
    // SAFETY: the module is alive; the copy is owned here and dropped at the end.
    let copy = unsafe { Operation::from_raw(mlirOperationClone(module.to_raw())) };
    // SAFETY: the copy outlives what is read from it.
    let copied = unsafe { OperationRef::from_raw(copy.to_raw()) };
    apply(context, copied, choice)?;
    Ok(seconds(copied, options)?.unwrap_or(f64::INFINITY))
}
