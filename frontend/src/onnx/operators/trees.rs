//! Ensembles of trees, in both ways that `ai.onnx.ml` stores them.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::Kind;
use super::linear_models::{Single, Transform, classify, labels};
use crate::model::ValueId;
use crate::model::op::ModelOp;
use crate::model::tree::{Test, Tree, TreeEnsemble, TreeNode};
use std::collections::{BTreeMap, BTreeSet};

pub(super) fn regressor(node: &mut Node<'_>) -> Imported {
    let transform = Transform::of(&node.text("post_transform", "NONE"))?;
    let targets = usize::try_from(node.int("n_targets", 1)).unwrap_or(0);
    let aggregate = node.text("aggregate_function", "SUM");
    let leaves = Leaves {
        trees: node.ints("target_treeids").unwrap_or_default(),
        nodes: node.ints("target_nodeids").unwrap_or_default(),
        targets: node.ints("target_ids").unwrap_or_default(),
        weights: numbers(node, "target_weights", "target_weights_as_tensor")?,
    };
    let ensemble = stored_by_node(node, leaves, targets)?;
    let id = sums(node, averaged(ensemble, &aggregate)?)?;
    let id = transform.apply(node, id)?;
    result(id, Kind::Real)
}

pub(super) fn classifier(node: &mut Node<'_>) -> Imported {
    let transform = Transform::of(&node.text("post_transform", "NONE"))?;
    let labels = labels(node)?;
    let mut leaves = Leaves {
        trees: node.ints("class_treeids").unwrap_or_default(),
        nodes: node.ints("class_nodeids").unwrap_or_default(),
        targets: node.ints("class_ids").unwrap_or_default(),
        weights: numbers(node, "class_weights", "class_weights_as_tensor")?,
    };
    let classes: BTreeSet<i64> = leaves.targets.iter().copied().collect();
    // Of two classes only one may have weights: a single score.
    let is_single = labels.count() == 2 && classes.len() == 1;
    let single = match is_single && leaves.weights.iter().all(|weight| *weight >= 0.0) {
        true => Single::Share,
        false => Single::Distance,
    };
    if is_single {
        leaves.targets.fill(0);
    }
    let targets = if is_single { 1 } else { labels.count() };
    let ensemble = stored_by_node(node, leaves, targets)?;
    let scores = sums(node, ensemble)?;
    classify(node, scores, labels, transform, single)
}

fn sums(node: &mut Node<'_>, ensemble: TreeEnsemble) -> Result<ValueId, Refusal> {
    let x = node.input(0)?;
    Ok(node.builder.push(ModelOp::Trees(ensemble), &[x.id])?)
}

fn averaged(mut ensemble: TreeEnsemble, aggregate: &str) -> Result<TreeEnsemble, Refusal> {
    match aggregate {
        "SUM" => {}
        "AVERAGE" => {
            let count = ensemble.trees.len().max(1) as f64;
            for node in ensemble.trees.iter_mut().flat_map(|tree| &mut tree.nodes) {
                if let TreeNode::Leaf(values) = node {
                    values.iter_mut().for_each(|value| *value /= count);
                }
            }
        }
        other => return refuse(format!("`aggregate_function` `{other}`"), "`SUM` or `AVERAGE`", ""),
    }
    Ok(ensemble)
}

/// Weights of leaves, each with its tree, node and target.
struct Leaves {
    trees: Vec<i64>,
    nodes: Vec<i64>,
    targets: Vec<i64>,
    weights: Vec<f64>,
}

