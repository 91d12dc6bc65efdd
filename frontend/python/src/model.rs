//! Models on reals as Python builds them.

use crate::arrays::{from_python, reals_to_python};
use crate::quantised::{QuantisationArgument, QuantisedModel, quantised};
use cloakwork_abi::processing::Function;
use cloakwork_frontend::model::op::{Binary, FakeQuantise, Rounding};
use cloakwork_frontend::model::tree::{Test, Tree, TreeEnsemble, TreeNode};
use cloakwork_frontend::model::{
    Budget, Model as Inner, ModelBuilder as Builder, ModelInput, ModelOp, ValueId,
};
use cloakwork_frontend::onnx::{ImportOptions, import, input_names};
use cloakwork_ir::interpret::Clear;
use ndarray::{ArrayD, Axis};
use pyo3::exceptions::PyValueError;
use pyo3::{Bound, FromPyObject, PyAny, PyErr, PyResult, Python, pyclass, pymethods};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;

/// A model on its way: values are numbers, operands before users.
#[pyclass(module = "cloakwork._cloakwork")]
pub(crate) struct ModelBuilder {
    /// `None` once finished.
    builder: Option<Builder>,
}

/// A model on reals.
#[pyclass(frozen, module = "cloakwork._cloakwork")]
pub(crate) struct Model {
    model: Inner,
}

/// Scales and integers of a quantiser.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct GridArgument {
    scale: Vec<f64>,
    zero_point: Vec<i64>,
    axis: Option<usize>,
    lo: i64,
    hi: i64,
}

/// The nodes of a tree, position by position; those without a test are leaves.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct TreeArgument {
    /// `None` for a leaf, else `<=` or `<`.
    test: Vec<Option<String>>,
    feature: Vec<usize>,
    threshold: Vec<f64>,
    then: Vec<usize>,
    otherwise: Vec<usize>,
    value: Vec<Vec<f64>>,
}

#[pymethods]
impl ModelBuilder {
    #[new]
    fn new(name: &str) -> Self {
        Self { builder: Some(Builder::new(name, Budget::default())) }
    }

    /// Names what is added from here on.
    fn at(&mut self, name: &str) -> PyResult<()> {
        self.open()?.at(name);
        Ok(())
    }

    fn input(&mut self, name: &str, shape: Vec<usize>) -> PyResult<usize> {
        let input = ModelInput { name: name.to_owned(), shape, is_clear: false };
        added(self.open()?.input(input))
    }

    fn constant(&mut self, values: &Bound<'_, PyAny>) -> PyResult<usize> {
        let values = match from_python(values)? {
            Clear::Real(values) => values,
            Clear::Int(values) => values.mapv(|value| value as f64),
            Clear::Unsigned(values) => values.mapv(|value| value as f64),
        };
        added(self.open()?.constant(values))
    }

    /// A function as the spec writes it: `"relu"`, or `{"leaky_relu": {"alpha": 0.1}}`.
    fn function(&mut self, json: &str, a: usize) -> PyResult<usize> {
        let function: Function = serde_json::from_str(json).map_err(refused)?;
        added(self.open()?.function(function, ValueId(a)))
    }

    fn binary(&mut self, name: &str, a: usize, b: usize) -> PyResult<usize> {
        let binary = match name {
            "add" => Binary::Add,
            "sub" => Binary::Sub,
            "mul" => Binary::Mul,
            "div" => Binary::Div,
            _ => return Err(PyValueError::new_err(format!("`{name}` is no function of two values"))),
        };
        added(self.open()?.binary(binary, ValueId(a), ValueId(b)))
    }

    fn matmul(&mut self, a: usize, b: usize) -> PyResult<usize> {
        added(self.open()?.push(ModelOp::MatMul, &[ValueId(a), ValueId(b)]))
    }

    fn fake_quantise(&mut self, a: usize, grid: GridArgument) -> PyResult<usize> {
        let GridArgument { scale, zero_point, axis, lo, hi } = grid;
        let fake = FakeQuantise { scale, zero_point, axis, lo, hi, rounding: Rounding::Nearest };
        added(self.open()?.push(ModelOp::FakeQuantise(fake), &[ValueId(a)]))
    }

    fn trees(
        &mut self,
        a: usize,
        features: usize,
        base: Vec<f64>,
        trees: Vec<TreeArgument>,
    ) -> PyResult<usize> {
        let trees = trees.into_iter().map(tree).collect::<PyResult<_>>()?;
        let ensemble = TreeEnsemble { features, base, trees };
        added(self.open()?.push(ModelOp::Trees(ensemble), &[ValueId(a)]))
    }

    fn output(&mut self, name: &str, a: usize) -> PyResult<()> {
        self.open()?.output(name, ValueId(a), None);
        Ok(())
    }

    fn finish(&mut self) -> PyResult<Model> {
        self.open()?;
        let builder = self.builder.take().expect("open in the line above");
        Ok(Model { model: builder.finish() })
    }
}

impl Model {
    pub(crate) fn model(&self) -> &Inner {
        &self.model
    }
}

impl ModelBuilder {
    fn open(&mut self) -> PyResult<&mut Builder> {
        self.builder.as_mut().ok_or_else(|| PyValueError::new_err("the model is finished"))
    }
}

