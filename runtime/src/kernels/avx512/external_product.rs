//! One step of a blind rotation in three fused phases. With one key bit it is
//! `acc ← acc + GGSW ⊡ (X^a − 1)·acc`, with a pair of them
//! `acc ← acc + (K₁·(X^a − 1) + K₂·(X^b − 1) + K₃·(X^(a+b) − 1)) ⊡ acc`.
//!
//! 1. With one bit rotate and subtract; take apart and make the first step of the transform, in one pass over the
//!    accumulator.
//! 2. For each part that the first step has made: the rest of the transform; within each block of 64 points
//!    the products with the key and the first steps back, while the block is in registers or the nearest cache;
//!    then the steps back in between. Parts keep large polynomials within the second cache. With a pair of bits the
//!    values are multiplied by those of the monomials here, so the products have three times as many terms.
//! 3. The last step back, reduction modulo 1, and addition to the accumulator.
//!
//! All components of an accumulator go through a phase before the next, as each needs others: `X^(q·e + r)` takes
//! component `t − r` to component `t` with a factor `Y^q`, or component `t + e − r` with `Y^(q+1)`.

use super::Avx512;
use super::accumulators::extend;
use super::butterfly::{forward, inverse};
use super::digits::Gadget;
use super::monomials::{Monomial, Monomials};
use super::transform::{Block, Transform};
use super::vector::{Complex, F64x8, I64x8, LANES, Points, prefetch};
use cloakwork_abi::parameters::Grouping;

/// Monomials of a step with a pair of bits.
const TERMS: usize = 3;

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

/// What all steps of a blind rotation share.
pub(super) struct ExternalProduct {
    pub(super) avx512: Avx512,
    pub(super) transform: Transform,
    pub(super) monomials: Monomials,
    pub(super) gadget: Gadget,
    pub(super) grouping: Grouping,
    /// `k + 1`
    pub(super) polynomials: usize,
    pub(super) level: usize,
    /// `e`
    pub(super) extension: usize,
}

/// Memory of a step.
pub(super) struct Workspace {
    /// By component and row: what is transformed; then, in the place of the first rows, the products.
    rows: Vec<Block>,
    /// By component and column: the products of one vector, until no component needs what they take the place of.
    sums: Vec<Points>,
    /// By monomial, for either factor of [`Turn`]: its values in one block.
    values: [[Block; 2]; TERMS],
}

/// What phase 1 makes a polynomial of, see [`ExternalProduct::coefficients`].
#[derive(Clone, Copy)]
struct Operand<'a> {
    source: &'a [u64],
    own: &'a [u64],
    power: usize,
}

/// `X^(q·e + r)`
#[derive(Clone, Copy)]
struct Turn {
    /// `q`
    power: usize,
    /// `r`
    shift: usize,
}

impl Turn {
    /// Which component comes to component `t`, and whether by `Y^(q+1)`.
    #[inline(always)]
    fn source(self, t: usize, extension: usize) -> (usize, bool) {
        if t >= self.shift { (t - self.shift, false) } else { (t + extension - self.shift, true) }
    }
}

impl ExternalProduct {
    pub(super) fn workspace(&self) -> Workspace {
        let block = [Points::ZERO; LANES];
        Workspace {
            rows: vec![block; self.extension * self.rows() * self.transform.blocks],
            sums: vec![Points::ZERO; self.extension * self.polynomials],
            values: [[block; 2]; TERMS],
        }
    }

    /// `N`
    #[inline(always)]
    fn size(&self) -> usize {
        2 * 64 * self.transform.blocks
    }

    /// Rows of a GGSW.
    #[inline(always)]
    fn rows(&self) -> usize {
        self.polynomials * self.level
    }

    /// Vectors of a slice of the key.
    pub(super) fn slice(&self) -> usize {
        self.transform.blocks * self.block()
    }

    /// Vectors of a slice of the key for each block.
    #[inline(always)]
    fn block(&self) -> usize {
        LANES * self.rows() * self.grouping.ciphertexts() as usize * self.polynomials
    }

