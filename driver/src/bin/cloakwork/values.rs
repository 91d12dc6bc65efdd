//! `cloakwork encrypt` and `cloakwork decrypt`, and clear values as NumPy files and text.

use crate::arguments::{Decrypt, Encrypt, Values};
use crate::passphrase;
use cloakwork::call::{format_value, parse_integers, words};
use cloakwork::process::{EXIT_REFUSED, EXIT_USAGE, Failure, print};
use cloakwork::{ProgramSpec, Randomness, files};
use cloakwork_ir::interpret::Clear;
use cloakwork_runtime::formats::{read_values, write_values};
use cloakwork_runtime::{PublicKey, decrypt as decrypt_values, encrypt as encrypt_values, encrypt_public};
use ndarray::ArrayD;
use ndarray_npy::{ReadNpyError, ReadNpyExt, ReadableElement, WriteNpyExt};
use std::io::Cursor;
use std::path::Path;

pub(crate) fn encrypt(arguments: &Encrypt) -> Result<(), Failure> {
    let module = files::load_spec(&arguments.program)?;
    let spec = chosen(module.function(arguments.function.as_deref())?, &arguments.argument)?;
    let values = words(&spec, read_arguments(&arguments.values)?)?;
    let encrypted = match (&arguments.public_key, &arguments.secret) {
        (Some(public), _) => {
            let key = PublicKey::read(&spec.keyset, public)?;
            encrypt_public(&spec, &key, &values, Randomness::Secure)?
        }
        (None, secret) => {
            let secret = secret.as_deref().unwrap_or(Path::new("secret.key"));
            let keys = passphrase::read_keys(&spec.keyset, secret, arguments.passphrase_file.as_deref())?;
            encrypt_values(&spec, &keys, &values)?
        }
    };
    Ok(write_values(&spec.keyset, &spec.inputs, &encrypted, &arguments.output)?)
}

pub(crate) fn decrypt(arguments: &Decrypt) -> Result<(), Failure> {
    let module = files::load_spec(&arguments.program)?;
    let spec = module.function(arguments.function.as_deref())?;
    let (found, expected) = (arguments.output.len(), spec.outputs.len());
    if found != 0 && found != expected {
        let message = format!(
            "`{}` has {expected} results, found {found} times `-o`; name one file for each",
            spec.name
        );
        return Err(Failure::new(EXIT_USAGE, message));
    }
    let values = read_values(&spec.keyset, &spec.outputs, &arguments.input)?;
    let keys = passphrase::read_keys(&spec.keyset, &arguments.secret, arguments.passphrase_file.as_deref())?;
    let results = decrypt_values(spec, &keys, &values)?;
    for (path, result) in arguments.output.iter().zip(&results) {
        let mut bytes = vec![];
        result.write_npy(&mut bytes)?;
        files::write(path, &bytes)?;
    }
    print(&text_of(spec, &results))
}

/// The spec with the arguments of those names only, in that order; with all if none is named.
fn chosen(spec: &ProgramSpec, names: &[String]) -> Result<ProgramSpec, Failure> {
    if names.is_empty() {
        return Ok(spec.clone());
    }
    let find = |(i, name): (usize, &String)| {
        let known: Vec<String> = spec.inputs.iter().map(|input| format!("`{}`", input.name)).collect();
        let found = spec.inputs.iter().find(|input| input.name == *name && !names[..i].contains(name));
        found.cloned().ok_or_else(|| {
            let known = known.join(", ");
            let message =
                format!("`--argument {name}` must name an argument of `{}` once; it has {known}", spec.name);
            Failure::new(EXIT_REFUSED, message)
        })
    };
    let inputs = names.iter().enumerate().map(find).collect::<Result<_, _>>()?;
    Ok(ProgramSpec { inputs, ..spec.clone() })
}

/// The clear arguments of the command line.
pub(crate) fn read_arguments(values: &Values) -> Result<Vec<Clear>, Failure> {
    let texts = values.value.iter().map(|text| Ok(parse_integers(text)?));
    texts.chain(values.input.iter().map(|path| read_npy(path))).collect()
}

/// Results as text, one a line under its name.
pub(crate) fn text_of(spec: &ProgramSpec, results: &[ArrayD<i64>]) -> String {
    let line = |(spec, result): (&cloakwork_abi::spec::ValueSpec, &ArrayD<i64>)| {
        format!("{} = {}\n", spec.name, format_value(&Clear::of_words(result.clone(), spec.range)))
    };
    spec.outputs.iter().zip(results).map(line).collect()
}

/// Integers of any width from a NumPy file.
fn read_npy(path: &Path) -> Result<Clear, Failure> {
    let bytes = files::read(path)?;
    let refused = |problem: &dyn std::fmt::Display| {
        let place = path.display();
        Failure::new(EXIT_REFUSED, format!("`{place}`: {problem}; it must be a NumPy file of integers"))
    };
    macro_rules! try_each {
        ($($element:ty),*) => {$(
            if let Some(array) = read_as::<$element>(&bytes).map_err(|error| refused(&error))? {
                let fits = Clear::of_integers(&array.mapv(i128::from));
                return Ok(fits.expect("elements of one type of at most 64 bits"));
            }
        )*};
    }
    try_each!(i64, i32, i16, i8, u8, u16, u32, u64);
    Err(refused(&"its elements are not integers of the order of this machine"))
}

/// `None` for files of other elements.
fn read_as<T: ReadableElement>(bytes: &[u8]) -> Result<Option<ArrayD<T>>, ReadNpyError> {
    match ArrayD::<T>::read_npy(Cursor::new(bytes)) {
        Ok(array) => Ok(Some(array)),
        Err(ReadNpyError::WrongDescriptor(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
