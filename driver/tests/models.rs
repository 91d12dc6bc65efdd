//! Models from reals to predictions: what is quantised, simulated and executed is what the model says.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cloakwork::models::{Budget as TimeAndLoss, Reach, Truth, compile_fastest, compile_within};
use cloakwork::{Bounds, Exactness, Mode, ModelOptions, Noise, Options, Quantisation, compile_model};
use cloakwork_abi::encoding::bounds;
use cloakwork_abi::processing::{ClearValue, Function};
use cloakwork_abi::spec::EncodingSpec;
use cloakwork_frontend::model::op::Binary;
use cloakwork_frontend::model::{Budget, Model, ModelBuilder, ModelInput, ModelOp, ValueId};
use cloakwork_frontend::quantise::{Bits, RoundTo};
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

/// Many steps whose sums keep away from 0, beside one wave whose sums are needed to many bits.
#[test]
fn a_budget_rounds_one_layer_alone_where_that_is_best() {
    let mut numbers = Numbers(5);
    let mut builder = ModelBuilder::new("uneven", Budget::default());
    let x = input(&mut builder, "x", &[1, 4]);
    builder.at("steps");
    // Each step asks one of two features that are -1 or 1, with some of the others beside it.
    let weights = ArrayD::from_shape_fn(IxDyn(&[4, 12]), |at| match (at[0], at[1] % 2) {
        (0, 0) | (1, 1) => 1.0 + at[1] as f64 / 16.0,
        (2 | 3, _) => (at[1] as f64 / 8.0 - 0.7) / 4.0,
        _ => 0.0,
    });
    let weights = builder.constant(weights).unwrap();
    let steps = builder.push(ModelOp::MatMul, &[x, weights]).unwrap();
    let zero = builder.scalar(0.0).unwrap();
    let steps = builder.binary(Binary::Greater, steps, zero).unwrap();
    builder.at("wave");
    let weights = ArrayD::from_shape_vec(IxDyn(&[4, 1]), vec![0.0, 0.0, 4.0, 3.0]).unwrap();
    let weights = builder.constant(weights).unwrap();
    let wave = builder.push(ModelOp::MatMul, &[x, weights]).unwrap();
    let wave = builder.function(Function::Sin, wave).unwrap();
    builder.at("sum");
    let all = builder.push(ModelOp::Concat { axis: 1 }, &[steps, wave]).unwrap();
    let mut weights = vec![0.05; 12];
    weights.push(1.0);
    let weights = builder.constant(ArrayD::from_shape_vec(IxDyn(&[13, 1]), weights).unwrap()).unwrap();
    let y = builder.push(ModelOp::MatMul, &[all, weights]).unwrap();
    builder.output("y", y, None);
    let model = builder.finish();
    let sample = |numbers: &mut Numbers| {
        let mut x = numbers.array(&[1, 4]);
        x.iter_mut().take(2).for_each(|v| *v = v.signum());
        vec![x]
    };
    let samples: Vec<_> = (0..120).map(|_| sample(&mut numbers)).collect();
    let budget = TimeAndLoss { time: None, accuracy: Some(0.02) };
    let circuit =
        compile_within(&model, &samples, Truth::default(), &ModelOptions::default(), budget).unwrap();
    let search = circuit.search().unwrap();
    println!("{search}\n{}", circuit.quantisation());
    let chosen = &search.candidates[search.chosen];
    let of_layer = |layer: &str| {
        let of_it = chosen.rounding_of.iter().find(|(name, _)| name == layer).map(|(_, bits)| *bits);
        of_it.or(chosen.rounding)
    };
    let (steps, wave) = (of_layer("steps").unwrap(), of_layer("wave"));
    assert!(wave.is_none_or(|wave| steps + 2 <= wave), "{chosen:?}");
    assert_eq!(chosen.rounding_of.len(), 1, "{chosen:?}");
    // The best that rounds all layers alike is slower.
    let alike = search.candidates.iter().filter(|other| other.rounding_of.is_empty());
    let within = alike.filter(|other| other.accuracy >= search.float - 0.02);
    assert!(within.map(|other| other.seconds).fold(f64::INFINITY, f64::min) > chosen.seconds, "{search}");
}

