//! `convert-fhe-to-tfhe`: encrypted integers become ciphertexts under the keys of the module.
//!
//! Requires widths everywhere, no maps, and the key ops of `fhe-optimize-parameters`; which value and which lookup
//! has which key is said by attributes, see [`crate::key_choices`]. Constants, clear addends and tables are encoded.
//! A lookup becomes a keyswitch and a bootstrap, lookups of one `tfhe.group` a bootstrap with several outputs. Where
//! a value is used under another key, one keyswitch converts it. Arguments and results keep their encoding as the
//! attribute `tfhe.encoding`. In a function with `fhe.unproven` tables go on from their ends: their words lie around their
//! middle, which is added behind the bootstrap.

use crate::facts::{self, fail, key, value_type};
use crate::key_choices::{KeyChoices, LookupKeys};
use crate::pass::{Failed, Options};
use crate::rounding::encode;
use crate::rounding::noise::check_difference;
use crate::tables::TableList;
use cloakwork_abi::encoding;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::{Builder, lookup_attributes};
use cloakwork_ir::digits::Digits;
use cloakwork_ir::fhe::{FheOp, Lookup};
use cloakwork_ir::function::{Function, Side, functions_under};
use cloakwork_ir::interpret::ENCODING;
use cloakwork_ir::linear::Linear;
use cloakwork_ir::tfhe::{GROUP, KEY, read_keyset};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, Location, OperationRef, Value, ValueLike};
use ndarray::{ArrayD, Axis, IxDyn};
use std::collections::HashMap;

pub(crate) fn run<'c, 'a>(
    context: &'c Context,
    module: OperationRef<'c, 'a>,
    _: &Options<'_>,
) -> Result<(), Failed> {
    let keyset = read_keyset(module).map_err(|message| fail(module, &message))?;
    let keys = KeyChoices::of(&keyset);
    functions_under(module).into_iter().try_for_each(|function| convert(context, function, &keys))
}

fn convert<'c: 'a, 'a>(
    context: &'c Context,
    function: Function<'c, 'a>,
    keys: &KeyChoices<'_>,
) -> Result<(), Failed> {
    keep_encodings(context, function)?;
    let mut conversion = Conversion {
        context,
        keys,
        is_folded: function.op.has_attribute(attr::UNPROVEN),
        under: HashMap::new(),
        switched: HashMap::new(),
    };
    for (i, argument) in function.arguments().into_iter().enumerate() {
        if value_type(argument, function.op)?.element.is_encrypted() {
            conversion.under.insert(key(argument), keys.of_argument(function, i)?);
        }
    }
    let operations = function.operations();
    let mut groups = groups(&operations);
    let mut encoded = vec![];
    for &op in &operations {
        match FheOp::of(op) {
            Some(FheOp::Lookup(_)) => {
                // Built at the first lookup of a group for all of it.
                if let Some(group) = groups.remove(&group_of(op)) {
                    encoded.extend(conversion.lookups(&group)?);
                }
            }
            Some(FheOp::Digits(digits)) => encoded.push((op, conversion.digits(op, &digits)?)),
            Some(fhe) => encoded.push((op, conversion.op(op, &fhe)?)),
            None => {}
        }
    }
    // Only now, so that the widths of operands could be read above.
    for (old, new) in encoded.iter().copied() {
        walk::replace_all_uses(walk::result(old), new);
    }
    for argument in function.arguments() {
        if let Some(&under) = conversion.under.get(&key(argument)) {
            let ty = value_type(argument, function.op)?;
            argument.set_type(ciphertexts(&ty, keys.name(under)).to_mlir(context));
        }
    }
    // By name: operands have other types by now.
    let is_old = |op: &&OperationRef<'c, 'a>| walk::name(*op).starts_with("fhe.");
    operations.iter().rev().filter(is_old).for_each(|op| walk::erase(*op));
    for i in 0..function.arguments().len() {
        function.remove_attribute(context, Side::Argument, i, KEY);
    }
    function.update_signature(context);
    Ok(())
}

fn keep_encodings<'c: 'a, 'a>(context: &'c Context, function: Function<'c, 'a>) -> Result<(), Failed> {
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
    Ok(())
}

/// What lookups of a bootstrap have in common: their operand and their number. Without a number it is the result.
type GroupName = (usize, Option<i64>);

fn group_of(op: OperationRef<'_, '_>) -> GroupName {
    match attr::get_i64(&op, GROUP) {
        Some(group) => (key(walk::operand(op, 0)), Some(group)),
        None => (key(walk::result(op)), None),
    }
}

