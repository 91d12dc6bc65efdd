//! How far integers whose ranges come from samples may be led by other inputs, and where they stop saturating.
//!
//! A range of `n` integers in a width of `w` bits has a slack of `2^w − n`. What leaves the range on either side by no
//! more than the slack gives what the end of the range gives, at tables and at results. Further out a table goes on from
//! its other end ([`cloakwork_abi::encoding::folded`]), where it saturates for as long as it is constant there.

use super::ModelCircuit;
use crate::report::{Report, UnprovenRange};
use cloakwork_abi::bounds::Bounds;
use cloakwork_abi::encoding::width_of_bounds;
use serde::Serialize;
use std::fmt;

/// A layer whose integers some inputs could lead further than they saturate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct BeyondSaturation {
    /// Place in the model.
    pub layer: String,
    /// Bits of the range that samples showed, with its margin.
    pub bits: u32,
    /// Least and greatest integer that gives what an end of that range gives.
    pub saturates: Bounds,
    /// Least and greatest integer for whatever inputs there are.
    pub provable: Bounds,
    /// Bits that hold those.
    pub provable_bits: u32,
}

impl fmt::Display for BeyondSaturation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ((lo, hi), (least, greatest)) = (self.saturates, self.provable);
        write!(
            f,
            "{}: {} bits saturate from {lo} to {hi}; possible are {least} to {greatest}, {} bits",
            self.layer, self.bits, self.provable_bits
        )
    }
}

impl ModelCircuit {
    /// Layers whose integers no longer saturate for some inputs, though for all samples: each with the widest of its
    /// integers. None with provable bounds.
    pub fn beyond_saturation(&self) -> Vec<BeyondSaturation> {
        found(self.circuit.report())
    }
}

fn found(report: &Report) -> Vec<BeyondSaturation> {
    let mut layers: Vec<BeyondSaturation> = vec![];
    for value in &report.unproven {
        // Values that are no more in the program were part of a table.
        let is_left = report.widths.iter().any(|node| Some(node.node) == value.node);
        let Some(found) = of(value).filter(|_| is_left) else { continue };
        match layers.iter_mut().find(|layer| layer.layer == found.layer) {
            Some(layer) if found.provable_bits > layer.provable_bits => *layer = found,
            Some(_) => {}
            None => layers.push(found),
        }
    }
    layers
}

fn of(value: &UnprovenRange) -> Option<BeyondSaturation> {
    let (bits, (lo, hi)) = (width_of_bounds(value.measured).0, value.measured);
    let slack = (1i128 << bits.min(126)) - (hi - lo + 1);
    let (saturates, (least, greatest)) = ((lo - slack, hi + slack), value.provable);
    (least < saturates.0 || saturates.1 < greatest).then(|| BeyondSaturation {
        layer: value.place.clone(),
        bits,
        saturates,
        provable: value.provable,
        provable_bits: width_of_bounds(value.provable).0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slack_saturates_on_both_sides() {
        let value = |measured, provable| UnprovenRange {
            function: "main".to_owned(),
            operation: "fhe.add".to_owned(),
            node: Some(0),
            place: "layer".to_owned(),
            measured,
            provable,
        };
        // 49 of 64 integers: 15 more on either side.
        assert_eq!(of(&value((-24, 24), (-39, 39))), None);
        let found = of(&value((-24, 24), (-40, 39))).unwrap();
        assert_eq!((found.bits, found.saturates, found.provable_bits), (6, (-39, 39), 7));
        assert_eq!(of(&value((-32, 31), (-33, 31))).unwrap().saturates, (-32, 31));
    }
}
