//! Bounds of the search as text: the option `restrict` of `fhe-optimize-parameters`.
//!
//! A list such as `polynomial_size=1024..2048, grouping=1`, separated by commas or semicolons. Ranges include
//! both ends, of which each may be left out; `a|b` are several values.

use crate::parameters::{EXTENSIONS, Restrictions};
use cloakwork_abi::parameters::{ExtensionFactor, Grouping};
use std::fmt::Display;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// What may be bounded, and by what.
const BOUNDS: [(&str, &str); 12] = [
    ("bootstrap_base_log", RANGE),
    ("bootstrap_level", RANGE),
    (
        "extension",
        "one or several of 1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20 and so on to 512, such as `1|2` or `1..4`",
    ),
    ("glwe_dimension", RANGE),
    ("grouping", "`1`, `2` or `1|2`"),
    ("key_sets", "the greatest number of key sets, at least 1"),
    ("keyswitch_base_log", RANGE),
    ("keyswitch_level", RANGE),
    ("lwe_dimension", RANGE),
    ("many_lut", SWITCH),
    ("polynomial_size", RANGE),
    ("public_key", SWITCH),
];
const SWITCH: &str = "`on` or `off`";
const RANGE: &str = "a number from 1 on, or a range such as `1024..2048`, `1024..` or `..2048`";

/// Reads the list; an empty one bounds nothing.
pub(crate) fn read_restrictions(text: &str) -> Result<Restrictions, String> {
    let mut restrictions = Restrictions::default();
    for part in text.split([',', ';']).map(str::trim).filter(|part| !part.is_empty()) {
        let (name, value) =
            part.split_once('=').map_or((part, ""), |(name, value)| (name.trim(), value.trim()));
        let Some((_, allowed)) = BOUNDS.iter().find(|(known, _)| *known == name) else {
            let known = BOUNDS.map(|(name, _)| format!("`{name}`")).join(", ");
            return Err(format!("option `restrict` names `{name}`; allowed are {known}"));
        };
        bound(&mut restrictions, name, value)
            .ok_or_else(|| format!("option `restrict` has `{name}={value}`; allowed is {allowed}"))?;
    }
    Ok(restrictions)
}

fn bound(restrictions: &mut Restrictions, name: &str, value: &str) -> Option<()> {
    match name {
        "bootstrap_base_log" => restrictions.bootstrap_base_log = range(value, u32::MAX)?,
        "bootstrap_level" => restrictions.bootstrap_level = range(value, u32::MAX)?,
        "extension" => {
            restrictions.extensions = chosen(value, &EXTENSIONS.map(|ExtensionFactor(factor)| factor))?
                .into_iter()
                .map(ExtensionFactor)
                .collect();
        }
        "glwe_dimension" => restrictions.glwe_dimension = range(value, u64::MAX)?,
        "grouping" => {
            let factors = chosen(value, &[1, 2])?;
            restrictions.groupings =
                factors.into_iter().map(|factor| Grouping::try_from(factor).ok()).collect::<Option<_>>()?;
        }
        "key_sets" => {
            let sets: RangeInclusive<u64> = range(value, u64::MAX)?;
            restrictions.max_key_sets = usize::try_from(*sets.end()).unwrap_or(usize::MAX);
        }
        "keyswitch_base_log" => restrictions.keyswitch_base_log = range(value, u32::MAX)?,
        "keyswitch_level" => restrictions.keyswitch_level = range(value, u32::MAX)?,
        "lwe_dimension" => restrictions.lwe_dimension = range(value, u64::MAX)?,
        "many_lut" => restrictions.many_lut = switch(value)?,
        "polynomial_size" => restrictions.polynomial_size = range(value, u64::MAX)?,
        // How many there are is known where the program is.
        "public_key" => restrictions.public_key = switch(value)?.then_some(1),
        _ => return None,
    }
    Some(())
}

fn switch(text: &str) -> Option<bool> {
    match text {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

/// `a`, `a..b`, `a..` or `..b`, within 1 to `most`, not empty.
fn range<T: FromStr + PartialOrd + Copy + From<u8> + Display>(
    text: &str,
    most: T,
) -> Option<RangeInclusive<T>> {
    let number =
        |text: &str, default: T| if text.is_empty() { Some(default) } else { text.trim().parse().ok() };
    let one = T::from(1u8);
    let (low, high) = match text.split_once("..") {
        Some((low, high)) => (number(low, one)?, number(high.trim_start_matches('='), most)?),
        None => {
            let only: T = text.parse().ok()?;
            (only, only)
        }
    };
    (one <= low && low <= high).then_some(low..=high)
}

/// Those of `known` that `a|b` or a range names; every single number must be known, a range must hold one.
fn chosen(text: &str, known: &[u64]) -> Option<Vec<u64>> {
    let mut found = vec![];
    for part in text.split('|').map(str::trim) {
        let range: RangeInclusive<u64> = range(part, u64::MAX)?;
        let before = found.len();
        found.extend(known.iter().copied().filter(|value| range.contains(value)));
        if found.len() == before {
            return None;
        }
    }
    found.sort_unstable();
    found.dedup();
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_read() {
        let read = read_restrictions(
            "polynomial_size=1024..2048; glwe_dimension=..2,lwe_dimension=600.., grouping=2, extension=1..4, many_lut=off, key_sets=1",
        )
        .unwrap();
        assert_eq!((read.polynomial_size, read.glwe_dimension), (1024..=2048, 1..=2));
        assert_eq!(read.lwe_dimension, 600..=u64::MAX);
        assert_eq!(read.groupings, [Grouping::Two]);
        assert_eq!(read.extensions, [1, 2, 3, 4].map(ExtensionFactor));
        assert_eq!((read.many_lut, read.max_key_sets), (false, 1));
        assert_eq!(read_restrictions(" ").unwrap(), Restrictions::default());
        assert_eq!(read_restrictions("extension=8|1").unwrap().extensions, [1, 8].map(ExtensionFactor));
    }

    #[test]
    fn every_bound_is_known_and_checked() {
        for (name, _) in BOUNDS {
            let value = if ["many_lut", "public_key"].contains(&name) { "on" } else { "1" };
            assert!(read_restrictions(&format!("{name}={value}")).is_ok(), "{name}");
            for value in ["", "0", "2..1", "x", "-1", "1.5"] {
                let error = read_restrictions(&format!("{name}={value}")).unwrap_err();
                assert!(
                    error.starts_with(&format!("option `restrict` has `{name}={value}`; allowed is ")),
                    "{error}"
                );
            }
        }
        assert!(read_restrictions("grouping=3").is_err());
        assert!(read_restrictions("extension=7").is_err());
        assert!(
            read_restrictions("speed=1")
                .unwrap_err()
                .contains("names `speed`; allowed are `bootstrap_base_log`, ")
        );
    }
}
