//! Reproducible integers: splitmix64 over a tag and an index, so that any language can make the same.

use ndarray::{ArrayD, IxDyn};

const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// A sequence of pseudorandom integers that is a function of its seed.
#[derive(Clone, Debug)]
pub struct Integers(u64);

impl Integers {
    /// The sequence of a number.
    pub fn of_seed(seed: u64) -> Self {
        Self(seed)
    }

    /// The sequence of a text.
    pub fn of_tag(tag: &str) -> Self {
        Self(tag.bytes().fold(0, |seed, byte| seed.wrapping_mul(131).wrapping_add(u64::from(byte))))
    }

    /// The next word. [SplitMix64, Steele, Lea, Flood 2014]
    pub fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// The next integer of `lo..=hi`.
    pub fn within(&mut self, lo: i64, hi: i64) -> i64 {
        let count = (hi - lo) as u64 + 1;
        lo + (self.word() % count) as i64
    }

    /// A tensor of the next integers of `lo..=hi`.
    pub fn tensor(&mut self, shape: &[usize], lo: i64, hi: i64) -> ArrayD<i64> {
        ArrayD::from_shape_simple_fn(IxDyn(shape), || self.within(lo, hi))
    }
}
