//! Classifiers from files of several exporters: what is sent once, labels as the model has them, replies that are the label
//! alone, many samples side by side.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use cloakwork::models::float_outputs;
use cloakwork::{Bounds, Mode, ModelCircuit, ModelOptions, Options, Quantisation, compile_model};
use cloakwork_abi::processing::ClearValue;
use cloakwork_frontend::model::Model;
use cloakwork_frontend::onnx::{ImportOptions, import};
use cloakwork_frontend::quantise::Reply;
use ndarray::{ArrayD, IxDyn};

fn folder() -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/models")
}

/// A committed model, with points between the samples that were committed with it.
fn exported(name: &str, count: usize) -> (Model, Vec<Vec<ArrayD<f64>>>) {
    let bytes = std::fs::read(folder().join(format!("exported/{name}.onnx"))).unwrap();
    let model = import(&bytes, &ImportOptions::default()).unwrap();
    let cases: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(folder().join("exported.json")).unwrap()).unwrap();
    let input = &model.inputs[0];
    let known: Vec<Vec<f64>> = cases
        .as_array()
        .unwrap()
        .iter()
        .filter(|case| case["name"] == name)
        .map(|case| case["inputs"][&input.name]["values"].as_array().unwrap().iter())
        .map(|values| values.map(|value| value.as_f64().unwrap()).collect())
        .collect();
    let between = |i: usize| {
        let (a, b) = (&known[i % known.len()], &known[(i / known.len() + i) % known.len()]);
        let share = (i as f64 * 0.618).fract();
        let elements = a.iter().zip(b).map(|(a, b)| a + share * (b - a)).collect();
        vec![ArrayD::from_shape_vec(IxDyn(&input.shape), elements).unwrap()]
    };
    let samples = (0..count).map(between).collect();
    (model, samples)
}

fn compiled(model: &Model, samples: &[Vec<ArrayD<f64>>], bits: u32, reply: Reply) -> ModelCircuit {
    let quantisation = Quantisation { reply, ..Quantisation::with_bits(bits) };
    let options = Options { p_error: Some(1e-9), ..Options::default() };
    compile_model(model, samples, &ModelOptions { quantisation, options }).unwrap()
}

fn labels(outputs: &[Vec<ClearValue>]) -> Vec<ClearValue> {
    outputs.iter().map(|values| values[0].clone()).collect()
}

#[test]
fn a_label_and_its_probabilities_come_of_one_result() {
    for (name, bits) in [
        ("sklearn_logistic_three", 8),
        ("sklearn_logistic_two", 8),
        ("sklearn_mlp_names", 4),
        ("sklearn_tree_names", 5),
    ] {
        let (model, samples) = exported(name, 64);
        assert_eq!(model.outputs.len(), 2, "{name}");
        let circuit = compiled(&model, &samples, bits, Reply::Scores);
        assert_eq!(circuit.circuit().spec().outputs.len(), 1, "{name}");
        let clear = circuit.predict(&samples, Mode::Clear).unwrap();
        for outputs in &clear.outputs {
            let is_label = match &outputs[0] {
                ClearValue::Strings(names) => name.ends_with("names") && names.len() == 1,
                ClearValue::Integers(labels) => !name.ends_with("names") && labels.len() == 1,
                ClearValue::Reals(_) => false,
            };
            assert!(is_label, "{name}: {outputs:?}");
            let ClearValue::Reals(probabilities) = &outputs[1] else { panic!("{name}: {outputs:?}") };
            assert!((probabilities.sum() - 1.0).abs() < 1e-6, "{name}: {outputs:?}");
        }
    }
}

