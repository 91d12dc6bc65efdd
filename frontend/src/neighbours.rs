//! The votes of the nearest points as programs on integers.
//!
//! Which of two points is nearer is a question of one sum: `|x − a|² ≤ |x − b|²` says `x·u ≥ t` for `u` along `a − b`, so
//! squares are never encrypted and many pairs of points ask the same. How many points are nearer than a point is a sum of
//! those answers, and one more lookup tells whether they are fewer than `k`. Where all features together have few bits,
//! one lookup for each class does it. Only ways whose rough cost is near the least are built: a program of hundreds of
//! lookups takes longer to compile than the answer would ever be worth.

use crate::error::TraceError;
use crate::graph::{Hint, NodeId, OpGraph};
use crate::lookup_table::LookupTable;
use crate::node::InputType;
use crate::shapes::KeepAxes;
use cloakwork_abi::encoding::width_of_range;
use ndarray::{ArrayD, IxDyn};
use std::collections::{BTreeMap, BTreeSet};

/// Points on a grid, each of a class. Of points at one distance the first is nearest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbours {
    /// One row each, of integers from 0.
    pub points: Vec<Vec<i64>>,
    /// Of each point.
    pub classes: Vec<usize>,
    /// Number of classes.
    pub class_count: usize,
    /// How many vote.
    pub k: usize,
    /// Bits of a feature.
    pub bits: u32,
}

/// Bits that one table takes in place of everything else.
const MOST_TABLE_BITS: u32 = 14;
/// A lookup of fewer bits costs about as much as one of these.
const CHEAPEST_BITS: u32 = 4;
/// What costs so many times the least is not built; rough costs are not closer than that.
const MOST_TIMES_THE_LEAST: f64 = 4.0;

/// `[x·u ≥ t]`
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Question {
    direction: Vec<i64>,
    least: i64,
}

/// For a direction `u` its sums `x·u`, moved to begin at 0, and how far.
type Sums = BTreeMap<Vec<i64>, (NodeId, i64)>;

/// Whether a point comes before another: the answer of a question, or the other answer, or what is always so.
enum Before {
    Asked { question: Question, is_negated: bool },
    Always(bool),
}

impl Neighbours {
    /// How many of the `k` nearest points are of each class.
    pub fn votes(&self, x: &[i64]) -> Vec<i64> {
        let distance =
            |point: &Vec<i64>| -> i64 { point.iter().zip(x).map(|(p, x)| (p - x) * (p - x)).sum() };
        let mut order: Vec<usize> = (0..self.points.len()).collect();
        order.sort_by_key(|&i| (distance(&self.points[i]), i));
        let mut votes = vec![0; self.class_count];
        order.iter().take(self.k).for_each(|&i| votes[self.classes[i]] += 1);
        votes
    }

    /// Programs of one meaning: from `[1, features]` to votes `[1, classes]`.
    pub fn programs(&self, name: &str, input: &str) -> Result<Vec<OpGraph>, TraceError> {
        let features = self.points.first().map_or(0, Vec::len);
        let table_bits = self.bits * features as u32;
        let by_table = (table_bits <= MOST_TABLE_BITS).then(|| self.class_count as f64 * cost(table_bits));
        let by_ranks = self.cost_of_ranks();
        let most = by_table.unwrap_or(f64::INFINITY).min(by_ranks) * MOST_TIMES_THE_LEAST;
        let mut programs = vec![];
        if by_table.is_some_and(|cost| cost <= most) {
            programs.push(self.by_table(name, input, features)?);
        }
        if by_ranks <= most {
            programs.push(self.by_ranks(name, input, features)?);
        }
        Ok(programs)
    }

    /// Of the lookups of all questions and of all ranks.
    fn cost_of_ranks(&self) -> f64 {
        let count = self.points.len();
        let pairs = (0..count).flat_map(|i| (0..i).flat_map(move |j| [(i, j), (j, i)]));
        let questions: BTreeSet<Question> = pairs
            .filter_map(|(a, b)| match self.before(a, b) {
                Before::Asked { question, .. } => Some(question),
                Before::Always(_) => None,
            })
            .collect();
        let of_question = |question: &Question| {
            let (least, greatest) = self.span(&question.direction);
            cost(width_of_range(0, greatest - least).0)
        };
        let rank = cost(width_of_range(0, count as i64).0);
        questions.iter().map(of_question).sum::<f64>() + count as f64 * rank
    }

