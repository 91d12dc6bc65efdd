//! How lookups are divided among key sets: by what they cost, beginning with one key set for all.
//!
//! Few kinds of lookups are divided in every way. Of many, those that are harder than each bound are set apart
//! first; then kinds are moved between key sets, and key sets united, while that saves time. With each division the
//! components of linear operations try the keys of other key sets.
//!
//! Every division begins with the keys of the one it came from, or with those of the best single key set,
//! and only gets cheaper. So no result is slower than one key set.

use crate::parameters::cost::CostModel;
use crate::parameters::demand::{Analysis, Place, Source};
use crate::parameters::evaluate::{Choice, Complete, Evaluator, checked, limits};
use crate::parameters::instance::{Division, Grain, Instance};
use crate::parameters::search::{descend, least_seconds, quietest, single, sweep, unsettle};
use crate::parameters::space::Space;
use crate::parameters::target::ErrorTarget;
use petgraph::unionfind::UnionFind;
use std::collections::{BTreeMap, BTreeSet};

/// Most kinds of lookups that are divided in every way.
const MOST_IN_EVERY_WAY: usize = 4;
/// Most kinds of lookups that are told apart.
const MOST_KINDS: usize = 8;
/// Most ways to choose the keys of components that are all tried.
const MOST_HOMES: usize = 32;
/// Most rounds of moves.
const MOST_ROUNDS: usize = 4;
/// Most loads of an instance while divisions are compared.
const MOST_LOADS: usize = 48;

/// How near to the best time a division must be after one round to be followed up.
const PROMISING: f64 = 1.03;

/// What a division is judged by.
#[derive(Clone, Copy)]
pub(super) struct Setting<'a> {
    pub analysis: &'a Analysis,
    pub space: &'a Space,
    pub cost: &'a CostModel,
    pub target: ErrorTarget,
    pub max_key_sets: usize,
}

/// A division with its keys.
#[derive(Clone)]
pub(super) struct Divided {
    pub division: Division,
    pub instance: Instance,
    pub complete: Complete,
}

