//! `cloakwork inspect`.

use crate::arguments::Inspect;
use cloakwork::process::{Failure, print};
use cloakwork::{files, report};
use cloakwork_abi::spec::EncodingSpec;
use cloakwork_runtime::formats::{self, FileSummary, FormatProblem, Kind};
use cloakwork_runtime::keys::Origin;
use std::fmt::Write;

pub(crate) fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    match formats::inspect(&arguments.file) {
        Ok(summary) if arguments.json => print(&(serde_json::to_string_pretty(&summary)? + "\n")),
        Ok(summary) => print(&summary_text(&summary)),
        // Neither keys nor values: what is left are programs and specs.
        Err(error) if matches!(error.problem, FormatProblem::Magic { .. } | FormatProblem::Truncated) => {
            let spec = files::load_spec(&arguments.file)?;
            let text = if arguments.json { spec.to_json() + "\n" } else { report::describe(&spec) };
            print(&format!("{text}{}", fingerprint_line(arguments, &spec.keyset().fingerprint())))
        }
        Err(error) => Err(error.into()),
    }
}

fn fingerprint_line(arguments: &Inspect, fingerprint: &str) -> String {
    if arguments.json { String::new() } else { format!("key set  {fingerprint}\n") }
}

fn summary_text(summary: &FileSummary) -> String {
    let mut text = String::new();
    let kind = match summary.kind {
        Kind::SecretKeys => "secret keys: not for others",
        Kind::EvaluationKeys => "evaluation keys",
        Kind::Values => "arguments or results",
    };
    let _ = writeln!(text, "{kind}, {} bytes", summary.body_bytes);
    let _ = writeln!(text, "key set  {}", summary.keyset);
    if let Some(keys) = summary.keys {
        let _ = writeln!(text, "keys  {keys}");
    }
    match summary.origin {
        Some(Origin::Secure) => text.push_str("origin  secure randomness\n"),
        Some(Origin::InsecureSeed) => {
            text.push_str("origin  a known seed: whoever knows it knows the keys\n")
        }
        None => {}
    }
    for (name, shape, encoding) in &summary.values {
        let shape: String = shape.iter().map(|size| format!("{size}×")).collect();
        let element = match encoding {
            EncodingSpec::Clear => "clear 64-bit integer".to_owned(),
            EncodingSpec::Encrypted { width, is_signed, .. } => {
                format!("encrypted {} {width}-bit integer", if *is_signed { "signed" } else { "unsigned" })
            }
        };
        let _ = writeln!(text, "value  {name}: {shape}{element}");
    }
    text
}
