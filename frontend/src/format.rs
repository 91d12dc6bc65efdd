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
use cloakwork_abi::bounds::{Bounds, wide};
use cloakwork_abi::encoding::width_of_bounds;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::digits::{Digits, Exactness};
use cloakwork_ir::interpret::Clear;
use cloakwork_ir::linear::Linear;
use ndarray::ArrayD;
use std::fmt::Display;

/// Characters of a constant before its middle is left out, in a graph and in a label.
pub const CONSTANT_LENGTH: usize = 25;

/// What [`format_graph`] shows beside nodes.
#[derive(Clone, Copy, Debug)]
pub struct FormatOptions<'r> {
    /// A range for each node, as [`crate::calibrate::node_ranges`] gives them.
    pub ranges: Option<&'r [Option<Bounds>]>,
    /// For each node the width that was chosen and whether it is signed, in place of what its range needs.
    pub widths: Option<&'r [Option<(Width, bool)>]>,
    /// The columns.
    pub columns: Columns,
    /// Characters of a constant before its middle is left out.
    pub constant_length: usize,
    /// Nodes with messages below them.
    pub marks: &'r [(NodeId, Vec<String>)],
    /// Messages below the results.
    pub result_marks: &'r [String],
}

impl Default for FormatOptions<'_> {
    fn default() -> Self {
        let columns = Columns { types: true, ranges: true, tags: true, places: false };
        Self {
            ranges: None,
            widths: None,
            columns,
            constant_length: CONSTANT_LENGTH,
            marks: &[],
            result_marks: &[],
        }
    }
}

/// Which columns follow a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Columns {
    /// `# EncryptedScalar<uint4>`
    pub types: bool,
    /// `∈ [0, 9]`
    pub ranges: bool,
    /// `@ layer.first`
    pub tags: bool,
    /// `file.py:12`
    pub places: bool,
}

/// The graph as text, without a newline at the end.
pub fn format_graph(graph: &OpGraph, options: FormatOptions<'_>) -> String {
    let columns = options.columns;
    let cell = |is_shown: bool, text: Option<String>| text.filter(|_| is_shown).unwrap_or_default();
    let digits = graph.len().saturating_sub(1).to_string().len();
    let rows: Vec<[String; 5]> = graph
        .nodes()
        .map(|(id, node)| {
            let known = range_of(graph, id, options.ranges);
            let bounds = options.ranges.and(known).map(|(lo, hi)| format!("∈ [{lo}, {hi}]"));
            let text = node_text(graph, id, options.constant_length);
            [
                format!("{:>width$} = {text}", format!("%{}", id.index()), width = digits + 1),
                cell(columns.types, Some(format!("# {}", shown_type(graph, id, options)))),
                cell(columns.ranges, bounds),
                cell(columns.tags, node.tag.as_ref().map(|tag| format!("@ {tag}"))),
                cell(columns.places, place_text(node)),
            ]
        })
        .collect();
    let length = |text: &str| text.chars().count();
    let widths: [usize; 5] =
        std::array::from_fn(|column| rows.iter().map(|row| length(&row[column])).max().unwrap_or(0));
    let mut lines: Vec<String> = vec![];
    for ((id, node), row) in graph.nodes().zip(&rows) {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // A column that is empty in every line takes no room.
            let room = if width == 0 { 0 } else { width + 8 };
            line.push_str(cell);
            line.extend(std::iter::repeat_n(' ', room - length(cell)));
        }
        let line = line.trim_end().to_owned();
        let of_node = options.marks.iter().filter(|(marked, _)| *marked == id);
        let mut messages: Vec<String> = of_node.flat_map(|(_, texts)| texts).cloned().collect();
        if !messages.is_empty() {
            messages.extend(place_text(node));
        }
        let below = underlined(length(&line), &messages);
        lines.push(line);
        lines.extend(below);
    }
    if !graph.outputs().is_empty() {
        let results = list(graph.outputs().iter().map(|id| format!("%{}", id.index())));
        let line = format!("return {results}");
        let below = underlined(line.len(), options.result_marks);
        lines.push(line);
        lines.extend(below);
    }
    lines.join("\n")
}

