//! The values that a traced closure computes with.
//!
//! Every method records one operation at the place of its caller. A refused operation gives a value that
//! records nothing more; [`crate::trace()`] reports the first one. What is made of several operations stands in
//! [`crate::compositions`].

use crate::elementwise::{Binary, Unary};
use crate::error::TraceError;
use crate::graph::{NodeId, OpGraph};
use crate::host::{HostBody, HostFunction};
use crate::lookup_table::LookupTable;
use crate::shapes::{KeepAxes, Take};
use crate::trace::{State, refusal};
use cloakwork_ir::digits::{Digits, Exactness};
use ndarray::{Array, ArrayD, Dimension, IxDyn};
use std::cell::RefCell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::sync::Arc;

/// A value of the program that is being traced; cheap to clone.
#[derive(Clone)]
pub struct Traced {
    state: Rc<RefCell<State>>,
    /// `None` after an error.
    node: Option<NodeId>,
}

/// The other operand of an operation: traced, a number, or an array of numbers.
pub trait Operand {
    /// Its node in the graph.
    #[doc(hidden)]
    fn into_node(self, place: &Traced) -> Result<NodeId, TraceError>;
}

impl Traced {
    #[track_caller]
    pub(crate) fn record(
        state: &Rc<RefCell<State>>,
        build: impl FnOnce(&mut OpGraph) -> Result<NodeId, TraceError>,
    ) -> Self {
        let node = state.borrow_mut().record(Location::caller(), build);
        Self { state: state.clone(), node }
    }

    /// Its shape; empty for a scalar and after an error.
    pub fn shape(&self) -> Vec<usize> {
        let state = self.state.borrow();
        self.known(&state).map_or(vec![], |node| state.graph.node(node).shape.clone())
    }

    /// Sum over axes, which vanish; over all axes if none is named. Negative axes count from the last.
    #[track_caller]
    pub fn sum(&self, axes: impl AsRef<[i64]>) -> Self {
        let axes = axes.as_ref();
        self.with_self(|graph, a| graph.sum(a, (!axes.is_empty()).then_some(axes), KeepAxes::No))
    }

    /// The same elements in another shape; one axis may be −1.
    #[track_caller]
    pub fn reshape(&self, shape: impl AsRef<[i64]>) -> Self {
        self.with_self(|graph, a| graph.reshape(a, shape.as_ref()))
    }

    /// Axes in another order.
    #[track_caller]
    pub fn transpose(&self, permutation: impl AsRef<[i64]>) -> Self {
        self.with_self(|graph, a| graph.transpose(a, Some(permutation.as_ref())))
    }

    /// Axes in reverse order.
    #[track_caller]
    pub fn t(&self) -> Self {
        self.with_self(|graph, a| graph.transpose(a, None))
    }

    /// Some elements of each axis: `x.slice([Take::At(0), (1..3).into()])`.
    #[track_caller]
    pub fn slice(&self, takes: impl AsRef<[Take]>) -> Self {
        self.with_self(|graph, a| graph.slice(a, takes.as_ref()))
    }

    /// Element `i` of the first axis, which vanishes; negative positions count from the end.
    #[track_caller]
    pub fn at(&self, i: i64) -> Self {
        self.with_self(|graph, a| graph.slice(a, &[Take::At(i)]))
    }

    /// `self`, then `others`, along an axis.
    #[track_caller]
    pub fn concat(&self, others: &[Self], axis: i64) -> Self {
        self.with_all(others, |graph, values| graph.concat(values, axis))
    }

    /// Repeated along new axes and axes of one element.
    #[track_caller]
    pub fn broadcast(&self, shape: impl AsRef<[usize]>) -> Self {
        self.with_self(|graph, a| graph.broadcast(a, shape.as_ref()))
    }

    /// Elements of the flattened value, in the shape of `indices`; each may be taken any number of times.
    #[track_caller]
    pub fn gather(&self, indices: &ArrayD<usize>) -> Self {
        self.with_self(|graph, a| graph.gather(a, indices))
    }

