//! Elementwise functions as scalar code of `arith` and `math`, the body of an `fhe.map`.

use crate::elementwise::{Accepts, Binary, Number, Unary};
use crate::graph::{NodeId, OpGraph};
use crate::node::NodeKind;
use crate::source::sources;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::build::Builder;
use cloakwork_ir::linear::Linear;
use melior::ir::Value;
use melior::ir::r#type::IntegerType;
use std::collections::BTreeMap;

/// An elementwise function with everything between it and the value, or values, that it is a function of.
pub(crate) struct Expression<'g> {
    graph: &'g OpGraph,
    root: NodeId,
    sources: Vec<NodeId>,
    /// Constants whose elements differ; they are operands of the map. Uniform ones stand in its body.
    tensors: Vec<NodeId>,
}

impl<'g> Expression<'g> {
    /// `None` if the node is not an elementwise function, or one of independent integers that `fhe` has as an
    /// operation.
    pub(crate) fn of(graph: &'g OpGraph, root: NodeId) -> Option<Self> {
        let operands = graph.operands(root);
        let is_integer = |id: &NodeId| graph.node(*id).element.number() == Number::Int;
        let is_operation = match graph.node(root).kind {
            NodeKind::Unary(_) | NodeKind::Host(_) => false,
            NodeKind::Binary(function) => function.pairwise().is_some(),
            NodeKind::Select => true,
            NodeKind::Input(_)
            | NodeKind::Constant(_)
            | NodeKind::RealConstant(_)
            | NodeKind::Encrypt
            | NodeKind::Linear(_)
            | NodeKind::Lookup(_)
            | NodeKind::Digits(_) => return None,
        };
        let sources = sources(graph, &operands);
        if sources.len() > 1 && is_operation && operands.iter().all(is_integer) {
            return None;
        }
        let mut expression = Self { graph, root, sources, tensors: vec![] };
        let mut open = vec![root];
        let mut seen = std::collections::BTreeSet::new();
        while let Some(id) = open.pop() {
            if expression.sources.contains(&id) || !seen.insert(id) {
                continue;
            }
            let node = graph.node(id);
            if !node.element.is_encrypted() && uniform(&node.kind).is_none() {
                expression.tensors.push(id);
            }
            open.extend(graph.operands(id));
        }
        expression.tensors.sort_unstable();
        Some(expression)
    }

    /// Operands of the map: the sources, then constants.
    pub(crate) fn operands(&self) -> Vec<NodeId> {
        [self.sources.as_slice(), self.tensors.as_slice()].concat()
    }

