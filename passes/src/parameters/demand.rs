//! How much noise reaches each lookup and each output, as sums over its sources; what shares a key.
//!
//! A value's noise is a sum over sources: an input or the result of a lookup, whose elements have independent
//! noise of one variance. For each source the norm of the weights is kept, `‖c‖₂` with `noise = Σ cⱼ·eⱼ`.
//! Sources add up in squares. Two operands with a common source add their norms, since `‖a + b‖ ≤ ‖a‖ + ‖b‖`
//! whatever `a` and `b` share; so `x + x` counts four times `x`, and `x − x` too, which is sound. A sum over
//! elements that may share noise among themselves takes the sum of magnitudes instead of the norm.
//!
//! Sources whose elements meet in a `concat` are read as one larger source from the start, a family, whose
//! variance is the greatest of its members'. Inputs that results are fed to are read apart where they would seem to grow.
//! The noise of different lookups is taken to be independent, as everywhere in the field.
//!
//! An input that results are fed to has the noise of the noisiest of them. Where their elements do not have
//! independent noise, or may share it with another input, it counts as copies, and sums of it and such another input
//! as sums of the same noise. What is fed back with a weight of 1 and nothing added keeps its noise; anything else
//! that feeds itself without a lookup grows from run to run.

use crate::parameters::dag::{NodeKind, ParamDag};
use crate::parameters::sources::{Meeting, Noises, noises, operands, tangled};
use cloakwork_abi::parameters::{Variance, Width};
use petgraph::Direction::Incoming;
use petgraph::graph::NodeIndex;
use petgraph::unionfind::UnionFind;
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
    /// `norm2` over fresh encryptions, and over inputs that results are fed to.
    pub fresh: f64,
    /// `norm2` over results of lookups.
    pub bootstrap: f64,
    /// How many in one run of each function.
    pub count: u64,
    /// Label of the first of them.
    pub label: String,
}

impl Demand {
    /// `norm2` over everything.
    pub fn norm2(&self) -> f64 {
        self.fresh + self.bootstrap
    }

    /// Variance before keyswitch and modulus switch, where all keys are of one kind.
    pub fn variance(&self, fresh: Variance, bootstrap: Variance) -> Variance {
        fresh * self.fresh + bootstrap * self.bootstrap
    }
}

/// What decides the key of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// It belongs to linear operations: by position in [`Analysis::components`].
    Component(usize),
    /// It is the result of a lookup: by position in [`Analysis::lookups`].
    Lookup(usize),
}

/// Where a part of the noise comes from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Source {
    /// Fresh encryptions.
    Fresh,
    /// Inputs that results are fed to: by position in [`Analysis::fed`].
    Fed(usize),
    /// The noisiest of these lookups, by position.
    Lookups(Vec<usize>),
}

/// A part of the noise of a value: that of `source`, times `norm2`.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Term {
    pub source: Source,
    pub norm2: f64,
}

/// A lookup.
#[derive(Clone, Debug)]
pub(super) struct LookupNode {
    pub node: NodeIndex,
    pub count: u64,
}

/// A value that is looked up or decrypted.
#[derive(Clone, Debug)]
pub(super) struct Looked {
    pub kind: DemandKind,
    pub place: Place,
    pub width: Width,
    pub terms: Vec<Term>,
    /// Elements.
    pub count: u64,
    /// Label of its first use.
    pub label: String,
    /// Position of its function.
    pub function: usize,
    /// Lookups of it, by position, none for an output.
    pub lookups: Vec<usize>,
}

/// Values that linear operations connect.
#[derive(Clone, Debug, Default)]
pub(super) struct Component {
    /// Ciphertexts that are weighted and added.
    pub additions: u64,
    /// Lookups whose results it uses, by position.
    pub uses: BTreeSet<usize>,
}

/// What a program asks of its keys.
#[derive(Clone, Debug)]
pub(super) struct Analysis {
    /// Place of each node's value; of outputs, that of their operand.
    pub places: Vec<Place>,
    pub components: Vec<Component>,
    pub lookups: Vec<LookupNode>,
    /// Values that are looked up, in the order of their first lookups.
    pub operands: Vec<Looked>,
    /// Values that are decrypted.
    pub outputs: Vec<Looked>,
    /// For each family of inputs that results are fed to: what may be fed.
    pub fed: Vec<Vec<(Place, Vec<Term>)>>,
    /// Lookups whose results must be under the key of a component.
    pub ties: Vec<(usize, usize)>,
    /// Label of an input whose noise grows from run to run.
    pub growing: Option<String>,
    /// Functions of the module.
    pub functions: usize,
}

