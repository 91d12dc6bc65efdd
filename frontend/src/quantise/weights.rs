//! Weights as integers: as fine as the bits that were asked for, coarser where sums would not fit a ciphertext, and such that
//! rounded sums fill their table.
//!
//! Weights that lie on a grid already, as those of quantisation-aware training do, stay on it.

use super::grid::power_of_two_from;
use super::lowering::Lowering;
use super::options::{Granularity, Margin, RoundTo, Scales};
use super::spans::Span;
use super::value::Integers;
use crate::model::ValueId;
use cloakwork_ir::digits::Exactness;
use ndarray::{ArrayD, Axis};

/// The greatest sum that tables take: one ciphertext holds 16 bits with sign.
const WIDEST_OF_TABLES: f64 = 32_000.0;
/// Bits of these.
const BITS_OF_TABLES: u32 = 16;
/// Bits of weights that were rounded before the model came here.
const MOST_GIVEN_BITS: u32 = 8;
/// Weights that are multiples of one number by that much are meant to be.
const GIVEN_TOLERANCE: f64 = 1e-5;
/// Fewer weights than these are multiples of one number by chance.
const FEWEST_GIVEN: usize = 4;
/// Least multiple of a step that the smallest weight may be.
const SMALLEST_GIVEN: u32 = 7;
/// How much finer and coarser weights become so that rounded sums fill their table: half a bit, since steps of rounded sums
/// are powers of two.
const FINEST: f64 = std::f64::consts::SQRT_2;
/// See [`FINEST`].
const COARSEST: f64 = std::f64::consts::FRAC_1_SQRT_2;
/// Tries, since sums of rounded weights are only about as wide as those of the weights.
const TRIES: usize = 4;
/// Room that is left for that.
const SLACK: f64 = 0.99;
/// Ways to divide a table between what samples show and what inputs reach beyond.
const DIVISIONS: u32 = 32;

/// Integers with one scale for each index of an axis.
#[derive(Clone)]
pub(super) struct Weights {
    pub integers: ArrayD<f64>,
    /// One for each index of the axis.
    pub scale: Vec<f64>,
    /// Whether those of an index are exactly what was asked for.
    is_given: Vec<bool>,
}

/// How far sums of a channel lie from their middle.
#[derive(Clone, Copy)]
struct Reach {
    /// Up to where a table has entries of their own.
    extent: f64,
    /// For whatever inputs there are, where that matters.
    whole: f64,
}

impl Weights {
    /// Whether they are exactly what was asked for.
    pub(super) fn is_exact(&self) -> bool {
        self.is_given.iter().all(|is_given| *is_given)
    }

    /// So many times finer ones for each index of the axis.
    fn finer(&self, factors: &[f64], weights: &ArrayD<f64>, axis: usize) -> Self {
        let scale: Vec<f64> = self.scale.iter().zip(factors).map(|(scale, factor)| scale / factor).collect();
        let mut integers = weights.clone();
        for (mut channel, scale) in integers.axis_iter_mut(Axis(axis)).zip(&scale) {
            channel.mapv_inplace(|weight| (weight / scale).round_ties_even());
        }
        let kept = |(is_given, factor): (&bool, &f64)| *is_given && *factor == 1.0;
        let is_given = self.is_given.iter().zip(factors).map(kept).collect();
        Self { integers, scale, is_given }
    }
}

