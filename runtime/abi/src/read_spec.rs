//! Reads a spec from outside and checks that it is sound: sizes within limits, references only to keys that exist.
//!
//! Who forms a pointer or allocates from a spec may rely on what is checked here.

use crate::encoding::{MAX_WIDTH, bounds};
use crate::functions::abi_hash;
use crate::parameters::{Decomposition, NoiseDistribution, Variance, Width};
use crate::radix::Radix;
use crate::release::OtherRelease;
use crate::security::ModulusBits;
use crate::spec::{EncodingSpec, Keyset, ProgramSpec, SPEC_VERSION, SecretKeyShape, ValueSpec};
use std::fmt::Display;

/// Most bits of all digits together, but for what the last has over: unsigned words beside negative integers need 65.
const MAX_RADIX_WIDTH: u32 = 65;

impl ProgramSpec {
    /// Reads and checks a spec; afterwards every reference and size in it is sound.
    pub fn from_json(text: &str) -> Result<Self, SpecError> {
        Self::from_value(serde_json::from_str(text)?)
    }

    pub(crate) fn from_value(value: serde_json::Value) -> Result<Self, SpecError> {
        let found = value.get("version").and_then(serde_json::Value::as_u64).unwrap_or(0);
        if found != u64::from(SPEC_VERSION) {
            let compiler = value.get("compiler").and_then(|c| c.as_str()).unwrap_or("unknown").to_owned();
            return Err(SpecError::Version { found, compiler });
        }
        let spec: Self = serde_json::from_value(value)?;
        check(&spec)?;
        Ok(spec)
    }

    /// Refuses machine code that was made for another runtime. A client does not mind: it runs none.
    pub fn require_contract(&self) -> Result<(), SpecError> {
        let expected = abi_hash();
        if self.abi == expected {
            return Ok(());
        }
        let (found, compiler) = (self.abi.clone(), self.compiler.clone());
        Err(SpecError::Abi { found, compiler, expected })
    }
}

/// Why a spec was refused.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// Not JSON, or not the fields of a spec.
    #[error("the spec cannot be read: {0}; it must be the JSON written by `cloakwork compile`")]
    Syntax(#[from] serde_json::Error),
    /// Another layout.
    #[error("{} (written by cloakwork {compiler})", other_release(*.found))]
    Version {
        /// Version in the spec.
        found: u64,
        /// Compiler named in the spec.
        compiler: String,
    },
    /// Made for another runtime.
    #[error(
        "the program was compiled by cloakwork {compiler} for the runtime contract {found}, this runtime has {expected}; upgrade the older of both sides, or compile the program again with this release"
    )]
    Abi {
        /// Contract in the spec.
        found: String,
        /// Compiler that wrote it.
        compiler: String,
        /// Contract of this crate.
        expected: String,
    },
    /// A number contradicts another.
    #[error("the spec is inconsistent at `{place}`: {found}; allowed is {allowed}")]
    Inconsistent {
        /// Field.
        place: String,
        /// Its value.
        found: String,
        /// What it may be.
        allowed: String,
    },
}

fn other_release(found: u64) -> OtherRelease {
    let known = u64::from(SPEC_VERSION);
    OtherRelease { what: "the spec", found, oldest: known, newest: known, again: "compile the program again" }
}

/// Most elements of one argument or result, and most ciphertexts of scratch memory under one key.
const MAX_ELEMENTS: u64 = 1 << 32;
const MAX_LWE_DIMENSION: u64 = 1 << 17;
/// Most polynomials that an accumulator is spread over.
const MAX_EXTENSION: u64 = 1 << 12;

fn require(
    holds: bool,
    place: impl Display,
    found: impl Display,
    allowed: impl Display,
) -> Result<(), SpecError> {
    if holds {
        return Ok(());
    }
    Err(SpecError::Inconsistent {
        place: place.to_string(),
        found: found.to_string(),
        allowed: allowed.to_string(),
    })
}

impl Keyset {
    /// Whether every size and reference is sound.
    pub fn check(&self) -> Result<(), SpecError> {
        check_keys(self)
    }
}

