//! The search for the cheapest keys of an instance: one part after the other, completely, until nothing changes.
//!
//! With the other parts fixed, every shape, key, decomposition and extension of a part is tried, the small
//! dimension running upwards from the least that leaves room for a keyswitch, while the bootstraps alone are not
//! dearer than the best choice found. For a single part this is the whole search, and it is complete.

use crate::parameters::evaluate::{Choice, Complete, Evaluator, PartChoice};
use crate::parameters::work::Work;
use cloakwork_abi::parameters::{ExtensionFactor, Grouping};

/// The keys of a part but for its small one, and what each of its coefficients takes.
struct Candidate {
    part: PartChoice,
    /// Seconds for each coefficient of the small key, where no lookups share a bootstrap.
    seconds: f64,
    /// Positions in the list of small keys.
    small: (usize, usize),
}

/// The best keys of one key set for everything; the instance has one part.
pub(super) fn single(evaluator: &Evaluator<'_>) -> Option<Complete> {
    let part = PartChoice { shape: 0, bootstrap: 0, extension: ExtensionFactor(1), small: 0 };
    let instance = evaluator.instance;
    let (conversions, many) = (vec![0; instance.conversions.len()], vec![0; instance.loads.len()]);
    let mut best = None;
    improve_part(evaluator, 0, &Choice { parts: vec![part], conversions, many }, &mut best);
    if let Some(best) = &mut best {
        while improve_sharing(evaluator, best) {
            let choice = best.choice.clone();
            let mut next = Some(best.clone());
            refine_part(evaluator, 0, &choice, &mut next);
            if let Some(next) = next {
                *best = next;
            }
        }
    }
    best
}

/// Improves a choice until no part can be improved alone.
pub(super) fn descend(evaluator: &Evaluator<'_>, start: Complete) -> Complete {
    let mut best = start;
    loop {
        let before = best.seconds;
        for part in 0..evaluator.instance.parts {
            let mut found = Some(best.clone());
            improve_part(evaluator, part, &best.choice, &mut found);
            best = found.unwrap_or(best);
        }
        improve_conversions(evaluator, &mut best);
        improve_sharing(evaluator, &mut best);
        if best.seconds >= before * (1.0 - 1e-12) {
            return best;
        }
    }
}

/// Tries everything for a part, beginning with how many lookups share a bootstrap and with its conversions.
fn improve_part(evaluator: &Evaluator<'_>, part: usize, base: &Choice, best: &mut Option<Complete>) {
    let instance = evaluator.instance;
    let loads = || evaluator.lookup_loads().filter(|(_, load)| load.part == part);
    let most =
        if evaluator.space.many_lut { loads().map(|(_, load)| load.most()).max().unwrap_or(0) } else { 0 };
    let touching: Vec<usize> = (0..instance.conversions.len())
        .filter(|&i| [instance.conversions[i].from, instance.conversions[i].to].contains(&part))
        .collect();
    for many in 0..=most {
        let mut choice = base.clone();
        loads().for_each(|(i, load)| choice.many[i] = many.min(load.most()));
        try_candidates(evaluator, part, &choice, best);
        for conversion in 0..if touching.is_empty() { 0 } else { MOST_CONVERSIONS } {
            touching.iter().for_each(|&i| choice.conversions[i] = conversion);
            try_candidates(evaluator, part, &choice, best);
        }
    }
}

/// Tries everything for a part with what else is chosen kept.
fn refine_part(evaluator: &Evaluator<'_>, part: usize, base: &Choice, best: &mut Option<Complete>) {
    try_candidates(evaluator, part, base, best);
}

/// Positions in the lists of conversions that are tried for all conversions of a part at once.
const MOST_CONVERSIONS: usize = 8;

fn try_candidates(evaluator: &Evaluator<'_>, part: usize, base: &Choice, best: &mut Option<Complete>) {
    let work = evaluator
        .lookup_loads()
        .filter(|(_, load)| load.part == part)
        .map(|(i, load)| load.work * load.bootstraps(base.many[i]))
        .fold(Work::default(), |mut sum, work| {
            sum += work;
            sum
        });
    let mut candidates = candidates(evaluator, work);
    candidates.sort_by(|a, b| a.seconds.total_cmp(&b.seconds));
    for candidate in candidates {
        let bound = best.as_ref().map_or(f64::INFINITY, |best| best.seconds);
        let least = evaluator.space.small[candidate.small.0].dimension.0 as f64;
        if candidate.seconds * least >= bound {
            break; // only dearer from here on
        }
        try_dimensions(evaluator, part, base, &candidate, best);
    }
}

