//! Models that other programs exported, as programs on integers: each is quantised on the samples that come with it, and
//! the emitted module, interpreted, says about what the exporter's runtime said.
#![allow(clippy::unwrap_used, reason = "a panic is how a test fails")]

use cloakwork_abi::processing::{ClearValue, apply_steps};
use cloakwork_frontend::emit::emit;
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::model::Model;
use cloakwork_frontend::onnx::{ImportOptions, import};
use cloakwork_frontend::quantise::{Bits, Quantisation, quantise};
use cloakwork_ir::context::context;
use cloakwork_ir::function::functions;
use cloakwork_ir::interpret::{Clear, interpret};
use ndarray::ArrayD;
use std::path::Path;

/// Reals that look random, on the scale of the samples that are known.
fn more_samples(known: &[Vec<ArrayD<f64>>], count: usize) -> Vec<Vec<ArrayD<f64>>> {
    let mut state = 7u64;
    let mut random = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / (1u64 << 31) as f64
    };
    let mixed = |random: &mut dyn FnMut() -> f64| -> Vec<ArrayD<f64>> {
        (0..known[0].len())
            .map(|input| {
                let mut mix = known[0][input].clone();
                for (i, value) in mix.iter_mut().enumerate() {
                    let of = |sample: &Vec<ArrayD<f64>>| sample[input].iter().nth(i).copied().unwrap();
                    *value = of(&known[(random() * known.len() as f64) as usize]);
                }
                mix
            })
            .collect()
    };
    let new = (0..count).map(|_| mixed(&mut random)).collect::<Vec<_>>();
    [known.to_vec(), new].concat()
}

/// The error of the first result that is made of reals, as a share of its size, on the known samples.
fn error(model: &Model, known: &[Vec<ArrayD<f64>>]) -> Result<f64, String> {
    let samples = more_samples(known, 40);
    let bits = Bits { model_inputs: 10, op_inputs: 8, op_weights: 8, model_outputs: 10 };
    let options = Quantisation { bits, ..Quantisation::default() };
    let quantised = quantise(model, &samples, &options).map_err(|error| error.to_string())?;
    let context = context();
    let module = emit(&context, &quantised.graph).map_err(|errors| format!("{errors:?}"))?;
    let function = functions(&module)[0];
    let host = GraphHost::of(&quantised.graph);
    let processing = quantised.graph.processing().unwrap();
    let (mut lost, mut size) = (0.0, 1e-9);
    for (i, sample) in known.iter().enumerate() {
        let arguments: Vec<Clear> = quantised.samples[i].iter().cloned().map(Clear::Int).collect();
        let results = interpret(function, &arguments, &host).map_err(|error| error.to_string())?;
        let float = model.predict(sample).map_err(|error| error.to_string())?;
        for (position, result) in results.iter().enumerate() {
            assert_eq!(result.int(), Some(&quantised.results[i][position]), "{}", model.name);
            let output = &processing.outputs[position];
            let reals = output.dequantiser.dequantise(result.int().unwrap()).map_err(|e| e.to_string())?;
            if let ClearValue::Reals(reals) = apply_steps(&output.steps, reals).map_err(|e| e.to_string())? {
                let pairs = reals.iter().zip(float[position].iter());
                lost += pairs.map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                size += float[position].iter().map(|v| v.powi(2)).sum::<f64>();
            }
        }
    }
    Ok((lost / size).sqrt())
}

#[test]
fn exported_models_are_quantised() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/models");
    let text = std::fs::read_to_string(folder.join("exported.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut names: Vec<&str> = cases.iter().map(|case| case["name"].as_str().unwrap()).collect();
    names.dedup();
    let mut failed = vec![];
    for name in &names {
        let bytes = std::fs::read(folder.join("exported").join(format!("{name}.onnx"))).unwrap();
        let model = import(&bytes, &ImportOptions::default()).unwrap();
        let of_case = |case: &&serde_json::Value| -> Vec<ArrayD<f64>> {
            let array = |input: &cloakwork_frontend::model::ModelInput| {
                let value = &case["inputs"][&input.name];
                let reals = value["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect();
                ArrayD::from_shape_vec(input.shape.clone(), reals).unwrap()
            };
            model.inputs.iter().map(array).collect()
        };
        let known: Vec<Vec<ArrayD<f64>>> =
            cases.iter().filter(|case| case["name"] == **name).map(|case| of_case(&case)).collect();
        match error(&model, &known) {
            Ok(error) if error < 0.15 => println!("{name}: {error:.4}"),
            Ok(error) => failed.push(format!("{name}: error {error:.4}")),
            Err(message) => failed.push(format!("{name}: {message}")),
        }
    }
    assert!(names.len() > 40, "{}", names.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
