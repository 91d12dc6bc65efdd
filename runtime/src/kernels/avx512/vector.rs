//! Vectors of eight numbers in an AVX-512 register, and eight complex numbers in two.
//!
//! A vector is made with an [`Avx512`] in hand, so where one exists its instructions do too; that makes the
//! operations safe. They are meant for functions that enable the instructions themselves: everything here is
//! inlined into them.

use super::Avx512;
use std::arch::x86_64::{
    __m512d, __m512i, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch, _mm512_add_epi64, _mm512_add_pd,
    _mm512_and_si512, _mm512_cvtepi64_pd, _mm512_cvtpd_epi64, _mm512_fmadd_pd, _mm512_fmsub_pd,
    _mm512_fnmadd_pd, _mm512_loadu_pd, _mm512_loadu_si512, _mm512_mul_pd, _mm512_or_si512, _mm512_reduce_pd,
    _mm512_set1_epi64, _mm512_set1_pd, _mm512_shuffle_f64x2, _mm512_sllv_epi64, _mm512_srav_epi64,
    _mm512_srlv_epi64, _mm512_storeu_pd, _mm512_storeu_si512, _mm512_sub_epi64, _mm512_sub_pd,
    _mm512_unpackhi_pd, _mm512_unpacklo_pd, _mm512_xor_si512,
};

/// Numbers in a vector.
pub(super) const LANES: usize = 8;

/// Eight doubles.
#[derive(Clone, Copy)]
pub(super) struct F64x8(__m512d);

/// Eight integers, modulo `2^64`.
#[derive(Clone, Copy)]
pub(super) struct I64x8(__m512i);

/// Methods that are one instruction each.
macro_rules! instructions {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $kind:ty),*) -> $result:ident = $intrinsic:expr;)*) => {$(
        $(#[$doc])*
        #[inline(always)]
        pub(super) fn $name(self, $($argument: $kind),*) -> $result {
            // SAFETY: a vector exists, so the processor has the instructions.
            $result(unsafe { $intrinsic(self.0, $($argument.0),*) })
        }
    )*};
}

impl F64x8 {
    #[inline(always)]
    pub(super) fn splat(_: Avx512, value: f64) -> Self {
        // SAFETY: the processor has the instructions, as the argument proves.
        Self(unsafe { _mm512_set1_pd(value) })
    }

    #[inline(always)]
    pub(super) fn load(_: Avx512, from: &[f64; LANES]) -> Self {
        // SAFETY: the processor has the instructions, as the argument proves; eight numbers are there to be read.
        Self(unsafe { _mm512_loadu_pd(from.as_ptr()) })
    }

    #[inline(always)]
    pub(super) fn store(self, to: &mut [f64; LANES]) {
        // SAFETY: a vector exists, so the processor has the instructions; there is room for eight numbers.
        unsafe { _mm512_storeu_pd(to.as_mut_ptr(), self.0) }
    }

    instructions! {
        add(other: Self) -> Self = _mm512_add_pd;
        sub(other: Self) -> Self = _mm512_sub_pd;
        mul(other: Self) -> Self = _mm512_mul_pd;
        /// `self·factor + term`
        mul_add(factor: Self, term: Self) -> Self = _mm512_fmadd_pd;
        /// `self·factor − term`
        mul_sub(factor: Self, term: Self) -> Self = _mm512_fmsub_pd;
        /// `term − self·factor`
        neg_mul_add(factor: Self, term: Self) -> Self = _mm512_fnmadd_pd;
        /// The difference to the nearest integer, in `[−½, ½]`.
        fraction() -> Self = _mm512_reduce_pd::<0>;
        /// Rounded to integers; `2^63` becomes `−2^63`.
        to_integers() -> I64x8 = _mm512_cvtpd_epi64;
        low_pairs(other: Self) -> Self = _mm512_unpacklo_pd;
        high_pairs(other: Self) -> Self = _mm512_unpackhi_pd;
        even_quarters(other: Self) -> Self = _mm512_shuffle_f64x2::<0x88>;
        odd_quarters(other: Self) -> Self = _mm512_shuffle_f64x2::<0xdd>;
    }
}

impl I64x8 {
    #[inline(always)]
    pub(super) fn splat(_: Avx512, value: i64) -> Self {
        // SAFETY: the processor has the instructions, as the argument proves.
        Self(unsafe { _mm512_set1_epi64(value) })
    }

    /// Reads the first eight of `from`.
    #[inline(always)]
    pub(super) fn load(_: Avx512, from: &[u64]) -> Self {
        let from = &from[..LANES];
        // SAFETY: the processor has the instructions, as the argument proves; eight numbers are there to be read.
        Self(unsafe { _mm512_loadu_si512(from.as_ptr().cast()) })
    }

    /// Writes the first eight of `to`.
    #[inline(always)]
    pub(super) fn store(self, to: &mut [u64]) {
        let to = &mut to[..LANES];
        // SAFETY: a vector exists, so the processor has the instructions; there is room for eight numbers.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), self.0) }
    }

    instructions! {
        add(other: Self) -> Self = _mm512_add_epi64;
        sub(other: Self) -> Self = _mm512_sub_epi64;
        and(other: Self) -> Self = _mm512_and_si512;
        or(other: Self) -> Self = _mm512_or_si512;
        xor(other: Self) -> Self = _mm512_xor_si512;
        shift_left(bits: Self) -> Self = _mm512_sllv_epi64;
        shift_right(bits: Self) -> Self = _mm512_srlv_epi64;
        shift_right_signed(bits: Self) -> Self = _mm512_srav_epi64;
        to_doubles() -> F64x8 = _mm512_cvtepi64_pd;
    }
}

