//! One step of a blind rotation, `acc ← acc + GGSW ⊡ (X^turn − 1)·acc`, in three fused phases.
//!
//! 1. Rotate, subtract, take apart and make the first step of the transform, in one pass over the accumulator.
//! 2. For each part that the first step has made: the rest of the transform; within each block of 64 points
//!    the products with the key and the first steps back, while the block is in registers or the nearest cache;
//!    then the steps back in between. Parts keep large polynomials within the second cache.
//! 3. The last step back, reduction modulo 1, and addition to the accumulator.

use super::Avx512;
use super::accumulators::extend;
use super::butterfly::{forward, inverse};
use super::digits::Gadget;
use super::transform::{Block, Transform};
use super::vector::{Complex, F64x8, I64x8, LANES, Points, prefetch};

/// A GGSW ciphertext of the key, and what comes after it.
#[derive(Clone, Copy)]
pub(super) struct KeySlice<'a> {
    /// By vector of points, row of the GGSW (polynomial, then level from the finest), column.
    pub(super) points: &'a [Points],
    /// Part of the next GGSW that this ciphertext of the batch prefetches.
    pub(super) next: &'a [Points],
}

/// What all steps of a blind rotation share.
pub(super) struct ExternalProduct {
    pub(super) avx512: Avx512,
    pub(super) transform: Transform,
    pub(super) gadget: Gadget,
    /// `k + 1`
    pub(super) polynomials: usize,
    pub(super) level: usize,
}

impl ExternalProduct {
    /// Blocks of scratch memory that [`Self::step`] needs.
    pub(super) fn scratch_blocks(&self) -> usize {
        self.polynomials * self.level * self.transform.blocks
    }