/// Runs `body` with everything that decides about a choice for an instance.
pub(super) fn with_evaluator<T>(
    setting: Setting<'_>,
    instance: &Instance,
    body: impl FnOnce(&Evaluator<'_>) -> T,
) -> T {
    let Setting { space, cost, target, .. } = setting;
    let limits = limits(instance, space, target);
    let checked = checked(instance, target);
    body(&Evaluator { instance, space, cost, target, limits: &limits, checked: &checked })
}

/// The cheapest division that is found.
///
/// Of a large program with a bound for the whole run, divisions are compared with an equal bound for each
/// lookup and output; what is left of the whole is used at the end.
pub(super) fn divide(setting: Setting<'_>) -> Option<Divided> {
    let found = cheapest(setting)?;
    // The last steps look at each conversion alone.
    let complete = with_evaluator(setting, &found.instance, |evaluator| {
        evaluator.complete(&agreed(evaluator, found.complete.choice.clone()), f64::INFINITY)
    });
    Some(Divided { complete: complete.unwrap_or_else(|| found.complete.clone()), ..found })
}

fn cheapest(setting: Setting<'_>) -> Option<Divided> {
    let analysis = setting.analysis;
    let whole =
        Division { lookups: vec![0; analysis.lookups.len()], components: vec![0; analysis.components.len()] };
    let kinds = kinds(analysis, MOST_KINDS);
    let one = undivided(setting, &whole).or_else(|| only_divided(setting, &kinds))?;
    if setting.max_key_sets < 2 || kinds.len() < 2 {
        return Some(one);
    }
    let grain = grain(setting, &whole);
    let is_small = kinds.len() <= MOST_IN_EVERY_WAY && one.instance.loads.len() <= 2 * MOST_IN_EVERY_WAY;
    if is_small || setting.target.is_local() {
        let mut search = Search::new(setting, one, grain, is_small);
        search.run(&kinds);
        return Some(search.finish());
    }
    let events = one.instance.loads.iter().map(|load| load.demand.count).sum();
    let equal = Setting { target: setting.target.split(events), ..setting };
    let Some(start) = undivided(equal, &whole) else { return Some(one) };
    let mut search = Search::new(equal, start, grain, is_small);
    search.run(&kinds);
    let found = Search { setting, ..search }.finish();
    let improved = with_evaluator(setting, &found.instance, |evaluator| {
        let start = evaluator.complete(&found.complete.choice, f64::INFINITY)?;
        let is_many = found.instance.loads.len() > MOST_LOADS;
        Some(if is_many { start } else { descend(evaluator, start) })
    });
    let found = Divided { complete: improved.unwrap_or_else(|| found.complete.clone()), ..found };
    Some(if found.complete.seconds < one.complete.seconds { found } else { one })
}

/// From fine to coarse.
const GRAINS: [Grain; 5] =
    [Grain::Exact, Grain::Octave(32), Grain::Octave(8), Grain::Octave(2), Grain::Octave(1)];

/// The finest grain with few loads, or the coarsest.
fn grain(setting: Setting<'_>, whole: &Division) -> Grain {
    let loads = |grain| Instance::new(setting.analysis, whole, setting.cost, grain).loads.len();
    GRAINS.into_iter().find(|&grain| loads(grain) <= MOST_LOADS).unwrap_or(Grain::Octave(1))
}

/// The best with one key set.
fn undivided(setting: Setting<'_>, whole: &Division) -> Option<Divided> {
    let instance = |grain| Instance::new(setting.analysis, whole, setting.cost, grain);
    let is_small = |instance: &Instance| checked(instance, setting.target).len() <= MOST_LOADS;
    let few = GRAINS.into_iter().map(instance).find(is_small);
    let few = few.unwrap_or_else(|| instance(Grain::Octave(1)));
    let complete = with_evaluator(setting, &few, single)?;
    let divided = Divided { division: whole.clone(), instance: few, complete };
    Some(exact(setting, divided))
}

/// A division that works, where one key set does not: the first in the order of the search.
fn only_divided(setting: Setting<'_>, kinds: &[Vec<usize>]) -> Option<Divided> {
    let analysis = setting.analysis;
    let ways = match kinds.len() {
        0..=MOST_IN_EVERY_WAY => every_way(kinds.len(), setting.max_key_sets),
        count => (1..count).map(|bound| (0..count).map(|i| usize::from(i >= bound)).collect()).collect(),
    };
    let ways = if setting.max_key_sets > 1 { ways } else { Vec::new() };
    ways.into_iter().find_map(|parts| {
        let mut lookups = vec![0; analysis.lookups.len()];
        for (kind, part) in kinds.iter().zip(parts) {
            kind.iter().for_each(|&lookup| lookups[lookup] = part);
        }
        let lookups = numbered(&lookups);
        let components = homes(analysis, &lookups, Preference::Sources);
        let division = Division { lookups, components };
        let instance = Instance::new(analysis, &division, setting.cost, Grain::Exact);
        let complete =
            with_evaluator(setting, &instance, |evaluator| Some(descend(evaluator, quietest(evaluator)?)));
        complete.map(|complete| Divided { division, instance, complete })
    })
}

/// The same with its loads told apart exactly, and conversions between two keys made equal.
fn exact(setting: Setting<'_>, divided: Divided) -> Divided {
    let instance = Instance::new(setting.analysis, &divided.division, setting.cost, Grain::Exact);
    let start = carry_over(&divided, &divided.division, &instance);
    let complete = with_evaluator(setting, &instance, |evaluator| {
        evaluator.complete(&agreed(evaluator, start), f64::INFINITY)
    });
    match complete {
        Some(complete) => Divided { instance, complete, ..divided },
        None => divided,
    }
}

struct Search<'a> {
    setting: Setting<'a>,
    grain: Grain,
    one: Divided,
    best: Divided,
    /// Divisions that were tried.
    seen: BTreeSet<Division>,
    /// Whether there is time for more than one start.
    is_small: bool,
}

