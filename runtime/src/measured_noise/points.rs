//! 200 random points of the parameter space, and for each building block the measured against the stated variance.

use super::Comparison;
use super::bootstraps::{Bootstrap, Choice};
use super::samples::{Encryption, Keyswitch, ModulusSwitch};
use crate::kernels::{Target, greatest_width, interleaved};
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseDistribution,
    NoiseFamily, PolynomialSize, SecurityLevel,
};
use cloakwork_abi::security::{ModulusBits, minimal_noise};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

const POINTS: u64 = 200;

/// Greatest standard deviation that is measured: noise that reaches around the torus is not itself.
const GREATEST: f64 = 1.0 / 40.0;

/// Polynomials of the longest accumulators, each with their size. Random points end at 64 of them.
const LONG: [(u64, u64); 8] =
    [(65, 256), (80, 512), (96, 256), (128, 512), (192, 256), (256, 256), (384, 256), (512, 256)];

/// The random parameters of a point.
struct Point {
    seed: u64,
    random: StdRng,
}

impl Point {
    fn within(&mut self, least: u64, greatest: u64) -> u64 {
        self.random.random_range(least..=greatest)
    }

    fn of<T: Copy>(&mut self, choices: &[T]) -> T {
        *choices.choose(&mut self.random).expect("there are choices")
    }

    /// `k` from 1 to 6 and `N` from 256 to 8192, of a dimension that keys have.
    fn shape(&mut self) -> GlweShape {
        loop {
            let (k, size) = (self.within(1, 6), 1 << self.within(8, 13));
            if (512..=8192).contains(&(k * size)) {
                return GlweShape { dimension: GlweDimension(k), polynomial_size: PolynomialSize(size) };
            }
        }
    }

    /// As little as keys of that dimension may have.
    fn noise(&mut self, dimension: u64, modulus: ModulusBits) -> NoiseDistribution {
        let (level, family) = self.of(&[
            (SecurityLevel::Bits128, NoiseFamily::Gaussian),
            (SecurityLevel::Bits132, NoiseFamily::Gaussian),
            (SecurityLevel::Bits132, NoiseFamily::TUniform),
        ]);
        minimal_noise(level, family, LweDimension(dimension), modulus).expect("the dimension is great enough")
    }

    fn decomposition(&mut self, (base_log, level): (u64, u64), bits: u64) -> Decomposition {
        let base_log = self.within(1, base_log);
        let level = self.within(1, level.min(bits / base_log));
        Decomposition { base_log: base_log as u32, level: level as u32 }
    }

    fn encryption(&mut self) -> Encryption {
        let shape = self.shape();
        Encryption { shape, noise: self.noise(shape.lwe_dimension().0, ModulusBits::Bits64) }
    }

    /// To a key that is smaller than its noise belongs to: what a keyswitch adds does not depend on that.
    fn keyswitch(&mut self, target: Target) -> Keyswitch {
        loop {
            let dimension = match target {
                Target::Small => self.within(500, 1100),
                Target::Large => self.within(600, 4096),
            };
            let keyswitch = Keyswitch {
                from: self.shape(),
                to: LweDimension(8 * self.within(2, 12)),
                target,
                decomposition: self.decomposition((9, 10), 32),
                noise: self.noise(dimension, ModulusBits::Bits32),
            };
            if keyswitch.formula().std_dev() < GREATEST {
                return keyswitch;
            }
        }
    }

    /// Coefficients of an accumulator, by `e`, with the results that it has room for.
    fn accumulator(&mut self, size: PolynomialSize) -> (ExtensionFactor, usize) {
        loop {
            let (extension, outputs) =
                (self.of(&[1, 1, 1, 2, 3, 4, 5, 6, 8, 12, 16, 24, 32, 64]), self.of(&[1, 1, 1, 2, 3, 4, 8]));
            let coefficients = extension * size.0;
            if coefficients <= 16384 && greatest_width(coefficients as usize, outputs).is_some() {
                return (ExtensionFactor(extension), outputs);
            }
        }
    }

    fn modulus_switch(&mut self) -> ModulusSwitch {
        let size = self.shape().polynomial_size;
        let (extension, outputs) = self.accumulator(size);
        ModulusSwitch {
            from: LweDimension(8 * self.within(56, 140)),
            coefficients: extension.0 * size.0,
            interleaved: interleaved(outputs) as u64,
        }
    }

