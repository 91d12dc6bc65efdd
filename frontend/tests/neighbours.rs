//! Programs of nearest neighbours against sorting by distance, for every sample of small grids.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use cloakwork_frontend::neighbours::Neighbours;
use ndarray::ArrayD;
use proptest::prelude::*;

fn check(neighbours: &Neighbours, samples: &[Vec<i64>]) {
    let programs = neighbours.programs("nearest", "x").unwrap();
    for sample in samples {
        let votes = neighbours.votes(sample);
        for program in &programs {
            let argument = ArrayD::from_shape_vec(vec![1, sample.len()], sample.clone()).unwrap();
            let found = common::run(program, vec![argument]);
            assert_eq!(
                found[0].iter().copied().collect::<Vec<_>>(),
                votes,
                "at {sample:?} of {neighbours:?}"
            );
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn programs_count_the_votes(
        points in prop::collection::vec((prop::collection::vec(0i64..8, 3), 0usize..3), 2..12),
        features in 1usize..4,
        bits in 1u32..4,
        k in 1usize..5,
        samples in prop::collection::vec(prop::collection::vec(0i64..8, 3), 8),
    ) {
        let onto = |point: &Vec<i64>| point[..features].iter().map(|p| p % (1 << bits)).collect::<Vec<i64>>();
        let neighbours = Neighbours {
            points: points.iter().map(|(point, _)| onto(point)).collect(),
            classes: points.iter().map(|(_, class)| *class).collect(),
            class_count: 3,
            k: k.min(points.len()),
            bits,
        };
        check(&neighbours, &samples.iter().map(onto).collect::<Vec<_>>());
    }
}

#[test]
fn thirty_points_of_two_bits_ask_few_questions() {
    // With features that are all alike, no table holds all of them.
    let padded = |x: i64, y: i64| vec![x, y, 0, 0, 0, 0, 0];
    let points: Vec<Vec<i64>> = (0..30).map(|i| padded((7 * i) % 4, (i / 3) % 4)).collect();
    let classes = (0..30).map(|i| i % 2).collect();
    let neighbours = Neighbours { points, classes, class_count: 2, k: 3, bits: 2 };
    check(&neighbours, &(0..16).map(|i| padded(i / 4, i % 4)).collect::<Vec<_>>());
    let lookups = lookups(&neighbours);
    assert!(lookups.len() == 1 && lookups[0] < 120, "{lookups:?}, where pairs of points are 435");
}

#[test]
fn ways_that_cost_much_more_than_another_are_not_built() {
    let points: Vec<Vec<i64>> = (0..30).map(|i| vec![(7 * i) % 16, (i / 3) % 16]).collect();
    let classes: Vec<usize> = (0..30).map(|i| i % 2).collect();
    let many = Neighbours { points, classes, class_count: 2, k: 3, bits: 4 };
    assert_eq!(lookups(&many), [2], "one for each class");
    let few = Neighbours { points: vec![vec![0, 0], vec![0, 5]], classes: vec![0, 1], k: 1, ..many };
    assert_eq!(lookups(&few), [3], "a question and the ranks of two points, and no table of 256 entries");
}

/// Of each program.
fn lookups(neighbours: &Neighbours) -> Vec<usize> {
    let is_lookup = |node: &cloakwork_frontend::node::Node| format!("{:?}", node.kind).starts_with("Lookup");
    let programs = neighbours.programs("nearest", "x").unwrap();
    programs.iter().map(|program| program.nodes().filter(|(_, node)| is_lookup(node)).count()).collect()
}
