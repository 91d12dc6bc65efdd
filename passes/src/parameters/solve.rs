//! From a request to the cheapest keys: which key sets there are, and what each of them is.

use crate::parameters::cost::CostModel;
use crate::parameters::dag::ParamDag;
use crate::parameters::demand::{Analysis, Demand, DemandKind, analyse};
use crate::parameters::divide::{Setting, divide, with_evaluator};
use crate::parameters::evaluate::Evaluator;
use crate::parameters::explain::{Infeasible, Reason, explain, without_figures};
use crate::parameters::given::{divide_given, given_space};
use crate::parameters::instance::{Division, Grain, Instance};
use crate::parameters::restrictions::Restrictions;
use crate::parameters::solution::{Achieved, Solution};
use crate::parameters::space::{BootstrapChoice, ShapeChoice, SmallChoice, Space};
use crate::parameters::target::ErrorTarget;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    ExtensionFactor, GlweDimension, GlweShape, NoiseFamily, PolynomialSize, SecurityLevel, Variance,
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
    solve_analysis(request, &analyse(request.dag))
}

/// [`solve`] for what a program asks of its keys.
pub(super) fn solve_analysis(request: &Request<'_>, analysis: &Analysis) -> Result<Solution, Infeasible> {
    let whole =
        Division { lookups: vec![0; analysis.lookups.len()], components: vec![0; analysis.components.len()] };
    let instance = Instance::new(analysis, &whole, request.cost, Grain::Exact);
    if let Some(label) = &analysis.growing {
        let mut infeasible = without_figures(&problem(request, &instance), Reason::Growing);
        infeasible.demand.label.clone_from(label);
        return Err(infeasible);
    }
    if analysis.lookups.is_empty() {
        return encrypt_only(request, analysis, &instance);
    }
    let Request { security, target, cost, restrictions, .. } = *request;
    let given = restrictions.fixed.as_ref();
    let (space, parts) = match given {
        Some(keyset) => given_space(keyset, cost, restrictions.many_lut),
        None => (Space::new(security, request.noise, cost, restrictions), Vec::new()),
    };
    let max_key_sets = restrictions.max_key_sets.clamp(1, MOST_KEY_SETS);
    let setting = Setting { analysis, space: &space, cost, target, max_key_sets };
    let best = if given.is_some() { divide_given(setting, &parts) } else { divide(setting) };
    let Some(best) = best else {
        return Err(explain(&problem(request, &instance), &candidates(&space)));
    };
    Ok(with_evaluator(setting, &best.instance, |evaluator| {
        let all: Vec<usize> = (0..best.instance.loads.len()).collect();
        let evaluator = Evaluator { checked: &all, ..*evaluator };
        Solution::new(security, (analysis, &best.division), &evaluator, &best.complete, given)
    }))
}

/// As many as the masks of an instance have bits.
const MOST_KEY_SETS: usize = 64;

fn problem<'a>(request: &Request<'_>, instance: &'a Instance) -> Problem<'a> {
    Problem {
        demands: instance.loads.iter().map(|load| &load.demand).collect(),
        target: request.target,
        is_given: request.restrictions.fixed.is_some(),
    }
}

/// What is to be explained.
pub(super) struct Problem<'a> {
    pub demands: Vec<&'a Demand>,
    pub target: ErrorTarget,
    /// Whether keys are given.
    pub is_given: bool,
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
    let mut reached = Vec::new();
    for (position, choice) in space.shapes.iter().enumerate() {
        let steps = |extension: ExtensionFactor| 2 * extension.0 * choice.shape.polynomial_size.0;
        if space.given.is_some() {
            for bootstrap in &choice.bootstraps {
                let Some((small, extension)) = bootstrap.given else { continue };
                let quietest = space.keyswitches(position, small).last();
                let small = (&space.small[small], steps(extension));
                let added = quietest.map(|keyswitch| keyswitch.added(choice.shape.lwe_dimension()));
                reached.extend(added.map(|added| reach(choice, bootstrap, small, added)));
            }
            continue;
        }
        let quietest = choice.bootstraps.iter().min_by(|a, b| a.variance.total_cmp(&b.variance));
        let Some((bootstrap, &extension)) = quietest.zip(space.extensions.iter().max()) else { continue };
        reached.extend(space.small.iter().map(|small| {
            let added = space.least_added(small, choice.shape.lwe_dimension());
            reach(choice, bootstrap, (small, steps(extension)), added)
        }));
    }
    reached
}

fn reach(
    choice: &ShapeChoice,
    bootstrap: &BootstrapChoice,
    (small, steps): (&SmallChoice, u64),
    added: f64,
) -> Reached {
    Reached {
        fresh: Variance(choice.fresh),
        bootstrap: Variance(small.dimension.0 as f64 * bootstrap.variance),
        switches: Variance(added) + noise::modulus_switch_centred(small.dimension, steps),
    }
}

