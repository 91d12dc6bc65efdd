//! What the compiler decided, as data and as text.

use crate::cache::CacheUse;
use crate::operations::{MemoryUse, OperationCount};
use cloakwork_abi::bounds::Bounds;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::parameters::{ExtensionFactor, Grouping, NoiseDistribution, Width};
use cloakwork_abi::spec::{
    EncodingSpec, ErrorSpec, Keyset, ProgramSpec, SecretKeyShape, SecretKeySpec, ValueSpec,
};
use cloakwork_passes::predict_time::{PredictedTime, PredictedWork};
use cloakwork_runtime::memory::RunMemory;
use serde::{Deserialize, Serialize};
use std::fmt::{self, Formatter};
use std::time::Duration;

/// Figures of one compilation. [`fmt::Display`] prints them for people.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    /// The public description with all parameters.
    pub spec: ModuleSpec,
    /// Ranges of the values between operations, widest first.
    pub widest: Vec<WideValue>,
    /// Values that arguments within their ranges may lead out of the ranges that were measured.
    pub unproven: Vec<UnprovenRange>,
    /// Results that are looked up since their noise would grow from run to run.
    pub refreshed: Vec<String>,
    /// Widths of the values that nodes of the traced graphs compute, as far as they are left.
    pub widths: Vec<NodeWidth>,
    /// What is executed, by function, kind, key and tag.
    pub operations: Vec<OperationCount>,
    /// Bytes of ciphertexts by place.
    pub memory: Vec<MemoryUse>,
    /// What a run of each function takes of memory.
    pub run_memory: Vec<RunMemory>,
    /// Time of each step in order.
    pub steps: Vec<StepTime>,
    /// Bytes of the object code.
    pub code_bytes: usize,
    /// Time of a run of every function on one thread, where the table of costs knows every key.
    pub predicted_time: Option<PredictedTime>,
    /// What runs, operation by operation, where the table of costs knows every key.
    pub predicted_work: Vec<PredictedWork>,
    /// What binds the parameters, if [`crate::Options::explain`] asked for it.
    pub explanation: Option<Explained>,
    /// Whether the program was compiled before.
    #[serde(skip)]
    pub cache: CacheUse,
}

/// Why parameters are what they are, for people and for programs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explained {
    /// As text.
    pub text: String,
    /// As JSON.
    pub json: String,
}

/// An operation, its result's type and range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WideValue {
    /// Operation.
    pub operation: String,
    /// Place in the program.
    pub place: String,
    /// Bits of the message.
    pub width: u32,
    /// Least and greatest value, where known.
    pub range: Option<Bounds>,
}

/// A measured range that does not follow from the ranges of the arguments.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnprovenRange {
    /// Name of the function.
    pub function: String,
    /// Operation.
    pub operation: String,
    /// Number of the node, if it comes from a traced graph.
    pub node: Option<usize>,
    /// Place in the program.
    pub place: String,
    /// Least and greatest value that were measured.
    pub measured: Bounds,
    /// Least and greatest value that can be proven.
    pub provable: Bounds,
}

/// The width of what a node of a traced graph computes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeWidth {
    /// Name of the function.
    pub function: String,
    /// Number of the node.
    pub node: usize,
    /// Bits of the message.
    pub width: u32,
    /// Whether it is signed.
    pub is_signed: bool,
}

/// How long a step took.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StepTime {
    /// The pass or other step.
    pub name: String,
    /// Its time.
    pub seconds: f64,
}

impl Report {
    /// Time of all steps.
    pub fn total(&self) -> Duration {
        Duration::from_secs_f64(self.steps.iter().map(|step| step.seconds).sum())
    }
}

/// The parameters of a module as text, one line for each value, key and claim.
pub fn describe(spec: &ModuleSpec) -> String {
    Description(spec).to_string()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Description(&self.spec))?;
        if !self.widest.is_empty() {
            writeln!(f, "widest values")?;
        }
        for value in &self.widest {
            let range = value.range.map_or(String::new(), |(lo, hi)| format!(", {lo} to {hi}"));
            writeln!(f, "  {} bits  {}{range}  {}", value.width, value.operation, value.place)?;
        }
        if !self.unproven.is_empty() {
            writeln!(f, "measured ranges that arguments within theirs may leave")?;
        }
        for value in &self.unproven {
            let ((lo, hi), (least, greatest)) = (value.measured, value.provable);
            let (operation, place) = (&value.operation, &value.place);
            writeln!(f, "  {lo} to {hi}, at most {least} to {greatest}  {operation}  {place}")?;
        }
        for result in &self.refreshed {
            writeln!(f, "looked up before it is fed back, since its noise would grow  {result}")?;
        }
        if let Some(time) = &self.predicted_time {
            let percent = |part: f64| 100.0 * part / time.total().max(f64::MIN_POSITIVE);
            writeln!(
                f,
                "predicted time  {:.3} ms on one thread: {:.0} % bootstraps, {:.0} % keyswitches, {:.0} % linear operations",
                time.total() * 1e3,
                percent(time.bootstraps),
                percent(time.keyswitches),
                percent(time.linear)
            )?;
        }
        for (spec, memory) in self.spec.functions().iter().zip(&self.run_memory) {
            match self.run_memory.len() {
                1 => writeln!(f, "memory  {memory}")?,
                _ => writeln!(f, "memory of {}  {memory}", spec.name)?,
            }
        }
        writeln!(f, "machine code  {} bytes", self.code_bytes)?;
        let before = if self.cache == CacheUse::Found { ", compiled before" } else { "" };
        writeln!(f, "compile time  {:.1} ms{before}", self.total().as_secs_f64() * 1e3)?;
        if let CacheUse::Unusable(problem) = &self.cache {
            writeln!(f, "not kept for the next time: {problem}")?;
        }
        let mut slow = self.steps.iter().filter(|step| step.seconds >= 1e-3);
        slow.try_for_each(|step| writeln!(f, "  {:>8.1} ms  {}", step.seconds * 1e3, step.name))
    }
}