/// Follows the noise through a program.
pub(super) fn analyse(dag: &ParamDag) -> Analysis {
    let united = analyse_with(dag, Meeting::United);
    if united.growing.is_none() {
        return united;
    }
    // Inputs that meet in a `concat` may only seem to feed themselves because they are read as one.
    let apart = analyse_with(dag, Meeting::Apart);
    if apart.growing.is_none() { apart } else { united }
}

fn analyse_with(dag: &ParamDag, meeting: Meeting) -> Analysis {
    let tangled = tangled(dag, meeting);
    let noises = noises(dag, &tangled, meeting);
    let (places, component_count, lookup_nodes) = places(dag);
    let mut analysis = Analysis {
        components: vec![Component::default(); component_count],
        lookups: Vec::new(),
        operands: Vec::new(),
        outputs: Vec::new(),
        fed: Vec::new(),
        ties: Vec::new(),
        growing: None,
        functions: dag.functions(),
        places,
    };
    let (members, fed) = members(dag, &noises, &lookup_nodes);
    let terms = |value: NodeIndex| noises.terms(value, &members);
    let mut operand_of: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, node) in dag.graph.node_indices().zip(dag.graph.node_weights()) {
        let place = analysis.places[index.index()];
        let looked = |value: NodeIndex, kind, count| Looked {
            kind,
            place: analysis.places[value.index()],
            width: dag.graph[value].width,
            terms: terms(value),
            count,
            label: node.label.clone(),
            function: node.function,
            lookups: Vec::new(),
        };
        let operand = dag.graph.neighbors_directed(index, Incoming).next();
        match (node.kind, operand) {
            (NodeKind::Lookup { count }, Some(value)) => {
                let found = operand_of.get(&value.index()).copied();
                let operand = found.unwrap_or_else(|| {
                    let new = looked(value, DemandKind::Lookup, count);
                    operand_of.insert(value.index(), analysis.operands.len());
                    analysis.operands.push(new);
                    analysis.operands.len() - 1
                });
                analysis.operands[operand].lookups.push(analysis.lookups.len());
                analysis.lookups.push(LookupNode { node: index, count });
            }
            (NodeKind::Output { count }, Some(value)) => {
                let output = looked(value, DemandKind::Output, count);
                analysis.outputs.push(output);
            }
            (NodeKind::Linear { .. } | NodeKind::Concat, _) => {
                let Place::Component(component) = place else { continue };
                if let NodeKind::Linear { additions } = node.kind {
                    analysis.components[component].additions += additions;
                }
                for (from, _) in operands(dag, index) {
                    if let Place::Lookup(lookup) = analysis.places[from] {
                        analysis.components[component].uses.insert(lookup);
                    }
                }
            }
            (NodeKind::Input | NodeKind::Constant | NodeKind::Lookup { .. } | NodeKind::Output { .. }, _) => {
            }
        }
    }
    analysis.fed = fed
        .iter()
        .map(|values| values.iter().map(|&v| (analysis.places[v.index()], terms(v))).collect())
        .collect();
    for &(output, input) in &dag.fed {
        let places = [output, input].map(|node| analysis.places[node.index()]);
        if let [Place::Lookup(lookup), Place::Component(component)] = places {
            analysis.ties.push((lookup, component));
        }
    }
    analysis.growing = growing(dag, &analysis, &noises);
    analysis
}

/// Label of an input that gets noisier from run to run without end.
fn growing(dag: &ParamDag, analysis: &Analysis, noises: &Noises) -> Option<String> {
    let mut variances = vec![1.0; analysis.fed.len()];
    let next = |variances: &[f64], i: usize| {
        let of = |term: &Term| {
            term.norm2
                * match term.source {
                    Source::Fed(i) => variances[i],
                    Source::Fresh | Source::Lookups(_) => 1.0,
                }
        };
        let all = analysis.fed[i].iter().map(|(_, terms)| terms.iter().map(of).sum());
        all.fold(1.0, f64::max)
    };
    let round = |variances: &[f64]| (0..variances.len()).map(|i| next(variances, i)).collect::<Vec<f64>>();
    for _ in 0..=analysis.fed.len() {
        variances = round(&variances);
    }
    // Without growth nothing changes after as many rounds as there are families: no cycle adds or multiplies.
    let position = round(&variances).iter().zip(&variances).position(|(next, now)| next > now)?;
    let (_, input) =
        dag.fed.iter().find(|(_, input)| noises.fed_families[position] == noises.family(*input))?;
    Some(dag.graph[*input].label.clone())
}

