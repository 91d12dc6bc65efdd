//! A compiled function: its spec and its machine code, from memory or from a shared library.
//!
//! A library is read and checked before the loader sees it: ELF header, every segment and section within the
//! file, the spec with its contract. What is loaded is a private copy of the bytes that were checked.

use cloakwork_abi::functions::{Entry, SPEC_SECTION, entry_symbol};
use cloakwork_abi::module_spec::{ModuleSpec, UnknownFunction};
use cloakwork_abi::read_spec::SpecError;
use cloakwork_abi::spec::ProgramSpec;
use object::elf::{EM_X86_64, ET_DYN, ET_EXEC, FileHeader64, PT_INTERP, PT_LOAD};
use object::read::elf::{ElfFile64, FileHeader, ProgramHeader};
use object::{Endianness, Object, ObjectSection};
use std::any::Any;
use std::fs::File;
use std::io::Write;
use std::os::fd::{AsRawFd, FromRawFd};
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::value::Words;

/// Longest spec that is read from a library.
const MAX_SPEC_BYTES: usize = 64 << 20;

/// A compiled function that can be run and simulated, on many threads at once.
pub struct Program {
    spec: ProgramSpec,
    fingerprint: String,
    entry: Entry,
    /// Scratch memory of earlier runs.
    pub(crate) idle_workspaces: Mutex<Vec<Vec<Words>>>,
    _owner: Arc<dyn Any + Send + Sync>,
}

/// Why a library was not loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error("`{path}` cannot be read: {source}")]
    Read {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// Not a whole ELF file of this machine.
    #[error(
        "`{path}` is not a shared library for this machine: {problem}; compile the program again for this machine"
    )]
    Elf {
        /// File.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// A whole program where a library is wanted.
    #[error(
        "`{path}` is an executable, not a shared library: run it directly, it takes `--keys`, `--input` and `--output`; or compile with `--emit shared`"
    )]
    Executable {
        /// File.
        path: String,
    },
    /// An ELF file that the compiler did not write.
    #[error("`{path}` has no section `{SPEC_SECTION}`; it is not a program compiled by `cloakwork compile`")]
    NoSpec {
        /// File.
        path: String,
    },
    /// A spec that is refused.
    #[error("`{path}`: {source}")]
    Spec {
        /// File.
        path: String,
        /// Cause.
        source: SpecError,
    },
    /// A function that the library does not have, or none named where there are several.
    #[error("`{path}`: {source}")]
    Function {
        /// File.
        path: String,
        /// Cause.
        source: UnknownFunction,
    },
    /// The system's loader refused it.
    #[error("`{path}` cannot be loaded: {problem}")]
    Load {
        /// File.
        path: String,
        /// Cause.
        problem: String,
    },
}

impl Program {
    /// A program whose machine code is in memory already.
    ///
    /// # Safety
    ///
    /// `entry` is code compiled for exactly `spec`, obeys [`Entry`], and stays valid while `owner` lives.
    pub unsafe fn from_entry(spec: ProgramSpec, entry: Entry, owner: Arc<dyn Any + Send + Sync>) -> Self {
        let fingerprint = spec.keyset.fingerprint();
        Self { spec, fingerprint, entry, idle_workspaces: Mutex::default(), _owner: owner }
    }

    /// Loads the only function of a compiled shared library. Its code runs in this process: load only what you trust.
    pub fn load(path: &Path) -> Result<Self, LoadError> {
        Self::load_function(path, None)
    }

    /// [`Self::load`] of the function of that name, or of the only one.
    pub fn load_function(path: &Path, function: Option<&str>) -> Result<Self, LoadError> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| LoadError::Read { path: name.clone(), source })?;
        let module = read_module_spec(&bytes, &name)?;
        let unknown = |source| LoadError::Function { path: name.clone(), source };
        let spec = module.function(function).map_err(unknown)?.clone();
        if is_executable(&bytes) {
            return Err(LoadError::Executable { path: name });
        }
        let failed = |problem: String| LoadError::Load { path: name.clone(), problem };
        let copy = private_copy(&bytes).map_err(|error| failed(error.to_string()))?;
        // The copy stays open while the library is loaded: its path must not come to mean another file.
        let copy_path = format!("/proc/self/fd/{}", copy.as_raw_fd());
        // SAFETY: the caller trusts the code; compiled libraries have no initialisers of their own.
        let library =
            unsafe { libloading::Library::new(copy_path) }.map_err(|error| failed(with_causes(&error)))?;
        let symbol = entry_symbol(&spec.name);
        // SAFETY: the symbol is the entry function by the contract that the spec's ABI hash stands for.
        let entry = unsafe { library.get::<Entry>(symbol.as_bytes()) }.map(|entry| *entry);
        let entry =
            entry.map_err(|error| failed(format!("no function `{symbol}`: {}", with_causes(&error))))?;
        // SAFETY: spec and code come from one file, and the owner keeps the library loaded.
        Ok(unsafe { Self::from_entry(spec, entry, Arc::new((library, copy))) })
    }

    /// The public description.
    pub fn spec(&self) -> &ProgramSpec {
        &self.spec
    }

    /// Fingerprint of the program's key set.
    pub fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    pub(crate) fn entry(&self) -> Entry {
        self.entry
    }
}

