//! The negacyclic transform of a polynomial size: its factors, and the steps between the first and the last six.
//!
//! `N` real coefficients modulo `X^N + 1` are `M = N/2` complex ones, `c_j + i·c_(j+M)`, modulo `X^M − i`. They are
//! split in three phases, so that the first can be fused with what stands before it and the last with what
//! follows: one step of radix 2, 4 or 8; any number of steps of radix 8, and perhaps one of radix 4; and the last
//! six bits within blocks of 64 points. Values come in the order that this leaves them in; nothing reorders them.
//! The plan depends on the size alone and all angles are exact, so the same input gives the same bits everywhere.

use super::butterfly::{Angle, Numbers, Same, forward, forward_64, inverse, inverse_64};
use super::complex::Complex;
use super::simd::{Block, LANES, Points, Simd, Task};
use crate::keys::MIN_POLYNOMIAL_SIZE;

/// Least `N`: there is always a first step.
pub(super) const MIN_SIZE: usize = MIN_POLYNOMIAL_SIZE as usize;

/// Factors for one polynomial size.
pub(super) struct Transform {
    /// `M / 64`
    pub(super) blocks: usize,
    /// Radix of the first step.
    pub(super) first_radix: usize,
    first: Numbers<f64>,
    /// Between the first step and the last six bits.
    middle: Vec<MiddleStep>,
    /// For each block: those of its first half, and those of the second half for each lane.
    last: Vec<(Numbers<f64>, Numbers<[f64; LANES]>)>,
    angles: Vec<Angle>,
}

/// A step within each part that the first step has made.
struct MiddleStep {
    /// 4 or 8.
    radix: usize,
    /// For each polynomial that it splits.
    factors: Vec<Numbers<f64>>,
}

impl Transform {
    /// `size` is a power of two, from [`MIN_SIZE`] on.
    pub(super) fn new(size: usize) -> Self {
        assert!(size.is_power_of_two() && size >= MIN_SIZE);
        let blocks = size / 2 / 64;
        let first_radix = first_radix(blocks);
        let mut angles = Angle::ROOT.after(first_radix);
        let mut middle = vec![];
        while angles.len() < blocks {
            let radix = if (blocks / angles.len()).ilog2().is_multiple_of(3) { 8 } else { 4 };
            let factors = angles.iter().map(|angle| angle.factors(radix)).collect();
            middle.push(MiddleStep { radix, factors });
            angles = angles.into_iter().flat_map(|angle| angle.after(radix)).collect();
        }
        let last = angles.iter().map(|angle| {
            let inner = angle.after(8);
            let lanes: Vec<_> = inner.into_iter().map(|angle| angle.factors(8)).collect();
            (angle.factors(8), std::array::from_fn(|part| std::array::from_fn(|lane| lanes[lane][part])))
        });
        Self {
            blocks,
            first_radix,
            first: Angle::ROOT.factors(first_radix),
            middle,
            last: last.collect(),
            angles,
        }
    }

