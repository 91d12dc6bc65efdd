//! Traced functions that become one module: they share their keys, and results of one may be arguments of another.

use crate::error::Error;
use cloakwork_frontend::OpGraph;
use cloakwork_frontend::calibrate::{CalibrationError, Measured};
use cloakwork_frontend::sample::Sample;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::function::set_op_attribute;
use cloakwork_ir::interpret::Clear;
use cloakwork_passes::composition::COMPOSITION;
use melior::Context;
use melior::ir::OperationRef;
use melior::ir::attribute::ArrayAttribute;

/// The functions of a module, each called by the name of its graph.
///
/// ```
/// use cloakwork::{Functions, Options, compile_functions, trace};
/// let square = trace("square", |t| t.encrypted("x", [], 0..=3).map(|v| v * v))?;
/// let halve = trace("halve", |t| t.encrypted("y", [], 0..=9).map(|v| v / 2))?;
/// let functions = Functions::new().function(&square).function(&halve).compose(("square", 0), ("halve", 0));
/// let module = compile_functions(&functions, &Options::default())?;
/// let (square, halve) = (module.function("square")?, module.function("halve")?);
/// let keys = module.keygen()?;
/// let x = square.encrypt(&keys.secret, 3)?;
/// let y = square.run(&keys.evaluation, &x)?;
/// let z = halve.run(&keys.evaluation, &y)?;
/// assert_eq!(halve.decrypt(&keys.secret, &z)?[0][[]], 4);
/// # Ok::<(), cloakwork::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Functions<'g> {
    pub(crate) functions: Vec<TracedFunction<'g>>,
    /// As the module attribute has it: `f:0 -> g:1`.
    composition: Vec<String>,
}

/// A graph and where the ranges of its values come from.
#[derive(Clone, Debug)]
pub(crate) struct TracedFunction<'g> {
    pub(crate) graph: &'g OpGraph,
    pub(crate) ranges: Ranges<'g>,
}

/// Where the ranges of a traced function come from.
#[derive(Clone, Debug)]
pub enum Ranges<'m> {
    /// From what its inputs declare.
    Declared,
    /// From arguments of typical calls, at least one.
    Inputset(Vec<Vec<Clear>>),
    /// From [`cloakwork_frontend::calibrate::measure`] on what the graph emits.
    Measured(&'m Measured),
}

impl<'g> Functions<'g> {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a traced function whose inputs declare their ranges.
    pub fn function(mut self, graph: &'g OpGraph) -> Self {
        self.functions.push(TracedFunction { graph, ranges: Ranges::Declared });
        self
    }

    /// Adds a traced function; the ranges of its values are measured on an input set.
    pub fn calibrated<S: Sample>(
        mut self,
        graph: &'g OpGraph,
        inputset: impl IntoIterator<Item = S>,
    ) -> Result<Self, Error> {
        let ranges = Ranges::Inputset(arguments(inputset)?);
        self.functions.push(TracedFunction { graph, ranges });
        Ok(self)
    }

    /// Adds a traced function whose ranges were measured before.
    pub fn measured(mut self, graph: &'g OpGraph, measured: &'g Measured) -> Self {
        self.functions.push(TracedFunction { graph, ranges: Ranges::Measured(measured) });
        self
    }

    /// Lets result `from.1` of function `from.0` be argument `to.1` of function `to.0`, which may be the same
    /// function: both get one width and one key, and noise is reckoned from the one to the other.
    pub fn compose(mut self, from: (&str, usize), to: (&str, usize)) -> Self {
        self.composition.push(format!("{}:{} -> {}:{}", from.0, from.1, to.0, to.1));
        self
    }

    /// Names are those of one function each.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let names: Vec<&str> = self.functions.iter().map(|function| function.graph.name()).collect();
        let problem = match names.iter().enumerate().find(|(i, name)| names[..*i].contains(name)) {
            Some((_, name)) => format!(
                "two functions are called `{name}`; give every function of a module a name of its own"
            ),
            None if names.is_empty() => "the module has no function; add at least one".to_owned(),
            None => return Ok(()),
        };
        Err(Diagnostic::new(Severity::Error, "", problem).into())
    }

    pub(crate) fn write_composition<'c>(&self, context: &'c Context, module: OperationRef<'c, '_>) {
        if !self.composition.is_empty() {
            let feeds: Vec<_> = self.composition.iter().map(|feed| attr::string(context, feed)).collect();
            set_op_attribute(module, COMPOSITION, ArrayAttribute::new(context, &feeds).into());
        }
    }
}

/// The samples of an input set, at least one.
pub(crate) fn arguments<S: Sample>(inputset: impl IntoIterator<Item = S>) -> Result<Vec<Vec<Clear>>, Error> {
    let inputset: Vec<Vec<Clear>> = inputset.into_iter().map(Sample::into_arguments).collect();
    match inputset.is_empty() {
        true => Err(CalibrationError::Empty.into()),
        false => Ok(inputset),
    }
}
