//! Keys, encryption, decryption, encrypted execution and simulation.
//!
//! - [`keys`]: secret keys of a client, evaluation keys for a server;
//! - [`client`]: encrypt arguments, decrypt results;
//! - [`model_client`]: what a client of a model does in the clear; [`c_interface`]: all of it for C;
//! - [`value`]: one argument or result, as it travels between the two;
//! - [`artifact`]: a compiled program as a file; [`spec_file`]: its spec, out of any file that has it;
//! - [`program`]: a compiled program, ready to run;
//! - [`server`]: runs a program on encrypted values;
//! - [`batch`]: the same on several samples side by side;
//! - [`timeline`]: when a run did what;
//! - [`simulator`]: runs the same machine code on noisy phases, without keys;
//! - [`formats`]: keys and values as bytes and files;
//! - [`output_file`]: how files are written, and what is never replaced;
//! - [`calibrate`]: what operations take on this machine;
//! - [`kernel_trial`]: what the kernels cost, for measurements;
//! - [`executable`]: the `main` of emitted executables;
//! - [`hostile`]: what fuzzers call.
//!
//! `seeded` and `compact` hold what was just encrypted in few bytes; `machine_code` brings code into memory. `kernels` is the seam behind [`server`]: keyswitch and bootstrap as plain functions on words.
//!
//! Without the feature `server`, which is on by default, there is the client's half alone: keys, encryption, decryption and
//! what a model's client does in the clear, with no machine code and no kernels.

pub mod artifact;
#[cfg(feature = "server")]
pub mod batch;
pub mod c_interface;
#[cfg(feature = "server")]
pub mod calibrate;
pub mod client;
mod compact;
#[cfg(feature = "server")]
pub mod executable;
pub mod formats;
mod fourier_plan;
pub mod hostile;
#[cfg(feature = "server")]
pub mod kernel_trial;
#[cfg(feature = "server")]
mod kernels;
pub mod keys;
#[cfg(feature = "server")]
mod machine_code;
#[cfg(feature = "server")]
pub mod memory;
pub mod model_client;
pub mod output_file;
#[cfg(feature = "server")]
pub mod program;
mod seeded;
#[cfg(feature = "server")]
pub mod server;
#[cfg(feature = "server")]
pub mod simulator;
pub mod spec_file;
#[cfg(feature = "server")]
mod thread_time;
#[cfg(feature = "server")]
pub mod timeline;
pub mod value;

#[cfg(test)]
#[cfg(feature = "server")]
mod measured_noise;
#[cfg(test)]
#[cfg(feature = "server")]
mod whole_torus;

#[cfg(feature = "server")]
pub use batch::{run_batch, run_batch_until, samples_at_once};
pub use client::{decrypt, encrypt, encrypt_public};
#[cfg(feature = "server")]
pub use keys::ExpandedKeys;
pub use keys::{EvaluationKeys, KeyIdentity, PublicKey, Randomness, SecretKeys, generate};
#[cfg(feature = "server")]
pub use program::Program;
#[cfg(feature = "server")]
pub use server::{RunOptions, run, run_until, run_watched};
#[cfg(feature = "server")]
pub use simulator::{Noise, Simulation, simulate, simulate_batch};
pub use value::Value;
