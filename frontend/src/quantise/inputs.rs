//! Arguments: how many bits their integers have, and which reals these stand for.

use super::grid::{Grid, quantiser_of, range};
use super::lowering::Lowering;
use super::options::InputScales;
use super::value::{Integers, Samples, Value};
use crate::model::op::{Binary, FakeQuantise, Rounding};
use crate::model::{Model, ModelError, ModelInput, ModelOp, ValueId};
use crate::node::{Input, InputType};
use cloakwork_abi::processing::{ClearStep, ClearValue, InputProcessing, Quantiser, apply_steps};
use ndarray::ArrayD;
use std::rc::Rc;

/// Fewer samples than this say little about a range.
const FEW: usize = 10;
/// Features share a scale while no range is so many times the median range.
const ALIKE: f64 = 4.0;

/// Whether the samples fit the inputs of the model, and are numbers.
pub(super) fn check_samples(model: &Model, samples: &[Vec<ArrayD<f64>>]) -> Result<(), ModelError> {
    let calibration = "calibration set";
    if samples.is_empty() {
        return Err(ModelError::new(
            calibration,
            "no sample",
            "at least 1 sample is needed to choose ranges",
            "pass inputs like those the model will see, a hundred or more",
        ));
    }
    for (number, sample) in samples.iter().enumerate() {
        if sample.len() != model.inputs.len() {
            let names: Vec<&str> = model.inputs.iter().map(|input| input.name.as_str()).collect();
            return Err(ModelError::new(
                calibration,
                format!("sample {number} has {} arrays", sample.len()),
                format!("the model has {} inputs: {}", names.len(), names.join(", ")),
                "give one array for each input, in this order",
            ));
        }
        for (input, reals) in model.inputs.iter().zip(sample) {
            check_sample(&input.name, &input.shape, number, reals)?;
        }
    }
    Ok(())
}

/// Whether one array fits an input.
fn check_sample(name: &str, shape: &[usize], number: usize, reals: &ArrayD<f64>) -> Result<(), ModelError> {
    if reals.shape() != shape {
        return Err(ModelError::new(
            name,
            format!("sample {number} has shape {:?}", reals.shape()),
            format!("the input has shape {shape:?}"),
            "pass all features in the order of training, one sample at a time along axis 0",
        ));
    }
    if let Some(at) = reals.iter().position(|real| !real.is_finite()) {
        let found = reals.iter().nth(at).copied().unwrap_or(f64::NAN);
        return Err(ModelError::new(
            name,
            format!("sample {number} holds {found} at element {at}"),
            "samples are finite numbers",
            "drop or impute what is missing",
        ));
    }
    Ok(())
}

/// The samples after what the client does first.
pub(super) fn prepared(
    model: &Model,
    before: &[Vec<ClearStep>],
    samples: &[Vec<ArrayD<f64>>],
) -> Result<Vec<Vec<ArrayD<f64>>>, ModelError> {
    let prepare = |((input, steps), reals): ((&ModelInput, &Vec<ClearStep>), &ArrayD<f64>)| {
        let refused = |found: String| {
            let advice = "check the samples and the steps before the model";
            ModelError::new(&input.name, found, "steps before a model make numbers of numbers", advice)
        };
        match apply_steps(steps, reals.clone()).map_err(|error| refused(error.to_string()))? {
            ClearValue::Reals(reals) => Ok(reals),
            ClearValue::Integers(_) | ClearValue::Strings(_) => Err(refused("labels".to_owned())),
        }
    };
    samples.iter().map(|sample| model.inputs.iter().zip(before).zip(sample).map(prepare).collect()).collect()
}

