//! What a user may wish for when compiling.

use crate::cache::CompileCache;
use crate::calibrate::AVX512;
use crate::error::Error;
use cloakwork_abi::parameters::{NoiseFamily, SecurityLevel};
use cloakwork_abi::spec::Keyset;
use cloakwork_backend_cpu::Target;
use cloakwork_passes::parameters::{CostModel, ErrorTarget, InvalidTarget};
use cloakwork_passes::pipeline::fhe_with;
use cloakwork_passes::set_bounds::Bounds;
use std::str::FromStr;

/// Failure probability of a whole run when nothing else is wished for.
pub const DEFAULT_GLOBAL_P_ERROR: f64 = 1e-5;

/// How to compile.
///
/// ```
/// use cloakwork::Options;
/// let options = Options { p_error: Some(2f64.powi(-40)), ..Options::default() };
/// assert!(options.global_p_error.is_none());
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// Greatest failure probability of one lookup.
    pub p_error: Option<f64>,
    /// Greatest failure probability of a run; [`DEFAULT_GLOBAL_P_ERROR`] when neither is given.
    pub global_p_error: Option<f64>,
    /// Failure probabilities by name, instead of numbers.
    pub preset: Option<Preset>,
    /// Noise of the keys; that of `keyset` if it is given, else Gaussian.
    pub noise: Option<NoiseFamily>,
    /// Bits of security of the keys.
    pub security: SecurityLevel,
    /// Bounds of what is chosen from, as a list such as `polynomial_size=1024..2048, grouping=1`.
    pub restrict: Option<String>,
    /// The keys of another program: the program is compiled for exactly these, and keys made for the one serve the
    /// other.
    pub keyset: Option<Keyset>,
    /// Where the ranges of values come from; [`Bounds::Measured`] for programs and [`Bounds::Guarded`] for models when nothing
    /// is said.
    pub bounds: Option<Bounds>,
    /// Whether results are left as they are that are fed back with their own noise and more; otherwise they are looked
    /// up before.
    pub keep_feedback: bool,
    /// Options of `fhe-decompose-pairwise`, such as `comparison=sign bitwise=packed`: how functions of two encrypted
    /// values are computed where they can; by cost where nothing is said.
    pub strategies: String,
    /// Whether the report says what binds the parameters and what cheaper ones would need; that takes some further
    /// searches.
    pub explain: bool,
    /// The processor that the machine code is for.
    pub target: Target,
    /// What operations cost on the machine that runs the program, as `cloakwork calibrate` measured it; without,
    /// the table of the repository for the target's kind of processor.
    pub cost_table: Option<CostModel>,
    /// Where compiled programs are kept, so that one that was compiled before need not be again; nowhere by default.
    pub cache: Option<CompileCache>,
}

/// Failure probabilities by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// [`DEFAULT_GLOBAL_P_ERROR`] for a run.
    Default,
    /// `2^-128` for each lookup and result: who is shown decrypted results learns nothing from failures.
    IndCpaD,
}

impl Preset {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Default, Self::IndCpaD];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Default => "default",
            Self::IndCpaD => "ind-cpa-d",
        }
    }
}

impl FromStr for Preset {
    type Err = OptionsError;

    fn from_str(text: &str) -> Result<Self, OptionsError> {
        let found = Self::ALL.into_iter().find(|preset| preset.name() == text);
        found.ok_or_else(|| OptionsError::Name {
            option: "preset",
            found: text.to_owned(),
            allowed: "`default`, `ind-cpa-d`",
        })
    }
}

/// A noise family by its name, `gaussian` or `tuniform`.
pub fn noise_family(text: &str) -> Result<NoiseFamily, OptionsError> {
    match text {
        "gaussian" => Ok(NoiseFamily::Gaussian),
        "tuniform" => Ok(NoiseFamily::TUniform),
        _ => Err(OptionsError::Name {
            option: "noise",
            found: text.to_owned(),
            allowed: "`gaussian`, `tuniform`",
        }),
    }
}

/// Where ranges come from, by name: `measured`, `guarded`, `provable` or `saturate`.
pub fn bounds(text: &str) -> Result<Bounds, OptionsError> {
    text.parse().map_err(|_| OptionsError::Name {
        option: "bounds",
        found: text.to_owned(),
        allowed: "`measured`, `guarded`, `provable`, `saturate`",
    })
}

/// Wishes that cannot be fulfilled, whatever the program is.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum OptionsError {
    /// An error probability outside of what can be aimed at.
    #[error(transparent)]
    Target(#[from] InvalidTarget),
    /// A name that is not known.
    #[error("`{option}` is `{found}`; allowed are {allowed}")]
    Name {
        /// The option.
        option: &'static str,
        /// Its value.
        found: String,
        /// What it may be.
        allowed: &'static str,
    },
    /// Failure probabilities by name and as numbers.
    #[error(
        "`preset` is `{preset}`, which sets the failure probability, but so does `{other}`; leave out one of them"
    )]
    Preset {
        /// Name of the preset.
        preset: &'static str,
        /// The number that is given too.
        other: &'static str,
    },
    /// Bounds in letters that no list of bounds has.
    #[error(
        "`restrict` has the character `{found}`; write a list such as `polynomial_size=1024..2048, grouping=1, many_lut=off`"
    )]
    Restrict {
        /// The first of them.
        found: char,
    },
    /// Ways of computing in letters that no list of them has.
    #[error(
        "`strategies` has the character `{found}`; write a list such as `comparison=sign bitwise=packed`"
    )]
    Strategies {
        /// The first of them.
        found: char,
    },
    /// Bounds of a search that does not take place.
    #[error("`restrict` bounds what keys are chosen from, but the keys are given; leave out one of both")]
    RestrictedKeys,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            p_error: None,
            global_p_error: None,
            preset: None,
            noise: None,
            security: SecurityLevel::Bits128,
            restrict: None,
            keyset: None,
            bounds: None,
            keep_feedback: false,
            strategies: String::new(),
            explain: false,
            target: Target::Host,
            cost_table: None,
            cache: None,
        }
    }
}

