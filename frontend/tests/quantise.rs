//! Models as programs on integers: the emitted module, interpreted, computes what was followed while it was made, and
//! that is close to what the model computes on reals.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_abi::processing::{ClearValue, Function, apply_steps};
use cloakwork_frontend::emit::emit;
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::model::op::{Binary, FakeQuantise, Pool, Reduce, Rounding};
use cloakwork_frontend::model::{Budget, Model, ModelBuilder, ModelInput, ModelOp, ValueId};
use cloakwork_frontend::node::{Node, NodeKind};
use cloakwork_frontend::quantise::{
    Granularity, InputScales, Quantisation, Quantised, RangeRule, RoundTo, Scales, quantise,
};
use cloakwork_ir::context::context;
use cloakwork_ir::digits::Exactness;
use cloakwork_ir::function::functions;
use cloakwork_ir::interpret::{Clear, interpret};
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

/// A model under construction.
struct Maker {
    builder: ModelBuilder,
    numbers: Numbers,
}

impl Maker {
    fn input(&mut self, name: &str, shape: &[usize]) -> ValueId {
        self.builder.input(ModelInput { name: name.into(), shape: shape.to_vec(), is_clear: false }).unwrap()
    }

    fn weights(&mut self, shape: &[usize]) -> ValueId {
        let weights = self.numbers.array(shape);
        self.builder.constant(weights).unwrap()
    }

    fn push(&mut self, op: ModelOp, operands: &[ValueId]) -> ValueId {
        self.builder.push(op, operands).unwrap()
    }

    fn layer(&mut self, x: ValueId, columns: usize) -> ValueId {
        let rows = *self.builder.shape(x).last().unwrap();
        let weights = self.weights(&[rows, columns]);
        let bias = self.weights(&[columns]);
        let product = self.push(ModelOp::MatMul, &[x, weights]);
        self.push(ModelOp::Binary(Binary::Add), &[product, bias])
    }

    fn relu(&mut self, x: ValueId) -> ValueId {
        self.push(ModelOp::Function(Function::Relu), &[x])
    }
}

fn model(name: &str, make: impl FnOnce(&mut Maker) -> ValueId) -> Model {
    let builder = ModelBuilder::new(name, Budget::default());
    let mut maker = Maker { builder, numbers: Numbers(name.len() as u64) };
    let y = make(&mut maker);
    maker.builder.output("y", y, None);
    maker.builder.finish()
}

fn samples(model: &Model, count: usize) -> Vec<Vec<ArrayD<f64>>> {
    let mut numbers = Numbers(99);
    (0..count).map(|_| model.inputs.iter().map(|input| numbers.array(&input.shape)).collect()).collect()
}

/// Root of the mean squared error, divided by that of the results.
fn checked(model: &Model, samples: &[Vec<ArrayD<f64>>], options: &Quantisation) -> (Quantised, f64) {
    let quantised = quantise(model, samples, options).unwrap();
    let context = context();
    let module = emit(&context, &quantised.graph).unwrap();
    let function = functions(&module)[0];
    let host = GraphHost::of(&quantised.graph);
    let processing = quantised.graph.processing().unwrap().clone();
    let (mut error, mut size) = (0.0, 0.0);
    for (i, sample) in samples.iter().enumerate() {
        let arguments = quantised.samples[i].iter().cloned().map(Clear::Int).collect::<Vec<_>>();
        let results = interpret(function, &arguments, &host).unwrap();
        let float = model.predict(sample).unwrap();
        for (float, output) in float.iter().zip(&processing.outputs) {
            let (result, followed) = (&results[output.result], &quantised.results[i][output.result]);
            assert_eq!(result.int().unwrap(), followed, "sample {i} of {}", model.name);
            let reals = output.dequantiser.dequantise(followed).unwrap();
            let ClearValue::Reals(reals) = apply_steps(&output.steps, reals).unwrap() else { unreachable!() };
            assert_eq!(reals.shape(), float.shape());
            error += reals.iter().zip(float.iter()).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
            size += float.iter().map(|v| v.powi(2)).sum::<f64>();
        }
    }
    let error = (error / size).sqrt();
    println!("{}: {error}\n{}", model.name, quantised.report);
    (quantised, error)
}

fn close(name: &str, most: f64, make: impl FnOnce(&mut Maker) -> ValueId) -> Quantised {
    let model = model(name, make);
    let (quantised, error) = checked(&model, &samples(&model, 30), &Quantisation::with_bits(8));
    assert!(error < most, "{name}: {error}");
    quantised
}

/// Tables of a program: roundings to a grid.
fn tables(quantised: &Quantised) -> usize {
    let is_table = |node: &Node| matches!(&node.kind, NodeKind::Host(host) if host.name == "quantise");
    quantised.graph.nodes().filter(|(_, node)| is_table(node)).count()
}

#[test]
fn linear_layers_need_no_table() {
    let quantised = close("linear", 0.02, |m| {
        let x = m.input("x", &[1, 12]);
        let scaled = m.weights(&[12]);
        let x = m.push(ModelOp::Binary(Binary::Mul), &[x, scaled]);
        m.layer(x, 3)
    });
    assert_eq!(tables(&quantised), 0);
}

