//! A choice of keys while the small key of one part varies and everything else stays: where it keeps to the limits,
//! and what it takes there.
//!
//! As the small key grows, values that are looked up get noisier, so that less room is left for keyswitches. Both hold
//! for every bound that is told here: it is taken where the key is least.

use crate::parameters::evaluate::{Choice, Evaluator, PartChoice};
use crate::parameters::flow::Flow;
use crate::parameters::instance::{Edge, Load};
use crate::parameters::space::KeyswitchChoice;
use crate::parameters::work::Work;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::LweDimension;

/// See the header of this file.
pub(super) struct Line<'a> {
    evaluator: &'a Evaluator<'a>,
    part: usize,
    choice: Choice,
    flow: Flow<'a>,
    /// Variance of the modulus switch at each load, of the part's own loads for each coefficient.
    switched: Vec<f64>,
    /// What bootstraps of each part do.
    works: Vec<Work>,
    /// Seconds for everything but the steps of the part's bootstraps and keyswitches to small keys.
    fixed: f64,
    /// Seconds of the part's bootstraps for each coefficient.
    slope: f64,
    /// For each edge the variance that its loads leave, with the small key at hand.
    rooms: Vec<f64>,
}

impl<'a> Line<'a> {
    /// `base` with other keys for a part.
    pub(super) fn new(
        evaluator: &'a Evaluator<'a>,
        base: &Choice,
        (part, keys): (usize, PartChoice),
    ) -> Self {
        let mut choice = base.clone();
        choice.parts[part] = keys;
        let mut line = Self {
            evaluator,
            part,
            flow: Flow::new(evaluator, &choice),
            choice,
            switched: Vec::new(),
            works: evaluator.works(&base.many),
            fixed: 0.0,
            slope: 0.0,
            rooms: Vec::new(),
        };
        line.take(base, keys);
        line
    }

    /// Takes other keys for the part. Where the accumulator has too little room fewer lookups share a bootstrap than in
    /// `base`, which else has the same keys as the line.
    pub(super) fn take(&mut self, base: &Choice, keys: PartChoice) {
        let evaluator = self.evaluator;
        self.choice.parts[self.part] = keys;
        let mut many = std::mem::take(&mut self.choice.many);
        let before = many.clone();
        many.copy_from_slice(&base.many);
        for (i, _) in evaluator.lookup_loads().filter(|(_, load)| load.part == self.part) {
            let width = evaluator.instance.loads[i].demand.width.0;
            while many[i] > 0 && !evaluator.has_room(keys, width, many[i]) {
                many[i] -= 1;
            }
        }
        if many != before {
            self.works = evaluator.works(&many);
        }
        self.choice.many = many;
        self.flow.choose(&self.choice);
        self.prepare();
    }

    fn prepare(&mut self) {
        let (evaluator, choice) = (self.evaluator, &self.choice);
        let of_load = |(i, load): (usize, &Load)| {
            let Some(lookup) = &load.lookup else { return 0.0 };
            let part = choice.parts[lookup.part];
            let dimension =
                if lookup.part == self.part { LweDimension(1) } else { evaluator.small(part).dimension };
            noise::modulus_switch_centred(dimension, evaluator.steps(part, choice.many[i])).0
        };
        self.switched.clear();
        self.switched.extend(evaluator.instance.loads.iter().enumerate().map(of_load));
        let keys = choice.parts[self.part];
        let work = self.works[self.part];
        self.slope = work.bootstraps(evaluator.bootstrap(keys).seconds(keys.extension), keys.extension);
        let small = evaluator.small(keys).dimension.0 as f64;
        self.fixed = evaluator.base_seconds_of(choice, &self.works) - self.slope * small;
    }

    /// The choice with this small key for the part.
    pub(super) fn choice(&mut self, small: usize) -> &Choice {
        self.choice.parts[self.part].small = small;
        &self.choice
    }

    /// Seconds for everything but keyswitches.
    pub(super) fn base_seconds(&self, small: usize) -> f64 {
        self.fixed + self.slope * self.evaluator.space.small[small].dimension.0 as f64
    }

    /// The end of the small keys from `low` to `end` with which everything but keyswitches takes less than `bound`.
    pub(super) fn affordable(&self, (low, end): (usize, usize), bound: f64) -> usize {
        let small = &self.evaluator.space.small[low..end];
        low + small.partition_point(|small| self.fixed + self.slope * (small.dimension.0 as f64) < bound)
    }

