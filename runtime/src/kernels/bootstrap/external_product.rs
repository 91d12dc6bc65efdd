//! One step of a blind rotation in three fused phases. With one key bit it is
//! `acc ← acc + GGSW ⊡ (X^a − 1)·acc`, with a pair of them
//! `acc ← acc + (K₁·(X^a − 1) + K₂·(X^b − 1) + K₃·(X^(a+b) − 1)) ⊡ acc`.
//!
//! 1. `take_apart`: with one bit rotate and subtract; take apart and make the first step of the transform, in one
//!    pass over the accumulator.
//! 2. `multiply`: for each part that the first step has made the rest of the transform; within each block of 64
//!    points the products with the key and the first steps back, while the block is in registers or the nearest
//!    cache; then the steps back in between. Parts keep large polynomials within the second cache. With a pair of
//!    bits the values are multiplied by those of the monomials here, so the products have three times as many terms.
//! 3. `add`: the last step back, reduction modulo 1, and addition to the accumulator.
//!
//! Up to [`COMPANIONS`] accumulators go through a phase together, so that what the second phase brings of the key to the nearest
//! cache serves all of them. All components of an accumulator go through a phase before the next, as each needs others: `X^(q·e + r)` takes
//! component `t − r` to component `t` with a factor `Y^q`, or component `t + e − r` with `Y^(q+1)`.

use super::add::Add;
use super::monomials::{Monomials, Values};
use super::multiply::{COMPANIONS, KeySlice, Multiply, TERMS};
use super::simd::{Block, LANES, Points, Simd};
use super::take_apart::TakeApart;
use super::transform::{FirstSteps, Transform};
use cloakwork_abi::parameters::{Decomposition, Grouping};

/// What all steps of a blind rotation share.
pub(super) struct ExternalProduct<S> {
    pub(super) simd: S,
    pub(super) transform: Transform,
    pub(super) monomials: Monomials,
    pub(super) decomposition: Decomposition,
    pub(super) grouping: Grouping,
    /// `k + 1`
    pub(super) polynomials: usize,
    /// `e`
    pub(super) extension: usize,
}

/// Memory of a step.
pub(super) struct Workspace {
    /// By accumulator, component and row: what is transformed; then, in the place of the first rows, the products.
    pub(super) rows: Vec<Block>,
    /// By component and column: the products of one vector, until no component needs what they take the place of.
    pub(super) sums: Vec<Points>,
    /// By accumulator and monomial, for either factor of [`Turn`]: its values in one block.
    pub(super) values: [[[Values; 2]; TERMS]; COMPANIONS],
}

/// `X^(q·e + r)`
#[derive(Clone, Copy)]
pub(super) struct Turn {
    /// `q`
    pub(super) power: usize,
    /// `r`
    pub(super) shift: usize,
}

/// Of the monomials of a step, or three times that of the only one.
pub(super) type Turns = [Turn; TERMS];

impl Turn {
    pub(super) const NONE: Self = Self { power: 0, shift: 0 };

    /// Which component comes to component `t`, and whether by `Y^(q+1)`.
    #[inline(always)]
    pub(super) fn source(self, t: usize, extension: usize) -> (usize, bool) {
        if t >= self.shift { (t - self.shift, false) } else { (t + extension - self.shift, true) }
    }
}

impl<S> ExternalProduct<S> {
    pub(super) fn workspace(&self) -> Workspace {
        let block = [Points::ZERO; LANES];
        Workspace {
            rows: vec![block; self.companions() * self.in_accumulator()],
            sums: vec![Points::ZERO; self.extension * self.polynomials],
            values: [const { [const { [Values::ZERO; 2] }; TERMS] }; COMPANIONS],
        }
    }

    /// `N`
    #[inline(always)]
    pub(super) fn size(&self) -> usize {
        2 * 64 * self.transform.blocks
    }

    #[inline(always)]
    pub(super) fn level(&self) -> usize {
        self.decomposition.level as usize
    }

    /// Rows of a GGSW ciphertext.
    #[inline(always)]
    pub(super) fn rows(&self) -> usize {
        self.polynomials * self.level()
    }

    /// Blocks from the start of a row of the workspace to that of the next. One more than a row has, so that the same block of all rows
    /// does not lie at the same few places of the nearest cache.
    #[inline(always)]
    pub(super) fn stride(&self) -> usize {
        self.transform.blocks + 1
    }

    /// Blocks that an accumulator is taken apart to, see [`Self::stride`].
    fn in_accumulator(&self) -> usize {
        self.extension * self.rows() * self.stride()
    }

    /// Most accumulators that go through a step together. With single bits a step is its transforms above all, which go faster
    /// through the nearest cache one by one.
    pub(super) fn companions(&self) -> usize {
        match self.grouping {
            Grouping::One => 1,
            Grouping::Two => (COMPANIONS / self.extension).max(1),
        }
    }

    /// Vectors of a slice of the key.
    pub(super) fn slice(&self) -> usize {
        self.transform.blocks * self.block()
    }

    /// Vectors of a slice of the key for each block.
    #[inline(always)]
    pub(super) fn block(&self) -> usize {
        LANES * self.rows() * self.grouping.ciphertexts() as usize * self.polynomials
    }

