//! Machine code from the llvm dialect: JIT, shared library, executable.
