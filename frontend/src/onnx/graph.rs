//! The walk over an ONNX graph: initializers, inputs, nodes in their order, outputs.

use super::error::{OnnxError, Refusal, refuse};
use super::node::Node;
use super::operators::{self, Operator};
use super::value::{Kind, Tensor, Value};
use super::{strings, tensor, wire};
use crate::model::{Budget, Model, ModelBuilder, ModelInput, ModelOp};
use cloakwork_abi::processing::Labels;
use ndarray::{ArrayD, IxDyn};
use rten_onnx::onnx::{DataType, GraphProto, ModelProto, NodeProto, ValueInfoProto};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// What the importer does not learn from the file.
#[derive(Clone, Debug, Default)]
pub struct ImportOptions {
    /// Name of the program; by default `main`.
    pub name: Option<String>,
    /// Shapes of inputs whose axes have no size in the file. Axis 0 has size 1.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// Inputs that the server may see.
    pub clear: BTreeSet<String>,
}

/// The oldest opset whose operators are known.
const OLDEST_OPSET: i64 = 7;

/// Reads a model from the bytes of an ONNX file.
pub fn import(bytes: &[u8], options: &ImportOptions) -> Result<Model, OnnxError> {
    let model = parsed(bytes)?;
    let graph = graph_of(&model)?;
    let opsets: BTreeMap<&str, i64> = model
        .opset_import
        .iter()
        .map(|set| (domain(set.domain.as_deref()), set.version.unwrap_or(1)))
        .collect();
    if let Some(old) = opsets.get("").filter(|version| **version < OLDEST_OPSET) {
        let advice = "convert it with `onnx.version_converter.convert_version(model, 17)`";
        return refuse(format!("opset {old}"), format!("{OLDEST_OPSET} or later"), advice)
            .map_err(|refusal| refusal.at("the file"));
    }
    let budget = budget(bytes.len());
    let name = options.name.clone().unwrap_or_else(|| "main".into());
    let mut walk = Walk { builder: ModelBuilder::new(name, budget), values: HashMap::new(), opsets };
    let strings = strings::read(bytes).or_else(|error| {
        refuse(error.to_string(), "an ONNX model", "").map_err(|refusal| refusal.at("the file"))
    })?;
    walk.initializers(graph, &strings)?;
    walk.inputs(graph, options)?;
    graph.node.iter().enumerate().try_for_each(|(position, node)| walk.node(position, node))?;
    walk.outputs(graph)?;
    let model = walk.builder.finish();
    numbers_are_finite(&model)?;
    Ok(model)
}

/// The names of the inputs of an ONNX file, in order.
pub fn input_names(bytes: &[u8]) -> Result<Vec<String>, OnnxError> {
    let model = parsed(bytes)?;
    let graph = graph_of(&model)?;
    let names = graph.input.iter().filter_map(|input| input.name.as_deref());
    let is_constant =
        |name: &&str| graph.initializer.iter().any(|tensor| tensor.name.as_deref() == Some(*name));
    Ok(names.filter(|name| !is_constant(name)).map(str::to_owned).collect())
}

fn parsed(bytes: &[u8]) -> Result<ModelProto, OnnxError> {
    wire::check(bytes).map_err(|refusal| refusal.at("the file"))?;
    ModelProto::parse_buf(bytes).or_else(|error| {
        let advice = "check that the file is complete and is no other format";
        refuse(error.to_string(), "an ONNX model", advice).map_err(|refusal| refusal.at("the file"))
    })
}

fn graph_of(model: &ModelProto) -> Result<&GraphProto, OnnxError> {
    match &model.graph {
        Some(graph) => Ok(graph),
        None => refuse("no graph", "an ONNX model has one", "").map_err(|refusal| refusal.at("the file")),
    }
}

/// A small file may take a little, a large one some times its size.
fn budget(bytes: usize) -> Budget {
    Budget { elements: (1 << 24) + 16 * bytes, work: (1 << 30) + 256 * bytes, values: (1 << 16) + bytes / 8 }
}

struct Walk<'a> {
    builder: ModelBuilder,
    values: HashMap<&'a str, Value>,
    opsets: BTreeMap<&'a str, i64>,
}

