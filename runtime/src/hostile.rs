//! Bytes from outside, format by format: what fuzzers and tests call. Nothing else does.
//!
//! A function reads bytes in every way that there is for its format, and says whether any took them. Whatever they are, it
//! returns, in bounded memory and time. Bytes are also read with their checksum set right, so that what stands behind it is reached.

use crate::artifact::Artifact;
use crate::formats::{
    CHECKSUM_BYTES, keyset_from_bytes, value_from_bytes, values_from_bytes, values_to_bytes,
};
use crate::keys::{EvaluationKeys, PublicKey, SecretKeys};
#[cfg(feature = "server")]
use crate::program::Program;
use crate::spec_file::read_module_spec;
use cloakwork_abi::spec::{Keyset, ProgramSpec};
use sha2::{Digest, Sha256};

/// A compiled program; its code is brought into memory, and not called.
pub fn artifact(bytes: &[u8]) -> bool {
    each(bytes, |bytes| {
        let Ok(artifact) = Artifact::from_bytes(bytes.to_vec()) else { return false };
        assert_eq!(artifact.bytes(), bytes);
        #[cfg(feature = "server")]
        for function in artifact.spec().functions() {
            // What does not load says why.
            let _ = Program::from_artifact(&artifact, Some(&function.name), "fuzzed");
        }
        true
    })
}

/// A spec, as JSON or within another file.
pub fn spec(bytes: &[u8]) -> bool {
    let Ok(spec) = read_module_spec(bytes.to_vec(), "fuzzed") else { return false };
    let again = read_module_spec(spec.to_json().into_bytes(), "again");
    assert_eq!(again.expect("what is written is read").to_json(), spec.to_json());
    true
}

/// Keys of any kind for `keyset`.
pub fn keys(keyset: &Keyset, bytes: &[u8]) -> bool {
    each(bytes, |bytes| {
        let named = keyset_from_bytes(bytes).is_ok();
        let secret = SecretKeys::from_bytes(keyset, bytes).is_ok();
        let evaluation = EvaluationKeys::from_bytes(keyset, bytes);
        let public = PublicKey::from_bytes(keyset, bytes).is_ok();
        if let Ok(keys) = &evaluation {
            assert_eq!(keys.to_bytes().len(), bytes.len());
        }
        named || secret || evaluation.is_ok() || public
    })
}

/// Arguments of a call of a program, its results, or one value.
pub fn values(spec: &ProgramSpec, bytes: &[u8]) -> bool {
    each(bytes, |bytes| {
        let mut is_read = value_from_bytes(bytes).is_ok();
        for specs in [&spec.inputs, &spec.outputs] {
            let Ok(values) = values_from_bytes(&spec.keyset, specs, bytes) else { continue };
            values_to_bytes(&spec.keyset, specs, &values).expect("what is read is written");
            is_read = true;
        }
        is_read
    })
}

/// The bytes as they are, and with the right checksum at their end.
fn each(bytes: &[u8], read: impl Fn(&[u8]) -> bool) -> bool {
    let is_read = read(bytes);
    let Some(front) = bytes.len().checked_sub(CHECKSUM_BYTES) else { return is_read };
    let mut sound = bytes[..front].to_vec();
    let checksum = Sha256::digest(&sound);
    sound.extend_from_slice(&checksum);
    read(&sound) || is_read
}
