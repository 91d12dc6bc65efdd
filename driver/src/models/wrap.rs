//! Which layers could leave their width: integers whose ranges come from samples, where inputs that are unlike the samples,
//! though inside of their own range, can lead beyond what the width holds. They would wrap around, and nobody who computes
//! on ciphertexts could notice.

use super::ModelCircuit;
use crate::report::Report;
use cloakwork_abi::encoding::width_of_bounds;
use serde::Serialize;
use std::fmt;

/// A layer whose integers could wrap around.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MayWrap {
    /// Place in the model.
    pub layer: String,
    /// Bits that they have.
    pub bits: u32,
    /// Bits that they would need for whatever inputs there are.
    pub provable_bits: u32,
}

impl fmt::Display for MayWrap {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} bits, at most {}", self.layer, self.bits, self.provable_bits)
    }
}

impl ModelCircuit {
    /// Layers whose integers would wrap around for some inputs, though not for any sample: each with the widest of its
    /// integers. None with provable bounds.
    pub fn may_wrap(&self) -> Vec<MayWrap> {
        found(self.circuit.report())
    }
}

fn found(report: &Report) -> Vec<MayWrap> {
    let mut layers: Vec<MayWrap> = vec![];
    for value in &report.unproven {
        let width = report.widths.iter().find(|node| Some(node.node) == value.node);
        let Some(width) = width else { continue };
        let ((lo, hi), bits) = (value.provable, width.width);
        let (least, end) = match width.is_signed {
            true => (-(1i128 << (bits - 1)), 1i128 << (bits - 1)),
            false => (0, 1i128 << bits),
        };
        if lo >= least && hi < end {
            continue;
        }
        let found =
            MayWrap { layer: value.place.clone(), bits, provable_bits: width_of_bounds(value.provable).0 };
        match layers.iter_mut().find(|layer| layer.layer == found.layer) {
            Some(layer) if found.provable_bits > layer.provable_bits => *layer = found,
            Some(_) => {}
            None => layers.push(found),
        }
    }
    layers
}
