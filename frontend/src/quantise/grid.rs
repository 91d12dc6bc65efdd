//! The reals that integers of few bits stand for, chosen from the reals that occur.

use super::options::{RangeRule, Scales};
use cloakwork_abi::processing::Quantiser;

/// `real = scale · (integer − zero)` for integers from `lo` to `hi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Grid {
    pub scale: f64,
    pub zero: i64,
    pub lo: i64,
    pub hi: i64,
}

/// Candidates for the range with the least squared error, as shares of the whole.
const SHARES: [f64; 12] = [1.0, 0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.5, 0.4, 0.3];
/// Values that the search for the least squared error looks at.
const MOST_LOOKED_AT: usize = 1 << 14;
/// The greatest distance of an integer grid from 0, in steps.
const FARTHEST: f64 = (1i64 << 40) as f64;

impl Grid {
    /// The grid of a rule for the reals that occur. 0 is one of its reals where it lies in the range.
    pub(super) fn of(reals: &[f64], bits: u32, rule: RangeRule, scales: Scales) -> Self {
        let (least, greatest) = range(reals);
        match rule {
            RangeRule::MinMax => Self::of_range(least, greatest, bits, scales),
            RangeRule::Percentile(percent) => {
                let (low, high) = percentiles(reals, percent);
                Self::of_range(low, high, bits, scales)
            }
            RangeRule::Mse => {
                let stride = reals.len().div_ceil(MOST_LOOKED_AT).max(1);
                let looked_at: Vec<f64> = reals.iter().step_by(stride).copied().collect();
                let candidates =
                    SHARES.map(|share| Self::of_range(least * share, greatest * share, bits, scales));
                let error = |grid: &Self| -> f64 {
                    looked_at.iter().map(|&real| (grid.real(grid.integer(real)) - real).powi(2)).sum()
                };
                candidates.into_iter().min_by(|a, b| error(a).total_cmp(&error(b))).unwrap_or(candidates[0])
            }
        }
    }

    /// The grid of so many bits for reals from `least` to `greatest`.
    pub(super) fn of_range(least: f64, greatest: f64, bits: u32, scales: Scales) -> Self {
        let steps = ((1i64 << bits) - 1) as f64;
        let extent = (greatest - least).max(0.0);
        // Where all reals are one, the grid lies around it.
        let (least, extent) = match extent > 0.0 && extent.is_normal() {
            true => (least, extent),
            false => {
                let extent = if least == 0.0 { 1.0 } else { least.abs() };
                (if least == 0.0 { 0.0 } else { least - extent / 2.0 }, extent)
            }
        };
        let mut scale = match scales {
            Scales::Affine => extent / steps,
            Scales::PowerOfTwo => power_of_two_from(extent / steps),
        };
        // Grids around numbers far from 0 need integers beyond all bounds.
        scale = scale.max(least.abs().max((least + extent).abs()) / FARTHEST).max(f64::MIN_POSITIVE);
        // Ranges that lie about 0 end in halves at both sides, one of which would round to one integer too many.
        if ((least + extent) / scale).round_ties_even() - (least / scale).round_ties_even() > steps {
            scale *= match scales {
                Scales::Affine => 1.0 + 1e-9,
                Scales::PowerOfTwo => 2.0,
            };
        }
        let first = (least / scale).round_ties_even() as i64;
        let half = 1i64 << (bits - 1);
        // Integers with sign where the range is even, else without: other ranges need one bit more.
        match first {
            0 => Self { scale, zero: 0, lo: 0, hi: steps as i64 },
            _ if (first + half).abs() <= 1 => Self { scale, zero: -half - first, lo: -half, hi: half - 1 },
            _ => Self { scale, zero: -first, lo: 0, hi: steps as i64 },
        }
    }

    /// The integer for a real; the nearest end where it lies outside, and for what is not a number that for 0.
    pub(super) fn integer(&self, real: f64) -> i64 {
        let real = if real.is_nan() { 0.0 } else { real };
        let rounded = (real / self.scale).round_ties_even() + self.zero as f64;
        (rounded as i64).clamp(self.lo, self.hi)
    }

    /// The real for an integer.
    pub(super) fn real(&self, integer: i64) -> f64 {
        self.scale * integer as f64 + self.offset()
    }

    /// The real for 0.
    pub(super) fn offset(&self) -> f64 {
        -(self.scale * self.zero as f64)
    }
}

/// The quantiser of grids that differ in scale and zero point, one for each element.
pub(crate) fn quantiser_of(grids: &[Grid]) -> Quantiser {
    let first = grids[0];
    let is_uniform = grids.iter().all(|grid| *grid == first);
    let grids = if is_uniform { &grids[..1] } else { grids };
    // All have one range of integers: zero points take up where each begins.
    let lo = grids.iter().map(|grid| grid.lo).min().unwrap_or(0);
    let lo = if is_uniform { first.lo } else { lo };
    Quantiser {
        scale: grids.iter().map(|grid| grid.scale).collect(),
        zero_point: grids.iter().map(|grid| grid.zero - grid.lo + lo).collect(),
        axis: None,
        lo,
        hi: lo + grids.iter().map(|grid| grid.hi - grid.lo).max().unwrap_or(0),
    }
}

/// The least power of two from a number on.
pub(crate) fn power_of_two_from(number: f64) -> f64 {
    2f64.powi(number.log2().ceil() as i32)
}

/// Least and greatest of those that are numbers.
pub(crate) fn range(reals: &[f64]) -> (f64, f64) {
    let finite = || reals.iter().copied().filter(|real| real.is_finite());
    let least = finite().fold(f64::INFINITY, f64::min);
    let greatest = finite().fold(f64::NEG_INFINITY, f64::max);
    if least > greatest { (0.0, 0.0) } else { (least, greatest) }
}

/// What so many percent lie below, and above.
fn percentiles(reals: &[f64], percent: f64) -> (f64, f64) {
    let mut sorted: Vec<f64> = reals.iter().copied().filter(|real| real.is_finite()).collect();
    if sorted.is_empty() {
        return (0.0, 0.0);
    }
    sorted.sort_unstable_by(f64::total_cmp);
    let cut = ((percent / 100.0) * (sorted.len() - 1) as f64).round() as usize;
    let cut = cut.min((sorted.len() - 1) / 2);
    (sorted[cut], sorted[sorted.len() - 1 - cut])
}
