//! Weighs building blocks that the optimizer does not choose from: prefix keys, common masks, groups of three key bits, a
//! keyswitch modulus of 24 bits. Prints what fewer rows of a keyswitch save when measured here, and for single lookups the time that the
//! cheapest parameters with and without each block take by the cost table.
//!
//! ```text
//! cargo run --release -p cloakwork-tests --example weigh_building_blocks [table.json]
//! ```
//!
//! A lookup is a keyswitch, a centred modulus switch and a bootstrap, of a result of another lookup (`norm2` 1); times
//! are of one thread, for one ciphertext of full batches. Every search is over all that it may choose from.

use cloakwork_abi::batches::{self, bootstrap_batch};
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, PolynomialSize,
    SecurityLevel, Variance, Width,
};
use cloakwork_abi::security::{MIN_DIMENSION, ModulusBits, minimal_variance};
use cloakwork_passes::parameters::cost::BootstrapCost;
use cloakwork_passes::parameters::{CostModel, EXTENSIONS};
use cloakwork_runtime::calibrate;
use cloakwork_runtime::kernel_trial::{BootstrapTrial, Choice, KeyswitchTrial};
use std::fmt;
use std::process::ExitCode;
use std::time::Duration;

const SECURITY: SecurityLevel = SecurityLevel::Bits128;
/// Largest small dimension that is tried.
const MAX_SMALL: u64 = 1100;
/// Widest digits and most levels that are tried.
const MAX_BASE_LOG: u32 = 30;
const MAX_BOOTSTRAP_LEVEL: u32 = 3;
/// Widest digits whose products take bytes.
const BYTE_BASE_LOG: u32 = 7;
/// Ciphertexts that pass by a keyswitch key together.
const KEYSWITCH_BATCH: f64 = batches::KEYSWITCH_BATCH as f64;

fn main() -> ExitCode {
    let cost = match std::env::args().nth(1) {
        None => CostModel::avx512(),
        Some(path) => match std::fs::read_to_string(&path).map(|text| CostModel::from_json(&text)) {
            Ok(Ok(cost)) => cost,
            found => {
                eprintln!("`{path}` is no cost table: {found:?}");
                return ExitCode::FAILURE;
            }
        },
    };
    measure_rows();
    measure_steps();
    println!("\ntable: {}", cost.kernel);
    for (name, p_error) in [("1e-5", 1e-5), ("2^-40", 2f64.powi(-40)), ("2^-128", 2f64.powi(-128))] {
        println!("\np_error {name}");
        for width in 1..=8 {
            weigh(&cost, Width(width), p_error);
        }
    }
    ExitCode::SUCCESS
}

/// What the optimizer does not choose from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Block {
    /// Nothing else.
    None,
    /// The small key is the beginning of the large one: only the other coefficients are switched.
    Prefix,
    /// A keyswitch key modulo `2^24`: three planes of bytes instead of four.
    Bits24,
    /// Three key bits in a step, by a count of operations, see [`triples`].
    Triples,
    /// A keyswitch that takes no time, which bounds what any faster one can bring.
    Free,
    /// So many ciphertexts under keys of their own share a mask and a bootstrap. Results of a bootstrap stay under
    /// these keys, so that a sum can only be of ciphertexts under one of them.
    CommonMask(u64),
    /// The same, and each result is converted to one key for all, from where keyswitches pack them onto a mask.
    Packed(u64),
}

/// Time of one lookup by the cost table, and its keys.
struct Found {
    seconds: f64,
    /// The keyswitch, and the conversion if there is one.
    switching: f64,
    small: LweDimension,
    shape: GlweShape,
    /// Key bits of a step.
    bits: u64,
    extension: ExtensionFactor,
    bootstrap: Decomposition,
    keyswitch: Decomposition,
}

fn weigh(cost: &CostModel, width: Width, p_error: f64) {
    let safe = noise::safe_variance(p_error, width).0;
    let Some(base) = cheapest(cost, width, safe, Block::None) else {
        return println!("{width} bits  nothing is safe");
    };
    println!("{width} bits  {base}");
    let blocks = [
        Block::Prefix,
        Block::Bits24,
        Block::Triples,
        Block::Free,
        Block::CommonMask(2),
        Block::CommonMask(3),
        Block::CommonMask(4),
        Block::Packed(2),
        Block::Packed(3),
    ];
    for block in blocks {
        if let Some(found) = cheapest(cost, width, safe, block) {
            let ratio = found.seconds / base.seconds;
            println!("    {:<14} {ratio:.3} of it: {found}", format!("{block:?}"));
        }
    }
}