    /// `turns` are `a`, or `a` and `b`, below `2·e·N`; `accumulator` comes from `Accumulators::of`.
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    pub(super) fn step(
        &self,
        key: KeySlice<'_>,
        accumulator: &mut [u64],
        turns: &[usize],
        workspace: &mut Workspace,
    ) {
        if turns.iter().all(|&turn| turn == 0) {
            return;
        }
        let turn = |turn: usize| {
            let turn = turn % (2 * self.extension * self.size());
            Turn { power: turn / self.extension, shift: turn % self.extension }
        };
        let first = turn(turns[0]);
        match (self.transform.first_radix, self.level, self.grouping) {
            (2, 1, Grouping::One) => self.take_apart::<2, true, true>(accumulator, first, workspace),
            (4, 1, Grouping::One) => self.take_apart::<4, true, true>(accumulator, first, workspace),
            (_, 1, Grouping::One) => self.take_apart::<8, true, true>(accumulator, first, workspace),
            (2, _, Grouping::One) => self.take_apart::<2, false, true>(accumulator, first, workspace),
            (4, _, Grouping::One) => self.take_apart::<4, false, true>(accumulator, first, workspace),
            (_, _, Grouping::One) => self.take_apart::<8, false, true>(accumulator, first, workspace),
            (2, 1, Grouping::Two) => self.take_apart::<2, true, false>(accumulator, first, workspace),
            (4, 1, Grouping::Two) => self.take_apart::<4, true, false>(accumulator, first, workspace),
            (_, 1, Grouping::Two) => self.take_apart::<8, true, false>(accumulator, first, workspace),
            (2, _, Grouping::Two) => self.take_apart::<2, false, false>(accumulator, first, workspace),
            (4, _, Grouping::Two) => self.take_apart::<4, false, false>(accumulator, first, workspace),
            (_, _, Grouping::Two) => self.take_apart::<8, false, false>(accumulator, first, workspace),
        }
        let turns = match *turns {
            [a, b] => [turn(a), turn(b), turn(a + b)],
            _ => [turn(0); TERMS],
        };
        match (self.polynomials, self.grouping) {
            (2, Grouping::One) => self.multiply::<2, false>(key, turns, workspace),
            (3, Grouping::One) => self.multiply::<3, false>(key, turns, workspace),
            (4, Grouping::One) => self.multiply::<4, false>(key, turns, workspace),
            (5, Grouping::One) => self.multiply::<5, false>(key, turns, workspace),
            (6, Grouping::One) => self.multiply::<6, false>(key, turns, workspace),
            (7, Grouping::One) => self.multiply::<7, false>(key, turns, workspace),
            (2, Grouping::Two) => self.multiply::<2, true>(key, turns, workspace),
            (3, Grouping::Two) => self.multiply::<3, true>(key, turns, workspace),
            (4, Grouping::Two) => self.multiply::<4, true>(key, turns, workspace),
            (5, Grouping::Two) => self.multiply::<5, true>(key, turns, workspace),
            (6, Grouping::Two) => self.multiply::<6, true>(key, turns, workspace),
            (7, Grouping::Two) => self.multiply::<7, true>(key, turns, workspace),
            _ => unreachable!("checked: the shape is supported"),
        }
        match self.transform.first_radix {
            2 => self.add::<2>(accumulator, workspace),
            4 => self.add::<4>(accumulator, workspace),
            _ => self.add::<8>(accumulator, workspace),
        }
    }

