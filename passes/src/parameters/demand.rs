//! How much noise reaches each lookup and each output, in units of a fresh encryption and of a bootstrap.
//!
//! A value's noise is a sum over sources: an input or the result of a lookup, whose elements have independent
//! noise of one variance. For each source the norm of the weights is kept, `‖c‖₂` with `noise = Σ cⱼ·eⱼ`.
//! Sources add up in squares. Two operands with a common source add their norms, since `‖a + b‖ ≤ ‖a‖ + ‖b‖`
//! whatever `a` and `b` share; so `x + x` counts four times `x`, and `x − x` too, which is sound. A sum over
//! elements that may share noise among themselves takes the sum of magnitudes instead of the norm.
//!
//! Sources whose elements meet in a `concat` are read as one larger source from the start, a family.
//! The noise of different lookups is taken to be independent, as everywhere in the field.

use crate::parameters::dag::{NodeKind, ParamDag, Reach, Use};
use cloakwork_abi::parameters::{Variance, Width};
use petgraph::Direction::Incoming;
use petgraph::graph::NodeIndex;
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

/// What the noise must not drown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DemandKind {
    /// The input of a lookup, after keyswitch and modulus switch.
    Lookup,
    /// A result that is decrypted.
    Output,
}

/// Messages of one width under noise of one size, that must be told apart.
#[derive(Clone, Debug, PartialEq)]
pub struct Demand {
    /// Where.
    pub kind: DemandKind,
    /// Width of the messages.
    pub width: Width,
    /// `norm2` over fresh encryptions.
    pub fresh: f64,
    /// `norm2` over results of lookups.
    pub bootstrap: f64,
    /// How many in one run.
    pub count: u64,
    /// Label of the first of them.
    pub label: String,
}

impl Demand {
    /// `norm2` over everything.
    pub fn norm2(&self) -> f64 {
        self.fresh + self.bootstrap
    }

    /// Variance before keyswitch and modulus switch.
    pub fn variance(&self, fresh: Variance, bootstrap: Variance) -> Variance {
        fresh * self.fresh + bootstrap * self.bootstrap
    }
}

/// Every demand of a program, equal ones once, in a fixed order.
pub fn demands(dag: &ParamDag) -> Vec<Demand> {
    let mut families = families(dag);
    let mut noises: Vec<Noise> = Vec::with_capacity(dag.graph.node_count());
    let mut demands: BTreeMap<_, Demand> = BTreeMap::new();
    for (index, node) in dag.graph.node_indices().zip(dag.graph.node_weights()) {
        let operands: Vec<(&Noise, Use)> =
            operands(dag, index).map(|(from, edge)| (&noises[from], edge)).collect();
        let (kind, count) = match node.kind {
            NodeKind::Lookup { count } => (Some(DemandKind::Lookup), count),
            NodeKind::Output { count } => (Some(DemandKind::Output), count),
            NodeKind::Input | NodeKind::Constant | NodeKind::Linear { .. } | NodeKind::Concat => (None, 0),
        };
        let operand = dag.graph.neighbors_directed(index, Incoming).next();
        if let (Some(kind), Some((noise, _)), Some(value)) = (kind, operands.first(), operand) {
            let width = dag.graph[value].width;
            let [fresh, bootstrap] = [false, true].map(|is_lookup| noise.norm2(dag, is_lookup));
            let key = (kind, width, fresh.to_bits(), bootstrap.to_bits());
            let label = node.label.clone();
            let demand = Demand { kind, width, fresh, bootstrap, count: 0, label };
            demands.entry(key).or_insert(demand).count += count;
        }
        let family = families.find_mut(index.index());
        let noise = match node.kind {
            NodeKind::Input => Noise::source(index, family, false),
            NodeKind::Lookup { .. } => {
                let is_copies = operands.first().is_some_and(|(noise, _)| noise.is_copies);
                Noise::source(index, family, is_copies)
            }
            NodeKind::Constant | NodeKind::Output { .. } => Noise::default(),
            NodeKind::Linear { .. } => linear(index, &operands),
            NodeKind::Concat => {
                let distinct: BTreeSet<_> = dag.graph.neighbors_directed(index, Incoming).collect();
                let has_repeats = distinct.len() < operands.len();
                let noise = concat(index, &operands);
                Noise { is_copies: noise.is_copies || has_repeats, ..noise }
            }
        };
        noises.push(noise);
    }
    demands.into_values().collect()
}

