//! A compiled program as one file: spec, machine code for some processors, perhaps the portable program, a manifest
//! with the hash of each part, perhaps a signature.
//!
//! ```text
//! 8 bytes  magic            4 bytes  length of the manifest      manifest, JSON
//! 4 bytes  version          8 bytes  length of all parts         parts, one behind the other
//!                                                                1 byte   0, or 1 if a signature follows
//! 32 bytes SHA-256 of all in front                               96 bytes public key, Ed25519 signature
//! ```
//!
//! The signature is of everything up to the end of the manifest, which has the hashes of the parts. The same program
//! gives the same bytes. A reader checks all of it before anybody sees a part.

mod manifest;
mod signature;

use crate::output_file::{self, Content};
use cloakwork_abi::module_spec::ModuleSpec;
use cloakwork_abi::processor::Processor;
use cloakwork_abi::read_spec::SpecError;
use cloakwork_abi::release::OtherRelease;
use sha2::{Digest, Sha256};
use signature::{SIGNATURE_BYTES, Signature};
use std::collections::BTreeMap;
use std::ops::{Range, RangeInclusive};
use std::path::Path;

pub use manifest::{FunctionEntry, Manifest, PartContent, PartEntry};
pub use signature::{InvalidKey, SignatureKey, TrustedKey};

/// First bytes of every artifact.
pub const MAGIC: &[u8; 8] = b"CLOAKPRG";
/// Version of the layout that is written.
pub const ARTIFACT_VERSION: u32 = 1;
/// Versions of the layout that are read.
const READABLE: RangeInclusive<u32> = 1..=ARTIFACT_VERSION;
const MAX_MANIFEST_BYTES: usize = 1 << 20;
/// Bytes before the manifest.
const FIXED: usize = 24;
const CHECKSUM: usize = 32;

/// A whole artifact, checked.
#[derive(Clone, Debug)]
pub struct Artifact {
    manifest: Manifest,
    spec: ModuleSpec,
    bytes: Vec<u8>,
    /// Where each part lies.
    parts: Vec<Range<usize>>,
    signature: Option<Signature>,
}

/// What to write besides the spec.
#[derive(Default)]
pub struct Contents<'a> {
    /// Machine code as relocatable objects, each with the spec inside.
    pub code: Vec<(Processor, &'a [u8])>,
    /// The module in the `tfhe` dialect.
    pub ir: Option<&'a str>,
    /// What to say about it.
    pub labels: BTreeMap<String, String>,
    /// Signs it.
    pub signed_by: Option<&'a SignatureKey>,
}

/// Why bytes are no artifact, or none to trust.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactProblem {
    /// Other first bytes.
    #[error("it is no artifact of `cloakwork compile`")]
    Magic,
    /// Another layout.
    #[error("{}", other_release(*.0))]
    Version(u32),
    /// Fewer bytes than it says.
    #[error("it is cut short; copy or write it again")]
    Truncated,
    /// More bytes than it says.
    #[error("it goes on after its end; copy or write it again")]
    TooLong,
    /// A manifest that is not understood or not sound.
    #[error("its manifest is refused: {0}; the file is damaged")]
    Manifest(String),
    /// Bits that changed.
    #[error("the checksum does not match: it is damaged; copy or write it again")]
    Checksum,
    /// A spec that is refused.
    #[error("{0}")]
    Spec(#[from] SpecError),
    /// A signature that is none.
    #[error("its signature is not valid; do not use it")]
    Signature,
    /// Signed by nobody, or by somebody else.
    #[error("it is {found}, trusted is only what is signed by {}; sign it with `cloakwork compile --sign KEY`, or trust its maker", .trusted.join(" or "))]
    Untrusted {
        /// Who signed it.
        found: String,
        /// Who is trusted.
        trusted: Vec<String>,
    },
}

fn other_release(found: u32) -> OtherRelease {
    OtherRelease {
        what: "the artifact",
        found: u64::from(found),
        oldest: u64::from(*READABLE.start()),
        newest: u64::from(*READABLE.end()),
        again: "compile the program again",
    }
}

/// The bytes of an artifact.
pub fn write(spec: &ModuleSpec, contents: &Contents<'_>) -> Result<Vec<u8>, ArtifactProblem> {
    let spec_json = spec.to_json();
    let mut parts = vec![(PartContent::Spec, spec_json.as_bytes())];
    let code = contents.code.iter();
    parts.extend(code.map(|(processor, object)| (PartContent::Code(processor.clone()), *object)));
    parts.extend(contents.ir.map(|text| (PartContent::Ir, text.as_bytes())));
    let manifest = Manifest::new(spec, contents.labels.clone(), &parts);
    let total = manifest.check()?;
    let manifest = serde_json::to_vec_pretty(&manifest).expect("a manifest is plain data");
    if manifest.len() > MAX_MANIFEST_BYTES {
        let found = manifest.len();
        return Err(ArtifactProblem::Manifest(format!(
            "it has {found} bytes, allowed are {MAX_MANIFEST_BYTES}"
        )));
    }
    let mut bytes = Vec::with_capacity(FIXED + manifest.len() + total as usize + SIGNATURE_BYTES + 33);
    bytes.extend_from_slice(MAGIC);
    bytes.extend_from_slice(&ARTIFACT_VERSION.to_le_bytes());
    bytes.extend_from_slice(&(manifest.len() as u32).to_le_bytes());
    bytes.extend_from_slice(&total.to_le_bytes());
    bytes.extend_from_slice(&manifest);
    let signature = contents.signed_by.map(|key| key.sign(&bytes));
    parts.iter().for_each(|(_, part)| bytes.extend_from_slice(part));
    bytes.push(u8::from(signature.is_some()));
    signature.iter().for_each(|signature| bytes.extend_from_slice(&signature.to_bytes()));
    let checksum = Sha256::digest(&bytes);
    bytes.extend_from_slice(&checksum);
    Ok(bytes)
}