/// Lists with an entry for each node, which names its tree and itself.
fn stored_by_node(node: &mut Node<'_>, leaves: Leaves, targets: usize) -> Result<TreeEnsemble, Refusal> {
    node.ignore(&["nodes_hitrates", "nodes_hitrates_as_tensor", "nodes_missing_value_tracks_true"]);
    let mut list = |name| node.ints(name).unwrap_or_default();
    let (trees, ids, features) = (list("nodes_treeids"), list("nodes_nodeids"), list("nodes_featureids"));
    let (yes, no) = (list("nodes_truenodeids"), list("nodes_falsenodeids"));
    let modes = node.strings("nodes_modes");
    let values = numbers(node, "nodes_values", "nodes_values_as_tensor")?;
    let count = ids.len();
    if [trees.len(), features.len(), yes.len(), no.len(), modes.len(), values.len()] != [count; 6] {
        return refuse("lists of nodes of different lengths", "an entry for each node", "");
    }
    let many = leaves.weights.len();
    if [leaves.trees.len(), leaves.nodes.len(), leaves.targets.len()] != [many; 3] {
        return refuse("lists of leaves of different lengths", "an entry for each weight", "");
    }
    let places: BTreeMap<(i64, i64), usize> = (0..count).map(|i| ((trees[i], ids[i]), i)).collect();
    let mut weights: BTreeMap<usize, Vec<(usize, f64)>> = BTreeMap::new();
    for i in 0..many {
        let place = places.get(&(leaves.trees[i], leaves.nodes[i]));
        let target = usize::try_from(leaves.targets[i]).ok().filter(|target| *target < targets);
        let (Some(place), Some(target)) = (place, target) else {
            return refuse(
                format!(
                    "a weight of target {} at node {} of tree {}",
                    leaves.targets[i], leaves.nodes[i], leaves.trees[i]
                ),
                format!("nodes that exist and targets below {targets}"),
                "",
            );
        };
        weights.entry(*place).or_default().push((target, leaves.weights[i]));
    }
    // The first node of a tree is its root.
    let mut begun = BTreeSet::new();
    let roots: Vec<usize> = (0..count).filter(|i| begun.insert(trees[*i])).collect();
    let step = |i: usize| -> Result<Step, Refusal> {
        if modes[i] == "LEAF" {
            return Ok(Step::Leaf(weights.get(&i).cloned().unwrap_or_default()));
        }
        let child = |id: i64| places.get(&(trees[i], id)).copied();
        let (Some(then), Some(otherwise)) = (child(yes[i]), child(no[i])) else {
            return refuse(
                format!("a child of node {} of tree {}", ids[i], trees[i]),
                "nodes that exist",
                "",
            );
        };
        Ok(Step::Branch {
            feature: features[i],
            threshold: values[i],
            test: test(&modes[i])?,
            then,
            otherwise,
        })
    };
    ensemble(node, &roots, count, targets, &step)
}