/// Noise of the worst element of a value.
#[derive(Clone, Debug, Default)]
struct Noise {
    /// For each family of sources, named by a node of it.
    parts: BTreeMap<usize, Part>,
    /// The sources themselves.
    sources: BTreeSet<usize>,
    /// Whether several elements are the same ciphertext.
    is_copies: bool,
}

/// Noise of the worst element of a value out of one family.
#[derive(Clone, Copy, Debug)]
struct Part {
    /// `‖c‖₂`
    norm: f64,
    /// The node that says which elements of the family an element depends on, if no two depend on the same;
    /// values of one layout agree on it.
    layout: Option<NodeIndex>,
}

impl Noise {
    fn source(index: NodeIndex, family: usize, is_copies: bool) -> Self {
        let part = Part { norm: 1.0, layout: (!is_copies).then_some(index) };
        Self { parts: [(family, part)].into(), sources: [index.index()].into(), is_copies }
    }

    /// `Σ ‖c‖²` over the families of lookups, or over those of inputs.
    fn norm2(&self, dag: &ParamDag, is_lookup: bool) -> f64 {
        let of_kind = |family: &usize| {
            matches!(dag.graph[NodeIndex::new(*family)].kind, NodeKind::Lookup { .. }) == is_lookup
        };
        let squares =
            self.parts.iter().filter(|(family, _)| of_kind(family)).map(|(_, part)| part.norm * part.norm);
        // Not `sum`, which gives −0 for nothing, and with it a deviation of −∞ instead of none.
        squares.fold(0.0, |sum, square| sum + square)
    }
}

fn linear(index: NodeIndex, operands: &[(&Noise, Use)]) -> Noise {
    let mut result = Noise::default();
    for (noise, edge) in operands {
        for (&family, part) in &noise.parts {
            let (norm, layout) = match (edge.reach, part.layout) {
                (Reach::Elementwise, layout) => (edge.norm1, layout),
                (Reach::Disjoint, Some(_)) => (edge.norm2.sqrt(), Some(index)),
                (Reach::Shared | Reach::Copies, Some(_)) => (edge.norm2.sqrt(), None),
                (Reach::Disjoint | Reach::Shared | Reach::Copies, None) => (edge.norm1, None),
            };
            let term = Part { norm: norm * part.norm, layout };
            result.parts.entry(family).and_modify(|sum| *sum = sum.add(term)).or_insert(term);
        }
        result.sources.extend(&noise.sources);
    }
    // Two operands that both reorder disjointly need not agree on the order.
    let reordered = operands.iter().filter(|(_, edge)| edge.reach == Reach::Disjoint).count();
    if reordered > 1 {
        result
            .parts
            .values_mut()
            .filter(|part| part.layout == Some(index))
            .for_each(|part| part.layout = None);
    }
    let mut noisy = operands.iter().filter(|(noise, _)| !noise.sources.is_empty()).peekable();
    result.is_copies =
        noisy.peek().is_some() && noisy.all(|(noise, edge)| noise.is_copies || edge.reach == Reach::Copies);
    result
}

fn concat(index: NodeIndex, operands: &[(&Noise, Use)]) -> Noise {
    let mut result = Noise::default();
    let mut is_disjoint = true;
    for (noise, _) in operands {
        for (&family, part) in &noise.parts {
            let sum = result.parts.entry(family).or_insert(Part { norm: 0.0, layout: None });
            sum.norm = sum.norm.max(part.norm);
            is_disjoint &= part.layout.is_some();
        }
        is_disjoint &= result.sources.is_disjoint(&noise.sources);
        result.sources.extend(&noise.sources);
        result.is_copies |= noise.is_copies;
    }
    if is_disjoint {
        result.parts.values_mut().for_each(|part| part.layout = Some(index));
    }
    result
}

impl Part {
    fn add(self, other: Self) -> Self {
        Self { norm: self.norm + other.norm, layout: self.layout.filter(|_| self.layout == other.layout) }
    }
}

