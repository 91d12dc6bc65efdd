//! The accumulators of a batch: for each ciphertext `k + 1` polynomials of words, each followed by the negated
//! words of its beginning, so that any eight neighbours modulo `X^N + 1` lie in a row.

use super::vector::LANES;
use aligned_vec::{AVec, ConstAlign};

/// Bytes that vectors are aligned to.
const ALIGNMENT: usize = 64;

/// See the header of this file.
pub(super) struct Accumulators {
    /// `N`
    size: usize,
    /// `k + 1`
    polynomials: usize,
    words: AVec<u64, ConstAlign<ALIGNMENT>>,
}

impl Accumulators {
    pub(super) fn new(count: usize, polynomials: usize, size: usize) -> Self {
        let words = std::iter::repeat_n(0, count * polynomials * (size + LANES));
        Self { size, polynomials, words: AVec::from_iter(ALIGNMENT, words) }
    }

    /// `(0, …, 0, X^(−turn)·body)` for ciphertext `i`; `turn` is below `2N`.
    pub(super) fn start(&mut self, i: usize, body: &[u64], turn: usize) {
        let size = self.size;
        let words = self.of(i);
        words.fill(0);
        let (_, last) = words.split_at_mut(words.len() - (size + LANES));
        let (is_negated, turn) = (turn >= size, turn % size);
        let (wrapped, kept) = body.split_at(turn);
        last[..size - turn].copy_from_slice(kept);
        for (word, from) in last[size - turn..size].iter_mut().zip(wrapped) {
            *word = from.wrapping_neg();
        }
        if is_negated {
            last[..size].iter_mut().for_each(|word| *word = word.wrapping_neg());
        }
        extend(last);
    }

    /// The polynomials of ciphertext `i`, each with its extension.
    #[inline(always)]
    pub(super) fn of(&mut self, i: usize) -> &mut [u64] {
        let length = self.polynomials * (self.size + LANES);
        &mut self.words[i * length..][..length]
    }

    /// The ciphertext of coefficient 0 of accumulator `i`.
    pub(super) fn extract(&mut self, i: usize, output: &mut [u64]) {
        let size = self.size;
        let mut polynomials = self.of(i).chunks_exact(size + LANES);
        for (mask, polynomial) in output.chunks_exact_mut(size).zip(&mut polynomials) {
            mask[0] = polynomial[0];
            for (word, from) in mask[1..].iter_mut().rev().zip(&polynomial[1..]) {
                *word = from.wrapping_neg();
            }
        }
        let body = polynomials.next().expect("one polynomial more than the mask has");
        output[output.len() - 1] = body[0];
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