/// Inputs that lie inside of the range of the samples, though together as none of them.
#[test]
fn with_provable_bounds_nothing_wraps() {
    let mut numbers = Numbers(8);
    let weights = numbers.array(&[48, 4]);
    let samples: Vec<_> = (0..100).map(|_| vec![numbers.array(&[1, 48])]).collect();
    let made = |greatest: f64| {
        let mut builder = ModelBuilder::new("roomy", Budget::default());
        let x = input(&mut builder, "x", &[1, 48]);
        builder.at("hidden");
        let known = builder.constant(weights.clone()).unwrap();
        let hidden = builder.push(ModelOp::MatMul, &[x, known]).unwrap();
        let hidden = builder.function(Function::Clip { lo: 0.0, hi: greatest }, hidden).unwrap();
        builder.at("last");
        let y = layer(&mut builder, &mut Numbers(9), hidden, [4, 2]);
        builder.output("y", y, None);
        builder.output("hidden", hidden, None);
        builder.finish()
    };
    let mut model = made(f64::MAX);
    let greatest = samples.iter().flat_map(|sample| model.predict(sample).unwrap().remove(1));
    // Values that samples did not show saturate, which is no wrapping.
    let saturated = made(greatest.fold(0.0, f64::max));
    model.outputs.truncate(1);
    let worst: Vec<_> = (0..4)
        .flat_map(|column| [0.9, -0.9].map(|size| (column, size)))
        .map(|(column, size)| {
            vec![ArrayD::from_shape_fn(IxDyn(&[1, 48]), |at| size * weights[[at[1], column]].signum())]
        })
        .collect();
    let compiled = |bounds: Bounds| {
        let rounding = Some(RoundTo { bits: 6, exactness: Exactness::Approximate });
        let quantisation = Quantisation { rounding, ..Quantisation::with_bits(5) };
        let options = Options { p_error: Some(1e-9), bounds: Some(bounds), ..Options::default() };
        compile_model(&model, &samples, &ModelOptions { quantisation, options }).unwrap()
    };
    let measured = compiled(Bounds::Measured);
    let layers = measured.beyond_saturation();
    println!("{layers:?}");
    assert!(layers.iter().any(|layer| layer.layer.contains("hidden") && layer.provable_bits > layer.bits));
    assert!(measured.predict(&worst, Mode::Clear).unwrap().outside > Some(0));
    let roomy = compiled(Bounds::Provable);
    assert_eq!(roomy.beyond_saturation(), []);
    let wrapped = measured.predict(&worst, Mode::Clear).unwrap();
    let wrong = largest_difference(&saturated, &worst, &wrapped.outputs);
    for mode in [Mode::Clear, Mode::Simulate { seed: 1 }] {
        let found = roomy.predict(&worst, mode).unwrap();
        assert_eq!(found.outside, Some(0));
        let difference = largest_difference(&saturated, &worst, &found.outputs);
        println!("{difference} instead of {wrong}");
        assert!(difference < wrong / 3.0, "{difference} instead of {wrong}");
    }
    let time = |circuit: &cloakwork::ModelCircuit| circuit.circuit().report().predicted_time.unwrap().total();
    println!("measured {:.3} s, provable {:.3} s", time(&measured), time(&roomy));
    assert!(time(&roomy) < 4.0 * time(&measured));
}

/// Features between -1 and 1 whose sum lies between -1 and 1 in every sample, but need not.
fn opposed(function: Option<Function>) -> (Model, Vec<Vec<ArrayD<f64>>>) {
    let mut builder = ModelBuilder::new("opposed", Budget::default());
    let x = input(&mut builder, "x", &[1, 2]);
    builder.at("sum");
    let weights = ArrayD::from_shape_vec(IxDyn(&[2, 2]), vec![1.0, 0.97, 0.97, 1.0]).unwrap();
    let weights = builder.constant(weights).unwrap();
    let mut y = builder.push(ModelOp::MatMul, &[x, weights]).unwrap();
    if let Some(function) = function {
        y = builder.function(function, y).unwrap();
        builder.at("last");
        let weights = ArrayD::from_shape_vec(IxDyn(&[2, 1]), vec![1.0, 0.0]).unwrap();
        let weights = builder.constant(weights).unwrap();
        y = builder.push(ModelOp::MatMul, &[y, weights]).unwrap();
    }
    builder.output("y", y, None);
    let mut numbers = Numbers(11);
    let ends = [[1.0, 0.0], [-1.0, 0.0], [0.0, 1.0], [0.0, -1.0]].map(|pair| pair.to_vec());
    let inside = (0..400).map(|_| vec![numbers.next(), numbers.next()]);
    let inside = inside.filter(|pair| (pair[0] + pair[1]).abs() <= 1.0);
    let samples = ends.into_iter().chain(inside).map(|pair| sample_of(&pair)).collect();
    (builder.finish(), samples)
}

