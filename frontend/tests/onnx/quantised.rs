//! Exported models as programs on integers: each is taken, and is close to what it was.

use super::computed::{cases, folder, reals};
use cloakwork_abi::processing::{ClearStep, ClearValue, apply_steps};
use cloakwork_frontend::onnx::{ImportOptions, import};
use cloakwork_frontend::quantise::{Quantisation, quantise};
use ndarray::ArrayD;
use std::collections::BTreeMap;

/// Greatest error of 8 bits, as a share of the results; of few samples, which show only part of a range.
const MOST: f64 = 0.1;

#[test]
fn exported_models_become_programs_on_integers() {
    let mut samples: BTreeMap<String, Vec<serde_json::Value>> = BTreeMap::new();
    for case in cases("exported") {
        samples.entry(case["name"].as_str().unwrap().to_owned()).or_default().push(case["inputs"].clone());
    }
    let failed: Vec<String> = samples
        .iter()
        .filter_map(|(name, samples)| match error_of(name, samples) {
            Ok(error) if error <= MOST => None,
            Ok(error) => Some(format!("{name}: {error}")),
            Err(error) => Some(format!("{name}: {error}")),
        })
        .collect();
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

/// Root of the mean squared error, divided by that of the results; labels aside, which are right or wrong.
fn error_of(name: &str, samples: &[serde_json::Value]) -> Result<f64, String> {
    let file = std::fs::read(folder().join(format!("exported/{name}.onnx"))).unwrap();
    let model = import(&file, &ImportOptions::default()).map_err(|error| error.to_string())?;
    let samples: Vec<Vec<ArrayD<f64>>> = samples
        .iter()
        .map(|sample| model.inputs.iter().map(|input| reals(&sample[&input.name])).collect())
        .collect();
    let quantised =
        quantise(&model, &samples, &Quantisation::with_bits(8)).map_err(|error| error.to_string())?;
    let processing = quantised.graph.processing().unwrap();
    let (mut error, mut size) = (0.0, 0.0);
    for (i, sample) in samples.iter().enumerate() {
        let float = model.predict(sample).unwrap();
        for (output, (float, of)) in processing.outputs.iter().zip(float.iter().zip(&model.outputs)) {
            let integers = &quantised.results[i][output.result];
            let found = output.dequantiser.dequantise(integers).unwrap();
            let steps: Vec<ClearStep> =
                output.steps.iter().filter(|step| !matches!(step, ClearStep::Labels(_))).cloned().collect();
            let ClearValue::Reals(found) = apply_steps(&steps, found).unwrap() else { panic!("labels") };
            assert_eq!(found.shape(), float.shape(), "{name}");
            if of.labels.is_none() && !of.name.contains("label") {
                error += found.iter().zip(float.iter()).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
                size += float.iter().map(|v| v.powi(2)).sum::<f64>();
            }
        }
    }
    Ok((error / size).sqrt())
}