    /// Factors of the first step.
    #[inline(always)]
    pub(super) fn first<S: Simd>(&self, simd: S) -> Same<'_, S> {
        Same(simd, &self.first)
    }

    /// The first step of a polynomial, or the last one back, where nothing is fused with it.
    #[inline(always)]
    pub(super) fn first_step<S: Simd, const IS_FORWARD: bool>(&self, simd: S, blocks: &mut [Block]) {
        let (points, factors) = (blocks.as_flattened_mut(), self.first(simd));
        match self.first_radix {
            2 => in_place::<S, 2, IS_FORWARD>(simd, points, factors),
            4 => in_place::<S, 4, IS_FORWARD>(simd, points, factors),
            _ => in_place::<S, 8, IS_FORWARD>(simd, points, factors),
        }
    }

    /// The steps of radix 8 within part `part` of those that the first step made.
    #[inline(always)]
    pub(super) fn forward_middle<S: Simd>(&self, simd: S, part: usize, blocks: &mut [Block]) {
        for step in &self.middle {
            self.middle_step::<S, true>(simd, step, part, blocks.as_flattened_mut());
        }
    }

    /// Undoes [`Self::forward_middle`] up to a factor.
    #[inline(always)]
    pub(super) fn inverse_middle<S: Simd>(&self, simd: S, part: usize, blocks: &mut [Block]) {
        for step in self.middle.iter().rev() {
            self.middle_step::<S, false>(simd, step, part, blocks.as_flattened_mut());
        }
    }

    #[inline(always)]
    fn middle_step<S: Simd, const IS_FORWARD: bool>(
        &self,
        simd: S,
        step: &MiddleStep,
        part: usize,
        points: &mut [Points],
    ) {
        let pieces = step.factors.len() / self.first_radix;
        let factors = &step.factors[part * pieces..][..pieces];
        for (piece, factors) in points.chunks_exact_mut(points.len() / pieces).zip(factors) {
            let factors = Same(simd, factors);
            if step.radix == 8 {
                in_place::<S, 8, IS_FORWARD>(simd, piece, factors);
            } else {
                in_place::<S, 4, IS_FORWARD>(simd, piece, factors);
            }
        }
    }

    /// The last six bits, within block `position`.
    #[inline(always)]
    pub(super) fn forward_last<S: Simd>(&self, simd: S, position: usize, block: &mut Block) {
        let (outer, inner) = &self.last[position];
        forward_64(simd, block, outer, inner);
    }

    /// Undoes [`Self::forward_last`] up to a factor.
    #[inline(always)]
    pub(super) fn inverse_last<S: Simd>(&self, simd: S, position: usize, block: &mut Block) {
        let (outer, inner) = &self.last[position];
        inverse_64(simd, block, outer, inner);
    }

    /// For each block: that of `r`, if it holds residues modulo `Y^64 − r`.
    pub(super) fn angles(&self) -> &[Angle] {
        &self.angles
    }

    /// The whole transform of a key's polynomial, scaled by `2^−64 / M`: for what is made once.
    pub(super) fn forward_key<S: Simd>(&self, simd: S, coefficients: &[u64], blocks: &mut [Block]) {
        simd.enter(ForwardKey { transform: self, coefficients, blocks });
    }
}

/// [`Transform::first_step`] of some polynomials.
pub(super) struct FirstSteps<'a, const IS_FORWARD: bool> {
    pub(super) transform: &'a Transform,
    pub(super) rows: &'a mut [Block],
    /// Blocks from the start of one to that of the next.
    pub(super) stride: usize,
}

impl<S: Simd, const IS_FORWARD: bool> Task<S> for FirstSteps<'_, IS_FORWARD> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: S) {
        for row in self.rows.chunks_exact_mut(self.stride) {
            self.transform.first_step::<S, IS_FORWARD>(simd, &mut row[..self.transform.blocks]);
        }
    }
}

/// See [`Transform::forward_key`].
struct ForwardKey<'a> {
    transform: &'a Transform,
    coefficients: &'a [u64],
    blocks: &'a mut [Block],
}

impl<S: Simd> Task<S> for ForwardKey<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: S) {
        let Self { transform, coefficients, blocks } = self;
        let scale = (-64f64).exp2() / (coefficients.len() / 2) as f64;
        let (re, im) = coefficients.split_at(coefficients.len() / 2);
        let parts = re.as_chunks::<LANES>().0.iter().zip(im.as_chunks::<LANES>().0);
        for (points, (re, im)) in blocks.as_flattened_mut().iter_mut().zip(parts) {
            points.re = re.map(|word| word as i64 as f64 * scale);
            points.im = im.map(|word| word as i64 as f64 * scale);
        }
        transform.first_step::<S, true>(simd, blocks);
        let size = transform.blocks / transform.first_radix;
        for (part, blocks) in blocks.chunks_exact_mut(size).enumerate() {
            transform.forward_middle(simd, part, blocks);
            for (i, block) in blocks.iter_mut().enumerate() {
                transform.forward_last(simd, part * size + i, block);
            }
        }
    }
}

/// Radix of the first step. Where its streams would lie whole pages apart, and so compete for the same few places
/// of the nearest cache, there are fewer of them.
fn first_radix(blocks: usize) -> usize {
    match blocks.ilog2() % 3 {
        0 if blocks >= 64 => 2,
        0 => 8,
        1 => 2,
        _ => 4,
    }
}

