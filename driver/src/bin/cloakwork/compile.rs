//! `cloakwork compile`.

use crate::arguments::{Compile, Emit, Security};
use crate::models;
use cloakwork::process::{EXIT_REFUSED, EXIT_USAGE, Failure, complain, print};
use cloakwork::{
    ArtifactOptions, CLibrary, CompileCache, CompiledModule, Level, Library, Options, SecurityLevel, Source,
    Target, compile_module, files,
};
use indicatif::ProgressBar;
use std::path::Path;
use std::time::Duration;

pub(crate) fn compile(arguments: &Compile) -> Result<(), Failure> {
    let output = match (&arguments.output, arguments.emit) {
        (None, Emit::Artifact | Emit::Exe | Emit::Shared | Emit::Static | Emit::Crate) => {
            return Err(Failure::new(EXIT_USAGE, "machine code needs a file; name it with `-o FILE`"));
        }
        (output, _) => output.as_deref(),
    };
    let targets = targets(arguments)?;
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
        target: targets[0].clone(),
        cost_table: arguments.cost_table.as_deref().map(files::load_cost_table).transpose()?,
        cache: CompileCache::of_user(),
    };
    if models::is_model(&arguments.input) {
        let circuit = models::compile(&arguments.input, &arguments.model, options, arguments.report)?;
        return finish(circuit.module(), arguments, (output, &targets));
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
    finish(&module?, arguments, (output, &targets))
}

/// The processors of `--cpu`, at least one.
fn targets(arguments: &Compile) -> Result<Vec<Target>, Failure> {
    let targets =
        arguments.cpu.iter().map(|name| Ok(name.trim().parse()?)).collect::<Result<Vec<_>, Failure>>()?;
    let takes_all = arguments.emit == Emit::Artifact;
    if targets.len() > 1 && !takes_all {
        let message =
            format!("`--cpu` names {} processors; only an artifact has code for several", targets.len());
        return Err(Failure::new(EXIT_USAGE, message));
    }
    if !takes_all && (arguments.with_ir || arguments.sign.is_some() || !arguments.label.is_empty()) {
        let message = "`--with-ir`, `--sign` and `--label` are for artifacts; leave out `--emit`";
        return Err(Failure::new(EXIT_USAGE, message));
    }
    if arguments.static_c_library && arguments.emit != Emit::Exe {
        return Err(Failure::new(EXIT_USAGE, "`--static` is for executables; add `--emit exe`"));
    }
    let is_linked = matches!(arguments.emit, Emit::Exe | Emit::Shared | Emit::Static | Emit::Crate);
    if is_linked && targets[0] == Target::Aarch64 {
        let message = "executables and libraries are linked with the runtime of this machine; for `aarch64` make an artifact, or `--emit asm`";
        return Err(Failure::new(EXIT_USAGE, message));
    }
    Ok(targets)
}

fn save(
    module: &CompiledModule,
    arguments: &Compile,
    (path, targets): (&Path, &[Target]),
) -> Result<(), Failure> {
    let key = arguments.sign.as_deref().map(files::load_signature_key).transpose()?;
    let options = ArtifactOptions {
        more_targets: targets.iter().skip(1).cloned().collect(),
        with_ir: arguments.with_ir,
        labels: arguments.label.iter().cloned().collect(),
        signed_by: key.as_ref(),
    };
    Ok(module.save(path, &options)?)
}

fn finish(
    module: &CompiledModule,
    arguments: &Compile,
    (output, targets): (Option<&Path>, &[Target]),
) -> Result<(), Failure> {
    if arguments.report {
        complain(module.report().to_string().trim_end());
    }
    if let Some(explanation) = &module.report().explanation {
        complain(explanation.text.trim_end());
    }
    match (arguments.emit, output) {
        (Emit::Artifact, Some(path)) => save(module, arguments, (path, targets)),
        _ => write(module, arguments, output),
    }
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
    let runtime = arguments.runtime.as_deref();
    let text = match (arguments.emit, output) {
        (Emit::Exe, Some(path)) => {
            let c_library = if arguments.static_c_library { CLibrary::Static } else { CLibrary::Shared };
            return Ok(module.save_executable(path, c_library, runtime)?);
        }
        (Emit::Shared, Some(path)) => return Ok(module.save_library(path, Library::Shared, runtime)?),
        (Emit::Static, Some(path)) => return Ok(module.save_library(path, Library::Static, runtime)?),
        (Emit::Crate, Some(path)) => return Ok(module.save_crate(path, runtime)?),
        (Emit::Artifact | Emit::Exe | Emit::Shared | Emit::Static | Emit::Crate, _) => {
            unreachable!("written or refused before")
        }
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