/// Eight complex numbers in memory.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
pub(super) struct Points {
    pub(super) re: [f64; LANES],
    pub(super) im: [f64; LANES],
}

impl Points {
    pub(super) const ZERO: Self = Self { re: [0.0; LANES], im: [0.0; LANES] };
}

/// Eight complex numbers.
#[derive(Clone, Copy)]
pub(super) struct Complex {
    pub(super) re: F64x8,
    pub(super) im: F64x8,
}

impl Complex {
    #[inline(always)]
    pub(super) fn zero(avx512: Avx512) -> Self {
        Self { re: F64x8::splat(avx512, 0.0), im: F64x8::splat(avx512, 0.0) }
    }

    #[inline(always)]
    pub(super) fn load(avx512: Avx512, from: &Points) -> Self {
        Self { re: F64x8::load(avx512, &from.re), im: F64x8::load(avx512, &from.im) }
    }

    #[inline(always)]
    pub(super) fn store(self, to: &mut Points) {
        self.re.store(&mut to.re);
        self.im.store(&mut to.im);
    }

    #[inline(always)]
    pub(super) fn add(self, other: Self) -> Self {
        Self { re: self.re.add(other.re), im: self.im.add(other.im) }
    }

    #[inline(always)]
    pub(super) fn sub(self, other: Self) -> Self {
        Self { re: self.re.sub(other.re), im: self.im.sub(other.im) }
    }

    #[inline(always)]
    pub(super) fn mul(self, other: Self) -> Self {
        Self {
            re: self.im.neg_mul_add(other.im, self.re.mul(other.re)),
            im: self.im.mul_add(other.re, self.re.mul(other.im)),
        }
    }

    /// `self · conj(other)`
    #[inline(always)]
    pub(super) fn mul_conjugate(self, other: Self) -> Self {
        Self {
            re: self.im.mul_add(other.im, self.re.mul(other.re)),
            im: self.im.mul_sub(other.re, self.re.mul(other.im)),
        }
    }

    /// `self·factor + term`
    #[inline(always)]
    pub(super) fn mul_add(self, factor: Self, term: Self) -> Self {
        Self {
            re: self.im.neg_mul_add(factor.im, self.re.mul_add(factor.re, term.re)),
            im: self.im.mul_add(factor.re, self.re.mul_add(factor.im, term.im)),
        }
    }

    /// `self·factor − term`
    #[inline(always)]
    pub(super) fn mul_sub(self, factor: Self, term: Self) -> Self {
        Self {
            re: self.im.neg_mul_add(factor.im, self.re.mul_sub(factor.re, term.re)),
            im: self.im.mul_add(factor.re, self.re.mul_sub(factor.im, term.im)),
        }
    }

    /// `self + i·other`
    #[inline(always)]
    pub(super) fn add_turned(self, other: Self) -> Self {
        Self { re: self.re.sub(other.im), im: self.im.add(other.re) }
    }

    /// `self − i·other`
    #[inline(always)]
    pub(super) fn sub_turned(self, other: Self) -> Self {
        Self { re: self.re.add(other.im), im: self.im.sub(other.re) }
    }

    /// `(1 + i)·self`
    #[inline(always)]
    pub(super) fn diagonal(self) -> Self {
        Self { re: self.re.sub(self.im), im: self.re.add(self.im) }
    }

    /// `(1 − i)·self`
    #[inline(always)]
    pub(super) fn diagonal_back(self) -> Self {
        Self { re: self.re.add(self.im), im: self.im.sub(self.re) }
    }

    /// `factor·self`
    #[inline(always)]
    pub(super) fn scale(self, factor: F64x8) -> Self {
        Self { re: self.re.mul(factor), im: self.im.mul(factor) }
    }

    /// `self + factor·other` and `self − factor·other`
    #[inline(always)]
    pub(super) fn split_scaled(self, other: Self, factor: F64x8) -> (Self, Self) {
        let (re, im) = (other.re, other.im);
        (
            Self { re: re.mul_add(factor, self.re), im: im.mul_add(factor, self.im) },
            Self { re: re.neg_mul_add(factor, self.re), im: im.neg_mul_add(factor, self.im) },
        )
    }

    /// `self + i·factor·other` and `self − i·factor·other`
    #[inline(always)]
    pub(super) fn split_turned_scaled(self, other: Self, factor: F64x8) -> (Self, Self) {
        let (re, im) = (other.re, other.im);
        (
            Self { re: im.neg_mul_add(factor, self.re), im: re.mul_add(factor, self.im) },
            Self { re: im.mul_add(factor, self.re), im: re.neg_mul_add(factor, self.im) },
        )
    }

    /// `−i·(self − other)`
    #[inline(always)]
    pub(super) fn sub_turned_back(self, other: Self) -> Self {
        Self { re: self.im.sub(other.im), im: other.re.sub(self.re) }
    }
}

/// Number `j` of vector `i` becomes number `i` of vector `j`.
#[inline(always)]
pub(super) fn transpose(x: &mut [Complex; LANES]) {
    let re = transpose_part([x[0].re, x[1].re, x[2].re, x[3].re, x[4].re, x[5].re, x[6].re, x[7].re]);
    let im = transpose_part([x[0].im, x[1].im, x[2].im, x[3].im, x[4].im, x[5].im, x[6].im, x[7].im]);
    for i in 0..LANES {
        x[i] = Complex { re: re[i], im: im[i] };
    }
}

/// Exchanges neighbours, then quarters of the vectors twice.
#[inline(always)]
fn transpose_part(x: [F64x8; LANES]) -> [F64x8; LANES] {
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

/// Asks for `data[position]` to be brought near; beyond the end nothing happens.
#[inline(always)]
pub(super) fn prefetch<const IS_NEAREST: bool>(data: &[Points], position: usize) {
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
