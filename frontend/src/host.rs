//! Functions of the embedding program inside a graph, and how the interpreter reaches them.

use crate::elementwise::Number;
use crate::graph::OpGraph;
use crate::node::{Node, NodeKind};
use cloakwork_ir::host::Column;
use cloakwork_ir::host::HostFunctions;
use cloakwork_ir::interpret::Clear;
use ndarray::{ArrayD, IxDyn};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// An elementwise function of the embedding program. It must be pure: it becomes a table.
#[derive(Clone)]
pub struct HostFunction {
    /// Name in the graph's text.
    pub name: String,
    /// What runs.
    pub body: HostBody,
}

/// See [`HostFunction`].
#[derive(Clone)]
pub enum HostBody {
    /// Integer to integer, one element at a time.
    Int(Arc<dyn Fn(i64) -> i64 + Send + Sync>),
    /// Real to real, one element at a time.
    Real(Arc<dyn Fn(f64) -> f64 + Send + Sync>),
    /// Several integers to one, one element of each at a time.
    #[allow(clippy::type_complexity, reason = "the type of a function, said once")]
    Ints(Arc<dyn Fn(&[i64]) -> i64 + Send + Sync>),
    /// All elements of several operands at once, in vectors of one length; the result has as many.
    Arrays {
        /// What it takes, each operand alike.
        takes: Number,
        /// What it gives.
        gives: Number,
        /// The function.
        #[allow(clippy::type_complexity, reason = "the type of a function, said once")]
        function: Arc<dyn Fn(&[Clear]) -> Result<Clear, String> + Send + Sync>,
    },
    /// All elements at once, in a vector; the result has as many.
    Array {
        /// What it takes.
        takes: Number,
        /// What it gives.
        gives: Number,
        /// The function.
        #[allow(clippy::type_complexity, reason = "the type of a function, said once")]
        function: Arc<dyn Fn(&Clear) -> Result<Clear, String> + Send + Sync>,
    },
}

impl HostFunction {
    /// What it takes.
    pub fn takes(&self) -> Number {
        match &self.body {
            HostBody::Int(_) | HostBody::Ints(_) => Number::Int,
            HostBody::Real(_) => Number::Real,
            HostBody::Array { takes, .. } | HostBody::Arrays { takes, .. } => *takes,
        }
    }

    /// What it gives.
    pub fn gives(&self) -> Number {
        match &self.body {
            HostBody::Int(_) | HostBody::Ints(_) => Number::Int,
            HostBody::Real(_) => Number::Real,
            HostBody::Array { gives, .. } | HostBody::Arrays { gives, .. } => *gives,
        }
    }

    /// Applies it to every element; a panic inside is an error.
    fn apply(&self, inputs: &[&Column]) -> Result<Column, String> {
        let name = &self.name;
        let result = catch_unwind(AssertUnwindSafe(|| match (&self.body, inputs) {
            (HostBody::Int(f), [Column::Int(values)]) => {
                Ok(Column::Int(values.iter().map(|&v| f(v)).collect()))
            }
            (HostBody::Real(f), [Column::Real(values)]) => {
                Ok(Column::Real(values.iter().map(|&v| f(v)).collect()))
            }
            (HostBody::Ints(f), inputs) => {
                let columns = inputs.iter().map(|input| match input {
                    Column::Int(values) => Ok(values.as_slice()),
                    Column::Real(_) => Err(OTHER_TYPE.to_owned()),
                });
                let columns: Vec<&[i64]> = columns.collect::<Result<_, _>>()?;
                let count = columns.first().map_or(0, |column| column.len());
                let row = |i: usize| columns.iter().map(|column| column[i]).collect::<Vec<i64>>();
                Ok(Column::Int((0..count).map(|i| f(&row(i))).collect()))
            }
            (HostBody::Array { takes, gives, function }, [input]) => {
                let argument = vector(*takes, input)?;
                column(*gives, argument.shape(), function(&argument)?)
            }
            (HostBody::Arrays { takes, gives, function }, inputs) => {
                let arguments = inputs.iter().map(|input| vector(*takes, input));
                let arguments: Vec<Clear> = arguments.collect::<Result<_, _>>()?;
                let shape = arguments.first().map_or(vec![], |argument| argument.shape().to_vec());
                column(*gives, &shape, function(&arguments)?)
            }
            (HostBody::Int(_) | HostBody::Real(_) | HostBody::Array { .. }, _) => Err(OTHER_TYPE.to_owned()),
        }));
        match result {
            Ok(result) => result.map_err(|message| format!("`{name}` failed: {message}")),
            Err(_) => Err(format!("`{name}` panicked; guard it against every value of its operand's range")),
        }
    }
}

const OTHER_TYPE: &str = "its operand has another type";

/// A column as the vector that a function takes.
fn vector(takes: Number, input: &Column) -> Result<Clear, String> {
    let shape = |count: usize| IxDyn(&[count]);
    let argument = match (takes, input) {
        (Number::Int, Column::Int(values)) => {
            ArrayD::from_shape_vec(shape(values.len()), values.clone()).map(Clear::Int)
        }
        (Number::Real, Column::Real(values)) => {
            ArrayD::from_shape_vec(shape(values.len()), values.clone()).map(Clear::Real)
        }
        (Number::Int | Number::Real, _) => return Err(OTHER_TYPE.to_owned()),
    };
    argument.map_err(|error| error.to_string())
}

/// What a function gave for vectors of a shape, as a column.
fn column(gives: Number, allowed: &[usize], result: Clear) -> Result<Column, String> {
    if result.shape() != allowed {
        let found = result.shape();
        return Err(format!(
            "it gave shape {found:?} for {allowed:?}; a function must give one result for each element"
        ));
    }
    match (gives, result) {
        (Number::Int, Clear::Int(values)) => Ok(Column::Int(values.into_iter().collect())),
        (Number::Real, Clear::Real(values)) => Ok(Column::Real(values.into_iter().collect())),
        (_, Clear::Unsigned(_)) => Err("it gave integers beyond 64 signed bits".to_owned()),
        (Number::Int, Clear::Real(_)) => Err("it gave reals where integers were announced".to_owned()),
        (Number::Real, Clear::Int(_)) => Err("it gave integers where reals were announced".to_owned()),
    }
}

impl fmt::Debug for HostFunction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HostFunction({}: {:?} -> {:?})", self.name, self.takes(), self.gives())
    }
}

/// The host functions of a graph; a function's number is its node's.
#[derive(Clone, Debug, Default)]
pub struct GraphHost {
    functions: Vec<Option<HostFunction>>,
}

impl GraphHost {
    /// Takes them out of a graph.
    pub fn of(graph: &OpGraph) -> Self {
        let function =
            |node: &Node| if let NodeKind::Host(host) = &node.kind { Some(host.clone()) } else { None };
        Self { functions: graph.nodes().map(|(_, node)| function(node)).collect() }
    }
}

impl HostFunctions for GraphHost {
    fn call(&self, function: i64, inputs: &[&Column]) -> Result<Column, String> {
        let found = usize::try_from(function).ok().and_then(|number| self.functions.get(number)?.as_ref());
        match found {
            Some(host) => host.apply(inputs),
            None => {
                Err(format!("host function {function} is not in this graph; emit and run the same graph"))
            }
        }
    }
}
