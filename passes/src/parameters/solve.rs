//! From a request to the cheapest keys: which key sets there are, and what each of them is.

use crate::parameters::cost::CostModel;
use crate::parameters::dag::ParamDag;
use crate::parameters::demand::{Demand, DemandKind, analyse};
use crate::parameters::divide::{Setting, divide, with_evaluator};
use crate::parameters::evaluate::Evaluator;
use crate::parameters::explain::{Infeasible, explain};
use crate::parameters::instance::{Division, Grain, Instance};
use crate::parameters::restrictions::Restrictions;
use crate::parameters::solution::{Achieved, Solution};
use crate::parameters::space::{BootstrapChoice, ShapeChoice, SmallChoice, Space};
use crate::parameters::target::ErrorTarget;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    GlweDimension, GlweShape, NoiseFamily, PolynomialSize, SecurityLevel, Variance,
};
use cloakwork_abi::security::{MIN_DIMENSION, ModulusBits, minimal_noise};
use cloakwork_abi::spec::{SecretKeyShape, SecretKeySpec};

/// Polynomial size of a key that is only encrypted with: the dimension is a multiple of it.
const ENCRYPTION_SIZE: PolynomialSize = PolynomialSize(64);

/// What is to be solved.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The program.
    pub dag: &'a ParamDag,
    /// Level that every key keeps to.
    pub security: SecurityLevel,
    /// Kind of noise of every key.
    pub noise: NoiseFamily,
    /// How often it may fail.
    pub target: ErrorTarget,
    /// What operations take.
    pub cost: &'a CostModel,
    /// What may be chosen.
    pub restrictions: &'a Restrictions,
}

/// The cheapest keys with which every lookup and every output of the program keeps to the target.
///
/// A program without lookups gets the smallest key to encrypt with and no evaluation keys.
pub fn solve(request: &Request<'_>) -> Result<Solution, Infeasible> {
    let analysis = analyse(request.dag);
    let whole =
        Division { lookups: vec![0; analysis.lookups.len()], components: vec![0; analysis.components.len()] };
    let instance = Instance::new(&analysis, &whole, request.cost, Grain::Exact);
    if analysis.lookups.is_empty() {
        return encrypt_only(request, &instance, analysis.places.len());
    }
    let Request { security, target, cost, .. } = *request;
    let space = Space::new(security, request.noise, cost, request.restrictions);
    let max_key_sets = request.restrictions.max_key_sets;
    let setting = Setting { analysis: &analysis, space: &space, cost, target, max_key_sets };
    let Some(best) = divide(setting) else {
        return Err(explain(&problem(request, &instance), &candidates(&space)));
    };
    Ok(with_evaluator(setting, &best.instance, |evaluator| {
        let all: Vec<usize> = (0..best.instance.loads.len()).collect();
        let evaluator = Evaluator { checked: &all, ..*evaluator };
        Solution::new(security, (&analysis, &best.division), &evaluator, &best.complete, None)
    }))
}

fn problem<'a>(request: &Request<'_>, instance: &'a Instance) -> Problem<'a> {
    Problem { demands: instance.loads.iter().map(|load| &load.demand).collect(), target: request.target }
}

/// What is to be explained.
pub(super) struct Problem<'a> {
    pub demands: Vec<&'a Demand>,
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
    /// Variance at a demand.
    pub(super) fn at(&self, demand: &Demand) -> Variance {
        let before = demand.variance(self.fresh, self.bootstrap);
        match demand.kind {
            DemandKind::Lookup => before + self.switches,
            DemandKind::Output => before,
        }
    }
}

/// For each shape and small dimension the quietest set, for the explanation why none will do.
fn candidates(space: &Space) -> Vec<Reached> {
    let Some(extension) = space.extensions.iter().max() else { return Vec::new() };
    let mut reached = Vec::new();
    for choice in &space.shapes {
        let quietest = choice.bootstraps.iter().min_by(|a, b| a.variance.total_cmp(&b.variance));
        let Some(bootstrap) = quietest else { continue };
        let steps = 2 * extension.0 * choice.shape.polynomial_size.0;
        reached.extend(space.small.iter().filter_map(|small| reach(choice, bootstrap, (small, steps))));
    }
    reached
}

fn reach(
    choice: &ShapeChoice,
    bootstrap: &BootstrapChoice,
    (small, steps): (&SmallChoice, u64),
) -> Option<Reached> {
    let quietest = small.keyswitches.iter().min_by(|a, b| a.variance.total_cmp(&b.variance))?;
    let added = Variance(quietest.added(choice.shape.lwe_dimension()));
    Some(Reached {
        fresh: Variance(choice.variance),
        bootstrap: Variance(small.dimension.0 as f64 * bootstrap.variance),
        switches: added + noise::modulus_switch_centred(small.dimension, steps),
    })
}

/// The smallest key to encrypt with.
fn encrypt_only(request: &Request<'_>, instance: &Instance, values: usize) -> Result<Solution, Infeasible> {
    let mut reached: Vec<Reached> = Vec::new();
    let least = MIN_DIMENSION.0.div_ceil(ENCRYPTION_SIZE.0);
    for dimension in (least..).map(GlweDimension) {
        let shape = GlweShape { dimension, polynomial_size: ENCRYPTION_SIZE };
        let big = shape.lwe_dimension();
        let Ok(noise) = minimal_noise(request.security, request.noise, big, ModulusBits::Bits64) else {
            continue;
        };
        let fresh = noise.variance(ModulusBits::Bits64);
        let is_steady = reached.last().is_some_and(|last| last.fresh <= fresh);
        if is_steady && big.0 >= MOST_FOR_ENCRYPTION {
            break;
        }
        let found = Reached { fresh, bootstrap: Variance::ZERO, switches: Variance::ZERO };
        reached.push(found);
        let achieved = instance
            .loads
            .iter()
            .map(|load| Achieved::new(load.demand.clone(), found.at(&load.demand), None))
            .collect();
        let seconds = instance.additions.iter().sum::<f64>() * request.cost.addition(big);
        let name = String::new();
        let key = SecretKeySpec { name, shape: SecretKeyShape::Glwe(shape), noise };
        let solution = Solution::encryption(request.security, key, values, (seconds, achieved));
        if request.target.is_met(solution.error.p_error, solution.error.global_p_error) {
            return Ok(solution);
        }
    }
    Err(explain(&problem(request, instance), &reached))
}

/// A dimension where the noise of 64-bit ciphertexts has reached its floor for every level and kind.
const MOST_FOR_ENCRYPTION: u64 = 4096;
