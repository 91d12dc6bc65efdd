//! The graph as an `fhe` module: one function, one operation for each live node, places kept.
//!
//! Widths are not yet known. Encrypted values are signed except where the program declares otherwise;
//! [`crate::calibrate`] makes those unsigned that are never negative. An elementwise function of several operands is
//! written as scalar code of the one value that they derive from, else as the operation on independent values. Operations carry
//! their node's number as `fhe.node`.

use crate::elementwise::Number;
use crate::graph::{NodeId, OpGraph};
use crate::node::{ElementType, Node, NodeKind};
use crate::scalar_code::Expression;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::context::with_diagnostics;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::fhe::Lookup;
use cloakwork_ir::function::{Side, set_op_attribute};
use cloakwork_ir::linear::{Linear, Places};
use cloakwork_ir::pairwise::Pairwise;
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, Location, Module, Value};
use ndarray::{ArrayD, IxDyn};
use std::collections::BTreeMap;

/// Attribute of an operation: the number of the node that it computes.
pub const NODE: &str = "fhe.node";

/// Makes the module. An error is a bug of this crate: the graph was checked when it was made.
pub fn emit<'c>(context: &'c Context, graph: &OpGraph) -> Result<Module<'c>, Vec<Diagnostic>> {
    let module = Module::new(Location::unknown(context));
    emit_function(context, graph, &module);
    let (is_sound, diagnostics) = with_diagnostics(context, || module.as_operation().verify());
    match (is_sound, diagnostics.is_empty()) {
        (true, _) => Ok(module),
        (false, false) => Err(diagnostics),
        (false, true) => {
            Err(vec![Diagnostic::new(Severity::Error, graph.name(), "the emitted module is malformed")])
        }
    }
}

fn emit_function<'c>(context: &'c Context, graph: &OpGraph, module: &Module<'c>) {
    let types: Vec<ValueType> = graph.inputs().iter().map(argument_type).collect();
    let start = graph.nodes().next().map_or(Location::unknown(context), |(_, node)| location(context, node));
    let (builder, arguments) = Builder::function(module, context, graph.name(), &types, start);
    let is_live = live_nodes(graph);
    let mut emission =
        Emission { context, graph, values: vec![None; graph.len()], constants: BTreeMap::new() };
    for (id, node) in graph.nodes() {
        let value = match node.kind {
            NodeKind::Input(index) => arguments.get(index).copied(),
            // Constants are written where they are used, in the shape that is needed there.
            NodeKind::Constant(_) | NodeKind::RealConstant(_) => None,
            _ if is_live[id.index()] => Some(emission.node(builder.at(location(context, node)), id, node)),
            _ => None,
        };
        emission.values[id.index()] = value;
    }
    let results: Vec<Value<'c, '_>> =
        graph.outputs().iter().filter_map(|id| emission.values[id.index()]).collect();
    let function = builder.finish_function(&results);
    if let Some(processing) = graph.processing() {
        let json = attr::string(context, &processing.to_json());
        set_op_attribute(function.op, attr::PROCESSING, json);
    }
    for (id, node) in graph.nodes() {
        if let NodeKind::Input(i) = node.kind {
            for (name, hint) in hints(context, graph, id) {
                function.set_attribute(context, Side::Argument, i, name, hint);
            }
        }
    }
    for (i, input) in graph.inputs().iter().enumerate() {
        function.set_attribute(context, Side::Argument, i, attr::NAME, attr::string(context, &input.name));
        if let Some(range) = input.declared.range() {
            function.set_attribute(
                context,
                Side::Argument,
                i,
                attr::RANGE,
                attr::bounds_attribute(context, range),
            );
        }
    }
}

/// The attributes that say what a value may be.
fn hints<'c>(context: &'c Context, graph: &OpGraph, id: NodeId) -> Vec<(&'static str, Attribute<'c>)> {
    let hint = graph.hint_of(id).unwrap_or_default();
    let range = hint.range.map(|(lo, hi)| (attr::HINT, attr::i64_array(context, &[lo, hi])));
    let width = hint.width.map(|width| (attr::HINT_WIDTH, attr::i64(context, i64::from(width.0))));
    let assured = graph.assured_of(id).map(|(lo, hi)| (attr::ASSURED, attr::i64_array(context, &[lo, hi])));
    range.into_iter().chain(width).chain(assured).collect()
}

