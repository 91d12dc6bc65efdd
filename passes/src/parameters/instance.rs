//! A program whose lookups are divided among key sets, as sums over what each key set will be.
//!
//! A part is a key set: a GLWE key, a small key, a bootstrap key. Each lookup belongs to a part, and each
//! component of linear operations has the GLWE key of a part.

use crate::parameters::cost::CostModel;
use crate::parameters::demand::{Analysis, Demand, DemandKind, Looked, Place, Source, Term};
use crate::parameters::work::Work;
use cloakwork_abi::parameters::Width;
use std::collections::BTreeMap;

/// Which part each lookup belongs to, and whose key each component has.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Division {
    pub lookups: Vec<usize>,
    pub components: Vec<usize>,
}

/// How much the noise of demands may differ that are taken together; the greater counts for both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Grain {
    /// Not at all.
    Exact,
    /// Factors may differ by a part of an octave.
    Octave(u32),
}

/// See the header of this file.
#[derive(Clone, Debug)]
pub(super) struct Instance {
    pub parts: usize,
    /// Ciphertexts that are added under the GLWE key of each part.
    pub additions: Vec<f64>,
    pub loads: Vec<Load>,
    /// The load of each value that a part looks up, or that is decrypted; operands come before outputs.
    of_value: BTreeMap<LookedBy, usize>,
    /// Keyswitches to small keys.
    pub edges: Vec<Edge>,
    /// Keyswitches to GLWE keys.
    pub conversions: Vec<Edge>,
    /// For each family of inputs that results are fed to: what may be fed.
    pub fed: Vec<Vec<Noise>>,
}

/// Keyswitches from the GLWE key of one part to a key of another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Edge {
    pub from: usize,
    pub to: usize,
    pub work: Work,
}

/// A sum of variances.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Noise {
    /// The part whose GLWE key it is under.
    pub key: usize,
    /// Factor of the variance of a fresh encryption.
    pub fresh: f64,
    /// Factors of the variances of inputs that results are fed to.
    pub fed: Vec<(usize, f64)>,
    /// Factors of the variances of lookups: the noisiest of the parts whose bits are set.
    pub lookups: Vec<(u64, f64)>,
}

/// Equal demands.
#[derive(Clone, Debug)]
pub(super) struct Load {
    pub demand: Demand,
    pub noise: Noise,
    /// For lookups.
    pub lookup: Option<LookupLoad>,
}

/// What the lookups of a load have beyond their noise.
#[derive(Clone, Copy, Debug)]
pub(super) struct LookupLoad {
    pub part: usize,
    /// Position of the keyswitch.
    pub edge: usize,
    /// Lookups of each value.
    pub sharing: u64,
    /// Values.
    pub work: Work,
}

impl Load {
    /// Whether `other` keeps to every limit that this one keeps to, whatever the keys.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let kind = |load: &Self| {
            let lookup = load.lookup.map(|lookup| (lookup.part, lookup.edge));
            (load.demand.kind, load.noise.key, lookup)
        };
        // Those that may share a bootstrap may also do it differently.
        let is_alone = |load: &Self| load.lookup.is_none_or(|lookup| lookup.sharing == 1);
        kind(self) == kind(other)
            && is_alone(self)
            && is_alone(other)
            && self.demand.width >= other.demand.width
            && self.noise.covers(&other.noise)
    }
}

impl Load {
    /// How many of them fail or not on their own, where a bootstrap does up to `2^many` lookups: those that share one
    /// fail together.
    pub(super) fn events(&self, many: u32) -> u64 {
        let count = self.demand.count;
        self.lookup.map_or(count, |lookup| count / lookup.sharing * lookup.bootstraps(many))
    }
}

impl LookupLoad {
    /// Bootstraps of each value, where one does up to `2^many` lookups.
    pub(super) fn bootstraps(&self, many: u32) -> u64 {
        self.sharing.div_ceil(1 << many)
    }

    /// The greatest `many` that is of use.
    pub(super) fn most(&self) -> u32 {
        self.sharing.next_power_of_two().trailing_zeros().min(3)
    }
}

