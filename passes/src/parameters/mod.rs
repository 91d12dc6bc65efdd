//! The parameter optimizer: a pure function from what a program does to the cheapest keys that it can run with.
//!
//! - [`dag`]: what matters of a program here: values, linear operations with their norms, lookups, outputs;
//! - [`demand`]: how much noise reaches each lookup and each output, as sums over its sources;
//! - [`cost`]: what an operation takes, from a measured table;
//! - `space`: what is chosen from, within [`Restrictions`];
//! - `instance`: the program with its lookups divided among key sets; `evaluate` and `flow`: time and noise of a
//!   choice of keys for it; `line`: with one small key that varies; `search`: the cheapest choice; `divide`: the cheapest division; `given`: with given keys;
//! - [`solve`]: from the request to the [`Solution`];
//! - [`explain`]: why nothing was found and what to relax; [`explanation`]: why it is what was found.
//!
//! No IR, no files, no clock in here.

pub mod cost;
pub mod dag;
pub mod demand;
mod divide;
mod evaluate;
pub mod explain;
pub mod explanation;
mod flow;
mod given;
mod instance;
mod line;
mod restrictions;
mod search;
pub mod solution;
pub mod solve;
mod sources;
mod space;
mod target;
mod work;

pub use cost::CostModel;
pub use dag::{InvalidFeed, Operand, Output, ParamDag, Value};
pub use explain::{Infeasible, Reason};
pub use explanation::{Explanation, explain_solution};
pub use restrictions::{EXTENSIONS, Restrictions};
pub use solution::{Achieved, LookupKeys, Solution};
pub use solve::{Request, solve};
pub use target::{ErrorTarget, InvalidTarget};
