//! A soak: a service, and clients of which some die, stall and send garbage.
//!
//! `cargo run --release -p cloakwork --example soak -- --minutes 10` ends with an error if a result was wrong or lost.

#![allow(clippy::unwrap_used, reason = "a program for measurements")]

mod clients;
#[allow(dead_code, reason = "shared with tests")]
mod models;
#[allow(dead_code, reason = "shared with tests")]
mod raw;
#[allow(dead_code, reason = "shared with tests")]
mod server;

use cloakwork_serve::options::{Bytes, Options};
use std::process::ExitCode;
use std::time::{Duration, Instant};

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    let minutes: f64 = match arguments.as_slice() {
        [_] => 1.0,
        [_, option, minutes] if option == "--minutes" => minutes.parse().unwrap(),
        _ => panic!("usage: soak [--minutes N]"),
    };
    let models = models::Models::compile();
    let mut options = Options::new(models.path());
    options.limits.max_keys_memory = Bytes(1 << 20);
    options.limits.body_timeout = Duration::from_secs(1);
    // Half uploads of those who do mischief count for their tenants, who would have no room after minutes.
    options.limits.upload_lifetime = Duration::from_secs(10);
    let names: Vec<String> = (0..8).map(|i| format!("tenant-{i}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let tokens = server::tokens(&mut options, models.path(), &names);
    let server = server::Server::start(options);
    let before = resident();
    let (begun, time) = (Instant::now(), Duration::from_secs_f64(60.0 * minutes));
    let tally = clients::soak(server.address, &models, &tokens, &|_| begun.elapsed() >= time);
    println!("{tally:?}");
    println!("memory of the process: {} MiB before, {} MiB after", before >> 20, resident() >> 20);
    let (right, wrong) = (tally.right.into_inner(), tally.wrong.into_inner());
    if right > 0 && wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Bytes of memory that the process has.
fn resident() -> u64 {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split(' ').nth(1).unwrap().parse::<u64>().unwrap() * 4096
}