/// Writes an artifact as [`output_file`] says.
pub fn write_file(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    output_file::write(path, bytes, Content::Program)
}

impl Artifact {
    /// Reads and checks an artifact: layout, hashes, spec, and that its signature, if it has one, is valid.
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, ArtifactProblem> {
        let (head, total) = head(&bytes)?;
        let manifest: Manifest = serde_json::from_slice(&bytes[FIXED..head])
            .map_err(|error| ArtifactProblem::Manifest(error.to_string()))?;
        if manifest.check()? != total {
            return Err(ArtifactProblem::Manifest("its parts have another length than the file says".into()));
        }
        let mut start = head;
        let mut parts = vec![];
        for part in &manifest.parts {
            let end = start + part.bytes as usize;
            parts.push(start..end);
            start = end;
        }
        let is_signed = match bytes.get(start) {
            Some(0) => false,
            Some(1) => true,
            Some(_) => return Err(ArtifactProblem::Checksum),
            None => return Err(ArtifactProblem::Truncated),
        };
        let signed = start + 1..start + 1 + if is_signed { SIGNATURE_BYTES } else { 0 };
        match bytes.len().checked_sub(signed.end + CHECKSUM) {
            Some(0) => {}
            Some(_) => return Err(ArtifactProblem::TooLong),
            None => return Err(ArtifactProblem::Truncated),
        }
        let is_whole = Sha256::digest(&bytes[..signed.end]).as_slice() == &bytes[signed.end..];
        let as_promised = |(part, range): (&PartEntry, &Range<usize>)| {
            manifest::sha256(&bytes[range.clone()]) == part.sha256
        };
        if !is_whole || !manifest.parts.iter().zip(&parts).all(as_promised) {
            return Err(ArtifactProblem::Checksum);
        }
        let signature = match <&[u8; SIGNATURE_BYTES]>::try_from(&bytes[signed]) {
            Ok(bytes) => Some(Signature::from_bytes(bytes).ok_or(ArtifactProblem::Signature)?),
            Err(_) => None,
        };
        if signature.as_ref().is_some_and(|signature| !signature.holds(&bytes[..head])) {
            return Err(ArtifactProblem::Signature);
        }
        let text = str::from_utf8(&bytes[parts[0].clone()])
            .map_err(|_| ArtifactProblem::Manifest("its spec is not text".into()))?;
        let spec = ModuleSpec::from_json(text)?;
        manifest.check_spec(&spec)?;
        Ok(Self { manifest, spec, bytes, parts, signature })
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Manifest {
        &self.manifest
    }

    /// The specs of its functions.
    pub fn spec(&self) -> &ModuleSpec {
        &self.spec
    }

    /// Whose valid signature it has.
    pub fn signer(&self) -> Option<TrustedKey> {
        self.signature.as_ref().map(Signature::key)
    }

    /// Refuses what none of these signed.
    pub fn require_signature(&self, trusted: &[TrustedKey]) -> Result<(), ArtifactProblem> {
        let signer = self.signer();
        if signer.as_ref().is_some_and(|signer| trusted.contains(signer)) {
            return Ok(());
        }
        let found = signer.map_or("not signed".to_owned(), |signer| format!("signed by {signer}"));
        Err(ArtifactProblem::Untrusted {
            found,
            trusted: trusted.iter().map(TrustedKey::to_string).collect(),
        })
    }

    /// Machine code for each processor, as relocatable objects.
    pub fn code(&self) -> impl Iterator<Item = (&Processor, &[u8])> {
        self.manifest.parts.iter().zip(&self.parts).filter_map(|(part, range)| match &part.content {
            PartContent::Code(processor) => Some((processor, &self.bytes[range.clone()])),
            PartContent::Spec | PartContent::Ir => None,
        })
    }

    /// The best of its machine code that this processor runs: that which needs most of what it has.
    pub fn code_for_here(&self) -> Option<(&Processor, &[u8])> {
        let runs = self.code().filter(|(processor, _)| processor.missing_here().is_empty());
        // The first of several that need as much.
        runs.reduce(|best, next| if next.0.features.len() > best.0.features.len() { next } else { best })
    }

    /// The module in the `tfhe` dialect.
    pub fn ir(&self) -> Option<&str> {
        let parts = self.manifest.parts.iter().zip(&self.parts);
        let mut ir = parts.filter(|(part, _)| part.content == PartContent::Ir);
        ir.next().and_then(|(_, range)| str::from_utf8(&self.bytes[range.clone()]).ok())
    }

    /// The whole file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

/// Where the manifest ends, and how long all parts are together.
fn head(bytes: &[u8]) -> Result<(usize, u64), ArtifactProblem> {
    if !bytes.starts_with(MAGIC) {
        return Err(if MAGIC.starts_with(bytes) {
            ArtifactProblem::Truncated
        } else {
            ArtifactProblem::Magic
        });
    }
    let fixed: &[u8; FIXED] = bytes.first_chunk().ok_or(ArtifactProblem::Truncated)?;
    let number = |at: usize| u32::from_le_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
    if !READABLE.contains(&number(8)) {
        return Err(ArtifactProblem::Version(number(8)));
    }
    let length = number(12) as usize;
    if length > MAX_MANIFEST_BYTES {
        let problem = format!("it has {length} bytes, allowed are {MAX_MANIFEST_BYTES}");
        return Err(ArtifactProblem::Manifest(problem));
    }
    let total = u64::from(number(16)) | u64::from(number(20)) << 32;
    if bytes.len() < FIXED + length {
        return Err(ArtifactProblem::Truncated);
    }
    Ok((FIXED + length, total))
}