fn check_keys(keyset: &Keyset) -> Result<(), SpecError> {
    let keys = &keyset.secret_keys;
    let is_glwe = |key: usize| is_glwe(keyset, key);
    let is_lwe = |key: usize| matches!(keys.get(key).map(|k| k.shape), Some(SecretKeyShape::Lwe(_)));
    for (i, key) in keys.iter().enumerate() {
        let dimension = match key.shape {
            SecretKeyShape::Lwe(dimension) => dimension.0,
            SecretKeyShape::Glwe(glwe) => {
                let size = glwe.polynomial_size.0;
                let place = format!("keyset.secret_keys[{i}].polynomial_size");
                require(
                    size.is_power_of_two() && (32..=1 << 16).contains(&size),
                    place,
                    size,
                    "a power of two from 32 to 65536",
                )?;
                glwe.dimension.0.saturating_mul(size)
            }
        };
        let place = format!("keyset.secret_keys[{i}].shape");
        require(
            (1..=MAX_LWE_DIMENSION).contains(&dimension),
            place,
            dimension,
            format!("1 to {MAX_LWE_DIMENSION}"),
        )?;
        check_noise(key.noise, key.shape.modulus(), &format!("keyset.secret_keys[{i}].noise"))?;
    }
    for (i, key) in keyset.keyswitch_keys.iter().enumerate() {
        let place = format!("keyset.keyswitch_keys[{i}]");
        require(is_glwe(key.from), format!("{place}.from"), key.from, "the position of a GLWE key")?;
        let is_key = is_lwe(key.to) || is_glwe(key.to);
        require(is_key, format!("{place}.to"), key.to, "the position of an LWE key or of a GLWE key")?;
        check_decomposition(key.decomposition, 32, &place)?;
        check_noise(key.noise, ModulusBits::Bits32, &format!("{place}.noise"))?;
        check_variance(key.added_variance, &place)?;
    }
    for (i, key) in keyset.bootstrap_keys.iter().enumerate() {
        let place = format!("keyset.bootstrap_keys[{i}]");
        require(is_lwe(key.from), format!("{place}.from"), key.from, "the position of an LWE key")?;
        require(is_glwe(key.to), format!("{place}.to"), key.to, "the position of a GLWE key")?;
        check_decomposition(key.decomposition, 63, &place)?;
        let groups_fit = keys[key.from].shape.lwe_dimension().0.is_multiple_of(key.grouping.factor());
        let factor = key.grouping.factor();
        require(
            groups_fit,
            format!("{place}.grouping"),
            factor,
            "a divisor of the dimension of the key `from`",
        )?;
        let extension = key.extension.0;
        let allowed = format!("1 to {MAX_EXTENSION}");
        require((1..=MAX_EXTENSION).contains(&extension), format!("{place}.extension"), extension, allowed)?;
        check_variance(key.modulus_switch_variance, &place)?;
        check_variance(key.output_variance, &place)?;
    }
    Ok(())
}

fn is_glwe(keyset: &Keyset, key: usize) -> bool {
    let shape = keyset.secret_keys.get(key).map(|key| key.shape);
    matches!(shape, Some(SecretKeyShape::Glwe(_)))
}

fn check(spec: &ProgramSpec) -> Result<(), SpecError> {
    check_keys(&spec.keyset)?;
    let (workspaces, key_count) = (spec.workspace.len(), spec.keyset.secret_keys.len());
    require(
        workspaces == key_count,
        "workspace",
        format!("{workspaces} entries"),
        format!("{key_count}, one for each secret key"),
    )?;
    for (i, &ciphertexts) in spec.workspace.iter().enumerate() {
        require(
            ciphertexts <= MAX_ELEMENTS,
            format!("workspace[{i}]"),
            ciphertexts,
            format!("at most {MAX_ELEMENTS}"),
        )?;
    }
    for (group, values) in [("inputs", &spec.inputs), ("outputs", &spec.outputs)] {
        for (i, value) in values.iter().enumerate() {
            check_value(value, &format!("{group}[{i}]"), &|key| is_glwe(&spec.keyset, key))?;
        }
    }
    check_processing(spec)
}

