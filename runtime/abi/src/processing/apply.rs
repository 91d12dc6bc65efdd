//! The meaning of quantisers, dequantisers and clear steps, on tensors.
//!
//! They may come from a file, so nothing is taken for granted about their numbers: what does not fit is an error.

use super::{ClearStep, Dequantiser, Labels, Norm, Quantiser};
use ndarray::{ArrayD, Axis, IxDyn};
use thiserror::Error;

impl Quantiser {
    /// Integers for reals. Infinite ones saturate.
    pub fn quantise(&self, reals: &ArrayD<f64>) -> Result<Quantised, ProcessingError> {
        let count = scales_for(self.scale.len(), self.zero_point.len(), self.axis, reals.shape())?;
        if self.lo > self.hi || self.scale.iter().any(|scale| !(scale.is_finite() && *scale > 0.0)) {
            return Err(ProcessingError::Numbers(
                "a quantiser needs finite scales above 0 and `lo` ≤ `hi`".into(),
            ));
        }
        let mut saturated = 0;
        let mut integers = ArrayD::<i64>::zeros(reals.raw_dim());
        for (i, (real, integer)) in reals.iter().zip(integers.iter_mut()).enumerate() {
            if real.is_nan() {
                return Err(ProcessingError::NotANumber { element: i });
            }
            let scale = count.of(i);
            let rounded = (real / self.scale[scale]).round_ties_even() + self.zero_point[scale] as f64;
            saturated += usize::from(rounded < self.lo as f64 || rounded > self.hi as f64);
            *integer = (rounded as i64).clamp(self.lo, self.hi);
        }
        Ok(Quantised { integers, saturated })
    }
}

/// See [`Quantiser::quantise`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quantised {
    /// In the shape of the reals.
    pub integers: ArrayD<i64>,
    /// How many were outside of what the integers stand for.
    pub saturated: usize,
}

impl Dequantiser {
    /// The reals that integers stand for.
    pub fn dequantise(&self, integers: &ArrayD<i64>) -> Result<ArrayD<f64>, ProcessingError> {
        let count = scales_for(self.scale.len(), self.offset.len(), self.axis, integers.shape())?;
        let reals = integers.iter().enumerate().map(|(i, integer)| {
            let scale = count.of(i);
            self.scale[scale] * *integer as f64 + self.offset[scale]
        });
        Ok(ArrayD::from_shape_vec(integers.raw_dim(), reals.collect()).expect("as many as integers"))
    }
}

/// What a client ends with.
#[derive(Clone, Debug, PartialEq)]
pub enum ClearValue {
    /// Numbers.
    Reals(ArrayD<f64>),
    /// Labels that are numbers.
    Integers(ArrayD<i64>),
    /// Labels that are names.
    Strings(ArrayD<String>),
}

/// Takes steps one after the other.
pub fn apply_steps(steps: &[ClearStep], reals: ArrayD<f64>) -> Result<ClearValue, ProcessingError> {
    steps.iter().try_fold(ClearValue::Reals(reals), |value, step| match value {
        ClearValue::Reals(reals) => step.apply(reals),
        ClearValue::Integers(_) | ClearValue::Strings(_) => Err(ProcessingError::AfterLabels),
    })
}

impl ClearStep {
    /// Its result.
    pub fn apply(&self, x: ArrayD<f64>) -> Result<ClearValue, ProcessingError> {
        let reals = match self {
            Self::Labels(labels) => return labels.apply(&x),
            Self::Affine { scale, offset } => affine(scale, offset, x),
            Self::MatMul { weights } => matmul(weights, &x),
            Self::Function(function) => Ok(x.mapv_into(|v| function.apply(v))),
            Self::Normalise(norm) => each_vector(x, |vector| norm.divide(vector)),
            Self::Softmax { axis } => softmax(x, *axis, false),
            Self::LogSoftmax { axis } => softmax(x, *axis, true),
            Self::Proportions => each_vector(x, divide_by_sum),
            Self::Complement => complement(&x),
            Self::ArgMax { axis, keep } => position(&x, *axis, *keep, |new, best| new > best),
            Self::ArgMin { axis, keep } => position(&x, *axis, *keep, |new, best| new < best),
            Self::Take { positions } => take(positions, &x),
            Self::Thermometer(quantiser) => thermometer(quantiser, &x),
            Self::Reshape { shape } => {
                let found = x.shape().to_vec();
                x.into_shape_with_order(IxDyn(shape))
                    .map_err(|_| ProcessingError::Reshape { found, wanted: shape.clone() })
            }
        };
        reals.map(ClearValue::Reals)
    }
}

