//! Suites, filetests, golden data and benches of the whole compiler.
