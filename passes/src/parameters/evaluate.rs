//! What a choice of keys for an instance takes and how noisy it is; completes it with the cheapest keyswitches.

use crate::parameters::cost::CostModel;
use crate::parameters::demand::DemandKind;
use crate::parameters::flow::Flow;
use crate::parameters::instance::{Edge, Instance, Load, LookupLoad};
use crate::parameters::space::{BootstrapChoice, KeyswitchChoice, ShapeChoice, SmallChoice, Space};
use crate::parameters::target::ErrorTarget;
use crate::parameters::work::Work;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{ExtensionFactor, Variance};
use cloakwork_abi::spec::ErrorSpec;

/// The keys of a part, by their positions in the space.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PartChoice {
    pub shape: usize,
    pub bootstrap: usize,
    pub extension: ExtensionFactor,
    pub small: usize,
}

/// Everything that is chosen for an instance but the keyswitches to small keys.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Choice {
    pub parts: Vec<PartChoice>,
    /// For each conversion its position in the list of the shape that it leads to.
    pub conversions: Vec<usize>,
    /// For each load `v`, with up to `2^v` lookups of a value in one bootstrap.
    pub many: Vec<u32>,
}

/// A choice with its keyswitches.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Complete {
    pub choice: Choice,
    /// For each keyswitch to a small key its position in that key's list.
    pub edges: Vec<usize>,
    pub seconds: f64,
}

/// An instance with everything that decides about a choice.
#[derive(Clone, Copy)]
pub(super) struct Evaluator<'a> {
    pub instance: &'a Instance,
    pub space: &'a Space,
    pub cost: &'a CostModel,
    pub target: ErrorTarget,
    /// For each load the greatest variance that leaves a chance: its own share of the target.
    pub limits: &'a [f64],
    /// Positions of the loads that keep to their limits only if all do.
    pub checked: &'a [usize],
}

/// The loads that decide whether all keep to their limits: none is at least as noisy as another of them.
pub(super) fn checked(instance: &Instance, target: ErrorTarget) -> Vec<usize> {
    let loads = &instance.loads;
    if !target.is_local() {
        return (0..loads.len()).collect(); // all of them count together
    }
    let mut checked: Vec<usize> = Vec::new();
    for (i, load) in loads.iter().enumerate() {
        if checked.iter().any(|&j| loads[j].covers(load)) {
            continue;
        }
        checked.retain(|&j| !load.covers(&loads[j]));
        checked.push(i);
    }
    checked
}

/// For each load the greatest variance that leaves a chance, with as few bootstraps as may be.
pub(super) fn limits(instance: &Instance, space: &Space, target: ErrorTarget) -> Vec<f64> {
    let limit = |load: &Load| {
        let events = load.events(most(space, load.lookup.as_ref()));
        noise::safe_variance(target.share(events), load.demand.width).0 * (1.0 - 1e-12)
    };
    instance.loads.iter().map(limit).collect()
}

/// Failure probabilities of events, told by their own probabilities and how many there are.
pub(super) fn error_of(events: &[(f64, u64)]) -> ErrorSpec {
    let p_error = events.iter().map(|event| event.0).fold(0.0, f64::max);
    ErrorSpec { p_error, global_p_error: noise::global_p_error(events.iter().copied()) }
}

/// The most that is tried for how many lookups share a bootstrap.
pub(super) fn most(space: &Space, lookup: Option<&LookupLoad>) -> u32 {
    lookup.filter(|_| space.many_lut).map_or(0, |lookup| lookup.most())
}

