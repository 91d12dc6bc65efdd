//! What a user may wish for when compiling.

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
        self.cost_table.clone().unwrap_or_else(CostModel::avx512)
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
        Ok(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_become_text() {
        assert_eq!(
            Options::default().pass_options().unwrap(),
            "security=128 p-error=none global-p-error=1e-5"
        );
        let options = Options { p_error: Some(0.01), security: SecurityLevel::Bits132, ..Options::default() };
        assert_eq!(options.pass_options().unwrap(), "security=132 p-error=1e-2 global-p-error=none");
        for value in [0.0, 0.5, -1.0, f64::NAN] {
            let options = Options { global_p_error: Some(value), ..Options::default() };
            assert!(options.pass_options().unwrap_err().to_string().contains("`global_p_error`"));
        }
    }
}