impl Instance {
    pub(super) fn new(analysis: &Analysis, division: &Division, cost: &CostModel, grain: Grain) -> Self {
        let all = division.lookups.iter().chain(&division.components);
        let parts = all.max().map_or(1, |most| most + 1);
        let mut additions = vec![0.0; parts];
        let mut conversions: BTreeMap<(usize, usize), Work> = BTreeMap::new();
        for (component, &home) in analysis.components.iter().zip(&division.components) {
            additions[home] += component.additions as f64;
            let foreign = component.uses.iter().filter(|&&lookup| division.lookups[lookup] != home);
            for &lookup in foreign {
                let work = conversions.entry((division.lookups[lookup], home)).or_default();
                *work += Work::call(analysis.lookups[lookup].count, cost);
            }
        }
        let mut edges: BTreeMap<(usize, usize), Work> = BTreeMap::new();
        let mut loads: BTreeMap<LoadKey, (Load, Vec<LookedBy>)> = BTreeMap::new();
        for (position, looked) in analysis.operands.iter().chain(&analysis.outputs).enumerate() {
            let noise = noise(looked.place, &looked.terms, division);
            for (part, sharing) in sharing(looked, division) {
                let work = Work::call(looked.count, cost);
                if let Some(part) = part {
                    *edges.entry((noise.key, part)).or_default() += work;
                }
                let key = LoadKey::new(looked, &noise, (part, sharing), grain);
                let (load, values) = loads.entry(key).or_insert_with(|| {
                    let lookup =
                        part.map(|part| LookupLoad { part, edge: 0, sharing, work: Work::default() });
                    (Load { demand: demand(looked, analysis), noise: noise.clone(), lookup }, Vec::new())
                });
                load.demand.count += looked.count * sharing;
                load.noise.raise(&noise);
                if let Some(lookup) = &mut load.lookup {
                    lookup.work += work;
                }
                values.push((position, part));
            }
        }
        let position = |from, to| edges.keys().position(|&ends| ends == (from, to));
        let (mut loads, values): (Vec<Load>, Vec<_>) = loads.into_values().unzip();
        let pairs = |(load, values): (usize, Vec<_>)| values.into_iter().map(move |value| (value, load));
        let of_value = values.into_iter().enumerate().flat_map(pairs).collect();
        for load in &mut loads {
            if let Some(lookup) = &mut load.lookup {
                lookup.edge = position(load.noise.key, lookup.part).unwrap_or(0);
            }
        }
        let fed = |feeds: &Vec<(Place, Vec<Term>)>| {
            feeds.iter().map(|(place, terms)| noise(*place, terms, division)).collect()
        };
        let list = |edges: BTreeMap<(usize, usize), Work>| {
            edges.into_iter().map(|((from, to), work)| Edge { from, to, work }).collect()
        };
        Self {
            parts,
            additions,
            loads,
            of_value,
            fed: analysis.fed.iter().map(fed).collect(),
            edges: list(edges),
            conversions: list(conversions),
        }
    }

    /// Position of the load of a value that a part looks up, or that is decrypted; values are numbered as
    /// [`Analysis::operands`], those that are decrypted behind them.
    pub(super) fn load_of(&self, value: usize, part: Option<usize>) -> Option<usize> {
        self.of_value.get(&(value, part)).copied()
    }

    /// Values that parts look up or that are decrypted, with their loads.
    pub(super) fn values(&self) -> impl Iterator<Item = (usize, Option<usize>, usize)> {
        self.of_value.iter().map(|(&(value, part), &load)| (value, part, load))
    }

    /// Values that parts look up, with their loads.
    pub(super) fn looked_up(&self) -> impl Iterator<Item = (usize, usize, usize)> {
        self.values().filter_map(|(value, part, load)| Some((value, part?, load)))
    }
}

impl Noise {
    /// Whether each factor is at least that of `other`.
    fn covers(&self, other: &Self) -> bool {
        fn cover<K: PartialEq>(more: &[(K, f64)], less: &[(K, f64)]) -> bool {
            less.iter().all(|(key, factor)| more.iter().any(|(k, most)| k == key && most >= factor))
        }
        self.fresh >= other.fresh && cover(&self.fed, &other.fed) && cover(&self.lookups, &other.lookups)
    }

