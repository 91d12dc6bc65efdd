//! Reads handwritten digits from ciphertexts: `cargo run --release -p cloakwork --example digits`.
//!
//! Traces a small integer network, compiles it, encrypts images that its training never saw, runs the machine code
//! on the ciphertexts, decrypts the logits and compares them with plain arithmetic. Ends with exit code 1 if they differ.

mod network;

use clap::Parser;
use cloakwork::process::{EXIT_REFUSED, Failure, exit_with};
use cloakwork::{
    Circuit, Clear, InputType, Keys, Noise, OpGraph, Options, Randomness, Ranges, Source, TraceError,
    compile_source, trace,
};
use indicatif::{ProgressBar, ProgressStyle};
use ndarray::{Array1, Array2, ArrayD, Axis};
use network::{Image, Network, digit};
use std::process::ExitCode;
use std::str::FromStr;
use std::time::{Duration, Instant};

/// Between paper and ink.
const GREY: i64 = 1;

/// Classifies handwritten digits without seeing them.
#[derive(Debug, Parser)]
struct Arguments {
    /// How many images to encrypt: a number, or `all`
    #[arg(long, value_name = "N", default_value = "20")]
    images: Count,
    /// Greatest failure probability of one image
    #[arg(long, value_name = "P", default_value_t = cloakwork::DEFAULT_GLOBAL_P_ERROR)]
    global_p_error: f64,
}

#[derive(Clone, Copy, Debug)]
struct Count(usize);

impl FromStr for Count {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = if text == "all" { Ok(usize::MAX) } else { text.parse() };
        number.map(Self).map_err(|_| format!("`{text}` is neither a number nor `all`"))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    exit_with(|| run(&arguments))
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    let network = Network::load()?;
    let refused = |message: String| Failure::new(EXIT_REFUSED, message);
    let training = network.training_images().map_err(refused)?;
    let images = network.test_images().map_err(refused)?;
    let circuit = compile(&network, &training, arguments)?;
    println!("{}", circuit.report());

    let (simulated, simulation_time) = simulate(&circuit, &images)?;
    let keys = keys(&circuit)?;
    let encrypted = &images[..arguments.images.0.min(images.len())];
    let answers = classify(&circuit, &keys, &network, encrypted)?;

    let clear: Vec<Vec<i64>> = images.iter().map(|image| network.logits(&image.pixels)).collect();
    println!();
    print_accuracy("in clear", &images, &clear);
    print_accuracy("simulated", &images, &simulated);
    print_accuracy("encrypted", encrypted, &answers.logits);
    let per_image = |time: Duration, images: usize| time.as_secs_f64() * 1e3 / images.max(1) as f64;
    println!("time per image  encrypted    {:>10.3} ms", per_image(answers.time, encrypted.len()));
    println!("time per image  simulated    {:>10.3} ms", per_image(simulation_time, images.len()));
    if let Some(memory) = peak_memory() {
        println!("peak memory     {memory}");
    }
    print_differences("simulated", &clear, &simulated);
    print_differences("encrypted", &clear, &answers.logits);
    require_equal(&circuit, &clear, &answers.logits)
}

fn compile(network: &Network, training: &[Image], arguments: &Arguments) -> Result<Circuit, Failure> {
    let graph = traced(network).map_err(|error| Failure::new(EXIT_REFUSED, error))?;
    let ranges = Ranges::Inputset(training.iter().map(|image| vec![Clear::Int(pixels(image))]).collect());
    let options = Options { global_p_error: Some(arguments.global_p_error), ..Options::default() };
    let bar = spinner();
    let circuit = compile_source(Source::Graph { graph: &graph, ranges }, &options, &mut |step| {
        bar.set_message(format!("compiling: {step}"));
    });
    bar.finish_and_clear();
    Ok(circuit?)
}

/// The network as a program on encrypted pixels, from which [`GREY`] was taken.
///
/// Sums of pixels around 0 stay near 0, also before the bias is added: one bit less to look up.
fn traced(network: &Network) -> Result<OpGraph, TraceError> {
    trace("digits", |t| {
        let pixels = t.encrypted("pixels", [network.w1.len()], InputType::Measured);
        let w1 = matrix(&network.w1);
        let b1 = Array1::from(network.b1.clone()) + w1.sum_axis(Axis(0)) * GREY;
        let sums = pixels.matmul(&w1) + &b1;
        let hidden = sums.map(network.activation());
        hidden.matmul(matrix(&network.w2)) + &Array1::from(network.b2.clone())
    })
}

/// Logits of every image from the same machine code, on noisy phases instead of ciphertexts.
fn simulate(circuit: &Circuit, images: &[Image]) -> Result<(Vec<Vec<i64>>, Duration), Failure> {
    let start = Instant::now();
    let logits = (0..).zip(images).map(|(seed, image)| {
        let simulation = circuit.simulate(pixels(image), Noise::Seed(seed))?;
        Ok(simulation.outputs[0].iter().copied().collect())
    });
    let logits = logits.collect::<Result<_, Failure>>()?;
    Ok((logits, start.elapsed()))
}