/// Places, the number of components, and the node of each lookup.
fn places(dag: &ParamDag) -> (Vec<Place>, usize, BTreeMap<usize, usize>) {
    let mut union = UnionFind::new(dag.graph.node_count());
    let is_lookup = |node: usize| matches!(dag.graph[NodeIndex::new(node)].kind, NodeKind::Lookup { .. });
    for (index, node) in dag.graph.node_indices().zip(dag.graph.node_weights()) {
        if matches!(node.kind, NodeKind::Linear { .. } | NodeKind::Concat) {
            for (from, _) in operands(dag, index).filter(|(from, _)| !is_lookup(*from)) {
                union.union(from, index.index());
            }
        }
    }
    let value_of = |output: NodeIndex| dag.graph.neighbors_directed(output, Incoming).next();
    for &(output, input) in &dag.fed {
        if let Some(value) = value_of(output).filter(|value| !is_lookup(value.index())) {
            union.union(value.index(), input.index());
        }
    }
    let mut lookups = BTreeMap::new();
    let mut components = BTreeMap::new();
    let mut places: Vec<Place> = Vec::with_capacity(dag.graph.node_count());
    for (index, node) in dag.graph.node_indices().zip(dag.graph.node_weights()) {
        let place = match node.kind {
            NodeKind::Lookup { .. } => {
                lookups.insert(index.index(), lookups.len());
                Place::Lookup(lookups.len() - 1)
            }
            NodeKind::Output { .. } => match value_of(index) {
                Some(value) => places[value.index()],
                None => Place::Component(0),
            },
            NodeKind::Input | NodeKind::Constant | NodeKind::Linear { .. } | NodeKind::Concat => {
                let next = components.len();
                Place::Component(*components.entry(union.find_mut(index.index())).or_insert(next))
            }
        };
        places.push(place);
    }
    (places, components.len(), lookups)
}

