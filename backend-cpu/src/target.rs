//! Which processor code is made for: names, checks, and LLVM's target machine.
//!
//! Linux on x86-64 processors, or on any 64-bit ARM processor. Unsafe only for the two functions of `cpp/cpus.cpp`.

use crate::error::BackendError;
use cloakwork_abi::processor::{Architecture, Processor, detectable};
use inkwell::OptimizationLevel;
use inkwell::targets::{
    CodeModel, InitializationConfig, RelocMode, Target as LlvmTarget, TargetMachine, TargetTriple,
};
use std::collections::HashMap;
use std::env::consts;
use std::ffi::{c_char, c_void};
use std::fmt::{self, Display, Formatter};
use std::str::FromStr;
use std::{ptr, slice};

/// The name of the target for ARM.
const AARCH64: &str = "aarch64";

/// Instructions that LLVM never chooses for arithmetic: privileged ones, hints and those that only
/// intrinsics reach. Virtual machines hide many of them, and code runs without them.
#[rustfmt::skip]
const NEVER_CHOSEN: [&str; 37] = [
    "amx-avx512", "amx-bf16", "amx-complex", "amx-fp16", "amx-fp8", "amx-int8", "amx-movrs", "amx-tf32", "amx-tile",
    "cldemote", "clflushopt", "clwb", "clzero", "enqcmd", "fsgsbase", "hreset", "invpcid", "kl", "lwp", "movdir64b",
    "movdiri", "mwaitx", "pconfig", "pku", "prefetchi", "ptwrite", "rdpid", "rdpru", "serialize", "sgx", "shstk",
    "tsxldtrk", "uintr", "usermsr", "waitpkg", "wbnoinvd", "widekl",
];

/// The processor to compile for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub enum Target {
    /// The one of this machine, with everything it can do.
    #[default]
    Host,
    /// A processor or level by LLVM's name, for example `x86-64-v3` or `znver4`.
    Cpu(CpuName),
    /// Every 64-bit ARM processor.
    Aarch64,
}

/// A name out of [`known_cpus`].
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CpuName(String);

impl CpuName {
    fn features(&self) -> Vec<String> {
        collect(|visit, data| {
            // SAFETY: the pointer and length are those of the name; `visit` and `data` are not kept.
            unsafe { cloakworkVisitCpuFeatures(self.0.as_ptr().cast(), self.0.len(), visit, data) }
        })
    }
}

/// The version of LLVM that makes the code.
pub fn llvm_version() -> String {
    let (major, minor, patch) = inkwell::support::get_llvm_version();
    format!("{major}.{minor}.{patch}")
}

impl FromStr for CpuName {
    type Err = BackendError;

    fn from_str(name: &str) -> Result<Self, BackendError> {
        let known = known_cpus();
        if known.iter().any(|cpu| cpu == name) {
            Ok(Self(name.to_owned()))
        } else {
            Err(BackendError::UnknownCpu { name: name.to_owned(), known })
        }
    }
}

impl FromStr for Target {
    type Err = BackendError;

    /// `host`, `aarch64` or a name out of [`known_cpus`].
    fn from_str(name: &str) -> Result<Self, BackendError> {
        match name {
            "host" => Ok(Self::Host),
            AARCH64 => Ok(Self::Aarch64),
            name => name.parse().map(Self::Cpu),
        }
    }
}

impl Display for Target {
    fn fmt(&self, formatter: &mut Formatter) -> fmt::Result {
        match self {
            Self::Host => formatter.write_str("host"),
            Self::Cpu(name) => formatter.write_str(&name.0),
            Self::Aarch64 => formatter.write_str(AARCH64),
        }
    }
}

/// Every 64-bit x86 processor that LLVM has a name for, in LLVM's order.
pub fn known_cpus() -> Vec<String> {
    collect(|visit, data| {
        // SAFETY: calls `visit` with `data` as often as there are names, and keeps neither.
        unsafe { cloakworkVisitCpus(visit, data) }
    })
}

