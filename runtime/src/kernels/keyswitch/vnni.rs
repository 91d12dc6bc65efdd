//! Products of words and digits in 16-bit halves, for processors with AVX-512 and VNNI.
//!
//! `vpdpwssd` adds two products of signed 16-bit numbers to a 32-bit sum. Bytes would take as many instructions for
//! digits of at most 7 bits and nearly twice as many beyond.

use super::product::{COLUMNS, Digits, Group, Product, Sums, VECTORS};
use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_dpwssd_epi32, _mm512_loadu_si512, _mm512_set1_epi32,
    _mm512_setzero_si512, _mm512_slli_epi32, _mm512_storeu_si512,
};

/// The processor has AVX-512 with the parts F, DQ, BW, VL and VNNI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Vnni(());

impl Vnni {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl")
            && is_x86_feature_detected!("avx512vnni");
        has_all.then_some(Self(()))
    }
}

impl Product<2> for Vnni {
    fn product(self, key: &[Group<2>], digits: &[Digits], count: usize, part: usize) -> Sums {
        // SAFETY: the processor has the instructions, as `self` proves.
        unsafe {
            if part == 0 { of_planes::<2>(key, digits, count) } else { of_planes::<1>(key, digits, count) }
        }
    }

    #[inline(always)]
    fn compiled<R>(self, work: impl FnOnce() -> R) -> R {
        // SAFETY: the processor has the instructions, as `self` proves.
        unsafe { compiled(work) }
    }
}

#[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
fn compiled<R>(work: impl FnOnce() -> R) -> R {
    work()
}

#[target_feature(enable = "avx512f,avx512bw,avx512vl,avx512vnni")]
fn of_planes<const PLANES: usize>(groups: &[Group<2>], digits: &[Digits], count: usize) -> Sums {
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
fn sums<const PLANES: usize, const COUNT: usize>(groups: &[Group<2>], digits: &[Digits]) -> Sums {
    let mut sums = [[_mm512_setzero_si512(); PLANES]; COUNT];
    for (group, digits) in groups.iter().zip(digits) {
        let mut planes = [_mm512_setzero_si512(); PLANES];
        for (plane, from) in planes.iter_mut().zip(&group.0) {
            *plane = load(from);
        }
        for vector in 0..COUNT {
            let two = _mm512_set1_epi32(digits[vector].cast_signed());
            for plane in 0..PLANES {
                sums[vector][plane] = _mm512_dpwssd_epi32(sums[vector][plane], planes[plane], two);
            }
        }
    }
    let mut results = [[0; COLUMNS]; VECTORS];
    for vector in 0..COUNT {
        let sum = match sums[vector].as_slice() {
            [lower, upper] => _mm512_add_epi32(*lower, _mm512_slli_epi32::<16>(*upper)),
            lower => _mm512_slli_epi32::<16>(lower[0]),
        };
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
