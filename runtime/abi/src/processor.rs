//! Processors that machine code is made for: architecture, name, needed instructions by LLVM's names, and which of
//! them this processor has.
//!
//! Only what detection can see counts: hints, tunings and privileged instructions are never listed.

use serde::{Deserialize, Serialize};

/// A family of instruction sets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit ARM.
    Aarch64,
}

impl Architecture {
    /// That of this process, if code can be made for it.
    pub fn here() -> Option<Self> {
        if cfg!(target_arch = "x86_64") {
            Some(Self::X86_64)
        } else if cfg!(target_arch = "aarch64") {
            Some(Self::Aarch64)
        } else {
            None
        }
    }

    /// Its usual name.
    pub fn name(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Aarch64 => "aarch64",
        }
    }
}

/// What code is made for.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Processor {
    /// Instruction set.
    pub architecture: Architecture,
    /// LLVM's name of the processor or level, or `host` for that of the compiling machine.
    pub name: String,
    /// Needed besides the architecture's least: names of [`detectable`], in alphabetical order.
    pub features: Vec<String>,
}

impl Processor {
    /// What this machine lacks to run such code; empty if it can.
    pub fn missing_here(&self) -> Vec<String> {
        if Architecture::here() != Some(self.architecture) {
            return vec![format!("a processor of kind {}", self.architecture.name())];
        }
        self.features.iter().filter(|feature| has(feature) != Some(true)).cloned().collect()
    }
}

macro_rules! x86_features {
    ($($llvm:literal = $std:tt),* $(,)?) => {
        /// LLVM's names of all instructions of an x86-64 processor beyond the first that detection can see.
        const X86: &[&str] = &[$($llvm),*];

        #[cfg(target_arch = "x86_64")]
        fn has_x86(feature: &str) -> Option<bool> {
            match feature {
                $($llvm => Some(std::arch::is_x86_feature_detected!($std)),)*
                _ => None,
            }
        }
    };
}

x86_features! {
    "adx" = "adx", "aes" = "aes", "avx" = "avx", "avx2" = "avx2", "avx512bf16" = "avx512bf16",
    "avx512bitalg" = "avx512bitalg", "avx512bw" = "avx512bw", "avx512cd" = "avx512cd", "avx512dq" = "avx512dq",
    "avx512f" = "avx512f", "avx512fp16" = "avx512fp16", "avx512ifma" = "avx512ifma", "avx512vbmi" = "avx512vbmi",
    "avx512vbmi2" = "avx512vbmi2", "avx512vl" = "avx512vl", "avx512vnni" = "avx512vnni",
    "avx512vp2intersect" = "avx512vp2intersect", "avx512vpopcntdq" = "avx512vpopcntdq", "avxifma" = "avxifma",
    "avxneconvert" = "avxneconvert", "avxvnni" = "avxvnni", "avxvnniint16" = "avxvnniint16",
    "avxvnniint8" = "avxvnniint8", "bmi" = "bmi1", "bmi2" = "bmi2", "cx16" = "cmpxchg16b", "f16c" = "f16c",
    "fma" = "fma", "gfni" = "gfni", "lzcnt" = "lzcnt", "movbe" = "movbe", "pclmul" = "pclmulqdq",
    "popcnt" = "popcnt", "rdrnd" = "rdrand", "rdseed" = "rdseed", "sha" = "sha", "sha512" = "sha512", "sm3" = "sm3",
    "sm4" = "sm4", "sse3" = "sse3", "sse4.1" = "sse4.1", "sse4.2" = "sse4.2", "sse4a" = "sse4a", "ssse3" = "ssse3",
    "tbm" = "tbm", "vaes" = "vaes", "vpclmulqdq" = "vpclmulqdq",
}

/// Names that [`Processor::features`] may hold.
pub fn detectable(architecture: Architecture) -> &'static [&'static str] {
    match architecture {
        Architecture::X86_64 => X86,
        // Code for ARM keeps to what all of its processors have.
        Architecture::Aarch64 => &[],
    }
}

/// Whether this processor has the instructions of that name; `None` for names that are not known.
fn has(feature: &str) -> Option<bool> {
    #[cfg(target_arch = "x86_64")]
    return has_x86(feature);
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = feature;
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_is_named() {
        let mut processor =
            Processor { architecture: Architecture::X86_64, name: "new".into(), features: vec![] };
        let is_x86 = cfg!(target_arch = "x86_64");
        assert_eq!(processor.missing_here().is_empty(), is_x86);
        processor.features = vec!["an instruction of the future".into()];
        assert_eq!(processor.missing_here().len(), 1);
        processor.architecture = Architecture::Aarch64;
        assert_eq!(processor.missing_here() == ["a processor of kind aarch64"], is_x86);
        assert!(X86.is_sorted());
        #[cfg(target_arch = "x86_64")]
        assert!(X86.iter().all(|feature| has(feature).is_some()));
    }
}
