//! Vectors of eight numbers in AVX-512 registers.

use super::simd::{Integers, LANES, Points, Reals, Simd, Task};
use std::arch::x86_64::{
    __m512d, __m512i, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch, _mm512_add_epi64, _mm512_add_pd,
    _mm512_and_si512, _mm512_cvtepi64_pd, _mm512_cvtpd_epi64, _mm512_fmadd_pd, _mm512_fmsub_pd,
    _mm512_fnmadd_pd, _mm512_loadu_pd, _mm512_loadu_si512, _mm512_mul_pd, _mm512_or_si512, _mm512_reduce_pd,
    _mm512_set1_epi64, _mm512_set1_pd, _mm512_shuffle_f64x2, _mm512_sllv_epi64, _mm512_srav_epi64,
    _mm512_srlv_epi64, _mm512_storeu_pd, _mm512_storeu_si512, _mm512_sub_epi64, _mm512_sub_pd,
    _mm512_unpackhi_pd, _mm512_unpacklo_pd, _mm512_xor_si512,
};

/// The processor has AVX-512 with the parts F, DQ, BW and VL.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx512dq")
            && is_x86_feature_detected!("avx512bw")
            && is_x86_feature_detected!("avx512vl");
        has_all.then_some(Self(()))
    }
}

/// Eight doubles.
#[derive(Clone, Copy)]
pub(crate) struct F64x8(__m512d);

/// Eight integers.
#[derive(Clone, Copy)]
pub(crate) struct I64x8(__m512i);

impl Simd for Avx512 {
    const WIDTH: usize = 8;
    type Reals = F64x8;
    type Integers = I64x8;

    fn enter<T: Task<Self>>(self, task: T) -> T::Output {
        #[inline(never)]
        #[target_feature(enable = "avx512f,avx512dq,avx512bw,avx512vl")]
        fn enter<T: Task<Avx512>>(avx512: Avx512, task: T) -> T::Output {
            task.run(avx512)
        }
        // SAFETY: the processor has the instructions, as `self` proves.
        unsafe { enter(self, task) }
    }

    #[inline(always)]
    fn real(self, value: f64) -> F64x8 {
        // SAFETY: the processor has the instructions, as `self` proves.
        F64x8(unsafe { _mm512_set1_pd(value) })
    }

    #[inline(always)]
    fn reals(self, from: &[f64]) -> F64x8 {
        let from = &from[..LANES];
        // SAFETY: the processor has the instructions, as `self` proves; eight numbers are there to be read.
        F64x8(unsafe { _mm512_loadu_pd(from.as_ptr()) })
    }

    #[inline(always)]
    fn integer(self, value: i64) -> I64x8 {
        // SAFETY: the processor has the instructions, as `self` proves.
        I64x8(unsafe { _mm512_set1_epi64(value) })
    }

    #[inline(always)]
    fn integers(self, from: &[u64]) -> I64x8 {
        let from = &from[..LANES];
        // SAFETY: the processor has the instructions, as `self` proves; eight numbers are there to be read.
        I64x8(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }

    #[inline(always)]
    fn columns<'a>(self, row: impl Fn(usize) -> &'a [f64; LANES], _: usize) -> [F64x8; LANES] {
        let mut rows = [self.real(0.0); LANES];
        for (i, to) in rows.iter_mut().enumerate() {
            *to = self.reals(row(i));
        }
        transpose(rows)
    }

    #[inline(always)]
    fn prefetch<const IS_NEAREST: bool>(self, data: &[Points], position: usize) {
        let first = data.as_ptr().wrapping_add(position).cast::<i8>();
        for line in [first, first.wrapping_add(64)] {
            // SAFETY: a prefetch accesses no memory and may have any address; every x86-64 processor has it.
            unsafe {
                if IS_NEAREST {
                    _mm_prefetch::<_MM_HINT_T0>(line);
                } else {
                    _mm_prefetch::<_MM_HINT_T1>(line);
                }
            }
        }
    }
}

