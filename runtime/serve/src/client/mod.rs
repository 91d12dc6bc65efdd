//! A blocking client of the service.
//!
//! [`Client`] speaks HTTP: models, uploads that go on after failures, files of values. [`RemoteProgram`] is one function of
//! a model with keys: integers in, integers out. Whatever the service answers is checked as if it were hostile.

mod error;
mod exchange;
mod program;
mod upload;

pub use crate::wire::{KeySummary, ModelSummary};
pub use error::ClientError;
pub use program::RemoteProgram;

use crate::ContentHash;
use crate::wire::{KeyList, ModelList};
use cloakwork_abi::module_spec::ModuleSpec;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use ureq::Agent;
use ureq::tls::{RootCerts, TlsConfig, parse_pem};

/// Time to connect.
const CONNECT: Duration = Duration::from_secs(10);
/// Longest answer that is no file.
const MAX_JSON: u64 = 64 << 20;

/// How to reach a service.
#[derive(Clone, Debug, Default)]
pub struct ClientOptions {
    /// Bearer token.
    pub token: Option<String>,
    /// Certificates in PEM that the service's must follow from, instead of those that browsers trust.
    pub root_certificates: Option<PathBuf>,
    /// Time for a whole request; without, it takes as long as it takes.
    pub timeout: Option<Duration>,
}

/// A service.
#[derive(Clone)]
pub struct Client {
    agent: Agent,
    /// Without a slash at the end.
    base: String,
    token: Option<String>,
}

impl Client {
    /// The service at `url`, such as `https://fhe.example.org:8443`.
    pub fn new(url: &str, options: &ClientOptions) -> Result<Self, ClientError> {
        let base = url.trim_end_matches('/');
        let is_http = ["http://", "https://"]
            .iter()
            .any(|scheme| base.len() > scheme.len() && base.starts_with(scheme));
        if !is_http || base.contains(['?', '#', ' ']) {
            return Err(ClientError::Url(url.to_owned()));
        }
        let mut tls = TlsConfig::builder();
        if let Some(path) = &options.root_certificates {
            let refused =
                |problem: String| ClientError::Certificates { path: path.display().to_string(), problem };
            let pem = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
            let mut certificates = vec![];
            for item in parse_pem(&pem) {
                if let ureq::tls::PemItem::Certificate(found) =
                    item.map_err(|error| refused(error.to_string()))?
                {
                    certificates.push(found);
                }
            }
            if certificates.is_empty() {
                return Err(refused("there is no certificate".to_owned()));
            }
            tls = tls.root_certs(RootCerts::Specific(Arc::new(certificates)));
        }
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(CONNECT))
            .timeout_global(options.timeout)
            .user_agent(concat!("cloakwork/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls.build())
            .build();
        Ok(Self { agent: config.into(), base: base.to_owned(), token: options.token.clone() })
    }

    /// The service, and the model if the address names one: `https://host/v1/models/NAME`.
    pub fn of_model(url: &str, options: &ClientOptions) -> Result<(Self, Option<String>), ClientError> {
        match url.trim_end_matches('/').split_once("/v1/models/") {
            Some((base, model)) => Ok((Self::new(base, options)?, Some(model.to_owned()))),
            None => Ok((Self::new(url, options)?, None)),
        }
    }

    /// All models.
    pub fn models(&self) -> Result<Vec<ModelSummary>, ClientError> {
        let list: ModelList = self.get("/v1/models")?;
        Ok(list.models)
    }

    /// The model of that name, or the only one.
    pub fn model(&self, name: Option<&str>) -> Result<ModelSummary, ClientError> {
        let models = self.models()?;
        let names = || models.iter().map(|model| model.name.clone()).collect::<Vec<_>>().join(", ");
        let found = match (name, models.as_slice()) {
            (Some(name), models) => models.iter().find(|model| model.name == name),
            (None, [model]) => Some(model),
            (None, _) => None,
        };
        let found = found.cloned();
        found.ok_or_else(|| ClientError::Model { wanted: name.map(str::to_owned), names: names() })
    }

    /// The public description of a model.
    pub fn spec(&self, model: &str) -> Result<ModuleSpec, ClientError> {
        let answer = self.call("GET", &format!("/v1/models/{}/spec", segment(model)?), &[], None)?;
        let text = exchange::text(answer, MAX_JSON)?;
        ModuleSpec::from_json(&text).map_err(|error| ClientError::Answer(error.to_string()))
    }

    /// Keys that are stored for this client's token.
    pub fn keys(&self) -> Result<Vec<KeySummary>, ClientError> {
        let list: KeyList = self.get("/v1/keys")?;
        Ok(list.keys)
    }

    /// Makes the service forget keys.
    pub fn delete_keys(&self, keys: ContentHash) -> Result<(), ClientError> {
        self.call("DELETE", &format!("/v1/keys/{keys}"), &[], None).map(drop)
    }

    fn get<T: serde::de::DeserializeOwned>(&self, path: &str) -> Result<T, ClientError> {
        exchange::json(self.call("GET", path, &[], None)?, MAX_JSON)
    }
}

/// A name as a part of a path.
fn segment(name: &str) -> Result<&str, ClientError> {
    let is_sound = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    match !name.is_empty() && !name.starts_with('.') && name.bytes().all(is_sound) {
        true => Ok(name),
        false => Err(ClientError::Name(name.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let options = ClientOptions::default();
        for wrong in ["", "host", "ftp://host", "http://", "http://host?x", "http://a b"] {
            assert!(Client::new(wrong, &options).is_err(), "{wrong}");
        }
        let (client, model) = Client::of_model("http://host:1/v1/models/net/", &options).expect("an address");
        assert_eq!((client.base.as_str(), model.as_deref()), ("http://host:1", Some("net")));
        let (client, model) = Client::of_model("http://host/behind/", &options).expect("an address");
        assert_eq!((client.base.as_str(), model), ("http://host/behind", None));
        ["", "..", "a/b", "a?b", "a b"].iter().for_each(|name| assert!(segment(name).is_err(), "{name}"));
    }
}
