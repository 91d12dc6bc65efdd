//! The client's half for C: spec, keys, encryption, decryption.

use super::{Bytes, Integers, Reals, c_function, give, shared, slice, string, text};
use crate::client::{decrypt, encrypt};
use crate::formats::{Passphrase, values_from_bytes, values_to_bytes};
use crate::keys::{Randomness, SecretKeys, generate};
use crate::model_client::{dequantise, quantise};
use crate::spec_file::read_module_spec;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::processing::ClearValue;
use cloakwork_abi::spec::{ProgramSpec, ValueSpec};
use ndarray::{ArrayD, IxDyn};
use std::ffi::c_char;

c_function! {
    /// Reads the public description out of an artifact, an executable or JSON.
    ///
    /// # Safety
    ///
    /// `file` points to `length` bytes, `spec` to memory for a pointer.
    unsafe fn cloakwork_spec_read(
        file: *const u8,
        length: usize,
        spec: *mut *mut ModuleSpec,
    ) {
        let bytes = slice(file, length, "file")?.to_vec();
        give(read_module_spec(bytes, "file").map_err(text)?, spec, "spec")
    }
}

c_function! {
    /// The description as JSON, for clients elsewhere.
    ///
    /// # Safety
    ///
    /// `spec` comes from [`cloakwork_spec_read`], `json` points to memory for bytes.
    unsafe fn cloakwork_spec_json(spec: *const ModuleSpec, json: *mut Bytes) {
        put(shared(spec, "spec")?.to_json().into_bytes(), json, "json")
    }
}

c_function! { cloakwork_spec_free frees spec: ModuleSpec }

c_function! {
    /// New keys: the secret half as an object, the half for the server as the bytes of its file.
    ///
    /// # Safety
    ///
    /// `spec` comes from [`cloakwork_spec_read`], the others point to memory for what they are given.
    unsafe fn cloakwork_keygen(
        spec: *const ModuleSpec,
        secret: *mut *mut SecretKeys,
        evaluation: *mut Bytes,
    ) {
        let (secret_keys, evaluation_keys) =
            generate(shared(spec, "spec")?.keyset(), Randomness::Secure, &|_| ()).map_err(text)?;
        put(evaluation_keys.to_bytes(), evaluation, "evaluation")?;
        give(secret_keys, secret, "secret")
    }
}

c_function! {
    /// The bytes of a file of secret keys, under a passphrase unless it is null.
    ///
    /// # Safety
    ///
    /// `secret` comes from this interface, `passphrase` is null or a C string, `file` points to memory for bytes.
    unsafe fn cloakwork_secret_keys_write(
        secret: *const SecretKeys,
        passphrase: *const c_char,
        file: *mut Bytes,
    ) {
        let secret = shared(secret, "secret")?;
        let bytes = match passphrase_of(passphrase)? {
            Some(passphrase) => secret.to_bytes_under(&passphrase),
            None => secret.to_bytes().to_vec(),
        };
        put(bytes, file, "file")
    }
}

c_function! {
    /// Secret keys out of the bytes of their file, with the passphrase if it has one.
    ///
    /// # Safety
    ///
    /// `spec` comes from this interface, `file` points to `length` bytes, `passphrase` is null or a C string, `secret`
    /// points to memory for a pointer.
    unsafe fn cloakwork_secret_keys_read(
        spec: *const ModuleSpec,
        file: *const u8,
        length: usize,
        passphrase: *const c_char,
        secret: *mut *mut SecretKeys,
    ) {
        let keyset = shared(spec, "spec")?.keyset();
        let passphrase = passphrase_of(passphrase)?;
        let bytes = slice(file, length, "file")?;
        let keys = SecretKeys::from_bytes_under(keyset, bytes, passphrase.as_ref()).map_err(text)?;
        give(keys, secret, "secret")
    }
}

c_function! { cloakwork_secret_keys_free frees secret: SecretKeys }