    fn by_table(&self, name: &str, input: &str, features: usize) -> Result<OpGraph, TraceError> {
        let mut graph = OpGraph::new(name);
        let x = self.argument(&mut graph, input, features)?;
        let places: Vec<i64> = (0..features as u32).map(|i| 1 << (self.bits * i)).collect();
        let code = sum_of(&mut graph, x, &places)?;
        // A few samples do not show how far it reaches.
        let greatest = (1i64 << (self.bits * features as u32)) - 1;
        graph.hint(code, Hint { width: None, range: Some((0, greatest)) });
        let levels = 1i64 << self.bits;
        let mut votes: Vec<Vec<i64>> = vec![vec![]; self.class_count];
        for code in 0..1i64 << (self.bits * features as u32) {
            let sample: Vec<i64> = places.iter().map(|place| code / place % levels).collect();
            votes.iter_mut().zip(self.votes(&sample)).for_each(|(table, count)| table.push(count));
        }
        let counts = votes
            .into_iter()
            .map(|table| graph.lookup(LookupTable::new(table), code))
            .collect::<Result<Vec<_>, _>>()?;
        self.finish(graph, counts)
    }

    fn by_ranks(&self, name: &str, input: &str, features: usize) -> Result<OpGraph, TraceError> {
        let mut graph = OpGraph::new(name);
        let x = self.argument(&mut graph, input, features)?;
        let count = self.points.len();
        let mut answers: BTreeMap<Question, NodeId> = BTreeMap::new();
        let mut sums = Sums::new();
        let mut is_near: Vec<Option<NodeId>> = vec![];
        for i in 0..count {
            let (mut constant, mut terms) = (0, BTreeMap::<NodeId, i64>::new());
            for j in (0..count).filter(|&j| j != i) {
                match self.before(j, i) {
                    Before::Always(always) => constant += i64::from(always),
                    Before::Asked { question, is_negated } => {
                        let answer = self.answer(&mut graph, x, &question, (&mut sums, &mut answers))?;
                        *terms.entry(answer).or_default() += if is_negated { -1 } else { 1 };
                        constant += i64::from(is_negated);
                    }
                }
            }
            is_near.push(self.is_near(&mut graph, terms, constant)?);
        }
        let mut votes = vec![];
        for class in 0..self.class_count {
            let mut sum: Option<NodeId> = None;
            for (near, _) in is_near.iter().zip(&self.classes).filter(|(_, other)| **other == class) {
                sum = match (sum, *near) {
                    (Some(sum), Some(near)) => Some(graph.add(sum, near)?),
                    (sum, near) => sum.or(near),
                };
            }
            let sum = match sum {
                Some(sum) => sum,
                None => {
                    let zero = graph.constant(ArrayD::zeros(IxDyn(&[1])));
                    graph.encrypt(zero)?
                }
            };
            graph.hint(sum, Hint { width: None, range: Some((0, self.k as i64)) });
            votes.push(sum);
        }
        self.finish(graph, votes)
    }

    /// 1 where fewer than `k` points come before one, with so many of them; `None` where that is never so.
    fn is_near(
        &self,
        graph: &mut OpGraph,
        terms: BTreeMap<NodeId, i64>,
        constant: i64,
    ) -> Result<Option<NodeId>, TraceError> {
        let mut rank: Option<NodeId> = None;
        let (mut lo, mut hi) = (constant, constant);
        for (answer, weight) in terms.into_iter().filter(|(_, weight)| *weight != 0) {
            (lo, hi) = (lo + weight.min(0), hi + weight.max(0));
            let part = match weight {
                1 => answer,
                _ => {
                    let weight = graph.constant(ArrayD::from_elem(IxDyn(&[1]), weight));
                    graph.mul(answer, weight)?
                }
            };
            rank = match rank {
                Some(rank) => Some(graph.add(rank, part)?),
                None => Some(part),
            };
        }
        let k = self.k as i64;
        let Some(rank) = rank.filter(|_| lo < k && hi >= k) else {
            if lo >= k {
                return Ok(None);
            }
            let one = graph.constant(ArrayD::from_elem(IxDyn(&[1]), 1));
            return graph.encrypt(one).map(Some);
        };
        let constant = graph.constant(ArrayD::from_elem(IxDyn(&[1]), constant));
        let rank = graph.add(rank, constant)?;
        let (lo, hi) = (lo.max(0), hi.min(self.points.len() as i64 - 1));
        graph.hint(rank, Hint { width: None, range: Some((lo, hi)) });
        graph.lookup(LookupTable::from_fn(lo..=hi, |rank| i64::from(rank < k)), rank).map(Some)
    }

