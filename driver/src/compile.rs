//! From a traced graph or MLIR text to a circuit: emission, calibration, the pipelines, machine code.
//!
//! The pipelines are those of [`cloakwork_passes::pipeline`], which `ir-opt` runs too. Text may stand at any
//! level: it goes through the pipelines that are still ahead of it.

use crate::cache::{CacheKey, CacheUse};
use crate::circuit::Circuit;
use crate::error::Error;
use crate::functions::{Functions, Ranges, TracedFunction};
use crate::module::CompiledModule;
use crate::operations::{count_operations, memory_uses};
use crate::options::Options;
use crate::report::{Explained, NodeWidth, Report, StepTime, UnprovenRange, WideValue};
use crate::snapshot::Snapshot;
use crate::steps;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::spec::Keyset;
use cloakwork_frontend::host::GraphHost;
use cloakwork_frontend::sample::Sample;
use cloakwork_frontend::{OpGraph, calibrate, emit};
use cloakwork_ir::attributes::{PROVABLE, REFRESHED, SPEC, get_bounds, get_i64, get_string, read_bounds};
use cloakwork_ir::context::{context, parse, with_diagnostics};
use cloakwork_ir::diagnostic::{Diagnostic, Severity, place};
use cloakwork_ir::function::{Side, functions, remove_op_attribute};
use cloakwork_ir::host::{HostFunctions, NoHostFunctions};
use cloakwork_ir::interpret::Clear;
use cloakwork_ir::tfhe::{key_ops, write_keyset};
use cloakwork_ir::types::{Element, ValueType};
use cloakwork_ir::walk;
use cloakwork_passes::build_tables::build_tables;
use cloakwork_passes::cost_table::{self, COST_TABLE};
use cloakwork_passes::explanation::{EXPLANATION, EXPLANATION_JSON};
use cloakwork_passes::infer_ranges::infer_ranges;
use cloakwork_passes::parameters::CostModel;
use cloakwork_passes::pass::{Failed, Level};
use cloakwork_passes::pipeline::{self, NATIVE, PREPARE, explained, parameters_with, unrefreshed};
use cloakwork_passes::predict_time::{PredictedTime, PredictedWork, predict_work};
use cloakwork_passes::set_bounds::{Bounds, set_bounds};
use cloakwork_runtime::memory::RunMemory;
use melior::Context;
use melior::ir::block::BlockLike;
use melior::ir::operation::OperationLike;
use melior::ir::{Location, Module, OperationRef, ValueLike};
use std::time::Instant;

/// Values that a report lists as the widest.
const WIDEST: usize = 5;
/// Operations that compute nothing new.
const MOVES: [&str; 5] = ["fhe.broadcast", "fhe.concat", "fhe.reshape", "fhe.slice", "fhe.transpose"];
/// The pass that chooses parameters.
const OPTIMIZER: &str = "fhe-optimize-parameters";

/// The pass that looks results up which are fed back.
const REFRESH: &str = "fhe-refresh-feedback";

/// The pass before which the program is what will run.
const LOOPS: &str = "convert-tfhe-to-loops";

/// A program to compile.
#[derive(Clone, Debug)]
pub enum Source<'s> {
    /// MLIR text.
    Text {
        /// The text.
        mlir: &'s str,
        /// Its file, for messages.
        name: &'s str,
    },
    /// A traced program.
    Graph {
        /// What was traced.
        graph: &'s OpGraph,
        /// Where the ranges of its values come from.
        ranges: Ranges<'s>,
    },
    /// Traced functions that share their keys.
    Functions(&'s Functions<'s>),
}

/// Compiles a traced program whose inputs declare their ranges.
pub fn compile(graph: &OpGraph, options: &Options) -> Result<Circuit, Error> {
    compile_source(Source::Graph { graph, ranges: Ranges::Declared }, options, &mut |_| ())
}

/// Compiles a traced program; the ranges of its values are measured on an input set.
pub fn compile_calibrated<S: Sample>(
    graph: &OpGraph,
    inputset: impl IntoIterator<Item = S>,
    options: &Options,
) -> Result<Circuit, Error> {
    let ranges = Ranges::Inputset(crate::functions::arguments(inputset)?);
    compile_source(Source::Graph { graph, ranges }, options, &mut |_| ())
}

/// Compiles traced functions that share their keys.
pub fn compile_functions(functions: &Functions<'_>, options: &Options) -> Result<CompiledModule, Error> {
    compile_module(Source::Functions(functions), options, &mut |_| ())
}

/// Compiles MLIR text of one function, which is called `name` in messages.
pub fn compile_text(mlir: &str, name: &str, options: &Options) -> Result<Circuit, Error> {
    compile_source(Source::Text { mlir, name }, options, &mut |_| ())
}

