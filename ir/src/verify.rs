//! What the ODS traits cannot express about our operations; MLIR's verifier calls it through the C++ glue.

use crate::diagnostic::emit_error;
use crate::digits::Digits;
use crate::fhe::{FheOp, Lookup};
use crate::linear::Linear;
use crate::pairwise::{JointLookup, Pairwise};
use crate::tfhe::{Bootstrap, TfheOp, key_ops};
use crate::types::{Element, ValueType};
use crate::{attributes as attr, scalar, walk};
use cloakwork_abi::parameters::Grouping;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{BlockRef, OperationRef, Type, TypeLike, ValueLike};
use mlir_sys::MlirOperation;
use ndarray::ArrayD;
use std::panic::{AssertUnwindSafe, catch_unwind};

#[unsafe(no_mangle)]
extern "C" fn cloakworkVerifyOp(op: MlirOperation) -> bool {
    // SAFETY: MLIR verifies a living operation and does not change it meanwhile.
    let op = unsafe { OperationRef::from_raw(op) };
    let name = walk::name(&op);
    let message = match catch_unwind(AssertUnwindSafe(|| verify(&name, op))) {
        Ok(Ok(())) => return true,
        Ok(Err(message)) => message,
        Err(_) => "internal error: the verifier panicked; please report the operation".to_owned(),
    };
    emit_error(&op, &format!("'{name}' op {message}"));
    false
}