#[test]
fn networks() {
    let make = |m: &mut Maker| {
        let x = m.input("x", &[1, 10]);
        let hidden = m.layer(x, 16);
        let hidden = m.relu(hidden);
        let hidden = m.layer(hidden, 8);
        let hidden = m.push(ModelOp::Function(Function::Sigmoid), &[hidden]);
        m.layer(hidden, 3)
    };
    close("network", 0.03, make);
    let network = model("network", make);
    let samples = samples(&network, 60);
    let wishes = |change: &dyn Fn(&mut Quantisation)| {
        let mut options = Quantisation::with_bits(7);
        change(&mut options);
        checked(&network, &samples, &options).1
    };
    let plain = wishes(&|_| ());
    let round = |exactness| Some(RoundTo { bits: 6, exactness });
    for error in [
        wishes(&|options| options.weights = Granularity::PerTensor),
        wishes(&|options| options.inputs = InputScales::PerTensor),
        wishes(&|options| options.scales = Scales::PowerOfTwo),
        wishes(&|options| options.ranges = RangeRule::Percentile(0.1)),
        wishes(&|options| options.ranges = RangeRule::Mse),
        wishes(&|options| options.rounding = round(Exactness::Exact)),
        wishes(&|options| options.rounding = round(Exactness::Approximate)),
    ] {
        assert!(error < 4.0 * plain + 0.02, "{error} against {plain}");
    }
    assert!(wishes(&|options| options.corrects_bias = false) < 2.0 * plain);
}

#[test]
fn convolutions_of_one_to_three_axes() {
    for axes in 1..=3 {
        let shape: Vec<usize> = [1, 4].into_iter().chain([5, 4, 3].into_iter().take(axes)).collect();
        let kernel: Vec<usize> = [6, 2].into_iter().chain([2; 3].into_iter().take(axes)).collect();
        let quantised = close("convolution", 0.05, |m| {
            let x = m.input("x", &shape);
            let weights = m.weights(&kernel);
            let op = ModelOp::Conv {
                strides: vec![1; axes],
                padding: vec![(1, 0); axes],
                dilations: (0..axes).map(|axis| 1 + usize::from(axis == 0)).collect(),
                groups: 2,
            };
            let y = m.push(op, &[x, weights]);
            m.relu(y)
        });
        assert_eq!(tables(&quantised), 0, "the client computes a last function");
    }
}

#[test]
fn pools_and_sums() {
    let pool = |kind, padding| ModelOp::Pool {
        kind,
        window: vec![2, 2],
        strides: vec![2, 2],
        padding: vec![padding; 2],
        dilations: vec![1, 1],
    };
    for kind in [Pool::Max, Pool::Average, Pool::AverageOfPresent] {
        let quantised = close("pool", 0.05, |m| {
            let x = m.input("x", &[1, 2, 4, 4]);
            m.push(pool(kind, (1, 1)), &[x])
        });
        assert_eq!(tables(&quantised), 0);
    }
    for kind in [Reduce::Sum, Reduce::Mean, Reduce::Max, Reduce::Min, Reduce::Product] {
        let quantised = close("reduction", 0.1, |m| {
            let x = m.input("x", &[1, 3, 3]);
            m.push(ModelOp::Reduce { kind, axes: vec![1], keep: kind == Reduce::Sum }, &[x])
        });
        assert!(kind == Reduce::Product || tables(&quantised) == 0);
    }
}

#[test]
fn two_encrypted_values() {
    for function in [
        Binary::Add,
        Binary::Sub,
        Binary::Mul,
        Binary::Div,
        Binary::Min,
        Binary::Max,
        Binary::Less,
        Binary::GreaterOrEqual,
    ] {
        let most = if matches!(function, Binary::Less | Binary::GreaterOrEqual) { 0.3 } else { 0.06 };
        close("pair", most, |m| {
            let (x, y) = (m.input("x", &[1, 6]), m.input("y", &[1, 6]));
            let (x, y) = (m.layer(x, 4), m.layer(y, 4));
            let (x, y) = match function {
                Binary::Div => {
                    let three = m.builder.scalar(3.0).unwrap();
                    let y = m.push(ModelOp::Function(Function::Tanh), &[y]);
                    (x, m.push(ModelOp::Binary(Binary::Add), &[y, three]))
                }
                _ => (x, m.relu(y)),
            };
            m.push(ModelOp::Binary(function), &[x, y])
        });
    }
}

#[test]
fn residual_sums_and_concatenations_need_no_further_table() {
    let quantised = close("residual", 0.05, |m| {
        let x = m.input("x", &[1, 6]);
        let hidden = m.layer(x, 6);
        let hidden = m.relu(hidden);
        let again = m.layer(hidden, 6);
        let sum = m.push(ModelOp::Binary(Binary::Add), &[again, hidden]);
        let both = m.push(ModelOp::Concat { axis: 1 }, &[sum, x]);
        m.layer(both, 2)
    });
    assert_eq!(tables(&quantised), 1);
}

