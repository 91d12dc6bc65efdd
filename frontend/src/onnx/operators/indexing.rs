//! Elements at positions, unit vectors, and images of other sizes.

use super::super::error::{Refusal, refuse};
use super::super::node::{Imported, Node, result};
use super::super::value::{Kind, Value, axis};
use crate::model::op::{Binary, ModelOp};
use crate::model::{ValueId, shape};
use cloakwork_abi::processing::{Function, Labels};
use ndarray::{ArrayD, IxDyn};

pub(super) fn gather(node: &mut Node<'_>) -> Imported {
    let given = node.int("axis", 0);
    let (x, positions) = (node.input(0)?, node.input(1)?);
    let (from, at) = (node.shape(x.id), node.shape(positions.id));
    let axis = axis(given, from.len())?;
    // The axis comes first, elements are picked, and what stood before it comes to the front again.
    let order: Vec<usize> = [axis].into_iter().chain((0..from.len()).filter(|i| *i != axis)).collect();
    let front = node.transpose(x.id, &order)?;
    let picked = node.pick(front, positions.id)?;
    let rank = at.len();
    let back: Vec<usize> =
        (rank..rank + axis).chain(0..rank).chain(rank + axis..rank + from.len() - 1).collect();
    let id = node.transpose(picked, &back)?;
    result(id, x.kind)
}

pub(super) fn gather_elements(node: &mut Node<'_>) -> Imported {
    let given = node.int("axis", 0);
    let x = node.input(0)?;
    let from = node.shape(x.id);
    let axis = axis(given, from.len())?;
    let positions = node.known(1)?;
    let fits = positions.ndim() == from.len()
        && (0..from.len()).all(|i| i == axis || positions.shape()[i] <= from[i]);
    if !fits {
        return refuse(
            format!("positions of shape {:?} in {from:?}", positions.shape()),
            "as many axes, none longer",
            "",
        );
    }
    let size = from[axis] as f64;
    let to = positions.shape().to_vec();
    let wrapped = positions.mapv(|v| if v < 0.0 { v + size } else { v });
    if let Some(outside) = wrapped.iter().find(|v| !(**v >= 0.0 && **v < size)) {
        return refuse(
            format!("position {outside} on an axis of {size} elements"),
            "positions on the axis",
            "",
        );
    }
    let id = node.fill(x.id, &to, 0.0, |place| {
        let taken = wrapped[IxDyn(place)] as usize;
        Some((0..from.len()).fold(0, |at, i| at * from[i] + if i == axis { taken } else { place[i] }))
    })?;
    result(id, x.kind)
}

pub(super) fn gather_nd(node: &mut Node<'_>) -> Imported {
    if node.int("batch_dims", 0) != 0 {
        return refuse("`batch_dims`", "0", "");
    }
    let x = node.input(0)?;
    let from = node.shape(x.id);
    let positions = node.known(1)?;
    let Some((&depth, outer)) = positions.shape().split_last() else {
        return refuse("positions without axes", "a list of positions", "");
    };
    if depth > from.len() {
        return refuse(format!("positions on {depth} axes of {}", from.len()), "no more than there are", "");
    }
    let outer = outer.to_vec();
    let to: Vec<usize> = outer.iter().chain(&from[depth..]).copied().collect();
    let wrapped: Vec<i64> = positions.iter().map(|v| *v as i64).collect();
    let mut bases = Vec::new();
    for position in wrapped.chunks(depth.max(1)) {
        let mut base = 0;
        for (i, v) in position.iter().take(depth).enumerate() {
            let v = if *v < 0 { v.saturating_add(from[i] as i64) } else { *v };
            if !(0..from[i] as i64).contains(&v) {
                return refuse(
                    format!("position {v} on an axis of {} elements", from[i]),
                    "positions on the axis",
                    "",
                );
            }
            base = base * from[i] + v as usize;
        }
        bases.push(base);
    }
    let id = node.fill(x.id, &to, 0.0, |place| {
        let which = place.iter().zip(&outer).fold(0, |at, (place, size)| at * size + place);
        let rest = place[outer.len()..].iter().zip(&from[depth..]);
        Some(rest.fold(*bases.get(which)?, |at, (place, size)| at * size + place))
    })?;
    result(id, x.kind)
}

