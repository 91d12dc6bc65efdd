//! The bootstrap: centred modulus switch, blind rotation of a batch, sample extraction.
//!
//! A slice of the key passes by all ciphertexts of a batch before the next one; while one is used, the next is
//! prefetched.

use super::accumulators::Accumulators;
use super::external_product::{ExternalProduct, Turn, Workspace};
use super::monomials::Monomials;
use super::multiply::{COMPANIONS, KeySlice, TERMS};
use super::simd::{Block, LANES, Points, Simd};
use super::transform::Transform;
use crate::kernels::key_data::KeyData;
use crate::kernels::modulus_switch::Switched;
use crate::kernels::{
    Bootstrap, BootstrapKeyShape, BootstrapKeySource, Kernel, LookupTables, interleaved, small,
};
use crate::keys::is_served;
use cloakwork_abi::batches::bootstrap_batch;
use cloakwork_abi::parameters::ExtensionFactor;
use rayon::prelude::{IndexedParallelIterator, ParallelIterator, ParallelSliceMut};

pub(crate) struct FusedBootstrap<S> {
    /// `n`
    from: usize,
    /// `N`
    size: usize,
    product: ExternalProduct<S>,
    /// By step, then as [`KeySlice`] says.
    key: KeyData<Points>,
}

/// Memory for a batch.
pub(crate) struct FusedScratch {
    switched: Vec<Switched>,
    table: Vec<u64>,
    accumulators: Accumulators,
    workspace: Workspace,
}

impl<S: Simd> FusedBootstrap<S> {
    /// The shape is one that [`is_served`].
    pub(crate) fn new(simd: S, key: &dyn BootstrapKeySource) -> Self {
        let mut new = Self::with_key(simd, key.shape(), KeyData::filled(0, |_| {}));
        let product = &new.product;
        let (slice, ciphertexts) = (product.slice(), product.grouping.ciphertexts() as usize);
        let steps = new.from / product.grouping.factor() as usize;
        let transform = |points: &mut [Points]| {
            points.par_chunks_exact_mut(slice).enumerate().for_each_init(
                || (vec![0; slice * 2 * LANES], vec![[Points::ZERO; LANES]; product.transform.blocks]),
                |(words, scratch), (step, points)| {
                    let size = words.len() / ciphertexts;
                    for (i, words) in words.chunks_exact_mut(size).enumerate() {
                        key.fill(step * ciphertexts + i, words);
                    }
                    transform_slice(product, words, points, scratch);
                },
            );
        };
        new.key = KeyData::filled(steps * slice, transform);
        new
    }

    /// With a key that was transformed before.
    pub(crate) fn with_key(simd: S, key: BootstrapKeyShape, points: KeyData<Points>) -> Self {
        assert!(is_served(key.to));
        assert!(key.from.0.is_multiple_of(key.grouping.factor()), "checked: pairs need an even dimension");
        let size = key.to.polynomial_size.0 as usize;
        let transform = Transform::new(size);
        let product = ExternalProduct {
            simd,
            monomials: Monomials::new(&transform),
            transform,
            decomposition: key.decomposition,
            grouping: key.grouping,
            polynomials: key.to.dimension.0 as usize + 1,
            extension: key.extension.0 as usize,
        };
        Self { from: key.from.0 as usize, size, product, key: points }
    }

    /// The key as it lies in memory.
    pub(crate) fn key(&self) -> &[u8] {
        self.key.bytes()
    }

    /// The transforms and products of `count` blind rotations alone, on data that stays in the nearest caches: what a bootstrap
    /// would take if nothing else took time.
    pub(crate) fn arithmetic(&self, count: usize) {
        let mut workspace = self.product.workspace();
        let slice = KeySlice { points: &self.key[..self.product.slice()], next: &[] };
        let steps = self.from / self.product.grouping.factor() as usize;
        let mut left = count * steps;
        while left > 0 {
            let together = left.min(self.product.companions());
            self.product.arithmetic(slice, together, &mut workspace);
            left -= together;
        }
        std::hint::black_box(&workspace.rows);
    }

