//! Every pass of the compiler, sorted by name.

use crate::batch_bootstraps;
use crate::build_tables;
use crate::convert_fhe_to_tfhe;
use crate::fuse_lookup_tables;
use crate::fuse_maps;
use crate::infer_bit_widths;
use crate::infer_ranges;
use crate::native::convert_tfhe_to_loops;
use crate::optimize_parameters;
use crate::pairwise;
use crate::pass::{Level, Pass, PassOption};
use crate::refresh_feedback;
use crate::rounding::decompose;
use crate::set_bounds;
use crate::wide::split;

const P_ERROR: PassOption = PassOption {
    name: "p-error",
    summary: "greatest failure probability of one lookup, or `none`",
    default: "none",
};
const GLOBAL_P_ERROR: PassOption = PassOption {
    name: "global-p-error",
    summary: "greatest failure probability of a run, or `none`",
    default: "none",
};
const PRESET: PassOption = PassOption {
    name: "preset",
    summary: "failure probability by name: `default` (1e-5 for a run), `ind-cpa-d` (2^-128 for each lookup and result); `default` where nothing else is said",
    default: "none",
};
const SECURITY: PassOption =
    PassOption { name: "security", summary: "bits of security, 128 or 132", default: "128" };
const NOISE: PassOption = PassOption {
    name: "noise",
    summary: "family of the noise: `gaussian` or `tuniform`; that of the module's keys, else `gaussian`, where nothing is said",
    default: "none",
};
const RESTRICT: PassOption = PassOption {
    name: "restrict",
    summary: "bounds of the search, such as `polynomial_size=1024..2048;grouping=1;many_lut=off;key_sets=1`",
    default: "",
};
const EXPLAIN: PassOption = PassOption {
    name: "explain",
    summary: "`on` writes what binds the parameters into the module as `cloakwork.explanation`",
    default: "off",
};
const COST_TABLE: PassOption = PassOption {
    name: "cost-table",
    summary: "table of costs, by the kernels it was measured with; a module can carry its own as `cloakwork.cost_table`",
    default: "avx512",
};

const fn strategy(name: &'static str, summary: &'static str) -> PassOption {
    PassOption { name, summary, default: "auto" }
}

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
        name: "fhe-build-tables",
        summary: "maps become table lookups",
        level: Level::Fhe,
        options: &[],
        run: build_tables::run,
    },
    Pass {
        name: "fhe-decompose-pairwise",
        summary: "functions of several encrypted values and wide tables become sums and lookups, by the method with which the program costs least",
        level: Level::Fhe,
        options: &[
            strategy(
                "comparison",
                "how `fhe.compare` is done where it can: auto, sign, table, chunks-1 to chunks-8",
            ),
            strategy("min-max", "the same for `fhe.min` and `fhe.max`: auto, table, chunks-1 to chunks-8"),
            strategy(
                "bitwise",
                "the same for `fhe.and`, `fhe.or`, `fhe.xor`: auto, packed, chunks-1 to chunks-8",
            ),
            strategy("shifts", "the same for shifts: auto, packed, bits"),
            strategy(
                "products",
                "the same for `fhe.mul`: auto, quarter-squares, half-squares, packed, chunks-1 to chunks-8",
            ),
            strategy("selects", "the same for `fhe.select`: auto, packed, chunks-1 to chunks-8"),
            strategy("multivariate", "the same for `fhe.joint_lookup`: auto, packed, casted"),
            strategy(
                "lookups",
                "the same for `fhe.lookup` of 11 bits and more: auto, whole, one-hot-4 to one-hot-12",
            ),
            P_ERROR,
            GLOBAL_P_ERROR,
            PRESET,
            SECURITY,
            NOISE,
            RESTRICT,
            COST_TABLE,
        ],
        run: pairwise::decompose::run,
    },
    Pass {
        name: "fhe-decompose-rounding",
        summary: "rounding, truncation and low bits become lookups, by the method with which the program costs least",
        level: Level::Fhe,
        options: &[
            PassOption {
                name: "strategy",
                summary: "auto, or one method for all: whole, bits, chunks-2 to chunks-5, approximate",
                default: "auto",
            },
            P_ERROR,
            GLOBAL_P_ERROR,
            PRESET,
            SECURITY,
            NOISE,
            RESTRICT,
            COST_TABLE,
        ],
        run: decompose::run,
    },
    Pass {
        name: "fhe-fuse-lookup-tables",
        summary: "a lookup of a lookup becomes one",
        level: Level::Fhe,
        options: &[],
        run: fuse_lookup_tables::run,
    },
    Pass {
        name: "fhe-fuse-maps",
        summary: "maps of maps become one map; real numbers vanish",
        level: Level::Fhe,
        options: &[],
        run: fuse_maps::run,
    },
    Pass {
        name: "fhe-infer-bit-widths",
        summary: "ranges become widths and signs; tables get the length of their input",
        level: Level::Fhe,
        options: &[],
        run: infer_bit_widths::run,
    },
    Pass {
        name: "fhe-infer-ranges",
        summary: "least and greatest value of every encrypted integer",
        level: Level::Fhe,
        options: &[],
        run: infer_ranges::run,
    },
    Pass {
        name: "fhe-optimize-parameters",
        summary: "chooses the cheapest keys for a security level and error probabilities, and writes them as key ops",
        level: Level::Fhe,
        options: &[P_ERROR, GLOBAL_P_ERROR, PRESET, SECURITY, NOISE, RESTRICT, COST_TABLE, EXPLAIN],
        run: optimize_parameters::run,
    },
    Pass {
        name: "fhe-refresh-feedback",
        summary: "results that are fed back with their own noise and more are looked up before",
        level: Level::Fhe,
        options: &[PassOption {
            name: "refresh",
            summary: "`off` leaves the program as it is: then noise that grows from run to run is an error",
            default: "on",
        }],
        run: refresh_feedback::run,
    },
    Pass {
        name: "fhe-set-bounds",
        summary: "tells where provable ranges exceed measured ones, or takes them instead",
        level: Level::Fhe,
        options: &[PassOption {
            name: "bounds",
            summary: "`measured`; `guarded`, with room in which what leaves measured ranges saturates; `provable`; or `saturate`, which clips what lookups take to the measured ranges",
            default: "measured",
        }],
        run: set_bounds::run,
    },
    Pass {
        name: "fhe-split-wide-integers",
        summary: "integers too wide for a table become digits",
        level: Level::Fhe,
        options: &[
            PassOption { name: "above", summary: "bits that a table may have at most", default: "16" },
            PassOption {
                name: "digit-bits",
                summary: "bits of a digit, 1 to 8, or `auto` for what costs least",
                default: "auto",
            },
        ],
        run: split::run,
    },
    Pass {
        name: "tfhe-batch-bootstraps",
        summary: "independent keyswitches and bootstraps become one batched operation each",
        level: Level::Tfhe,
        options: &[],
        run: batch_bootstraps::run,
    },
];