fn check_value(value: &ValueSpec, place: &str, is_glwe: &dyn Fn(usize) -> bool) -> Result<(), SpecError> {
    let elements = value.shape.iter().try_fold(1u64, |product, &size| product.checked_mul(size));
    let found = format!("{:?}", value.shape);
    require(
        elements.is_some_and(|n| n <= MAX_ELEMENTS),
        format!("{place}.shape"),
        found,
        format!("at most {MAX_ELEMENTS} elements"),
    )?;
    let (lo, hi) = value.range;
    let is_range = lo <= hi && crate::bounds::are_words((lo, hi));
    require(is_range, format!("{place}.range"), format!("{lo}..={hi}"), "least before greatest, of 64 bits")?;
    let EncodingSpec::Encrypted { key, width, is_signed, radix } = value.encoding else { return Ok(()) };
    require(is_glwe(key), format!("{place}.encoding.key"), key, "the position of a GLWE key")?;
    require(
        (1..=MAX_WIDTH.0).contains(&width.0),
        format!("{place}.encoding.width"),
        width,
        format!("1 to {MAX_WIDTH}"),
    )?;
    let (least, greatest) = match radix {
        None => crate::bounds::wide(bounds(width, is_signed)),
        Some(radix) => {
            check_radix(radix, (elements.unwrap_or(0), width), place)?;
            radix.limits()
        }
    };
    let fits = least <= lo && hi <= greatest;
    require(fits, format!("{place}.range"), format!("{lo}..={hi}"), format!("{least}..={greatest}"))
}

fn check_radix(radix: Radix, (elements, width): (u64, Width), place: &str) -> Result<(), SpecError> {
    let Radix { bits, count, .. } = radix;
    let is_sound = bits >= 1
        && bits <= width.0
        && count >= 1
        && bits.saturating_mul(count) < MAX_RADIX_WIDTH + bits
        && elements.saturating_mul(u64::from(count)) <= MAX_ELEMENTS;
    require(
        is_sound,
        format!("{place}.encoding.radix"),
        format!("{count} digits of {bits} bits"),
        format!("digits that fit messages of {width} bits, at most {MAX_RADIX_WIDTH} bits together"),
    )
}

fn check_decomposition(decomposition: Decomposition, most_bits: u32, place: &str) -> Result<(), SpecError> {
    let Decomposition { base_log, level } = decomposition;
    let fits = base_log >= 1 && level >= 1 && base_log.saturating_mul(level) <= most_bits;
    let found = format!("base_log {base_log}, level {level}");
    require(
        fits,
        format!("{place}.decomposition"),
        found,
        format!("at least 1 each, product at most {most_bits}"),
    )
}

fn check_noise(noise: NoiseDistribution, modulus: ModulusBits, place: &str) -> Result<(), SpecError> {
    if let NoiseDistribution::TUniform { log2_bound } = noise {
        let most = modulus.log2() - 2;
        require(
            log2_bound <= most,
            place,
            format!("TUniform({log2_bound})"),
            format!("TUniform of at most {most}"),
        )?;
    }
    check_variance(noise.variance(modulus), place)
}

fn check_variance(variance: Variance, place: &str) -> Result<(), SpecError> {
    let fits = variance.0.is_finite() && (0.0..1.0).contains(&variance.0);
    require(fits, place, variance.0, "a variance on the torus, from 0 to below 1")
}