/// `exp(xᵢ) / Σ exp(xⱼ)` along an axis, or its logarithm; without overflow.
pub fn softmax_along(x: &mut ArrayD<f64>, axis: usize, log: bool) {
    for mut lane in x.lanes_mut(Axis(axis)) {
        let greatest = lane.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        lane.mapv_inplace(|v| v - greatest);
        let sum: f64 = lane.iter().map(|v| libm::exp(*v)).sum();
        let log_of_sum = libm::log(sum);
        lane.mapv_inplace(|v| if log { v - log_of_sum } else { libm::exp(v) / sum });
    }
}

/// Why a step cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProcessingError {
    /// Input.
    #[error("element {element} is not a number; inputs are quantised, and there is no integer for it")]
    NotANumber {
        /// Row-major.
        element: usize,
    },
    /// A quantiser, dequantiser or affine step.
    #[error("a tensor of shape {shape:?} has {found} scales along axis {axis:?}")]
    Scales {
        /// Of the tensor.
        shape: Vec<usize>,
        /// Number of scales.
        found: usize,
        /// Their axis.
        axis: Option<usize>,
    },
    /// A quantiser.
    #[error("{0}")]
    Numbers(String),
    /// Scales and offsets, or rows of a matrix.
    #[error("{found} numbers where {wanted} are needed")]
    Lengths {
        /// How many there are.
        found: usize,
        /// How many there must be.
        wanted: usize,
    },
    /// A step along an axis.
    #[error("axis {axis} of a tensor with {rank} axes")]
    Axis {
        /// As the step says.
        axis: i64,
        /// Of the tensor.
        rank: usize,
    },
    /// [`ClearStep::Reshape`].
    #[error("elements of shape {found:?} do not fill the shape {wanted:?}")]
    Reshape {
        /// Of the tensor.
        found: Vec<usize>,
        /// Of the step.
        wanted: Vec<usize>,
    },
    /// [`ClearStep::Labels`].
    #[error("{position} is no position in a list of {count} labels")]
    Label {
        /// As computed.
        position: String,
        /// Number of labels.
        count: usize,
    },
    /// An output of a model.
    #[error("result {result} of a program that has {count}")]
    Result {
        /// Position that the output names.
        result: usize,
        /// Number of results.
        count: usize,
    },
    /// A list of steps.
    #[error("a step follows labels; they come last")]
    AfterLabels,
}

/// Which of several scales belongs to an element.
struct Scales {
    /// Elements after one another with the same scale.
    run: usize,
    count: usize,
}

impl Scales {
    fn of(&self, element: usize) -> usize {
        element / self.run % self.count
    }
}

fn scales_for(
    scales: usize,
    offsets: usize,
    axis: Option<usize>,
    shape: &[usize],
) -> Result<Scales, ProcessingError> {
    if scales != offsets {
        return Err(ProcessingError::Lengths { found: offsets, wanted: scales });
    }
    let wanted = match axis {
        None if scales == 1 => Some(1),
        None => Some(shape.iter().product()),
        Some(axis) => shape.get(axis).copied(),
    };
    let run = axis.map_or(1, |axis| shape.iter().skip(axis + 1).product());
    match wanted {
        Some(wanted) if wanted == scales => Ok(Scales { run: run.max(1), count: scales.max(1) }),
        _ => Err(ProcessingError::Scales { shape: shape.to_vec(), found: scales, axis }),
    }
}

impl Labels {
    /// How many there are.
    pub fn count(&self) -> usize {
        match self {
            Self::Integers(labels) => labels.len(),
            Self::Strings(labels) => labels.len(),
        }
    }

    fn apply(&self, positions: &ArrayD<f64>) -> Result<ClearValue, ProcessingError> {
        // Positions may come of a grid.
        const CLOSE: f64 = 1e-6;
        let count = self.count();
        for position in positions {
            let nearest = position.round();
            let is_position = (position - nearest).abs() <= CLOSE && nearest >= 0.0 && nearest < count as f64;
            if !is_position {
                return Err(ProcessingError::Label { position: position.to_string(), count });
            }
        }
        let at = |position: f64| position.round() as usize;
        Ok(match self {
            Self::Integers(labels) => ClearValue::Integers(positions.mapv(|i| labels[at(i)])),
            Self::Strings(labels) => ClearValue::Strings(positions.mapv(|i| labels[at(i)].clone())),
        })
    }
}

