//! What programs compute by several operations of the graph, written once for every frontend.
//!
//! Each file adds methods to [`OpGraph`](crate::OpGraph), which other languages call, and to
//! [`Traced`](crate::Traced), which record the same at the place of their caller.
//!
//! - [`reductions`]: sums, products, extremes, means along axes; running sums;
//! - [`ordering`]: positions of extremes, sorting, medians;
//! - [`contractions`], [`einsum`]: sums of products of tensors;
//! - [`windows`], [`convolution`], [`pooling`]: what kernels see, in one to three dimensions;
//! - [`rearranging`]: elements in other places, differences, triangles;
//! - [`elementwise`]: choices, truth values, digits on the same scale;
//! - [`encrypted_positions`]: reading and writing where an encrypted integer says;
//! - `axes`: axes that are brought in front, and positions of elements.

mod axes;
pub mod contractions;
pub mod convolution;
pub mod einsum;
pub mod elementwise;
mod encrypted_positions;
pub mod ordering;
pub mod pooling;
pub mod rearranging;
pub mod reductions;
pub mod windows;