    /// `X^turn`
    fn turn(&self, turn: usize) -> Turn {
        let turn = turn % (2 * self.extension * self.size());
        Turn { power: turn / self.extension, shift: turn % self.extension }
    }
}

impl<S: Simd> ExternalProduct<S> {
    /// A step of each of some accumulators, not more than go together, which come from `Accumulators::of`.
    pub(super) fn step(
        &self,
        key: KeySlice<'_>,
        accumulators: &mut [u64],
        turns: &[Turns],
        workspace: &mut Workspace,
    ) {
        let (words, blocks) = (accumulators.len() / turns.len(), self.in_accumulator());
        let rows = workspace.rows.chunks_exact_mut(blocks);
        for ((accumulator, turns), rows) in accumulators.chunks_exact(words).zip(turns).zip(rows) {
            self.take_apart(accumulator, turns[0], rows);
        }
        self.multiply(key, turns, workspace);
        let rows = workspace.rows.chunks_exact(blocks);
        for (accumulator, rows) in accumulators.chunks_exact_mut(words).zip(rows) {
            self.add(accumulator, rows);
        }
    }

    /// All transforms and products of a step of some accumulators, on what the last one left, and nothing else: no digits are made
    /// and nothing is added.
    pub(super) fn arithmetic(&self, key: KeySlice<'_>, count: usize, workspace: &mut Workspace) {
        let mut turns = [[Turn::NONE; TERMS]; COMPANIONS];
        for (i, turns) in turns.iter_mut().enumerate() {
            *turns = [i, i + 1, 2 * i + 1].map(|turn| self.turn(turn));
        }
        let (transform, stride, blocks) = (&self.transform, self.stride(), count * self.in_accumulator());
        self.simd.enter(FirstSteps::<true> { transform, rows: &mut workspace.rows[..blocks], stride });
        self.multiply(key, &turns[..count], workspace);
        for component in workspace.rows[..blocks].chunks_exact_mut(self.rows() * stride) {
            let rows = &mut component[..self.polynomials * stride];
            self.simd.enter(FirstSteps::<false> { transform, rows, stride });
        }
    }

    /// Of a step whose monomials are `X^a`, or `X^a` and `X^b`; `a` and `b` are below `2·e·N`.
    pub(super) fn turns(&self, powers: &[usize]) -> Turns {
        match *powers {
            [a, b] => [a, b, a + b].map(|power| self.turn(power)),
            _ => [self.turn(powers[0]); TERMS],
        }
    }

    fn take_apart(&self, accumulator: &[u64], turn: Turn, rows: &mut [Block]) {
        macro_rules! enter {
            ($radix:literal, $is_single:literal, $is_turned:literal) => {
                self.simd.enter(TakeApart::<S, $radix, $is_single, $is_turned> {
                    product: self,
                    accumulator,
                    turn,
                    rows,
                })
            };
        }
        match (self.transform.first_radix, self.level(), self.grouping) {
            (2, 1, Grouping::One) => enter!(2, true, true),
            (4, 1, Grouping::One) => enter!(4, true, true),
            (_, 1, Grouping::One) => enter!(8, true, true),
            (2, _, Grouping::One) => enter!(2, false, true),
            (4, _, Grouping::One) => enter!(4, false, true),
            (_, _, Grouping::One) => enter!(8, false, true),
            (2, 1, Grouping::Two) => enter!(2, true, false),
            (4, 1, Grouping::Two) => enter!(4, true, false),
            (_, 1, Grouping::Two) => enter!(8, true, false),
            (2, _, Grouping::Two) => enter!(2, false, false),
            (4, _, Grouping::Two) => enter!(4, false, false),
            (_, _, Grouping::Two) => enter!(8, false, false),
        }
    }

    fn multiply(&self, key: KeySlice<'_>, turns: &[Turns], workspace: &mut Workspace) {
        macro_rules! enter {
            ($polynomials:literal, $is_pair:literal) => {
                self.simd.enter(Multiply::<S, $polynomials, $is_pair> {
                    product: self,
                    key,
                    turns,
                    workspace,
                })
            };
        }
        match (self.polynomials, self.grouping) {
            (2, Grouping::One) => enter!(2, false),
            (3, Grouping::One) => enter!(3, false),
            (4, Grouping::One) => enter!(4, false),
            (5, Grouping::One) => enter!(5, false),
            (6, Grouping::One) => enter!(6, false),
            (7, Grouping::One) => enter!(7, false),
            (2, Grouping::Two) => enter!(2, true),
            (3, Grouping::Two) => enter!(3, true),
            (4, Grouping::Two) => enter!(4, true),
            (5, Grouping::Two) => enter!(5, true),
            (6, Grouping::Two) => enter!(6, true),
            (7, Grouping::Two) => enter!(7, true),
            _ => unreachable!("checked: the shape is supported"),
        }
    }

    fn add(&self, accumulator: &mut [u64], rows: &[Block]) {
        match self.transform.first_radix {
            2 => self.simd.enter(Add::<S, 2> { product: self, accumulator, rows }),
            4 => self.simd.enter(Add::<S, 4> { product: self, accumulator, rows }),
            _ => self.simd.enter(Add::<S, 8> { product: self, accumulator, rows }),
        }
    }
}
