//! The methods with which a whole program costs least.
//!
//! Each candidate is expanded on a copy of the module and priced by the parameter optimizer. With one key set that is
//! fast, so coordinate descent runs on these prices: class after class takes the method with the least cost, given
//! those of the others, until nothing gets better. What it finds competes with all classes done alike, which
//! cost less where lookups of few bits have keys of their own, at prices with two key sets.

use crate::optimize_parameters::seconds;
use crate::pass::{Failed, Options};
use crate::rounding::decompose::{Choice, apply};
use crate::rounding::method::{Class, Method};
use cloakwork_ir::function::functions_under;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::OperationRef;
use std::collections::BTreeMap;

/// Most programs that are priced with one key set.
const MOST_WITH_ONE: usize = 20;
/// Most programs that are priced with two key sets.
const MOST_WITH_TWO: usize = 8;
/// Most operations in all programs together that are priced with two key sets.
const MOST_OPERATIONS: usize = 400;

/// The cheapest choice that was found; where no choice can be had, that with likely methods.
pub(crate) fn choose<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
    classes: &[Class],
) -> Result<Choice, Failed> {
    let mut prices = Prices { context, module, options, known: BTreeMap::new() };
    let alone = descend(&mut prices, classes)?;
    let length = functions_under(module).iter().map(|function| function.operations().len()).sum::<usize>();
    let most = (MOST_OPERATIONS / length.max(1)).clamp(2, MOST_WITH_TWO);
    let mut candidates = vec![alone];
    candidates.extend(alike(classes));
    let mut best: Option<(f64, Choice)> = None;
    for candidate in candidates {
        let seconds = prices.of(&candidate, (2, most))?;
        if best.as_ref().is_none_or(|(least, _)| seconds < *least) {
            best = Some((seconds, candidate));
        }
    }
    Ok(best.expect("there is a candidate").1)
}

/// Coordinate descent with one key set, from likely methods.
fn descend(prices: &mut Prices<'_, '_, '_, '_>, classes: &[Class]) -> Result<Choice, Failed> {
    let budget = (1, MOST_WITH_ONE);
    let likely = |class: &Class| Some((*class, class.methods().into_iter().next()?));
    let mut best: Choice = classes.iter().filter_map(likely).collect();
    let mut least = prices.of(&best, budget)?;
    loop {
        let before = least;
        for class in classes {
            let mut candidates: Vec<Method> = class.methods();
            candidates.extend(best[class].neighbours());
            for method in candidates {
                let mut changed = best.clone();
                changed.insert(*class, method);
                let seconds = prices.of(&changed, budget)?;
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

/// Choices that do all classes alike as far as they can: with the first method of each, the second and so on.
fn alike(classes: &[Class]) -> Vec<Choice> {
    let methods: Vec<(Class, Vec<Method>)> = classes.iter().map(|&class| (class, class.methods())).collect();
    let most = methods.iter().map(|(_, methods)| methods.len()).max().unwrap_or(0);
    let choice = |i: usize| {
        let of = |(class, methods): &(Class, Vec<Method>)| {
            Some((*class, methods.get(i).or(methods.last())?.clone()))
        };
        methods.iter().filter_map(of).collect()
    };
    (0..most).map(choice).collect()
}

/// Prices by number of key sets and choice.
struct Prices<'c, 'a, 'o, 'p> {
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &'o Options<'p>,
    known: BTreeMap<(usize, Choice), f64>,
}

impl Prices<'_, '_, '_, '_> {
    /// Seconds of a run; infinite where no parameters can be found, and once as many as allowed are priced.
    fn of(&mut self, choice: &Choice, (key_sets, most): (usize, usize)) -> Result<f64, Failed> {
        if let Some(&seconds) = self.known.get(&(key_sets, choice.clone())) {
            return Ok(seconds);
        }
        if self.known.keys().filter(|(sets, _)| *sets == key_sets).count() >= most {
            return Ok(f64::INFINITY);
        }
        let seconds = walk::with_copy(self.module, |copy| {
            apply(self.context, copy, choice)?;
            seconds(copy, self.options, key_sets)
        })?
        .unwrap_or(f64::INFINITY);
        self.known.insert((key_sets, choice.clone()), seconds);
        Ok(seconds)
    }
}
