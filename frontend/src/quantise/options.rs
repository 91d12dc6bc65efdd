//! How a model is quantised.

use crate::model::ModelError;
use cloakwork_ir::digits::Exactness;

/// Wishes for [`super::quantise`].
#[derive(Clone, Debug, PartialEq)]
pub struct Quantisation {
    /// Bits of integers by what they stand for.
    pub bits: Bits,
    /// Which weights share a scale.
    pub weights: Granularity,
    /// Which elements of an input share a scale.
    pub inputs: InputScales,
    /// Which scales there are.
    pub scales: Scales,
    /// How the range of a value is taken from samples.
    pub ranges: RangeRule,
    /// Whether the mean error of each layer on the samples is taken out of its bias.
    pub corrects_bias: bool,
    /// Whether the bits that tables take are bounded.
    pub rounding: Option<RoundTo>,
    /// Exceptions from `rounding`, by name of the layer whose sums are rounded.
    pub rounding_of: Vec<(String, Option<RoundTo>)>,
    /// How far sums may leave the range that samples showed before they leave their width.
    pub margin: Margin,
    /// What the results are.
    pub reply: Reply,
}

impl Default for Quantisation {
    fn default() -> Self {
        Self {
            bits: Bits::uniform(8),
            weights: Granularity::PerChannel,
            inputs: InputScales::Automatic,
            scales: Scales::Affine,
            ranges: RangeRule::MinMax,
            corrects_bias: true,
            rounding: None,
            rounding_of: vec![],
            margin: Margin::DEFAULT,
            reply: Reply::Scores,
        }
    }
}

impl Quantisation {
    /// The default with so many bits everywhere.
    pub fn with_bits(bits: u32) -> Self {
        Self { bits: Bits::uniform(bits), ..Self::default() }
    }

    /// The rounding of the sums of a layer.
    pub(crate) fn rounding_at(&self, layer: &str) -> Option<RoundTo> {
        let exception = self.rounding_of.iter().find(|(name, _)| name == layer);
        exception.map_or(self.rounding, |(_, rounding)| *rounding)
    }
}

/// Bits of integers by what they stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Bits {
    /// Inputs of the model.
    pub model_inputs: u32,
    /// Values between layers.
    pub op_inputs: u32,
    /// Weights.
    pub op_weights: u32,
    /// Results of the model that are looked up; those of a last linear layer are as wide as they are.
    pub model_outputs: u32,
}

impl Bits {
    /// The fewest and the most.
    pub const ALLOWED: std::ops::RangeInclusive<u32> = 1..=16;
    /// The fewest for inputs and results of a model when one number says all.
    const ENDS: u32 = 5;

    /// One number for all; inputs and results of the model have at least 5.
    pub fn uniform(bits: u32) -> Self {
        let ends = bits.max(Self::ENDS);
        Self { model_inputs: ends, op_inputs: bits, op_weights: bits, model_outputs: ends }
    }
}

/// Which weights share a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Granularity {
    /// All of a layer.
    PerTensor,
    /// Those of one output channel.
    PerChannel,
}

/// Which elements of an input share a scale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InputScales {
    /// Each element has its own where that costs nothing: before matrix products and trees.
    Automatic,
    /// All.
    PerTensor,
}

/// Room for sums beyond what samples showed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Margin {
    /// So large a share of the range on each side. What is led further goes on from the other end of a table.
    Share(f64),
    /// The same, and sums are rounded so far that tables of the bits that were asked for saturate for whatever inputs there are.
    Guarded(f64),
    /// For whatever inputs there are: nothing leaves its width.
    Whole,
}

impl Margin {
    /// A tenth on each side.
    pub const DEFAULT: Self = Self::Share(0.1);

    /// The share, where samples say how far sums reach.
    pub(crate) fn share(self) -> f64 {
        match self {
            Self::Share(share) | Self::Guarded(share) => share,
            Self::Whole => 0.1,
        }
    }

    /// Whether it matters what inputs can lead to that no sample showed.
    pub(crate) fn minds_all_inputs(self) -> bool {
        match self {
            Self::Share(_) => false,
            Self::Guarded(_) | Self::Whole => true,
        }
    }
}

/// What a program hands out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reply {
    /// Every output of the model: its client makes labels and probabilities of scores.
    #[default]
    Scores,
    /// The label of a classifier alone, decided under encryption. The client learns nothing of the scores.
    Label,
}

/// Which scales there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scales {
    /// Any.
    Affine,
    /// Powers of two.
    PowerOfTwo,
}

/// How the range of a value is taken from samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum RangeRule {
    /// Least and greatest.
    MinMax,
    /// Between so many percent of the values from below and from above; 0.1 cuts one in a thousand on each side.
    Percentile(f64),
    /// The range with the least squared error after quantisation.
    Mse,
}

/// A bound of what a table takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundTo {
    /// Bits that stay.
    pub bits: u32,
    /// Whether noise may move a value by one step.
    pub exactness: Exactness,
}

impl Quantisation {
    /// Whether its numbers are allowed.
    pub(crate) fn check(&self) -> Result<(), ModelError> {
        let Bits { model_inputs, op_inputs, op_weights, model_outputs } = self.bits;
        let allowed = Bits::ALLOWED;
        for (name, bits) in [
            ("model_inputs", model_inputs),
            ("op_inputs", op_inputs),
            ("op_weights", op_weights),
            ("model_outputs", model_outputs),
        ] {
            if !allowed.contains(&bits) {
                let (least, most) = (allowed.start(), allowed.end());
                return Err(ModelError::new(
                    "n_bits",
                    format!("{bits} bits for {name}"),
                    format!("{least} to {most} bits are supported"),
                    "choose 4 to 8 bits",
                ));
            }
        }
        let roundings = self.rounding_of.iter().map(|(_, rounding)| rounding);
        for rounding in roundings.chain([&self.rounding]).flatten() {
            if !(2..=16).contains(&rounding.bits) {
                return Err(ModelError::new(
                    "rounding",
                    format!("{} bits", rounding.bits),
                    "tables take 2 to 16 bits",
                    "round to 4 to 8 bits",
                ));
            }
        }
        if let RangeRule::Percentile(percent) = self.ranges
            && !(0.0..50.0).contains(&percent)
        {
            return Err(ModelError::new(
                "ranges",
                format!("{percent} percent on each side"),
                "at least 0 and less than 50 are cut",
                "cut 0.1",
            ));
        }
        if !(0.0..=4.0).contains(&self.margin.share()) {
            return Err(ModelError::new(
                "margin",
                format!("{}", self.margin.share()),
                "shares from 0 to 4 are added to ranges",
                "use 0.1",
            ));
        }
        Ok(())
    }
}