    /// What lies at positions of an axis, which may be an input; negative ones count from the end. Encrypted ones are
    /// compared with every position.
    #[track_caller]
    pub fn take(&self, positions: impl Operand, axis: i64) -> Self {
        match positions.into_node(self) {
            Ok(positions) => self.with_self(|graph, a| graph.gather_at(a, positions, axis)),
            Err(error) => self.with_self(|_, _| Err(error)),
        }
    }

    /// The same values but for `value` at clear positions of an axis, which may be an input, or at an encrypted one.
    #[track_caller]
    pub fn put(&self, value: impl Operand, positions: impl Operand, axis: i64) -> Self {
        let both = value.into_node(self).and_then(|value| Ok((value, positions.into_node(self)?)));
        match both {
            Ok((value, positions)) => self.with_self(|graph, a| graph.set_at(a, value, positions, axis)),
            Err(error) => self.with_self(|_, _| Err(error)),
        }
    }

    /// Every element looked up in a table.
    #[track_caller]
    pub fn lookup(&self, table: &LookupTable) -> Self {
        self.with_self(|graph, a| graph.lookup(table.clone(), a))
    }

    /// `⌊(v + 2^(bits−1)) / 2^bits⌋` for every element: the nearest multiple of `2^bits`, divided by it.
    #[track_caller]
    pub fn round_bits(&self, bits: u32, exactness: Exactness) -> Self {
        self.with_self(|graph, a| graph.digits(Digits::Round { bits, exactness }, a))
    }

    /// `⌊v / 2^bits⌋` for every element.
    #[track_caller]
    pub fn truncate_bits(&self, bits: u32, exactness: Exactness) -> Self {
        self.with_self(|graph, a| graph.digits(Digits::Truncate { bits, exactness }, a))
    }

    /// `v mod 2^bits` for every element.
    #[track_caller]
    pub fn low_bits(&self, bits: u32) -> Self {
        self.with_self(|graph, a| graph.digits(Digits::LowBits { bits }, a))
    }

    /// Any pure function of integers, for every element. It becomes a table.
    #[track_caller]
    pub fn map(&self, function: impl Fn(i64) -> i64 + Send + Sync + 'static) -> Self {
        let function = HostFunction { name: "map".to_owned(), body: HostBody::Int(Arc::new(function)) };
        self.with_self(|graph, a| graph.host(function, a))
    }

    /// Any pure function of several integers, for every element: `x.map_with(&[&y], |v| v[0] % (v[1] + 1))`. It
    /// becomes a table of all their values together.
    #[track_caller]
    pub fn map_with(
        &self,
        others: &[&Self],
        function: impl Fn(&[i64]) -> i64 + Send + Sync + 'static,
    ) -> Self {
        let function = HostFunction { name: "map_with".to_owned(), body: HostBody::Ints(Arc::new(function)) };
        let others: Vec<Self> = others.iter().map(|&other| other.clone()).collect();
        self.with_all(&others, |graph, values| graph.multivariate(function, values))
    }

    /// `then` where it is not 0, else `otherwise`.
    #[track_caller]
    pub fn select(&self, then: impl Operand, otherwise: impl Operand) -> Self {
        let place = self.with_self(|_, a| Ok(a));
        let branches = then.into_node(&place).and_then(|then| Ok((then, otherwise.into_node(&place)?)));
        match branches {
            Ok((then, otherwise)) => place.with_self(|graph, a| graph.select(a, then, otherwise)),
            Err(error) => self.with_self(|_, _| Err(error)),
        }
    }

    /// Any pure function of reals, for every element.
    #[track_caller]
    pub fn map_real(&self, function: impl Fn(f64) -> f64 + Send + Sync + 'static) -> Self {
        let function = HostFunction { name: "map_real".to_owned(), body: HostBody::Real(Arc::new(function)) };
        self.with_self(|graph, a| graph.host(function, a))
    }

