//! What operations take on this runtime, from a measured table.
//!
//! `cloakwork calibrate` measures such a table. With ciphertexts from a key of shape `(k, N)` and a small key of
//! dimension `n`, where `b` ciphertexts pass by the key together, one thread takes for each of them
//!
//! - for a bootstrap `n/g` steps, `g` being the grouping. A step with `l` levels and extension `e` takes
//!   `fixed + l·level + (e − 1)·(extension + l·extension_level) + l·key_level/b`, all measured for each shape
//!   and grouping: of one accumulator, of each further part of an extended one, and of the key's way from
//!   memory, once for the whole batch, which is smaller for an extended one. Beginning and end take `e·(k + 1)·N·bootstrap_word`;
//! - for a keyswitch `kN·l·(row + (n + 1)·(word + key_word/b))`, where wider digits cost more for each word;
//!   a conversion to a GLWE key of dimension `k'N'` is a keyswitch with `n = k'N'`;
//! - for an addition, with or without a clear weight, `(kN + 1)·linear_word`.

use cloakwork_abi::batches::{KEYSWITCH_BATCH, bootstrap_batch, even_batch};
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize,
};
use cloakwork_abi::security::MIN_DIMENSION;
use serde::{Deserialize, Serialize};

/// The tables of the repository by name, for the kernels of the name.
pub const TABLES: [(&str, &str); 2] =
    [("avx2", include_str!("cost_avx2.json")), ("avx512", include_str!("cost_avx512.json"))];

/// A measured table. The shapes that it lists are the shapes that are chosen from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CostModel {
    /// What was measured.
    pub kernel: String,
    /// Nanoseconds for a word of a ciphertext that is weighted and added.
    pub linear_word_ns: f64,
    /// The keyswitch.
    pub keyswitch: KeyswitchCost,
    /// Nanoseconds for a word of an accumulator before and after its rotation.
    pub bootstrap_word_ns: f64,
    /// The steps of bootstraps, for each shape and grouping.
    pub bootstraps: Vec<BootstrapCost>,
}

/// See the header of this file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyswitchCost {
    /// Nanoseconds for a digit.
    pub row_ns: f64,
    /// By the width of digits, ascending; the last serves all that are wider.
    pub digits: Vec<DigitCost>,
}

/// See the header of this file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigitCost {
    /// Most bits of such a digit.
    pub base_log: u32,
    /// Nanoseconds for a word that a digit is multiplied with.
    pub word_ns: f64,
    /// Nanoseconds until a word of the key is there for a whole batch.
    pub key_word_ns: f64,
}

/// See the header of this file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BootstrapCost {
    /// `k`
    pub dimension: GlweDimension,
    /// `N`
    pub polynomial_size: PolynomialSize,
    /// Coefficients of the input in a step.
    pub grouping: Grouping,
    /// Nanoseconds of a step.
    pub fixed_ns: f64,
    /// Nanoseconds of a step for each level.
    pub level_ns: f64,
    /// Nanoseconds of a step for each further part of an extended accumulator.
    pub extension_ns: f64,
    /// Nanoseconds of a step for each level and further part of an extended accumulator.
    pub extension_level_ns: f64,
    /// Nanoseconds until a level of the key is there for a whole batch.
    pub key_level_ns: f64,
}

impl CostModel {
    /// The table of the repository for processors with AVX-512.
    pub fn avx512() -> Self {
        Self::of_repository("avx512").expect("one of the tables")
    }

    /// The table of the repository with that name.
    pub fn of_repository(name: &str) -> Option<Self> {
        let (_, text) = TABLES.into_iter().find(|(known, _)| *known == name)?;
        Some(Self::from_json(text).expect("a test reads every table"))
    }

