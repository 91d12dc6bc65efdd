//! What the service costs on top of the runtime, for the network of digits:
//! `cargo run --release -p cloakwork --example service_speed`.
//!
//! - overhead: one client after the other over HTTP, against the same runs in this process;
//! - throughput: eight clients at once, against as many runs at once in this process;
//! - uploads: keys to a synced, checked file, against writing and syncing the same bytes.
//!
//! Both sides of a ratio take turns, so that what else the machine does meets both.

#![allow(clippy::unwrap_used, reason = "a program for measurements")]

#[allow(dead_code, reason = "shared with the example of digits")]
#[path = "digits/network.rs"]
mod network;
#[allow(dead_code, reason = "shared with the soak")]
#[path = "soak/server.rs"]
mod server;

use cloakwork::{Circuit, EvaluationKeys, Options, Program, SecretKeys, compile_calibrated, trace};
use cloakwork_runtime::formats::{values_from_bytes, values_to_bytes};
use cloakwork_runtime::{Randomness, RunOptions, encrypt, generate, run};
use cloakwork_serve::client::{Client, ClientOptions, RemoteProgram};
use cloakwork_serve::options::Options as ServiceOptions;
use ndarray::{Array1, Array2, ArrayD};
use network::{Image, Network};
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;

/// Clients at once.
const CLIENTS: usize = 8;
/// How often each side of a ratio is measured.
const ROUNDS: usize = 5;

fn main() {
    let network = Network::load().unwrap();
    let circuit = compile(&network);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("digits.cloakwork");
    circuit.save(&path).unwrap();
    let program = Program::load(&path).unwrap();
    let (secret, evaluation) = generate(&program.spec().keyset, Randomness::Secure, &|_| ()).unwrap();
    let file = arguments(&program, &secret, &network.test_images().unwrap()[0]);

    let server = server::Server::start(ServiceOptions::new(folder.path()));
    let client = Client::new(&server.url(), &ClientOptions::default()).unwrap();
    uploads(&client, &program, folder.path());
    let keys = client.upload_keys("digits", &evaluation.to_bytes()).unwrap();
    let remote = RemoteProgram::new(client, "digits", None, keys).unwrap();
    overhead(&program, &evaluation, &remote, &file);
    throughput(&program, &evaluation, &remote, &file);
}

fn compile(network: &Network) -> Circuit {
    let matrix = |rows: &[Vec<i64>]| -> ArrayD<i64> {
        Array2::from_shape_vec((rows.len(), rows[0].len()), rows.concat()).unwrap().into_dyn()
    };
    let vector = |values: &[i64]| -> ArrayD<i64> { Array1::from(values.to_vec()).into_dyn() };
    let (first, second) = (matrix(&network.w1), matrix(&network.w2));
    let (first_bias, second_bias) = (vector(&network.b1), vector(&network.b2));
    let activation = network.activation();
    let graph = trace("digits", |t| {
        let x = t.encrypted("pixels", [network.w1.len()], 0..=2);
        (x.matmul(&first) + &first_bias).map(activation).matmul(&second) + &second_bias
    });
    let training = network.training_images().unwrap();
    compile_calibrated(&graph.unwrap(), training.iter().map(pixels), &Options::default()).unwrap()
}

fn pixels(image: &Image) -> Vec<ArrayD<i64>> {
    vec![Array1::from(image.pixels.clone()).into_dyn()]
}

fn arguments(program: &Program, secret: &SecretKeys, image: &Image) -> Vec<u8> {
    let spec = program.spec();
    let values = encrypt(spec, secret, &pixels(image)).unwrap();
    values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap()
}

/// Seconds of `work`.
fn seconds(work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64()
}

