//! The optimizer's view of a module: what its functions compute, and which of their results are fed back.
//!
//! Norms are those of the program's real constants; a clear argument counts with the greatest magnitude of its
//! `fhe.range`. Requires widths everywhere and no maps.

use crate::clear_bounds::magnitudes;
use crate::composition::{Feed, check_types, described, feeds};
use crate::facts::{self, fail, key};
use crate::parameters::{Operand, Output, ParamDag, Value as DagValue};
use crate::pass::Failed;
use crate::rounding::noise;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::diagnostic::place;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{Function, Side, functions_under};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::types::ValueType;
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};
use ndarray::{ArrayD, Axis};
use std::collections::HashMap;

/// The graph of a module, and what its values are in the IR.
pub(crate) struct View<'c, 'a> {
    pub(crate) dag: ParamDag,
    /// Encrypted arguments: function, position, value.
    pub(crate) arguments: Vec<(Function<'c, 'a>, usize, DagValue)>,
    /// Ops with an encrypted result.
    pub(crate) ops: Vec<(OperationRef<'c, 'a>, DagValue)>,
    /// What a label of the graph stands for.
    labels: HashMap<String, OperationRef<'c, 'a>>,
    outputs: HashMap<(usize, usize), Output>,
    is_single: bool,
}

impl<'c: 'a, 'a> View<'c, 'a> {
    /// Reads the functions and the composition of a module.
    pub(crate) fn of(module: OperationRef<'c, 'a>) -> Result<Self, Failed> {
        let functions = functions_under(module);
        let mut view = Self {
            dag: ParamDag::default(),
            arguments: vec![],
            ops: vec![],
            labels: HashMap::new(),
            outputs: HashMap::new(),
            is_single: functions.len() == 1,
        };
        for (number, &function) in functions.iter().enumerate() {
            if number > 0 {
                view.dag.next_function();
            }
            view.add_function(number, function)?;
        }
        let feeds = feeds(module, &functions)?;
        check_types(module, &functions, &feeds)?;
        for feed in feeds {
            view.compose(feed, &functions).map_err(|message| fail(module, &message))?;
        }
        Ok(view)
    }

    /// The op that a label of the graph names.
    pub(crate) fn labelled(&self, label: &str) -> Option<OperationRef<'c, 'a>> {
        self.labels.get(label).copied()
    }

    fn compose(&mut self, Feed { from, to }: Feed, functions: &[Function<'c, 'a>]) -> Result<(), String> {
        let output = self.outputs.get(&(from.function, from.position));
        let input = self.arguments.iter().find(|(function, position, _)| {
            function.op == functions[to.function].op && *position == to.position
        });
        let (Some(&output), Some(&(_, _, input))) = (output, input) else {
            let (from, to) =
                (described(functions, from, Side::Result), described(functions, to, Side::Argument));
            return Err(format!("`{from}` cannot be fed to `{to}`; both must be encrypted integers"));
        };
        self.dag.compose(output, input).map_err(|error| error.to_string())
    }

    /// The name of an argument or a result for messages; that of the function belongs to it if there are several.
    fn value_label(&self, function: Function<'c, 'a>, side: Side, i: usize) -> String {
        let name = function.value_name(side, i);
        if self.is_single { name } else { format!("{name} of @{}", function.name()) }
    }

    /// Adds the values of a function, from fresh inputs to outputs.
    fn add_function(&mut self, number: usize, function: Function<'c, 'a>) -> Result<(), Failed> {
        let mut known: HashMap<usize, DagValue> = HashMap::new();
        for (i, argument) in function.arguments().into_iter().enumerate() {
            if let Some(width) = width_of(argument, function.op)? {
                let label = self.value_label(function, Side::Argument, i);
                self.labels.entry(label.clone()).or_insert(function.op);
                let value = self.dag.input(width, label);
                self.arguments.push((function, i, value));
                known.insert(key(argument), value);
            }
        }
        for op in function.operations() {
            let Some(fhe) = FheOp::of(op) else { continue };
            let result = walk::result(op);
            let Some(width) = width_of(result, op)? else { continue };
            self.labels.entry(label(op)).or_insert(op);
            let value = add_op(&mut self.dag, function, (op, &fhe), width, &known)?;
            self.ops.push((op, value));
            known.insert(key(result), value);
        }
        for (i, value) in function.returned().into_iter().enumerate() {
            if let Some(node) = known.get(&key(value)) {
                let label = self.value_label(function, Side::Result, i);
                self.labels.entry(label.clone()).or_insert(function.op);
                self.outputs.insert((number, i), self.dag.output(*node, elements(value), label));
            }
        }
        Ok(())
    }
}

