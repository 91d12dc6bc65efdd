//! The public description of a compiled program: all that a client needs, and what a server checks.
//!
//! Plain versioned data, printable as JSON. The compiler writes it, nothing else changes it.

use crate::parameters::{Decomposition, GlweShape, LweDimension, SecurityLevel, Variance, Width};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the layout of [`ProgramSpec`]; a reader refuses others.
pub const SPEC_VERSION: u32 = 1;

/// Everything public about one compiled function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramSpec {
    /// [`SPEC_VERSION`]
    pub version: u32,
    /// Version of the compiler that wrote it.
    pub compiler: String,
    /// [`crate::functions::abi_hash`] of that compiler.
    pub abi: String,
    /// Name of the function.
    pub name: String,
    /// Keys, with every parameter.
    pub keyset: Keyset,
    /// Arguments in order.
    pub inputs: Vec<ValueSpec>,
    /// Results in order.
    pub outputs: Vec<ValueSpec>,
    /// What the result may be wrong with.
    pub error: ErrorSpec,
    /// What it is safe against.
    pub security: SecuritySpec,
    /// How often each operation runs in one call.
    pub counts: OperationCounts,
    /// Ciphertexts of scratch memory under each secret key, in the order of the keys.
    pub workspace: Vec<u64>,
}

/// The keys of a program. A key refers to others by their position.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keyset {
    /// Secret keys.
    pub secret_keys: Vec<SecretKeySpec>,
    /// Keyswitch keys.
    pub keyswitch_keys: Vec<KeyswitchKeySpec>,
    /// Bootstrap keys.
    pub bootstrap_keys: Vec<BootstrapKeySpec>,
}

/// A secret key with uniform binary coefficients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretKeySpec {
    /// Name in the IR.
    pub name: String,
    /// What kind of key.
    pub shape: SecretKeyShape,
    /// Variance of the Gaussian noise of a fresh encryption under it, on the torus.
    pub variance: Variance,
}

/// Kind and size of a secret key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SecretKeyShape {
    /// An LWE key; its ciphertexts have 32-bit coefficients and never hold inputs or outputs.
    Lwe(LweDimension),
    /// A GLWE key, used as an LWE key of dimension `k·N`; its ciphertexts have 64-bit coefficients.
    Glwe(GlweShape),
}

impl SecretKeyShape {
    /// Coefficients of the mask of an LWE ciphertext under this key.
    pub fn lwe_dimension(self) -> LweDimension {
        match self {
            Self::Lwe(dimension) => dimension,
            Self::Glwe(shape) => shape.lwe_dimension(),
        }
    }
}

/// Switches ciphertexts from one secret key to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyswitchKeySpec {
    /// Name in the IR.
    pub name: String,
    /// Secret key of the input, a GLWE key.
    pub from: usize,
    /// Secret key of the output, an LWE key. The key's own noise is that key's.
    pub to: usize,
    /// How the input is decomposed.
    pub decomposition: Decomposition,
    /// Variance that a keyswitch adds.
    pub added_variance: Variance,
}

/// Bootstraps ciphertexts from one secret key to another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootstrapKeySpec {
    /// Name in the IR.
    pub name: String,
    /// Secret key of the input, an LWE key.
    pub from: usize,
    /// Secret key of the output, a GLWE key. The key's own noise is that key's.
    pub to: usize,
    /// How the accumulator is decomposed.
    pub decomposition: Decomposition,
    /// Variance that the centred modulus switch to `2N` adds before the lookup.
    pub modulus_switch_variance: Variance,
    /// Variance of the output; it does not depend on the input's.
    pub output_variance: Variance,
}

/// An argument or a result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ValueSpec {
    /// Name given by the program, or `in0`, `out0`, ...
    pub name: String,
    /// Row-major; empty for a scalar.
    pub shape: Vec<u64>,
    /// How elements are represented.
    pub encoding: EncodingSpec,
    /// Least and greatest value that the program was compiled for.
    pub range: (i64, i64),
}

/// Representation of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingSpec {
    /// A clear `i64`.
    Clear,
    /// An LWE ciphertext of an integer, see [`crate::encoding`].
    Encrypted {
        /// Position of the secret key.
        key: usize,
        /// Width of the message.
        width: Width,
        /// Whether the message is signed.
        is_signed: bool,
    },
}

/// Failure probabilities.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorSpec {
    /// Greatest failure probability of one lookup or of one output, achieved.
    pub p_error: f64,
    /// Failure probability of a whole run, achieved: `1 − Π(1 − pᵢ)` over all lookups and outputs.
    pub global_p_error: f64,
}

/// The security claim.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecuritySpec {
    /// Claimed bits.
    pub level: SecurityLevel,
    /// Where the least noise comes from: curve and its date.
    pub source: String,
}

/// How often operations run in one call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OperationCounts {
    /// Keyswitches.
    pub keyswitches: u64,
    /// Bootstraps, one for each looked-up element.
    pub bootstraps: u64,
    /// Batched bootstrap calls.
    pub bootstrap_calls: u64,
}

impl ValueSpec {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product::<u64>() as usize
    }
}

impl Keyset {
    /// Fingerprint of names, parameters and noise: keys and ciphertexts carry it.
    pub fn fingerprint(&self) -> String {
        let json = serde_json::to_string(self).expect("a keyset is plain data");
        Sha256::digest(json).iter().take(16).map(|byte| format!("{byte:02x}")).collect()
    }
}

impl ProgramSpec {
    /// The spec as indented JSON.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a spec is plain data")
    }
}
