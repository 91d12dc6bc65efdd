//! Trees whose reply is the label alone: one sum is looked up, several are compared.

use super::program::TreeProgram;
use crate::compositions::ordering::Extreme;
use crate::elementwise::Number;
use crate::graph::{NodeId, OpGraph};
use crate::host::{HostBody, HostFunction};
use crate::quantise::label::{Decision, before_labels, decision, position_of_one, steps_of_one};
use crate::shapes::KeepAxes;
use cloakwork_abi::processing::{ClearStep, Dequantiser, Processing};
use cloakwork_ir::interpret::Clear;
use ndarray::{ArrayD, IxDyn};
use std::sync::Arc;

/// What the sums of an ensemble are: `target = scale · sum + offset`.
pub(super) struct Sums {
    /// Least and greatest of each target.
    pub(super) ranges: Vec<(i64, i64)>,
    pub(super) scale: f64,
    /// One for each target.
    pub(super) offset: Vec<f64>,
}

/// Programs that hand out the position of a label, and their client.
pub(super) struct LabelPrograms {
    pub(super) graphs: Vec<OpGraph>,
    pub(super) processing: Processing,
    /// Positions for the sums of each sample.
    pub(super) results: Vec<Vec<ArrayD<i64>>>,
}

/// Makes programs that hand out sums hand out what the client's steps decide by them.
pub(super) fn decided(
    mut sums: Sums,
    steps: &[ClearStep],
    mut processing: Processing,
    (programs, of_samples): (Vec<TreeProgram>, Vec<Vec<ArrayD<i64>>>),
) -> Result<LabelPrograms, String> {
    let shape = vec![1, sums.ranges.len()];
    let chosen = match sums.ranges.as_slice() {
        [_] => Choice::One { steps: before_labels(steps).0.to_vec(), shape: shape.clone() },
        _ => {
            let refused =
                || "the label is no position of the greatest sum; ask for scores as the reply".to_owned();
            let decision = decision(steps, &shape).ok_or_else(refused)?;
            decision.before.iter().try_for_each(|step| sums.through(step).ok_or_else(refused))?;
            Choice::Compared(decision)
        }
    };
    let rest = match &chosen {
        Choice::One { .. } => steps_of_one(steps, &shape),
        Choice::Compared(decision) => decision.rest.clone(),
    };
    let sums = &sums;
    let output = processing.outputs.first_mut().ok_or("a model has an output")?;
    output.dequantiser = Dequantiser { scale: vec![1.0], offset: vec![0.0], axis: None };
    output.steps = rest;
    processing.outputs.truncate(1);
    let graph = |program: TreeProgram| {
        let mut graph = program.graph;
        let sum = *graph.take_outputs().first().ok_or("a program has a result")?;
        let range = |(target, range): (usize, &(i64, i64))| {
            let base = program.base.get(target).copied().unwrap_or(0);
            (range.0 - base, range.1 - base)
        };
        let ranges = sums.ranges.iter().enumerate().map(range);
        let whole = ranges.reduce(|a, b| (a.0.min(b.0), a.1.max(b.1))).unwrap_or((0, 0));
        graph.assure(sum, whole);
        let label = chosen.write(&mut graph, sum, sums).map_err(|error| error.to_string())?;
        graph.output(label).map_err(|error| error.to_string())?;
        graph.set_processing(processing.clone());
        Ok(graph)
    };
    let graphs = programs.into_iter().map(graph).collect::<Result<_, String>>()?;
    let results =
        of_samples.iter().map(|of_sample| of_sample.iter().map(|found| chosen.of(found, sums)).collect());
    Ok(LabelPrograms { graphs, results: results.collect(), processing })
}

/// How sums decide.
enum Choice {
    One { steps: Vec<ClearStep>, shape: Vec<usize> },
    Compared(Decision),
}

impl Choice {
    fn write(
        &self,
        graph: &mut OpGraph,
        node: NodeId,
        sums: &Sums,
    ) -> Result<NodeId, crate::error::TraceError> {
        match self {
            Self::One { steps, shape } => {
                let (steps, shape) = (steps.clone(), shape.clone());
                let (scale, offset) = (sums.scale, sums.offset[0]);
                let function = move |operand: &Clear| match operand {
                    Clear::Int(found) => Ok(Clear::Int(
                        found.mapv(|sum| position_of_one(&steps, &shape, scale * sum as f64 + offset) as i64),
                    )),
                    Clear::Real(_) | Clear::Unsigned(_) => Err("its operand is no integer".to_owned()),
                };
                let body =
                    HostBody::Array { takes: Number::Int, gives: Number::Int, function: Arc::new(function) };
                graph.host(HostFunction { name: "label".to_owned(), body }, node)
            }
            Self::Compared(decision) => {
                let offsets = sums.offsets();
                let node = match offsets.iter().all(|offset| *offset == 0) {
                    true => node,
                    false => {
                        let shape = IxDyn(&[1, offsets.len()]);
                        let known = ArrayD::from_shape_vec(shape, offsets).expect("one for each target");
                        let known = graph.constant(known);
                        graph.add(node, known)?
                    }
                };
                let extreme = if decision.is_greatest { Extreme::Greatest } else { Extreme::Least };
                graph.position(extreme, node, Some(decision.axis as i64), KeepAxes::AsOne)
            }
        }
    }

    /// What the program says about sums.
    fn of(&self, found: &ArrayD<i64>, sums: &Sums) -> ArrayD<i64> {
        match self {
            Self::One { steps, shape } => found
                .mapv(|sum| position_of_one(steps, shape, sums.scale * sum as f64 + sums.offset[0]) as i64),
            Self::Compared(decision) => {
                let compared: Vec<i64> = found.iter().zip(sums.offsets()).map(|(sum, of)| sum + of).collect();
                let beats = |a: i64, b: i64| if decision.is_greatest { a > b } else { a < b };
                let mut best = 0;
                for i in 1..compared.len() {
                    if beats(compared[i], compared[best]) {
                        best = i;
                    }
                }
                ArrayD::from_elem(IxDyn(&[1, 1]), best as i64)
            }
        }
    }
}

impl Sums {
    /// After a step that multiplies all by one positive number and adds to each.
    fn through(&mut self, step: &ClearStep) -> Option<()> {
        let ClearStep::Affine { scale, offset } = step else { return None };
        let &factor = scale.first().filter(|first| **first > 0.0 && scale.iter().all(|one| one == *first))?;
        self.scale *= factor;
        for (i, own) in self.offset.iter_mut().enumerate() {
            *own = *own * factor + offset.get(i).or(offset.first())?;
        }
        Some(())
    }

    /// What the targets have before any tree, in steps of the sums; the least is 0.
    fn offsets(&self) -> Vec<i64> {
        let steps = self.offset.iter().map(|offset| (offset / self.scale).round_ties_even() as i64);
        let steps: Vec<i64> = steps.collect();
        let least = steps.iter().min().copied().unwrap_or(0);
        steps.iter().map(|offset| offset - least).collect()
    }
}