/// What each family is as a source; and for each family that results are fed to, these results.
fn members(
    dag: &ParamDag,
    noises: &Noises,
    lookups: &BTreeMap<usize, usize>,
) -> (BTreeMap<usize, Source>, Vec<Vec<NodeIndex>>) {
    let mut members: BTreeMap<usize, Source> = BTreeMap::new();
    for (index, node) in dag.graph.node_indices().zip(dag.graph.node_weights()) {
        let family = noises.family(index);
        match node.kind {
            NodeKind::Lookup { .. } => {
                let source = members.entry(family).or_insert(Source::Lookups(Vec::new()));
                if let Source::Lookups(all) = source {
                    all.extend(lookups.get(&index.index()));
                }
            }
            NodeKind::Input => {
                let fed = noises.fed_families.iter().position(|&fed| fed == family);
                members.insert(family, fed.map_or(Source::Fresh, Source::Fed));
            }
            NodeKind::Constant | NodeKind::Linear { .. } | NodeKind::Concat | NodeKind::Output { .. } => {}
        }
    }
    let of_family = |family: &usize| {
        let feeds = dag.fed.iter().filter(|(_, input)| noises.family(*input) == *family);
        feeds.filter_map(|(output, _)| dag.graph.neighbors_directed(*output, Incoming).next()).collect()
    };
    let fed = noises.fed_families.iter().map(of_family).collect();
    (members, fed)
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
        let outputs = analyse(&dag).outputs;
        assert_eq!(outputs.len(), 1);
        norms(&outputs[0].terms)
    }

    /// `norm2` over fresh encryptions and over results of lookups.
    fn norms(terms: &[Term]) -> (f64, f64) {
        let sum = |is_lookup: bool| {
            let of_kind = terms.iter().filter(|term| matches!(term.source, Source::Lookups(_)) == is_lookup);
            of_kind.map(|term| term.norm2).sum()
        };
        (sum(false), sum(true))
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
    fn constants_have_no_noise() {
        close(at_output(|dag| dag.constant(WIDTH, "clear")), (0.0, 0.0));
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
    fn lookups_of_one_value_are_together_and_linear_operations_have_one_place() {
        let mut dag = ParamDag::default();
        let x = dag.input(WIDTH, "x");
        let y = dag.lookup(x, WIDTH, 3, "first");
        let z = dag.lookup(y, Width(2), 3, "second");
        let w = dag.lookup(y, Width(2), 3, "third");
        let both = sum(&mut dag, Operand::elementwise(z, 1.0), Operand::elementwise(w, 1.0));
        dag.output(both, 3, "both");
        let found = analyse(&dag);
        let operands: Vec<_> = found.operands.iter().map(|o| (o.place, o.lookups.clone())).collect();
        assert_eq!(operands, [(Place::Component(0), vec![0]), (Place::Lookup(0), vec![1, 2])]);
        assert_eq!(found.outputs[0].place, Place::Component(1));
        assert_eq!(found.components[1].uses, [1, 2].into());
        assert_eq!(norms(&found.outputs[0].terms), (0.0, 2.0));
    }

    /// `x` becomes `weight·x + Σ of a lookup`, and is looked up.
    fn loop_of(weight: Option<f64>) -> Analysis {
        let mut dag = ParamDag::default();
        let x = dag.input(WIDTH, "x");
        let y = dag.lookup(x, WIDTH, 4, "table");
        let next = match weight {
            Some(weight) => sum(&mut dag, Operand::elementwise(x, weight), Operand::elementwise(y, 1.0)),
            None => y,
        };
        let output = dag.output(next, 4, "next");
        dag.compose(output, x).unwrap();
        analyse(&dag)
    }

    #[test]
    fn what_is_fed_back_is_a_source_of_its_own() {
        let refreshed = loop_of(None);
        assert_eq!(refreshed.growing, None);
        assert_eq!(refreshed.ties, [(0, 0)]);
        let [feeds] = refreshed.fed.as_slice() else { panic!("one family is fed") };
        assert_eq!(feeds[0].1, [Term { source: Source::Lookups(vec![0]), norm2: 1.0 }]);
        assert_eq!(refreshed.operands[0].terms, [Term { source: Source::Fed(0), norm2: 1.0 }]);
        assert_eq!(loop_of(Some(1.0)).growing.as_deref(), Some("x"));
    }

    /// `x`, fed with what `next` makes of `x`, a lookup of it and an input `y` that nothing is fed to.
    fn fed_with(next: impl FnOnce(&mut ParamDag, [Value; 3]) -> Value) -> Analysis {
        let mut dag = ParamDag::default();
        let (x, y) = (dag.input(WIDTH, "x"), dag.input(WIDTH, "y"));
        let found = dag.lookup(x, WIDTH, 4, "table");
        let next = next(&mut dag, [x, found, y]);
        let output = dag.output(next, 4, "next");
        let both = sum(&mut dag, Operand::elementwise(x, 1.0), Operand::elementwise(y, 3.0));
        dag.output(both, 4, "both");
        dag.compose(output, x).unwrap();
        analyse(&dag)
    }

    #[test]
    fn what_is_added_to_a_renewed_value_does_not_grow() {
        let one = |value| Operand::elementwise(value, 1.0);
        let found = fed_with(|dag, [_, found, y]| sum(dag, one(found), one(y)));
        assert_eq!(found.growing, None);
        let term = |source, norm2| Term { source, norm2 };
        let fed = [term(Source::Fresh, 1.0), term(Source::Lookups(vec![0]), 1.0)];
        assert_eq!(found.fed[0][0].1, fed);
        // x may hold the very y that it is added to: (σ + 3τ)² ≤ (1 + 3)·σ² + (9 + 3)·τ²
        assert_eq!(found.outputs[1].terms, [term(Source::Fresh, 12.0), term(Source::Fed(0), 4.0)]);
        // Also where both meet in a concat.
        let found = fed_with(|dag, [x, found, y]| {
            let joined = dag.concat(&[x, y], WIDTH, "joined");
            dag.output(joined, 8, "joined");
            sum(dag, one(found), one(y))
        });
        assert_eq!(found.growing, None);
    }

    #[test]
    fn only_unrenewed_loops_that_add_or_multiply_grow() {
        let one = |value| Operand::elementwise(value, 1.0);
        assert_eq!(fed_with(|_, [x, ..]| x).growing, None);
        assert_eq!(fed_with(|_, [_, _, y]| y).growing, None);
        let copied = |dag: &mut ParamDag, [x, ..]: [Value; 3]| dag.linear(&[one(x)], WIDTH, 0, "reshape");
        assert_eq!(fed_with(copied).growing, None);
        assert_eq!(fed_with(|dag, [x, _, y]| sum(dag, one(x), one(y))).growing.as_deref(), Some("x"));
        assert_eq!(fed_with(|dag, [x, found, _]| sum(dag, one(x), one(found))).growing.as_deref(), Some("x"));
        let doubled = |dag: &mut ParamDag, [x, ..]: [Value; 3]| {
            dag.linear(&[Operand::elementwise(x, 2.0)], WIDTH, 1, "double")
        };
        assert_eq!(fed_with(doubled).growing.as_deref(), Some("x"));
    }

    #[test]
    fn inputs_that_feed_each_other_grow_only_around_a_cycle() {
        let program = |is_closed: bool| {
            let mut dag = ParamDag::default();
            let (a, b) = (dag.input(WIDTH, "a"), dag.input(WIDTH, "b"));
            let found = dag.lookup(b, WIDTH, 4, "table");
            let next = sum(&mut dag, Operand::elementwise(a, 1.0), Operand::elementwise(found, 1.0));
            let (to_b, to_a) =
                (dag.output(next, 4, "next b"), dag.output(if is_closed { b } else { found }, 4, "next a"));
            dag.compose(to_b, b).unwrap();
            dag.compose(to_a, a).unwrap();
            analyse(&dag).growing
        };
        assert_eq!(program(false), None);
        assert!(program(true).is_some());
    }

    #[test]
    fn inputs_that_meet_in_a_concat_only_grow_around_a_cycle() {
        let program = |is_closed: bool| {
            let mut dag = ParamDag::default();
            let (a, b) = (dag.input(WIDTH, "a"), dag.input(WIDTH, "b"));
            let joined = dag.concat(&[a, b], WIDTH, "joined");
            let found = dag.lookup(joined, WIDTH, 8, "table");
            let half = dag.linear(&[Operand::disjoint(found, 1.0, 1.0)], WIDTH, 0, "half");
            let next = sum(&mut dag, Operand::elementwise(a, 1.0), Operand::elementwise(half, 1.0));
            let (to_b, to_a) =
                (dag.output(next, 4, "next b"), dag.output(if is_closed { b } else { half }, 4, "next a"));
            dag.compose(to_b, b).unwrap();
            dag.compose(to_a, a).unwrap();
            analyse(&dag)
        };
        let open = program(false);
        assert_eq!(open.growing, None);
        // a holds a result of the table, b that and another, whatever they share.
        assert_eq!(open.fed.len(), 2);
        assert!(program(true).growing.is_some());
        // Two states that change places in one tensor keep their noise.
        let mut dag = ParamDag::default();
        let (a, b) = (dag.input(WIDTH, "a"), dag.input(WIDTH, "b"));
        let joined = dag.concat(&[b, a], WIDTH, "joined");
        let halves = [0, 1].map(|_| dag.linear(&[Operand::disjoint(joined, 1.0, 1.0)], WIDTH, 0, "half"));
        for (half, input) in halves.into_iter().zip([a, b]) {
            let output = dag.output(half, 4, "next");
            dag.compose(output, input).unwrap();
        }
        assert_eq!(analyse(&dag).growing, None);
    }

    #[test]
    fn sums_of_what_is_fed_back_unsettled_take_magnitudes() {
        // Every element of the fed value is the sum of all: copies of one noise.
        let mut dag = ParamDag::default();
        let x = dag.input(WIDTH, "x");
        let y = dag.lookup(x, WIDTH, 4, "table");
        let all = dag.linear(&[Operand::shared(y, 4.0, 4.0)], WIDTH, 16, "all");
        let output = dag.output(all, 4, "next");
        let total = dag.linear(&[Operand::disjoint(x, 4.0, 4.0)], WIDTH, 4, "total");
        dag.output(total, 1, "total");
        dag.compose(output, x).unwrap();
        let found = analyse(&dag);
        assert_eq!(found.outputs[1].terms, [Term { source: Source::Fed(0), norm2: 16.0 }]);
    }
}
