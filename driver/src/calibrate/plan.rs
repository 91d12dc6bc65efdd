//! Which times are measured: shapes and groupings, and for each the levels, extensions and batches.

use cloakwork_abi::batches::bootstrap_batch;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize,
};
use cloakwork_runtime::kernel_trial::BootstrapTrial;
use std::time::Duration;

/// Size of keys that a whole batch passes by: many steps, as in real keys.
const KEY_BYTES: u64 = 16 << 20;
/// Size of keys that extended accumulators pass by, in smaller batches.
const KEY_BYTES_EXTENDED: u64 = 64 << 20;
/// Size of keys that a single ciphertext passes by: larger than caches, so that it waits for main memory.
pub(super) const KEY_BYTES_ALONE: u64 = 128 << 20;
/// In less time than this smaller keys are made.
const ENOUGH: Duration = Duration::from_millis(100);
/// Fewest and most steps of a blind rotation.
const STEPS: (u64, u64) = (4, 500);
/// Bits of all digits together.
const DIGIT_BITS: u32 = 24;

/// A kind of bootstrap key: the unit that the optimizer chooses from.
pub(super) struct Kind {
    pub dimension: u64,
    pub polynomial_size: u64,
    pub grouping: Grouping,
}

/// What one time of a kind is taken of.
#[derive(Clone, Copy)]
pub(super) struct Point {
    pub level: u32,
    pub extension: u64,
    pub batch: usize,
}

impl Point {
    /// As many ciphertexts as pass by the key together.
    pub(super) fn of_full_batch(level: u32, extension: u64) -> Self {
        Self { level, extension, batch: bootstrap_batch(ExtensionFactor(extension)) as usize }
    }
}

/// Shapes `(k, N)`: all for which one polynomial less would leave the noise above its floor.
const SHAPES: [(u64, u64); 21] = [
    (2, 256),
    (3, 256),
    (4, 256),
    (5, 256),
    (6, 256),
    (1, 512),
    (2, 512),
    (3, 512),
    (4, 512),
    (5, 512),
    (6, 512),
    (1, 1024),
    (2, 1024),
    (3, 1024),
    (1, 2048),
    (2, 2048),
    (1, 4096),
    (1, 8192),
    (1, 16384),
    (1, 32768),
    (1, 65536),
];

/// Greatest `k` for which pairs can pay: beyond, products with the key take longer than transforms.
const MOST_POLYNOMIALS_OF_PAIRS: u64 = 3;
/// Greatest `N` whose accumulators are extended far.
const MOST_EXTENDED: u64 = 4096;

/// Every kind, in the order of the table.
pub(super) fn kinds() -> Vec<Kind> {
    let of_shape = |(dimension, polynomial_size)| {
        let is_offered = move |grouping: &Grouping| match grouping {
            Grouping::One => true,
            Grouping::Two => dimension <= MOST_POLYNOMIALS_OF_PAIRS,
        };
        let kind = move |grouping| Kind { dimension, polynomial_size, grouping };
        [Grouping::One, Grouping::Two].into_iter().filter(is_offered).map(kind)
    };
    SHAPES.into_iter().flat_map(of_shape).collect()
}

impl Kind {
    /// The times that its figures are fitted to.
    pub(super) fn points(&self) -> Vec<Point> {
        let mut points = vec![
            Point::of_full_batch(1, 1),
            Point::of_full_batch(2, 1),
            Point::of_full_batch(3, 1),
            Point::of_full_batch(1, 2),
            Point { level: 1, extension: 1, batch: 1 },
        ];
        if self.polynomial_size <= MOST_EXTENDED {
            points.extend([Point::of_full_batch(1, 6), Point::of_full_batch(2, 4)]);
        }
        points
    }

    /// Steps of a blind rotation that stands for any number of them, to be measured for about `span`.
    pub(super) fn steps(&self, point: Point, span: Duration) -> u64 {
        let columns = self.dimension + 1;
        let bytes = self.grouping.ciphertexts()
            * columns
            * columns
            * u64::from(point.level)
            * self.polynomial_size
            * 8;
        let key = match (point.batch, point.extension) {
            (1, _) => KEY_BYTES_ALONE,
            (_, 1) => KEY_BYTES,
            (_, _) => KEY_BYTES_EXTENDED,
        };
        let key = (key as f64 * span.div_duration_f64(ENOUGH).min(1.0)) as u64;
        (key / bytes).clamp(STEPS.0, STEPS.1)
    }

    /// A bootstrap of so many steps.
    pub(super) fn trial(&self, point: Point, steps: u64) -> BootstrapTrial {
        BootstrapTrial {
            from: LweDimension(steps * self.grouping.factor()),
            to: GlweShape {
                dimension: GlweDimension(self.dimension),
                polynomial_size: PolynomialSize(self.polynomial_size),
            },
            decomposition: Decomposition { base_log: DIGIT_BITS / point.level, level: point.level },
            grouping: self.grouping,
            extension: ExtensionFactor(point.extension),
            outputs: 1,
        }
    }

    /// Words of an accumulator.
    pub(super) fn words(&self, point: Point) -> f64 {
        (point.extension * (self.dimension + 1) * self.polynomial_size) as f64
    }

    /// For progress.
    pub(super) fn name(&self) -> String {
        let pairs = match self.grouping {
            Grouping::One => "",
            Grouping::Two => ", pairs",
        };
        format!("bootstraps, k {}, N {}{pairs}", self.dimension, self.polynomial_size)
    }
}
