//! Measures this machine's table of costs for the parameter optimizer.
//!
//! Every figure is fitted to times of the kernels that run programs, see [`cloakwork_runtime::calibrate`]; the meaning
//! of the figures is in [`cloakwork_passes::parameters::cost`]. The time at hand is spread evenly over what is left to
//! measure, so that a slow machine gets fewer runs of each and not a longer wait.

mod fit;
mod plan;

use cloakwork_abi::parameters::{Decomposition, GlweDimension, Grouping, LweDimension, PolynomialSize};
use cloakwork_passes::parameters::CostModel;
use cloakwork_passes::parameters::cost::{BootstrapCost, DigitCost, KeyswitchCost};
use cloakwork_runtime::calibrate::{self, BOOTSTRAP_BATCH, KEYSWITCH_BATCH};
use cloakwork_runtime::kernel_trial::{Choice, KeyswitchTrial};
use fit::{fit, rounded};
use plan::{Kind, Point, kinds};
use std::time::{Duration, Instant};

/// Digits of keyswitches: the most bits that take so many bytes, and how many levels of them are measured.
const DIGITS: [(u32, u32); 4] = [(7, 4), (15, 2), (23, 1), (30, 1)];
/// Dimension of the key that a keyswitch leads from, and of those that it leads to.
const KEYSWITCH: (u64, [u64; 2]) = (2048, [500, 1000]);
/// Bootstraps of few and of many steps, for what they take besides.
const ENDS: (Kind, [u64; 2]) =
    (Kind { dimension: 1, polynomial_size: 2048, grouping: Grouping::One }, [2, 32]);

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

/// Measures for about `span`, on one thread; tells `progress` before each time that it takes.
pub fn calibrate(choice: Choice, span: Duration, progress: &mut dyn FnMut(Progress)) -> CostModel {
    let kinds = kinds();
    let of_bootstraps: usize = kinds.iter().map(|kind| kind.points().len()).sum();
    let of_keyswitches = DIGITS.len() * KEYSWITCH.1.len() * 2;
    let total = 1 + of_keyswitches + ENDS.1.len() + of_bootstraps;
    let mut times = Times { choice, end: Instant::now() + span, done: 0, total, progress };
    let linear_word_ns = rounded(times.next("additions", calibrate::weighted_word) * 1e9);
    let keyswitch = times.keyswitch();
    let bootstrap_word_ns = rounded(times.ends());
    let bootstraps = kinds.iter().map(|kind| times.bootstrap(kind, bootstrap_word_ns)).collect();
    CostModel {
        kernel: format!("{choice:?} kernels, one thread"),
        linear_word_ns,
        keyswitch,
        bootstrap_batch: BOOTSTRAP_BATCH as u64,
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
    /// One time in seconds, with an even share of what is left.
    fn next(&mut self, what: &str, measure: impl FnOnce(Duration) -> f64) -> f64 {
        (self.progress)(Progress { done: self.done, total: self.total, next: what.to_owned() });
        let left = self.end.saturating_duration_since(Instant::now());
        let share = left / (self.total - self.done).max(1) as u32;
        self.done += 1;
        measure(share)
    }

    /// Unknown are the time of a digit, and for each width of digits those of a word and of a word of the key.
    fn keyswitch(&mut self) -> KeyswitchCost {
        const UNKNOWN: usize = 1 + 2 * DIGITS.len();
        let (choice, (from, targets)) = (self.choice, KEYSWITCH);
        let mut points: Vec<([f64; UNKNOWN], f64)> = vec![];
        for (i, (base_log, level)) in DIGITS.into_iter().enumerate() {
            for (to, batch) in targets.into_iter().flat_map(|to| [(to, 1), (to, KEYSWITCH_BATCH)]) {
                let decomposition = Decomposition { base_log, level };
                let trial = KeyswitchTrial { from: LweDimension(from), to: LweDimension(to), decomposition };
                let measure = |span| calibrate::keyswitch(choice, trial, batch, span);
                let seconds = self.next(&format!("keyswitches, digits of {base_log} bits"), measure);
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
        KeyswitchCost { batch: KEYSWITCH_BATCH as u64, row_ns: rounded(found[0]), digits: digits.collect() }
    }

    /// Nanoseconds for a word of an accumulator before and after its rotation.
    fn ends(&mut self) -> f64 {
        let (kind, steps) = ENDS;
        let point = Point { level: 1, extension: 1, batch: BOOTSTRAP_BATCH };
        let [few, many] = steps.map(|steps| self.call(&kind, point, steps));
        let step = (many - few) / (steps[1] - steps[0]) as f64;
        (few - step * steps[0] as f64).max(0.0) * 1e9 / kind.words(point)
    }

    /// Figures of a step.
    fn bootstrap(&mut self, kind: &Kind, word_ns: f64) -> BootstrapCost {
        let points = kind.points().into_iter().map(|point| {
            let steps = kind.steps(point);
            let ns = self.call(kind, point, steps) * 1e9 - kind.words(point) * word_ns;
            let (level, parts) = (f64::from(point.level), point.extension as f64);
            ([1.0, level, parts, parts * level, level / point.batch as f64], ns / steps as f64)
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

    /// Seconds of a bootstrap of so many steps for each ciphertext.
    fn call(&mut self, kind: &Kind, point: Point, steps: u64) -> f64 {
        let (choice, trial) = (self.choice, kind.trial(point, steps));
        self.next(&kind.name(), |span| calibrate::bootstrap(choice, trial, point.batch, span))
    }
}
