//! Which keys belong together: a random number that all keys of one generation, and all that they encrypt, carry.

use super::Seeds;
use std::fmt;
use std::str::FromStr;

/// Identity of the keys of one client; prints as 32 hexadecimal digits. It is public.
///
/// The fingerprint of a key set says which parameters keys have, the identity which keys they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct KeyIdentity(u128);

impl KeyIdentity {
    /// Takes a seed of its own: it is as random as the keys, and tells nothing about them.
    pub(super) fn generate(seeds: &mut Seeds) -> Self {
        Self(seeds.next().0)
    }
}

/// Text that is no identity.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no identity of keys, which has 32 hexadecimal digits")]
pub struct InvalidIdentity(String);

impl FromStr for KeyIdentity {
    type Err = InvalidIdentity;

    fn from_str(text: &str) -> Result<Self, InvalidIdentity> {
        let invalid = || InvalidIdentity(text.to_owned());
        let identity = u128::from_str_radix(text, 16).map(Self).map_err(|_| invalid())?;
        // One text for each identity: neither a sign, nor capitals, nor another length.
        if identity.to_string() == text { Ok(identity) } else { Err(invalid()) }
    }
}

impl TryFrom<String> for KeyIdentity {
    type Error = InvalidIdentity;

    fn try_from(text: String) -> Result<Self, InvalidIdentity> {
        text.parse()
    }
}

impl From<KeyIdentity> for String {
    fn from(identity: KeyIdentity) -> Self {
        identity.to_string()
    }
}

impl fmt::Display for KeyIdentity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_come_back_and_no_others_are_read() {
        for number in [0, 1, 0xab << 90, u128::MAX] {
            let text = KeyIdentity(number).to_string();
            assert_eq!((text.len(), text.parse()), (32, Ok(KeyIdentity(number))));
        }
        let upper = KeyIdentity(u128::MAX).to_string().to_uppercase();
        for text in ["", "1", &format!("+{:031x}", 1), &upper, &format!("{:033x}", 1)] {
            assert!(text.parse::<KeyIdentity>().is_err(), "{text}");
        }
    }
}
