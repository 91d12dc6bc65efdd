//! The bootstrap: centred modulus switch, blind rotation of a batch, sample extraction.
//!
//! A GGSW ciphertext of the key passes by all ciphertexts of a batch before the next one; while one is used, the
//! next is prefetched.

use super::Avx512;
use super::accumulators::Accumulators;
use super::digits::Gadget;
use super::external_product::{ExternalProduct, KeySlice};
use super::transform::{Block, MIN_SIZE, Transform};
use super::vector::{LANES, Points};
use crate::kernels::modulus_switch::Switched;
use crate::kernels::{Bootstrap, BootstrapKeyWords, Kernel, LookupTables, small};
use cloakwork_abi::parameters::GlweShape;
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSlice, ParallelSliceMut};

/// Greatest `k` that code exists for.
const MAX_DIMENSION: u64 = 6;

pub(crate) struct Avx512Bootstrap {
    /// `n`
    from: usize,
    /// `N`
    size: usize,
    product: ExternalProduct,
    /// By input coefficient, then as [`KeySlice`] says.
    key: Vec<Points>,
}

/// Memory for a batch of [`Avx512Bootstrap::BATCH`] ciphertexts.
pub(crate) struct Avx512Scratch {
    switched: Vec<Switched>,
    table: Vec<u64>,
    accumulators: Accumulators,
    rows: Vec<Block>,
}

impl Avx512Bootstrap {
    /// Whether code exists for keys of that shape.
    pub(crate) fn supports(shape: GlweShape) -> bool {
        let size = shape.polynomial_size.0;
        (1..=MAX_DIMENSION).contains(&shape.dimension.0) && size.is_power_of_two() && size >= MIN_SIZE as u64
    }

    /// The shape is [supported](Self::supports).
    pub(crate) fn new(avx512: Avx512, key: BootstrapKeyWords) -> Self {
        assert!(Self::supports(key.to));
        let size = key.to.polynomial_size.0 as usize;
        let product = ExternalProduct {
            avx512,
            transform: Transform::new(avx512, size),
            gadget: Gadget::new(avx512, key.decomposition),
            polynomials: key.to.dimension.0 as usize + 1,
            level: key.decomposition.level as usize,
        };
        let mut points = vec![Points::ZERO; key.words.len() / 2 / LANES];
        let words = product.polynomials * product.polynomials * product.level * size;
        let ggsws = key.words.par_chunks_exact(words);
        ggsws.zip(points.par_chunks_exact_mut(words / 2 / LANES)).for_each_init(
            || vec![[Points::ZERO; LANES]; product.transform.blocks],
            |scratch, (words, points)| transform_ggsw(&product, words, points, scratch),
        );
        Self { from: key.from.0 as usize, size, product, key: points }
    }

    /// The centre of the bootstrap; `K1 = k + 1`.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn rotate<const K1: usize>(
        &self,
        switched: &[Switched],
        accumulators: &mut Accumulators,
        rows: &mut [Block],
    ) {
        let slice = self.key.len() / self.from;
        let share = slice.div_ceil(switched.len().max(1));
        for i in 0..self.from {
            let points = &self.key[i * slice..][..slice];
            for (ciphertext, switched) in switched.iter().enumerate() {
                let next = &self.key[((i + 1) * slice + ciphertext * share).min(self.key.len())..];
                let next = &next[..share.min(next.len())];
                let turn = switched.mask[i];
                if turn != 0 {
                    self.product.step::<K1>(
                        KeySlice { points, next },
                        accumulators.of(ciphertext),
                        turn,
                        rows,
                    );
                }
            }
        }
    }
}

/// Brings a GGSW ciphertext from the order of words in a key, where levels come first, into that of [`KeySlice`].
fn transform_ggsw(product: &ExternalProduct, words: &[u64], points: &mut [Points], scratch: &mut [Block]) {
    let (columns, level) = (product.polynomials, product.level);
    let size = scratch.len() * 2 * 64;
    for (i, polynomial) in words.chunks_exact(size).enumerate() {
        let (of_level, row, column) = (i / (columns * columns), i / columns % columns, i % columns);
        product.transform.forward_key(polynomial, scratch);
        let place = (row * level + of_level) * columns + column;
        let places = points.iter_mut().skip(place).step_by(columns * columns * level);
        for (to, from) in places.zip(scratch.as_flattened()) {
            *to = *from;
        }
    }
}

impl Kernel for Avx512Bootstrap {
    type Scratch = Avx512Scratch;
    const BATCH: usize = 16;

    fn scratch(&self) -> Avx512Scratch {
        Avx512Scratch {
            switched: (0..Self::BATCH).map(|_| Switched::new(self.from, self.size)).collect(),
            table: vec![0; self.size],
            accumulators: Accumulators::new(Self::BATCH, self.product.polynomials, self.size),
            rows: vec![[Points::ZERO; LANES]; self.product.scratch_blocks()],
        }
    }

    fn words(&self) -> (usize, usize) {
        (self.from + 1, (self.product.polynomials - 1) * self.size + 1)
    }
}

impl Bootstrap for Avx512Bootstrap {
    fn polynomial_size(&self) -> usize {
        self.size
    }

    fn bootstrap(
        &self,
        input: &[u64],
        output: &mut [u64],
        (first, tables): (usize, LookupTables<'_>),
        scratch: &mut Avx512Scratch,
    ) {
        let (input_words, output_words) = self.words();
        let Avx512Scratch { switched, table, accumulators, rows } = scratch;
        let switched = &mut switched[..input.len() / input_words];
        for (i, input) in input.chunks_exact(input_words).enumerate() {
            switched[i].switch(small(input));
            tables.fill(first + i, table);
            accumulators.start(i, table, switched[i].body);
        }
        // SAFETY: a `Transform` holds the proof that the processor has the instructions.
        unsafe {
            match self.product.polynomials {
                2 => self.rotate::<2>(switched, accumulators, rows),
                3 => self.rotate::<3>(switched, accumulators, rows),
                4 => self.rotate::<4>(switched, accumulators, rows),
                5 => self.rotate::<5>(switched, accumulators, rows),
                6 => self.rotate::<6>(switched, accumulators, rows),
                7 => self.rotate::<7>(switched, accumulators, rows),
                _ => unreachable!("checked: the shape is supported"),
            }
        }
        for (i, output) in output.chunks_exact_mut(output_words).enumerate() {
            accumulators.extract(i, output);
        }
    }
}
