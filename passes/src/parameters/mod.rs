//! The parameter optimizer: a pure function from what a program does to the cheapest keys that it can run with.
//!
//! - [`dag`]: what matters of a program here: values, linear operations with their norms, lookups, outputs;
//! - [`demand`]: how much noise reaches each lookup and each output;
//! - [`cost`]: what an operation takes, from a measured table;
//! - [`solve`]: the search for one key set; [`solution`]: what it finds;
//! - [`explain`]: why nothing was found and what to relax.
//!
//! No IR, no files, no clock in here.

pub mod cost;
pub mod dag;
pub mod demand;
pub mod explain;
pub mod solution;
pub mod solve;
mod space;
mod target;

pub use cost::CostModel;
pub use dag::{Operand, ParamDag, Value};
pub use explain::Infeasible;
pub use solution::Solution;
pub use solve::solve;
pub use target::{ErrorTarget, InvalidTarget};
