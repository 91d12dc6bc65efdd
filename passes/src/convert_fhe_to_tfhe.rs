//! `convert-fhe-to-tfhe`: encrypted integers become ciphertexts under the keys of the module.
//!
//! Requires widths everywhere, no maps, and the key ops of `fhe-optimize-parameters`. Constants, clear
//! addends and tables are encoded; every lookup becomes a keyswitch and a bootstrap. Arguments and
//! results keep their encoding as the attribute `tfhe.encoding`.

use crate::facts::{fail, value_type};
use crate::pass::{Failed, Options};
use crate::rounding::encode;
use cloakwork_abi::encoding;
use cloakwork_abi::parameters::Width;
use cloakwork_abi::spec::{Keyset, SecretKeyShape};
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::{Builder, lookup_attributes};
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, Side, functions_under};
use cloakwork_ir::interpret::ENCODING;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::read_keyset;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Type, Value, ValueLike};
use ndarray::ArrayD;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    let keyset = read_keyset(module).map_err(|message| fail(module, &message))?;
    let keys = Keys::of(&keyset).map_err(|message| fail(module, &message))?;
    functions_under(module).into_iter().try_for_each(|function| convert(context, function, &keys))
}

/// The symbols that every function of the module uses.
struct Keys {
    values: String,
    lookups: Option<LookupKeys>,
}

struct LookupKeys {
    switched: String,
    keyswitch: String,
    bootstrap: String,
}

impl Keys {
    fn of(keyset: &Keyset) -> Result<Self, String> {
        let name = |position: usize| keyset.secret_keys[position].name.clone();
        let mut glwe = keyset.secret_keys.iter().filter(|key| matches!(key.shape, SecretKeyShape::Glwe(_)));
        let (Some(values), None) = (glwe.next(), glwe.next()) else {
            return Err(
                "the module needs exactly one GLWE `tfhe.secret_key`; run `fhe-optimize-parameters` first"
                    .into(),
            );
        };
        let lookups = match (keyset.keyswitch_keys.as_slice(), keyset.bootstrap_keys.as_slice()) {
            ([], []) => None,
            ([keyswitch], [bootstrap]) => Some(LookupKeys {
                switched: name(keyswitch.to),
                keyswitch: keyswitch.name.clone(),
                bootstrap: bootstrap.name.clone(),
            }),
            (keyswitch, bootstrap) => {
                let (found, other) = (keyswitch.len(), bootstrap.len());
                return Err(format!(
                    "the module has {found} keyswitch keys and {other} bootstrap keys; at most one of each is supported"
                ));
            }
        };
        Ok(Self { values: values.name.clone(), lookups })
    }
}

fn convert<'c: 'a, 'a>(context: &'c Context, function: Function<'c, 'a>, keys: &Keys) -> Result<(), Failed> {
    for (side, values) in [(Side::Argument, function.arguments()), (Side::Result, function.returned())] {
        for (i, value) in values.into_iter().enumerate() {
            let ty = value_type(value, function.op)?;
            if !ty.element.is_encrypted() {
                continue;
            }
            let (width, is_signed) = ty.integer().ok_or_else(|| {
                fail(function.op, &format!("`{ty}` has no width yet; run `fhe-infer-bit-widths` first"))
            })?;
            let encoding = attr::i64_array(context, &[i64::from(width.0), i64::from(is_signed)]);
            function.set_attribute(context, side, i, ENCODING, encoding);
        }
    }
    let operations = function.operations();
    let mut encoded = vec![];
    for &op in &operations {
        if let Some(fhe) = FheOp::of(op) {
            encoded.push((op, convert_op(context, op, &fhe, keys)?));
        }
    }
    // Only now, so that the widths of operands could be read above.
    for (old, new) in encoded.iter().copied() {
        walk::replace_all_uses(walk::result(old), new);
    }
    encoded.into_iter().rev().for_each(|(old, _)| walk::erase(old));
    for argument in function.arguments() {
        let ty = value_type(argument, function.op)?;
        if ty.element.is_encrypted() {
            argument.set_type(ciphertexts(&ty, &keys.values).to_mlir(context));
        }
    }
    function.update_signature(context);
    Ok(())
}

