//! What files are refused with: the place, what was found, what is allowed, what to try.

use cloakwork_frontend::onnx::{ImportOptions, import};
use rten_onnx::onnx::{
    AttributeProto, DataLocation, DataType, Dimension, GraphProto, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, TypeProtoTensor, ValueInfoProto,
};

/// A model that takes `x` of one sample with three features.
struct Draft {
    nodes: Vec<NodeProto>,
    initializers: Vec<TensorProto>,
    shape: Vec<Dimension>,
    opset: i64,
    options: ImportOptions,
}

fn draft(nodes: Vec<NodeProto>) -> Draft {
    let shape = vec![named("samples"), sized(3)];
    Draft { nodes, initializers: vec![], shape, opset: 17, options: ImportOptions::default() }
}

impl Draft {
    fn file(&self) -> Vec<u8> {
        let shape = TensorShapeProto { dim: self.shape.clone() };
        let tensor = TypeProtoTensor { elem_type: Some(DataType::FLOAT), shape: Some(shape) };
        let kind = TypeProto { tensor_type: Some(tensor), ..TypeProto::default() };
        let graph = GraphProto {
            node: self.nodes.clone(),
            initializer: self.initializers.clone(),
            input: vec![ValueInfoProto { name: Some("x".into()), r#type: Some(kind) }],
            output: vec![ValueInfoProto { name: Some("y".into()), r#type: None }],
            ..GraphProto::default()
        };
        let opset = OperatorSetIdProto { domain: None, version: Some(self.opset) };
        ModelProto { graph: Some(graph), opset_import: vec![opset], ..ModelProto::default() }
            .write_buf()
            .unwrap()
    }

    #[track_caller]
    fn is_refused_with(&self, expected: &str) {
        let error = import(&self.file(), &self.options).expect_err(expected);
        assert_eq!(error.to_string(), expected);
    }
}

fn sized(size: i64) -> Dimension {
    Dimension { dim_value: Some(size), dim_param: None }
}

fn named(name: &str) -> Dimension {
    Dimension { dim_value: None, dim_param: Some(name.into()) }
}

fn node(operator: &str, inputs: &[&str]) -> NodeProto {
    NodeProto {
        op_type: Some(operator.into()),
        name: Some("here".into()),
        input: inputs.iter().map(|name| (*name).to_owned()).collect(),
        output: vec!["y".into()],
        ..NodeProto::default()
    }
}

fn weights(values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some("w".into()),
        dims: vec![values.len() as i64],
        data_type: Some(DataType::FLOAT),
        float_data: values.to_vec(),
        ..TensorProto::default()
    }
}

#[test]
fn unknown_operators_are_named() {
    draft(vec![node("Reluu", &["x"])]).is_refused_with(&format!(
        "node `here` (Reluu, opset 17): operator `Reluu` of domain ``; {} operators are known, among them [\"Relu\", \"Celu\", \"Gelu\"]; \
         rewrite the model with operators of docs/onnx-operators.md; functions of the file itself are inlined with `onnx.inliner`",
        cloakwork_frontend::onnx::operators::OPERATORS.len()
    ));
    draft(vec![node("Loop", &["x"])]).is_refused_with(
        "node `here` (Loop, opset 17): control flow; a program computes the same steps for every sample; \
         export the model with the decision taken or the loop unrolled",
    );
}

#[test]
fn open_shapes_are_named() {
    let mut open = draft(vec![node("Relu", &["x"])]);
    open.shape[1] = named("width");
    open.is_refused_with(
        "input `x`: axis 1, `width`, has no size; only axis 0, that of the samples, may be open; \
         give the input's shape when importing, or export the model with it",
    );
    open.options.shapes.insert("x".into(), vec![1, 7]);
    assert_eq!(import(&open.file(), &open.options).unwrap().inputs[0].shape, [1, 7]);
    open.options.shapes.insert("x".into(), vec![2, 7]);
    open.is_refused_with(
        "input `x`: input `x` of shape [2, 7]; axis 0 is that of the samples and has size 1",
    );
    open.options.shapes.insert("z".into(), vec![1]);
    open.options.shapes.insert("x".into(), vec![1, 7]);
    open.is_refused_with("the options: no input `z`; inputs are [\"x\"]");
    let mut batch = draft(vec![node("Relu", &["x"])]);
    batch.shape[0] = sized(8);
    batch.is_refused_with(
        "input `x`: 8 samples on axis 0; a program takes one sample; \
         export the model with a batch of 1, or with an axis of samples that has a name",
    );
}

#[test]
fn weights_that_are_no_numbers_are_named() {
    let mut wrong = draft(vec![node("Add", &["x", "w"])]);
    wrong.initializers = vec![weights(&[1.0, f32::NAN, 2.0])];
    wrong.is_refused_with(
        "initializer `w`: a number that is NaN; numbers; check how the model was trained: its weights are not numbers",
    );
    wrong.initializers = vec![weights(&[1.0, f32::INFINITY, 2.0])];
    wrong.is_refused_with(
        "`w`: a constant that is inf; finite numbers; check how the model was trained, or replace it by a large number",
    );
    wrong.initializers = vec![TensorProto { data_location: Some(DataLocation::EXTERNAL), ..weights(&[]) }];
    wrong.is_refused_with(
        "initializer `w`: numbers in a file of their own; a model is one file; \
         store it with its weights: `onnx.save(onnx.load(path), path, save_as_external_data=False)`",
    );
    wrong.initializers = vec![TensorProto { dims: vec![2, 2], ..weights(&[1.0]) }];
    wrong.is_refused_with(
        "initializer `w`: 1 numbers for a tensor of shape [2, 2]; 4 numbers; check that the file is complete",
    );
}

#[test]
fn operands_that_do_not_fit_are_named() {
    let mut wrong = draft(vec![node("MatMul", &["x", "w"])]);
    wrong.initializers = vec![weights(&[1.0, 2.0])];
    wrong.is_refused_with(
        "node `here` (MatMul, opset 17): shapes [1, 3] and [2]; \
         the last axis of the first is as long as the last but one of the second",
    );
    wrong.nodes = vec![node("Conv", &["x", "w"])];
    wrong.is_refused_with(
        "node `here` (Conv, opset 17): a value of shape [1, 3] and a window of shape []; \
         `[n, c, spatial…]` and a size for each spatial axis",
    );
    wrong.nodes = vec![node("Add", &["x", "nowhere"])];
    wrong.is_refused_with(
        "node `here` (Add, opset 17): input `nowhere`, which nothing before it computes; \
         nodes stand after those whose outputs they take; check the file with `onnx.checker.check_model`",
    );
    wrong.nodes = vec![node("Reshape", &["x", "x"])];
    wrong.is_refused_with(
        "node `here` (Reshape, opset 17): input 1, `x`, is computed from the model's inputs; it must be a constant; \
         export the model with static shapes and constant folding",
    );
    let strange = AttributeProto { name: Some("strange".into()), i: Some(1), ..AttributeProto::default() };
    wrong.nodes = vec![NodeProto { attribute: vec![strange], ..node("Relu", &["x"]) }];
    wrong.is_refused_with("node `here` (Relu, opset 17): attribute `strange`; attributes are []");
}

#[test]
fn old_files_are_refused() {
    let mut old = draft(vec![node("Relu", &["x"])]);
    old.opset = 5;
    old.is_refused_with(
        "the file: opset 5; 7 or later; convert it with `onnx.version_converter.convert_version(model, 17)`",
    );
    old.opset = 10;
    old.nodes = vec![node("Trilu", &["x"])];
    old.is_refused_with(
        "node `here` (Trilu, opset 10): opset 10; `Trilu` is known from opset 14; \
         convert it with `onnx.version_converter.convert_version(model, 17)`",
    );
}

#[test]
fn other_files_are_refused() {
    let error = import(b"PK\x03\x04 an archive", &ImportOptions::default()).unwrap_err();
    assert!(error.to_string().starts_with("the file: "), "{error}");
    let error = import(&[], &ImportOptions::default()).unwrap_err();
    assert_eq!(error.to_string(), "the file: no graph; an ONNX model has one");
}
