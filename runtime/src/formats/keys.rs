//! Secret and evaluation keys as files. Secret keys are bits, evaluation keys seeds and bodies.

use super::frame::{self, Header, push_words, take_halves, take_words};
use super::passphrase::{self, Passphrase};
use super::{FormatError, FormatProblem, Kind, read_file, write_file};
use crate::keys::{
    EvaluationKeys, KeyIdentity, Origin, PublicKey, SecretKey, SecretKeys, SeededBootstrapKey,
    SeededKeyswitchKey, SeededPublicKey, with_public_key,
};
use crate::output_file::Content;
use cloakwork_abi::spec::Keyset;
use sha2::{Digest, Sha256};
use std::io::{Read, Seek};
use std::path::Path;
use zeroize::Zeroizing;

/// Most bytes of a file of secret keys that are read, far more than keys have.
const MAX_SECRET_BYTES: u64 = 64 << 20;

impl SecretKeys {
    /// The keys as bytes, wiped when dropped.
    pub fn to_bytes(&self) -> Zeroizing<Vec<u8>> {
        let halves = 2 * secret_words(self.keyset());
        let header = header(Kind::SecretKeys, (self.keyset(), self.identity()), self.origin(), vec![]);
        frame::write(&header, halves, |bytes| {
            self.keys.iter().for_each(|key| push_words(bytes, &key.to_bits()));
        })
    }

    /// Keys of `keyset` from bytes.
    pub fn from_bytes(keyset: &Keyset, mut bytes: &[u8]) -> Result<Self, FormatError> {
        read_secret(keyset, &mut bytes).map_err(|problem| problem.at("secret keys"))
    }

    /// Writes a file that only its owner may read.
    pub fn write(&self, path: &Path) -> Result<(), FormatError> {
        write_file(path, &self.to_bytes(), Content::SecretKeys)
    }

    /// Reads keys of `keyset` from a file that is not under a passphrase.
    pub fn read(keyset: &Keyset, path: &Path) -> Result<Self, FormatError> {
        Self::read_under(keyset, path, None)
    }

    /// The keys as bytes of an `age` file under a passphrase.
    pub fn to_bytes_under(&self, passphrase: &Passphrase) -> Vec<u8> {
        passphrase::seal(&self.to_bytes(), passphrase)
    }

    /// [`Self::from_bytes`] of bytes that may be under a passphrase.
    pub fn from_bytes_under(
        keyset: &Keyset,
        bytes: &[u8],
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, FormatError> {
        unsealed(keyset, bytes, passphrase).map_err(|problem| problem.at("secret keys"))
    }

    /// [`Self::write`] under a passphrase.
    pub fn write_under(&self, path: &Path, passphrase: &Passphrase) -> Result<(), FormatError> {
        write_file(path, &self.to_bytes_under(passphrase), Content::SecretKeys)
    }

    /// Reads keys of `keyset` from a file that may be under a passphrase.
    pub fn read_under(
        keyset: &Keyset,
        path: &Path,
        passphrase: Option<&Passphrase>,
    ) -> Result<Self, FormatError> {
        read_file(path, |from| {
            // A file of secret keys has some hundred bytes.
            let mut bytes = Zeroizing::new(vec![]);
            from.take(MAX_SECRET_BYTES).read_to_end(&mut bytes)?;
            unsealed(keyset, &bytes, passphrase)
        })
    }
}

impl EvaluationKeys {
    /// The keys as bytes: about `1/(k + 1)` of their size in memory.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (keyswitch, bootstrap) = &self.seeded;
        let seeds = keyswitch.iter().map(|key| key.seed).chain(bootstrap.iter().map(|key| key.seed));
        let seeds = seeds.map(|seed| format!("{seed:032x}")).collect();
        let header = header(Kind::EvaluationKeys, (self.keyset(), self.identity()), self.origin(), seeds);
        let mut bytes = frame::write(&header, evaluation_halves(self.keyset()), |bytes| {
            bootstrap.iter().for_each(|key| push_words(bytes, &key.bodies));
            keyswitch
                .iter()
                .for_each(|key| bytes.extend(key.bodies.iter().flat_map(|word| word.to_le_bytes())));
        });
        std::mem::take(&mut *bytes)
    }

