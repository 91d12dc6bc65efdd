//! Products of a matrix of words with vectors of small digits, modulo `2^32`: what a processor has to provide.
//!
//! Words are cut into `P` planes of `32/P` bits, digits into at most as many parts, so that a multiplication takes
//! a limb of each. The sums of plane `p` and part `s` count `2^((p + s)·32/P)`; from `p + s = P` on they vanish.
//! Sums wrap, which is what "modulo" asks for: the results are exact.

use crate::kernels::key_data::Plain;

/// Columns of a [`Group`].
pub(super) const COLUMNS: usize = 16;
/// Vectors that a product is made with at a time, at most.
pub(super) const VECTORS: usize = 6;

/// `P` rows of sixteen words: by plane and column, the limbs of the rows, the first row lowest. Limbs but the
/// highest count as signed ones, which the next makes up for.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(crate) struct Group<const P: usize>(pub(super) [[u32; COLUMNS]; P]);

/// For each vector the digits that belong to a group: one part of each row's, the first row lowest.
pub(super) type Digits = [u32; VECTORS];

/// By vector and column.
pub(super) type Sums = [[u32; COLUMNS]; VECTORS];

/// A way to multiply limbs of `32/P` bits; a value is the proof that the processor can.
pub(crate) trait Product<const P: usize>: Copy + Send + Sync {
    /// Sums over all rows for the first `count ≤ VECTORS` vectors, whose digits are part `part` of wider ones.
    fn product(self, key: &[Group<P>], digits: &[Digits], count: usize, part: usize) -> Sums;

    /// Calls `work`, compiled for the processor.
    fn compiled<R>(self, work: impl FnOnce() -> R) -> R;
}

// SAFETY: planes of 64 bytes stand side by side, and any bits are words.
unsafe impl<const P: usize> Plain for Group<P> {}

impl<const P: usize> Group<P> {
    /// Bits of a limb.
    pub(super) const LIMB: u32 = u32::BITS / P as u32;
    const MASK: u32 = u32::MAX >> (u32::BITS - Self::LIMB);

    pub(super) fn new(rows: [[u32; COLUMNS]; P]) -> Self {
        let mut planes = [[0; COLUMNS]; P];
        for (plane, words) in planes.iter_mut().enumerate() {
            let (place, below) = (Self::LIMB * plane as u32, Self::below(plane) as u32);
            for (row, from) in rows.iter().enumerate() {
                for (word, &from) in words.iter_mut().zip(from) {
                    *word |= (from.wrapping_add(below) >> place & Self::MASK) << (Self::LIMB * row as u32);
                }
            }
        }
        Self(planes)
    }

    /// What rounds a number that is cut off at limb `limb`, if what is below counts as signed limbs.
    pub(super) fn below(limb: usize) -> u64 {
        (0..limb as u32).map(|limb| 1 << (Self::LIMB * limb + Self::LIMB - 1)).sum()
    }
}