impl Lowering<'_> {
    /// Weights as integers, coarser where their sums would be wider than what one ciphertext holds before a table. Sums have
    /// a channel for each index of axis 1.
    pub(super) fn fitting_weights(
        &self,
        weights: &ArrayD<f64>,
        axis: usize,
        x: &Integers,
        sums: impl Fn(&ArrayD<f64>, &ArrayD<f64>) -> ArrayD<f64>,
    ) -> Weights {
        let found = self.weights(weights, axis);
        if !self.leads_to_table(ValueId(self.position)) {
            return found;
        }
        let margin = self.options.margin;
        let of_samples = || {
            let all = x.samples.iter().flat_map(|sample| sums(sample, &found.integers)).map(f64::abs);
            all.fold(0.0, f64::max) * (1.0 + 2.0 * margin.share())
        };
        // They are brought around 0 before a table takes them.
        let of_all =
            |span: &Span| (&span[1] - &span[0]).fold(0.0f64, |most, extent| most.max(extent / 2.0 + 1.0));
        let most = match (self.span_of_sums(x.node, &found.integers, &sums), margin) {
            (Some(span), Margin::Whole) => of_all(&span),
            // A table saturates where it holds the mean of both.
            (Some(span), Margin::Guarded(_) | Margin::Share(_)) => (of_samples() + of_all(&span)) / 2.0,
            (None, _) => of_samples(),
        };
        let coarser = (most / WIDEST_OF_TABLES).log2().ceil();
        let found = match coarser > 0.0 {
            true => found.finer(&vec![(-coarser).exp2(); found.scale.len()], weights, axis),
            false => found,
        };
        match self.options.rounding_at(&self.place) {
            Some(rounding) => {
                self.filling(found, (weights, axis), rounding, |integers| self.reaches(integers, x, &sums))
            }
            None => found,
        }
    }

    /// Weights that are up to half a bit finer or coarser, so that their sums fill a table of the bits that they are rounded to:
    /// steps of rounded sums are powers of two, and those of the widest channel are the steps of all.
    fn filling(
        &self,
        found: Weights,
        (weights, axis): (&ArrayD<f64>, usize),
        rounding: RoundTo,
        reaches: impl Fn(&ArrayD<f64>) -> Vec<Reach>,
    ) -> Weights {
        let before = reaches(&found.integers);
        let is_fixed =
            before.iter().zip(&found.is_given).any(|(reach, is_given)| *is_given && reach.extent > 2.0);
        if is_fixed || self.options.scales == Scales::PowerOfTwo {
            return found;
        }
        let noise = match rounding.exactness {
            Exactness::Exact => 0,
            Exactness::Approximate => 1,
        };
        let steps = ((1i64 << rounding.bits) - 1 - 2 * noise) as f64;
        let room = |removed: u32| steps * f64::from(removed).exp2();
        let needed =
            |reaches: &[Reach]| widest(reaches, |reach| reach.extent) + widest(reaches, |reach| reach.whole);
        let most = BITS_OF_TABLES.saturating_sub(rounding.bits);
        let Some(removed) = (0..=most).find(|&removed| room(removed) >= COARSEST * needed(&before)) else {
            return found;
        };
        if needed(&before) <= room(0) {
            return found;
        }
        let (mut filled, mut now, mut finest) = (found.clone(), before, FINEST);
        for _ in 0..TRIES {
            let mut factors = factors(&now, SLACK * room(removed), finest);
            if self.options.weights == Granularity::PerTensor {
                let all = factors.iter().copied().fold(f64::INFINITY, f64::min);
                factors.fill(all);
            }
            filled = filled.finer(&factors, weights, axis);
            now = reaches(&filled.integers);
            let fits = widest(&now, |reach| reach.extent) <= room(removed) / 2.0;
            if fits && needed(&now) <= room(removed) {
                return filled;
            }
            finest = 1.0;
        }
        found
    }

    /// Of the sums of each channel, as tables are made for them.
    fn reaches(
        &self,
        integers: &ArrayD<f64>,
        x: &Integers,
        sums: impl Fn(&ArrayD<f64>, &ArrayD<f64>) -> ArrayD<f64>,
    ) -> Vec<Reach> {
        let mut ends: Vec<(f64, f64)> = vec![];
        for sample in x.samples.iter() {
            let sums = sums(sample, integers);
            ends.resize(sums.shape()[1], (f64::INFINITY, f64::NEG_INFINITY));
            for (channel, (least, greatest)) in sums.axis_iter(Axis(1)).zip(&mut ends) {
                *least = channel.fold(*least, |least, &sum| least.min(sum));
                *greatest = channel.fold(*greatest, |greatest, &sum| greatest.max(sum));
            }
        }
        let margin = self.options.margin;
        let span = self.span_of_sums(x.node, integers, sums);
        let reach = |(channel, &(least, greatest)): (usize, &(f64, f64))| {
            let whole = span.as_ref().map(|span| {
                let end = |end: usize| span[end].index_axis(Axis(1), channel).to_owned();
                (
                    end(0).fold(f64::INFINITY, |a, &b| a.min(b)),
                    end(1).fold(f64::NEG_INFINITY, |a, &b| a.max(b)),
                )
            });
            let middle = ((least + greatest) / 2.0).floor();
            let extent = ((greatest - least) / 2.0 + 1.0) * (1.0 + 2.0 * margin.share());
            match (whole, margin) {
                (Some((first, last)), Margin::Whole) => {
                    let extent = (last - first) / 2.0 + 1.0;
                    Reach { extent, whole: extent }
                }
                (Some((first, last)), Margin::Guarded(_)) => {
                    let whole = (last - middle).max(middle - first);
                    Reach { extent: extent.min(whole), whole }
                }
                (Some(_), Margin::Share(_)) | (None, _) => Reach { extent, whole: extent },
            }
        };
        ends.iter().enumerate().map(reach).collect()
    }

    /// Weights as integers; those of each index of an axis have a scale of their own unless all are to share one.
    pub(super) fn weights(&self, weights: &ArrayD<f64>, axis: usize) -> Weights {
        let count = weights.shape()[axis];
        let channels: Vec<Vec<f64>> =
            (0..count).map(|i| weights.index_axis(Axis(axis), i).iter().copied().collect()).collect();
        let given = |weights: &[f64]| given_scale(weights, self.options.bits.op_weights);
        let all: Vec<f64> = weights.iter().copied().collect();
        let steps: Vec<(f64, bool)> = match (given(&all), self.options.weights) {
            (Some(scale), _) => vec![(scale, true); count],
            (None, Granularity::PerTensor) => vec![(self.weight_scale(&all), false); count],
            (None, Granularity::PerChannel) => channels
                .iter()
                .map(|channel| match given(channel) {
                    Some(scale) => (scale, true),
                    None => (self.weight_scale(channel), false),
                })
                .collect(),
        };
        let mut integers = weights.clone();
        for (mut channel, (scale, _)) in integers.axis_iter_mut(Axis(axis)).zip(&steps) {
            channel.mapv_inplace(|weight| (weight / scale).round_ties_even());
        }
        Weights {
            integers,
            scale: steps.iter().map(|(scale, _)| *scale).collect(),
            is_given: steps.iter().map(|(_, is_given)| *is_given).collect(),
        }
    }

    /// The step between weights that are rounded here.
    fn weight_scale(&self, weights: &[f64]) -> f64 {
        let greatest = weights.iter().map(|weight| weight.abs()).fold(0.0, f64::max);
        if greatest == 0.0 {
            return 1.0;
        }
        let most = ((1i64 << (self.options.bits.op_weights - 1)) - 1).max(1) as f64;
        match self.options.scales {
            Scales::Affine => greatest / most,
            Scales::PowerOfTwo => power_of_two_from(greatest / most),
        }
    }
}

