//! The graph of the compiler as Python writes to it: one method for each way to extend it.

use crate::arrays::{all_clear, from_python, integers, words_to_python};
use crate::circuit::Circuit;
use crate::errors::{exception, refusal};
use crate::host_function::{host_function, host_function_of_several};
use crate::measure::{Seen, TableUse, evaluate, measure, outside_of_table};
use crate::options::OptionsArgument;
use crate::text::{Ranges, diagnosed, marked};
use crate::windows::WindowsArgument;
use cloakwork::{
    Error, Functions, InputType, LookupTable, OpGraph as Graph, compile_functions as compile_module,
};
use cloakwork_abi::parameters::Width;
use cloakwork_frontend::compositions::convolution::ConvOptions;
use cloakwork_frontend::compositions::elementwise::Logical;
use cloakwork_frontend::compositions::ordering::Extreme;
use cloakwork_frontend::compositions::pooling::Outside;
use cloakwork_frontend::compositions::reductions::Reduction;
use cloakwork_frontend::elementwise::{Binary, Number, Unary};
use cloakwork_frontend::graph::Hint;
use cloakwork_frontend::shapes::{KeepAxes, Take};
use cloakwork_frontend::{NodeId, SourceLocation, TraceError};
use cloakwork_ir::digits::{Digits, Exactness};
use cloakwork_ir::interpret::Clear;
use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::{Bound, FromPyObject, Py, PyAny, PyErr, PyRef, PyResult, Python, pyclass, pyfunction, pymethods};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

/// Time between two messages about the progress of measuring.
const BETWEEN_PROGRESS: Duration = Duration::from_millis(200);

/// A value of a graph. Only the graph that made it knows it.
#[pyclass(frozen, skip_from_py_object, module = "cloakwork._cloakwork")]
#[derive(Clone, Copy)]
pub(crate) struct Node(NodeId);

/// A traced program.
#[pyclass(module = "cloakwork._cloakwork")]
pub(crate) struct OpGraph {
    graph: Graph,
    tables: Vec<TableUse>,
    /// Once measured.
    seen: Option<Seen>,
}

/// What is taken of one axis: a position or `start, stop, step`.
#[derive(FromPyObject)]
enum TakeArgument {
    At(i64),
    Range(Option<i64>, Option<i64>, Option<i64>),
}

#[pymethods]
impl OpGraph {
    #[new]
    fn new(name: &str) -> Self {
        Self { graph: Graph::new(name), tables: vec![], seen: None }
    }

    /// Place and tag of the nodes that are made from now on.
    #[pyo3(signature = (file, line, column, tag))]
    fn set_place(&mut self, file: Option<&str>, line: u32, column: u32, tag: Option<String>) {
        self.graph.set_place(file.map(|file| SourceLocation::new(file, line, column)), tag);
    }

    /// `integer` is whether it is signed and its width, where a type is declared.
    #[pyo3(signature = (name, shape, is_encrypted, integer = None))]
    fn input(
        &mut self,
        name: &str,
        shape: Vec<usize>,
        is_encrypted: bool,
        integer: Option<(bool, u32)>,
    ) -> PyResult<Node> {
        let declared = integer.map_or(InputType::Measured, |(is_signed, width)| InputType::Integer {
            width: Width(width),
            is_signed,
        });
        let node = match is_encrypted {
            true => self.graph.encrypted(name, &shape, declared),
            false => self.graph.clear(name, &shape, declared),
        };
        self.built(node, &[])
    }

    fn constant(&mut self, values: &Bound<'_, PyAny>) -> PyResult<Node> {
        Ok(Node(match from_python(values)? {
            Clear::Int(values) => self.graph.constant(values),
            Clear::Unsigned(values) => self.graph.unsigned_constant(&values),
            Clear::Real(values) => self.graph.real_constant(values),
        }))
    }