impl Target {
    /// LLVM's description of the processor, set to position-independent code and full optimisation.
    pub(crate) fn machine(&self) -> Result<TargetMachine, BackendError> {
        let (cpu, features) = match self {
            Self::Host => {
                require_x86_64_linux()?;
                (text(TargetMachine::get_host_cpu_name()), text(TargetMachine::get_host_cpu_features()))
            }
            Self::Cpu(name) => (name.0.clone(), String::new()),
            Self::Aarch64 => ("generic".to_owned(), String::new()),
        };
        match self.architecture() {
            Architecture::X86_64 => LlvmTarget::initialize_x86(&InitializationConfig::default()),
            Architecture::Aarch64 => LlvmTarget::initialize_aarch64(&InitializationConfig::default()),
        }
        let name = format!("{}-unknown-linux-gnu", self.architecture().name());
        let triple = TargetTriple::create(&name);
        let refused = |message| BackendError::Llvm { stage: "for its target", message };
        LlvmTarget::from_triple(&triple)
            .map_err(|error| refused(text(error)))?
            .create_target_machine(
                &triple,
                &cpu,
                &features,
                OptimizationLevel::Aggressive,
                RelocMode::PIC,
                CodeModel::Default,
            )
            .ok_or_else(|| refused(format!("there is no machine `{cpu}` for {name}")))
    }

    /// The instruction set.
    pub fn architecture(&self) -> Architecture {
        match self {
            Self::Host | Self::Cpu(_) => Architecture::X86_64,
            Self::Aarch64 => Architecture::Aarch64,
        }
    }

    /// What code for it needs of a processor.
    pub fn processor(&self) -> Processor {
        let architecture = self.architecture();
        let names = detectable(architecture).iter().filter(|&&name| self.has_features(&[name]));
        let features = names.map(|&name| name.to_owned()).collect();
        Processor { architecture, name: self.to_string(), features }
    }

    /// Whether the processor has all of these features, by LLVM's names.
    pub fn has_features(&self, names: &[&str]) -> bool {
        let found = match self {
            Self::Host => {
                let all = text(TargetMachine::get_host_cpu_features());
                all.split(',').filter_map(|feature| feature.strip_prefix('+')).map(str::to_owned).collect()
            }
            Self::Cpu(name) => name.features(),
            Self::Aarch64 => vec![],
        };
        names.iter().all(|name| found.iter().any(|feature| feature == name))
    }

    /// Whether this machine has all instructions that code for the target may use.
    pub(crate) fn require_runs_here(&self) -> Result<(), BackendError> {
        require_x86_64_linux()?;
        let name = match self {
            Self::Host => return Ok(()),
            Self::Cpu(name) => name,
            Self::Aarch64 => {
                let missing = vec!["a processor of kind aarch64".to_owned()];
                return Err(BackendError::OtherCpu { cpu: AARCH64.to_owned(), missing });
            }
        };
        let host_features = text(TargetMachine::get_host_cpu_features());
        // `+name` or `-name`; what the host does not report, such as tunings, is no instruction.
        let host: HashMap<&str, bool> = host_features
            .split(',')
            .filter_map(|feature| Some((feature.get(1..)?, feature.starts_with('+'))))
            .collect();
        let needed = name.features();
        let is_missing = |feature: &String| {
            host.get(feature.as_str()) == Some(&false) && !NEVER_CHOSEN.contains(&feature.as_str())
        };
        let missing: Vec<_> = needed.into_iter().filter(is_missing).collect();
        if missing.is_empty() { Ok(()) } else { Err(BackendError::OtherCpu { cpu: name.0.clone(), missing }) }
    }
}

fn require_x86_64_linux() -> Result<(), BackendError> {
    if cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        Ok(())
    } else {
        Err(BackendError::UnsupportedHost { found: format!("{} {}", consts::ARCH, consts::OS) })
    }
}

fn text(string: inkwell::support::LLVMString) -> String {
    string.to_string_lossy().into_owned()
}

type Visit = unsafe extern "C" fn(*const c_char, usize, *mut c_void);

unsafe extern "C" {
    fn cloakworkVisitCpus(visit: Visit, data: *mut c_void);
    fn cloakworkVisitCpuFeatures(name: *const c_char, length: usize, visit: Visit, data: *mut c_void);
}

fn collect(visit_all: impl FnOnce(Visit, *mut c_void)) -> Vec<String> {
    unsafe extern "C" fn push(text: *const c_char, length: usize, data: *mut c_void) {
        // SAFETY: `data` is the vector below, and the text has `length` bytes, as `cpus.cpp` says.
        let (texts, bytes) =
            unsafe { (&mut *data.cast::<Vec<String>>(), slice::from_raw_parts(text.cast(), length)) };
        texts.push(String::from_utf8_lossy(bytes).into_owned());
    }
    let mut texts: Vec<String> = Vec::new();
    visit_all(push, ptr::from_mut(&mut texts).cast());
    texts
}
