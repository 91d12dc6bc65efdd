//! The graph as text: a node a line with its type and, where known, its range.
//!
//! ```text
//! %0 = x                  # EncryptedTensor<uint4, shape=(3,)>        ∈ [0, 9]
//! %1 = [1 2 3]            # ClearTensor<uint2, shape=(3,)>            ∈ [1, 3]
//! %2 = dot(%0, %1)        # EncryptedScalar<uint6>                    ∈ [0, 54]
//! return %2
//! ```

use crate::elementwise::Number;
use crate::graph::{NodeId, OpGraph};
use crate::node::{ElementType, Node, NodeKind};
use crate::shapes::linear_name;
use cloakwork_abi::encoding::width_of_range;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::digits::{Digits, Exactness};
use cloakwork_ir::linear::Linear;
use ndarray::ArrayD;
use std::fmt::Display;

/// Characters of a constant before its middle is left out.
const CONSTANT_LENGTH: usize = 25;

/// What [`format_graph`] shows beside nodes and types.
#[derive(Clone, Copy, Debug, Default)]
pub struct FormatOptions<'r> {
    /// A range for each node, as [`crate::calibrate::node_ranges`] gives them.
    pub ranges: Option<&'r [Option<(i64, i64)>]>,
    /// Whether each line ends in the place in the source.
    pub places: Places,
}

/// See [`FormatOptions`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Places {
    /// Not shown.
    #[default]
    Hidden,
    /// `file:line`
    Shown,
}

/// The graph as text, without a newline at the end.
pub fn format_graph(graph: &OpGraph, options: FormatOptions<'_>) -> String {
    let range = |id: NodeId| range_of(graph, id, options.ranges);
    let digits = graph.len().saturating_sub(1).to_string().len();
    let rows: Vec<[String; 5]> = graph
        .nodes()
        .map(|(id, node)| {
            let shown = options.ranges.and_then(|_| range(id));
            let place = node.location.as_ref().filter(|_| options.places == Places::Shown);
            [
                format!(
                    "{:>width$} = {}",
                    format!("%{}", id.index()),
                    node_text(graph, id, node),
                    width = digits + 1
                ),
                format!("# {}", type_text(node, range(id))),
                shown.map_or(String::new(), |(lo, hi)| format!("∈ [{lo}, {hi}]")),
                node.tag.as_ref().map_or(String::new(), |tag| format!("@ {tag}")),
                place.map_or(String::new(), |at| format!("{}:{}", at.file, at.line)),
            ]
        })
        .collect();
    let length = |text: &str| text.chars().count();
    let widths: [usize; 5] =
        std::array::from_fn(|column| rows.iter().map(|row| length(&row[column])).max().unwrap_or(0));
    let mut lines: Vec<String> = vec![];
    for row in &rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // A column that is empty in every line takes no room.
            let room = if width == 0 { 0 } else { width + 8 };
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', room - length(cell)));
        }
        lines.push(line.trim_end().to_owned());
    }
    lines.push(format!("return {}", list(graph.outputs().iter().map(|id| format!("%{}", id.index())))));
    lines.join("\n")
}

/// The greatest width of any integer in the program, once ranges are known; `None` without any.
pub fn maximum_integer_bit_width(graph: &OpGraph, ranges: &[Option<(i64, i64)>]) -> Option<Width> {
    let widths = graph.nodes().filter(|(_, node)| node.element.number() == Number::Int);
    widths
        .filter_map(|(id, _)| range_of(graph, id, Some(ranges)))
        .map(|(lo, hi)| width_of_range(lo, hi))
        .max()
}