    /// Keys of `keyset` from bytes, expanded and ready to run.
    pub fn from_bytes(keyset: &Keyset, mut bytes: &[u8]) -> Result<Self, FormatError> {
        read_evaluation(keyset, &mut bytes).map_err(|problem| problem.at("evaluation keys"))
    }

    /// [`Self::from_bytes`] of a stream, which ends behind them.
    pub fn from_reader(keyset: &Keyset, from: &mut dyn Read) -> Result<Self, FormatError> {
        read_evaluation(keyset, from).map_err(|problem| problem.at("evaluation keys"))
    }

    /// Checks all that [`Self::from_reader`] checks, of bytes that were hashed as they came, without reading most of them:
    /// `front` is the SHA-256 of all but the last [`super::CHECKSUM_BYTES`]. Says whose keys they are.
    pub fn verify_hashed<R: Read + Seek>(
        keyset: &Keyset,
        from: &mut R,
        front: [u8; super::CHECKSUM_BYTES],
    ) -> Result<KeyIdentity, FormatError> {
        verify_evaluation(keyset, from, front).map_err(|problem| problem.at("evaluation keys"))
    }

    /// The most bytes that a file of keys for `keyset` has.
    pub fn most_bytes(keyset: &Keyset) -> u64 {
        frame::most_bytes(evaluation_halves(keyset))
    }

    /// Writes a file.
    pub fn write(&self, path: &Path) -> Result<(), FormatError> {
        write_file(path, &self.to_bytes(), Content::EvaluationKeys)
    }

    /// Reads keys of `keyset` from a file, expanded and ready to run.
    pub fn read(keyset: &Keyset, path: &Path) -> Result<Self, FormatError> {
        read_file(path, |from| read_evaluation(keyset, from))
    }
}

impl PublicKey {
    /// The key as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let seeds = self.keys.iter().map(|key| format!("{:032x}", key.seed)).collect();
        let header = header(Kind::PublicKey, (self.keyset(), self.identity()), self.origin(), seeds);
        let mut bytes = frame::write(&header, public_halves(self.keyset()), |bytes| {
            self.keys.iter().for_each(|key| push_words(bytes, &key.bodies));
        });
        std::mem::take(&mut *bytes)
    }

    /// The public key of keys of `keyset` from bytes.
    pub fn from_bytes(keyset: &Keyset, mut bytes: &[u8]) -> Result<Self, FormatError> {
        read_public(keyset, &mut bytes).map_err(|problem| problem.at("public key"))
    }

    /// Writes a file.
    pub fn write(&self, path: &Path) -> Result<(), FormatError> {
        write_file(path, &self.to_bytes(), Content::EvaluationKeys)
    }

    /// Reads the public key of keys of `keyset` from a file.
    pub fn read(keyset: &Keyset, path: &Path) -> Result<Self, FormatError> {
        read_file(path, |from| read_public(keyset, from))
    }
}

pub(super) fn header(
    kind: Kind,
    (parameters, keys): (&Keyset, KeyIdentity),
    origin: Origin,
    seeds: Vec<String>,
) -> Header {
    let keyset = parameters.fingerprint();
    let (keys, origin, parameters) = (Some(keys), Some(origin), Some(parameters.clone()));
    Header { kind, keyset, keys, origin, parameters, seeds, values: vec![] }
}

/// Whether these are the first bytes of a file of secret keys under a passphrase.
pub fn is_under_passphrase(bytes: &[u8]) -> bool {
    bytes.starts_with(passphrase::MAGIC)
}

