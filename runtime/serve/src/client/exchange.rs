//! One request and its answer.

use super::{Client, ClientError};
use crate::wire::{ProblemBody, UPLOAD_OFFSET};
use serde::de::DeserializeOwned;
use std::io::Read;
use ureq::http::{Request, Response};
use ureq::{Body, SendBody};

/// Longest refusal.
const MAX_PROBLEM: u64 = 1 << 20;

impl Client {
    /// Sends a request; what is refused is an error.
    pub(super) fn call(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: Option<SendBody<'_>>,
    ) -> Result<Response<Body>, ClientError> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let lost = |problem: String| ClientError::Transport { base: self.base.clone(), problem };
        let wrong = |error: ureq::http::Error| ClientError::Url(format!("{}{path}: {error}", self.base));
        let answer = match body {
            Some(body) => self.agent.run(request.body(body).map_err(wrong)?),
            None => self.agent.run(request.body(()).map_err(wrong)?),
        };
        let answer = answer.map_err(|error| lost(error.to_string()))?;
        match answer.status().is_success() {
            true => Ok(answer),
            false => Err(refused(answer)),
        }
    }
}

fn refused(mut answer: Response<Body>) -> ClientError {
    let status = answer.status().as_u16();
    let offset = header(&answer, UPLOAD_OFFSET);
    let body = answer.body_mut().with_config().limit(MAX_PROBLEM).read_to_vec().unwrap_or_default();
    match serde_json::from_slice::<ProblemBody>(&body) {
        Ok(ProblemBody { kind, detail, .. }) => ClientError::Refused { status, kind, detail, offset },
        Err(_) => {
            let (kind, detail) = ("no reason".to_owned(), answer.status().to_string());
            ClientError::Refused { status, kind, detail, offset }
        }
    }
}

/// A header of an answer, read as something else.
pub(super) fn header<T: std::str::FromStr>(answer: &Response<Body>, name: &str) -> Option<T> {
    answer.headers().get(name)?.to_str().ok()?.parse().ok()
}

/// The body of an answer as text.
pub(super) fn text(mut answer: Response<Body>, most: u64) -> Result<String, ClientError> {
    let mut text = String::new();
    let mut body = answer.body_mut().as_reader().take(most);
    body.read_to_string(&mut text).map_err(|error| ClientError::Answer(error.to_string()))?;
    Ok(text)
}

/// The body of an answer as JSON.
pub(super) fn json<T: DeserializeOwned>(answer: Response<Body>, most: u64) -> Result<T, ClientError> {
    serde_json::from_str(&text(answer, most)?).map_err(|error| ClientError::Answer(error.to_string()))
}