/// The given range, else what constants and declarations say.
fn range_of(graph: &OpGraph, id: NodeId, ranges: Option<&[Option<(i64, i64)>]>) -> Option<(i64, i64)> {
    let given = ranges.and_then(|ranges| ranges.get(id.index()).copied().flatten());
    given.or_else(|| match &graph.node(id).kind {
        NodeKind::Constant(values) => Some((*values.iter().min()?, *values.iter().max()?)),
        NodeKind::Input(index) => graph.inputs()[*index].declared.range(),
        NodeKind::RealConstant(_)
        | NodeKind::Encrypt
        | NodeKind::Linear(_)
        | NodeKind::Lookup(_)
        | NodeKind::Digits(_)
        | NodeKind::Unary(_)
        | NodeKind::Binary(_)
        | NodeKind::Host(_) => None,
    })
}

fn type_text(node: &Node, range: Option<(i64, i64)>) -> String {
    let status = if node.element.is_encrypted() { "Encrypted" } else { "Clear" };
    let element = match (node.element, range) {
        (ElementType::EncryptedReal | ElementType::ClearReal, _) => "float64".to_owned(),
        (ElementType::Encrypted { .. } | ElementType::Clear, None) => "integer".to_owned(),
        (ElementType::Encrypted { is_signed }, Some((lo, hi))) => {
            let is_signed = is_signed.unwrap_or(lo < 0);
            // A type declared signed has a sign bit even if no negative value was seen.
            let lo = if is_signed { lo.min(-1) } else { lo };
            integer_text(lo, hi)
        }
        (ElementType::Clear, Some((lo, hi))) => integer_text(lo, hi),
    };
    if node.shape.is_empty() {
        format!("{status}Scalar<{element}>")
    } else {
        format!("{status}Tensor<{element}, shape={}>", tuple(&node.shape))
    }
}

fn integer_text(lo: i64, hi: i64) -> String {
    format!("{}{}", if lo < 0 { "int" } else { "uint" }, width_of_range(lo, hi))
}

fn node_text(graph: &OpGraph, id: NodeId, node: &Node) -> String {
    let operands: Vec<String> =
        graph.operands(id).iter().map(|operand| format!("%{}", operand.index())).collect();
    let call = |name: &str, extra: String| {
        let all = operands.iter().cloned().chain((!extra.is_empty()).then_some(extra));
        format!("{name}({})", list(all))
    };
    match &node.kind {
        NodeKind::Input(index) => graph.inputs()[*index].name.clone(),
        NodeKind::Constant(values) => shortened(&array_text(values, &i64::to_string)),
        NodeKind::RealConstant(values) => shortened(&array_text(values, &|value| format!("{value:?}"))),
        NodeKind::Encrypt => call("encrypt", String::new()),
        NodeKind::Linear(linear) => linear_text(linear, &operands, &node.shape, call),
        NodeKind::Lookup(table) => match table.selector() {
            None => {
                let row = table.tables().index_axis(ndarray::Axis(0), 0).to_owned();
                call("tlu", format!("table={}", shortened(&array_text(&row, &i64::to_string))))
            }
            Some(_) => {
                call("tlu", format!("tables={}", shortened(&array_text(table.tables(), &i64::to_string))))
            }
        },
        NodeKind::Digits(digits) => {
            let (bits, exactness) = match *digits {
                Digits::Round { bits, exactness } | Digits::Truncate { bits, exactness } => (bits, exactness),
                Digits::LowBits { bits } | Digits::LowBitsBelow { bits } | Digits::Bit { position: bits } => {
                    (bits, Exactness::Exact)
                }
                Digits::Reinterpret { to, .. } => (to.0, Exactness::Exact),
            };
            let approximate = if exactness == Exactness::Approximate { ", approximate" } else { "" };
            call(digits_name(digits), format!("bits={bits}{approximate}"))
        }
        NodeKind::Unary(function) => call(function.name(), String::new()),
        NodeKind::Binary(function) => call(function.name(), String::new()),
        NodeKind::Host(function) => call(&function.name, String::new()),
    }
}

/// Name of an operation on digits in the tracer, which has no others.
pub(crate) fn digits_name(digits: &Digits) -> &'static str {
    match digits {
        Digits::Round { .. } => "round_bits",
        Digits::Truncate { .. } => "truncate_bits",
        Digits::LowBits { .. } | Digits::LowBitsBelow { .. } => "low_bits",
        Digits::Bit { .. } | Digits::Reinterpret { .. } => digits.mnemonic(),
    }
}

