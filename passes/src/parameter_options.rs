//! The options of `fhe-optimize-parameters` as data; each error names what is allowed.

use crate::facts::fail;
use crate::parameters::{ErrorTarget, Restrictions};
use crate::pass::{Failed, Options};
use crate::restrict::read_restrictions;
use cloakwork_abi::parameters::{NoiseFamily, SecurityLevel};
use cloakwork_abi::security::check_curve;
use melior::ir::OperationRef;

/// Presets of the failure probability: name, `p_error`, `global_p_error`.
///
/// `ind-cpa-d`: who sees decrypted results learns about the noise from failures, so that none may ever occur.
pub(crate) const PRESETS: [(&str, Option<f64>, Option<f64>); 2] =
    [("default", None, Some(1e-5)), ("ind-cpa-d", Some(2.938_735_877_055_719e-39), None)];

/// What the pass was asked for.
pub(crate) struct Wishes {
    pub(crate) target: ErrorTarget,
    pub(crate) security: SecurityLevel,
    /// The noise family, if one is named.
    pub(crate) noise: Option<NoiseFamily>,
    pub(crate) restrictions: Restrictions,
}

pub(crate) fn read(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<Wishes, Failed> {
    let security = security_level(module, options)?;
    let noise = noise_family(module, options)?;
    check_curve(security, noise.unwrap_or_default()).map_err(|error| fail(module, &error.to_string()))?;
    let target = error_target(module, options)?;
    let restrictions =
        read_restrictions(options.text("restrict")).map_err(|message| fail(module, &message))?;
    Ok(Wishes { target, security, noise, restrictions })
}

fn error_target(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<ErrorTarget, Failed> {
    let probability = |name: &str| match options.text(name) {
        "none" => Ok(None),
        _ => options.value(name, "a probability such as 1e-5, or `none`", module).map(Some),
    };
    let (p_error, global_p_error) = (probability("p-error")?, probability("global-p-error")?);
    let is_explicit = p_error.is_some() || global_p_error.is_some();
    let (p_error, global_p_error) = match options.text("preset") {
        "none" if is_explicit => (p_error, global_p_error),
        // Nothing is said at all.
        "none" => (PRESETS[0].1, PRESETS[0].2),
        name if is_explicit => {
            let message = format!(
                "option `preset` is `{name}`, which sets the failure probability, but so does `p-error` or `global-p-error`; leave out one of them"
            );
            return Err(fail(module, &message));
        }
        name => {
            let preset = PRESETS.iter().find(|preset| preset.0 == name).ok_or_else(|| {
                let names = PRESETS.map(|preset| format!("`{}`", preset.0)).join(", ");
                fail(module, &format!("option `preset` is `{name}`; allowed is {names}, or `none`"))
            })?;
            (preset.1, preset.2)
        }
    };
    ErrorTarget::new(p_error, global_p_error).map_err(|error| fail(module, &error.to_string()))
}

fn security_level(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<SecurityLevel, Failed> {
    match options.text("security") {
        "128" => Ok(SecurityLevel::Bits128),
        "132" => Ok(SecurityLevel::Bits132),
        other => Err(fail(module, &format!("option `security` is `{other}`; allowed is 128 or 132 bits"))),
    }
}

fn noise_family(module: OperationRef<'_, '_>, options: &Options<'_>) -> Result<Option<NoiseFamily>, Failed> {
    match options.text("noise") {
        "none" => Ok(None),
        "gaussian" => Ok(Some(NoiseFamily::Gaussian)),
        "tuniform" => Ok(Some(NoiseFamily::TUniform)),
        other => Err(fail(module, &format!("option `noise` is `{other}`; allowed is gaussian or tuniform"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_can_be_aimed_at() {
        for (name, p_error, global_p_error) in PRESETS {
            assert!(ErrorTarget::new(p_error, global_p_error).is_ok(), "{name}");
        }
        assert_eq!(PRESETS[1].1, Some(2f64.powi(-128)));
    }
}
