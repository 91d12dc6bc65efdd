//! A checked object file.

use crate::error::BackendError;
use crate::target::Target;
use cloakwork_abi::functions::entry_symbol;
use cloakwork_abi::processor;
use object::{Architecture, Object, ObjectSymbol};

/// Symbol of the length of the spec in bytes, a 64-bit integer.
pub const SPEC_LENGTH_SYMBOL: &str = "cloakwork_spec_len";

/// The functions of the C library that LLVM makes out of loops, and the only ones an object may need.
pub const LIBRARY_FUNCTIONS: [&str; 5] = ["bcmp", "memcmp", "memcpy", "memmove", "memset"];

/// An ELF object that exports entry points and spec and needs [`LIBRARY_FUNCTIONS`] at most.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ObjectCode {
    bytes: Vec<u8>,
    target: Target,
    symbols: Vec<String>,
}

impl ObjectCode {
    /// Checks bytes, for example those of [`ObjectCode::bytes`] kept in a file, and what they were compiled for.
    ///
    /// The check finds damage, not malice: machine code is trusted like the compiler that wrote it.
    pub fn new(bytes: Vec<u8>, target: Target) -> Result<Self, BackendError> {
        let malformed = |message: String| BackendError::MalformedObject { message };
        let file = object::File::parse(bytes.as_slice()).map_err(|error| malformed(error.to_string()))?;
        let expected = match target.architecture() {
            processor::Architecture::X86_64 => Architecture::X86_64,
            processor::Architecture::Aarch64 => Architecture::Aarch64,
        };
        if file.architecture() != expected {
            return Err(malformed(format!("it is for {:?}, allowed is {expected:?}", file.architecture())));
        }
        let (mut symbols, mut undefined) = (Vec::new(), Vec::new());
        for symbol in file.symbols().filter(|symbol| symbol.is_global()) {
            let name = symbol.name().map_err(|error| malformed(error.to_string()))?;
            if !symbol.is_undefined() {
                symbols.push(name.to_owned());
            } else if !LIBRARY_FUNCTIONS.contains(&name) {
                undefined.push(format!("`{name}`"));
            }
        }
        symbols.sort();
        undefined.sort();
        if undefined.is_empty() {
            Ok(Self { bytes, target, symbols })
        } else {
            Err(BackendError::UndefinedSymbols { symbols: undefined, allowed: LIBRARY_FUNCTIONS.into() })
        }
    }

    /// The object file.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// What it was compiled for.
    pub fn target(&self) -> &Target {
        &self.target
    }

    /// Exported symbols in alphabetical order.
    pub fn symbols(&self) -> &[String] {
        &self.symbols
    }

    /// Symbols of the entry points in alphabetical order.
    pub fn entries(&self) -> impl Iterator<Item = &str> {
        let prefix = entry_symbol("");
        self.symbols.iter().map(String::as_str).filter(move |symbol| symbol.starts_with(&prefix))
    }
}