fn linear_text(
    linear: &Linear,
    operands: &[String],
    shape: &[usize],
    call: impl Fn(&str, String) -> String,
) -> String {
    let name = linear_name(linear);
    match linear {
        Linear::Add
        | Linear::AddClear
        | Linear::Sub
        | Linear::Neg
        | Linear::MulClear
        | Linear::Dot
        | Linear::Matmul => call(name, String::new()),
        Linear::Conv2d(conv) => call(
            name,
            format!(
                "strides={}, padding={}, dilations={}, groups={}",
                tuple(&conv.strides),
                tuple(&conv.padding),
                tuple(&conv.dilations),
                conv.groups
            ),
        ),
        Linear::Sum { axes } => match axes.as_slice() {
            [axis] => call(name, format!("axis={axis}")),
            axes => call(name, format!("axis={}", tuple(axes))),
        },
        Linear::Reshape => call(name, format!("newshape={}", tuple(shape))),
        Linear::Transpose { permutation } => call(name, format!("axes={}", tuple(permutation))),
        Linear::Broadcast => call(name, format!("shape={}", tuple(shape))),
        Linear::Concat { axis } => format!("{name}(({}), axis={axis})", list(operands.iter())),
        Linear::Gather { indices } => {
            let indices = ArrayD::from_shape_vec(shape.to_vec(), indices.clone()).unwrap_or_default();
            format!("{}.flat[{}]", operands[0], shortened(&array_text(&indices, &usize::to_string)))
        }
        Linear::GatherAt { axis } => format!("{}[{}{}]", operands[0], ":, ".repeat(*axis), operands[1]),
        Linear::SetAt { axis } => {
            format!("({}[{}{}] = {})", operands[0], ":, ".repeat(*axis), operands[2], operands[1])
        }
        Linear::Slice { offsets, strides } => {
            let axis = |axis: usize| range_text(offsets[axis] as i64, strides[axis], shape[axis] as i64);
            format!("{}[{}]", operands[0], list((0..shape.len()).map(axis)))
        }
    }
}

/// `start:stop`, or `start:stop:step`.
fn range_text(offset: i64, stride: i64, count: i64) -> String {
    let last = offset + (count - 1) * stride;
    match stride {
        1 => format!("{offset}:{}", last + 1),
        stride if stride > 0 => format!("{offset}:{}:{stride}", last + 1),
        stride if last == 0 => format!("{offset}::{stride}"),
        stride => format!("{offset}:{}:{stride}", last - 1),
    }
}

fn list<T: Display>(items: impl Iterator<Item = T>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

fn tuple(sizes: &[usize]) -> String {
    match sizes {
        [size] => format!("({size},)"),
        sizes => format!("({})", list(sizes.iter())),
    }
}

/// `[[1 2] [3 4]]`; a scalar as the number itself.
fn array_text<T: Clone>(values: &ArrayD<T>, text: &dyn Fn(&T) -> String) -> String {
    match values.ndim() {
        0 => values.iter().map(text).collect(),
        _ => {
            let rows = values.outer_iter().map(|row| array_text(&row.to_owned(), text));
            // Whoever cuts the middle out needs no more than this from each end.
            let rows: Vec<String> = if values.shape()[0] > 4 * CONSTANT_LENGTH {
                let all: Vec<String> = rows.collect();
                [&all[..CONSTANT_LENGTH], &all[all.len() - CONSTANT_LENGTH..]].concat()
            } else {
                rows.collect()
            };
            format!("[{}]", rows.join(" "))
        }
    }
}

/// The two ends of a text that is too long.
fn shortened(text: &str) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= CONSTANT_LENGTH {
        return text.to_owned();
    }
    let gap = " ... ";
    let end = (CONSTANT_LENGTH - gap.len()) / 2;
    let (head, tail) = (&characters[..end], &characters[characters.len() - end..]);
    format!("{}{gap}{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}
