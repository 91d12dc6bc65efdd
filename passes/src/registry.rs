//! Every pass of the compiler, sorted by name.

use crate::pass::Pass;

/// The passes; MLIR's registry and `ir-opt --list-passes` are made from it.
pub static PASSES: &[Pass] = &[];
