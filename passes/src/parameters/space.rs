//! What is chosen from: for each shape its bootstraps, for each small dimension its keyswitches.
//!
//! What is worse than another in both time and noise is left out. Keyswitches are tabulated when a key is first looked at:
//! there are hundreds of small keys, and the search comes by few of them.

use crate::parameters::cost::{BootstrapCost, CostModel, KeyswitchCost};
use crate::parameters::restrictions::Restrictions;
use crate::parameters::work::Seconds;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension, NoiseDistribution, NoiseFamily,
    SecurityLevel, Variance,
};
use cloakwork_abi::security::{MIN_DIMENSION, ModulusBits, minimal_noise};
use std::cell::{Cell, OnceCell};
use std::collections::BTreeMap;

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
    pub extensions: Vec<ExtensionFactor>,
    pub many_lut: bool,
    /// What a keyswitch adds whatever the dimension of its input.
    pub rounding: f64,
    /// How often the noise of a program was computed: the work of a search.
    pub evaluations: Cell<u64>,
    /// Decompositions of keyswitches, and what these cost.
    switches: (Vec<Switch>, KeyswitchCost),
    /// Where keys are given: the keyswitches from each shape to each small dimension and to each shape, by position.
    pub given: Option<GivenSwitches>,
}

/// Keyswitch keys that are given, by positions of their ends; what is missing cannot be done.
#[derive(Default)]
pub(super) struct GivenSwitches {
    pub keyswitches: BTreeMap<(usize, usize), Vec<KeyswitchChoice>>,
    pub conversions: BTreeMap<(usize, usize), Vec<KeyswitchChoice>>,
}

/// A GLWE key.
pub(super) struct ShapeChoice {
    pub shape: GlweShape,
    /// Noise of a fresh encryption and of the bootstrap key.
    pub noise: NoiseDistribution,
    /// Of the bootstrap key.
    pub variance: f64,
    /// Of an argument.
    pub fresh: f64,
    /// By grouping and level.
    pub bootstraps: Vec<BootstrapChoice>,
    /// Noise of a keyswitch key that leads here.
    pub switch_noise: NoiseDistribution,
    /// Keyswitches that lead here.
    pub conversions: Switches,
    /// Where keys are given: its position.
    pub given: Option<usize>,
}

/// Key and decomposition of a bootstrap.
pub(super) struct BootstrapChoice {
    pub decomposition: Decomposition,
    pub grouping: Grouping,
    /// For each coefficient of its input.
    pub variance: f64,
    pub cost: BootstrapCost,
    /// How many times that cost it takes.
    pub scale: f64,
    /// Where keys are given: its small key and its extension.
    pub given: Option<(usize, ExtensionFactor)>,
}

/// A small key.
pub(super) struct SmallChoice {
    pub dimension: LweDimension,
    pub noise: NoiseDistribution,
    pub variance: f64,
    /// Variance of the quietest keyswitch that leads here, for each coefficient of its input; infinite where keys are
    /// given, since there it depends on where it comes from.
    pub quietest: f64,
    /// Keyswitches that lead here.
    pub keyswitches: Switches,
    /// Where keys are given: its position.
    pub given: Option<usize>,
}

/// Keyswitches that lead to a key, made when they are first asked for.
pub(super) struct Switches {
    to: LweDimension,
    key_variance: Variance,
    choices: OnceCell<Vec<KeyswitchChoice>>,
}

/// Decomposition of a keyswitch; time and noise are for each coefficient of its input.
#[derive(Clone, Copy)]
pub(super) struct KeyswitchChoice {
    pub decomposition: Decomposition,
    pub variance: f64,
    /// What it adds whatever the dimension of its input.
    pub rounding: f64,
    pub seconds: Seconds,
}

impl Switches {
    /// To a key of that dimension, with that noise.
    pub(super) fn new(to: LweDimension, key_variance: Variance) -> Self {
        Self { to, key_variance, choices: OnceCell::new() }
    }

    /// Ascending in time, descending in noise.
    fn choices(&self, (switches, cost): &(Vec<Switch>, KeyswitchCost)) -> &[KeyswitchChoice] {
        self.choices.get_or_init(|| keyswitches(switches, cost, self.to, self.key_variance))
    }
}

impl BootstrapChoice {
    /// For each coefficient of its input.
    pub(super) fn seconds(&self, extension: ExtensionFactor) -> Seconds {
        let of_batch = |batch| self.cost.step(self.decomposition.level, extension, batch);
        Seconds::through(of_batch) * (self.scale / self.grouping.factor() as f64)
    }
}

impl KeyswitchChoice {
    /// Variance that the keyswitch of a ciphertext of dimension `from` adds.
    pub(super) fn added(&self, from: LweDimension) -> f64 {
        from.0 as f64 * self.variance + self.rounding
    }
}

