//! Traces a Rust closure: runs it once on [`Traced`] values, which record what happens to them.
//!
//! ```
//! use cloakwork_frontend::trace;
//! use ndarray::array;
//!
//! let weights = array![1, -2, 3].into_dyn();
//! let graph = trace("neuron", |t| {
//!     let x = t.encrypted("x", [3], 0..=15);
//!     (x.dot(&weights) + 7).map(|v| v.max(0))
//! })?;
//! assert_eq!(graph.outputs().len(), 1);
//! # Ok::<(), cloakwork_frontend::TraceError>(())
//! ```

use crate::error::{Fault, SourceLocation, TraceError};
use crate::graph::{NodeId, OpGraph};
use crate::node::InputType;
use crate::traced::Traced;
use ndarray::{Array, Dimension};
use std::cell::RefCell;
use std::panic::Location;
use std::rc::Rc;

/// Traces `program` into a graph called `name`.
///
/// Operators cannot fail in Rust, so the first operation that was refused is reported here, with its place.
pub fn trace<Outputs: IntoOutputs>(
    name: &str,
    program: impl FnOnce(&Tracer) -> Outputs,
) -> Result<OpGraph, TraceError> {
    let tracer = Tracer {
        state: Rc::new(RefCell::new(State { graph: OpGraph::new(name), error: None, tags: vec![] })),
    };
    let outputs = program(&tracer).into_outputs();
    for output in outputs {
        output.mark_as_output();
    }
    tracer.finish(name)
}

/// Makes the inputs of a program that is being traced.
#[derive(Clone, Debug)]
pub struct Tracer {
    state: Rc<RefCell<State>>,
}

/// What is traced so far; after the first error nothing more.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) graph: OpGraph,
    pub(crate) error: Option<TraceError>,
    tags: Vec<String>,
}

impl Tracer {
    /// An encrypted input: `t.encrypted("x", [3], 0..=15)`, `t.encrypted("x", [], InputType::unsigned(4))`.
    #[track_caller]
    pub fn encrypted(
        &self,
        name: &str,
        shape: impl AsRef<[usize]>,
        declared: impl Into<InputType>,
    ) -> Traced {
        let declared = declared.into();
        self.record(|graph| graph.encrypted(name, shape.as_ref(), declared))
    }

    /// A clear input of integers.
    #[track_caller]
    pub fn clear(&self, name: &str, shape: impl AsRef<[usize]>, declared: impl Into<InputType>) -> Traced {
        let declared = declared.into();
        self.record(|graph| graph.clear(name, shape.as_ref(), declared))
    }

    /// Integers that are known while tracing.
    #[track_caller]
    pub fn constant<D: Dimension>(&self, values: &Array<i64, D>) -> Traced {
        self.record(|graph| Ok(graph.constant(values.clone().into_dyn())))
    }

    /// Integers that are known while tracing and may be greater than every `i64`.
    #[track_caller]
    pub fn unsigned<D: Dimension>(&self, values: &Array<u64, D>) -> Traced {
        self.record(|graph| Ok(graph.unsigned_constant(&values.clone().into_dyn())))
    }

    /// Gives everything that `part` traces the tag `tag`; tags inside are joined by dots.
    pub fn tag<R>(&self, tag: &str, part: impl FnOnce() -> R) -> R {
        self.state.borrow_mut().tags.push(tag.to_owned());
        let result = part();
        self.state.borrow_mut().tags.pop();
        result
    }

    #[track_caller]
    fn record(&self, build: impl FnOnce(&mut OpGraph) -> Result<NodeId, TraceError>) -> Traced {
        Traced::record(&self.state, build)
    }

    fn finish(self, name: &str) -> Result<OpGraph, TraceError> {
        let mut state = self.state.borrow_mut();
        let late = refusal(
            "trace",
            "a value used after its program was traced",
            "values live inside the closure",
            "compute inside",
        );
        let error = state.error.replace(late);
        let graph = std::mem::replace(&mut state.graph, OpGraph::new(name));
        match error {
            Some(error) => Err(error),
            None if graph.outputs().is_empty() => Err(refusal(
                "return",
                "no result",
                "a program has at least one result",
                "return the encrypted value that the closure computes",
            )),
            None => Ok(graph),
        }
    }
}

impl State {
    /// Runs `build` unless there was an error; keeps its error.
    pub(crate) fn record(
        &mut self,
        location: &Location<'_>,
        build: impl FnOnce(&mut OpGraph) -> Result<NodeId, TraceError>,
    ) -> Option<NodeId> {
        if self.error.is_some() {
            return None;
        }
        let tag = (!self.tags.is_empty()).then(|| self.tags.join("."));
        self.graph.set_place(Some(SourceLocation::from(location)), tag);
        build(&mut self.graph).map_err(|error| self.error = Some(error)).ok()
    }
}

pub(crate) fn refusal(operation: &str, found: &str, allowed: &str, advice: &str) -> TraceError {
    let text = str::to_owned;
    TraceError {
        fault: Fault::Operand,
        location: None,
        operation: text(operation),
        found: text(found),
        allowed: text(allowed),
        advice: text(advice),
    }
}

/// What a traced closure may return: one value or several.
pub trait IntoOutputs {
    /// The results in order.
    fn into_outputs(self) -> Vec<Traced>;
}

impl IntoOutputs for Traced {
    fn into_outputs(self) -> Vec<Traced> {
        vec![self]
    }
}

impl IntoOutputs for Vec<Traced> {
    fn into_outputs(self) -> Vec<Traced> {
        self
    }
}

impl<const N: usize> IntoOutputs for [Traced; N] {
    fn into_outputs(self) -> Vec<Traced> {
        self.into()
    }
}

impl IntoOutputs for (Traced, Traced) {
    fn into_outputs(self) -> Vec<Traced> {
        vec![self.0, self.1]
    }
}

impl IntoOutputs for (Traced, Traced, Traced) {
    fn into_outputs(self) -> Vec<Traced> {
        vec![self.0, self.1, self.2]
    }
}