/// `^^^^ message` of a line's length, and further messages under it.
fn underlined(length: usize, messages: &[String]) -> Vec<String> {
    let line = |(i, message): (usize, &String)| {
        format!("{} {message}", if i == 0 { "^" } else { " " }.repeat(length))
    };
    messages.iter().enumerate().map(line).collect()
}

/// `file:line` of a node.
fn place_text(node: &Node) -> Option<String> {
    node.location.as_ref().map(|at| format!("{}:{}", at.file, at.line))
}

/// The type of a node, such as `EncryptedScalar<uint4>`: of the width that was chosen, or that its range needs.
pub fn shown_type(graph: &OpGraph, id: NodeId, options: FormatOptions<'_>) -> String {
    let chosen = options.widths.and_then(|widths| widths.get(id.index()).copied().flatten());
    type_text(graph.node(id), range_of(graph, id, options.ranges), chosen)
}

/// The greatest width of any integer in the program, once ranges are known; `None` without any.
pub fn maximum_integer_bit_width(graph: &OpGraph, ranges: &[Option<Bounds>]) -> Option<Width> {
    let widths = graph.nodes().filter(|(_, node)| node.element.number() == Number::Int);
    widths
        .filter_map(|(id, _)| range_of(graph, id, Some(ranges)))
        .map(|(lo, hi)| width_of_bounds((lo, hi)))
        .max()
}

/// The range of a node: the given one, else what constants and declarations say.
pub fn range_of(graph: &OpGraph, id: NodeId, ranges: Option<&[Option<Bounds>]>) -> Option<Bounds> {
    let given = ranges.and_then(|ranges| ranges.get(id.index()).copied().flatten());
    given.or_else(|| match &graph.node(id).kind {
        NodeKind::Constant(values) if graph.is_unsigned(id) => {
            Clear::of_words(values.clone(), (0, u64::MAX.into())).hull()
        }
        NodeKind::Constant(values) => Some(wide((*values.iter().min()?, *values.iter().max()?))),
        NodeKind::Input(index) => graph.inputs()[*index].declared.range(),
        NodeKind::RealConstant(_)
        | NodeKind::Encrypt
        | NodeKind::Linear(_)
        | NodeKind::Lookup(_)
        | NodeKind::Digits(_)
        | NodeKind::Unary(_)
        | NodeKind::Binary(_)
        | NodeKind::Select
        | NodeKind::Host(_) => None,
    })
}

