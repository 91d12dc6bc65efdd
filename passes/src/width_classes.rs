//! Which values must have one width, and how wide they must be.
//!
//! All encrypted operands and the result of a linear operation share a width; lookups separate widths. A result
//! that is fed to an argument of another run shares width and sign with it. A class is as wide as the range of its
//! widest value needs; that a sum of others wraps around in between is harmless.
//! A value that can be led beyond its range (`fhe.reached`) gets room at a table or as a result, so that it saturates there.
//! Rounding separates widths too, but asks for room: what is left of its input must hold the result.

use crate::facts::{self, Range, fail, join, key};
use crate::pass::Failed;
use crate::rounding::{self, Input};
use crate::tables::reachable;
use cloakwork_abi::bounds;
use cloakwork_abi::encoding::{self, width_of_range};
use cloakwork_abi::parameters::Width;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::fhe::FheOp;
use cloakwork_ir::function::Function;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::ir::operation::OperationLike;
use melior::ir::{OperationRef, Value};
use petgraph::unionfind::UnionFind;
use std::collections::HashMap;

/// The encrypted integers of one or several functions, in order, in classes of one width.
pub(crate) struct WidthClasses<'c, 'a> {
    pub(crate) values: Vec<Encrypted<'c, 'a>>,
    places: HashMap<usize, usize>,
    class_of: Vec<usize>,
    /// For each class, by its representative, the place of a value that needs the most bits.
    widest: HashMap<usize, usize>,
}

/// An encrypted integer.
#[derive(Clone, Debug)]
pub(crate) struct Encrypted<'c, 'a> {
    pub(crate) function: Function<'c, 'a>,
    pub(crate) value: Value<'c, 'a>,
    /// The operation it is the result of; the function for an argument.
    pub(crate) op: OperationRef<'c, 'a>,
    pub(crate) ty: ValueType,
    pub(crate) range: Range,
    /// How it will be read: as declared with a width, else signed exactly if it may be negative.
    pub(crate) is_signed: bool,
    /// Bits for its range and signedness, at least those declared.
    pub(crate) needed: Width,
}

impl<'c: 'a, 'a> WidthClasses<'c, 'a> {
    /// Requires ranges, no maps, and nothing real.
    pub(crate) fn of(function: Function<'c, 'a>) -> Result<Self, Failed> {
        Self::together(&[function], &[])
    }

    /// As [`Self::of`], for functions with feeds between them: pairs of a result and an argument.
    pub(crate) fn together(
        functions: &[Function<'c, 'a>],
        feeds: &[(Value<'c, 'a>, Value<'c, 'a>)],
    ) -> Result<Self, Failed> {
        let mut values = vec![];
        for &function in functions {
            values.extend(encrypted(function)?);
        }
        let places: HashMap<usize, usize> =
            values.iter().enumerate().map(|(place, encrypted)| (key(encrypted.value), place)).collect();
        let mut classes = UnionFind::<usize>::new(values.len());
        for encrypted in &values {
            let operands = encrypted.op.operands().filter_map(|operand| places.get(&key(operand)).copied());
            let mut joined: Vec<usize> = operands.collect();
            match FheOp::of(encrypted.op) {
                Some(FheOp::Linear(_)) => joined.push(places[&key(encrypted.value)]),
                Some(FheOp::Digits(Digits::BitOfDifference { .. })) => {}
                _ => continue,
            }
            joined.windows(2).for_each(|pair| {
                classes.union(pair[0], pair[1]);
            });
        }
        let end = |value: &Value<'c, 'a>| places.get(&key(*value)).copied();
        let feeds: Vec<(usize, usize)> =
            feeds.iter().filter_map(|(from, to)| Some((end(from)?, end(to)?))).collect();
        for &(from, to) in &feeds {
            classes.union(from, to);
        }
        share_signs(&mut values, &feeds);
        ask_for_room(&mut values, &places);
        let class_of = classes.into_labeling();
        let mut widest: HashMap<usize, usize> = HashMap::new();
        for (place, encrypted) in values.iter().enumerate() {
            let known = widest.entry(class_of[place]).or_insert(place);
            if values[*known].needed < encrypted.needed {
                *known = place;
            }
        }
        Ok(Self { values, places, class_of, widest })
    }

    /// What is known about `value` itself.
    pub(crate) fn own(&self, value: Value<'c, 'a>) -> Option<&Encrypted<'c, 'a>> {
        self.places.get(&key(value)).map(|place| &self.values[*place])
    }

    /// The value that needs the most bits of those that share a width with `value`.
    pub(crate) fn widest(&self, value: Value<'c, 'a>) -> Option<&Encrypted<'c, 'a>> {
        let place = self.places.get(&key(value))?;
        self.widest.get(&self.class_of[*place]).map(|place| &self.values[*place])
    }

    /// The width of `value` and of all that share it.
    pub(crate) fn width(&self, value: Value<'c, 'a>) -> Option<Width> {
        self.widest(value).map(|encrypted| encrypted.needed)
    }
}