impl std::fmt::Debug for Program {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Program")
            .field("name", &self.spec.name)
            .field("fingerprint", &self.fingerprint)
            .finish()
    }
}

/// The spec of the only function in the shared library or executable `bytes`, see [`read_module_spec`].
pub fn read_spec(bytes: &[u8], path: &str) -> Result<ProgramSpec, LoadError> {
    let module = read_module_spec(bytes, path)?;
    let unknown = |source| LoadError::Function { path: path.to_owned(), source };
    module.function(None).cloned().map_err(unknown)
}

/// The specs in the shared library or executable `bytes`, after checking that the file is whole.
pub fn read_module_spec(bytes: &[u8], path: &str) -> Result<ModuleSpec, LoadError> {
    let bad = |problem: String| LoadError::Elf { path: path.to_owned(), problem };
    let file = ElfFile64::<Endianness>::parse(bytes).map_err(|error| bad(error.to_string()))?;
    let (header, endian) = (file.elf_header(), file.endian());
    check_header(header, endian).map_err(bad)?;
    for segment in file.elf_program_headers() {
        if segment.data(endian, bytes).is_err() && segment.p_type(endian) == PT_LOAD {
            return Err(bad(
                "a segment lies beyond the end of the file, which is cut short or damaged".to_owned()
            ));
        }
    }
    let mut spec = None;
    for section in file.sections() {
        let data = section.data().map_err(|_| {
            bad("a section lies beyond the end of the file, which is cut short or damaged".to_owned())
        })?;
        if section.name() == Ok(SPEC_SECTION) {
            spec = Some(data);
        }
    }
    let spec = spec.ok_or_else(|| LoadError::NoSpec { path: path.to_owned() })?;
    if spec.len() > MAX_SPEC_BYTES {
        return Err(bad(format!("its spec has {} bytes, allowed are {MAX_SPEC_BYTES}", spec.len())));
    }
    let text = str::from_utf8(spec).map_err(|_| bad("its spec is not text".to_owned()))?;
    ModuleSpec::from_json(text.trim_end_matches('\0'))
        .map_err(|source| LoadError::Spec { path: path.to_owned(), source })
}

fn check_header(header: &FileHeader64<Endianness>, endian: Endianness) -> Result<(), String> {
    if endian != Endianness::Little || header.e_machine(endian) != EM_X86_64 || !cfg!(target_arch = "x86_64")
    {
        return Err(format!(
            "it is for machine {}, this is {}",
            header.e_machine(endian),
            std::env::consts::ARCH
        ));
    }
    match header.e_type(endian) {
        ET_DYN | ET_EXEC => Ok(()),
        other => Err(format!("its ELF type is {other}, a shared library has {ET_DYN}")),
    }
}

/// Whether a file that [`read_spec`] accepted is started rather than loaded: it names its loader, or lies at fixed
/// addresses.
fn is_executable(bytes: &[u8]) -> bool {
    ElfFile64::<Endianness>::parse(bytes).is_ok_and(|file| {
        let endian = file.endian();
        file.elf_header().e_type(endian) == ET_EXEC
            || file.elf_program_headers().iter().any(|segment| segment.p_type(endian) == PT_INTERP)
    })
}

/// An error with what is behind it: the loader's own words are the cause of the library's.
fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

/// An anonymous file with those bytes.
fn private_copy(bytes: &[u8]) -> std::io::Result<File> {
    // SAFETY: the name is a C string; the call has no other requirements.
    let descriptor = unsafe { libc::memfd_create(c"cloakwork-program".as_ptr(), libc::MFD_CLOEXEC) };
    if descriptor < 0 {
        return Err(std::io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new, and owned by nobody else.
    let mut file = unsafe { File::from_raw_fd(descriptor) };
    file.write_all(bytes)?;
    Ok(file)
}