c_function! {
    /// Encrypts the arguments of one call of a function, or of the only one where `function` is null.
    ///
    /// # Safety
    ///
    /// `spec` and `secret` come from this interface, `function` is null or a C string, `arguments` points to `count`
    /// entries that point to their integers, `question` to memory for bytes.
    unsafe fn cloakwork_encrypt(
        spec: *const ModuleSpec,
        function: *const c_char,
        secret: *const SecretKeys,
        arguments: *const Integers,
        count: usize,
        question: *mut Bytes,
    ) {
        let (spec, secret) = (function_of(spec, function)?, shared(secret, "secret")?);
        let arguments = slice(arguments, count, "arguments")?;
        let arrays = arguments.iter().zip(&spec.inputs).map(|(given, input)| {
            array(slice(given.data, given.length, &input.name)?.to_vec(), shape(input), &input.name)
        });
        let mut arrays = arrays.collect::<Result<Vec<ArrayD<i64>>, String>>()?;
        // A wrong count is refused by its own message.
        arrays.resize(count, ArrayD::zeros(IxDyn(&[])));
        encrypted(spec, secret, &arrays, question)
    }
}

c_function! {
    /// Decrypts the results of one call.
    ///
    /// # Safety
    ///
    /// As [`cloakwork_encrypt`]; `answer` points to `length` bytes, `results` to `count` entries that point to room for
    /// their integers.
    unsafe fn cloakwork_decrypt(
        spec: *const ModuleSpec,
        function: *const c_char,
        secret: *const SecretKeys,
        answer: *const u8,
        length: usize,
        results: *const Integers,
        count: usize,
    ) {
        let (spec, secret) = (function_of(spec, function)?, shared(secret, "secret")?);
        let found = decrypted(spec, secret, slice(answer, length, "answer")?)?;
        let results = slice(results, count, "results")?;
        require_count(spec, found.len(), count)?;
        for ((found, output), room) in found.iter().zip(&spec.outputs).zip(results) {
            fill(found.iter().copied(), (room.data, room.length), &output.name)?;
        }
        Ok(())
    }
}

c_function! {
    /// Makes integers of the inputs of a model, and encrypts them. `saturated`, unless null, is told how many elements lie
    /// outside of what the calibration set showed.
    ///
    /// # Safety
    ///
    /// As [`cloakwork_encrypt`], with reals.
    unsafe fn cloakwork_encrypt_reals(
        spec: *const ModuleSpec,
        function: *const c_char,
        secret: *const SecretKeys,
        arguments: *const Reals,
        count: usize,
        saturated: *mut u64,
        question: *mut Bytes,
    ) {
        let (spec, secret) = (function_of(spec, function)?, shared(secret, "secret")?);
        let inputs = spec.processing.iter().flat_map(|processing| &processing.inputs);
        let arguments = slice(arguments, count, "arguments")?;
        let arrays = arguments.iter().zip(inputs).map(|(given, input)| {
            array(
                slice(given.data, given.length, &input.name)?.to_vec(),
                input.shape.clone(),
                &input.name,
            )
        });
        let mut arrays = arrays.collect::<Result<Vec<ArrayD<f64>>, String>>()?;
        arrays.resize(count, ArrayD::zeros(IxDyn(&[])));
        let (integers, outside) = quantise(spec, &arrays).map_err(text)?;
        if let Some(saturated) = saturated.as_mut() {
            *saturated = outside as u64;
        }
        encrypted(spec, secret, &integers, question)
    }
}