fn candidates(evaluator: &Evaluator<'_>, work: Work) -> Vec<Candidate> {
    let space = evaluator.space;
    let mut candidates = Vec::new();
    for (shape, of_shape) in space.shapes.iter().enumerate() {
        for (bootstrap, choice) in of_shape.bootstraps.iter().enumerate() {
            let (extensions, small) = match &choice.given {
                Some((small, extension)) => (std::slice::from_ref(extension), (*small, small + 1)),
                None => (space.extensions.as_slice(), (0, space.small.len())),
            };
            for &extension in extensions.iter().filter(|_| small.0 < small.1) {
                let part = PartChoice { shape, bootstrap, extension, small: small.0 };
                let seconds = work.bootstraps(choice.seconds(extension));
                candidates.push(Candidate { part, seconds, small });
            }
        }
    }
    candidates
}

/// Runs through the small dimensions for one candidate.
fn try_dimensions(
    evaluator: &Evaluator<'_>,
    part: usize,
    base: &Choice,
    candidate: &Candidate,
    best: &mut Option<Complete>,
) {
    let mut choice = base.clone();
    choice.parts[part] = candidate.part;
    for (i, load) in evaluator.lookup_loads().filter(|(_, load)| load.part == part) {
        let width = evaluator.instance.loads[i].demand.width.0;
        while choice.many[i] > 0 && !evaluator.has_room(candidate.part, width, choice.many[i]) {
            choice.many[i] -= 1;
        }
        if !evaluator.has_room(candidate.part, width, 0) || load.bootstraps(choice.many[i]) < 1.0 {
            return;
        }
    }
    let at = |choice: &mut Choice, small: usize| choice.parts[part].small = small;
    let (mut low, mut high) = candidate.small;
    let end = high;
    while low < high {
        let middle = usize::midpoint(low, high);
        at(&mut choice, middle);
        let here = evaluator.slack(&choice);
        let wants_larger = here < 0.0 && middle + 1 < end && {
            at(&mut choice, middle + 1);
            evaluator.slack(&choice) > here
        };
        if wants_larger { low = middle + 1 } else { high = middle }
    }
    let grouping = evaluator.bootstrap(candidate.part).grouping;
    for small in low..end {
        at(&mut choice, small);
        let dimension = evaluator.space.small[small].dimension.0;
        let bound = best.as_ref().map_or(f64::INFINITY, |best| best.seconds);
        if candidate.seconds * dimension as f64 >= bound {
            return;
        }
        if grouping == Grouping::Two && dimension % 2 == 1 {
            continue;
        }
        let before = evaluator.before(&choice);
        if evaluator.rooms(&choice, &before).is_none() {
            return; // only noisier from here on
        }
        if let Some(found) = evaluator.complete(&choice, bound) {
            *best = Some(found);
        }
    }
}

/// Tries another keyswitch for each conversion alone.
fn improve_conversions(evaluator: &Evaluator<'_>, best: &mut Complete) -> bool {
    let before = best.seconds;
    for (i, edge) in evaluator.instance.conversions.iter().enumerate() {
        let [from, to] = [edge.from, edge.to].map(|part| best.choice.parts[part].shape);
        for position in 0..evaluator.space.conversions(from, to).len() {
            let mut choice = best.choice.clone();
            choice.conversions[i] = position;
            if let Some(found) = evaluator.complete(&choice, best.seconds) {
                *best = found;
            }
        }
    }
    best.seconds < before
}

/// Tries for each load alone how many lookups share a bootstrap.
fn improve_sharing(evaluator: &Evaluator<'_>, best: &mut Complete) -> bool {
    let before = best.seconds;
    if !evaluator.space.many_lut {
        return false;
    }
    for (i, load) in evaluator.lookup_loads().filter(|(_, load)| load.sharing > 1) {
        let width = evaluator.instance.loads[i].demand.width.0;
        for many in 0..=load.most() {
            let mut choice = best.choice.clone();
            choice.many[i] = many;
            if !evaluator.has_room(choice.parts[load.part], width, many) {
                continue;
            }
            if let Some(found) = evaluator.complete(&choice, best.seconds) {
                *best = found;
            }
        }
    }
    best.seconds < before
}