fn argument_type(input: &crate::node::Input) -> ValueType {
    let is_signed = input.declared.is_signed().unwrap_or(true);
    let element = if input.is_encrypted { Element::encrypted(is_signed) } else { Element::Clear };
    ValueType::new(element, &input.shape)
}

/// File, line and column, named by the tag.
fn location<'c>(context: &'c Context, node: &Node) -> Location<'c> {
    let place = match &node.location {
        Some(at) => Location::new(context, &at.file, at.line as usize, at.column as usize),
        None => Location::unknown(context),
    };
    match &node.tag {
        Some(tag) => Location::name(context, tag, place),
        None => place,
    }
}

/// The operands that the operation of a node has: for elementwise functions those of their scalar code.
pub(crate) fn emitted_operands(graph: &OpGraph, id: NodeId) -> Vec<NodeId> {
    match Expression::of(graph, id) {
        Some(expression) => expression.operands(),
        None => graph.operands(id),
    }
}

fn live_nodes(graph: &OpGraph) -> Vec<bool> {
    let mut is_live = vec![false; graph.len()];
    let mut open = graph.outputs().to_vec();
    while let Some(id) = open.pop() {
        if !std::mem::replace(&mut is_live[id.index()], true) {
            open.extend(emitted_operands(graph, id));
        }
    }
    is_live
}

struct Emission<'g, 'c, 'a> {
    context: &'c Context,
    graph: &'g OpGraph,
    /// Of inputs and operations.
    values: Vec<Option<Value<'c, 'a>>>,
    /// Of constants, in each shape that was needed.
    constants: BTreeMap<(NodeId, Vec<usize>), Value<'c, 'a>>,
}

impl<'c: 'a, 'a> Emission<'_, 'c, 'a> {
    fn node(&mut self, builder: Builder<'c, 'a>, id: NodeId, node: &Node) -> Value<'c, 'a> {
        let result = ValueType::new(element_of(node.element), &node.shape);
        let value = match &node.kind {
            NodeKind::Input(_) | NodeKind::Constant(_) | NodeKind::RealConstant(_) => {
                unreachable!("inputs are arguments, constants are written where they are used")
            }
            NodeKind::Encrypt => self.encrypted(builder, self.graph.operands(id)[0], &result),
            NodeKind::Linear(linear) if !node.element.is_encrypted() => {
                self.clear_linear(builder, linear, &self.graph.operands(id), &result)
            }
            NodeKind::Linear(Linear::Dot | Linear::Matmul) if self.is_both_encrypted(id) => {
                self.sum_of_products(builder, id, &result)
            }
            NodeKind::Linear(linear) => self.linear(builder, linear, &self.graph.operands(id), &result),
            NodeKind::Lookup(table) => {
                let is_signed = table.tables.iter().any(|&entry| entry < 0);
                let result = result.with_element(Element::encrypted(is_signed));
                let lookup = Lookup { tables: table.tables.clone(), selector: table.selector.clone() };
                let input = self.operands(builder, &self.graph.operands(id), None)[0];
                builder.lookup(&lookup, input, &result)
            }
            NodeKind::Digits(digits) => {
                let input = self.operands(builder, &self.graph.operands(id), None);
                let name = format!("fhe.{}", digits.mnemonic());
                builder.op(&name, &input, result.to_mlir(self.context), &digits.attributes(self.context))
            }
            NodeKind::Unary(_) | NodeKind::Binary(_) | NodeKind::Select | NodeKind::Host(_) => {
                match Expression::of(self.graph, id) {
                    Some(expression) => {
                        let inputs = self.operands(builder, &expression.operands(), Some(&node.shape));
                        builder.map(&inputs, &result, |inner, scalars| expression.emit(inner, scalars))
                    }
                    None => self.of_independent(builder, id, &result),
                }
            }
        };
        if let Some(op) = walk::defining_op(value) {
            set_op_attribute(op, NODE, attr::i64(self.context, id.index() as i64));
            for (name, hint) in hints(self.context, self.graph, id) {
                set_op_attribute(op, name, hint);
            }
        }
        value
    }