    fn answer(
        &self,
        graph: &mut OpGraph,
        x: NodeId,
        question: &Question,
        (sums, answers): (&mut Sums, &mut BTreeMap<Question, NodeId>),
    ) -> Result<NodeId, TraceError> {
        if let Some(answer) = answers.get(question) {
            return Ok(*answer);
        }
        let (least, greatest) = self.span(&question.direction);
        let (sum, least) = match sums.get(&question.direction) {
            Some(known) => *known,
            None => {
                let sum = sum_of(graph, x, &question.direction)?;
                // From 0 on, so that no bit is spent on a sign.
                let shift = graph.constant(ArrayD::from_elem(IxDyn(&[1]), -least));
                let sum = graph.add(sum, shift)?;
                graph.hint(sum, Hint { width: None, range: Some((0, greatest - least)) });
                sums.insert(question.direction.clone(), (sum, least));
                (sum, least)
            }
        };
        let threshold = question.least - least;
        let table = LookupTable::from_fn(0..=greatest - least, |value| i64::from(value >= threshold));
        let answer = graph.lookup(table, sum)?;
        answers.insert(question.clone(), answer);
        Ok(answer)
    }

    /// Least and greatest `x·u`.
    fn span(&self, direction: &[i64]) -> (i64, i64) {
        let most = (1 << self.bits) - 1;
        let part = |sign: i64| direction.iter().map(|u| (sign * u).max(0)).sum::<i64>() * sign * most;
        (part(-1), part(1))
    }

    /// Whether point `a` comes before point `b`.
    fn before(&self, a: usize, b: usize) -> Before {
        let (p, q) = (&self.points[a], &self.points[b]);
        let difference: Vec<i64> = p.iter().zip(q).map(|(p, q)| p - q).collect();
        let divisor = difference.iter().fold(0, |divisor, &number| greatest_common_divisor(divisor, number));
        if divisor == 0 {
            return Before::Always(a < b);
        }
        let square = |point: &Vec<i64>| point.iter().map(|p| p * p).sum::<i64>();
        // |x − p|² ≤ |x − q|² says 2·divisor·(x·u) ≥ |p|² − |q|²; where q wins ties, it is greater instead.
        let (numerator, divisor) = (square(p) - square(q), 2 * divisor);
        let is_first = a < b;
        let sign = difference.iter().find(|number| **number != 0).map_or(1, |number| number.signum());
        let direction: Vec<i64> = difference.iter().map(|number| sign * number * 2 / divisor).collect();
        // With the sign turned, "at least" becomes "at most", which is not "at least one more".
        let (least, is_negated) = match (sign > 0, is_first) {
            (true, true) => (ceiling(numerator, divisor), false),
            (true, false) => (numerator.div_euclid(divisor) + 1, false),
            (false, true) => ((-numerator).div_euclid(divisor) + 1, true),
            (false, false) => (ceiling(-numerator, divisor), true),
        };
        let (lo, hi) = self.span(&direction);
        if least <= lo || least > hi {
            return Before::Always((least <= lo) != is_negated);
        }
        Before::Asked { question: Question { direction, least }, is_negated }
    }

    fn argument(&self, graph: &mut OpGraph, input: &str, features: usize) -> Result<NodeId, TraceError> {
        let declared = InputType::Range { lo: 0, hi: (1 << self.bits) - 1 };
        graph.encrypted(input, &[1, features.max(1)], declared)
    }

    fn finish(&self, mut graph: OpGraph, votes: Vec<NodeId>) -> Result<OpGraph, TraceError> {
        let votes = match votes.as_slice() {
            [one] => *one,
            all => graph.concat(all, 0)?,
        };
        let votes = graph.reshape(votes, &[1, self.class_count as i64])?;
        graph.output(votes)?;
        Ok(graph)
    }
}

/// Of a lookup, roughly: the entries of its table.
fn cost(bits: u32) -> f64 {
    f64::from(bits.max(CHEAPEST_BITS)).exp2()
}

/// `x·weights`, of shape `[1]`.
fn sum_of(graph: &mut OpGraph, x: NodeId, weights: &[i64]) -> Result<NodeId, TraceError> {
    let weights = ArrayD::from_shape_vec(IxDyn(&[1, weights.len()]), weights.to_vec()).expect("one row");
    let weights = graph.constant(weights);
    let products = graph.mul(x, weights)?;
    graph.sum(products, Some(&[1]), KeepAxes::No)
}

fn ceiling(numerator: i64, divisor: i64) -> i64 {
    -(-numerator).div_euclid(divisor)
}

fn greatest_common_divisor(a: i64, b: i64) -> i64 {
    if b == 0 { a.abs() } else { greatest_common_divisor(b, a % b) }
}