/// Compiles a program of one function, telling `progress` the name of each step before it begins.
pub fn compile_source(
    source: Source<'_>,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<Circuit, Error> {
    compile_module(source, options, progress)?.only()
}

/// Compiles a program of any number of functions, telling `progress` the name of each step before it begins.
pub fn compile_module(
    source: Source<'_>,
    options: &Options,
    progress: &mut dyn FnMut(&str),
) -> Result<CompiledModule, Error> {
    let pass_options = options.pass_options()?;
    let context = context();
    let mut compilation = Compilation {
        context: &context,
        module: None,
        host: None,
        is_prepared: false,
        steps: vec![],
        costs: options.costs(),
        bounds: options.bounds.unwrap_or_default(),
        unproven: vec![],
        refreshed: vec![],
        predicted_work: None,
        explanation: None,
        progress,
    };
    match source {
        Source::Text { mlir, name } => {
            let parsed =
                compilation.step("parse", |_| parse(&context, mlir, name).map_err(Error::Program))?;
            compilation.module = Some(parsed);
        }
        Source::Graph { graph, ranges } => compilation.trace(&TracedFunction { graph, ranges })?,
        Source::Functions(functions) => compilation.trace_all(functions)?,
    }
    compilation.finish(options, &pass_options)
}

/// One compilation on its way.
struct Compilation<'c, 'p> {
    context: &'c Context,
    module: Option<Module<'c>>,
    host: Option<GraphHost>,
    /// Whether [`PREPARE`] has run.
    is_prepared: bool,
    steps: Vec<StepTime>,
    costs: CostModel,
    bounds: Bounds,
    unproven: Vec<UnprovenRange>,
    refreshed: Vec<String>,
    predicted_work: Option<Vec<PredictedWork>>,
    explanation: Option<Explained>,
    progress: &'p mut dyn FnMut(&str),
}

