//! A key set that was found, and what it achieves.

use crate::parameters::demand::{Demand, DemandKind};
use crate::parameters::solve::Problem;
use cloakwork_abi::noise;
use cloakwork_abi::parameters::{
    Decomposition, ExtensionFactor, GlweShape, Grouping, LweDimension, NoiseDistribution, SecurityLevel,
    Variance,
};
use cloakwork_abi::spec::{
    BootstrapKeySpec, ErrorSpec, Keyset, KeyswitchKeySpec, SecretKeyShape, SecretKeySpec,
};
use std::fmt;

/// Name of the key that values are encrypted under.
pub const BIG_KEY: &str = "big";
/// Name of the key that lookups rotate by.
pub const SMALL_KEY: &str = "small";
/// Name of the keyswitch key.
pub const KEYSWITCH_KEY: &str = "ksk";
/// Name of the bootstrap key.
pub const BOOTSTRAP_KEY: &str = "bsk";

/// Parameters of every key, and what they achieve.
#[derive(Clone, Debug, PartialEq)]
pub struct Solution {
    /// The level that every key keeps to.
    pub security: SecurityLevel,
    /// Shape of the key that values are encrypted under.
    pub shape: GlweShape,
    /// Variance of a fresh encryption under it.
    pub fresh_variance: Variance,
    /// What lookups need, in a program that has any.
    pub lookup: Option<LookupParameters>,
    /// Failure probabilities that are achieved.
    pub error: ErrorSpec,
    /// Estimated time of one run on one thread.
    pub seconds: f64,
    /// Where failure is likeliest; nothing in a program without results.
    pub tightest: Option<Tightest>,
}

/// The part of a [`Solution`] that lookups need.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LookupParameters {
    /// Dimension of the small key.
    pub small: LweDimension,
    /// Variance of an encryption under it.
    pub small_variance: Variance,
    /// Decomposition of the keyswitch.
    pub keyswitch: Decomposition,
    /// Variance that the keyswitch adds.
    pub added_variance: Variance,
    /// Decomposition of the bootstrap.
    pub bootstrap: Decomposition,
    /// Variance that the centred modulus switch adds.
    pub modulus_switch_variance: Variance,
    /// Variance of the result of a bootstrap.
    pub output_variance: Variance,
}

/// The demand that comes closest to failing.
#[derive(Clone, Debug, PartialEq)]
pub struct Tightest {
    /// What it is.
    pub demand: Demand,
    /// Variance that it sees.
    pub variance: Variance,
    /// Probability that one of it fails.
    pub p_error: f64,
}

impl Solution {
    pub(super) fn new(
        problem: &Problem<'_>,
        (shape, fresh_variance): (GlweShape, Variance),
        lookup: Option<LookupParameters>,
        seconds: f64,
    ) -> Self {
        let error = ErrorSpec { p_error: 0.0, global_p_error: 0.0 };
        let security = problem.security;
        let mut solution = Self { security, shape, fresh_variance, lookup, error, seconds, tightest: None };
        let mut tightest: Option<(&Demand, Variance, f64)> = None;
        let mut events = Vec::with_capacity(problem.demands.len());
        for demand in &problem.demands {
            let variance = solution.variance_at(demand);
            let p_error = noise::p_error(variance, demand.width);
            events.push((p_error, demand.count));
            if tightest.is_none_or(|(_, _, most)| p_error > most) {
                tightest = Some((demand, variance, p_error));
            }
        }
        solution.error.p_error = tightest.map_or(0.0, |(_, _, p_error)| p_error);
        solution.error.global_p_error = noise::global_p_error(events);
        solution.tightest = tightest.map(|(demand, variance, p_error)| Tightest {
            demand: demand.clone(),
            variance,
            p_error,
        });
        solution
    }