/// The lookups that share a bootstrap, in order.
fn groups<'c: 'a, 'a>(
    operations: &[OperationRef<'c, 'a>],
) -> HashMap<GroupName, Vec<(OperationRef<'c, 'a>, Lookup)>> {
    let mut groups: HashMap<GroupName, Vec<_>> = HashMap::new();
    for &op in operations {
        if let Some(FheOp::Lookup(lookup)) = FheOp::of(op) {
            groups.entry(group_of(op)).or_default().push((op, lookup));
        }
    }
    groups
}

/// A function on its way. Counterparts are built on the old operands, which are replaced afterwards.
struct Conversion<'c, 'a, 'k> {
    context: &'c Context,
    keys: &'k KeyChoices<'k>,
    /// Whether tables go on from their ends.
    is_folded: bool,
    /// The secret key of each encrypted value.
    under: HashMap<usize, usize>,
    /// Values behind each keyswitch key that they went through.
    switched: HashMap<(usize, usize), Value<'c, 'a>>,
}

impl<'c: 'a, 'a> Conversion<'c, 'a, '_> {
    /// Builds the counterpart of an op before it.
    fn op(&mut self, op: OperationRef<'c, 'a>, fhe: &FheOp<'c, 'a>) -> Result<Value<'c, 'a>, Failed> {
        let builder = Builder::before(self.context, op);
        let result = value_type(walk::result(op), op)?;
        if let (FheOp::Linear(linear), false) = (fhe, result.element.is_encrypted()) {
            let operands: Vec<Value<'c, 'a>> = op.operands().collect();
            return Ok(builder.linear("tfhe", linear, &operands, &result));
        }
        let width = width_of(&result, op)?;
        let under = self.keys.of_result(op)?;
        self.under.insert(key(walk::result(op)), under);
        let out = ciphertexts(&result, self.keys.name(under));
        let operands = op.operands().map(|operand| self.converted(op, operand, under));
        let operands: Vec<Value<'c, 'a>> = operands.collect::<Result<_, _>>()?;
        Ok(match fhe {
            FheOp::Constant { value } => constant(&builder, value, width, &out),
            FheOp::Linear(Linear::AddClear) => {
                let words = encode_clear(&builder, operands[1], width)?;
                builder.linear("tfhe", &Linear::AddClear, &[operands[0], words], &out)
            }
            FheOp::Linear(linear) => builder.linear("tfhe", linear, &operands, &out),
            FheOp::Digits(digits) => self.digits(op, digits)?,
            FheOp::Lookup(lookup) => self.lookups(&[(op, lookup.clone())])?[0].1,
            FheOp::Pairwise(_) | FheOp::Select | FheOp::JointLookup(_) => {
                return Err(facts::several_left(op));
            }
            FheOp::Map { .. } => return Err(fail(op, "a map is left; run `fhe-build-tables` first")),
        })
    }

    /// Builds the counterpart of an op on digits before it. A lookup starts under the key where its keyswitch starts.
    fn digits(&mut self, op: OperationRef<'c, 'a>, digits: &Digits) -> Result<Value<'c, 'a>, Failed> {
        let (context, builder, result) =
            (self.context, Builder::before(self.context, op), value_type(walk::result(op), op)?);
        let width = width_of(&result, op)?;
        let table = encode::table(digits, width);
        let given = self.under.get(&key(walk::operand(op, 0))).copied().unwrap_or_default();
        let from = match &table {
            Some(_) => self.keys.start(op).unwrap_or(given),
            None => self.keys.of_result(op)?,
        };
        let mut operands = vec![];
        for operand in op.operands() {
            let width = width_of(&value_type(operand, op)?, op)?;
            operands.push((self.converted(op, operand, from)?, width));
        }
        if let Digits::BitOfDifference { position } = *digits {
            let widths = operands.iter().map(|&(_, width)| width);
            check_difference(position, widths).map_err(|message| fail(op, &message))?;
        }
        let before = encode::before(&builder, digits, &operands, &ciphertexts(&result, self.keys.name(from)));
        let Some(table) = table else {
            self.under.insert(key(walk::result(op)), from);
            return Ok(before);
        };
        let keys = self.keys.of_lookup(op, from)?;
        self.under.insert(key(walk::result(op)), self.keys.bootstrapped(keys));
        let (name, to) = self.keys.keyswitch(keys.keyswitch);
        let switched = ciphertexts(&result, to).to_mlir(context);
        let small =
            builder.op("tfhe.keyswitch", &[before], switched, &[("key", attr::symbol(context, name))]);
        let (name, to) = self.keys.bootstrap(keys.bootstrap);
        let mut attributes = lookup_attributes(context, &table);
        attributes.push(("key", attr::symbol(context, name)));
        let out = ciphertexts(&result, to);
        let looked_up = builder.op("tfhe.bootstrap", &[small], out.to_mlir(context), &attributes);
        Ok(encode::after(&builder, digits, (looked_up, width), &out))
    }

