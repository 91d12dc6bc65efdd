//! The command line of the service, for `cloakwork-serve` and `cloakwork serve`.

use crate::allocator::give_large_blocks_back;
use crate::listener::Listener;
use crate::models::LoadFunction;
use crate::options::Options;
use crate::service::{Service, StartError};
use crate::tokens::{Tenant, TokensError, add_token};
use std::path::PathBuf;
use std::sync::Arc;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

/// Environment variable for the level of logs.
const LOG: &str = "CLOAKWORK_LOG";

/// Why the command ends.
#[derive(Debug, thiserror::Error)]
pub enum CommandError {
    /// The service does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// No token.
    #[error(transparent)]
    Token(#[from] TokensError),
    /// The system refused.
    #[error("{0}")]
    Io(#[from] std::io::Error),
}

/// `token`
#[derive(Clone, Debug, clap::Args)]
pub struct NewToken {
    /// Whose token it will be; `metrics` may read metrics, and nothing else
    #[arg(value_name = "TENANT")]
    pub tenant: String,
    /// File that gets the token's hash
    #[arg(long, value_name = "FILE")]
    pub tokens: PathBuf,
}

/// Makes a token and says it, on a line.
pub fn token(arguments: &NewToken) -> Result<String, CommandError> {
    let tenant: Tenant = arguments.tenant.parse().map_err(TokensError::from)?;
    Ok(add_token(&arguments.tokens, &tenant)?)
}

/// Serves until the process is told to end, programs loaded by `load`. `listening` gets the address as soon as connections are accepted.
pub fn serve(
    options: &Options,
    load: LoadFunction,
    listening: impl FnOnce(&str),
) -> Result<(), CommandError> {
    let filter = EnvFilter::try_from_env(LOG).unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    // Someone who embeds this may have a log already.
    let _ = log.with_writer(std::io::stderr).try_init();
    give_large_blocks_back();
    let service = Service::with_loader(options, load)?;
    let (stored, uploads) = service.store.counts();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let listener = Listener::bind(service.clone(), options).await?;
        let address = listener.address()?;
        let scheme = if options.tls_cert.is_some() { "https" } else { "http" };
        let models: Vec<&str> = service.models().collect();
        if options.tls_cert.is_none() && !address.ip().is_loopback() {
            tracing::warn!("without TLS tokens and values can be read and changed on their way");
        }
        tracing::info!(%address, models = models.join(", "), stored, uploads, "listening");
        listening(&format!("{scheme}://{address}"));
        let reload = tokio::spawn(reload_on_hangup(service)?);
        listener.serve(told_to_end()?).await;
        reload.abort();
        tracing::info!("ended");
        Ok(())
    })
}

/// Until SIGTERM or SIGINT.
fn told_to_end() -> std::io::Result<impl Future<Output = ()>> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => (),
            _ = interrupt.recv() => (),
        }
    })
}

fn reload_on_hangup(service: Arc<Service>) -> std::io::Result<impl Future<Output = ()>> {
    let mut hangup = signal(SignalKind::hangup())?;
    Ok(async move {
        while hangup.recv().await.is_some() {
            match service.reload_tokens() {
                Ok(()) => tracing::info!("tokens were read again"),
                Err(error) => tracing::error!(%error, "tokens were not read again; those from before hold"),
            }
        }
    })
}
