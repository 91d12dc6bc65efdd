//! Vectors of four numbers in AVX registers, with AVX2 and FMA.

use super::simd::{Integers, LANES, Points, Reals, Simd, Task};
use std::arch::x86_64::{
    __m256d, __m256i, _MM_FROUND_NO_EXC, _MM_FROUND_TO_NEAREST_INT, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch,
    _mm256_add_epi64, _mm256_add_pd, _mm256_and_si256, _mm256_blend_epi32, _mm256_castpd_si256,
    _mm256_castsi256_pd, _mm256_fmadd_pd, _mm256_fmsub_pd, _mm256_fnmadd_pd, _mm256_loadu_pd,
    _mm256_loadu_si256, _mm256_mul_pd, _mm256_or_si256, _mm256_permute2f128_pd, _mm256_round_pd,
    _mm256_set1_epi64x, _mm256_set1_pd, _mm256_slli_epi64, _mm256_sllv_epi64, _mm256_srli_epi64,
    _mm256_srlv_epi64, _mm256_storeu_pd, _mm256_storeu_si256, _mm256_sub_epi64, _mm256_sub_pd,
    _mm256_unpackhi_pd, _mm256_unpacklo_pd, _mm256_xor_si256,
};

/// The processor has AVX2 and FMA.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// Asks the processor.
    pub(crate) fn detect() -> Option<Self> {
        let has_all = is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma");
        has_all.then_some(Self(()))
    }
}

/// Numbers in a vector.
const WIDTH: usize = 4;

/// Four doubles.
#[derive(Clone, Copy)]
pub(crate) struct F64x4(__m256d);

/// Four integers.
#[derive(Clone, Copy)]
pub(crate) struct I64x4(__m256i);

impl Simd for Avx2 {
    const WIDTH: usize = WIDTH;
    type Reals = F64x4;
    type Integers = I64x4;

    fn enter<T: Task<Self>>(self, task: T) -> T::Output {
        #[inline(never)]
        #[target_feature(enable = "avx2,fma")]
        fn enter<T: Task<Avx2>>(avx2: Avx2, task: T) -> T::Output {
            task.run(avx2)
        }
        // SAFETY: the processor has the instructions, as `self` proves.
        unsafe { enter(self, task) }
    }

    #[inline(always)]
    fn real(self, value: f64) -> F64x4 {
        // SAFETY: the processor has the instructions, as `self` proves.
        F64x4(unsafe { _mm256_set1_pd(value) })
    }

    #[inline(always)]
    fn reals(self, from: &[f64]) -> F64x4 {
        let from = &from[..WIDTH];
        // SAFETY: the processor has the instructions, as `self` proves; four numbers are there to be read.
        F64x4(unsafe { _mm256_loadu_pd(from.as_ptr()) })
    }

    #[inline(always)]
    fn integer(self, value: i64) -> I64x4 {
        // SAFETY: the processor has the instructions, as `self` proves.
        I64x4(unsafe { _mm256_set1_epi64x(value) })
    }

    #[inline(always)]
    fn integers(self, from: &[u64]) -> I64x4 {
        let from = &from[..WIDTH];
        // SAFETY: the processor has the instructions, as `self` proves; four numbers are there to be read.
        I64x4(unsafe { _mm256_loadu_si256(from.as_ptr().cast()) })
    }

    /// By squares of four times four.
    #[inline(always)]
    fn columns<'a>(self, row: impl Fn(usize) -> &'a [f64; LANES], part: usize) -> [F64x4; LANES] {
        let mut columns = [self.real(0.0); LANES];
        for half in 0..LANES / WIDTH {
            let mut rows = [self.real(0.0); WIDTH];
            for (i, to) in rows.iter_mut().enumerate() {
                *to = self.reals(&row(part * WIDTH + i)[half * WIDTH..]);
            }
            columns[half * WIDTH..][..WIDTH].copy_from_slice(&transpose(rows));
        }
        columns
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

impl Reals for F64x4 {
    type Integers = I64x4;

    instructions! {
        add(other: Self) -> Self = _mm256_add_pd;
        sub(other: Self) -> Self = _mm256_sub_pd;
        mul(other: Self) -> Self = _mm256_mul_pd;
        mul_add(factor: Self, term: Self) -> Self = _mm256_fmadd_pd;
        mul_sub(factor: Self, term: Self) -> Self = _mm256_fmsub_pd;
        neg_mul_add(factor: Self, term: Self) -> Self = _mm256_fnmadd_pd;
    }

    #[inline(always)]
    fn fraction(self) -> Self {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        // SAFETY: a vector exists, so the processor has the instructions.
        Self(unsafe { _mm256_sub_pd(self.0, _mm256_round_pd::<NEAREST>(self.0)) })
    }

    /// In two halves of 32 bits: a small number that is added to `1.5·2^52` stands in the lowest bits of the sum.
    #[inline(always)]
    fn to_units(self) -> I64x4 {
        const LARGE: f64 = 6755399441055744.0;
        // SAFETY: a vector exists, so the processor has the instructions.
        unsafe {
            let large = _mm256_set1_pd(LARGE);
            let upper = _mm256_fmadd_pd(self.0, _mm256_set1_pd(32f64.exp2()), large);
            // Exact, for it is a difference of neighbours.
            let rest = _mm256_fmsub_pd(self.0, _mm256_set1_pd(32f64.exp2()), _mm256_sub_pd(upper, large));
            let lower = _mm256_fmadd_pd(rest, _mm256_set1_pd(32f64.exp2()), large);
            let upper = _mm256_slli_epi64::<32>(_mm256_castpd_si256(upper));
            let lower = _mm256_sub_epi64(_mm256_castpd_si256(lower), _mm256_castpd_si256(large));
            I64x4(_mm256_add_epi64(upper, lower))
        }
    }

    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        let to = &mut to[..WIDTH];
        // SAFETY: a vector exists, so the processor has the instructions; there is room for four numbers.
        unsafe { _mm256_storeu_pd(to.as_mut_ptr(), self.0) }
    }
}

