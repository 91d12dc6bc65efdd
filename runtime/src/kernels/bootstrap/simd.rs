//! What the blind rotation asks of a processor: vectors of a few numbers, and functions compiled for them.
//!
//! All code of the blind rotation is generic over a [`Simd`], whose value is the proof that the processor has the
//! instructions; that makes the operations safe. Whatever is generic is inlined into [`Simd::enter`], the one function
//! that enables the instructions, so each [`Task`] is compiled once for each instruction set.
//!
//! In memory eight numbers stand together ([`Points`]), whatever the processor: a vector is a part of them.

use crate::kernels::key_data::Plain;

/// Numbers that stand together in memory.
pub(crate) const LANES: usize = 8;

/// Eight complex numbers in memory.
#[derive(Clone, Copy, Debug)]
#[repr(C, align(128))]
pub(crate) struct Points {
    pub(crate) re: [f64; LANES],
    pub(crate) im: [f64; LANES],
}

// SAFETY: sixteen numbers fill the 128 bytes, and any bits are a number.
unsafe impl Plain for Points {}

impl Points {
    pub(crate) const ZERO: Self = Self { re: [0.0; LANES], im: [0.0; LANES] };
}

/// 64 points in memory.
pub(crate) type Block = [Points; LANES];

/// An instruction set that this processor has.
pub(crate) trait Simd: Copy + Send + Sync + 'static {
    /// Numbers in a vector: 2, 4 or 8.
    const WIDTH: usize;
    /// Vectors that eight numbers fill.
    const PARTS: usize = LANES / Self::WIDTH;
    type Reals: Reals<Integers = Self::Integers>;
    type Integers: Integers<Reals = Self::Reals>;

    /// Runs a task, compiled for the instruction set.
    fn enter<T: Task<Self>>(self, task: T) -> T::Output;

    /// The same number everywhere.
    fn real(self, value: f64) -> Self::Reals;
    /// The first `WIDTH` of `from`.
    fn reals(self, from: &[f64]) -> Self::Reals;
    /// The same number everywhere.
    fn integer(self, value: i64) -> Self::Integers;
    /// The first `WIDTH` of `from`.
    fn integers(self, from: &[u64]) -> Self::Integers;

    /// Part `part` of the columns of eight rows: vector `j` holds number `j` of the rows from `part·WIDTH` on.
    fn columns<'a>(self, row: impl Fn(usize) -> &'a [f64; LANES], part: usize) -> [Self::Reals; LANES];

    /// Asks for `data[position]` to be brought into the nearest cache, or else the second; beyond the end nothing
    /// happens.
    fn prefetch<const IS_NEAREST: bool>(self, data: &[Points], position: usize);
}

/// A vector of doubles.
pub(crate) trait Reals: Copy {
    type Integers;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self·factor + term`
    fn mul_add(self, factor: Self, term: Self) -> Self;
    /// `self·factor − term`
    fn mul_sub(self, factor: Self, term: Self) -> Self;
    /// `term − self·factor`
    fn neg_mul_add(self, factor: Self, term: Self) -> Self;
    /// The difference to the nearest integer, in `[−½, ½]`, for numbers below `2^51`.
    fn fraction(self) -> Self;
    /// Numbers in `[−½, ½]` times `2^64`, to integers next to them; `½` may become either of the integers beside `2^63`.
    fn to_units(self) -> Self::Integers;
    /// To the first numbers of `to`.
    fn store(self, to: &mut [f64]);
}

/// A vector of integers, modulo `2^64`.
pub(crate) trait Integers: Copy {
    type Reals;
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn and(self, other: Self) -> Self;
    fn or(self, other: Self) -> Self;
    fn xor(self, other: Self) -> Self;
    /// By the same number of bits everywhere, below 64, as in the two that follow.
    fn shift_left(self, bits: Self) -> Self;
    fn shift_right(self, bits: Self) -> Self;
    fn shift_right_signed(self, bits: Self) -> Self;
    /// Read as signed.
    fn to_reals(self) -> Self::Reals;
    /// To the first numbers of `to`.
    fn store(self, to: &mut [u64]);
}

/// A piece of work that is compiled for an instruction set. Its `run` is always inlined.
pub(crate) trait Task<S> {
    type Output;
    fn run(self, simd: S) -> Self::Output;
}
