//! Vectors of two numbers in plain Rust, for every processor: two doubles fit a register nearly everywhere.

use super::simd::{Integers, LANES, Points, Reals, Simd, Task};

/// Any processor.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Portable;

/// Numbers in a vector.
const WIDTH: usize = 2;

/// Two doubles.
#[derive(Clone, Copy)]
pub(crate) struct F64x2([f64; WIDTH]);

/// Two integers.
#[derive(Clone, Copy)]
pub(crate) struct I64x2([u64; WIDTH]);

impl Simd for Portable {
    const WIDTH: usize = WIDTH;
    type Reals = F64x2;
    type Integers = I64x2;

    #[inline(never)]
    fn enter<T: Task<Self>>(self, task: T) -> T::Output {
        task.run(self)
    }

    #[inline(always)]
    fn real(self, value: f64) -> F64x2 {
        F64x2([value; WIDTH])
    }

    #[inline(always)]
    fn reals(self, from: &[f64]) -> F64x2 {
        F64x2([from[0], from[1]])
    }

    #[inline(always)]
    fn integer(self, value: i64) -> I64x2 {
        I64x2([value as u64; WIDTH])
    }

    #[inline(always)]
    fn integers(self, from: &[u64]) -> I64x2 {
        I64x2([from[0], from[1]])
    }

    #[inline(always)]
    fn columns<'a>(self, row: impl Fn(usize) -> &'a [f64; LANES], part: usize) -> [F64x2; LANES] {
        let (first, second) = (row(part * WIDTH), row(part * WIDTH + 1));
        std::array::from_fn(|j| F64x2([first[j], second[j]]))
    }

    #[inline(always)]
    fn prefetch<const IS_NEAREST: bool>(self, _: &[Points], _: usize) {}
}

/// `a·b + c`, rounded once where that is an instruction.
#[inline(always)]
fn multiply_add(a: f64, b: f64, c: f64) -> f64 {
    if cfg!(any(target_arch = "aarch64", target_feature = "fma")) { a.mul_add(b, c) } else { a * b + c }
}

impl F64x2 {
    #[inline(always)]
    fn zip(self, other: Self, combine: impl Fn(f64, f64) -> f64) -> Self {
        Self([combine(self.0[0], other.0[0]), combine(self.0[1], other.0[1])])
    }

    #[inline(always)]
    fn neg(self) -> Self {
        Self(self.0.map(|number| -number))
    }
}

impl Reals for F64x2 {
    type Integers = I64x2;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn mul_add(self, factor: Self, term: Self) -> Self {
        let number = |i: usize| multiply_add(self.0[i], factor.0[i], term.0[i]);
        Self([number(0), number(1)])
    }

    #[inline(always)]
    fn mul_sub(self, factor: Self, term: Self) -> Self {
        self.mul_add(factor, term.neg())
    }

    #[inline(always)]
    fn neg_mul_add(self, factor: Self, term: Self) -> Self {
        self.neg().mul_add(factor, term)
    }

    /// Doubles at `1.5·2^52` are integers, so adding it rounds.
    #[inline(always)]
    fn fraction(self) -> Self {
        const LARGE: f64 = 6755399441055744.0;
        Self(self.0.map(|number| number - ((number + LARGE) - LARGE)))
    }

    #[inline(always)]
    fn to_units(self) -> I64x2 {
        I64x2(self.0.map(|number| (number * 18446744073709551616.0) as i64 as u64))
    }

    #[inline(always)]
    fn store(self, to: &mut [f64]) {
        to[..WIDTH].copy_from_slice(&self.0);
    }
}

impl I64x2 {
    #[inline(always)]
    fn zip(self, other: Self, combine: impl Fn(u64, u64) -> u64) -> Self {
        Self([combine(self.0[0], other.0[0]), combine(self.0[1], other.0[1])])
    }
}

impl Integers for I64x2 {
    type Reals = F64x2;

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_add)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, u64::wrapping_sub)
    }

    #[inline(always)]
    fn and(self, other: Self) -> Self {
        self.zip(other, |a, b| a & b)
    }

    #[inline(always)]
    fn or(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b)
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| a ^ b)
    }

    #[inline(always)]
    fn shift_left(self, bits: Self) -> Self {
        self.zip(bits, |a, bits| a << (bits & 63))
    }

    #[inline(always)]
    fn shift_right(self, bits: Self) -> Self {
        self.zip(bits, |a, bits| a >> (bits & 63))
    }

    #[inline(always)]
    fn shift_right_signed(self, bits: Self) -> Self {
        self.zip(bits, |a, bits| (a as i64 >> (bits & 63)) as u64)
    }

    #[inline(always)]
    fn to_reals(self) -> F64x2 {
        F64x2(self.0.map(|number| number as i64 as f64))
    }

    #[inline(always)]
    fn store(self, to: &mut [u64]) {
        to[..WIDTH].copy_from_slice(&self.0);
    }
}
