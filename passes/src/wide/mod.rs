//! Integers that are too wide for a table: digits in place of integers.

mod arithmetic;
mod choice;
mod digit_width;
mod digits;
pub(crate) mod map_bounds;
mod maps;
pub(crate) mod split;
mod wide_integers;
mod writer;