/// `values[1]` where the position on the new axis is that of the value, else `values[0]`.
pub(super) fn one_hot(node: &mut Node<'_>) -> Imported {
    let given = node.int("axis", -1);
    let x = node.input(0)?;
    let depth = node.known(1)?.first().copied().unwrap_or(0.0);
    let values = node.known(2)?;
    let kind = node.input(2)?.kind;
    let &[off, on] = values.iter().copied().collect::<Vec<_>>().as_slice() else {
        return refuse(format!("{} values", values.len()), "two: off and on", "");
    };
    if !(depth >= 0.0 && depth <= shape::MAX_ELEMENTS as f64) {
        return refuse(format!("depth {depth}"), format!("0 to {}", shape::MAX_ELEMENTS), "");
    }
    let depth = depth as usize;
    let from = node.shape(x.id);
    let at = axis(given, from.len() + 1)?;
    let mut wide = from.clone();
    wide.insert(at, 1);
    let x = node.reshape(x.id, &wide)?;
    node.builder.spend(&[depth])?;
    let range = node.along((0..depth).map(|i| i as f64).collect(), at, wide.len())?;
    // Negative positions count from the last.
    let size = node.scalar(depth as f64)?;
    let x = node.binary(Binary::Mod, x, size)?;
    let units = node.binary(Binary::Equal, x, range)?;
    let id = match (off, on) {
        (0.0, 1.0) => units,
        _ => node.function(Function::Affine { scale: on - off, offset: off }, units)?,
    };
    result(id, kind)
}

/// Columns of a value; positions in a list of labels are those labels.
pub(super) fn array_feature_extractor(node: &mut Node<'_>) -> Imported {
    let positions = node.input(1)?;
    let table = match node.value(0)? {
        Value::Labels { positions: list, labels } if node.builder.known(list).is_some() => Some(labels),
        value => {
            let x = node.numbers(value)?;
            let is_list = node.shape(x.id).len() == 1 && node.builder.known(positions.id).is_none();
            match node.builder.known(x.id) {
                Some(known) if is_list && x.kind.is_integer() => {
                    Some(Labels::Integers(known.iter().map(|v| *v as i64).collect()))
                }
                _ => None,
            }
        }
    };
    let count: usize = node.shape(positions.id).iter().product();
    if let Some(labels) = table {
        let positions = node.reshape(positions.id, &[1, count])?;
        return Ok(vec![Value::Labels { positions, labels }]);
    }
    let x = node.input(0)?;
    let from = node.shape(x.id);
    let Some((&last, outer)) = from.split_last() else {
        return refuse("a value without axes", "columns", "");
    };
    let order: Vec<usize> = [outer.len()].into_iter().chain(0..outer.len()).collect();
    let front = node.transpose(x.id, &order)?;
    let positions = node.reshape(positions.id, &[count])?;
    let picked = node.pick(front, positions)?;
    let back: Vec<usize> = (1..=outer.len()).chain([0]).collect();
    let mut id = node.transpose(picked, &back)?;
    if outer.is_empty() || last == 0 {
        id = node.reshape(id, &[1, count])?;
    }
    result(id, x.kind)
}

/// Images of another size: nearest elements, or linear between them.
pub(super) fn resize(node: &mut Node<'_>) -> Imported {
    let mode = node.text("mode", "nearest");
    let place = node.text("coordinate_transformation_mode", "half_pixel");
    let nearest = node.text("nearest_mode", "round_prefer_floor");
    node.ignore(&["cubic_coeff_a", "extrapolation_value", "exclude_outside"]);
    if node.flag("antialias", false) || node.text("keep_aspect_ratio_policy", "stretch") != "stretch" {
        return refuse("antialiasing or a kept aspect ratio", "neither", "");
    }
    let scales = node.known_if_any(2)?.filter(|scales| !scales.is_empty());
    let sizes = node.known_ints(3)?.filter(|sizes| !sizes.is_empty());
    let x = node.input(0)?;
    let from = node.shape(x.id);
    let axes: Vec<usize> = match node.ints("axes") {
        None => (0..from.len()).collect(),
        Some(axes) => axes.iter().map(|a| axis(*a, from.len())).collect::<Result<_, _>>()?,
    };
    let factors: Vec<f64> = match (scales, &sizes) {
        (Some(scales), None) => scales.iter().copied().collect(),
        (None, Some(sizes)) => {
            axes.iter().zip(sizes).map(|(at, size)| *size as f64 / from[*at].max(1) as f64).collect()
        }
        _ => return refuse("scales and sizes, or neither", "one of them", ""),
    };
    if factors.len() != axes.len() || factors.iter().any(|factor| !(*factor > 0.0 && factor.is_finite())) {
        return refuse(format!("scales {factors:?} of axes {axes:?}"), "a number above 0 for each axis", "");
    }
    let lengths = |i: usize, at: usize| match &sizes {
        Some(sizes) => usize::try_from(sizes[i]).unwrap_or(0),
        None => (from[at] as f64 * factors[i]).floor() as usize,
    };
    let mut id = x.id;
    for (i, at) in axes.iter().enumerate() {
        let scale = Scale { from: from[*at], to: lengths(i, *at), factor: factors[i] };
        if scale.to != scale.from || factors[i] != 1.0 {
            id = scale_axis(node, id, *at, scale, [&mode, &place, &nearest])?;
        }
    }
    result(id, x.kind)
}

