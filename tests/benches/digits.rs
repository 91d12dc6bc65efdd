//! The demo's network of digits: time to compile it, and of one image encrypted and simulated. Checks what the
//! simulator is for: it is at least 100 times as fast as encrypted execution.

#[path = "../../driver/examples/digits/network.rs"]
mod network;

use cloakwork::{Circuit, Noise, OpGraph, Options, compile_calibrated, trace};
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{Array1, Array2, ArrayD};
use network::{Image, Network, digit};
use std::time::{Duration, Instant};

/// Least ratio of the times of encrypted execution and simulation.
const SPEEDUP: f64 = 100.0;

fn digits(criterion: &mut Criterion) {
    let network = Network::load().expect("the committed network");
    let training = network.training_images().expect("the committed images");
    let image = &network.test_images().expect("the committed images")[0];
    let graph = traced(&network);
    let compiled = || -> Circuit {
        compile_calibrated(&graph, training.iter().map(pixels), &Options::default()).expect("compiles")
    };
    let circuit = compiled();
    let keys = circuit.keygen().expect("sound key set");
    let encrypted = circuit.encrypt(&keys.secret, pixels(image)).expect("fits");
    let run = || circuit.run(&keys.evaluation, &encrypted).expect("runs");
    let simulate = || circuit.simulate(pixels(image), Noise::Seed(1)).expect("runs");
    let logits = &circuit.decrypt(&keys.secret, &run()).expect("own keys")[0];
    assert_eq!(logits.iter().copied().collect::<Vec<i64>>(), network.logits(&image.pixels));
    assert_eq!(digit(&network.logits(&image.pixels)), image.label);

    let mut group = criterion.benchmark_group("digits");
    group.sample_size(10).measurement_time(Duration::from_secs(5));
    group.bench_function("compilation with calibration", |bencher| bencher.iter(compiled));
    group.bench_function("one image, encrypted", |bencher| bencher.iter(run));
    group.bench_function("one image, simulated", |bencher| bencher.iter(simulate));
    group.finish();

    let seconds = |action: &dyn Fn()| {
        let start = Instant::now();
        (0..10).for_each(|_| action());
        start.elapsed().as_secs_f64()
    };
    let ratio = seconds(&|| drop(run())) / seconds(&|| drop(simulate()));
    println!("simulation is {ratio:.0} times as fast as encrypted execution");
    assert!(ratio >= SPEEDUP, "at least {SPEEDUP} times are promised");
}

fn traced(network: &Network) -> OpGraph {
    let (first, second) = (matrix(&network.w1), matrix(&network.w2));
    let (first_bias, second_bias) = (vector(&network.b1), vector(&network.b2));
    let activation = network.activation();
    let traced = trace("digits", |t| {
        let x = t.encrypted("pixels", [network.w1.len()], 0..=2);
        (x.matmul(&first) + &first_bias).map(activation).matmul(&second) + &second_bias
    });
    traced.expect("a supported program")
}

fn pixels(image: &Image) -> Array1<i64> {
    Array1::from(image.pixels.clone())
}

fn vector(values: &[i64]) -> ArrayD<i64> {
    Array1::from(values.to_vec()).into_dyn()
}

fn matrix(rows: &[Vec<i64>]) -> ArrayD<i64> {
    let columns = rows.first().map_or(0, Vec::len);
    Array2::from_shape_vec((rows.len(), columns), rows.concat()).expect("rows of one length").into_dyn()
}

criterion_group!(benches, digits);
criterion_main!(benches);
