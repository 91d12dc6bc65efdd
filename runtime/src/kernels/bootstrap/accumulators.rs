//! The accumulators of a batch. An accumulator is a ciphertext of polynomials modulo `X^(e·N) + 1`, each spread over `e`
//! of size `N`: component `t` holds the coefficients `j·e + t`. With `Y = X^e` it is a polynomial modulo `Y^N + 1`.
//!
//! By ciphertext and component there are `k + 1` polynomials of words, each followed by the negated words of its
//! beginning, so that any eight neighbours modulo `Y^N + 1` lie in a row.

use super::simd::LANES;
use aligned_vec::{AVec, ConstAlign};

/// Bytes that vectors are aligned to.
const ALIGNMENT: usize = 64;

/// See the header of this file.
pub(super) struct Accumulators {
    /// `N`
    size: usize,
    /// `k + 1`
    polynomials: usize,
    /// `e`
    extension: usize,
    words: AVec<u64, ConstAlign<ALIGNMENT>>,
}

impl Accumulators {
    /// For `count` ciphertexts of `polynomials` polynomials, spread over `extension` of `size`.
    pub(super) fn new(count: usize, (polynomials, size): (usize, usize), extension: usize) -> Self {
        let words = std::iter::repeat_n(0, count * extension * polynomials * (size + LANES));
        Self { size, polynomials, extension, words: AVec::from_iter(ALIGNMENT, words) }
    }

    /// `(0, …, 0, X^(−turn)·body)` for ciphertext `i`; `turn` is below `2·e·N`.
    pub(super) fn start(&mut self, i: usize, body: &[u64], turn: usize) {
        let (size, polynomials, extension) = (self.size, self.polynomials, self.extension);
        let coefficients = extension * size;
        let words = self.of(i);
        words.fill(0);
        for (component, words) in words.chunks_exact_mut(polynomials * (size + LANES)).enumerate() {
            let (_, last) = words.split_at_mut((polynomials - 1) * (size + LANES));
            let mut from = (turn + component) % (2 * coefficients);
            for word in &mut last[..size] {
                let is_negated = from >= coefficients;
                let coefficient = body[if is_negated { from - coefficients } else { from }];
                *word = if is_negated { coefficient.wrapping_neg() } else { coefficient };
                from += extension;
                from -= if from >= 2 * coefficients { 2 * coefficients } else { 0 };
            }
            extend(last);
        }
    }

    /// The polynomials of ciphertext `i`, each with its extension.
    fn of(&mut self, i: usize) -> &mut [u64] {
        self.some(i, 1)
    }

    /// Those of `count` ciphertexts from `i` on.
    pub(super) fn some(&mut self, i: usize, count: usize) -> &mut [u64] {
        let length = self.extension * self.polynomials * (self.size + LANES);
        &mut self.words[i * length..][..count * length]
    }

    /// The ciphertext of coefficient `position` of accumulator `i`.
    pub(super) fn extract(&mut self, i: usize, position: usize, output: &mut [u64]) {
        let (size, polynomials) = (self.size, self.polynomials);
        let (component, position) = (position % self.extension, position / self.extension);
        let length = polynomials * (size + LANES);
        let component = &self.of(i)[component * length..][..length];
        let mut polynomials = component.chunks_exact(size + LANES);
        for (mask, polynomial) in output.chunks_exact_mut(size).zip(&mut polynomials) {
            // Coefficients from `position` downwards, then the rest from the end downwards, negated.
            let (kept, wrapped) = mask.split_at_mut(position + 1);
            kept.iter_mut().zip(polynomial[..=position].iter().rev()).for_each(|(word, from)| *word = *from);
            for (word, from) in wrapped.iter_mut().zip(polynomial[position + 1..size].iter().rev()) {
                *word = from.wrapping_neg();
            }
        }
        let body = polynomials.next().expect("one polynomial more than the mask has");
        output[output.len() - 1] = body[position];
    }
}

/// Writes the negated beginning of a polynomial behind its end.
#[inline(always)]
pub(super) fn extend(polynomial: &mut [u64]) {
    let (polynomial, extension) = polynomial.split_at_mut(polynomial.len() - LANES);
    for (word, from) in extension.iter_mut().zip(polynomial) {
        *word = from.wrapping_neg();
    }
}
