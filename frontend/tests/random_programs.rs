//! Random programs: the emitted module, interpreted, computes what plain arrays compute, and calibration
//! finds exactly the least and greatest values that occurred.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use cloakwork_frontend::calibrate::{calibrate, node_ranges};
use cloakwork_frontend::emit::emit;
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::shapes::Take;
use cloakwork_frontend::{InputType, LookupTable, Traced, trace};
use melior::ir::operation::OperationLike;
use ndarray::{Array2, ArrayD, Axis, Dimension, IxDyn, Slice};
use proptest::collection::vec;
use proptest::prelude::{ProptestConfig, any, prop_assert_eq, proptest};

/// A traced value with what it must be for each of three inputs.
type Pair = (Traced, [ArrayD<i64>; 3]);

fn with(pair: &Pair, f: impl Fn(&ArrayD<i64>) -> ArrayD<i64>) -> [ArrayD<i64>; 3] {
    std::array::from_fn(|i| f(&pair.1[i]).as_standard_layout().into_owned())
}

fn each(pair: &Pair, f: impl Fn(i64) -> i64) -> [ArrayD<i64>; 3] {
    with(pair, |values| values.mapv(&f))
}

/// Whatever the recipe asks for, if the shapes allow it.
fn step(a: &Pair, b: &Pair, [kind, detail]: [u8; 2], number: i64) -> Pair {
    let shape = a.1[0].shape().to_vec();
    let rank = shape.len();
    let axis = usize::from(detail) % rank.max(1);
    let is_same = a.1[0].shape() == b.1[0].shape();
    let constant = ArrayD::from_shape_fn(IxDyn(&shape), |at| number + at.as_array_view().sum() as i64);
    match kind % 24 {
        0 => (&a.0 + &b.0, std::array::from_fn(|i| &a.1[i] + &b.1[i])),
        1 => (&a.0 - &b.0, std::array::from_fn(|i| &a.1[i] - &b.1[i])),
        2 => (-&a.0, each(a, |v| -v)),
        3 => (&a.0 + &constant, with(a, |v| v + &constant)),
        4 => (&constant - &a.0, with(a, |v| &constant - v)),
        5 => (&a.0 * &constant, with(a, |v| v * &constant)),
        6 => (number * &a.0 - number, each(a, |v| number * v - number)),
        7 if rank == 2 => {
            let weights = Array2::from_shape_fn((shape[1], 2), |(i, j)| number - (3 * i + j) as i64);
            let expected =
                with(a, |v| matmul(&v.clone().into_dimensionality().unwrap(), &weights).into_dyn());
            (a.0.matmul(&weights), expected)
        }
        8 if rank == 2 => {
            let weights = Array2::from_shape_fn((2, shape[0]), |(i, j)| number - (3 * i + j) as i64);
            let expected =
                with(a, |v| matmul(&weights, &v.clone().into_dimensionality().unwrap()).into_dyn());
            (a.0.left_matmul(&weights), expected)
        }
        9 if rank == 1 => {
            (a.0.dot(&constant), with(a, |v| ArrayD::from_elem(IxDyn(&[]), (v * &constant).sum())))
        }
        10 if rank > 0 => (a.0.sum([axis as i64]), with(a, |v| v.sum_axis(Axis(axis)))),
        11 => (a.0.sum([]), with(a, |v| ArrayD::from_elem(IxDyn(&[]), v.sum()))),
        12 => (a.0.t(), with(a, |v| v.t().as_standard_layout().into_owned())),
        13 => (a.0.reshape([-1, 1]), with(a, |v| v.to_shape((v.len(), 1)).unwrap().into_owned().into_dyn())),
        14 if rank > 0 => {
            let mut takes = vec![Take::ALL; rank];
            takes[axis] = Take::Range { start: None, stop: None, step: -1 };
            (a.0.slice(takes), with(a, |v| v.slice_axis(Axis(axis), Slice::new(0, None, -1)).to_owned()))
        }
        15 if rank > 0 => (a.0.at(-1), with(a, |v| v.index_axis(Axis(0), shape[0] - 1).to_owned())),
        16 if rank > 0 && is_same && shape[axis] < 4 => {
            let joined =
                |i: usize| ndarray::concatenate(Axis(axis), &[a.1[i].view(), b.1[i].view()]).unwrap();
            (a.0.concat(std::slice::from_ref(&b.0), axis as i64), std::array::from_fn(joined))
        }
        17 if rank < 3 => {
            let wide = [&[2], shape.as_slice()].concat();
            (a.0.broadcast(&wide), with(a, |v| v.broadcast(IxDyn(&wide)).unwrap().to_owned()))
        }
        18 => {
            let table: Vec<i64> = (0..8).map(|i| (i * i + number) % 11 - 3).collect();
            let expected = each(a, |v| table[v.rem_euclid(8) as usize]);
            (a.0.lookup(&LookupTable::new(table)), expected)
        }
        19 => (a.0.map(move |v| (v ^ number).abs() % 9), each(a, |v| (v ^ number).abs() % 9)),
        20 => {
            let square = &a.0 * &a.0;
            ((&square + &a.0).remainder(13), each(a, |v| (v * v + v).rem_euclid(13)))
        }
        21 => (
            (a.0.abs().to_real().sqrt() * 2.5).round_to_int(),
            each(a, |v| ((v.abs() as f64).sqrt() * 2.5).round_ties_even() as i64),
        ),
        22 => {
            let (low, high) = (&a.0 + 1, &a.0 * 2);
            (low.max(high).min(number), each(a, |v| (v + 1).max(2 * v).min(number)))
        }
        23 => (a.0.floor_div(3) + a.0.less(number), each(a, |v| v.div_euclid(3) + i64::from(v < number))),
        _ => (&a.0 + 1, each(a, |v| v + 1)),
    }
}