/// Methods that are one instruction each.
macro_rules! instructions {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $result:ident = $intrinsic:expr;)*) => {$(
        #[inline(always)]
        fn $name(self, $($argument: $kind),*) -> $result {
            // SAFETY: a vector exists, so the processor has the instructions.
            $result(unsafe { $intrinsic(self.0, $($argument.0),*) })
        }
    )*};
}

impl Reals for F64x8 {
    type Integers = I64x8;

    instructions! {
        add(other: Self) -> Self = _mm512_add_pd;
        sub(other: Self) -> Self = _mm512_sub_pd;
        mul(other: Self) -> Self = _mm512_mul_pd;
        mul_add(factor: Self, term: Self) -> Self = _mm512_fmadd_pd;
        mul_sub(factor: Self, term: Self) -> Self = _mm512_fmsub_pd;
        neg_mul_add(factor: Self, term: Self) -> Self = _mm512_fnmadd_pd;
        fraction() -> Self = _mm512_reduce_pd::<0>;
    }

    #[inline(always)]
    fn to_units(self) -> I64x8 {
        // SAFETY: a vector exists, so the processor has the instructions.
        I64x8(unsafe { _mm512_cvtpd_epi64(_mm512_mul_pd(self.0, _mm512_set1_pd(64f64.exp2()))) })
    }

    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        let to = &mut to[..LANES];
        // SAFETY: a vector exists, so the processor has the instructions; there is room for eight numbers.
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
    }
}

impl F64x8 {
    instructions! {
        low_pairs(other: Self) -> Self = _mm512_unpacklo_pd;
        high_pairs(other: Self) -> Self = _mm512_unpackhi_pd;
        even_quarters(other: Self) -> Self = _mm512_shuffle_f64x2::<0x88>;
        odd_quarters(other: Self) -> Self = _mm512_shuffle_f64x2::<0xdd>;
    }
}

impl Integers for I64x8 {
    type Reals = F64x8;

    instructions! {
        add(other: Self) -> Self = _mm512_add_epi64;
        sub(other: Self) -> Self = _mm512_sub_epi64;
        and(other: Self) -> Self = _mm512_and_si512;
        or(other: Self) -> Self = _mm512_or_si512;
        xor(other: Self) -> Self = _mm512_xor_si512;
        shift_left(bits: Self) -> Self = _mm512_sllv_epi64;
        shift_right(bits: Self) -> Self = _mm512_srlv_epi64;
        shift_right_signed(bits: Self) -> Self = _mm512_srav_epi64;
        to_reals() -> F64x8 = _mm512_cvtepi64_pd;
    }

    #[inline(always)]
    fn store(self, to: &mut [u64]) {
        let to = &mut to[..LANES];
        // SAFETY: a vector exists, so the processor has the instructions; there is room for eight numbers.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.0) }
    }
}

/// Number `j` of vector `i` becomes number `i` of vector `j`: exchanges neighbours, then quarters of the vectors twice.
#[inline(always)]
fn transpose(x: [F64x8; LANES]) -> [F64x8; LANES] {
    let (a, b) = (x[0].low_pairs(x[1]), x[0].high_pairs(x[1]));
    let (c, d) = (x[2].low_pairs(x[3]), x[2].high_pairs(x[3]));
    let (e, f) = (x[4].low_pairs(x[5]), x[4].high_pairs(x[5]));
    let (g, h) = (x[6].low_pairs(x[7]), x[6].high_pairs(x[7]));
    let (ac, ac_odd) = (a.even_quarters(c), a.odd_quarters(c));
    let (bd, bd_odd) = (b.even_quarters(d), b.odd_quarters(d));
    let (eg, eg_odd) = (e.even_quarters(g), e.odd_quarters(g));
    let (fh, fh_odd) = (f.even_quarters(h), f.odd_quarters(h));
    [
        ac.even_quarters(eg),
        bd.even_quarters(fh),
        ac_odd.even_quarters(eg_odd),
        bd_odd.even_quarters(fh_odd),
        ac.odd_quarters(eg),
        bd.odd_quarters(fh),
        ac_odd.odd_quarters(eg_odd),
        bd_odd.odd_quarters(fh_odd),
    ]
}
