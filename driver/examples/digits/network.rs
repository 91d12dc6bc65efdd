//! The network and the images as plain data, and what the network computes in clear.

use serde::Deserialize;

/// `network.json`
#[derive(Debug, Deserialize)]
pub(crate) struct Network {
    input: Input,
    hidden: Hidden,
    /// One row for each pixel, one column for each hidden unit.
    pub(crate) w1: Vec<Vec<i64>>,
    pub(crate) b1: Vec<i64>,
    /// One row for each hidden unit, one column for each digit.
    pub(crate) w2: Vec<Vec<i64>>,
    pub(crate) b2: Vec<i64>,
}

#[derive(Debug, Deserialize)]
struct Input {
    max: i64,
}

#[derive(Clone, Copy, Debug, Deserialize)]
pub(crate) struct Hidden {
    shift: u32,
    max: i64,
}

/// A handwritten digit.
#[derive(Debug)]
pub(crate) struct Image {
    /// What its writer meant.
    pub(crate) label: usize,
    /// 8×8 pixels, quantised as the network takes them.
    pub(crate) pixels: Vec<i64>,
}

impl Network {
    pub(crate) fn load() -> Result<Self, serde_json::Error> {
        serde_json::from_str(include_str!("network.json"))
    }

    /// The training images.
    pub(crate) fn training_images(&self) -> Result<Vec<Image>, String> {
        self.images("train.csv", include_str!("train.csv"))
    }

    /// The images that training never saw.
    pub(crate) fn test_images(&self) -> Result<Vec<Image>, String> {
        self.images("test.csv", include_str!("test.csv"))
    }

    fn images(&self, file: &str, text: &str) -> Result<Vec<Image>, String> {
        let image = |(line, row): (usize, &str)| {
            let fields: Result<Vec<i64>, _> = row.split(',').map(str::parse).collect();
            match fields.as_deref() {
                Ok([label @ 0..=9, pixels @ ..]) if pixels.len() == self.w1.len() => {
                    let quantise = |&pixel: &i64| (pixel * self.input.max + 8) / 16;
                    Ok(Image { label: *label as usize, pixels: pixels.iter().map(quantise).collect() })
                }
                _ => Err(format!("{file}:{}: not a digit and {} pixels", line + 1, self.w1.len())),
            }
        };
        text.lines().enumerate().map(image).collect()
    }

    /// What a hidden unit makes of its sum.
    pub(crate) fn activation(&self) -> impl Fn(i64) -> i64 + Send + Sync + 'static {
        let Hidden { shift, max } = self.hidden;
        move |sum| (sum >> shift).clamp(0, max)
    }

    /// The ten logits in plain integer arithmetic: the truth that encrypted results are held against.
    pub(crate) fn logits(&self, pixels: &[i64]) -> Vec<i64> {
        let hidden: Vec<i64> =
            linear(pixels, &self.w1, &self.b1).into_iter().map(self.activation()).collect();
        linear(&hidden, &self.w2, &self.b2)
    }
}

fn linear(inputs: &[i64], weights: &[Vec<i64>], bias: &[i64]) -> Vec<i64> {
    let mut sums = bias.to_vec();
    for (input, row) in inputs.iter().zip(weights) {
        sums.iter_mut().zip(row).for_each(|(sum, weight)| *sum += input * weight);
    }
    sums
}

/// The digit with the greatest logit, the first of equals.
pub(crate) fn digit(logits: &[i64]) -> usize {
    let greatest = logits.iter().max();
    logits.iter().position(|logit| Some(logit) == greatest).unwrap_or(0)
}
