//! Variance that each building block adds, as formulas with their sources.
