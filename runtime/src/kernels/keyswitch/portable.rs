//! Products of words and digits in plain Rust: one plane, one part.

use super::product::{COLUMNS, Digits, Group, Product, Sums, VECTORS};

/// Vectors whose sums stay in registers.
const AT_ONCE: usize = 2;

/// Every processor can.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

impl Product<1> for Portable {
    #[inline(always)]
    fn limb(word: u32, _: usize) -> u32 {
        word
    }

    fn product(self, key: &[Group<1>], digits: &[Digits], count: usize, _: usize) -> Sums {
        let mut results = [[0; COLUMNS]; VECTORS];
        for (chunk, results) in results[..count].chunks_mut(AT_ONCE).enumerate() {
            let first = chunk * AT_ONCE;
            match results {
                [one] => [*one] = sums(key, digits, first),
                results => results.copy_from_slice(&sums::<AT_ONCE>(key, digits, first)),
            }
        }
        results
    }

    #[inline(always)]
    fn compiled<R>(self, work: impl FnOnce() -> R) -> R {
        work()
    }
}

/// Sums of `COUNT` vectors from `first` on.
fn sums<const COUNT: usize>(key: &[Group<1>], digits: &[Digits], first: usize) -> [[u32; COLUMNS]; COUNT] {
    let mut sums = [[0u32; COLUMNS]; COUNT];
    for (Group([words]), digits) in key.iter().zip(digits) {
        for (sums, digit) in sums.iter_mut().zip(&digits[first..first + COUNT]) {
            for (sum, word) in sums.iter_mut().zip(words) {
                *sum = sum.wrapping_add(word.wrapping_mul(*digit));
            }
        }
    }
    sums
}