    /// The first small key from `low` to `end` with which everything keeps to its limit; the line is then there.
    pub(super) fn first(&mut self, low: usize, end: usize) -> Option<usize> {
        let mut small = low;
        while small < end {
            if !self.go(small) {
                return None;
            }
            // The rooms only get smaller, so no key before this one is quiet enough.
            let next = quiet_from(small, end, |small| self.is_quiet(small));
            if next == small {
                return Some(small);
            }
            small = next;
        }
        None
    }

    /// Whether keyswitches to the small key where the line is are quiet enough.
    pub(super) fn is_quiet(&self, small: usize) -> bool {
        let space = self.evaluator.space;
        let edges = self.evaluator.instance.edges.iter().zip(&self.rooms);
        let own = edges.filter(|(edge, _)| edge.to == self.part);
        own.into_iter().all(|(edge, &room)| space.least_added(&space.small[small], self.from(edge)) <= room)
    }

    /// Goes to a small key; false where no larger one can keep to the limits.
    pub(super) fn go(&mut self, small: usize) -> bool {
        let evaluator = self.evaluator;
        let instance = evaluator.instance;
        let dimension = evaluator.space.small[small].dimension.0 as f64;
        let output = dimension * evaluator.bootstrap(self.choice.parts[self.part]).variance;
        self.flow.set_output(self.part, output);
        self.rooms.clear();
        self.rooms.resize(instance.edges.len(), f64::INFINITY);
        let before = self.flow.before();
        for &i in evaluator.checked {
            let room = evaluator.limits[i] - before[i];
            let Some(lookup) = &instance.loads[i].lookup else {
                if room < 0.0 {
                    return false;
                }
                continue;
            };
            let factor = if lookup.part == self.part { dimension } else { 1.0 };
            let room = room - factor * self.switched[i];
            if room <= 0.0 {
                return false;
            }
            self.rooms[lookup.edge] = self.rooms[lookup.edge].min(room);
        }
        // Keyswitches to other small keys.
        (0..instance.edges.len()).filter(|&i| instance.edges[i].to != self.part).all(|i| {
            let choices = evaluator.keyswitches(&self.choice.parts, i);
            let from = self.from(&instance.edges[i]);
            choices.last().is_some_and(|quietest| quietest.added(from) <= self.rooms[i])
        })
    }

    /// Dimension of the GLWE key that an edge comes from.
    fn from(&self, edge: &Edge) -> LweDimension {
        self.evaluator.shape(self.choice.parts[edge.from]).shape.lwe_dimension()
    }

    /// Seconds that keyswitches take at least, from the small key where the line is up to `last`.
    pub(super) fn least_switches(&self, small: usize, last: usize) -> f64 {
        let space = self.evaluator.space;
        let dimension = |small: usize| (space.small[small].dimension.0 + 1) as f64;
        // Every word of a key takes its time, so none takes less with fewer words than in proportion.
        let fewer = dimension(small) / dimension(last);
        let edges = self.evaluator.instance.edges.iter().enumerate();
        let least = edges.map(|(i, edge)| {
            if edge.to == self.part {
                fewer * self.quickest((i, edge), space.keyswitches(self.choice.parts[edge.from].shape, last))
            } else {
                self.quickest((i, edge), self.evaluator.keyswitches(&self.choice.parts, i))
            }
        });
        least.sum()
    }

    /// Seconds of the quickest keyswitches with the small key where the line is.
    pub(super) fn switches(&self, small: usize) -> f64 {
        self.least_switches(small, small)
    }

    /// Seconds of the quickest of these keyswitches that leave enough room.
    fn quickest(&self, (i, edge): (usize, &Edge), choices: &[KeyswitchChoice]) -> f64 {
        let from = self.from(edge);
        // From noisy to quiet.
        let fitting = choices.partition_point(|keyswitch| keyswitch.added(from) > self.rooms[i]);
        let seconds = |keyswitch: &KeyswitchChoice| edge.work.keyswitches(keyswitch.seconds * from.0 as f64);
        choices[fitting..].iter().map(seconds).fold(f64::INFINITY, f64::min)
    }
}

/// The first from `low` to `end` that is quiet, where those behind a quiet one are quiet too.
fn quiet_from(low: usize, end: usize, is_quiet: impl Fn(usize) -> bool) -> usize {
    let (mut low, mut high) = (low, end);
    if low < end && is_quiet(low) {
        return low;
    }
    while low < high {
        let middle = usize::midpoint(low, high);
        if is_quiet(middle) { high = middle } else { low = middle + 1 }
    }
    low
}