impl<'a> Walk<'a> {
    fn initializers(
        &mut self,
        graph: &'a GraphProto,
        strings: &BTreeMap<String, Vec<String>>,
    ) -> Result<(), OnnxError> {
        for tensor in &graph.initializer {
            let name = tensor.name.as_deref().unwrap_or_default();
            let place = || format!("initializer `{name}`");
            self.builder.at(name);
            if let (Some(DataType::STRING), Some(names)) = (tensor.data_type, strings.get(name)) {
                // A list of labels: its positions in order.
                let all = (0..names.len()).map(|i| i as f64).collect();
                let positions = self
                    .builder
                    .constant(ArrayD::from_shape_vec(IxDyn(&[names.len()]), all).expect("as many"))
                    .map_err(|error| Refusal::from(error).at(place()))?;
                self.values.insert(name, Value::Labels { positions, labels: Labels::Strings(names.clone()) });
                continue;
            }
            let (value, kind) = tensor::read(tensor).map_err(|refusal| refusal.at(place()))?;
            let id = self.builder.constant(value).map_err(|error| Refusal::from(error).at(place()))?;
            self.values.insert(name, Value::Tensor(Tensor { id, kind }));
        }
        Ok(())
    }

    fn inputs(&mut self, graph: &'a GraphProto, options: &ImportOptions) -> Result<(), OnnxError> {
        for input in &graph.input {
            let name = input.name.as_deref().unwrap_or_default();
            if self.values.contains_key(name) {
                continue;
            }
            let place = || format!("input `{name}`");
            let (shape, kind) =
                declared(input, options.shapes.get(name)).map_err(|refusal| refusal.at(place()))?;
            let is_clear = options.clear.contains(name);
            let id = self
                .builder
                .input(ModelInput { name: name.to_owned(), shape, is_clear })
                .map_err(|error| Refusal::from(error).at(place()))?;
            self.values.insert(name, Value::Tensor(Tensor { id, kind }));
        }
        let known = |name: &String| graph.input.iter().any(|input| input.name.as_ref() == Some(name));
        match options.shapes.keys().chain(&options.clear).find(|name| !known(name)) {
            Some(name) => {
                let names: Vec<&str> = graph.input.iter().filter_map(|input| input.name.as_deref()).collect();
                refuse(format!("no input `{name}`"), format!("inputs are {names:?}"), "")
                    .map_err(|refusal| refusal.at("the options"))
            }
            None => Ok(()),
        }
    }

    fn node(&mut self, position: usize, proto: &'a NodeProto) -> Result<(), OnnxError> {
        let operator = proto.op_type.as_deref().unwrap_or_default();
        let domain = domain(proto.domain.as_deref());
        let opset = self.opsets.get(domain).copied().unwrap_or(1);
        let name = match proto.name.as_deref() {
            Some(name) if !name.is_empty() => name.to_owned(),
            _ => format!("{operator}_{position}"),
        };
        let place = || {
            let domain = if domain.is_empty() { String::new() } else { format!("{domain}.") };
            format!("node `{name}` ({domain}{operator}, opset {opset})")
        };
        self.builder.at(name.clone());
        self.import_node(proto, domain, opset).map_err(|refusal| refusal.at(place()))
    }

    fn import_node(&mut self, proto: &'a NodeProto, domain: &str, opset: i64) -> Result<(), Refusal> {
        let operator = operators::find(domain, proto.op_type.as_deref().unwrap_or_default())?;
        self.check_version(operator, opset)?;
        let mut inputs = Vec::with_capacity(proto.input.len());
        for name in &proto.input {
            inputs.push(match (name.as_str(), self.values.get(name.as_str())) {
                ("", _) => None,
                (_, Some(value)) => Some(value.clone()),
                (_, None) => {
                    return refuse(
                        format!("input `{name}`, which nothing before it computes"),
                        "nodes stand after those whose outputs they take",
                        "check the file with `onnx.checker.check_model`",
                    );
                }
            });
        }
        let mut node = Node { proto, inputs, opset, builder: &mut self.builder, asked: BTreeSet::new() };
        let results = (operator.import)(&mut node)?;
        let asked = std::mem::take(&mut node.asked);
        let unknown = proto.attribute.iter().filter_map(|attribute| attribute.name.as_deref());
        if let Some(unknown) = unknown.into_iter().find(|name| !asked.contains(name)) {
            return refuse(
                format!("attribute `{unknown}`"),
                format!("attributes are {:?}", asked.iter().collect::<Vec<_>>()),
                "",
            );
        }
        for (name, value) in proto.output.iter().zip(results) {
            self.values.insert(name, value);
        }
        Ok(())
    }

