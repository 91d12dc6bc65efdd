//! Every pass of the compiler, sorted by name.

use crate::batch_bootstraps;
use crate::convert_fhe_to_tfhe;
use crate::native::convert_tfhe_to_loops;
use crate::optimize_parameters;
use crate::pass::{Level, Pass, PassOption};

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
        name: "fhe-optimize-parameters",
        summary: "chooses the cheapest keys for a security level and error probabilities, and writes them as key ops",
        level: Level::Fhe,
        options: &[
            PassOption {
                name: "p-error",
                summary: "greatest failure probability of one lookup, or `none`",
                default: "none",
            },
            PassOption {
                name: "global-p-error",
                summary: "greatest failure probability of a run, or `none`",
                default: "1e-5",
            },
            PassOption { name: "security", summary: "bits of security, 128 or 132", default: "128" },
        ],
        run: optimize_parameters::run,
    },
    Pass {
        name: "tfhe-batch-bootstraps",
        summary: "independent keyswitches and bootstraps become one batched operation each",
        level: Level::Tfhe,
        options: &[],
        run: batch_bootstraps::run,
    },
];
