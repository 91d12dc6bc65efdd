//! The contract between compiled programs, the compiler and the runtime.
//!
//! - [`functions`]: what machine code may call, and the context it is given;
//! - [`parameters`]: cryptographic parameters with a type for each number;
//! - [`spec`]: the public description of a compiled function; [`read_spec`]: how it is read and checked;
//!   [`module_spec`]: that of a module of several functions;
//! - [`processing`]: what a client of a model does in the clear; [`processor`]: what machine code needs;
//! - [`bounds`]: integers of 64 bits and their words; [`encoding`]: how they lie on the torus; [`radix`]: as digits;
//! - [`batches`]: how many ciphertexts pass by a key together; [`release`]: files of other releases;
//! - [`security`]: least noise for a security level; [`noise`]: what each building block adds.
//!
//! No melior and no tfhe in here: the compile side and the run side meet only in this crate.

pub mod batches;
pub mod bounds;
pub mod encoding;
pub mod functions;
pub mod module_spec;
pub mod noise;
pub mod parameters;
pub mod processing;
pub mod processor;
pub mod radix;
pub mod read_spec;
pub mod release;
pub mod security;
pub mod spec;
