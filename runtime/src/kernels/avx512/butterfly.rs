//! Steps of radix 2, 4 and 8 of the negacyclic transform, on vectors held in registers.
//!
//! A step of radix 2 splits polynomials modulo `X^L − w²` into residues modulo `X^(L/2) − w` and `X^(L/2) + w`:
//! from halves `a`, `b` to `a + w·b` and `a − w·b`. Larger radices are such steps in a row. The residues modulo
//! `X^(L/2) + w` need the root `i·√w` next, so that a step of radix 8 has only four different factors.

use super::Avx512;
use super::vector::{Complex, F64x8, LANES, transpose};

/// Factors of one step of radix 8: of its first part, its second, and the two of its third.
/// The other half of the second and third part multiplies these by `i`.
pub(super) type Factors = [Complex; 4];

/// The angle of `w²`, in units of `π`; a fraction with a power of two below, and exact.
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
        [self.0 / 2.0, self.0 / 2.0 + 1.0].into_iter().flat_map(|angle| Self(angle).after(radix / 2)).collect()
    }

    /// Real and imaginary parts of the [`Factors`].
    pub(super) fn factors(self) -> [f64; LANES] {
        let parts = [self.0 / 2.0, self.0 / 4.0, self.0 / 8.0, self.0 / 8.0 + 0.25].map(unit);
        parts.as_flattened().try_into().expect("four pairs")
    }
}

/// Cosine and sine of `π·angle`, to the last bit but for rare cases; errors here would be noise of every product.
fn unit(angle: f64) -> [f64; 2] {
    // What π has beyond a double.
    const PI_REST: f64 = 1.2246467991473532e-16;
    let eighths = (angle * 4.0).round();
    let rest = angle - eighths / 4.0; // in [−1/8, 1/8] and exact
    let near = rest * std::f64::consts::PI;
    let error = rest.mul_add(std::f64::consts::PI, -near) + rest * PI_REST;
    let (sin, cos) = near.sin_cos();
    let (sin, cos) = (sin + error * cos, cos - error * sin);
    // Both sums with √½ in two parts, so that it has no error of its own.
    const HALF_ROOT: f64 = std::f64::consts::FRAC_1_SQRT_2;
    const HALF_ROOT_REST: f64 = -4.833646656726457e-17;
    let turned = |x: f64| HALF_ROOT.mul_add(x, HALF_ROOT_REST * x);
    let (cos_8, sin_8) = (turned(cos - sin), turned(cos + sin));
    match (eighths as i64).rem_euclid(8) {
        0 => [cos, sin],
        1 => [cos_8, sin_8],
        2 => [-sin, cos],
        3 => [-sin_8, cos_8],
        4 => [-cos, -sin],
        5 => [-cos_8, -sin_8],
        6 => [sin, -cos],
        _ => [sin_8, -cos_8],
    }
}

/// The same factors for each lane.
#[inline(always)]
pub(super) fn same(avx512: Avx512, factors: &[f64; LANES]) -> Factors {
    let factor = |i: usize| Complex {
        re: F64x8::splat(avx512, factors[2 * i]),
        im: F64x8::splat(avx512, factors[2 * i + 1]),
    };
    [factor(0), factor(1), factor(2), factor(3)]
}

/// Factors of its own for each lane.
#[inline(always)]
pub(super) fn each(avx512: Avx512, factors: &[[f64; LANES]; LANES]) -> Factors {
    let factor = |i: usize| Complex {
        re: F64x8::load(avx512, &factors[2 * i]),
        im: F64x8::load(avx512, &factors[2 * i + 1]),
    };
    [factor(0), factor(1), factor(2), factor(3)]
}

/// A step of radix `R`, which is 2, 4 or 8.
#[inline(always)]
pub(super) fn forward<const R: usize>(x: &mut [Complex; R], factors: &Factors) {
    for i in 0..R / 2 {
        split(x, (i, i + R / 2), factors[0]);
    }
    for i in 0..R / 4 {
        split(x, (i, i + R / 4), factors[1]);
        split_turned(x, (R / 2 + i, R / 2 + i + R / 4), factors[1]);
    }
    if R == 8 {
        split(x, (0, 1), factors[2]);
        split_turned(x, (2, 3), factors[2]);
        split(x, (4, 5), factors[3]);
        split_turned(x, (6, 7), factors[3]);
    }
}

/// Undoes [`forward`] up to the factor `R`.
#[inline(always)]
pub(super) fn inverse<const R: usize>(x: &mut [Complex; R], factors: &Factors) {
    if R == 8 {
        join(x, (0, 1), factors[2]);
        join_turned(x, (2, 3), factors[2]);
        join(x, (4, 5), factors[3]);
        join_turned(x, (6, 7), factors[3]);
    }
    for i in 0..R / 4 {
        join(x, (i, i + R / 4), factors[1]);
        join_turned(x, (R / 2 + i, R / 2 + i + R / 4), factors[1]);
    }
    for i in 0..R / 2 {
        join(x, (i, i + R / 2), factors[0]);
    }
}

/// All steps from polynomials of 64 points to their values.
#[inline(always)]
pub(super) fn forward_64(x: &mut [Complex; LANES], outer: &Factors, inner: &Factors) {
    forward(x, outer);
    transpose(x);
    forward(x, inner);
}

/// Undoes [`forward_64`] up to the factor 64.
#[inline(always)]
pub(super) fn inverse_64(x: &mut [Complex; LANES], outer: &Factors, inner: &Factors) {
    inverse(x, inner);
    transpose(x);
    inverse(x, outer);
}

#[inline(always)]
fn split<const R: usize>(x: &mut [Complex; R], (i, j): (usize, usize), w: Complex) {
    let (a, b) = (x[i], x[j].mul(w));
    (x[i], x[j]) = (a.add(b), a.sub(b));
}

/// With the factor `i·w`.
#[inline(always)]
fn split_turned<const R: usize>(x: &mut [Complex; R], (i, j): (usize, usize), w: Complex) {
    let (a, b) = (x[i], x[j].mul(w));
    (x[i], x[j]) = (a.add_turned(b), a.sub_turned(b));
}

#[inline(always)]
fn join<const R: usize>(x: &mut [Complex; R], (i, j): (usize, usize), w: Complex) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add(b), a.sub(b).mul_conjugate(w));
}

/// With the factor `i·w`.
#[inline(always)]
fn join_turned<const R: usize>(x: &mut [Complex; R], (i, j): (usize, usize), w: Complex) {
    let (a, b) = (x[i], x[j]);
    (x[i], x[j]) = (a.add(b), a.sub_turned_back(b).mul_conjugate(w));
}
