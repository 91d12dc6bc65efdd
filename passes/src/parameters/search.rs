//! The search for the cheapest keys of an instance: one part after the other, completely, until nothing changes.
//!
//! With the other parts fixed, every shape, key, decomposition and extension of a part is tried in the order of the
//! least time that it could take, the small dimension running upwards from the least that leaves room for a
//! keyswitch, until the bootstraps alone are dearer than the best choice found. For a single part this is the whole
//! search, and it is complete.

use crate::parameters::evaluate::{Choice, Complete, Evaluator, PartChoice, most};
use crate::parameters::instance::LookupLoad;
use crate::parameters::line::Line;
use crate::parameters::work::Work;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{ExtensionFactor, Grouping};
use std::collections::BTreeMap;

/// What can be chosen for a part, whatever the others are, the quickest first.
struct Plan {
    candidates: Vec<Candidate>,
}

/// The keys of a part but for its small one, and what each of its coefficients takes.
struct Candidate {
    part: PartChoice,
    /// Seconds for each coefficient of the small key, for all bootstraps of the part.
    seconds: f64,
    /// Seconds with the least small key that noise-free values would allow.
    least: f64,
    /// Positions in the list of small keys.
    small: (usize, usize),
}

/// A part while it is improved.
struct Improved<'a> {
    evaluator: &'a Evaluator<'a>,
    part: usize,
    best: Option<Complete>,
}

/// The best keys of one key set for everything; the instance has one part.
pub(super) fn single(evaluator: &Evaluator<'_>) -> Option<Complete> {
    let part = PartChoice { shape: 0, bootstrap: 0, extension: ExtensionFactor(1), small: 0 };
    let instance = evaluator.instance;
    let (conversions, many) = (vec![0; instance.conversions.len()], vec![0; instance.loads.len()]);
    let choice = Choice { parts: vec![part], conversions, many };
    let mut improved = Improved { evaluator, part: 0, best: None };
    improved.try_candidates(&choice);
    improved.try_sharing(&choice);
    improved.best.map(|best| descend(evaluator, best))
}

/// Rounds in which each part is made as quiet as it can be.
const QUIET_ROUNDS: usize = 3;

/// The choice whose worst load is best off, found part by part, if that is good enough.
pub(super) fn quietest(evaluator: &Evaluator<'_>) -> Option<Complete> {
    if !evaluator.may_do() {
        return None;
    }
    let instance = evaluator.instance;
    let part = PartChoice { shape: 0, bootstrap: 0, extension: ExtensionFactor(1), small: 0 };
    let (conversions, many) = (vec![usize::MAX; instance.conversions.len()], vec![0; instance.loads.len()]);
    let mut best = Choice { parts: vec![part; instance.parts], conversions, many };
    let mut slack = f64::NEG_INFINITY;
    for part in (0..QUIET_ROUNDS).flat_map(|_| 0..instance.parts) {
        for candidate in quiet_candidates(evaluator, part, &best.many) {
            let grouping = evaluator.bootstrap(candidate.part).grouping;
            let mut at = |small: usize, best: &mut Choice| {
                let is_whole = evaluator.space.small[small].dimension.0.is_multiple_of(grouping.factor());
                let mut choice = best.clone();
                choice.parts[part] = PartChoice { small, ..candidate.part };
                let found = if is_whole { evaluator.slack(&choice) } else { f64::NEG_INFINITY };
                if found > slack {
                    (*best, slack) = (choice, found);
                }
            };
            // The slack rises and falls slowly: first far apart, then near the best of these.
            let (low, high) = candidate.small;
            (low..high).step_by(QUIET_STEP).for_each(|small| at(small, &mut best));
            let middle = best.parts[part].small;
            let near = low.max(middle.saturating_sub(QUIET_STEP))..high.min(middle + QUIET_STEP);
            near.step_by(QUIET_STEP / 8).for_each(|small| at(small, &mut best));
        }
        let complete = (slack >= 0.0).then(|| evaluator.complete(&best, f64::INFINITY));
        if let Some(complete) = complete.flatten() {
            return Some(complete);
        }
    }
    None
}

/// Small keys between two that are looked at first.
const QUIET_STEP: usize = 64;

/// Of each shape and grouping the candidate that adds least noise: with the greatest extension and the quietest digits.
fn quiet_candidates(evaluator: &Evaluator<'_>, part: usize, many: &[u32]) -> Vec<Candidate> {
    let mut quiet: BTreeMap<(usize, u64), Candidate> = BTreeMap::new();
    for candidate in plan(evaluator, part, many, f64::INFINITY).candidates {
        let figures =
            |candidate: &Candidate| (candidate.part.extension, -evaluator.bootstrap(candidate.part).variance);
        let kind = (candidate.part.shape, evaluator.bootstrap(candidate.part).grouping.factor());
        let is_quieter = |known: &Candidate| figures(&candidate) > figures(known);
        if quiet.get(&kind).is_none_or(is_quieter) {
            quiet.insert(kind, candidate);
        }
    }
    quiet.into_values().collect()
}