    /// From a key that is smaller than any of a program: each coefficient adds the same.
    fn bootstrap(&mut self) -> Bootstrap {
        loop {
            let to = self.shape();
            let (extension, outputs) = self.accumulator(to.polynomial_size);
            let is_great = to.polynomial_size.0 > 2048;
            let bootstrap = Bootstrap {
                from: LweDimension(8 * if is_great { 4 } else { self.within(4, 12) }),
                to,
                decomposition: self.decomposition((26, 5), 50),
                grouping: self.of(&[Grouping::One, Grouping::Two]),
                extension,
                outputs,
                noise: self.noise(to.lwe_dimension().0, ModulusBits::Bits64),
            };
            if bootstrap.formula().std_dev() < GREATEST && bootstrap.work() < 1 << 23 {
                return bootstrap;
            }
        }
    }
}

fn points() -> impl Iterator<Item = Point> {
    (0..POINTS).map(|seed| Point { seed, random: StdRng::seed_from_u64(seed) })
}

#[test]
fn fresh_encryptions() {
    let mut comparison = Comparison::new("encryption");
    for mut point in points() {
        let encryption = point.encryption();
        comparison.add(&encryption, (encryption.measure(1500, point.seed), encryption.formula().0), 1500);
    }
    comparison.conclude();
}

#[test]
fn keyswitches() {
    let mut comparison = Comparison::new("keyswitch");
    for mut point in points() {
        let keyswitch = point.keyswitch(Target::Small);
        comparison.add(&keyswitch, (keyswitch.measure(1000, point.seed), keyswitch.formula().0), 1000);
    }
    comparison.conclude();
}

#[test]
fn conversions() {
    let mut comparison = Comparison::new("conversion");
    for mut point in points() {
        let keyswitch = point.keyswitch(Target::Large);
        comparison.add(&keyswitch, (keyswitch.measure(1000, point.seed), keyswitch.formula().0), 1000);
    }
    comparison.conclude();
}

#[test]
fn modulus_switches() {
    let mut comparison = Comparison::new("modulus switch");
    for mut point in points() {
        let switch = point.modulus_switch();
        comparison.add(&switch, (switch.measure(2000, point.seed), switch.formula().0), 2000);
    }
    comparison.conclude();
}

/// Up to the longest accumulators of the largest polynomials, those of tables of 16 bits.
#[test]
fn modulus_switches_of_long_accumulators() {
    let mut comparison = Comparison::new("modulus switch");
    for (seed, extension) in (0..).zip([65, 96, 128, 192, 320, 512].into_iter().cycle().take(18)) {
        let mut point = Point { seed, random: StdRng::seed_from_u64(1000 + seed) };
        let switch = ModulusSwitch {
            from: LweDimension(8 * point.within(56, 140)),
            coefficients: extension << point.within(8, 14),
            interleaved: point.of(&[1, 1, 2, 8]),
        };
        comparison.add(&switch, (switch.measure(2000, seed), switch.formula().0), 2000);
    }
    comparison.within_tolerance();
}

/// Accumulators of more polynomials than the random points have, with both groupings; keys are as noisy as those of larger
/// polynomials, so that these can be small.
#[test]
fn bootstraps_of_long_accumulators() {
    let mut comparison = Comparison::new("long accumulator");
    for (seed, (extension, size)) in (0..).zip(LONG) {
        let mut point = Point { seed, random: StdRng::seed_from_u64(2000 + seed) };
        let dimension = GlweDimension(512 / size + seed % 2);
        let to = GlweShape { dimension, polynomial_size: PolynomialSize(size) };
        let bootstrap = Bootstrap {
            // Enough steps that it matters little which of them is the first.
            from: LweDimension(32),
            to,
            decomposition: point
                .of(&[(15, 1), (9, 2), (22, 1)].map(|(base_log, level)| Decomposition { base_log, level })),
            grouping: [Grouping::One, Grouping::Two][seed as usize % 2],
            extension: ExtensionFactor(extension),
            outputs: point.of(&[1, 1, 4]),
            noise: point.noise(1800, ModulusBits::Bits64),
        };
        let count = bootstrap.affordable();
        let measured = bootstrap.measure(Choice::Fastest, count, seed);
        comparison.add(&bootstrap, (measured, bootstrap.formula().0), count);
    }
    comparison.within_tolerance();
}

#[test]
fn bootstraps() {
    let mut comparison = Comparison::new("bootstrap");
    for mut point in points() {
        let bootstrap = point.bootstrap();
        let count = bootstrap.affordable();
        let measured = bootstrap.measure(Choice::Fastest, count, point.seed);
        comparison.add(&bootstrap, (measured, bootstrap.formula().0), count);
    }
    comparison.conclude();
}
