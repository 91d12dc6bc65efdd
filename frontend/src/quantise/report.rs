//! What quantisation decided, and what each layer lost by it.

use super::value::Value;
use crate::model::{ModelNode, ModelOp};
use ndarray::ArrayD;
use serde::Serialize;
use std::fmt;

/// See [`super::Quantised::report`].
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QuantisationReport {
    /// Nodes whose values depend on the inputs, in order.
    pub layers: Vec<LayerReport>,
    /// Sums that tables take.
    pub sums: Vec<SumReport>,
    /// What may be wrong with the samples.
    pub warnings: Vec<String>,
}

/// One node of the model on the samples.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerReport {
    /// Name of the node.
    pub name: String,
    /// What it computes.
    pub operation: String,
    /// Least and greatest integer; none for reals, which are part of a table.
    pub range: Option<(i64, i64)>,
    /// Bits of the integers.
    pub bits: Option<u32>,
    /// `10 · log₁₀(Σ float² / Σ (float − quantised)²)`, in decibels; infinite where nothing was lost.
    pub signal_to_noise: f64,
}

/// Sums that tables take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SumReport {
    /// The layer that adds them up.
    pub layer: String,
    /// How many there are.
    pub count: usize,
    /// Their bits.
    pub bits: u32,
    /// Bits that tables take, where sums are rounded.
    pub rounded_to: Option<u32>,
}

impl SumReport {
    /// Bits that tables take.
    pub fn table_bits(&self) -> u32 {
        self.rounded_to.unwrap_or(self.bits)
    }
}

impl LayerReport {
    pub(super) fn of(node: &ModelNode, value: &Value, floats: &[ArrayD<f64>]) -> Self {
        let reals = value.reals(floats.len());
        let integers = if let Value::Integers(integers) = value { Some(integers) } else { None };
        Self {
            name: node.name.clone(),
            operation: operation(&node.op).to_owned(),
            range: integers.map(|integers| integers.range()),
            bits: integers.map(|integers| integers.bits()),
            signal_to_noise: signal_to_noise(floats, &reals),
        }
    }
}

/// `10 · log₁₀(Σ float² / Σ (float − real)²)`, in decibels; infinite where both are the same.
pub fn signal_to_noise(floats: &[ArrayD<f64>], reals: &[ArrayD<f64>]) -> f64 {
    let (mut signal, mut noise) = (0.0, 0.0);
    for (float, real) in floats.iter().zip(reals) {
        signal += float.iter().map(|v| v * v).sum::<f64>();
        noise += float.iter().zip(real.iter()).map(|(a, b)| (a - b).powi(2)).sum::<f64>();
    }
    if noise == 0.0 { f64::INFINITY } else { 10.0 * (signal / noise).log10() }
}

impl fmt::Display for QuantisationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.layers.iter().map(|layer| layer.name.len()).max().unwrap_or(0).clamp(5, 48);
        writeln!(
            f,
            "{:width$}  {:14}  {:>5}  {:>19}  signal to noise",
            "layer", "operation", "bits", "integers"
        )?;
        for layer in &self.layers {
            let bits = layer.bits.map_or_else(|| "table".to_owned(), |bits| bits.to_string());
            let range = layer.range.map_or_else(String::new, |(lo, hi)| format!("{lo} to {hi}"));
            let noise = match layer.signal_to_noise.is_finite() {
                true => format!("{:.1} dB", layer.signal_to_noise),
                false => "exact".to_owned(),
            };
            writeln!(f, "{:width$}  {:14}  {bits:>5}  {range:>19}  {noise}", layer.name, layer.operation)?;
        }
        for sum in &self.sums {
            let rounded = sum.rounded_to.map_or_else(String::new, |bits| format!(", rounded to {bits}"));
            writeln!(f, "{} sums of {}: {} bits{rounded}", sum.count, sum.layer, sum.bits)?;
        }
        for warning in &self.warnings {
            writeln!(f, "warning: {warning}")?;
        }
        Ok(())
    }
}

fn operation(op: &ModelOp) -> &'static str {
    match op {
        ModelOp::Input(_) => "input",
        ModelOp::Constant(_) => "constant",
        ModelOp::Function(_) => "function",
        ModelOp::Binary(_) => "binary",
        ModelOp::Select => "select",
        ModelOp::MatMul => "matmul",
        ModelOp::Conv { .. } => "convolution",
        ModelOp::Pool { .. } => "pool",
        ModelOp::Reduce { .. } => "reduction",
        ModelOp::ArgExtreme { .. } => "position",
        ModelOp::Softmax { .. } => "softmax",
        ModelOp::Rearrange { .. } => "rearrangement",
        ModelOp::Concat { .. } => "concatenation",
        ModelOp::FakeQuantise(_) => "quantiser",
        ModelOp::Trees(_) => "trees",
    }
}