/// A time that no choice for the instance is below.
pub(super) fn least_seconds(evaluator: &Evaluator<'_>) -> f64 {
    (0..evaluator.instance.parts).map(|part| least_of_part(evaluator, part)).sum()
}

/// A time that the bootstraps of a part are not below.
fn least_of_part(evaluator: &Evaluator<'_>, part: usize) -> f64 {
    if evaluator.lookup_loads().all(|(_, load)| load.part != part) {
        return 0.0;
    }
    let many: Vec<u32> =
        evaluator.instance.loads.iter().map(|load| most(evaluator.space, load.lookup.as_ref())).collect();
    plan(evaluator, part, &many, f64::INFINITY)
        .candidates
        .first()
        .map_or(f64::INFINITY, |candidate| candidate.least)
}

/// Improves each part once.
pub(super) fn sweep(evaluator: &Evaluator<'_>, start: Complete) -> Complete {
    sweep_after(evaluator, start, evaluator.instance.parts - 1)
}

/// Improves each part once, beginning behind `last`.
fn sweep_after(evaluator: &Evaluator<'_>, start: Complete, last: usize) -> Complete {
    let mut best = start;
    let parts = evaluator.instance.parts;
    for part in (1..=parts).map(|next| (last + next) % parts) {
        let choice = best.choice.clone();
        let mut improved = Improved { evaluator, part, best: Some(best.clone()) };
        improved.try_candidates(&choice);
        best = improved.best.unwrap_or(best);
    }
    improve_conversions(evaluator, &mut best);
    improve_sharing(evaluator, &mut best);
    best
}

/// Improves a choice until no part can be improved alone.
pub(super) fn descend(evaluator: &Evaluator<'_>, start: Complete) -> Complete {
    let mut best = start;
    loop {
        let before = best.seconds;
        best = sweep(evaluator, best);
        if best.seconds < before * (1.0 - 1e-12) {
            continue;
        }
        for part in 0..evaluator.instance.parts {
            let choice = best.choice.clone();
            let mut improved = Improved { evaluator, part, best: Some(best.clone()) };
            improved.try_sharing(&choice);
            improved.try_conversions(&choice);
            best = improved.best.unwrap_or(best);
        }
        if best.seconds >= before * (1.0 - 1e-12) {
            return best;
        }
    }
}

/// Makes each part quieter or other than is best for it alone, and sees whether the others gain more by that.
pub(super) fn unsettle(evaluator: &Evaluator<'_>, best: &Complete) -> Option<Complete> {
    let parts = evaluator.instance.parts;
    let least: Vec<f64> = (0..parts).map(|part| least_of_part(evaluator, part)).collect();
    // Where the noise falls in steps, the next small key may be much dearer.
    let is_fine = evaluator.space.small.len() > 100;
    let bound = best.seconds * if is_fine { UNSETTLED_FINE } else { UNSETTLED };
    for part in (0..parts).filter(|_| parts > 1) {
        let rest = evaluator.rest_seconds(&best.choice, part);
        let others: f64 = (0..parts).filter(|&other| other != part).map(|other| least[other]).sum();
        for candidate in plan(evaluator, part, &best.choice.many, bound - rest).candidates {
            for start in starts(evaluator, (part, &candidate), best, bound) {
                let small = evaluator.small(start.choice.parts[part]).dimension.0 as f64;
                if candidate.seconds * small + others >= best.seconds {
                    break;
                }
                let found = sweep_after(evaluator, start, part);
                if found.seconds < best.seconds * (1.0 - 1e-9) {
                    return Some(descend(evaluator, found));
                }
            }
        }
    }
    None
}

/// How much dearer a choice may be to begin with.
const UNSETTLED: f64 = 1.15;
const UNSETTLED_FINE: f64 = 1.03;
/// Small keys beyond the least one that is quiet enough, by position.
const BEYOND: [usize; 7] = [0, 1, 2, 4, 8, 16, 32];

