//! Models from reals to predictions: what is quantised, simulated and executed is what the model says.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cloakwork::{Mode, ModelOptions, Options, Quantisation, compile_model};
use cloakwork_abi::processing::{ClearValue, Function};
use cloakwork_frontend::model::op::Binary;
use cloakwork_frontend::model::{Budget, Model, ModelBuilder, ModelInput, ModelOp, ValueId};
use cloakwork_frontend::quantise::Bits;
use ndarray::{ArrayD, IxDyn};

/// Numbers that look random, the same on every machine.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        ((self.0 >> 33) as f64 / (1u64 << 31) as f64) * 2.0 - 1.0
    }

    fn array(&mut self, shape: &[usize]) -> ArrayD<f64> {
        ArrayD::from_shape_fn(IxDyn(shape), |_| self.next())
    }
}

fn input(builder: &mut ModelBuilder, name: &str, shape: &[usize]) -> ValueId {
    builder.input(ModelInput { name: name.to_owned(), shape: shape.to_vec(), is_clear: false }).unwrap()
}

fn layer(builder: &mut ModelBuilder, numbers: &mut Numbers, x: ValueId, [from, to]: [usize; 2]) -> ValueId {
    let weights = builder.constant(numbers.array(&[from, to])).unwrap();
    let bias = builder.constant(numbers.array(&[to])).unwrap();
    let product = builder.push(ModelOp::MatMul, &[x, weights]).unwrap();
    builder.binary(Binary::Add, product, bias).unwrap()
}

fn reals(value: &ClearValue) -> &ArrayD<f64> {
    match value {
        ClearValue::Reals(reals) => reals,
        other => panic!("{other:?} are no reals"),
    }
}

fn largest_difference(model: &Model, samples: &[Vec<ArrayD<f64>>], outputs: &[Vec<ClearValue>]) -> f64 {
    let difference = |(sample, outputs): (&Vec<ArrayD<f64>>, &Vec<ClearValue>)| {
        let float = model.predict(sample).unwrap();
        let pairs = float[0].iter().zip(reals(&outputs[0]));
        pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    };
    samples.iter().zip(outputs).map(difference).fold(0.0, f64::max)
}

#[test]
fn a_linear_model_needs_no_lookup() {
    let mut numbers = Numbers(1);
    let mut builder = ModelBuilder::new("linear", Budget::default());
    let x = input(&mut builder, "x", &[1, 12]);
    let y = layer(&mut builder, &mut numbers, x, [12, 3]);
    builder.output("y", y, None);
    let model = builder.finish();
    // Features of very different ranges.
    let sample = |numbers: &mut Numbers| {
        let mut x = numbers.array(&[1, 12]);
        x.iter_mut()
            .enumerate()
            .for_each(|(i, v)| *v = *v * 10f64.powi(i as i32 % 5 - 2) + 100.0 * (i / 6) as f64);
        vec![x]
    };
    let samples: Vec<_> = (0..100).map(|_| sample(&mut numbers)).collect();
    let circuit = compile_model(&model, &samples, &ModelOptions::default()).unwrap();
    assert_eq!(circuit.circuit().spec().counts.bootstraps, 0);
    let clear = circuit.predict(&samples, Mode::Clear).unwrap();
    let difference = largest_difference(&model, &samples, &clear.outputs);
    assert!(difference < 2.0, "{difference}");
    assert_eq!((clear.saturated, clear.outside), (0, Some(0)));
    let keys = circuit.keygen().unwrap();
    let executed = circuit.predict(&samples[..5], Mode::execute(&keys)).unwrap();
    assert_eq!(executed.integers, clear.integers[..5]);
    println!("{}", circuit.quantisation());
}

#[test]
fn a_network_is_executed_as_it_is_quantised() {
    let mut numbers = Numbers(2);
    let mut builder = ModelBuilder::new("network", Budget::default());
    let x = input(&mut builder, "x", &[1, 8]);
    let hidden = layer(&mut builder, &mut numbers, x, [8, 6]);
    let hidden = builder.function(Function::Sigmoid, hidden).unwrap();
    let y = layer(&mut builder, &mut numbers, hidden, [6, 2]);
    builder.output("y", y, None);
    let model = builder.finish();
    let samples: Vec<_> = (0..200).map(|_| vec![numbers.array(&[1, 8])]).collect();
    let options = ModelOptions {
        quantisation: Quantisation {
            bits: Bits { model_inputs: 3, ..Bits::uniform(3) },
            ..Quantisation::default()
        },
        options: Options { p_error: Some(1e-9), ..Options::default() },
    };
    let circuit = compile_model(&model, &samples, &options).unwrap();
    println!("{}\n{}", circuit.quantisation(), circuit.circuit().report());
    assert_eq!(circuit.circuit().spec().counts.bootstraps, 6);
    let clear = circuit.predict(&samples, Mode::Clear).unwrap();
    let difference = largest_difference(&model, &samples, &clear.outputs);
    assert!(difference < 1.0, "{difference}");
    let simulated = circuit.predict(&samples, Mode::Simulate { seed: 7 }).unwrap();
    assert_eq!(simulated.integers, clear.integers);
    let keys = circuit.keygen().unwrap();
    let executed = circuit.predict(&samples[..3], Mode::execute(&keys)).unwrap();
    assert_eq!(executed.integers, clear.integers[..3]);
}
