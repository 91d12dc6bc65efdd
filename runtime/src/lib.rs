//! Keys, encryption, decryption, encrypted execution and simulation.
//!
//! - [`keys`]: secret keys of a client, evaluation keys for a server;
//! - [`client`]: encrypt arguments, decrypt results;
//! - [`value`]: one argument or result, as it travels between the two;
//! - [`program`]: a compiled program, from memory or from a shared library;
//! - [`server`]: runs a program on encrypted values;
//! - [`batch`]: the same on several samples side by side;
//! - [`simulator`]: runs the same machine code on noisy phases, without keys;
//! - [`formats`]: keys and values as bytes and files;
//! - [`output_file`]: how files are written, and what is never replaced;
//! - [`calibrate`]: what operations take on this machine;
//! - [`kernel_trial`]: what the kernels cost, for measurements;
//! - [`executable`]: the `main` of emitted executables.
//!
//! `seeded` holds what was just encrypted in few bytes. `kernels` is the seam behind [`server`]: keyswitch and bootstrap as plain functions on words.

pub mod batch;
pub mod calibrate;
pub mod client;
pub mod executable;
pub mod formats;
pub mod kernel_trial;
mod kernels;
pub mod keys;
pub mod output_file;
pub mod program;
mod seeded;
pub mod server;
pub mod simulator;
mod thread_time;
pub mod value;

#[cfg(test)]
mod measured_noise;
#[cfg(test)]
mod whole_torus;

pub use batch::{run_batch, run_batch_until, samples_at_once};
pub use client::{decrypt, encrypt};
pub use keys::{EvaluationKeys, KeyIdentity, Randomness, SecretKeys, generate};
pub use program::Program;
pub use server::{RunOptions, run, run_until, run_watched};
pub use simulator::{Noise, Simulation, simulate, simulate_batch};
pub use value::Value;
