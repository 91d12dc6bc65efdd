//! Programs of tree ensembles against the trees on reals: random trees with every test, exact for every sample.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use cloakwork_abi::processing::Quantiser;
use cloakwork_frontend::model::tree::{Test, Tree, TreeEnsemble, TreeNode};
use cloakwork_frontend::trees::{Encoding, IntegerEnsemble, programs};
use proptest::prelude::*;

/// Enough for a tree: numbers that its nodes are made of, in order.
type Seeds = Vec<(u8, usize, i8, [i8; 3])>;

/// A tree of at most so many levels.
fn tree(seeds: &[(u8, usize, i8, [i8; 3])], features: usize, targets: usize, depth: usize) -> Tree {
    fn grow(
        nodes: &mut Vec<TreeNode>,
        seeds: &mut dyn FnMut() -> (u8, usize, i8, [i8; 3]),
        limits: (usize, usize),
        depth: usize,
    ) {
        let (kind, feature, threshold, values) = seeds();
        let at = nodes.len();
        if depth == 0 || kind % 8 == 7 {
            // Few different values, so that leaves agree now and then.
            nodes.push(TreeNode::Leaf(values[..limits.1].iter().map(|v| f64::from(v % 3) / 2.0).collect()));
            return;
        }
        nodes.push(TreeNode::Leaf(vec![]));
        grow(nodes, seeds, limits, depth - 1);
        let otherwise = nodes.len();
        grow(nodes, seeds, limits, depth - 1);
        let test =
            [Test::LessOrEqual, Test::Less, Test::GreaterOrEqual, Test::Greater, Test::Equal, Test::NotEqual]
                [kind as usize % 6];
        // Now on the grid, now between its points, now outside of it.
        let threshold = f64::from(threshold) / 4.0;
        nodes[at] =
            TreeNode::Branch { feature: feature % limits.0, threshold, test, then: at + 1, otherwise };
    }
    let (mut nodes, mut next) = (vec![], 0);
    let mut draw = || {
        next += 1;
        seeds[(next - 1) % seeds.len()]
    };
    grow(&mut nodes, &mut draw, (features, targets), depth);
    Tree { nodes }
}

fn quantiser(levels: i64) -> Quantiser {
    Quantiser { scale: vec![0.5], zero_point: vec![levels / 2], axis: None, lo: 0, hi: levels - 1 }
}