impl<'c> Compilation<'c, '_> {
    /// The module of one traced function, with ranges and tables.
    fn trace(&mut self, function: &TracedFunction<'_>) -> Result<(), Error> {
        let (context, graph) = (self.context, function.graph);
        let emitted = self.step("emit", |_| emit::emit(context, graph).map_err(Error::Program))?;
        self.host = Some(GraphHost::of(graph));
        self.module = Some(emitted);
        match &function.ranges {
            Ranges::Declared => {}
            Ranges::Inputset(samples) => self.step("calibrate", |this| this.calibrate(samples.clone()))?,
            Ranges::Measured(measured) => measured.write(context, self.module())?,
        }
        self.run(PREPARE)?;
        self.is_prepared = true;
        Ok(())
    }

    /// The module of several traced functions. Each is prepared on its own, as it has its own functions of the
    /// embedding program.
    fn trace_all(&mut self, all: &Functions<'_>) -> Result<(), Error> {
        all.check()?;
        let joint = Module::new(Location::unknown(self.context));
        for function in &all.functions {
            self.trace(function)?;
            for function in functions(self.module()) {
                joint.body().append_operation((*function.op).clone());
            }
        }
        all.write_composition(self.context, joint.as_operation());
        (self.host, self.module) = (None, Some(joint));
        Ok(())
    }

    fn finish(mut self, options: &Options, pass_options: &str) -> Result<CompiledModule, Error> {
        let kept = options.cache.as_ref().map(|cache| (cache, self.cache_key(options)));
        if let Some((cache, key)) = &kept
            && let Some(found) =
                self.step("look for it compiled", |_| Ok(cache.find(key, &options.target)))?
        {
            let report = Report { steps: self.steps, cache: CacheUse::Found, ..found.report };
            return Ok(CompiledModule::new(report, found.object, found.snapshots));
        }
        let level = self.level();
        let (mut fhe, mut tfhe, mut widest, mut widths) = (None, None, vec![], vec![]);
        let (mut operations, mut memory) = (vec![], vec![]);
        if let Some(keyset) = &options.keyset {
            self.give_keys(level, keyset)?;
        }
        if level == Level::Fhe {
            if !self.is_prepared {
                self.run(PREPARE)?;
            }
            self.give_costs(options);
            self.run(&options.fhe_pipeline(pass_options)?)?;
            remove_op_attribute(self.module().as_operation(), COST_TABLE);
            fhe = Some(self.snapshot());
            widest = widest_values(self.module());
            widths = node_widths(self.module());
            self.give_costs(options);
            let parameters = parameters_with(pass_options);
            let parameters = if options.keep_feedback { unrefreshed(&parameters) } else { parameters };
            self.run(&if options.explain { explained(&parameters) } else { parameters })?;
            self.take_explanation();
        }
        if level == Level::Native {
            self.run(&steps::lowering()?)?;
        } else {
            tfhe = Some(self.snapshot());
            operations = count_operations(self.module());
            memory = memory_uses(self.module());
            self.run(NATIVE)?;
        }
        let spec_json = get_string(&self.module().as_operation(), SPEC).ok_or_else(|| {
            Diagnostic::new(
                Severity::Error,
                "",
                "the module has no function to compile; define one with `func.func`",
            )
        })?;
        let spec = ModuleSpec::from_json(&spec_json)?;
        let object = self.step("machine code", |this| {
            Ok(cloakwork_backend_cpu::compile(this.module(), &spec_json, &options.target)?)
        })?;
        let run_memory = spec.functions().iter().map(RunMemory::of).collect();
        let mut report = Report {
            spec,
            run_memory,
            widest,
            unproven: self.unproven.clone(),
            refreshed: self.refreshed.clone(),
            widths,
            operations,
            memory,
            code_bytes: object.bytes().len(),
            steps: self.steps.clone(),
            predicted_time: self.predicted_work.as_deref().map(PredictedTime::of),
            predicted_work: self.predicted_work.take().unwrap_or_default(),
            explanation: self.explanation.clone(),
            cache: CacheUse::Off,
        };
        let snapshots = [fhe, tfhe, Some(self.snapshot())];
        if let Some((cache, key)) = &kept {
            report.cache = match cache.keep(key, &report, &object, &snapshots) {
                Ok(()) => CacheUse::Kept,
                Err(error) => CacheUse::Unusable(error.to_string()),
            };
        }
        Ok(CompiledModule::new(report, object, snapshots))
    }

    /// Everything that the rest of the compilation depends on.
    fn cache_key(&self, options: &Options) -> CacheKey {
        let facts = format!("{} {:?} {:?}", self.is_prepared, self.unproven, self.refreshed);
        CacheKey::new(&self.snapshot(), options, &facts)
    }

    /// Lets the module carry the user's table of costs for the passes that choose by them.
    fn give_costs(&self, options: &Options) {
        if let Some(table) = &options.cost_table {
            cost_table::attach(self.context, self.module().as_operation(), table);
        }
    }

    /// Takes the explanation of the parameters out of the module: it is no part of the program.
    fn take_explanation(&mut self) {
        let module = self.module().as_operation();
        let text = get_string(&module, EXPLANATION);
        self.explanation =
            text.zip(get_string(&module, EXPLANATION_JSON)).map(|(text, json)| Explained { text, json });
        let module = self.module().as_operation();
        [EXPLANATION, EXPLANATION_JSON].iter().for_each(|name| remove_op_attribute(module, name));
    }

    /// Writes the keys that the program must be compiled for.
    fn give_keys(&self, level: Level, keyset: &Keyset) -> Result<(), Error> {
        let module = self.module().as_operation();
        let refused = |message: &str| Err(Diagnostic::new(Severity::Error, "", message).into());
        if level != Level::Fhe {
            return refused(
                "the program has its parameters already, so it cannot be compiled for the keys of another; compile the `fhe` text that it came from",
            );
        }
        if !key_ops(module).is_empty() {
            return refused(
                "the program says its keys itself, and keys of another program are given; remove the key ops or do without the others",
            );
        }
        keyset.check()?;
        write_keyset(self.context, module, keyset);
        Ok(())
    }

    fn calibrate(&mut self, inputset: Vec<Vec<Clear>>) -> Result<(), Error> {
        let host: &dyn HostFunctions = match &self.host {
            Some(host) => host,
            None => &NoHostFunctions,
        };
        calibrate::calibrate(self.context, self.module(), host, inputset)?;
        Ok(())
    }

    fn level(&self) -> Level {
        if get_string(&self.module().as_operation(), SPEC).is_some() {
            return Level::Native;
        }
        // Keys in a module of encrypted integers are those that it is to be compiled for.
        let operations = walk::operations(&self.module().as_operation());
        let is_fhe = operations.iter().any(|op| walk::name(op).starts_with("fhe."))
            || functions(self.module()).iter().any(|function| {
                let types = [Side::Argument, Side::Result].map(|side| function.value_types(side));
                types
                    .into_iter()
                    .flatten()
                    .flatten()
                    .any(|ty| matches!(ty.element, Element::Encrypted { .. }))
            });
        let has_key = operations.iter().any(|op| walk::name(op) == "tfhe.secret_key");
        if has_key && !is_fhe { Level::Tfhe } else { Level::Fhe }
    }

    fn run(&mut self, pipeline: &str) -> Result<(), Error> {
        for step in steps::split(pipeline)? {
            if steps::name(&step) == LOOPS {
                self.predicted_work = predict_work(self.module().as_operation(), &self.costs);
            }
            self.step(steps::name(&step), |this| this.pass(&step))?;
            if steps::name(&step) == REFRESH {
                self.refreshed = refreshed_results(self.module());
            }
        }
        Ok(())
    }

    fn pass(&mut self, step: &str) -> Result<(), Error> {
        let name = steps::name(step);
        let context = self.context;
        let module = self.module.as_mut().expect("set before any pass");
        let result = match (&self.host, name) {
            (host, "fhe-set-bounds") => {
                let (operation, bounds) = (module.as_operation(), self.bounds);
                let host: &dyn HostFunctions = host.as_ref().map_or(&NoHostFunctions, |host| host);
                let set = directly(context, operation, || set_bounds(context, operation, host, bounds));
                self.unproven.extend(unproven_ranges(module));
                set
            }
            (Some(host), "fhe-infer-ranges") => {
                let operation = module.as_operation();
                directly(context, operation, || infer_ranges(context, operation, host))
            }
            (Some(host), "fhe-build-tables") => {
                let operation = module.as_operation();
                directly(context, operation, || build_tables(context, operation, host))
            }
            (Some(_) | None, _) => pipeline::run(context, module, &steps::pipeline_of(step)).map(|_| ()),
        };
        result.map_err(|diagnostics| match name == OPTIMIZER {
            true => Error::Infeasible(diagnostics),
            false => Error::Program(diagnostics),
        })
    }

    fn step<R>(
        &mut self,
        name: &str,
        action: impl FnOnce(&mut Self) -> Result<R, Error>,
    ) -> Result<R, Error> {
        (self.progress)(name);
        let start = Instant::now();
        let result = action(self);
        self.steps.push(StepTime { name: name.to_owned(), seconds: start.elapsed().as_secs_f64() });
        result
    }

    fn module(&self) -> &Module<'c> {
        self.module.as_ref().expect("set before any pass")
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot::of(self.module())
    }
}