/// Builds the counterpart of `op` before it, on the operands of `op`, which are replaced afterwards.
fn convert_op<'c: 'a, 'a>(
    context: &'c Context,
    op: OperationRef<'c, 'a>,
    fhe: &FheOp<'c, 'a>,
    keys: &Keys,
) -> Result<Value<'c, 'a>, Failed> {
    let builder = Builder::before(context, op);
    let operands: Vec<Value<'c, 'a>> = op.operands().collect();
    let result = value_type(walk::result(op), op)?;
    let (width, _) = result
        .integer()
        .ok_or_else(|| fail(op, &format!("`{result}` has no width yet; run `fhe-infer-bit-widths` first")))?;
    let out = ciphertexts(&result, &keys.values);
    let out_type: Type<'c> = out.to_mlir(context);
    Ok(match fhe {
        FheOp::Constant { value } => {
            let words = value.mapv(|value| encoding::encode(value, width) as i64);
            builder.op("tfhe.constant", &[], out_type, &[("value", attr::dense_i64(context, &words))])
        }
        FheOp::Linear(Linear::AddClear) => {
            let words = encode_clear(&builder, operands[1], width)?;
            builder.linear("tfhe", &Linear::AddClear, &[operands[0], words], &out)
        }
        FheOp::Linear(linear) => builder.linear("tfhe", linear, &operands, &out),
        FheOp::Digits(digits) => {
            let widths = op.operands().map(|value| Some(value_type(value, op).ok()?.integer()?.0));
            let widths =
                operands.iter().copied().zip(widths).filter_map(|(value, width)| Some((value, width?)));
            let before = encode::before(&builder, digits, &widths.collect::<Vec<_>>(), &out);
            let Some(table) = encode::table(digits, width) else { return Ok(before) };
            let Some(lookups) = &keys.lookups else {
                return Err(fail(op, "the module has no bootstrap key; run `fhe-optimize-parameters` first"));
            };
            let switched = ciphertexts(&result, &lookups.switched).to_mlir(context);
            let key = ("key", attr::symbol(context, &lookups.keyswitch));
            let small = builder.op("tfhe.keyswitch", &[before], switched, &[key]);
            let mut attributes = lookup_attributes(context, &table);
            attributes.push(("key", attr::symbol(context, &lookups.bootstrap)));
            let looked_up = builder.op("tfhe.bootstrap", &[small], out_type, &attributes);
            encode::after(&builder, digits, (looked_up, width), &out)
        }
        FheOp::Lookup(lookup) => {
            let Some(lookups) = &keys.lookups else {
                return Err(fail(op, "the module has no bootstrap key; run `fhe-optimize-parameters` first"));
            };
            let input = value_type(operands[0], op)?;
            let switched = ciphertexts(&result, &lookups.switched).to_mlir(context);
            let small = builder.op(
                "tfhe.keyswitch",
                &operands[..1],
                switched,
                &[("key", attr::symbol(context, &lookups.keyswitch))],
            );
            let tables = lookup.tables.mapv(|entry| encoding::encode(entry, width) as i64);
            let encoded = Lookup { tables, selector: lookup.selector.clone() };
            let mut attributes = lookup_attributes(context, &encoded);
            attributes.push(("key", attr::symbol(context, &lookups.bootstrap)));
            if input.is_signed() {
                attributes.push(("is_signed", melior::ir::Attribute::unit(context)));
            }
            builder.op("tfhe.bootstrap", &[small], out_type, &attributes)
        }
        FheOp::Map { .. } => return Err(fail(op, "a map is left; run `fhe-build-tables` first")),
    })
}

/// The clear integers times the weight of one unit: folded for constants, shifted at run time otherwise.
fn encode_clear<'c: 'a, 'a>(
    builder: &Builder<'c, 'a>,
    value: Value<'c, 'a>,
    width: Width,
) -> Result<Value<'c, 'a>, Failed> {
    let shift = i64::from(63 - width.0);
    let op = walk::defining_op(value);
    let constant = op.filter(|op| walk::name(op) == "arith.constant").and_then(|op| {
        let scalar = attr::get_i64(&op, "value").map(|value| ArrayD::from_elem(ndarray::IxDyn(&[]), value));
        scalar.or_else(|| attr::get_dense_i64(&op, "value"))
    });
    if let Some(constant) = constant {
        return Ok(builder.clear(&constant.mapv(|value| encoding::encode(value, width) as i64)));
    }
    let ty = ValueType::of(value.r#type()).expect("verified: a clear operand is i64 or a tensor of them");
    let shifts = builder.clear(&ArrayD::from_elem(ndarray::IxDyn(ty.shape()), shift));
    Ok(builder.op("arith.shli", &[value, shifts], value.r#type(), &[]))
}

fn ciphertexts(ty: &ValueType, key: &str) -> ValueType {
    ty.with_element(Element::Lwe { key: key.to_owned() })
}
