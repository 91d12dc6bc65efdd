//! Measures ranges on an input set: interprets an `fhe` function on batches of samples, all of a batch at once, and
//! writes `fhe.range` on its arguments and operations.
//!
//! Where a width is not yet known, the type's signedness is set by the range. Declared ranges of
//! arguments stay: samples must lie within them. Constants and reals get no range.

use crate::emit::NODE;
use crate::graph::OpGraph;
use crate::node::NodeKind;
use crate::sample::Sample;
use cloakwork_abi::bounds::{Bounds, join, wide};
use cloakwork_abi::encoding::bounds;
use cloakwork_abi::parameters::Width;
use cloakwork_ir::attributes as attr;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::function::{Function, Side, functions, set_op_attribute};
use cloakwork_ir::host::HostFunctions;
use cloakwork_ir::interpret::{Clear, Interpreter};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use melior::Context;
use melior::ir::attribute::IntegerAttribute;
use melior::ir::operation::OperationLike;
use melior::ir::{Attribute, Module, Value, ValueLike};
use std::collections::HashMap;
use std::ops::ControlFlow;

/// Why an input set cannot be used. Samples and arguments are counted from 0.
#[derive(Debug, thiserror::Error)]
pub enum CalibrationError {
    /// No sample.
    #[error(
        "the input set is empty; at least 1 sample is needed; pass inputs like those the program will see"
    )]
    Empty,
    /// Not one function.
    #[error("the module has {found} functions; exactly 1 is calibrated; split the module")]
    Functions {
        /// Functions with a body.
        found: usize,
    },
    /// A sample has too few or too many arguments.
    #[error(
        "sample {sample} has {found} arguments; `{function}` takes {allowed}; give one value for each argument"
    )]
    Count {
        /// Which sample.
        sample: usize,
        /// Its arguments.
        found: usize,
        /// The function.
        function: String,
        /// The function's arguments.
        allowed: usize,
    },
    /// An argument has another shape.
    #[error(
        "sample {sample}: argument `{argument}` has shape {found:?}; its shape is {allowed:?}; reshape the sample"
    )]
    Shape {
        /// Which sample.
        sample: usize,
        /// Name of the argument.
        argument: String,
        /// Shape in the sample.
        found: Vec<usize>,
        /// Shape in the program.
        allowed: Vec<usize>,
    },
    /// A value outside the declared type.
    #[error(
        "sample {sample}: argument `{argument}` holds {found}; declared is {lo} to {hi}; correct the sample or declare a wider type"
    )]
    Value {
        /// Which sample.
        sample: usize,
        /// Name of the argument.
        argument: String,
        /// The value.
        found: i128,
        /// Least value allowed.
        lo: i128,
        /// Greatest value allowed.
        hi: i128,
    },
    /// Whoever watches the progress does not want the rest.
    #[error("measuring was stopped after {done} samples")]
    Stopped {
        /// Samples that were evaluated.
        done: usize,
    },
    /// The program cannot compute it.
    #[error("sample {sample}: {diagnostic}")]
    Failed {
        /// Which sample.
        sample: usize,
        /// Place and reason.
        diagnostic: Diagnostic,
    },
}

type Range = Bounds;

/// What an input set showed about the one function of a module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Measured {
    /// Of arguments in order; none for those without elements.
    arguments: Vec<Option<Range>>,
    /// Of operations in order; none for reals.
    operations: Vec<Option<Range>>,
    /// Number of samples.
    pub samples: usize,
}

/// Calibrates the one function of a module. Returns the number of samples.
pub fn calibrate<'c, S: Sample>(
    context: &'c Context,
    module: &Module<'c>,
    host: &dyn HostFunctions,
    samples: impl IntoIterator<Item = S>,
) -> Result<usize, CalibrationError> {
    let measured = measure(module, host, samples, &mut |_| ControlFlow::Continue(()))?;
    measured.write(context, module)?;
    Ok(measured.samples)
}

/// Evaluates the one function of a module on every sample; `progress` hears how many are done, and may stop it.
pub fn measure<S: Sample>(
    module: &Module<'_>,
    host: &dyn HostFunctions,
    samples: impl IntoIterator<Item = S>,
    progress: &mut dyn FnMut(usize) -> ControlFlow<()>,
) -> Result<Measured, CalibrationError> {
    let function = only_function(module)?;
    let interpreter = Interpreter::new(function);
    let interpreter = interpreter.map_err(|diagnostic| CalibrationError::Failed { sample: 0, diagnostic })?;
    let operations = function.operations();
    let mut measuring = Measuring {
        host,
        places: operations.iter().enumerate().map(|(i, op)| (op.to_raw().ptr as usize, i)).collect(),
        measured: Measured {
            arguments: vec![None; function.arguments().len()],
            operations: vec![None; operations.len()],
            samples: 0,
        },
        open: vec![],
        batch: batch_size(&interpreter),
        interpreter,
    };
    for (sample, values) in samples.into_iter().enumerate() {
        let values = values.into_arguments();
        if let Err(refused) = check_sample(function, sample, &values) {
            // What the samples before it show comes first.
            measuring.evaluate_open()?;
            return Err(refused);
        }
        measuring.open.push(values);
        if measuring.open.len() == measuring.batch {
            measuring.evaluate_open()?;
            if progress(measuring.measured.samples).is_break() {
                return Err(CalibrationError::Stopped { done: measuring.measured.samples });
            }
        }
    }
    if !measuring.open.is_empty() {
        measuring.evaluate_open()?;
        // All is done: there is nothing to stop.
        let _ = progress(measuring.measured.samples);
    }
    match measuring.measured.samples {
        0 => Err(CalibrationError::Empty),
        _ => Ok(measuring.measured),
    }
}