impl<'a> Search<'a> {
    fn new(setting: Setting<'a>, one: Divided, grain: Grain, is_small: bool) -> Self {
        Self { setting, grain, one: one.clone(), best: one, seen: BTreeSet::new(), is_small }
    }

    fn run(&mut self, kinds: &[Vec<usize>]) {
        let most = self.setting.max_key_sets;
        if kinds.len() <= MOST_IN_EVERY_WAY {
            for parts in every_way(kinds.len(), most) {
                self.try_parts(kinds, &parts);
            }
        } else {
            for bound in 1..kinds.len() {
                let parts: Vec<usize> = (0..kinds.len()).map(|kind| usize::from(kind >= bound)).collect();
                self.try_parts(kinds, &parts);
            }
            for _ in 0..MOST_ROUNDS {
                if !self.improve(kinds) {
                    break;
                }
            }
        }
        for _ in 0..MOST_ROUNDS {
            if !(self.improve_homes() || self.is_small && self.unsettle()) {
                break;
            }
        }
    }

    fn unsettle(&mut self) -> bool {
        let best = &self.best;
        let found =
            with_evaluator(self.setting, &best.instance, |evaluator| unsettle(evaluator, &best.complete));
        let is_better = found.is_some();
        if let Some(complete) = found {
            self.best.complete = complete;
        }
        is_better
    }

    /// Tries a part for each kind, with the components where their operands come from and where they go to.
    fn try_parts(&mut self, kinds: &[Vec<usize>], parts: &[usize]) {
        let mut lookups = vec![0; self.setting.analysis.lookups.len()];
        for (kind, &part) in kinds.iter().zip(parts) {
            kind.iter().for_each(|&lookup| lookups[lookup] = part);
        }
        let lookups = numbered(&lookups);
        for preference in [Preference::Sources, Preference::Users] {
            let components = homes(self.setting.analysis, &lookups, preference);
            self.try_division(Division { lookups: lookups.clone(), components });
        }
        if self.is_small {
            for components in self.every_home(&lookups) {
                self.try_division(Division { lookups: lookups.clone(), components });
            }
        }
    }

    /// Every choice of a part for each component, where that is not too many.
    fn every_home(&self, lookups: &[usize]) -> Vec<Vec<usize>> {
        let analysis = self.setting.analysis;
        let parts = lookups.iter().max().map_or(1, |most| most + 1);
        let mut homes = vec![Vec::new()];
        for component in 0..analysis.components.len() {
            let tie = analysis.ties.iter().find(|tie| tie.1 == component);
            let choices = tie.map_or(0..parts, |&(lookup, _)| lookups[lookup]..lookups[lookup] + 1);
            let longer = homes.iter().flat_map(|home| {
                let longer = |part| [home.as_slice(), &[part]].concat();
                choices.clone().map(longer)
            });
            homes = longer.collect();
            if homes.len() > MOST_HOMES {
                return Vec::new();
            }
        }
        homes
    }

    /// Moves kinds to other parts, and unites parts, while that is better.
    fn improve(&mut self, kinds: &[Vec<usize>]) -> bool {
        let before = self.best.complete.seconds;
        let part_of = |division: &Division, kind: &[usize]| division.lookups[kind[0]];
        for kind in 0..kinds.len() {
            let parts: Vec<usize> = kinds.iter().map(|kind| part_of(&self.best.division, kind)).collect();
            let count = self.best.instance.parts;
            for part in (0..(count + 1).min(self.setting.max_key_sets)).filter(|&part| part != parts[kind]) {
                let mut parts = parts.clone();
                parts[kind] = part;
                self.try_parts(kinds, &parts);
            }
        }
        let count = self.best.instance.parts;
        for (a, b) in (0..count).flat_map(|b| (0..b).map(move |a| (a, b))) {
            let division = &self.best.division;
            let united = kinds.iter().map(|kind| part_of(division, kind)).map(|p| if p == b { a } else { p });
            let parts: Vec<usize> = united.collect();
            self.try_parts(kinds, &parts);
        }
        self.best.complete.seconds < before
    }