fn add_op(
    dag: &mut ParamDag,
    function: Function<'_, '_>,
    (op, fhe): (OperationRef<'_, '_>, &FheOp<'_, '_>),
    width: Width,
    known: &HashMap<usize, DagValue>,
) -> Result<DagValue, Failed> {
    let label = label(op);
    let operand = |i: usize| known[&key(walk::operand(op, i))];
    let count = elements(walk::result(op));
    let weights = |i: usize| {
        let bounds = magnitudes(function, walk::operand(op, i));
        bounds.map(|bounds| bounds.mapv(|value| value as f64)).map_err(|message| fail(op, &message))
    };
    let linear = match fhe {
        FheOp::Constant { .. } => return Ok(dag.constant(width, label)),
        FheOp::Digits(digits) => {
            let widths = op.operands().map(|value| width_of(value, op));
            let widths: Vec<Width> = widths.filter_map(Result::transpose).collect::<Result<_, _>>()?;
            let operands = widths.into_iter().enumerate().map(|(i, width)| (operand(i), width)).collect();
            let node = noise::Op { digits, operands, width, count, label };
            return noise::add(dag, node).map_err(|message| fail(op, &message));
        }
        FheOp::Lookup(_) => return Ok(dag.lookup(operand(0), width, count, label)),
        FheOp::Pairwise(_) | FheOp::Select | FheOp::JointLookup(_) => return Err(facts::several_left(op)),
        FheOp::Map { .. } => return Err(fail(op, "a map is left; run `fhe-build-tables` first")),
        FheOp::Linear(linear) => linear,
    };
    let (operands, additions) = match linear {
        Linear::Add | Linear::Sub => ([0, 1].map(|i| Operand::elementwise(operand(i), 1.0)).to_vec(), count),
        Linear::Neg | Linear::AddClear | Linear::Reshape => {
            (vec![Operand::elementwise(operand(0), 1.0)], count)
        }
        Linear::MulClear => (vec![Operand::elementwise(operand(0), greatest(&weights(1)?))], count),
        Linear::Dot => {
            let weights = weights(1)?;
            let norms = Norms::of(weights.iter().copied());
            (vec![Operand::disjoint(operand(0), norms.norm2, norms.norm1)], weights.len() as u64)
        }
        Linear::Matmul => {
            let is_left = known.contains_key(&key(walk::operand(op, 0)));
            let (encrypted, weights) =
                if is_left { (operand(0), weights(1)?) } else { (operand(1), weights(0)?) };
            // One output sums a column of clear weights on the right, or a row of clear weights on the left.
            let lanes = Axis(usize::from(is_left));
            let norms = Norms::greatest(weights.axis_iter(lanes).map(|lane| Norms::of(lane.iter().copied())));
            let terms = weights.len_of(Axis(usize::from(!is_left))) as u64;
            (vec![Operand::shared(encrypted, norms.norm2, norms.norm1)], count * terms)
        }
        Linear::Conv2d(_) => {
            let weights = weights(1)?;
            let norms =
                Norms::greatest(weights.axis_iter(Axis(0)).map(|filter| Norms::of(filter.iter().copied())));
            let terms = (weights.len() / weights.len_of(Axis(0)).max(1)) as u64;
            (vec![Operand::shared(operand(0), norms.norm2, norms.norm1)], count * terms)
        }
        Linear::Sum { .. } => {
            let terms = elements(walk::operand(op, 0)) / count.max(1);
            (vec![Operand::disjoint(operand(0), terms as f64, terms as f64)], count * terms)
        }
        Linear::Transpose { .. } | Linear::Slice { .. } => (vec![Operand::disjoint(operand(0), 1.0, 1.0)], 0),
        Linear::Gather { indices } if is_each_once(indices) => {
            (vec![Operand::disjoint(operand(0), 1.0, 1.0)], 0)
        }
        Linear::Broadcast | Linear::Gather { .. } | Linear::GatherAt { .. } => {
            (vec![Operand::copies(operand(0))], 0)
        }
        Linear::SetAt { .. } => {
            // Each element is one of either operand.
            let both = dag.concat(&[operand(0), operand(1)], width, label.clone());
            (vec![Operand::copies(both)], 0)
        }
        Linear::Concat { .. } => {
            let parts: Vec<DagValue> = (0..op.operand_count()).map(operand).collect();
            return Ok(dag.concat(&parts, width, label));
        }
    };
    Ok(dag.linear(&operands, width, additions, label))
}

fn is_each_once(indices: &[usize]) -> bool {
    let mut seen = vec![false; indices.iter().max().map_or(0, |&last| last + 1)];
    indices.iter().all(|&index| !std::mem::replace(&mut seen[index], true))
}

/// `Σ wᵢ²` and `Σ |wᵢ|`
#[derive(Clone, Copy, Default)]
struct Norms {
    norm2: f64,
    norm1: f64,
}

impl Norms {
    fn of(weights: impl Iterator<Item = f64>) -> Self {
        weights.fold(Self::default(), |sum, weight| Self {
            norm2: sum.norm2 + weight * weight,
            norm1: sum.norm1 + weight.abs(),
        })
    }

    fn greatest(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Self::default(), |a, b| Self { norm2: a.norm2.max(b.norm2), norm1: a.norm1.max(b.norm1) })
    }
}

fn greatest(values: &ArrayD<f64>) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}

/// What an op is and where.
fn label(op: OperationRef<'_, '_>) -> String {
    let (place, name) = (place(op.location()), walk::name(&op));
    if place.is_empty() { name } else { format!("{name} at {place}") }
}

/// Width of an encrypted value; `None` if it is clear.
fn width_of(value: Value<'_, '_>, op: OperationRef<'_, '_>) -> Result<Option<Width>, Failed> {
    let ty = ValueType::of(value.r#type()).filter(|ty| ty.element.is_encrypted());
    let Some(ty) = ty else { return Ok(None) };
    match ty.integer() {
        Some((width, _)) => Ok(Some(width)),
        None => Err(fail(op, &format!("`{ty}` has no width yet; run `fhe-infer-bit-widths` first"))),
    }
}

fn elements(value: Value<'_, '_>) -> u64 {
    ValueType::of(value.r#type()).map_or(0, |ty| ty.elements() as u64)
}
