//! How a tree is cut into lookups.
//!
//! A unit is a node of a tree with everything below. Its integer is `code + M · mismatches`: the code tells how the
//! features compare with the thresholds below the node, `mismatches` counts the features that are not where the path to
//! the node needs them. One lookup gives what the unit adds to each target: the leaf less the base of the tree, or 0.
//! All leaves of a tree but those equal to its base belong to one unit, so the sum over the units is exact. A unit that
//! depends on one feature is a sum of its bits and needs no lookup.

use super::integers::{IntegerEnsemble, IntegerNode, IntegerTree};
use std::collections::{BTreeMap, BTreeSet};

/// A tree as units.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    pub units: Vec<Unit>,
    /// What each target has before any unit adds to it.
    pub base: Vec<i64>,
}

/// One integer and what it is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Unit {
    /// `Σ weight · bit + constant`, from 0 on.
    pub terms: Vec<(Bit, i64)>,
    pub constant: i64,
    /// For each target, for each value of the integer.
    pub tables: Vec<Vec<i64>>,
    /// Whether it depends on one feature only: the integer then counts the bits that are 1.
    pub is_linear: bool,
}

/// Whether a feature exceeds a threshold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bit {
    pub feature: usize,
    pub threshold: i64,
}

/// What lookups of an integer of so many bits cost, relative to each other, where each has parameters of its own.
const COSTS: [f64; 9] = [0.0, 3.5, 4.7, 5.1, 5.7, 6.9, 15.0, 32.0, 79.0];
/// How each further bit multiplies it.
const GROWTH: f64 = 2.3;
/// Leaves that are tried as the base of a tree.
const MOST_BASES: usize = 16;
/// Features of which it is tried whether they are part of the code or of the mismatches.
const MOST_SHARED: usize = 6;

/// Cuts a tree into units of at most so many bits, where leaves allow it.
pub(super) fn cut(ensemble: &IntegerEnsemble, tree: &IntegerTree, most_bits: u32) -> Cut {
    let mut count: BTreeMap<&[i64], usize> = BTreeMap::new();
    tree.leaves().for_each(|leaf| *count.entry(leaf).or_default() += 1);
    let mut bases: Vec<(&[i64], usize)> = count.into_iter().collect();
    bases.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
    let cuts = bases.iter().take(MOST_BASES).map(|(base, _)| {
        let cutter = Cutter { ensemble, tree, base, most: 1 << most_bits };
        let (cost, units) = cutter.cut(0, &BTreeMap::new());
        (cost, Cut { units, base: base.to_vec() })
    });
    cuts.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, cut)| cut).unwrap_or_default()
}

/// What the lookups of a unit cost.
pub(super) fn cost(values: usize, targets: usize) -> f64 {
    let of_bits = |bits: u32| match COSTS.get(bits as usize) {
        Some(cost) => *cost,
        None => COSTS[8] * GROWTH.powi(bits as i32 - 8),
    };
    let (bits, more) = (bits_of(values), bits_of(targets.max(1)));
    (targets as f64 * of_bits(bits)).min(of_bits(bits + more))
}

/// Bits of an integer with so many values.
pub(super) fn bits_of(values: usize) -> u32 {
    usize::BITS - values.saturating_sub(1).leading_zeros()
}

/// What the path to a node says of a feature: more than the first, at most the second threshold.
type Bounds = (Option<i64>, Option<i64>);
type Path = BTreeMap<usize, Bounds>;

struct Cutter<'t> {
    ensemble: &'t IntegerEnsemble,
    tree: &'t IntegerTree,
    base: &'t [i64],
    most: usize,
}