/// Each argument has its clear part, each output of the model a result that it comes from; their numbers are checked where
/// they are used.
fn check_processing(spec: &ProgramSpec) -> Result<(), SpecError> {
    let Some(processing) = &spec.processing else { return Ok(()) };
    let (found, allowed) = (processing.inputs.len(), spec.inputs.len());
    require(
        found == allowed,
        "processing.inputs",
        format!("{found} entries"),
        format!("{allowed}, one for each value"),
    )?;
    let count = spec.outputs.len();
    processing.outputs.iter().try_for_each(|output| {
        require(
            output.result < count,
            "processing.outputs",
            format!("result {}", output.result),
            format!("a position among {count} results"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::module_spec::ModuleSpec;
    use crate::parameters::{GlweDimension, GlweShape, LweDimension, PolynomialSize, SecurityLevel};
    use crate::spec::{ErrorSpec, KeyswitchKeySpec, OperationCounts, SecretKeySpec, SecuritySpec};

    fn spec(variance: f64) -> ProgramSpec {
        let glwe = GlweShape { dimension: GlweDimension(1), polynomial_size: PolynomialSize(2048) };
        let gaussian = |variance| NoiseDistribution::Gaussian { variance: Variance(variance) };
        let key = |name: &str, shape| SecretKeySpec { name: name.into(), shape, noise: gaussian(variance) };
        let keyset = Keyset {
            secret_keys: vec![
                key("big", SecretKeyShape::Glwe(glwe)),
                key("small", SecretKeyShape::Lwe(LweDimension(771))),
            ],
            keyswitch_keys: vec![KeyswitchKeySpec {
                name: "ksk".into(),
                from: 0,
                to: 1,
                decomposition: Decomposition { base_log: 3, level: 5 },
                noise: gaussian(variance),
                added_variance: Variance(variance / 3.0),
            }],
            bootstrap_keys: vec![],
        };
        ProgramSpec {
            version: SPEC_VERSION,
            compiler: "test".into(),
            abi: abi_hash(),
            name: "main".into(),
            keyset,
            inputs: vec![],
            outputs: vec![],
            error: ErrorSpec { p_error: 1e-5, global_p_error: 1e-5 },
            security: SecuritySpec { level: SecurityLevel::Bits128, source: "none".into() },
            counts: OperationCounts::default(),
            workspace: vec![0, 0],
            public_key: false,
            processing: None,
        }
    }

    #[test]
    fn numbers_come_back_bit_by_bit() {
        // Neighbours of many magnitudes, among which a reader that rounds would miss some.
        for i in 0..2000 {
            let variance =
                8.442_253_112_932_959e-31 * (1.0 + f64::from(i) * f64::EPSILON) * 1.37f64.powi(i % 100);
            let written = spec(variance);
            let read = ProgramSpec::from_json(&written.to_json()).unwrap();
            assert_eq!(read, written);
            assert_eq!(read.keyset.fingerprint(), written.keyset.fingerprint());
        }
    }

    #[test]
    fn unsound_specs_are_refused_with_the_place() {
        let refused = |change: &dyn Fn(&mut ProgramSpec)| {
            let mut spec = spec(1e-20);
            change(&mut spec);
            ProgramSpec::from_json(&spec.to_json()).unwrap_err().to_string()
        };
        let message = refused(&|spec| spec.keyset.keyswitch_keys[0].to = 7);
        assert!(
            message.contains(
                "`keyset.keyswitch_keys[0].to`: 7; allowed is the position of an LWE key or of a GLWE key"
            ),
            "{message}"
        );
        let message = refused(&|spec| spec.workspace = vec![0]);
        assert!(message.contains("`workspace`: 1 entries"), "{message}");
        let message = refused(&|spec| spec.version = 9);
        assert!(message.contains("version 9, this release (0.1.0) reads version 2; it comes from a newer release: upgrade this side"), "{message}");
        let message = refused(&|spec| spec.version = 1);
        assert!(message.contains("upgrade the other side and compile the program again"), "{message}");
        // A client can use what this runtime could not run.
        let foreign = ProgramSpec { abi: "0".into(), ..spec(1e-20) };
        let foreign = ProgramSpec::from_json(&foreign.to_json()).unwrap();
        let message = foreign.require_contract().unwrap_err().to_string();
        assert!(message.contains("the runtime contract 0, this runtime has"), "{message}");
        spec(1e-20).require_contract().unwrap();
    }

    #[test]
    fn modules_of_one_and_of_several_functions() {
        let one = ModuleSpec::new(vec![spec(1e-20)]).unwrap();
        assert_eq!(one.to_json(), spec(1e-20).to_json());
        assert_eq!(ModuleSpec::from_json(&one.to_json()).unwrap(), one);
        assert_eq!(one.function(None).unwrap().name, "main");
        let other = ProgramSpec { name: "other".into(), ..spec(1e-20) };
        let two = ModuleSpec::new(vec![spec(1e-20), other.clone()]).unwrap();
        assert_eq!(ModuleSpec::from_json(&two.to_json()).unwrap(), two);
        assert_eq!(two.position(Some("other")), Ok(1));
        let message = two.function(None).unwrap_err().to_string();
        assert!(message.contains("several functions: `main`, `other`"), "{message}");
        let message = two.function(Some("third")).unwrap_err().to_string();
        assert_eq!(message, "there is no function `third`; the program has `main`, `other`");
        let refused = |functions: Vec<ProgramSpec>| ModuleSpec::new(functions).unwrap_err().to_string();
        assert!(refused(vec![]).contains("none; allowed is at least one"));
        assert!(refused(vec![other.clone(), other]).contains("`other` again"));
        let foreign = ProgramSpec { name: "other".into(), ..spec(1e-21) };
        assert!(refused(vec![spec(1e-20), foreign]).contains("the key set of the first function"));
    }
}
