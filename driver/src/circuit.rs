//! A compiled function and everything that one can do with it.

use crate::call::words;
use crate::error::Error;
use crate::evaluate::find_function;
use crate::module::CompiledModule;
use crate::report::Report;
use cloakwork_abi::spec::ProgramSpec;
use cloakwork_backend_cpu::CLibrary;
use cloakwork_frontend::sample::Sample;
use cloakwork_ir::context::context;
use cloakwork_ir::diagnostic::{Diagnostic, Severity};
use cloakwork_ir::host::NoHostFunctions;
use cloakwork_ir::interpret::{Clear, interpret};
use cloakwork_passes::pass::Level;
use cloakwork_runtime::keys::Progress;
use cloakwork_runtime::{
    EvaluationKeys, Noise, Program, Randomness, RunOptions, SecretKeys, Simulation, Value, client, run,
    run_batch, run_watched, simulate, simulate_batch,
};
use ndarray::ArrayD;
use std::path::Path;
use std::sync::Arc;

/// A compiled function. It can be shared between threads; one run uses all cores by itself.
#[derive(Clone, Debug)]
pub struct Circuit {
    module: CompiledModule,
    position: usize,
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
    pub(crate) fn new(module: CompiledModule, position: usize) -> Self {
        Self { module, position }
    }

    /// The module that the function belongs to. Its functions share their keys.
    pub fn module(&self) -> &CompiledModule {
        &self.module
    }

    /// The public description: all that a client needs.
    pub fn spec(&self) -> &ProgramSpec {
        &self.module.spec().functions()[self.position]
    }

    /// Parameters, ranges, counts and times of the whole module; prints as text.
    pub fn report(&self) -> &Report {
        self.module.report()
    }

    /// The module at a level: `fhe` with widths, `tfhe` with parameters, or the `llvm` dialect.
    ///
    /// `None` for levels above the text that was compiled.
    pub fn mlir(&self, level: Level) -> Option<&str> {
        self.module.mlir(level)
    }

    /// The LLVM IR of the module's machine code.
    pub fn llvm_ir(&self) -> Result<String, Error> {
        self.module.llvm_ir()
    }

    /// The assembly of the module's machine code.
    pub fn assembly(&self) -> Result<String, Error> {
        self.module.assembly()
    }

    /// New keys from secure randomness; they serve every function of the module.
    pub fn keygen(&self) -> Result<Keys, Error> {
        self.module.keygen()
    }

    /// New keys from chosen randomness, telling `progress` how far it is.
    pub fn keygen_with(
        &self,
        randomness: Randomness,
        progress: &dyn Fn(Progress<'_>),
    ) -> Result<Keys, Error> {
        self.module.keygen_with(randomness, progress)
    }

    /// Encrypts the arguments of one call.
    pub fn encrypt(&self, keys: &SecretKeys, arguments: impl Sample) -> Result<Vec<Value>, Error> {
        Ok(client::encrypt(self.spec(), keys, &words(self.spec(), arguments.into_arguments())?)?)
    }

    /// Runs the machine code on encrypted arguments: encrypted for it, or computed by a function under the same
    /// keys.
    pub fn run(&self, keys: &EvaluationKeys, arguments: &[Value]) -> Result<Vec<Value>, Error> {
        Ok(run(self.program()?.as_ref(), keys, arguments, RunOptions::default())?)
    }

    /// [`Self::run`] with options, telling `progress` how many bootstraps of `spec().counts` are done.
    pub fn run_watched(
        &self,
        keys: &EvaluationKeys,
        arguments: &[Value],
        options: RunOptions,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Vec<Value>, Error> {
        Ok(run_watched(self.program()?.as_ref(), keys, arguments, options, progress)?)
    }

    /// [`Self::run`] for several samples side by side: their ciphertexts pass by keys together.
    pub fn run_batch(
        &self,
        keys: &EvaluationKeys,
        samples: &[Vec<Value>],
        options: RunOptions,
    ) -> Result<Vec<Vec<Value>>, Error> {
        Ok(run_batch(self.program()?.as_ref(), keys, samples, options)?)
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
        Ok(simulate(self.program()?.as_ref(), &words(self.spec(), arguments.into_arguments())?, noise)?)
    }

    /// [`Self::simulate`] for each sample; sample `i` gets noise from the seed plus `i`.
    pub fn simulate_batch<S: Sample + Clone>(
        &self,
        samples: &[S],
        noise: Noise,
    ) -> Result<Vec<Simulation>, Error> {
        let arguments = samples.iter().map(|sample| words(self.spec(), sample.clone().into_arguments()));
        let arguments = arguments.collect::<Result<Vec<_>, _>>()?;
        Ok(simulate_batch(self.program()?.as_ref(), &arguments, noise)?)
    }

    /// The exact results by the definition of the program, without machine code, for each call of a list.
    pub fn evaluate_clear<S: Sample>(
        &self,
        calls: impl IntoIterator<Item = S>,
    ) -> Result<Vec<Vec<ArrayD<i64>>>, Error> {
        let level = if self.mlir(Level::Fhe).is_some() { Level::Fhe } else { Level::Tfhe };
        let context = context();
        let module = self.module.module_at(level, &context)?.ok_or_else(|| {
            Diagnostic::new(
                Severity::Error,
                "",
                "a program compiled from the `llvm` dialect has no clear definition; compile it from `fhe` or `tfhe`, or simulate it",
            )
        })?;
        let function = find_function(&module, &self.spec().name)?;
        let evaluate = |call: S| {
            let outputs = interpret(function, &call.into_arguments(), &NoHostFunctions)?;
            let ints: Option<Vec<ArrayD<i64>>> = outputs.into_iter().map(Clear::into_words).collect();
            ints.ok_or_else(|| Diagnostic::error_at(&function.op, "a result is not an integer").into())
        };
        calls.into_iter().map(evaluate).collect()
    }

    /// Writes an executable that runs on files of ciphertexts and keys; the module must have one function. The
    /// archive of the runtime is looked for beside the running executable if it is not named.
    pub fn save_executable(&self, path: &Path, runtime_archive: Option<&Path>) -> Result<(), Error> {
        self.module.save_executable(path, CLibrary::Shared, runtime_archive)
    }

    /// The machine code in this process, for calls of the runtime's functions.
    pub fn program(&self) -> Result<Arc<Program>, Error> {
        self.module.program(self.position)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circuits_are_shared_between_threads() {
        fn require<T: Send + Sync>() {}
        require::<Circuit>();
        require::<CompiledModule>();
        require::<Keys>();
        require::<Error>();
    }
}