    fn unary(&mut self, name: &str, a: &Node) -> PyResult<Node> {
        let function =
            Unary::ALL.iter().find(|function| function.name() == name).ok_or_else(|| unknown(name))?;
        let node = self.graph.unary(*function, a.0);
        self.built(node, &[a.0])
    }

    fn binary(&mut self, name: &str, a: &Node, b: &Node) -> PyResult<Node> {
        let function =
            Binary::ALL.iter().find(|function| function.name() == name).ok_or_else(|| unknown(name))?;
        let node = self.graph.binary(*function, a.0, b.0);
        self.built(node, &[a.0, b.0])
    }

    fn dot(&mut self, a: &Node, b: &Node) -> PyResult<Node> {
        let node = self.graph.dot(a.0, b.0);
        self.built(node, &[a.0, b.0])
    }

    fn matmul(&mut self, a: &Node, b: &Node) -> PyResult<Node> {
        let node = self.graph.matmul(a.0, b.0);
        self.built(node, &[a.0, b.0])
    }

    #[pyo3(signature = (a, axes, keepdims))]
    fn sum(&mut self, a: &Node, axes: Option<Vec<i64>>, keepdims: bool) -> PyResult<Node> {
        let node = self.graph.sum(a.0, axes.as_deref(), kept(keepdims));
        self.built(node, &[a.0])
    }

    fn reshape(&mut self, a: &Node, shape: Vec<i64>) -> PyResult<Node> {
        let node = self.graph.reshape(a.0, &shape);
        self.built(node, &[a.0])
    }

    #[pyo3(signature = (a, axes))]
    fn transpose(&mut self, a: &Node, axes: Option<Vec<i64>>) -> PyResult<Node> {
        let node = self.graph.transpose(a.0, axes.as_deref());
        self.built(node, &[a.0])
    }

    fn slice(&mut self, a: &Node, takes: Vec<TakeArgument>) -> PyResult<Node> {
        let takes: Vec<Take> = takes
            .into_iter()
            .map(|take| match take {
                TakeArgument::At(at) => Take::At(at),
                TakeArgument::Range(start, stop, step) => {
                    Take::Range { start, stop, step: step.unwrap_or(1) }
                }
            })
            .collect();
        let node = self.graph.slice(a.0, &takes);
        self.built(node, &[a.0])
    }

    fn concatenate(&mut self, values: Vec<Py<Node>>, axis: i64) -> PyResult<Node> {
        let values: Vec<NodeId> = values.iter().map(|value| value.get().0).collect();
        let node = self.graph.concat(&values, axis);
        self.built(node, &values)
    }

    fn broadcast_to(&mut self, a: &Node, shape: Vec<usize>) -> PyResult<Node> {
        let node = self.graph.broadcast(a.0, &shape);
        self.built(node, &[a.0])
    }

    /// What a value may be besides what samples show.
    #[pyo3(signature = (a, width, range))]
    fn hint(&mut self, a: &Node, width: Option<u32>, range: Option<(i64, i64)>) {
        self.graph.hint(a.0, Hint { width: width.map(Width), range });
    }

    /// A trivial encryption of clear integers.
    fn encrypt(&mut self, a: &Node) -> PyResult<Node> {
        let node = self.graph.encrypt(a.0);
        self.built(node, &[a.0])
    }

    /// Elements of the flattened value; the result has the shape of `indices`.
    fn gather(&mut self, a: &Node, indices: &Bound<'_, PyAny>) -> PyResult<Node> {
        let indices = integers(indices)?.mapv(|index| usize::try_from(index).unwrap_or(usize::MAX));
        let node = self.graph.gather(a.0, &indices);
        self.built(node, &[a.0])
    }

    /// What lies at clear positions of an axis.
    fn gather_at(&mut self, a: &Node, positions: &Node, axis: i64) -> PyResult<Node> {
        let node = self.graph.gather_at(a.0, positions.0, axis);
        self.built(node, &[a.0, positions.0])
    }