/// Widens the inputs and results of operations on digits.
fn ask_for_room(values: &mut [Encrypted<'_, '_>], places: &HashMap<usize, usize>) {
    for place in 0..values.len() {
        let encrypted = &values[place];
        let Some(FheOp::Digits(digits)) = FheOp::of(encrypted.op) else { continue };
        let Some(&operand) = places.get(&key(walk::operand(encrypted.op, 0))) else { continue };
        let input = Input {
            range: values[operand].range,
            is_signed: values[operand].is_signed,
            reached: attr::get_reached(&encrypted.op),
        };
        let asked = rounding::asked_widths(&digits, input);
        for (place, asked) in [(operand, asked.input), (place, asked.result)] {
            values[place].needed = values[place].needed.max(asked);
        }
    }
}

/// Where one end of a feed is signed, so is the other, unless it is declared.
fn share_signs(values: &mut [Encrypted<'_, '_>], feeds: &[(usize, usize)]) {
    let mut is_steady = false;
    while !is_steady {
        is_steady = true;
        for &(from, to) in feeds {
            let is_signed = values[from].is_signed || values[to].is_signed;
            for end in [from, to] {
                let end = &mut values[end];
                if is_signed && !end.is_signed && end.ty.integer().is_none() {
                    end.is_signed = true;
                    end.needed = needed(end.range, true, &end.ty);
                    is_steady = false;
                }
            }
        }
    }
}

/// Bits for a range, at least those declared.
fn needed((lo, hi): Range, is_signed: bool, ty: &ValueType) -> Width {
    // A signed value that is never negative still has a sign bit.
    let needed = width_of_range(lo, hi).0 + u32::from(is_signed && lo >= 0);
    let declared = ty.integer().map_or(0, |(width, _)| width.0);
    Width(needed.max(declared))
}

/// Bits in which what a value can be led to saturates where it is looked up or returned. Roundings ask for theirs themselves.
fn room<'c: 'a, 'a>(op: OperationRef<'c, 'a>, value: Value<'c, 'a>, range: Range, is_signed: bool) -> Width {
    let Some(reached) = attr::get_reached(&op) else { return Width(0) };
    let of_user = |user: OperationRef<'c, 'a>| match FheOp::of(user) {
        Some(FheOp::Lookup(_)) => encoding::folding_width(bounds::wide(range), reached),
        Some(
            FheOp::Linear(_)
            | FheOp::Digits(_)
            | FheOp::Constant { .. }
            | FheOp::Pairwise(_)
            | FheOp::Select
            | FheOp::JointLookup(_)
            | FheOp::Map { .. },
        ) => Width(0),
        None => encoding::reading_width(is_signed, reached),
    };
    walk::users(value).into_iter().map(of_user).max().unwrap_or(Width(0))
}

fn encrypted<'c: 'a, 'a>(function: Function<'c, 'a>) -> Result<Vec<Encrypted<'c, 'a>>, Failed> {
    let mut values = vec![];
    for argument in function.arguments() {
        values.extend(read(function, argument, function.op)?);
    }
    for op in function.operations() {
        for result in op.results() {
            values.extend(read(function, result.into(), op)?);
        }
    }
    Ok(values)
}

fn read<'c: 'a, 'a>(
    function: Function<'c, 'a>,
    value: Value<'c, 'a>,
    op: OperationRef<'c, 'a>,
) -> Result<Option<Encrypted<'c, 'a>>, Failed> {
    let ty = facts::value_type(value, op)?;
    match ty.element {
        Element::Encrypted { .. } => {}
        Element::Clear | Element::ClearReal | Element::Lwe { .. } => return Ok(None),
        Element::EncryptedReal => {
            return Err(fail(op, "a real number has no width; run `fhe-fuse-maps` first"));
        }
    }
    let range = match FheOp::of(op) {
        Some(FheOp::Map { .. }) => {
            return Err(fail(
                op,
                "a map needs a table before widths are inferred; run `fhe-build-tables` first",
            ));
        }
        // The entries are facts, the width of the type alone is none.
        Some(FheOp::Lookup(lookup)) => {
            let reached = facts::range(function, walk::operand(op, 0)).map(|input| reachable(&lookup, input));
            match (attr::get_range(&op), reached) {
                (Some(measured), Some(reached)) => Some(join(measured, reached)),
                (given, reached) => reached.or(given),
            }
        }
        Some(FheOp::Pairwise(_) | FheOp::Select | FheOp::JointLookup(_)) => {
            return Err(facts::several_left(op));
        }
        Some(FheOp::Constant { .. } | FheOp::Linear(_) | FheOp::Digits(_)) | None => {
            facts::range(function, value)
        }
    };
    let range = range.ok_or_else(|| {
        let message = format!(
            "a value of type `{ty}` has no range; run `fhe-infer-ranges` or compile with an input set"
        );
        fail(op, &message)
    })?;
    let is_signed = match ty.integer() {
        Some((_, is_signed)) => is_signed,
        None => range.0 < 0,
    };
    let needed = needed(range, is_signed, &ty).max(room(op, value, range, is_signed));
    Ok(Some(Encrypted { function, value, op, ty, range, is_signed, needed }))
}
