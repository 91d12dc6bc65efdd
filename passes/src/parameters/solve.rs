//! The search for the cheapest key set: one GLWE key for values, one small key for lookups.
//!
//! Complete over [`super::space`]: for each shape and decomposition of the bootstrap the small dimension runs
//! upwards while the bootstraps alone are not dearer than the best set found, and takes the cheapest keyswitch
//! that leaves room. What is found is checked with the formulas of `cloakwork_abi::noise` once more.
//!
//! A table of `2^width` messages needs `N ≥ 2^(width+1)`: two coefficients each, since boxes are centred on
//! halves. That needs no check: with less, the modulus switch alone moves messages by more than
//! `√(450/48)` half distances, which no failure probability below ½ allows.

use crate::parameters::cost::CostModel;
use crate::parameters::dag::ParamDag;
use crate::parameters::demand::{Demand, DemandKind, demands};
use crate::parameters::explain::{Infeasible, explain};
use crate::parameters::solution::{LookupParameters, Solution};
use crate::parameters::space::{BootstrapChoice, KeyswitchChoice, ShapeChoice, SmallChoice, Space};
use crate::parameters::target::ErrorTarget;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize, SecurityLevel, Variance,
};
use cloakwork_abi::security::{MIN_DIMENSION, ModulusBits, minimal_variance};

/// Polynomial size of a key that is only encrypted with: the dimension is a multiple of it.
const ENCRYPTION_SIZE: PolynomialSize = PolynomialSize(64);

/// The cheapest key set with which every lookup and every output of `dag` keeps to `target`.
///
/// A program without lookups gets the smallest key to encrypt with and no evaluation keys.
pub fn solve(
    dag: &ParamDag,
    security: SecurityLevel,
    cost: &CostModel,
    target: ErrorTarget,
) -> Result<Solution, Infeasible> {
    let problem = Problem {
        demands: demands(dag),
        lookups: dag.lookups() as f64,
        additions: dag.additions() as f64,
        security,
        cost,
        target,
    };
    if problem.demands.iter().any(|demand| demand.kind == DemandKind::Lookup) {
        let space = Space::new(security, cost);
        best_set(&problem, &space).ok_or_else(|| explain(&problem, &candidates(&space)))
    } else {
        let solutions = encryption_keys(&problem);
        let reachable: Vec<_> = solutions.iter().map(|s| Reached::new(s.fresh_variance, None)).collect();
        let is_met = |s: &Solution| problem.target.is_met(s.error.p_error, s.error.global_p_error);
        solutions.into_iter().find(is_met).ok_or_else(|| explain(&problem, &reachable))
    }
}

/// What is to be solved.
pub(super) struct Problem<'a> {
    pub demands: Vec<Demand>,
    pub lookups: f64,
    pub additions: f64,
    pub security: SecurityLevel,
    pub cost: &'a CostModel,
    pub target: ErrorTarget,
}

/// Noise that a key set has, whether or not it is good enough.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reached {
    pub fresh: Variance,
    pub bootstrap: Variance,
    /// Of keyswitch and modulus switch.
    pub switches: Variance,
}

impl Reached {
    fn new(fresh: Variance, lookup: Option<&LookupParameters>) -> Self {
        let (switches, bootstrap) = lookup.map_or((Variance::ZERO, Variance::ZERO), |lookup| {
            (lookup.added_variance + lookup.modulus_switch_variance, lookup.output_variance)
        });
        Self { fresh, bootstrap, switches }
    }

    /// Variance at a demand.
    pub(super) fn at(&self, demand: &Demand) -> Variance {
        let before = demand.variance(self.fresh, self.bootstrap);
        match demand.kind {
            DemandKind::Lookup => before + self.switches,
            DemandKind::Output => before,
        }
    }
}

/// Every demand with the greatest variance that leaves a chance: its own share of the target.
fn limits<'a>(problem: &'a Problem<'_>) -> Vec<(&'a Demand, Variance)> {
    let limit = |demand: &Demand| noise::safe_variance(problem.target.share(demand.count), demand.width);
    problem.demands.iter().map(|demand| (demand, limit(demand))).collect()
}

fn best_set(problem: &Problem<'_>, space: &Space) -> Option<Solution> {
    let limits = limits(problem);
    let mut best: Option<Solution> = None;
    for choice in &space.shapes {
        for bootstrap in &choice.bootstraps {
            search_dimensions(problem, space, &limits, (choice, bootstrap), &mut best);
        }
    }
    best
}