fn sample_of(pair: &[f64]) -> Vec<ArrayD<f64>> {
    vec![ArrayD::from_shape_vec(IxDyn(&[1, 2]), pair.to_vec()).unwrap()]
}

/// Samples whose sums lie 1.2 to 1.9 times as far as those of any sample of the calibration set.
fn beyond(sign: f64) -> Vec<Vec<ArrayD<f64>>> {
    [1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.9].map(|sum| sample_of(&[sign * sum / 1.97; 2])).to_vec()
}

fn few_bits(bounds: Bounds) -> ModelOptions {
    let bits = Bits { model_inputs: 5, op_inputs: 4, op_weights: 3, model_outputs: 5 };
    let options = Options { p_error: Some(1e-9), bounds: Some(bounds), ..Options::default() };
    ModelOptions { quantisation: Quantisation { bits, ..Quantisation::default() }, options }
}

#[test]
fn sums_beyond_the_samples_saturate_before_a_table() {
    for function in [Function::Clip { lo: 0.0, hi: f64::MAX }, Function::Sigmoid] {
        let is_ramp = function != Function::Sigmoid;
        let (model, samples) = opposed(Some(function));
        let measured = compile_model(&model, &samples, &few_bits(Bounds::Measured)).unwrap();
        // The same integers, with room for everything.
        let roomy = compile_model(&model, &samples, &few_bits(Bounds::Provable)).unwrap();
        let keys = measured.keygen().unwrap();
        for sign in [1.0, -1.0] {
            let beyond = beyond(sign);
            let found = measured.predict(&beyond, Mode::Clear).unwrap();
            let wanted = roomy.predict(&beyond, Mode::Clear).unwrap();
            assert_eq!((wanted.outside, wanted.results_outside, found.saturated), (Some(0), Some(0), 0));
            assert!(found.outside > Some(0), "none of them was counted");
            if is_ramp && sign > 0.0 {
                assert_eq!(found.outputs, wanted.outputs, "a ramp saturates above");
            }
            for ((sample, found), wanted) in beyond.iter().zip(&found.outputs).zip(&wanted.outputs) {
                let (sum, found, wanted) = (1.97 * sample[0][[0, 0]], reals(&found[0]), reals(&wanted[0]));
                let error = (found[[0, 0]] - wanted[[0, 0]]).abs();
                // At most what the function rises over as many steps from the other end, and a step of its grid.
                let at = |v: f64| if is_ramp { v.max(0.0) } else { 1.0 / (1.0 + (-v).exp()) };
                let folded = sum.abs() - 1.0;
                let rise = if sign > 0.0 { at(folded - 1.0) - at(-1.0) } else { at(1.0) - at(1.0 - folded) };
                println!("{sum:.1}: {error:.3}, at most {rise:.3}");
                assert!(error <= rise + 2.0 / 15.0, "{sum}: {error}, not {rise}");
            }
            let executed = measured.predict(&beyond, Mode::execute(&keys)).unwrap();
            assert_eq!((executed.integers, executed.outside), (found.integers, None));
        }
    }
}

