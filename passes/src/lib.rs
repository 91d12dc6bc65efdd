//! Pass registry and pipelines, analyses, the parameter optimizer, conversions.
mod batch_bootstraps;
mod convert_fhe_to_tfhe;
mod native;
pub mod pass;
pub mod pipeline;
pub mod registry;