    /// Writes the code; `scalars` stand for [`Self::operands`].
    pub(crate) fn emit<'c: 'a, 'a>(
        &self,
        builder: &Builder<'c, 'a>,
        scalars: &[Value<'c, 'a>],
    ) -> Value<'c, 'a> {
        let mut known: BTreeMap<NodeId, Value<'c, 'a>> =
            self.operands().into_iter().zip(scalars.iter().copied()).collect();
        // Depth first without recursion: expressions may be long.
        let mut open = vec![self.root];
        while let Some(&id) = open.last() {
            let operands = self.graph.operands(id);
            let missing: Vec<NodeId> =
                operands.iter().copied().filter(|operand| !known.contains_key(operand)).collect();
            if known.contains_key(&id) {
                open.pop();
            } else if missing.is_empty() {
                let values: Vec<Value<'c, 'a>> =
                    operands.iter().filter_map(|operand| known.get(operand).copied()).collect();
                known.insert(id, self.node(builder, id, &values));
                open.pop();
            } else {
                open.extend(missing);
            }
        }
        known[&self.root]
    }

    fn is_encrypted_divisor(&self, id: NodeId) -> bool {
        self.graph.operands(id).get(1).is_some_and(|b| self.graph.node(*b).element.is_encrypted())
    }

    fn node<'c: 'a, 'a>(
        &self,
        builder: &Builder<'c, 'a>,
        id: NodeId,
        operands: &[Value<'c, 'a>],
    ) -> Value<'c, 'a> {
        let node = self.graph.node(id);
        let code = Code { builder };
        let numbers: Vec<Number> = self
            .graph
            .operands(id)
            .iter()
            .map(|&operand| self.graph.node(operand).element.number())
            .collect();
        let wanted = wanted_number(&node.kind, &numbers);
        let convert = |(i, (&value, number)): (usize, (&Value<'c, 'a>, Number))| {
            let is_condition = i == 0 && matches!(node.kind, NodeKind::Select);
            match (number, wanted) {
                (Number::Int, Number::Real) if !is_condition => {
                    builder.op("arith.sitofp", &[value], code.ty(Number::Real), &[])
                }
                _ => value,
            }
        };
        let converted: Vec<Value<'c, 'a>> = operands.iter().zip(numbers).enumerate().map(convert).collect();
        match &node.kind {
            NodeKind::Unary(function) => code.unary(*function, wanted, converted[0]),
            NodeKind::Binary(function @ (Binary::FloorDiv | Binary::Remainder))
                if wanted == Number::Int && self.is_encrypted_divisor(id) =>
            {
                code.divided_or_zero(*function, converted[0], converted[1])
            }
            NodeKind::Binary(function) => code.binary(*function, wanted, converted[0], converted[1]),
            NodeKind::Select => {
                let zero = code.builder.int(0);
                let is_on = code.compare(Compare::NotEqual, Number::Int, converted[0], zero);
                code.select(is_on, wanted, converted[1], converted[2])
            }
            NodeKind::Host(function) => {
                let ty = code.ty(function.gives());
                let number = attr::i64(builder.context, id.index() as i64);
                builder.op("fhe.call_host", &converted, ty, &[("function", number)])
            }
            NodeKind::Linear(Linear::Add | Linear::AddClear) => code.int("arith.addi", operands),
            NodeKind::Linear(Linear::Sub) => code.int("arith.subi", operands),
            NodeKind::Linear(Linear::MulClear) => code.int("arith.muli", operands),
            NodeKind::Linear(Linear::Neg) => code.int("arith.subi", &[builder.int(0), operands[0]]),
            NodeKind::Constant(_) | NodeKind::RealConstant(_) => match uniform(&node.kind) {
                Some(Scalar::Int(value)) => builder.int(value),
                Some(Scalar::Real(value)) => builder.real(value),
                None => unreachable!("constants with different elements are operands"),
            },
            NodeKind::Input(_)
            | NodeKind::Encrypt
            | NodeKind::Lookup(_)
            | NodeKind::Digits(_)
            | NodeKind::Linear(_) => {
                unreachable!("only elementwise nodes lie between a function and its source")
            }
        }
    }
}

/// What the scalar code of a node computes on, given its operands.
fn wanted_number(kind: &NodeKind, operands: &[Number]) -> Number {
    let accepts = match kind {
        NodeKind::Unary(function) => function.accepts(),
        NodeKind::Binary(function) => function.accepts(),
        NodeKind::Select if operands[1..].contains(&Number::Real) => return Number::Real,
        NodeKind::Select => return Number::Int,
        NodeKind::Host(function) => return function.takes(),
        NodeKind::Input(_)
        | NodeKind::Constant(_)
        | NodeKind::RealConstant(_)
        | NodeKind::Encrypt
        | NodeKind::Linear(_)
        | NodeKind::Lookup(_)
        | NodeKind::Digits(_) => return Number::Int,
    };
    match accepts {
        Accepts::Int => Number::Int,
        Accepts::Real => Number::Real,
        Accepts::Any if operands.contains(&Number::Real) => Number::Real,
        Accepts::Any => Number::Int,
    }
}

enum Scalar {
    Int(i64),
    Real(f64),
}

/// The one number that a constant consists of.
fn uniform(kind: &NodeKind) -> Option<Scalar> {
    match kind {
        NodeKind::Constant(values) => {
            let first = *values.first()?;
            values.iter().all(|&value| value == first).then_some(Scalar::Int(first))
        }
        NodeKind::RealConstant(values) => {
            let first = *values.first()?;
            values.iter().all(|&value| value.to_bits() == first.to_bits()).then_some(Scalar::Real(first))
        }
        NodeKind::Input(_)
        | NodeKind::Encrypt
        | NodeKind::Linear(_)
        | NodeKind::Lookup(_)
        | NodeKind::Digits(_)
        | NodeKind::Unary(_)
        | NodeKind::Binary(_)
        | NodeKind::Select
        | NodeKind::Host(_) => None,
    }
}