impl<'a> Evaluator<'a> {
    pub(super) fn shape(&self, part: PartChoice) -> &'a ShapeChoice {
        &self.space.shapes[part.shape]
    }

    pub(super) fn bootstrap(&self, part: PartChoice) -> &'a BootstrapChoice {
        &self.shape(part).bootstraps[part.bootstrap]
    }

    pub(super) fn small(&self, part: PartChoice) -> &'a SmallChoice {
        &self.space.small[part.small]
    }

    /// The keyswitches to choose from for an edge.
    pub(super) fn keyswitches(&self, parts: &[PartChoice], edge: usize) -> &'a [KeyswitchChoice] {
        let edge = self.instance.edges[edge];
        self.space.keyswitches(parts[edge.from].shape, parts[edge.to].small)
    }

    /// What is chosen for a conversion; nothing where both keys are one, or where there is no key for it.
    pub(super) fn conversion(&self, choice: &Choice, position: usize) -> Option<&'a KeyswitchChoice> {
        let edge = self.instance.conversions[position];
        let [from, to] = [edge.from, edge.to].map(|part| choice.parts[part].shape);
        let choices = self.space.conversions(from, to);
        if from == to {
            None
        } else {
            choices.get(choice.conversions[position].min(choices.len().wrapping_sub(1)))
        }
    }

    /// Variance of the centred modulus switch before the lookups of a load.
    fn switched(&self, choice: &Choice, load: &LookupLoad, many: u32) -> f64 {
        let part = choice.parts[load.part];
        noise::modulus_switch_centred(self.small(part).dimension, self.steps(part, many)).0
    }

    /// Steps of a rotation that `2^many` lookups share.
    pub(super) fn steps(&self, part: PartChoice, many: u32) -> u64 {
        (2 * part.extension.0 * self.shape(part).shape.polynomial_size.0) >> many
    }

    /// Whether each table of `width` bits fits the accumulator: two halves of whole coefficients for a message.
    pub(super) fn has_room(&self, part: PartChoice, width: u32, many: u32) -> bool {
        let coefficients = part.extension.0 * self.shape(part).shape.polynomial_size.0;
        let bits = width + many + 1;
        bits < 64 && coefficients.is_multiple_of(1 << bits)
    }

    /// What bootstraps of each part do, with so many lookups in one.
    pub(super) fn works(&self, many: &[u32]) -> Vec<Work> {
        let mut works = vec![Work::default(); self.instance.parts];
        for (i, load) in self.lookup_loads() {
            works[load.part] += load.work * load.bootstraps(many[i]) as f64;
        }
        works
    }

    /// Seconds for everything but keyswitches to small keys.
    pub(super) fn base_seconds(&self, choice: &Choice) -> f64 {
        self.base_seconds_of(choice, &self.works(&choice.many))
    }

    /// [`base_seconds`](Self::base_seconds) with what bootstraps of each part do.
    pub(super) fn base_seconds_of(&self, choice: &Choice, works: &[Work]) -> f64 {
        let parts = (0..self.instance.parts).map(|part| self.part_seconds(choice, works, part));
        let conversions = self.instance.conversions.iter().enumerate().filter_map(|(position, edge)| {
            let from = self.shape(choice.parts[edge.from]).shape.lwe_dimension();
            let conversion = self.conversion(choice, position)?;
            Some(edge.work.keyswitches(conversion.seconds * from.0 as f64))
        });
        parts.sum::<f64>() + conversions.sum::<f64>()
    }

    /// Seconds that do not depend on the keys of a part: bootstraps and additions of the others.
    pub(super) fn rest_seconds(&self, choice: &Choice, part: usize) -> f64 {
        let works = self.works(&choice.many);
        let others = (0..self.instance.parts).filter(|&of| of != part);
        others.map(|of| self.part_seconds(choice, &works, of)).sum()
    }

    /// Seconds for the bootstraps and additions of a part.
    fn part_seconds(&self, choice: &Choice, works: &[Work], position: usize) -> f64 {
        let (part, work) = (choice.parts[position], works[position]);
        let shape = self.shape(part).shape;
        let each = self.bootstrap(part).seconds(part.extension) * self.small(part).dimension.0 as f64;
        let ends = self.cost.bootstrap_ends(shape, part.extension);
        let additions = self.instance.additions[position] * self.cost.addition(shape.lwe_dimension());
        work.bootstraps(each, part.extension) + work.ciphertexts * ends + additions
    }

    /// Whether every conversion that is needed has a key.
    fn can_convert(&self, choice: &Choice) -> bool {
        self.instance.conversions.iter().enumerate().all(|(position, edge)| {
            choice.parts[edge.from].shape == choice.parts[edge.to].shape
                || self.conversion(choice, position).is_some()
        })
    }

    /// For each edge the variance that its loads leave; `None` if something is out of reach anyway.
    fn rooms(&self, choice: &Choice, before: &[f64]) -> Option<Vec<f64>> {
        let mut rooms = vec![f64::INFINITY; self.instance.edges.len()];
        for &i in self.checked {
            let load = &self.instance.loads[i];
            let room = self.limits[i] - before[i];
            let Some(lookup) = &load.lookup else {
                if room < 0.0 {
                    return None;
                }
                continue;
            };
            let room = room - self.switched(choice, lookup, choice.many[i]);
            if room <= 0.0 {
                return None;
            }
            rooms[lookup.edge] = rooms[lookup.edge].min(room);
        }
        Some(rooms)
    }

    /// What the quietest keyswitches leave of the limit of the load that is worst off, as a share of that limit.
    ///
    /// In the small dimension of a part it rises, then falls: keyswitches lose noise, everything else gains some.
    pub(super) fn slack(&self, choice: &Choice) -> f64 {
        let flow = Flow::new(self, choice);
        let before = flow.before();
        let added = |(i, edge): (usize, &Edge)| {
            let from = self.shape(choice.parts[edge.from]).shape.lwe_dimension();
            let choices = self.keyswitches(&choice.parts, i);
            choices.last().map_or(f64::INFINITY, |quietest| quietest.added(from))
        };
        let added: Vec<f64> = self.instance.edges.iter().enumerate().map(added).collect();
        let of = |&i: &usize| {
            let load = &self.instance.loads[i];
            let switches = load
                .lookup
                .as_ref()
                .map_or(0.0, |lookup| added[lookup.edge] + self.switched(choice, lookup, choice.many[i]));
            (self.limits[i] - before[i] - switches) / self.limits[i]
        };
        self.checked.iter().map(of).fold(f64::INFINITY, f64::min)
    }

    /// Whether each load could keep to its limit if everything about it were the quietest there is.
    pub(super) fn may_do(&self) -> bool {
        let least = |values: &mut dyn Iterator<Item = f64>| values.fold(f64::INFINITY, f64::min);
        let shapes = &self.space.shapes;
        let fresh = least(&mut shapes.iter().map(|shape| shape.fresh));
        let each = least(&mut shapes.iter().flat_map(|shape| shape.bootstraps.iter().map(|b| b.variance)));
        let from = shapes.iter().map(|shape| shape.shape.lwe_dimension()).min();
        let sizes = shapes.iter().map(|shape| shape.shape.polynomial_size.0).max();
        let extension = self.space.extensions.iter().map(|extension| extension.0).max();
        let (Some(from), Some(size), Some(extension)) = (from, sizes, extension) else { return false };
        let Some(smallest) = self.space.small.first() else { return false };
        let output = smallest.dimension.0 as f64 * each;
        let switches = least(&mut self.space.small.iter().map(|small| {
            self.space.least_added(small, from)
                + noise::modulus_switch_centred(small.dimension, 2 * size * extension).0
        }));
        self.instance.loads.iter().zip(self.limits).all(|(load, &limit)| {
            let lookups: f64 = load.noise.lookups.iter().map(|(_, factor)| factor).sum();
            let before = load.noise.fresh * fresh + lookups * output;
            before + if load.lookup.is_some() { switches } else { 0.0 } <= limit
        })
    }

    /// Completes a choice with the cheapest keyswitches that keep to the target, if it then takes less than `bound`.
    pub(super) fn complete(&self, choice: &Choice, bound: f64) -> Option<Complete> {
        let mut seconds = self.base_seconds(choice);
        if seconds >= bound || !self.can_convert(choice) {
            return None;
        }
        let flow = Flow::new(self, choice);
        let before = flow.before();
        let rooms = self.rooms(choice, before)?;
        let mut edges = Vec::with_capacity(rooms.len());
        for (i, edge) in self.instance.edges.iter().enumerate() {
            let from = self.shape(choice.parts[edge.from]).shape.lwe_dimension();
            let time = |keyswitch: &KeyswitchChoice| edge.work.keyswitches(keyswitch.seconds * from.0 as f64);
            let choices = self.keyswitches(&choice.parts, i).iter().enumerate();
            let fitting = choices.filter(|(_, keyswitch)| keyswitch.added(from) <= rooms[i]);
            let (position, keyswitch) = fitting.min_by(|a, b| time(a.1).total_cmp(&time(b.1)))?;
            seconds += time(keyswitch);
            if seconds >= bound {
                return None;
            }
            edges.push(position);
        }
        let mut complete = Complete { choice: choice.clone(), edges, seconds };
        if self.target.is_local() {
            return Some(complete); // limits are all there is to keep to
        }
        while !self.is_met(before, &complete) {
            self.upgrade(before, &mut complete)?;
            if complete.seconds >= bound {
                return None;
            }
        }
        Some(complete)
    }

    fn is_met(&self, before: &[f64], complete: &Complete) -> bool {
        let error = self.error(&complete.choice, &self.variances(before, complete));
        self.target.is_met(error.p_error, error.global_p_error)
    }

    /// Takes the quieter keyswitch that lowers the failure probability most for its time.
    fn upgrade(&self, before: &[f64], complete: &mut Complete) -> Option<()> {
        let choice = &complete.choice;
        let now = self.error(choice, &self.variances(before, complete)).global_p_error;
        let mut best: Option<(f64, Complete)> = None;
        for (i, edge) in self.instance.edges.iter().enumerate() {
            let from = self.shape(complete.choice.parts[edge.from]).shape.lwe_dimension();
            let choices = self.keyswitches(&complete.choice.parts, i);
            let current = choices[complete.edges[i]];
            let time = |keyswitch: &KeyswitchChoice| edge.work.keyswitches(keyswitch.seconds * from.0 as f64);
            let quieter = choices.iter().enumerate().filter(|(_, k)| k.variance < current.variance);
            let next = quieter.min_by(|a, b| time(a.1).total_cmp(&time(b.1)));
            let Some((position, keyswitch)) = next else { continue };
            let mut candidate = complete.clone();
            candidate.edges[i] = position;
            let dearer = time(keyswitch) - time(&current);
            candidate.seconds += dearer;
            let gain = now - self.error(choice, &self.variances(before, &candidate)).global_p_error;
            let rate = gain / dearer.max(f64::MIN_POSITIVE);
            if gain > 0.0 && best.as_ref().is_none_or(|(most, _)| rate > *most) {
                best = Some((rate, candidate));
            }
        }
        *complete = best?.1;
        Some(())
    }

    /// Variance that each load sees.
    pub(super) fn variances(&self, before: &[f64], complete: &Complete) -> Vec<f64> {
        let choice = &complete.choice;
        let of = |(i, load): (usize, &Load)| {
            let Some(lookup) = &load.lookup else { return before[i] };
            let edge = self.instance.edges[lookup.edge];
            let from = self.shape(choice.parts[edge.from]).shape.lwe_dimension();
            let keyswitch = self.keyswitches(&choice.parts, lookup.edge)[complete.edges[lookup.edge]];
            before[i] + keyswitch.added(from) + self.switched(choice, lookup, choice.many[i])
        };
        self.instance.loads.iter().enumerate().map(of).collect()
    }

    /// Failure probabilities with these variances.
    fn error(&self, choice: &Choice, variances: &[f64]) -> ErrorSpec {
        let p = |((load, &variance), &many): ((&Load, &f64), &u32)| {
            (noise::p_error(Variance(variance), load.demand.width), load.events(many))
        };
        let loads = self.instance.loads.iter().zip(variances).zip(&choice.many);
        error_of(&loads.map(p).collect::<Vec<(f64, u64)>>())
    }

    /// Positions of the loads of lookups.
    pub(super) fn lookup_loads(&self) -> impl Iterator<Item = (usize, &'a LookupLoad)> {
        let loads = self.instance.loads.iter().enumerate();
        loads
            .filter(|(_, load)| load.demand.kind == DemandKind::Lookup)
            .filter_map(|(i, load)| load.lookup.as_ref().map(|lookup| (i, lookup)))
    }
}