    /// The dialect takes encrypted operands first, and subtracts no clear ones.
    fn linear(
        &mut self,
        builder: Builder<'c, 'a>,
        linear: &Linear,
        ids: &[NodeId],
        result: &ValueType,
    ) -> Value<'c, 'a> {
        let op =
            |linear: Linear, operands: &[Value<'c, 'a>]| builder.linear("fhe", &linear, operands, result);
        let is_clear = |at: usize| ids.get(at).is_some_and(|id| !self.graph.node(*id).element.is_encrypted());
        let (first, second) = (is_clear(0), is_clear(1));
        let shape =
            matches!(linear, Linear::AddClear | Linear::MulClear | Linear::Sub).then(|| result.shape());
        match linear {
            Linear::Sub if second => {
                if let NodeKind::Constant(values) = &self.graph.node(ids[1]).kind {
                    // The least integer has no negation; it is subtracted like a clear input.
                    if let Some(negated) = negated(values) {
                        let a = self.operands(builder, &ids[..1], None)[0];
                        return op(
                            Linear::AddClear,
                            &[a, builder.clear(&broadcast(&negated, result.shape()))],
                        );
                    }
                }
                // a − b = −(−a + b)
                let operands = self.operands(builder, ids, shape);
                let minus_a = op(Linear::Neg, &operands[..1]);
                let sum = op(Linear::AddClear, &[minus_a, operands[1]]);
                op(Linear::Neg, &[sum])
            }
            Linear::Sub if first => {
                let operands = self.operands(builder, ids, shape);
                let minus_b = op(Linear::Neg, &operands[1..]);
                op(Linear::AddClear, &[minus_b, operands[0]])
            }
            Linear::AddClear | Linear::MulClear | Linear::Dot if first => {
                let operands = self.operands(builder, ids, shape);
                op(linear.clone(), &[operands[1], operands[0]])
            }
            _ => {
                let operands = self.operands(builder, ids, shape);
                op(linear.clone(), &operands)
            }
        }
    }

    /// A function of independent encrypted integers, constants among them encrypted trivially.
    fn of_independent(&mut self, builder: Builder<'c, 'a>, id: NodeId, result: &ValueType) -> Value<'c, 'a> {
        let mut inputs = vec![];
        for operand in self.graph.operands(id) {
            inputs.push(match self.graph.node(operand).element.is_encrypted() {
                true => self.operand(builder, operand, None),
                false => self.encrypted(builder, operand, result),
            });
        }
        let (name, attributes, result) = match &self.graph.node(id).kind {
            NodeKind::Binary(function) => {
                let function = function.pairwise().expect("asked by `Expression::of`");
                let is_unsigned = matches!(function, Pairwise::Compare(_));
                let result = result.with_element(Element::encrypted(!is_unsigned));
                (function.mnemonic(), function.attributes(self.context), result)
            }
            _ => ("select", vec![], result.clone()),
        };
        builder.op(&format!("fhe.{name}"), &inputs, result.to_mlir(self.context), &attributes)
    }

    fn is_both_encrypted(&self, id: NodeId) -> bool {
        self.graph.operands(id).iter().all(|operand| self.graph.node(*operand).element.is_encrypted())
    }

    /// `Σₖ a[i, k] · b[k, j]`, or `Σₖ a[k] · b[k]`: every product, then the sum over `k`.
    fn sum_of_products(&mut self, builder: Builder<'c, 'a>, id: NodeId, result: &ValueType) -> Value<'c, 'a> {
        let ids = self.graph.operands(id);
        let values = self.operands(builder, &ids, None);
        let op = |name: &str, operands: &[Value<'c, 'a>], shape: &[usize]| {
            let ty = ValueType::new(Element::encrypted(true), shape).to_mlir(self.context);
            builder.op(name, operands, ty, &[])
        };
        let shapes: Vec<&[usize]> = ids.iter().map(|id| self.graph.node(*id).shape.as_slice()).collect();
        let (products, axis) = match (shapes[0], shapes[1]) {
            (&[rows, inner], &[_, columns]) => {
                let all = [rows, columns, inner];
                let a = op("fhe.reshape", &values[..1], &[rows, 1, inner]);
                let transposed = ValueType::new(Element::encrypted(true), &[columns, inner]);
                let transpose = Linear::Transpose { permutation: vec![1, 0] };
                let b = builder.linear("fhe", &transpose, &values[1..], &transposed);
                let [a, b] = [a, b].map(|value| op("fhe.broadcast", &[value], &all));
                (op("fhe.mul", &[a, b], &all), 2)
            }
            (shape, _) => (op("fhe.mul", &values, shape), 0),
        };
        builder.linear("fhe", &Linear::Sum { axes: vec![axis] }, &[products], result)
    }

    /// Values of operands; constants in `shape`, or their own.
    fn operands(
        &mut self,
        builder: Builder<'c, 'a>,
        ids: &[NodeId],
        shape: Option<&[usize]>,
    ) -> Vec<Value<'c, 'a>> {
        ids.iter().map(|&id| self.operand(builder, id, shape)).collect()
    }