/// Nearest elements at whole factors.
pub(super) fn upsample(node: &mut Node<'_>) -> Imported {
    let mode = node.text("mode", "nearest");
    let factors: Vec<f64> = match node.floats("scales") {
        scales if scales.is_empty() => node.known(1)?.iter().copied().collect(),
        scales => scales,
    };
    let x = node.input(0)?;
    let from = node.shape(x.id);
    if mode != "nearest"
        || factors.len() != from.len()
        || factors.iter().any(|factor| !(*factor >= 1.0 && *factor <= 65_536.0))
    {
        return refuse(
            format!("mode `{mode}` with scales {factors:?}"),
            "`nearest` with a factor for each axis",
            "",
        );
    }
    let mut id = x.id;
    for (at, factor) in factors.iter().enumerate().filter(|(_, factor)| **factor != 1.0) {
        let scale =
            Scale { from: from[at], to: (from[at] as f64 * factor).floor() as usize, factor: *factor };
        id = scale_axis(node, id, at, scale, ["nearest", "asymmetric", "floor"])?;
    }
    result(id, x.kind)
}

/// How an axis is stretched.
#[derive(Clone, Copy)]
struct Scale {
    from: usize,
    to: usize,
    factor: f64,
}

fn scale_axis(
    node: &mut Node<'_>,
    x: ValueId,
    at: usize,
    scale: Scale,
    [mode, place, nearest]: [&str; 3],
) -> Result<ValueId, Refusal> {
    let Scale { from, to, factor } = scale;
    if from == 0 {
        return refuse("an axis without elements", "at least one", "");
    }
    node.builder.spend(&[to])?;
    let source = |i: usize| -> Option<f64> {
        let i = i as f64;
        Some(match place {
            "half_pixel" => (i + 0.5) / factor - 0.5,
            "pytorch_half_pixel" if to > 1 => (i + 0.5) / factor - 0.5,
            "pytorch_half_pixel" => 0.0,
            "asymmetric" => i / factor,
            "align_corners" if to > 1 => i * (from as f64 - 1.0) / (to as f64 - 1.0),
            "align_corners" => 0.0,
            _ => return None,
        })
    };
    let last = from as f64 - 1.0;
    let Some(places) = (0..to).map(source).collect::<Option<Vec<f64>>>() else {
        return refuse(
            format!("`coordinate_transformation_mode` `{place}`"),
            "`half_pixel`, `pytorch_half_pixel`, `asymmetric` or `align_corners`",
            "",
        );
    };
    let shape = node.shape(x);
    match mode {
        "nearest" => {
            let round = |v: f64| match nearest {
                "round_prefer_floor" => Some((v - 0.5).ceil()),
                "round_prefer_ceil" => Some((v + 0.5).floor()),
                "floor" => Some(v.floor()),
                "ceil" => Some(v.ceil()),
                _ => None,
            };
            let Some(sources) = places.iter().map(|v| round(*v)).collect::<Option<Vec<f64>>>() else {
                return refuse(format!("`nearest_mode` `{nearest}`"), "rounding, `floor` or `ceil`", "");
            };
            let mut wanted = shape.clone();
            wanted[at] = to;
            node.fill(x, &wanted, 0.0, |place| {
                let taken = sources[place[at]].clamp(0.0, last) as usize;
                Some(
                    (0..shape.len())
                        .fold(0, |sum, i| sum * shape[i] + if i == at { taken } else { place[i] }),
                )
            })
        }
        "linear" => {
            node.builder.spend(&[from, to])?;
            let mut weights = ArrayD::zeros(IxDyn(&[from, to]));
            for (i, v) in places.iter().enumerate() {
                let v = v.clamp(0.0, last);
                let low = v.floor();
                weights[[low as usize, i]] += 1.0 - (v - low);
                weights[[(low + 1.0).min(last) as usize, i]] += v - low;
            }
            let weights = node.constant(weights)?;
            let mut order: Vec<usize> = (0..shape.len()).collect();
            order.swap(at, shape.len() - 1);
            let turned = node.transpose(x, &order)?;
            let scaled = node.builder.push(ModelOp::MatMul, &[turned, weights])?;
            Ok(node.transpose(scaled, &order)?)
        }
        other => refuse(format!("mode `{other}`"), "`nearest` or `linear`", ""),
    }
}