impl F64x4 {
    instructions! {
        low_pairs(other: Self) -> Self = _mm256_unpacklo_pd;
        high_pairs(other: Self) -> Self = _mm256_unpackhi_pd;
        first_halves(other: Self) -> Self = _mm256_permute2f128_pd::<0x20>;
        second_halves(other: Self) -> Self = _mm256_permute2f128_pd::<0x31>;
    }
}

impl Integers for I64x4 {
    type Reals = F64x4;

    instructions! {
        add(other: Self) -> Self = _mm256_add_epi64;
        sub(other: Self) -> Self = _mm256_sub_epi64;
        and(other: Self) -> Self = _mm256_and_si256;
        or(other: Self) -> Self = _mm256_or_si256;
        xor(other: Self) -> Self = _mm256_xor_si256;
        shift_left(bits: Self) -> Self = _mm256_sllv_epi64;
        shift_right(bits: Self) -> Self = _mm256_srlv_epi64;
    }

    /// Without a sign, then the sign is spread from the place that it has come to.
    #[inline(always)]
    fn shift_right_signed(self, bits: Self) -> Self {
        // SAFETY: a vector exists, so the processor has the instructions.
        let sign = Self(unsafe { _mm256_set1_epi64x(i64::MIN) }).shift_right(bits);
        self.shift_right(bits).xor(sign).sub(sign)
    }

    /// In two halves of 32 bits, the upper one made positive, each in the lowest bits of a large double; what is too
    /// much in their sum is taken off the upper one exactly.
    #[inline(always)]
    fn to_reals(self) -> F64x4 {
        const LOWER: f64 = 4503599627370496.0; // 2^52: its lowest bit is 1
        const UPPER: f64 = 19342813113834066795298816.0; // 2^84: its lowest bit is 2^32
        const SIGN: f64 = 9223372036854775808.0; // 2^63
        // SAFETY: a vector exists, so the processor has the instructions.
        unsafe {
            let lower = _mm256_castpd_si256(_mm256_set1_pd(LOWER));
            let lower = _mm256_blend_epi32::<0b1010_1010>(self.0, lower);
            let upper = _mm256_castpd_si256(_mm256_set1_pd(UPPER + SIGN));
            let upper = _mm256_xor_si256(_mm256_srli_epi64::<32>(self.0), upper);
            let upper = _mm256_sub_pd(_mm256_castsi256_pd(upper), _mm256_set1_pd(UPPER + SIGN + LOWER));
            F64x4(_mm256_add_pd(upper, _mm256_castsi256_pd(lower)))
        }
    }

    #[inline(always)]
    fn store(self, to: &mut [u64]) {
        let to = &mut to[..WIDTH];
        // SAFETY: a vector exists, so the processor has the instructions; there is room for four numbers.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), self.0) }
    }
}

/// Number `j` of vector `i` becomes number `i` of vector `j`.
#[inline(always)]
fn transpose(x: [F64x4; WIDTH]) -> [F64x4; WIDTH] {
    let (a, b) = (x[0].low_pairs(x[1]), x[0].high_pairs(x[1]));
    let (c, d) = (x[2].low_pairs(x[3]), x[2].high_pairs(x[3]));
    [a.first_halves(c), b.first_halves(d), a.second_halves(c), b.second_halves(d)]
}

const _: () = assert!(LANES == 2 * WIDTH);