c_function! {
    /// Decrypts the results of one call of a model, and makes what the model gives of them.
    ///
    /// # Safety
    ///
    /// As [`cloakwork_decrypt`], with reals.
    unsafe fn cloakwork_decrypt_reals(
        spec: *const ModuleSpec,
        function: *const c_char,
        secret: *const SecretKeys,
        answer: *const u8,
        length: usize,
        results: *const Reals,
        count: usize,
    ) {
        let (spec, secret) = (function_of(spec, function)?, shared(secret, "secret")?);
        let found = decrypted(spec, secret, slice(answer, length, "answer")?)?;
        let found = dequantise(spec, &found).map_err(text)?;
        let results = slice(results, count, "results")?;
        require_count(spec, found.len(), count)?;
        for ((found, output), room) in found.iter().zip(&spec.outputs).zip(results) {
            let room = (room.data, room.length);
            match found {
                ClearValue::Reals(reals) => fill(reals.iter().copied(), room, &output.name)?,
                ClearValue::Integers(labels) => {
                    fill(labels.iter().map(|&label| label as f64), room, &output.name)?;
                }
                ClearValue::Strings(_) => {
                    return Err(format!("`{}` is text; decrypt integers instead", output.name));
                }
            }
        }
        Ok(())
    }
}

fn encrypted(
    spec: &ProgramSpec,
    secret: &SecretKeys,
    arguments: &[ArrayD<i64>],
    question: *mut Bytes,
) -> Result<(), String> {
    let values = encrypt(spec, secret, arguments).map_err(text)?;
    let bytes = values_to_bytes(&spec.keyset, &spec.inputs, &values).map_err(text)?;
    // SAFETY: handed on from `cloakwork_encrypt` and `cloakwork_encrypt_reals`.
    unsafe { put(bytes, question, "question") }
}

fn decrypted(spec: &ProgramSpec, secret: &SecretKeys, answer: &[u8]) -> Result<Vec<ArrayD<i64>>, String> {
    let values = values_from_bytes(&spec.keyset, &spec.outputs, answer).map_err(text)?;
    decrypt(spec, secret, &values).map_err(text)
}

/// # Safety
///
/// `spec` is null or comes from this interface, `function` is null or a C string.
pub(super) unsafe fn function_of<'a>(
    spec: *const ModuleSpec,
    function: *const c_char,
) -> Result<&'a ProgramSpec, String> {
    // SAFETY: the caller's.
    unsafe { shared(spec, "spec")?.function(string(function, "function")?).map_err(text) }
}

/// # Safety
///
/// `pointer` is null or a C string.
unsafe fn passphrase_of(pointer: *const c_char) -> Result<Option<Passphrase>, String> {
    // SAFETY: the caller's.
    unsafe { string(pointer, "passphrase") }?.map(Passphrase::new).transpose().map_err(text)
}

/// # Safety
///
/// `to` is null or points to memory for bytes.
pub(super) unsafe fn put(bytes: Vec<u8>, to: *mut Bytes, name: &str) -> Result<(), String> {
    if to.is_null() {
        return Err(format!("`{name}` is a null pointer"));
    }
    // SAFETY: the caller's.
    unsafe { Bytes::give(bytes, to) };
    Ok(())
}

fn shape(value: &ValueSpec) -> Vec<usize> {
    value.shape.iter().map(|&size| size as usize).collect()
}

fn array<T>(elements: Vec<T>, shape: Vec<usize>, name: &str) -> Result<ArrayD<T>, String> {
    let (found, expected) = (elements.len(), shape.iter().product::<usize>());
    ArrayD::from_shape_vec(IxDyn(&shape), elements)
        .map_err(|_| format!("`{name}` has {found} elements, the program takes {expected}"))
}

fn require_count(spec: &ProgramSpec, expected: usize, found: usize) -> Result<(), String> {
    match found == expected {
        true => Ok(()),
        false => Err(format!("`{}` has {expected} results, there is room for {found}", spec.name)),
    }
}

/// # Safety
///
/// The room is null or has that many elements.
unsafe fn fill<T>(
    found: impl ExactSizeIterator<Item = T>,
    (data, length): (*mut T, usize),
    name: &str,
) -> Result<(), String> {
    if data.is_null() || length != found.len() {
        return Err(format!("`{name}` has {} elements, there is room for {length}", found.len()));
    }
    for (i, element) in found.enumerate() {
        // SAFETY: the caller's, and `i` is below the length.
        unsafe { data.add(i).write(element) };
    }
    Ok(())
}
