//! Imported models against what ONNX Runtime computes: one for each operator, and real ones of several exporters.

use cloakwork_abi::processing::{ClearStep, ClearValue, Labels, apply_steps};
use cloakwork_frontend::model::Model;
use cloakwork_frontend::onnx::operators::OPERATORS;
use cloakwork_frontend::onnx::{ImportOptions, import};
use ndarray::ArrayD;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

#[test]
fn operators_compute_what_the_runtime_computes() {
    let failed = compare("operators");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn exported_models_compute_what_the_runtime_computes() {
    let failed = compare("exported");
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

#[test]
fn every_operator_has_a_model() {
    let covered: BTreeSet<String> = cases("operators")
        .iter()
        .flat_map(|case| case["operators"].as_array().unwrap().clone())
        .map(|name| name.as_str().unwrap().to_owned())
        .collect();
    let missing: Vec<String> = OPERATORS
        .iter()
        .map(|operator| match operator.domain {
            "" => operator.name.to_owned(),
            domain => format!("{domain}.{}", operator.name),
        })
        .filter(|name| !covered.contains(name))
        .collect();
    assert!(missing.is_empty(), "no model for {missing:?}");
}

pub(super) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/models")
}

pub(super) fn cases(name: &str) -> Vec<Value> {
    let text = std::fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// The cases whose results differ, each with what is wrong.
fn compare(name: &str) -> Vec<String> {
    let cases = cases(name);
    assert!(!cases.is_empty());
    cases
        .iter()
        .filter_map(|case| check(name, case).err().map(|why| format!("{}: {why}", case["name"])))
        .collect()
}

fn check(folder_name: &str, case: &Value) -> Result<(), String> {
    let file = folder().join(folder_name).join(format!("{}.onnx", case["name"].as_str().unwrap()));
    let model = import(&std::fs::read(file).unwrap(), &ImportOptions::default())
        .map_err(|error| error.to_string())?;
    let inputs: Vec<ArrayD<f64>> =
        model.inputs.iter().map(|input| reals(&case["inputs"][&input.name])).collect();
    let folded = model.folded().map_err(|error| error.to_string())?;
    let (whole, found) = (model.predict(&inputs).unwrap(), folded.predict(&inputs).unwrap());
    let split = in_parts(&folded, &inputs)?;
    for ((whole, folded), split) in whole.iter().zip(&found).zip(&split) {
        for ((whole, folded), split) in whole.iter().zip(folded).zip(split) {
            if !near(*folded, *whole, 1e-6) || !near(*split, *folded, 1e-9) {
                return Err(format!("whole {whole}, folded {folded}, in parts {split}"));
            }
        }
    }
    let tolerance = case["tolerance"].as_f64().unwrap();
    for ((name, wanted), (output, found)) in case["outputs"]
        .as_object()
        .unwrap()
        .iter()
        .zip(sorted(&model).iter().map(|i| (&model.outputs[*i], &found[*i])))
    {
        assert_eq!(*name, output.name);
        let shape: Vec<usize> =
            wanted["shape"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();
        if found.shape() != shape {
            return Err(format!("`{name}` has shape {:?}, expected {shape:?}", found.shape()));
        }
        for (found, wanted) in found.iter().zip(wanted["values"].as_array().unwrap()) {
            let (found, is_equal) = match &output.labels {
                Some(Labels::Strings(names)) => {
                    let name = &names[*found as usize];
                    (name.clone(), wanted.as_str() == Some(name))
                }
                Some(Labels::Integers(numbers)) => {
                    let number = numbers[*found as usize];
                    (number.to_string(), wanted.as_i64() == Some(number))
                }
                None => (found.to_string(), near(*found, number(wanted), tolerance)),
            };
            if !is_equal {
                return Err(format!("`{name}` has {found}, expected {wanted}"));
            }
        }
    }
    Ok(())
}

/// What client and program compute together; of labels their positions.
fn in_parts(model: &Model, inputs: &[ArrayD<f64>]) -> Result<Vec<ArrayD<f64>>, String> {
    let split = model.split();
    let step = |steps: &[ClearStep], x: ArrayD<f64>| match apply_steps(steps, x) {
        Ok(ClearValue::Reals(reals)) => Ok(reals),
        Ok(other) => Err(format!("{other:?}")),
        Err(error) => Err(error.to_string()),
    };
    let begun: Vec<ArrayD<f64>> = inputs
        .iter()
        .zip(&split.before)
        .map(|(x, steps)| step(steps, x.clone()))
        .collect::<Result<_, _>>()?;
    let middle = split.middle.predict(&begun).map_err(|error| error.to_string())?;
    let without_labels = |steps: &'_ [ClearStep]| {
        steps.iter().filter(|step| !matches!(step, ClearStep::Labels(_))).cloned().collect::<Vec<_>>()
    };
    middle.into_iter().zip(&split.after).map(|(x, steps)| step(&without_labels(steps), x)).collect()
}

/// Outputs in the order of their names, which is that of JSON objects.
fn sorted(model: &Model) -> Vec<usize> {
    let mut order: Vec<usize> = (0..model.outputs.len()).collect();
    order.sort_by_key(|i| &model.outputs[*i].name);
    order
}

fn near(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + b.abs())
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| f64::from(u8::from(value.as_bool().unwrap())))
}

pub(super) fn reals(tensor: &Value) -> ArrayD<f64> {
    let shape: Vec<usize> =
        tensor["shape"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();
    let values = tensor["values"].as_array().unwrap().iter().map(number).collect();
    ArrayD::from_shape_vec(shape, values).unwrap()
}
