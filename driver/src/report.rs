//! What the compiler decided, as data and as text.

use cloakwork_abi::spec::{EncodingSpec, ProgramSpec, SecretKeyShape, ValueSpec};
use cloakwork_passes::predict_time::PredictedTime;
use serde::Serialize;
use std::fmt;
use std::time::Duration;

/// Figures of one compilation. [`fmt::Display`] prints them for people.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The public description with all parameters.
    pub spec: ProgramSpec,
    /// Ranges of the values between operations, widest first.
    pub widest: Vec<WideValue>,
    /// Time of each step in order.
    pub steps: Vec<StepTime>,
    /// Bytes of the object code.
    pub code_bytes: usize,
    /// Time of a run on one thread, where the table of costs knows every key.
    pub predicted_time: Option<PredictedTime>,
}

/// An operation, its result's type and range.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WideValue {
    /// Operation.
    pub operation: String,
    /// Place in the program.
    pub place: String,
    /// Bits of the message.
    pub width: u32,
    /// Least and greatest value, where known.
    pub range: Option<(i64, i64)>,
}

/// How long a step took.
#[derive(Clone, Debug, PartialEq, Serialize)]
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

/// The parameters of a spec as text, one line for each value, key and claim.
pub fn describe(spec: &ProgramSpec) -> String {
    Description(spec).to_string()
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", Description(&self.spec))?;
        if !self.widest.is_empty() {
            writeln!(f, "widest values")?;
        }
        for value in &self.widest {
            let range = value.range.map_or(String::new(), |(lo, hi)| format!(", {lo} to {hi}"));
            writeln!(f, "  {} bits  {}{range}  {}", value.width, value.operation, value.place)?;
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
        writeln!(f, "machine code  {} bytes", self.code_bytes)?;
        writeln!(f, "compile time  {:.1} ms", self.total().as_secs_f64() * 1e3)?;
        let mut slow = self.steps.iter().filter(|step| step.seconds >= 1e-3);
        slow.try_for_each(|step| writeln!(f, "  {:>8.1} ms  {}", step.seconds * 1e3, step.name))
    }
}

struct Description<'s>(&'s ProgramSpec);

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spec = self.0;
        writeln!(f, "program  {} ({})", spec.name, spec.compiler)?;
        for (side, values) in [("input", &spec.inputs), ("output", &spec.outputs)] {
            for value in values {
                writeln!(f, "{side}  {}", value_text(value))?;
            }
        }
        for key in &spec.keyset.secret_keys {
            let shape = match key.shape {
                SecretKeyShape::Lwe(dimension) => format!("LWE, dimension {dimension}"),
                SecretKeyShape::Glwe(shape) => format!(
                    "GLWE, dimension {}, polynomials of {} coefficients",
                    shape.dimension, shape.polynomial_size
                ),
            };
            writeln!(f, "secret key  {}: {shape}, noise 2^{:.2}", key.name, key.variance().std_dev().log2())?;
        }
        let name = |key: usize| spec.keyset.secret_keys.get(key).map_or("?", |key| key.name.as_str());
        for key in &spec.keyset.keyswitch_keys {
            let (from, to, digits) = (name(key.from), name(key.to), key.decomposition);
            let (base_log, level) = (digits.base_log, digits.level);
            writeln!(f, "keyswitch key  {}: {from} to {to}, {level} digits of {base_log} bits", key.name)?;
        }
        for key in &spec.keyset.bootstrap_keys {
            let (from, to, digits) = (name(key.from), name(key.to), key.decomposition);
            let (base_log, level) = (digits.base_log, digits.level);
            writeln!(f, "bootstrap key  {}: {from} to {to}, {level} digits of {base_log} bits", key.name)?;
        }
        writeln!(f, "security  {} bits ({})", spec.security.level.bits(), spec.security.source)?;
        let error = spec.error;
        let events = if spec.counts.bootstraps == 0 { "result" } else { "lookup and result" };
        writeln!(f, "p_error  {:.3e} at most for each {events}", error.p_error)?;
        writeln!(f, "global_p_error  {:.3e} for each run", error.global_p_error)?;
        let counts = spec.counts;
        let calls = if counts.bootstrap_calls == 1 { "call" } else { "calls" };
        writeln!(
            f,
            "operations  {} keyswitches, {} bootstraps in {} {calls}",
            counts.keyswitches, counts.bootstraps, counts.bootstrap_calls
        )
    }
}

fn value_text(value: &ValueSpec) -> String {
    let shape: String = value.shape.iter().map(|size| format!("{size}×")).collect();
    let element = match value.encoding {
        EncodingSpec::Clear => "clear 64-bit integer".to_owned(),
        EncodingSpec::Encrypted { width, is_signed, .. } => {
            let sign = if is_signed { "signed" } else { "unsigned" };
            let (lo, hi) = value.range;
            format!("encrypted {sign} {width}-bit integer from {lo} to {hi}")
        }
    };
    format!("{}: {shape}{element}", value.name)
}