/// The smallest key to encrypt with; of given keys the first that is quiet enough.
fn encrypt_only(
    request: &Request<'_>,
    analysis: &Analysis,
    instance: &Instance,
) -> Result<Solution, Infeasible> {
    let given = request.restrictions.fixed.as_ref();
    let keys: Vec<(usize, SecretKeySpec)> = match given {
        Some(keyset) => {
            let is_glwe = |key: &SecretKeySpec| matches!(key.shape, SecretKeyShape::Glwe(_));
            let all = keyset.secret_keys.iter().cloned().enumerate();
            all.filter(|(_, key)| is_glwe(key)).collect()
        }
        None => encryption_keys(request).into_iter().map(|key| (0, key)).collect(),
    };
    let mut reached: Vec<Reached> = Vec::new();
    for (position, key) in keys {
        let fresh = match key.shape {
            SecretKeyShape::Glwe(shape) => request.restrictions.fresh(shape, key.variance()),
            SecretKeyShape::Lwe(_) => key.variance(),
        };
        let found = Reached { fresh, bootstrap: Variance::ZERO, switches: Variance::ZERO };
        reached.push(found);
        let achieved =
            instance.loads.iter().map(|load| Achieved::new(load, 0, found.at(&load.demand))).collect();
        let additions = instance.additions.iter().sum::<f64>();
        let seconds = additions * request.cost.addition(key.shape.lwe_dimension());
        let keyset = given.cloned();
        let key = (position, key);
        let program = (analysis, instance);
        let solution = Solution::encryption(request.security, (key, keyset), program, (seconds, achieved));
        if request.target.is_met(solution.error.p_error, solution.error.global_p_error) {
            return Ok(solution);
        }
    }
    Err(explain(&problem(request, instance), &reached))
}

/// Keys to encrypt with, ascending in dimension until their noise ceases to fall.
fn encryption_keys(request: &Request<'_>) -> Vec<SecretKeySpec> {
    let mut keys: Vec<SecretKeySpec> = Vec::new();
    let least = MIN_DIMENSION.0.div_ceil(ENCRYPTION_SIZE.0);
    for dimension in (least..).map(GlweDimension) {
        let shape = GlweShape { dimension, polynomial_size: ENCRYPTION_SIZE };
        let big = shape.lwe_dimension();
        if big.0 > MOST_FOR_ENCRYPTION {
            break;
        }
        if request.restrictions.public_key.is_some() && !big.0.is_power_of_two() {
            continue;
        }
        let noise = minimal_noise(request.security, request.noise, big, ModulusBits::Bits64);
        let Ok(noise) = noise else { continue };
        let key = SecretKeySpec { name: String::new(), shape: SecretKeyShape::Glwe(shape), noise };
        if keys.last().is_none_or(|last| last.variance() > key.variance()) {
            keys.push(key);
        }
    }
    keys
}

/// A dimension where the noise of 64-bit ciphertexts has reached its floor for every level and kind.
const MOST_FOR_ENCRYPTION: u64 = 4096;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::dag::Operand;
    use cloakwork_abi::parameters::Width;

    /// Most evaluations until a demand is found to be out of reach: each takes less than a microsecond.
    const MOST_WORK: u64 = 60_000;

    /// Lookups of these widths, each of a weighted result of the one before.
    fn chain(widths: &[u32], weight: f64) -> ParamDag {
        let mut dag = ParamDag::default();
        let mut value = dag.input(Width(widths[0]), "x");
        for &width in widths {
            let scaled = dag.linear(&[Operand::elementwise(value, weight)], Width(width), 1, "scaled");
            value = dag.lookup(scaled, Width(width), 1, format!("{width} bits"));
        }
        dag.output(value, 1, "y");
        dag
    }

    #[test]
    fn unreachable_demands_take_little_work() {
        let local = |p: f64| ErrorTarget::new(Some(p), None).unwrap();
        let all = Restrictions::default();
        let small =
            Restrictions { polynomial_size: 512..=512, glwe_dimension: 2..=2, ..Restrictions::default() };
        let cases = [
            (chain(&[30], 1.0), local(1e-5), &all),
            (chain(&[4, 24], 1.0), local(1e-5), &all),
            (chain(&[2, 3, 4, 5, 6, 7, 8, 9, 18], 3.0), ErrorTarget::new(None, Some(1e-5)).unwrap(), &all),
            (chain(&[16, 16], 1.0), local((-200f64).exp2()), &all),
            (chain(&[8, 8], 1e8), local((-40f64).exp2()), &all),
            (chain(&[2, 8, 5], 3e5), local((-64f64).exp2()), &small),
        ];
        for (position, (dag, target, restrictions)) in cases.iter().enumerate() {
            let (security, noise, cost) =
                (SecurityLevel::Bits128, NoiseFamily::Gaussian, &CostModel::avx512());
            let space = Space::new(security, noise, cost, restrictions);
            let analysis = analyse(dag);
            let setting =
                Setting { analysis: &analysis, space: &space, cost, target: *target, max_key_sets: 4 };
            assert!(divide(setting).is_none(), "{position}");
            let work = space.evaluations.get();
            assert!(work < MOST_WORK, "{position}: {work}");
            let request = Request { dag, security, noise, target: *target, cost, restrictions };
            assert_eq!(solve(&request).unwrap_err().reason, Reason::Noise, "{position}");
        }
    }
}
