//! The negacyclic transform of a polynomial size: its factors, and the steps between the first and the last six.
//!
//! `N` real coefficients modulo `X^N + 1` are `M = N/2` complex ones, `c_j + i·c_(j+M)`, modulo `X^M − i`. They are
//! split in three phases, so that the first can be fused with what stands before it and the last with what
//! follows: one step of radix 2, 4 or 8; any number of steps of radix 8; and the last six bits within blocks of 64
//! points. Values come in the order that this leaves them in; nothing reorders them.
//! The plan depends on the size alone and all angles are exact, so the same input gives the same bits everywhere.

use super::Avx512;
use super::butterfly::{Angle, Factors, each, forward, forward_64, inverse, inverse_64, same};
use super::vector::{Complex, LANES, Points};

/// 64 points in memory.
pub(super) type Block = [Points; LANES];

/// Least `N`: there is always a first step.
pub(super) const MIN_SIZE: usize = 256;

/// Factors for one polynomial size.
pub(super) struct Transform {
    avx512: Avx512,
    /// `M / 64`
    pub(super) blocks: usize,
    /// Radix of the first step.
    pub(super) first_radix: usize,
    first: [f64; LANES],
    /// For each step between, from the first to the last: for each polynomial that it splits.
    middle: Vec<Vec<[f64; LANES]>>,
    /// For each block: those of its first half, and those of the second half for each lane.
    last: Vec<([f64; LANES], [[f64; LANES]; LANES])>,
}

impl Transform {
    /// `size` is a power of two, from [`MIN_SIZE`] on.
    pub(super) fn new(avx512: Avx512, size: usize) -> Self {
        assert!(size.is_power_of_two() && size >= MIN_SIZE);
        let blocks = size / 2 / 64;
        let first_radix = match blocks.ilog2() % 3 {
            0 => 8,
            1 => 2,
            _ => 4,
        };
        let mut angles = Angle::ROOT.after(first_radix);
        let mut middle = vec![];
        while angles.len() < blocks {
            middle.push(angles.iter().map(|angle| angle.factors()).collect());
            angles = angles.into_iter().flat_map(|angle| angle.after(8)).collect();
        }
        let last = angles.into_iter().map(|angle| {
            let inner = angle.after(8);
            let lanes: Vec<_> = inner.into_iter().map(Angle::factors).collect();
            (angle.factors(), std::array::from_fn(|part| std::array::from_fn(|lane| lanes[lane][part])))
        });
        Self {
            avx512,
            blocks,
            first_radix,
            first: Angle::ROOT.factors(),
            middle,
            last: last.collect(),
        }
    }

    /// Factors of the first step.
    #[inline(always)]
    pub(super) fn first(&self) -> Factors {
        same(self.avx512, &self.first)
    }

    /// The steps of radix 8 within part `part` of those that the first step made.
    #[inline(always)]
    pub(super) fn forward_middle(&self, part: usize, blocks: &mut [Block]) {
        let points = blocks.as_flattened_mut();
        for (step, factors) in self.middle.iter().enumerate() {
            let pieces = 1 << (3 * step);
            let factors = &factors[part * pieces..][..pieces];
            for (piece, factors) in points.chunks_exact_mut(points_of(self, pieces)).zip(factors) {
                step_of_8::<true>(self.avx512, piece, factors);
            }
        }
    }

    /// Undoes [`Self::forward_middle`] up to a factor.
    #[inline(always)]
    pub(super) fn inverse_middle(&self, part: usize, blocks: &mut [Block]) {
        let points = blocks.as_flattened_mut();
        for (step, factors) in self.middle.iter().enumerate().rev() {
            let pieces = 1 << (3 * step);
            let factors = &factors[part * pieces..][..pieces];
            for (piece, factors) in points.chunks_exact_mut(points_of(self, pieces)).zip(factors) {
                step_of_8::<false>(self.avx512, piece, factors);
            }
        }
    }

