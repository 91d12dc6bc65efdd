//! The last phase of a step: the products go through the last step back, and onto the accumulator.

use super::accumulators::extend;
use super::butterfly::inverse;
use super::complex::Complex;
use super::external_product::ExternalProduct;
use super::simd::{Block, Integers, LANES, Reals, Simd, Task};

/// Radix of the step.
pub(super) struct Add<'a, S, const R: usize> {
    pub(super) product: &'a ExternalProduct<S>,
    pub(super) accumulator: &'a mut [u64],
    pub(super) rows: &'a [Block],
}

impl<S: Simd, const R: usize> Task<S> for Add<'_, S, R> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: S) {
        let Self { product, accumulator, rows } = self;
        let factors = product.transform.first(simd);
        let (row_stride, size) = (product.stride(), product.size());
        let stride = size / 2 / R;
        let components = accumulator.chunks_exact_mut(product.polynomials * (size + LANES));
        for (component, rows) in components.zip(rows.chunks_exact(product.rows() * row_stride)) {
            let columns = rows.chunks_exact(row_stride);
            for (polynomial, column) in component.chunks_exact_mut(size + LANES).zip(columns) {
                let column = column.as_flattened();
                for j in (0..stride).step_by(S::WIDTH) {
                    let mut x = [Complex::zero(simd); R];
                    for t in 0..R {
                        let points = &column[(j + t * stride) / LANES];
                        x[t] = Complex::load(simd, points, j % LANES / S::WIDTH);
                    }
                    inverse(simd, &mut x, factors);
                    for (t, x) in x.iter().enumerate() {
                        let position = j + t * stride;
                        add_at(simd, &mut polynomial[position..], x.re);
                        add_at(simd, &mut polynomial[position + size / 2..], x.im);
                    }
                }
                extend(polynomial);
            }
        }
    }
}

/// Adds numbers on the torus to the first coefficients.
#[inline(always)]
fn add_at<S: Simd>(simd: S, coefficients: &mut [u64], numbers: S::Reals) {
    let coefficients = &mut coefficients[..S::WIDTH];
    simd.integers(coefficients).add(numbers.fraction().to_units()).store(coefficients);
}
