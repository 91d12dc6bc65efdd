//! The noise of every value as norms over families of sources; the header of [`super::demand`] says how.

use crate::parameters::dag::{NodeKind, ParamDag, Reach, Use};
use crate::parameters::demand::{Source, Term};
use petgraph::Direction::Incoming;
use petgraph::graph::NodeIndex;
use petgraph::unionfind::UnionFind;
use petgraph::visit::EdgeRef;
use std::collections::{BTreeMap, BTreeSet};

/// The inputs that noise is fed to which is not independent, between their elements or with other inputs, and
/// these other inputs.
pub(super) fn tangled(dag: &ParamDag, meeting: Meeting) -> BTreeSet<usize> {
    let mut tangled = BTreeSet::new();
    loop {
        let noises = noises(dag, &tangled, meeting);
        let mut seen: BTreeMap<usize, NodeIndex> = BTreeMap::new();
        let before = tangled.len();
        for &(output, input) in &dag.fed {
            let Some(value) = dag.graph.neighbors_directed(output, Incoming).next() else { continue };
            let noise = &noises.of[value.index()];
            let is_input = |source: usize| dag.graph[NodeIndex::new(source)].kind == NodeKind::Input;
            let inputs: Vec<usize> =
                noise.sources.iter().copied().filter(|&source| is_input(source)).collect();
            let is_itself = inputs == [input.index()] && noise.parts.values().all(|part| part.norm <= 1.0);
            let mut is_clean = noise.parts.values().all(|part| part.layout.is_some());
            is_clean &= inputs.is_empty() || is_itself && noise.sources.len() == 1;
            for &source in &noise.sources {
                let first = *seen.entry(source).or_insert(input);
                if first != input {
                    is_clean = false;
                    tangled.insert(first.index());
                }
            }
            if !is_clean {
                tangled.insert(input.index());
                tangled.extend(inputs);
            }
        }
        if tangled.len() == before {
            return tangled;
        }
    }
}

/// Noise of every value of a program.
pub(super) struct Noises {
    pub of: Vec<Noise>,
    families: UnionFind<usize>,
    /// Families with an input that results are fed to, ascending.
    pub fed_families: Vec<usize>,
    /// Families with a tangled input.
    tangled: BTreeSet<usize>,
}

impl Noises {
    pub(super) fn family(&self, node: NodeIndex) -> usize {
        self.families.find(node.index())
    }

    /// `Σ ‖c‖²` by source, in a fixed order, equal sources once; products of what is tangled go to both sides.
    ///
    /// `2·a·b·σ·τ ≤ a·b·σ² + a·b·τ²`, so where noise that was fed back and other noise may be the same, each gets
    /// `a·b` more. Inputs that nothing is fed to are fresh in every run: two of them are independent.
    pub(super) fn terms(&self, value: NodeIndex, members: &BTreeMap<usize, Source>) -> Vec<Term> {
        let parts = &self.of[value.index()].parts;
        let is_fed = |family: &usize| self.fed_families.binary_search(family).is_ok();
        let tangled = || parts.iter().filter(|(family, _)| self.tangled.contains(family));
        let mut terms: BTreeMap<&Source, f64> = BTreeMap::new();
        for (family, part) in parts {
            let Some(source) = members.get(family) else { continue };
            let may_share = |other: &usize| {
                other != family && self.tangled.contains(family) && (is_fed(family) || is_fed(other))
            };
            let shared: f64 =
                tangled().filter(|(other, _)| may_share(other)).map(|(_, part)| part.norm).sum();
            *terms.entry(source).or_insert(0.0) += part.norm * (part.norm + shared);
        }
        terms.into_iter().map(|(source, norm2)| Term { source: source.clone(), norm2 }).collect()
    }
}

/// How inputs that results are fed to are read where they meet in a `concat`: each is a bound, none is always the lesser.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Meeting {
    /// As one source with the greatest variance of all: what leads from one to another leads to all.
    United,
    /// Each by itself: every element counts as if it had the noise of each.
    Apart,
}

pub(super) fn noises(dag: &ParamDag, tangled: &BTreeSet<usize>, meeting: Meeting) -> Noises {
    let fed: BTreeSet<usize> = dag.fed.iter().map(|(_, input)| input.index()).collect();
    let mut families = families(dag, &fed, meeting);
    let mut noises: Vec<Noise> = Vec::with_capacity(dag.graph.node_count());
    for (index, node) in dag.graph.node_indices().zip(dag.graph.node_weights()) {
        let operands: Vec<(&Noise, Use)> =
            operands(dag, index).map(|(from, edge)| (&noises[from], edge)).collect();
        let family = families.find_mut(index.index());
        let noise = match node.kind {
            NodeKind::Input => {
                let is_copies = tangled.contains(&index.index()) && fed.contains(&index.index());
                Noise::source(index, family, is_copies)
            }
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
    let of_families =
        |nodes: &BTreeSet<usize>| nodes.iter().map(|&node| families.find(node)).collect::<BTreeSet<_>>();
    let (fed, tangled) = (of_families(&fed), of_families(tangled));
    Noises { of: noises, fed_families: fed.into_iter().collect(), tangled, families }
}

/// Noise of the worst element of a value.
#[derive(Clone, Debug, Default)]
pub(super) struct Noise {
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

/// Unites the sources of one kind whose elements meet in a `concat`; inputs that results are fed to are a kind, or stay
/// apart.
fn families(dag: &ParamDag, fed: &BTreeSet<usize>, meeting: Meeting) -> UnionFind<usize> {
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
            let (fed, fresh): (Vec<usize>, Vec<usize>) = inputs.into_iter().partition(|i| fed.contains(i));
            let fed = if meeting == Meeting::United { fed } else { Vec::new() };
            for kind in [lookups, fed, fresh] {
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
pub(super) fn operands(dag: &ParamDag, node: NodeIndex) -> impl Iterator<Item = (usize, Use)> {
    dag.graph.edges_directed(node, Incoming).map(|edge| (edge.source().index(), *edge.weight()))
}