/// Branches and leaves in lists of their own, positions as children.
pub(super) fn stored_by_position(node: &mut Node<'_>) -> Imported {
    node.ignore(&["nodes_hitrates", "nodes_missing_value_tracks_true", "membership_values"]);
    let transform = ["NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"];
    let transform =
        usize::try_from(node.int("post_transform", 0)).ok().and_then(|i| transform.get(i).copied());
    let transform = Transform::of(transform.unwrap_or("of an unknown number"))?;
    let aggregate = ["AVERAGE", "SUM", "MIN", "MAX"];
    let aggregate =
        usize::try_from(node.int("aggregate_function", 1)).ok().and_then(|i| aggregate.get(i).copied());
    let targets = usize::try_from(node.int("n_targets", 1)).unwrap_or(0);
    let mut list = |name| node.ints(name).unwrap_or_default();
    let (features, yes, no) =
        (list("nodes_featureids"), list("nodes_truenodeids"), list("nodes_falsenodeids"));
    let (yes_leaf, no_leaf) = (list("nodes_trueleafs"), list("nodes_falseleafs"));
    let (leaf_targets, roots) = (list("leaf_targetids"), list("tree_roots"));
    let modes = numbers(node, "nodes_modes", "nodes_modes")?;
    let splits = numbers(node, "nodes_splits", "nodes_splits")?;
    let weights = numbers(node, "leaf_weights", "leaf_weights")?;
    let count = features.len();
    let lengths = [yes.len(), no.len(), yes_leaf.len(), no_leaf.len(), modes.len(), splits.len()];
    if lengths != [count; 6] || leaf_targets.len() != weights.len() {
        return refuse("lists of different lengths", "an entry for each node, and for each leaf", "");
    }
    // Leaves stand behind the branches.
    let total = count + weights.len();
    let place = |id: i64, is_leaf: i64| -> Option<usize> {
        let id = usize::try_from(id).ok()?;
        let (id, end) = if is_leaf != 0 { (id.checked_add(count)?, total) } else { (id, count) };
        (id < end).then_some(id)
    };
    let step = |i: usize| -> Result<Step, Refusal> {
        if i >= count {
            let target = usize::try_from(leaf_targets[i - count]).ok().filter(|target| *target < targets);
            return match target {
                Some(target) => Ok(Step::Leaf(vec![(target, weights[i - count])])),
                None => refuse(
                    format!("a leaf of target {}", leaf_targets[i - count]),
                    format!("below {targets}"),
                    "",
                ),
            };
        }
        let (Some(then), Some(otherwise)) = (place(yes[i], yes_leaf[i]), place(no[i], no_leaf[i])) else {
            return refuse(format!("a child of node {i}"), "nodes and leaves that exist", "");
        };
        let names = ["BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "BRANCH_EQ", "BRANCH_NEQ"];
        let test = test(names.get(modes[i] as usize).copied().unwrap_or("BRANCH_MEMBER"))?;
        // A node both of whose children are one leaf is that leaf.
        if then == otherwise && then >= count {
            return Ok(Step::Same(then));
        }
        Ok(Step::Branch { feature: features[i], threshold: splits[i], test, then, otherwise })
    };
    let roots: Vec<usize> = roots.iter().map(|root| usize::try_from(*root).unwrap_or(usize::MAX)).collect();
    if roots.iter().any(|root| *root >= count) {
        return refuse("a root that is no node", "roots are positions of nodes", "");
    }
    let ensemble = ensemble(node, &roots, total, targets, &step)?;
    let id = sums(node, averaged(ensemble, aggregate.unwrap_or("of an unknown number"))?)?;
    let id = transform.apply(node, id)?;
    result(id, Kind::Real)
}

/// A node as it is stored.
enum Step {
    Branch { feature: i64, threshold: f64, test: Test, then: usize, otherwise: usize },
    Leaf(Vec<(usize, f64)>),
    Same(usize),
}

fn ensemble(
    node: &mut Node<'_>,
    roots: &[usize],
    count: usize,
    targets: usize,
    step: &dyn Fn(usize) -> Result<Step, Refusal>,
) -> Result<TreeEnsemble, Refusal> {
    let x = node.input(0)?;
    let features = match node.shape(x.id).as_slice() {
        [1, features] => *features,
        other => return refuse(format!("a value of shape {other:?}"), "one sample `[1, features]`", ""),
    };
    let mut base = numbers(node, "base_values", "base_values_as_tensor")?;
    if base.is_empty() {
        node.builder.spend(&[targets])?;
        base = vec![0.0; targets];
    }
    if base.len() != targets || targets == 0 {
        return refuse(format!("{} base values for {targets} targets", base.len()), "one for each", "");
    }
    let mut visited = vec![false; count];
    let mut trees = Vec::with_capacity(roots.len());
    for root in roots {
        trees.push(tree(*root, &mut visited, targets, node, step)?);
    }
    Ok(TreeEnsemble { features, base, trees })
}

/// The nodes below a root, parents before children; each is reached once.
fn tree(
    root: usize,
    visited: &mut [bool],
    targets: usize,
    node: &mut Node<'_>,
    step: &dyn Fn(usize) -> Result<Step, Refusal>,
) -> Result<Tree, Refusal> {
    let mut nodes: Vec<TreeNode> = Vec::new();
    // A stored node and where its parent names it: of which node, and whether on the way of yes.
    let mut open = vec![(root, None)];
    while let Some((stored, parent)) = open.pop() {
        if std::mem::replace(&mut visited[stored], true) {
            return refuse("a node that is reached twice", "trees", "");
        }
        let at = nodes.len();
        if let Some((parent, is_yes)) = parent
            && let Some(TreeNode::Branch { then, otherwise, .. }) = nodes.get_mut::<usize>(parent)
        {
            *(if is_yes { then } else { otherwise }) = at;
        }
        match step(stored)? {
            Step::Same(leaf) => {
                open.push((leaf, parent));
            }
            Step::Leaf(weights) => {
                node.builder.spend(&[targets])?;
                let mut values = vec![0.0; targets];
                weights.iter().for_each(|(target, weight)| values[*target] += weight);
                nodes.push(TreeNode::Leaf(values));
            }
            Step::Branch { feature, threshold, test, then, otherwise } => {
                let feature = usize::try_from(feature).unwrap_or(usize::MAX);
                nodes.push(TreeNode::Branch { feature, threshold, test, then: 0, otherwise: 0 });
                open.push((otherwise, Some((at, false))));
                open.push((then, Some((at, true))));
            }
        }
    }
    Ok(Tree { nodes })
}

fn test(mode: &str) -> Result<Test, Refusal> {
    Ok(match mode {
        "BRANCH_LEQ" => Test::LessOrEqual,
        "BRANCH_LT" => Test::Less,
        "BRANCH_GTE" => Test::GreaterOrEqual,
        "BRANCH_GT" => Test::Greater,
        "BRANCH_EQ" => Test::Equal,
        "BRANCH_NEQ" => Test::NotEqual,
        other => return refuse(format!("mode `{other}`"), "comparisons with a number", ""),
    })
}

/// Numbers of a list or of a tensor.
fn numbers<'a>(node: &mut Node<'a>, list: &'a str, tensor: &'a str) -> Result<Vec<f64>, Refusal> {
    match node.stored(tensor)? {
        Some((tensor, _)) => Ok(tensor.iter().copied().collect()),
        None => Ok(node.floats(list)),
    }
}
