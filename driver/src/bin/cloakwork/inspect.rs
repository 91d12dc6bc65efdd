//! `cloakwork inspect`.

use crate::arguments::Inspect;
use cloakwork::process::{Failure, print};
use cloakwork::{files, report};
use cloakwork_abi::spec::EncodingSpec;
use cloakwork_runtime::artifact::{self, Artifact, PartContent};
use cloakwork_runtime::formats::{self, FileSummary, FormatProblem, Kind};
use cloakwork_runtime::keys::Origin;
use std::fmt::Write;

pub(crate) fn inspect(arguments: &Inspect) -> Result<(), Failure> {
    match formats::inspect(&arguments.file) {
        Ok(summary) if arguments.json => print(&(serde_json::to_string_pretty(&summary)? + "\n")),
        Ok(summary) => print(&summary_text(&summary)),
        Err(error) if matches!(error.problem, FormatProblem::Sealed) && !arguments.json => {
            print("secret keys under a passphrase: not for others\n")
        }
        // Neither keys nor values: what is left are programs and specs.
        Err(error) if matches!(error.problem, FormatProblem::Magic { .. } | FormatProblem::Truncated) => {
            let spec = files::load_spec(&arguments.file)?;
            if arguments.json {
                return print(&(spec.to_json() + "\n"));
            }
            let text = report::describe(&spec);
            print(&format!("{text}key set  {}\n{}", spec.keyset().fingerprint(), artifact_text(arguments)?))
        }
        Err(error) => Err(error.into()),
    }
}

/// What an artifact holds besides its spec; nothing of other files.
fn artifact_text(arguments: &Inspect) -> Result<String, Failure> {
    let bytes = files::read(&arguments.file)?;
    if !bytes.starts_with(artifact::MAGIC) {
        return Ok(String::new());
    }
    let artifact = Artifact::from_bytes(bytes)?;
    let mut text = String::new();
    for part in &artifact.manifest().parts {
        let what = match &part.content {
            PartContent::Spec => continue,
            PartContent::Code(processor) => {
                let name = &processor.name;
                let here = if processor.missing_here().is_empty() { "" } else { ", not for this processor" };
                format!("machine code  {}, `{name}`{here}", processor.architecture.name())
            }
            PartContent::Ir => "portable program".to_owned(),
        };
        let _ = writeln!(text, "{what}: {} bytes", part.bytes);
    }
    for (name, label) in &artifact.manifest().labels {
        let _ = writeln!(text, "label  {name}: {label}");
    }
    let signer = artifact.signer();
    let _ = writeln!(text, "signed by  {}", signer.map_or("nobody".to_owned(), |key| key.to_string()));
    Ok(text)
}

fn summary_text(summary: &FileSummary) -> String {
    let mut text = String::new();
    let kind = match summary.kind {
        Kind::SecretKeys => "secret keys: not for others",
        Kind::EvaluationKeys => "evaluation keys",
        Kind::PublicKey => "public key: encrypts for the owner of the secret keys",
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