#[test]
fn a_label_alone_is_that_of_the_clear_model() {
    for (name, bits, least, ends) in [
        ("sklearn_logistic_two", 8, 0.95, 2),
        ("sklearn_logistic_names", 6, 0.9, 3),
        ("sklearn_mlp_names", 5, 0.85, 3),
        ("sklearn_tree", 6, 0.9, 2),
        ("sklearn_tree_names", 6, 0.9, 3),
        ("xgboost_two", 5, 0.9, 2),
        ("lightgbm_three", 5, 0.9, 3),
    ] {
        let (model, samples) = exported(name, 64);
        let circuit = compiled(&model, &samples, bits, Reply::Label);
        let result = &circuit.circuit().spec().outputs;
        assert_eq!((result.len(), result[0].shape.iter().product::<u64>()), (1, 1), "{name}");
        assert!(result[0].range.1 < ends, "{name}: {:?}", result[0].range);
        let float = labels(&float_outputs(&model, &samples).unwrap());
        let clear = circuit.predict(&samples, Mode::Clear).unwrap();
        let found = labels(&clear.outputs);
        let right = found.iter().zip(&float).filter(|(found, float)| found == float).count();
        let share = right as f64 / samples.len() as f64;
        println!("{name}: {share} with {} lookups", circuit.circuit().spec().counts.bootstraps);
        assert!(share >= least, "{name}: {share}");
        assert!(found.iter().any(|label| *label != found[0]), "{name}: one label for all");
        let simulated = circuit.predict(&samples, Mode::Simulate { seed: 3 }).unwrap();
        // Rounding may move a score by one step.
        let simulated = labels(&simulated.outputs);
        let differ = simulated.iter().zip(&found).filter(|(simulated, found)| simulated != found).count();
        assert!(differ <= 3, "{name}: {differ}");
    }
}

/// The label of trees is decided by the same sums that a client would get.
#[test]
fn a_label_of_trees_is_that_of_their_sums() {
    let (model, samples) = exported("sklearn_tree", 64);
    let of_sums = compiled(&model, &samples, 6, Reply::Scores).predict(&samples, Mode::Clear).unwrap();
    let circuit = compiled(&model, &samples, 6, Reply::Label);
    let alone = circuit.predict(&samples, Mode::Clear).unwrap();
    assert_eq!(labels(&alone.outputs), labels(&of_sums.outputs));
    let keys = circuit.keygen().unwrap();
    let executed = circuit.predict(&samples[..6], Mode::execute(&keys)).unwrap();
    assert_eq!(executed.outputs, alone.outputs[..6]);
}

#[test]
fn samples_side_by_side_are_those_one_by_one() {
    let (model, samples) = exported("sklearn_mlp_names", 23);
    let circuit = compiled(&model, &samples, 3, Reply::Scores);
    let clear = circuit.predict(&samples, Mode::Clear).unwrap();
    let keys = circuit.keygen().unwrap();
    // More than fit side by side, and a last group that is not full.
    let executed = circuit.predict(&samples, Mode::execute(&keys)).unwrap();
    assert_eq!(executed.integers, clear.integers);
    let seed = 11;
    let together = circuit.predict(&samples, Mode::Simulate { seed }).unwrap();
    for (i, sample) in samples.iter().enumerate() {
        let mode = Mode::Simulate { seed: seed + i as u64 };
        let alone = circuit.predict(std::slice::from_ref(sample), mode).unwrap();
        assert_eq!(alone.integers[0], together.integers[i]);
    }
}

/// Thresholds of one feature exclude each other, so that room for whatever inputs there are costs trees nothing.
#[test]
fn trees_have_provable_bounds_for_nothing() {
    for name in
        ["sklearn_tree", "sklearn_forest", "sklearn_forest_regressor", "xgboost_three", "lightgbm_two"]
    {
        let (model, samples) = exported(name, 64);
        let with = |bounds: Bounds| {
            let options = Options { p_error: Some(1e-9), bounds: Some(bounds), ..Options::default() };
            compile_model(
                &model,
                &samples,
                &ModelOptions { quantisation: Quantisation::with_bits(5), options },
            )
            .unwrap()
        };
        let (measured, guarded, provable) =
            (with(Bounds::Measured), with(Bounds::Guarded), with(Bounds::Provable));
        let clear = measured.predict(&samples, Mode::Clear).unwrap().outputs;
        let time = |circuit: &ModelCircuit| circuit.circuit().report().predicted_time.unwrap().total();
        for other in [&guarded, &provable] {
            assert_eq!(other.predict(&samples, Mode::Clear).unwrap().outputs, clear, "{name}");
            let found = other.predict(&samples, Mode::Simulate { seed: 4 }).unwrap();
            assert_eq!(found.outputs, clear, "{name}");
            assert_eq!(found.outside, Some(0), "{name}");
            assert!(
                time(other) <= 1.01 * time(&measured),
                "{name}: {} s, not {}",
                time(other),
                time(&measured)
            );
        }
        println!("{name}: {:.3} s, provable {:.3} s", time(&measured), time(&provable));
        let keys = provable.keygen().unwrap();
        let executed = provable.predict(&samples[..2], Mode::execute(&keys)).unwrap();
        assert_eq!(executed.outputs, clear[..2], "{name}");
    }
}
