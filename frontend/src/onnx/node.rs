//! What the import of an operator sees of its node: inputs, attributes, and the model that it adds to.
//!
//! Every attribute must be asked for; one that the import does not know of is an error, so that none is misread.

use super::error::{Refusal, refuse};
use super::tensor;
use super::value::{Kind, Quantised, Tensor, Value, axis};
use crate::model::op::Binary;
use crate::model::{ModelBuilder, ModelOp, ShapeError, ValueId};
use cloakwork_abi::processing::{Function, Labels};
use ndarray::{ArrayD, Axis, IxDyn};
use rten_onnx::onnx::{AttributeProto, NodeProto};
use std::collections::BTreeSet;

/// A node while it is imported.
pub(super) struct Node<'a> {
    pub(super) proto: &'a NodeProto,
    /// One for each input; none where it is left out.
    pub(super) inputs: Vec<Option<Value>>,
    /// Version of the operators of the node's domain.
    pub(super) opset: i64,
    pub(super) builder: &'a mut ModelBuilder,
    /// Names of attributes that were asked for.
    pub(super) asked: BTreeSet<&'a str>,
}

pub(super) type Imported = Result<Vec<Value>, Refusal>;

/// A result.
pub(super) fn result(id: ValueId, kind: Kind) -> Imported {
    Ok(vec![Value::Tensor(Tensor { id, kind })])
}

impl<'a> Node<'a> {
    /// Whether an input is there.
    pub(super) fn has(&self, position: usize) -> bool {
        matches!(self.inputs.get(position), Some(Some(_)))
    }

    /// An input of any sort.
    pub(super) fn value(&self, position: usize) -> Result<Value, Refusal> {
        match self.inputs.get(position) {
            Some(Some(value)) => Ok(value.clone()),
            _ => refuse(format!("no input {position}"), "an operator gets every input that it needs", ""),
        }
    }

    /// An input of numbers.
    pub(super) fn input(&mut self, position: usize) -> Result<Tensor, Refusal> {
        let value = self.value(position)?;
        self.numbers(value)
    }

    /// The numbers of a value.
    pub(super) fn numbers(&mut self, value: Value) -> Result<Tensor, Refusal> {
        match value {
            Value::Tensor(tensor) => Ok(tensor),
            Value::Quantised(quantised) => {
                let id = self.integers_of(&quantised)?;
                Ok(Tensor { id, kind: Kind::INT64 })
            }
            Value::Labels { positions, labels: Labels::Integers(labels) } => {
                if labels.iter().copied().eq(0..labels.len() as i64) {
                    return Ok(Tensor { id: positions, kind: Kind::INT64 });
                }
                let table = labels.iter().map(|label| *label as f64).collect();
                let table = ArrayD::from_shape_vec(IxDyn(&[labels.len()]), table).expect("as many");
                let table = self.builder.constant(table)?;
                let id = self.pick(table, positions)?;
                Ok(Tensor { id, kind: Kind::INT64 })
            }
            Value::Labels { labels: Labels::Strings(_), .. } => {
                refuse("labels that are strings", "numbers", "let labels be an output of the model")
            }
        }
    }

    /// All inputs from a position on, as numbers.
    pub(super) fn inputs_from(&mut self, position: usize) -> Result<Vec<Tensor>, Refusal> {
        (position..self.inputs.len()).map(|i| self.input(i)).collect()
    }

    /// An input that is known.
    pub(super) fn known(&mut self, position: usize) -> Result<ArrayD<f64>, Refusal> {
        let tensor = self.input(position)?;
        match self.builder.known(tensor.id) {
            Some(value) => Ok(value.clone()),
            None => {
                let name = self.proto.input.get(position).cloned().unwrap_or_default();
                refuse(
                    format!("input {position}, `{name}`, is computed from the model's inputs"),
                    "it must be a constant",
                    "export the model with static shapes and constant folding",
                )
            }
        }
    }

    /// An input that is known, if it is there.
    pub(super) fn known_if_any(&mut self, position: usize) -> Result<Option<ArrayD<f64>>, Refusal> {
        if self.has(position) { self.known(position).map(Some) } else { Ok(None) }
    }

    /// An input of known integers, if it is there.
    pub(super) fn known_ints(&mut self, position: usize) -> Result<Option<Vec<i64>>, Refusal> {
        Ok(self.known_if_any(position)?.map(|value| value.iter().map(|v| *v as i64).collect()))
    }