    /// An elementwise function known by name.
    #[track_caller]
    pub fn unary(&self, function: Unary) -> Self {
        self.with_self(|graph, a| graph.unary(function, a))
    }

    /// An elementwise function of two operands, known by name.
    #[track_caller]
    pub fn binary(&self, function: Binary, other: impl Operand) -> Self {
        self.with(other, |graph, a, b| graph.binary(function, a, b))
    }

    #[track_caller]
    pub(crate) fn with(
        &self,
        other: impl Operand,
        build: impl FnOnce(&mut OpGraph, NodeId, NodeId) -> Result<NodeId, TraceError>,
    ) -> Self {
        // Constants are recorded first: their nodes stand before their user's, at its place.
        let place = self.with_self(|_, a| Ok(a));
        match other.into_node(&place) {
            Ok(b) => place.with_self(|graph, a| build(graph, a, b)),
            Err(error) => self.with_self(|_, _| Err(error)),
        }
    }

    /// An operation on `self` and others.
    #[track_caller]
    pub(crate) fn with_all(
        &self,
        others: &[Self],
        build: impl FnOnce(&mut OpGraph, &[NodeId]) -> Result<NodeId, TraceError>,
    ) -> Self {
        let others: Result<Vec<NodeId>, TraceError> =
            others.iter().map(|other| other.into_node(self)).collect();
        self.with_self(|graph, a| build(graph, &[&[a], others?.as_slice()].concat()))
    }

    #[track_caller]
    pub(crate) fn with_self(
        &self,
        build: impl FnOnce(&mut OpGraph, NodeId) -> Result<NodeId, TraceError>,
    ) -> Self {
        // A closure would be its own caller.
        let caller = Location::caller();
        let mut state = self.state.borrow_mut();
        let node = self.known(&state).and_then(|node| state.record(caller, |graph| build(graph, node)));
        Self { state: self.state.clone(), node }
    }

    pub(crate) fn mark_as_output(&self) {
        let mut state = self.state.borrow_mut();
        let Some(node) = self.known(&state) else { return };
        let location = state.graph.node(node).location.clone();
        state.graph.set_place(location, None);
        if let Err(error) = state.graph.output(node) {
            state.error = Some(error);
        }
    }

    /// The node, unless there was an error before.
    fn known(&self, state: &State) -> Option<NodeId> {
        self.node.filter(|_| state.error.is_none())
    }
}

