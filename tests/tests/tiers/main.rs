//! Every tier of the tests in one binary; a tier is the first part of a test's name.
//!
//! `cargo test -p cloakwork-tests --test tiers -- suite` runs one tier, `-- --list` shows all.

use libtest_mimic::{Arguments, Conclusion, run};

mod documents;
mod filetests;
mod golden;
mod mutations;
mod noise;
mod program;
mod properties;
mod suite;

fn main() {
    let arguments = Arguments::from_args();
    let tiers = [
        filetests::tests(),
        suite::tests(),
        properties::tests(),
        noise::tests(),
        golden::tests(),
        documents::tests(),
        mutations::tests(),
    ];
    let conclusion: Conclusion = run(&arguments, tiers.into_iter().flatten().collect());
    conclusion.exit();
}
