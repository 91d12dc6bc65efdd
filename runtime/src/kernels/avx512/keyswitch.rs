//! The keyswitch as a product of matrices: the digits of a batch of ciphertexts times the key, modulo `2^32`.
//! The results are the bits of the stock kernel.
//!
//! Rows of the key are ordered by level, then input coefficient, each level filled up with zeros to whole groups.
//! They are cut into slabs, and a slab into tiles of sixteen columns; a tile of a slab and the digits that belong
//! to the slab stay in the second cache while all ciphertexts pass by.

use super::Avx512;
use super::byte_product::{COLUMNS, Digits, Group, ROWS, VECTORS, product};
use crate::kernels::{Kernel, Keyswitch, KeyswitchKeyWords, small_mut};
use cloakwork_abi::parameters::Decomposition;
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSliceMut};

/// Groups of a slab.
const SLAB: usize = 256;

pub(crate) struct Avx512Keyswitch {
    avx512: Avx512,
    /// `kN`
    from: usize,
    /// `n`
    to: usize,
    decomposition: Decomposition,
    /// By slab, tile, position.
    key: Vec<Group>,
}

/// Memory for a batch of [`Avx512Keyswitch::BATCH`] ciphertexts.
pub(crate) struct Avx512KeyswitchScratch {
    states: Vec<u64>,
    /// Of one level of one ciphertext, by byte.
    bytes: Vec<i8>,
    /// By byte, bundle of [`VECTORS`] ciphertexts, group.
    digits: Vec<Digits>,
}

impl Avx512Keyswitch {
    pub(crate) fn new(avx512: Avx512, key: KeyswitchKeyWords) -> Self {
        let (from, to) = (key.from.0 as usize, key.to.0 as usize);
        let (level, columns) = (key.decomposition.level as usize, to + 1);
        assert_eq!(key.words.len(), from * level * columns);
        let (of_level, tiles) = (from.div_ceil(ROWS), columns.div_ceil(COLUMNS));
        let row = |position: usize, row: usize, tile: usize| {
            let coefficient = position % of_level * ROWS + row;
            let mut words = [0; COLUMNS];
            if coefficient < from {
                let start = (coefficient * level + position / of_level) * columns;
                let from = &key.words[start..][..columns][tile * COLUMNS..];
                words.iter_mut().zip(from).for_each(|(word, from)| *word = *from);
            }
            words
        };
        let count = level * of_level;
        let mut groups = vec![Group::ZERO; count * tiles];
        groups.par_chunks_mut(SLAB * tiles).enumerate().for_each(|(slab, groups)| {
            let positions = groups.len() / tiles;
            for (i, group) in groups.iter_mut().enumerate() {
                let (tile, position) = (i / positions, slab * SLAB + i % positions);
                *group = Group::new(std::array::from_fn(|i| row(position, i, tile)));
            }
        });
        Self { avx512, from, to, decomposition: key.decomposition, key: groups }
    }

    /// Groups of all levels.
    fn groups(&self) -> usize {
        self.decomposition.level as usize * self.from.div_ceil(ROWS)
    }

    /// Signed bytes that a digit in `[−B/2, B/2]` takes; beyond four nothing is left modulo `2^32`.
    fn bytes(&self) -> usize {
        (self.decomposition.base_log as usize / 8 + 1).min(4)
    }

    /// Writes the digits of ciphertext `position`.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn take_apart(&self, position: usize, mask: &[u64], scratch: &mut Avx512KeyswitchScratch) {
        let Avx512KeyswitchScratch { states, bytes, digits } = scratch;
        let Decomposition { base_log, level } = self.decomposition;
        let (groups, of_level) = (self.groups(), self.from.div_ceil(ROWS));
        for (state, &coefficient) in states.iter_mut().zip(mask) {
            *state = rounded(coefficient, base_log * level);
        }
        let (bundle, vector) = (position / VECTORS, position % VECTORS);
        let bundles = Self::BATCH.div_ceil(VECTORS);
        for level in 0..level as usize {
            take_level(states, base_log, bytes);
            for (byte, bytes) in bytes.chunks_exact(of_level * ROWS).enumerate() {
                let start = (byte * bundles + bundle) * groups + level * of_level;
                let digits = &mut digits[start..start + of_level];
                for (digits, four) in digits.iter_mut().zip(bytes.as_chunks::<ROWS>().0) {
                    digits[vector] = u32::from_le_bytes(four.map(|digit| digit as u8));
                }
            }
        }
    }

    /// `output ← output − digits · key`
    fn subtract_product(&self, count: usize, output: &mut [u64], digits: &[Digits]) {
        let (groups, words) = (self.groups(), self.to + 1);
        let tiles = words.div_ceil(COLUMNS);
        let bundles = Self::BATCH.div_ceil(VECTORS);
        for (slab, key) in self.key.chunks(SLAB * tiles).enumerate() {
            let positions = key.len() / tiles;
            for (tile, key) in key.chunks_exact(positions).enumerate() {
                for (bundle, output) in output.chunks_mut(VECTORS * words).enumerate() {
                    let in_bundle = VECTORS.min(count - bundle * VECTORS);
                    for byte in 0..self.bytes() {
                        let start = (byte * bundles + bundle) * groups + slab * SLAB;
                        let digits = &digits[start..start + positions];
                        let sums = product(self.avx512, (key, digits), in_bundle, byte);
                        for (output, sums) in output.chunks_exact_mut(words).zip(&sums) {
                            let output = &mut small_mut(output)[..words][tile * COLUMNS..];
                            for (word, sum) in output.iter_mut().zip(sums) {
                                *word = word.wrapping_sub(*sum);
                            }
                        }
                    }
                }
            }
        }
    }
}

