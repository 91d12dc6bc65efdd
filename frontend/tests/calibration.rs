//! Ranges and signedness after calibration, and every message about an input set.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

mod common;

use cloakwork_frontend::calibrate::calibrate;
use cloakwork_frontend::emit::emit;
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::sample::Sample;
use cloakwork_frontend::{InputType, OpGraph, trace};
use ndarray::{Array1, ArrayD, array};

fn neuron() -> OpGraph {
    trace("neuron", |t| {
        let x = t.encrypted("x", [2], 0..=15);
        let y = t.encrypted("y", [], InputType::Measured);
        x.dot(&array![1, -3]) + y
    })
    .unwrap()
}

fn message<S: Sample>(graph: &OpGraph, samples: Vec<S>) -> String {
    let context = cloakwork_ir::context::context();
    let module = emit(&context, graph).unwrap();
    calibrate(&context, &module, &GraphHost::of(graph), samples).unwrap_err().to_string()
}

#[test]
fn ranges_and_signedness_are_written() {
    let text = common::text(&neuron(), vec![(array![1, 2], 3), (array![7, 0], 9)]);
    let golden = r#"module {
  func.func @neuron(%arg0: tensor<2x!fhe.eint<?>> {fhe.name = "x", fhe.range = array<i64: 0, 15>}, %arg1: !fhe.eint<?> {fhe.name = "y", fhe.range = array<i64: 3, 9>}) -> !fhe.esint<?> {
    %cst = arith.constant dense<[1, -3]> : tensor<2xi64>
    %0 = fhe.dot %arg0, %cst {fhe.node = 3 : i64, fhe.range = array<i64: -5, 7>} : (tensor<2x!fhe.eint<?>>, tensor<2xi64>) -> !fhe.esint<?>
    %1 = fhe.add %0, %arg1 {fhe.node = 4 : i64, fhe.range = array<i64: -2, 16>} : (!fhe.esint<?>, !fhe.eint<?>) -> !fhe.esint<?>
    return %1 : !fhe.esint<?>
  }
}
"#;
    assert_eq!(text, golden, "\n{text}");
}

#[test]
fn messages_about_input_sets() {
    let graph = neuron();
    assert_eq!(
        message(&graph, Vec::<Vec<ArrayD<i64>>>::new()),
        "the input set is empty; at least 1 sample is needed; pass inputs like those the program will see"
    );
    assert_eq!(
        message(&graph, vec![array![1, 2]]),
        "sample 0 has 1 arguments; `neuron` takes 2; give one value for each argument"
    );
    assert_eq!(
        message(&graph, vec![(array![1, 2], array![0]), (array![1, 2], array![0])]),
        "sample 0: argument `y` has shape [1]; its shape is []; reshape the sample"
    );
    assert_eq!(
        message(&graph, vec![(array![1, 2], 0), (array![1, 16], 0)]),
        "sample 1: argument `x` holds 16; declared is 0 to 15; correct the sample or declare a wider type"
    );
}

#[test]
fn failures_of_the_program_name_sample_and_place() {
    let graph = trace("f", |t| t.encrypted("x", [], 0..=9).map(|v| if v == 3 { panic!("three") } else { v }));
    let graph = graph.unwrap();
    let place = graph.node(graph.outputs()[0]).location.clone().unwrap();
    assert_eq!(&*place.file, file!());
    std::panic::set_hook(Box::new(|_| ()));
    let message = message(&graph, vec![1, 3]);
    let _ = std::panic::take_hook();
    assert_eq!(
        message,
        format!(
            "sample 1: {place}: error: `map` panicked; guard it against every value of its operand's range"
        )
    );
}

#[test]
fn batches_show_what_each_sample_shows() {
    // So large that a batch holds less than all samples.
    let samples: Vec<_> =
        (0..200).map(|i| Array1::from_shape_fn(1000, |j| (i * 7 + j as i64 * 13) % 90)).collect();
    let graph = trace("f", |t| {
        let x = t.encrypted("x", [1000], InputType::Measured);
        (x.map(|v| v * v % 71) - &x).sum([])
    });
    let of = |x: &Array1<i64>| x.iter().map(|v| v * v % 71 - v).sum::<i64>();
    let (least, greatest) = (samples.iter().map(of).min().unwrap(), samples.iter().map(of).max().unwrap());
    let text = common::text(&graph.unwrap(), samples.clone());
    assert!(
        text.contains(&format!("fhe.range = array<i64: {least}, {greatest}>")),
        "{least} {greatest}\n{text}"
    );

    let graph = trace("f", |t| {
        t.encrypted("x", [1000], InputType::Measured).map(|v| if v == 90 { panic!("ninety") } else { v })
    });
    let mut failing = samples;
    failing[150][999] = 90;
    std::panic::set_hook(Box::new(|_| ()));
    let message = message(&graph.unwrap(), failing);
    let _ = std::panic::take_hook();
    assert!(message.starts_with("sample 150: ") && message.contains("`map` panicked"), "{message}");
}

#[test]
fn several_functions_are_refused() {
    let context = cloakwork_ir::context::context();
    let text = "func.func @f(%x: !fhe.eint<?>) -> !fhe.eint<?> { return %x : !fhe.eint<?> }
                func.func @g(%x: !fhe.eint<?>) -> !fhe.eint<?> { return %x : !fhe.eint<?> }";
    let module = cloakwork_ir::context::parse(&context, text, "test").unwrap();
    let error = calibrate(&context, &module, &GraphHost::default(), vec![1]).unwrap_err();
    assert_eq!(error.to_string(), "the module has 2 functions; exactly 1 is calibrated; split the module");
}

#[test]
fn text_with_known_widths_is_calibrated_within_them() {
    let context = cloakwork_ir::context::context();
    let text = "func.func @f(%x: !fhe.eint<3>) -> !fhe.eint<3> { return %x : !fhe.eint<3> }";
    let module = cloakwork_ir::context::parse(&context, text, "test").unwrap();
    let error = calibrate(&context, &module, &GraphHost::default(), vec![8]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "sample 0: argument `in0` holds 8; declared is 0 to 7; correct the sample or declare a wider type"
    );
    assert_eq!(calibrate(&context, &module, &GraphHost::default(), vec![1, 5]).unwrap(), 2);
    assert!(module.as_operation().to_string().contains("%arg0: !fhe.eint<3> {fhe.range = array<i64: 1, 5>}"));
}
