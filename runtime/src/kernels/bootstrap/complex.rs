//! Complex numbers in vectors.

use super::simd::{Points, Reals, Simd};

/// Complex numbers in a vector for the real and one for the imaginary parts.
#[derive(Clone, Copy)]
pub(super) struct Complex<S: Simd> {
    pub(super) re: S::Reals,
    pub(super) im: S::Reals,
}

impl<S: Simd> Complex<S> {
    #[inline(always)]
    pub(super) fn zero(simd: S) -> Self {
        Self { re: simd.real(0.0), im: simd.real(0.0) }
    }

    /// Part `part` of the numbers, see [`Simd::PARTS`].
    #[inline(always)]
    pub(super) fn load(simd: S, from: &Points, part: usize) -> Self {
        Self { re: simd.reals(&from.re[part * S::WIDTH..]), im: simd.reals(&from.im[part * S::WIDTH..]) }
    }

    #[inline(always)]
    pub(super) fn store(self, to: &mut Points, part: usize) {
        self.re.store(&mut to.re[part * S::WIDTH..]);
        self.im.store(&mut to.im[part * S::WIDTH..]);
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self { re: self.re.add(other.re), im: self.im.add(other.im) }
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        Self { re: self.re.sub(other.re), im: self.im.sub(other.im) }
    }

    #[inline(always)]
    pub(super) fn mul(self, other: Self) -> Self {
        Self {
            re: self.im.neg_mul_add(other.im, self.re.mul(other.re)),
            im: self.im.mul_add(other.re, self.re.mul(other.im)),
        }
    }

    /// `self · conj(other)`
    #[inline(always)]
    pub(super) fn mul_conjugate(self, other: Self) -> Self {
        Self {
            re: self.im.mul_add(other.im, self.re.mul(other.re)),
            im: self.im.mul_sub(other.re, self.re.mul(other.im)),
        }
    }

    /// `self + i·other`
    #[inline(always)]
    pub(super) fn add_turned(self, other: Self) -> Self {
        Self { re: self.re.sub(other.im), im: self.im.add(other.re) }
    }

    /// `self − i·other`
    #[inline(always)]
    pub(super) fn sub_turned(self, other: Self) -> Self {
        Self { re: self.re.add(other.im), im: self.im.sub(other.re) }
    }

    /// `(1 + i)·self`
    #[inline(always)]
    pub(super) fn diagonal(self) -> Self {
        Self { re: self.re.sub(self.im), im: self.re.add(self.im) }
    }

    /// `(1 − i)·self`
    #[inline(always)]
    pub(super) fn diagonal_back(self) -> Self {
        Self { re: self.re.add(self.im), im: self.im.sub(self.re) }
    }

    /// `factor·self`
    #[inline(always)]
    pub(super) fn scale(self, factor: S::Reals) -> Self {
        Self { re: self.re.mul(factor), im: self.im.mul(factor) }
    }

    /// `self + factor·other` and `self − factor·other`
    #[inline(always)]
    pub(super) fn split_scaled(self, other: Self, factor: S::Reals) -> (Self, Self) {
        let (re, im) = (other.re, other.im);
        (
            Self { re: re.mul_add(factor, self.re), im: im.mul_add(factor, self.im) },
            Self { re: re.neg_mul_add(factor, self.re), im: im.neg_mul_add(factor, self.im) },
        )
    }

    /// `self + i·factor·other` and `self − i·factor·other`
    #[inline(always)]
    pub(super) fn split_turned_scaled(self, other: Self, factor: S::Reals) -> (Self, Self) {
        let (re, im) = (other.re, other.im);
        (
            Self { re: im.neg_mul_add(factor, self.re), im: re.mul_add(factor, self.im) },
            Self { re: im.mul_add(factor, self.re), im: re.neg_mul_add(factor, self.im) },
        )
    }

    /// `−i·(self − other)`
    #[inline(always)]
    pub(super) fn sub_turned_back(self, other: Self) -> Self {
        Self { re: self.im.sub(other.im), im: other.re.sub(self.re) }
    }
}

/// A complex number that multiplies others, as `z = a + ib` with `a + b` and `b − a`; see [`ProductSum`].
#[derive(Clone, Copy)]
pub(super) struct Multiplier<S: Simd> {
    re: S::Reals,
    sum: S::Reals,
    difference: S::Reals,
}

impl<S: Simd> Multiplier<S> {
    #[inline(always)]
    pub(super) fn new(z: Complex<S>) -> Self {
        Self { re: z.re, sum: z.re.add(z.im), difference: z.im.sub(z.re) }
    }

    #[inline(always)]
    pub(super) fn mul(self, y: Complex<S>) -> Complex<S> {
        let both = self.re.mul(y.re.add(y.im));
        Complex { re: self.sum.neg_mul_add(y.im, both), im: self.difference.mul_add(y.re, both) }
    }
}

/// A sum of complex products with three multiplications each, as `(a + ib)(c + id)` is
/// `a(c + d) − d(a + b) + i·(a(c + d) + c(b − a))`: the three are summed apart. A processor that adds beside its
/// multiplications has the additions for nothing. // Source: Knuth, TAOCP 2, 4.6.4, exercise 41.
#[derive(Clone, Copy)]
pub(super) struct ProductSum<S: Simd> {
    both: S::Reals,
    re: S::Reals,
    im: S::Reals,
}

impl<S: Simd> ProductSum<S> {
    #[inline(always)]
    pub(super) fn zero(simd: S) -> Self {
        Self { both: simd.real(0.0), re: simd.real(0.0), im: simd.real(0.0) }
    }

    /// The sum and `x·y`.
    #[inline(always)]
    pub(super) fn add(self, x: Multiplier<S>, y: Complex<S>) -> Self {
        Self {
            both: x.re.mul_add(y.re.add(y.im), self.both),
            re: x.sum.mul_add(y.im, self.re),
            im: x.difference.mul_add(y.re, self.im),
        }
    }

    #[inline(always)]
    pub(super) fn total(self) -> Complex<S> {
        Complex { re: self.both.sub(self.re), im: self.both.add(self.im) }
    }
}
