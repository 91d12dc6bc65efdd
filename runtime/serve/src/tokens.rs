//! Who is asking: bearer tokens, of which the service knows the SHA-256 alone.
//!
//! A line of a tokens file is a tenant, a space, the SHA-256 of a token; a tenant may have several. Tokens are 32 random
//! bytes, so a plain hash of one tells nothing about it.

use crate::ContentHash;
use std::collections::BTreeMap;
use std::fmt;
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::str::FromStr;

/// The tenant of a service without tokens.
pub const LOCAL: &str = "local";
/// The tenant that may read metrics, and nothing else.
pub const METRICS: &str = "metrics";
/// Longest name.
const MAX_NAME: usize = 64;
/// Begins every token, so that searches for leaked ones find it.
const PREFIX: &str = "cwk_";

/// The name of a tenant: letters, digits, `-` and `_`, so that it can be the name of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tenant(String);

/// What is wrong with a tokens file.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read or written.
    #[error("`{path}`: {source}")]
    Io {
        /// File.
        path: String,
        /// Cause.
        source: std::io::Error,
    },
    /// A line that is none.
    #[error(
        "`{path}`, line {line}: {problem}; a line is `TENANT SHA256`, as `cloakwork-serve token` writes it"
    )]
    Line {
        /// File.
        path: String,
        /// From 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// A name that is none.
    #[error(transparent)]
    Name(#[from] InvalidName),
    /// The system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(String),
}

/// Text that is no name of a tenant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no name of a tenant, which has 1 to 64 letters, digits, `-` and `_`")]
pub struct InvalidName(String);

/// Tokens and whose they are.
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    tenants: BTreeMap<ContentHash, Tenant>,
}

impl Tokens {
    /// Reads a tokens file.
    pub fn read(path: &Path) -> Result<Self, TokensError> {
        let place = || path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| TokensError::Io { path: place(), source })?;
        Self::parse(&text).map_err(|(line, problem)| TokensError::Line { path: place(), line, problem })
    }

    fn parse(text: &str) -> Result<Self, (usize, String)> {
        let mut tenants = BTreeMap::new();
        for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let parts: Vec<&str> = line.split_whitespace().collect();
            let [name, hash] = parts.as_slice() else {
                return Err((number, format!("found {} words", parts.len())));
            };
            let tenant: Tenant = name.parse().map_err(|error: InvalidName| (number, error.to_string()))?;
            let hash = hash.parse::<ContentHash>().map_err(|error| (number, error.to_string()))?;
            if tenants.insert(hash, tenant).is_some() {
                return Err((number, "the token is there twice".to_owned()));
            }
        }
        Ok(Self { tenants })
    }

    /// Whose token it is. What is compared are hashes, so how long it takes tells nothing about tokens.
    pub fn tenant(&self, token: &str) -> Option<&Tenant> {
        self.tenants.get(&ContentHash::of(token.as_bytes()))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tenants.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.tenants.is_empty()
    }
}

/// Makes a token for `tenant` and puts its hash into the file, which is made if it is not there. The token is returned,
/// and stored nowhere.
pub fn add_token(path: &Path, tenant: &Tenant) -> Result<String, TokensError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|error| TokensError::Random(error.to_string()))?;
    let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    let token = format!("{PREFIX}{digits}");
    let line = format!("{tenant} {}\n", ContentHash::of(token.as_bytes()));
    let append = || {
        // One write of one line: whoever reads the file meanwhile sees all of it or nothing.
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.append(true).create(true).mode(0o600).open(path)?;
        file.write_all(line.as_bytes())?;
        file.sync_all()
    };
    append().map_err(|source| TokensError::Io { path: path.display().to_string(), source })?;
    Ok(token)
}

impl FromStr for Tenant {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        match (1..=MAX_NAME).contains(&text.len()) && text.bytes().all(is_sound) {
            true => Ok(Self(text.to_owned())),
            false => Err(InvalidName(text.chars().take(MAX_NAME + 1).collect())),
        }
    }
}

impl Tenant {
    /// The tenant of a service without tokens.
    pub fn local() -> Self {
        Self(LOCAL.to_owned())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Tenant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_found_by_their_hash_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("tokens");
        let (alice, bob): (Tenant, Tenant) = ("alice".parse().expect("sound"), "bob".parse().expect("sound"));
        let first = add_token(&path, &alice).expect("written");
        let second = add_token(&path, &bob).expect("written");
        let text = std::fs::read_to_string(&path).expect("readable");
        assert!(!text.contains(&first) && !text.contains(&second[4..]));
        let tokens = Tokens::read(&path).expect("sound");
        assert_eq!(tokens.tenant(&first), Some(&alice));
        assert_eq!(tokens.tenant(&second), Some(&bob));
        let hash = ContentHash::of(first.as_bytes()).to_string();
        for wrong in ["", &first[1..], &format!("{first} "), &hash] {
            assert_eq!(tokens.tenant(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn lines_that_are_none_are_refused_by_number() {
        let hash = ContentHash::of(b"x").to_string();
        for (text, line) in [
            (format!("# ours\n\na {hash}\nb"), 4),
            (format!("../a {hash}"), 1),
            ("a 12".to_owned(), 1),
            (format!("a {hash}\nb {hash}"), 2),
        ] {
            assert_eq!(Tokens::parse(&text).expect_err("refused").0, line, "{text}");
        }
    }

    #[test]
    fn names_are_no_paths() {
        for name in ["", ".", "..", "a/b", "a b", "ä", "a\0", &"a".repeat(65)] {
            assert!(name.parse::<Tenant>().is_err(), "{name}");
        }
    }
}