/// Runs the body of a pass that calls functions of the embedding program: pipelines as text cannot name those.
fn directly<'c>(
    context: &'c Context,
    operation: OperationRef<'c, '_>,
    pass: impl FnOnce() -> Result<(), Failed>,
) -> Result<(), Vec<Diagnostic>> {
    let (is_sound, diagnostics) = with_diagnostics(context, || pass().is_ok() && operation.verify());
    match (is_sound, diagnostics.is_empty()) {
        (true, _) => Ok(()),
        (false, false) => Err(diagnostics),
        (false, true) => Err(vec![Diagnostic::new(Severity::Error, "", "a pass failed without a message")]),
    }
}

fn unproven_ranges(module: &Module<'_>) -> Vec<UnprovenRange> {
    let mut found = vec![];
    for function in functions(module) {
        for op in function.operations() {
            let provable = op.attribute(PROVABLE).ok().and_then(read_bounds);
            let (Some(measured), Some(provable)) = (get_bounds(&op), provable) else { continue };
            found.push(UnprovenRange {
                function: function.name(),
                operation: walk::name(&op),
                node: get_i64(&op, emit::NODE).and_then(|node| usize::try_from(node).ok()),
                place: place(op.location()),
                measured,
                provable,
            });
        }
    }
    found
}

fn refreshed_results(module: &Module<'_>) -> Vec<String> {
    let mut found = vec![];
    for function in functions(module) {
        let results = function.operations().into_iter().filter_map(|op| get_string(&op, REFRESHED));
        found.extend(results.map(|result| format!("{result} of @{}", function.name())));
    }
    found
}

fn node_widths(module: &Module<'_>) -> Vec<NodeWidth> {
    let mut found = vec![];
    for function in functions(module) {
        for op in function.operations() {
            let node = get_i64(&op, emit::NODE).and_then(|node| usize::try_from(node).ok());
            let (Some(node), Ok(result)) = (node, op.result(0)) else { continue };
            let Some((width, is_signed)) = ValueType::of(result.r#type()).and_then(|ty| ty.integer()) else {
                continue;
            };
            found.push(NodeWidth { function: function.name(), node, width: width.0, is_signed });
        }
    }
    found
}

fn widest_values(module: &Module<'_>) -> Vec<WideValue> {
    let mut found: Vec<WideValue> = vec![];
    for function in functions(module) {
        for op in function.operations() {
            let Ok(result) = op.result(0) else { continue };
            if MOVES.contains(&walk::name(&op).as_str()) {
                continue;
            }
            let Some((width, _)) = ValueType::of(result.r#type()).and_then(|ty| ty.integer()) else {
                continue;
            };
            found.push(WideValue {
                operation: walk::name(&op),
                place: place(op.location()),
                width: width.0,
                range: get_bounds(&op),
            });
        }
    }
    found.sort_by_key(|value| std::cmp::Reverse(value.width)); // stable: first in the program first
    found.truncate(WIDEST);
    found
}
