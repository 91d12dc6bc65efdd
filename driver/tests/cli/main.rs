//! The commands as their users start them: each step in a process of its own, on files.

mod bad_input;
mod fixture;
mod ir_opt;
mod round_trip;
