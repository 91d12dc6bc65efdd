//! Steps of radix 2, 4 and 8 of the negacyclic transform, on vectors held in registers.
//!
//! A step of radix `R` splits a polynomial modulo `X^L − r^R` into its residues modulo `X^(L/R) − r·ζ`, `ζ` all
//! roots of unity of order `R`: part `m` of the coefficients is multiplied by `r^m`, then a cyclic transform
//! of order `R` goes over the parts. Residues come in bit-reversed order of `ζ`.

use super::Avx512;
use super::vector::{Complex, F64x8, LANES, transpose};
use std::f64::consts::{FRAC_1_SQRT_2, PI};

/// Numbers for the factors `r, r², …, r⁷`: real part, imaginary part, and two that are not used.
pub(super) type Numbers<T> = [T; 16];

/// The factors of a step.
pub(super) trait Factors: Copy {
    /// `r^power`, `power` in `1..8`.
    fn power(&self, power: usize) -> Complex;
}

/// The same factors for each lane.
#[derive(Clone, Copy)]
pub(super) struct Same<'a>(pub(super) Avx512, pub(super) &'a Numbers<f64>);

impl Factors for Same<'_> {
    #[inline(always)]
    fn power(&self, power: usize) -> Complex {
        let part = |i: usize| F64x8::splat(self.0, self.1[i]);
        Complex { re: part(2 * power - 2), im: part(2 * power - 1) }
    }
}

/// Factors of its own for each lane.
#[derive(Clone, Copy)]
pub(super) struct Each<'a>(pub(super) Avx512, pub(super) &'a Numbers<[f64; LANES]>);

impl Factors for Each<'_> {
    #[inline(always)]
    fn power(&self, power: usize) -> Complex {
        let part = |i: usize| F64x8::load(self.0, &self.1[i]);
        Complex { re: part(2 * power - 2), im: part(2 * power - 1) }
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
pub(super) fn forward<const R: usize>(avx512: Avx512, x: &mut [Complex; R], factors: impl Factors) {
    for (power, x) in x.iter_mut().enumerate().skip(1) {
        *x = x.mul(factors.power(power));
    }
    for i in 0..R / 2 {
        split(x, (i, i + R / 2));
    }
    for i in 0..R / 4 {
        split(x, (i, i + R / 4));
        split_turned(x, (R / 2 + i, R / 2 + i + R / 4));
    }
    if R == 8 {
        let h = F64x8::splat(avx512, FRAC_1_SQRT_2);
        split(x, (0, 1));
        split_turned(x, (2, 3));
        // The root of order 8 is (1 + i)·√½.
        (x[4], x[5]) = x[4].split_scaled(x[5].diagonal(), h);
        (x[6], x[7]) = x[6].split_turned_scaled(x[7].diagonal(), h);
    }
}

/// Undoes [`forward`] up to the factor `R`.
#[inline(always)]
pub(super) fn inverse<const R: usize>(avx512: Avx512, x: &mut [Complex; R], factors: impl Factors) {
    if R == 8 {
        let h = F64x8::splat(avx512, FRAC_1_SQRT_2);
        join(x, (0, 1));
        join_turned(x, (2, 3));
        join(x, (4, 5));
        x[5] = x[5].diagonal_back().scale(h);
        join_turned(x, (6, 7));
        x[7] = x[7].diagonal_back().scale(h);
    }
    for i in 0..R / 4 {
        join(x, (i, i + R / 4));
        join_turned(x, (R / 2 + i, R / 2 + i + R / 4));
    }
    for i in 0..R / 2 {
        join(x, (i, i + R / 2));
    }
    for (power, x) in x.iter_mut().enumerate().skip(1) {
        *x = x.mul_conjugate(factors.power(power));
    }
}

/// All steps from polynomials of 64 points to their values.
#[inline(always)]
pub(super) fn forward_64(avx512: Avx512, x: &mut [Complex; LANES], outer: Same<'_>, inner: Each<'_>) {
    forward(avx512, x, outer);
    transpose(x);
    forward(avx512, x, inner);
}

/// Undoes [`forward_64`] up to the factor 64.
#[inline(always)]
pub(super) fn inverse_64(avx512: Avx512, x: &mut [Complex; LANES], outer: Same<'_>, inner: Each<'_>) {
    inverse(avx512, x, inner);
    transpose(x);
    inverse(avx512, x, outer);
}

/// From `a`, `b` to `a + b` and `a − b`.
#[inline(always)]
fn split<const R: usize>(x: &mut [Complex; R], (i, j): (usize, usize)) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add(b), a.sub(b));
}

/// From `a`, `b` to `a + i·b` and `a − i·b`.
#[inline(always)]
fn split_turned<const R: usize>(x: &mut [Complex; R], (i, j): (usize, usize)) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add_turned(b), a.sub_turned(b));
}

/// Undoes [`split`] up to the factor 2.
#[inline(always)]
fn join<const R: usize>(x: &mut [Complex; R], at: (usize, usize)) {
    split(x, at);
}

/// Undoes [`split_turned`] up to the factor 2.
#[inline(always)]
fn join_turned<const R: usize>(x: &mut [Complex; R], (i, j): (usize, usize)) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add(b), a.sub_turned_back(b));
}
