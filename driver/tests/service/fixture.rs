//! Models that are compiled once, services on copies of them, tenants with keys.

use crate::models::{Models, keys};
use crate::raw::{Answer, request, send};
use crate::server::{Server, tokens};
use cloakwork::{EvaluationKeys, Program, SecretKeys};
use cloakwork_runtime::encrypt;
use cloakwork_runtime::formats::values_to_bytes;
use cloakwork_serve::ContentHash;
use cloakwork_serve::client::{Client, ClientOptions, RemoteProgram};
use cloakwork_serve::options::Options;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Compiled once for all tests.
pub(crate) fn models() -> &'static Models {
    static MODELS: OnceLock<Models> = OnceLock::new();
    MODELS.get_or_init(Models::compile)
}

/// A service with tenants.
pub(crate) struct Place {
    pub(crate) server: Server,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) folder: TempDir,
}

/// A client of a service.
pub(crate) struct Tenant {
    pub(crate) client: Client,
    pub(crate) token: String,
}

/// Keys for `net`, and their name.
pub(crate) struct Keys {
    pub(crate) secret: SecretKeys,
    pub(crate) evaluation: EvaluationKeys,
    pub(crate) bytes: Vec<u8>,
    pub(crate) hash: ContentHash,
}

impl Keys {
    pub(crate) fn new(program: &Program, seed: u128) -> Self {
        let (secret, evaluation) = keys(program, seed);
        let bytes = evaluation.to_bytes();
        Self { hash: ContentHash::of_file(&bytes), secret, evaluation, bytes }
    }

    /// The encrypted argument of that number, as a file.
    pub(crate) fn encrypted(&self, program: &Program, number: u64) -> Vec<u8> {
        let spec = program.spec();
        let values = encrypt(spec, &self.secret, &[crate::models::argument(spec, number)]).unwrap();
        values_to_bytes(&spec.keyset, &spec.inputs, &values).unwrap()
    }
}

impl Place {
    /// A service with that many tenants.
    pub(crate) fn new(tenants: usize, change: impl FnOnce(&mut Options)) -> Self {
        let folder = models().copy();
        let mut options = Options::new(folder.path());
        let names: Vec<String> = (0..tenants).map(|i| format!("tenant-{i}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).chain(["metrics"]).collect();
        let tokens = tokens(&mut options, folder.path(), &names);
        change(&mut options);
        let server = Server::start(options);
        let tenant = |token: String| {
            let options = ClientOptions { token: Some(token.clone()), ..ClientOptions::default() };
            Tenant { client: Client::new(&server.url(), &options).unwrap(), token }
        };
        let tenants = tokens.into_iter().map(tenant).collect();
        Self { tenants, server, folder }
    }

    /// Sends a request byte by byte, with the token of a tenant.
    pub(crate) fn send(
        &self,
        tenant: usize,
        (method, path): (&str, &str),
        headers: &[&str],
        body: &[u8],
    ) -> Answer {
        let mut all = vec![format!("authorization: Bearer {}", self.tenants[tenant].token)];
        all.extend(headers.iter().map(|header| (*header).to_owned()));
        send(self.server.address, &request(method, path, &all, body))
    }

    /// The value of a metric.
    pub(crate) fn metric(&self, name: &str) -> f64 {
        let answer = self.send(self.tenants.len() - 1, ("GET", "/v1/metrics"), &[], &[]);
        let text = String::from_utf8(answer.body).unwrap();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} ")));
        line.unwrap_or_else(|| panic!("no {name} in {text}")).rsplit(' ').next().unwrap().parse().unwrap()
    }

    /// Waits until a metric has that value.
    pub(crate) fn await_metric(&self, name: &str, value: f64) {
        await_that(&format!("{name} is {value}"), || self.metric(name) == value);
    }
}

/// Waits until something is so, for as long as even a busy machine needs.
pub(crate) fn await_that(what: &str, mut is_so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < Duration::from_secs(60), "after a minute it is still not so that {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

impl Tenant {
    pub(crate) fn upload(&self, model: &str, keys: &Keys) {
        assert_eq!(self.client.upload_keys(model, &keys.bytes).unwrap(), keys.hash);
    }

    pub(crate) fn program(&self, model: &str, keys: &Keys) -> RemoteProgram {
        RemoteProgram::new(self.client.clone(), model, None, keys.hash).unwrap()
    }
}
