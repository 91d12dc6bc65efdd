//! Pass registry and pipelines, analyses, the parameter optimizer, conversions.
pub mod pass;
pub mod pipeline;
pub mod registry;