fn unsealed(
    keyset: &Keyset,
    bytes: &[u8],
    passphrase: Option<&Passphrase>,
) -> Result<SecretKeys, FormatProblem> {
    match (is_under_passphrase(bytes), passphrase) {
        (false, _) => read_secret(keyset, &mut &bytes[..]),
        (true, None) => Err(FormatProblem::Sealed),
        (true, Some(passphrase)) => read_secret(keyset, &mut passphrase::open(bytes, passphrase)?.as_slice()),
    }
}

/// The key set that a file of keys was made for, from its header. Whether the keys are whole shows when they are used.
pub fn read_keyset(path: &Path) -> Result<Keyset, FormatError> {
    read_file(path, keyset_in)
}

/// [`read_keyset`] from bytes.
pub fn keyset_from_bytes(mut bytes: &[u8]) -> Result<Keyset, FormatError> {
    keyset_in(&mut bytes).map_err(|problem| problem.at("keys"))
}

fn keyset_in(from: &mut dyn Read) -> Result<Keyset, FormatProblem> {
    let (header, _) = frame::read_header(from, &mut Sha256::new())?;
    let problem = |problem: String| FormatProblem::Header(problem);
    let keyset = header.parameters.ok_or_else(|| match header.kind {
        Kind::Values => FormatProblem::Kind { found: Kind::Values, expected: Kind::EvaluationKeys },
        Kind::SecretKeys | Kind::EvaluationKeys | Kind::PublicKey => {
            problem("no parameters of the keys".to_owned())
        }
    })?;
    keyset.check().map_err(|error| problem(error.to_string()))?;
    match keyset.fingerprint() == header.keyset {
        true => Ok(keyset),
        false => Err(problem("its parameters are not those of its fingerprint".to_owned())),
    }
}

fn secret_words(keyset: &Keyset) -> u64 {
    keyset.secret_keys.iter().map(|key| SecretKey::words_of_bits(key.shape)).sum()
}

pub(super) fn evaluation_halves(keyset: &Keyset) -> u64 {
    let keyswitch: u64 = keyset.keyswitch_keys.iter().map(|key| SeededKeyswitchKey::words(key, keyset)).sum();
    let bootstrap: u64 = keyset.bootstrap_keys.iter().map(|key| SeededBootstrapKey::words(key, keyset)).sum();
    keyswitch + 2 * bootstrap
}

/// What every file of keys says about them.
fn identity_and_origin(header: &Header) -> Result<(KeyIdentity, Origin), FormatProblem> {
    let missing = |what: &str| FormatProblem::Header(format!("no {what} of the keys"));
    let identity = header.keys.ok_or_else(|| missing("identity"))?;
    Ok((identity, header.origin.ok_or_else(|| missing("origin"))?))
}

fn read_secret(keyset: &Keyset, from: &mut dyn Read) -> Result<SecretKeys, FormatProblem> {
    let expected = (Kind::SecretKeys, keyset.fingerprint());
    let halves = |_: &Header| Ok(2 * secret_words(keyset));
    let (header, body) = frame::read(from, (expected.0, &expected.1), halves)?;
    let mut body = body.as_slice();
    let keys = keyset.secret_keys.iter().map(|spec| {
        let words = SecretKey::words_of_bits(spec.shape) as usize;
        let bits: Zeroizing<Vec<u64>> = Zeroizing::new(take_words(&mut body, words).collect());
        SecretKey::from_bits(spec.shape, &bits)
    });
    let keys = keys.collect();
    let (identity, origin) = identity_and_origin(&header)?;
    Ok(SecretKeys::from_parts(keyset, keys, identity, origin))
}

fn verify_evaluation<R: Read + Seek>(
    keyset: &Keyset,
    from: &mut R,
    front: [u8; super::CHECKSUM_BYTES],
) -> Result<KeyIdentity, FormatProblem> {
    crate::keys::check(keyset).map_err(|error| FormatProblem::Header(error.to_string()))?;
    let expected = (Kind::EvaluationKeys, keyset.fingerprint());
    let halves = |_: &Header| Ok(evaluation_halves(keyset));
    let header = frame::verify_hashed(from, front, (expected.0, &expected.1), halves)?;
    seeds(&header, evaluation_keys(keyset))?;
    identity_and_origin(&header).map(|(identity, _)| identity)
}

