//! Measures this machine's table of costs for the parameter optimizer.
//!
//! Every figure is fitted to times of the kernels that run programs, see [`cloakwork_runtime::calibrate`]; the meaning
//! of the figures is in [`cloakwork_passes::parameters::cost`]. The time at hand is spread evenly over what is left to
//! measure, so that a slow machine gets fewer runs of each and not a longer wait.

mod fit;
mod plan;

use cloakwork_abi::batches::KEYSWITCH_BATCH;
use cloakwork_abi::parameters::{Decomposition, GlweDimension, Grouping, LweDimension, PolynomialSize};
use cloakwork_backend_cpu::Target;
use cloakwork_passes::parameters::CostModel;
use cloakwork_passes::parameters::cost::{BootstrapCost, DigitCost, KeyswitchCost};
use cloakwork_runtime::calibrate;
use cloakwork_runtime::kernel_trial::{Choice, KeyswitchTrial};
use fit::{fit, rounded};
use plan::{KEY_BYTES_ALONE, Kind, Point, kinds};
use std::fmt;
use std::time::{Duration, Instant};

/// What a processor needs for the kernels with AVX-512.
pub(crate) const AVX512: [&str; 5] = ["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512vnni"];
/// What a processor needs for the kernels with AVX2.
const AVX2: [&str; 2] = ["avx2", "fma"];

/// Digits of keyswitches: the most bits that take so many bytes, and how many levels of them are measured.
const DIGITS: [(u32, u32); 4] = [(7, 4), (15, 2), (23, 1), (30, 1)];
/// Dimension of the key that the keyswitch of a batch leads from.
const KEYSWITCH_FROM: u64 = 2048;
/// Dimensions of the keys that keyswitches lead to.
const KEYSWITCH_TO: [u64; 2] = [500, 1000];
/// Bootstraps of few and of many steps, for what they take besides.
const ENDS: (Kind, [u64; 2]) =
    (Kind { dimension: 1, polynomial_size: 2048, grouping: Grouping::One }, [2, 32]);

/// Kernels by the vector instructions that they are made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kernels {
    /// AVX-512 with VNNI.
    Avx512,
    /// AVX2 and FMA.
    Avx2,
    /// None.
    Portable,
}

impl Kernels {
    /// The fastest that this processor has: those that run programs.
    pub fn fastest() -> Self {
        let all = [Self::Avx512, Self::Avx2, Self::Portable];
        all.into_iter().find(|kernels| kernels.is_available()).unwrap_or(Self::Portable)
    }

    /// Whether this processor has the instructions.
    pub fn is_available(self) -> bool {
        match self {
            Self::Avx512 => Target::Host.has_features(&AVX512),
            Self::Avx2 => Target::Host.has_features(&AVX2),
            Self::Portable => true,
        }
    }

    fn choice(self) -> Choice {
        match self {
            Self::Avx512 => Choice::Fastest,
            Self::Avx2 => Choice::WithoutAvx512,
            Self::Portable => Choice::Portable,
        }
    }
}

impl fmt::Display for Kernels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Avx512 => "AVX-512",
            Self::Avx2 => "AVX2",
            Self::Portable => "portable",
        })
    }
}

/// How far a calibration is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// Times measured.
    pub done: usize,
    /// Times to measure in all.
    pub total: usize,
    /// What is measured next.
    pub next: String,
}

/// Measures for about `span`, on one thread; tells `progress` before each time that it takes. The processor has the
/// kernels.
pub fn calibrate(kernels: Kernels, span: Duration, progress: &mut dyn FnMut(Progress)) -> CostModel {
    let kinds = kinds();
    let of_bootstraps: usize = kinds.iter().map(|kind| kind.points().len()).sum();
    let of_keyswitches = DIGITS.len() * KEYSWITCH_TO.len() * 2;
    let total = 1 + of_keyswitches + ENDS.1.len() + of_bootstraps;
    let choice = kernels.choice();
    let mut times = Times { choice, end: Instant::now() + span, done: 0, total, progress };
    let linear_word_ns = rounded(calibrate::weighted_word(times.next("additions")) * 1e9);
    let keyswitch = times.keyswitch();
    let bootstrap_word_ns = rounded(times.ends());
    let bootstraps = kinds.iter().map(|kind| times.bootstrap(kind, bootstrap_word_ns)).collect();
    CostModel {
        kernel: format!("{kernels} kernels, one thread"),
        linear_word_ns,
        keyswitch,
        bootstrap_word_ns,
        bootstraps,
    }
}

