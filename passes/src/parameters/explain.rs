//! Why no key set will do: the lookup or output that binds, and what to relax.

use crate::parameters::demand::{Demand, DemandKind};
use crate::parameters::solution::{Deviation, Norm2, Probability};
use crate::parameters::solve::{Problem, Reached};
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{Variance, Width};
use std::fmt;

/// No key set keeps the failure probability of a program below its bound.
#[derive(Clone, Debug, PartialEq)]
pub struct Infeasible {
    /// The lookup or output that binds; others of the program may be out of reach as well.
    pub demand: Demand,
    /// Greatest failure probability that is allowed for one of it.
    pub p_error: f64,
    /// Greatest variance that keeps to it.
    pub allowed: Variance,
    /// Variance with the key set that comes closest.
    pub reachable: Variance,
    /// What helps, each by itself.
    pub relax: Box<Relax>,
    /// What stands against it.
    pub reason: Reason,
}

/// What stands against every key set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Too much noise.
    Noise,
    /// Results are fed to an input whose noise grows from run to run.
    Growing,
    /// Nothing that could be chosen: the bounds of the search exclude each other or every measured shape.
    NothingToChoose,
    /// Too few of the given keys lead from one to another, though each for itself is quiet enough.
    NoPath,
}

/// Changes of the program or of the target, each of which is enough for the demand that binds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Relax {
    /// Greatest width under the same noise.
    pub width: Option<Width>,
    /// Least failure probability of one such lookup or output, where it is of use.
    pub p_error: Option<f64>,
    /// Greatest `norm2`.
    pub norm2: Option<f64>,
}

/// Finds the demand that binds with the key set that comes closest, and what it would take.
pub(super) fn explain(problem: &Problem<'_>, sets: &[Reached]) -> Infeasible {
    // If every demand kept to an equal share, the whole would keep to the target: one of these is broken.
    let events = problem.demands.iter().map(|demand| demand.count).sum();
    let share = problem.target.share(events);
    let limits: Vec<(&Demand, Variance)> =
        problem.demands.iter().map(|&demand| (demand, noise::safe_variance(share, demand.width))).collect();
    let worst = |set: &Reached| {
        let excesses =
            limits.iter().map(|&(demand, allowed)| (set.at(demand).0 / allowed.0, demand, allowed));
        excesses.max_by(|a, b| a.0.total_cmp(&b.0))
    };
    let closest = sets.iter().filter_map(|set| worst(set).map(|worst| (worst, set)));
    let Some(((excess, demand, allowed), set)) = closest.min_by(|a, b| a.0.0.total_cmp(&b.0.0)) else {
        return without_figures(problem, Reason::NothingToChoose);
    };
    let reason = if problem.is_given && excess <= 1.0 { Reason::NoPath } else { Reason::Noise };
    let relax = Box::new(relax(demand, excess, (set, sets), allowed));
    Infeasible { demand: demand.clone(), p_error: share, allowed, reachable: set.at(demand), relax, reason }
}

/// An explanation that no noise is part of, at the first demand.
pub(super) fn without_figures(problem: &Problem<'_>, reason: Reason) -> Infeasible {
    let demand = problem.demands.first().map_or_else(
        || Demand {
            kind: DemandKind::Output,
            width: Width(1),
            fresh: 0.0,
            bootstrap: 0.0,
            count: 0,
            label: String::new(),
        },
        |&demand| demand.clone(),
    );
    let (p_error, relax) = (problem.target.share(1), Box::default());
    let allowed = noise::safe_variance(p_error, demand.width);
    Infeasible { demand, p_error, allowed, reachable: Variance::ZERO, relax, reason }
}

fn relax(demand: &Demand, excess: f64, (set, sets): (&Reached, &[Reached]), allowed: Variance) -> Relax {
    // The allowed variance goes with 4^−width.
    let bits = (excess.log2() / 2.0).ceil().max(1.0) as u32;
    let width = demand.width.0.checked_sub(bits).filter(|&width| width > 0).map(Width);
    let p_error = Some(noise::p_error(set.at(demand), demand.width)).filter(|&p| p < 0.01);
    // How often the noise before the switches fits into what they leave.
    let scale = |set: &Reached| {
        let before = demand.variance(set.fresh, set.bootstrap).0;
        (allowed.0 - (set.at(demand).0 - before)) / before
    };
    let scale = sets.iter().map(scale).filter(|scale| scale.is_finite()).fold(0.0, f64::max);
    let norm2 = Some(demand.norm2() * scale).filter(|&norm2| norm2 >= 1.0 && norm2 < demand.norm2());
    Relax { width, p_error, norm2 }
}

impl std::error::Error for Infeasible {}

impl fmt::Display for Infeasible {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Demand { kind, width, ref label, .. } = self.demand;
        let what = match kind {
            DemandKind::Lookup => "the input of the lookup",
            DemandKind::Output => "the output",
        };
        match self.reason {
            Reason::Noise => {}
            Reason::Growing => {
                return write!(
                    f,
                    "no parameters for the input `{label}`: results are fed to it that have its own noise and more, \
                     so that it grows from run to run; look the results up before"
                );
            }
            Reason::NothingToChoose => {
                return write!(
                    f,
                    "no parameters for {what} `{label}`: the bounds of the search or the given keys leave \
                     nothing to choose from; widen the bounds, or give a bootstrap key and a keyswitch key to its small key"
                );
            }
            Reason::NoPath => {
                return write!(
                    f,
                    "no parameters for {what} `{label}`: each of the given bootstrap keys is quiet enough by itself, but not all \
                     values can get to one that is quiet enough for them; give more keyswitch keys"
                );
            }
        }
        write!(f, "no parameters for {what} `{label}`: ")?;
        write!(
            f,
            "{width} bits with norm2 {} have noise of at least {}, allowed is {} for a p_error of {}",
            Norm2(self.demand.norm2()),
            Deviation(self.reachable),
            Deviation(self.allowed),
            Probability(self.p_error)
        )?;
        let Relax { width, p_error, norm2 } = *self.relax;
        let hints = [
            width.map(|to| format!("reduce it to {to} bits")),
            p_error.map(|p| format!("allow a p_error of {}", Probability(p))),
            norm2.map(|norm2| {
                format!("keep norm2 at or below {}, with smaller weights or a lookup before", Norm2(norm2))
            }),
        ];
        let hints: Vec<String> = hints.into_iter().flatten().collect();
        if hints.is_empty() {
            return write!(f, "; reduce both its width and its weights");
        }
        write!(f, "; {}", hints.join(", or "))
    }
}