    /// The centre of the bootstrap.
    fn rotate(&self, switched: &[Switched], accumulators: &mut Accumulators, workspace: &mut Workspace) {
        let (slice, bits) = (self.product.slice(), self.product.grouping.factor() as usize);
        let companions = self.product.companions();
        let share = slice.div_ceil(switched.len().div_ceil(companions).max(1));
        for i in 0..self.from / bits {
            let points = &self.key[i * slice..][..slice];
            for (group, switched) in switched.chunks(companions).enumerate() {
                let next = &self.key[((i + 1) * slice + group * share).min(self.key.len())..];
                let next = &next[..share.min(next.len())];
                let mut turns = [[Turn::NONE; TERMS]; COMPANIONS];
                let turns = &mut turns[..switched.len()];
                for (turns, switched) in turns.iter_mut().zip(switched) {
                    *turns = self.product.turns(&switched.mask[i * bits..][..bits]);
                }
                let accumulators = accumulators.some(group * companions, switched.len());
                self.product.step(KeySlice { points, next }, accumulators, turns, workspace);
            }
        }
    }
}

/// Brings the GGSW ciphertexts of a step from the order of words in a key, where each has its levels first, into that
/// of [`KeySlice`].
fn transform_slice<S: Simd>(
    product: &ExternalProduct<S>,
    words: &[u64],
    points: &mut [Points],
    scratch: &mut [Block],
) {
    let (columns, level) = (product.polynomials, product.level());
    let (rows, ciphertexts) = (columns * level, product.grouping.ciphertexts() as usize);
    let size = scratch.len() * 2 * 64;
    for (i, polynomial) in words.chunks_exact(size).enumerate() {
        let (ciphertext, i) = (i / (rows * columns), i % (rows * columns));
        let (of_level, row, column) = (i / (columns * columns), i / columns % columns, i % columns);
        product.transform.forward_key(product.simd, polynomial, scratch);
        let place = ((row * level + of_level) * ciphertexts + ciphertext) * columns + column;
        let places = points.iter_mut().skip(place).step_by(rows * ciphertexts * columns);
        for (to, from) in places.zip(scratch.as_flattened()) {
            *to = *from;
        }
    }
}

impl<S: Simd> Kernel for FusedBootstrap<S> {
    type Scratch = FusedScratch;
    const BATCH: usize = bootstrap_batch(ExtensionFactor(1)) as usize;

    fn batch(&self) -> usize {
        bootstrap_batch(ExtensionFactor(self.product.extension as u64)) as usize
    }

    fn scratch(&self) -> FusedScratch {
        let (batch, extension) = (self.batch(), self.product.extension);
        FusedScratch {
            switched: (0..batch).map(|_| Switched::new(self.from)).collect(),
            table: vec![0; self.coefficients()],
            accumulators: Accumulators::new(batch, (self.product.polynomials, self.size), extension),
            workspace: self.product.workspace(),
        }
    }

    fn words(&self) -> (usize, usize) {
        (self.from + 1, (self.product.polynomials - 1) * self.size + 1)
    }
}

impl<S: Simd> Bootstrap for FusedBootstrap<S> {
    fn coefficients(&self) -> usize {
        self.product.extension * self.size
    }

    fn bootstrap(
        &self,
        input: &[u64],
        output: &mut [u64],
        (first, tables): (usize, LookupTables<'_>),
        scratch: &mut FusedScratch,
    ) {
        let (input_words, output_words) = self.words();
        let FusedScratch { switched, table, accumulators, workspace } = scratch;
        let switched = &mut switched[..input.len() / input_words];
        for (i, input) in input.chunks_exact(input_words).enumerate() {
            switched[i].switch(small(input), self.coefficients(), interleaved(tables.outputs));
            tables.fill(first + i, table);
            accumulators.start(i, table, switched[i].body);
        }
        self.rotate(switched, accumulators, workspace);
        for (i, output) in output.chunks_exact_mut(output_words).enumerate() {
            accumulators.extract(i / tables.outputs, i % tables.outputs, output);
        }
    }
}
