//! Goes through the nodes of a model in order; each becomes a [`Value`] of the program.

use super::options::{Quantisation, Reply};
use super::report::{LayerReport, QuantisationReport};
use super::value::{Integers, Reals, Samples, Value};
use super::{LayerValue, Quantised, linear};
use crate::error::{SourceLocation, TraceError};
use crate::graph::{NodeId, OpGraph};
use crate::model::evaluate::compute;
use crate::model::op::{Binary, Pool, Reduce};
use crate::model::{Model, ModelError, ModelNode, ModelOp, ValueId};
use cloakwork_abi::processing::{ClearStep, InputProcessing, OutputProcessing, Processing};
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeMap;
use std::rc::Rc;

/// A model on its way.
pub(super) struct Lowering<'m> {
    pub model: &'m Model,
    pub options: &'m Quantisation,
    pub calibration: &'m [Vec<ArrayD<f64>>],
    pub graph: OpGraph,
    /// The name of the node that is lowered.
    pub place: String,
    /// Its position.
    pub position: usize,
    /// By position of the node.
    values: Vec<Option<Value>>,
    /// What the model on reals computes for each sample.
    floats: Vec<Option<Samples>>,
    /// The last node that needs each value.
    last_uses: Vec<usize>,
    /// Sums as tables take them.
    pub narrowed: BTreeMap<NodeId, super::tables::Narrowed>,
    /// Reals that were rounded to integers, by the node of the reals.
    pub rounded: BTreeMap<NodeId, Integers>,
    /// Reals that are results, as integers, by the node of the reals.
    pub ends: BTreeMap<NodeId, Integers>,
    /// How far integers reach for whatever inputs there are.
    pub spans: BTreeMap<NodeId, super::spans::Span>,
    /// Whether mean errors are taken out of the layer that is lowered.
    pub is_correcting: bool,
    /// Whether the weights of the layer that is lowered are exactly those of the model.
    pub is_exact: bool,
    /// Of each sample, for the inputs in order.
    pub arguments: Vec<Vec<ArrayD<i64>>>,
    pub processing: Parts,
    /// Of each sample, in order.
    pub results: Vec<Vec<ArrayD<i64>>>,
    pub report: QuantisationReport,
    /// Values that depend on the inputs.
    layers: Vec<(ValueId, Value)>,
}

/// The clear part of a model on its way.
pub(super) struct Parts {
    pub inputs: Vec<Option<InputProcessing>>,
    pub outputs: Vec<OutputProcessing>,
}

/// What is not encrypted.
pub(super) struct Client<'m> {
    /// The whole model.
    pub model: &'m Model,
    /// Steps on each input.
    pub before: Vec<Vec<ClearStep>>,
    /// Steps on each output.
    pub after: Vec<Vec<ClearStep>>,
}

/// See [`super::quantise`]; the samples fit the model.
pub(super) fn lower(
    model: &Model,
    client: Client<'_>,
    calibration: &[Vec<ArrayD<f64>>],
    options: &Quantisation,
) -> Result<Quantised, ModelError> {
    let count = model.nodes.len();
    let mut lowering = Lowering {
        model,
        options,
        calibration,
        graph: OpGraph::new(&model.name),
        place: String::new(),
        position: 0,
        values: vec![None; count],
        floats: vec![None; count],
        last_uses: last_uses(model),
        narrowed: BTreeMap::new(),
        rounded: BTreeMap::new(),
        ends: BTreeMap::new(),
        spans: BTreeMap::new(),
        is_correcting: true,
        is_exact: true,
        arguments: vec![vec![]; calibration.len()],
        processing: Parts { inputs: vec![None; model.inputs.len()], outputs: vec![] },
        results: vec![vec![]; calibration.len()],
        report: QuantisationReport::default(),
        layers: vec![],
    };
    lowering.all_inputs()?;
    for (position, node) in model.nodes.iter().enumerate() {
        lowering.node(position, node)?;
    }
    lowering.outputs(client.after)?;
    for ((input, steps), whole) in
        lowering.processing.inputs.iter_mut().flatten().zip(client.before).zip(&client.model.inputs)
    {
        input.shape = whole.shape.clone();
        input.steps = steps;
    }
    lowering.finish()
}

