//! From an ONNX file to predictions, with nothing but files between the steps.

use crate::fixture::{CLOAKWORK, Place, error, fail, start, succeed};
use ndarray::{Array1, Array2, ArrayD};
use ndarray_npy::{read_npy, write_npy};
use std::process::Command;

const MLP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/models/exported/sklearn_mlp_regressor.onnx");
const LINEAR: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/models/exported/sklearn_linear_regression.onnx");

const LOGISTIC: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/models/exported/sklearn_logistic_three.onnx");
const DIGITS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/models/networks/digits_mlp.onnx");

/// Ten features of so many samples, on the scale of the diabetes data.
fn samples(place: &Place, name: &str, count: usize) -> String {
    uniform(place, name, (count, 10), (-0.1, 0.1))
}

/// A file of numbers between two bounds.
fn uniform(place: &Place, name: &str, shape: (usize, usize), (lo, hi): (f64, f64)) -> String {
    let mut state = 3u64;
    let x = Array2::from_shape_fn(shape, |_| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64 * (hi - lo) + lo
    });
    let path = place.at(name);
    write_npy(&path, &x).unwrap();
    path
}

#[test]
fn a_linear_model_from_file_to_encrypted_predictions() {
    let place = Place::new();
    let (data, few, program) =
        (samples(&place, "x.npy", 50), samples(&place, "few.npy", 3), place.at("model"));
    let output = start(CLOAKWORK, &["compile", LINEAR, "--calibrate", &data, "--report", "-o", &program]);
    assert!(output.status.success(), "{}", error(&output));
    let report = error(&output);
    assert!(report.contains("signal to noise") && report.contains("quantised"), "{report}");
    let (clear, executed) = (place.at("clear.npy"), place.at("executed.npy"));
    succeed(CLOAKWORK, &["predict", &program, &few, "-o", &clear]);
    let keys = place.at("keys");
    succeed(CLOAKWORK, &["keygen", &program, "-o", &keys]);
    let execute = ["predict", &program, &few, "--execute", "--keys", &keys, "-o", &executed];
    succeed(CLOAKWORK, &execute);
    let [clear, executed]: [ArrayD<f64>; 2] = [clear, executed].map(|path| read_npy(path).unwrap());
    assert_eq!(clear.shape(), [3, 1]);
    assert_eq!(clear, executed);
    let text = succeed(CLOAKWORK, &["report", &program]);
    assert!(text.contains("input X [1, 10]"), "{text}");
}

#[test]
fn a_network_within_a_budget() {
    let place = Place::new();
    let (data, program) = (samples(&place, "x.npy", 60), place.at("model"));
    let budget = ["compile", MLP, "--calibrate", &data, "--budget", "accuracy=-5%", "-o", &program];
    let output = start(CLOAKWORK, &budget);
    assert!(output.status.success(), "{}", error(&output));
    assert!(error(&output).contains("-> taken, * on the Pareto front"), "{}", error(&output));
    let few = samples(&place, "few.npy", 2);
    let simulated = succeed(CLOAKWORK, &["predict", &program, &few, "--simulate"]);
    assert_eq!(simulated.lines().count(), 2, "{simulated}");
    // What nobody can fulfil is refused, with what is possible.
    let budget = ["compile", MLP, "--calibrate", &data, "--budget", "time=1ms,accuracy=-1%", "-o", &program];
    let message = fail(CLOAKWORK, &budget, 1);
    assert!(message.contains("`budget`: best are") && message.contains("allow more time"), "{message}");
}

#[test]
fn bad_samples_and_wishes() {
    let place = Place::new();
    let (data, program) = (samples(&place, "x.npy", 20), place.at("model"));
    let refused = |arguments: &[&str], code: i32, part: &str| {
        let message = fail(CLOAKWORK, &[&["compile", LINEAR, "-o", &program], arguments].concat(), code);
        assert!(message.contains(part), "{arguments:?}: {message}");
    };
    refused(&[], 2, "name a NumPy file for each of its inputs (X)");
    refused(&["--calibrate", &data, "--n-bits", "many"], 2, "write a number");
    refused(&["--calibrate", &data, "--n-bits", "40"], 1, "1 to 16 bits are supported");
    refused(&["--calibrate", &data, "--rounding", "6:nearly"], 2, "`6:exact`");
    refused(&["--calibrate", &data, "--budget", "fast"], 1, "time=2s,accuracy=-1%");
    refused(&["--calibrate", &data, "--calibrate", &data], 2, "2 files for 1 inputs");
    let other = place.at("other.npy");
    write_npy(&other, &Array2::<f32>::zeros((20, 9))).unwrap();
    refused(&["--calibrate", &other], 1, "pass all features in the order of training");
    write_npy(&other, &Array2::<f64>::zeros((0, 10))).unwrap();
    refused(&["--calibrate", &other], 1, "no sample");
    write_npy(&other, &Array2::<f64>::from_elem((20, 10), f64::NAN)).unwrap();
    refused(&["--calibrate", &other], 1, "holds NaN at element 0");
    let text = place.write("net.mlir", crate::fixture::PROGRAM);
    succeed(CLOAKWORK, &["compile", &text, "-o", &program]);
    let message = fail(CLOAKWORK, &["predict", &program, &data], 1);
    assert!(message.contains("is a program on integers"), "{message}");
    let broken = place.write("broken.onnx", "no model");
    let message = fail(CLOAKWORK, &["compile", &broken, "--calibrate", &data, "-o", &program], 1);
    assert!(message.contains("broken.onnx"), "{message}");
}