/// A column for each category; numbers only.
pub(super) fn one_hot_encoder(node: &mut Node<'_>) -> Imported {
    let categories = node.ints("cats_int64s").unwrap_or_default();
    if !node.strings("cats_strings").is_empty() || categories.is_empty() {
        return refuse("categories that are strings", "integers", "number the categories before the model");
    }
    node.ignore(&["zeros"]);
    let x = node.input(0)?;
    let mut wide = node.shape(x.id);
    wide.push(1);
    let column = node.reshape(x.id, &wide)?;
    let categories = node.vector(categories.iter().map(|v| *v as f64).collect())?;
    let id = node.binary(Binary::Equal, column, categories)?;
    result(id, Kind::Real)
}

/// Numbers that stand for others.
pub(super) fn label_encoder(node: &mut Node<'_>) -> Imported {
    let names = node.strings("values_strings");
    let mut keys: Vec<f64> = node.ints("keys_int64s").unwrap_or_default().iter().map(|v| *v as f64).collect();
    keys.extend(node.floats("keys_floats"));
    let mut values: Vec<f64> =
        node.ints("values_int64s").unwrap_or_default().iter().map(|v| *v as f64).collect();
    values.extend(node.floats("values_floats"));
    let is_integer = node.ints("values_int64s").is_some_and(|values| !values.is_empty());
    if let Some((tensor, _)) = node.stored("keys_tensor")? {
        keys.extend(tensor.iter());
    }
    let mut kind = if is_integer { Kind::INT64 } else { Kind::Real };
    if let Some((tensor, of)) = node.stored("values_tensor")? {
        values.extend(tensor.iter());
        kind = of;
    }
    let mut default = node.float("default_float", 0.0);
    default = if is_integer { node.int("default_int64", -1) as f64 } else { default };
    let _ = node.stored("default_tensor")?;
    node.ignore(&["default_string", "default_int64", "keys_strings"]);
    if let Value::Labels { positions, labels: Labels::Integers(labels) } = node.value(0)? {
        // Labels under other names.
        let name = |label: &i64| keys.iter().position(|key| *key == *label as f64);
        let at: Option<Vec<usize>> = labels.iter().map(name).collect();
        if let Some(at) = at {
            let new = match (names.is_empty(), kind) {
                (false, _) => {
                    at.iter().map(|i| names.get(*i).cloned()).collect::<Option<_>>().map(Labels::Strings)
                }
                (true, Kind::Real) => None,
                (true, _) => at
                    .iter()
                    .map(|i| values.get(*i).map(|v| *v as i64))
                    .collect::<Option<_>>()
                    .map(Labels::Integers),
            };
            if let Some(labels) = new {
                return Ok(vec![Value::Labels { positions, labels }]);
            }
        }
    }
    if !names.is_empty() {
        let is_range = keys.iter().copied().eq((0..names.len()).map(|i| i as f64));
        let x = node.input(0)?;
        return match is_range {
            true => Ok(vec![Value::Labels { positions: x.id, labels: Labels::Strings(names) }]),
            false => {
                let column = column_of(node, x.id)?;
                let keys = node.vector(keys)?;
                let units = node.binary(Binary::Equal, column, keys)?;
                let rank = node.shape(units).len();
                let op = ModelOp::ArgExtreme { is_greatest: true, axis: rank - 1, keep: false };
                let positions = node.builder.push(op, &[units])?;
                Ok(vec![Value::Labels { positions, labels: Labels::Strings(names) }])
            }
        };
    }
    if keys.len() != values.len() || keys.is_empty() {
        return refuse(
            format!("{} keys that are numbers for {} values", keys.len(), values.len()),
            "as many numbers as values",
            "encode strings before the model",
        );
    }
    // default + Σ (x = key) · (value − default)
    let x = node.input(0)?;
    let column = column_of(node, x.id)?;
    let keys = node.vector(keys)?;
    let units = node.binary(Binary::Equal, column, keys)?;
    let steps = node.vector(values.iter().map(|v| v - default).collect())?;
    let sums = node.builder.push(ModelOp::MatMul, &[units, steps])?;
    let default = node.scalar(default)?;
    let id = node.binary(Binary::Add, sums, default)?;
    result(id, kind)
}

fn column_of(node: &mut Node<'_>, x: ValueId) -> Result<ValueId, Refusal> {
    let mut wide = node.shape(x);
    wide.push(1);
    Ok(node.reshape(x, &wide)?)
}
