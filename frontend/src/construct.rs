//! Appends arithmetic to a graph: picks the operation for encrypted, clear, integer and real operands,
//! broadcasts as NumPy does, and refuses what cannot be compiled. Operations on constants are folded.

use crate::elementwise::{Accepts, Binary, Number, Unary};
use crate::error::{Refusal, TraceError, refuse, refuse_argument};
use crate::format::digits_name;
use crate::graph::{NodeId, OpGraph};
use crate::host::HostFunction;
use crate::lookup_table::LookupTable;
use crate::node::{ElementType, NodeKind};
use crate::shapes::broadcast_shape;
use cloakwork_abi::encoding::MAX_WIDTH;
use cloakwork_ir::digits::Digits;
use cloakwork_ir::linear::{Linear, Places};
use ndarray::{ArrayD, IxDyn};

type Built = Result<NodeId, Refusal>;

impl OpGraph {
    /// `a + b`
    pub fn add(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.sum_of(Binary::Add, a, b))
    }

    /// `a − b`
    pub fn sub(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.sum_of(Binary::Sub, a, b))
    }

    /// `−a`
    pub fn neg(&mut self, a: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.negated(a))
    }

    /// `a · b`
    pub fn mul(&mut self, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| graph.product(a, b))
    }

    /// An elementwise function; integers are converted where it takes reals.
    pub fn unary(&mut self, function: Unary, a: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| match (function, graph.node(a).element.number()) {
            (Unary::Neg, _) => graph.negated(a),
            (function, number) => graph.function_of_one(function, a, number),
        })
    }

    /// An elementwise function of two operands.
    pub fn binary(&mut self, function: Binary, a: NodeId, b: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| match function {
            Binary::Add | Binary::Sub => graph.sum_of(function, a, b),
            Binary::Mul => graph.product(a, b),
            Binary::ShiftLeft => graph.shifted_left(a, b),
            _ => graph.function_of_two(function, a, b),
        })
    }

    /// A function of the embedding program, for every element.
    pub fn host(&mut self, function: HostFunction, a: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let a = graph.needs_variable(&function.name, a)?;
            let (takes, gives) = (function.takes(), function.gives());
            if takes == Number::Int && graph.is_real(a) {
                return refuse(
                    &function.name,
                    "an encrypted real",
                    "it takes integers",
                    "round it to an integer first",
                );
            }
            let shape = graph.node(a).shape.clone();
            Ok(graph.push(NodeKind::Host(function), &[a], shape, ElementType::encrypted(gives)))
        })
    }

    /// `then` where the condition is not 0, else `otherwise`; one of the three is encrypted.
    pub fn select(
        &mut self,
        condition: NodeId,
        then: NodeId,
        otherwise: NodeId,
    ) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let name = "where";
            if [condition, then, otherwise].iter().all(|&operand| graph.is_constant(operand)) {
                return refuse(
                    name,
                    "only constants",
                    "one operand is an input or derives from one",
                    "compute it before, in clear",
                );
            }
            graph.needs_integers(name, condition)?;
            let condition = graph.truth(condition)?;
            let are_integers = |value: NodeId| matches!(graph.node(value).kind, NodeKind::Constant(_));
            if are_integers(then) && are_integers(otherwise) {
                // Linear in a bit; a lookup of what the bit was made of is fused with it.
                let difference = graph.sum_of(Binary::Sub, then, otherwise)?;
                let part = graph.product(condition, difference)?;
                return graph.sum_of(Binary::Add, part, otherwise);
            }
            let operands = graph.together(name, &[condition, then, otherwise])?;
            let is_real = graph.is_real(then) || graph.is_real(otherwise);
            let number = if is_real { Number::Real } else { Number::Int };
            let shape = graph.common_shape(name, &operands)?;
            Ok(graph.push(NodeKind::Select, &operands, shape, ElementType::encrypted(number)))
        })
    }

    /// A function of the embedding program of several operands, for every element; one of them is encrypted.
    pub fn multivariate(
        &mut self,
        function: HostFunction,
        operands: &[NodeId],
    ) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let name = function.name.clone();
            if operands.iter().all(|&operand| graph.is_constant(operand)) {
                return refuse(
                    &name,
                    "only constants",
                    "one operand is an input or derives from one",
                    "compute it before, in clear",
                );
            }
            if function.takes() == Number::Int
                && let Some(&real) = operands.iter().find(|&&operand| graph.is_real(operand))
            {
                let element = graph.node(real).element;
                return refuse(
                    &name,
                    format!("{} {element}", article(element)),
                    "it takes integers",
                    "round it to an integer first",
                );
            }
            let operands = graph.together(&name, operands)?;
            let shape = graph.common_shape(&name, &operands)?;
            let element = ElementType::encrypted(function.gives());
            Ok(graph.push(NodeKind::Host(function), &operands, shape, element))
        })
    }

    /// A table lookup.
    pub fn lookup(&mut self, table: LookupTable, a: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let a = graph.needs_variable("tlu", a)?;
            let node = graph.node(a);
            if !matches!(node.element, ElementType::Encrypted { .. }) {
                let found = format!("{} {}", article(node.element), node.element);
                return refuse(
                    "tlu",
                    found,
                    "encrypted integers are looked up",
                    "round it to an integer first",
                );
            }
            let shape = node.shape.clone();
            table.check(&shape)?;
            Ok(graph.push(NodeKind::Lookup(table), &[a], shape, ElementType::ENCRYPTED))
        })
    }

    /// Rounding, truncation or low bits of encrypted integers.
    pub fn digits(&mut self, digits: Digits, a: NodeId) -> Result<NodeId, TraceError> {
        self.checked(|graph| {
            let name = digits_name(&digits);
            let a = graph.needs_variable(name, a)?;
            if graph.is_real(a) {
                let element = graph.node(a).element;
                let found = format!("{} {element}", article(element));
                return refuse(
                    name,
                    found,
                    "digits of encrypted integers are taken",
                    "round it to an integer first",
                );
            }
            let (bits, is_signed) = match digits {
                Digits::Round { bits, .. } | Digits::Truncate { bits, .. } => (bits, None),
                Digits::LowBits { bits } => (bits, Some(false)),
                Digits::LowBitsBelow { .. }
                | Digits::Bit { .. }
                | Digits::BitOfDifference { .. }
                | Digits::Reinterpret { .. } => {
                    return refuse(
                        name,
                        "a part of another operation",
                        "programs round, truncate and take low bits",
                        "use one of these",
                    );
                }
            };
            if !(1..MAX_WIDTH.0).contains(&bits) {
                let allowed = format!("1 to {} bits", MAX_WIDTH.0 - 1);
                return refuse(name, format!("{bits} bits"), allowed, "leave it out for 0 bits");
            }
            let shape = graph.node(a).shape.clone();
            Ok(graph.push(NodeKind::Digits(digits), &[a], shape, ElementType::Encrypted { is_signed }))
        })
    }

    pub(crate) fn checked(&mut self, build: impl FnOnce(&mut Self) -> Built) -> Result<NodeId, TraceError> {
        build(self).map_err(|refusal| self.refused(refusal))
    }

    fn sum_of(&mut self, function: Binary, a: NodeId, b: NodeId) -> Built {
        if self.is_real(a) || self.is_real(b) {
            return self.function_of_two(function, a, b);
        }
        let (a, b) = self.broadcast_together(function.name(), a, b)?;
        let has_clear = self.is_encrypted(a) != self.is_encrypted(b);
        let linear = match function {
            Binary::Sub => Linear::Sub,
            _ if has_clear => Linear::AddClear,
            _ => Linear::Add,
        };
        self.linear(linear, &[a, b])
    }

    fn negated(&mut self, a: NodeId) -> Built {
        match (&self.node(a).kind, self.node(a).element) {
            (NodeKind::RealConstant(values), _) => {
                let negated = values.mapv(|value| -value);
                Ok(self.real_constant(negated))
            }
            (_, ElementType::EncryptedReal) => self.function_of_one(Unary::Neg, a, Number::Real),
            _ => self.linear(Linear::Neg, &[a]),
        }
    }

    fn product(&mut self, a: NodeId, b: NodeId) -> Built {
        if self.is_real(a) || self.is_real(b) {
            return self.function_of_two(Binary::Mul, a, b);
        }
        if self.is_encrypted(a) && self.is_encrypted(b) {
            return self.function_of_two(Binary::Mul, a, b);
        }
        let (a, b) = self.broadcast_together("multiply", a, b)?;
        self.linear(Linear::MulClear, &[a, b])
    }

    /// A product where the amount is known.
    fn shifted_left(&mut self, a: NodeId, b: NodeId) -> Built {
        self.check_right_operand(Binary::ShiftLeft, b)?;
        match &self.node(b).kind {
            NodeKind::Constant(amounts) if !self.is_constant(a) && !self.is_real(a) => {
                let factors = amounts.mapv(|amount| 1 << amount);
                let factors = self.constant(factors);
                self.product(a, factors)
            }
            _ => self.function_of_two(Binary::ShiftLeft, a, b),
        }
    }

    /// Products of vectors and matrices.
    pub(crate) fn matrix_product(&mut self, name: &str, a: NodeId, b: NodeId) -> Built {
        for operand in [a, b] {
            self.needs_integers(name, operand)?;
        }
        let (shape_a, shape_b) = (self.node(a).shape.clone(), self.node(b).shape.clone());
        match (shape_a.as_slice(), shape_b.as_slice()) {
            (&[_], &[_]) => self.linear(Linear::Dot, &[a, b]),
            (&[_, _], &[_, _]) => self.linear(Linear::Matmul, &[a, b]),
            (&[inner], &[_, columns]) => {
                let row = self.reshaped(a, &[1, inner])?;
                let product = self.linear(Linear::Matmul, &[row, b])?;
                self.reshaped(product, &[columns])
            }
            (&[rows, _], &[inner]) => {
                let column = self.reshaped(b, &[inner, 1])?;
                let product = self.linear(Linear::Matmul, &[a, column])?;
                self.reshaped(product, &[rows])
            }
            _ => refuse_argument(
                name,
                format!("operands of shape {shape_a:?} and {shape_b:?}"),
                "scalars are no matrices",
                "multiply with `*`",
            ),
        }
    }

    fn function_of_one(&mut self, function: Unary, a: NodeId, number: Number) -> Built {
        let a = self.needs_variable(function.name(), a)?;
        if function == Unary::ToReal && number == Number::Real {
            return Ok(a);
        }
        let shape = self.node(a).shape.clone();
        let element = ElementType::encrypted(function.gives(number));
        Ok(self.push(NodeKind::Unary(function), &[a], shape, element))
    }

    fn function_of_two(&mut self, function: Binary, a: NodeId, b: NodeId) -> Built {
        let name = function.name();
        if self.is_constant(a) && self.is_constant(b) {
            return refuse(
                name,
                "only constants",
                "one operand is an input or derives from one",
                "compute it before, in clear",
            );
        }
        let [a, b] = [a, b].map(|operand| self.variable_encrypted(operand));
        let is_real = self.is_real(a) || self.is_real(b) || function.accepts() == Accepts::Real;
        if is_real && function.accepts() == Accepts::Int {
            return refuse(name, "a real operand", "it takes integers", "round it to an integer first");
        }
        if !is_real {
            self.check_right_operand(function, b)?;
        }
        let (a, b) = self.broadcast_together(name, a, b)?;
        let shape = self.common_shape(name, &[a, b])?;
        let number = if is_real { Number::Real } else { Number::Int };
        Ok(self.push(
            NodeKind::Binary(function),
            &[a, b],
            shape,
            ElementType::encrypted(function.gives(number)),
        ))
    }

    /// Constant integer divisors, exponents and shifts for which the function has no value.
    fn check_right_operand(&self, function: Binary, b: NodeId) -> Result<(), Refusal> {
        let NodeKind::Constant(values) = &self.node(b).kind else { return Ok(()) };
        let find = |bad: fn(i64) -> bool| values.iter().copied().find(|&value| bad(value));
        let (found, allowed, advice) = match function {
            Binary::FloorDiv | Binary::Remainder => (
                find(|value| value == 0),
                "integers are divided by others than 0",
                "convert to reals, or leave it out",
            ),
            Binary::Pow => (
                find(|value| !(0..=i64::from(u32::MAX)).contains(&value)),
                "integers are raised to powers from 0 on",
                "convert to reals first",
            ),
            Binary::ShiftLeft => (
                find(|value| !(0..63).contains(&value)),
                "bits are shifted by 0 to 62",
                "shift the other way for negative counts",
            ),
            Binary::ShiftRight => (
                find(|value| !(0..64).contains(&value)),
                "bits are shifted by 0 to 63",
                "shift the other way for negative counts",
            ),
            _ => (None, "", ""),
        };
        match found {
            Some(value) => refuse(function.name(), format!("the right operand {value}"), allowed, advice),
            None => Ok(()),
        }
    }

    /// Whether a value is not 0: itself where it is 0 or 1 for sure.
    pub(crate) fn truth(&mut self, a: NodeId) -> Built {
        if self.is_bit(a, 8) {
            return Ok(a);
        }
        if let NodeKind::Constant(values) = &self.node(a).kind {
            let bits = values.mapv(|value| i64::from(value != 0));
            return Ok(self.constant(bits));
        }
        let a = self.variable_encrypted(a);
        let zero = self.constant(ArrayD::zeros(IxDyn(&[])));
        self.function_of_two(Binary::NotEqual, a, zero)
    }

    /// Whether a value is 0 or 1 for sure, looking that far back.
    pub(crate) fn is_bit(&self, a: NodeId, depth: u32) -> bool {
        let Some(depth) = depth.checked_sub(1) else { return false };
        let bits = |values: &ArrayD<i64>| values.iter().all(|value| (0..=1).contains(value));
        match &self.node(a).kind {
            NodeKind::Binary(function) => match function {
                Binary::Equal
                | Binary::NotEqual
                | Binary::Less
                | Binary::LessEqual
                | Binary::Greater
                | Binary::GreaterEqual => true,
                Binary::BitAnd | Binary::BitOr | Binary::BitXor | Binary::Mul | Binary::Min | Binary::Max => {
                    self.operands(a).iter().all(|&operand| self.is_bit(operand, depth))
                }
                _ => false,
            },
            NodeKind::Input(index) => {
                self.is_encrypted(a)
                    && self.inputs()[*index].declared.range().is_some_and(|(lo, hi)| lo >= 0 && hi <= 1)
            }
            NodeKind::Digits(Digits::LowBits { bits: 1 }) => true,
            NodeKind::Constant(values) => bits(values),
            NodeKind::Linear(linear) if linear.places() == Places::Moved => {
                self.is_bit(self.operands(a)[0], depth)
            }
            _ => false,
        }
    }

    /// Operands broadcast to one shape, constants left short, clear inputs encrypted trivially.
    fn together(&mut self, name: &str, operands: &[NodeId]) -> Result<Vec<NodeId>, Refusal> {
        let mut together: Vec<NodeId> =
            operands.iter().map(|&operand| self.variable_encrypted(operand)).collect();
        let shape = self.common_shape(name, &together)?;
        for operand in &mut together {
            if !self.is_constant(*operand) {
                *operand = self.broadcast_to(*operand, &shape)?;
            }
        }
        Ok(together)
    }

    /// The shape that operands have when they are broadcast together.
    fn common_shape(&self, name: &str, operands: &[NodeId]) -> Result<Vec<usize>, Refusal> {
        let mut shape: Vec<usize> = vec![];
        for &operand in operands {
            let other = &self.node(operand).shape;
            shape = match broadcast_shape(&shape, other) {
                Some(shape) => shape,
                None => {
                    return refuse(
                        name,
                        format!("operands of shape {shape:?} and {other:?}"),
                        "axes are equal or 1, counted from the last",
                        "reshape one of them",
                    );
                }
            };
        }
        Ok(shape)
    }

    /// Clear inputs encrypted trivially: functions that become tables know only their constants when the program is
    /// compiled.
    fn variable_encrypted(&mut self, a: NodeId) -> NodeId {
        if self.is_encrypted(a) || self.is_constant(a) {
            return a;
        }
        let shape = self.node(a).shape.clone();
        self.push(NodeKind::Encrypt, &[a], shape, ElementType::ENCRYPTED)
    }

    /// The operand of a function that becomes a table, encrypted trivially where it is clear.
    fn needs_variable(&mut self, name: &str, a: NodeId) -> Built {
        if self.is_constant(a) {
            let allowed = "its operand is an input or derives from one";
            return refuse(name, "a constant", allowed, "compute it before, in clear");
        }
        Ok(self.variable_encrypted(a))
    }

    pub(crate) fn needs_integers(&self, name: &str, a: NodeId) -> Result<(), Refusal> {
        if !self.is_real(a) {
            return Ok(());
        }
        let element = self.node(a).element;
        refuse(
            name,
            format!("{} {element}", article(element)),
            "it takes integers; reals only pass elementwise functions",
            "round it to an integer first, or move this operation before the conversion to reals",
        )
    }

    pub(crate) fn is_encrypted(&self, a: NodeId) -> bool {
        self.node(a).element.is_encrypted()
    }

    pub(crate) fn is_constant(&self, a: NodeId) -> bool {
        matches!(self.node(a).kind, NodeKind::Constant(_) | NodeKind::RealConstant(_))
    }

    /// Clear, but known only when the program runs.
    pub(crate) fn is_clear_variable(&self, a: NodeId) -> bool {
        !self.is_encrypted(a) && !self.is_constant(a)
    }

    pub(crate) fn is_real(&self, a: NodeId) -> bool {
        self.node(a).element.number() == Number::Real
    }
}

fn article(element: ElementType) -> &'static str {
    if element.is_encrypted() { "an" } else { "a" }
}
