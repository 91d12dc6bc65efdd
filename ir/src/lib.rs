//! The fhe and tfhe dialects: types, operations, verifiers, builders, the interpreter, diagnostics.
