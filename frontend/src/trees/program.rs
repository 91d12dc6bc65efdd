//! The operations of an ensemble.
//!
//! Units whose integers have as many bits go through one lookup for each target; bits, tables and sums are those of
//! [`super::units`]. What the bases of the trees add is left to the client.

use super::integers::IntegerEnsemble;
use super::units::{Bit, Cut, Unit, bits_of, cost, cut};
use crate::error::TraceError;
use crate::graph::{NodeId, OpGraph};
use crate::lookup_table::LookupTable;
use crate::node::InputType;
use crate::shapes::KeepAxes;
use ndarray::{ArrayD, IxDyn};
use std::collections::{BTreeMap, BTreeSet};

/// How features are encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// `[1, features, levels − 1]`: element `t` of a feature is 1 where it exceeds `t`.
    Bits,
    /// `[1, features]`: comparisons are lookups.
    Integers,
}

/// An ensemble as a program.
#[derive(Clone, Debug)]
pub struct TreeProgram {
    /// One argument, one result of shape `[1, targets]`.
    pub graph: OpGraph,
    /// Of the argument.
    pub encoding: Encoding,
    /// Features of the argument, ascending.
    pub features: Vec<usize>,
    /// To add to the result, one for each target.
    pub base: Vec<i64>,
    /// Lookups of the largest units are of so many bits at most, where leaves allow it.
    pub most_bits: u32,
}

/// Bits of one sample at most; with more of them features are integers.
const MOST_BITS: i64 = 1 << 16;
/// Widths of units that are tried.
const WIDTHS: [u32; 6] = [5, 4, 3, 6, 2, 7];
/// Programs that are worth compiling.
const MOST_PROGRAMS: usize = 3;

/// Programs of one meaning, likely fast ones first; at least one.
pub fn programs(ensemble: &IntegerEnsemble, name: &str, input: &str) -> Result<Vec<TreeProgram>, TraceError> {
    let features = match ensemble.used_features() {
        // Every program has an argument.
        features if features.is_empty() => vec![0],
        features => features,
    };
    let encoding = match (ensemble.levels - 1).saturating_mul(features.len() as i64) {
        bits if bits <= MOST_BITS => Encoding::Bits,
        _ => Encoding::Integers,
    };
    let mut cuts: Vec<(f64, u32, Vec<Cut>)> = vec![];
    for most_bits in WIDTHS {
        let trees: Vec<Cut> = ensemble.trees.iter().map(|tree| cut(ensemble, tree, most_bits)).collect();
        let units = || trees.iter().flat_map(|cut| &cut.units);
        if cuts.iter().any(|(_, _, other)| other.iter().flat_map(|cut| &cut.units).eq(units())) {
            continue;
        }
        let seconds = units().map(unit_cost).sum();
        cuts.push((seconds, most_bits, trees));
    }
    cuts.sort_by(|a, b| a.0.total_cmp(&b.0));
    let cuts = cuts.into_iter().take(MOST_PROGRAMS);
    cuts.map(|(_, most_bits, trees)| {
        let mut base = vec![0; ensemble.targets];
        for cut in &trees {
            base.iter_mut().zip(&cut.base).for_each(|(sum, value)| *sum += value);
        }
        let units: Vec<Unit> = trees.into_iter().flat_map(|cut| cut.units).collect();
        let graph = Writer::new(ensemble, (name, input), encoding, &features)?.write(&units, &base)?;
        let features = features.clone();
        Ok(TreeProgram { graph, encoding, features, base, most_bits })
    })
    .collect()
}

impl TreeProgram {
    /// The argument for the values of all features.
    pub fn argument(&self, levels: i64, features: &[i64]) -> ArrayD<i64> {
        let used = self.features.iter().map(|&feature| features[feature]);
        let (shape, elements): (Vec<usize>, Vec<i64>) = match self.encoding {
            Encoding::Integers => (vec![1, self.features.len()], used.collect()),
            Encoding::Bits => (
                vec![1, self.features.len(), levels as usize - 1],
                used.flat_map(|value| (0..levels - 1).map(move |t| i64::from(value > t))).collect(),
            ),
        };
        ArrayD::from_shape_vec(IxDyn(&shape), elements).expect("as many as the shape has")
    }
}

fn unit_cost(unit: &Unit) -> f64 {
    if unit.is_linear {
        return 0.0;
    }
    let targets = unit.tables.iter().filter(|table| table.iter().any(|value| *value != 0)).count();
    cost(unit.tables.first().map_or(0, Vec::len), targets)
}