/// How many seeds evaluation keys have, those of keyswitch keys first.
fn evaluation_keys(keyset: &Keyset) -> usize {
    keyset.keyswitch_keys.len() + keyset.bootstrap_keys.len()
}

/// The seeds of so many keys.
fn seeds(header: &Header, expected: usize) -> Result<Vec<u128>, FormatProblem> {
    let seed = |text: &String| {
        u128::from_str_radix(text, 16).map_err(|error| FormatProblem::Header(error.to_string()))
    };
    let seeds = header.seeds.iter().map(seed).collect::<Result<Vec<u128>, _>>()?;
    match seeds.len() == expected {
        true => Ok(seeds),
        false => {
            let (found, expected) = (seeds.len().to_string(), expected.to_string());
            Err(FormatProblem::Mismatch { what: "keys", found, expected })
        }
    }
}

fn read_evaluation(keyset: &Keyset, from: &mut dyn Read) -> Result<EvaluationKeys, FormatProblem> {
    crate::keys::check(keyset).map_err(|error| FormatProblem::Header(error.to_string()))?;
    let expected = (Kind::EvaluationKeys, keyset.fingerprint());
    let halves = |_: &Header| Ok(evaluation_halves(keyset));
    let (header, bytes) = frame::read(from, (expected.0, &expected.1), halves)?;
    let seeds = seeds(&header, evaluation_keys(keyset))?;
    let (keyswitch_seeds, bootstrap_seeds) = seeds.split_at(keyset.keyswitch_keys.len());
    let mut body = bytes.as_slice();
    let bootstrap = keyset.bootstrap_keys.iter().zip(bootstrap_seeds).map(|(spec, &seed)| {
        let words = SeededBootstrapKey::words(spec, keyset) as usize;
        SeededBootstrapKey { seed, bodies: take_words(&mut body, words).collect() }
    });
    let bootstrap = bootstrap.collect();
    let keyswitch = keyset.keyswitch_keys.iter().zip(keyswitch_seeds).map(|(spec, &seed)| {
        let words = SeededKeyswitchKey::words(spec, keyset) as usize;
        SeededKeyswitchKey { seed, bodies: take_halves(&mut body, words).collect() }
    });
    let keyswitch = keyswitch.collect();
    // Not beside the keys as they grow.
    drop(bytes);
    #[cfg(feature = "server")]
    crate::keys::ExpandedKeys::check_memory(keyset)?;
    let (identity, origin) = identity_and_origin(&header)?;
    Ok(EvaluationKeys::expand(keyset, (keyswitch, bootstrap), identity, origin))
}

fn public_halves(keyset: &Keyset) -> u64 {
    with_public_key(keyset).map(|(_, key)| 2 * key.shape.lwe_dimension().0).sum()
}

fn read_public(keyset: &Keyset, from: &mut dyn Read) -> Result<PublicKey, FormatProblem> {
    crate::keys::check(keyset).map_err(|error| FormatProblem::Header(error.to_string()))?;
    let expected = (Kind::PublicKey, keyset.fingerprint());
    let halves = |_: &Header| Ok(public_halves(keyset));
    let (header, body) = frame::read(from, (expected.0, &expected.1), halves)?;
    let seeds = seeds(&header, with_public_key(keyset).count())?;
    let mut body = body.as_slice();
    let keys = with_public_key(keyset).zip(seeds).map(|((_, spec), seed)| {
        let words = spec.shape.lwe_dimension().0 as usize;
        SeededPublicKey { seed, bodies: take_words(&mut body, words).collect() }
    });
    let keys = keys.collect();
    let (identity, origin) = identity_and_origin(&header)?;
    Ok(PublicKey::from_parts(keyset, keys, identity, origin))
}
