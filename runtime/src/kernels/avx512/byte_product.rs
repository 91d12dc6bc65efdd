//! Products of a matrix of words with vectors of small digits, modulo `2^32`, in bytes.
//!
//! `vpdpbusd` adds four products of an unsigned with a signed byte to a 32-bit sum. Words are cut into four planes
//! of bytes; the sums of plane `p` count `2^(8p)`, and digits that are byte `s` of wider ones count `2^(8s)` more,
//! so that planes from `4 − s` on vanish. Sums wrap, which is what "modulo" asks for: the result is exact.

use super::Avx512;
use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_dpbusd_epi32, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_si512,
};

/// Columns of a [`Group`].
pub(super) const COLUMNS: usize = 16;
/// Rows of a [`Group`].
pub(super) const ROWS: usize = 4;
/// Vectors that a product is made with at a time, at most.
pub(super) const VECTORS: usize = 6;

/// Four rows of sixteen words: by plane and column, the bytes of the four rows.
#[derive(Clone, Copy)]
#[repr(C, align(64))]
pub(super) struct Group([[u32; COLUMNS]; 4]);

impl Group {
    pub(super) const ZERO: Self = Self([[0; COLUMNS]; 4]);

    pub(super) fn new(rows: [[u32; COLUMNS]; ROWS]) -> Self {
        let mut planes = [[0; COLUMNS]; 4];
        for (plane, words) in planes.iter_mut().enumerate() {
            for (row, from) in rows.iter().enumerate() {
                for (word, from) in words.iter_mut().zip(from) {
                    *word |= (from >> (8 * plane) & 0xff) << (8 * row);
                }
            }
        }
        Self(planes)
    }
}

/// For each group, four digits of each vector.
pub(super) type Digits = [u32; VECTORS];

/// Sums over all rows for the first `count ≤ VECTORS` vectors, whose digits are byte `byte` of wider ones.
pub(super) fn product(
    avx512: Avx512,
    (groups, digits): (&[Group], &[Digits]),
    count: usize,
    byte: usize,
) -> [[u32; COLUMNS]; VECTORS] {
    // SAFETY: the processor has the instructions, as the argument proves.
    unsafe {
        match byte {
            0 => of_planes::<4>(avx512, groups, digits, count),
            1 => of_planes::<3>(avx512, groups, digits, count),
            2 => of_planes::<2>(avx512, groups, digits, count),
            _ => of_planes::<1>(avx512, groups, digits, count),
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn of_planes<const PLANES: usize>(
    _: Avx512,
    groups: &[Group],
    digits: &[Digits],
    count: usize,
) -> [[u32; COLUMNS]; VECTORS] {
    match count {
        1 => sums::<PLANES, 1>(groups, digits),
        2 => sums::<PLANES, 2>(groups, digits),
        3 => sums::<PLANES, 3>(groups, digits),
        4 => sums::<PLANES, 4>(groups, digits),
        5 => sums::<PLANES, 5>(groups, digits),
        _ => sums::<PLANES, VECTORS>(groups, digits),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn sums<const PLANES: usize, const COUNT: usize>(
    groups: &[Group],
    digits: &[Digits],
) -> [[u32; COLUMNS]; VECTORS] {
    let mut sums = [[_mm512_setzero_si512(); PLANES]; COUNT];
    for (group, digits) in groups.iter().zip(digits) {
        let mut planes = [_mm512_setzero_si512(); PLANES];
        for (plane, from) in planes.iter_mut().zip(&group.0) {
            *plane = load(from);
        }
        for vector in 0..COUNT {
            let four = _mm512_set1_epi32(digits[vector] as i32);
            for plane in 0..PLANES {
                sums[vector][plane] = _mm512_dpbusd_epi32(sums[vector][plane], planes[plane], four);
            }
        }
    }
    let mut results = [[0; COLUMNS]; VECTORS];
    for vector in 0..COUNT {
        let mut sum = _mm512_setzero_si512();
        for plane in (0..PLANES).rev() {
            sum = _mm512_add_epi32(_mm512_slli_epi32::<8>(sum), sums[vector][plane]);
        }
        for _ in PLANES..4 {
            sum = _mm512_slli_epi32::<8>(sum);
        }
        // SAFETY: there is room for sixteen words.
        unsafe { _mm512_storeu_si512(results[vector].as_mut_ptr().cast(), sum) };
    }
    results
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(from: &[u32; COLUMNS]) -> __m512i {
    // SAFETY: sixteen words are there to be read.
    unsafe { _mm512_loadu_si512(from.as_ptr().cast()) }
}
