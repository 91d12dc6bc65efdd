//! The [`ProgramSpec`] of a function at the `tfhe` level, read from the IR.

use crate::native::workspace::Workspace;
use crate::optimize_parameters::{GLOBAL_P_ERROR, P_ERROR, PUBLIC_KEY, SECURITY, SECURITY_SOURCE};
use cloakwork_abi::bounds as abi_bounds;
use cloakwork_abi::encoding::bounds;
use cloakwork_abi::functions::abi_hash;
use cloakwork_abi::parameters::SecurityLevel;
use cloakwork_abi::processing::Processing;
use cloakwork_abi::radix::Radix;
use cloakwork_abi::spec::{
    EncodingSpec, ErrorSpec, Keyset, OperationCounts, ProgramSpec, SPEC_VERSION, SecuritySpec, ValueSpec,
};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::function::{Function, Side};
use cloakwork_ir::interpret::encoding_of;
use cloakwork_ir::tfhe::TfheOp;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value, ValueLike};

/// Reads everything from the module, the function and its planned workspace.
pub(crate) fn program_spec(
    module: OperationRef<'_, '_>,
    function: Function<'_, '_>,
    keyset: Keyset,
    workspace: &Workspace,
) -> Result<ProgramSpec, String> {
    let missing = |of: &str, name: &str| {
        format!("the {of} attribute `{name}` is missing; run `fhe-optimize-parameters` first")
    };
    let real = |name: &str| attr::get_f64(&function.op, name).ok_or_else(|| missing("function", name));
    let level = match attr::get_i64(&module, SECURITY) {
        Some(128) => SecurityLevel::Bits128,
        Some(132) => SecurityLevel::Bits132,
        _ => return Err(missing("module", SECURITY)),
    };
    let source =
        attr::get_string(&module, SECURITY_SOURCE).ok_or_else(|| missing("module", SECURITY_SOURCE))?;
    Ok(ProgramSpec {
        version: SPEC_VERSION,
        compiler: concat!("cloakwork ", env!("CARGO_PKG_VERSION")).to_owned(),
        abi: abi_hash(),
        name: function.name(),
        inputs: values(function, Side::Argument, function.arguments(), &keyset)?,
        outputs: values(function, Side::Result, function.returned(), &keyset)?,
        keyset,
        error: ErrorSpec { p_error: real(P_ERROR)?, global_p_error: real(GLOBAL_P_ERROR)? },
        security: SecuritySpec { level, source },
        counts: counts(function),
        workspace: workspace.sizes.clone(),
        public_key: module.attribute(PUBLIC_KEY).is_ok(),
        processing: processing(function)?,
    })
}

/// What a client does around a model.
fn processing(function: Function<'_, '_>) -> Result<Option<Processing>, String> {
    let Some(json) = attr::get_string(&function.op, attr::PROCESSING) else { return Ok(None) };
    let read = Processing::from_json(&json);
    read.map(Some)
        .map_err(|error| format!("the function attribute `{}` cannot be read: {error}", attr::PROCESSING))
}

fn values(
    function: Function<'_, '_>,
    side: Side,
    values: Vec<Value<'_, '_>>,
    keyset: &Keyset,
) -> Result<Vec<ValueSpec>, String> {
    let spec = |(i, value): (usize, Value<'_, '_>)| {
        let ty = value_type(value)?;
        let wide = function.radix(side, i).map_err(|error| error.message)?;
        let (encoding, full) = match &ty.element {
            Element::Lwe { key } => {
                let key = keyset.secret_keys.iter().position(|known| &known.name == key);
                let key = key.ok_or_else(|| format!("`{ty}` names a key that is not defined"))?;
                let (width, is_signed) = encoding_of(function, side, i).map_err(|error| error.message)?;
                let radix = wide.map(|wide| wide.radix);
                let full = radix.map_or(abi_bounds::wide(bounds(width, is_signed)), Radix::limits);
                (EncodingSpec::Encrypted { key, width, is_signed, radix }, full)
            }
            _ => (EncodingSpec::Clear, (i64::MIN.into(), u64::MAX.into())),
        };
        let given = wide.map(|wide| wide.range).or_else(|| function.bounds(side, i));
        let (lo, hi) = given.unwrap_or((full.0, full.1.min(i64::MAX.into())));
        let range = (lo.max(full.0), hi.min(full.1));
        let digits = encoding.radix().map_or(0, |_| 1);
        let axes = ty.shape().len().saturating_sub(digits);
        let shape = ty.shape()[..axes].iter().map(|&size| size as u64).collect();
        Ok(ValueSpec { name: function.value_name(side, i), shape, encoding, range })
    };
    values.into_iter().enumerate().map(spec).collect()
}

fn counts(function: Function<'_, '_>) -> OperationCounts {
    let mut counts = OperationCounts::default();
    for op in function.operations() {
        let elements = || value_type(walk::result(op)).map_or(0, |ty| ty.elements() as u64);
        match TfheOp::of(op) {
            Some(TfheOp::Keyswitch { .. }) => counts.keyswitches += elements(),
            Some(TfheOp::Bootstrap(bootstrap)) => {
                counts.bootstraps += elements() / bootstrap.outputs as u64;
                counts.bootstrap_calls += 1;
            }
            Some(TfheOp::Constant { .. } | TfheOp::Linear(_)) | None => {}
        }
    }
    counts
}

fn value_type(value: Value<'_, '_>) -> Result<ValueType, String> {
    ValueType::of(value.r#type()).ok_or_else(|| format!("type `{}` is not supported", value.r#type()))
}
