//! What is chosen from: for each shape its bootstraps, for each small dimension its keyswitches.
//!
//! Everything is tabulated before the search; what is worse than another in both time and noise is left out.

use crate::parameters::cost::CostModel;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension, SecurityLevel, Variance,
};
use cloakwork_abi::security::{MIN_DIMENSION, ModulusBits, minimal_variance};

/// Deepest decomposition of an accumulator.
const MAX_BOOTSTRAP_LEVEL: u32 = 8;
/// Bits of the modulus that a keyswitch key is made for.
const KEYSWITCH_BITS: u32 = 32;
/// Widest digits that a kernel takes.
const MAX_BASE_LOG: u32 = 30;
/// Most bits of all digits of a bootstrap: the kernel of `tfhe` rounds wrongly at 64.
const BOOTSTRAP_BITS: u32 = 63;

/// Everything to choose from.
pub(super) struct Space {
    /// By shape, in the order of the cost table.
    pub shapes: Vec<ShapeChoice>,
    /// By dimension, ascending from the least secure one until its noise ceases to fall.
    pub small: Vec<SmallChoice>,
}

/// A GLWE key.
pub(super) struct ShapeChoice {
    pub shape: GlweShape,
    /// Noise of a fresh encryption and of the bootstrap key.
    pub variance: Variance,
    /// By level, ascending in time, descending in noise.
    pub bootstraps: Vec<BootstrapChoice>,
}

/// Decomposition of a bootstrap; both figures are for each coefficient of its input.
pub(super) struct BootstrapChoice {
    pub decomposition: Decomposition,
    pub variance: f64,
    pub seconds: f64,
}

/// A small key.
pub(super) struct SmallChoice {
    pub dimension: LweDimension,
    pub variance: Variance,
    /// Ascending in time, descending in noise.
    pub keyswitches: Vec<KeyswitchChoice>,
}

/// Decomposition of a keyswitch; both figures are for each coefficient of its input.
pub(super) struct KeyswitchChoice {
    pub decomposition: Decomposition,
    pub variance: f64,
    pub seconds: f64,
}

impl Space {
    pub(super) fn new(security: SecurityLevel, cost: &CostModel) -> Self {
        let shapes = cost.bootstraps().filter(|entry| entry.grouping == Grouping::One).filter_map(|entry| {
            let shape = entry.shape();
            let variance = minimal_variance(security, shape.lwe_dimension(), ModulusBits::Bits64).ok()?;
            let of_level = |level| {
                let of_base = |base_log| {
                    let decomposition = Decomposition { base_log, level };
                    let variance =
                        noise::bootstrap(LweDimension(1), shape, decomposition, Grouping::One, variance).0;
                    let seconds = entry.step(level, ExtensionFactor(1), cost.bootstrap_batch(u64::MAX));
                    BootstrapChoice { decomposition, variance, seconds }
                };
                (1..=MAX_BASE_LOG.min(BOOTSTRAP_BITS / level))
                    .map(of_base)
                    .min_by(|a, b| a.variance.total_cmp(&b.variance))
            };
            let levels = (1..=MAX_BOOTSTRAP_LEVEL).filter_map(of_level).collect();
            Some(ShapeChoice { shape, variance, bootstraps: efficient(levels, |c| (c.seconds, c.variance)) })
        });
        Self { shapes: shapes.collect(), small: small_keys(security, cost) }
    }
}

fn small_keys(security: SecurityLevel, cost: &CostModel) -> Vec<SmallChoice> {
    let mut choices: Vec<SmallChoice> = Vec::new();
    for dimension in (MIN_DIMENSION.0..).map(LweDimension) {
        let Ok(variance) = minimal_variance(security, dimension, ModulusBits::Bits32) else { continue };
        if choices.last().is_some_and(|last| last.variance <= variance) {
            break; // at the floor: a larger key is slower and not quieter
        }
        let all = (1..=KEYSWITCH_BITS).flat_map(|level| {
            (1..=MAX_BASE_LOG.min(KEYSWITCH_BITS / level))
                .map(move |base_log| Decomposition { base_log, level })
        });
        let keyswitches = all.map(|decomposition| KeyswitchChoice {
            decomposition,
            variance: keyswitch_coefficient(decomposition, variance),
            seconds: cost.keyswitch_coefficient(decomposition, dimension, cost.keyswitch_batch(u64::MAX)),
        });
        let keyswitches = efficient(keyswitches.collect(), |c| (c.seconds, c.variance));
        choices.push(SmallChoice { dimension, variance, keyswitches });
    }
    choices
}

/// Variance of a keyswitch without what does not grow with the dimension of its input.
fn keyswitch_coefficient(decomposition: Decomposition, key_variance: Variance) -> f64 {
    let of = |dimension| noise::keyswitch(LweDimension(dimension), decomposition, key_variance).0;
    of(1) - of(0)
}

/// The choices that no other beats in `(seconds, variance)`, ascending in time.
fn efficient<T>(mut choices: Vec<T>, figures: impl Fn(&T) -> (f64, f64)) -> Vec<T> {
    choices.sort_by(|a, b| {
        let (a, b) = (figures(a), figures(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1))
    });
    let mut least = f64::INFINITY;
    choices.retain(|choice| {
        let variance = figures(choice).1;
        let is_better = variance < least;
        least = least.min(variance);
        is_better
    });
    choices
}