    /// The last six bits, within block `position`.
    #[inline(always)]
    pub(super) fn forward_last(&self, position: usize, block: &mut Block) {
        let (outer, inner) = &self.last[position];
        let mut x = load(self.avx512, block);
        forward_64(&mut x, &same(self.avx512, outer), &each(self.avx512, inner));
        store(&x, block);
    }

    /// Undoes [`Self::forward_last`] up to a factor.
    #[inline(always)]
    pub(super) fn inverse_last(&self, position: usize, block: &mut Block) {
        let (outer, inner) = &self.last[position];
        let mut x = load(self.avx512, block);
        inverse_64(&mut x, &same(self.avx512, outer), &each(self.avx512, inner));
        store(&x, block);
    }

    /// The whole transform of a key's polynomial, scaled by `2^−64 / M`: for what is made once.
    pub(super) fn forward_key(&self, coefficients: &[u64], blocks: &mut [Block]) {
        // SAFETY: `self` holds the proof that the processor has the instructions.
        unsafe { self.forward_key_vectorized(coefficients, blocks) }
    }

    #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
    fn forward_key_vectorized(&self, coefficients: &[u64], blocks: &mut [Block]) {
        let scale = (-64f64).exp2() / (coefficients.len() / 2) as f64;
        let (re, im) = coefficients.split_at(coefficients.len() / 2);
        let parts = re.as_chunks::<LANES>().0.iter().zip(im.as_chunks::<LANES>().0);
        for (points, (re, im)) in blocks.as_flattened_mut().iter_mut().zip(parts) {
            points.re = re.map(|word| word as i64 as f64 * scale);
            points.im = im.map(|word| word as i64 as f64 * scale);
        }
        match self.first_radix {
            2 => self.forward_first::<2>(blocks),
            4 => self.forward_first::<4>(blocks),
            _ => self.forward_first::<8>(blocks),
        }
        let size = self.blocks / self.first_radix;
        for (part, blocks) in blocks.chunks_exact_mut(size).enumerate() {
            self.forward_middle(part, blocks);
            for (i, block) in blocks.iter_mut().enumerate() {
                self.forward_last(part * size + i, block);
            }
        }
    }

    #[inline(always)]
    fn forward_first<const R: usize>(&self, blocks: &mut [Block]) {
        let points = blocks.as_flattened_mut();
        let stride = points.len() / R;
        for j in 0..stride {
            let mut x = [Complex::zero(self.avx512); R];
            for t in 0..R {
                x[t] = Complex::load(self.avx512, &points[j + t * stride]);
            }
            forward(&mut x, &self.first());
            for t in 0..R {
                x[t].store(&mut points[j + t * stride]);
            }
        }
    }
}

/// Vectors in each piece of a part.
fn points_of(transform: &Transform, pieces: usize) -> usize {
    transform.blocks / transform.first_radix * LANES / pieces
}

#[inline(always)]
fn step_of_8<const IS_FORWARD: bool>(avx512: Avx512, points: &mut [Points], factors: &[f64; LANES]) {
    let factors = same(avx512, factors);
    let stride = points.len() / LANES;
    for j in 0..stride {
        let mut x = [Complex::zero(avx512); LANES];
        for t in 0..LANES {
            x[t] = Complex::load(avx512, &points[j + t * stride]);
        }
        if IS_FORWARD { forward(&mut x, &factors) } else { inverse(&mut x, &factors) }
        for t in 0..LANES {
            x[t].store(&mut points[j + t * stride]);
        }
    }
}

#[inline(always)]
fn load(avx512: Avx512, block: &Block) -> [Complex; LANES] {
    let mut x = [Complex::zero(avx512); LANES];
    for t in 0..LANES {
        x[t] = Complex::load(avx512, &block[t]);
    }
    x
}

#[inline(always)]
fn store(x: &[Complex; LANES], block: &mut Block) {
    for t in 0..LANES {
        x[t].store(&mut block[t]);
    }
}