    /// `a` with `value` at clear positions of an axis.
    fn set_at(&mut self, a: &Node, value: &Node, positions: &Node, axis: i64) -> PyResult<Node> {
        let node = self.graph.set_at(a.0, value.0, positions.0, axis);
        self.built(node, &[a.0, value.0, positions.0])
    }

    /// Bit `i` of the result is bit `positions[i]`.
    fn bits(&mut self, a: &Node, positions: Vec<u32>) -> PyResult<Node> {
        let node = self.graph.bits(a.0, &positions);
        self.built(node, &[a.0])
    }

    /// Without its lowest bits.
    fn truncate(&mut self, a: &Node, bits: u32) -> PyResult<Node> {
        let node = self.graph.digits(Digits::Truncate { bits, exactness: Exactness::Exact }, a.0);
        self.built(node, &[a.0])
    }

    /// `name` is `round` or `truncate`; the result keeps its scale.
    fn digits_in_place(&mut self, name: &str, a: &Node, bits: u32, is_approximate: bool) -> PyResult<Node> {
        let exactness = if is_approximate { Exactness::Approximate } else { Exactness::Exact };
        let digits = match name {
            "round" => Digits::Round { bits, exactness },
            "truncate" => Digits::Truncate { bits, exactness },
            _ => return Err(unknown(name)),
        };
        let node = self.graph.digits_in_place(digits, a.0);
        self.built(node, &[a.0])
    }

    /// Looks `a` up in tables of `2^k` entries, of which a user wrote the first `length`.
    #[pyo3(signature = (a, tables, selector, length))]
    fn lookup(
        &mut self,
        a: &Node,
        tables: Vec<Vec<i64>>,
        selector: Option<&Bound<'_, PyAny>>,
        length: usize,
    ) -> PyResult<Node> {
        let table = match selector {
            Some(selector) => LookupTable::for_each_element(&tables, integers(selector)?),
            None => LookupTable::new(tables.into_iter().next().unwrap_or_default()),
        };
        let node = self.graph.lookup(table, a.0);
        let node = self.built(node, &[a.0])?;
        self.tables.push(TableUse { operand: a.0, lookup: node.0, length });
        Ok(node)
    }

    /// A Python function of a vector; `kinds` says what it takes and gives: `i` or `f` each.
    fn host(
        &mut self,
        name: String,
        function: Py<PyAny>,
        kinds: (String, String),
        a: &Node,
    ) -> PyResult<Node> {
        let (takes, gives) = (number(&kinds.0)?, number(&kinds.1)?);
        let node = self.graph.host(host_function(name, function, takes, gives), a.0);
        self.built(node, &[a.0])
    }

    /// A Python function of several vectors of one length; what they hold and what it gives as in `host`.
    fn multivariate(
        &mut self,
        name: String,
        function: Py<PyAny>,
        kinds: (String, String),
        operands: Vec<Py<Node>>,
    ) -> PyResult<Node> {
        let (takes, gives) = (number(&kinds.0)?, number(&kinds.1)?);
        let operands: Vec<NodeId> = operands.iter().map(|operand| operand.get().0).collect();
        let node = self.graph.multivariate(host_function_of_several(name, function, takes, gives), &operands);
        self.built(node, &operands)
    }

    /// One value where the condition is not 0, else the other.
    fn select(&mut self, condition: &Node, then: &Node, otherwise: &Node) -> PyResult<Node> {
        let node = self.graph.select(condition.0, then.0, otherwise.0);
        self.built(node, &[condition.0, then.0, otherwise.0])
    }

    /// A function along axes, which vanish or keep one element: `all`, `max`, `mean` and the like.
    #[pyo3(signature = (name, a, axes, keepdims))]
    fn reduce(&mut self, name: &str, a: &Node, axes: Option<Vec<i64>>, keepdims: bool) -> PyResult<Node> {
        let reduction = Reduction::ALL.iter().find(|reduction| reduction.name() == name);
        let reduction = reduction.ok_or_else(|| unknown(name))?;
        let node = self.graph.reduce(*reduction, a.0, axes.as_deref(), kept(keepdims));
        self.built(node, &[a.0])
    }

