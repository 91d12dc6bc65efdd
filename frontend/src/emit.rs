//! The graph as an `fhe` module: one function, one operation for each live node, places kept.
//!
//! Widths are not yet known. Encrypted values are signed except where the program declares otherwise;
//! [`crate::calibrate`] makes those unsigned that are never negative. A multi-operand elementwise
//! function is written as scalar code of the one value that its operands derive from. Operations carry
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
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::operation::OperationLike;
use melior::ir::{Location, Module, Value};

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
        (false, true) => Err(vec![Diagnostic::new(Severity::Error, graph.name(), "the emitted module is malformed")]),
    }
}

fn emit_function<'c>(context: &'c Context, graph: &OpGraph, module: &Module<'c>) {
    let types: Vec<ValueType> = graph.inputs().iter().map(argument_type).collect();
    let start = graph.nodes().next().map_or(Location::unknown(context), |(_, node)| location(context, node));
    let (builder, arguments) = Builder::function(module, context, graph.name(), &types, start);
    let is_live = live_nodes(graph);
    let mut values: Vec<Option<Value<'c, '_>>> = vec![None; graph.len()];
    for (id, node) in graph.nodes() {
        values[id.index()] = match node.kind {
            NodeKind::Input(index) => arguments.get(index).copied(),
            _ if is_live[id.index()] => {
                let builder = builder.at(location(context, node));
                Some(Emission { context, graph, values: &values }.node(&builder, id, node))
            }
            _ => None,
        };
    }
    let results: Vec<Value<'c, '_>> = graph.outputs().iter().filter_map(|id| values[id.index()]).collect();
    let function = builder.finish_function(&results);
    for (i, input) in graph.inputs().iter().enumerate() {
        function.set_attribute(context, Side::Argument, i, attr::NAME, attr::string(context, &input.name));
        if let Some((lo, hi)) = input.declared.range() {
            function.set_attribute(context, Side::Argument, i, attr::RANGE, attr::i64_array(context, &[lo, hi]));
        }
    }
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

struct Emission<'e, 'c, 'a> {
    context: &'c Context,
    graph: &'e OpGraph,
    values: &'e [Option<Value<'c, 'a>>],
}

impl<'c: 'a, 'a> Emission<'_, 'c, 'a> {
    fn node(&self, builder: &Builder<'c, 'a>, id: NodeId, node: &Node) -> Value<'c, 'a> {
        let result = ValueType::new(element_of(node.element), &node.shape);
        let operands = || self.operands(&self.graph.operands(id));
        let value = match &node.kind {
            NodeKind::Input(_) => unreachable!("inputs are arguments"),
            NodeKind::Constant(values) => return builder.clear(values),
            NodeKind::RealConstant(values) => return builder.clear_real(values),
            NodeKind::Encrypt => self.encrypted_constant(builder, id, &result),
            NodeKind::Linear(linear) => builder.linear("fhe", linear, &operands(), &result),
            NodeKind::Lookup(table) => {
                let is_signed = table.tables.iter().any(|&entry| entry < 0);
                let result = result.with_element(Element::encrypted(is_signed));
                let lookup = Lookup { tables: table.tables.clone(), selector: table.selector.clone() };
                builder.lookup(&lookup, operands()[0], &result)
            }
            NodeKind::Unary(_) | NodeKind::Binary(_) | NodeKind::Host(_) => {
                let expression = Expression::of(self.graph, id).expect("checked when appended: one source");
                let inputs = self.operands(&expression.operands());
                builder.map(&inputs, &result, |inner, scalars| expression.emit(inner, scalars))
            }
        };
        if let Some(op) = walk::defining_op(value) {
            set_op_attribute(op, NODE, attr::i64(self.context, id.index() as i64));
        }
        value
    }

    fn operands(&self, ids: &[NodeId]) -> Vec<Value<'c, 'a>> {
        ids.iter().map(|id| self.values[id.index()].expect("operands of live nodes are live and stand before")).collect()
    }

    fn encrypted_constant(&self, builder: &Builder<'c, 'a>, id: NodeId, result: &ValueType) -> Value<'c, 'a> {
        let constant = self.graph.operands(id).first().map(|&operand| &self.graph.node(operand).kind);
        let Some(NodeKind::Constant(values)) = constant else { unreachable!("only constants are encrypted trivially") };
        let result = result.with_element(Element::encrypted(values.iter().any(|&value| value < 0)));
        let attributes = [("value", attr::dense_i64(self.context, values))];
        builder.op("fhe.constant", &[], result.to_mlir(self.context), &attributes)
    }
}

fn element_of(element: ElementType) -> Element {
    match (element, element.number()) {
        (ElementType::Encrypted { is_signed }, _) => Element::encrypted(is_signed.unwrap_or(true)),
        (ElementType::EncryptedReal, _) => Element::EncryptedReal,
        (ElementType::Clear | ElementType::ClearReal, Number::Int) => Element::Clear,
        (ElementType::Clear | ElementType::ClearReal, Number::Real) => Element::ClearReal,
    }
}