/// The median of the ratio of two works that take turns, and the median seconds of each.
fn ratio(mut first: impl FnMut(), mut second: impl FnMut()) -> (f64, f64, f64) {
    first();
    second();
    let rounds: Vec<(f64, f64)> = (0..ROUNDS).map(|_| (seconds(&mut first), seconds(&mut second))).collect();
    let median = |of: &dyn Fn(&(f64, f64)) -> f64| {
        let mut all: Vec<f64> = rounds.iter().map(of).collect();
        all.sort_by(f64::total_cmp);
        all[all.len() / 2]
    };
    (median(&|round| round.0 / round.1), median(&|round| round.0), median(&|round| round.1))
}

fn overhead(program: &Program, keys: &EvaluationKeys, remote: &RemoteProgram, file: &[u8]) {
    let spec = program.spec();
    let values = values_from_bytes(&spec.keyset, &spec.inputs, file).unwrap();
    let files = [file.to_vec()];
    let here = || drop(run(program, keys, &values, RunOptions::default()).unwrap());
    let (ratio, there, here) = ratio(|| drop(remote.run(&files).unwrap()), here);
    println!(
        "overhead of the service: {:.1} % ({:.1} ms, in this process {:.1} ms)",
        (ratio - 1.0) * 1e2,
        there * 1e3,
        here * 1e3
    );
}

fn throughput(program: &Program, keys: &EvaluationKeys, remote: &RemoteProgram, file: &[u8]) {
    let spec = program.spec();
    let values = values_from_bytes(&spec.keyset, &spec.inputs, file).unwrap();
    let runs = 2 * CLIENTS;
    let files = [file.to_vec()];
    let here = |at_once: usize| {
        in_parallel(at_once, runs, &|| drop(run(program, keys, &values, RunOptions::default()).unwrap()));
    };
    let there = || in_parallel(CLIENTS, runs, &|| drop(remote.run(&files).unwrap()));
    // The machine's limit: whatever number of runs at once does best.
    let mut best = (1, f64::INFINITY);
    for at_once in [1, 2, CLIENTS] {
        let time = seconds(|| here(at_once));
        if time < best.1 {
            best = (at_once, time);
        }
    }
    let (ratio, here, there) = ratio(|| here(best.0), there);
    let per_second = |time: f64| runs as f64 / time;
    println!(
        "throughput of {CLIENTS} clients over that of {} runs at once in this process: {ratio:.3} ({:.2} and {:.2} a second)",
        best.0,
        per_second(there),
        per_second(here)
    );
}

/// Does `work` so many times on that many threads.
fn in_parallel(threads: usize, times: usize, work: &(dyn Fn() + Sync)) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while next.fetch_add(1, Ordering::Relaxed) < times {
                    work();
                }
            });
        }
    });
}

fn uploads(client: &Client, program: &Program, folder: &Path) {
    let seed = std::cell::Cell::new(0);
    // New keys for every upload: those that are there are not uploaded.
    let fresh = || {
        seed.set(seed.get() + 1);
        let randomness = Randomness::InsecureSeed(seed.get());
        generate(&program.spec().keyset, randomness, &|_| ()).unwrap().1.to_bytes()
    };
    let path = folder.join(".written");
    let mut rounds = vec![];
    for _ in 0..ROUNDS {
        let bytes = fresh();
        let upload = seconds(|| {
            client.upload_keys("digits", &bytes).unwrap();
        });
        let write = seconds(|| {
            let mut file = File::create(&path).unwrap();
            file.write_all(&bytes).unwrap();
            file.sync_all().unwrap();
        });
        client.delete_keys(cloakwork_serve::ContentHash::of_file(&bytes)).unwrap();
        rounds.push((write / upload, bytes.len() as f64 / upload, bytes.len() as f64 / write, bytes.len()));
    }
    rounds.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (ratio, upload, write, bytes) = rounds[ROUNDS / 2];
    println!(
        "upload of {:.0} MB of keys over writing them: {ratio:.2} ({:.0} and {:.0} MB/s)",
        bytes as f64 / 1e6,
        upload / 1e6,
        write / 1e6
    );
}
