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
    let points: Vec<Vec<i64>> = (0..30).map(|i| vec![(7 * i) % 4, (i / 3) % 4]).collect();
    let classes = (0..30).map(|i| i % 2).collect();
    let neighbours = Neighbours { points, classes, class_count: 2, k: 3, bits: 2 };
    check(&neighbours, &(0..16).map(|i| vec![i / 4, i % 4]).collect::<Vec<_>>());
    let program = neighbours.programs("nearest", "x").unwrap().pop().unwrap();
    let lookups =
        program.nodes().filter(|(_, node)| format!("{:?}", node.kind).starts_with("Lookup")).count();
    assert!(lookups < 120, "{lookups}, where pairs of points are 435");
}