impl<'m> Lowering<'m> {
    /// Arguments come first and in order, whatever the order of the nodes.
    fn all_inputs(&mut self) -> Result<(), ModelError> {
        for position in 0..self.model.inputs.len() {
            let is_it = |node: &ModelNode| matches!(node.op, ModelOp::Input(input) if input == position);
            let Some(id) = self.model.nodes.iter().position(is_it) else {
                let name = &self.model.inputs[position].name;
                return Err(ModelError::new(
                    name,
                    "no node for this input",
                    "each input has its node",
                    "leave the input out",
                ));
            };
            self.at(&self.model.inputs[position].name);
            self.values[id] = Some(self.input(ValueId(id), position)?);
            self.floats[id] =
                Some(Rc::new(self.calibration.iter().map(|sample| sample[position].clone()).collect()));
        }
        Ok(())
    }

    fn node(&mut self, position: usize, node: &'m ModelNode) -> Result<(), ModelError> {
        if !matches!(node.op, ModelOp::Input(_)) {
            self.at(&node.name);
            self.position = position;
            let operands: Vec<Value> = node.operands.iter().map(|id| self.value(*id)).collect();
            let is_clear = operands.iter().all(|operand| matches!(operand, Value::Clear(_)));
            let value = match &node.op {
                ModelOp::FakeQuantise(fake) => self.fake_quantised(fake, &operands[0])?,
                _ if is_clear => self.constant(node, &operands)?,
                op => self.lowered(op, node, operands)?,
            };
            self.follow(position, node, &value);
            self.values[position] = Some(value);
        }
        for id in 0..=position {
            if self.last_uses[id] == position {
                self.floats[id] = None;
                if !self.is_output(ValueId(id)) {
                    self.values[id] = None;
                }
            }
        }
        Ok(())
    }

    fn lowered(
        &mut self,
        op: &'m ModelOp,
        node: &'m ModelNode,
        operands: Vec<Value>,
    ) -> Result<Value, ModelError> {
        let shape = node.shape.as_slice();
        match op {
            ModelOp::Input(_) | ModelOp::Constant(_) | ModelOp::FakeQuantise(_) => {
                unreachable!("inputs, constants and grids are handled before")
            }
            ModelOp::Function(function) => self.function(*function, &operands[0]),
            ModelOp::Binary(binary) => self.binary(*binary, &operands[0], &operands[1], shape),
            ModelOp::Select => self.select(&operands, shape),
            ModelOp::MatMul => self.matmul(node, &operands[0], &operands[1]),
            ModelOp::Conv { .. } => self.convolution(node, &operands[0], &operands[1]),
            ModelOp::Pool { kind: Pool::Max, .. } => self.greatest_of_windows(op, &operands[0], shape),
            ModelOp::Pool { kind: Pool::Average | Pool::AverageOfPresent, .. } => {
                self.mean_of_windows(node, &operands[0])
            }
            ModelOp::Reduce { kind: Reduce::Sum | Reduce::Mean, .. } => self.sum(node, &operands[0]),
            ModelOp::Reduce { kind: kind @ (Reduce::Max | Reduce::Min | Reduce::Product), axes, .. } => {
                self.reduced(*kind, axes, &operands[0], shape)
            }
            ModelOp::ArgExtreme { is_greatest, axis, .. } => {
                self.position_of_extreme(*is_greatest, *axis, &operands[0], shape)
            }
            ModelOp::Softmax { axis, log } => self.softmax(*axis, *log, &operands[0]),
            ModelOp::Rearrange { positions } => self.rearranged(&operands[0], positions),
            ModelOp::Concat { axis } => self.concatenated(&operands, *axis),
            ModelOp::Trees(_) => {
                self.refused("an ensemble of trees", "it is compiled on integers", "use it as the only layer")
            }
        }
    }

