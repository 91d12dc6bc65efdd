//! The keyswitch as a product of matrices: the digits of a batch of ciphertexts times the key, modulo `2^32`.
//!
//! Rows of the key are ordered by level, then input coefficient, each level filled up with zeros to `P` equal
//! stretches; a group takes one row of each stretch. Groups are cut into slabs, and a slab into tiles of sixteen
//! columns; a tile of a slab and the digits that belong to the slab stay in the second cache while all
//! ciphertexts pass by.

use super::digits::{parts, rounded, take_level};
use super::product::{COLUMNS, Digits, Group, Product, VECTORS};
use super::{KeyswitchKeyWords, Target};
use crate::kernels::key_data::KeyData;
use crate::kernels::{Kernel, Keyswitch, small_mut};
use cloakwork_abi::batches::KEYSWITCH_BATCH;
use cloakwork_abi::parameters::Decomposition;
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSliceMut};

/// Groups of a slab.
const SLAB: usize = 256;

/// A keyswitch with products of `P` planes by `A`.
pub(crate) struct MatrixKeyswitch<A, const P: usize> {
    arithmetic: A,
    /// `kN`
    from: usize,
    /// `n`, or `k'N'`
    to: usize,
    target: Target,
    decomposition: Decomposition,
    /// By slab, tile, position.
    key: KeyData<Group<P>>,
}

/// Memory for a batch of [`Kernel::BATCH`] ciphertexts.
pub(crate) struct MatrixScratch {
    states: Vec<u64>,
    /// Of one level of one ciphertext, by part, group.
    packed: Vec<u32>,
    /// By part, bundle of [`VECTORS`] ciphertexts, group.
    digits: Vec<Digits>,
}

impl<A: Product<P>, const P: usize> MatrixKeyswitch<A, P> {
    pub(crate) fn new(arithmetic: A, key: KeyswitchKeyWords) -> Self {
        let KeyswitchKeyWords { target, decomposition, words, .. } = key;
        let (from, to) = (key.from.0 as usize, key.to.0 as usize);
        let (level, columns) = (decomposition.level as usize, to + 1);
        assert_eq!(words.len(), from * level * columns);
        let (of_level, tiles) = (from.div_ceil(P), columns.div_ceil(COLUMNS));
        let row = |position: usize, stretch: usize, tile: usize| {
            let coefficient = stretch * of_level + position % of_level;
            let mut row = [0; COLUMNS];
            if coefficient < from {
                let start = (coefficient * level + position / of_level) * columns;
                let from = &words[start..][..columns][tile * COLUMNS..];
                row.iter_mut().zip(from).for_each(|(word, from)| *word = *from);
            }
            row
        };
        let count = level * of_level;
        let key = KeyData::filled(count * tiles, |groups| {
            groups.par_chunks_mut(SLAB * tiles).enumerate().for_each(|(slab, groups)| {
                let positions = groups.len() / tiles;
                for (i, group) in groups.iter_mut().enumerate() {
                    let (tile, position) = (i / positions, slab * SLAB + i % positions);
                    *group = Group::new(std::array::from_fn(|stretch| row(position, stretch, tile)));
                }
            });
        });
        Self { arithmetic, from, to, target, decomposition, key }
    }

    /// With a key that was ordered before; the words of `key` do not matter.
    pub(crate) fn with_key(arithmetic: A, key: &KeyswitchKeyWords, groups: KeyData<Group<P>>) -> Self {
        let (from, to) = (key.from.0 as usize, key.to.0 as usize);
        let new =
            Self { arithmetic, from, to, target: key.target, decomposition: key.decomposition, key: groups };
        assert_eq!(new.key.len(), new.groups() * (to + 1).div_ceil(COLUMNS));
        new
    }

    /// The key as it lies in memory.
    pub(crate) fn key(&self) -> &[u8] {
        self.key.bytes()
    }

    /// Groups of a level.
    fn of_level(&self) -> usize {
        self.from.div_ceil(P)
    }

