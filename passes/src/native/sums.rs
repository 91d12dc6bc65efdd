//! Weighted sums of ciphertexts: dot products, matrix products, convolutions, sums over axes.
//!
//! A sum becomes a function of its own, which the runtime spreads over threads: item `i` of it is some words of all results at
//! one place. Within an item, several results that read the same inputs are added up at once in registers, so that an input is
//! loaded once for all of them and no result is written before it is complete. Ciphertexts of few words, such as phases when
//! simulating, take the same sums word by word.

use crate::facts::clear_constant;
use crate::native::convert_tfhe_to_loops::{Opened, open};
use crate::native::emitter::Emitter;
use crate::native::globals::Globals;
use crate::native::loops::{Elements, LANES, Loops, Predicate};
use cloakwork_ir::interpret::Clear;
use melior::ir::Value;

/// Results that are added up at once.
const RESULTS: usize = 8;
/// Vectors of words of each of them.
const VECTORS: usize = 2;
/// Words of an item.
const TILE: usize = VECTORS * LANES;

/// `out[at] = Σₖ weight · input` over the coordinates `k` of `terms`.
pub(super) struct Sum<'c, 'a, 's> {
    /// The encrypted operand.
    pub(super) input: Value<'c, 'a>,
    /// The clear operand.
    pub(super) weights: Option<Value<'c, 'a>>,
    /// The result.
    pub(super) out: Value<'c, 'a>,
    /// Sizes of the coordinates of the result.
    pub(super) at: &'s [usize],
    /// The coordinate of the result that changes the weights alone, not the inputs.
    pub(super) shared: Option<usize>,
    /// Sizes of the coordinates that are summed over.
    pub(super) terms: &'s [usize],
    /// Which input and weight meet.
    pub(super) rule: &'s TermRule<'c, 'a, 's>,
}

/// One term: positions of input element and weight; left out where the condition does not hold.
pub(super) struct Term<'c, 'a> {
    pub(super) input: Value<'c, 'a>,
    pub(super) weight: Value<'c, 'a>,
    pub(super) condition: Option<Value<'c, 'a>>,
}

/// The term for coordinates of the result and of the terms.
pub(super) type TermRule<'c, 'a, 's> =
    dyn Fn(Loops<'c, 'a>, &[Value<'c, 'a>], &[Value<'c, 'a>]) -> Term<'c, 'a> + 's;

impl<'c: 'a, 'a> Emitter<'c, 'a, '_> {
    /// Computes the sum.
    pub(super) fn emit_sum(&mut self, loops: Loops<'c, 'a>, sum: &Sum<'c, 'a, '_>) {
        let name = self.globals.next_function(&self.function.name());
        let globals = std::mem::replace(&mut self.globals, Globals::new(self.outer));
        let Opened { emitter: mut body, more } =
            open(self.function, (self.keyset, self.workspace), self.outer, (&name, &[]), 2, globals);
        let range = (more[0], more[1]);
        let inner = body.loops(loops.0.location);
        sum.emit(&mut body, inner, range);
        body.finish(&[]);
        self.globals = body.globals;

        let words = self.elements(loops, sum.out).words;
        let places = loops.int(sum.places().iter().product());
        let count = loops.mul(places, sum.tiles(loops, words));
        let terms: usize = sum.terms.iter().product();
        let cost = loops.int(terms * sum.shared.map_or(1, |axis| sum.at[axis]) * VECTORS);
        let [context, inputs, outputs] = self.arguments;
        let body = loops.address_of_function(&name, &self.body_type());
        self.call(loops, "spread", &[body, context, inputs, outputs, count, cost]);
    }
}

impl<'c: 'a, 'a> Sum<'c, 'a, '_> {
    /// Sizes of the coordinates of an item: those of the result but for the shared one.
    fn places(&self) -> Vec<usize> {
        let sizes = self.at.iter().enumerate().filter(|(axis, _)| Some(*axis) != self.shared);
        sizes.map(|(_, &size)| size).collect()
    }

    /// Items at one place.
    fn tiles(&self, loops: Loops<'c, 'a>, words: Value<'c, 'a>) -> Value<'c, 'a> {
        let tiles = loops.binary("arith.divui", loops.add(words, loops.int(TILE - 1)), loops.int(TILE));
        loops.select(loops.compare(Predicate::UnsignedLess, words, loops.int(TILE)), loops.int(1), tiles)
    }

    /// The items of `first..end`.
    fn emit(
        &self,
        emitter: &mut Emitter<'c, 'a, '_>,
        loops: Loops<'c, 'a>,
        (first, end): (Value<'c, 'a>, Value<'c, 'a>),
    ) {
        let (input, out) = (emitter.elements(loops, self.input), emitter.elements(loops, self.out));
        let weights = self.weights.map(|weights| emitter.clear(weights));
        let places = self.places();
        let memory = Memory { input, out, weights: weights.as_ref(), is_sparse: self.is_sparse() };
        let count = loops.sub(end, first);
        let is_narrow = loops.compare(Predicate::UnsignedLess, out.words, loops.int(TILE));
        let is_wide = loops.compare(Predicate::UnsignedLess, loops.int(TILE - 1), out.words);
        let number = loops.int(places.iter().product());
        loops.only_if(is_wide, |loops| {
            loops.repeat(count, |loops, i| {
                let item = loops.add(first, i);
                let place = loops.coordinates(loops.binary("arith.remui", item, number), &places);
                let tile = loops.binary("arith.divui", item, number);
                // The last tile overlaps the one before.
                let (start, last) = (loops.mul(tile, loops.int(TILE)), loops.sub(out.words, loops.int(TILE)));
                let start = loops.binary("arith.minui", start, last);
                self.each_block(loops, &place, RESULTS, &|loops, results| {
                    self.block_of_words(loops, &memory, results, start);
                });
            });
        });
        loops.only_if(is_narrow, |loops| {
            loops.repeat(count, |loops, i| {
                let place = loops.coordinates(loops.add(first, i), &places);
                self.each_block(loops, &place, 1, &|loops, results| {
                    loops.repeat(out.words, |loops, word| self.one_word(loops, &memory, &results[0], word));
                });
            });
        });
    }