impl Cutter<'_> {
    /// The cheapest units of what is below a node.
    fn cut(&self, node: usize, path: &Path) -> (f64, Vec<Unit>) {
        let mut thresholds: BTreeMap<usize, BTreeSet<i64>> = BTreeMap::new();
        if !self.survey(node, &mut thresholds) {
            return (0.0, vec![]);
        }
        let whole = self.plan(node, path, &thresholds);
        let IntegerNode::Branch { feature, threshold, below, above } = self.tree.nodes[node] else {
            let plan = whole.expect("a leaf always is a unit");
            return (plan.cost, vec![self.unit(node, &plan)]);
        };
        if let Some(plan) = whole.as_ref().filter(|plan| plan.is_linear) {
            return (0.0, vec![self.unit(node, plan)]);
        }
        let with = |change: &dyn Fn(&mut Bounds)| {
            let mut path = path.clone();
            change(path.entry(feature).or_default());
            path
        };
        let (low, mut units) = self.cut(below, &with(&|bounds| bounds.1 = Some(threshold)));
        let (high, more) = self.cut(above, &with(&|bounds| bounds.0 = Some(threshold)));
        units.extend(more);
        match whole {
            Some(plan) if plan.cost <= low + high => (plan.cost, vec![self.unit(node, &plan)]),
            _ => (low + high, units),
        }
    }

    /// The thresholds below a node, and whether any leaf there differs from the base.
    fn survey(&self, node: usize, thresholds: &mut BTreeMap<usize, BTreeSet<i64>>) -> bool {
        match &self.tree.nodes[node] {
            IntegerNode::Leaf(values) => values != self.base,
            IntegerNode::Branch { feature, threshold, below, above } => {
                thresholds.entry(*feature).or_default().insert(*threshold);
                let low = self.survey(*below, thresholds);
                self.survey(*above, thresholds) || low
            }
        }
    }

    /// How a node would be a unit; `None` where that has too many values.
    fn plan(&self, node: usize, path: &Path, below: &BTreeMap<usize, BTreeSet<i64>>) -> Option<Plan> {
        let shared: Vec<usize> =
            path.keys().filter(|feature| below.contains_key(feature)).copied().take(MOST_SHARED).collect();
        let features: BTreeSet<usize> = path.keys().chain(below.keys()).copied().collect();
        let is_linear = features.len() <= 1;
        let mut best: Option<Plan> = None;
        for choice in 0..1usize << shared.len() {
            let mut digits: BTreeMap<usize, BTreeSet<i64>> = below.clone();
            let mut matched = path.clone();
            for (i, feature) in shared.iter().enumerate() {
                if choice >> i & 1 == 1 {
                    let (more, at_most) = matched.remove(feature).unwrap_or_default();
                    digits.entry(*feature).or_default().extend(more.into_iter().chain(at_most));
                }
            }
            if is_linear {
                for (feature, (more, at_most)) in std::mem::take(&mut matched) {
                    digits.entry(feature).or_default().extend(more.into_iter().chain(at_most));
                }
            }
            let codes = digits
                .values()
                .try_fold(1usize, |product, thresholds| product.checked_mul(thresholds.len() + 1));
            let Some(values) = codes.and_then(|codes| codes.checked_mul(matched.len() + 1)) else { continue };
            let is_leaf = below.is_empty();
            if values > self.most && !is_leaf && !is_linear {
                continue;
            }
            if best.as_ref().is_none_or(|best| values < best.values) {
                let cost = if is_linear { 0.0 } else { cost(values, self.targets_below(node)) };
                best = Some(Plan { digits, matched, path: path.clone(), values, cost, is_linear });
            }
        }
        best
    }

    /// Targets to which the leaves below a node add something.
    fn targets_below(&self, node: usize) -> usize {
        let mut differs = vec![false; self.ensemble.targets];
        let mut open = vec![node];
        while let Some(node) = open.pop() {
            match &self.tree.nodes[node] {
                IntegerNode::Leaf(values) => {
                    differs.iter_mut().zip(values.iter().zip(self.base)).for_each(|(d, (v, b))| *d |= v != b);
                }
                IntegerNode::Branch { below, above, .. } => open.extend([*below, *above]),
            }
        }
        differs.into_iter().filter(|differs| *differs).count()
    }

    fn unit(&self, node: usize, plan: &Plan) -> Unit {
        let (mut terms, mut place) = (BTreeMap::<Bit, i64>::new(), 1);
        let mut digits = vec![];
        for (&feature, thresholds) in &plan.digits {
            for &threshold in thresholds {
                *terms.entry(Bit { feature, threshold }).or_default() += place;
            }
            let thresholds: Vec<i64> = thresholds.iter().copied().collect();
            place *= thresholds.len() as i64 + 1;
            digits.push((feature, thresholds));
        }
        let (codes, mut constant) = (place, 0);
        for (&feature, &(more, at_most)) in &plan.matched {
            if let Some(threshold) = more {
                constant += codes;
                *terms.entry(Bit { feature, threshold }).or_default() -= codes;
            }
            if let Some(threshold) = at_most {
                *terms.entry(Bit { feature, threshold }).or_default() += codes;
            }
        }
        let mut tables = vec![vec![0; plan.values]; self.ensemble.targets];
        for code in 0..codes {
            let (mut rest, mut values) = (code as usize, BTreeMap::new());
            for (feature, thresholds) in &digits {
                let digit = rest % (thresholds.len() + 1);
                rest /= thresholds.len() + 1;
                // Any value of that digit: it compares alike with all thresholds there are.
                values.insert(*feature, if digit == 0 { thresholds[0] } else { thresholds[digit - 1] + 1 });
            }
            let is_on_path = plan.path.iter().all(|(feature, (more, at_most))| {
                values.get(feature).is_none_or(|value| {
                    more.is_none_or(|more| *value > more) && at_most.is_none_or(|most| *value <= most)
                })
            });
            if is_on_path {
                let leaf = self.tree.reach(node, |feature| values.get(&feature).copied().unwrap_or(0));
                for (table, (value, base)) in tables.iter_mut().zip(leaf.iter().zip(self.base)) {
                    table[code as usize] = value - base;
                }
            }
        }
        let terms = terms.into_iter().filter(|(_, weight)| *weight != 0).collect();
        Unit { terms, constant, tables, is_linear: plan.is_linear }
    }
}

/// A way to make a unit of a node.
struct Plan {
    /// Thresholds that the code tells apart, by feature.
    digits: BTreeMap<usize, BTreeSet<i64>>,
    /// What the mismatches are counted of.
    matched: Path,
    path: Path,
    values: usize,
    cost: f64,
    is_linear: bool,
}