struct Code<'b, 'c, 'a> {
    builder: &'b Builder<'c, 'a>,
}

impl<'c: 'a, 'a> Code<'_, 'c, 'a> {
    fn unary(&self, function: Unary, number: Number, a: Value<'c, 'a>) -> Value<'c, 'a> {
        let real = |name: &str| self.real(name, &[a]);
        let to_int = |name: &str| {
            let rounded = self.real(name, &[a]);
            self.builder.op("arith.fptosi", &[rounded], self.ty(Number::Int), &[])
        };
        match function {
            Unary::ToReal => a,
            Unary::RoundToInt => to_int("math.roundeven"),
            Unary::FloorToInt => to_int("math.floor"),
            Unary::CeilToInt => to_int("math.ceil"),
            Unary::TruncateToInt => to_int("math.trunc"),
            Unary::Round => real("math.roundeven"),
            Unary::Floor => real("math.floor"),
            Unary::Ceil => real("math.ceil"),
            Unary::Truncate => real("math.trunc"),
            Unary::Abs => self.either(number, ["math.absi", "math.absf"], &[a]),
            Unary::Neg => match number {
                Number::Int => self.int("arith.subi", &[self.builder.int(0), a]),
                Number::Real => real("arith.negf"),
            },
            Unary::Sign => {
                let (zero, one, minus) = match number {
                    Number::Int => (self.builder.int(0), self.builder.int(1), self.builder.int(-1)),
                    Number::Real => (self.builder.real(0.0), self.builder.real(1.0), self.builder.real(-1.0)),
                };
                let up = self.select(self.compare(Compare::Greater, number, a, zero), number, one, zero);
                self.select(self.compare(Compare::Less, number, a, zero), number, minus, up)
            }
            Unary::Relu => {
                let zero = match number {
                    Number::Int => self.builder.int(0),
                    Number::Real => self.builder.real(0.0),
                };
                self.either(number, ["arith.maxsi", "arith.maximumf"], &[a, zero])
            }
            Unary::Sqrt => real("math.sqrt"),
            Unary::Cbrt => real("math.cbrt"),
            Unary::Exp => real("math.exp"),
            Unary::Exp2 => real("math.exp2"),
            Unary::Expm1 => real("math.expm1"),
            Unary::Log => real("math.log"),
            Unary::Log2 => real("math.log2"),
            Unary::Log10 => real("math.log10"),
            Unary::Log1p => real("math.log1p"),
            Unary::Sin => real("math.sin"),
            Unary::Cos => real("math.cos"),
            Unary::Tan => real("math.tan"),
            Unary::Asin => real("math.asin"),
            Unary::Acos => real("math.acos"),
            Unary::Atan => real("math.atan"),
            Unary::Sinh => real("math.sinh"),
            Unary::Cosh => real("math.cosh"),
            Unary::Tanh => real("math.tanh"),
            Unary::Asinh => real("math.asinh"),
            Unary::Acosh => real("math.acosh"),
            Unary::Atanh => real("math.atanh"),
            Unary::Sigmoid => {
                let one = self.builder.real(1.0);
                let power = self.real("math.exp", &[real("arith.negf")]);
                self.real("arith.divf", &[one, self.real("arith.addf", &[one, power])])
            }
        }
    }

