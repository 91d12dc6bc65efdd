//! Files of other releases: which side has to be upgraded.

use std::fmt;

/// A version of a layout that this release does not read; prints as the message about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OtherRelease {
    /// What has the version.
    pub what: &'static str,
    /// Its version.
    pub found: u64,
    /// The oldest that this release reads.
    pub oldest: u64,
    /// The newest that this release reads, which it writes.
    pub newest: u64,
    /// How to make it again.
    pub again: &'static str,
}

impl fmt::Display for OtherRelease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, found, oldest, newest, again } = *self;
        let release = env!("CARGO_PKG_VERSION");
        write!(f, "{what} has version {found}, this release ({release}) reads version ")?;
        match oldest == newest {
            true => write!(f, "{newest}")?,
            false => write!(f, "{oldest} to {newest}")?,
        }
        match found > newest {
            true => write!(f, "; it comes from a newer release: upgrade this side"),
            false => write!(f, "; it comes from an older release: upgrade the other side and {again}"),
        }
    }
}