    /// A node all of whose operands are known.
    fn constant(&mut self, node: &ModelNode, operands: &[Value]) -> Result<Value, ModelError> {
        let known: Vec<&ArrayD<f64>> = operands
            .iter()
            .filter_map(|operand| if let Value::Clear(reals) = operand { Some(reals) } else { None })
            .collect();
        let reals = match &node.op {
            ModelOp::Constant(reals) => reals.clone(),
            op => compute(op, &known, &node.shape),
        };
        if reals.iter().any(|real| real.is_nan()) {
            return Err(ModelError::new(
                &node.name,
                "weights that are not numbers",
                "weights are finite",
                "train the model again, or check how it was exported",
            ));
        }
        Ok(Value::Clear(reals))
    }

    /// What the model on reals says, beside what the integers stand for.
    fn follow(&mut self, position: usize, node: &ModelNode, value: &Value) {
        if let Value::Clear(reals) = value {
            self.floats[position] = Some(Rc::new(vec![reals.clone()]));
            return;
        }
        let floats = self.floats_of(node);
        let layer = LayerReport::of(node, value, &floats);
        self.report.layers.push(layer);
        self.layers.push((ValueId(position), value.clone()));
        self.floats[position] = Some(Rc::new(floats));
    }

    /// What the model on reals computes for the operands of the node that is lowered, in this order.
    pub(super) fn floats_of(&self, node: &ModelNode) -> Vec<ArrayD<f64>> {
        let of_sample = |sample: usize| {
            let operands: Vec<&ArrayD<f64>> = node
                .operands
                .iter()
                .filter_map(|id| self.floats[id.0].as_ref())
                .map(|samples| samples.get(sample).unwrap_or(&samples[0]))
                .collect();
            compute(&node.op, &operands, &node.shape)
        };
        (0..self.calibration.len()).map(of_sample).collect()
    }

    fn finish(mut self) -> Result<Quantised, ModelError> {
        let layers = std::mem::take(&mut self.layers);
        let layers = layers.into_iter().filter_map(|(id, value)| self.layer(id, value)).collect();
        let inputs = self.processing.inputs.into_iter().flatten().collect();
        self.graph.set_processing(Processing { inputs, outputs: self.processing.outputs });
        Ok(Quantised {
            graph: self.graph,
            alternatives: vec![],
            samples: self.arguments,
            results: self.results,
            report: self.report,
            middle: Some(self.model.clone()),
            layers,
        })
    }

    /// The integers of a layer; reals have some where a table rounded them.
    fn layer(&self, id: ValueId, value: Value) -> Option<LayerValue> {
        let integers = match value {
            Value::Integers(integers) => integers,
            Value::Reals(reals) => {
                self.rounded.get(&reals.node).or_else(|| self.ends.get(&reals.node))?.clone()
            }
            Value::Clear(_) => return None,
        };
        let Integers { node, scale, offset, .. } = integers;
        let name = self.model.nodes[id.0].name.clone();
        Some(LayerValue { name, value: id, node, scale, offset })
    }

    /// The value of a node before.
    pub(super) fn value(&self, id: ValueId) -> Value {
        self.values[id.0].clone().expect("operands exist before their users")
    }

    /// The nodes that have a value as an operand.
    pub(super) fn users(&self, id: ValueId) -> impl Iterator<Item = ValueId> {
        let nodes = self.model.nodes.iter().enumerate();
        nodes.filter(move |(_, node)| node.operands.contains(&id)).map(|(position, _)| ValueId(position))
    }

