//! Trees whose features and leaves are integers.
//!
//! Requires a quantiser of the features with one scale for all or one for each. A test of a feature becomes the test of
//! its integer that is true for the same integers: evaluating the trees on the reals that the integers stand for gives
//! the same leaf. Branches that no integer reaches are dropped.

use crate::model::tree::{Test, Tree, TreeEnsemble, TreeNode};
use cloakwork_abi::processing::Quantiser;
use std::ops::RangeInclusive;

/// Trees on integers from 0.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerEnsemble {
    /// Number of features.
    pub features: usize,
    /// Values of each feature are less than this.
    pub levels: i64,
    /// Length of each leaf.
    pub targets: usize,
    /// The trees; what they reach is added.
    pub trees: Vec<IntegerTree>,
}

/// One tree; node 0 is its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegerTree {
    /// Children come after their parents; each node has one parent.
    pub nodes: Vec<IntegerNode>,
}

/// See [`IntegerTree`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IntegerNode {
    /// Asks whether a feature exceeds a threshold.
    Branch {
        /// Which feature.
        feature: usize,
        /// From 0 to `levels − 2`.
        threshold: i64,
        /// Node where it does not.
        below: usize,
        /// Node where it does.
        above: usize,
    },
    /// What it adds to each target.
    Leaf(Vec<i64>),
}

/// What [`IntegerEnsemble::quantised`] makes: `target = scale · sum + offset`.
#[derive(Clone, Debug, PartialEq)]
pub struct QuantisedTrees {
    /// On the integers of the quantiser less its least.
    pub ensemble: IntegerEnsemble,
    /// One for all targets, so that sums compare as targets do.
    pub scale: f64,
    /// One for each target.
    pub offset: Vec<f64>,
}

/// Leaves of one tree at most.
const MOST_LEAVES: usize = 1 << 16;
/// Branches one below the other at most.
const MOST_DEPTH: usize = 512;

impl IntegerEnsemble {
    /// Trees on the integers of a quantiser, with leaves of so many bits. `Err` says what cannot be.
    pub fn quantised(
        ensemble: &TreeEnsemble,
        quantiser: &Quantiser,
        leaf_bits: u32,
    ) -> Result<QuantisedTrees, String> {
        let targets = ensemble.base.len();
        let leaves = || ensemble.trees.iter().flat_map(|tree| tree.nodes.iter()).filter_map(leaf_of);
        if let Some(leaf) = leaves().find(|leaf| leaf.len() != targets) {
            return Err(format!("a leaf has {} values for {targets} targets", leaf.len()));
        }
        if leaves().flatten().chain(&ensemble.base).any(|value| !value.is_finite()) {
            return Err("a leaf is not a finite number".into());
        }
        let least = |tree: &Tree, target: usize| least_and_greatest(tree, target).0;
        let steps = ((1i64 << leaf_bits) - 1) as f64;
        let extents = ensemble.trees.iter().flat_map(|tree| {
            (0..targets).map(|target| {
                let (least, greatest) = least_and_greatest(tree, target);
                greatest - least
            })
        });
        let extent = extents.fold(0.0, f64::max);
        let scale = if extent > 0.0 { extent / steps } else { 1.0 };
        let mut offset = ensemble.base.clone();
        let mut trees = vec![];
        for tree in &ensemble.trees {
            let least: Vec<f64> = (0..targets).map(|target| least(tree, target)).collect();
            offset.iter_mut().zip(&least).for_each(|(offset, least)| *offset += least);
            let integer = |leaf: &[f64]| {
                leaf.iter()
                    .zip(&least)
                    .map(|(v, least)| ((v - least) / scale).round_ties_even() as i64)
                    .collect()
            };
            let mut simplified =
                Simplified { tree, quantiser, features: ensemble.features, nodes: vec![], leaves: 0 };
            let whole = vec![0..=quantiser.hi - quantiser.lo; ensemble.features];
            simplified.visit(0, &whole, 0, &integer)?;
            trees.push(IntegerTree { nodes: simplified.nodes });
        }
        let levels = quantiser.hi - quantiser.lo + 1;
        let ensemble = Self { features: ensemble.features, levels, targets, trees };
        Ok(QuantisedTrees { ensemble, scale, offset })
    }

