//! Functions of several values, matrix products and sums over named indices.

use super::super::error::refuse;
use super::super::node::{Imported, Node, result};
use super::super::value::{Kind, Tensor};
use crate::model::op::{Binary, ModelOp, Reduce};
use crate::model::{ShapeError, ValueId};
use cloakwork_abi::processing::Function;
use ndarray::{ArrayD, IxDyn};

/// Two inputs.
pub(super) fn binary(node: &mut Node<'_>, binary: Binary) -> Imported {
    let (a, b) = (node.input(0)?, node.input(1)?);
    let id = node.binary(binary, a.id, b.id)?;
    result(id, if a.kind == Kind::Real { b_kind(a, b) } else { a.kind })
}

/// Two inputs, yes or no.
pub(super) fn compare(node: &mut Node<'_>, binary: Binary) -> Imported {
    let (a, b) = (node.input(0)?, node.input(1)?);
    let id = node.binary(binary, a.id, b.id)?;
    result(id, Kind::Boolean)
}

/// Any number of inputs.
pub(super) fn fold(node: &mut Node<'_>, binary: Binary) -> Imported {
    let inputs = node.inputs_from(0)?;
    let Some((first, rest)) = inputs.split_first() else { return refuse("no input", "at least one", "") };
    let mut id = first.id;
    for next in rest {
        id = node.binary(binary, id, next.id)?;
    }
    result(id, first.kind)
}

pub(super) fn mean(node: &mut Node<'_>) -> Imported {
    let count = node.proto.input.len();
    let sum = fold(node, Binary::Add)?;
    let sum = node.numbers(sum[0].clone())?;
    let share = node.scalar(1.0 / count as f64)?;
    let id = node.binary(Binary::Mul, sum.id, share)?;
    result(id, sum.kind)
}

/// Of integers towards 0.
pub(super) fn div(node: &mut Node<'_>) -> Imported {
    let (a, b) = (node.input(0)?, node.input(1)?);
    if a.kind.is_integer() && node.builder.known(b.id).is_some_and(|b| b.iter().any(|v| *v == 0.0)) {
        return refuse("an integer divided by 0", "another divisor", "");
    }
    let mut id = node.binary(Binary::Div, a.id, b.id)?;
    if a.kind.is_integer() {
        id = node.function(Function::Truncate, id)?;
    }
    result(id, a.kind)
}

pub(super) fn modulo(node: &mut Node<'_>) -> Imported {
    let is_fmod = node.flag("fmod", false);
    let (a, b) = (node.input(0)?, node.input(1)?);
    if !is_fmod {
        let id = node.binary(Binary::Mod, a.id, b.id)?;
        return result(id, a.kind);
    }
    let quotient = node.binary(Binary::Div, a.id, b.id)?;
    let whole = node.function(Function::Truncate, quotient)?;
    let multiple = node.binary(Binary::Mul, whole, b.id)?;
    let id = node.binary(Binary::Sub, a.id, multiple)?;
    result(id, a.kind)
}

pub(super) fn pow(node: &mut Node<'_>) -> Imported {
    let (a, b) = (node.input(0)?, node.input(1)?);
    let known = node.builder.known(b.id).filter(|b| b.len() == 1).and_then(|b| b.first().copied());
    let id = match known {
        Some(exponent) if node.shape(b.id).len() <= node.shape(a.id).len() => {
            node.function(Function::Power { exponent }, a.id)?
        }
        _ => node.binary(Binary::Pow, a.id, b.id)?,
    };
    result(id, a.kind)
}

pub(super) fn matmul(node: &mut Node<'_>) -> Imported {
    let (a, b) = (node.input(0)?, node.input(1)?);
    let id = node.builder.push(ModelOp::MatMul, &[a.id, b.id])?;
    result(id, a.kind)
}

/// `alpha · A · B + beta · C`
pub(super) fn gemm(node: &mut Node<'_>) -> Imported {
    let (alpha, beta) = (node.float("alpha", 1.0), node.float("beta", 1.0));
    let transposed = [node.flag("transA", false), node.flag("transB", false)];
    let mut factors = [node.input(0)?.id, node.input(1)?.id];
    for (factor, is_transposed) in factors.iter_mut().zip(transposed) {
        if node.shape(*factor).len() != 2 {
            return refuse(format!("a factor of shape {:?}", node.shape(*factor)), "matrices", "");
        }
        if is_transposed {
            *factor = node.transpose(*factor, &[1, 0])?;
        }
    }
    let mut id = node.builder.push(ModelOp::MatMul, &factors)?;
    if alpha != 1.0 {
        let alpha = node.scalar(alpha)?;
        id = node.binary(Binary::Mul, id, alpha)?;
    }
    if node.has(2) && beta != 0.0 {
        let mut bias = node.input(2)?.id;
        if beta != 1.0 {
            let beta = node.scalar(beta)?;
            bias = node.binary(Binary::Mul, bias, beta)?;
        }
        id = node.binary(Binary::Add, id, bias)?;
    }
    result(id, Kind::Real)
}