/// Unites the sources of one kind whose elements meet in a `concat`.
fn families(dag: &ParamDag) -> UnionFind<usize> {
    let mut families = UnionFind::new(dag.graph.node_count());
    let mut sources: Vec<BTreeSet<usize>> = Vec::with_capacity(dag.graph.node_count());
    for (index, node) in dag.graph.node_indices().zip(dag.graph.node_weights()) {
        let reached: BTreeSet<usize> = match node.kind {
            NodeKind::Input | NodeKind::Lookup { .. } => [index.index()].into(),
            NodeKind::Constant | NodeKind::Output { .. } => BTreeSet::new(),
            NodeKind::Linear { .. } | NodeKind::Concat => {
                operands(dag, index).flat_map(|(from, _)| sources[from].iter().copied()).collect()
            }
        };
        if node.kind == NodeKind::Concat {
            let is_lookup = |source: &usize| dag.graph[NodeIndex::new(*source)].kind != NodeKind::Input;
            let (lookups, inputs): (Vec<usize>, Vec<usize>) = reached.iter().copied().partition(is_lookup);
            for kind in [lookups, inputs] {
                kind.windows(2).for_each(|pair| {
                    families.union(pair[0], pair[1]);
                });
            }
        }
        sources.push(reached);
    }
    families
}