/// A step of radix `R`, or its inverse.
#[inline(always)]
fn in_place<S: Simd, const R: usize, const IS_FORWARD: bool>(
    simd: S,
    points: &mut [Points],
    factors: Same<'_, S>,
) {
    let stride = points.len() / R;
    for j in 0..stride {
        for part in 0..S::PARTS {
            let mut x = [Complex::zero(simd); R];
            for t in 0..R {
                x[t] = Complex::load(simd, &points[j + t * stride], part);
            }
            if IS_FORWARD {
                forward(simd, &mut x, factors)
            } else {
                inverse(simd, &mut x, factors)
            }
            for t in 0..R {
                x[t].store(&mut points[j + t * stride], part);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernels::bootstrap::portable::Portable;
    #[cfg(target_arch = "x86_64")]
    use crate::kernels::bootstrap::{avx2::Avx2, avx512::Avx512};

    /// `2^(2·(11 + 22) − 128) · 0.00705 · N^2.22 / (1 + N/2)`: the part of one product in the noise formula of the
    /// bootstrap, for digits of 22 bits and on one coefficient. // Source: `cloakwork_abi::noise`.
    fn formula(size: usize) -> f64 {
        0.00705 * (66f64 - 128.0).exp2() * (size as f64).powf(2.22) / (1.0 + size as f64 / 2.0)
    }

    /// `(a·b)_i` modulo `X^N + 1` and `2^64`.
    fn exact_product(a: &[u64], b: &[u64]) -> Vec<u64> {
        let mut product = vec![0u64; a.len()];
        for (i, a_i) in a.iter().enumerate() {
            for (j, b_j) in b.iter().enumerate() {
                let term = a_i.wrapping_mul(*b_j);
                let word = &mut product[(i + j) % a.len()];
                *word = if i + j < a.len() { word.wrapping_add(term) } else { word.wrapping_sub(term) };
            }
        }
        product
    }

    /// Points after a product in the domain of values.
    struct Product<'a>(&'a Transform, &'a [u64], &'a [u64]);

    impl<S: Simd> Task<S> for Product<'_> {
        type Output = Vec<Block>;

        #[inline(always)]
        fn run(self, simd: S) -> Vec<Block> {
            let Self(transform, digits, key) = self;
            let mut values = vec![[Points::ZERO; LANES]; transform.blocks];
            let mut of_key = values.clone();
            transform.forward_key(simd, digits, &mut values);
            transform.forward_key(simd, key, &mut of_key);
            // The scale of keys is no scale of digits.
            let unscale = simd.real(64f64.exp2() * (digits.len() / 2) as f64);
            for (value, of_key) in values.as_flattened_mut().iter_mut().zip(of_key.as_flattened()) {
                for part in 0..S::PARTS {
                    let product = Complex::load(simd, value, part).mul(Complex::load(simd, of_key, part));
                    product.scale(unscale).store(value, part);
                }
            }
            let in_part = transform.blocks / transform.first_radix;
            for (part, blocks) in values.chunks_exact_mut(in_part).enumerate() {
                for (i, block) in blocks.iter_mut().enumerate() {
                    transform.inverse_last(simd, part * in_part + i, block);
                }
                transform.inverse_middle(simd, part, blocks);
            }
            transform.first_step::<S, false>(simd, &mut values);
            values
        }
    }

    fn product_through_transforms<S: Simd>(
        simd: S,
        transform: &Transform,
        digits: &[u64],
        key: &[u64],
    ) -> Vec<u64> {
        let values = simd.enter(Product(transform, digits, key));
        let points = values.as_flattened();
        let parts =
            points.iter().flat_map(|points| points.re).chain(points.iter().flat_map(|points| points.im));
        parts.map(|number| ((number - number.round()) * 64f64.exp2()) as i64 as u64).collect()
    }

    #[test]
    fn products_are_exact_up_to_the_noise_of_the_formula() {
        check_products(Portable);
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = Avx2::detect() {
            check_products(avx2);
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = Avx512::detect() {
            check_products(avx512);
        }
    }

    fn check_products<S: Simd>(simd: S) {
        // Numbers without structure. [Knuth, MMIX]
        let mut state = 1u64;
        let mut next = || {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (state ^ state >> 31).wrapping_mul(0xbf58476d1ce4e5b9)
        };
        for size in [256, 512, 1024, 2048, 4096, 8192] {
            let transform = Transform::new(size);
            let digits: Vec<u64> = (0..size).map(|_| (next() as i64 >> 42) as u64).collect();
            let key: Vec<u64> = (0..size).map(|_| next()).collect();
            let found = product_through_transforms(simd, &transform, &digits, &key);
            let exact = exact_product(&digits, &key);
            let errors = found.iter().zip(&exact).map(|(a, b)| a.wrapping_sub(*b) as i64 as f64);
            let variance = errors.map(|error| (error / 64f64.exp2()).powi(2)).sum::<f64>() / size as f64;
            let ratio = variance / formula(size);
            println!("{} numbers in a vector, N {size}: {ratio:.3} of the formula", S::WIDTH);
            assert!((0.2..2.0).contains(&ratio), "N {size}: {ratio} of the formula");
        }
    }
}
