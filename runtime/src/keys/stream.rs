//! The stream of bytes that a seed stands for: AES-128 in counter mode, as `tfhe` defines it, at many bytes a call.
//!
//! Byte `i` is byte `i mod 16` of the encryption of `i / 16` under the seed, all numbers in the order of bytes that little-endian
//! machines have. Masks of seeded keys are this stream, so that `tfhe` expands them to the same words.

use aes::Aes128;
use aes::cipher::{Array, BlockCipherEncrypt, KeyInit};
use tfhe::core_crypto::commons::math::random::Seed;
use zeroize::Zeroize;

/// Blocks that are encrypted at once.
const BLOCKS: usize = 64;

/// A word of `N` bytes.
pub(crate) trait Word<const N: usize> {
    fn from_bytes(bytes: [u8; N]) -> Self;
}

impl Word<8> for u64 {
    fn from_bytes(bytes: [u8; 8]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

impl Word<4> for u32 {
    fn from_bytes(bytes: [u8; 4]) -> Self {
        Self::from_le_bytes(bytes)
    }
}

/// A stream, read from some block on, in words of one size.
pub(crate) struct Stream {
    cipher: Aes128,
    next: u128,
    ready: [u8; Stream::BLOCK * BLOCKS],
    used: usize,
}

impl Stream {
    /// Bytes of a block of the cipher.
    pub(crate) const BLOCK: usize = 16;

    /// The stream of `seed` from its byte `BLOCK · block` on.
    pub(crate) fn new(seed: Seed, block: u128) -> Self {
        let cipher = Aes128::new(&Array(seed.0.to_le_bytes()));
        Self { cipher, next: block, ready: [0; Self::BLOCK * BLOCKS], used: Self::BLOCK * BLOCKS }
    }

    /// The next words.
    pub(crate) fn fill<const N: usize, T: Word<N>>(&mut self, mut words: &mut [T]) {
        while !words.is_empty() {
            if self.used == self.ready.len() {
                self.refill();
            }
            let (ready, _) = self.ready[self.used..].as_chunks::<N>();
            let (now, later) = words.split_at_mut(ready.len().min(words.len()));
            now.iter_mut().zip(ready).for_each(|(word, &bytes)| *word = T::from_bytes(bytes));
            self.used += N * now.len();
            words = later;
        }
    }

    /// The next bytes, a divisor of a block.
    #[inline(always)]
    pub(super) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        if self.used == self.ready.len() {
            self.refill();
        }
        let mut bytes = [0; N];
        bytes.copy_from_slice(&self.ready[self.used..][..N]);
        self.used += N;
        bytes
    }

    #[inline(never)]
    fn refill(&mut self) {
        let (blocks, _) = self.ready.as_chunks_mut::<{ Self::BLOCK }>();
        for block in blocks.iter_mut() {
            *block = self.next.to_le_bytes();
            self.next = self.next.wrapping_add(1);
        }
        self.cipher.encrypt_blocks(Array::cast_slice_from_core_mut(blocks));
        self.used = 0;
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        // Noise is drawn from it, which tells the key where the rest of a ciphertext is known; the cipher wipes itself.
        self.ready.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tfhe::core_crypto::commons::math::random::RandomGenerator;
    use tfhe::core_crypto::prelude::DefaultRandomGenerator;

    #[test]
    fn the_stream_is_that_of_tfhe() {
        for seed in [0, 1, u128::MAX / 3] {
            let mut generator = RandomGenerator::<DefaultRandomGenerator>::new(Seed(seed));
            let mut expected = vec![0u64; 1000];
            generator.fill_slice_with_random_uniform(&mut expected);
            let mut found = vec![0u64; 1000];
            Stream::new(Seed(seed), 0).fill(&mut found);
            assert_eq!(found, expected);
            Stream::new(Seed(seed), 100).fill(&mut found[..800]);
            assert_eq!(found[..800], expected[200..]);
            let mut halves = vec![0u32; 2000];
            Stream::new(Seed(seed), 0).fill(&mut halves);
            let word = |halves: &[u32]| u64::from(halves[0]) | u64::from(halves[1]) << 32;
            assert!(halves.chunks_exact(2).map(word).eq(expected.iter().copied()));
        }
    }
}
