//! Ensembles of decision trees as programs on integers.
//!
//! A feature of `n` bits is encrypted as `2ⁿ − 1` bits, of which bit `t` says whether it exceeds `t` ([`Encoding`]): then
//! every comparison is a part of the input, and costs nothing. What is left are [`units`]: parts of a tree whose
//! comparisons are added to one integer that one lookup turns into what the part adds to each target. How large they
//! are is a question of cost, so [`programs`] makes several programs of one meaning, and the compiler takes the one
//! that is predicted to be fastest. Trees are added under encryption.
//!
//! - [`integers`]: trees on quantised features, with quantised leaves; their meaning is exact;
//! - [`units`]: how a tree is cut into lookups;
//! - [`program`]: the operations;
//! - [`client`]: a model of trees, and what its client does; `label`: replies that are the label alone.

pub mod client;
pub mod integers;
mod label;
mod program;
mod units;

pub use client::{TreeBits, TreeModel, TreesOfModel, quantise_trees, trees_of};
pub use integers::{IntegerEnsemble, IntegerNode, IntegerTree, QuantisedTrees};
pub use program::{Encoding, TreeProgram, programs};
