//! What operations take on this runtime, from a measured table.
//!
//! `cargo run --release -p cloakwork-runtime --example measure_cost` measures the table again. With ciphertexts
//! from a key of shape `(k, N)` and a small key of dimension `n`, one thread takes
//!
//! - for a bootstrap `n·(fixed + level·level_ns)`, both figures measured for each shape: of an external
//!   product the inverse transforms are the fixed part, forward transforms and products go with the level;
//! - for a keyswitch `kN·level·(row_ns + (n + 1)·word_ns)`, where narrow digits have a faster path or none;
//! - for an addition, with or without a clear weight, `(kN + 1)·linear_word_ns`.

use cloakwork_abi::parameters::{Decomposition, GlweDimension, GlweShape, LweDimension, PolynomialSize};
use cloakwork_abi::security::MIN_DIMENSION;
use serde::{Deserialize, Serialize};

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
    /// The external product within a bootstrap, for each shape.
    pub external_products: Vec<ExternalProductCost>,
}

/// See the header of this file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeyswitchCost {
    /// Nanoseconds for a digit.
    pub row_ns: f64,
    /// Greatest bits of a narrow digit.
    pub narrow_base_log: u32,
    /// Nanoseconds for a word that a narrow digit is multiplied with.
    pub narrow_word_ns: f64,
    /// Nanoseconds for a word that a wider digit is multiplied with.
    pub wide_word_ns: f64,
}

/// See the header of this file.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExternalProductCost {
    /// `k`
    pub dimension: GlweDimension,
    /// `N`
    pub polynomial_size: PolynomialSize,
    /// Nanoseconds without any level.
    pub fixed_ns: f64,
    /// Nanoseconds for each level.
    pub level_ns: f64,
}

impl CostModel {
    /// The table of the repository, for processors with AVX-512.
    pub fn avx512() -> Self {
        Self::from_json(include_str!("cost_avx512.json")).expect("a test reads this table")
    }

    /// Reads a table as the measuring tool prints it; at least one shape must have known security.
    pub fn from_json(text: &str) -> Result<Self, serde_json::Error> {
        let cost: Self = serde_json::from_str(text)?;
        let is_secure = |product: &ExternalProductCost| product.shape().lwe_dimension() >= MIN_DIMENSION;
        if !cost.external_products.iter().any(is_secure) {
            let message =
                format!("no shape of the cost table has k·N of at least {MIN_DIMENSION}; measure it again");
            return Err(serde::de::Error::custom(message));
        }
        Ok(cost)
    }

    /// Seconds for one addition of ciphertexts, or product with a clear number.
    pub fn addition(&self, big: LweDimension) -> f64 {
        (big.0 + 1) as f64 * self.linear_word_ns * 1e-9
    }
}

impl KeyswitchCost {
    /// Seconds for one coefficient of the input's mask.
    pub fn coefficient(&self, decomposition: Decomposition, small: LweDimension) -> f64 {
        let is_narrow = decomposition.base_log <= self.narrow_base_log;
        let word_ns = if is_narrow { self.narrow_word_ns } else { self.wide_word_ns };
        f64::from(decomposition.level) * (self.row_ns + (small.0 + 1) as f64 * word_ns) * 1e-9
    }
}

impl ExternalProductCost {
    /// Shape of the key.
    pub fn shape(&self) -> GlweShape {
        GlweShape { dimension: self.dimension, polynomial_size: self.polynomial_size }
    }

    /// Seconds for one coefficient of a bootstrap's input.
    pub fn seconds(&self, level: u32) -> f64 {
        (self.fixed_ns + f64::from(level) * self.level_ns) * 1e-9
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn tables_without_a_secure_shape_are_refused() {
        let mut cost = CostModel::avx512();
        cost.external_products.clear();
        let error = CostModel::from_json(&serde_json::to_string(&cost).unwrap()).unwrap_err();
        assert!(error.to_string().contains("at least 450"), "{error}");
    }

    #[test]
    fn table_is_read_and_plausible() {
        let cost = CostModel::avx512();
        let shapes: BTreeSet<_> = cost.external_products.iter().map(ExternalProductCost::shape).collect();
        assert_eq!(shapes.len(), cost.external_products.len());
        for product in &cost.external_products {
            assert!(product.fixed_ns >= 0.0 && product.level_ns > 0.0, "{product:?}");
            assert!(product.dimension.0 * product.polynomial_size.0 >= 450, "{product:?}");
        }
        let one = |k, size| {
            let of_shape = |p: &&ExternalProductCost| (p.dimension.0, p.polynomial_size.0) == (k, size);
            cost.external_products.iter().find(of_shape).unwrap().seconds(1)
        };
        for size in [512, 1024, 2048, 4096, 8192, 16384, 32768] {
            let ratio = one(1, 2 * size) / one(1, size); // a little more than linear in N
            assert!((1.7..3.5).contains(&ratio), "{size}: {ratio}");
        }
    }
}