    /// `K1 = k + 1`; `turn` is below `2N`; `accumulator` comes from `Accumulators::of`.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    pub(super) fn step<const K1: usize>(
        &self,
        key: KeySlice<'_>,
        accumulator: &mut [u64],
        turn: usize,
        scratch: &mut [Block],
    ) {
        match (self.transform.first_radix, self.level) {
            (2, 1) => self.take_apart::<2, true>(accumulator, turn, scratch),
            (4, 1) => self.take_apart::<4, true>(accumulator, turn, scratch),
            (_, 1) => self.take_apart::<8, true>(accumulator, turn, scratch),
            (2, _) => self.take_apart::<2, false>(accumulator, turn, scratch),
            (4, _) => self.take_apart::<4, false>(accumulator, turn, scratch),
            (_, _) => self.take_apart::<8, false>(accumulator, turn, scratch),
        }
        self.multiply::<K1>(key, scratch);
        match self.transform.first_radix {
            2 => self.add::<2>(accumulator, scratch),
            4 => self.add::<4>(accumulator, scratch),
            _ => self.add::<8>(accumulator, scratch),
        }
    }

    /// Phase 1.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn take_apart<const R: usize, const IS_SINGLE: bool>(
        &self,
        accumulator: &[u64],
        turn: usize,
        scratch: &mut [Block],
    ) {
        let factors = self.transform.first();
        let blocks = self.transform.blocks;
        let size = 2 * 64 * blocks;
        let stride = size / 2 / R;
        let rows = scratch.chunks_exact_mut(self.level * blocks);
        for (polynomial, rows) in accumulator.chunks_exact(size + LANES).zip(rows) {
            let rows = rows.as_flattened_mut();
            for j in (0..stride).step_by(LANES) {
                let mut re = [I64x8::splat(self.avx512, 0); R];
                let mut im = re;
                for t in 0..R {
                    re[t] = self.gadget.round(self.difference(polynomial, j + t * stride, turn));
                    im[t] = self.gadget.round(self.difference(polynomial, j + t * stride + size / 2, turn));
                }
                let levels = if IS_SINGLE { 1 } else { self.level };
                for level in 0..levels {
                    let mut x = [Complex::zero(self.avx512); R];
                    let is_last = level + 1 == levels;
                    for t in 0..R {
                        let (re, im) = if IS_SINGLE || is_last {
                            (re[t], im[t])
                        } else {
                            (self.gadget.take(&mut re[t]), self.gadget.take(&mut im[t]))
                        };
                        x[t] = Complex { re: re.to_doubles(), im: im.to_doubles() };
                    }
                    forward(self.avx512, &mut x, factors);
                    let row = &mut rows[level * blocks * LANES..][..blocks * LANES];
                    for t in 0..R {
                        x[t].store(&mut row[(j + t * stride) / LANES]);
                    }
                }
            }
        }
    }

    /// Eight coefficients of `(X^turn − 1)·polynomial`.
    #[inline(always)]
    fn difference(&self, polynomial: &[u64], position: usize, turn: usize) -> I64x8 {
        let size = polynomial.len() - LANES;
        let from = (position + 2 * size - turn) & (2 * size - 1);
        // All ones if the coefficients have gone around: −x = (x ⊕ −1) + 1.
        let sign = I64x8::splat(self.avx512, -((from >= size) as i64));
        let turned = I64x8::load(self.avx512, &polynomial[from & (size - 1)..]).xor(sign).sub(sign);
        turned.sub(I64x8::load(self.avx512, &polynomial[position..]))
    }

    /// Phase 2.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn multiply<const K1: usize>(&self, key: KeySlice<'_>, scratch: &mut [Block]) {
        let (transform, blocks) = (&self.transform, self.transform.blocks);
        let rows = K1 * self.level;
        let in_part = blocks / transform.first_radix;
        let in_block = LANES * rows * K1; // vectors of the key
        let near = in_block.div_ceil(rows + K1); // for each transform of a block
        let far = key.next.len().div_ceil(blocks * (rows + K1));
        for part in 0..transform.first_radix {
            for row in 0..rows {
                let start = row * blocks + part * in_part;
                transform.forward_middle(part, &mut scratch[start..start + in_part]);
            }
            for block in part * in_part..(part + 1) * in_part {
                let ahead = |transforms: usize| {
                    for i in 0..near {
                        prefetch::<true>(key.points, (block + 1) * in_block + transforms * near + i);
                    }
                    for i in 0..far {
                        prefetch::<false>(key.next, (block * (rows + K1) + transforms) * far + i);
                    }
                };
                for row in 0..rows {
                    ahead(row);
                    transform.forward_last(block, &mut scratch[row * blocks + block]);
                }
                self.multiply_block::<K1>(&key.points[block * in_block..][..in_block], block, scratch);
                for column in 0..K1 {
                    ahead(rows + column);
                    transform.inverse_last(block, &mut scratch[column * blocks + block]);
                }
            }
            for column in 0..K1 {
                let start = column * blocks + part * in_part;
                transform.inverse_middle(part, &mut scratch[start..start + in_part]);
            }
        }
    }

    /// The row vector of 64 points each, times the matrix of the key; takes the place of the first rows.
    #[inline(always)]
    fn multiply_block<const K1: usize>(&self, key: &[Points], block: usize, scratch: &mut [Block]) {
        let rows = K1 * self.level;
        let (key, _) = key.as_chunks::<K1>();
        for (v, key) in key.chunks_exact(rows).enumerate() {
            let mut sums = [Complex::zero(self.avx512); K1];
            for (row, key) in key.iter().enumerate() {
                let x = Complex::load(self.avx512, &scratch[row * self.transform.blocks + block][v]);
                for column in 0..K1 {
                    sums[column] = x.mul_add(Complex::load(self.avx512, &key[column]), sums[column]);
                }
            }
            for column in 0..K1 {
                sums[column].store(&mut scratch[column * self.transform.blocks + block][v]);
            }
        }
    }

    /// Phase 3.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn add<const R: usize>(&self, accumulator: &mut [u64], scratch: &[Block]) {
        let factors = self.transform.first();
        let blocks = self.transform.blocks;
        let size = 2 * 64 * blocks;
        let stride = size / 2 / R;
        let columns = scratch.chunks_exact(blocks);
        for (polynomial, column) in accumulator.chunks_exact_mut(size + LANES).zip(columns) {
            let column = column.as_flattened();
            for j in (0..stride).step_by(LANES) {
                let mut x = [Complex::zero(self.avx512); R];
                for t in 0..R {
                    x[t] = Complex::load(self.avx512, &column[(j + t * stride) / LANES]);
                }
                inverse(self.avx512, &mut x, factors);
                for (t, x) in x.iter().enumerate() {
                    self.add_at(polynomial, j + t * stride, x.re);
                    self.add_at(polynomial, j + t * stride + size / 2, x.im);
                }
            }
            extend(polynomial);
        }
    }

    /// Adds numbers on the torus to eight coefficients.
    #[inline(always)]
    fn add_at(&self, polynomial: &mut [u64], position: usize, numbers: F64x8) {
        let units = numbers.fraction().mul(F64x8::splat(self.avx512, 64f64.exp2())).to_integers();
        let words = &mut polynomial[position..position + LANES];
        I64x8::load(self.avx512, words).add(units).store(words);
    }
}
