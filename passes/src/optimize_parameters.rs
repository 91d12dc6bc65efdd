//! `fhe-optimize-parameters`: chooses the keys of a module and writes them as key ops.
//!
//! Requires widths everywhere and no maps. Norms are those of the program's real constants; a clear argument
//! counts with the greatest magnitude of its `fhe.range`. Writes the achieved error probabilities and the
//! security claim as module attributes. A program that no key set can run is explained.

use crate::clear_bounds::magnitudes;
use crate::cost_table;
use crate::facts::{fail, key};
use crate::parameters::{
    ErrorTarget, Operand, ParamDag, Request, Restrictions, Solution, Value as DagValue, solve,
};
use crate::pass::{Failed, Options};
use crate::rounding::noise;
use cloakwork_abi::parameters::{ExtensionFactor, Grouping, NoiseFamily, SecurityLevel, Width};
use cloakwork_abi::security;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::diagnostic::place;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::{Function, Side, functions_under, set_op_attribute};
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::write_keyset;
use cloakwork_ir::types::ValueType;
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};
use ndarray::{ArrayD, Axis};
use std::collections::HashMap;

/// Module attributes that this pass writes and the spec repeats.
pub(crate) const P_ERROR: &str = "tfhe.p_error";
pub(crate) const GLOBAL_P_ERROR: &str = "tfhe.global_p_error";
pub(crate) const SECURITY: &str = "tfhe.security";
pub(crate) const SECURITY_SOURCE: &str = "tfhe.security_source";

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    options: &Options<'_>,
) -> Result<(), Failed> {
    let target = error_target(module, options)?;
    let level = security_level(module, options)?;
    let cost = cost_table::take(module, options)?;
    let dag = dag(module)?;
    let restrictions = restrictions();
    let (security, noise) = (level, NoiseFamily::Gaussian);
    let request = Request { dag: &dag, security, noise, target, cost: &cost, restrictions: &restrictions };
    let solution = solve(&request)
        .map_err(|infeasible| fail(labelled(module, &infeasible.demand.label), &infeasible.to_string()))?;
    write(context, module, &solution);
    Ok(())
}

/// Seconds of a run with the parameters that [`run`] would choose; `None` where there are none.
pub(crate) fn seconds(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<Option<f64>, Failed> {
    let (target, security) = (error_target(module, options)?, security_level(module, options)?);
    let (cost, restrictions, dag) = (cost_table::look(module, options)?, restrictions(), dag(module)?);
    let noise = NoiseFamily::Gaussian;
    let request = Request { dag: &dag, security, noise, target, cost: &cost, restrictions: &restrictions };
    Ok(solve(&request).ok().map(|solution| solution.seconds))
}

fn dag(module: OperationRef<'_, '_>) -> Result<ParamDag, Failed> {
    let mut dag = ParamDag::default();
    functions_under(module).into_iter().try_for_each(|function| add_function(&mut dag, function))?;
    Ok(dag)
}

fn restrictions() -> Restrictions {
    Restrictions {
        groupings: vec![Grouping::One],
        extensions: vec![ExtensionFactor(1)],
        many_lut: false,
        max_key_sets: 1,
        ..Restrictions::default()
    }
}

fn write<'c>(context: &'c Context, module: OperationRef<'c, '_>, solution: &Solution) {
    write_keyset(context, module, &solution.keyset);
    set_op_attribute(module, P_ERROR, attr::f64(context, solution.error.p_error));
    set_op_attribute(module, GLOBAL_P_ERROR, attr::f64(context, solution.error.global_p_error));
    set_op_attribute(module, SECURITY, attr::i64(context, i64::from(solution.security.bits())));
    set_op_attribute(
        module,
        SECURITY_SOURCE,
        attr::string(context, &security::source(solution.security, NoiseFamily::Gaussian)),
    );
}

fn error_target(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<ErrorTarget, Failed> {
    let probability = |name: &str| match options.text(name) {
        "none" => Ok(None),
        _ => options.value(name, "a probability such as 1e-5, or `none`", module).map(Some),
    };
    ErrorTarget::new(probability("p-error")?, probability("global-p-error")?)
        .map_err(|error| fail(module, &error.to_string()))
}

fn security_level(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<SecurityLevel, Failed> {
    match options.text("security") {
        "128" => Ok(SecurityLevel::Bits128),
        "132" => Ok(SecurityLevel::Bits132),
        other => Err(fail(module, &format!("option `security` is `{other}`; allowed is 128 or 132 bits"))),
    }
}

/// Adds the values of a function, from fresh inputs to outputs.
fn add_function(dag: &mut ParamDag, function: Function<'_, '_>) -> Result<(), Failed> {
    let mut known: HashMap<usize, DagValue> = HashMap::new();
    for (i, argument) in function.arguments().into_iter().enumerate() {
        if let Some(width) = width_of(argument, function.op)? {
            let label = function.value_name(Side::Argument, i);
            known.insert(key(argument), dag.input(width, label));
        }
    }
    for op in function.operations() {
        let Some(fhe) = FheOp::of(op) else { continue };
        let result = walk::result(op);
        let Some(width) = width_of(result, op)? else { continue };
        let value = add_op(dag, function, op, &fhe, width, &known)?;
        known.insert(key(result), value);
    }
    for (i, value) in function.returned().into_iter().enumerate() {
        if let Some(node) = known.get(&key(value)) {
            dag.output(*node, elements(value), function.value_name(Side::Result, i));
        }
    }
    Ok(())
}

fn add_op(
    dag: &mut ParamDag,
    function: Function<'_, '_>,
    op: OperationRef<'_, '_>,
    fhe: &FheOp<'_, '_>,
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
        Linear::Broadcast => (vec![Operand::copies(operand(0))], 0),
        Linear::Concat { .. } => {
            let parts: Vec<DagValue> = (0..op.operand_count()).map(operand).collect();
            return Ok(dag.concat(&parts, width, label));
        }
    };
    Ok(dag.linear(&operands, width, additions, label))
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

/// The op that a label names; the function for results, the module if there is none.
fn labelled<'c, 'a>(module: OperationRef<'c, 'a>, wanted: &str) -> OperationRef<'c, 'a> {
    let found = walk::operations(&module).into_iter().find(|op| label(*op) == wanted);
    let function = || functions_under(module).first().map(|function| function.op);
    found.or_else(function).unwrap_or(module)
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