struct Writer<'e> {
    ensemble: &'e IntegerEnsemble,
    graph: OpGraph,
    /// Flat, and where each bit stands in it.
    bits: NodeId,
    positions: BTreeMap<Bit, usize>,
    encoding: Encoding,
    input: NodeId,
    features: Vec<usize>,
}

impl<'e> Writer<'e> {
    fn new(
        ensemble: &'e IntegerEnsemble,
        (name, input): (&str, &str),
        encoding: Encoding,
        features: &[usize],
    ) -> Result<Self, TraceError> {
        let mut graph = OpGraph::new(name);
        let (count, levels) = (features.len(), ensemble.levels);
        let input = match encoding {
            Encoding::Bits => {
                graph.encrypted(input, &[1, count, (levels - 1).max(1) as usize], (0..=1).into())?
            }
            Encoding::Integers => {
                graph.encrypted(input, &[1, count], InputType::Range { lo: 0, hi: levels - 1 })?
            }
        };
        let (positions, features) = (BTreeMap::new(), features.to_vec());
        Ok(Self { ensemble, graph, bits: input, positions, encoding, input, features })
    }

    fn write(mut self, units: &[Unit], base: &[i64]) -> Result<OpGraph, TraceError> {
        self.compare(units)?;
        let mut sums: Vec<Option<NodeId>> = vec![None; self.ensemble.targets];
        // Units of one group share their bootstraps over the targets that they add to.
        let mut groups: BTreeMap<(u32, Vec<bool>), Vec<&Unit>> = BTreeMap::new();
        for unit in units.iter().filter(|unit| !unit.is_linear) {
            let adds = unit.tables.iter().map(|table| table.iter().any(|value| *value != 0)).collect();
            groups.entry((bits_of(unit.tables[0].len()), adds)).or_default().push(unit);
        }
        for ((_, adds), units) in groups {
            let integers = self.integers(&units)?;
            for target in (0..adds.len()).filter(|&target| adds[target]) {
                let part = self.looked_up(&units, integers, target)?;
                sums[target] = Some(self.added(sums[target], part)?);
            }
        }
        let linear: Vec<&Unit> = units.iter().filter(|unit| unit.is_linear).collect();
        for (target, sum) in sums.iter_mut().enumerate() {
            if let Some(part) = self.linear(&linear, target)? {
                *sum = Some(self.added(*sum, part)?);
            }
        }
        let mut results = vec![];
        for (target, sum) in sums.into_iter().enumerate() {
            let sum = match sum {
                Some(sum) => sum,
                None => {
                    let zero = self.graph.constant(ArrayD::zeros(IxDyn(&[])));
                    self.graph.encrypt(zero)?
                }
            };
            let (lo, hi) = self.ensemble.range(target);
            // Of the leaves of a tree one is reached.
            self.graph.assure(sum, (lo - base[target], hi - base[target]));
            results.push(self.graph.reshape(sum, &[1, 1])?);
        }
        let result = match results.as_slice() {
            [result] => *result,
            results => self.graph.concat(results, 1)?,
        };
        self.graph.output(result)?;
        Ok(self.graph)
    }

    fn added(&mut self, sum: Option<NodeId>, part: NodeId) -> Result<NodeId, TraceError> {
        match sum {
            Some(sum) => self.graph.add(sum, part),
            None => Ok(part),
        }
    }

    /// Finds out where the bits of all units stand, which are looked up where the argument does not have them.
    fn compare(&mut self, units: &[Unit]) -> Result<(), TraceError> {
        let all: BTreeSet<Bit> =
            units.iter().flat_map(|unit| unit.terms.iter().map(|(bit, _)| *bit)).collect();
        let place = |bit: &Bit| self.features.binary_search(&bit.feature).unwrap_or(0);
        match self.encoding {
            Encoding::Bits => {
                let each = self.ensemble.levels as usize - 1;
                self.positions =
                    all.iter().map(|bit| (*bit, place(bit) * each + bit.threshold as usize)).collect();
            }
            Encoding::Integers => {
                let mut bits = vec![];
                for (i, bit) in all.iter().enumerate() {
                    let feature = ArrayD::from_elem(IxDyn(&[1]), place(bit));
                    let feature = self.graph.gather(self.input, &feature)?;
                    let threshold = bit.threshold;
                    let table = LookupTable::from_fn(0..=self.ensemble.levels - 1, |value| {
                        i64::from(value > threshold)
                    });
                    bits.push(self.graph.lookup(table, feature)?);
                    self.positions.insert(*bit, i);
                }
                if !bits.is_empty() {
                    self.bits = self.graph.concat(&bits, 0)?;
                }
            }
        }
        Ok(())
    }

