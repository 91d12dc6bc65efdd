//! The public description of a compiled program: all that a client needs, and what a server checks.
//!
//! Plain versioned data, printable as JSON. The compiler writes it, nothing else changes it.

use crate::bounds::{self, Bounds};
use crate::parameters::{
    Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension, NoiseDistribution, SecurityLevel,
    Variance, Width,
};
use crate::processing::Processing;
use crate::radix::Radix;
use crate::security::ModulusBits;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// Version of the layout of [`ProgramSpec`]; a reader refuses others.
pub const SPEC_VERSION: u32 = 2;

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
    /// Whether arguments may be encrypted with a public key: its noise was counted.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub public_key: bool,
    /// Where the program is a model on reals: what a client does in the clear around it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub processing: Option<Processing>,
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
    /// Noise of a fresh encryption under it, and of the bootstrap keys that lead to it.
    pub noise: NoiseDistribution,
}

impl SecretKeySpec {
    /// Variance of a fresh encryption.
    pub fn variance(&self) -> Variance {
        self.noise.variance(self.shape.modulus())
    }
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
    /// Modulus of the ciphertexts.
    pub fn modulus(self) -> ModulusBits {
        match self {
            Self::Lwe(_) => ModulusBits::Bits32,
            Self::Glwe(_) => ModulusBits::Bits64,
        }
    }

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
    /// Secret key of the output. Under a GLWE key the 32-bit result is widened to 64 bits.
    pub to: usize,
    /// How the input is decomposed.
    pub decomposition: Decomposition,
    /// Noise of the key itself, whose ciphertexts are modulo `2^32`.
    pub noise: NoiseDistribution,
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
    /// Coefficients of the input key in one step.
    pub grouping: Grouping,
    /// Polynomials that the accumulator is spread over, `e`.
    pub extension: ExtensionFactor,
    /// Variance that the centred modulus switch to `2eN` adds before a lookup in one table.
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
    /// Least and greatest value that the program was compiled for; it says how words are read, see [`crate::bounds`].
    pub range: Bounds,
}

/// Representation of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EncodingSpec {
    /// A clear word.
    Clear,
    /// An LWE ciphertext of an integer, see [`crate::encoding`], or one for each of its digits, lowest first.
    Encrypted {
        /// Position of the secret key.
        key: usize,
        /// Width of the message.
        width: Width,
        /// Whether the message is signed.
        is_signed: bool,
        /// Where an element is several ciphertexts: the digits that their messages are.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        radix: Option<Radix>,
    },
}

impl ValueSpec {
    /// The integer that a word of this value stands for.
    pub fn integer(&self, word: i64) -> i128 {
        bounds::of_word(word, self.range)
    }
}

impl EncodingSpec {
    /// The digits of an element, where it has several ciphertexts.
    pub fn radix(self) -> Option<Radix> {
        match self {
            Self::Clear => None,
            Self::Encrypted { radix, .. } => radix,
        }
    }
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
    /// Bootstraps; one may look an element up in several tables.
    pub bootstraps: u64,
    /// Batched bootstrap calls.
    pub bootstrap_calls: u64,
}

impl ValueSpec {
    /// Number of elements.
    pub fn elements(&self) -> usize {
        self.shape.iter().product::<u64>() as usize
    }

    /// Number of ciphertexts, or of clear elements: of all elements with their digits.
    pub fn items(&self) -> usize {
        self.elements() * self.encoding.radix().map_or(1, |radix| radix.count as usize)
    }
}

impl Keyset {
    /// Bytes of the evaluation keys as they travel: bodies only, since masks follow from a seed.
    pub fn evaluation_key_bytes(&self) -> u64 {
        let keyswitch = |key: &KeyswitchKeySpec| {
            let rows =
                self.secret_keys[key.from].shape.lwe_dimension().0 * u64::from(key.decomposition.level);
            rows * u64::from(ModulusBits::Bits32.log2()) / 8
        };
        let bootstrap = |key: &BootstrapKeySpec| {
            let groups = self.secret_keys[key.from].shape.lwe_dimension().0 / key.grouping.factor();
            let SecretKeyShape::Glwe(to) = self.secret_keys[key.to].shape else { return 0 };
            let rows = u64::from(key.decomposition.level) * (to.dimension.0 + 1);
            let words = groups * key.grouping.ciphertexts() * rows * to.polynomial_size.0;
            words * u64::from(ModulusBits::Bits64.log2()) / 8
        };
        let keyswitches: u64 = self.keyswitch_keys.iter().map(keyswitch).sum();
        keyswitches + self.bootstrap_keys.iter().map(bootstrap).sum::<u64>()
    }

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
