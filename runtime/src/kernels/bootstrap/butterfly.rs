//! Steps of radix 2, 4 and 8 of the negacyclic transform, on vectors held in registers.
//!
//! A step of radix `R` splits a polynomial modulo `X^L − r^R` into its residues modulo `X^(L/R) − r·ζ`, `ζ` all
//! roots of unity of order `R`: part `m` of the coefficients is multiplied by `r^m`, then a cyclic transform
//! of order `R` goes over the parts. Residues come in bit-reversed order of `ζ`.

use super::complex::Complex;
use super::simd::{Block, LANES, Points, Simd};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Numbers for the factors `r, r², …, r⁷`: real part, imaginary part, and two that are not used.
pub(super) type Numbers<T> = [T; 16];

/// The factors of a step.
pub(super) trait Factors<S: Simd>: Copy {
    /// `r^power`, `power` in `1..8`.
    fn power(&self, power: usize) -> Complex<S>;
}

/// The same factors for each lane.
#[derive(Clone, Copy)]
pub(super) struct Same<'a, S>(pub(super) S, pub(super) &'a Numbers<f64>);

impl<S: Simd> Factors<S> for Same<'_, S> {
    #[inline(always)]
    fn power(&self, power: usize) -> Complex<S> {
        let Self(simd, numbers) = *self;
        Complex { re: simd.real(numbers[2 * power - 2]), im: simd.real(numbers[2 * power - 1]) }
    }
}

/// Factors of its own for each lane, of which a part is looked at.
#[derive(Clone, Copy)]
pub(super) struct Each<'a, S>(pub(super) S, pub(super) &'a Numbers<[f64; LANES]>, pub(super) usize);

impl<S: Simd> Factors<S> for Each<'_, S> {
    #[inline(always)]
    fn power(&self, power: usize) -> Complex<S> {
        let Self(simd, numbers, part) = *self;
        let lanes = |i: usize| simd.reals(&numbers[i][part * S::WIDTH..]);
        Complex { re: lanes(2 * power - 2), im: lanes(2 * power - 1) }
    }
}

/// The angle of `r^R`, in units of `π`; a fraction with a power of two below, and exact.
#[derive(Clone, Copy, Debug)]
pub(super) struct Angle(pub(super) f64);

impl Angle {
    /// Modulo `X^L − i`: what `X^N + 1` is on real coefficients that are packed to complex ones.
    pub(super) const ROOT: Self = Self(0.5);

    /// Of the residues after a step of `radix`, in their order.
    pub(super) fn after(self, radix: usize) -> Vec<Self> {
        if radix == 1 {
            return vec![self];
        }
        [self.0 / 2.0, self.0 / 2.0 + 1.0]
            .into_iter()
            .flat_map(|angle| Self(angle).after(radix / 2))
            .collect()
    }

    /// The factors for a step of `radix`.
    pub(super) fn factors(self, radix: usize) -> Numbers<f64> {
        let power = |power: usize| unit(self.0 / radix as f64 * power as f64);
        let powers = [1, 2, 3, 4, 5, 6, 7, 8].map(power);
        powers.as_flattened().try_into().expect("eight pairs")
    }
}

/// Cosine and sine of `π·angle`, rounded once but for rare cases: errors here are noise of every product.
pub(super) fn unit(angle: f64) -> [f64; 2] {
    // What π has beyond a double.
    const PI_REST: f64 = 1.2246467991473532e-16;
    let halves = (angle * 2.0).round();
    let rest = angle - halves / 2.0; // in [−1/4, 1/4] and exact
    let near = rest * PI;
    let error = rest.mul_add(PI, -near) + rest * PI_REST;
    let (sin, cos) = near.sin_cos();
    let (sin, cos) = (error.mul_add(cos, sin), error.mul_add(-sin, cos));
    match (halves as i64).rem_euclid(4) {
        0 => [cos, sin],
        1 => [-sin, cos],
        2 => [-cos, -sin],
        _ => [sin, -cos],
    }
}

/// A step of radix `R`, which is 2, 4 or 8.
#[inline(always)]
pub(super) fn forward<S: Simd, const R: usize>(simd: S, x: &mut [Complex<S>; R], factors: impl Factors<S>) {
    for i in 0..R / 2 {
        for power in [i, i + R / 2] {
            if power > 0 {
                x[power] = x[power].mul(factors.power(power));
            }
        }
        split(x, (i, i + R / 2));
    }
    for i in 0..R / 4 {
        split(x, (i, i + R / 4));
    }
    if R == 8 {
        split(x, (0, 1));
        split_turned(x, (2, 3));
    }
    for i in 0..R / 4 {
        split_turned(x, (R / 2 + i, R / 2 + i + R / 4));
    }
    if R == 8 {
        // The root of order 8 is (1 + i)·√½.
        let h = simd.real(FRAC_1_SQRT_2);
        (x[4], x[5]) = x[4].split_scaled(x[5].diagonal(), h);
        (x[6], x[7]) = x[6].split_turned_scaled(x[7].diagonal(), h);
    }
}