    /// `Σ weight · bit` for each row of terms.
    fn weighted(&mut self, rows: &[Vec<(Bit, i64)>]) -> Result<NodeId, TraceError> {
        let length = rows.iter().map(Vec::len).max().unwrap_or(0).max(1);
        let (mut positions, mut weights) = (vec![], vec![]);
        for row in rows {
            for i in 0..length {
                let term = row.get(i);
                positions.push(term.map_or(0, |(bit, _)| self.positions[bit]));
                weights.push(term.map_or(0, |(_, weight)| *weight));
            }
        }
        let shape = IxDyn(&[rows.len(), length]);
        let positions = ArrayD::from_shape_vec(shape.clone(), positions).expect("rows of one length");
        let weights = ArrayD::from_shape_vec(shape, weights).expect("rows of one length");
        let bits = self.graph.gather(self.bits, &positions)?;
        let weighted = match weights.iter().all(|weight| *weight == 1) {
            true => bits,
            false => {
                let weights = self.graph.constant(weights);
                self.graph.mul(bits, weights)?
            }
        };
        self.graph.sum(weighted, Some(&[1]), KeepAxes::No)
    }

    /// The integers of units.
    fn integers(&mut self, units: &[&Unit]) -> Result<NodeId, TraceError> {
        let rows: Vec<Vec<(Bit, i64)>> = units.iter().map(|unit| unit.terms.clone()).collect();
        let sums = self.weighted(&rows)?;
        let constants: Vec<i64> = units.iter().map(|unit| unit.constant).collect();
        let integers = match constants.iter().all(|constant| *constant == 0) {
            true => sums,
            false => {
                let shape = IxDyn(&[units.len()]);
                let constants = ArrayD::from_shape_vec(shape, constants).expect("one for each unit");
                let constants = self.graph.constant(constants);
                self.graph.add(sums, constants)?
            }
        };
        let most = units.iter().map(|unit| unit.tables[0].len() as i64 - 1).max().unwrap_or(0);
        // A value exceeds the lesser of two thresholds wherever it exceeds the greater.
        self.graph.assure(integers, (0, most));
        Ok(integers)
    }

    /// What units add to a target.
    fn looked_up(&mut self, units: &[&Unit], integers: NodeId, target: usize) -> Result<NodeId, TraceError> {
        let length = 1 << bits_of(units[0].tables[0].len()).max(1);
        let (mut tables, mut selector): (Vec<Vec<i64>>, Vec<i64>) = (vec![], vec![]);
        for unit in units {
            let mut table = unit.tables[target].clone();
            table.resize(length, 0);
            let known = tables.iter().position(|other| *other == table);
            selector.push(known.unwrap_or(tables.len()) as i64);
            if known.is_none() {
                tables.push(table);
            }
        }
        let selector = ArrayD::from_shape_vec(IxDyn(&[units.len()]), selector).expect("one for each");
        let values = self.graph.lookup(LookupTable::for_each_element(&tables, selector), integers)?;
        self.graph.sum(values, Some(&[0]), KeepAxes::No)
    }

    /// What units that depend on one feature add to a target beyond what they add where all their bits are 0.
    fn linear(&mut self, units: &[&Unit], target: usize) -> Result<Option<NodeId>, TraceError> {
        let (mut weights, mut constant) = (BTreeMap::<Bit, i64>::new(), 0);
        for unit in units {
            let table = &unit.tables[target];
            constant += table[0];
            for (i, (bit, _)) in unit.terms.iter().enumerate() {
                *weights.entry(*bit).or_default() += table[i + 1] - table[i];
            }
        }
        let terms: Vec<(Bit, i64)> = weights.into_iter().filter(|(_, weight)| *weight != 0).collect();
        if terms.is_empty() && constant == 0 {
            return Ok(None);
        }
        let constant = ArrayD::from_elem(IxDyn(&[]), constant);
        let constant = self.graph.constant(constant);
        if terms.is_empty() {
            return self.graph.encrypt(constant).map(Some);
        }
        let sum = self.weighted(&[terms])?;
        let sum = self.graph.reshape(sum, &[])?;
        self.graph.add(sum, constant).map(Some)
    }
}