    /// Tries the key of each other part for each component.
    fn improve_homes(&mut self) -> bool {
        let before = self.best.complete.seconds;
        let tied: BTreeSet<usize> =
            self.setting.analysis.ties.iter().map(|&(_, component)| component).collect();
        let classes = component_classes(self.setting.analysis, &self.best.division);
        for class in classes.iter().filter(|class| class.iter().all(|c| !tied.contains(c))) {
            for part in 0..self.best.instance.parts {
                let mut division = self.best.division.clone();
                class.iter().for_each(|&component| division.components[component] = part);
                self.try_division(division);
            }
        }
        self.best.complete.seconds < before
    }

    fn try_division(&mut self, division: Division) {
        if !self.seen.insert(division.clone()) {
            return;
        }
        let instance = Instance::new(self.setting.analysis, &division, self.setting.cost, self.grain);
        let starts = [&self.best, &self.one].map(|from| carry_over(from, &division, &instance));
        let bound = self.best.complete.seconds;
        let complete = with_evaluator(self.setting, &instance, |evaluator| {
            if least_seconds(evaluator) >= bound {
                return None;
            }
            let start = |choice: &Choice| evaluator.complete(choice, f64::INFINITY);
            let starts = starts.iter().filter_map(start).take(if self.is_small { 2 } else { 1 });
            let swept = starts.map(|start| sweep(evaluator, start));
            let promising = swept.filter(|found| found.seconds < bound * PROMISING);
            let found = promising.map(|start| descend(evaluator, start));
            found.min_by(|a, b| a.seconds.total_cmp(&b.seconds))
        });
        if let Some(complete) = complete.filter(|c| c.seconds < self.best.complete.seconds * (1.0 - 1e-9)) {
            self.best = Divided { division, instance, complete };
        }
    }

    fn finish(self) -> Divided {
        exact(self.setting, self.best)
    }
}

/// The same keyswitch for all conversions between the same two keys: the quietest of those chosen.
fn agreed(evaluator: &Evaluator<'_>, mut choice: Choice) -> Choice {
    let conversions = &evaluator.instance.conversions;
    let ends = |i: usize| [conversions[i].from, conversions[i].to].map(|part| choice.parts[part].shape);
    let quietest = |i: usize| {
        let same = (0..conversions.len()).filter(|&j| ends(j) == ends(i));
        same.map(|j| choice.conversions[j]).max().unwrap_or(0)
    };
    let agreed = (0..conversions.len()).map(quietest).collect();
    choice.conversions = agreed;
    choice
}

/// The keys of another division where they are known, those of its first part elsewhere.
fn carry_over(from: &Divided, division: &Division, instance: &Instance) -> Choice {
    let Divided { division: old, instance: old_instance, complete } = from;
    let mut origins: Vec<BTreeMap<usize, usize>> = vec![BTreeMap::new(); instance.parts];
    for (&part, &origin) in division.lookups.iter().zip(&old.lookups) {
        *origins[part].entry(origin).or_default() += 1;
    }
    let origin = |part: &BTreeMap<usize, usize>| {
        part.iter().max_by_key(|(_, count)| **count).map_or(0, |(origin, _)| *origin)
    };
    let origins: Vec<usize> = origins.iter().map(origin).collect();
    let parts = origins.iter().map(|&origin| complete.choice.parts[origin]).collect();
    let conversions = instance.conversions.iter().map(|edge| {
        let ends = (origins[edge.from], origins[edge.to]);
        let known = old_instance.conversions.iter().position(|old| (old.from, old.to) == ends);
        known.map_or(usize::MAX, |i| complete.choice.conversions[i])
    });
    let mut many = vec![u32::MAX; instance.loads.len()];
    for (value, part, load) in instance.looked_up() {
        let old = old_instance.load_of(value, Some(origins[part]));
        let most = instance.loads[load].lookup.map_or(0, |lookup| lookup.most());
        let of_old = old.map_or(0, |old| complete.choice.many[old]);
        many[load] = many[load].min(of_old.min(most));
    }
    many.iter_mut().filter(|many| **many == u32::MAX).for_each(|many| *many = 0);
    Choice { parts, conversions: conversions.collect(), many }
}