#[test]
fn layers_lose_from_step_to_step() {
    let (model, samples) = opposed(Some(Function::Sigmoid));
    let circuit = compile_model(&model, &samples, &few_bits(Bounds::Measured)).unwrap();
    let layers = circuit.accuracy_by_layer(&samples[..40], Reach::Executed).unwrap();
    println!("{layers}");
    let names: Vec<&str> = layers.0.iter().map(|layer| layer.name.as_str()).collect();
    assert_eq!(names.first().zip(names.last()), Some((&"sum", &"last")));
    let reported = &circuit.quantisation().layers;
    for layer in &layers.0 {
        let of_report = reported.iter().find(|of_report| of_report.name == layer.name).unwrap();
        let (lo, hi) = of_report.range.unwrap();
        assert!(lo <= layer.range.0 && layer.range.1 <= hi, "{layer:?}, {of_report:?}");
        assert!(layer.quantised > 15.0, "{layer:?}");
        // Hardly a lookup of them fails.
        assert_eq!((layer.simulated, layer.executed), (layer.quantised, Some(layer.quantised)));
    }
    let alone = circuit.accuracy_by_layer(&samples[..2], Reach::Simulated).unwrap();
    assert!(alone.0.iter().all(|layer| layer.executed.is_none()));
}

#[test]
fn results_beyond_their_width_saturate() {
    let (model, samples) = opposed(None);
    let measured = compile_model(&model, &samples, &few_bits(Bounds::Measured)).unwrap();
    let roomy = compile_model(&model, &samples, &few_bits(Bounds::Provable)).unwrap();
    let EncodingSpec::Encrypted { width, is_signed, .. } = measured.circuit().spec().outputs[0].encoding
    else {
        panic!("a result is encrypted")
    };
    let (least, greatest) = bounds(width, is_signed);
    let keys = measured.keygen().unwrap();
    // By default the width is such that all saturate, here all fit.
    let mut default = few_bits(Bounds::Measured);
    default.options.bounds = None;
    let default = compile_model(&model, &samples, &default).unwrap();
    let corners: Vec<_> = [[1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]].map(|pair| sample_of(&pair)).to_vec();
    let wanted = roomy.predict(&corners, Mode::Clear).unwrap().integers;
    for mode in [Mode::Clear, Mode::execute(&default.keygen().unwrap())] {
        let found = default.predict(&corners, mode).unwrap().integers;
        let EncodingSpec::Encrypted { width, is_signed, .. } = default.circuit().spec().outputs[0].encoding
        else {
            panic!("a result is encrypted")
        };
        let (least, greatest) = bounds(width, is_signed);
        let saturated: Vec<_> =
            wanted.iter().map(|results| vec![results[0].mapv(|v| v.clamp(least, greatest))]).collect();
        assert_eq!(found, saturated);
    }
    for sign in [1.0, -1.0] {
        let beyond = beyond(sign);
        let wanted = roomy.predict(&beyond, Mode::Clear).unwrap().integers;
        let saturated: Vec<_> =
            wanted.iter().map(|results| vec![results[0].mapv(|v| v.clamp(least, greatest))]).collect();
        let count = wanted.iter().zip(&saturated).map(|(wanted, saturated)| {
            wanted[0].iter().zip(&saturated[0]).filter(|(wanted, saturated)| wanted != saturated).count()
        });
        let count = count.sum::<usize>() as u64;
        assert!(count > 0);
        for mode in [Mode::Clear, Mode::Simulate { seed: 3 }, Mode::execute(&keys)] {
            let found = measured.predict(&beyond, mode).unwrap();
            assert_eq!((&found.integers, found.results_outside), (&saturated, Some(count)));
        }
    }
}

type Samples = Vec<Vec<ArrayD<f64>>>;

/// A network of two hidden layers, and samples from the middle of the box of features from -1 to 1: its corners lead sums
/// much further than any sample.
fn of_corners(seed: u64, features: usize) -> (Model, Samples, Samples) {
    let mut numbers = Numbers(seed);
    let weights = numbers.array(&[features, 5]);
    let mut builder = ModelBuilder::new("corners", Budget::default());
    let x = input(&mut builder, "x", &[1, features]);
    builder.at("first");
    let known = builder.constant(weights.clone()).unwrap();
    let hidden = builder.push(ModelOp::MatMul, &[x, known]).unwrap();
    let hidden = builder.function(Function::Clip { lo: 0.0, hi: f64::MAX }, hidden).unwrap();
    builder.at("second");
    let hidden = layer(&mut builder, &mut numbers, hidden, [5, 4]);
    let hidden = builder.function(Function::Clip { lo: 0.0, hi: f64::MAX }, hidden).unwrap();
    builder.at("last");
    let y = layer(&mut builder, &mut numbers, hidden, [4, 2]);
    builder.output("y", y, None);
    let mut samples: Vec<_> = (0..150).map(|_| vec![numbers.array(&[1, features])]).collect();
    // Each feature reaches its ends in some sample.
    for i in 0..features {
        for end in [-1.0, 1.0] {
            let mut sample = ArrayD::zeros(IxDyn(&[1, features]));
            sample[[0, i]] = end;
            samples.push(vec![sample]);
        }
    }
    let corner = |sign: &dyn Fn(usize) -> f64| {
        vec![ArrayD::from_shape_fn(IxDyn(&[1, features]), |at| sign(at[1]).signum())]
    };
    let mut corners = vec![];
    for column in 0..5 {
        corners.push(corner(&|i| weights[[i, column]]));
        corners.push(corner(&|i| -weights[[i, column]]));
    }
    for _ in 0..40 {
        let signs = numbers.array(&[features]);
        corners.push(corner(&|i| signs[[i]]));
    }
    (builder.finish(), samples, corners)
}

