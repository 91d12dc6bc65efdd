//! Results: sums of a last layer as they are, reals on a grid; how reals are made of them again.

use super::grid::Grid;
use super::inputs::flat;
use super::lowering::Lowering;
use super::options::Reply;
use super::value::{Integers, Value, uniform};
use crate::model::ModelError;
use cloakwork_abi::processing::{ClearStep, Dequantiser, OutputProcessing};
use ndarray::{ArrayD, Axis};

impl Lowering<'_> {
    /// The results of the model, in order. Outputs that are lines of the same integers share a result of the program.
    pub(super) fn outputs(&mut self, steps: Vec<Vec<ClearStep>>) -> Result<(), ModelError> {
        for (output, steps) in self.model.outputs.iter().zip(steps) {
            self.at(&output.name);
            let value = self.value(output.value);
            let (integers, steps) = match self.options.reply {
                Reply::Scores => (self.result(&value)?, steps),
                Reply::Label => self.label(&value, steps)?,
            };
            let known = self.graph.outputs().iter().position(|node| *node == integers.node);
            let result = known.unwrap_or(self.graph.outputs().len());
            if known.is_none() {
                let added = self.graph.output(integers.node);
                added.map_err(|error| ModelError::of_program(&output.name, &error))?;
                for (results, sample) in self.results.iter_mut().zip(integers.samples.iter()) {
                    results.push(sample.mapv(|integer| integer as i64));
                }
            }
            self.processing.outputs.push(OutputProcessing {
                name: output.name.clone(),
                result,
                dequantiser: dequantiser(&integers.scale, &integers.offset),
                steps,
            });
        }
        Ok(())
    }

    fn result(&mut self, value: &Value) -> Result<Integers, ModelError> {
        match value {
            Value::Integers(integers) => Ok(integers.clone()),
            Value::Reals(reals) => {
                if let Some(integers) = self.ends.get(&reals.node) {
                    return Ok(integers.clone());
                }
                let options = self.options;
                let bits = options.bits.model_outputs;
                let grid = Grid::of(&flat(&reals.samples), bits, options.ranges, options.scales);
                let integers = self.quantised(reals, grid)?;
                self.ends.insert(reals.node, integers.clone());
                Ok(integers)
            }
            Value::Clear(_) => self.refused(
                "a result that does not depend on the inputs",
                "results are computed from encrypted inputs",
                "leave it out of the model",
            ),
        }
    }
}

/// With as few numbers as possible: one, one for each index of an axis, or one for each element.
fn dequantiser(scale: &ArrayD<f64>, offset: &ArrayD<f64>) -> Dequantiser {
    if let (Some(scale), Some(offset)) = (uniform(scale), uniform(offset)) {
        return Dequantiser { scale: vec![scale], offset: vec![offset], axis: None };
    }
    for axis in 0..scale.ndim() {
        let along = |numbers: &ArrayD<f64>| -> Option<Vec<f64>> {
            numbers.axis_iter(Axis(axis)).map(|part| uniform(&part.to_owned())).collect()
        };
        if let (Some(scale), Some(offset)) = (along(scale), along(offset)) {
            return Dequantiser { scale, offset, axis: Some(axis) };
        }
    }
    let all = |numbers: &ArrayD<f64>| numbers.iter().copied().collect();
    Dequantiser { scale: all(scale), offset: all(offset), axis: None }
}
