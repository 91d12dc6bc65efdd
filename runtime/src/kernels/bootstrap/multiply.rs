//! The middle phase of a step: the rest of the transform, the products with the key, and the way back up to one step.

use super::complex::{Complex, Multiplier, ProductSum};
use super::external_product::{ExternalProduct, Turns, Workspace};
use super::monomials::{Monomial, Values};
use super::simd::{Block, LANES, Points, Reals, Simd, Task};

/// Monomials of a step with a pair of bits.
pub(super) const TERMS: usize = 3;

/// Most accumulators, or components of them, that the key goes by together from the second cache to the nearest.
pub(super) const COMPANIONS: usize = 4;

/// Vectors of a block that the key is brought near ahead of its use.
const LEAD: usize = 2;

/// The GGSW ciphertexts of a step, and what comes after them.
#[derive(Clone, Copy)]
pub(super) struct KeySlice<'a> {
    /// By vector of points, row of a GGSW (polynomial, then level from the finest), GGSW, column.
    pub(super) points: &'a [Points],
    /// Part of the next slice that this ciphertext of the batch prefetches.
    pub(super) next: &'a [Points],
}

/// `K1 = k + 1`, and whether with the monomials of a pair of bits.
pub(super) struct Multiply<'a, S, const K1: usize, const IS_PAIR: bool> {
    pub(super) product: &'a ExternalProduct<S>,
    pub(super) key: KeySlice<'a>,
    /// For each accumulator.
    pub(super) turns: &'a [Turns],
    pub(super) workspace: &'a mut Workspace,
}

/// For each accumulator the monomials of a step with a pair of bits, in one block.
struct Terms<'a> {
    turns: &'a [Turns],
    monomials: &'a [[[Monomial; 2]; TERMS]],
    values: &'a [[[Values; 2]; TERMS]],
}

impl<S: Simd, const K1: usize, const IS_PAIR: bool> Task<S> for Multiply<'_, S, K1, IS_PAIR> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: S) {
        let Self { product, key, turns, workspace } = self;
        let (transform, blocks) = (&product.transform, product.transform.blocks);
        let Workspace { rows, sums, values } = workspace;
        let in_part = blocks / transform.first_radix;
        let in_block = product.block();
        let (height, extension) = (K1 * product.level(), product.extension);
        let (inputs, outputs) = (turns.len() * extension * height, turns.len() * extension * K1);
        // Prefetches for each transform of a block.
        let near = (in_block / LANES * LEAD).div_ceil(inputs);
        let far = key.next.len().div_ceil(blocks * (inputs + outputs));
        let mut monomials = [[[Monomial::ONE; 2]; TERMS]; COMPANIONS];
        let kinds = if extension == 1 { 1 } else { 2 };
        if IS_PAIR {
            for (monomials, turn) in monomials.as_flattened_mut().iter_mut().zip(turns.as_flattened()) {
                for (i, monomial) in monomials.iter_mut().enumerate().take(kinds) {
                    *monomial = product.monomials.monomial((turn.power + i) & (2 * product.size() - 1));
                }
            }
        }
        for part in 0..transform.first_radix {
            for row in 0..inputs {
                let start = row * product.stride() + part * in_part;
                transform.forward_middle(simd, part, &mut rows[start..start + in_part]);
            }
            for block in part * in_part..(part + 1) * in_part {
                let next = block * (inputs + outputs) * far;
                for row in 0..inputs {
                    for i in 0..far {
                        simd.prefetch::<false>(key.next, next + row * far + i);
                    }
                    for i in 0..near {
                        simd.prefetch::<true>(key.points, block * in_block + row * near + i);
                    }
                    transform.forward_last(simd, block, &mut rows[row * product.stride() + block]);
                }
                let points = &key.points[block * in_block..][..in_block];
                if IS_PAIR {
                    let all = monomials[..turns.len()].as_flattened();
                    for (values, monomials) in values.as_flattened_mut().iter_mut().zip(all) {
                        for (values, monomial) in values.iter_mut().zip(monomials).take(kinds) {
                            product.monomials.values(simd, monomial, block, values);
                        }
                    }
                    let terms = Terms { turns, monomials: &monomials, values };
                    if extension == 1 {
                        multiply_pair::<S, K1, false>(
                            (simd, product),
                            points,
                            &terms,
                            &mut rows[block..],
                            sums,
                        );
                    } else {
                        multiply_pair::<S, K1, true>(
                            (simd, product),
                            points,
                            &terms,
                            &mut rows[block..],
                            sums,
                        );
                    }
                } else {
                    let components = turns.len() * extension;
                    multiply_block::<S, K1>((simd, product), points, components, &mut rows[block..]);
                }
                for i in 0..outputs {
                    for j in 0..far {
                        simd.prefetch::<false>(key.next, next + (inputs + i) * far + j);
                    }
                    let row = i / K1 * height + i % K1;
                    transform.inverse_last(simd, block, &mut rows[row * product.stride() + block]);
                }
            }
            for i in 0..outputs {
                let start = (i / K1 * height + i % K1) * product.stride() + part * in_part;
                transform.inverse_middle(simd, part, &mut rows[start..start + in_part]);
            }
        }
    }
}

