//! Functions of one real by name, as models have them; each with its meaning.

use serde::{Deserialize, Serialize};

/// A function of one real.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Function {
    /// `1 / (1 + e⁻ᵛ)`
    Sigmoid,
    /// `eᵛ`
    Exp,
    /// `max(v, 0)`
    Relu,
}

impl Function {
    /// Its value.
    pub fn apply(self, v: f64) -> f64 {
        match self {
            Self::Sigmoid => 1.0 / (1.0 + libm::exp(-v)),
            Self::Exp => libm::exp(v),
            Self::Relu => v.max(0.0),
        }
    }
}