/// The cheapest lookup whose noise is below `safe`.
fn cheapest(cost: &CostModel, width: Width, safe: f64, block: Block) -> Option<Found> {
    let mut best: Option<Found> = None;
    let smalls: Vec<SmallKey> =
        (MIN_DIMENSION.0..=MAX_SMALL).map(|n| SmallKey::new(cost, n, block)).collect();
    for entry in cost.bootstraps() {
        let Some(steps) = steps_of(cost, entry, block) else { continue };
        let (shape, grouping) = (entry.shape(), entry.grouping);
        let conversions = match block {
            Block::Packed(_) => Some(SmallKey::new(cost, shape.lwe_dimension().0, Block::None)),
            Block::None
            | Block::Prefix
            | Block::Bits24
            | Block::Triples
            | Block::Free
            | Block::CommonMask(_) => None,
        };
        for extension in EXTENSIONS {
            let coefficients = extension.0 * shape.polynomial_size.0;
            if coefficients % (2 << width.0) != 0 {
                continue; // a box is an even number of coefficients
            }
            for level in 1..=MAX_BOOTSTRAP_LEVEL {
                let step = steps.slots(steps.cost.step(level, extension, bootstrap_batch(extension) as f64));
                let ends = steps.slots(cost.bootstrap_ends(steps.cost.shape(), extension));
                let Some((bootstrap, added)) = quietest(shape, grouping, level, &steps) else { continue };
                for small in &smalls {
                    let n = small.dimension;
                    if n.0 % steps.bits != 0 {
                        continue;
                    }
                    let rotation = n.0 as f64 / steps.bits as f64 * step + ends;
                    if best.as_ref().is_some_and(|best| best.seconds <= rotation) {
                        break; // larger dimensions take longer
                    }
                    let switched = noise::modulus_switch_centred(n, 2 * coefficients).0;
                    let allowed = safe - switched - n.0 as f64 * added - small.fixed_variance;
                    let Some(rows) = block.rows(shape, n) else { continue };
                    let Some((choice, switching)) = small.cheapest(rows, allowed, conversions.as_ref())
                    else {
                        continue;
                    };
                    let seconds = rotation + switching;
                    if best.as_ref().is_none_or(|best| seconds < best.seconds) {
                        let keyswitch = choice.decomposition;
                        best = Some(Found {
                            seconds,
                            switching,
                            small: n,
                            shape,
                            bits: steps.bits,
                            extension,
                            bootstrap,
                            keyswitch,
                        });
                    }
                }
            }
        }
    }
    best
}

/// The steps of a bootstrap, which may serve several ciphertexts at once.
struct Steps {
    cost: BootstrapCost,
    /// Key bits of a step.
    bits: u64,
    slots: f64,
    /// Rows of a level of the key over those of an ordinary one.
    rows: f64,
    /// Noise of the key, and all other noise, over those of the grouping in the table.
    noise: [f64; 2],
}

impl Steps {
    /// The share of one ciphertext.
    fn slots(&self, seconds: f64) -> f64 {
        seconds / self.slots
    }
}

/// With `w` ciphertexts on a mask the matrix of a step has `k + w` rows and columns, as one of dimension `k + w − 1`.
fn steps_of(cost: &CostModel, entry: &BootstrapCost, block: Block) -> Option<Steps> {
    let (bits, noise) = (entry.grouping.factor(), [1.0; 2]);
    let slots = match block {
        Block::Triples => return triples(cost, entry),
        Block::CommonMask(slots) | Block::Packed(slots) => slots,
        Block::None | Block::Prefix | Block::Bits24 | Block::Free => {
            return Some(Steps { cost: *entry, bits, slots: 1.0, rows: 1.0, noise });
        }
    };
    let dimension = entry.dimension.0 + slots - 1;
    let wanted = (GlweDimension(dimension), entry.polynomial_size, entry.grouping);
    let cost =
        *cost.bootstraps().find(|cost| (cost.dimension, cost.polynomial_size, cost.grouping) == wanted)?;
    let rows = (dimension + 1) as f64 / (entry.dimension.0 + 1) as f64;
    Some(Steps { cost, bits, slots: slots as f64, rows, noise })
}

/// Steps of three key bits, out of those of one and two. A step with a pair has the transforms of one with a single bit and
/// three products with the key in place of one; with three bits there are seven, and as much of the key to fetch. Each product
/// weighs the key with `X^a − 1`, so it brings `2·7/3` of its noise for a bit, where pairs bring `2·3/2`; the rest
/// comes with `2·(1 − 2^−3)/3` for a bit, where pairs have `2·(1 − 2^−2)/2`. Rounding in transforms is counted with the rest, which
/// flatters.
fn triples(cost: &CostModel, pairs: &BootstrapCost) -> Option<Steps> {
    let kind = (pairs.dimension, pairs.polynomial_size);
    let is_single = |cost: &&BootstrapCost| {
        (cost.dimension, cost.polynomial_size) == kind && cost.grouping == Grouping::One
    };
    let single = cost.bootstraps().find(is_single).filter(|_| pairs.grouping == Grouping::Two)?;
    let more = |single: f64, pairs: f64| pairs + (7.0 - 3.0) / (3.0 - 1.0) * (pairs - single);
    let step = BootstrapCost {
        fixed_ns: more(single.fixed_ns, pairs.fixed_ns),
        level_ns: more(single.level_ns, pairs.level_ns),
        extension_ns: more(single.extension_ns, pairs.extension_ns),
        extension_level_ns: more(single.extension_level_ns, pairs.extension_level_ns),
        key_level_ns: pairs.key_level_ns * 7.0 / 3.0,
        ..*pairs
    };
    Some(Steps { cost: step, bits: 3, slots: 1.0, rows: 1.0, noise: [14.0 / 9.0, 7.0 / 9.0] })
}

