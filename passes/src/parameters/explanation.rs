//! Why the parameters of a solution are what they are: what binds each key set, what would have to give for a
//! cheaper one, and which choices there are between time, size of keys and failure probability.
//!
//! Every figure comes from solving a changed problem: with one bit less in the binding values, with smaller norms,
//! with a greater failure probability, with fewer kinds of keys.

use crate::parameters::dag::Value;
use crate::parameters::demand::{Analysis, Demand, DemandKind, analyse};
use crate::parameters::restrictions::Restrictions;
use crate::parameters::solution::{Achieved, Deviation, Norm2, Probability, Solution};
use crate::parameters::solve::{Request, solve, solve_analysis};
use crate::parameters::target::ErrorTarget;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{Grouping, Variance, Width};
use serde::Serialize;
use std::fmt;

/// What is called cheaper: at most so much of the time.
const CHEAPER: f64 = 0.99;
/// How much greater failure probabilities are tried, one after the other.
const GREATER_P_ERROR: [f64; 3] = [10.0, 1e3, 1e6];
/// How much smaller norms are tried, one after the other.
const SMALLER_NORM2: [f64; 3] = [4.0, 64.0, 4096.0];
/// Failure probabilities of a lookup that the choices are shown for, beside the one asked for.
const P_ERRORS: [f64; 4] = [1e-3, 1e-5, 9.094947017729282e-13, 2.938735877055719e-39];

/// See the header of this file. [`fmt::Display`] prints it for people.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// For each bootstrap key, and last for results that are decrypted, what binds.
    pub bounds: Vec<Bound>,
    /// Choices that no other beats in time, size of keys and failure probability together, fastest first.
    pub choices: Vec<ChoicePoint>,
    /// Estimated time of one run on one thread with the parameters that are explained.
    pub seconds: f64,
}

/// The demand that binds a key set.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Bound {
    /// Name of the bootstrap key; nothing for results that are decrypted.
    pub key: Option<String>,
    /// Lookups or results that the key serves in one run.
    pub count: u64,
    /// The operation and its place in the source.
    pub operation: String,
    /// Bits of the message.
    pub width: Width,
    /// Sum of squared weights over independent sources of noise.
    pub norm2: f64,
    /// Variance that it sees.
    pub variance: Variance,
    /// Greatest variance for the failure probability that one of it may have.
    pub allowed: Variance,
    /// Failure probability of one of it.
    pub p_error: f64,
    /// What makes the program cheaper, each by itself.
    pub cheaper: Vec<Cheaper>,
}

/// A change that makes the program cheaper.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cheaper {
    /// What has to give.
    pub change: Change,
    /// Estimated time of one run on one thread then.
    pub seconds: f64,
}

/// What has to give.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// Values of that many bits instead of those that bind.
    Width(Width),
    /// No greater `norm2` than this for any value of the key set.
    Norm2(f64),
    /// This failure probability for a lookup and a result, or for a run, as the target says.
    PError(f64),
}

/// One choice between time, size of keys and failure probability.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ChoicePoint {
    /// Failure probability that was aimed at for one lookup or result; nothing for the program's own target.
    pub p_error: Option<f64>,
    /// Estimated time of one run on one thread.
    pub seconds: f64,
    /// Bytes of the evaluation keys as they travel.
    pub key_bytes: u64,
    /// Bootstrap keys.
    pub key_sets: usize,
    /// Whether every bootstrap key is of single coefficients.
    pub is_single: bool,
    /// Whether it is the choice that was made.
    pub is_chosen: bool,
}

/// Explains what [`solve`] found for the same request.
pub fn explain_solution(request: &Request<'_>, solution: &Solution) -> Explanation {
    let analysis = analyse(request.dag);
    let mut keys: Vec<Option<usize>> = solution.demands.iter().map(|achieved| achieved.bootstrap).collect();
    keys.sort_by_key(|key| key.unwrap_or(usize::MAX));
    keys.dedup();
    let bounds = keys.into_iter().filter_map(|key| bound(request, solution, &analysis, key)).collect();
    Explanation { bounds, choices: choices(request, solution), seconds: solution.seconds }
}

