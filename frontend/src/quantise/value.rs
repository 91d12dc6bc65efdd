//! What a value of a model is in the program.

use crate::graph::NodeId;
use cloakwork_abi::encoding::width_of_range;
use ndarray::ArrayD;
use std::rc::Rc;

/// One tensor for each sample of the calibration set.
pub(crate) type Samples = Rc<Vec<ArrayD<f64>>>;

/// A value of a model.
#[derive(Clone, Debug)]
pub(crate) enum Value {
    /// Known when the program is made.
    Clear(ArrayD<f64>),
    /// Integers that stand for reals.
    Integers(Integers),
    /// Reals that are functions, element by element, of integers.
    Reals(Reals),
}

/// `real = scale · integer + offset`, element by element.
#[derive(Clone, Debug)]
pub(crate) struct Integers {
    /// Integers of the program.
    pub node: NodeId,
    /// In the shape of the value.
    pub scale: ArrayD<f64>,
    /// In the shape of the value.
    pub offset: ArrayD<f64>,
    /// The integers of each sample.
    pub samples: Samples,
    /// Where they are sums: the layer that made them.
    pub layer: Option<Rc<str>>,
}

/// See [`Value::Reals`].
#[derive(Clone, Debug)]
pub(crate) struct Reals {
    /// Reals of the program.
    pub node: NodeId,
    /// The reals of each sample.
    pub samples: Samples,
}

impl Integers {
    /// The reals that the integers of each sample stand for.
    pub(super) fn reals(&self) -> Samples {
        Rc::new(self.samples.iter().map(|q| q * &self.scale + &self.offset).collect())
    }

    /// Least and greatest integer of the samples.
    pub(super) fn range(&self) -> (i64, i64) {
        let all = || self.samples.iter().flatten();
        let least = all().copied().fold(f64::INFINITY, f64::min);
        let greatest = all().copied().fold(f64::NEG_INFINITY, f64::max);
        if least > greatest { (0, 0) } else { (least as i64, greatest as i64) }
    }

    /// The scale that all elements share.
    pub(super) fn uniform_scale(&self) -> Option<f64> {
        uniform(&self.scale)
    }

    /// The offset that all elements share.
    pub(super) fn uniform_offset(&self) -> Option<f64> {
        uniform(&self.offset)
    }

    /// Bits that the integers of the samples need.
    pub(super) fn bits(&self) -> u32 {
        let (least, greatest) = self.range();
        width_of_range(least, greatest).0
    }

    /// The shape of the value.
    pub(super) fn shape(&self) -> &[usize] {
        self.scale.shape()
    }
}

/// The number that all elements are.
pub(crate) fn uniform(values: &ArrayD<f64>) -> Option<f64> {
    let &first = values.first()?;
    values.iter().all(|&value| value == first).then_some(first)
}

impl Value {
    /// Shape of the value; of reals the samples tell it.
    pub(super) fn shape(&self) -> Vec<usize> {
        match self {
            Self::Clear(reals) => reals.shape().to_vec(),
            Self::Integers(integers) => integers.shape().to_vec(),
            Self::Reals(reals) => reals.samples.first().map_or(vec![], |sample| sample.shape().to_vec()),
        }
    }

    /// The reals of each sample.
    pub(super) fn reals(&self, count: usize) -> Samples {
        match self {
            Self::Clear(reals) => Rc::new(vec![reals.clone(); count]),
            Self::Integers(integers) => integers.reals(),
            Self::Reals(reals) => reals.samples.clone(),
        }
    }
}