    /// Reads a table as `cloakwork calibrate` writes it; at least one shape must have known security.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let cost: Self = serde_json::from_str(text)?;
        let is_secure = |bootstrap: &BootstrapCost| bootstrap.shape().lwe_dimension() >= MIN_DIMENSION;
        if cost.keyswitch.digits.is_empty() {
            return Err(serde::de::Error::custom(
                "the cost table knows no digits of keyswitches; measure it again",
            ));
        }
        if !cost.bootstraps.iter().any(is_secure) {
            let message =
                format!("no shape of the cost table has k·N of at least {MIN_DIMENSION}; measure it again");
            return Err(serde::de::Error::custom(message));
        }
        Ok(cost)
    }

    /// The text that [`from_json`](Self::from_json) reads.
    pub fn to_json(&self) -> String {
        let text = serde_json::to_string_pretty(self).expect("a table is plain data");
        text + "\n"
    }

    /// What bootstraps cost, one entry for each shape and grouping that can be chosen.
    pub fn bootstraps(&self) -> impl Iterator<Item = &BootstrapCost> {
        self.bootstraps.iter()
    }

    /// Seconds that a bootstrap takes besides its steps, for one ciphertext.
    pub fn bootstrap_ends(&self, shape: GlweShape, extension: ExtensionFactor) -> f64 {
        let words = extension.0 * (shape.dimension.0 + 1) * shape.polynomial_size.0;
        words as f64 * self.bootstrap_word_ns * 1e-9
    }

    /// Seconds for one coefficient of a keyswitch's input, for one of `batch` ciphertexts; `to` is a small key or
    /// a GLWE key read as an LWE key.
    pub fn keyswitch_coefficient(&self, decomposition: Decomposition, to: LweDimension, batch: f64) -> f64 {
        self.keyswitch.coefficient(decomposition, to, batch)
    }

    /// How many ciphertexts pass by a bootstrap key together in a call of `count` on one thread, on average.
    pub fn bootstrap_batch(&self, count: u64, extension: ExtensionFactor) -> f64 {
        even_batch(count, bootstrap_batch(extension))
    }

    /// How many ciphertexts pass by a keyswitch key together in a call of `count` on one thread, on average.
    pub fn keyswitch_batch(&self, count: u64) -> f64 {
        even_batch(count, KEYSWITCH_BATCH)
    }

    /// Seconds for one addition of ciphertexts, or product with a clear number.
    pub fn addition(&self, big: LweDimension) -> f64 {
        (big.0 + 1) as f64 * self.linear_word_ns * 1e-9
    }
}

impl KeyswitchCost {
    /// See [`CostModel::keyswitch_coefficient`].
    pub(super) fn coefficient(&self, decomposition: Decomposition, to: LweDimension, batch: f64) -> f64 {
        let is_wide_enough = |digit: &&DigitCost| digit.base_log >= decomposition.base_log;
        let digit = self.digits.iter().find(is_wide_enough).or(self.digits.last());
        let word_ns = digit.map_or(0.0, |digit| digit.word_ns + digit.key_word_ns / batch);
        f64::from(decomposition.level) * (self.row_ns + (to.0 + 1) as f64 * word_ns) * 1e-9
    }
}

impl BootstrapCost {
    /// Shape of the key.
    pub fn shape(&self) -> GlweShape {
        GlweShape { dimension: self.dimension, polynomial_size: self.polynomial_size }
    }

    /// Seconds that a step of a blind rotation takes for one of `batch` ciphertexts.
    pub fn step(&self, level: u32, extension: ExtensionFactor, batch: f64) -> f64 {
        let (level, further_parts) = (f64::from(level), extension.0 as f64 - 1.0);
        let own = self.fixed_ns + level * self.level_ns;
        let of_parts = further_parts * (self.extension_ns + level * self.extension_level_ns);
        (own + of_parts + level * self.key_level_ns / batch) * 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tables_without_a_secure_shape_are_refused() {
        let mut cost = CostModel::avx512();
        cost.bootstraps.clear();
        let error = CostModel::from_json(&serde_json::to_string(&cost).unwrap()).unwrap_err();
        assert!(error.to_string().contains("at least 450"), "{error}");
    }

    #[test]
    fn tables_are_read_and_plausible() {
        for (name, _) in TABLES {
            plausible(&CostModel::of_repository(name).unwrap());
        }
        assert!(CostModel::of_repository("abacus").is_none());
    }

    fn plausible(cost: &CostModel) {
        let kinds: BTreeSet<_> = cost.bootstraps().map(|entry| (entry.shape(), entry.grouping)).collect();
        assert_eq!(kinds.len(), cost.bootstraps.len());
        for entry in cost.bootstraps() {
            assert!(entry.shape().lwe_dimension().0 >= 450, "{entry:?}");
            for level in 1..4 {
                let seconds = |extension, batch| entry.step(level, ExtensionFactor(extension), batch);
                assert!(seconds(1, 16.0) > 0.0, "{entry:?}");
                assert!(seconds(1, 1.0) >= seconds(1, 16.0), "{entry:?}");
                // At most a little more than linear; less where what is made of large keys serves all parts.
                let ratio = seconds(8, 2.0) / seconds(1, 16.0);
                assert!((3.0..12.0).contains(&ratio), "{entry:?}: {ratio}");
            }
        }
        let one = |k, size| {
            let kind = (GlweDimension(k), PolynomialSize(size), Grouping::One);
            let mut found =
                cost.bootstraps().filter(|b| (b.dimension, b.polynomial_size, b.grouping) == kind);
            found.next().unwrap().step(1, ExtensionFactor(1), 16.0)
        };
        for size in [512, 1024, 2048, 4096, 8192, 16384, 32768] {
            let ratio = one(1, 2 * size) / one(1, size); // a little more than linear in N
            assert!((1.7..3.5).contains(&ratio), "{size}: {ratio}");
        }
    }
}