    fn binary(&self, function: Binary, number: Number, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        let both = |names: [&str; 2]| self.either(number, names, &[a, b]);
        let int = |name: &str| self.int(name, &[a, b]);
        let compare = |predicate| {
            let holds = self.compare(predicate, number, a, b);
            self.builder.op("arith.extui", &[holds], self.ty(Number::Int), &[])
        };
        match function {
            Binary::Add => both(["arith.addi", "arith.addf"]),
            Binary::Sub => both(["arith.subi", "arith.subf"]),
            Binary::Mul => both(["arith.muli", "arith.mulf"]),
            Binary::Div => self.real("arith.divf", &[a, b]),
            Binary::Pow => both(["math.ipowi", "math.powf"]),
            Binary::Min => both(["arith.minsi", "arith.minimumf"]),
            Binary::Max => both(["arith.maxsi", "arith.maximumf"]),
            Binary::FloorDiv => self.floor_divided(number, a, b),
            Binary::Remainder => {
                let quotient = self.floor_divided(number, a, b);
                let product = self.either(number, ["arith.muli", "arith.mulf"], &[quotient, b]);
                self.either(number, ["arith.subi", "arith.subf"], &[a, product])
            }
            Binary::Atan2 => self.real("math.atan2", &[a, b]),
            Binary::BitAnd => int("arith.andi"),
            Binary::BitOr => int("arith.ori"),
            Binary::BitXor => int("arith.xori"),
            Binary::ShiftLeft => int("arith.shli"),
            Binary::ShiftRight => int("arith.shrsi"),
            Binary::Equal => compare(Compare::Equal),
            Binary::NotEqual => compare(Compare::NotEqual),
            Binary::Less => compare(Compare::Less),
            Binary::LessEqual => compare(Compare::LessEqual),
            Binary::Greater => compare(Compare::Greater),
            Binary::GreaterEqual => compare(Compare::GreaterEqual),
        }
    }

    /// As NumPy has it: 0 where the divisor is.
    fn divided_or_zero(&self, function: Binary, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        let (zero, one) = (self.builder.int(0), self.builder.int(1));
        let is_zero = self.compare(Compare::Equal, Number::Int, b, zero);
        let divisor = self.select(is_zero, Number::Int, one, b);
        let result = self.binary(function, Number::Int, a, divisor);
        self.select(is_zero, Number::Int, zero, result)
    }

    fn floor_divided(&self, number: Number, a: Value<'c, 'a>, b: Value<'c, 'a>) -> Value<'c, 'a> {
        match number {
            Number::Int => self.int("arith.floordivsi", &[a, b]),
            Number::Real => self.real("math.floor", &[self.real("arith.divf", &[a, b])]),
        }
    }

    fn compare(
        &self,
        predicate: Compare,
        number: Number,
        a: Value<'c, 'a>,
        b: Value<'c, 'a>,
    ) -> Value<'c, 'a> {
        let context = self.builder.context;
        let (name, code) = match number {
            Number::Int => ("arith.cmpi", predicate.int()),
            Number::Real => ("arith.cmpf", predicate.real()),
        };
        self.builder.op(
            name,
            &[a, b],
            IntegerType::new(context, 1).into(),
            &[("predicate", attr::i64(context, code))],
        )
    }

    fn select(
        &self,
        choice: Value<'c, 'a>,
        number: Number,
        a: Value<'c, 'a>,
        b: Value<'c, 'a>,
    ) -> Value<'c, 'a> {
        self.builder.op("arith.select", &[choice, a, b], self.ty(number), &[])
    }

    fn either(&self, number: Number, names: [&str; 2], operands: &[Value<'c, 'a>]) -> Value<'c, 'a> {
        match number {
            Number::Int => self.int(names[0], operands),
            Number::Real => self.real(names[1], operands),
        }
    }

    fn int(&self, name: &str, operands: &[Value<'c, 'a>]) -> Value<'c, 'a> {
        self.builder.op(name, operands, self.ty(Number::Int), &[])
    }

    fn real(&self, name: &str, operands: &[Value<'c, 'a>]) -> Value<'c, 'a> {
        self.builder.op(name, operands, self.ty(Number::Real), &[])
    }

    fn ty(&self, number: Number) -> melior::ir::Type<'c> {
        match number {
            Number::Int => self.builder.int_type(),
            Number::Real => melior::ir::Type::float64(self.builder.context),
        }
    }
}

#[derive(Clone, Copy)]
enum Compare {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

impl Compare {
    /// MLIR's number of the signed predicate of `arith.cmpi`.
    fn int(self) -> i64 {
        match self {
            Self::Equal => 0,
            Self::NotEqual => 1,
            Self::Less => 2,
            Self::LessEqual => 3,
            Self::Greater => 4,
            Self::GreaterEqual => 5,
        }
    }

    /// MLIR's number of the predicate of `arith.cmpf`: ordered, and `une`.
    fn real(self) -> i64 {
        match self {
            Self::Equal => 1,
            Self::NotEqual => 13,
            Self::Less => 4,
            Self::LessEqual => 5,
            Self::Greater => 2,
            Self::GreaterEqual => 3,
        }
    }
}
