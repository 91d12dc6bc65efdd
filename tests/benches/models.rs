//! Time of each step from an ONNX file to predictions: import, quantise, compile, and the simulation of 100 samples; of a
//! decision tree and of a network.

use cloakwork::{Mode, ModelOptions, Quantisation, compile_model};
use cloakwork_frontend::onnx::{ImportOptions, import};
use cloakwork_frontend::quantise::quantise;
use criterion::{Criterion, criterion_group, criterion_main};
use ndarray::{ArrayD, IxDyn};
use std::path::Path;

fn models(criterion: &mut Criterion) {
    for (name, bits) in [("sklearn_tree", 6), ("sklearn_mlp", 4)] {
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10);
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("models/exported/{name}.onnx"));
        let file = std::fs::read(path).expect("committed");
        let imported = || import(&file, &ImportOptions::default()).expect("supported");
        let model = imported();
        let shape = IxDyn(&model.inputs[0].shape);
        let sample = |i: usize| vec![ArrayD::from_shape_fn(shape.clone(), |at| spread(i * 64 + at[1]))];
        let samples: Vec<_> = (0..100).map(sample).collect();
        let wishes = ModelOptions { quantisation: Quantisation::with_bits(bits), ..ModelOptions::default() };
        let compiled = || compile_model(&model, &samples, &wishes).expect("has parameters");
        let circuit = compiled();
        group.bench_function("import", |bencher| bencher.iter(imported));
        group.bench_function("quantise", |bencher| {
            bencher.iter(|| quantise(&model, &samples, &wishes.quantisation).expect("fits"));
        });
        group.bench_function("quantise and compile", |bencher| bencher.iter(compiled));
        group.bench_function("simulate 100 samples", |bencher| {
            bencher.iter(|| circuit.predict(&samples, Mode::Simulate { seed: 1 }).expect("runs"));
        });
    }
}

/// Numbers that look random, from 0 to 8.
fn spread(i: usize) -> f64 {
    (i as f64 * 0.618_033_988_75).fract() * 8.0
}

criterion_group!(benches, models);
criterion_main!(benches);