/// The row vectors of 64 points each, every `stride`-th of `rows`, times the matrix of the key; takes the place of
/// the first rows of each component.
#[inline(always)]
fn multiply_block<S: Simd, const K1: usize>(
    (simd, product): (S, &ExternalProduct<S>),
    points: &[Points],
    components: usize,
    rows: &mut [Block],
) {
    let (height, stride) = (K1 * product.level(), product.stride());
    let (key, _) = points.as_chunks::<K1>();
    for (v, key) in key.chunks_exact(height).enumerate() {
        for t in 0..components {
            for part in 0..S::PARTS {
                let mut sums = [ProductSum::zero(simd); K1];
                for (row, key) in key.iter().enumerate() {
                    if t == 0 && part == 0 {
                        let there = ((v + LEAD) * height + row) * K1;
                        for i in 0..K1 {
                            simd.prefetch::<true>(points, there + i);
                        }
                    }
                    let x = Multiplier::new(Complex::load(simd, &rows[(t * height + row) * stride][v], part));
                    for column in 0..K1 {
                        sums[column] = sums[column].add(x, Complex::load(simd, &key[column], part));
                    }
                }
                for column in 0..K1 {
                    sums[column].total().store(&mut rows[(t * height + column) * stride][v], part);
                }
            }
        }
    }
}

/// Like [`multiply_block`], each row times the three terms of a pair first.
#[inline(always)]
fn multiply_pair<S: Simd, const K1: usize, const IS_EXTENDED: bool>(
    (simd, product): (S, &ExternalProduct<S>),
    points: &[Points],
    terms: &Terms<'_>,
    rows: &mut [Block],
    all_sums: &mut [Points],
) {
    let (height, stride) = (K1 * product.level(), product.stride());
    let (key, _) = points.as_chunks::<K1>();
    let (key, _) = key.as_chunks::<TERMS>();
    for (v, key) in key.chunks_exact(height).enumerate() {
        let own_terms = terms.turns.iter().zip(terms.monomials).zip(terms.values);
        for (place, ((turns, monomials), values)) in own_terms.enumerate() {
            let first = place * product.extension;
            for t in 0..product.extension {
                for part in 0..S::PARTS {
                    let mut factors = [Multiplier::new(Complex::zero(simd)); TERMS];
                    for (term, factor) in factors.iter_mut().enumerate() {
                        let (_, is_next) = turns[term].source(t, product.extension);
                        let kind = usize::from(IS_EXTENDED && is_next);
                        let mut value = values[term][kind].of(simd, &monomials[term][kind], v, part);
                        if !IS_EXTENDED {
                            value.re = value.re.sub(simd.real(1.0));
                        }
                        *factor = Multiplier::new(value);
                    }
                    let mut sums = [ProductSum::zero(simd); K1];
                    for (row, key) in key.iter().enumerate() {
                        if first + t == 0 && part == 0 {
                            let there = ((v + LEAD) * height + row) * TERMS * K1;
                            for i in 0..TERMS * K1 {
                                simd.prefetch::<true>(points, there + i);
                            }
                        }
                        let own = Complex::load(simd, &rows[((first + t) * height + row) * stride][v], part);
                        for term in 0..TERMS {
                            // (factor − 1)·own, or factor·source − own.
                            let mut x = factors[term].mul(own);
                            if IS_EXTENDED {
                                let (component, _) = turns[term].source(t, product.extension);
                                let place = ((first + component) * height + row) * stride;
                                x = factors[term].mul(Complex::load(simd, &rows[place][v], part)).sub(own);
                            }
                            let x = Multiplier::new(x);
                            for column in 0..K1 {
                                let key = Complex::load(simd, &key[term][column], part);
                                sums[column] = sums[column].add(x, key);
                            }
                        }
                    }
                    for column in 0..K1 {
                        let place = &mut rows[((first + t) * height + column) * stride][v];
                        let place = if IS_EXTENDED { &mut all_sums[t * K1 + column] } else { place };
                        sums[column].total().store(place, part);
                    }
                }
            }
            if IS_EXTENDED {
                for (i, sum) in all_sums.iter().enumerate() {
                    rows[((first + i / K1) * height + i % K1) * stride][v] = *sum;
                }
            }
        }
    }
}