#[pymethods]
impl Model {
    /// The model of an ONNX file; inputs whose axes have no size have the shapes that are given, and the server may see
    /// some of them.
    #[staticmethod]
    fn from_onnx(
        py: Python<'_>,
        bytes: &[u8],
        shapes: BTreeMap<String, Vec<usize>>,
        clear: BTreeSet<String>,
    ) -> PyResult<Self> {
        let options = ImportOptions { name: None, shapes, clear };
        let model = py.detach(|| import(bytes, &options)).map_err(refused)?;
        Ok(Self { model })
    }

    /// The names of the inputs of an ONNX file.
    #[staticmethod]
    fn onnx_inputs(bytes: &[u8]) -> PyResult<Vec<String>> {
        input_names(bytes).map_err(refused)
    }

    #[getter]
    fn name(&self) -> &str {
        &self.model.name
    }

    /// Name and shape of each argument.
    fn inputs(&self) -> Vec<(String, Vec<usize>)> {
        self.model.inputs.iter().map(|input| (input.name.clone(), input.shape.clone())).collect()
    }

    /// Name and shape of each result.
    fn outputs(&self) -> Vec<(String, Vec<usize>)> {
        let shape = |id: ValueId| self.model.nodes[id.0].shape.clone();
        self.model.outputs.iter().map(|output| (output.name.clone(), shape(output.value))).collect()
    }

    /// The results on reals, for a batch of each argument.
    fn predict<'py>(
        &self,
        py: Python<'py>,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let samples = samples(&arguments)?;
        let model = &self.model;
        let results =
            py.detach(|| samples.iter().map(|sample| model.predict(sample)).collect::<Result<Vec<_>, _>>());
        stacked(results.map_err(refused)?, model.outputs.len())
            .into_iter()
            .map(|result| Ok(reals_to_python(py, result)))
            .collect()
    }

    /// The model on integers; ranges come from a batch of each argument.
    fn quantise(
        &self,
        py: Python<'_>,
        arguments: Vec<Bound<'_, PyAny>>,
        options: QuantisationArgument,
    ) -> PyResult<QuantisedModel> {
        let samples = samples(&arguments)?;
        py.detach(|| quantised(&self.model, samples, &options))
    }
}

/// The samples of batches: arrays that begin with the axis of the samples.
pub(crate) fn samples(batches: &[Bound<'_, PyAny>]) -> PyResult<Vec<Vec<ArrayD<f64>>>> {
    let reals = |array: &Bound<'_, PyAny>| {
        Ok(match from_python(array)? {
            Clear::Real(values) => values,
            Clear::Int(values) => values.mapv(|value| value as f64),
            Clear::Unsigned(values) => values.mapv(|value| value as f64),
        })
    };
    let batches = batches.iter().map(reals).collect::<PyResult<Vec<_>>>()?;
    taken_apart(&batches)
}

/// Batches as samples, each with a first axis of one element.
pub(crate) fn taken_apart<T: Clone>(batches: &[ArrayD<T>]) -> PyResult<Vec<Vec<ArrayD<T>>>> {
    let count = batches.first().and_then(|batch| batch.shape().first()).copied().unwrap_or(0);
    if let Some(other) = batches.iter().find(|batch| batch.shape().first() != Some(&count)) {
        let message = format!("a batch of shape {:?} beside one of {count} samples", other.shape());
        return Err(PyValueError::new_err(message));
    }
    let sample = |i: usize| {
        batches.iter().map(|batch| batch.index_axis(Axis(0), i).to_owned().insert_axis(Axis(0))).collect()
    };
    Ok((0..count).map(sample).collect())
}

/// One batch for each result: the other way round.
pub(crate) fn stacked<T: Clone>(samples: Vec<Vec<ArrayD<T>>>, results: usize) -> Vec<ArrayD<T>> {
    let of = |result: usize| {
        let parts: Vec<_> = samples.iter().map(|sample| sample[result].view()).collect();
        ndarray::concatenate(Axis(0), &parts).expect("results of one shape")
    };
    if samples.is_empty() { vec![] } else { (0..results).map(of).collect() }
}

fn tree(argument: TreeArgument) -> PyResult<Tree> {
    let length = argument.test.len();
    let lengths =
        [argument.feature.len(), argument.threshold.len(), argument.then.len(), argument.otherwise.len()];
    if lengths.iter().chain([&argument.value.len()]).any(|other| *other != length) {
        return Err(PyValueError::new_err("the columns of a tree differ in length"));
    }
    let node = |(i, test): (usize, Option<String>)| {
        let test = match test.as_deref() {
            None => return Ok(TreeNode::Leaf(argument.value[i].clone())),
            Some("<=") => Test::LessOrEqual,
            Some("<") => Test::Less,
            Some(other) => {
                return Err(PyValueError::new_err(format!(
                    "a tree asks `{other}`, allowed are `<=` and `<`"
                )));
            }
        };
        Ok(TreeNode::Branch {
            feature: argument.feature[i],
            threshold: argument.threshold[i],
            test,
            then: argument.then[i],
            otherwise: argument.otherwise[i],
        })
    };
    let nodes = argument.test.iter().cloned().enumerate().map(node).collect::<PyResult<_>>()?;
    Ok(Tree { nodes })
}

fn added(id: Result<ValueId, impl Display>) -> PyResult<usize> {
    id.map(|id| id.0).map_err(refused)
}

pub(crate) fn refused(error: impl Display) -> PyErr {
    PyValueError::new_err(error.to_string())
}
