//! Pass registry and pipelines, analyses, the parameter optimizer, conversions.
mod batch_bootstraps;
mod clear_bounds;
mod convert_fhe_to_tfhe;
mod facts;
mod native;
mod optimize_parameters;
pub mod parameters;
pub mod pass;
pub mod pipeline;
pub mod registry;