    fn check_version(&self, operator: &Operator, opset: i64) -> Result<(), Refusal> {
        if opset >= operator.since {
            return Ok(());
        }
        refuse(
            format!("opset {opset}"),
            format!("`{}` is known from opset {}", operator.name, operator.since),
            "convert it with `onnx.version_converter.convert_version(model, 17)`",
        )
    }

    /// Positions of extremes are integers, which are their own labels.
    fn positions(&self, tensor: &Tensor) -> Option<Labels> {
        let mut node = self.builder.node(tensor.id);
        while let ModelOp::Rearrange { .. } = node.op {
            node = self.builder.node(node.operands[0]);
        }
        match node.op {
            ModelOp::ArgExtreme { axis, .. } if tensor.kind.is_integer() => {
                let count = self.builder.shape(node.operands[0])[axis];
                Some(Labels::Integers((0..count as i64).collect()))
            }
            _ => None,
        }
    }

    fn outputs(&mut self, graph: &'a GraphProto) -> Result<(), OnnxError> {
        for output in &graph.output {
            let name = output.name.as_deref().unwrap_or_default();
            let place = || format!("output `{name}`");
            let Some(value) = self.values.get(name).cloned() else {
                return refuse("no node computes it", "every output comes from a node", "")
                    .map_err(|r| r.at(place()));
            };
            let (id, labels) = match value {
                Value::Tensor(tensor) => (tensor.id, self.positions(&tensor)),
                Value::Labels { positions, labels } => (positions, Some(labels)),
                Value::Quantised(_) => {
                    return refuse(
                        "integers of a quantised value",
                        "a model on reals ends with `DequantizeLinear`",
                        "export it with quantised inputs and outputs turned off",
                    )
                    .map_err(|refusal| refusal.at(place()));
                }
            };
            self.builder.output(name, id, labels);
        }
        if graph.output.is_empty() {
            return refuse("no output", "at least one", "").map_err(|refusal| refusal.at("the graph"));
        }
        Ok(())
    }
}

fn domain(name: Option<&str>) -> &str {
    match name {
        None | Some("ai.onnx") => "",
        Some(name) => name,
    }
}

/// Shape and kind of an input, with one sample.
fn declared(input: &ValueInfoProto, given: Option<&Vec<usize>>) -> Result<(Vec<usize>, Kind), Refusal> {
    let tensor = input.r#type.as_ref().and_then(|kind| kind.tensor_type.as_ref());
    let Some(tensor) = tensor else {
        return refuse("a type that is no tensor", "inputs are tensors of numbers", "");
    };
    let kind = match tensor.elem_type {
        Some(data_type) => tensor::kind(data_type)?,
        None => Kind::Real,
    };
    if let Some(given) = given {
        return Ok((given.clone(), kind));
    }
    let advice = "give the input's shape when importing, or export the model with it";
    let Some(shape) = &tensor.shape else {
        return refuse("no shape", "static shapes but for the axis of samples", advice);
    };
    let mut sizes = Vec::with_capacity(shape.dim.len());
    for (i, dim) in shape.dim.iter().enumerate() {
        sizes.push(match (i, dim.dim_value) {
            (0, None | Some(1)) => 1,
            (0, Some(count)) => {
                return refuse(
                    format!("{count} samples on axis 0"),
                    "a program takes one sample",
                    "export the model with a batch of 1, or with an axis of samples that has a name",
                );
            }
            (_, Some(size)) if size >= 0 => size as usize,
            _ => {
                let name = dim.dim_param.as_deref().unwrap_or("?");
                return refuse(
                    format!("axis {i}, `{name}`, has no size"),
                    "only axis 0, that of the samples, may be open",
                    advice,
                );
            }
        });
    }
    Ok((sizes, kind))
}

/// What is left in the model after constants were computed is added and multiplied, so it must be finite.
fn numbers_are_finite(model: &Model) -> Result<(), OnnxError> {
    for node in &model.nodes {
        if let ModelOp::Constant(value) = &node.op
            && let Some(wrong) = value.iter().find(|value| !value.is_finite())
        {
            let advice = "check how the model was trained, or replace it by a large number";
            return refuse(format!("a constant that is {wrong}"), "finite numbers", advice)
                .map_err(|refusal| refusal.at(format!("`{}`", node.name)));
        }
    }
    Ok(())
}
