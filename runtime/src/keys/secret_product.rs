//! Products of masks with a binary secret key, modulo `X^N + 1` and `2^64`, exactly.
//!
//! The words of a mask are taken as two halves of 32 bits. A half times a binary polynomial has coefficients below `2^32·N`, which
//! a transform in double precision gives to within less than one half for every `N` that keys may have.

use crate::fourier_plan::fourier_plan;
use dyn_stack::{PodBuffer, PodStack};
use tfhe::core_crypto::fft_impl::fft64::c64;
use tfhe::core_crypto::fft_impl::fft64::math::polynomial::FourierPolynomial;
use tfhe::core_crypto::prelude::{Fft, Polynomial, PolynomialSize};

/// The polynomials of a secret key, transformed.
pub(super) struct SecretPolynomials {
    fft: Fft,
    /// As secret as the key.
    transformed: Vec<c64>,
    size: usize,
}

/// Memory for products.
pub(super) struct ProductScratch {
    half: Vec<u64>,
    high: Vec<u64>,
    factor: Vec<c64>,
    /// As secret as the key, given the masks.
    sum: Vec<c64>,
    stack: PodBuffer,
}

impl SecretPolynomials {
    /// `key` holds polynomials of `size` coefficients that are 0 or 1.
    pub(super) fn new(key: &[u64], size: usize) -> Self {
        let fft = fourier_plan(PolynomialSize(size));
        let mut transformed = vec![c64::default(); key.len() / 2];
        let mut stack = PodBuffer::new(fft.as_view().forward_scratch());
        for (polynomial, out) in key.chunks_exact(size).zip(transformed.chunks_exact_mut(size / 2)) {
            fft.as_view().forward_as_integer(
                FourierPolynomial { data: out },
                Polynomial::from_container(polynomial),
                PodStack::new(&mut stack),
            );
        }
        Self { fft, transformed, size }
    }

    /// New memory.
    pub(super) fn scratch(&self) -> ProductScratch {
        let fft = self.fft.as_view();
        ProductScratch {
            half: vec![0; self.size],
            high: vec![0; self.size],
            factor: vec![c64::default(); self.size / 2],
            sum: vec![c64::default(); self.size / 2],
            stack: PodBuffer::new(fft.forward_scratch().or(fft.backward_scratch())),
        }
    }

    /// Adds the sum of the products of each polynomial of `masks` with that of the key to `body`.
    pub(super) fn add_products(&self, masks: &[u64], body: &mut [u64], scratch: &mut ProductScratch) {
        scratch.high.fill(0);
        for shift in [32, 0] {
            let ProductScratch { half, high, factor, sum, stack } = &mut *scratch;
            sum.fill(c64::default());
            let secrets = self.transformed.chunks_exact(self.size / 2);
            for (mask, secret) in masks.chunks_exact(self.size).zip(secrets) {
                for (half, &word) in half.iter_mut().zip(mask) {
                    *half = word >> shift & u64::from(u32::MAX);
                }
                self.fft.as_view().forward_as_torus(
                    FourierPolynomial { data: factor.as_mut_slice() },
                    Polynomial::from_container(half.as_slice()),
                    PodStack::new(stack),
                );
                for ((sum, &factor), &secret) in sum.iter_mut().zip(&*factor).zip(secret) {
                    *sum += factor * secret;
                }
            }
            let out = if shift == 32 { high.as_mut_slice() } else { &mut *body };
            self.fft.as_view().add_backward_as_torus(
                Polynomial::from_container(out),
                FourierPolynomial { data: sum.as_slice() },
                PodStack::new(stack),
            );
        }
        for (body, &high) in body.iter_mut().zip(&scratch.high) {
            *body = body.wrapping_add(high << 32);
        }
    }
}

impl Drop for SecretPolynomials {
    fn drop(&mut self) {
        wipe(&mut self.transformed);
    }
}

impl Drop for ProductScratch {
    fn drop(&mut self) {
        wipe(&mut self.sum);
        zeroize::Zeroize::zeroize(&mut self.high);
    }
}

/// Overwrites what follows from a secret.
fn wipe(values: &mut [c64]) {
    values.fill(c64::default());
    // The compiler must take it that somebody looks.
    std::hint::black_box(values);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng, SeedableRng, rngs::StdRng};

    #[test]
    fn products_are_exact() {
        let mut random = StdRng::seed_from_u64(5);
        for size in [256, 2048, 65536] {
            let key: Vec<u64> = (0..2 * size).map(|_| random.random_range(0..2)).collect();
            let masks: Vec<u64> = (0..2 * size).map(|_| random.random()).collect();
            let mut body: Vec<u64> = (0..size).map(|_| random.random()).collect();
            let before = body.clone();
            let secret = SecretPolynomials::new(&key, size);
            secret.add_products(&masks, &mut body, &mut secret.scratch());
            // A few coefficients by definition.
            for at in [0, 1, size / 3, size - 1] {
                let mut expected = before[at];
                for part in 0..2 {
                    for i in 0..size {
                        let product =
                            masks[part * size + i].wrapping_mul(key[part * size + (at + size - i) % size]);
                        expected = if i <= at {
                            expected.wrapping_add(product)
                        } else {
                            expected.wrapping_sub(product)
                        };
                    }
                }
                assert_eq!(body[at], expected, "coefficient {at} of {size}");
            }
        }
    }
}
