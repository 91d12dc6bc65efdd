//! Why a request is refused, as `application/problem+json`.

use crate::wire::{FAILED_MAGIC, PROBLEM, ProblemBody, UPLOAD_OFFSET};
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cloakwork_runtime::formats::{FORMAT_VERSION, FormatError, FormatProblem, OLDEST_FORMAT_VERSION};

/// A refusal: its kind, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) kind: Kind,
    pub(crate) detail: String,
}

/// Kinds of refusals; their names in [`Kind::facts`] are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    BadRequest,
    Busy,
    Cancelled,
    DiskFull,
    Ending,
    Incomplete,
    Internal,
    KeysTooLarge,
    MethodNotAllowed,
    NotFound,
    OtherRelease,
    RunFailed,
    SlowBody,
    TooLong,
    TooMany,
    Unauthorised,
    UnfitKeys,
    UnfitValues,
    Waited,
    WrongHash,
    WrongLength,
    /// Where the upload goes on.
    WrongOffset(u64),
}

impl Kind {
    /// Status, name, title.
    pub(crate) fn facts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::BadRequest => (StatusCode::BAD_REQUEST, "bad-request", "the request cannot be read"),
            Self::Busy => {
                (StatusCode::SERVICE_UNAVAILABLE, "busy", "the service has no memory left for requests")
            }
            Self::Cancelled => (StatusCode::SERVICE_UNAVAILABLE, "cancelled", "the run was cancelled"),
            Self::DiskFull => {
                (StatusCode::INSUFFICIENT_STORAGE, "disk-full", "there is no room for more keys")
            }
            Self::Ending => (StatusCode::SERVICE_UNAVAILABLE, "ending", "the service is ending"),
            Self::Incomplete => (StatusCode::CONFLICT, "incomplete", "the upload is not complete"),
            Self::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal", "an internal failure"),
            Self::KeysTooLarge => (
                StatusCode::INSUFFICIENT_STORAGE,
                "keys-too-large",
                "the keys do not fit into the memory for keys",
            ),
            Self::MethodNotAllowed => {
                (StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", "the path has no such method")
            }
            Self::NotFound => (StatusCode::NOT_FOUND, "not-found", "there is no such thing"),
            Self::OtherRelease => {
                (StatusCode::UNPROCESSABLE_ENTITY, "other-release", "the file is of another release")
            }
            Self::RunFailed => (StatusCode::INTERNAL_SERVER_ERROR, "run-failed", "the program failed"),
            Self::SlowBody => (StatusCode::REQUEST_TIMEOUT, "slow-body", "the body took too long"),
            Self::TooLong => (StatusCode::PAYLOAD_TOO_LARGE, "too-long", "the body is too long"),
            Self::TooMany => (StatusCode::TOO_MANY_REQUESTS, "too-many", "too many at once"),
            Self::Unauthorised => (StatusCode::UNAUTHORIZED, "unauthorised", "no valid token"),
            Self::UnfitKeys => (StatusCode::UNPROCESSABLE_ENTITY, "unfit-keys", "the keys do not fit"),
            Self::UnfitValues => (StatusCode::UNPROCESSABLE_ENTITY, "unfit-values", "the values do not fit"),
            Self::Waited => (StatusCode::SERVICE_UNAVAILABLE, "waited", "the turn did not come in time"),
            Self::WrongHash => {
                (StatusCode::UNPROCESSABLE_ENTITY, "wrong-hash", "the bytes are not those of the name")
            }
            Self::WrongLength => {
                (StatusCode::UNPROCESSABLE_ENTITY, "wrong-length", "the length does not fit")
            }
            Self::WrongOffset(_) => (StatusCode::CONFLICT, "wrong-offset", "the upload goes on elsewhere"),
        }
    }
}

impl Problem {
    pub(crate) fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self { kind, detail: detail.into() }
    }

    /// A file that is refused; one of another release says which side is to be upgraded.
    pub(crate) fn of_file(kind: Kind, error: &FormatError) -> Self {
        match error.problem {
            FormatProblem::Version { found } => {
                let (oldest, newest) = (OLDEST_FORMAT_VERSION, FORMAT_VERSION);
                let side = match found > newest {
                    true => {
                        "it comes from a newer release: upgrade the service, or send files of its release"
                    }
                    false => {
                        "it comes from an older release: upgrade the client, make keys and encrypt again"
                    }
                };
                let release = env!("CARGO_PKG_VERSION");
                let detail = format!(
                    "the file has version {found}, the service (release {release}) reads versions {oldest} to {newest}; {side}"
                );
                Self::new(Kind::OtherRelease, detail)
            }
            _ => Self::new(kind, error.problem.to_string()),
        }
    }

    /// The record that takes the place of a result, behind others.
    pub(crate) fn record(&self) -> Bytes {
        let json = self.json();
        let length = u32::try_from(json.len()).unwrap_or(u32::MAX).to_le_bytes();
        [FAILED_MAGIC.as_slice(), &length, &json].concat().into()
    }

    fn json(&self) -> Vec<u8> {
        let (status, name, title) = self.kind.facts();
        let body = ProblemBody {
            kind: format!("urn:cloakwork:{name}"),
            title: title.to_owned(),
            status: status.as_u16(),
            detail: self.detail.clone(),
        };
        serde_json::to_vec(&body).expect("a problem is plain data")
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let (status, ..) = self.kind.facts();
        let mut response = Response::new(Body::from(self.json()));
        *response.status_mut() = status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(PROBLEM));
        match self.kind {
            Kind::Unauthorised => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            Kind::Busy | Kind::Ending | Kind::TooMany | Kind::Waited => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            Kind::WrongOffset(offset) => {
                headers.insert(UPLOAD_OFFSET, HeaderValue::from(offset));
            }
            _ => {}
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                Self::new(Kind::DiskFull, error.to_string())
            }
            _ => Self::new(Kind::Internal, format!("the service cannot use its state: {error}")),
        }
    }
}