    /// Position of an extreme: `argmax` or `argmin`.
    #[pyo3(signature = (name, a, axis, keepdims))]
    fn position(&mut self, name: &str, a: &Node, axis: Option<i64>, keepdims: bool) -> PyResult<Node> {
        let extreme = match name {
            "argmax" => Extreme::Greatest,
            "argmin" => Extreme::Least,
            _ => return Err(unknown(name)),
        };
        let node = self.graph.position(extreme, a.0, axis, kept(keepdims));
        self.built(node, &[a.0])
    }

    /// A function along an axis that stays, or of the flattened value: `cumsum`, `cumprod`, `sort`, `argsort`.
    #[pyo3(signature = (name, a, axis))]
    fn along(&mut self, name: &str, a: &Node, axis: Option<i64>) -> PyResult<Node> {
        let node = match name {
            "cumsum" => self.graph.cumulative_sum(a.0, axis),
            "cumprod" => self.graph.cumulative_product(a.0, axis),
            "sort" => self.graph.sort(a.0, axis),
            "argsort" => self.graph.argsort(a.0, axis),
            _ => return Err(unknown(name)),
        };
        self.built(node, &[a.0])
    }

    /// Differences of neighbours, `times` times over.
    fn diff(&mut self, a: &Node, times: usize, axis: i64) -> PyResult<Node> {
        let node = self.graph.differences(a.0, times, axis);
        self.built(node, &[a.0])
    }

    fn stack(&mut self, values: Vec<Py<Node>>, axis: i64) -> PyResult<Node> {
        let values: Vec<NodeId> = values.iter().map(|value| value.get().0).collect();
        let node = self.graph.stack(&values, axis);
        self.built(node, &values)
    }

    fn tensordot(&mut self, a: &Node, b: &Node, of_a: Vec<i64>, of_b: Vec<i64>) -> PyResult<Node> {
        let node = self.graph.tensordot(a.0, b.0, &of_a, &of_b);
        self.built(node, &[a.0, b.0])
    }

    fn einsum(&mut self, notation: &str, values: Vec<Py<Node>>) -> PyResult<Node> {
        let values: Vec<NodeId> = values.iter().map(|value| value.get().0).collect();
        let node = self.graph.einsum(notation, &values);
        self.built(node, &values)
    }

    fn outer(&mut self, a: &Node, b: &Node) -> PyResult<Node> {
        let node = self.graph.outer(a.0, b.0);
        self.built(node, &[a.0, b.0])
    }

    fn kron(&mut self, a: &Node, b: &Node) -> PyResult<Node> {
        let node = self.graph.kron(a.0, b.0);
        self.built(node, &[a.0, b.0])
    }

    fn convolve(&mut self, a: &Node, kernel: Vec<i64>) -> PyResult<Node> {
        let node = self.graph.convolve(a.0, &kernel);
        self.built(node, &[a.0])
    }

    /// A function of truth values: `logical_and`, `logical_or`, `logical_xor`.
    fn logical(&mut self, name: &str, a: &Node, b: &Node) -> PyResult<Node> {
        let function = match name {
            "logical_and" => Logical::And,
            "logical_or" => Logical::Or,
            "logical_xor" => Logical::Xor,
            _ => return Err(unknown(name)),
        };
        let node = self.graph.logical(function, a.0, b.0);
        self.built(node, &[a.0, b.0])
    }

    fn invert(&mut self, a: &Node) -> PyResult<Node> {
        let node = self.graph.invert(a.0);
        self.built(node, &[a.0])
    }

    fn refresh(&mut self, a: &Node) -> PyResult<Node> {
        let node = self.graph.refresh(a.0);
        self.built(node, &[a.0])
    }

    fn conv(
        &mut self,
        input: &Node,
        weights: &Node,
        windows: WindowsArgument,
        groups: usize,
    ) -> PyResult<Node> {
        let options = ConvOptions { windows: windows.into_options()?, groups };
        let node = self.graph.conv(input.0, weights.0, &options);
        self.built(node, &[input.0, weights.0])
    }

