//! How often a program may fail.

/// Greatest failure probabilities that are allowed; at least one is given.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ErrorTarget {
    p_error: Option<f64>,
    global_p_error: Option<f64>,
}

/// A probability that cannot be aimed at, or none at all.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum InvalidTarget {
    /// Outside of what can be computed with.
    #[error("`{name}` is {found:e}, allowed is from 2^-200 to below 0.5; try 2^-40")]
    OutOfRange {
        /// Which of both.
        name: &'static str,
        /// Its value.
        found: f64,
    },
    /// Nothing to aim at.
    #[error("neither `p_error` nor `global_p_error` is given, at least one is needed; try `p_error` 2^-40")]
    Missing,
}

impl ErrorTarget {
    /// Bounds for a single lookup or output (`p_error`) and for a whole run (`global_p_error`), in `[2^−200, ½)`.
    pub fn new(p_error: Option<f64>, global_p_error: Option<f64>) -> Result<Self, InvalidTarget> {
        for (name, value) in [("p_error", p_error), ("global_p_error", global_p_error)] {
            let allowed = (-200f64).exp2()..0.5;
            if let Some(found) = value.filter(|p| !allowed.contains(p)) {
                return Err(InvalidTarget::OutOfRange { name, found });
            }
        }
        if p_error.is_none() && global_p_error.is_none() {
            return Err(InvalidTarget::Missing);
        }
        Ok(Self { p_error, global_p_error })
    }

    /// Whether both achieved figures keep to what is asked for.
    pub(super) fn is_met(&self, p_error: f64, global_p_error: f64) -> bool {
        self.p_error.is_none_or(|bound| p_error <= bound)
            && self.global_p_error.is_none_or(|bound| global_p_error <= bound)
    }

    /// A target for single lookups and outputs alone: if each of `count` keeps to it, all keep to this one.
    pub(super) fn split(&self, count: u64) -> Self {
        Self { p_error: Some(self.share(count)), global_p_error: None }
    }

    /// Whether only single lookups and outputs are bounded.
    pub(super) fn is_local(&self) -> bool {
        self.global_p_error.is_none()
    }

    /// Both bounds times `factor`, and the first of them that is given; nothing where that is out of range.
    pub(super) fn scaled(&self, factor: f64) -> Option<(Self, f64)> {
        let scaled = |bound: Option<f64>| bound.map(|p| p * factor);
        let (p_error, global_p_error) = (scaled(self.p_error), scaled(self.global_p_error));
        let target = Self::new(p_error, global_p_error).ok()?;
        Some((target, p_error.or(global_p_error)?))
    }

    /// What `count` equal events may fail with if nothing else ever failed: more breaks the target.
    pub(super) fn share(&self, count: u64) -> f64 {
        let global = self.global_p_error.map(|p| -((-p).ln_1p() / count.max(1) as f64).exp_m1());
        self.p_error.unwrap_or(1.0).min(global.unwrap_or(1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_targets_are_refused() {
        assert_eq!(ErrorTarget::new(None, None), Err(InvalidTarget::Missing));
        for found in [0.0, 0.5, -0.5, 2f64.powi(-201)] {
            let error = ErrorTarget::new(Some(1e-5), Some(found)).unwrap_err();
            assert_eq!(error, InvalidTarget::OutOfRange { name: "global_p_error", found });
        }
        let error = ErrorTarget::new(Some(f64::NAN), None).unwrap_err();
        assert_eq!(error.to_string(), "`p_error` is NaN, allowed is from 2^-200 to below 0.5; try 2^-40");
    }

    #[test]
    fn shares_multiply_to_the_whole() {
        let target = ErrorTarget::new(None, Some(1e-3)).unwrap();
        let whole = 1.0 - (1.0 - target.share(1000)).powi(1000);
        assert!((whole / 1e-3 - 1.0).abs() < 1e-9, "{whole:e}");
        assert_eq!(ErrorTarget::new(Some(1e-9), Some(1e-3)).unwrap().share(10), 1e-9);
    }
}