/// Runs through the small dimensions for one shape and bootstrap.
fn search_dimensions(
    problem: &Problem<'_>,
    space: &Space,
    limits: &[(&Demand, Variance)],
    (choice, bootstrap): (&ShapeChoice, &BootstrapChoice),
    best: &mut Option<Solution>,
) {
    let big = choice.shape.lwe_dimension();
    let linear_seconds = problem.additions * problem.cost.addition(big);
    for small in &space.small {
        let n = small.dimension.0 as f64;
        let seconds = linear_seconds + problem.lookups * n * bootstrap.seconds;
        let bound = best.as_ref().map_or(f64::INFINITY, |best| best.seconds);
        if seconds >= bound {
            return; // only dearer from here on
        }
        let output = Variance(n * bootstrap.variance);
        let room = |kind| {
            let of_kind = limits.iter().filter(|(demand, _)| demand.kind == kind);
            let rooms = of_kind.map(|(demand, limit)| limit.0 - demand.variance(choice.variance, output).0);
            rooms.fold(f64::INFINITY, f64::min)
        };
        let switched = noise::modulus_switch_centred(small.dimension, 2 * choice.shape.polynomial_size.0);
        let room_for_keyswitch = room(DemandKind::Lookup) - switched.0;
        if room(DemandKind::Output) < 0.0 || room_for_keyswitch <= 0.0 {
            return; // only noisier from here on
        }
        for keyswitch in &small.keyswitches {
            let seconds = seconds + problem.lookups * big.0 as f64 * keyswitch.seconds;
            if seconds >= bound {
                break;
            }
            if big.0 as f64 * keyswitch.variance > room_for_keyswitch {
                continue;
            }
            let solution = solution(problem, (choice, bootstrap), (small, keyswitch), seconds);
            if problem.target.is_met(solution.error.p_error, solution.error.global_p_error) {
                *best = Some(solution);
                break;
            }
        }
    }
}

fn solution(
    problem: &Problem<'_>,
    choice: (&ShapeChoice, &BootstrapChoice),
    keyswitch: (&SmallChoice, &KeyswitchChoice),
    seconds: f64,
) -> Solution {
    let ShapeChoice { shape, variance, .. } = *choice.0;
    Solution::new(problem, (shape, variance), Some(lookup(choice, keyswitch)), seconds)
}

fn lookup(
    (choice, bootstrap): (&ShapeChoice, &BootstrapChoice),
    (small, keyswitch): (&SmallChoice, &KeyswitchChoice),
) -> LookupParameters {
    let ShapeChoice { shape, variance, .. } = *choice;
    LookupParameters {
        small: small.dimension,
        small_variance: small.variance,
        keyswitch: keyswitch.decomposition,
        added_variance: noise::keyswitch(shape.lwe_dimension(), keyswitch.decomposition, small.variance),
        bootstrap: bootstrap.decomposition,
        modulus_switch_variance: noise::modulus_switch_centred(small.dimension, 2 * shape.polynomial_size.0),
        output_variance: noise::bootstrap(
            small.dimension,
            shape,
            bootstrap.decomposition,
            Grouping::One,
            variance,
        ),
    }
}

/// For each shape and small dimension the quietest set, for the explanation why none will do.
fn candidates(space: &Space) -> Vec<Reached> {
    let mut reached = Vec::new();
    for choice in &space.shapes {
        let Some(bootstrap) = choice.bootstraps.last() else { continue };
        for small in &space.small {
            let Some(keyswitch) = small.keyswitches.last() else { continue };
            reached
                .push(Reached::new(choice.variance, Some(&lookup((choice, bootstrap), (small, keyswitch)))));
        }
    }
    reached
}

/// Keys to encrypt with, ascending in dimension until their noise ceases to fall.
fn encryption_keys(problem: &Problem<'_>) -> Vec<Solution> {
    let mut solutions: Vec<Solution> = Vec::new();
    let least = MIN_DIMENSION.0.div_ceil(ENCRYPTION_SIZE.0);
    for dimension in (least..).map(GlweDimension) {
        let shape = GlweShape { dimension, polynomial_size: ENCRYPTION_SIZE };
        let big: LweDimension = shape.lwe_dimension();
        let Ok(variance) = minimal_variance(problem.security, big, ModulusBits::Bits64) else { continue };
        if solutions.last().is_some_and(|last| last.fresh_variance <= variance) {
            break;
        }
        let seconds = problem.additions * problem.cost.addition(big);
        solutions.push(Solution::new(problem, (shape, variance), None, seconds));
    }
    solutions
}
