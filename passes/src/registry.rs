//! Every pass of the compiler, sorted by name.

use crate::batch_bootstraps;
use crate::convert_fhe_to_tfhe;
use crate::native::convert_tfhe_to_loops;
use crate::pass::{Level, Pass};

/// The passes; MLIR's registry and `ir-opt --list-passes` are made from it.
pub static PASSES: &[Pass] = &[
    Pass {
        name: "convert-fhe-to-tfhe",
        summary: "encrypted integers become ciphertexts under the module's keys",
        level: Level::Fhe,
        options: &[],
        run: convert_fhe_to_tfhe::run,
    },
    Pass {
        name: "convert-tfhe-to-loops",
        summary: "ciphertext operations become loops over words and calls of the runtime",
        level: Level::Tfhe,
        options: &[],
        run: convert_tfhe_to_loops::run,
    },
    Pass {
        name: "tfhe-batch-bootstraps",
        summary: "independent keyswitches and bootstraps become one batched operation each",
        level: Level::Tfhe,
        options: &[],
        run: batch_bootstraps::run,
    },
];