impl Space {
    pub(super) fn new(
        security: SecurityLevel,
        family: NoiseFamily,
        cost: &CostModel,
        restrictions: &Restrictions,
    ) -> Self {
        let switches = switches(restrictions);
        let mut shapes: Vec<ShapeChoice> = Vec::new();
        for entry in cost.bootstraps() {
            let shape = entry.shape();
            if !restrictions.allow_shape(shape) || !restrictions.groupings.contains(&entry.grouping) {
                continue;
            }
            let dimension = shape.lwe_dimension();
            let noise_of = |modulus| minimal_noise(security, family, dimension, modulus).ok();
            let Some((noise, switch_noise)) =
                noise_of(ModulusBits::Bits64).zip(noise_of(ModulusBits::Bits32))
            else {
                continue;
            };
            let variance = noise.variance(ModulusBits::Bits64);
            let bootstraps = bootstraps(entry, variance, restrictions);
            match shapes.iter_mut().find(|choice| choice.shape == shape) {
                Some(choice) => choice.bootstraps.extend(bootstraps),
                None => {
                    let switch_variance = switch_noise.variance(ModulusBits::Bits32);
                    let conversions = Switches::new(dimension, switch_variance);
                    let fresh = restrictions.fresh(shape, variance).0;
                    let variance = variance.0;
                    shapes.push(ShapeChoice {
                        shape,
                        noise,
                        variance,
                        fresh,
                        bootstraps,
                        switch_noise,
                        conversions,
                        given: None,
                    });
                }
            }
        }
        shapes.retain(|choice| !choice.bootstraps.is_empty());
        let small = small_keys(security, family, &switches, restrictions);
        let (extensions, many_lut) = (restrictions.extensions.clone(), restrictions.many_lut);
        let rounding = switches.first().map_or(0.0, |switch| switch.rounding);
        let switches = (switches, cost.keyswitch.clone());
        let evaluations = Cell::new(0);
        Self { shapes, small, extensions, many_lut, rounding, evaluations, switches, given: None }
    }

    /// Position of the next small key with less noise.
    pub(super) fn next_quieter(&self, position: usize) -> usize {
        let is_as_noisy = |small: &&SmallChoice| small.variance >= self.small[position].variance;
        position + self.small[position..].iter().take_while(is_as_noisy).count()
    }

    /// With keys that are given.
    pub(super) fn of_given(
        shapes: Vec<ShapeChoice>,
        small: Vec<SmallChoice>,
        switches: GivenSwitches,
        (cost, many_lut): (&CostModel, bool),
    ) -> Self {
        Self {
            shapes,
            small,
            extensions: Vec::new(),
            many_lut,
            rounding: 0.0,
            evaluations: Cell::new(0),
            switches: (Vec::new(), cost.keyswitch.clone()),
            given: Some(switches),
        }
    }

    /// What the quietest keyswitch from a key of dimension `from` to a small key adds, where keys are not given.
    pub(super) fn least_added(&self, small: &SmallChoice, from: LweDimension) -> f64 {
        from.0 as f64 * small.quietest + self.rounding
    }

    /// Keyswitches from the GLWE key at one position to the small key at another, ascending in time, descending in noise.
    pub(super) fn keyswitches(&self, from: usize, to: usize) -> &[KeyswitchChoice] {
        match &self.given {
            None => self.small[to].keyswitches.choices(&self.switches),
            Some(given) => given.keyswitches.get(&(from, to)).map_or(&[], Vec::as_slice),
        }
    }

    /// Keyswitches from the GLWE key at one position to that at another, in the same order.
    pub(super) fn conversions(&self, from: usize, to: usize) -> &[KeyswitchChoice] {
        match &self.given {
            None => self.shapes[to].conversions.choices(&self.switches),
            Some(given) => given.conversions.get(&(from, to)).map_or(&[], Vec::as_slice),
        }
    }
}

/// A dimension that inputs of bootstraps do not exceed. What fills the torus with noise there is not chosen from, also where
/// nothing asks for less, because the result is multiplied by 0 or not used.
const NOISY_DIMENSION: f64 = 2048.0;

/// By level the base that adds least noise, while more levels add less.
fn bootstraps(entry: &BootstrapCost, variance: Variance, bounds: &Restrictions) -> Vec<BootstrapChoice> {
    let of_level = |level| {
        let of_base = |base_log| {
            let decomposition = Decomposition { base_log, level };
            let shape = entry.shape();
            // Linear in the dimension of the input; that of 2 is a whole step of every grouping.
            let two = noise::bootstrap(LweDimension(2), shape, decomposition, entry.grouping, variance);
            let (grouping, cost) = (entry.grouping, *entry);
            BootstrapChoice { decomposition, grouping, variance: two.0 / 2.0, cost, scale: 1.0, given: None }
        };
        (1..=MAX_BASE_LOG.min(BOOTSTRAP_BITS / level))
            .filter(|base_log| bounds.bootstrap_base_log.contains(base_log))
            .map(of_base)
            .min_by(|a, b| a.variance.total_cmp(&b.variance))
    };
    let levels = (1..=MAX_BOOTSTRAP_LEVEL).filter(|level| bounds.bootstrap_level.contains(level));
    let mut choices: Vec<BootstrapChoice> = levels.filter_map(of_level).collect();
    let mut least = f64::INFINITY;
    choices.retain(|choice| {
        let is_better = choice.variance < least && choice.variance * NOISY_DIMENSION < 1.0;
        least = least.min(choice.variance);
        is_better
    });
    choices
}

