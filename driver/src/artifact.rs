//! A compiled module as one file, see `docs/files.md`, and programs out of such files.

use crate::circuit::Circuit;
use crate::compile::{Source, compile_module};
use crate::error::Error;
use crate::machine_code;
use crate::module::CompiledModule;
use crate::options::Options;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_backend_cpu::Target;
use cloakwork_passes::pass::Level;
use cloakwork_runtime::Program;
use cloakwork_runtime::artifact::{self, Artifact, Contents, SignatureKey, TrustedKey};
use cloakwork_runtime::program::{LoadError, read_artifact};
use std::collections::BTreeMap;
use std::path::Path;

/// What an artifact holds besides the spec and the machine code for the target of the compilation.
#[derive(Default)]
pub struct ArtifactOptions<'a> {
    /// Further processors to make machine code for. The best that a machine can run is taken there.
    pub more_targets: Vec<Target>,
    /// Whether the portable program is in it, from which `cloakwork` makes machine code for any processor.
    pub with_ir: bool,
    /// What to say about it: names and texts.
    pub labels: BTreeMap<String, String>,
    /// Signs it.
    pub signed_by: Option<&'a SignatureKey>,
}

impl CompiledModule {
    /// The bytes of an artifact; the same program and options give the same bytes.
    pub fn artifact(&self, options: &ArtifactOptions<'_>) -> Result<Vec<u8>, Error> {
        let mut objects = vec![self.object().clone()];
        for target in &options.more_targets {
            if objects.iter().all(|object| object.target() != target) {
                objects.push(self.object_for(target)?);
            }
        }
        let code = objects.iter().map(|object| (object.target().processor(), object.bytes())).collect();
        let ir = match (options.with_ir, self.mlir(Level::Tfhe)) {
            (false, _) => None,
            (true, Some(text)) => Some(text),
            (true, None) => {
                return Err(Error::Content {
                    path: "--with-ir".to_owned(),
                    problem: "needs a program that was compiled from the `fhe` or `tfhe` dialect; the `llvm` dialect is not portable".to_owned(),
                });
            }
        };
        let labels = options.labels.clone();
        Ok(artifact::write(self.spec(), &Contents { code, ir, labels, signed_by: options.signed_by })?)
    }

    /// Writes an artifact.
    pub fn save(&self, path: &Path, options: &ArtifactOptions<'_>) -> Result<(), Error> {
        let written = artifact::write_file(path, &self.artifact(options)?);
        written.map_err(|source| Error::File { action: "write", path: path.display().to_string(), source })
    }
}

impl Circuit {
    /// Writes an artifact of the whole module, with machine code for the target of the compilation.
    pub fn save(&self, path: &Path) -> Result<(), Error> {
        self.module().save(path, &ArtifactOptions::default())
    }
}

/// The function of that name, or the only one, of an artifact, which must be signed by one of `trusted` if there are any.
/// Without machine code for this processor it is compiled from the portable program, if that is there.
pub fn load_program(path: &Path, function: Option<&str>, trusted: &[TrustedKey]) -> Result<Program, Error> {
    program_of(&read_artifact(path, trusted)?, function, &path.display().to_string())
}

/// [`load_program`] of an artifact that was read from the file `name`.
pub fn program_of(artifact: &Artifact, function: Option<&str>, name: &str) -> Result<Program, Error> {
    match Program::from_artifact(artifact, function, name) {
        Err(LoadError::Processor { .. } | LoadError::Contract { .. }) if artifact.ir().is_some() => {
            compiled_here(artifact, function, name)
        }
        loaded => Ok(loaded?),
    }
}

/// A function of an artifact with machine code that is made now, for this processor.
fn compiled_here(artifact: &Artifact, function: Option<&str>, name: &str) -> Result<Program, Error> {
    let module = recompiled(artifact, name)?;
    let claimed = artifact.spec().function(function)?;
    let position = artifact.spec().position(function)?;
    let found = &module.spec().functions()[position];
    // Memory is planned anew; what the compiler claimed it knew from the whole compilation.
    let spec = ProgramSpec { workspace: found.workspace.clone(), abi: found.abi.clone(), ..claimed.clone() };
    machine_code::function(&machine_code::load(module.object())?, spec)
}

/// The module of an artifact's portable program, compiled for this processor.
pub fn recompiled(artifact: &Artifact, name: &str) -> Result<CompiledModule, Error> {
    let wrong = |problem: &str| Error::Content { path: name.to_owned(), problem: problem.to_owned() };
    let text = artifact.ir().ok_or_else(|| {
        wrong("has no portable program, so nothing can be compiled; make it with `--with-ir`")
    })?;
    let module = compile_module(Source::Text { mlir: text, name }, &Options::default(), &mut |_| ())?;
    let same = |found: &ProgramSpec, claimed: &ProgramSpec| {
        found.name == claimed.name
            && found.keyset == claimed.keyset
            && found.inputs == claimed.inputs
            && found.outputs == claimed.outputs
    };
    let (found, claimed) = (module.spec().functions(), artifact.spec().functions());
    let is_same = found.len() == claimed.len()
        && found.iter().zip(claimed).all(|(found, claimed)| same(found, claimed));
    match is_same {
        true => Ok(module),
        false => Err(wrong("is damaged: its portable program is not that of its spec; compile it again")),
    }
}
