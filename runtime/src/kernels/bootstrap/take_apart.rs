//! The first phase of a step: the accumulator, or what a rotation changes of it, becomes digits and goes through the
//! first step of the transform.

use super::butterfly::forward;
use super::complex::Complex;
use super::digits::Gadget;
use super::external_product::{ExternalProduct, Turn};
use super::simd::{Block, Integers, LANES, Simd, Task};

/// Radix of the first step, whether there is one level, and whether to take `(turn − 1)·accumulator`.
pub(super) struct TakeApart<'a, S, const R: usize, const IS_SINGLE: bool, const IS_TURNED: bool> {
    pub(super) product: &'a ExternalProduct<S>,
    pub(super) accumulator: &'a [u64],
    pub(super) turn: Turn,
    pub(super) rows: &'a mut [Block],
}

/// What digits are made of.
#[derive(Clone, Copy)]
struct Operand<'a> {
    source: &'a [u64],
    own: &'a [u64],
    power: usize,
}

impl<S: Simd, const R: usize, const IS_SINGLE: bool, const IS_TURNED: bool> Task<S>
    for TakeApart<'_, S, R, IS_SINGLE, IS_TURNED>
{
    type Output = ();

    #[inline(always)]
    fn run(self, simd: S) {
        let Self { product, accumulator, turn, rows } = self;
        let (size, stride) = (product.size(), product.stride());
        let component = product.polynomials * (size + LANES);
        for (t, rows) in rows.chunks_exact_mut(product.rows() * stride).enumerate() {
            let (source, is_next) = turn.source(t, product.extension);
            let power = (turn.power + usize::from(is_next)) & (2 * size - 1);
            for (i, rows) in rows.chunks_exact_mut(product.level() * stride).enumerate() {
                let place = i * (size + LANES);
                let operand = Operand {
                    source: &accumulator[source * component + place..][..size + LANES],
                    own: &accumulator[t * component + place..][..size + LANES],
                    power,
                };
                take_apart::<S, R, IS_SINGLE, IS_TURNED>(simd, product, operand, rows);
            }
        }
    }
}

/// A polynomial.
#[inline(always)]
fn take_apart<S: Simd, const R: usize, const IS_SINGLE: bool, const IS_TURNED: bool>(
    simd: S,
    product: &ExternalProduct<S>,
    operand: Operand<'_>,
    rows: &mut [Block],
) {
    let gadget = Gadget::new(simd, product.decomposition);
    let factors = product.transform.first(simd);
    let size = product.size();
    let stride = size / 2 / R;
    let rows = rows.as_flattened_mut();
    for j in (0..stride).step_by(S::WIDTH) {
        let mut re = [simd.integer(0); R];
        let mut im = re;
        for t in 0..R {
            let position = j + t * stride;
            re[t] = gadget.round(coefficients::<S, IS_TURNED>(simd, operand, position));
            im[t] = gadget.round(coefficients::<S, IS_TURNED>(simd, operand, position + size / 2));
        }
        let levels = if IS_SINGLE { 1 } else { product.level() };
        for level in 0..levels {
            let mut x = [Complex::zero(simd); R];
            let is_last = level + 1 == levels;
            for t in 0..R {
                let (re, im) = if IS_SINGLE || is_last {
                    (re[t], im[t])
                } else {
                    (gadget.take(&mut re[t]), gadget.take(&mut im[t]))
                };
                x[t] = Complex { re: re.to_reals(), im: im.to_reals() };
            }
            forward(simd, &mut x, factors);
            let row = &mut rows[level * product.stride() * LANES..][..product.stride() * LANES];
            for t in 0..R {
                x[t].store(&mut row[(j + t * stride) / LANES], j % LANES / S::WIDTH);
            }
        }
    }
}

/// A vector of coefficients of `Y^power·source − own`, or of `own`.
#[inline(always)]
fn coefficients<S: Simd, const IS_TURNED: bool>(
    simd: S,
    operand: Operand<'_>,
    position: usize,
) -> S::Integers {
    let Operand { source, own, power } = operand;
    let size = own.len() - LANES;
    let own = simd.integers(&own[position..]);
    if !IS_TURNED {
        return own;
    }
    let from = (position + 2 * size - power) & (2 * size - 1);
    // All ones if the coefficients have gone around: −x = (x ⊕ −1) + 1.
    let sign = simd.integer(-((from >= size) as i64));
    simd.integers(&source[from & (size - 1)..]).xor(sign).sub(sign).sub(own)
}
