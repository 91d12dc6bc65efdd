//! How far integers reach for whatever inputs there are: arguments and what is rounded to a grid are saturated, and sums with
//! known weights follow from them. Where nothing is known, samples have to do.

use super::lowering::Lowering;
use crate::graph::NodeId;
use crate::node::NodeKind;
use ndarray::ArrayD;
use std::rc::Rc;

/// The least and the greatest of each element.
pub(super) type Span = Rc<[ArrayD<f64>; 2]>;

impl Lowering<'_> {
    /// What is known of a node.
    pub(super) fn span(&self, node: NodeId) -> Option<Span> {
        if let Some(span) = self.spans.get(&node) {
            return Some(span.clone());
        }
        let node = self.graph.node(node);
        let NodeKind::Input(position) = &node.kind else { return None };
        let (lo, hi) = self.graph.inputs()[*position].declared.range()?;
        let all = |value: i128| ArrayD::from_elem(node.shape.clone(), value as f64);
        Some(Rc::new([all(lo), all(hi)]))
    }

    /// All elements of a node lie between two integers.
    pub(super) fn spans_from(&mut self, node: NodeId, lo: i64, hi: i64) {
        let shape = self.graph.node(node).shape.clone();
        let all = |value: i64| ArrayD::from_elem(shape.clone(), value as f64);
        self.spans.insert(node, Rc::new([all(lo), all(hi)]));
    }

    /// A node is what a function that keeps order makes of another.
    pub(super) fn spans_as(
        &mut self,
        node: NodeId,
        source: NodeId,
        moved: impl Fn(&ArrayD<f64>) -> ArrayD<f64>,
    ) {
        if let Some(span) = self.span(source) {
            self.spans.insert(node, Rc::new([moved(&span[0]), moved(&span[1])]));
        }
    }

    /// The span of sums of a node with weights, if every input is to be provided for.
    pub(super) fn span_of_sums(
        &self,
        node: NodeId,
        weights: &ArrayD<f64>,
        sums: impl Fn(&ArrayD<f64>, &ArrayD<f64>) -> ArrayD<f64>,
    ) -> Option<Span> {
        if !self.options.margin.minds_all_inputs() {
            return None;
        }
        let span = self.span(node)?;
        let (positive, negative) =
            (weights.mapv(|weight| weight.max(0.0)), weights.mapv(|weight| weight.min(0.0)));
        let least = sums(&span[0], &positive) + sums(&span[1], &negative);
        let greatest = sums(&span[1], &positive) + sums(&span[0], &negative);
        Some(Rc::new([least, greatest]))
    }

    /// A node is a function of others for which the span of the result follows from theirs.
    pub(super) fn spans_of(
        &mut self,
        node: NodeId,
        sources: &[NodeId],
        ends: impl Fn(&[Span]) -> [ArrayD<f64>; 2],
    ) {
        let known: Option<Vec<Span>> = sources.iter().map(|source| self.span(*source)).collect();
        if let Some(known) = known {
            self.spans.insert(node, Rc::new(ends(&known)));
        }
    }
}

/// The ends of products of elements that lie between those of two spans.
pub(super) fn product(x: &[ArrayD<f64>; 2], y: &[ArrayD<f64>; 2]) -> [ArrayD<f64>; 2] {
    let corners = [&x[0] * &y[0], &x[0] * &y[1], &x[1] * &y[0], &x[1] * &y[1]];
    let all = |pick: fn(f64, f64) -> f64| {
        let [mut first, rest @ ..] = corners.clone();
        rest.iter().for_each(|corner| first.zip_mut_with(corner, |v, &other| *v = pick(*v, other)));
        first
    };
    [all(f64::min), all(f64::max)]
}

/// The ends of elements times known weights.
pub(super) fn times(x: &[ArrayD<f64>; 2], weights: &ArrayD<f64>) -> [ArrayD<f64>; 2] {
    product(x, &[weights.clone(), weights.clone()])
}

/// Least and greatest end of all elements.
pub(super) fn hull([least, greatest]: &[ArrayD<f64>; 2]) -> (f64, f64) {
    (
        least.iter().copied().fold(f64::INFINITY, f64::min),
        greatest.iter().copied().fold(f64::NEG_INFINITY, f64::max),
    )
}