/// Positions of the operands of a node and how it uses them.
fn operands(dag: &ParamDag, node: NodeIndex) -> impl Iterator<Item = (usize, Use)> {
    dag.graph.edges_directed(node, Incoming).map(|edge| (edge.source().index(), *edge.weight()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parameters::dag::{Operand, Value};

    const WIDTH: Width = Width(4);

    /// `(fresh, bootstrap)` at the only output of the program.
    fn at_output(build: impl FnOnce(&mut ParamDag) -> Value) -> (f64, f64) {
        let mut dag = ParamDag::default();
        let value = build(&mut dag);
        dag.output(value, 1, "out");
        let found: Vec<_> = demands(&dag).into_iter().filter(|d| d.kind == DemandKind::Output).collect();
        assert_eq!(found.len(), 1);
        (found[0].fresh, found[0].bootstrap)
    }

    fn close(found: (f64, f64), expected: (f64, f64)) {
        let differs = |a: f64, b: f64| (a - b).abs() > 1e-9 * b.abs().max(1.0);
        assert!(
            !differs(found.0, expected.0) && !differs(found.1, expected.1),
            "{found:?} instead of {expected:?}"
        );
    }

    fn sum(dag: &mut ParamDag, a: Operand, b: Operand) -> Value {
        dag.linear(&[a, b], WIDTH, 1, "sum")
    }

    #[test]
    fn different_sources_add_in_squares_and_the_same_in_norms() {
        close(
            at_output(|dag| {
                let (x, y) = (dag.input(WIDTH, "x"), dag.input(WIDTH, "y"));
                sum(dag, Operand::elementwise(x, 2.0), Operand::elementwise(y, -3.0))
            }),
            (13.0, 0.0),
        );
        close(
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                sum(dag, Operand::elementwise(x, 1.0), Operand::elementwise(x, 1.0))
            }),
            (4.0, 0.0),
        );
        // 2x + 3x by a detour is 5x
        close(
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                let double = dag.linear(&[Operand::elementwise(x, 2.0)], WIDTH, 1, "double");
                sum(dag, Operand::elementwise(double, 1.0), Operand::elementwise(x, 3.0))
            }),
            (25.0, 0.0),
        );
    }

    #[test]
    fn lookups_renew_the_noise() {
        close(
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                let big = dag.linear(&[Operand::elementwise(x, 100.0)], WIDTH, 1, "big");
                let y = dag.lookup(big, WIDTH, 1, "table");
                sum(dag, Operand::elementwise(y, 3.0), Operand::elementwise(x, 1.0))
            }),
            (1.0, 9.0),
        );
    }

    #[test]
    fn sums_over_independent_elements_take_the_norm_and_others_the_magnitudes() {
        // Σ over 4, then over 3: 12 elements, all different.
        close(
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                let rows = dag.linear(&[Operand::disjoint(x, 4.0, 4.0)], WIDTH, 12, "rows");
                dag.linear(&[Operand::disjoint(rows, 3.0, 3.0)], WIDTH, 3, "all")
            }),
            (12.0, 0.0),
        );
        // The sum of 4 copies is 4x.
        close(
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                let copies = dag.linear(&[Operand::copies(x)], WIDTH, 0, "broadcast");
                dag.linear(&[Operand::disjoint(copies, 4.0, 4.0)], WIDTH, 4, "all")
            }),
            (16.0, 0.0),
        );
        // A product of matrices of ones after another, 4 and 3 terms: 3 · (Σ of 4) at the worst.
        close(
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                let first = dag.linear(&[Operand::shared(x, 4.0, 4.0)], WIDTH, 12, "first");
                dag.linear(&[Operand::shared(first, 3.0, 3.0)], WIDTH, 9, "second")
            }),
            (36.0, 0.0),
        );
        // x + transpose(x) has x_ij twice, at (i, j) and (j, i): its sum is 2 Σ x.
        close(
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                let turned = dag.linear(&[Operand::disjoint(x, 1.0, 1.0)], WIDTH, 0, "transpose");
                let both = sum(dag, Operand::elementwise(x, 1.0), Operand::elementwise(turned, 1.0));
                dag.linear(&[Operand::disjoint(both, 9.0, 9.0)], WIDTH, 9, "all")
            }),
            (4.0 * 81.0, 0.0), // bound; exact is 4·9
        );
    }

    #[test]
    fn lookups_of_copies_have_the_same_noise() {
        let program = |is_copied: bool| {
            at_output(|dag| {
                let x = dag.input(WIDTH, "x");
                let operand = if is_copied { Operand::copies(x) } else { Operand::elementwise(x, 1.0) };
                let value = dag.linear(&[operand], WIDTH, 0, "value");
                let y = dag.lookup(value, WIDTH, 5, "table");
                dag.linear(&[Operand::disjoint(y, 5.0, 5.0)], WIDTH, 5, "all")
            })
        };
        close(program(true), (0.0, 25.0));
        close(program(false), (0.0, 5.0));
    }

    #[test]
    fn constants_never_fail() {
        let mut dag = ParamDag::default();
        let clear = dag.constant(Width(4), "clear");
        dag.output(clear, 1, "result");
        let demand = demands(&dag).remove(0);
        let variance = demand.variance(Variance(1e-9), Variance::ZERO);
        assert_eq!(cloakwork_abi::noise::p_error(variance, demand.width), 0.0);
    }

    #[test]
    fn concat_takes_the_worst_element() {
        let joined = |dag: &mut ParamDag| {
            let (x, y) = (dag.input(WIDTH, "x"), dag.input(WIDTH, "y"));
            let triple = dag.linear(&[Operand::elementwise(y, 3.0)], WIDTH, 1, "triple");
            (x, dag.concat(&[x, triple], WIDTH, "both"))
        };
        close(at_output(|dag| joined(dag).1), (9.0, 0.0));
        close(
            at_output(|dag| {
                let (_, both) = joined(dag);
                dag.linear(&[Operand::disjoint(both, 2.0, 2.0)], WIDTH, 2, "all")
            }),
            (18.0, 0.0), // bound; exact is 1 + 9
        );
        close(
            at_output(|dag| {
                let (x, both) = joined(dag);
                let copies = dag.linear(&[Operand::copies(x)], WIDTH, 0, "broadcast");
                sum(dag, Operand::elementwise(both, 1.0), Operand::elementwise(copies, 1.0))
            }),
            (16.0, 0.0), // bound; exact is 10
        );
    }

    #[test]
    fn equal_demands_are_counted_together() {
        let mut dag = ParamDag::default();
        let x = dag.input(WIDTH, "x");
        let y = dag.lookup(x, WIDTH, 3, "first");
        let z = dag.lookup(y, Width(2), 5, "second");
        let w = dag.lookup(y, Width(2), 7, "third");
        let clear = dag.constant(WIDTH, "constant");
        dag.output(z, 5, "z");
        dag.output(w, 7, "w");
        dag.output(clear, 1, "clear");
        let found: Vec<_> = demands(&dag)
            .iter()
            .map(|d| (d.label.clone(), d.kind, d.width.0, d.fresh, d.bootstrap, d.count))
            .collect();
        let expected = [
            ("first", DemandKind::Lookup, 4, 1.0, 0.0, 3),
            ("second", DemandKind::Lookup, 4, 0.0, 1.0, 12),
            ("z", DemandKind::Output, 2, 0.0, 1.0, 12),
            ("clear", DemandKind::Output, 4, 0.0, 0.0, 1),
        ];
        let expected: Vec<_> =
            expected.map(|(label, a, b, c, d, e)| (label.to_owned(), a, b, c, d, e)).into();
        let sorted = |mut list: Vec<(String, DemandKind, u32, f64, f64, u64)>| {
            list.sort_by(|a, b| a.0.cmp(&b.0));
            list
        };
        assert_eq!(sorted(found), sorted(expected));
    }
}
