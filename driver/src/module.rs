//! A compiled module: one key set, one object, and a [`Circuit`] for each function.

use crate::circuit::{Circuit, Keys};
use crate::error::Error;
use crate::machine_code::{self, Code};
use crate::report::Report;
use crate::snapshot::Snapshot;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_backend_cpu::{CLibrary, ObjectCode, Target, find_runtime_archive, link_executable};
use cloakwork_ir::context::context;
use cloakwork_passes::pass::Level;
use cloakwork_runtime::keys::Progress;
use cloakwork_runtime::{Program, Randomness, generate};
use melior::Context;
use melior::ir::Module;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// Compiled functions that share the keys of one client: a value that one of them computed can be an argument of
/// another. It can be shared between threads; copies are the same module.
#[derive(Clone)]
pub struct CompiledModule(Arc<Compiled>);

struct Compiled {
    report: Report,
    object: ObjectCode,
    /// By [`Level`].
    snapshots: [Option<Snapshot>; 3],
    loaded: Mutex<Loaded>,
}

/// The object in this process, loaded when first needed, and its functions by position.
#[derive(Default)]
struct Loaded {
    code: Option<Code>,
    programs: Vec<Option<Arc<Program>>>,
}

impl CompiledModule {
    pub(crate) fn new(report: Report, object: ObjectCode, snapshots: [Option<Snapshot>; 3]) -> Self {
        let programs = vec![None; report.spec.functions().len()];
        let loaded = Mutex::new(Loaded { code: None, programs });
        Self(Arc::new(Compiled { report, object, snapshots, loaded }))
    }

    /// The function of that name; an error lists those that there are.
    pub fn function(&self, name: &str) -> Result<Circuit, Error> {
        Ok(Circuit::new(self.clone(), self.spec().position(Some(name))?))
    }

    /// All functions in the order of the module.
    pub fn functions(&self) -> impl Iterator<Item = Circuit> {
        (0..self.spec().functions().len()).map(|position| Circuit::new(self.clone(), position))
    }

    /// The only function; an error where there are several.
    pub fn only(self) -> Result<Circuit, Error> {
        let position = self.spec().position(None)?;
        Ok(Circuit::new(self, position))
    }

    /// The public description: all that a client needs.
    pub fn spec(&self) -> &ModuleSpec {
        &self.0.report.spec
    }

    /// Parameters, ranges, counts and times; prints as text.
    pub fn report(&self) -> &Report {
        &self.0.report
    }

    /// The module at a level: `fhe` with widths, `tfhe` with parameters, or the `llvm` dialect.
    ///
    /// `None` for levels above the text that was compiled.
    pub fn mlir(&self, level: Level) -> Option<&str> {
        self.0.snapshots[position(level)].as_ref().map(Snapshot::text)
    }

    /// [`Self::mlir`] as a module of `context`.
    pub(crate) fn module_at<'c>(
        &self,
        level: Level,
        context: &'c Context,
    ) -> Result<Option<Module<'c>>, Error> {
        self.0.snapshots[position(level)].as_ref().map(|snapshot| snapshot.module(context)).transpose()
    }

    /// The LLVM IR of the machine code.
    pub fn llvm_ir(&self) -> Result<String, Error> {
        self.with_native_module(|module, spec| {
            Ok(cloakwork_backend_cpu::llvm_ir(module, spec, self.0.object.target())?)
        })
    }

    /// The assembly of the machine code.
    pub fn assembly(&self) -> Result<String, Error> {
        self.with_native_module(|module, spec| {
            Ok(cloakwork_backend_cpu::assembly(module, spec, self.0.object.target())?)
        })
    }

    /// New keys from secure randomness, for every function.
    pub fn keygen(&self) -> Result<Keys, Error> {
        self.keygen_with(Randomness::Secure, &|_| ())
    }

    /// New keys from chosen randomness, telling `progress` how far it is.
    pub fn keygen_with(
        &self,
        randomness: Randomness,
        progress: &dyn Fn(Progress<'_>),
    ) -> Result<Keys, Error> {
        let (secret, evaluation) = generate(self.spec().keyset(), randomness, progress)?;
        Ok(Keys { secret, evaluation })
    }

    /// The machine code.
    pub(crate) fn object(&self) -> &ObjectCode {
        &self.0.object
    }

    /// The machine code for another processor.
    pub(crate) fn object_for(&self, target: &Target) -> Result<ObjectCode, Error> {
        self.with_native_module(|module, spec| Ok(cloakwork_backend_cpu::compile(module, spec, target)?))
    }

    /// Writes an executable that runs on files of ciphertexts and keys; the module must have one function. The
    /// archive of the runtime is looked for beside the running executable if it is not named.
    pub fn save_executable(
        &self,
        path: &Path,
        c_library: CLibrary,
        runtime_archive: Option<&Path>,
    ) -> Result<(), Error> {
        let archive = find_runtime_archive(runtime_archive)?;
        Ok(link_executable(&self.0.object, &archive, c_library, path)?)
    }

    /// The machine code of a function in this process.
    pub(crate) fn program(&self, position: usize) -> Result<Arc<Program>, Error> {
        let mut loaded = self.0.loaded.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = &loaded.programs[position] {
            return Ok(program.clone());
        }
        let code = match &loaded.code {
            Some(code) => code.clone(),
            None => loaded.code.insert(machine_code::load(&self.0.object)?).clone(),
        };
        let spec = self.spec().functions()[position].clone();
        let program = Arc::new(machine_code::function(&code, spec)?);
        loaded.programs[position] = Some(program.clone());
        Ok(program)
    }

    fn with_native_module<R>(
        &self,
        action: impl FnOnce(&Module<'_>, &str) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let context = context();
        let native =
            self.0.snapshots[position(Level::Native)].as_ref().expect("every program has that level");
        action(&native.module(&context)?, &self.spec().to_json())
    }
}

impl fmt::Debug for CompiledModule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = self.spec().functions().iter().map(|spec| spec.name.as_str()).collect();
        let fingerprint = self.spec().keyset().fingerprint();
        f.debug_struct("CompiledModule")
            .field("functions", &names)
            .field("fingerprint", &fingerprint)
            .finish()
    }
}

fn position(level: Level) -> usize {
    match level {
        Level::Fhe => 0,
        Level::Tfhe => 1,
        Level::Native => 2,
    }
}