fn keys(circuit: &Circuit) -> Result<Keys, Failure> {
    let bar = spinner();
    let start = Instant::now();
    let keys = circuit.keygen_with(Randomness::Secure, &|progress| {
        bar.set_message(format!("keys: {} of {} {}", progress.done, progress.total, progress.key));
    });
    bar.finish_and_clear();
    println!("keys made in {:.1} s", start.elapsed().as_secs_f64());
    Ok(keys?)
}

/// What came out of the ciphertexts.
struct Answers {
    logits: Vec<Vec<i64>>,
    /// Of the encrypted runs alone.
    time: Duration,
}

fn classify(circuit: &Circuit, keys: &Keys, network: &Network, images: &[Image]) -> Result<Answers, Failure> {
    let bar = ProgressBar::new(images.len() as u64);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} images, {eta} left") {
        bar.set_style(style);
    }
    let mut answers = Answers { logits: vec![], time: Duration::ZERO };
    for (i, image) in images.iter().enumerate() {
        let encrypted = circuit.encrypt(&keys.secret, pixels(image))?;
        let start = Instant::now();
        let results = circuit.run(&keys.evaluation, &encrypted)?;
        let time = start.elapsed();
        answers.time += time;
        let logits: Vec<i64> = circuit.decrypt(&keys.secret, &results)?[0].iter().copied().collect();
        let (read, clear) = (digit(&logits), digit(&network.logits(&image.pixels)));
        let verdict = match (read == clear, read == image.label) {
            (false, _) => "differs from the network in clear",
            (true, true) => "right",
            (true, false) => "wrong, as in clear",
        };
        bar.suspend(|| {
            let (label, time) = (image.label, time.as_secs_f64() * 1e3);
            println!(
                "image {i:>3}  label {label}  encrypted {read}  clear {clear}  {time:>8.1} ms  {verdict}"
            );
        });
        answers.logits.push(logits);
        bar.inc(1);
    }
    bar.finish_and_clear();
    Ok(answers)
}

fn print_accuracy(how: &str, images: &[Image], logits: &[Vec<i64>]) {
    let right = images.iter().zip(logits).filter(|(image, logits)| digit(logits) == image.label).count();
    let total = images.len();
    let share = 100.0 * right as f64 / total.max(1) as f64;
    println!("accuracy        {how:<12} {right:>4} of {total:>4}, {share:.1} %");
}

/// Every prediction must be that of the clear network, and logits may differ only as often as `p_error` allows.
/// Images whose digit differs from the network's in clear, and images any of whose logits differ.
fn differences(clear: &[Vec<i64>], found: &[Vec<i64>]) -> (usize, usize) {
    let pairs = || clear.iter().zip(found);
    let predictions = pairs().filter(|(clear, found)| digit(clear) != digit(found)).count();
    (predictions, pairs().filter(|(clear, found)| clear != found).count())
}

fn print_differences(how: &str, clear: &[Vec<i64>], found: &[Vec<i64>]) {
    let (predictions, logits) = differences(clear, found);
    println!("against clear   {how:9}    {predictions} predictions and the logits of {logits} images differ");
}

/// No digit may differ, and logits only as often as the failure probability says.
fn require_equal(circuit: &Circuit, clear: &[Vec<i64>], encrypted: &[Vec<i64>]) -> Result<(), Failure> {
    let (predictions, logits) = differences(clear, encrypted);
    let expected = circuit.spec().error.global_p_error * encrypted.len() as f64;
    let allowed = (expected + 5.0 * expected.sqrt()).floor() as usize;
    if predictions > 0 || logits > allowed {
        let message = format!(
            "encrypted results differ from the clear network: {predictions} predictions, logits of {logits} of {} images, allowed by p_error are {allowed}",
            encrypted.len()
        );
        return Err(Failure::new(EXIT_REFUSED, message));
    }
    Ok(())
}

/// What the program takes of an image.
fn pixels(image: &Image) -> ArrayD<i64> {
    image.pixels.iter().map(|pixel| pixel - GREY).collect::<Array1<i64>>().into_dyn()
}

fn matrix(rows: &[Vec<i64>]) -> Array2<i64> {
    let columns = rows.first().map_or(0, Vec::len);
    Array2::from_shape_fn((rows.len(), columns), |(row, column)| rows[row][column])
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// As Linux counts it.
fn peak_memory() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(format!("{} MiB", kibibytes / 1024))
}

#[cfg(test)]
mod tests {
    use super::*;
    use cloakwork::ArtifactOptions;

    #[test]
    fn the_artifact_is_small() -> Result<(), Failure> {
        let network = Network::load()?;
        let training = network.training_images().map_err(|problem| Failure::new(EXIT_REFUSED, problem))?;
        let circuit = compile(&network, &training, &Arguments::parse_from(["digits"]))?;
        let more_targets = vec!["x86-64-v3".parse()?, "x86-64-v4".parse()?, "aarch64".parse()?];
        let options = ArtifactOptions { more_targets, with_ir: true, ..ArtifactOptions::default() };
        let bytes = circuit.module().artifact(&options)?.len();
        assert!(bytes < 1_000_000, "{bytes}");
        Ok(())
    }
}
