//! `ir-opt`: runs passes on MLIR text and functions on clear arguments, for those who debug the compiler.
//!
//! Everything it prints besides the result goes to standard error, so that results can be piped.

mod arguments;
mod listing;
mod passes;

use arguments::Arguments;
use clap::Parser;
use cloakwork::call::{Call, format_value};
use cloakwork::process::{EXIT_REFUSED, EXIT_RUN_FAILED, EXIT_USAGE, Failure, exit_with, print};
use cloakwork::{Diagnostic, Error, evaluate, files, steps};
use cloakwork_ir::context::{context, parse};
use cloakwork_passes::cost_table;
use cloakwork_passes::registry::PASSES;
use melior::ir::operation::{OperationLike, OperationPrintingFlags};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit_with(|| run(&arguments))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if arguments.list_passes {
        return print(&listing::list_passes());
    }
    let passes = chosen_passes(arguments)?;
    if arguments.dry_run {
        return print(&passes.iter().map(|pass| format!("{pass}\n")).collect::<String>());
    }
    let call: Option<Call> = arguments.run.as_deref().map(str::parse).transpose().map_err(usage)?;
    let (source, name) = files::read_source(&arguments.input)?;
    let refused = |diagnostics: Vec<Diagnostic>| Failure::new(EXIT_REFUSED, Error::Program(diagnostics));
    let context = context();
    let mut module = parse(&context, &source, &name).map_err(refused)?;
    if let Some(path) = &arguments.cost_table {
        cost_table::attach(&context, module.as_operation(), &files::load_cost_table(path)?);
    }
    passes::run(&context, &mut module, &passes, arguments).map_err(refused)?;
    let text = match &call {
        None => passes::text(&module, arguments),
        Some(call) => {
            // With places, so that a failure is reported where the text that was read has its cause.
            let flags = OperationPrintingFlags::new().enable_debug_info(true, false);
            let text = module.as_operation().to_string_with_flags(flags);
            let text = text.map_err(|error| Failure::new(EXIT_RUN_FAILED, error))?;
            let results =
                evaluate(&text, &name, call).map_err(|error| Failure::new(EXIT_RUN_FAILED, error))?;
            results.iter().map(|result| format_value(result) + "\n").collect()
        }
    };
    match &arguments.output {
        None => print(&text),
        Some(path) => Ok(files::write(path, text.as_bytes())?),
    }
}

fn chosen_passes(arguments: &Arguments) -> Result<Vec<String>, Failure> {
    if !arguments.pass_pipeline.is_empty() && !arguments.pipeline.is_empty() {
        return Err(usage(
            "`--pass-pipeline` and `--pipeline` cannot be mixed; use one of them, repeated if needed",
        ));
    }
    let named = arguments
        .pipeline
        .iter()
        .flat_map(|&name| listing::named(name, arguments.parameter_options.as_deref()));
    let texts: Vec<String> = named.chain(arguments.pass_pipeline.iter().cloned()).collect();
    let mut passes = vec![];
    for text in &texts {
        passes.extend(steps::split(text).map_err(usage)?);
    }
    passes.truncate(arguments.stop_after.unwrap_or(usize::MAX));
    for wanted in arguments.print_ir_before.iter().chain(&arguments.print_ir_after) {
        let is_known = wanted == "all"
            || passes.iter().any(|pass| steps::name(pass) == wanted)
            || PASSES.iter().any(|pass| pass.name == wanted);
        if !is_known {
            return Err(usage(format!(
                "`{wanted}` is neither a pass of the pipeline nor one of `--list-passes`; name one of them or `all`"
            )));
        }
    }
    Ok(passes)
}

fn usage(reason: impl std::fmt::Display) -> Failure {
    Failure::new(EXIT_USAGE, reason)
}
