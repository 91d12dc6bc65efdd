//! The server's half for C: programs, evaluation keys, runs.

use super::client::put;
use super::{Bytes, c_function, give, shared, slice, string, text};
use crate::artifact::Artifact;
use crate::formats::{values_from_bytes, values_to_bytes};
use crate::keys::EvaluationKeys;
use crate::program::Program;
use crate::server::{RunOptions, run};
use cloakwork_abi::functions::Entry;
use cloakwork_abi::module_spec::ModuleSpec;
use std::ffi::c_char;
use std::num::NonZeroUsize;
use std::sync::Arc;

c_function! {
    /// Loads a function of an artifact, or the only one where `function` is null. Its code runs in this process.
    ///
    /// # Safety
    ///
    /// `artifact` points to `length` bytes, `function` is null or a C string, `program` points to memory for a pointer.
    /// The code in the artifact is trusted.
    unsafe fn cloakwork_program_read(
        artifact: *const u8,
        length: usize,
        function: *const c_char,
        program: *mut *mut Program,
    ) {
        let artifact =
            Artifact::from_bytes(slice(artifact, length, "artifact")?.to_vec()).map_err(text)?;
        let function = string(function, "function")?;
        give(Program::from_artifact(&artifact, function, "artifact").map_err(text)?, program, "program")
    }
}

c_function! {
    /// A function whose code is linked into this process, with the specs of its module as JSON.
    ///
    /// # Safety
    ///
    /// `entry` is code compiled for exactly that function of `spec` and obeys [`Entry`]; `spec` points to `length` bytes,
    /// `function` is a C string, `program` points to memory for a pointer.
    unsafe fn cloakwork_program_linked(
        entry: Option<Entry>,
        spec: *const u8,
        length: usize,
        function: *const c_char,
        program: *mut *mut Program,
    ) {
        let json = str::from_utf8(slice(spec, length, "spec")?).map_err(text)?;
        let module = ModuleSpec::from_json(json).map_err(text)?;
        let spec = module.function(string(function, "function")?).map_err(text)?.clone();
        spec.require_contract().map_err(text)?;
        let entry = entry.ok_or("`entry` is a null pointer")?;
        give(Program::from_entry(spec, entry, Arc::new(())), program, "program")
    }
}

c_function! { cloakwork_program_free frees program: Program }

c_function! {
    /// Evaluation keys out of the bytes of their file, ready to run.
    ///
    /// # Safety
    ///
    /// `program` comes from this interface, `file` points to `length` bytes, `keys` to memory for a pointer.
    unsafe fn cloakwork_evaluation_keys_read(
        program: *const Program,
        file: *const u8,
        length: usize,
        keys: *mut *mut EvaluationKeys,
    ) {
        let keyset = &shared(program, "program")?.spec().keyset;
        let read = EvaluationKeys::from_bytes(keyset, slice(file, length, "file")?).map_err(text)?;
        give(read, keys, "keys")
    }
}

c_function! { cloakwork_evaluation_keys_free frees keys: EvaluationKeys }

c_function! {
    /// Runs a program on the bytes of encrypted arguments, with that many threads, or with one for each core if it is 0.
    ///
    /// # Safety
    ///
    /// `program` and `keys` come from this interface, `question` points to `length` bytes, `answer` to memory for bytes.
    unsafe fn cloakwork_run(
        program: *const Program,
        keys: *const EvaluationKeys,
        question: *const u8,
        length: usize,
        threads: usize,
        answer: *mut Bytes,
    ) {
        let (program, keys) = (shared(program, "program")?, shared(keys, "keys")?);
        let spec = program.spec();
        let question = slice(question, length, "question")?;
        let arguments = values_from_bytes(&spec.keyset, &spec.inputs, question).map_err(text)?;
        let options = RunOptions { threads: NonZeroUsize::new(threads) };
        let results = run(program, keys, &arguments, options).map_err(text)?;
        put(values_to_bytes(&spec.keyset, &spec.outputs, &results).map_err(text)?, answer, "answer")
    }
}
