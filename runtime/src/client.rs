//! The client's half: integers to ciphertexts and back. Requires the secret keys; never runs a program.

use crate::keys::{KeyIdentity, PublicKey, Randomness, SecretKeys};
use crate::seeded::Seeded;
use crate::value::{Data, Mismatch, Value, words_of};
use cloakwork_abi::encoding::{decode, encode, is_outside};
use cloakwork_abi::parameters::Width;
use cloakwork_abi::spec::{EncodingSpec, ProgramSpec, ValueSpec};
use ndarray::{ArrayD, Dimension, IxDyn};
use rayon::prelude::{
    IndexedParallelIterator, IntoParallelRefIterator, IntoParallelRefMutIterator, ParallelIterator,
    ParallelSlice,
};
use tfhe::core_crypto::prelude::{CiphertextModulus, LweCiphertext, LweDimension, decrypt_lwe_ciphertext};

/// Why values were not encrypted or decrypted.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// Keys of another key set.
    #[error(
        "the {what} belong to key set {found}, the program to {expected}; use the keys that were made for this program"
    )]
    Keys {
        /// `secret keys` or `public key`.
        what: &'static str,
        /// Fingerprint of the keys.
        found: String,
        /// Fingerprint of the program.
        expected: String,
    },
    /// A program whose arguments must be encrypted with secret keys.
    #[error(
        "`{0}` was compiled for arguments that are encrypted with secret keys; those of a public key have more noise: compile it with `--restrict public_key=on`"
    )]
    SecretOnly(String),
    /// Too many or too few values.
    #[error("`{program}` has {expected} {group}, found {found}")]
    Count {
        /// Program.
        program: String,
        /// `arguments` or `results`.
        group: &'static str,
        /// Given.
        found: usize,
        /// Allowed.
        expected: usize,
    },
    /// An argument of another shape.
    #[error("argument `{name}` has shape {found:?}, the program takes {expected:?}")]
    Shape {
        /// Argument.
        name: String,
        /// Given.
        found: Vec<usize>,
        /// Allowed.
        expected: Vec<u64>,
    },
    /// An element that the program was not compiled for.
    #[error("argument `{name}` is {found} at index {index:?}, the program takes {least} to {greatest}")]
    Range {
        /// Argument.
        name: String,
        /// Where.
        index: Box<[usize]>,
        /// Element.
        found: i128,
        /// Least allowed.
        least: i128,
        /// Greatest allowed.
        greatest: i128,
    },
    /// A result of another shape, key set or length.
    #[error(transparent)]
    Value(#[from] Mismatch),
    /// A result under the keys of another client.
    #[error(
        "result `{name}` is encrypted under keys {found}, the secret keys given are {expected}; decrypt it with those that encrypted the arguments"
    )]
    ForeignResult {
        /// Result.
        name: String,
        /// Keys of the result.
        found: KeyIdentity,
        /// Keys given.
        expected: KeyIdentity,
    },
    /// A spec that did not come through `ProgramSpec::from_json`.
    #[error("the spec of `{0}` names a secret key that cannot hold it")]
    Spec(String),
}

/// Encrypts the arguments of a program, given as words; arguments that it takes in the clear pass through.
pub fn encrypt(
    spec: &ProgramSpec,
    keys: &SecretKeys,
    arguments: &[ArrayD<i64>],
) -> Result<Vec<Value>, ClientError> {
    encrypt_with(spec, keys, arguments, Randomness::Secure)
}

/// [`encrypt_with`] for each sample, over the threads of the current rayon pool. What a seed makes of a batch follows from
/// the seed and from the places of the samples, not from threads.
pub fn encrypt_batch(
    spec: &ProgramSpec,
    keys: &SecretKeys,
    samples: &[Vec<ArrayD<i64>>],
    randomness: Randomness,
) -> Result<Vec<Vec<Value>>, ClientError> {
    let of_samples: Vec<Randomness> = match randomness {
        Randomness::Secure => vec![randomness; samples.len()],
        Randomness::InsecureSeed(_) => {
            let mut seeds = randomness.seeds();
            samples.iter().map(|_| Randomness::InsecureSeed(seeds.next().0)).collect()
        }
    };
    let encrypted = samples
        .par_iter()
        .zip(&of_samples)
        .map(|(arguments, randomness)| encrypt_with(spec, keys, arguments, *randomness));
    encrypted.collect()
}