/// A decomposition and what it makes of the noise of a keyswitch key, for each coefficient of the input.
pub(super) struct Switch {
    decomposition: Decomposition,
    /// What it adds with a key without noise.
    own: f64,
    /// What it makes of the variance of the key.
    factor: f64,
    /// What it adds whatever the dimension of its input.
    rounding: f64,
}

fn switches(bounds: &Restrictions) -> Vec<Switch> {
    let all = (1..=KEYSWITCH_BITS).filter(|level| bounds.keyswitch_level.contains(level)).flat_map(|level| {
        (1..=MAX_BASE_LOG.min(KEYSWITCH_BITS / level))
            .filter(|base_log| bounds.keyswitch_base_log.contains(base_log))
            .map(move |base_log| Decomposition { base_log, level })
    });
    all.map(Switch::new).filter(|switch| switch.own * NOISY_DIMENSION < 1.0).collect()
}

impl Switch {
    pub(super) fn new(decomposition: Decomposition) -> Self {
        let of = |dimension, variance| {
            noise::keyswitch(LweDimension(dimension), decomposition, Variance(variance)).0
        };
        // A large one, so that differences keep their digits.
        let dimension = 1 << 20;
        let own = (of(dimension, 0.0) - of(0, 0.0)) / dimension as f64;
        let factor = (of(dimension, 1.0) - of(dimension, 0.0)) / dimension as f64;
        Self { decomposition, own, factor, rounding: of(0, 0.0) }
    }

    /// What it adds with a key of that noise, for each coefficient of the input.
    fn variance(&self, key_variance: Variance) -> f64 {
        self.own + self.factor * key_variance.0
    }

    /// The keyswitch with a key of that noise.
    pub(super) fn choice(
        &self,
        cost: &KeyswitchCost,
        to: LweDimension,
        key_variance: Variance,
    ) -> KeyswitchChoice {
        let Self { decomposition, rounding, .. } = *self;
        let of_batch = |batch| cost.coefficient(decomposition, to, batch);
        let variance = self.variance(key_variance);
        KeyswitchChoice { decomposition, variance, rounding, seconds: Seconds::through(of_batch) }
    }
}

fn small_keys(
    security: SecurityLevel,
    family: NoiseFamily,
    switches: &[Switch],
    restrictions: &Restrictions,
) -> Vec<SmallChoice> {
    let mut choices: Vec<SmallChoice> = Vec::new();
    let mut least = f64::INFINITY;
    let most = *restrictions.lwe_dimension.end();
    for dimension in (MIN_DIMENSION.0..=most.min(1 << 14)).map(LweDimension) {
        let Ok(noise) = minimal_noise(security, family, dimension, ModulusBits::Bits32) else { continue };
        let variance = noise.variance(ModulusBits::Bits32);
        if is_at_floor(security, family, dimension) && variance.0 >= least {
            break; // a larger key is slower and not quieter
        }
        // Noise may fall in steps: of those with equal noise the least is kept, and the least even one for pairs.
        let is_first_even = dimension.0 % 2 == 0
            && choices.last().is_some_and(|last| last.variance == variance.0 && last.dimension.0 % 2 == 1);
        if variance.0 >= least && !is_first_even || !restrictions.allow_small(dimension) {
            continue;
        }
        least = variance.0;
        let quietest = switches.iter().map(|switch| switch.variance(variance)).fold(f64::INFINITY, f64::min);
        let keyswitches = Switches::new(dimension, variance);
        choices.push(SmallChoice {
            dimension,
            noise,
            variance: variance.0,
            quietest,
            keyswitches,
            given: None,
        });
    }
    choices
}

/// Whether no larger dimension has less noise.
fn is_at_floor(security: SecurityLevel, family: NoiseFamily, dimension: LweDimension) -> bool {
    let variance = |dimension| {
        minimal_noise(security, family, dimension, ModulusBits::Bits32)
            .map(|noise| noise.variance(ModulusBits::Bits32))
    };
    variance(dimension) == variance(LweDimension(1 << 20))
}

/// Keyswitches that no other beats in noise and in time, alone and in large batches.
fn keyswitches(
    switches: &[Switch],
    cost: &KeyswitchCost,
    to: LweDimension,
    key_variance: Variance,
) -> Vec<KeyswitchChoice> {
    let choices = switches.iter().map(|switch| switch.choice(cost, to, key_variance));
    let mut choices: Vec<KeyswitchChoice> = choices.collect();
    choices.sort_by(|a, b| {
        let figures = |c: &KeyswitchChoice| (c.seconds.own, c.seconds.alone(), c.variance);
        let (a, b) = (figures(a), figures(b));
        a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.total_cmp(&b.2))
    });
    let mut kept: Vec<KeyswitchChoice> = Vec::new();
    for choice in choices {
        let is_beaten =
            kept.iter().any(|k| k.variance <= choice.variance && k.seconds.alone() <= choice.seconds.alone());
        if !is_beaten {
            kept.push(choice);
        }
    }
    kept.sort_by(|a, b| b.variance.total_cmp(&a.variance));
    kept
}