/// A product with a triangle of ones.
pub(super) fn cumulative_sum(node: &mut Node<'_>) -> Imported {
    let (exclusive, reverse) = (node.flag("exclusive", false), node.flag("reverse", false));
    let x = node.input(0)?;
    let shape = node.shape(x.id);
    let Some(Some(given)) = node.known_ints(1)?.map(|axes| axes.first().copied()) else {
        return refuse("no axis", "one axis", "");
    };
    let at = super::super::value::axis(given, shape.len())?;
    let size = shape[at];
    node.builder.spend(&[size, size])?;
    let adds = |from: usize, to: usize| if reverse { from > to } else { from < to };
    let triangle = ArrayD::from_shape_fn(IxDyn(&[size, size]), |place| {
        f64::from(adds(place[0], place[1]) || (!exclusive && place[0] == place[1]))
    });
    let triangle = node.constant(triangle)?;
    let mut order: Vec<usize> = (0..shape.len()).collect();
    let last = shape.len() - 1;
    order.swap(at, last);
    let turned = node.transpose(x.id, &order)?;
    let sums = node.builder.push(ModelOp::MatMul, &[turned, triangle])?;
    let id = node.transpose(sums, &order)?;
    result(id, x.kind)
}

/// Sums of products over named indices, as one matrix product with groups of indices: those of both that stay, those of
/// one, those summed.
pub(super) fn einsum(node: &mut Node<'_>) -> Imported {
    let equation: String = node.text("equation", "").chars().filter(|c| !c.is_whitespace()).collect();
    let (left, right) = match equation.split_once("->") {
        Some((left, right)) => (left.to_owned(), right.to_owned()),
        None => {
            let mut once: Vec<char> = equation.chars().filter(|c| *c != ',').collect();
            once.sort_unstable();
            let counts = once.clone();
            once.retain(|c| counts.iter().filter(|other| *other == c).count() == 1);
            (equation.clone(), once.into_iter().collect())
        }
    };
    let terms: Vec<Vec<char>> = left.split(',').map(|term| term.chars().collect()).collect();
    let repeats = |term: &[char]| (1..term.len()).any(|i| term[..i].contains(&term[i]));
    let right: Vec<char> = right.chars().collect();
    let is_plain = equation.chars().all(|c| c.is_ascii_alphabetic() || ",->".contains(c))
        && terms.len() == node.proto.input.len()
        && !terms.iter().any(|term| repeats(term))
        && !repeats(&right)
        && right.iter().all(|index| terms.iter().any(|term| term.contains(index)));
    if !is_plain || terms.len() > 2 {
        return refuse(
            format!("`{equation}`"),
            "one or two operands whose indices are letters that do not repeat within an operand",
            "write it as `MatMul` and `Transpose`",
        );
    }
    let mut sizes = std::collections::BTreeMap::new();
    let mut operands = Vec::new();
    for (i, term) in terms.iter().enumerate() {
        let x = node.input(i)?;
        let shape = node.shape(x.id);
        if shape.len() != term.len() {
            return refuse(
                format!("`{equation}` for a value of shape {shape:?}"),
                "an index for each axis",
                "",
            );
        }
        for (index, size) in term.iter().zip(shape) {
            if *sizes.entry(*index).or_insert(size) != size {
                return refuse(format!("index `{index}` of different sizes"), "one size for each index", "");
            }
        }
        let alone = |index: &&char| {
            !right.contains(index) && !terms.iter().enumerate().any(|(j, t)| j != i && t.contains(index))
        };
        let summed: Vec<usize> = (0..term.len()).filter(|k| alone(&&term[*k])).collect();
        let kept: Vec<char> = term.iter().filter(|index| !alone(index)).copied().collect();
        let id = match summed.is_empty() {
            true => x.id,
            false => node
                .builder
                .push(ModelOp::Reduce { kind: Reduce::Sum, axes: summed, keep: false }, &[x.id])?,
        };
        operands.push((id, kept));
    }
    let (id, order) = match operands.as_slice() {
        [(id, indices)] => (*id, indices.clone()),
        [a, b] => product(node, a, b, &right, &|index| sizes[&index])?,
        _ => return refuse("no operand", "one or two", ""),
    };
    let permutation: Vec<usize> =
        right.iter().filter_map(|index| order.iter().position(|other| other == index)).collect();
    let id = node.transpose(id, &permutation)?;
    result(id, Kind::Real)
}

type Indexed = (ValueId, Vec<char>);

fn product(
    node: &mut Node<'_>,
    a: &Indexed,
    b: &Indexed,
    right: &[char],
    size: &dyn Fn(char) -> usize,
) -> Result<Indexed, ShapeError> {
    let shared = |keep: bool| -> Vec<char> {
        a.1.iter().filter(|i| b.1.contains(i) && right.contains(i) == keep).copied().collect()
    };
    let (batch, summed) = (shared(true), shared(false));
    let own = |term: &[char], other: &[char]| -> Vec<char> {
        term.iter().filter(|i| !other.contains(i)).copied().collect()
    };
    let (rows, columns) = (own(&a.1, &b.1), own(&b.1, &a.1));
    let total = |indices: &[char]| indices.iter().map(|i| size(*i)).product::<usize>();
    let mut group = |operand: &Indexed, groups: [&[char]; 3]| {
        let order: Vec<char> = groups.concat();
        let permutation: Vec<usize> =
            order.iter().filter_map(|i| operand.1.iter().position(|other| other == i)).collect();
        let turned = node.transpose(operand.0, &permutation)?;
        node.reshape(turned, &groups.map(total))
    };
    let left = group(a, [&batch, &rows, &summed])?;
    let right = group(b, [&batch, &summed, &columns])?;
    let product = node.builder.push(ModelOp::MatMul, &[left, right])?;
    let order: Vec<char> = [batch, rows, columns].concat();
    let shape: Vec<usize> = order.iter().map(|i| size(*i)).collect();
    Ok((node.reshape(product, &shape)?, order))
}

fn b_kind(a: Tensor, b: Tensor) -> Kind {
    if b.kind == Kind::Real { b.kind } else { a.kind }
}