/// What is measured, and how much time is left for it.
struct Times<'p> {
    choice: Choice,
    end: Instant,
    done: usize,
    total: usize,
    progress: &'p mut dyn FnMut(Progress),
}

impl Times<'_> {
    /// An even share of the time left, for the next time to take.
    fn next(&mut self, what: &str) -> Duration {
        (self.progress)(Progress { done: self.done, total: self.total, next: what.to_owned() });
        let left = self.end.saturating_duration_since(Instant::now());
        let share = left / (self.total - self.done).max(1) as u32;
        self.done += 1;
        share
    }

    /// Unknown are the time of a digit, and for each width of digits those of a word and of a word of the key.
    fn keyswitch(&mut self) -> KeyswitchCost {
        const UNKNOWN: usize = 1 + 2 * DIGITS.len();
        let mut points: Vec<([f64; UNKNOWN], f64)> = vec![];
        for (i, (base_log, level)) in DIGITS.into_iter().enumerate() {
            for (to, batch) in
                KEYSWITCH_TO.into_iter().flat_map(|to| [(to, 1), (to, KEYSWITCH_BATCH as usize)])
            {
                let decomposition = Decomposition { base_log, level };
                let of_row = 4 * u64::from(level) * (to + 1);
                let from = if batch == 1 { KEY_BYTES_ALONE / of_row } else { KEYSWITCH_FROM };
                let trial = KeyswitchTrial { from: LweDimension(from), to: LweDimension(to), decomposition };
                let span = self.next(&format!("keyswitches, digits of {base_log} bits"));
                let seconds = calibrate::keyswitch(self.choice, trial, batch, span);
                let words = (to + 1) as f64;
                let mut features = [0.0; UNKNOWN];
                features[0] = 1.0;
                features[1 + 2 * i] = words;
                features[2 + 2 * i] = words / batch as f64;
                points.push((features, seconds * 1e9 / (from * u64::from(level)) as f64));
            }
        }
        let found = fit(&points);
        let digits = DIGITS.into_iter().zip(found[1..].chunks_exact(2)).map(|((base_log, _), found)| {
            DigitCost { base_log, word_ns: rounded(found[0]), key_word_ns: rounded(found[1]) }
        });
        KeyswitchCost { row_ns: rounded(found[0]), digits: digits.collect() }
    }

    /// Nanoseconds for a word of an accumulator before and after its rotation.
    fn ends(&mut self) -> f64 {
        let (kind, steps) = ENDS;
        let point = Point::of_full_batch(1, 1);
        let [few, many] = steps.map(|steps| {
            let span = self.next("bootstraps of few steps");
            calibrate::bootstrap(self.choice, kind.trial(point, steps), point.batch, span)
        });
        let step = (many - few) / (steps[1] - steps[0]) as f64;
        (few - step * steps[0] as f64).max(0.0) * 1e9 / kind.words(point)
    }

    /// Figures of a step.
    fn bootstrap(&mut self, kind: &Kind, word_ns: f64) -> BootstrapCost {
        let points = kind.points().into_iter().map(|point| {
            let span = self.next(&kind.name());
            let steps = kind.steps(point, span);
            let seconds = calibrate::bootstrap(self.choice, kind.trial(point, steps), point.batch, span);
            let ns = seconds * 1e9 - kind.words(point) * word_ns;
            let (level, further_parts) = (f64::from(point.level), point.extension as f64 - 1.0);
            (
                [1.0, level, further_parts, further_parts * level, level / point.batch as f64],
                ns / steps as f64,
            )
        });
        let points: Vec<_> = points.collect();
        let [fixed_ns, level_ns, extension_ns, extension_level_ns, key_level_ns] = fit(&points).map(rounded);
        BootstrapCost {
            dimension: GlweDimension(kind.dimension),
            polynomial_size: PolynomialSize(kind.polynomial_size),
            grouping: kind.grouping,
            fixed_ns,
            level_ns,
            extension_ns,
            extension_level_ns,
            key_level_ns,
        }
    }
}
