//! `cloakwork compile`.

use crate::arguments::{Compile, Emit, Security};
use crate::models;
use cloakwork::process::{EXIT_REFUSED, EXIT_USAGE, Failure, complain, print};
use cloakwork::{CompiledModule, Level, Options, SecurityLevel, Source, compile_module, files};
use indicatif::ProgressBar;
use std::path::Path;
use std::time::Duration;

pub(crate) fn compile(arguments: &Compile) -> Result<(), Failure> {
    let output = match (&arguments.output, arguments.emit) {
        (None, Emit::Shared | Emit::Exe) => {
            return Err(Failure::new(EXIT_USAGE, "machine code needs a file; name it with `-o FILE`"));
        }
        (output, _) => output.as_deref(),
    };
    let options = Options {
        p_error: arguments.p_error,
        global_p_error: arguments.global_p_error,
        preset: arguments.preset,
        noise: arguments.noise,
        security: match arguments.security {
            Security::Bits128 => SecurityLevel::Bits128,
            Security::Bits132 => SecurityLevel::Bits132,
        },
        restrict: arguments.restrict.clone(),
        keyset: arguments.keys_of.as_deref().map(files::load_keyset).transpose()?,
        bounds: arguments.bounds,
        keep_feedback: arguments.keep_feedback,
        strategies: arguments.strategies.text(),
        explain: arguments.explain_parameters,
        target: arguments.cpu.parse()?,
        cost_table: arguments.cost_table.as_deref().map(files::load_cost_table).transpose()?,
    };
    if models::is_model(&arguments.input) {
        let circuit = models::compile(&arguments.input, &arguments.model, options, arguments.report)?;
        return finish(circuit.module(), arguments, output);
    }
    if !arguments.model.calibrate.is_empty() {
        let message = format!("`{}` is no ONNX file; only models are calibrated", arguments.input.display());
        return Err(Failure::new(EXIT_USAGE, message));
    }
    let (mlir, name) = files::read_source(&arguments.input)?;
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    let progress = &mut |step: &str| bar.set_message(step.to_owned());
    let module = compile_module(Source::Text { mlir: &mlir, name: &name }, &options, progress);
    bar.finish_and_clear();
    finish(&module?, arguments, output)
}

fn finish(module: &CompiledModule, arguments: &Compile, output: Option<&Path>) -> Result<(), Failure> {
    if arguments.report {
        complain(module.report().to_string().trim_end());
    }
    if let Some(explanation) = &module.report().explanation {
        complain(explanation.text.trim_end());
    }
    write(module, arguments, output)
}

fn write(module: &CompiledModule, arguments: &Compile, output: Option<&Path>) -> Result<(), Failure> {
    let level = |level: Level| {
        let text = module.mlir(level).map(str::to_owned);
        text.ok_or_else(|| {
            Failure::new(
                EXIT_REFUSED,
                "the input is below the level that was asked for; compile the text it came from",
            )
        })
    };
    let text = match (arguments.emit, output) {
        (Emit::Shared, Some(path)) => return Ok(module.save_shared(path)?),
        (Emit::Exe, Some(path)) => return Ok(module.save_executable(path, arguments.runtime.as_deref())?),
        (Emit::Shared | Emit::Exe, None) => unreachable!("refused at the start"),
        (Emit::Spec, _) => module.spec().to_json() + "\n",
        (Emit::Fhe, _) => level(Level::Fhe)?,
        (Emit::Tfhe, _) => level(Level::Tfhe)?,
        (Emit::Llvm, _) => level(Level::Native)?,
        (Emit::LlvmIr, _) => module.llvm_ir()?,
        (Emit::Asm, _) => module.assembly()?,
    };
    match output {
        Some(path) => Ok(files::write(path, text.as_bytes())?),
        None => print(&text),
    }
}