impl Norm {
    fn divide(self, vector: &mut [f64]) {
        let magnitudes = vector.iter().map(|v| v.abs());
        let norm = match self {
            Self::L1 => magnitudes.sum(),
            Self::L2 => magnitudes.map(|v| v * v).sum::<f64>().sqrt(),
            Self::Max => magnitudes.fold(0.0, f64::max),
        };
        if norm != 0.0 {
            vector.iter_mut().for_each(|v| *v /= norm);
        }
    }
}

fn divide_by_sum(vector: &mut [f64]) {
    let sum: f64 = vector.iter().sum();
    let share = 1.0 / vector.len() as f64;
    vector.iter_mut().for_each(|v| *v = if sum == 0.0 { share } else { *v / sum });
}

fn affine(scale: &[f64], offset: &[f64], x: ArrayD<f64>) -> Result<ArrayD<f64>, ProcessingError> {
    let last = last_axis(&x)?;
    let axis = (scale.len() != 1).then_some(last);
    let count = scales_for(scale.len(), offset.len(), axis, x.shape())?;
    let mut x = x.as_standard_layout().into_owned();
    x.iter_mut().enumerate().for_each(|(i, v)| *v = *v * scale[count.of(i)] + offset[count.of(i)]);
    Ok(x)
}

fn matmul(weights: &[Vec<f64>], x: &ArrayD<f64>) -> Result<ArrayD<f64>, ProcessingError> {
    let last = last_axis(x)?;
    let (rows, columns) = (weights.len(), weights.first().map_or(0, Vec::len));
    if let Some(row) = weights.iter().find(|row| row.len() != columns) {
        return Err(ProcessingError::Lengths { found: row.len(), wanted: columns });
    }
    if x.shape()[last] != rows || rows == 0 {
        return Err(ProcessingError::Lengths { found: rows, wanted: x.shape()[last] });
    }
    let mut shape = x.shape().to_vec();
    shape[last] = columns;
    let elements: Vec<f64> = x.iter().copied().collect();
    let products = elements.chunks(rows).flat_map(|vector| {
        (0..columns).map(move |column| vector.iter().zip(weights).map(|(v, row)| v * row[column]).sum())
    });
    Ok(ArrayD::from_shape_vec(shape, products.collect()).expect("one for each column"))
}

fn each_vector(x: ArrayD<f64>, change: impl Fn(&mut [f64])) -> Result<ArrayD<f64>, ProcessingError> {
    let last = last_axis(&x)?;
    let length = x.shape()[last];
    let shape = x.raw_dim();
    let mut elements: Vec<f64> = x.iter().copied().collect();
    elements.chunks_mut(length.max(1)).for_each(change);
    Ok(ArrayD::from_shape_vec(shape, elements).expect("as many as before"))
}

fn softmax(mut x: ArrayD<f64>, axis: i64, log: bool) -> Result<ArrayD<f64>, ProcessingError> {
    let axis = axis_of(axis, &x)?;
    softmax_along(&mut x, axis, log);
    Ok(x)
}

fn complement(x: &ArrayD<f64>) -> Result<ArrayD<f64>, ProcessingError> {
    let last = last_axis(x)?;
    if x.shape()[last] != 1 {
        return Err(ProcessingError::Lengths { found: x.shape()[last], wanted: 1 });
    }
    let mut shape = x.shape().to_vec();
    shape[last] = 2;
    let both = x.iter().flat_map(|p| [1.0 - p, *p]).collect();
    Ok(ArrayD::from_shape_vec(shape, both).expect("two for each"))
}

fn position(
    x: &ArrayD<f64>,
    axis: i64,
    keep: bool,
    is_better: impl Fn(f64, f64) -> bool,
) -> Result<ArrayD<f64>, ProcessingError> {
    let axis = Axis(axis_of(axis, x)?);
    let positions = x.map_axis(axis, |lane| {
        let mut best = 0;
        for i in 1..lane.len() {
            if is_better(lane[i], lane[best]) {
                best = i;
            }
        }
        best as f64
    });
    Ok(if keep { positions.insert_axis(axis) } else { positions })
}

fn take(positions: &[usize], x: &ArrayD<f64>) -> Result<ArrayD<f64>, ProcessingError> {
    let last = last_axis(x)?;
    let length = x.shape()[last];
    match positions.iter().find(|position| **position >= length) {
        Some(position) => Err(ProcessingError::Lengths { found: length, wanted: position.saturating_add(1) }),
        None => Ok(x.select(Axis(last), positions)),
    }
}

/// Bits of one element at most.
const MOST_BITS: i64 = 1 << 16;