    /// A value for a user under the key `to`; clear values stay what they are.
    fn converted(
        &mut self,
        user: OperationRef<'c, 'a>,
        value: Value<'c, 'a>,
        to: usize,
    ) -> Result<Value<'c, 'a>, Failed> {
        let Some(&from) = self.under.get(&key(value)).filter(|&&from| from != to) else { return Ok(value) };
        let ty = value_type(value, user)?;
        if let Some(FheOp::Constant { value }) = walk::defining_op(value).and_then(FheOp::of) {
            let out = ciphertexts(&ty, self.keys.name(to));
            return Ok(constant(&Builder::before(self.context, user), &value, width_of(&ty, user)?, &out));
        }
        let keyswitch = self.keys.leading(from, to).map_err(|message| {
            fail(user, &format!("an operand is under another key than the result, but {message}"))
        })?;
        Ok(self.keyswitch(user, (value, &ty), keyswitch))
    }

    /// A value behind a keyswitch, which is there once.
    fn keyswitch(
        &mut self,
        user: OperationRef<'c, 'a>,
        (value, ty): (Value<'c, 'a>, &ValueType),
        keyswitch: usize,
    ) -> Value<'c, 'a> {
        let (context, keys) = (self.context, self.keys);
        *self.switched.entry((key(value), keyswitch)).or_insert_with(|| {
            let (name, to) = keys.keyswitch(keyswitch);
            let out = ciphertexts(ty, to).to_mlir(context);
            Builder::before(context, user).op(
                "tfhe.keyswitch",
                &[value],
                out,
                &[("key", attr::symbol(context, name))],
            )
        })
    }

    /// Builds the keyswitch and the one bootstrap of lookups that share an operand, before the first of them.
    fn lookups(
        &mut self,
        group: &[(OperationRef<'c, 'a>, Lookup)],
    ) -> Result<Vec<(OperationRef<'c, 'a>, Value<'c, 'a>)>, Failed> {
        let (first, _) = &group[0];
        let operand = walk::operand(*first, 0);
        let input = value_type(operand, *first)?;
        let Some(&from) = self.under.get(&key(operand)) else {
            return Err(fail(
                *first,
                "the operand of the lookup comes from an operation that is not of `fhe`",
            ));
        };
        let keys = self.keys.of_lookup(*first, from)?;
        let (mut tables, mut middles) = (vec![], vec![]);
        for (op, lookup) in group {
            check_member(*op, self.keys.of_lookup(*op, from)?, keys)?;
            let width = width_of(&value_type(walk::result(*op), *op)?, *op)?;
            let (mut words, of_tables) = self.words(lookup, input.is_signed(), width);
            if let Some(within) = attr::get_within(op) {
                for mut table in words.axis_iter_mut(Axis(0)) {
                    let table = table.as_slice_mut().expect("rows of a table in standard layout");
                    encoding::mark_beyond(table, within, input.is_signed());
                }
            }
            tables.push(Lookup { tables: words, selector: lookup.selector.clone() });
            middles.push(of_tables);
            self.under.insert(key(walk::result(*op)), self.keys.bootstrapped(keys));
        }
        let raised = |(builder, value): (&Builder<'c, 'a>, Value<'c, 'a>), i: usize, out: &ValueType| {
            let middles = ArrayD::from_shape_fn(IxDyn(out.shape()), |at| {
                let table = group[i].1.selector.as_ref().map_or(0, |selector| selector[at] as usize);
                middles[i][table]
            });
            match middles.iter().all(|&middle| middle == 0) {
                true => value,
                false => builder.linear("tfhe", &Linear::AddClear, &[value, builder.clear(&middles)], out),
            }
        };
        let small = self.keyswitch(*first, (operand, &input), keys.keyswitch);
        let (joined, outputs) = (join(&tables, &input), group.len());
        let (name, to) = self.keys.bootstrap(keys.bootstrap);
        let locations: Vec<Location<'c>> = group.iter().map(|(op, _)| op.location()).collect();
        let location = match locations.as_slice() {
            &[only] => only,
            all => Location::fused(self.context, all, Attribute::unit(self.context)),
        };
        let builder = Builder::before(self.context, *first).at(location);
        let mut attributes = lookup_attributes(self.context, &joined);
        attributes.push(("key", attr::symbol(self.context, name)));
        if input.is_signed() {
            attributes.push(("is_signed", Attribute::unit(self.context)));
        }
        let out = ciphertexts(&input, to);
        if outputs == 1 {
            let value = builder.op("tfhe.bootstrap", &[small], out.to_mlir(self.context), &attributes);
            return Ok(vec![(*first, raised((&builder, value), 0, &out))]);
        }
        attributes.push(("outputs", attr::i64(self.context, outputs as i64)));
        let with_axis = |length: usize| ValueType {
            element: out.element.clone(),
            dims: Some(out.shape().iter().copied().chain([length]).collect()),
        };
        let all = with_axis(outputs).to_mlir(self.context);
        let all = builder.op("tfhe.bootstrap", &[small], all, &attributes);
        let rank = out.shape().len();
        let part = |(r, (op, _)): (usize, &(OperationRef<'c, 'a>, Lookup))| {
            let builder = builder.at(op.location());
            let offsets = std::iter::repeat_n(0, rank).chain([r]).collect();
            let slice = Linear::Slice { offsets, strides: vec![1; rank + 1] };
            let part = builder.linear("tfhe", &slice, &[all], &with_axis(1));
            let part = builder.linear("tfhe", &Linear::Reshape, &[part], &out);
            (*op, raised((&builder, part), r, &out))
        };
        Ok(group.iter().enumerate().map(part).collect())
    }
}

