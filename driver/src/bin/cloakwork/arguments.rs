//! The command line of `cloakwork`.

use crate::strategies::Strategies;
use clap::{Args, Parser, Subcommand, ValueEnum};
use cloakwork::{Bounds, NoiseFamily, Preset, noise_family};
use std::num::NonZeroUsize;
use std::path::PathBuf;

const EXIT_CODES: &str = "Exit codes:
  0   all went well
  1   a program or a file was refused, or a run failed
  2   the command line was not understood
  70  internal error";

const ROUND_TRIP: &str = "The way of the data:
  cloakwork compile net.mlir -o net                                       the compiler
  cloakwork keygen net -o keys                                            the client
  cloakwork encrypt --program net --secret keys/secret.key --value '[1, 2, 3]' -o in.ct
  cloakwork run --program net --keys keys/evaluation.key --input in.ct -o out.ct   the server
  cloakwork decrypt --program net --secret keys/secret.key --input out.ct          the client";

/// Compiles programs into native code that computes on encrypted data, and runs them.
#[derive(Debug, Parser)]
#[command(name = "cloakwork", version, after_help = format!("{ROUND_TRIP}\n\n{EXIT_CODES}"))]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Compiles MLIR text or an ONNX model to an artifact, or to something else
    Compile(Box<Compile>),
    /// Makes the keys of one client, for all functions of a program
    Keygen(Keygen),
    /// Encrypts the arguments of one call
    Encrypt(Encrypt),
    /// Runs a compiled program on encrypted arguments
    Run(Run),
    /// Decrypts the results of one call
    Decrypt(Decrypt),
    /// Runs a compiled program on clear arguments as if they were encrypted, without keys
    Simulate(Simulate),
    /// Measures what operations cost on this machine, for `compile --cost-table`
    Calibrate(Calibrate),
    /// Predicts samples with a compiled model: exactly, simulated or on ciphertexts
    Predict(Predict),
    /// Says what was compiled: parameters, ranges, counts, and how a model's inputs are quantised
    Report(ReportOf),
    /// Says what a file is: program, spec, keys, arguments or results
    Inspect(Inspect),
    /// Compiles a program, runs it on ciphertexts, and says where the time goes
    Profile(Profile),
    /// Serves the programs of a folder over HTTP until it is told to end
    Serve(Box<cloakwork_serve::options::Options>),
    /// Makes a bearer token for `serve`, prints it, and puts its hash into a tokens file
    Token(cloakwork_serve::command::NewToken),
    /// Calls a program at a service: encrypts, sends, decrypts
    Call(Call),
}

#[derive(Debug, Args)]
pub(crate) struct Compile {
    /// MLIR text at any level, or a model as `FILE.onnx`; `-` is standard input
    pub(crate) input: PathBuf,
    #[command(flatten)]
    pub(crate) model: ModelArguments,
    /// File for the result; text goes to standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// What to make
    #[arg(long, value_enum, default_value_t = Emit::Artifact)]
    pub(crate) emit: Emit,
    /// Greatest failure probability of one lookup
    #[arg(long, value_name = "P")]
    pub(crate) p_error: Option<f64>,
    /// Greatest failure probability of a run; 1e-5 when neither is given
    #[arg(long, value_name = "P")]
    pub(crate) global_p_error: Option<f64>,
    /// Failure probabilities by name: `default` is 1e-5 for a run, `ind-cpa-d` 2^-128 for each lookup and result
    #[arg(long, value_name = "NAME", conflicts_with_all = ["p_error", "global_p_error"])]
    pub(crate) preset: Option<Preset>,
    /// Noise of the keys: `gaussian` or `tuniform`
    #[arg(long, value_name = "NAME", value_parser = noise_family)]
    pub(crate) noise: Option<NoiseFamily>,
    /// Bits of security
    #[arg(long, value_enum, default_value_t = Security::Bits128)]
    pub(crate) security: Security,
    /// Bounds of what keys are chosen from, such as `polynomial_size=1024..2048, grouping=1, many_lut=off`
    #[arg(long, value_name = "LIST")]
    pub(crate) restrict: Option<String>,
    /// Where the ranges of values come from: `measured` where operations say so; `guarded`, the same with room in which what
    /// leaves them saturates; `provable` from those of the arguments; or `saturate`, which clips what lookups take to the
    /// measured ranges. By default `guarded` for models and `measured` for other programs
    #[arg(long, value_name = "NAME", value_parser = cloakwork::bounds)]
    pub(crate) bounds: Option<Bounds>,
    /// Leaves results as they are that are fed back with their own noise and more; otherwise they are looked up before
    #[arg(long)]
    pub(crate) keep_feedback: bool,
    /// Compiles for exactly the keys of a compiled program, of a spec as JSON or of a file of keys
    #[arg(long, value_name = "FILE", conflicts_with = "restrict")]
    pub(crate) keys_of: Option<PathBuf>,
    /// Processors to make machine code for, by LLVM's names, such as `x86-64-v3,x86-64-v4,aarch64`, or `host`; whoever
    /// loads an artifact takes the best that runs there. All but artifacts have code for one
    #[arg(long, value_name = "LIST", default_value = "host", value_delimiter = ',')]
    pub(crate) cpu: Vec<String>,
    /// Puts the portable program into the artifact: `cloakwork` compiles it on loading for processors without code
    #[arg(long)]
    pub(crate) with_ir: bool,
    /// Signs the artifact with an Ed25519 key in PEM, as `openssl genpkey -algorithm ed25519` writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) sign: Option<PathBuf>,
    /// What to say about the artifact; may be repeated
    #[arg(long, value_name = "NAME=TEXT", value_parser = label)]
    pub(crate) label: Vec<(String, String)>,
    /// What operations cost on the machine that will run it, as `cloakwork calibrate` writes it; otherwise as on a
    /// typical machine with the processor's vector instructions
    #[arg(long, value_name = "FILE")]
    pub(crate) cost_table: Option<PathBuf>,
    /// Puts the C library into an executable, too
    #[arg(long = "static")]
    pub(crate) static_c_library: bool,
    /// Archive of the runtime that executables and libraries are linked with
    #[arg(long, value_name = "FILE")]
    pub(crate) runtime: Option<PathBuf>,
    /// Prints what binds the parameters and what cheaper ones would need to standard error
    #[arg(long)]
    pub(crate) explain_parameters: bool,
    /// Prints parameters, ranges and times to standard error
    #[arg(long)]
    pub(crate) report: bool,
    #[command(flatten)]
    pub(crate) strategies: Strategies,
}

