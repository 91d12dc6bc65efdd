//! What ends a model and needs no encryption: functions of each result, softmax, positions of extremes. The client
//! computes it from the decrypted reals.

use crate::model::{Model, ModelOp, ModelOutput, ValueId};
use cloakwork_abi::processing::ClearStep;

/// The value that a result is computed from under encryption, and what the client does with it.
pub(super) fn trailing(model: &Model, output: &ModelOutput) -> (ValueId, Vec<ClearStep>) {
    let mut value = output.value;
    let mut steps = vec![];
    loop {
        let node = &model.nodes[value.0];
        let step = match &node.op {
            ModelOp::Function(function) => ClearStep::Function(*function),
            ModelOp::Softmax { axis, log: false } => ClearStep::Softmax { axis: *axis as i64 },
            ModelOp::Softmax { axis, log: true } => ClearStep::LogSoftmax { axis: *axis as i64 },
            ModelOp::ArgExtreme { is_greatest: true, axis, keep } => {
                ClearStep::ArgMax { axis: *axis as i64, keep: *keep }
            }
            ModelOp::ArgExtreme { is_greatest: false, axis, keep } => {
                ClearStep::ArgMin { axis: *axis as i64, keep: *keep }
            }
            ModelOp::Rearrange { positions } if positions.iter().copied().eq(0..positions.len()) => {
                let operand = &model.nodes[node.operands[0].0];
                if operand.shape.iter().product::<usize>() != positions.len() {
                    break;
                }
                ClearStep::Reshape { shape: node.shape.clone() }
            }
            _ => break,
        };
        // An input itself is no result of a program.
        if matches!(model.nodes[node.operands[0].0].op, ModelOp::Input(_) | ModelOp::Constant(_)) {
            break;
        }
        steps.push(step);
        value = node.operands[0];
    }
    steps.reverse();
    (value, steps)
}

/// The model that is left for the program, and the steps of each result.
pub(super) fn without_trailing(model: &Model) -> (Model, Vec<Vec<ClearStep>>) {
    let (mut program, mut all) = (model.clone(), vec![]);
    for (output, left) in model.outputs.iter().zip(&mut program.outputs) {
        let (value, steps) = trailing(model, output);
        left.value = value;
        all.push(steps);
    }
    (program.without_unused(), all)
}
