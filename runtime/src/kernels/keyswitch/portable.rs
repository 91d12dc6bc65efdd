//! Products of words and digits in plain Rust: one plane, one part.

use super::product::{COLUMNS, Digits, Group, Product, Sums, VECTORS};

/// Every processor can.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

impl Product<1> for Portable {
    fn product(self, key: &[Group<1>], digits: &[Digits], count: usize, _: usize) -> Sums {
        let mut results = [[0; COLUMNS]; VECTORS];
        for (vector, results) in results[..count].iter_mut().enumerate() {
            *results = sums(key, digits, vector);
        }
        results
    }

    #[inline(always)]
    fn compiled<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// The sums of one vector, so that they stay in registers.
fn sums(key: &[Group<1>], digits: &[Digits], vector: usize) -> [u32; COLUMNS] {
    let mut sums = [0u32; COLUMNS];
    for (Group([words]), digits) in key.iter().zip(digits) {
        for (sum, word) in sums.iter_mut().zip(words) {
            *sum = sum.wrapping_add(word.wrapping_mul(digits[vector]));
        }
    }
    sums
}