fn bound(
    request: &Request<'_>,
    solution: &Solution,
    analysis: &Analysis,
    key: Option<usize>,
) -> Option<Bound> {
    let of_key = || solution.demands.iter().filter(|achieved| achieved.bootstrap == key);
    let tightest =
        of_key().max_by(|a, b| a.p_error.total_cmp(&b.p_error)).filter(|found| found.p_error > 0.0)?;
    let Achieved { demand, variance, p_error, .. } = tightest;
    let count = of_key().map(|achieved| achieved.demand.count).sum();
    let events = solution.demands.iter().map(|achieved| achieved.demand.count).sum();
    let share = request.target.share(events).max(*p_error);
    Some(Bound {
        key: key.map(|key| solution.keyset.bootstrap_keys[key].name.clone()),
        count,
        operation: demand.label.clone(),
        width: demand.width,
        norm2: demand.norm2(),
        variance: *variance,
        allowed: noise::safe_variance(share, demand.width),
        p_error: *p_error,
        cheaper: cheaper(request, solution, analysis, (key, demand)),
    })
}

fn cheaper(
    request: &Request<'_>,
    solution: &Solution,
    analysis: &Analysis,
    (key, demand): (Option<usize>, &Demand),
) -> Vec<Cheaper> {
    let is_cheaper = |seconds: &f64| *seconds <= solution.seconds * CHEAPER;
    let seconds_of = |request: &Request<'_>, analysis: &Analysis| {
        solve_analysis(request, analysis).ok().map(|found| found.seconds).filter(is_cheaper)
    };
    let relaxed = |change: Change| {
        let mut relaxed = analysis.clone();
        relax(&mut relaxed, solution, (key, demand), change);
        seconds_of(request, &relaxed).map(|seconds| Cheaper { change, seconds })
    };
    let width = (demand.width.0 > 1).then(|| Change::Width(Width(demand.width.0 - 1)));
    let norms = SMALLER_NORM2.map(|factor| (demand.norm2() / factor).max(1.0));
    let norms = norms.into_iter().filter(|&norm2| norm2 < demand.norm2()).map(Change::Norm2);
    let p_errors = GREATER_P_ERROR.into_iter().filter_map(|factor| {
        let (target, p_error) = request.target.scaled(factor)?;
        let request = Request { target, ..*request };
        seconds_of(&request, analysis).map(|seconds| Cheaper { change: Change::PError(p_error), seconds })
    });
    let found = [width.and_then(relaxed), norms.filter_map(relaxed).next(), { p_errors }.next()];
    found.into_iter().flatten().collect()
}

/// Changes what is looked up with that bootstrap key, or what is decrypted.
fn relax(
    analysis: &mut Analysis,
    solution: &Solution,
    (key, demand): (Option<usize>, &Demand),
    change: Change,
) {
    let nodes: Vec<_> = analysis.lookups.iter().map(|lookup| lookup.node).collect();
    let has_key = |lookup: &usize| {
        solution.lookup(Value(nodes[*lookup])).is_some_and(|keys| Some(keys.bootstrap) == key)
    };
    let values = match demand.kind {
        DemandKind::Lookup => &mut analysis.operands,
        DemandKind::Output => &mut analysis.outputs,
    };
    for looked in values.iter_mut() {
        if demand.kind == DemandKind::Lookup && !looked.lookups.iter().any(has_key) {
            continue;
        }
        match change {
            Change::Width(width) => looked.width = looked.width.min(width),
            Change::Norm2(most) => {
                let norm2: f64 = looked.terms.iter().map(|term| term.norm2).sum();
                let factor = (most / norm2).min(1.0);
                looked.terms.iter_mut().for_each(|term| term.norm2 *= factor);
            }
            Change::PError(_) => {}
        }
    }
}