/// Undoes [`forward`] up to the factor `R`.
#[inline(always)]
pub(super) fn inverse<S: Simd, const R: usize>(simd: S, x: &mut [Complex<S>; R], factors: impl Factors<S>) {
    if R == 8 {
        join(x, (0, 1));
        join_turned(x, (2, 3));
    }
    for i in 0..R / 4 {
        join(x, (i, i + R / 4));
    }
    if R == 8 {
        let h = simd.real(FRAC_1_SQRT_2);
        join(x, (4, 5));
        x[5] = x[5].diagonal_back().scale(h);
        join_turned(x, (6, 7));
        x[7] = x[7].diagonal_back().scale(h);
    }
    for i in 0..R / 4 {
        join_turned(x, (R / 2 + i, R / 2 + i + R / 4));
    }
    for i in 0..R / 2 {
        join(x, (i, i + R / 2));
        for power in [i, i + R / 2] {
            if power > 0 {
                x[power] = x[power].mul_conjugate(factors.power(power));
            }
        }
    }
}

/// All steps from polynomials of 64 points to their values, with the factors of the two halves of the steps.
#[inline(always)]
pub(super) fn forward_64<S: Simd>(
    simd: S,
    block: &mut Block,
    outer: &Numbers<f64>,
    inner: &Numbers<[f64; LANES]>,
) {
    let mut halfway = [Points::ZERO; LANES]; // no other memory, so that vectors that hold all of it stay in registers
    for part in 0..S::PARTS {
        let mut x = load(simd, block, part);
        forward(simd, &mut x, Same(simd, outer));
        store(&x, &mut halfway, part);
    }
    for part in 0..S::PARTS {
        let mut x = load_columns(simd, &halfway, part);
        forward(simd, &mut x, Each(simd, inner, part));
        store(&x, block, part);
    }
}

/// Undoes [`forward_64`] up to the factor 64.
#[inline(always)]
pub(super) fn inverse_64<S: Simd>(
    simd: S,
    block: &mut Block,
    outer: &Numbers<f64>,
    inner: &Numbers<[f64; LANES]>,
) {
    let mut halfway = [Points::ZERO; LANES]; // no other memory, so that vectors that hold all of it stay in registers
    for part in 0..S::PARTS {
        let mut x = load(simd, block, part);
        inverse(simd, &mut x, Each(simd, inner, part));
        store(&x, &mut halfway, part);
    }
    for part in 0..S::PARTS {
        let mut x = load_columns(simd, &halfway, part);
        inverse(simd, &mut x, Same(simd, outer));
        store(&x, block, part);
    }
}

#[inline(always)]
fn load<S: Simd>(simd: S, block: &Block, part: usize) -> [Complex<S>; LANES] {
    let mut x = [Complex::zero(simd); LANES];
    for t in 0..LANES {
        x[t] = Complex::load(simd, &block[t], part);
    }
    x
}

/// Like [`load`], of the block whose vector `i` holds point `i` of each vector of this one.
#[inline(always)]
fn load_columns<S: Simd>(simd: S, block: &Block, part: usize) -> [Complex<S>; LANES] {
    let (re, im) = (simd.columns(|i| &block[i].re, part), simd.columns(|i| &block[i].im, part));
    let mut x = [Complex::zero(simd); LANES];
    for t in 0..LANES {
        x[t] = Complex { re: re[t], im: im[t] };
    }
    x
}

#[inline(always)]
fn store<S: Simd>(x: &[Complex<S>; LANES], block: &mut Block, part: usize) {
    for t in 0..LANES {
        x[t].store(&mut block[t], part);
    }
}

/// From `a`, `b` to `a + b` and `a − b`.
#[inline(always)]
fn split<S: Simd, const R: usize>(x: &mut [Complex<S>; R], (i, j): (usize, usize)) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add(b), a.sub(b));
}

/// From `a`, `b` to `a + i·b` and `a − i·b`.
#[inline(always)]
fn split_turned<S: Simd, const R: usize>(x: &mut [Complex<S>; R], (i, j): (usize, usize)) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add_turned(b), a.sub_turned(b));
}

/// Undoes [`split`] up to the factor 2.
#[inline(always)]
fn join<S: Simd, const R: usize>(x: &mut [Complex<S>; R], at: (usize, usize)) {
    split(x, at);
}

/// Undoes [`split_turned`] up to the factor 2.
#[inline(always)]
fn join_turned<S: Simd, const R: usize>(x: &mut [Complex<S>; R], (i, j): (usize, usize)) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add(b), a.sub_turned_back(b));
}
