//! Secret keys at rest under a passphrase: a file of the `age` format with an scrypt recipient, whose content is the usual
//! file of secret keys. Any implementation of `age` opens it.

use super::FormatProblem;
use age::secrecy::SecretString;
use age::{DecryptError, scrypt};
use zeroize::Zeroizing;

/// First bytes of every such file.
pub(crate) const MAGIC: &[u8] = b"age-encryption.org/";
/// Binary logarithm of the work that the passphrase costs: 128 MiB and some tenths of a second.
const WORK: u8 = 17;
/// The most that a reader spends on a file from elsewhere: 1 GiB.
const MAX_WORK: u8 = 20;

/// What protects a file of secret keys; wiped from memory when dropped.
pub struct Passphrase(SecretString);

/// Text that protects nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the passphrase is empty; write it into the first line of the file")]
pub struct EmptyPassphrase;

impl Passphrase {
    /// The first line of a text, without what ends it.
    pub fn new(text: &str) -> Result<Self, EmptyPassphrase> {
        match text.lines().next() {
            None | Some("") => Err(EmptyPassphrase),
            Some(line) => Ok(Self(SecretString::from(line.to_owned()))),
        }
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(..)")
    }
}

/// The file around `bytes`.
pub(super) fn seal(bytes: &[u8], passphrase: &Passphrase) -> Vec<u8> {
    let mut recipient = scrypt::Recipient::new(passphrase.0.clone());
    recipient.set_work_factor(WORK);
    age::encrypt(&recipient, bytes).expect("one recipient and a writer that takes everything")
}

/// What [`seal`] was given.
pub(super) fn open(file: &[u8], passphrase: &Passphrase) -> Result<Zeroizing<Vec<u8>>, FormatProblem> {
    let mut identity = scrypt::Identity::new(passphrase.0.clone());
    identity.set_max_work_factor(MAX_WORK);
    match age::decrypt(&identity, file) {
        Ok(bytes) => Ok(Zeroizing::new(bytes)),
        Err(DecryptError::DecryptionFailed | DecryptError::KeyDecryptionFailed) => {
            Err(FormatProblem::Passphrase("it is not the right one, or the file is damaged".into()))
        }
        Err(error) => Err(FormatProblem::Passphrase(error.to_string())),
    }
}
