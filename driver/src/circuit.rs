//! A compiled program and everything that one can do with it.

use crate::error::Error;
use crate::evaluate::find_function;
use crate::machine_code;
use crate::report::Report;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_backend_cpu::{ObjectCode, find_runtime_archive, link_executable, link_shared};
use cloakwork_frontend::sample::Sample;
use cloakwork_ir::context::{context, parse};
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::pass::Level;
use cloakwork_runtime::keys::Progress;
use cloakwork_runtime::{
    EvaluationKeys, Noise, Program, Randomness, RunOptions, SecretKeys, Simulation, Value, client, generate,
    run, simulate,
};
use ndarray::ArrayD;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

/// A compiled program. It can be shared between threads; one run uses all cores by itself.
#[derive(Debug)]
pub struct Circuit {
    report: Report,
    object: ObjectCode,
    /// By [`Level`].
    texts: [Option<String>; 3],
    /// The object in this process, loaded when first needed.
    program: Mutex<Option<Arc<Program>>>,
}

/// The two halves of a client's keys.
#[derive(Debug)]
pub struct Keys {
    /// Encrypts and decrypts; never leaves the client.
    pub secret: SecretKeys,
    /// What a server computes with.
    pub evaluation: EvaluationKeys,
}

impl Circuit {
    pub(crate) fn new(report: Report, object: ObjectCode, texts: [Option<String>; 3]) -> Self {
        Self { report, object, texts, program: Mutex::default() }
    }

    /// The public description: all that a client needs.
    pub fn spec(&self) -> &ProgramSpec {
        &self.report.spec
    }

    /// Parameters, ranges, counts and times; prints as text.
    pub fn report(&self) -> &Report {
        &self.report
    }

    /// The module at a level: `fhe` with widths, `tfhe` with parameters, or the `llvm` dialect.
    ///
    /// `None` for levels above the text that was compiled.
    pub fn mlir(&self, level: Level) -> Option<&str> {
        self.texts[position(level)].as_deref()
    }

    /// The LLVM IR of the machine code.
    pub fn llvm_ir(&self) -> Result<String, Error> {
        self.with_native_module(|module, spec| {
            Ok(cloakwork_backend_cpu::llvm_ir(module, spec, self.object.target())?)
        })
    }

    /// The assembly of the machine code.
    pub fn assembly(&self) -> Result<String, Error> {
        self.with_native_module(|module, spec| {
            Ok(cloakwork_backend_cpu::assembly(module, spec, self.object.target())?)
        })
    }

    /// New keys from secure randomness.
    pub fn keygen(&self) -> Result<Keys, Error> {
        self.keygen_with(Randomness::Secure, &|_| ())
    }

    /// New keys from chosen randomness, telling `progress` how far it is.
    pub fn keygen_with(
        &self,
        randomness: Randomness,
        progress: &dyn Fn(Progress<'_>),
    ) -> Result<Keys, Error> {
        let (secret, evaluation) = generate(&self.spec().keyset, randomness, progress)?;
        Ok(Keys { secret, evaluation })
    }

    /// Encrypts the arguments of one call.
    pub fn encrypt(&self, keys: &SecretKeys, arguments: impl Sample) -> Result<Vec<Value>, Error> {
        Ok(client::encrypt(self.spec(), keys, &arguments.into_arguments())?)
    }

    /// Runs the machine code on encrypted arguments.
    pub fn run(&self, keys: &EvaluationKeys, arguments: &[Value]) -> Result<Vec<Value>, Error> {
        Ok(run(self.program()?.as_ref(), keys, arguments, RunOptions::default())?)
    }

    /// Decrypts the results of one call.
    pub fn decrypt(&self, keys: &SecretKeys, results: &[Value]) -> Result<Vec<ArrayD<i64>>, Error> {
        Ok(client::decrypt(self.spec(), keys, results)?)
    }

    /// [`Self::encrypt`], [`Self::run`] and [`Self::decrypt`].
    pub fn encrypt_run_decrypt(
        &self,
        keys: &Keys,
        arguments: impl Sample,
    ) -> Result<Vec<ArrayD<i64>>, Error> {
        let encrypted = self.encrypt(&keys.secret, arguments)?;
        self.decrypt(&keys.secret, &self.run(&keys.evaluation, &encrypted)?)
    }

    /// Runs the same machine code on phases, without keys.
    pub fn simulate(&self, arguments: impl Sample, noise: Noise) -> Result<Simulation, Error> {
        Ok(simulate(self.program()?.as_ref(), &arguments.into_arguments(), noise)?)
    }

    /// The exact results by the definition of the program, without machine code, for each call of a list.
    pub fn evaluate_clear<S: Sample>(
        &self,
        calls: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Vec<ArrayD<i64>>>, Error> {
        let level = if self.mlir(Level::Fhe).is_some() { Level::Fhe } else { Level::Tfhe };
        let text = self.mlir(level).ok_or_else(|| {
            Diagnostic::new(
                Severity::Error,
                "",
                "a program compiled from the `llvm` dialect has no clear definition; compile it from `fhe` or `tfhe`, or simulate it",
            )
        })?;
        let context = context();
        let module = parse(&context, text, &self.spec().name).map_err(Error::Program)?;
        let function = find_function(&module, &self.spec().name)?;
        let evaluate = |call: S| {
            let inputs: Vec<Clear> = call.into_arguments().into_iter().map(Clear::Int).collect();
            let outputs = interpret(function, &inputs, &NoHostFunctions)?;
            let ints: Option<Vec<ArrayD<i64>>> = outputs.iter().map(|output| output.int().cloned()).collect();
            ints.ok_or_else(|| Diagnostic::error_at(&function.op, "a result is not an integer").into())
        };
        calls.into_iter().map(evaluate).collect()
    }

    /// Writes a shared library with the spec inside.
    pub fn save_shared(&self, path: &Path) -> Result<(), Error> {
        Ok(link_shared(&self.object, path)?)
    }

    /// Writes an executable that runs on files of ciphertexts and keys. The archive of the runtime is looked
    /// for beside the running executable if it is not named.
    pub fn save_executable(&self, path: &Path, runtime_archive: Option<&Path>) -> Result<(), Error> {
        let archive = find_runtime_archive(runtime_archive)?;
        Ok(link_executable(&self.object, &archive, path)?)
    }

    /// The machine code in this process, for calls of the runtime's functions.
    pub fn program(&self) -> Result<Arc<Program>, Error> {
        let mut loaded = self.program.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(program) = loaded.as_ref() {
            return Ok(program.clone());
        }
        let program = Arc::new(machine_code::load(&self.object, self.spec().clone())?);
        *loaded = Some(program.clone());
        Ok(program)
    }

    fn with_native_module<R>(
        &self,
        action: impl FnOnce(&melior::ir::Module<'_>, &str) -> Result<R, Error>,
    ) -> Result<R, Error> {
        let context = context();
        let text = self.mlir(Level::Native).unwrap_or_default();
        let module = parse(&context, text, &self.spec().name).map_err(Error::Program)?;
        action(&module, &self.spec().to_json())
    }
}

fn position(level: Level) -> usize {
    match level {
        Level::Fhe => 0,
        Level::Tfhe => 1,
        Level::Native => 2,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circuits_are_shared_between_threads() {
        fn require<T: Send + Sync>() {}
        require::<Circuit>();
        require::<Keys>();
        require::<Error>();
    }
}
