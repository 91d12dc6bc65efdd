//! Pass registry and pipelines, analyses, the parameter optimizer, conversions.
