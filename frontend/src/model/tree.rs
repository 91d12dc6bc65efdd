//! Ensembles of decision trees.

use super::shape::{ShapeError, fail};

/// Trees whose leaves add to the targets.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeEnsemble {
    /// Number of features.
    pub features: usize,
    /// Added to the sums, one for each target.
    pub base: Vec<f64>,
    /// The trees.
    pub trees: Vec<Tree>,
}

/// One tree; node 0 is its root.
#[derive(Clone, Debug, PartialEq)]
pub struct Tree {
    /// Nodes; children come after their parents.
    pub nodes: Vec<TreeNode>,
}

/// See [`Tree`].
#[derive(Clone, Debug, PartialEq)]
pub enum TreeNode {
    /// Asks one feature.
    Branch {
        /// Which feature.
        feature: usize,
        /// What it is compared with.
        threshold: f64,
        /// How.
        test: Test,
        /// Node where the answer is yes.
        then: usize,
        /// Node where it is no.
        otherwise: usize,
    },
    /// What it adds to each target.
    Leaf(Vec<f64>),
}

/// `feature test threshold`
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Test {
    /// `≤`
    LessOrEqual,
    /// `<`
    Less,
    /// `≥`
    GreaterOrEqual,
    /// `>`
    Greater,
    /// `=`
    Equal,
    /// `≠`
    NotEqual,
}

impl TreeEnsemble {
    /// The sums for one sample: `base + Σ leaves`.
    pub fn evaluate(&self, features: &[f64]) -> Vec<f64> {
        let mut sums = self.base.clone();
        for tree in &self.trees {
            for (sum, value) in sums.iter_mut().zip(tree.leaf(features)) {
                *sum += value;
            }
        }
        sums
    }

    /// Whether every node, feature and leaf is as it must be.
    pub fn check(&self) -> Result<(), ShapeError> {
        for (number, tree) in self.trees.iter().enumerate() {
            if tree.nodes.is_empty() {
                return fail(format!("tree {number} without nodes"), "every tree has a root");
            }
            for (i, node) in tree.nodes.iter().enumerate() {
                match node {
                    TreeNode::Branch { feature, threshold, then, otherwise, .. } => {
                        if *feature >= self.features || threshold.is_nan() {
                            return fail(
                                format!("tree {number} asks whether feature {feature} is beyond {threshold}"),
                                format!("one of {} features and a number", self.features),
                            );
                        }
                        let follows = |child: &usize| *child > i && *child < tree.nodes.len();
                        if !follows(then) || !follows(otherwise) {
                            return fail(
                                format!("node {i} of tree {number} leads to nodes {then} and {otherwise}"),
                                format!("nodes after it, of which there are {}", tree.nodes.len()),
                            );
                        }
                    }
                    TreeNode::Leaf(values) => {
                        if values.len() != self.base.len() || values.iter().any(|value| !value.is_finite()) {
                            return fail(
                                format!("a leaf of tree {number} with values {values:?}"),
                                format!("one finite number for each of {} targets", self.base.len()),
                            );
                        }
                    }
                }
            }
        }
        match self.base.iter().find(|value| !value.is_finite()) {
            Some(value) => fail(format!("a base value {value}"), "finite numbers"),
            None => Ok(()),
        }
    }
}

impl Tree {
    /// The values of the leaf that a sample reaches.
    pub fn leaf(&self, features: &[f64]) -> &[f64] {
        let mut at = 0;
        loop {
            match &self.nodes[at] {
                TreeNode::Leaf(values) => return values,
                TreeNode::Branch { feature, threshold, test, then, otherwise } => {
                    at = if test.holds(features[*feature], *threshold) { *then } else { *otherwise };
                }
            }
        }
    }
}

impl Test {
    /// Whether it holds.
    pub fn holds(self, feature: f64, threshold: f64) -> bool {
        match self {
            Self::LessOrEqual => feature <= threshold,
            Self::Less => feature < threshold,
            Self::GreaterOrEqual => feature >= threshold,
            Self::Greater => feature > threshold,
            Self::Equal => feature == threshold,
            Self::NotEqual => feature != threshold,
        }
    }
}