/// Solves for several failure probabilities, with all key sets and with few and small keys.
fn choices(request: &Request<'_>, solution: &Solution) -> Vec<ChoicePoint> {
    let chosen = ChoicePoint { is_chosen: true, ..point(None, solution) };
    let small =
        Restrictions { max_key_sets: 1, groupings: vec![Grouping::One], ..request.restrictions.clone() };
    let mut points = vec![chosen];
    if request.restrictions.fixed.is_none() {
        let own = std::iter::once((None, Some(request.target)));
        let others = P_ERRORS.into_iter().map(|p| (Some(p), ErrorTarget::new(Some(p), None).ok()));
        for (p_error, target) in own.chain(others) {
            let Some(target) = target else { continue };
            for restrictions in [request.restrictions, &small] {
                let request = Request { target, restrictions, ..*request };
                points.extend(solve(&request).ok().map(|found| point(p_error, &found)));
            }
        }
    }
    efficient(points)
}

fn point(p_error: Option<f64>, solution: &Solution) -> ChoicePoint {
    let keys = &solution.keyset.bootstrap_keys;
    ChoicePoint {
        p_error,
        seconds: solution.seconds,
        key_bytes: solution.keyset.evaluation_key_bytes(),
        key_sets: keys.len(),
        is_single: keys.iter().all(|key| key.grouping == Grouping::One),
        is_chosen: false,
    }
}

/// Within each failure probability, what no other point beats in time and size of keys; the chosen one stays.
fn efficient(mut points: Vec<ChoicePoint>) -> Vec<ChoicePoint> {
    let aim = |point: &ChoicePoint| point.p_error.map_or(f64::INFINITY, |p| p);
    points.sort_by(|a, b| {
        let by_aim = aim(b).total_cmp(&aim(a));
        by_aim
            .then(a.seconds.total_cmp(&b.seconds))
            .then(a.key_bytes.cmp(&b.key_bytes))
            .then(b.is_chosen.cmp(&a.is_chosen))
    });
    let mut kept: Vec<ChoicePoint> = vec![];
    for point in points {
        let is_beaten = kept.iter().any(|other| {
            aim(other) == aim(&point) && other.seconds <= point.seconds && other.key_bytes <= point.key_bytes
        });
        if point.is_chosen || !is_beaten {
            kept.push(point);
        }
    }
    kept
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for bound in &self.bounds {
            match &bound.key {
                Some(key) => writeln!(f, "{key}: {} lookups", bound.count)?,
                None => writeln!(f, "results: {}", bound.count)?,
            }
            let Bound { operation, width, norm2, variance, allowed, p_error, .. } = bound;
            writeln!(
                f,
                "  binds: {operation}, {width} bits, norm2 {}, noise {} of {} allowed, p_error {}",
                Norm2(*norm2),
                Deviation(*variance),
                Deviation(*allowed),
                Probability(*p_error)
            )?;
            for Cheaper { change, seconds } in &bound.cheaper {
                let saved = (1.0 - seconds / self.seconds) * 100.0;
                let change = match change {
                    Change::Width(width) => format!("with {width} bits"),
                    Change::Norm2(norm2) => format!("with norm2 at most {}", Norm2(*norm2)),
                    Change::PError(p_error) => format!("with p_error {}", Probability(*p_error)),
                };
                writeln!(f, "  cheaper {change}: {seconds:.3e} s, {saved:.0} % less")?;
            }
            if bound.cheaper.is_empty() {
                writeln!(f, "  nothing by itself makes it cheaper")?;
            }
        }
        writeln!(f, "choices: p_error, time on one thread, evaluation keys, bootstrap keys")?;
        for point in &self.choices {
            let aim = point.p_error.map_or("as asked".to_owned(), |p| Probability(p).to_string());
            let single = if point.is_single { "" } else { ", of pairs" };
            let chosen = if point.is_chosen { "  <- chosen" } else { "" };
            writeln!(
                f,
                "  {aim:>9}  {:.3e} s  {:8.1} MB  {}{single}{chosen}",
                point.seconds,
                point.key_bytes as f64 / 1e6,
                point.key_sets
            )?;
        }
        Ok(())
    }
}