    fn max_pool(&mut self, a: &Node, kernel: Vec<usize>, windows: WindowsArgument) -> PyResult<Node> {
        let node = self.graph.max_pool(a.0, &kernel, &windows.into_options()?);
        self.built(node, &[a.0])
    }

    fn average_pool(
        &mut self,
        a: &Node,
        kernel: Vec<usize>,
        windows: WindowsArgument,
        counts_zeros: bool,
    ) -> PyResult<Node> {
        let outside = if counts_zeros { Outside::Zeros } else { Outside::Ignored };
        let node = self.graph.average_pool(a.0, &kernel, &windows.into_options()?, outside);
        self.built(node, &[a.0])
    }

    fn output(&mut self, a: &Node) -> PyResult<()> {
        let done = self.graph.output(a.0);
        done.map_err(|error| self.refused(&error, &[a.0]))
    }

    #[getter]
    fn name(&self) -> &str {
        self.graph.name()
    }

    fn shape(&self, a: &Node) -> Vec<usize> {
        self.graph.node(a.0).shape.clone()
    }

    fn is_encrypted(&self, a: &Node) -> bool {
        self.graph.node(a.0).element.is_encrypted()
    }

    fn is_real(&self, a: &Node) -> bool {
        self.graph.node(a.0).element.number() == Number::Real
    }

    /// Name, shape and whether it is encrypted, of each input.
    fn inputs(&self) -> Vec<(String, Vec<usize>, bool)> {
        let inputs = self.graph.inputs().iter();
        inputs.map(|input| (input.name.clone(), input.shape.clone(), input.is_encrypted)).collect()
    }

    /// Shape of each result.
    fn outputs(&self) -> Vec<Vec<usize>> {
        self.graph.outputs().iter().map(|&output| self.graph.node(output).shape.clone()).collect()
    }

    fn output_count(&self) -> usize {
        self.graph.outputs().len()
    }

    /// Measures the range of every value on samples. `progress` hears now and then how many are done; what it
    /// raises stops the measuring.
    fn measure(
        &mut self,
        py: Python<'_>,
        samples: Vec<Vec<Bound<'_, PyAny>>>,
        progress: Py<PyAny>,
    ) -> PyResult<()> {
        let samples = samples.iter().map(|sample| all_clear(sample)).collect::<PyResult<Vec<_>>>()?;
        let mut raised = None;
        let mut told = Instant::now();
        let mut tell = |done: usize| {
            if told.elapsed() < BETWEEN_PROGRESS {
                return ControlFlow::Continue(());
            }
            told = Instant::now();
            let result = Python::attach(|py| {
                py.check_signals()?;
                progress.call1(py, (done,)).map(|_| ())
            });
            result.map_or_else(
                |error| {
                    raised = Some(error);
                    ControlFlow::Break(())
                },
                |()| ControlFlow::Continue(()),
            )
        };
        let graph = &self.graph;
        let seen = py.detach(|| measure(graph, samples, &mut tell));
        if let Some(error) = raised {
            return Err(error);
        }
        let seen = seen.map_err(|error| self.failed(error))?;
        if let Some((table, message)) = outside_of_table(&self.tables, &seen.ranges) {
            let node = self.graph.node(table.lookup);
            let place = node.location.as_ref().map_or(String::new(), |at| format!("{at}: "));
            let graph =
                marked(&self.graph, Some(&seen.ranges), &[(table.operand, "this is looked up".to_owned())]);
            return Err(PyValueError::new_err(format!("{place}{message}\n\n{graph}")));
        }
        self.seen = Some(seen);
        Ok(())
    }