fn label(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, text)) if !name.is_empty() => Ok((name.to_owned(), text.to_owned())),
        _ => Err("write it like `release=2026-11`".to_owned()),
    }
}

/// How a model is quantised.
#[derive(Debug, Args)]
#[command(next_help_heading = "Models")]
pub(crate) struct ModelArguments {
    /// Samples like those the model will see, along axis 0 of a NumPy file; repeated for each input, in order
    #[arg(long, value_name = "FILE")]
    pub(crate) calibrate: Vec<PathBuf>,
    /// Labels of these samples as a NumPy file; accuracy is agreement with the model on reals without
    #[arg(long, value_name = "FILE", requires = "calibrate")]
    pub(crate) labels: Option<PathBuf>,
    /// Bits of values and weights: a number, or a list such as `model_inputs=8,op_inputs=4,op_weights=4`; 8 by default
    #[arg(long, value_name = "BITS", requires = "calibrate", conflicts_with = "budget")]
    pub(crate) n_bits: Option<String>,
    /// Bits that sums are rounded to before tables, such as `6`, `6:exact` or `6:approximate`
    #[arg(long, value_name = "BITS", requires = "calibrate", conflicts_with = "budget")]
    pub(crate) rounding: Option<String>,
    /// Scales are powers of two
    #[arg(long, requires = "calibrate")]
    pub(crate) power_of_two: bool,
    /// How ranges are taken from samples: `min-max`, `mse` or `percentile:P`, which cuts P percent on each side
    #[arg(long, value_name = "RULE", requires = "calibrate")]
    pub(crate) ranges: Option<String>,
    /// What the program hands out: `scores`, of which the client makes labels and probabilities, or the `label` alone, which
    /// is then decided under encryption
    #[arg(long, value_name = "WHAT", requires = "calibrate")]
    pub(crate) reply: Option<String>,
    /// Chooses bits, rounding and error probability: `time=2s,accuracy=-1%`, or one of both
    #[arg(long, value_name = "LIST", requires = "calibrate")]
    pub(crate) budget: Option<String>,
    /// Prints what each layer loses on these samples, on integers and with noise, to standard error
    #[arg(long, requires = "calibrate")]
    pub(crate) report_layers: bool,
}

/// How to reach a service; its token is `CLOAKWORK_TOKEN` in the environment, or in a file.
#[derive(Debug, Args)]
#[command(next_help_heading = "Service")]
pub(crate) struct Service {
    /// File with the token
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// Certificates in PEM that the service's must follow from, instead of those that browsers trust
    #[arg(long, value_name = "FILE")]
    pub(crate) root_certificates: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    /// Address of the service, or of a model there: `https://HOST/v1/models/NAME`
    pub(crate) url: String,
    /// Folder of `secret.key` and `evaluation.key`; they are made if there are none, and uploaded once
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: PathBuf,
    /// Function; not needed where the program has only one
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    #[command(flatten)]
    pub(crate) values: Values,
    #[command(flatten)]
    pub(crate) service: Service,
}