macro_rules! methods {
    (unary $($(#[$doc:meta])* $name:ident = $function:ident;)*) => {
        impl Traced {
            $($(#[$doc])* #[track_caller] pub fn $name(&self) -> Self { self.unary(Unary::$function) })*
        }
    };
    (binary $($(#[$doc:meta])* $name:ident = $function:ident;)*) => {
        impl Traced {
            $($(#[$doc])* #[track_caller] pub fn $name(&self, other: impl Operand) -> Self { self.binary(Binary::$function, other) })*
        }
    };
}

methods! {
    unary
    /// As reals.
    to_real = ToReal;
    /// The nearest integers, ties to even.
    round_to_int = RoundToInt;
    /// The greatest integers not above.
    floor_to_int = FloorToInt;
    /// The least integers not below.
    ceil_to_int = CeilToInt;
    /// Integers without the fraction.
    truncate_to_int = TruncateToInt;
    /// `|v|`
    abs = Abs;
    /// `max(v, 0)`
    relu = Relu;
    /// `√v`
    sqrt = Sqrt;
    /// `eᵛ`
    exp = Exp;
    /// `2ᵛ`
    exp2 = Exp2;
    /// Natural logarithm.
    log = Log;
    /// Logarithm to base 2.
    log2 = Log2;
    /// Logarithm to base 10.
    log10 = Log10;
    /// Sine.
    sin = Sin;
    /// Cosine.
    cos = Cos;
    /// Tangent.
    tan = Tan;
    /// Hyperbolic tangent.
    tanh = Tanh;
    /// `1 / (1 + e⁻ᵛ)`
    sigmoid = Sigmoid;
}

methods! {
    binary
    /// `aᵇ`
    pow = Pow;
    /// The lesser.
    min = Min;
    /// The greater.
    max = Max;
    /// The greatest integer not above `a / b`.
    floor_div = FloorDiv;
    /// `a − b·⌊a / b⌋`
    remainder = Remainder;
    /// Bits on in both.
    bit_and = BitAnd;
    /// Bits on in either.
    bit_or = BitOr;
    /// Bits on in exactly one.
    bit_xor = BitXor;
    /// `a · 2ᵇ`
    shift_left = ShiftLeft;
    /// `⌊a / 2ᵇ⌋`
    shift_right = ShiftRight;
    /// 1 where equal, else 0.
    equal = Equal;
    /// 1 where different, else 0.
    not_equal = NotEqual;
    /// 1 where less, else 0.
    less = Less;
    /// 1 where less or equal, else 0.
    less_equal = LessEqual;
    /// 1 where greater, else 0.
    greater = Greater;
    /// 1 where greater or equal, else 0.
    greater_equal = GreaterEqual;
}

impl fmt::Debug for Traced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Traced({:?})", self.node)
    }
}

impl Operand for Traced {
    fn into_node(self, place: &Traced) -> Result<NodeId, TraceError> {
        (&self).into_node(place)
    }
}

impl Operand for &Traced {
    fn into_node(self, place: &Traced) -> Result<NodeId, TraceError> {
        if !Rc::ptr_eq(&self.state, &place.state) {
            let mut error = refusal(
                "trace",
                "a value of another program",
                "operands belong to one program",
                "trace both in one closure",
            );
            let state = place.state.borrow();
            error.location =
                place.known(&state).and_then(|node| state.graph.node(node).location.clone()).map(Box::new);
            return Err(error);
        }
        self.node.ok_or_else(|| refusal("trace", "a refused operation", "", ""))
    }
}

fn constant(place: &Traced, build: impl FnOnce(&mut OpGraph) -> NodeId) -> Result<NodeId, TraceError> {
    let mut state = place.state.borrow_mut();
    match place.known(&state) {
        Some(_) => Ok(build(&mut state.graph)),
        None => Err(refusal("trace", "a refused operation", "", "")),
    }
}

impl Operand for i64 {
    fn into_node(self, place: &Traced) -> Result<NodeId, TraceError> {
        constant(place, |graph| graph.constant(ArrayD::from_elem(IxDyn(&[]), self)))
    }
}

impl Operand for f64 {
    fn into_node(self, place: &Traced) -> Result<NodeId, TraceError> {
        constant(place, |graph| graph.real_constant(ArrayD::from_elem(IxDyn(&[]), self)))
    }
}

/// Elements of a constant array.
pub trait Element: Clone {
    #[doc(hidden)]
    fn append(graph: &mut OpGraph, values: ArrayD<Self>) -> NodeId;
}

impl Element for i64 {
    fn append(graph: &mut OpGraph, values: ArrayD<Self>) -> NodeId {
        graph.constant(values)
    }
}

impl Element for f64 {
    fn append(graph: &mut OpGraph, values: ArrayD<Self>) -> NodeId {
        graph.real_constant(values)
    }
}

impl<E: Element, D: Dimension> Operand for Array<E, D> {
    fn into_node(self, place: &Traced) -> Result<NodeId, TraceError> {
        constant(place, |graph| E::append(graph, self.into_dyn()))
    }
}

impl<E: Element, D: Dimension> Operand for &Array<E, D> {
    fn into_node(self, place: &Traced) -> Result<NodeId, TraceError> {
        self.clone().into_node(place)
    }
}
