//! Requests from outside, byte by byte: what fuzzers and tests call. Nothing else does.

use crate::listener::protocol;
use crate::options::Options;
use crate::routes::router;
use crate::service::{Service, StartError};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use std::path::Path;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// Longest time that an answer may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A service without a socket, for one tenant.
pub struct Target {
    runtime: tokio::runtime::Runtime,
    router: axum::Router,
}

impl Target {
    /// Of the models of a folder.
    pub fn new(models: &Path) -> Result<Self, StartError> {
        let mut options = Options::new(models);
        options.limits.body_timeout = Duration::from_millis(100);
        let service = Service::new(&options)?;
        let io = |source| StartError::Io { what: "threads".to_owned(), source };
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        Ok(Self { router: router(&service), runtime: runtime.map_err(io)? })
    }

    /// All that comes back when a connection brings these bytes and no more.
    ///
    /// # Panics
    ///
    /// If the service fails inside, or does not come to an end.
    pub fn send(&self, bytes: &[u8]) -> Vec<u8> {
        let answer = self.runtime.block_on(async {
            let (client, server) = tokio::io::duplex(64 << 10);
            // The end of what comes is no reason not to answer.
            let mut protocol = protocol();
            protocol.half_close(true);
            let service = TowerToHyperService::new(self.router.clone());
            let served = tokio::spawn(protocol.serve_connection(TokioIo::new(server), service));
            let (mut from, mut to) = tokio::io::split(client);
            let talk = async {
                let mut answer = vec![];
                let send = async {
                    // Who is refused early does not take all.
                    let _ = to.write_all(bytes).await;
                    let _ = to.shutdown().await;
                };
                let (_, _) = tokio::join!(send, from.read_to_end(&mut answer));
                answer
            };
            let answer = tokio::time::timeout(PATIENCE, talk).await.expect("the service answers or hangs up");
            // A connection that is broken off is as good as one that ended.
            let _ = served.await;
            answer
        });
        let is_internal = answer.windows(13).any(|text| text == b"HTTP/1.1 500 ");
        assert!(!is_internal, "an internal failure: {}", String::from_utf8_lossy(&answer));
        answer
    }
}