    /// Groups of all levels.
    fn groups(&self) -> usize {
        self.decomposition.level as usize * self.of_level()
    }

    /// Writes the digits of ciphertext `position`.
    #[inline(always)]
    fn take_apart(&self, position: usize, mask: &[u64], scratch: &mut MatrixScratch) {
        let MatrixScratch { states, packed, digits } = scratch;
        let Decomposition { base_log, level } = self.decomposition;
        let (groups, of_level) = (self.groups(), self.of_level());
        for (state, &coefficient) in states.iter_mut().zip(mask) {
            *state = rounded(coefficient, base_log * level);
        }
        states[mask.len()..].fill(0);
        let (bundle, vector) = (position / VECTORS, position % VECTORS);
        let bundles = Self::BATCH.div_ceil(VECTORS);
        for level in 0..level as usize {
            take_level::<P>(states, base_log, packed);
            for (part, packed) in packed.chunks_exact(of_level).enumerate() {
                let start = (part * bundles + bundle) * groups + level * of_level;
                for (digits, packed) in digits[start..][..of_level].iter_mut().zip(packed) {
                    digits[vector] = *packed;
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
                    for part in 0..parts::<P>(self.decomposition) {
                        let start = (part * bundles + bundle) * groups + slab * SLAB;
                        let digits = &digits[start..start + positions];
                        let sums = self.arithmetic.product(key, digits, in_bundle, part);
                        for (output, sums) in output.chunks_exact_mut(words).zip(&sums) {
                            self.subtract(output, tile * COLUMNS, sums);
                        }
                    }
                }
            }
        }
    }

    /// Subtracts sums from the coefficients from `first` on, as many as there are.
    fn subtract(&self, output: &mut [u64], first: usize, sums: &[u32; COLUMNS]) {
        match self.target {
            Target::Small => {
                let words = &mut small_mut(output)[first..=self.to];
                words.iter_mut().zip(sums).for_each(|(word, sum)| *word = word.wrapping_sub(*sum));
            }
            Target::Large => {
                let words = output[first..].iter_mut().zip(sums);
                words.for_each(|(word, sum)| *word = word.wrapping_sub(u64::from(*sum) << 32));
            }
        }
    }
}

impl<A: Product<P>, const P: usize> Kernel for MatrixKeyswitch<A, P> {
    type Scratch = MatrixScratch;
    const BATCH: usize = KEYSWITCH_BATCH as usize;

    fn scratch(&self) -> MatrixScratch {
        let (parts, bundles) = (parts::<P>(self.decomposition), Self::BATCH.div_ceil(VECTORS));
        MatrixScratch {
            states: vec![0; P * self.of_level()],
            packed: vec![0; parts * self.of_level()],
            digits: vec![[0; VECTORS]; parts * bundles * self.groups()],
        }
    }

    fn words(&self) -> (usize, usize) {
        (self.from + 1, self.to + 1)
    }
}

impl<A: Product<P>, const P: usize> Keyswitch for MatrixKeyswitch<A, P> {
    /// `(0, b) − Σᵢ Σⱼ digitⱼ(aᵢ) · keyᵢⱼ (mod 2^32)`, the body `b` rounded to 32 bits
    fn keyswitch(&self, input: &[u64], output: &mut [u64], scratch: &mut MatrixScratch) {
        let (input_words, output_words) = self.words();
        let inputs = input.chunks_exact(input_words);
        for (i, (input, output)) in inputs.zip(output.chunks_exact_mut(output_words)).enumerate() {
            let (mask, body) = input.split_at(self.from);
            self.arithmetic.compiled(|| self.take_apart(i, mask, scratch));
            let body = body[0].wrapping_add(1 << 31) >> 32;
            output.fill(0);
            match self.target {
                Target::Small => small_mut(output)[self.to] = body as u32,
                Target::Large => output[self.to] = body << 32,
            }
        }
        self.subtract_product(input.len() / input_words, output, &scratch.digits);
    }
}
