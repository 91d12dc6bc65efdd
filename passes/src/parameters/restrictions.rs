//! What the search may choose from, where that is less than everything.

use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize, Variance,
};
use cloakwork_abi::spec::Keyset;
use std::ops::RangeInclusive;

/// Extension factors that are tried, ascending: three to four an octave.
pub const EXTENSIONS: [ExtensionFactor; 25] = [
    ExtensionFactor(1),
    ExtensionFactor(2),
    ExtensionFactor(3),
    ExtensionFactor(4),
    ExtensionFactor(5),
    ExtensionFactor(6),
    ExtensionFactor(8),
    ExtensionFactor(10),
    ExtensionFactor(12),
    ExtensionFactor(16),
    ExtensionFactor(20),
    ExtensionFactor(24),
    ExtensionFactor(32),
    ExtensionFactor(40),
    ExtensionFactor(48),
    ExtensionFactor(64),
    ExtensionFactor(80),
    ExtensionFactor(96),
    ExtensionFactor(128),
    ExtensionFactor(160),
    ExtensionFactor(192),
    ExtensionFactor(256),
    ExtensionFactor(320),
    ExtensionFactor(384),
    ExtensionFactor(512),
];

/// Bounds of the search. The default bounds nothing but the number of key sets.
///
/// A program without lookups has no use for any bound but those of the GLWE key.
#[derive(Clone, Debug, PartialEq)]
pub struct Restrictions {
    /// `k` of a GLWE key.
    pub glwe_dimension: RangeInclusive<u64>,
    /// `N` of a GLWE key.
    pub polynomial_size: RangeInclusive<u64>,
    /// `n` of a small key.
    pub lwe_dimension: RangeInclusive<u64>,
    /// Bits of a digit of a bootstrap.
    pub bootstrap_base_log: RangeInclusive<u32>,
    /// Digits of a bootstrap.
    pub bootstrap_level: RangeInclusive<u32>,
    /// Bits of a digit of a keyswitch.
    pub keyswitch_base_log: RangeInclusive<u32>,
    /// Digits of a keyswitch.
    pub keyswitch_level: RangeInclusive<u32>,
    /// Groupings of bootstrap keys.
    pub groupings: Vec<Grouping>,
    /// Extension factors of bootstraps.
    pub extensions: Vec<ExtensionFactor>,
    /// Whether lookups of one value may share a bootstrap.
    pub many_lut: bool,
    /// Most key sets, each with a bootstrap key of its own; at least 1.
    pub max_key_sets: usize,
    /// Where arguments may be encrypted with a public key: how many ciphertexts they are.
    pub public_key: Option<u64>,
    /// Only these keys, all other bounds apart: the solution has exactly them.
    pub fixed: Option<Keyset>,
}

impl Default for Restrictions {
    fn default() -> Self {
        Self {
            glwe_dimension: 1..=u64::MAX,
            polynomial_size: 1..=u64::MAX,
            lwe_dimension: 1..=u64::MAX,
            bootstrap_base_log: 1..=u32::MAX,
            bootstrap_level: 1..=u32::MAX,
            keyswitch_base_log: 1..=u32::MAX,
            keyswitch_level: 1..=u32::MAX,
            groupings: vec![Grouping::One, Grouping::Two],
            extensions: EXTENSIONS.to_vec(),
            many_lut: true,
            max_key_sets: 4,
            public_key: None,
            fixed: None,
        }
    }
}

impl Restrictions {
    /// Whether a GLWE key of that shape may be chosen.
    pub(super) fn allow_shape(&self, shape: GlweShape) -> bool {
        let GlweShape { dimension: GlweDimension(k), polynomial_size: PolynomialSize(size) } = shape;
        // A public key is an equation modulo `X^(k·N) + 1`.
        let has_public_key = (k * size).is_power_of_two();
        self.glwe_dimension.contains(&k)
            && self.polynomial_size.contains(&size)
            && (has_public_key || self.public_key.is_none())
    }

    /// Variance of an argument, if that of an encryption with the secret key is `secret`, such that arguments count as
    /// independent.
    pub(super) fn fresh(&self, shape: GlweShape, secret: Variance) -> Variance {
        match self.public_key {
            None => secret,
            Some(count) => noise::public_encryption(shape.lwe_dimension(), secret) * count as f64,
        }
    }

    /// Whether a small key of that dimension may be chosen.
    pub(super) fn allow_small(&self, dimension: LweDimension) -> bool {
        self.lwe_dimension.contains(&dimension.0)
    }
}