    /// Variance that a demand sees: before decryption, or between modulus switch and rotation.
    pub fn variance_at(&self, demand: &Demand) -> Variance {
        let Some(lookup) = &self.lookup else { return demand.variance(self.fresh_variance, Variance::ZERO) };
        let before = demand.variance(self.fresh_variance, lookup.output_variance);
        match demand.kind {
            DemandKind::Lookup => before + lookup.added_variance + lookup.modulus_switch_variance,
            DemandKind::Output => before,
        }
    }

    /// The keys for the spec: `big`, and for lookups `small`, `ksk` and `bsk`.
    pub fn keyset(&self) -> Keyset {
        let (big, small) = (0, 1);
        let secret_key = |name: &str, shape, variance| SecretKeySpec {
            name: name.to_owned(),
            shape,
            noise: NoiseDistribution::Gaussian { variance },
        };
        let mut keyset = Keyset::default();
        keyset.secret_keys.push(secret_key(BIG_KEY, SecretKeyShape::Glwe(self.shape), self.fresh_variance));
        if let Some(lookup) = &self.lookup {
            keyset.secret_keys.push(secret_key(
                SMALL_KEY,
                SecretKeyShape::Lwe(lookup.small),
                lookup.small_variance,
            ));
            keyset.keyswitch_keys.push(KeyswitchKeySpec {
                name: KEYSWITCH_KEY.to_owned(),
                from: big,
                to: small,
                decomposition: lookup.keyswitch,
                noise: NoiseDistribution::Gaussian { variance: lookup.small_variance },
                added_variance: lookup.added_variance,
            });
            keyset.bootstrap_keys.push(BootstrapKeySpec {
                name: BOOTSTRAP_KEY.to_owned(),
                from: small,
                to: big,
                decomposition: lookup.bootstrap,
                grouping: Grouping::One,
                extension: ExtensionFactor(1),
                modulus_switch_variance: lookup.modulus_switch_variance,
                output_variance: lookup.output_variance,
            });
        }
        keyset
    }
}

impl fmt::Display for Solution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GlweShape { dimension, polynomial_size } = self.shape;
        writeln!(
            f,
            "{BIG_KEY}: k {dimension}, N {polynomial_size}, noise {}",
            Deviation(self.fresh_variance)
        )?;
        if let Some(lookup) = &self.lookup {
            let LookupParameters { small, small_variance, keyswitch, bootstrap, .. } = lookup;
            writeln!(f, "{SMALL_KEY}: n {small}, noise {}", Deviation(*small_variance))?;
            for (name, decomposition) in [(KEYSWITCH_KEY, keyswitch), (BOOTSTRAP_KEY, bootstrap)] {
                let Decomposition { base_log, level } = decomposition;
                writeln!(f, "{name}: {level} digits of {base_log} bits")?;
            }
        }
        writeln!(
            f,
            "p_error {}, global_p_error {}, security {} bits, estimated {:.3e} s",
            Probability(self.error.p_error),
            Probability(self.error.global_p_error),
            self.security.bits(),
            self.seconds
        )?;
        let Some(Tightest { demand, variance, .. }) = &self.tightest else { return Ok(()) };
        let Demand { label, width, .. } = demand;
        let what = match demand.kind {
            DemandKind::Lookup => "lookup",
            DemandKind::Output => "output",
        };
        write!(
            f,
            "tightest: {what} `{label}`, {width} bits, norm2 {}, noise {}",
            Norm2(demand.norm2()),
            Deviation(*variance)
        )
    }
}

/// Prints a standard deviation as a power of two.
pub(super) struct Deviation(pub Variance);

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "2^{:.2}", self.0.0.log2() / 2.0)
    }
}

/// Prints a probability as a power of two.
pub(super) struct Probability(pub f64);

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 > 0.0 { write!(f, "2^{:.2}", self.0.log2()) } else { write!(f, "0") }
    }
}

/// Prints a sum of squares: as it is, or as a power of two where that is long.
pub(super) struct Norm2(pub f64);

impl fmt::Display for Norm2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 < 1e6 { write!(f, "{:.1}", self.0) } else { write!(f, "2^{:.1}", self.0.log2()) }
    }
}
