//! The manifest of an artifact: what is in it, what it claims, and the hash of each part.
//!
//! What it repeats of the spec it must repeat truly: a reader compares.

use super::ArtifactProblem;
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::processor::Processor;
use cloakwork_abi::spec::{ErrorSpec, OperationCounts, SecuritySpec};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Most parts of an artifact.
const MAX_PARTS: usize = 64;
/// Most bytes of a part, by what it holds.
const MAX_SPEC_BYTES: u64 = 64 << 20;
const MAX_CODE_BYTES: u64 = 1 << 30;
/// Most labels, and most bytes of each of their texts.
const MAX_LABELS: usize = 64;
const MAX_LABEL_BYTES: usize = 1024;

/// What an artifact says of itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Version of the compiler that wrote it.
    pub compiler: String,
    /// Contract between its machine code and the runtime.
    pub abi: String,
    /// Fingerprint of the key set.
    pub keyset: String,
    /// What the keys are safe against.
    pub security: SecuritySpec,
    /// What may fail when each function runs once.
    pub error: ErrorSpec,
    /// The functions in their order.
    pub functions: Vec<FunctionEntry>,
    /// What whoever made it wanted to say about it: name and text.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// What follows, in order: the spec, machine code for each processor, the portable program.
    pub parts: Vec<PartEntry>,
}

/// A function of an artifact.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionEntry {
    /// Its name.
    pub name: String,
    /// What a run of it may be wrong with.
    pub error: ErrorSpec,
    /// What a run of it executes.
    pub counts: OperationCounts,
}

/// A part of an artifact.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PartEntry {
    /// What it holds.
    pub content: PartContent,
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of its bytes, in hexadecimal digits.
    pub sha256: String,
}

/// What a part of an artifact holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PartContent {
    /// The specs of all functions, as JSON.
    Spec,
    /// Machine code as a relocatable ELF object.
    Code(Processor),
    /// The module in the `tfhe` dialect, as text: a compiler makes machine code of it for any processor.
    Ir,
}

impl Manifest {
    /// The manifest of those parts of a program.
    pub(super) fn new(
        spec: &ModuleSpec,
        labels: BTreeMap<String, String>,
        parts: &[(PartContent, &[u8])],
    ) -> Self {
        let first = &spec.functions()[0];
        let function = |spec: &cloakwork_abi::spec::ProgramSpec| FunctionEntry {
            name: spec.name.clone(),
            error: spec.error,
            counts: spec.counts,
        };
        let part = |(content, bytes): &(PartContent, &[u8])| PartEntry {
            content: content.clone(),
            bytes: bytes.len() as u64,
            sha256: sha256(bytes),
        };
        Self {
            compiler: first.compiler.clone(),
            abi: first.abi.clone(),
            keyset: spec.keyset().fingerprint(),
            security: first.security.clone(),
            error: spec.error(),
            functions: spec.functions().iter().map(function).collect(),
            labels,
            parts: parts.iter().map(part).collect(),
        }
    }

    /// Whether parts and labels are such as a writer makes them; returns the bytes of all parts together.
    pub(super) fn check(&self) -> Result<u64, ArtifactProblem> {
        let refused = |problem: String| Err(ArtifactProblem::Manifest(problem));
        if self.parts.len() > MAX_PARTS || self.labels.len() > MAX_LABELS {
            return refused(format!(
                "it has {} parts and {} labels, allowed are {MAX_PARTS} and {MAX_LABELS}",
                self.parts.len(),
                self.labels.len()
            ));
        }
        if let Some((name, _)) =
            self.labels.iter().find(|(name, text)| name.len().max(text.len()) > MAX_LABEL_BYTES)
        {
            let name: String = name.chars().take(40).collect();
            return refused(format!("label `{name}` is longer than {MAX_LABEL_BYTES} bytes"));
        }
        // One spec, then code, then at most one portable program; something to run.
        let rank = |part: &PartEntry| match part.content {
            PartContent::Spec => 0,
            PartContent::Code(_) => 1,
            PartContent::Ir => 2,
        };
        let ranks: Vec<u32> = self.parts.iter().map(rank).collect();
        let count = |wanted: u32| ranks.iter().filter(|&&rank| rank == wanted).count();
        if !ranks.is_sorted() || count(0) != 1 || count(2) > 1 || ranks.len() < 2 {
            return refused(
                "its parts are not one spec, machine code, and at most one portable program".into(),
            );
        }
        let mut total = 0;
        for part in &self.parts {
            let most = match part.content {
                PartContent::Spec => MAX_SPEC_BYTES,
                PartContent::Code(_) | PartContent::Ir => MAX_CODE_BYTES,
            };
            if part.bytes > most {
                return refused(format!("a part of {} bytes, allowed are {most}", part.bytes));
            }
            total += part.bytes;
        }
        Ok(total)
    }

    /// Whether what it repeats of the spec is so.
    pub(super) fn check_spec(&self, spec: &ModuleSpec) -> Result<(), ArtifactProblem> {
        let expected = Self { parts: self.parts.clone(), ..Self::new(spec, self.labels.clone(), &[]) };
        match *self == expected {
            true => Ok(()),
            false => Err(ArtifactProblem::Manifest("it contradicts the spec".into())),
        }
    }
}

/// SHA-256 in hexadecimal digits.
pub(super) fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