impl Kernel for Avx512Keyswitch {
    type Scratch = Avx512KeyswitchScratch;
    const BATCH: usize = 72;

    fn scratch(&self) -> Avx512KeyswitchScratch {
        let padded = self.from.next_multiple_of(ROWS);
        let bundles = Self::BATCH.div_ceil(VECTORS);
        Avx512KeyswitchScratch {
            states: vec![0; padded],
            bytes: vec![0; self.bytes() * padded],
            digits: vec![[0; VECTORS]; self.bytes() * bundles * self.groups()],
        }
    }

    fn words(&self) -> (usize, usize) {
        (self.from + 1, self.to + 1)
    }
}

impl Keyswitch for Avx512Keyswitch {
    /// `(0, b) − Σᵢ Σⱼ digitⱼ(aᵢ) · keyᵢⱼ (mod 2^32)`, the body `b` rounded to 32 bits
    fn keyswitch(&self, input: &[u64], output: &mut [u64], scratch: &mut Avx512KeyswitchScratch) {
        let (input_words, output_words) = self.words();
        let inputs = input.chunks_exact(input_words);
        for (i, (input, output)) in inputs.zip(output.chunks_exact_mut(output_words)).enumerate() {
            let (mask, body) = input.split_at(self.from);
            // SAFETY: `self` holds the proof that the processor has the instructions.
            unsafe { self.take_apart(i, mask, scratch) };
            let output = &mut small_mut(output)[..output_words];
            output.fill(0);
            output[self.to] = (body[0].wrapping_add(1 << 31) >> 32) as u32;
        }
        self.subtract_product(input.len() / input_words, output, &scratch.digits);
    }
}

/// The `bits` most significant bits, rounded, as a signed number in `[−2^(bits−1), 2^(bits−1)]`; of the two
/// ends, which are equal on the torus, the bit that is rounded away decides. `bits` is at most 63.
// Source: tfhe-rs, initial state of its signed decomposer.
#[inline(always)]
fn rounded(coefficient: u64, bits: u32) -> u64 {
    let more = coefficient >> (63 - bits);
    let kept = (more + 1) >> 1 & (u64::MAX >> (64 - bits));
    let is_upper = ((kept.wrapping_sub(1) | (more & 1) << (bits - 1)) & kept) >> (bits - 1);
    kept.wrapping_sub(is_upper << bits)
}

/// Takes the finest digits off the states, cut into signed bytes.
#[inline(always)]
fn take_level(states: &mut [u64], base_log: u32, bytes: &mut [i8]) {
    for (byte, bytes) in bytes.chunks_exact_mut(states.len()).enumerate() {
        for (part, state) in bytes.iter_mut().zip(&*states) {
            let (digit, _) = take(*state, base_log);
            // Lower bytes count as signed ones, so what they stand above is rounded.
            let below = (0x80_8080u64) & ((1 << (8 * byte)) - 1);
            *part = (digit.wrapping_add(below).cast_signed() >> (8 * byte)) as i8;
        }
    }
    for state in states {
        *state = take(*state, base_log).1;
    }
}

/// The finest digit, and what is left above it.
// Source: tfhe-rs, balanced decomposition: a digit of B/2 becomes −B/2 if the next has the bit of that weight.
#[inline(always)]
fn take(state: u64, base_log: u32) -> (u64, u64) {
    let digit = state & ((1 << base_log) - 1);
    let rest = (state.cast_signed() >> base_log).cast_unsigned();
    let carry = ((digit.wrapping_sub(1) | rest) & digit) >> (base_log - 1);
    (digit.wrapping_sub(carry << base_log), rest.wrapping_add(carry))
}