    /// The sums for one sample.
    pub fn evaluate(&self, features: &[i64]) -> Vec<i64> {
        let mut sums = vec![0; self.targets];
        for tree in &self.trees {
            let leaf = tree.reach(0, |feature| features[feature]);
            sums.iter_mut().zip(leaf).for_each(|(sum, value)| *sum += value);
        }
        sums
    }

    /// Least and greatest sum of a target, if each tree could reach its leaves without regard to the others.
    pub fn range(&self, target: usize) -> (i64, i64) {
        let ranges = self.trees.iter().map(|tree| {
            let values = || tree.leaves().map(|leaf| leaf[target]);
            (values().min().unwrap_or(0), values().max().unwrap_or(0))
        });
        ranges.fold((0, 0), |(lo, hi), (least, greatest)| (lo + least, hi + greatest))
    }

    /// The features that are asked for, ascending.
    pub fn used_features(&self) -> Vec<usize> {
        let branches = self.trees.iter().flat_map(|tree| &tree.nodes).filter_map(|node| match node {
            IntegerNode::Branch { feature, .. } => Some(*feature),
            IntegerNode::Leaf(_) => None,
        });
        let used: std::collections::BTreeSet<usize> = branches.collect();
        used.into_iter().collect()
    }
}

impl IntegerTree {
    /// The leaf below a node.
    pub(crate) fn reach(&self, mut at: usize, value: impl Fn(usize) -> i64) -> &[i64] {
        loop {
            match &self.nodes[at] {
                IntegerNode::Leaf(values) => return values,
                IntegerNode::Branch { feature, threshold, below, above } => {
                    at = if value(*feature) > *threshold { *above } else { *below };
                }
            }
        }
    }

    /// Its leaves.
    pub(crate) fn leaves(&self) -> impl Iterator<Item = &[i64]> {
        self.nodes.iter().filter_map(|node| match node {
            IntegerNode::Leaf(values) => Some(values.as_slice()),
            IntegerNode::Branch { .. } => None,
        })
    }
}

fn leaf_of(node: &TreeNode) -> Option<&Vec<f64>> {
    match node {
        TreeNode::Leaf(values) => Some(values),
        TreeNode::Branch { .. } => None,
    }
}

fn least_and_greatest(tree: &Tree, target: usize) -> (f64, f64) {
    let values = || tree.nodes.iter().filter_map(leaf_of).map(|leaf| leaf[target]);
    let (least, greatest) =
        (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if least > greatest { (0.0, 0.0) } else { (least, greatest) }
}

/// A tree on its way from reals to integers.
struct Simplified<'t> {
    tree: &'t Tree,
    quantiser: &'t Quantiser,
    features: usize,
    nodes: Vec<IntegerNode>,
    leaves: usize,
}

/// Integers that a feature has at a node.
type Interval = RangeInclusive<i64>;