impl Conversion<'_, '_, '_> {
    /// The words of the tables of a lookup, and what is added to what each of them gives.
    fn words(&self, lookup: &Lookup, is_signed: bool, width: Width) -> (ArrayD<i64>, Vec<i64>) {
        let count = lookup.tables.shape()[0];
        if !self.is_folded {
            return (lookup.tables.mapv(|entry| encoding::encode(entry, width) as i64), vec![0; count]);
        }
        let (mut words, mut middles) = (lookup.tables.clone(), vec![]);
        for mut table in words.axis_iter_mut(Axis(0)) {
            let entries: Vec<i64> = table.iter().copied().collect();
            let (folded, middle) = encoding::folded(&entries, is_signed, width);
            table.iter_mut().zip(folded).for_each(|(entry, word)| *entry = word as i64);
            middles.push(middle as i64);
        }
        (words, middles)
    }
}

fn check_member(op: OperationRef<'_, '_>, found: LookupKeys, of_first: LookupKeys) -> Result<(), Failed> {
    if found == of_first {
        return Ok(());
    }
    Err(fail(
        op,
        &format!(
            "lookups of one `{GROUP}` must have one keyswitch key and one bootstrap key; give this one another number"
        ),
    ))
}

/// The tables of lookups that are done by one bootstrap of `input`.
fn join(lookups: &[Lookup], input: &ValueType) -> Lookup {
    let [several @ .., last] = lookups else {
        return Lookup { tables: ArrayD::zeros(vec![1, 2]), selector: None };
    };
    if several.is_empty() {
        return last.clone();
    }
    let mut tables = TableList::default();
    let chosen: Vec<Vec<usize>> =
        lookups.iter().map(|lookup| tables.join(lookup, input.elements(), 1)).collect();
    let places =
        (0..input.elements()).flat_map(|i| chosen.iter().map(move |chosen| chosen[i])).collect::<Vec<_>>();
    tables.lookup_several(input.shape(), lookups.len(), &places)
}

fn constant<'c: 'a, 'a>(
    builder: &Builder<'c, 'a>,
    value: &ArrayD<i64>,
    width: Width,
    out: &ValueType,
) -> Value<'c, 'a> {
    let words = value.mapv(|value| encoding::encode(value, width) as i64);
    let attribute = attr::dense_i64(builder.context, &words);
    builder.op("tfhe.constant", &[], out.to_mlir(builder.context), &[("value", attribute)])
}

fn width_of(ty: &ValueType, op: OperationRef<'_, '_>) -> Result<Width, Failed> {
    let no_width = || fail(op, &format!("`{ty}` has no width yet; run `fhe-infer-bit-widths` first"));
    ty.integer().map(|(width, _)| width).ok_or_else(no_width)
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
        let scalar = attr::get_i64(&op, "value").map(|value| ArrayD::from_elem(IxDyn(&[]), value));
        scalar.or_else(|| attr::get_dense_i64(&op, "value"))
    });
    if let Some(constant) = constant {
        return Ok(builder.clear(&constant.mapv(|value| encoding::encode(value, width) as i64)));
    }
    let ty = ValueType::of(value.r#type()).expect("verified: a clear operand is i64 or a tensor of them");
    let shifts = builder.clear(&ArrayD::from_elem(IxDyn(ty.shape()), shift));
    Ok(builder.op("arith.shli", &[value, shifts], value.r#type(), &[]))
}

fn ciphertexts(ty: &ValueType, key: &str) -> ValueType {
    ty.with_element(Element::Lwe { key: key.to_owned() })
}