/// How much finer the weights of each channel may be so that the sums of all fit the room of one table: what samples show gets
/// such a share of it that they are finest, on geometric average.
fn factors(reaches: &[Reach], room: f64, finest: f64) -> Vec<f64> {
    let with = |division: u32| -> Vec<f64> {
        let extent = room * f64::from(division) / f64::from(2 * DIVISIONS);
        let factor = |reach: &Reach| (extent / reach.extent).min((room - extent) / reach.whole).min(finest);
        reaches.iter().map(factor).collect()
    };
    let fineness = |factors: &Vec<f64>| factors.iter().map(|factor| factor.ln()).sum::<f64>();
    let all = (1..=DIVISIONS).map(with);
    all.max_by(|a, b| fineness(a).total_cmp(&fineness(b))).unwrap_or_default()
}

fn widest(reaches: &[Reach], of: impl Fn(&Reach) -> f64) -> f64 {
    reaches.iter().map(of).fold(0.0, f64::max)
}

/// The step between weights that were rounded before: all are multiples of it, and small ones.
fn given_scale(weights: &[f64], bits: u32) -> Option<f64> {
    let greatest = weights.iter().map(|weight| weight.abs()).fold(0.0, f64::max);
    if greatest == 0.0 {
        return Some(1.0);
    }
    let nonzero = weights.iter().map(|weight| weight.abs()).filter(|&weight| weight > greatest * 1e-6);
    let least = nonzero.fold(f64::INFINITY, f64::min);
    let bits = if weights.len() >= FEWEST_GIVEN { bits.max(MOST_GIVEN_BITS) } else { bits };
    let most = (1i64 << (bits - 1)) as f64;
    (1..=SMALLEST_GIVEN).map(|multiple| least / f64::from(multiple)).find(|&scale| {
        let is_multiple = |weight: &f64| {
            let steps = weight / scale;
            (steps - steps.round()).abs() <= GIVEN_TOLERANCE * steps.abs().max(1.0)
        };
        (greatest / scale).round() <= most && weights.iter().all(is_multiple)
    })
}