fn verify(name: &str, op: OperationRef<'_, '_>) -> Result<(), String> {
    if name.ends_with("_key") {
        return verify_key(name, op);
    }
    let operands: Vec<ValueType> =
        op.operands().map(|value| value_type(value.r#type())).collect::<Result<_, _>>()?;
    let result = value_type(walk::result(op).r#type())?;
    let shapes: Vec<&[usize]> = operands.iter().map(ValueType::shape).collect();
    if name.starts_with("fhe.") {
        if is_of_known_width(name, operands.len()) {
            known_widths(&operands, &result)?;
        }
        let malformed = || "attributes are malformed".to_owned();
        match FheOp::of(op).ok_or_else(malformed)? {
            FheOp::Constant { value } => verify_constant(value.shape(), &result),
            FheOp::Linear(linear) => {
                linear.check_shapes(&shapes, result.shape())?;
                verify_linear_elements(&linear, &operands, &result)
            }
            FheOp::Digits(digits) => verify_digits(&digits, &operands, &result),
            FheOp::Lookup(lookup) => verify_lookup(&lookup, &operands[0], &result),
            FheOp::Pairwise(function) => verify_pairwise(function, &operands, &result),
            FheOp::Select => verify_select(&operands, &result),
            FheOp::JointLookup(lookup) => verify_joint_lookup(&lookup, &operands, &result),
            FheOp::Map { body } => verify_map(body, &operands, &result),
        }
    } else {
        match TfheOp::of(op).ok_or_else(|| "attributes are malformed".to_owned())? {
            TfheOp::Constant { value } => verify_constant(value.shape(), &result),
            TfheOp::Linear(linear) => {
                linear.check_shapes(&shapes, result.shape())?;
                verify_linear_elements(&linear, &operands, &result)
            }
            TfheOp::Keyswitch { key } => {
                same_shape(&operands[0], &result)?;
                verify_switch(op, ("tfhe.keyswitch_key", &key), &operands[0], &result)
            }
            TfheOp::Bootstrap(bootstrap) => {
                verify_bootstrap(&bootstrap, &operands[0], &result)?;
                verify_switch(op, ("tfhe.bootstrap_key", &bootstrap.key), &operands[0], &result)
            }
        }
    }
}

fn verify_linear_elements(linear: &Linear, operands: &[ValueType], result: &ValueType) -> Result<(), String> {
    if let (Linear::Gather { .. }, [input]) = (linear, operands)
        && !input.element.is_encrypted()
    {
        return if input.element == result.element {
            Ok(())
        } else {
            Err("of a clear input the result is clear".into())
        };
    }
    if !result.element.is_encrypted() {
        return Err("the result must be encrypted".into());
    }
    let encrypted = operands.iter().filter(|operand| operand.element.is_encrypted());
    let mut count = 0;
    for operand in encrypted {
        count += 1;
        match (&operand.element, &result.element) {
            (Element::Encrypted { width: Some(a), .. }, Element::Encrypted { width: Some(b), .. })
                if a != b =>
            {
                return Err(format!(
                    "operand of type `{}` and result of type `{}` must have one width",
                    operand.element, result.element
                ));
            }
            (Element::Lwe { key: a }, Element::Lwe { key: b }) if a != b => {
                return Err(format!(
                    "operand under key @{a} and result under key @{b}; switch keys with `tfhe.keyswitch`"
                ));
            }
            _ => {}
        }
    }
    if count == 0 { Err("at least one operand must be encrypted".into()) } else { Ok(()) }
}

fn verify_lookup(lookup: &Lookup, input: &ValueType, result: &ValueType) -> Result<(), String> {
    same_shape(input, result)?;
    verify_tables(lookup, input.shape(), 2)?;
    if let Some((width, _)) = input.integer() {
        let (have, want) = (lookup.length(), 1u128 << width.0);
        if have as u128 != want {
            return Err(format!(
                "the table has {have} entries, an input of type `{}` needs {want}",
                input.element
            ));
        }
    }
    if let Some((width, is_signed)) = result.integer() {
        let (lo, hi) = cloakwork_abi::encoding::bounds(width, is_signed);
        if let Some(entry) = lookup.tables.iter().find(|entry| !(lo..=hi).contains(*entry)) {
            return Err(format!(
                "the table entry {entry} does not fit the result type `{}`, which holds {lo} to {hi}",
                result.element
            ));
        }
    }
    Ok(())
}

fn verify_pairwise(function: Pairwise, operands: &[ValueType], result: &ValueType) -> Result<(), String> {
    operands.iter().try_for_each(|operand| same_shape(operand, result))?;
    match function {
        Pairwise::Compare(_) if result.is_signed() => Err(never_negative(result)),
        Pairwise::Mul
        | Pairwise::Compare(_)
        | Pairwise::Min
        | Pairwise::Max
        | Pairwise::And
        | Pairwise::Or
        | Pairwise::Xor
        | Pairwise::ShiftLeft
        | Pairwise::ShiftRight => Ok(()),
    }
}

fn verify_select(operands: &[ValueType], result: &ValueType) -> Result<(), String> {
    operands.iter().try_for_each(|operand| same_shape(operand, result))
}

fn verify_joint_lookup(
    lookup: &JointLookup,
    operands: &[ValueType],
    result: &ValueType,
) -> Result<(), String> {
    operands.iter().try_for_each(|operand| same_shape(operand, result))?;
    let (found, allowed) = (lookup.lows.len(), operands.len());
    if found != allowed || found == 0 {
        return Err(format!("the tables are for {found} operands, there are {allowed}"));
    }
    if lookup.tables.is_empty() {
        return Err(format!("tables of shape {:?} have no entries", lookup.tables.shape()));
    }
    verify_selector(lookup.selector.as_ref(), lookup.tables.shape()[0], operands[0].shape())
}

fn never_negative(result: &ValueType) -> String {
    format!("the result has the type `{}`, it is never negative: use `!fhe.eint`", result.element)
}

/// Whether an operation says something about bits of an encoding.
fn is_of_known_width(name: &str, operands: usize) -> bool {
    matches!((name, operands), ("fhe.bit", 1) | ("fhe.reinterpret", _) | ("fhe.low_bits", 2))
}

fn known_widths(operands: &[ValueType], result: &ValueType) -> Result<(), String> {
    match operands.iter().chain([result]).find(|ty| ty.integer().is_none()) {
        Some(unknown) => Err(format!("`{unknown}` is not an integer of known width")),
        None => Ok(()),
    }
}

fn verify_digits(digits: &Digits, operands: &[ValueType], result: &ValueType) -> Result<(), String> {
    operands.iter().try_for_each(|operand| same_shape(operand, result))?;
    let widest = cloakwork_abi::encoding::MAX_WIDTH.0;
    let in_reach = |name: &str, found: u32, least: u32, most: u32| {
        if (least..=most).contains(&found) {
            return Ok(());
        }
        Err(format!("`{name}` is {found}, allowed is {least} to {most}"))
    };
    let unsigned = || {
        if result.is_signed() { Err(never_negative(result)) } else { Ok(()) }
    };
    let width = |ty: &ValueType| ty.integer().map_or(widest, |(width, _)| width.0);
    match *digits {
        Digits::Round { bits, .. } | Digits::Truncate { bits, .. } => in_reach("bits", bits, 1, widest - 1),
        Digits::LowBits { bits } => in_reach("bits", bits, 1, widest).and_then(|()| unsigned()),
        Digits::LowBitsBelow { bits } => {
            in_reach("bits", bits, 1, width(&operands[0]).min(width(result)))?;
            unsigned()
        }
        Digits::Bit { position } => {
            in_reach("position", position, 0, width(&operands[0]))?;
            unsigned()
        }
        Digits::BitOfDifference { position } => {
            // Before widths are inferred, operands need not have the width that they will have in common.
            in_reach("position", position, 0, widest)?;
            unsigned()
        }
        Digits::Reinterpret { from, to, half_steps } => {
            if half_steps == 0 || to < from {
                return Ok(());
            }
            Err(format!(
                "`half_steps` is {half_steps}, but a result of {to} bits is not narrower than its input of {from}"
            ))
        }
    }
}

/// Operand and result are under the keys that the key op `(kind, name)` of the module leads from and to.
fn verify_switch(
    op: OperationRef<'_, '_>,
    (kind, name): (&str, &str),
    operand: &ValueType,
    result: &ValueType,
) -> Result<(), String> {
    let Some(key) = find_key(op, name) else {
        return Err(format!("the key @{name} is not defined in the module"));
    };
    if walk::name(&key) != kind {
        return Err(format!("@{name} is a `{}`, needed is a `{kind}`", walk::name(&key)));
    }
    for (what, end, ty) in [("operand", "from", operand), ("result", "to", result)] {
        let Element::Lwe { key: found } = &ty.element else {
            return Err(format!("the {what} is no ciphertext but `{}`", ty.element));
        };
        let expected = attr::get_symbol(&key, end).unwrap_or_default();
        if *found != expected {
            return Err(format!("the {what} is under the key @{found}, @{name} leads {end} @{expected}"));
        }
    }
    Ok(())
}

/// The key op of a name in the module that `op` stands in.
fn find_key<'c: 'a, 'a>(op: OperationRef<'c, 'a>, name: &str) -> Option<OperationRef<'c, 'a>> {
    let mut module = op;
    while walk::name(&module) != "builtin.module" {
        module = module.block()?.parent_operation()?;
    }
    let is_named = |key: &OperationRef<'_, '_>| attr::get_string(key, "sym_name").is_some_and(|n| n == name);
    key_ops(module).into_iter().find(is_named)
}

fn verify_bootstrap(bootstrap: &Bootstrap, input: &ValueType, result: &ValueType) -> Result<(), String> {
    let Bootstrap { lookup, outputs, .. } = bootstrap;
    if *outputs == 1 {
        same_shape(input, result)?;
        return verify_tables(lookup, input.shape(), 1);
    }
    let expected: Vec<usize> = input.shape().iter().copied().chain([*outputs]).collect();
    if result.shape() != expected {
        let found = result.shape();
        return Err(format!(
            "the result has shape {found:?}, {outputs} outputs of the input need {expected:?}"
        ));
    }
    let tables = lookup.tables.shape()[0];
    if lookup.selector.is_none() && tables != *outputs {
        return Err(format!("{tables} tables for {outputs} outputs need a `selector`"));
    }
    let selector = lookup.selector.clone().or_else(|| Some(ArrayD::zeros(expected.clone())));
    verify_tables(&Lookup { tables: lookup.tables.clone(), selector }, &expected, 1)
}

/// `least` is 2, or 1 where a table of one entry tells the halves of the torus apart.
fn verify_tables(lookup: &Lookup, input: &[usize], least: usize) -> Result<(), String> {
    let (count, length) = (lookup.tables.shape()[0], lookup.length());
    if count == 0 || length < least || !length.is_power_of_two() {
        let lengths = if least == 1 { "1, 2, 4" } else { "2, 4, 8" };
        return Err(format!(
            "tables have shape {count}×{length}; needed are one or more of {lengths}, … entries"
        ));
    }
    verify_selector(lookup.selector.as_ref(), count, input)
}

fn verify_selector(selector: Option<&ArrayD<i64>>, count: usize, input: &[usize]) -> Result<(), String> {
    let Some(selector) = selector else {
        return if count == 1 { Ok(()) } else { Err(format!("{count} tables need a `selector`")) };
    };
    if selector.shape() != input {
        return Err(format!("the selector has shape {:?}, the input {input:?}", selector.shape()));
    }
    match selector.iter().find(|&&table| table < 0 || table >= count as i64) {
        Some(table) => Err(format!("the selector names table {table}, there are {count}")),
        None => Ok(()),
    }
}

fn verify_map(body: BlockRef<'_, '_>, operands: &[ValueType], result: &ValueType) -> Result<(), String> {
    if operands.is_empty() {
        return Err("needs at least one operand".into());
    }
    for operand in operands {
        same_shape(operand, result)?;
    }
    if body.argument_count() != operands.len() {
        return Err(format!(
            "the body has {} arguments for {} operands",
            body.argument_count(),
            operands.len()
        ));
    }
    let is_real = |element: &Element| matches!(element, Element::EncryptedReal | Element::ClearReal);
    for (i, operand) in operands.iter().enumerate() {
        let argument = body.argument(i).map_err(|error| error.to_string())?.r#type();
        if argument.is_f64() != is_real(&operand.element) {
            return Err(format!(
                "argument {i} of the body is `{argument}` for an operand of `{}`",
                operand.element
            ));
        }
    }
    let mut current = body.first_operation();
    while let Some(op) = current {
        let name = walk::name(&op);
        if !scalar::is_supported(&name) {
            return Err(format!(
                "`{name}` is not allowed in the body; allowed are scalar operations of `arith` and `math`"
            ));
        }
        if name == "fhe.yield" && walk::operand(op, 0).r#type().is_f64() != is_real(&result.element) {
            return Err(format!(
                "the body yields `{}` for a result of `{}`",
                walk::operand(op, 0).r#type(),
                result.element
            ));
        }
        current = op.next_in_block();
    }
    Ok(())
}

fn verify_constant(shape: &[usize], result: &ValueType) -> Result<(), String> {
    if shape == result.shape() {
        Ok(())
    } else {
        Err(format!("the value has shape {shape:?}, the result {:?}", result.shape()))
    }
}

fn verify_key(name: &str, op: OperationRef<'_, '_>) -> Result<(), String> {
    let has = |attribute: &str| op.attribute(attribute).is_ok();
    match name {
        "tfhe.keyswitch_key" if has("variance") && has("tuniform_log2_bound") => {
            return Err("has both `variance` and `tuniform_log2_bound`, allowed is one of them".into());
        }
        "tfhe.secret_key" if has("variance") == has("tuniform_log2_bound") => {
            return Err("needs either `variance` or `tuniform_log2_bound`".into());
        }
        "tfhe.secret_key" => {}
        "tfhe.keyswitch_key" => return verify_ends(op, (true, None)),
        "tfhe.bootstrap_key" => {
            verify_ends(op, (false, Some(true)))?;
            let positive = |name: &str| attr::get_i64(&op, name).is_none_or(|value| value >= 1);
            let grouping = attr::get_i64(&op, "grouping").unwrap_or(1);
            u64::try_from(grouping)
                .map_err(|_| format!("grouping is {grouping}"))?
                .try_into()
                .map(|_: Grouping| ())?;
            return if positive("extension") { Ok(()) } else { Err("`extension` is below 1".into()) };
        }
        _ => return Ok(()),
    }
    match (has("lwe_dimension"), has("glwe_dimension"), has("polynomial_size")) {
        (true, false, false) | (false, true, true) => Ok(()),
        _ => Err("needs either `lwe_dimension`, or `glwe_dimension` and `polynomial_size`".into()),
    }
}

/// The secret keys that a key op leads from and to exist, and are GLWE keys where that is asked for.
fn verify_ends(op: OperationRef<'_, '_>, (from_glwe, to_glwe): (bool, Option<bool>)) -> Result<(), String> {
    for (end, wanted) in [("from", Some(from_glwe)), ("to", to_glwe)] {
        let name = attr::get_symbol(&op, end).unwrap_or_default();
        let key = find_key(op, &name).filter(|key| walk::name(key) == "tfhe.secret_key");
        let Some(key) = key else {
            return Err(format!("leads {end} @{name}, which is no secret key of the module"));
        };
        let is_glwe = key.attribute("glwe_dimension").is_ok();
        if wanted.is_some_and(|wanted| wanted != is_glwe) {
            let kind = |is_glwe: bool| if is_glwe { "a GLWE key" } else { "an LWE key" };
            return Err(format!(
                "leads {end} @{name}, which is {}; needed is {}",
                kind(is_glwe),
                kind(!is_glwe)
            ));
        }
    }
    Ok(())
}

fn same_shape(a: &ValueType, b: &ValueType) -> Result<(), String> {
    if a.shape() == b.shape() {
        Ok(())
    } else {
        Err(format!("operand shape {:?} and result shape {:?} must be equal", a.shape(), b.shape()))
    }
}

fn value_type(ty: Type<'_>) -> Result<ValueType, String> {
    ValueType::of(ty).ok_or_else(|| {
        format!("type `{ty}` is not supported; allowed are scalars and tensors of static shape")
    })
}