/// The digits of so many levels with the least noise, and that noise for each coefficient of the small key.
fn quietest(shape: GlweShape, grouping: Grouping, level: u32, steps: &Steps) -> Option<(Decomposition, f64)> {
    let key = minimal_variance(SECURITY, shape.lwe_dimension(), ModulusBits::Bits64).ok()?;
    let of = |base_log| {
        let (one, digits) = (LweDimension(1), Decomposition { base_log, level });
        // More rows bring more noise of the key and more rounding in transforms; a bound, as the rest stays the same.
        let all = noise::bootstrap(one, shape, digits, grouping, key).0;
        let rest = noise::bootstrap(one, shape, digits, grouping, Variance::ZERO).0;
        let [of_key, of_rest] = steps.noise;
        (digits, ((all - rest) * of_key + rest * of_rest) * steps.rows)
    };
    let all = (1..=MAX_BASE_LOG.min(63 / level)).map(of);
    all.min_by(|a, b| a.1.total_cmp(&b.1))
}

/// A small key with the keyswitches to it.
struct SmallKey {
    dimension: LweDimension,
    /// What a keyswitch adds whatever its rows.
    fixed_variance: f64,
    /// Ascending in time, descending in noise; for each coefficient that is switched.
    choices: Vec<KeyswitchChoice>,
}

struct KeyswitchChoice {
    decomposition: Decomposition,
    variance: f64,
    seconds: f64,
}

impl SmallKey {
    fn new(cost: &CostModel, dimension: u64, block: Block) -> Self {
        let bits: u32 = if block == Block::Bits24 { 24 } else { 32 };
        let dimension = LweDimension(dimension);
        let unit_squared = (-2.0 * f64::from(bits)).exp2();
        let curve = minimal_variance(SECURITY, dimension, ModulusBits::Bits32).map_or(1.0, |noise| noise.0);
        let key = Variance(curve.max(16.0 * unit_squared)); // not below four units of the modulus
        let choices = (1..=bits).flat_map(|level| {
            (1..=MAX_BASE_LOG.min(bits / level)).map(move |base_log| Decomposition { base_log, level })
        });
        let mut choices: Vec<KeyswitchChoice> = choices
            .map(|decomposition| {
                let of = |rows| noise::keyswitch(LweDimension(rows), decomposition, key).0;
                let seconds = match block {
                    Block::Free => 0.0,
                    Block::CommonMask(slots) => {
                        let columns = LweDimension(dimension.0 + slots - 1);
                        cost.keyswitch_coefficient(decomposition, columns, KEYSWITCH_BATCH) / slots as f64
                    }
                    Block::Packed(slots) => {
                        let columns = LweDimension(dimension.0 + slots - 1);
                        cost.keyswitch_coefficient(decomposition, columns, KEYSWITCH_BATCH)
                    }
                    Block::None | Block::Prefix | Block::Bits24 | Block::Triples => {
                        let planes = match block {
                            Block::Bits24 if decomposition.base_log <= BYTE_BASE_LOG => 0.75,
                            _ => 1.0,
                        };
                        planes * cost.keyswitch_coefficient(decomposition, dimension, KEYSWITCH_BATCH)
                    }
                };
                // A mask that several ciphertexts are packed onto brings the noise of all of them.
                let packed = if let Block::Packed(slots) = block { slots as f64 } else { 1.0 };
                KeyswitchChoice { decomposition, variance: packed * (of(1) - of(0)), seconds }
            })
            .collect();
        choices.sort_by(|a, b| a.seconds.total_cmp(&b.seconds).then(a.variance.total_cmp(&b.variance)));
        let mut least = f64::INFINITY;
        choices.retain(|choice| {
            let is_quieter = choice.variance < least;
            least = least.min(choice.variance);
            is_quieter
        });
        // The body is rounded, and so are the coefficients of a mask that are not switched.
        let unswitched = if block == Block::Prefix { dimension.0 as f64 / 24.0 } else { 0.0 };
        Self { dimension, fixed_variance: unit_squared * (1.0 / 12.0 + unswitched), choices }
    }