    /// Calls `body` with the coordinates of the results at a place, at most `most` at a time.
    fn each_block(
        &self,
        loops: Loops<'c, 'a>,
        place: &[Value<'c, 'a>],
        most: usize,
        body: &dyn Fn(Loops<'c, 'a>, &[Vec<Value<'c, 'a>>]),
    ) {
        let Some(axis) = self.shared else { return body(loops, &[place.to_vec()]) };
        let results = |loops: Loops<'c, 'a>, first: Value<'c, 'a>, count: usize| {
            let with = |j: usize| {
                let mut at = place.to_vec();
                at.insert(axis, loops.add(first, loops.int(j)));
                at
            };
            (0..count).map(with).collect::<Vec<_>>()
        };
        let (blocks, rest) = (self.at[axis] / most, self.at[axis] % most);
        loops.repeat(loops.int(blocks), |loops, block| {
            let first = loops.mul(block, loops.int(most));
            body(loops, &results(loops, first, most));
        });
        if rest > 0 {
            body(loops, &results(loops, loops.int(blocks * most), rest));
        }
    }

    /// The words from `start` on of some results that read the same inputs.
    fn block_of_words(
        &self,
        loops: Loops<'c, 'a>,
        memory: &Memory<'c, 'a, '_>,
        results: &[Vec<Value<'c, 'a>>],
        start: Value<'c, 'a>,
    ) {
        let zeros = vec![loops.zeros(); results.len() * VECTORS];
        let sums = loops.fold_over(self.terms, &zeros, &mut |loops, k, sums| {
            let terms: Vec<Term<'c, 'a>> = results.iter().map(|at| (self.rule)(loops, at, k)).collect();
            let factors: Option<Vec<_>> = memory
                .weights
                .map(|weights| terms.iter().map(|term| weights.load(loops, term.weight)).collect());
            let mut condition = terms[0].condition;
            if let (Some(factors), true) = (&factors, memory.is_sparse) {
                let any = factors.iter().copied().reduce(|a, b| loops.binary("arith.ori", a, b));
                let is_used = any.map(|any| loops.compare(Predicate::NotEqual, any, loops.int(0)));
                condition = condition.zip(is_used).map(|(a, b)| loops.and(a, b)).or(condition).or(is_used);
            }
            loops.if_else_keep(condition, sums, |loops| {
                let from = loops.word(loops.element(memory.input, terms[0].input), start);
                let words: Vec<_> =
                    (0..VECTORS).map(|v| loops.load_vector(loops.word(from, loops.int(v * LANES)))).collect();
                let mut added = vec![];
                for (result, sums) in sums.chunks_exact(VECTORS).enumerate() {
                    let factor = factors.as_ref().map(|factors| loops.splat(factors[result]));
                    for (&sum, &words) in sums.iter().zip(&words) {
                        let product =
                            factor.map_or(words, |factor| loops.vector_op("arith.muli", words, factor));
                        added.push(loops.vector_op("arith.addi", sum, product));
                    }
                }
                added
            })
        });
        for (at, sums) in results.iter().zip(sums.chunks_exact(VECTORS)) {
            let to = loops.word(loops.element(memory.out, loops.linear_index(at, self.at)), start);
            for (v, &sum) in sums.iter().enumerate() {
                loops.store_vector(sum, loops.word(to, loops.int(v * LANES)));
            }
        }
    }

    /// One word of one result.
    fn one_word(
        &self,
        loops: Loops<'c, 'a>,
        memory: &Memory<'c, 'a, '_>,
        at: &[Value<'c, 'a>],
        word: Value<'c, 'a>,
    ) {
        let sum = loops.fold_over(self.terms, &[loops.int(0)], &mut |loops, k, sums| {
            let term = (self.rule)(loops, at, k);
            loops.if_else_keep(term.condition, sums, |loops| {
                let input = loops.load(loops.word(loops.element(memory.input, term.input), word));
                let product = memory
                    .weights
                    .map_or(input, |weights| loops.mul(input, weights.load(loops, term.weight)));
                vec![loops.add(sums[0], product)]
            })
        });
        let to = loops.element(memory.out, loops.linear_index(at, self.at));
        loops.store(sum[0], loops.word(to, word));
    }

    /// Whether more than half of the weights are known to be zero, so that it pays to ask.
    fn is_sparse(&self) -> bool {
        match self.weights.and_then(clear_constant) {
            Some(Clear::Int(weights)) => {
                2 * weights.iter().filter(|&&weight| weight == 0).count() > weights.len()
            }
            _ => false,
        }
    }
}

/// What a sum reads and writes.
struct Memory<'c, 'a, 'm> {
    input: Elements<'c, 'a>,
    out: Elements<'c, 'a>,
    weights: Option<&'m crate::native::clear_source::ClearSource<'c, 'a>>,
    is_sparse: bool,
}