fn thermometer(quantiser: &Quantiser, x: &ArrayD<f64>) -> Result<ArrayD<f64>, ProcessingError> {
    let integers = quantiser.quantise(x)?.integers;
    let bits = quantiser.hi.saturating_sub(quantiser.lo);
    if !(1..=MOST_BITS).contains(&bits) {
        return Err(ProcessingError::Numbers(format!(
            "an integer of {bits} bits, where 1 to {MOST_BITS} are allowed"
        )));
    }
    let mut shape = x.shape().to_vec();
    shape.push(bits as usize);
    let exceeds = |integer: i64| (0..bits).map(move |t| f64::from(u8::from(integer - quantiser.lo > t)));
    let all = integers.iter().flat_map(|&integer| exceeds(integer)).collect();
    Ok(ArrayD::from_shape_vec(shape, all).expect("bits of each"))
}

fn last_axis(x: &ArrayD<f64>) -> Result<usize, ProcessingError> {
    axis_of(-1, x)
}

fn axis_of(axis: i64, x: &ArrayD<f64>) -> Result<usize, ProcessingError> {
    let rank = x.ndim() as i64;
    let position = if axis < 0 { axis.saturating_add(rank) } else { axis };
    if (0..rank).contains(&position) {
        Ok(position as usize)
    } else {
        Err(ProcessingError::Axis { axis, rank: x.ndim() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ndarray::arr2;

    fn steps(steps: &[ClearStep], x: &[[f64; 3]]) -> Result<ClearValue, ProcessingError> {
        let flat: Vec<f64> = x.iter().flatten().copied().collect();
        apply_steps(steps, ArrayD::from_shape_vec(vec![x.len(), 3], flat).expect("three each"))
    }

    fn reals<const N: usize>(rows: &[[f64; N]]) -> ClearValue {
        let flat = rows.iter().flatten().copied().collect();
        ClearValue::Reals(ArrayD::from_shape_vec(vec![rows.len(), N], flat).expect("N each"))
    }

    #[test]
    fn quantisers_saturate_and_count() {
        let quantiser =
            Quantiser { scale: vec![0.5, 2.0], zero_point: vec![3, 0], axis: Some(1), lo: 0, hi: 7 };
        let x = arr2(&[[0.25, 3.0], [100.0, -1e300], [f64::INFINITY, 7.0]]).into_dyn();
        let quantised = quantiser.quantise(&x).expect("fits");
        // 0.25 / 0.5 = 0.5 and 3 / 2 = 1.5, both to even
        assert_eq!(quantised.integers, arr2(&[[3, 2], [7, 0], [7, 4]]).into_dyn());
        assert_eq!(quantised.saturated, 3);
        let not_a_number = quantiser.quantise(&arr2(&[[0.0, f64::NAN]]).into_dyn());
        assert_eq!(not_a_number, Err(ProcessingError::NotANumber { element: 1 }));
        assert!(quantiser.quantise(&arr2(&[[0.0], [1.0]]).into_dyn()).is_err());
        let dequantiser = Dequantiser { scale: vec![0.5], offset: vec![1.0], axis: None };
        assert_eq!(dequantiser.dequantise(&arr2(&[[2, -4]]).into_dyn()), Ok(arr2(&[[2.0, -1.0]]).into_dyn()));
    }

    #[test]
    fn scales_follow_their_axis_in_every_layout() {
        let quantiser =
            Quantiser { scale: vec![1.0, 10.0], zero_point: vec![0, 0], axis: Some(0), lo: -9, hi: 9 };
        let transposed = arr2(&[[1.0, 20.0], [3.0, 40.0]]).reversed_axes().into_dyn();
        let x = transposed.t().to_owned();
        assert_eq!(quantiser.quantise(&x).expect("fits").integers, arr2(&[[1, 9], [0, 4]]).into_dyn());
        assert_eq!(
            quantiser.quantise(&transposed).expect("fits").integers,
            arr2(&[[1, 3], [2, 4]]).into_dyn()
        );
    }

    #[test]
    fn steps_have_their_meaning() {
        let row = [[3.0, -4.0, 0.0]];
        let affine = ClearStep::Affine { scale: vec![1.0, 2.0, 3.0], offset: vec![0.0, 1.0, 2.0] };
        let weights = vec![vec![1.0, 0.0], vec![0.5, 1.0], vec![9.0, 9.0]];
        for (step, expected) in [
            (affine, reals(&[[3.0, -7.0, 2.0]])),
            (ClearStep::MatMul { weights }, reals(&[[1.0, -4.0]])),
            (ClearStep::Function(super::super::Function::Abs), reals(&[[3.0, 4.0, 0.0]])),
            (ClearStep::Normalise(Norm::L2), reals(&[[0.6, -0.8, 0.0]])),
            (ClearStep::Normalise(Norm::L1), reals(&[[3.0 / 7.0, -4.0 / 7.0, 0.0]])),
            (ClearStep::Normalise(Norm::Max), reals(&[[0.75, -1.0, 0.0]])),
            (ClearStep::Proportions, reals(&[[-3.0, 4.0, 0.0]])),
            (ClearStep::ArgMax { axis: 1, keep: true }, reals(&[[0.0]])),
            (ClearStep::ArgMin { axis: -1, keep: true }, reals(&[[1.0]])),
            (ClearStep::Take { positions: vec![2, 0] }, reals(&[[0.0, 3.0]])),
            (ClearStep::Reshape { shape: vec![3, 1] }, reals(&[[3.0], [-4.0], [0.0]])),
        ] {
            assert_eq!(steps(std::slice::from_ref(&step), &row), Ok(expected), "{step:?}");
        }
    }

    fn unit() -> Quantiser {
        Quantiser { scale: vec![1.0], zero_point: vec![0], axis: None, lo: 0, hi: 3 }
    }

    #[test]
    fn thermometers_compare_with_every_integer() {
        let quantiser = Quantiser { lo: -1, hi: 2, ..unit() };
        let x = ArrayD::from_shape_vec(vec![1, 4], vec![-9.0, 0.4, 0.6, 7.0]).expect("four");
        let found = ClearStep::Thermometer(quantiser).apply(x);
        let bits = vec![0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0];
        assert_eq!(
            found,
            Ok(ClearValue::Reals(ArrayD::from_shape_vec(vec![1, 4, 3], bits).expect("twelve")))
        );
    }

    #[test]
    fn softmax_does_not_overflow() {
        let big = ArrayD::from_shape_vec(vec![1, 2], vec![1000.0, 1000.0]).expect("two");
        let found = ClearStep::Softmax { axis: 1 }.apply(big.clone());
        assert_eq!(found, Ok(reals(&[[0.5, 0.5]])));
        assert_eq!(ClearStep::LogSoftmax { axis: -1 }.apply(big), Ok(reals(&[[-(2f64.ln()), -(2f64.ln())]])));
    }

    #[test]
    fn labels_come_last() {
        let labels = ClearStep::Labels(Labels::Strings(vec!["a".into(), "b".into(), "c".into()]));
        let argmax = ClearStep::ArgMax { axis: 1, keep: false };
        let found = steps(&[argmax.clone(), labels.clone()], &[[0.0, 2.0, 2.0], [0.0, 0.0, 1.0]]);
        let names = vec!["b".to_owned(), "c".to_owned()];
        assert_eq!(found, Ok(ClearValue::Strings(ArrayD::from_shape_vec(vec![2], names).expect("two"))));
        let after = steps(&[argmax, labels.clone(), labels.clone()], &[[0.0, 2.0, 2.0]]);
        assert_eq!(after, Err(ProcessingError::AfterLabels));
        assert!(steps(&[labels], &[[0.5, 1.0, 2.0]]).is_err());
    }

    #[test]
    fn probabilities_get_their_complement() {
        let p = ArrayD::from_shape_vec(vec![2, 1], vec![0.25, 1.0]).expect("two");
        assert_eq!(ClearStep::Complement.apply(p), Ok(reals(&[[0.75, 0.25], [0.0, 1.0]])));
    }

    #[test]
    fn what_does_not_fit_is_an_error() {
        for step in [
            ClearStep::Affine { scale: vec![1.0, 2.0], offset: vec![0.0, 0.0] },
            ClearStep::Affine { scale: vec![1.0], offset: vec![] },
            ClearStep::MatMul { weights: vec![vec![1.0], vec![1.0, 2.0], vec![1.0]] },
            ClearStep::MatMul { weights: vec![] },
            ClearStep::Softmax { axis: 2 },
            ClearStep::ArgMax { axis: i64::MIN, keep: false },
            ClearStep::Reshape { shape: vec![2] },
            ClearStep::Reshape { shape: vec![usize::MAX, usize::MAX] },
            ClearStep::Take { positions: vec![3] },
            ClearStep::Thermometer(Quantiser { lo: 0, hi: i64::MAX, ..unit() }),
            ClearStep::Thermometer(Quantiser { lo: 2, hi: 2, ..unit() }),
            ClearStep::Complement,
        ] {
            assert!(steps(std::slice::from_ref(&step), &[[1.0, 2.0, 3.0]]).is_err(), "{step:?}");
        }
    }
}
