//! Imported models against what ONNX Runtime computes: one for each operator, and real ones of several exporters.

#![allow(clippy::unwrap_used, reason = "tests")]

use cloakwork_abi::processing::Labels;
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

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/models")
}

fn cases(name: &str) -> Vec<Value> {
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
    let found = model.predict(&inputs).map_err(|error| error.to_string())?;
    let tolerance = case["tolerance"].as_f64().unwrap();
    for ((name, wanted), (output, found)) in case["outputs"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(n, w)| (n, w))
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

fn reals(tensor: &Value) -> ArrayD<f64> {
    let shape: Vec<usize> =
        tensor["shape"].as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as usize).collect();
    let values = tensor["values"].as_array().unwrap().iter().map(number).collect();
    ArrayD::from_shape_vec(shape, values).unwrap()
}
