//! The fit that is in `noise::transform`: measured where rounding in transforms is all of the noise, by least squares.

use super::Comparison;
use super::bootstraps::{Bootstrap, Choice};
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweDimension, GlweShape, Grouping, LweDimension, NoiseDistribution,
    PolynomialSize, Variance,
};

const SHAPES: [(u64, u64); 8] =
    [(1, 256), (6, 256), (3, 512), (1, 1024), (4, 1024), (2, 2048), (1, 4096), (1, 8192)];
/// Bits that are kept are so many that rounding digits is nothing.
const DECOMPOSITIONS: [(u32, u32); 3] = [(23, 2), (34, 1), (10, 5)];
/// Keys of each point.
const SEEDS: u64 = 2;

#[test]
fn single_coefficients() {
    compare("transforms", Grouping::One);
}

#[test]
fn pairs() {
    compare("transforms, pairs", Grouping::Two);
}

/// The kernels for processors with AVX2 make the same steps.
#[test]
fn without_avx512() {
    let mut comparison = Comparison::new("without AVX-512");
    on_other_processors(Choice::WithoutAvx512, |bootstrap, measured, count| {
        comparison.add(bootstrap, (measured, bootstrap.formula().0), count);
    });
    comparison.within_tolerance();
}

/// The kernels for every processor round between a multiplication and an addition too: an eighth more in the mean.
#[test]
fn portable() {
    on_other_processors(Choice::Portable, |bootstrap, measured, count| {
        let ratio = measured / bootstrap.formula().0;
        println!("portable {ratio:6.3} {bootstrap:?}");
        let statistical = 2.0 * (2.0 / count as f64).sqrt();
        let allowed = 0.9 - statistical..=1.3 + statistical;
        assert!(allowed.contains(&ratio), "{bootstrap:?}: {ratio:.3} of the formula");
    });
}

fn on_other_processors(choice: Choice, mut see: impl FnMut(&Bootstrap, f64, usize)) {
    for (i, &(k, size)) in SHAPES.iter().enumerate().filter(|(_, (_, size))| *size <= 2048) {
        for grouping in [Grouping::One, Grouping::Two] {
            let bootstrap = without_noise(grouping, (k, size), DECOMPOSITIONS[i % 3]);
            let count = bootstrap.affordable().min(500);
            see(&bootstrap, bootstrap.measure(choice, count, i as u64), count);
        }
    }
}

fn compare(what: &'static str, grouping: Grouping) {
    let mut comparison = Comparison::new(what);
    let mut equations = vec![];
    for (i, &shape) in SHAPES.iter().enumerate() {
        for digits in DECOMPOSITIONS {
            let bootstrap = without_noise(grouping, shape, digits);
            let count = bootstrap.affordable();
            let measured =
                (0..SEEDS).map(|seed| bootstrap.measure(Choice::Fastest, count, SEEDS * i as u64 + seed));
            let measured = measured.sum::<f64>() / SEEDS as f64;
            let formula = bootstrap.formula().0;
            comparison.add(&bootstrap, (measured, formula), count * SEEDS as usize);
            // `measured = unit · (constant + of_log_size · log2 N + of_rows · l·(k + 1))`
            let (k, size) = (shape.0 as f64, shape.1 as f64);
            let rows = f64::from(digits.1) * (k + 1.0);
            let unit = formula / rounding(grouping, size, rows);
            equations.push([1.0, size.log2(), rows].map(|term| term * unit / measured));
        }
    }
    println!("{what}, fitted: constant, of_log_size, of_rows = {:.3?}", least_squares(&equations));
    comparison.conclude();
}

/// A bootstrap whose key has no noise.
fn without_noise(grouping: Grouping, (k, size): (u64, u64), (base_log, level): (u32, u32)) -> Bootstrap {
    Bootstrap {
        from: LweDimension(32),
        to: GlweShape { dimension: GlweDimension(k), polynomial_size: PolynomialSize(size) },
        decomposition: Decomposition { base_log, level },
        grouping,
        extension: ExtensionFactor(1),
        outputs: 1,
        noise: NoiseDistribution::Gaussian { variance: Variance::ZERO },
    }
}

/// The factor of the formula that is fitted, out of the formula itself: it is linear in `l` and in `log2 N` once the
/// counts are divided away.
fn rounding(grouping: Grouping, size: f64, rows: f64) -> f64 {
    let shape = GlweShape { dimension: GlweDimension(1), polynomial_size: PolynomialSize(size as u64) };
    // One digit of 26 bits: `Σ E[d²]` is `(2^52 + 2)/12` for each level.
    let of_level = |level: u32| {
        let variance =
            noise::transform(LweDimension(1), shape, Decomposition { base_log: 26, level }, grouping).0;
        let squares = f64::from(level) * (52f64.exp2() + 2.0) / 12.0;
        variance / ((1.0 + size / 2.0) * 2.0 * size * squares / 12.0 * (-106f64).exp2())
    };
    let of_two_rows = of_level(2) - of_level(1);
    of_level(1) + (rows - 2.0) / 2.0 * of_two_rows
}

/// The `x` with the least `Σ (row · x − 1)²`.
fn least_squares(rows: &[[f64; 3]]) -> [f64; 3] {
    let product = |i: usize, j: usize| rows.iter().map(|row| row[i] * row[j]).sum::<f64>();
    let sum = |i: usize| rows.iter().map(|row| row[i]).sum::<f64>();
    let mut system: [[f64; 4]; 3] =
        std::array::from_fn(|i| [product(i, 0), product(i, 1), product(i, 2), sum(i)]);
    for i in 0..3 {
        let pivot = system[i];
        for (j, row) in system.iter_mut().enumerate() {
            let factor = if i == j { 1.0 - 1.0 / pivot[i] } else { row[i] / pivot[i] };
            row.iter_mut().zip(pivot).for_each(|(x, p)| *x -= factor * p);
        }
    }
    system.map(|row| row[3])
}
