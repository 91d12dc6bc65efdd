//! Monomials as values of the transform, without a table of all of them.
//!
//! A transform takes the values of polynomials at the roots of `Y^M = i`. The 64 roots of a block are those of
//! `Y^64 = e^(iπθ)`: by the order of its last six steps, lane `l` of vector `v` holds the root
//! `e^(iπ(θ/64 + r(l)/32 + r(v)/4))`, `r` reversing three bits. `Y^p` there is a factor of the block, times a factor
//! of the lane, times the power `p·r(v)` of the root of order 8.

use super::butterfly::unit;
use super::complex::Complex;
use super::simd::{LANES, Points, Reals, Simd};
use super::transform::Transform;
use std::f64::consts::FRAC_1_SQRT_2;

/// The numbers `0..8` with their three bits reversed.
const REVERSED: [usize; LANES] = [0, 4, 2, 6, 1, 5, 3, 7];

/// What the values of monomials are made from.
pub(super) struct Monomials {
    /// `e^(iπt/N)` for `t` in `0..2N`.
    units: Vec<[f64; 2]>,
    /// For each block `θ·N/64`, an integer.
    blocks: Vec<usize>,
}

/// A monomial `Y^power`, `power` below `2N`, with its factors of the lanes.
#[derive(Clone, Copy)]
pub(super) struct Monomial {
    power: usize,
    lanes: Points,
    /// For each vector of a block, where its real and its imaginary parts are among [`Values`].
    places: [[u8; 2]; LANES],
}

impl Monomials {
    pub(super) fn new(transform: &Transform) -> Self {
        let size = 2 * 64 * transform.blocks;
        let units = (0..2 * size).map(|t| unit(t as f64 / size as f64)).collect();
        let blocks = transform.angles().iter().map(|angle| (angle.0 * size as f64 / 64.0) as usize).collect();
        Self { units, blocks }
    }

    #[inline(always)]
    pub(super) fn monomial(&self, power: usize) -> Monomial {
        let mask = self.units.len() - 1;
        let mut lanes = Points::ZERO;
        for (lane, reversed) in REVERSED.into_iter().enumerate() {
            [lanes.re[lane], lanes.im[lane]] =
                self.units[(power * reversed * (self.units.len() / 64)) & mask];
        }
        let places = REVERSED.map(|reversed| {
            let (turns, first) = (power * reversed / 2, power * reversed % 2 * 4);
            [turns % 4, (turns + 3) % 4].map(|turns| (first + turns) as u8)
        });
        Monomial { power, lanes, places }
    }

    /// The values in a block; [`Values::of`] names that of a vector.
    #[inline(always)]
    pub(super) fn values<S: Simd>(&self, simd: S, monomial: &Monomial, block: usize, values: &mut Values) {
        let [re, im] = self.units[(monomial.power * self.blocks[block]) & (self.units.len() - 1)];
        for part in 0..S::PARTS {
            let even = Complex { re: simd.real(re), im: simd.real(im) };
            let even = Complex::load(simd, &monomial.lanes, part).mul(even);
            let odd = even.diagonal().scale(simd.real(FRAC_1_SQRT_2));
            for (value, turned) in [even, odd].into_iter().zip(values.0.chunks_exact_mut(4)) {
                let negated = Complex::zero(simd).sub(value);
                for (number, to) in [value.re, negated.im, negated.re, value.im].into_iter().zip(turned) {
                    number.store(&mut to[part * S::WIDTH..]);
                }
            }
        }
    }
}

/// The values of a monomial in a block: for one of them, and for that times the root of order 8, the real parts after
/// no, one, two and three turns by `i`. The imaginary part is the real one of a turn less.
#[derive(Clone)]
pub(super) struct Values([[f64; LANES]; LANES]);

impl Values {
    pub(super) const ZERO: Self = Self([[0.0; LANES]; LANES]);

    /// Those of vector `v`, part `part` of them.
    #[inline(always)]
    pub(super) fn of<S: Simd>(&self, simd: S, monomial: &Monomial, v: usize, part: usize) -> Complex<S> {
        let [re, im] = monomial.places[v]
            .map(|place| simd.reals(&self.0[usize::from(place) % LANES][part * S::WIDTH..]));
        Complex { re, im }
    }
}

impl Monomial {
    /// `Y^0`, to be overwritten.
    pub(super) const ONE: Self = Self { power: 0, lanes: Points::ZERO, places: [[0; 2]; LANES] };
}