impl Simplified<'_> {
    /// Appends what a node becomes where features lie in these intervals.
    fn visit(
        &mut self,
        at: usize,
        intervals: &[Interval],
        depth: usize,
        integer: &dyn Fn(&[f64]) -> Vec<i64>,
    ) -> Result<(), String> {
        if depth > MOST_DEPTH {
            return Err(format!("a tree has more than {MOST_DEPTH} branches one below the other"));
        }
        let node = self.tree.nodes.get(at).ok_or_else(|| format!("a tree has no node {at}"))?;
        let (feature, threshold, test, then, otherwise) = match node {
            TreeNode::Leaf(values) => {
                self.leaves += 1;
                if self.leaves > MOST_LEAVES {
                    return Err(format!("a tree has more than {MOST_LEAVES} leaves"));
                }
                self.nodes.push(IntegerNode::Leaf(integer(values)));
                return Ok(());
            }
            TreeNode::Branch { feature, threshold, test, then, otherwise } => {
                (*feature, *threshold, *test, *then, *otherwise)
            }
        };
        if feature >= self.features {
            return Err(format!("a branch asks feature {feature} of {}", self.features));
        }
        let (not_above, below) = self.thresholds(feature, threshold);
        // The integers for which the answer is yes are those up to `not_above` without those up to `except`.
        match test {
            Test::LessOrEqual => {
                self.branch(feature, not_above, (then, otherwise), intervals, depth, integer)
            }
            Test::Less => self.branch(feature, below, (then, otherwise), intervals, depth, integer),
            Test::GreaterOrEqual => self.branch(feature, below, (otherwise, then), intervals, depth, integer),
            Test::Greater => self.branch(feature, not_above, (otherwise, then), intervals, depth, integer),
            Test::Equal | Test::NotEqual => {
                let (equal, other) = if test == Test::Equal { (then, otherwise) } else { (otherwise, then) };
                if below == not_above {
                    return self.visit(other, intervals, depth + 1, integer);
                }
                let here = &intervals[feature];
                let inner = |range: Interval| {
                    let mut intervals = intervals.to_vec();
                    intervals[feature] = range;
                    intervals
                };
                let least = (*here.start()).max(below + 1);
                if below < *here.start() {
                    return self.branch(feature, not_above, (equal, other), intervals, depth, integer);
                }
                if below >= *here.end() {
                    return self.visit(other, intervals, depth + 1, integer);
                }
                let parent = self.open(feature, below);
                self.visit(other, &inner(*here.start()..=below), depth + 1, integer)?;
                let child = self.nodes.len();
                let rest = inner(least..=*here.end());
                self.branch(feature, not_above, (equal, other), &rest, depth + 1, integer)?;
                self.close(parent, child);
                Ok(())
            }
        }
    }

    /// Appends a branch, or one of its sides where the other is never taken.
    fn branch(
        &mut self,
        feature: usize,
        threshold: i64,
        (low, high): (usize, usize),
        intervals: &[Interval],
        depth: usize,
        integer: &dyn Fn(&[f64]) -> Vec<i64>,
    ) -> Result<(), String> {
        let here = &intervals[feature];
        if threshold < *here.start() {
            return self.visit(high, intervals, depth + 1, integer);
        }
        if threshold >= *here.end() {
            return self.visit(low, intervals, depth + 1, integer);
        }
        let inner = |range: Interval| {
            let mut intervals = intervals.to_vec();
            intervals[feature] = range;
            intervals
        };
        let (lows, highs) = (inner(*here.start()..=threshold), inner(threshold + 1..=*here.end()));
        let parent = self.open(feature, threshold);
        self.visit(low, &lows, depth + 1, integer)?;
        let child = self.nodes.len();
        self.visit(high, &highs, depth + 1, integer)?;
        self.close(parent, child);
        Ok(())
    }

    fn open(&mut self, feature: usize, threshold: i64) -> usize {
        let parent = self.nodes.len();
        self.nodes.push(IntegerNode::Branch { feature, threshold, below: parent + 1, above: parent + 1 });
        parent
    }

    /// Completes a branch whose upper child begins there; equal leaves on both sides make a leaf of it.
    fn close(&mut self, parent: usize, child: usize) {
        if child == parent + 2
            && self.nodes.len() == parent + 3
            && self.nodes[parent + 1] == self.nodes[child]
        {
            let is_leaf = matches!(self.nodes[child], IntegerNode::Leaf(_));
            if is_leaf {
                let leaf = self.nodes.swap_remove(child);
                self.nodes.truncate(parent);
                self.nodes.push(leaf);
                return;
            }
        }
        if let IntegerNode::Branch { above, .. } = &mut self.nodes[parent] {
            *above = child;
        }
    }

    /// The greatest integers, counted from 0, that stand for reals up to a threshold, and below it.
    fn thresholds(&self, feature: usize, threshold: f64) -> (i64, i64) {
        let Quantiser { scale, zero_point, lo, hi, .. } = self.quantiser;
        let of = |numbers: usize| if numbers == 1 { 0 } else { feature };
        let (scale, zero) = (scale[of(scale.len())], zero_point[of(zero_point.len())]);
        let real = |integer: i64| scale * (integer - zero) as f64;
        let guess = (threshold / scale).floor() + zero as f64;
        let guess = (guess.clamp(*lo as f64 - 1.0, *hi as f64)) as i64;
        let mut not_above = guess;
        while not_above < *hi && real(not_above + 1) <= threshold {
            not_above += 1;
        }
        while not_above >= *lo && real(not_above) > threshold {
            not_above -= 1;
        }
        let below = match not_above >= *lo && real(not_above) == threshold {
            true => not_above - 1,
            false => not_above,
        };
        (not_above - lo, below - lo)
    }
}
