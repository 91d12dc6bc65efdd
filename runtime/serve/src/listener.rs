//! Sockets: accepts connections within limits, and ends when told, after what was begun.

use crate::options::Options;
use crate::routes::router;
use crate::service::{Service, StartError};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_io_timeout::TimeoutStream;
use tokio_rustls::TlsAcceptor;

/// Time for a handshake, and for the head of a request.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Most headers of a request.
const MAX_HEADERS: usize = 64;
/// What a connection reads ahead; the head of a request must fit.
const BUFFER: usize = 256 << 10;
/// How often half uploads are looked through.
const CLEANING: Duration = Duration::from_secs(60);
/// How long to wait where the system has no more sockets.
const BREATHER: Duration = Duration::from_millis(100);

/// A service with its socket.
pub struct Listener {
    service: Arc<Service>,
    socket: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener {
    /// Begins to listen.
    pub async fn bind(service: Arc<Service>, options: &Options) -> Result<Self, StartError> {
        let tls = match (&options.tls_cert, &options.tls_key) {
            (Some(certificates), Some(key)) => Some(acceptor(certificates, key)?),
            (None, _) | (_, None) => None,
        };
        let io = |source| StartError::Io { what: format!("cannot listen on {}", options.listen), source };
        let socket = TcpListener::bind(options.listen).await.map_err(io)?;
        Ok(Self { service, socket, tls })
    }

    /// Where it listens.
    pub fn address(&self) -> std::io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `end`, then finishes what was begun, within the time that the options allow for it.
    pub async fn serve(self, end: impl Future<Output = ()>) {
        let Self { service, socket, tls } = self;
        let router = router(&service);
        let graceful = GracefulShutdown::new();
        let limits = &service.limits;
        let places = Arc::new(Semaphore::new(limits.max_connections.min(Semaphore::MAX_PERMITS)));
        let cleaning = tokio::spawn(clean(service.clone()));
        let mut end = std::pin::pin!(end);
        loop {
            // Those who come when all places are taken wait in the queue of the system.
            let accepted = tokio::select! {
                () = &mut end => break,
                accepted = async { (places.clone().acquire_owned().await, socket.accept().await) } => accepted,
            };
            let (Ok(place), Ok((stream, _))) = accepted else {
                tokio::time::sleep(BREATHER).await;
                continue;
            };
            // Small answers leave at once.
            let _ = stream.set_nodelay(true);
            let mut stream = TimeoutStream::new(stream);
            stream.set_write_timeout(Some(limits.body_timeout));
            let (tls, router, watcher) = (tls.clone(), router.clone(), graceful.watcher());
            let gauge = service.metrics.connections.clone();
            tokio::spawn(async move {
                gauge.inc();
                let stream = Box::pin(stream);
                let ended = match tls {
                    None => connection(stream, router, watcher).await,
                    Some(tls) => match tokio::time::timeout(HEAD_TIME, tls.accept(stream)).await {
                        Ok(Ok(stream)) => connection(stream, router, watcher).await,
                        Ok(Err(error)) => Err(error.to_string()),
                        Err(_) => Err("the handshake took too long".to_owned()),
                    },
                };
                if let Err(reason) = ended {
                    tracing::debug!(reason, "a connection ended early");
                }
                gauge.dec();
                drop(place);
            });
        }
        service.end();
        drop(socket);
        tracing::info!("ending: what was begun is finished");
        if tokio::time::timeout(limits.shutdown_timeout, graceful.shutdown()).await.is_err() {
            tracing::warn!("what was begun took too long and is cancelled");
        }
        cleaning.abort();
    }
}

async fn connection<S: AsyncRead + AsyncWrite + Unpin + Send + 'static>(
    stream: S,
    router: axum::Router,
    watcher: hyper_util::server::graceful::Watcher,
) -> Result<(), String> {
    let connection = protocol().serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    watcher.watch(connection).await.map_err(|error| error.to_string())
}

/// HTTP with its limits.
pub(crate) fn protocol() -> http1::Builder {
    let mut protocol = http1::Builder::new();
    protocol
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(MAX_HEADERS)
        .max_buf_size(BUFFER);
    protocol
}

async fn clean(service: Arc<Service>) {
    loop {
        tokio::time::sleep(CLEANING.min(service.limits.upload_lifetime)).await;
        let service = service.clone();
        // A panic shows in the log; the next round goes on.
        let _ = tokio::task::spawn_blocking(move || service.store.discard_old_uploads()).await;
    }
}

fn acceptor(certificates: &Path, key: &Path) -> Result<TlsAcceptor, StartError> {
    let refused =
        |path: &Path, problem: String| StartError::Certificate { path: path.display().to_string(), problem };
    let chain = CertificateDer::pem_file_iter(certificates)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| refused(certificates, error.to_string()))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(|error| refused(key, error.to_string()))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(chain, private))
        .map_err(|error| refused(certificates, error.to_string()))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
