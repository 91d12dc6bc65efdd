//! How many ciphertexts pass by a key together: what kernels do, and what the optimizer counts on.

use crate::parameters::ExtensionFactor;

/// Most ciphertexts that pass by a keyswitch key together.
pub const KEYSWITCH_BATCH: u64 = 72;

/// Sizes of batches of bootstraps, descending: 16 accumulators, or the parts of as many as there are at most.
pub const BOOTSTRAP_BATCHES: [u64; 7] = [16, 8, 5, 4, 3, 2, 1];

/// Most ciphertexts that pass by a bootstrap key together: parts of extended accumulators count, so that a batch
/// stays in the caches.
pub const fn bootstrap_batch(extension: ExtensionFactor) -> u64 {
    let parts = if extension.0 == 0 { 1 } else { extension.0 };
    let batch = BOOTSTRAP_BATCHES[0] / parts;
    if batch == 0 { 1 } else { batch }
}

/// Ciphertexts of a batch, on average, when a call of `count` on one thread is cut into batches of at most `most`.
pub fn even_batch(count: u64, most: u64) -> f64 {
    let count = count.max(1);
    count as f64 / count.div_ceil(most.max(1)) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_extension_has_one_of_the_sizes() {
        for extension in 1..600 {
            assert!(BOOTSTRAP_BATCHES.contains(&bootstrap_batch(ExtensionFactor(extension))), "{extension}");
        }
        assert!(BOOTSTRAP_BATCHES.is_sorted_by(|a, b| a > b));
    }

    #[test]
    fn calls_are_cut_into_even_batches() {
        for (count, size) in [(0, 1.0), (1, 1.0), (16, 16.0), (17, 8.5), (33, 11.0), (1600, 16.0)] {
            assert_eq!(even_batch(count, 16), size, "{count}");
        }
    }
}
