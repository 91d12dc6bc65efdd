//! Test: the noise that encryption, keyswitch, modulus switch and bootstrap really have is what the formulas of the
//! contract say, at random points of the parameter space. Seeds are fixed, so the numbers are the same each time.
//!
//! - `points`: random parameters and the comparison;
//! - `samples`, `bootstraps`: what is measured, on keys from `secrets`;
//! - `fit`: where the formula for the rounding of transforms comes from;
//! - `generated_keys`: the same for keys and encryptions as programs have them.

mod bootstraps;
mod fit;
mod generated_keys;
mod points;
mod samples;
mod secrets;

/// What the formula may be wrong by; what a sample may add is three of its standard deviations.
const TOLERANCE: f64 = 0.1;

/// What the mean over all points may be wrong by, where errors of samples vanish.
const BIAS: f64 = 0.02;

/// Variances of one building block, as shares of what the formula says.
#[derive(Debug)]
struct Comparison {
    what: &'static str,
    ratios: Vec<f64>,
    failures: Vec<String>,
}

impl Comparison {
    fn new(what: &'static str) -> Self {
        Self { what, ratios: vec![], failures: vec![] }
    }

    fn add(&mut self, point: &dyn std::fmt::Debug, (measured, formula): (f64, f64), samples: usize) {
        let ratio = measured / formula;
        let allowed = TOLERANCE + 3.0 * (2.0 / samples as f64).sqrt();
        println!("{:18} 2^{:7.3} {ratio:6.3} ±{allowed:.3} {point:?}", self.what, measured.log2() / 2.0);
        self.ratios.push(ratio);
        if ratio.is_nan() || (ratio - 1.0).abs() > allowed {
            let what = self.what;
            self.failures
                .push(format!("{what} of {point:?}: {ratio:.3} of the formula, allowed are ±{allowed:.3}"));
        }
    }

    /// Says the mean, and panics with all that is wrong.
    fn conclude(mut self) {
        let mean = self.mean();
        if (mean - 1.0).abs() > BIAS {
            self.failures.push(format!("{} has {mean:.4} of the formula in the mean", self.what));
        }
        self.within_tolerance();
    }

    /// [`Self::conclude`] for points that are too few to tell a bias from errors of samples.
    fn within_tolerance(self) {
        let mean = self.mean();
        let deviation = mean_square(self.ratios.iter().map(|ratio| ratio - mean)).sqrt();
        let (least, greatest) = self
            .ratios
            .iter()
            .fold((f64::MAX, 0f64), |(low, high), &ratio| (low.min(ratio), high.max(ratio)));
        println!(
            "{}: {} points, {least:.3} to {greatest:.3} of the formula, mean {mean:.4}, deviation {deviation:.3}",
            self.what,
            self.ratios.len()
        );
        assert!(self.failures.is_empty(), "{}", self.failures.join("\n"));
    }

    fn mean(&self) -> f64 {
        self.ratios.iter().sum::<f64>() / self.ratios.len() as f64
    }
}

/// Mean square: the mean of all these noises is 0, and a mean that is not counts as noise.
fn mean_square(samples: impl Iterator<Item = f64>) -> f64 {
    let (count, squares) =
        samples.fold((0.0, 0.0), |(count, sum), sample| (count + 1.0, sum + sample * sample));
    squares / count
}