    /// Whether a table takes a value, and not only sums and results.
    pub(super) fn leads_to_table(&self, id: ValueId) -> bool {
        if self.options.reply == Reply::Label && self.is_output(id) {
            return true;
        }
        let is_constant = |id: &ValueId| matches!(self.model.nodes[id.0].op, ModelOp::Constant(_));
        self.users(id).any(|user| {
            let node = &self.model.nodes[user.0];
            let is_affine = match &node.op {
                ModelOp::Rearrange { .. } | ModelOp::Concat { .. } => true,
                ModelOp::Binary(Binary::Add | Binary::Sub) => true,
                ModelOp::Binary(Binary::Mul | Binary::Div) => node.operands.iter().any(is_constant),
                ModelOp::MatMul | ModelOp::Conv { .. } => false,
                _ => return true,
            };
            is_affine && self.leads_to_table(user)
        })
    }

    pub(super) fn is_output(&self, id: ValueId) -> bool {
        self.model.outputs.iter().any(|output| output.value == id)
    }

    /// Says which node of the model comes next.
    pub(super) fn at(&mut self, name: &str) {
        self.place = name.to_owned();
        self.graph.set_place(
            Some(SourceLocation::new(&format!("{}:{name}", self.model.name), 0, 0)),
            Some(name.to_owned()),
        );
    }

    /// The node, or why the node of the model is refused.
    pub(super) fn built(&self, node: Result<NodeId, TraceError>) -> Result<NodeId, ModelError> {
        node.map_err(|error| ModelError::of_program(&self.place, &error))
    }

    /// An error at the node that is lowered.
    pub(super) fn refused<T>(
        &self,
        found: impl Into<String>,
        allowed: &str,
        advice: &str,
    ) -> Result<T, ModelError> {
        Err(ModelError::new(&self.place, found, allowed, advice))
    }

    /// Something to tell that is no error.
    pub(super) fn warn(&mut self, text: String) {
        self.report.warnings.push(text);
    }

    /// Integers that are known.
    pub(super) fn integers(&mut self, values: ArrayD<i64>) -> NodeId {
        self.graph.constant(values)
    }

    /// The same elements in other places.
    pub(super) fn rearranged(
        &mut self,
        value: &Value,
        positions: &ArrayD<usize>,
    ) -> Result<Value, ModelError> {
        let moved = |samples: &Samples| -> Samples {
            Rc::new(samples.iter().map(|sample| linear::taken(sample, positions)).collect())
        };
        Ok(match value {
            Value::Clear(reals) => Value::Clear(linear::taken(reals, positions)),
            Value::Integers(integers) => Value::Integers(Integers {
                node: self.moved(integers.node, positions)?,
                scale: linear::taken(&integers.scale, positions),
                offset: linear::taken(&integers.offset, positions),
                samples: moved(&integers.samples),
                layer: integers.layer.clone(),
            }),
            Value::Reals(reals) => Value::Reals(Reals {
                node: self.moved(reals.node, positions)?,
                samples: moved(&reals.samples),
            }),
        })
    }

    fn moved(&mut self, node: NodeId, positions: &ArrayD<usize>) -> Result<NodeId, ModelError> {
        let count: usize = self.graph.node(node).shape.iter().product();
        let stays = positions.len() == count && positions.iter().copied().eq(0..count);
        let built = match stays {
            true => {
                let shape: Vec<i64> = positions.shape().iter().map(|&size| size as i64).collect();
                self.graph.reshape(node, &shape)
            }
            false => self.graph.gather(node, positions),
        };
        let moved = self.built(built)?;
        self.spans_as(moved, node, |ends| linear::taken(ends, positions));
        Ok(moved)
    }

    /// A value in a larger shape, as NumPy broadcasts.
    pub(super) fn broadcast(&mut self, value: &Value, shape: &[usize]) -> Result<Value, ModelError> {
        let from = value.shape();
        if from == shape {
            return Ok(value.clone());
        }
        let count: usize = from.iter().product();
        let positions = ArrayD::from_shape_vec(IxDyn(&from), (0..count).collect()).expect("one for each");
        match positions.broadcast(IxDyn(shape)) {
            Some(positions) => self.rearranged(value, &positions.to_owned()),
            None => self.refused(
                format!("a value of shape {from:?} where {shape:?} is needed"),
                "shapes broadcast as in NumPy",
                "check the shapes in the model",
            ),
        }
    }