    /// The cheapest keyswitch of so many coefficients whose noise is below `allowed`, and the time of it; with
    /// conversions from a key of as many coefficients, of both.
    fn cheapest(
        &self,
        rows: f64,
        allowed: f64,
        conversions: Option<&Self>,
    ) -> Option<(&KeyswitchChoice, f64)> {
        let within = |allowed: f64| self.choices.iter().find(|choice| choice.variance * rows <= allowed);
        let Some(conversions) = conversions else {
            return within(allowed).map(|choice| (choice, rows * choice.seconds));
        };
        let pairs = conversions.choices.iter().filter_map(|conversion| {
            let added = conversion.variance * rows + conversions.fixed_variance;
            let choice = within(allowed - added)?;
            Some((choice, rows * (choice.seconds + conversion.seconds)))
        });
        pairs.min_by(|a, b| a.1.total_cmp(&b.1))
    }
}

impl Block {
    /// Coefficients that a keyswitch handles.
    fn rows(self, shape: GlweShape, small: LweDimension) -> Option<f64> {
        let all = shape.lwe_dimension().0;
        match self {
            Self::Prefix => all.checked_sub(small.0).map(|rows| rows as f64),
            Self::None
            | Self::Bits24
            | Self::Triples
            | Self::Free
            | Self::CommonMask(_)
            | Self::Packed(_) => Some(all as f64),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { seconds, switching, small, shape, bits, extension, bootstrap, keyswitch } = self;
        write!(
            f,
            "{:.0} us, {:.1} % of it keyswitch; n {small}, k {}, N {}, g {}, e {extension}, {} x {}, ks {} x {}",
            seconds * 1e6,
            100.0 * switching / seconds,
            shape.dimension,
            shape.polynomial_size,
            bits,
            bootstrap.level,
            bootstrap.base_log,
            keyswitch.level,
            keyswitch.base_log,
        )
    }
}

/// Measures keyswitches of all and of the unshared coefficients of a key.
fn measure_rows() {
    const LARGE: u64 = 2048;
    println!(
        "keyswitch from {LARGE} coefficients, one thread, full batch: all rows, rows without the prefix"
    );
    for small in [600, 700, 800, 900].map(LweDimension) {
        for (base_log, level) in [(2, 7), (2, 9), (3, 4), (4, 3), (6, 2)] {
            let decomposition = Decomposition { base_log, level };
            let [all, unshared] = [LARGE, LARGE - small.0].map(|from| {
                let trial = KeyswitchTrial { from: LweDimension(from), to: small, decomposition };
                calibrate::keyswitch(
                    Choice::Fastest,
                    trial,
                    KEYSWITCH_BATCH as usize,
                    Duration::from_millis(300),
                )
            });
            println!(
                "n {small}, {level} x {base_log}: {:6.1} us, {:6.1} us, {:.2} of it; rows {:.2}",
                all * 1e6,
                unshared * 1e6,
                unshared / all,
                (LARGE - small.0) as f64 / LARGE as f64,
            );
        }
    }
}

/// Measures steps of bootstraps: of single key bits, of pairs, and of pairs with several ciphertexts on a mask, where a
/// step is that of a key with more rows and columns.
fn measure_steps() {
    println!(
        "\nbootstrap, one thread, full batch: us for a key bit and a ciphertext; w: ciphertexts on a mask"
    );
    for (k, size) in [(3, 512), (2, 1024), (1, 2048)] {
        let single = key_bit_us((k, size), Grouping::One);
        let pairs = [1, 2, 3, 4].map(|w| key_bit_us((k + w - 1, size), Grouping::Two) / w as f64);
        print!("k {k}, N {size}: single bits {single:.2}, pairs {:.2}", pairs[0]);
        for (w, time) in (2..).zip(&pairs[1..]) {
            print!(", w {w} {time:.2} ({:.2} of pairs)", time / pairs[0]);
        }
        println!();
    }
}

/// Microseconds that a bootstrap takes for each coefficient of its input.
fn key_bit_us((k, size): (u64, u64), grouping: Grouping) -> f64 {
    const COEFFICIENTS: u64 = 64;
    let trial = BootstrapTrial {
        from: LweDimension(COEFFICIENTS),
        to: GlweShape { dimension: GlweDimension(k), polynomial_size: PolynomialSize(size) },
        decomposition: Decomposition { base_log: 20, level: 1 },
        grouping,
        extension: ExtensionFactor(1),
        outputs: 1,
    };
    let time = calibrate::bootstrap(
        Choice::Fastest,
        trial,
        bootstrap_batch(trial.extension) as usize,
        Duration::from_secs(1),
    );
    time * 1e6 / COEFFICIENTS as f64
}