#[derive(Debug, Args)]
pub(crate) struct Predict {
    /// Compiled model; its code runs in this process, so it must be one you trust. Or the address of a service, or of a
    /// model there: then it predicts on ciphertexts there
    pub(crate) program: PathBuf,
    /// Accepts only what is signed by this Ed25519 key in PEM; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Vec<PathBuf>,
    /// Samples along axis 0 of a NumPy file; one for each input, in order
    #[arg(required = true)]
    pub(crate) data: Vec<PathBuf>,
    /// Function; not needed where the program has only one
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Exactly, without keys; the default
    #[arg(long, conflicts_with_all = ["simulate", "execute"])]
    pub(crate) clear: bool,
    /// With the noise of ciphertexts, without keys
    #[arg(long, conflicts_with = "execute")]
    pub(crate) simulate: bool,
    /// On ciphertexts
    #[arg(long)]
    pub(crate) execute: bool,
    /// Folder that `cloakwork keygen` wrote; new keys are made without. With an address they are made there if there are none
    #[arg(long, value_name = "FOLDER")]
    pub(crate) keys: Option<PathBuf>,
    /// File whose first line is the passphrase of the secret keys; where they have one, a terminal is asked without
    #[arg(long, value_name = "FILE", requires = "keys")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) service: Service,
    /// Seed of the noise of the first sample
    #[arg(long, value_name = "N", default_value_t = 0, requires = "simulate")]
    pub(crate) seed: u64,
    /// Labels as a NumPy file; says how many classes are right
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// NumPy file for the first result of all samples
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct ReportOf {
    /// Compiled program or its spec as JSON
    pub(crate) program: PathBuf,
    /// The model that the program was compiled of: says at which step of the way accuracy is lost
    #[arg(long, value_name = "FILE", requires = "data")]
    pub(crate) model: Option<PathBuf>,
    /// Samples along axis 0 of a NumPy file; one for each input, in order
    #[arg(long, value_name = "FILE", requires = "model")]
    pub(crate) data: Vec<PathBuf>,
    /// Labels as a NumPy file; without, accuracy is agreement with the model on reals
    #[arg(long, value_name = "FILE", requires = "model")]
    pub(crate) labels: Option<PathBuf>,
    /// Folder that `cloakwork keygen` wrote: samples are executed on ciphertexts as well
    #[arg(long, value_name = "FOLDER", requires = "model")]
    pub(crate) keys: Option<PathBuf>,
}

/// What `compile` makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Emit {
    /// One file with the spec and machine code, for `cloakwork run`
    Artifact,
    /// An executable that needs neither this command nor a compiler
    Exe,
    /// A shared library with the runtime inside, and a C header beside it
    Shared,
    /// A static library with the runtime inside, and a C header beside it
    Static,
    /// A folder with a Rust crate around the static library
    Crate,
    /// The spec as JSON
    Spec,
    /// The `fhe` module with widths
    Fhe,
    /// The `tfhe` module with parameters
    Tfhe,
    /// The module in the `llvm` dialect
    Llvm,
    /// LLVM IR, optimised
    LlvmIr,
    /// Assembly
    Asm,
}

/// Bits of security.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Security {
    /// 128 bits
    #[value(name = "128")]
    Bits128,
    /// 132 bits
    #[value(name = "132")]
    Bits132,
}

#[derive(Debug, Args)]
pub(crate) struct Keygen {
    /// Compiled program or its spec as JSON
    pub(crate) program: PathBuf,
    /// Folder for `secret.key` and `evaluation.key`; it is made if it is not there
    #[arg(short, long, value_name = "FOLDER", required_unless_present = "secret")]
    pub(crate) output: Option<PathBuf>,
    /// File for the secret keys
    #[arg(long, value_name = "FILE", requires = "evaluation", conflicts_with = "output")]
    pub(crate) secret: Option<PathBuf>,
    /// File for the evaluation keys
    #[arg(long, value_name = "FILE", requires = "secret", conflicts_with = "output")]
    pub(crate) evaluation: Option<PathBuf>,
    /// Makes a public key, too: `public.key` in the folder. Whoever has it encrypts for the owner of the secret keys
    #[arg(long, requires = "output")]
    pub(crate) public_key: bool,
    /// Encrypts the secret keys under the passphrase in the first line of this file, in the format of `age`
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Asks for such a passphrase
    #[arg(long, conflicts_with = "passphrase_file")]
    pub(crate) passphrase: bool,
    /// Replaces keys that are there already: what they encrypted is lost
    #[arg(long)]
    pub(crate) force: bool,
}

