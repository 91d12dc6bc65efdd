//! Rounding, truncation and low bits: what they cost in width, and the ways to compute them.
//!
//! - [`widths`]: how wide inputs and results must be;
//! - [`method`]: the ways there are for an operation, and their names;
//! - [`expand`]: an operation becomes lookups of bits by one of them;
//! - [`decompose`]: the pass, which lets the parameter optimizer price the choices;
//! - [`noise`], [`encode`]: what the parts mean to the optimizer and to the conversion.

pub(crate) mod decompose;
pub(crate) mod encode;
mod expand;
mod method;
pub(crate) mod noise;
mod widths;

pub(crate) use widths::{Input, asked_widths};