    /// Values one behind the other.
    pub(super) fn concatenated(&mut self, values: &[Value], axis: usize) -> Result<Value, ModelError> {
        let mut variable = vec![];
        for value in values {
            variable.push(match value {
                Value::Clear(_) => None,
                value => Some(self.integers_of(value)?),
            });
        }
        // Known reals, such as the zeros of padding, take the scale of the others where they lie on its grid.
        let grid = variable.iter().flatten().find_map(|part| {
            let scale = part.uniform_scale().filter(|scale| *scale != 0.0)?;
            Some((scale, part.uniform_offset()?))
        });
        let mut parts = vec![];
        for (value, part) in values.iter().zip(variable) {
            parts.push(match (value, part) {
                (_, Some(part)) => part,
                (value, None) => {
                    let reals = value.reals(1)[0].clone();
                    match grid.and_then(|grid| self.on_grid(&reals, grid)) {
                        Some(part) => part,
                        None => self.trivial(&reals),
                    }
                }
            });
        }
        let nodes: Vec<NodeId> = parts.iter().map(|part| part.node).collect();
        let node = self.graph.concat(&nodes, axis as i64);
        let node = self.built(node)?;
        let join = |arrays: Vec<ndarray::ArrayViewD<'_, f64>>| {
            ndarray::concatenate(ndarray::Axis(axis), &arrays).expect("shapes were checked by the graph")
        };
        self.spans_of(node, &nodes, |known| {
            [0, 1].map(|end| join(known.iter().map(|span| span[end].view()).collect()))
        });
        let samples = (0..self.calibration.len())
            .map(|sample| join(parts.iter().map(|part| part.samples[sample].view()).collect()));
        Ok(Value::Integers(Integers {
            samples: Rc::new(samples.collect()),
            layer: None,
            scale: join(parts.iter().map(|part| part.scale.view()).collect()),
            offset: join(parts.iter().map(|part| part.offset.view()).collect()),
            node,
        }))
    }

    /// Known reals as integers of a scale and an offset, if they are that.
    fn on_grid(&mut self, reals: &ArrayD<f64>, (scale, offset): (f64, f64)) -> Option<Integers> {
        const CLOSE: f64 = 1e-9;
        const GREATEST: f64 = (1i64 << 16) as f64;
        let integers = reals.mapv(|real| (real - offset) / scale);
        let is_integer = |v: &f64| (v - v.round()).abs() < CLOSE && v.abs() <= GREATEST;
        if !integers.iter().all(is_integer) {
            return None;
        }
        let integers = integers.mapv(f64::round);
        let node = self.integers(integers.mapv(|integer| integer as i64));
        self.spans.insert(node, Rc::new([integers.clone(), integers.clone()]));
        Some(Integers {
            node,
            scale: ArrayD::from_elem(reals.raw_dim(), scale),
            offset: ArrayD::from_elem(reals.raw_dim(), offset),
            samples: Rc::new(vec![integers; self.calibration.len()]),
            layer: None,
        })
    }

    /// Known reals as integers that are all 0, each with its own offset.
    pub(super) fn trivial(&mut self, reals: &ArrayD<f64>) -> Integers {
        let zeros = ArrayD::zeros(reals.raw_dim());
        let node = self.integers(zeros.clone());
        self.spans_from(node, 0, 0);
        let samples = vec![zeros.mapv(|zero: i64| zero as f64); self.calibration.len()];
        Integers {
            node,
            scale: ArrayD::zeros(reals.raw_dim()),
            offset: reals.clone(),
            samples: Rc::new(samples),
            layer: None,
        }
    }
}

fn last_uses(model: &Model) -> Vec<usize> {
    let mut last: Vec<usize> = (0..model.nodes.len()).collect();
    for (position, node) in model.nodes.iter().enumerate() {
        node.operands.iter().for_each(|operand| last[operand.0] = position);
    }
    last
}