fn matmul(a: &Array2<i64>, b: &Array2<i64>) -> Array2<i64> {
    a.dot(b)
}

/// Keeps numbers and sizes small.
fn tamed(pair: Pair) -> Pair {
    if pair.1.iter().flatten().all(|v| v.abs() < 1 << 20) {
        return pair;
    }
    (pair.0.remainder(17), each(&pair, |v| v.rem_euclid(17)))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn interpreted_module_computes_what_arrays_compute(
        recipe in vec((any::<[u8; 4]>(), -4i64..8), 1..16),
        values in vec(-9i64..10, 18),
    ) {
        let samples: [ArrayD<i64>; 3] =
            std::array::from_fn(|i| ArrayD::from_shape_vec(IxDyn(&[2, 3]), values[6 * i..6 * i + 6].to_vec()).unwrap());
        let mut expected = vec![];
        let graph = trace("random", |t| {
            let x = t.encrypted("x", [2, 3], InputType::Measured);
            let mut pairs: Vec<Pair> = vec![(x, samples.clone())];
            for ([kind, detail, a, b], number) in recipe {
                let pick = |choice: u8| &pairs[pairs.len() - 1 - usize::from(choice) % pairs.len().min(4)];
                let (a, b) = (pick(a), pick(b));
                let fits = ndarray_broadcasts(a.1[0].shape(), b.1[0].shape());
                let next = tamed(step(a, if fits { b } else { a }, [kind, detail], number));
                if next.1[0].len() <= 64 && next.1[0].ndim() <= 3 {
                    pairs.push(next);
                }
            }
            let outputs = pairs.split_off(pairs.len().saturating_sub(3));
            expected = outputs.iter().map(|(_, values)| values.clone()).collect();
            outputs.into_iter().map(|(traced, _)| traced).collect::<Vec<_>>()
        });
        let graph = graph.unwrap();
        for (i, sample) in samples.iter().enumerate() {
            let outputs = common::run(&graph, sample);
            for (output, expected) in outputs.iter().zip(&expected) {
                prop_assert_eq!(output, &expected[i]);
            }
        }
        let context = cloakwork_ir::context::context();
        let module = emit(&context, &graph).unwrap();
        prop_assert_eq!(calibrate(&context, &module, &GraphHost::of(&graph), samples.iter()).unwrap(), 3);
        assert!(module.as_operation().verify());
        let ranges = node_ranges(&graph, &module);
        for (output, expected) in graph.outputs().iter().zip(&expected) {
            let all: Vec<i64> = expected.iter().flatten().copied().collect();
            let range = (*all.iter().min().unwrap(), *all.iter().max().unwrap());
            prop_assert_eq!(ranges[output.index()], Some(cloakwork_abi::bounds::wide(range)));
        }
    }
}

fn ndarray_broadcasts(a: &[usize], b: &[usize]) -> bool {
    a.iter().rev().zip(b.iter().rev()).all(|(a, b)| a == b || *a == 1 || *b == 1)
}