/// Elements that the values of a batch have: few enough that a value stays in a cache, and that progress is heard of.
const ELEMENTS: usize = 1 << 16;
/// Elements that all values of a batch have together.
const ELEMENTS_OF_ALL: usize = 1 << 22;

fn batch_size(interpreter: &Interpreter<'_, '_>) -> usize {
    let sizes: Vec<usize> = interpreter.shapes().map(|shape| shape.iter().product()).collect();
    let greatest = sizes.iter().copied().max().unwrap_or(1);
    let all = sizes.iter().sum::<usize>();
    (ELEMENTS / greatest.max(1)).min(ELEMENTS_OF_ALL / all.max(1)).max(1)
}

struct Measuring<'m, 'c, 'a> {
    interpreter: Interpreter<'c, 'a>,
    host: &'m dyn HostFunctions,
    /// Number of each operation.
    places: HashMap<usize, usize>,
    measured: Measured,
    /// Samples that are not yet evaluated.
    open: Vec<Vec<Clear>>,
    /// How many are evaluated at once.
    batch: usize,
}

impl Measuring<'_, '_, '_> {
    fn evaluate_open(&mut self) -> Result<(), CalibrationError> {
        let open = std::mem::take(&mut self.open);
        if open.is_empty() {
            return Ok(());
        }
        if let Err(of_all) = self.evaluate(&open) {
            // Which sample it is shows when each is evaluated alone.
            for (i, one) in open.iter().enumerate() {
                let sample = self.measured.samples + i;
                self.evaluate(std::slice::from_ref(one))
                    .map_err(|diagnostic| CalibrationError::Failed { sample, diagnostic })?;
            }
            return Err(CalibrationError::Failed { sample: self.measured.samples, diagnostic: of_all });
        }
        self.measured.samples += open.len();
        Ok(())
    }

    fn evaluate(&mut self, samples: &[Vec<Clear>]) -> Result<(), Diagnostic> {
        let Measured { arguments, operations, .. } = &mut self.measured;
        let mut inputs = vec![];
        for (i, range) in arguments.iter_mut().enumerate() {
            let of_argument: Vec<&Clear> = samples.iter().map(|sample| &sample[i]).collect();
            let values = Clear::stacked(&of_argument).ok_or_else(|| {
                let message = "samples of an argument hold negative integers and integers of more than 63 bits, which \
                     need 65 bits together; integers have at most 64, signed or unsigned";
                Diagnostic::new(Severity::Error, "", message)
            })?;
            widen(range, &values);
            inputs.push(values);
        }
        let places = &self.places;
        self.interpreter.run(&inputs, self.host, &mut |op, results| {
            if let Some(&place) = places.get(&(op.to_raw().ptr as usize)) {
                widen(&mut operations[place], results);
            }
        })?;
        Ok(())
    }
}

impl Measured {
    /// Writes the ranges into a module as it was when it was measured, or emitted again from the same graph.
    pub fn write<'c>(&self, context: &'c Context, module: &Module<'c>) -> Result<(), CalibrationError> {
        let function = only_function(module)?;
        for (i, (argument, range)) in function.arguments().into_iter().zip(&self.arguments).enumerate() {
            let Some((lo, hi)) = range.filter(|_| function.bounds(Side::Argument, i).is_none()) else {
                continue;
            };
            let hint = |name: &str| function.attribute(Side::Argument, i, name);
            let (lo, hi) = hinted((lo, hi), hint(attr::HINT), hint(attr::HINT_WIDTH));
            let range = attr::bounds_attribute(context, (lo, hi));
            function.set_attribute(context, Side::Argument, i, attr::RANGE, range);
            set_signedness(context, argument, lo < 0);
        }
        for (op, range) in function.operations().into_iter().zip(&self.operations) {
            let Some((lo, hi)) = *range else { continue };
            let Some(ty) = ValueType::of(walk::result(op).r#type()) else { continue };
            if ty.element.is_encrypted() {
                let hint = |name: &str| op.attribute(name).ok();
                let (lo, hi) = hinted((lo, hi), hint(attr::HINT), hint(attr::HINT_WIDTH));
                set_op_attribute(op, attr::RANGE, attr::bounds_attribute(context, (lo, hi)));
                set_signedness(context, walk::result(op), lo < 0);
            }
        }
        function.update_signature(context);
        Ok(())
    }
}

