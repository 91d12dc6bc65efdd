//! How long calls take that share their way through a key.

use crate::parameters::cost::CostModel;
use cloakwork_abi::batches::{BOOTSTRAP_BATCHES, bootstrap_batch, even_batch};
use cloakwork_abi::parameters::ExtensionFactor;

/// Time for a ciphertext: its own, and that of the key's way through memory, which a batch shares.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Seconds {
    pub own: f64,
    pub key: f64,
}

impl Seconds {
    /// Of a function of the size of the batch, which has this form.
    pub(super) fn through(of_batch: impl Fn(f64) -> f64) -> Self {
        let own = of_batch(f64::INFINITY);
        Self { own, key: of_batch(1.0) - own }
    }

    /// Of a single ciphertext.
    pub(super) fn alone(self) -> f64 {
        self.own + self.key
    }
}

impl std::ops::Mul<f64> for Seconds {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self { own: self.own * factor, key: self.key * factor }
    }
}

/// Ciphertexts that take the same way, and how often the keys pass.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Work {
    pub ciphertexts: f64,
    keyswitch_passes: f64,
    /// By the size of a batch, which depends on the extension.
    bootstrap_passes: [f64; BOOTSTRAP_BATCHES.len()],
}

impl Work {
    /// A call with `count` ciphertexts on one thread.
    pub(super) fn call(count: u64, cost: &CostModel) -> Self {
        let ciphertexts = count as f64;
        Self {
            ciphertexts,
            keyswitch_passes: ciphertexts / cost.keyswitch_batch(count),
            bootstrap_passes: BOOTSTRAP_BATCHES.map(|most| ciphertexts / even_batch(count, most)),
        }
    }

    pub(super) fn keyswitches(self, each: Seconds) -> f64 {
        self.ciphertexts * each.own + self.keyswitch_passes * each.key
    }

    pub(super) fn bootstraps(self, each: Seconds, extension: ExtensionFactor) -> f64 {
        let most = bootstrap_batch(extension);
        let passes = BOOTSTRAP_BATCHES.iter().position(|&size| size == most);
        let passes = passes.map_or(self.ciphertexts, |size| self.bootstrap_passes[size]);
        self.ciphertexts * each.own + passes * each.key
    }
}

impl std::ops::AddAssign for Work {
    fn add_assign(&mut self, other: Self) {
        self.ciphertexts += other.ciphertexts;
        self.keyswitch_passes += other.keyswitch_passes;
        self.bootstrap_passes.iter_mut().zip(other.bootstrap_passes).for_each(|(sum, passes)| *sum += passes);
    }
}

impl std::ops::Mul<f64> for Work {
    type Output = Self;
    fn mul(self, factor: f64) -> Self {
        Self {
            ciphertexts: self.ciphertexts * factor,
            keyswitch_passes: self.keyswitch_passes * factor,
            bootstrap_passes: self.bootstrap_passes.map(|passes| passes * factor),
        }
    }
}
