//! Why a call failed.

use cloakwork_runtime::client::ClientError as CryptoError;
use cloakwork_runtime::formats::FormatError;

/// Why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// An address that is none.
    #[error("`{0}` is no address of a service; write it like `https://host:8443`")]
    Url(String),
    /// A model's name that cannot be one.
    #[error("`{0}` is no name of a model or function")]
    Name(String),
    /// Certificates that cannot be read.
    #[error("`{path}`: {problem}; give certificates in PEM")]
    Certificates {
        /// File.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// No such model, or several where none is named.
    #[error("{}; there are {names}", match .wanted {
        Some(wanted) => format!("the service has no model `{wanted}`"),
        None => "name a model: the service has not just one".to_owned(),
    })]
    Model {
        /// Asked for.
        wanted: Option<String>,
        /// Those that there are.
        names: String,
    },
    /// The service was not reached, or was lost.
    #[error("the service at {base} cannot be reached: {problem}")]
    Transport {
        /// Its address.
        base: String,
        /// What happened.
        problem: String,
    },
    /// The service refused.
    #[error("the service refused ({status}, {kind}): {detail}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// Name of the problem, such as `urn:cloakwork:unfit-values`.
        kind: String,
        /// What it says.
        detail: String,
        /// Where an upload goes on, if it says so.
        offset: Option<u64>,
    },
    /// An answer that the service should not give.
    #[error(
        "the service answered with what is none of its answers: {0}; is it one of Cloakwork, of this release?"
    )]
    Answer(String),
    /// Keys that cannot be read.
    #[error("the keys cannot be read: {0}")]
    Keys(#[from] std::io::Error),
    /// Values that do not fit.
    #[error(transparent)]
    Values(#[from] FormatError),
    /// Encryption or decryption.
    #[error("{0}")]
    Crypto(Box<CryptoError>),
    /// No such function.
    #[error(transparent)]
    Function(#[from] cloakwork_abi::module_spec::UnknownFunction),
}

impl From<CryptoError> for ClientError {
    fn from(error: CryptoError) -> Self {
        Self::Crypto(Box::new(error))
    }
}
