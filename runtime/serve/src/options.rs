//! How a service is set up, and its limits.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

/// All that is chosen about a service.
#[derive(Clone, Debug, clap::Args)]
pub struct Options {
    /// Folder of compiled programs; their code runs in this process, so they must be ones you trust
    #[arg(value_name = "FOLDER")]
    pub models: PathBuf,
    /// Address and port
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Certificates of the service, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the first certificate, in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Tenants and hashes of their tokens; without, there is one tenant on a loopback address
    #[arg(long, value_name = "FILE")]
    pub tokens: Option<PathBuf>,
    /// Serves only programs that are signed by this Ed25519 key in PEM; may be repeated
    #[arg(long, value_name = "FILE")]
    pub trust: Vec<PathBuf>,
    /// Folder of uploaded keys; `.state` in the folder of programs without
    #[arg(long, value_name = "FOLDER")]
    pub state: Option<PathBuf>,
    #[command(flatten)]
    #[allow(missing_docs, reason = "clap would take it for help")]
    pub limits: Limits,
}

/// What a service spends at most.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Limits")]
pub struct Limits {
    /// Threads that programs compute with; by default one for each core
    #[arg(long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,
    /// Programs that run at once; by default as many as threads
    #[arg(long, value_name = "N")]
    pub runs: Option<NonZeroUsize>,
    /// Memory of loaded evaluation keys
    #[arg(long, value_name = "BYTES", default_value = "4GiB")]
    pub max_keys_memory: Bytes,
    /// Memory of requests that are not yet computed
    #[arg(long, value_name = "BYTES", default_value = "1GiB")]
    pub max_requests_memory: Bytes,
    /// Stored and half-uploaded keys of a tenant
    #[arg(long, value_name = "BYTES", default_value = "16GiB")]
    pub max_tenant_disk: Bytes,
    /// Stored and half-uploaded keys of a tenant
    #[arg(long, value_name = "N", default_value_t = 64)]
    pub max_tenant_keys: usize,
    /// Predictions of a tenant that wait or run
    #[arg(long, value_name = "N", default_value_t = 32)]
    pub max_queued: usize,
    /// Open connections
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub max_connections: usize,
    /// Calls in the body of one prediction
    #[arg(long, value_name = "N", default_value_t = 1024)]
    pub max_samples: usize,
    /// Seconds that a body may pause, and a client may leave an answer unread
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    pub body_timeout: Duration,
    /// Seconds that a prediction waits for its turn
    #[arg(long, value_name = "S", default_value = "300", value_parser = seconds)]
    pub queue_timeout: Duration,
    /// Seconds after which half uploads are discarded
    #[arg(long, value_name = "S", default_value = "86400", value_parser = seconds)]
    pub upload_lifetime: Duration,
    /// Seconds that what runs has when the service ends
    #[arg(long, value_name = "S", default_value = "60", value_parser = seconds)]
    pub shutdown_timeout: Duration,
}

impl Options {
    /// Everything by default.
    pub fn new(models: impl Into<PathBuf>) -> Self {
        #[derive(clap::Parser)]
        struct Line {
            #[command(flatten)]
            options: Options,
        }
        let line: Line = clap::Parser::try_parse_from(["serve", "models"]).expect("all else has defaults");
        Self { models: models.into(), ..line.options }
    }
}

impl Limits {
    pub(crate) fn threads(&self) -> NonZeroUsize {
        let all = || std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
        self.threads.unwrap_or_else(all)
    }

    pub(crate) fn runs(&self) -> NonZeroUsize {
        self.runs.unwrap_or_else(|| self.threads())
    }
}

/// A number of bytes, such as `512MiB`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Bytes(pub u64);

/// Text that is no number of bytes.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no number of bytes; write it like `4GiB`, `512MiB`, `64KiB` or `1000`")]
pub struct NoBytes(String);

impl FromStr for Bytes {
    type Err = NoBytes;

    fn from_str(text: &str) -> Result<Self, NoBytes> {
        let refused = || NoBytes(text.to_owned());
        let units = [("KiB", 10), ("MiB", 20), ("GiB", 30), ("TiB", 40)];
        let found = units.iter().find_map(|(unit, shift)| Some((text.strip_suffix(unit)?, *shift)));
        let (number, shift) = found.unwrap_or((text, 0));
        let number: u64 = number.trim().parse().map_err(|_| refused())?;
        number.checked_mul(1 << shift).map(Self).ok_or_else(refused)
    }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let refused = || format!("`{text}` is no number of seconds above 0");
    let number: f64 = text.parse().map_err(|_| refused())?;
    Duration::try_from_secs_f64(number).ok().filter(|time| !time.is_zero()).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_bytes() {
        let read = |text: &str| text.parse::<Bytes>().map(|bytes| bytes.0);
        assert_eq!(read("4GiB"), Ok(4 << 30));
        assert_eq!(read("64 KiB"), Ok(64 << 10));
        assert_eq!(read("1000"), Ok(1000));
        for wrong in ["", "GiB", "-1", "1GB", "99999999999TiB"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Options::new("m").limits.max_keys_memory, Bytes(4 << 30));
    }
}