/// A measured range and what the program says besides.
fn hinted((lo, hi): Range, range: Option<Attribute<'_>>, width: Option<Attribute<'_>>) -> Range {
    let (lo, hi) = match range.and_then(attr::read_i64_array).as_deref() {
        Some(&[least, greatest]) => join((lo, hi), wide((least, greatest))),
        _ => (lo, hi),
    };
    let width = width.and_then(|width| IntegerAttribute::try_from(width).ok()).map(|width| width.value());
    match width.and_then(|width| u32::try_from(width).ok()) {
        Some(width) => join((lo, hi), wide(bounds(Width(width), lo < 0))),
        None => (lo, hi),
    }
}

fn only_function<'c: 'a, 'a>(module: &'a Module<'c>) -> Result<Function<'c, 'a>, CalibrationError> {
    match functions(module).as_slice() {
        &[function] => Ok(function),
        all => Err(CalibrationError::Functions { found: all.len() }),
    }
}

/// The range of each node of the graph that a module was emitted from, as the module says it.
///
/// `None` for reals, for nodes that no operation computes, and where the module has no range yet.
pub fn node_ranges(graph: &OpGraph, module: &Module<'_>) -> Vec<Option<Range>> {
    let mut ranges: Vec<Option<Range>> = vec![None; graph.len()];
    let functions = functions(module);
    let Some(function) = functions.first() else { return ranges };
    for (id, node) in graph.nodes() {
        ranges[id.index()] = match &node.kind {
            NodeKind::Input(index) => function.bounds(Side::Argument, *index),
            NodeKind::Constant(values) if graph.is_unsigned(id) => {
                Clear::of_words(values.clone(), (0, u64::MAX.into())).hull()
            }
            NodeKind::Constant(values) => Clear::Int(values.clone()).hull(),
            NodeKind::RealConstant(_)
            | NodeKind::Encrypt
            | NodeKind::Linear(_)
            | NodeKind::Lookup(_)
            | NodeKind::Digits(_)
            | NodeKind::Unary(_)
            | NodeKind::Binary(_)
            | NodeKind::Select
            | NodeKind::Host(_) => None,
        };
    }
    for op in function.operations() {
        let node = attr::get_i64(&op, NODE).and_then(|node| usize::try_from(node).ok());
        if let (Some(node), Some(range)) = (node, attr::get_bounds(&op))
            && let Some(slot) = ranges.get_mut(node)
        {
            *slot = Some(range);
        }
    }
    ranges
}

fn check_sample(function: Function<'_, '_>, sample: usize, values: &[Clear]) -> Result<(), CalibrationError> {
    let types = function.value_types(Side::Argument);
    let (found, allowed) = (values.len(), types.len());
    if found != allowed {
        return Err(CalibrationError::Count { sample, found, function: function.name(), allowed });
    }
    for (i, (ty, values)) in types.iter().zip(values).enumerate() {
        let Some(ty) = ty else { continue };
        let argument = || function.value_name(Side::Argument, i);
        if ty.shape() != values.shape() {
            let (found, allowed) = (values.shape().to_vec(), ty.shape().to_vec());
            return Err(CalibrationError::Shape { sample, argument: argument(), found, allowed });
        }
        let of_type = match ty.element {
            Element::Encrypted { width: Some(width), is_signed } => wide(bounds(width, is_signed)),
            Element::Encrypted { width: None, is_signed: false } => (0, u64::MAX.into()),
            _ => (i64::MIN.into(), u64::MAX.into()),
        };
        let declared = function.bounds(Side::Argument, i).unwrap_or(of_type);
        let (lo, hi) = (of_type.0.max(declared.0), of_type.1.min(declared.1));
        let (least, greatest) = values.hull().unwrap_or((lo, lo));
        if let Some(found) = [least, greatest].into_iter().find(|value| !(lo..=hi).contains(value)) {
            return Err(CalibrationError::Value { sample, argument: argument(), found, lo, hi });
        }
    }
    Ok(())
}

fn set_signedness<'c>(context: &'c Context, value: Value<'c, '_>, is_signed: bool) {
    let Some(ty) = ValueType::of(value.r#type()) else { return };
    if matches!(ty.element, Element::Encrypted { width: None, .. }) {
        value.set_type(ty.with_element(Element::encrypted(is_signed)).to_mlir(context));
    }
}

fn widen(range: &mut Option<Range>, values: &Clear) {
    if let Some(hull) = values.hull() {
        *range = Some(range.map_or(hull, |known| join(known, hull)));
    }
}