    /// Takes each factor from where it is greater.
    fn raise(&mut self, other: &Self) {
        self.fresh = self.fresh.max(other.fresh);
        self.fed.iter_mut().zip(&other.fed).for_each(|(a, b)| a.1 = a.1.max(b.1));
        self.lookups.iter_mut().zip(&other.lookups).for_each(|(a, b)| a.1 = a.1.max(b.1));
    }
}

/// A value, and the part that looks it up unless it is decrypted.
type LookedBy = (usize, Option<usize>);

/// What loads are told apart by; factors by a number.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct LoadKey {
    kind: DemandKind,
    width: Width,
    key: usize,
    part: (Option<usize>, u64),
    fresh: i64,
    fed: Vec<(usize, i64)>,
    lookups: Vec<(u64, i64)>,
}

impl LoadKey {
    fn new(looked: &Looked, noise: &Noise, part: (Option<usize>, u64), grain: Grain) -> Self {
        let number = |factor: f64| match grain {
            Grain::Exact => factor.to_bits() as i64,
            Grain::Octave(parts) => (factor.log2() * f64::from(parts)).ceil() as i64,
        };
        Self {
            kind: looked.kind,
            width: looked.width,
            key: noise.key,
            part,
            fresh: number(noise.fresh),
            fed: noise.fed.iter().map(|&(i, factor)| (i, number(factor))).collect(),
            lookups: noise.lookups.iter().map(|&(mask, factor)| (mask, number(factor))).collect(),
        }
    }
}

/// How many lookups of a value each part does; `None` is decryption.
pub(super) fn sharing(looked: &Looked, division: &Division) -> Vec<(Option<usize>, u64)> {
    match looked.kind {
        DemandKind::Output => vec![(None, 1)],
        DemandKind::Lookup => {
            let mut counts: BTreeMap<usize, u64> = BTreeMap::new();
            for &lookup in &looked.lookups {
                *counts.entry(division.lookups[lookup]).or_default() += 1;
            }
            counts.into_iter().map(|(part, count)| (Some(part), count)).collect()
        }
    }
}

/// The part whose GLWE key the values of a place are under.
pub(super) fn key_of(place: Place, division: &Division) -> usize {
    match place {
        Place::Component(component) => division.components[component],
        Place::Lookup(lookup) => division.lookups[lookup],
    }
}

fn noise(place: Place, terms: &[Term], division: &Division) -> Noise {
    let mut noise = Noise { key: key_of(place, division), ..Noise::default() };
    let mut lookups: BTreeMap<u64, f64> = BTreeMap::new();
    for term in terms {
        match &term.source {
            Source::Fresh => noise.fresh += term.norm2,
            Source::Fed(i) => noise.fed.push((*i, term.norm2)),
            Source::Lookups(members) => {
                let mask = members.iter().fold(0, |mask, &lookup| mask | 1 << division.lookups[lookup]);
                *lookups.entry(mask).or_default() += term.norm2;
            }
        }
    }
    noise.lookups = lookups.into_iter().collect();
    noise
}

/// The demand as it is told; what inputs are fed counts with the results that it is made of.
fn demand(looked: &Looked, analysis: &Analysis) -> Demand {
    let Looked { kind, width, .. } = *looked;
    let (fresh, bootstrap) = norms(&looked.terms, analysis, analysis.fed.len());
    Demand { kind, width, fresh, bootstrap, count: 0, label: looked.label.clone() }
}

fn norms(terms: &[Term], analysis: &Analysis, depth: usize) -> (f64, f64) {
    terms.iter().fold((0.0, 0.0), |(fresh, bootstrap), term| match term.source {
        Source::Fresh => (fresh + term.norm2, bootstrap),
        Source::Lookups(_) => (fresh, bootstrap + term.norm2),
        Source::Fed(i) => {
            let feeds = analysis.fed[i].iter().map(|(_, terms)| match depth {
                0 => (1.0, 0.0),
                _ => norms(terms, analysis, depth - 1),
            });
            let most = feeds.max_by(|a, b| (a.0 + a.1).total_cmp(&(b.0 + b.1))).unwrap_or((1.0, 0.0));
            (fresh + term.norm2 * most.0, bootstrap + term.norm2 * most.1)
        }
    })
}