impl Options {
    /// The table of costs that parameters are chosen by.
    pub fn costs(&self) -> CostModel {
        let of_repository = || CostModel::of_repository(self.table_name()).expect("one of the tables");
        self.cost_table.clone().unwrap_or_else(of_repository)
    }

    /// The table of the repository for the target.
    fn table_name(&self) -> &'static str {
        if self.target.has_features(&AVX512) { "avx512" } else { "avx2" }
    }

    /// The options of `fhe-optimize-parameters`, in the syntax of pipelines.
    pub fn pass_options(&self) -> Result<String, Error> {
        let mut text = format!("security={}", self.security.bits());
        match self.preset {
            Some(preset) => text.push_str(&self.preset_option(preset)?),
            None => text.push_str(&self.probability_options()?),
        }
        match self.noise {
            Some(NoiseFamily::Gaussian) => text.push_str(" noise=gaussian"),
            Some(NoiseFamily::TUniform) => text.push_str(" noise=tuniform"),
            None => {}
        }
        if let Some(bounds) = &self.restrict {
            if self.keyset.is_some() {
                return Err(OptionsError::RestrictedKeys.into());
            }
            let is_foreign =
                |letter: &char| !(letter.is_ascii_alphanumeric() || " _-=.,;|".contains(*letter));
            if let Some(found) = bounds.chars().find(is_foreign) {
                return Err(OptionsError::Restrict { found }.into());
            }
            text.push_str(&format!(" restrict=\"{bounds}\""));
        }
        text.push_str(&format!(" cost-table={}", self.table_name()));
        Ok(text)
    }

    /// [`fhe_with`] the options of the optimizer and the ways of computing that are wished for.
    pub(crate) fn fhe_pipeline(&self, pass_options: &str) -> Result<String, OptionsError> {
        let is_foreign = |letter: &char| !(letter.is_ascii_alphanumeric() || " -=".contains(*letter));
        match self.strategies.chars().find(is_foreign) {
            Some(found) => Err(OptionsError::Strategies { found }),
            None => Ok(fhe_with(format!("{pass_options} {}", self.strategies).trim())),
        }
    }

    fn preset_option(&self, preset: Preset) -> Result<String, OptionsError> {
        for (other, value) in [("p_error", self.p_error), ("global_p_error", self.global_p_error)] {
            if value.is_some() {
                return Err(OptionsError::Preset { preset: preset.name(), other });
            }
        }
        Ok(format!(" preset={}", preset.name()))
    }

    fn probability_options(&self) -> Result<String, OptionsError> {
        let global = match (self.p_error, self.global_p_error) {
            (None, None) => Some(DEFAULT_GLOBAL_P_ERROR),
            (_, global) => global,
        };
        ErrorTarget::new(self.p_error, global)?;
        let option = |(name, value): (&str, Option<f64>)| match value {
            Some(value) => format!(" {name}={value:e}"),
            None => format!(" {name}=none"),
        };
        Ok([("p-error", self.p_error), ("global-p-error", global)].map(option).concat())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_text() {
        let target = |name: &str| name.parse::<Target>().unwrap();
        let options = Options { target: target("sapphirerapids"), ..Options::default() };
        assert_eq!(
            options.pass_options().unwrap(),
            "security=128 p-error=none global-p-error=1e-5 cost-table=avx512"
        );
        let (security, target) = (SecurityLevel::Bits132, target("x86-64-v3"));
        let options = Options { p_error: Some(0.01), security, target, ..Options::default() };
        assert_eq!(
            options.pass_options().unwrap(),
            "security=132 p-error=1e-2 global-p-error=none cost-table=avx2"
        );
        assert_eq!(options.costs(), CostModel::of_repository("avx2").unwrap());
        let options = Options {
            preset: Some(Preset::IndCpaD),
            noise: Some(NoiseFamily::TUniform),
            restrict: Some("extension=1..4, many_lut=off".into()),
            ..options
        };
        let options = Options { p_error: None, ..options };
        let text = "security=132 preset=ind-cpa-d noise=tuniform restrict=\"extension=1..4, many_lut=off\" cost-table=avx2";
        assert_eq!(options.pass_options().unwrap(), text);
    }

    #[test]
    fn wishes_that_nothing_fulfils() {
        let message = |options: Options| options.pass_options().unwrap_err().to_string();
        for value in [0.0, 0.5, -1.0, f64::NAN] {
            let options = Options { global_p_error: Some(value), ..Options::default() };
            assert!(message(options).contains("`global_p_error`"));
        }
        let options = Options { preset: Some(Preset::Default), p_error: Some(0.1), ..Options::default() };
        assert!(message(options).contains("`preset` is `default`"));
        let options = Options { restrict: Some("grouping=1\"}".into()), ..Options::default() };
        assert!(message(options).contains("has the character `\"`"));
        let keys = Options {
            restrict: Some("grouping=1".into()),
            keyset: Some(Keyset::default()),
            ..Options::default()
        };
        assert!(message(keys).contains("leave out one of both"));
        assert!("safe".parse::<Preset>().unwrap_err().to_string().contains("`default`, `ind-cpa-d`"));
        assert!(noise_family("none").unwrap_err().to_string().contains("`gaussian`, `tuniform`"));
    }
}