#[test]
fn a_label_as_the_only_reply_and_where_accuracy_is_lost() {
    let place = Place::new();
    let model = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/models/exported/sklearn_tree_names.onnx");
    let x = Array2::from_shape_fn((40, 4), |(i, j)| ((i * 7 + j * 3) as f64 * 0.618).fract() * 6.0);
    let (data, program) = (place.at("x.npy"), place.at("model"));
    write_npy(&data, &x).unwrap();
    let compile = ["compile", model, "--calibrate", &data, "--n-bits", "5", "-o", &program];
    succeed(CLOAKWORK, &[&compile[..], &["--reply", "label"]].concat());
    let text = succeed(CLOAKWORK, &["predict", &program, &data]);
    let names = ["setosa", "versicolor", "virginica"].map(|name| format!("output_label = {name}"));
    assert!(
        text.lines().count() == 40 && text.lines().all(|line| names.iter().any(|name| name == line)),
        "{text}"
    );
    let keys = place.at("keys");
    let few = place.at("few.npy");
    write_npy(&few, &x.slice_axis(ndarray::Axis(0), (0..3).into()).to_owned()).unwrap();
    succeed(CLOAKWORK, &["keygen", &program, "-o", &keys]);
    let report = ["report", &program, "--model", model, "--data", &few, "--keys", &keys];
    let text = succeed(CLOAKWORK, &report);
    for step in ["agreement", "float      1.0000", "quantised", "simulated", "executed"] {
        assert!(text.contains(step), "{step}: {text}");
    }
    let message = fail(CLOAKWORK, &[&compile[..], &["--reply", "votes"]].concat(), 2);
    assert!(message.contains("`scores` and `label`"), "{message}");
}

#[test]
fn sums_too_wide_for_parameters() {
    let place = Place::new();
    let (data, program) = (uniform(&place, "x.npy", (40, 64), (0.0, 16.0)), place.at("model"));
    let compile = ["compile", DIGITS, "--calibrate", &data, "-o", &program];
    let message = fail(CLOAKWORK, &[&compile[..], &["--n-bits", "9"]].concat(), 1);
    assert!(message.contains("no parameters") && message.contains("(`rounding`)"), "{message}");
    // Rounded ones are not; that all layers together cannot be read so surely keeps nobody from seeing them.
    let output = start(CLOAKWORK, &[&compile[..], &["--rounding", "6", "--report-layers"]].concat());
    assert!(output.status.success(), "{}", error(&output));
    let text = error(&output);
    let layers = |text: &str| -> Vec<String> {
        text.lines().filter(|line| line.ends_with("dB")).map(str::to_owned).collect()
    };
    assert!(layers(&text).len() == 4 && layers(&text)[3].starts_with("/2/Gemm"), "{text}");
    // Who asks for no bits gets a choice by budget.
    let output = start(CLOAKWORK, &[&compile[..], &["--report-layers"]].concat());
    let text = error(&output);
    assert!(output.status.success() && layers(&text).len() == 4, "{text}");
    assert!(text.contains("chosen as with `--budget accuracy=-1%`"), "{text}");
}

/// The commands about models in the documents, line by line, in a folder with a model and samples of the names that they use.
#[test]
fn commands_of_the_documents_run_as_they_stand() {
    let documents = [
        ("command line", include_str!("../../../docs/command-line.md"), 6),
        ("readme", include_str!("../../../README.md"), 2),
    ];
    for (name, text, count) in documents {
        let place = Place::new();
        let model = std::fs::read(LOGISTIC).unwrap();
        place.write("model.onnx", model);
        for samples in ["x.npy", "samples.npy"] {
            uniform(&place, samples, (60, 4), (0.0, 8.0));
        }
        uniform(&place, "new.npy", (3, 4), (0.0, 8.0));
        write_npy(place.at("y.npy"), &Array1::from_shape_fn(60, |i| (i % 3) as i64)).unwrap();
        let room = text.split("## Models\n").nth(1).unwrap();
        let block = room.split("```sh\n").nth(1).unwrap().split("```").next().unwrap();
        assert_eq!(block.lines().count(), count, "{name}");
        for line in block.lines() {
            let words: Vec<&str> = line.split('#').next().unwrap().split_whitespace().collect();
            assert_eq!(words[0], "cloakwork", "{name}: {line}");
            let output =
                Command::new(CLOAKWORK).args(&words[1..]).current_dir(place.at(".")).output().unwrap();
            assert!(output.status.success(), "{name}: {line}: {}", error(&output));
        }
        assert_eq!(place.names().contains(&"predictions.npy".to_owned()), name == "command line");
    }
}
