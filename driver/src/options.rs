//! What a user may wish for when compiling.

use crate::calibrate::AVX512;
use crate::error::Error;
use cloakwork_abi::parameters::SecurityLevel;
use cloakwork_backend_cpu::Target;
use cloakwork_passes::parameters::{CostModel, ErrorTarget};

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
    /// Bits of security of the keys.
    pub security: SecurityLevel,
    /// The processor that the machine code is for.
    pub target: Target,
    /// What operations cost on the machine that runs the program, as `cloakwork calibrate` measured it; without,
    /// the table of the repository for the target's kind of processor.
    pub cost_table: Option<CostModel>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            p_error: None,
            global_p_error: None,
            security: SecurityLevel::Bits128,
            target: Target::Host,
            cost_table: None,
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
        let global = match (self.p_error, self.global_p_error) {
            (None, None) => Some(DEFAULT_GLOBAL_P_ERROR),
            (_, global) => global,
        };
        ErrorTarget::new(self.p_error, global)?;
        for (name, value) in [("p-error", self.p_error), ("global-p-error", global)] {
            match value {
                Some(value) => text.push_str(&format!(" {name}={value:e}")),
                None => text.push_str(&format!(" {name}=none")),
            }
        }
        text.push_str(&format!(" cost-table={}", self.table_name()));
        Ok(text)
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
        for value in [0.0, 0.5, -1.0, f64::NAN] {
            let options = Options { global_p_error: Some(value), ..Options::default() };
            assert!(options.pass_options().unwrap_err().to_string().contains("`global_p_error`"));
        }
    }
}
