//! The methods with which a whole program costs least.
//!
//! Operations come in classes that are done alike. Each candidate gives every class a method; it is expanded on a copy of
//! the module and priced by the parameter optimizer. With one key set that is
//! fast, so coordinate descent runs on these prices: class after class takes the method with the least cost, given
//! those of the others, until nothing gets better. What it finds competes with all classes done alike, which
//! cost less where lookups of few bits have keys of their own, at prices with two key sets of likely shapes; then
//! the cheapest tries the methods of the next ones. What is hopeless with one key set is not priced with two.

use crate::optimize_parameters::Pricing;
use crate::pass::Failed;
use std::collections::BTreeMap;

/// Most programs that are priced with one key set.
const MOST_WITH_ONE: usize = 24;
/// Most programs that are priced with two key sets.
const MOST_WITH_TWO: usize = 7;
/// Most operations in all programs together that are priced with two key sets.
const MOST_OPERATIONS: usize = 400;
/// How many times the least price with one key set is hopeless.
const HOPELESS: f64 = 5.0;
/// How many times the least price with two key sets is too far off to take a method from.
const FAR: f64 = 1.2;

/// What is to be chosen.
pub(crate) trait Decision {
    /// Operations that are done alike.
    type Class: Copy + Ord;
    /// A way to do them.
    type Method: Clone + Ord;

    /// What can be done, likely good ones first; not empty.
    fn methods(&self, class: Self::Class) -> Vec<Self::Method>;

    /// Ways that differ a little from one.
    fn neighbours(&self, method: &Self::Method) -> Vec<Self::Method>;

    /// Operations of the program.
    fn length(&self) -> usize;

    /// Seconds of a run; `None` where there are no parameters.
    fn seconds(
        &self,
        choice: &BTreeMap<Self::Class, Self::Method>,
        pricing: Pricing,
    ) -> Result<Option<f64>, Failed>;
}

/// The method of each class of operations.
pub(crate) type Choice<D> = BTreeMap<<D as Decision>::Class, <D as Decision>::Method>;

/// The cheapest choice that was found; where no choice can be had, that with likely methods.
pub(crate) fn choose<D: Decision>(decision: &D, classes: &[D::Class]) -> Result<Choice<D>, Failed> {
    let most_with_two = (MOST_OPERATIONS / decision.length().max(1)).clamp(2, MOST_WITH_TWO);
    let mut prices = Prices { decision, most_with_two, known: BTreeMap::new() };
    let alone = descend(&mut prices, classes)?;
    let mut priced = vec![];
    for candidate in std::iter::once(alone).chain(alike(decision, classes)) {
        priced.push((prices.with_two(&candidate)?, candidate));
    }
    // Stable: of equal prices the first stays first.
    priced.sort_by(|a, b| a.0.total_cmp(&b.0));
    mix(&mut prices, classes, priced)
}

/// Coordinate descent with one key set, from likely methods.
fn descend<D: Decision>(prices: &mut Prices<'_, D>, classes: &[D::Class]) -> Result<Choice<D>, Failed> {
    let decision = prices.decision;
    let likely = |class: &D::Class| Some((*class, decision.methods(*class).into_iter().next()?));
    let mut best: Choice<D> = classes.iter().filter_map(likely).collect();
    let mut least = prices.with_one(&best)?;
    loop {
        let before = least;
        for class in classes {
            let mut candidates: Vec<D::Method> = decision.methods(*class);
            candidates.extend(decision.neighbours(&best[class]));
            for method in candidates {
                let mut changed = best.clone();
                changed.insert(*class, method);
                let seconds = prices.with_one(&changed)?;
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
fn alike<D: Decision>(decision: &D, classes: &[D::Class]) -> Vec<Choice<D>> {
    let methods: Vec<(D::Class, Vec<D::Method>)> =
        classes.iter().map(|&class| (class, decision.methods(class))).collect();
    let most = methods.iter().map(|(_, methods)| methods.len()).max().unwrap_or(0);
    let choice = |i: usize| {
        let of = |(class, methods): &(D::Class, Vec<D::Method>)| {
            Some((*class, methods.get(i).or(methods.last())?.clone()))
        };
        methods.iter().filter_map(of).collect()
    };
    (0..most).map(choice).collect()
}

/// The first of the candidates, which come with prices, or one that takes the method of another for a class.
fn mix<D: Decision>(
    prices: &mut Prices<'_, D>,
    classes: &[D::Class],
    priced: Vec<(f64, Choice<D>)>,
) -> Result<Choice<D>, Failed> {
    let mut priced = priced.into_iter();
    let (mut least, mut best) = priced.next().expect("there is a candidate");
    let far = FAR * least;
    for (_, other) in priced.take_while(|&(seconds, _)| seconds < far) {
        for class in classes {
            let mut mixed = best.clone();
            mixed.extend(other.get(class).map(|method| (*class, method.clone())));
            let seconds = prices.with_two(&mixed)?;
            if seconds < least {
                (best, least) = (mixed, seconds);
            }
        }
    }
    Ok(best)
}

/// Prices by pricing and choice.
struct Prices<'d, D: Decision> {
    decision: &'d D,
    most_with_two: usize,
    known: BTreeMap<(Pricing, Choice<D>), f64>,
}

impl<D: Decision> Prices<'_, D> {
    /// Seconds of a run with one key set.
    fn with_one(&mut self, choice: &Choice<D>) -> Result<f64, Failed> {
        self.of(choice, (Pricing::OneKeySet, MOST_WITH_ONE))
    }

    /// Seconds of a run with one or two key sets; those with one where two are hopeless.
    fn with_two(&mut self, choice: &Choice<D>) -> Result<f64, Failed> {
        let one = self.of(choice, (Pricing::OneKeySet, MOST_WITH_ONE + MOST_WITH_TWO))?;
        let of_one = self.known.iter().filter(|((pricing, _), _)| *pricing == Pricing::OneKeySet);
        let least = of_one.map(|(_, &seconds)| seconds).fold(f64::INFINITY, f64::min);
        if one.is_finite() && one > HOPELESS * least {
            return Ok(one);
        }
        Ok(self.of(choice, (Pricing::TwoKeySets, self.most_with_two))?.min(one))
    }

    /// Seconds of a run; infinite where no parameters can be found, and once as many as allowed are priced.
    fn of(&mut self, choice: &Choice<D>, (pricing, most): (Pricing, usize)) -> Result<f64, Failed> {
        if let Some(&seconds) = self.known.get(&(pricing, choice.clone())) {
            return Ok(seconds);
        }
        if self.known.keys().filter(|(known, _)| *known == pricing).count() >= most {
            return Ok(f64::INFINITY);
        }
        let seconds = self.decision.seconds(choice, pricing)?.unwrap_or(f64::INFINITY);
        self.known.insert((pricing, choice.clone()), seconds);
        Ok(seconds)
    }
}
