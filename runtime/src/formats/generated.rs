//! Evaluation keys that go into a file as they are made: neither the file nor the keys are ever whole in memory.

use super::frame::{FrameWriter, push_words};
use super::keys::{evaluation_halves, header};
use super::{FormatProblem, Kind};
use crate::keys::{
    KeyError, KeySeeds, NewBootstrapKey, Progress, Randomness, SecretKeys, SeededKeyswitchKey, check, counted,
};
use crate::output_file::{self, Content};
use cloakwork_abi::spec::Keyset;
use std::io::{self, Write};
use std::path::Path;

/// Words of a key that are made, and then written, at a time.
const PIECE: usize = 1 << 18;

/// Makes keys for `keyset` as [`crate::generate`] does, in parallel on the current rayon pool, and writes the evaluation keys to a
/// file. With the same randomness the file has the bytes that [`crate::EvaluationKeys::write`] gives it.
pub fn generate_to_file(
    keyset: &Keyset,
    randomness: Randomness,
    evaluation: &Path,
    progress: &dyn Fn(Progress<'_>),
) -> Result<SecretKeys, KeyError> {
    check(keyset)?;
    counted(keyset, progress, |next| {
        let mut seeds = randomness.seeds();
        let secret = SecretKeys::generate(keyset, &mut seeds, next);
        let drawn = KeySeeds::draw(keyset, &mut seeds);
        let written = output_file::write_with(evaluation, Content::EvaluationKeys, |to| {
            write_evaluation(keyset, (&secret, &drawn), to, next)
        });
        written.map_err(|error| {
            KeyError::Write(Box::new(FormatProblem::Io(error).at(&evaluation.display().to_string())))
        })?;
        Ok(secret)
    })
}

fn write_evaluation(
    keyset: &Keyset,
    (secret, drawn): (&SecretKeys, &KeySeeds),
    to: &mut dyn Write,
    next: &dyn Fn(&str),
) -> io::Result<()> {
    let seeds = drawn.keyswitch.iter().chain(&drawn.bootstrap);
    let seeds = seeds.map(|seed| format!("{:032x}", seed.masks.0)).collect();
    let header = header(Kind::EvaluationKeys, (keyset, secret.identity()), secret.origin(), seeds);
    let mut frame = FrameWriter::begin(to, &header, evaluation_halves(keyset))?;
    let (mut bodies, mut bytes) = (vec![], vec![]);
    for (spec, &seed) in keyset.bootstrap_keys.iter().zip(&drawn.bootstrap) {
        next(&spec.name);
        let key = NewBootstrapKey::new(spec, secret, seed);
        let at_once = PIECE.div_ceil(key.bodies());
        for first in (0..key.ciphertexts()).step_by(at_once) {
            let count = at_once.min(key.ciphertexts() - first);
            bodies.clear();
            bodies.resize(count * key.bodies(), 0);
            key.fill(first, &mut bodies);
            bytes.clear();
            push_words(&mut bytes, &bodies);
            frame.push(&bytes)?;
        }
    }
    for (spec, &seed) in keyset.keyswitch_keys.iter().zip(&drawn.keyswitch) {
        next(&spec.name);
        bytes.clear();
        let key = SeededKeyswitchKey::generate(spec, secret, seed);
        bytes.extend(key.bodies.iter().flat_map(|word| word.to_le_bytes()));
        frame.push(&bytes)?;
    }
    frame.end()
}

#[cfg(test)]
#[cfg(feature = "server")]
mod tests {
    use super::*;
    use crate::keys::tests::keyset;
    use crate::{EvaluationKeys, generate};

    #[test]
    fn the_file_is_that_of_keys_that_were_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys");
        let (keyset, randomness) = (keyset(), Randomness::InsecureSeed(5));
        let (_, whole) = generate(&keyset, randomness, &|_| ()).expect("keys");
        let secret = generate_to_file(&keyset, randomness, &path, &|_| ()).expect("a file");
        assert!(std::fs::read(&path).expect("is there") == whole.to_bytes(), "the bytes differ");
        assert_eq!(EvaluationKeys::read(&keyset, &path).expect("keys").identity(), secret.identity());
    }

    #[test]
    fn a_place_that_cannot_be_written_is_named() {
        let path = Path::new("/nowhere/keys");
        let error = generate_to_file(&keyset(), Randomness::InsecureSeed(5), path, &|_| ()).err();
        assert!(error.expect("refused").to_string().contains("/nowhere/keys"));
    }
}