/// By default a sum before a table saturates for whatever inputs there are: at the corners of the box programs give what those
/// with room for all of them give. Some programs that rely on the samples do not, so that this test tells them apart.
#[test]
fn nothing_wraps_by_default() {
    let mut off_when_measured: Vec<f64> = vec![];
    for (seed, features) in [(21, 24), (22, 14), (23, 15), (25, 18)] {
        let (model, samples, corners) = of_corners(seed, features);
        let with = |bounds: Option<Bounds>| {
            let mut options = few_bits(Bounds::Measured);
            options.options.bounds = bounds;
            compile_model(&model, &samples, &options).unwrap()
        };
        let (default, measured) = (with(None), with(Some(Bounds::Measured)));
        let provable = with(Some(Bounds::Provable));
        let clear = |circuit: &cloakwork::ModelCircuit, of: &[_]| circuit.predict(of, Mode::Clear).unwrap();
        let (found, wanted) = (clear(&default, &corners), clear(&provable, &corners));
        // The integers are those of the program with room for all, but for channels whose samples did not reach the ends of what
        // their function gives: these saturate at what the samples reached.
        let off = |found: &cloakwork::Predictions| {
            let pairs = found.outputs.iter().zip(&wanted.outputs);
            let all = pairs.flat_map(|(a, b)| (reals(&a[0]) - reals(&b[0])).into_iter().map(f64::abs));
            all.fold(0.0, f64::max)
        };
        let (own, of_measured) = (off(&found), off(&clear(&measured, &corners)));
        println!("seed {seed}: off by {own:.3}, measured by {of_measured:.3}");
        assert!(own < MOST_OFF, "seed {seed}: {own}");
        off_when_measured.push(of_measured);
        assert_eq!(clear(&default, &samples).outputs, clear(&measured, &samples).outputs);
        assert_eq!((default.beyond_saturation(), provable.beyond_saturation()), (vec![], vec![]));
        assert_ne!(measured.beyond_saturation(), []);
        assert!(found.outside > Some(0), "none of them was counted");
        assert_eq!((found.saturated, wanted.outside), (0, Some(0)));
        let simulated = default.predict(&corners, Mode::Simulate { seed: 5 }).unwrap();
        assert_eq!((simulated.integers, simulated.outside), (found.integers.clone(), found.outside));
        if seed == 21 {
            let guarded = with(Some(Bounds::Guarded));
            assert_eq!(found.integers, clear(&guarded, &corners).integers);
            let keys = default.keygen().unwrap();
            let executed = default.predict(&corners[..8], Mode::execute(&keys)).unwrap();
            assert_eq!(executed.integers, found.integers[..8]);
        }
    }
    let wrapped = off_when_measured.iter().filter(|off| **off > MOST_OFF).count();
    assert!(wrapped >= 2, "nothing here wraps where ranges are measured: {off_when_measured:?}");
}

/// How far results of networks of [`of_corners`] may lie from those of a program with other bounds.
const MOST_OFF: f64 = 0.2;