/// [`encrypt`] with a choice of randomness.
pub fn encrypt_with(
    spec: &ProgramSpec,
    keys: &SecretKeys,
    arguments: &[ArrayD<i64>],
    randomness: Randomness,
) -> Result<Vec<Value>, ClientError> {
    check_keys(spec, keys.fingerprint(), "secret keys")?;
    let mut seeds = randomness.seeds();
    encrypt_each(spec, keys.identity(), arguments, &mut |key, plaintexts| {
        let (key, noise) = keys.large(key)?;
        Some(Data::Seeded(Seeded::encrypt(&key, plaintexts, noise, &mut seeds)))
    })
}

/// [`encrypt`] for the owner of secret keys, with their public key. The program must have been compiled for that, since such
/// encryptions have more noise. They are a list: up to `n` ciphertexts share one mask of `n` words.
pub fn encrypt_public(
    spec: &ProgramSpec,
    key: &PublicKey,
    arguments: &[ArrayD<i64>],
    randomness: Randomness,
) -> Result<Vec<Value>, ClientError> {
    check_keys(spec, key.fingerprint(), "public key")?;
    if !spec.public_key {
        return Err(ClientError::SecretOnly(spec.name.clone()));
    }
    let mut seeds = randomness.seeds();
    encrypt_each(spec, key.identity(), arguments, &mut |position, plaintexts| {
        key.encrypt(position, plaintexts, &mut seeds).map(Data::Compact)
    })
}

/// `seal` makes ciphertexts of encoded words under the secret key at a position.
fn encrypt_each(
    spec: &ProgramSpec,
    identity: KeyIdentity,
    arguments: &[ArrayD<i64>],
    seal: &mut dyn FnMut(usize, Vec<u64>) -> Option<Data>,
) -> Result<Vec<Value>, ClientError> {
    check_arguments(spec, arguments)?;
    let fingerprint = spec.keyset.fingerprint();
    let mut values = vec![];
    for (value_spec, argument) in spec.inputs.iter().zip(arguments) {
        let (data, keys) = match value_spec.encoding {
            EncodingSpec::Encrypted { key, width, .. } => {
                let sealed = seal(key, plaintexts(argument, value_spec, width));
                let sealed = sealed.ok_or_else(|| ClientError::Spec(value_spec.name.clone()))?;
                (sealed, Some(identity))
            }
            EncodingSpec::Clear => (Data::Clear(argument.iter().copied().collect()), None),
        };
        let (shape, encoding) = (value_spec.shape.clone(), value_spec.encoding);
        values.push(Value { shape, encoding, keyset: fingerprint.clone(), keys, data });
    }
    Ok(values)
}

/// Decrypts the results of a program, as words: [`ValueSpec::integer`] reads them.
pub fn decrypt(
    spec: &ProgramSpec,
    keys: &SecretKeys,
    results: &[Value],
) -> Result<Vec<ArrayD<i64>>, ClientError> {
    Ok(decrypt_counted(spec, keys, results)?.0)
}

/// [`decrypt`], and how many ciphertexts held no message of their width: they are read as the end that they left.
pub fn decrypt_counted(
    spec: &ProgramSpec,
    keys: &SecretKeys,
    results: &[Value],
) -> Result<(Vec<ArrayD<i64>>, u64), ClientError> {
    let phases = decrypt_phases(spec, keys, results)?;
    let outside = spec.outputs.iter().zip(&phases).map(|(spec, phases)| count_outside(spec, phases)).sum();
    let arrays = spec.outputs.iter().zip(phases).map(|(spec, phases)| to_array(spec, phases));
    Ok((arrays.collect(), outside))
}