    /// The shape of a value.
    pub(super) fn shape(&self, id: ValueId) -> Vec<usize> {
        self.builder.shape(id).to_vec()
    }

    /// Axes of an attribute or an input, not negative and ascending; none if neither is there.
    pub(super) fn axes(&mut self, input: usize, rank: usize) -> Result<Option<Vec<usize>>, Refusal> {
        let given = match self.ints("axes") {
            Some(axes) => Some(axes),
            None => self.known_ints(input)?,
        };
        let Some(given) = given else { return Ok(None) };
        let mut axes = given.iter().map(|a| axis(*a, rank)).collect::<Result<Vec<_>, _>>()?;
        axes.sort_unstable();
        if axes.windows(2).any(|pair| pair[0] == pair[1]) {
            return refuse(format!("axes {given:?}"), "each axis at most once", "");
        }
        Ok(Some(axes))
    }

    // ---- attributes

    pub(super) fn attribute(&mut self, name: &'a str) -> Option<&'a AttributeProto> {
        self.asked.insert(name);
        self.proto.attribute.iter().find(|attribute| attribute.name.as_deref() == Some(name))
    }

    /// Attributes that mean nothing here.
    pub(super) fn ignore(&mut self, names: &[&'a str]) {
        self.asked.extend(names);
    }

    pub(super) fn int(&mut self, name: &'a str, default: i64) -> i64 {
        self.attribute(name).and_then(|attribute| attribute.i).unwrap_or(default)
    }

    pub(super) fn flag(&mut self, name: &'a str, default: bool) -> bool {
        self.int(name, i64::from(default)) != 0
    }

    pub(super) fn float(&mut self, name: &'a str, default: f32) -> f64 {
        f64::from(self.attribute(name).and_then(|attribute| attribute.f).unwrap_or(default))
    }

    pub(super) fn text(&mut self, name: &'a str, default: &str) -> String {
        self.attribute(name).and_then(|attribute| attribute.s.clone()).unwrap_or_else(|| default.to_owned())
    }

    pub(super) fn ints(&mut self, name: &'a str) -> Option<Vec<i64>> {
        self.attribute(name).map(|attribute| attribute.ints.clone())
    }

    pub(super) fn floats(&mut self, name: &'a str) -> Vec<f64> {
        let floats = self.attribute(name).map(|attribute| attribute.floats.as_slice()).unwrap_or_default();
        floats.iter().map(|v| f64::from(*v)).collect()
    }

    pub(super) fn strings(&mut self, name: &'a str) -> Vec<String> {
        self.attribute(name).map(|attribute| attribute.strings.clone()).unwrap_or_default()
    }

    /// Numbers of an attribute that is a tensor.
    pub(super) fn stored(&mut self, name: &'a str) -> Result<Option<(ArrayD<f64>, Kind)>, Refusal> {
        self.attribute(name).and_then(|attribute| attribute.t.as_ref()).map(tensor::read).transpose()
    }

    /// An attribute of sizes, one for each of so many axes.
    pub(super) fn sizes(
        &mut self,
        name: &'a str,
        count: usize,
        default: usize,
    ) -> Result<Vec<usize>, Refusal> {
        let Some(given) = self.ints(name) else { return Ok(vec![default; count]) };
        let sizes = tensor::dims(&given)?;
        if sizes.len() != count {
            return refuse(
                format!("`{name}` of {given:?}"),
                format!("one for each of {count} spatial axes"),
                "",
            );
        }
        Ok(sizes)
    }

    // ---- what is added

    pub(super) fn constant(&mut self, value: ArrayD<f64>) -> Result<ValueId, ShapeError> {
        self.builder.constant(value)
    }

    pub(super) fn scalar(&mut self, value: f64) -> Result<ValueId, ShapeError> {
        self.builder.scalar(value)
    }

    pub(super) fn vector(&mut self, values: Vec<f64>) -> Result<ValueId, ShapeError> {
        self.builder.constant(ArrayD::from_shape_vec(IxDyn(&[values.len()]), values).expect("as many"))
    }

    pub(super) fn binary(&mut self, binary: Binary, a: ValueId, b: ValueId) -> Result<ValueId, ShapeError> {
        self.builder.binary(binary, a, b)
    }

    pub(super) fn function(&mut self, function: Function, x: ValueId) -> Result<ValueId, ShapeError> {
        self.builder.function(function, x)
    }

    pub(super) fn reshape(&mut self, x: ValueId, shape: &[usize]) -> Result<ValueId, ShapeError> {
        self.builder.reshape(x, shape)
    }

    /// The axes in another order.
    pub(super) fn transpose(&mut self, x: ValueId, order: &[usize]) -> Result<ValueId, ShapeError> {
        if order.iter().copied().eq(0..order.len()) {
            return Ok(x);
        }
        let node = self.builder.node(x);
        if let (ModelOp::FakeQuantise(quantise), Some(_)) = (&node.op, self.builder.known(x)) {
            let (mut quantise, source) = (quantise.clone(), node.operands[0]);
            quantise.axis = quantise.axis.and_then(|axis| order.iter().position(|from| *from == axis));
            let moved = self.transpose(source, order)?;
            return self.builder.push(ModelOp::FakeQuantise(quantise), &[moved]);
        }
        self.builder.rearrange(x, 0, |all| all.permuted_axes(order.to_vec()))
    }

    /// Numbers from one list along an axis: `[…, n, …]`, against a value with so many axes.
    pub(super) fn along(
        &mut self,
        values: Vec<f64>,
        along: usize,
        rank: usize,
    ) -> Result<ValueId, ShapeError> {
        let mut shape = vec![1; rank];
        shape[along] = values.len();
        self.builder.constant(ArrayD::from_shape_vec(IxDyn(&shape), values).expect("as many"))
    }

    /// Elements of axis 0 of `table` at positions: as in NumPy, `table[positions]`. Positions that are not known become
    /// the product of their unit vectors with the table.
    pub(super) fn pick(&mut self, table: ValueId, positions: ValueId) -> Result<ValueId, ShapeError> {
        let (shape, at) = (self.shape(table), self.shape(positions));
        let count = shape.first().copied().unwrap_or(0);
        if let Some(known) = self.builder.known(positions) {
            let mut indices = Vec::with_capacity(known.len());
            for position in known {
                let index = if *position < 0.0 { *position + count as f64 } else { *position };
                if !(index >= 0.0 && index < count as f64) {
                    return Err(ShapeError {
                        found: format!("position {position} on an axis of {count} elements"),
                        allowed: "positions on the axis".into(),
                    });
                }
                indices.push(index as usize);
            }
            let elements =
                shape[1..].iter().fold(indices.len(), |product, size| product.saturating_mul(*size));
            let wanted: Vec<usize> = at.iter().chain(&shape[1..]).copied().collect();
            self.builder.spend(&wanted)?;
            return self.builder.rearrange(table, elements, |all| {
                let taken = all.select(Axis(0), &indices).as_standard_layout().into_owned();
                taken.into_shape_with_order(wanted).expect("as many elements")
            });
        }
        let rest: usize = shape[1..].iter().product();
        let number: usize = at.iter().product();
        let column = self.reshape(positions, &[number, 1])?;
        self.builder.spend(&[count])?;
        let range = self.vector((0..count).map(|i| i as f64).collect())?;
        let units = self.binary(Binary::Equal, column, range)?;
        let table = self.reshape(table, &[count, rest])?;
        let picked = self.builder.push(ModelOp::MatMul, &[units, table])?;
        let wanted: Vec<usize> = at.iter().chain(&shape[1..]).copied().collect();
        self.reshape(picked, &wanted)
    }

    /// The integers of a quantised value.
    fn integers_of(&mut self, quantised: &Quantised) -> Result<ValueId, Refusal> {
        let rank = self.builder.shape(quantised.real).len();
        let grid = &quantised.grid;
        let zero_point = grid.zero_point.iter().map(|v| *v as f64).collect();
        let (scale, zero_point) = match grid.axis {
            None => (self.scalar(grid.scale[0])?, self.scalar(grid.zero_point[0] as f64)?),
            Some(at) => (self.along(grid.scale.clone(), at, rank)?, self.along(zero_point, at, rank)?),
        };
        let steps = self.binary(Binary::Div, quantised.real, scale)?;
        let steps = self.function(Function::Round, steps)?;
        Ok(self.binary(Binary::Add, steps, zero_point)?)
    }
}