/// Arguments of a call in the clear, in the order of the program.
#[derive(Debug, Args)]
#[group(required = true, multiple = false)]
pub(crate) struct Values {
    /// Argument as a NumPy file of integers; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) input: Vec<PathBuf>,
    /// Argument as text, such as `3` or `[[1, 2], [3, 4]]`; may be repeated
    #[arg(long, value_name = "VALUE", allow_hyphen_values = true)]
    pub(crate) value: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Encrypt {
    /// Compiled program or its spec as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Function; not needed where the program has only one
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Secret keys
    #[arg(long, value_name = "FILE", required_unless_present = "public_key")]
    pub(crate) secret: Option<PathBuf>,
    /// Public key of someone else's secret keys, instead
    #[arg(long, value_name = "FILE", conflicts_with_all = ["secret", "passphrase_file"])]
    pub(crate) public_key: Option<PathBuf>,
    /// File whose first line is the passphrase of the secret keys; where they have one, a terminal is asked without
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) values: Values,
    /// Encrypts only the argument of that name; repeated for several, in the order of their values
    #[arg(long, value_name = "NAME")]
    pub(crate) argument: Vec<String>,
    /// File for the encrypted arguments
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Run {
    /// Compiled program; its code runs in this process, so it must be one you trust
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Accepts only what is signed by this Ed25519 key in PEM; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Vec<PathBuf>,
    /// Function; not needed where the program has only one
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Evaluation keys
    #[arg(long, value_name = "FILE")]
    pub(crate) keys: PathBuf,
    /// Encrypted arguments, or results of a function under the same keys; repeated where several files hold them
    #[arg(long, value_name = "FILE", required = true)]
    pub(crate) input: Vec<PathBuf>,
    /// File for the encrypted results
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: PathBuf,
    /// Threads; by default one for each core
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
}

#[derive(Debug, Args)]
pub(crate) struct Profile {
    /// MLIR text at any level above machine code; `-` is standard input
    #[arg(value_name = "INPUT")]
    pub(crate) source: PathBuf,
    /// Function; not needed where the program has only one
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Greatest failure probability of one lookup
    #[arg(long, value_name = "P")]
    pub(crate) p_error: Option<f64>,
    /// Greatest failure probability of a run; 1e-5 when neither is given
    #[arg(long, value_name = "P")]
    pub(crate) global_p_error: Option<f64>,
    /// What operations cost on this machine, as `cloakwork calibrate` writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) cost_table: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) values: Values,
    /// Threads; by default one for each core
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,
    /// Runs before the one that is profiled
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) warm_up: usize,
    /// File for the profile as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// File for the profile as a page with a timeline
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Decrypt {
    /// Compiled program or its spec as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Function; not needed where the program has only one
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    /// Secret keys
    #[arg(long, value_name = "FILE")]
    pub(crate) secret: PathBuf,
    /// File whose first line is the passphrase of the secret keys; where they have one, a terminal is asked without
    #[arg(long, value_name = "FILE")]
    pub(crate) passphrase_file: Option<PathBuf>,
    /// Encrypted results
    #[arg(long, value_name = "FILE")]
    pub(crate) input: PathBuf,
    /// NumPy file for a result; repeated once for each result
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Vec<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Simulate {
    /// Compiled program; its code runs in this process, so it must be one you trust
    #[arg(long, value_name = "FILE")]
    pub(crate) program: PathBuf,
    /// Accepts only what is signed by this Ed25519 key in PEM; may be repeated
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Vec<PathBuf>,
    /// Function; not needed where the program has only one
    #[arg(long, value_name = "NAME")]
    pub(crate) function: Option<String>,
    #[command(flatten)]
    pub(crate) values: Values,
    /// Seed of the noise
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) seed: u64,
    /// Without noise
    #[arg(long, conflicts_with = "seed")]
    pub(crate) exact: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Calibrate {
    /// File for the table; standard output without it
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Kernels to measure, by default the fastest that this processor has
    #[arg(long, value_enum)]
    pub(crate) kernels: Option<WantedKernels>,
    /// About how long to measure
    #[arg(long, value_name = "S", default_value_t = 45, value_parser = clap::value_parser!(u64).range(1..=3600))]
    pub(crate) seconds: u64,
    /// Replaces a file that is there already
    #[arg(long)]
    pub(crate) force: bool,
}

/// Kernels by the vector instructions that they are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum WantedKernels {
    /// AVX-512 with VNNI
    Avx512,
    /// AVX2 and FMA
    Avx2,
    /// No vector instructions
    Portable,
}

#[derive(Debug, Args)]
pub(crate) struct Inspect {
    /// Any file of Cloakwork
    pub(crate) file: PathBuf,
    /// Prints JSON
    #[arg(long)]
    pub(crate) json: bool,
}