#[test]
fn one_source_is_one_table() {
    let quantised = close("silu", 0.05, |m| {
        let x = m.input("x", &[1, 6]);
        let y = m.layer(x, 6);
        let gate = m.push(ModelOp::Function(Function::Sigmoid), &[y]);
        let y = m.push(ModelOp::Binary(Binary::Mul), &[y, gate]);
        let zero = m.builder.scalar(0.25).unwrap();
        let is_small = m.push(ModelOp::Binary(Binary::Less), &[y, zero]);
        let y = m.push(ModelOp::Select, &[is_small, gate, y]);
        m.layer(y, 2)
    });
    assert_eq!(tables(&quantised), 1);
}

#[test]
fn softmax_inside_and_positions() {
    for log in [false, true] {
        close("attention", 0.1, |m| {
            let x = m.input("x", &[1, 4]);
            let y = m.layer(x, 4);
            let y = m.push(ModelOp::Softmax { axis: 1, log }, &[y]);
            m.layer(y, 2)
        });
    }
    close("position", 0.2, |m| {
        let x = m.input("x", &[1, 5]);
        let position = m.push(ModelOp::ArgExtreme { is_greatest: true, axis: 1, keep: true }, &[x]);
        let two = m.builder.scalar(2.0).unwrap();
        m.push(ModelOp::Binary(Binary::Mul), &[position, two])
    });
}

#[test]
fn products_of_two_encrypted_matrices() {
    close("matrices", 0.05, |m| {
        let (x, y) = (m.input("x", &[1, 3, 4]), m.input("y", &[1, 4, 2]));
        m.push(ModelOp::MatMul, &[x, y])
    });
    close("left", 0.05, |m| {
        let x = m.input("x", &[1, 4, 3]);
        let weights = m.weights(&[2, 4]);
        m.push(ModelOp::MatMul, &[weights, x])
    });
}

#[test]
fn selection_between_values() {
    close("selection", 0.15, |m| {
        let (x, y) = (m.input("x", &[1, 6]), m.input("y", &[1, 6]));
        let condition = m.push(ModelOp::Binary(Binary::Less), &[x, y]);
        m.push(ModelOp::Select, &[condition, y, x])
    });
}

#[test]
fn quantisation_aware_models_are_taken_as_they_are() {
    let grid = |scale: f64, lo, hi| {
        ModelOp::FakeQuantise(FakeQuantise {
            scale: vec![scale],
            zero_point: vec![0],
            axis: None,
            lo,
            hi,
            rounding: Rounding::Nearest,
        })
    };
    let aware = model("aware", |m| {
        let x = m.input("x", &[1, 8]);
        let x = m.push(grid(0.125, -8, 7), &[x]);
        let weights = m.weights(&[8, 5]);
        let weights = m.push(grid(0.25, -4, 3), &[weights]);
        let y = m.push(ModelOp::MatMul, &[x, weights]);
        let y = m.relu(y);
        let y = m.push(grid(0.25, 0, 7), &[y]);
        let weights = m.weights(&[5, 3]);
        let weights = m.push(grid(0.25, -4, 3), &[weights]);
        m.push(ModelOp::MatMul, &[y, weights])
    });
    // However few bits are wished for, nothing is lost.
    let (quantised, error) = checked(&aware, &samples(&aware, 30), &Quantisation::with_bits(2));
    assert!(error < 1e-12, "{error}");
    assert_eq!(tables(&quantised), 1);
}

#[test]
fn bad_samples_are_refused() {
    let linear = model("linear", |m| {
        let x = m.input("features", &[1, 3]);
        m.layer(x, 1)
    });
    let refused = |samples: &[Vec<ArrayD<f64>>]| {
        quantise(&linear, samples, &Quantisation::default()).unwrap_err().to_string()
    };
    assert!(refused(&[]).contains("no sample"));
    assert!(refused(&[vec![]]).contains("the model has 1 inputs: features"));
    assert!(
        refused(&[vec![ArrayD::zeros(IxDyn(&[1, 4]))]]).contains("`features`: sample 0 has shape [1, 4]")
    );
    let mut sample = ArrayD::zeros(IxDyn(&[1, 3]));
    sample[[0, 1]] = f64::NAN;
    assert!(refused(&[vec![sample]]).contains("NaN at element 1"));
    let bits = Quantisation::with_bits(17);
    assert!(quantise(&linear, &samples(&linear, 3), &bits).unwrap_err().to_string().contains("17 bits"));
    let few = quantise(&linear, &samples(&linear, 3), &Quantisation::default()).unwrap();
    assert!(few.report.warnings[0].contains("3 samples say little"), "{:?}", few.report.warnings);
    let mut constant = samples(&linear, 20);
    constant.iter_mut().for_each(|sample| sample[0][[0, 2]] = 5.0);
    let constant = quantise(&linear, &constant, &Quantisation::default()).unwrap();
    assert!(
        constant.report.warnings[0].contains("elements 2 never change"),
        "{:?}",
        constant.report.warnings
    );
}