/// Phases of the elements of each result; of clear results the elements themselves.
pub fn decrypt_phases(
    spec: &ProgramSpec,
    keys: &SecretKeys,
    results: &[Value],
) -> Result<Vec<Vec<u64>>, ClientError> {
    let fingerprint = check_keys(spec, keys.fingerprint(), "secret keys")?;
    check_count(spec, "results", results.len(), spec.outputs.len())?;
    let mut all = vec![];
    for (value_spec, value) in spec.outputs.iter().zip(results) {
        if let Some(mismatch) = value.mismatch(value_spec, &spec.keyset, &fingerprint) {
            return Err(mismatch.into());
        }
        if let Some(found) = value.other_keys(keys.identity()) {
            let (name, expected) = (value_spec.name.clone(), keys.identity());
            return Err(ClientError::ForeignResult { name, found, expected });
        }
        all.push(match (value_spec.encoding, &value.expanded(value_spec, &spec.keyset).data) {
            (EncodingSpec::Encrypted { key, .. }, Data::Encrypted(words)) => {
                let size = words_of(&spec.keyset, key);
                let (key, _) = keys.large(key).ok_or_else(|| ClientError::Spec(value_spec.name.clone()))?;
                debug_assert_eq!(key.lwe_dimension(), LweDimension(size - 1));
                let mut phases = vec![0; value_spec.items()];
                phases.par_iter_mut().zip(words.par_chunks_exact(size)).for_each(|(phase, words)| {
                    let ciphertext = LweCiphertext::from_container(words, CiphertextModulus::new_native());
                    *phase = decrypt_lwe_ciphertext(&key, &ciphertext).0;
                });
                phases
            }
            (_, Data::Clear(elements)) => elements.iter().map(|&element| element as u64).collect(),
            (EncodingSpec::Clear, Data::Encrypted(_)) | (_, Data::Seeded(_) | Data::Compact(_)) => {
                unreachable!("checked against the spec, and expanded")
            }
        });
    }
    Ok(all)
}

/// Encodes the elements of one argument, or their digits.
pub(crate) fn plaintexts(argument: &ArrayD<i64>, spec: &ValueSpec, width: Width) -> Vec<u64> {
    let encoded = |message| encode(message, width);
    match spec.encoding.radix() {
        None => argument.iter().map(|&message| encoded(message)).collect(),
        Some(radix) => {
            argument.iter().flat_map(|&word| radix.digits(spec.integer(word)).map(encoded)).collect()
        }
    }
}

/// How many ciphertexts of one result hold no message of their width.
pub(crate) fn count_outside(spec: &ValueSpec, phases: &[u64]) -> u64 {
    let EncodingSpec::Encrypted { width, is_signed, .. } = spec.encoding else { return 0 };
    phases.iter().filter(|&&phase| is_outside(phase, width, is_signed)).count() as u64
}

/// Decodes the elements of one result.
pub(crate) fn to_array(spec: &ValueSpec, phases: Vec<u64>) -> ArrayD<i64> {
    let item = |phase: u64| match spec.encoding {
        EncodingSpec::Clear => phase as i64,
        EncodingSpec::Encrypted { width, is_signed, .. } => decode(phase, width, is_signed),
    };
    let items = phases.into_iter().map(item);
    let elements: Vec<i64> = match spec.encoding.radix() {
        None => items.collect(),
        Some(radix) => {
            let items: Vec<i64> = items.collect();
            items
                .chunks_exact(radix.count as usize)
                .map(|digits| radix.value(digits.iter().copied()))
                .collect()
        }
    };
    let shape: Vec<usize> = spec.shape.iter().map(|&size| size as usize).collect();
    ArrayD::from_shape_vec(IxDyn(&shape), elements).expect("one phase for each ciphertext")
}

/// The fingerprint of the program, if it is that of the keys.
fn check_keys(spec: &ProgramSpec, found: &str, what: &'static str) -> Result<String, ClientError> {
    let expected = spec.keyset.fingerprint();
    match found == expected {
        true => Ok(expected),
        false => Err(ClientError::Keys { what, found: found.to_owned(), expected }),
    }
}

fn check_count(
    spec: &ProgramSpec,
    group: &'static str,
    found: usize,
    expected: usize,
) -> Result<(), ClientError> {
    match found == expected {
        true => Ok(()),
        false => Err(ClientError::Count { program: spec.name.clone(), group, found, expected }),
    }
}

/// Arguments fit the program in number, shape and range.
pub(crate) fn check_arguments(spec: &ProgramSpec, arguments: &[ArrayD<i64>]) -> Result<(), ClientError> {
    check_count(spec, "arguments", arguments.len(), spec.inputs.len())?;
    for (value_spec, argument) in spec.inputs.iter().zip(arguments) {
        let name = || value_spec.name.clone();
        if !argument.shape().iter().map(|&size| size as u64).eq(value_spec.shape.iter().copied()) {
            let (found, expected) = (argument.shape().to_vec(), value_spec.shape.clone());
            return Err(ClientError::Shape { name: name(), found, expected });
        }
        let (least, greatest) = value_spec.range;
        let mut integers = argument.indexed_iter().map(|(index, &word)| (index, value_spec.integer(word)));
        if let Some((index, found)) = integers.find(|(_, value)| !(least..=greatest).contains(value)) {
            let index = index.slice().into();
            return Err(ClientError::Range { name: name(), index, found, least, greatest });
        }
    }
    Ok(())
}
