//! The options of `cloakwork compile` that say how functions of several encrypted values are computed.

use clap::Args;
use clap::builder::PossibleValuesParser;

/// Without them the compiler takes the way with which the program costs least.
#[derive(Debug, Args)]
#[command(next_help_heading = "Ways of computing (where an operation can be computed so; otherwise by cost)")]
pub(crate) struct Strategies {
    /// How encrypted values are compared
    #[arg(long, value_name = "WAY", value_parser = ways(&["sign", "table"], CHUNKS))]
    comparison: Option<String>,
    /// How the least and the greatest are found
    #[arg(long, value_name = "WAY", value_parser = ways(&["table"], CHUNKS))]
    min_max: Option<String>,
    /// How `and`, `or` and `xor` are computed
    #[arg(long, value_name = "WAY", value_parser = ways(&["packed"], CHUNKS))]
    bitwise: Option<String>,
    /// How shifts by encrypted amounts are computed
    #[arg(long, value_name = "WAY", value_parser = ways(&["packed", "bits"], &[]))]
    shifts: Option<String>,
    /// How encrypted values are multiplied
    #[arg(long, value_name = "WAY", value_parser = ways(&["quarter-squares", "half-squares", "packed"], CHUNKS))]
    products: Option<String>,
    /// How one of two encrypted values is chosen
    #[arg(long, value_name = "WAY", value_parser = ways(&["packed"], CHUNKS))]
    selects: Option<String>,
    /// How tables of several encrypted values are looked up
    #[arg(long, value_name = "WAY", value_parser = ways(&["packed", "casted"], &[]))]
    multivariate: Option<String>,
    /// How tables of 11 bits and more are looked up: at once, or by indicators of digits with that many low bits in a row
    #[arg(long, value_name = "WAY", value_parser = ways(&["whole"], ONE_HOT))]
    lookups: Option<String>,
}

/// Parts of so many bits.
const CHUNKS: &[&str] =
    &["chunks-1", "chunks-2", "chunks-3", "chunks-4", "chunks-5", "chunks-6", "chunks-7", "chunks-8"];

/// Indicators of digits, so many low bits in a row.
const ONE_HOT: &[&str] = &[
    "one-hot-4",
    "one-hot-5",
    "one-hot-6",
    "one-hot-7",
    "one-hot-8",
    "one-hot-9",
    "one-hot-10",
    "one-hot-11",
    "one-hot-12",
];

fn ways(of_function: &[&'static str], sizes: &[&'static str]) -> PossibleValuesParser {
    PossibleValuesParser::new([&["auto"], of_function, sizes].concat())
}

impl Strategies {
    /// As options of `fhe-decompose-pairwise`.
    pub(crate) fn text(&self) -> String {
        let ways = [
            ("comparison", &self.comparison),
            ("min-max", &self.min_max),
            ("bitwise", &self.bitwise),
            ("shifts", &self.shifts),
            ("products", &self.products),
            ("selects", &self.selects),
            ("multivariate", &self.multivariate),
            ("lookups", &self.lookups),
        ];
        let given = ways.iter().filter_map(|(name, way)| Some(format!("{name}={}", way.as_deref()?)));
        given.collect::<Vec<_>>().join(" ")
    }
}
