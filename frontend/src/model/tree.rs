//! Ensembles of decision trees.

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