impl Lowering<'_> {
    /// The argument of that position.
    pub(super) fn input(&mut self, id: ValueId, position: usize) -> Result<Value, ModelError> {
        let input = &self.model.inputs[position];
        let reals: Vec<ArrayD<f64>> =
            self.calibration.iter().map(|sample| sample[position].clone()).collect();
        let quantiser = match self.only_grid_of(id) {
            Some(fake) => quantiser_of_fake(fake, &input.shape),
            None => self.chosen_quantiser(id, &input.name, &reals),
        };
        let mut samples = vec![];
        for (sample, reals) in reals.iter().enumerate() {
            let quantised = quantiser.quantise(reals).map_err(|error| {
                ModelError::new(
                    &input.name,
                    error.to_string(),
                    "samples are finite numbers",
                    "correct the samples",
                )
            })?;
            self.arguments[sample].push(quantised.integers.clone());
            samples.push(quantised.integers.mapv(|integer| integer as f64));
        }
        let node = self.graph.input(Input {
            name: input.name.clone(),
            shape: input.shape.clone(),
            is_encrypted: !input.is_clear,
            declared: InputType::Range { lo: quantiser.lo, hi: quantiser.hi },
        });
        let node = self.built(node)?;
        let each = |numbers: Vec<f64>| match numbers.len() {
            1 => ArrayD::from_elem(input.shape.clone(), numbers[0]),
            _ => ArrayD::from_shape_vec(input.shape.clone(), numbers).expect("one for each element"),
        };
        let offsets: Vec<f64> =
            quantiser.scale.iter().zip(&quantiser.zero_point).map(|(s, &z)| -(s * z as f64)).collect();
        let value = Integers {
            node,
            scale: each(quantiser.scale.clone()),
            offset: each(offsets),
            samples: Rc::new(samples),
            layer: None,
        };
        self.processing.inputs[position] = Some(InputProcessing {
            name: input.name.clone(),
            shape: input.shape.clone(),
            steps: vec![],
            quantiser,
        });
        Ok(Value::Integers(value))
    }

    /// What all users of an input round it to, where they round it themselves.
    fn only_grid_of(&self, id: ValueId) -> Option<&FakeQuantise> {
        let mut users = self.users(id).map(|user| match &self.model.nodes[user.0].op {
            ModelOp::FakeQuantise(fake) => Some(fake),
            _ => None,
        });
        let first = users.next()??;
        let is_output = self.model.outputs.iter().any(|output| output.value == id);
        let is_usable = !is_output && first.rounding == Rounding::Nearest;
        (is_usable && users.all(|user| user == Some(first))).then_some(first)
    }

    fn chosen_quantiser(&mut self, id: ValueId, name: &str, samples: &[ArrayD<f64>]) -> Quantiser {
        let bits = self.options.bits.model_inputs;
        let (rule, scales) = (self.options.ranges, self.options.scales);
        let count = samples.first().map_or(0, ArrayD::len);
        let each: Vec<Vec<f64>> = (0..count)
            .map(|i| samples.iter().filter_map(|sample| sample.iter().nth(i).copied()).collect())
            .collect();
        let ranges: Vec<(f64, f64)> = each.iter().map(|reals| range(reals)).collect();
        if samples.len() < FEW {
            self.warn(format!(
                "`{name}`: {} samples say little about ranges; calibrate with a hundred or more",
                samples.len()
            ));
        } else {
            let constant: Vec<usize> = (0..count).filter(|&i| ranges[i].0 == ranges[i].1).collect();
            if !constant.is_empty() {
                self.warn(format!(
                    "`{name}`: elements {} never change in the calibration set; check that its samples are like those the model will see",
                    listed(&constant)
                ));
            }
        }
        let all: Vec<f64> = samples.iter().flatten().copied().collect();
        if self.has_own_scales(id) && !alike(&ranges) {
            let grids: Vec<Grid> = each.iter().map(|reals| Grid::of(reals, bits, rule, scales)).collect();
            return quantiser_of(&grids);
        }
        quantiser_of(&[Grid::of(&all, bits, rule, scales)])
    }

    /// Whether each element of a value may have its own scale at no cost: all users multiply it by a matrix or compare
    /// it in trees.
    fn has_own_scales(&self, id: ValueId) -> bool {
        if self.options.inputs == InputScales::PerTensor {
            return false;
        }
        let is_constant = |id: &ValueId| matches!(self.model.nodes[id.0].op, ModelOp::Constant(_));
        let mut users = self.users(id).peekable();
        users.peek().is_some()
            && users.all(|user| {
                let node = &self.model.nodes[user.0];
                match &node.op {
                    ModelOp::MatMul => {
                        let [a, b] = [node.operands[0], node.operands[1]];
                        let rows: usize = self.model.nodes[a.0].shape.iter().rev().skip(1).product();
                        a == id && rows == 1 && is_constant(&b)
                    }
                    ModelOp::Trees(_) => true,
                    ModelOp::Rearrange { .. } | ModelOp::Concat { .. } => self.has_own_scales(user),
                    ModelOp::Binary(Binary::Add | Binary::Sub | Binary::Mul | Binary::Div) => {
                        node.operands.iter().any(is_constant) && self.has_own_scales(user)
                    }
                    _ => false,
                }
            })
    }
}

fn alike(ranges: &[(f64, f64)]) -> bool {
    let mut extents: Vec<f64> =
        ranges.iter().map(|(lo, hi)| hi - lo).filter(|extent| *extent > 0.0).collect();
    extents.sort_unstable_by(f64::total_cmp);
    let Some(&median) = extents.get(extents.len() / 2) else { return true };
    let least = ranges.iter().map(|range| range.0).fold(f64::INFINITY, f64::min);
    let greatest = ranges.iter().map(|range| range.1).fold(f64::NEG_INFINITY, f64::max);
    greatest - least <= ALIKE * median
}

fn listed(numbers: &[usize]) -> String {
    const MOST: usize = 8;
    let mut text: Vec<String> = numbers.iter().take(MOST).map(usize::to_string).collect();
    if numbers.len() > MOST {
        text.push(format!("and {} more", numbers.len() - MOST));
    }
    text.join(", ")
}

/// The quantiser that computes what a node of a quantisation-aware model does.
fn quantiser_of_fake(fake: &FakeQuantise, shape: &[usize]) -> Quantiser {
    let (scale, zero) = (spread(&fake.scale, fake.axis, shape), spread(&fake.zero_point, fake.axis, shape));
    let is_uniform = fake.scale.len() == 1;
    let take = if is_uniform { 1 } else { scale.len() };
    Quantiser {
        scale: scale.iter().take(take).copied().collect(),
        zero_point: zero.iter().take(take).copied().collect(),
        axis: None,
        lo: fake.lo,
        hi: fake.hi,
    }
}

/// Numbers of a tensor, or one for each index of an axis, for each element.
pub(super) fn spread<T: Copy>(numbers: &[T], axis: Option<usize>, shape: &[usize]) -> ArrayD<T> {
    ArrayD::from_shape_fn(shape, |index| match axis {
        Some(axis) if numbers.len() > 1 => numbers.get(index[axis]).copied().unwrap_or(numbers[0]),
        _ => numbers[0],
    })
}

/// All reals of the samples.
pub(super) fn flat(samples: &Samples) -> Vec<f64> {
    samples.iter().flatten().copied().collect()
}