struct Description<'s>(&'s ModuleSpec);

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let functions = self.0.functions();
        let first = &functions[0];
        if let [only] = functions {
            writeln!(f, "program  {} ({})", only.name, only.compiler)?;
            write_values(f, only)?;
        } else {
            writeln!(f, "program  {} functions ({})", functions.len(), first.compiler)?;
            for spec in functions {
                writeln!(f, "function  {}", spec.name)?;
                write_values(f, spec)?;
                write_counts(f, spec)?;
                write_error(f, spec.error, spec.counts.bootstraps, "run")?;
            }
        }
        write_keys(f, self.0.keyset())?;
        writeln!(f, "security  {} bits ({})", first.security.level.bits(), first.security.source)?;
        let bootstraps = functions.iter().map(|spec| spec.counts.bootstraps).sum();
        if let [only] = functions {
            write_error(f, only.error, bootstraps, "run")?;
            write_counts(f, only)
        } else {
            write_error(f, self.0.error(), bootstraps, "run of every function")
        }
    }
}

fn write_values(f: &mut Formatter<'_>, spec: &ProgramSpec) -> fmt::Result {
    for (side, values) in [("input", &spec.inputs), ("output", &spec.outputs)] {
        for value in values {
            writeln!(f, "{side}  {}", value_text(value))?;
        }
    }
    Ok(())
}

fn write_keys(f: &mut Formatter<'_>, keyset: &Keyset) -> fmt::Result {
    for key in &keyset.secret_keys {
        let shape = match key.shape {
            SecretKeyShape::Lwe(dimension) => format!("LWE, dimension {dimension}"),
            SecretKeyShape::Glwe(shape) => format!(
                "GLWE, dimension {}, polynomials of {} coefficients",
                shape.dimension, shape.polynomial_size
            ),
        };
        writeln!(f, "secret key  {}: {shape}, noise {}", key.name, noise_text(key))?;
    }
    let name = |key: usize| keyset.secret_keys.get(key).map_or("?", |key| key.name.as_str());
    for key in &keyset.keyswitch_keys {
        let (from, to, digits) = (name(key.from), name(key.to), key.decomposition);
        let (base_log, level) = (digits.base_log, digits.level);
        let target = keyset.secret_keys.get(key.to).map(|key| key.shape);
        let kind = match target {
            Some(SecretKeyShape::Glwe(_)) => ", a conversion",
            Some(SecretKeyShape::Lwe(_)) | None => "",
        };
        writeln!(f, "keyswitch key  {}: {from} to {to}, {level} digits of {base_log} bits{kind}", key.name)?;
    }
    for key in &keyset.bootstrap_keys {
        let (from, to, digits) = (name(key.from), name(key.to), key.decomposition);
        let (base_log, level) = (digits.base_log, digits.level);
        write!(f, "bootstrap key  {}: {from} to {to}, {level} digits of {base_log} bits", key.name)?;
        match key.grouping {
            Grouping::One => {}
            Grouping::Two => write!(f, ", coefficients in pairs")?,
        }
        if key.extension > ExtensionFactor(1) {
            write!(f, ", accumulator of {} polynomials", key.extension)?;
        }
        writeln!(f)?;
    }
    match keyset.evaluation_key_bytes() {
        0 => Ok(()),
        bytes => writeln!(f, "evaluation keys  {bytes} bytes in a file"),
    }
}

fn noise_text(key: &SecretKeySpec) -> String {
    let deviation = format!("2^{:.2}", key.variance().std_dev().log2());
    match key.noise {
        NoiseDistribution::Gaussian { .. } => deviation,
        NoiseDistribution::TUniform { log2_bound } => format!("{deviation}, TUniform({log2_bound})"),
    }
}

fn write_error(f: &mut Formatter<'_>, error: ErrorSpec, bootstraps: u64, run: &str) -> fmt::Result {
    let events = if bootstraps == 0 { "result" } else { "lookup and result" };
    writeln!(f, "p_error  {:.3e} at most for each {events}", error.p_error)?;
    writeln!(f, "global_p_error  {:.3e} for each {run}", error.global_p_error)
}

fn write_counts(f: &mut Formatter<'_>, spec: &ProgramSpec) -> fmt::Result {
    let counts = spec.counts;
    let calls = if counts.bootstrap_calls == 1 { "call" } else { "calls" };
    writeln!(
        f,
        "operations  {} keyswitches, {} bootstraps in {} {calls}",
        counts.keyswitches, counts.bootstraps, counts.bootstrap_calls
    )
}

fn value_text(value: &ValueSpec) -> String {
    let shape: String = value.shape.iter().map(|size| format!("{size}×")).collect();
    let element = match value.encoding {
        EncodingSpec::Clear => "clear 64-bit integer".to_owned(),
        EncodingSpec::Encrypted { width, is_signed, radix, .. } => {
            let (lo, hi) = value.range;
            let digits = radix
                .map_or(String::new(), |radix| format!(" in {} digits of {} bits", radix.count, radix.bits));
            let (width, is_signed) =
                radix.map_or((width, is_signed), |radix| (Width(radix.width()), radix.is_signed));
            let sign = if is_signed { "signed" } else { "unsigned" };
            format!("encrypted {sign} {width}-bit integer from {lo} to {hi}{digits}")
        }
    };
    format!("{}: {shape}{element}", value.name)
}