    /// Phase 1.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn take_apart<const R: usize, const IS_SINGLE: bool, const IS_TURNED: bool>(
        &self,
        accumulator: &[u64],
        turn: Turn,
        workspace: &mut Workspace,
    ) {
        let component = self.polynomials * (self.size() + LANES);
        let rows = workspace.rows.chunks_exact_mut(self.rows() * self.transform.blocks);
        for (t, rows) in rows.enumerate() {
            let (source, is_next) = turn.source(t, self.extension);
            let power = (turn.power + usize::from(is_next)) & (2 * self.size() - 1);
            let rows = rows.chunks_exact_mut(self.level * self.transform.blocks);
            for (i, rows) in rows.enumerate() {
                let polynomial = |t: usize| {
                    &accumulator[t * component + i * (self.size() + LANES)..][..self.size() + LANES]
                };
                let operand = Operand { source: polynomial(source), own: polynomial(t), power };
                self.take_apart_polynomial::<R, IS_SINGLE, IS_TURNED>(operand, rows);
            }
        }
    }

    /// Takes `Y^power·source − own`, or `own`.
    #[inline(always)]
    fn take_apart_polynomial<const R: usize, const IS_SINGLE: bool, const IS_TURNED: bool>(
        &self,
        operand: Operand<'_>,
        rows: &mut [Block],
    ) {
        let factors = self.transform.first();
        let (blocks, size) = (self.transform.blocks, self.size());
        let stride = size / 2 / R;
        let rows = rows.as_flattened_mut();
        for j in (0..stride).step_by(LANES) {
            let mut re = [I64x8::splat(self.avx512, 0); R];
            let mut im = re;
            for t in 0..R {
                re[t] = self.gadget.round(self.coefficients::<IS_TURNED>(operand, j + t * stride));
                im[t] = self.gadget.round(self.coefficients::<IS_TURNED>(operand, j + t * stride + size / 2));
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

    /// Eight coefficients of `Y^power·source − own`, or of `own`.
    #[inline(always)]
    fn coefficients<const IS_TURNED: bool>(&self, operand: Operand<'_>, position: usize) -> I64x8 {
        let Operand { source, own, power } = operand;
        let size = own.len() - LANES;
        let own = I64x8::load(self.avx512, &own[position..]);
        if !IS_TURNED {
            return own;
        }
        let from = (position + 2 * size - power) & (2 * size - 1);
        // All ones if the coefficients have gone around: −x = (x ⊕ −1) + 1.
        let sign = I64x8::splat(self.avx512, -((from >= size) as i64));
        I64x8::load(self.avx512, &source[from & (size - 1)..]).xor(sign).sub(sign).sub(own)
    }

    /// Phase 2.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn multiply<const K1: usize, const IS_PAIR: bool>(
        &self,
        key: KeySlice<'_>,
        turns: [Turn; TERMS],
        workspace: &mut Workspace,
    ) {
        let (transform, blocks) = (&self.transform, self.transform.blocks);
        let Workspace { rows, sums, values } = workspace;
        let in_part = blocks / transform.first_radix;
        let in_block = self.block();
        let (inputs, outputs) = (self.extension * self.rows(), self.extension * self.polynomials);
        let near = (in_block / LANES * LEAD).div_ceil(inputs); // for each transform of a block
        let far = key.next.len().div_ceil(blocks * (inputs + outputs));
        let mut monomials = [[Monomial::ONE; 2]; TERMS];
        if IS_PAIR {
            for (monomials, turn) in monomials.iter_mut().zip(turns) {
                for (i, monomial) in monomials.iter_mut().enumerate() {
                    *monomial = self.monomials.monomial((turn.power + i) & (2 * self.size() - 1));
                }
            }
        }
        let kinds = if self.extension == 1 { 1 } else { 2 };
        // Rows of the products stand where the first rows of a component stood.
        let output = |i: usize| i / self.polynomials * self.rows() + i % self.polynomials;
        for part in 0..transform.first_radix {
            for row in 0..inputs {
                let start = row * blocks + part * in_part;
                transform.forward_middle(part, &mut rows[start..start + in_part]);
            }
            for block in part * in_part..(part + 1) * in_part {
                let ahead = |transforms: usize| {
                    for i in 0..far {
                        prefetch::<false>(key.next, (block * (inputs + outputs) + transforms) * far + i);
                    }
                };
                for row in 0..inputs {
                    ahead(row);
                    for i in 0..near {
                        prefetch::<true>(key.points, block * in_block + row * near + i);
                    }
                    transform.forward_last(block, &mut rows[row * blocks + block]);
                }
                let points = &key.points[block * in_block..][..in_block];
                if IS_PAIR {
                    for (values, monomials) in values.iter_mut().zip(&monomials) {
                        for (values, monomial) in values.iter_mut().zip(monomials).take(kinds) {
                            self.monomials.values(monomial, block, values);
                        }
                    }
                    let terms = Terms { turns, monomials: &monomials, values };
                    if kinds == 1 {
                        self.multiply_pair::<K1, false>(points, &terms, &mut rows[block..], sums);
                    } else {
                        self.multiply_pair::<K1, true>(points, &terms, &mut rows[block..], sums);
                    }
                } else {
                    self.multiply_block::<K1>(points, &mut rows[block..]);
                }
                for i in 0..outputs {
                    ahead(inputs + i);
                    transform.inverse_last(block, &mut rows[output(i) * blocks + block]);
                }
            }
            for i in 0..outputs {
                let start = output(i) * blocks + part * in_part;
                transform.inverse_middle(part, &mut rows[start..start + in_part]);
            }
        }
    }

    /// The row vectors of 64 points each, every `blocks`-th of `rows`, times the matrix of the key; takes the place of
    /// the first rows of each component.
    #[inline(always)]
    fn multiply_block<const K1: usize>(&self, points: &[Points], rows: &mut [Block]) {
        let (height, blocks) = (K1 * self.level, self.transform.blocks);
        let (key, _) = points.as_chunks::<K1>();
        for (v, key) in key.chunks_exact(height).enumerate() {
            for t in 0..self.extension {
                let mut sums = [Complex::zero(self.avx512); K1];
                for (row, key) in key.iter().enumerate() {
                    if t == 0 {
                        let there = ((v + LEAD) * height + row) * K1;
                        (0..K1).for_each(|i| prefetch::<true>(points, there + i));
                    }
                    let x = Complex::load(self.avx512, &rows[(t * height + row) * blocks][v]);
                    for column in 0..K1 {
                        sums[column] = x.mul_add(Complex::load(self.avx512, &key[column]), sums[column]);
                    }
                }
                for column in 0..K1 {
                    sums[column].store(&mut rows[(t * height + column) * blocks][v]);
                }
            }
        }
    }

    /// Like [`Self::multiply_block`], each row times the three terms of a pair first.
    #[inline(always)]
    fn multiply_pair<const K1: usize, const IS_EXTENDED: bool>(
        &self,
        points: &[Points],
        terms: &Terms<'_>,
        rows: &mut [Block],
        all_sums: &mut [Points],
    ) {
        let (height, blocks) = (K1 * self.level, self.transform.blocks);
        let (key, _) = points.as_chunks::<K1>();
        let (key, _) = key.as_chunks::<TERMS>();
        let value = |term: usize, is_next: bool, v: usize| {
            let kind = usize::from(is_next);
            let monomial = &terms.monomials[term][kind];
            Complex::load(self.avx512, &terms.values[term][kind][monomial.at(v)])
        };
        for (v, key) in key.chunks_exact(height).enumerate() {
            let factors = [value(0, false, v), value(1, false, v), value(2, false, v)];
            for t in 0..self.extension {
                let mut sums = [Complex::zero(self.avx512); K1];
                for (row, key) in key.iter().enumerate() {
                    if t == 0 {
                        let there = ((v + LEAD) * height + row) * TERMS * K1;
                        (0..TERMS * K1).for_each(|i| prefetch::<true>(points, there + i));
                    }
                    let own = Complex::load(self.avx512, &rows[(t * height + row) * blocks][v]);
                    for term in 0..TERMS {
                        let (source, factor) = if IS_EXTENDED {
                            let (source, is_next) = terms.turns[term].source(t, self.extension);
                            let source = &rows[(source * height + row) * blocks][v];
                            (Complex::load(self.avx512, source), value(term, is_next, v))
                        } else {
                            (own, factors[term])
                        };
                        let x = source.mul_sub(factor, own);
                        for column in 0..K1 {
                            let key = Complex::load(self.avx512, &key[term][column]);
                            sums[column] = x.mul_add(key, sums[column]);
                        }
                    }
                }
                for column in 0..K1 {
                    let place = &mut rows[(t * height + column) * blocks][v];
                    sums[column].store(if IS_EXTENDED { &mut all_sums[t * K1 + column] } else { place });
                }
            }
            if IS_EXTENDED {
                for (i, sum) in all_sums.iter().enumerate() {
                    rows[(i / K1 * height + i % K1) * blocks][v] = *sum;
                }
            }
        }
    }

    /// Phase 3.
    #[inline(never)]
    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn add<const R: usize>(&self, accumulator: &mut [u64], workspace: &Workspace) {
        let factors = self.transform.first();
        let (blocks, size) = (self.transform.blocks, self.size());
        let stride = size / 2 / R;
        let components = accumulator.chunks_exact_mut(self.polynomials * (size + LANES));
        for (component, rows) in components.zip(workspace.rows.chunks_exact(self.rows() * blocks)) {
            let columns = rows.chunks_exact(blocks);
            for (polynomial, column) in component.chunks_exact_mut(size + LANES).zip(columns) {
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
    }

    /// Adds numbers on the torus to eight coefficients.
    #[inline(always)]
    fn add_at(&self, polynomial: &mut [u64], position: usize, numbers: F64x8) {
        let units = numbers.fraction().mul(F64x8::splat(self.avx512, 64f64.exp2())).to_integers();
        let words = &mut polynomial[position..position + LANES];
        I64x8::load(self.avx512, words).add(units).store(words);
    }
}

/// The monomials of a step with a pair of bits, in one block.
struct Terms<'a> {
    turns: [Turn; TERMS],
    monomials: &'a [[Monomial; 2]; TERMS],
    values: &'a [[Block; 2]; TERMS],
}