/// A candidate with some of the small keys that are quiet enough.
fn starts(
    evaluator: &Evaluator<'_>,
    (part, candidate): (usize, &Candidate),
    best: &Complete,
    bound: f64,
) -> Vec<Complete> {
    let mut choice = best.choice.clone();
    choice.parts[part] = candidate.part;
    let has_room = |(i, load): (usize, &LookupLoad)| {
        let width = evaluator.instance.loads[i].demand.width.0;
        load.part != part || evaluator.has_room(candidate.part, width, choice.many[i])
    };
    if !evaluator.lookup_loads().all(has_room) {
        return Vec::new();
    }
    let is_whole = |small: usize| {
        let grouping = evaluator.bootstrap(candidate.part).grouping;
        evaluator.space.small[small].dimension.0.is_multiple_of(grouping.factor())
    };
    let mut first: Option<usize> = None;
    let mut found = Vec::new();
    for small in (candidate.small.0..candidate.small.1).filter(|&small| is_whole(small)) {
        if first.is_some_and(|first| !BEYOND.contains(&(small - first))) {
            continue;
        }
        choice.parts[part].small = small;
        if let Some(complete) = evaluator.complete(&choice, bound) {
            first.get_or_insert(small);
            found.push(complete);
        } else if first.is_some_and(|first| small - first >= BEYOND[BEYOND.len() - 1])
            || evaluator.base_seconds(&choice) >= bound
        {
            break;
        }
    }
    found
}

impl Improved<'_> {
    /// Tries other numbers of lookups that share a bootstrap, for all lookups of the part at once.
    fn try_sharing(&mut self, base: &Choice) {
        let part = self.part;
        let loads = || self.evaluator.lookup_loads().filter(|(_, load)| load.part == part);
        let greatest = loads().map(|(_, load)| most(self.evaluator.space, Some(load))).max().unwrap_or(0);
        for many in 0..=greatest {
            let mut choice = base.clone();
            self.evaluator
                .lookup_loads()
                .filter(|(_, load)| load.part == part)
                .for_each(|(i, load)| choice.many[i] = many.min(load.most()));
            if choice != *base {
                self.try_candidates(&choice);
            }
        }
    }

    /// Tries other decompositions for all conversions of the part at once.
    fn try_conversions(&mut self, base: &Choice) {
        let conversions = &self.evaluator.instance.conversions;
        let touching: Vec<usize> = (0..conversions.len())
            .filter(|&i| [conversions[i].from, conversions[i].to].contains(&self.part))
            .collect();
        if touching.is_empty() {
            return;
        }
        // From the end, where the quiet ones are.
        for from_end in [0, 1, 2, 3, 4, 6, 8, 11, 15] {
            let mut choice = base.clone();
            for &i in &touching {
                let to = base.parts[conversions[i].to].shape;
                let from = base.parts[conversions[i].from].shape;
                let count = self.evaluator.space.conversions(from, to).len();
                choice.conversions[i] = count.saturating_sub(1 + from_end);
            }
            if choice != *base {
                self.try_candidates(&choice);
            }
        }
    }

    /// Tries everything for the part, the rest of the choice being kept.
    fn try_candidates(&mut self, base: &Choice) {
        let rest = self.evaluator.rest_seconds(base, self.part);
        let candidates = plan(self.evaluator, self.part, &base.many, self.bound() - rest).candidates;
        let Some(first) = candidates.first() else { return };
        let mut line = Line::new(self.evaluator, base, (self.part, first.part));
        for candidate in candidates {
            if candidate.least + rest >= self.bound() {
                return; // only dearer from here on
            }
            line.take(base, candidate.part);
            self.try_dimensions(&mut line, &candidate);
        }
    }

    fn bound(&self) -> f64 {
        self.best.as_ref().map_or(f64::INFINITY, |best| best.seconds)
    }

    /// Runs through the small dimensions for one candidate.
    fn try_dimensions(&mut self, line: &mut Line<'_>, candidate: &Candidate) {
        let evaluator = self.evaluator;
        let (low, end) = candidate.small;
        let end = line.affordable((low, end), self.bound());
        let Some(low) = line.first(low, end) else { return };
        let (mut end, mut least) = (end, 0.0);
        for _ in 0..2 {
            least = line.least_switches(low, end - 1);
            end = line.affordable((low, end), self.bound() - least);
            if end <= low {
                return;
            }
        }
        let is_pair = evaluator.bootstrap(candidate.part).grouping == Grouping::Two;
        for small in low..end {
            if is_pair && evaluator.space.small[small].dimension.0 % 2 == 1 {
                continue;
            }
            let seconds = line.base_seconds(small);
            if seconds + least >= self.bound() || !line.go(small) {
                return; // only dearer and noisier from here on
            }
            if !line.is_quiet(small) || seconds + line.switches(small) >= self.bound() * (1.0 + 1e-12) {
                continue;
            }
            if let Some(found) = evaluator.complete(line.choice(small), self.bound()) {
                self.best = Some(found);
            }
        }
    }
}