/// Every program has the sums of the trees, and those are the sums on reals but for the rounding of leaves.
fn check(ensemble: &TreeEnsemble, levels: i64, samples: &[Vec<i64>]) {
    let quantiser = quantiser(levels);
    let quantised = IntegerEnsemble::quantised(ensemble, &quantiser, 6).unwrap();
    let integers = &quantised.ensemble;
    let programs = programs(integers, "trees", "x").unwrap();
    assert!(!programs.is_empty());
    for sample in samples {
        let sums = integers.evaluate(sample);
        let reals: Vec<f64> = sample.iter().map(|q| 0.5 * (q - levels / 2) as f64).collect();
        for (target, sum) in sums.iter().enumerate() {
            let exact: f64 = ensemble.base[target]
                + ensemble.trees.iter().map(|tree| tree.leaf(&reals)[target]).sum::<f64>();
            let found = quantised.scale * *sum as f64 + quantised.offset[target];
            let error = quantised.scale / 2.0 * ensemble.trees.len() as f64;
            assert!((exact - found).abs() <= error + 1e-9, "{exact} {found} at {sample:?}");
            let (lo, hi) = integers.range(target);
            assert!((lo..=hi).contains(sum));
        }
        for program in &programs {
            let outputs = common::run(&program.graph, vec![program.argument(levels, sample)]);
            let found: Vec<i64> =
                outputs[0].iter().zip(&program.base).map(|(sum, base)| sum + base).collect();
            assert_eq!(found, sums, "at {sample:?} with units of {} bits", program.most_bits);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn programs_compute_the_trees(
        seeds in prop::collection::vec((any::<u8>(), 0usize..5, any::<i8>(), any::<[i8; 3]>()), 40),
        shape in (1usize..4, 1usize..6, 1usize..4, 0usize..6),
        bits in 1u32..6,
        samples in prop::collection::vec(prop::collection::vec(0i64..32, 5), 6),
    ) {
        let (targets, features, count, depth) = shape;
        let levels = 1i64 << bits;
        let trees = (0..count).map(|i| tree(&seeds[3 * i..], features, targets, depth)).collect();
        let base = (0..targets).map(|i| i as f64 / 8.0).collect();
        let samples: Vec<Vec<i64>> =
            samples.iter().map(|sample| sample[..features].iter().map(|q| q % levels).collect()).collect();
        check(&TreeEnsemble { features, base, trees }, levels, &samples);
    }
}

#[test]
fn one_feature_needs_no_lookup() {
    let seeds: Seeds = (0..40).map(|i| (8 * i, 0, (i as i8) * 11 - 90, [i as i8, 0, 0])).collect();
    let ensemble = TreeEnsemble { features: 1, base: vec![0.0], trees: vec![tree(&seeds, 1, 1, 4)] };
    let quantised = IntegerEnsemble::quantised(&ensemble, &quantiser(64), 6).unwrap().ensemble;
    let graph = programs(&quantised, "trees", "x").unwrap()[0].graph.clone();
    let lookups = graph.nodes().filter(|(_, node)| format!("{:?}", node.kind).starts_with("Lookup")).count();
    assert_eq!(lookups, 0);
    check(&ensemble, 64, &(0..64).map(|q| vec![q]).collect::<Vec<_>>());
}

#[test]
fn features_of_many_bits_are_integers() {
    let leaf = |value: f64| TreeNode::Leaf(vec![value]);
    let branch = |feature, threshold, then, otherwise| TreeNode::Branch {
        feature,
        threshold,
        test: Test::LessOrEqual,
        then,
        otherwise,
    };
    let nodes = vec![
        branch(0, 3.25, 1, 4),
        branch(1, -7.0, 2, 3),
        leaf(1.0),
        leaf(2.0),
        branch(0, 900.0, 5, 6),
        leaf(3.0),
        leaf(5.0),
    ];
    let ensemble = TreeEnsemble { features: 2, base: vec![0.0], trees: vec![Tree { nodes }; 2] };
    let levels = 1 << 16;
    let samples: Vec<Vec<i64>> = (0..40).map(|i| vec![(i * 1601) % levels, levels / 2 - 20 + i]).collect();
    check(&ensemble, levels, &samples);
    let quantised = IntegerEnsemble::quantised(&ensemble, &quantiser(levels), 6).unwrap().ensemble;
    assert_eq!(programs(&quantised, "trees", "x").unwrap()[0].encoding, Encoding::Integers);
}

#[test]
fn trees_that_cannot_be() {
    let one =
        |nodes: Vec<TreeNode>| TreeEnsemble { features: 1, base: vec![0.0], trees: vec![Tree { nodes }] };
    let message =
        |ensemble: &TreeEnsemble| IntegerEnsemble::quantised(ensemble, &quantiser(4), 3).unwrap_err();
    assert!(message(&one(vec![TreeNode::Leaf(vec![1.0, 2.0])])).contains("2 values for 1 targets"));
    assert!(message(&one(vec![TreeNode::Leaf(vec![f64::NAN])])).contains("finite"));
    let branch =
        |feature, then| TreeNode::Branch { feature, threshold: 0.0, test: Test::Less, then, otherwise: 1 };
    assert!(message(&one(vec![branch(3, 1), TreeNode::Leaf(vec![0.0])])).contains("feature 3 of 1"));
    assert!(message(&one(vec![branch(0, 9), TreeNode::Leaf(vec![0.0])])).contains("no node 9"));
}
