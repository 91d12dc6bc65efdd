//! Passphrases of secret keys: out of a file, or asked for on the terminal. Never on the command line, which others see.

use cloakwork::process::{EXIT_REFUSED, Failure};
use cloakwork::{Keyset, SecretKeys, files};
use cloakwork_runtime::formats::{Passphrase, is_under_passphrase};
use std::io::{IsTerminal, stdin};
use std::path::Path;

/// The passphrase in the first line of a file.
pub(crate) fn read(path: &Path) -> Result<Passphrase, Failure> {
    let bytes = zeroize::Zeroizing::new(files::read(path)?);
    let refused = |problem: String| Failure::new(EXIT_REFUSED, format!("`{}`: {problem}", path.display()));
    let text = str::from_utf8(&bytes).map_err(|_| refused("a passphrase is text".to_owned()))?;
    Passphrase::new(text).map_err(|error| refused(error.to_string()))
}

/// A new passphrase, asked for twice.
pub(crate) fn ask_for_new() -> Result<Passphrase, Failure> {
    let (first, second) = (ask("New passphrase: ")?, ask("Again: ")?);
    if *first != *second {
        return Err(Failure::new(EXIT_REFUSED, "the passphrases differ; no keys were made"));
    }
    Ok(Passphrase::new(&first)?)
}

/// Secret keys out of a file that may be under a passphrase, which is asked for if no file is named.
pub(crate) fn read_keys(
    keyset: &Keyset,
    path: &Path,
    passphrase_file: Option<&Path>,
) -> Result<SecretKeys, Failure> {
    let passphrase = match passphrase_file {
        Some(file) => Some(read(file)?),
        None if stdin().is_terminal() && is_sealed(path) => Some(Passphrase::new(&ask("Passphrase: ")?)?),
        None => None,
    };
    Ok(SecretKeys::read_under(keyset, path, passphrase.as_ref())?)
}

fn is_sealed(path: &Path) -> bool {
    files::read(path).is_ok_and(|bytes| is_under_passphrase(&bytes))
}

fn ask(question: &str) -> Result<zeroize::Zeroizing<String>, Failure> {
    let answer = rpassword::prompt_password(question);
    let refused = |error| Failure::new(EXIT_REFUSED, format!("no passphrase can be asked for: {error}"));
    answer.map(zeroize::Zeroizing::new).map_err(refused)
}