/// What takes less than `bound`, with so many lookups in one bootstrap.
fn plan(evaluator: &Evaluator<'_>, part: usize, many: &[u32], bound: f64) -> Plan {
    let mut work = Work::default();
    let mut widest = 0;
    // The strictest limit for each number of lookups that share a bootstrap.
    let mut limits: BTreeMap<u32, f64> = BTreeMap::new();
    for (i, load) in evaluator.lookup_loads().filter(|(_, load)| load.part == part) {
        work += load.work * load.bootstraps(many[i]) as f64;
        widest = widest.max(evaluator.instance.loads[i].demand.width.0);
        let limit = limits.entry(many[i]).or_insert(f64::INFINITY);
        *limit = limit.min(evaluator.limits[i]);
    }
    if limits.len() > 1 || many.iter().any(|&many| many > 0) {
        // How many share may fall where the accumulator has no room: the limits hold without sharing.
        let strictest = limits.values().copied().fold(f64::INFINITY, f64::min);
        limits = [(0, strictest)].into();
    }
    let mut known: BTreeMap<u64, Option<usize>> = BTreeMap::new();
    let space = evaluator.space;
    let mut candidates = Vec::new();
    for (shape, of_shape) in space.shapes.iter().enumerate() {
        for (bootstrap, choice) in of_shape.bootstraps.iter().enumerate() {
            for &extension in &space.extensions {
                let part = PartChoice { shape, bootstrap, extension, small: 0 };
                if !evaluator.has_room(part, widest, 0) {
                    continue;
                }
                let seconds = work.bootstraps(choice.seconds(extension), extension);
                let ends = work.ciphertexts * evaluator.cost.bootstrap_ends(of_shape.shape, extension);
                let least_seconds = |small: usize| {
                    let small =
                        space.small.get(small).map_or(f64::INFINITY, |small| small.dimension.0 as f64);
                    seconds * small + ends
                };
                if least_seconds(0) >= bound {
                    break; // more extension only takes longer
                }
                let coefficients = extension.0 * of_shape.shape.polynomial_size.0;
                let least = known
                    .entry(coefficients)
                    .or_insert_with(|| least_small(evaluator, 2 * coefficients, &limits));
                let Some(least) = *least else { continue };
                let (least, small) = (least_seconds(least), (least, space.small.len()));
                if least < bound {
                    candidates.push(Candidate { part, seconds, least, small });
                }
            }
        }
    }
    candidates.sort_by(|a, b| a.least.total_cmp(&b.least));
    Plan { candidates }
}

/// The least small key that keeps to the limits if the values to look up had no noise, for so many steps.
fn least_small(evaluator: &Evaluator<'_>, steps: u64, limits: &BTreeMap<u32, f64>) -> Option<usize> {
    let space = evaluator.space;
    let from = space.shapes.iter().map(|shape| shape.shape.lwe_dimension()).min()?;
    let slack = |position: usize| {
        let small = &space.small[position];
        let keyswitch = space.least_added(small, from);
        let of = |(&many, &limit): (&u32, &f64)| {
            limit - keyswitch - noise::modulus_switch_centred(small.dimension, steps >> many).0
        };
        limits.iter().map(of).fold(f64::INFINITY, f64::min)
    };
    let (mut low, mut high) = (0, space.small.len());
    while low < high {
        let middle = usize::midpoint(low, high);
        let here = slack(middle);
        let next = space.next_quieter(middle);
        let wants_larger = here < 0.0 && next < space.small.len() && slack(next) > here;
        if wants_larger { low = middle + 1 } else { high = middle }
    }
    (low < space.small.len() && slack(low) >= 0.0).then_some(low)
}

/// Tries another keyswitch for each conversion alone.
fn improve_conversions(evaluator: &Evaluator<'_>, best: &mut Complete) {
    for (i, edge) in evaluator.instance.conversions.iter().enumerate() {
        let [from, to] = [edge.from, edge.to].map(|part| best.choice.parts[part].shape);
        if from == to {
            continue;
        }
        for position in 0..evaluator.space.conversions(from, to).len() {
            let mut choice = best.choice.clone();
            choice.conversions[i] = position;
            if let Some(found) = evaluator.complete(&choice, best.seconds) {
                *best = found;
            }
        }
    }
}

/// Tries for each load alone how many lookups share a bootstrap.
pub(super) fn improve_sharing(evaluator: &Evaluator<'_>, best: &mut Complete) {
    for (i, load) in evaluator.lookup_loads().filter(|(_, load)| load.sharing > 1) {
        let width = evaluator.instance.loads[i].demand.width.0;
        for many in 0..=most(evaluator.space, Some(load)) {
            if many == best.choice.many[i] || !evaluator.has_room(best.choice.parts[load.part], width, many) {
                continue;
            }
            let mut choice = best.choice.clone();
            choice.many[i] = many;
            if let Some(found) = evaluator.complete(&choice, best.seconds) {
                *best = found;
            }
        }
    }
}