    fn operand(&mut self, builder: Builder<'c, 'a>, id: NodeId, shape: Option<&[usize]>) -> Value<'c, 'a> {
        let node = self.graph.node(id);
        let shape = shape.unwrap_or(&node.shape);
        let key = (id, shape.to_vec());
        if let Some(value) = self.values[id.index()].or_else(|| self.constants.get(&key).copied()) {
            return value;
        }
        let builder = builder.at(location(self.context, node));
        let value = match &node.kind {
            NodeKind::Constant(values) => builder.clear(&broadcast(values, shape)),
            NodeKind::RealConstant(values) => builder.clear_real(&broadcast(values, shape)),
            NodeKind::Input(_)
            | NodeKind::Encrypt
            | NodeKind::Linear(_)
            | NodeKind::Lookup(_)
            | NodeKind::Digits(_)
            | NodeKind::Unary(_)
            | NodeKind::Binary(_)
            | NodeKind::Select
            | NodeKind::Host(_) => unreachable!("operands of live nodes are live and stand before"),
        };
        self.constants.insert(key, value);
        value
    }

    /// Arithmetic on clear values and changes of their shape.
    fn clear_linear(
        &mut self,
        builder: Builder<'c, 'a>,
        linear: &Linear,
        ids: &[NodeId],
        result: &ValueType,
    ) -> Value<'c, 'a> {
        let operands = self.operands(builder, ids, None);
        let arith = |name: &str, operands: &[Value<'c, 'a>]| {
            builder.op(name, operands, result.to_mlir(self.context), &[])
        };
        match (linear.places(), linear) {
            (Places::Moved | Places::Mixed, _) => builder.linear("fhe", linear, &operands, result),
            (Places::Same, Linear::Sub) => arith("arith.subi", &operands),
            (Places::Same, Linear::MulClear) => arith("arith.muli", &operands),
            (Places::Same, Linear::Neg) => {
                let zero = builder.clear(&ArrayD::zeros(IxDyn(result.shape())));
                arith("arith.subi", &[zero, operands[0]])
            }
            (Places::Same, _) => arith("arith.addi", &operands),
        }
    }

    /// A clear value encrypted trivially, constants in the shape of `result`.
    fn encrypted(&mut self, builder: Builder<'c, 'a>, id: NodeId, result: &ValueType) -> Value<'c, 'a> {
        let trivial = |values: &ArrayD<i64>, is_signed: bool| {
            let result = result.with_element(Element::encrypted(is_signed));
            let attributes = [("value", attr::dense_i64(self.context, values))];
            builder.op("fhe.constant", &[], result.to_mlir(self.context), &attributes)
        };
        match &self.graph.node(id).kind {
            NodeKind::Constant(values) => {
                let is_unsigned = self.graph.is_unsigned(id);
                let is_signed = !is_unsigned && values.iter().any(|&value| value < 0);
                let value = trivial(&broadcast(values, result.shape()), is_signed);
                if let Some(op) = walk::defining_op(value).filter(|_| is_unsigned) {
                    set_op_attribute(op, attr::UNSIGNED, Attribute::unit(self.context));
                }
                value
            }
            _ => {
                let zero = trivial(&ArrayD::zeros(IxDyn(result.shape())), false);
                let clear = self.operand(builder, id, None);
                builder.linear("fhe", &Linear::AddClear, &[zero, clear], result)
            }
        }
    }
}

fn broadcast<T: Clone>(values: &ArrayD<T>, shape: &[usize]) -> ArrayD<T> {
    values.broadcast(IxDyn(shape)).expect("checked when appended: the constant fits").to_owned()
}

fn negated(values: &ArrayD<i64>) -> Option<ArrayD<i64>> {
    let negated: Option<Vec<i64>> = values.iter().map(|value| value.checked_neg()).collect();
    ArrayD::from_shape_vec(values.raw_dim(), negated?).ok()
}

fn element_of(element: ElementType) -> Element {
    match (element, element.number()) {
        (ElementType::Encrypted { is_signed }, _) => Element::encrypted(is_signed.unwrap_or(true)),
        (ElementType::EncryptedReal, _) => Element::EncryptedReal,
        (ElementType::Clear | ElementType::ClearReal, Number::Int) => Element::Clear,
        (ElementType::Clear | ElementType::ClearReal, Number::Real) => Element::ClearReal,
    }
}