/// Weights are such that rounded sums fill their tables, so that saturating for whatever inputs there are costs little of what
/// the bits can tell apart.
#[test]
fn rounded_sums_fill_their_tables() {
    let exactness = Exactness::Exact;
    let (mut own, mut of_measured) = (0.0, 0.0);
    for seed in 41..49 {
        let (model, samples, _) = of_corners(seed, 24);
        let error = |bounds: Bounds| {
            let mut options = few_bits(bounds);
            options.quantisation.rounding = Some(RoundTo { bits: 4, exactness });
            let wishes = cloakwork::models::with_room(&options.quantisation, Some(bounds));
            let quantised = cloakwork_frontend::quantise::quantise(&model, &samples, &wishes).unwrap();
            quantised.report.layers.last().unwrap().signal_to_noise
        };
        own += error(Bounds::Guarded);
        of_measured += error(Bounds::Measured);
    }
    println!("signal to noise {:.2} dB, measured {:.2} dB", own / 8.0, of_measured / 8.0);
    assert!(own > of_measured - 8.0 * 3.0, "{own} and {of_measured}");
}

/// Rounded sums saturate within the bits that were asked for, exactly rounded or by the boxes of the table.
#[test]
fn rounded_sums_saturate_by_default() {
    for exactness in [Exactness::Exact, Exactness::Approximate] {
        let (model, samples, corners) = of_corners(31, 24);
        let with = |bounds: Option<Bounds>| {
            let mut options = few_bits(Bounds::Measured);
            options.options.bounds = bounds;
            options.quantisation.rounding = Some(RoundTo { bits: 5, exactness });
            compile_model(&model, &samples, &options).unwrap()
        };
        let default = with(None);
        println!("{}\n{}", default.quantisation(), default.circuit().report());
        assert!(default.quantisation().sums.iter().all(|sum| sum.table_bits() <= 5));
        assert_eq!(default.beyond_saturation(), []);
        // Tables have the bits that were asked for, so that nothing takes longer.
        let time =
            |circuit: &cloakwork::ModelCircuit| circuit.circuit().report().predicted_time.unwrap().total();
        let (took, before) = (time(&default), time(&with(Some(Bounds::Measured))));
        println!("{exactness:?}: measured {before:.3} s, default {took:.3} s");
        assert!(took < 1.3 * before, "{took} s, not {before} s");
        // The same program with room for whatever inputs there are.
        let arguments = |sample: &Vec<ArrayD<f64>>| default.quantise_input(sample).unwrap();
        let measured_on: Vec<_> = samples.iter().map(arguments).collect();
        let provable = Options { bounds: Some(Bounds::Provable), ..few_bits(Bounds::Provable).options };
        let (_, roomy) = compile_fastest(&[default.graph()], &measured_on, &provable).unwrap();
        let of_roomy = |sample| {
            let results = roomy.simulate(arguments(sample), Noise::None).unwrap().outputs;
            default.dequantise_output(&results).unwrap()
        };
        let wanted: Vec<_> = corners.iter().map(of_roomy).collect();
        let found = default.predict(&corners, Mode::Clear).unwrap();
        let pairs = found.outputs.iter().zip(&wanted);
        let off = pairs.flat_map(|(found, wanted)| {
            (reals(&found[0]) - reals(&wanted[0])).into_iter().map(f64::abs).collect::<Vec<_>>()
        });
        let off = off.fold(0.0, f64::max);
        println!("{exactness:?}: {off}");
        assert!(off < MOST_OFF, "{off}");
        let keys = default.keygen().unwrap();
        let executed = default.predict(&corners, Mode::execute(&keys)).unwrap();
        match exactness {
            Exactness::Exact => assert_eq!(executed.integers, found.integers),
            // Noise moves some sums by one step.
            Exactness::Approximate => {
                let pairs = executed.outputs.iter().zip(&found.outputs);
                let off = pairs.flat_map(|(a, b)| {
                    (reals(&a[0]) - reals(&b[0])).into_iter().map(f64::abs).collect::<Vec<_>>()
                });
                let off = off.fold(0.0, f64::max);
                let all = || found.outputs.iter().flat_map(|outputs| reals(&outputs[0]).iter().copied());
                let extent = all().fold(f64::MIN, f64::max) - all().fold(f64::MAX, f64::min);
                println!("executed: {off} of {extent}");
                assert!(off < 0.25 * extent, "{off} of {extent}");
            }
        }
    }
}
