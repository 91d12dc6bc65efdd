//! Cloakwork: compiles programs into native code that computes on encrypted data.
