//! Functions of several encrypted integers: the ways to compute them by sums and lookups of one value;
//! and tables that are so wide that narrow lookups may cost less.
//!
//! - [`method`]: which operations are done alike, and the ways there are for them;
//! - [`site`]: sums, lookups and digits of values whose ranges are known;
//! - [`compare`], [`product`], [`half_squares`], [`bits`]: an operation becomes these by one of the ways;
//! - [`one_hot`]: wide tables of one value;
//! - [`recognise`]: choices that are written as products;
//! - [`expand`]: which of them it is, and what constants among the operands save;
//! - [`decompose`]: the pass.

mod bits;
mod compare;
pub(crate) mod decompose;
mod expand;
mod half_squares;
mod method;
mod one_hot;
mod product;
mod recognise;
mod site;