    /// The results in the clear.
    fn evaluate<'py>(
        &self,
        py: Python<'py>,
        arguments: Vec<Bound<'py, PyAny>>,
    ) -> PyResult<Vec<Bound<'py, PyAny>>> {
        let arguments = all_clear(&arguments)?;
        let graph = &self.graph;
        let results = py.detach(|| evaluate(graph, arguments)).map_err(|error| self.failed(error))?;
        let to_array = |result: Clear| {
            let bounds = result.hull().unwrap_or((0, 0));
            words_to_python(py, result.into_words().expect("results of a graph are integers"), bounds)
        };
        Ok(results.into_iter().map(to_array).collect())
    }
}

/// Compiles functions that share their keys, each for the ranges that were measured, or else those that its inputs
/// declare; a feed is a result and the argument that it may become.
#[pyfunction]
pub(crate) fn compile_functions(
    py: Python<'_>,
    functions: Vec<PyRef<'_, OpGraph>>,
    composition: Vec<((String, usize), (String, usize))>,
    options: OptionsArgument,
) -> PyResult<Vec<Circuit>> {
    let options = options.into_options()?;
    let mut traced = Functions::new();
    for function in &functions {
        traced = match &function.seen {
            Some(seen) => traced.measured(&function.graph, &seen.measured),
            None => traced.function(&function.graph),
        };
    }
    for ((from, result), (to, argument)) in &composition {
        traced = traced.compose((from, *result), (to, *argument));
    }
    match py.detach(|| compile_module(&traced, &options)) {
        Ok(module) => Ok(module.functions().map(Circuit::new).collect()),
        Err(error) => {
            let is_marked =
                |graph: &&OpGraph| diagnosed(&graph.graph, graph.ranges(), error.diagnostics()).is_some();
            let graphs = functions.iter().map(|graph| &**graph);
            Err(match graphs.clone().find(is_marked).or_else(|| graphs.clone().next()) {
                Some(graph) => graph.failed(error),
                None => exception(error),
            })
        }
    }
}

impl OpGraph {
    /// A graph that was made and measured elsewhere.
    pub(crate) fn measured(graph: Graph, seen: Seen) -> Self {
        Self { graph, tables: vec![], seen: Some(seen) }
    }

    pub(crate) fn graph(&self) -> &Graph {
        &self.graph
    }

    /// Of each node, once measured.
    pub(crate) fn ranges(&self) -> Option<&Ranges> {
        self.seen.as_ref().map(|seen| seen.ranges.as_slice())
    }

    fn built(&self, node: Result<NodeId, TraceError>, operands: &[NodeId]) -> PyResult<Node> {
        node.map(Node).map_err(|error| self.refused(&error, operands))
    }

    /// Shows the operands of what was refused.
    fn refused(&self, error: &TraceError, operands: &[NodeId]) -> PyErr {
        let name = &error.operation;
        let mark = |(i, operand): (usize, &NodeId)| (*operand, format!("this is operand {i} of `{name}`"));
        let marks: Vec<_> = operands.iter().enumerate().map(mark).collect();
        refusal(error, &marked(&self.graph, self.ranges(), &marks))
    }

    pub(crate) fn failed(&self, error: Error) -> PyErr {
        let graph = diagnosed(&self.graph, self.ranges(), error.diagnostics());
        match (&error, graph) {
            (Error::Program(_) | Error::Infeasible(_), graph) => {
                let graph = graph.map_or(String::new(), |graph| format!("\n\n{graph}"));
                PyRuntimeError::new_err(format!(
                    "Function you are trying to compile cannot be compiled\n\n{error}{graph}"
                ))
            }
            _ => exception(error),
        }
    }
}

fn kept(keepdims: bool) -> KeepAxes {
    if keepdims { KeepAxes::AsOne } else { KeepAxes::No }
}

fn number(kind: &str) -> PyResult<Number> {
    match kind {
        "i" => Ok(Number::Int),
        "f" => Ok(Number::Real),
        _ => Err(PyValueError::new_err(format!("the kind of numbers is `{kind}`, allowed are `i` and `f`"))),
    }
}

fn unknown(function: &str) -> PyErr {
    PyRuntimeError::new_err(format!("Function '{function}' is not supported"))
}