/// Which key a component prefers.
#[derive(Clone, Copy)]
pub(super) enum Preference {
    /// That of most results that it uses.
    Sources,
    /// That of most lookups that use it.
    Users,
}

/// A part for each component.
pub(super) fn homes(analysis: &Analysis, lookups: &[usize], preference: Preference) -> Vec<usize> {
    let parts = lookups.iter().max().map_or(1, |most| most + 1);
    let mut sources = vec![vec![0; parts]; analysis.components.len()];
    let mut users = sources.clone();
    for (component, of_component) in analysis.components.iter().enumerate() {
        for &lookup in &of_component.uses {
            sources[component][lookups[lookup]] += analysis.lookups[lookup].count;
        }
    }
    for operand in &analysis.operands {
        if let Place::Component(component) = operand.place {
            for &lookup in &operand.lookups {
                users[component][lookups[lookup]] += operand.count;
            }
        }
    }
    let most = |counts: &[u64]| {
        let all = counts.iter().enumerate().filter(|(_, count)| **count > 0);
        all.max_by_key(|(part, count)| (**count, usize::MAX - part)).map(|(part, _)| part)
    };
    let home = |component: usize| {
        let (first, second) = match preference {
            Preference::Sources => (&sources, &users),
            Preference::Users => (&users, &sources),
        };
        most(&first[component]).or_else(|| most(&second[component])).unwrap_or(0)
    };
    let mut homes: Vec<usize> = (0..analysis.components.len()).map(home).collect();
    analysis.ties.iter().for_each(|&(lookup, component)| homes[component] = lookups[lookup]);
    homes
}

/// Components that the same parts lead to and come from.
fn component_classes(analysis: &Analysis, division: &Division) -> Vec<Vec<usize>> {
    let mut classes: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    let mut users: Vec<BTreeSet<usize>> = vec![BTreeSet::new(); analysis.components.len()];
    for operand in &analysis.operands {
        if let Place::Component(component) = operand.place {
            users[component].extend(operand.lookups.iter().map(|&lookup| division.lookups[lookup]));
        }
    }
    let is_few = analysis.components.len() <= MOST_IN_EVERY_WAY;
    for (component, users) in users.into_iter().enumerate() {
        let uses = &analysis.components[component].uses;
        let sources: BTreeSet<usize> = uses.iter().map(|&lookup| division.lookups[lookup]).collect();
        let alone = is_few.then_some(component);
        classes.entry((alone, sources, users, division.components[component])).or_default().push(component);
    }
    classes.into_values().collect()
}

/// The parts with numbers in the order of their first lookups.
fn numbered(parts: &[usize]) -> Vec<usize> {
    let mut numbers: BTreeMap<usize, usize> = BTreeMap::new();
    let number = |part: &usize| {
        let next = numbers.len();
        *numbers.entry(*part).or_insert(next)
    };
    parts.iter().map(number).collect()
}

/// Every way to divide `count` things into at most `most` parts, but the whole.
fn every_way(count: usize, most: usize) -> Vec<Vec<usize>> {
    let mut ways = vec![vec![0]];
    for _ in 1..count {
        let longer = ways.into_iter().flat_map(|way: Vec<usize>| {
            let parts = way.iter().max().map_or(0, |most| most + 1);
            (0..(parts + 1).min(most)).map(move |part| [way.clone(), vec![part]].concat())
        });
        ways = longer.collect();
    }
    ways.retain(|way| way.iter().any(|&part| part > 0));
    ways
}