fn type_text(node: &Node, range: Option<Bounds>, chosen: Option<(Width, bool)>) -> String {
    let status = if node.element.is_encrypted() { "Encrypted" } else { "Clear" };
    let element = match (node.element, range) {
        (ElementType::Encrypted { .. }, _) if chosen.is_some() => chosen
            .map_or(String::new(), |(width, is_signed)| {
                format!("{}{width}", if is_signed { "int" } else { "uint" })
            }),
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

fn integer_text(lo: i128, hi: i128) -> String {
    format!("{}{}", if lo < 0 { "int" } else { "uint" }, width_of_bounds((lo, hi)))
}

/// What a node computes, such as `add(%0, %1)`.
pub fn node_text(graph: &OpGraph, id: NodeId, constant_length: usize) -> String {
    let node = graph.node(id);
    let shortened = |text: &str| shortened(text, constant_length);
    let array_text = |values: &ArrayD<i64>| array_text(values, &i64::to_string, constant_length);
    let operands: Vec<String> =
        graph.operands(id).iter().map(|operand| format!("%{}", operand.index())).collect();
    let call = |name: &str, extra: String| {
        let all = operands.iter().cloned().chain((!extra.is_empty()).then_some(extra));
        format!("{name}({})", list(all))
    };
    match &node.kind {
        NodeKind::Input(index) => graph.inputs()[*index].name.clone(),
        NodeKind::Constant(words) if graph.is_unsigned(id) => {
            let text = |word: &i64| (*word as u64).to_string();
            shortened(&self::array_text(words, &text, constant_length))
        }
        NodeKind::Constant(values) => shortened(&array_text(values)),
        NodeKind::RealConstant(values) => {
            shortened(&self::array_text(values, &|value| format!("{value:?}"), constant_length))
        }
        NodeKind::Encrypt => call("encrypt", String::new()),
        NodeKind::Linear(linear) => linear_text(linear, &operands, &node.shape, call),
        NodeKind::Lookup(table) => match table.selector() {
            None => {
                let row = table.tables().index_axis(ndarray::Axis(0), 0).to_owned();
                call("tlu", format!("table={}", shortened(&array_text(&row))))
            }
            Some(_) => call("tlu", format!("tables={}", shortened(&array_text(table.tables())))),
        },
        NodeKind::Digits(digits) => {
            let (bits, exactness) = match *digits {
                Digits::Round { bits, exactness } | Digits::Truncate { bits, exactness } => (bits, exactness),
                Digits::LowBits { bits }
                | Digits::LowBitsBelow { bits }
                | Digits::Bit { position: bits }
                | Digits::BitOfDifference { position: bits } => (bits, Exactness::Exact),
                Digits::Reinterpret { to, .. } => (to.0, Exactness::Exact),
            };
            let approximate = if exactness == Exactness::Approximate { ", approximate" } else { "" };
            call(digits_name(digits), format!("bits={bits}{approximate}"))
        }
        NodeKind::Unary(function) => call(function.name(), String::new()),
        NodeKind::Binary(function) => call(function.name(), String::new()),
        NodeKind::Select => call("where", String::new()),
        NodeKind::Host(function) => call(&function.name, String::new()),
    }
}

/// The operation of a node by its name: `input`, `constant`, or what a user called.
pub fn operation_name(graph: &OpGraph, id: NodeId) -> &str {
    match &graph.node(id).kind {
        NodeKind::Input(_) => "input",
        NodeKind::Constant(_) | NodeKind::RealConstant(_) => "constant",
        NodeKind::Encrypt => "encrypt",
        NodeKind::Linear(Linear::Slice { .. }) => "index",
        NodeKind::Linear(linear) => linear_name(linear),
        NodeKind::Lookup(_) => "tlu",
        NodeKind::Digits(digits) => digits_name(digits),
        NodeKind::Unary(function) => function.name(),
        NodeKind::Binary(function) => function.name(),
        NodeKind::Select => "where",
        NodeKind::Host(function) => &function.name,
    }
}

/// Name of an operation on digits in the tracer, which has no others.
pub(crate) fn digits_name(digits: &Digits) -> &'static str {
    match digits {
        Digits::Round { .. } => "round_bits",
        Digits::Truncate { .. } => "truncate_bits",
        Digits::LowBits { .. } | Digits::LowBitsBelow { .. } => "low_bits",
        Digits::Bit { .. } | Digits::BitOfDifference { .. } | Digits::Reinterpret { .. } => digits.mnemonic(),
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
            format!(
                "{}.flat[{}]",
                operands[0],
                shortened(&array_text(&indices, &usize::to_string, CONSTANT_LENGTH), CONSTANT_LENGTH)
            )
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
fn array_text<T: Clone>(values: &ArrayD<T>, text: &dyn Fn(&T) -> String, constant_length: usize) -> String {
    match values.ndim() {
        0 => values.iter().map(text).collect(),
        _ => {
            let rows = values.outer_iter().map(|row| array_text(&row.to_owned(), text, constant_length));
            // Whoever cuts the middle out needs no more than this from each end.
            let rows: Vec<String> = if values.shape()[0] > 4 * constant_length {
                let all: Vec<String> = rows.collect();
                [&all[..constant_length], &all[all.len() - constant_length..]].concat()
            } else {
                rows.collect()
            };
            format!("[{}]", rows.join(" "))
        }
    }
}

/// The two ends of a text that is too long.
fn shortened(text: &str, constant_length: usize) -> String {
    let characters: Vec<char> = text.chars().collect();
    if characters.len() <= constant_length {
        return text.to_owned();
    }
    let gap = " ... ";
    let end = constant_length.saturating_sub(gap.len()) / 2;
    let (head, tail) = (&characters[..end], &characters[characters.len() - end..]);
    format!("{}{gap}{}", head.iter().collect::<String>(), tail.iter().collect::<String>())
}
