//! Predicts how long a `tfhe` module runs on one thread, from a table of costs, as a whole and operation by operation.
//!
//! Requires the ops that will really run: batches are made by `tfhe-batch-bootstraps`. Every function is counted once.

use crate::parameters::CostModel;
use crate::parameters::cost::BootstrapCost;
use cloakwork_abi::spec::{BootstrapKeySpec, Keyset, KeyswitchKeySpec, SecretKeyShape};
use cloakwork_ir::diagnostic::place;
use cloakwork_ir::function::functions_under;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::{TfheOp, read_keyset};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, ValueLike};
use serde::{Deserialize, Serialize};

/// Seconds on one thread.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct PredictedTime {
    /// Sums, products, and ciphertexts that are moved.
    pub linear: f64,
    /// Keyswitches.
    pub keyswitches: f64,
    /// Bootstraps.
    pub bootstraps: f64,
}

impl PredictedTime {
    /// Adds up what every operation takes.
    pub fn of(operations: &[PredictedWork]) -> Self {
        let mut time = Self::default();
        for work in operations {
            match work.kind {
                WorkKind::Keyswitch => time.keyswitches += work.seconds,
                WorkKind::Bootstrap => time.bootstraps += work.seconds,
                WorkKind::Sum | WorkKind::Elementwise => time.linear += work.seconds,
            }
        }
        time
    }

    /// All of it.
    pub fn total(&self) -> f64 {
        self.linear + self.keyswitches + self.bootstraps
    }
}

/// What an operation of the program is to the runtime.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkKind {
    /// A call for keyswitches.
    Keyswitch,
    /// A call for bootstraps.
    Bootstrap,
    /// A call for a weighted sum, which the runtime spreads over threads.
    Sum,
    /// Arithmetic between calls.
    Elementwise,
}

/// One operation, in the order in which they run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PredictedWork {
    /// Name of the function.
    pub function: String,
    /// What it is to the runtime.
    pub kind: WorkKind,
    /// Name of the operation.
    pub operation: String,
    /// Place in the program.
    pub place: String,
    /// Ciphertexts that it computes.
    pub count: u64,
    /// Seconds on one thread.
    pub seconds: f64,
}

/// What every op costs; nothing for a module with keys that the table knows no costs for.
pub fn predict_work(module: OperationRef<'_, '_>, cost: &CostModel) -> Option<Vec<PredictedWork>> {
    let keyset = read_keyset(module).ok()?;
    let mut found = vec![];
    for function in functions_under(module) {
        for op in function.operations() {
            let Some(tfhe) = TfheOp::of(op) else { continue };
            let result = ValueType::of(walk::result(op).r#type())?;
            let count = result.elements() as u64;
            let (kind, seconds) = match tfhe {
                TfheOp::Constant { .. } => continue,
                TfheOp::Linear(linear) => {
                    let Element::Lwe { key } = &result.element else { continue };
                    let key = keyset.secret_keys.iter().find(|known| known.name == *key)?;
                    let kind = match linear {
                        Linear::Dot | Linear::Matmul | Linear::Conv2d(_) | Linear::Sum { .. } => {
                            WorkKind::Sum
                        }
                        _ => WorkKind::Elementwise,
                    };
                    let additions = additions(&linear, op, count) as f64;
                    (kind, additions * cost.addition(key.shape.lwe_dimension()))
                }
                TfheOp::Keyswitch { key } => {
                    let key = keyset.keyswitch_keys.iter().find(|known| known.name == key)?;
                    (WorkKind::Keyswitch, keyswitches(&keyset, key, count, cost))
                }
                TfheOp::Bootstrap(bootstrap) => {
                    let key = keyset.bootstrap_keys.iter().find(|known| known.name == bootstrap.key)?;
                    let count = count / bootstrap.outputs as u64;
                    (WorkKind::Bootstrap, bootstraps(&keyset, key, count, cost)?)
                }
            };
            let (operation, place) = (walk::name(&op), place(op.location()));
            found.push(PredictedWork { function: function.name(), kind, operation, place, count, seconds });
        }
    }
    Some(found)
}

/// Seconds of one call.
fn keyswitches(keyset: &Keyset, key: &KeyswitchKeySpec, count: u64, cost: &CostModel) -> f64 {
    let [from, to] = [key.from, key.to].map(|key| keyset.secret_keys[key].shape.lwe_dimension());
    let coefficient = cost.keyswitch_coefficient(key.decomposition, to, cost.keyswitch_batch(count));
    (count * from.0) as f64 * coefficient
}

/// Seconds of one call.
fn bootstraps(keyset: &Keyset, key: &BootstrapKeySpec, count: u64, cost: &CostModel) -> Option<f64> {
    let SecretKeyShape::Glwe(shape) = keyset.secret_keys[key.to].shape else { return None };
    let is_kind = |entry: &&BootstrapCost| (entry.shape(), entry.grouping) == (shape, key.grouping);
    let entry = cost.bootstraps().find(is_kind)?;
    let steps = keyset.secret_keys[key.from].shape.lwe_dimension().0 / key.grouping.factor();
    let step = entry.step(key.decomposition.level, key.extension, cost.bootstrap_batch(count, key.extension));
    Some(count as f64 * (steps as f64 * step + cost.bootstrap_ends(shape, key.extension)))
}

/// Ciphertexts that are weighted, added or moved for `count` results.
fn additions(linear: &Linear, op: OperationRef<'_, '_>, count: u64) -> u64 {
    let shape = |operand: usize| {
        let ty = op.operand(operand).ok().and_then(|value| ValueType::of(value.r#type()));
        ty.map_or(vec![], |ty| ty.shape().iter().map(|&size| size as u64).collect::<Vec<u64>>())
    };
    match linear {
        Linear::Reshape => 0,
        Linear::Add
        | Linear::Sub
        | Linear::Neg
        | Linear::AddClear
        | Linear::MulClear
        | Linear::Transpose { .. }
        | Linear::Slice { .. }
        | Linear::Concat { .. }
        | Linear::Broadcast
        | Linear::Gather { .. }
        | Linear::GatherAt { .. }
        | Linear::SetAt { .. } => count,
        Linear::Dot | Linear::Sum { .. } => shape(0).iter().product(),
        Linear::Matmul => count * shape(1).first().copied().unwrap_or(1),
        Linear::Conv2d(_) => count * shape(1).iter().skip(1).product::<u64>(),
    }
}