/// Lookups that stay together, the easiest kind first.
///
/// As fine as few kinds allow: every lookup, every value that is looked up, or by width and noise, in ever wider steps.
pub(super) fn kinds(analysis: &Analysis, most: usize) -> Vec<Vec<usize>> {
    let mut tied = UnionFind::new(analysis.lookups.len());
    let mut first: BTreeMap<usize, usize> = BTreeMap::new();
    for &(lookup, component) in &analysis.ties {
        tied.union(*first.entry(component).or_insert(lookup), lookup);
    }
    let needs = needs(analysis);
    let operands = |lookup: usize| analysis.operands.iter().position(|o| o.lookups.contains(&lookup));
    let figures: Vec<[f64; 2]> = (0..analysis.lookups.len())
        .map(|lookup| {
            let operand = operands(lookup).map(|operand| &analysis.operands[operand]);
            let norm2: f64 = operand.map_or(0.0, |o| o.terms.iter().map(|term| term.norm2).sum());
            let width = operand.map_or(0.0, |o| f64::from(o.width.0));
            [2.0 * width + norm2.max(1.0).log2() / 16.0, needs[lookup]]
        })
        .collect();
    let grouped = |key: &dyn Fn(usize) -> (i64, i64)| {
        let mut groups: BTreeMap<usize, usize> = BTreeMap::new();
        let mut union = tied.clone();
        let mut of_key: BTreeMap<(i64, i64), usize> = BTreeMap::new();
        for lookup in 0..analysis.lookups.len() {
            let same = *of_key.entry(key(lookup)).or_insert(lookup);
            union.union(same, lookup);
        }
        let mut kinds: Vec<Vec<usize>> = Vec::new();
        for lookup in 0..analysis.lookups.len() {
            let kind = *groups.entry(union.find_mut(lookup)).or_insert_with(|| {
                kinds.push(Vec::new());
                kinds.len() - 1
            });
            kinds[kind].push(lookup);
        }
        kinds
    };
    let steps = [16.0, 4.0, 1.0, 0.5];
    let by_step = steps.map(|step| {
        move |figures: &[f64; 2]| {
            ((figures[0] * step).floor() as i64, (figures[1] * step / 2.0).floor() as i64)
        }
    });
    let mut kinds = grouped(&|lookup| (lookup as i64, 0));
    if kinds.len() > most {
        kinds = grouped(&|lookup| (operands(lookup).unwrap_or(0) as i64, 0));
    }
    for key in by_step {
        if kinds.len() > most {
            kinds = grouped(&|lookup| key(&figures[lookup]));
        }
    }
    if kinds.len() > most {
        kinds = grouped(&|lookup| (figures[lookup][0].floor() as i64, 0));
    }
    if kinds.len() > most {
        kinds = grouped(&|_| (0, 0));
    }
    let hardest =
        |kind: &Vec<usize>| kind.iter().map(|&lookup| figures[lookup][0]).fold(f64::NEG_INFINITY, f64::max);
    kinds.sort_by(|a, b| hardest(a).total_cmp(&hardest(b)));
    kinds
}

/// For each lookup how quiet its result has to be: the greatest `norm2·4^width` of a demand, as a power of two.
fn needs(analysis: &Analysis) -> Vec<f64> {
    let mut needs = vec![0.0; analysis.lookups.len()];
    for looked in analysis.operands.iter().chain(&analysis.outputs) {
        for term in &looked.terms {
            if let Source::Lookups(members) = &term.source {
                let need = term.norm2.log2() + 2.0 * f64::from(looked.width.0);
                members.iter().for_each(|&lookup| needs[lookup] = f64::max(needs[lookup], need));
            }
        }
    }
    needs
}
