//! What a running service consists of.

use crate::batches::Batches;
use crate::key_memory::KeyMemory;
use crate::key_store::KeyStore;
use crate::metrics::Metrics;
use crate::models::{LoadFunction, Model, ModelsError, load_folder, load_without_compiler, trusted_keys};
use crate::options::{Limits, Options};
use crate::problem::{Kind, Problem};
use crate::routes::Arguments;
use crate::scheduler::Scheduler;
use crate::tokens::{METRICS, Tenant, Tokens, TokensError};
use cloakwork_runtime::RunOptions;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use tokio::sync::Semaphore;

/// Bytes that one permit of [`Service::request_memory`] stands for.
const PERMIT_BYTES: u64 = 1 << 10;

/// A service, without the sockets that it listens on.
pub struct Service {
    pub(crate) limits: Limits,
    pub(crate) models: BTreeMap<String, Model>,
    pub(crate) store: KeyStore,
    pub(crate) memory: KeyMemory,
    pub(crate) scheduler: Scheduler,
    pub(crate) batches: Batches<Arguments, bytes::Bytes>,
    pub(crate) metrics: Metrics,
    /// Memory of what was received and not yet computed.
    request_memory: Arc<Semaphore>,
    tokens_file: Option<PathBuf>,
    tokens: RwLock<Arc<Tokens>>,
    /// Predictions of each tenant that wait or run.
    places: Mutex<BTreeMap<Tenant, usize>>,
    is_ending: AtomicBool,
}

/// Why a service does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Models.
    #[error(transparent)]
    Models(#[from] ModelsError),
    /// Tokens.
    #[error(transparent)]
    Tokens(#[from] TokensError),
    /// No tokens, on an address that others reach.
    #[error(
        "`{0}` can be reached by others, and without tokens anyone may call; give `--tokens FILE` or listen on 127.0.0.1"
    )]
    Open(std::net::SocketAddr),
    /// Certificates.
    #[error("`{path}`: {problem}; give certificates and their key in PEM")]
    Certificate {
        /// File.
        path: String,
        /// What is wrong.
        problem: String,
    },
    /// The system refused.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// Cause.
        source: std::io::Error,
    },
}

/// One of the predictions that a tenant may have at once.
pub(crate) struct Place {
    service: Arc<Service>,
    tenant: Tenant,
}

impl Service {
    /// Loads models, tokens and the list of stored keys.
    pub fn new(options: &Options) -> Result<Arc<Self>, StartError> {
        Self::with_loader(options, load_without_compiler)
    }

    /// [`Self::new`] with another way to bring programs into memory.
    pub fn with_loader(options: &Options, load: LoadFunction) -> Result<Arc<Self>, StartError> {
        if options.tokens.is_none() && !options.listen.ip().is_loopback() {
            return Err(StartError::Open(options.listen));
        }
        let models = load_folder(&options.models, &trusted_keys(&options.trust)?, load)?;
        let tokens = options.tokens.as_deref().map(Tokens::read).transpose()?.unwrap_or_default();
        let state = options.state.clone().unwrap_or_else(|| options.models.join(".state"));
        let io = |what: String| move |source| StartError::Io { what, source };
        let limits = options.limits.clone();
        let store = KeyStore::open(&state, &limits).map_err(io(format!("state in `{}`", state.display())))?;
        let permits = usize::try_from(limits.max_requests_memory.0 / PERMIT_BYTES).unwrap_or(usize::MAX);
        Ok(Arc::new(Self {
            models,
            store,
            memory: KeyMemory::new(limits.max_keys_memory.0),
            scheduler: Scheduler::new(limits.runs()).map_err(io("threads for runs".to_owned()))?,
            batches: Batches::new(),
            metrics: Metrics::new(),
            request_memory: Arc::new(Semaphore::new(permits.min(Semaphore::MAX_PERMITS))),
            tokens_file: options.tokens.clone(),
            tokens: RwLock::new(Arc::new(tokens)),
            places: Mutex::default(),
            is_ending: AtomicBool::new(false),
            limits,
        }))
    }

    /// Names of the models.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.models.keys().map(String::as_str)
    }

    /// Reads the tokens again; on an error those from before hold.
    pub fn reload_tokens(&self) -> Result<(), TokensError> {
        if let Some(path) = &self.tokens_file {
            let tokens = Arc::new(Tokens::read(path)?);
            *self.tokens.write().unwrap_or_else(PoisonError::into_inner) = tokens;
        }
        Ok(())
    }

    /// Whose token it is.
    pub(crate) fn tenant(&self, token: Option<&str>) -> Result<Tenant, Problem> {
        if self.tokens_file.is_none() {
            return Ok(Tenant::local());
        }
        let tokens = self.tokens.read().unwrap_or_else(PoisonError::into_inner).clone();
        let refused = || {
            let detail = "send `Authorization: Bearer TOKEN` with a token of this service";
            Problem::new(Kind::Unauthorised, detail)
        };
        tokens.tenant(token.ok_or_else(refused)?).cloned().ok_or_else(refused)
    }

    /// Whether a tenant may read metrics.
    pub(crate) fn may_read_metrics(&self, tenant: &Tenant) -> bool {
        self.tokens_file.is_none() || tenant.as_str() == METRICS
    }

    pub(crate) fn model(&self, name: &str) -> Result<&Model, Problem> {
        self.models.get(name).ok_or_else(|| {
            let names: Vec<&str> = self.models().collect();
            let name: String = name.chars().take(100).collect();
            Problem::new(
                Kind::NotFound,
                format!("there is no model `{name}`; there are {}", names.join(", ")),
            )
        })
    }

    /// Threads that programs compute on.
    pub(crate) fn run_options(&self) -> RunOptions {
        RunOptions { threads: Some(self.limits.threads()) }
    }

    /// One more prediction of a tenant.
    pub(crate) fn place(self: &Arc<Self>, tenant: &Tenant) -> Result<Place, Problem> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = places.entry(tenant.clone()).or_default();
        if *taken >= self.limits.max_queued {
            let detail = format!("{taken} predictions wait or run already; wait for one of them");
            return Err(Problem::new(Kind::TooMany, detail));
        }
        *taken += 1;
        Ok(Place { service: self.clone(), tenant: tenant.clone() })
    }

    /// Memory for bytes of a request, until it is dropped.
    pub(crate) fn request_memory(&self, bytes: u64) -> Result<tokio::sync::OwnedSemaphorePermit, Problem> {
        let permits = u32::try_from(bytes.div_ceil(PERMIT_BYTES)).unwrap_or(u32::MAX);
        self.request_memory.clone().try_acquire_many_owned(permits).map_err(|_| {
            let detail = format!("{bytes} bytes more are too many now; try again when there is less to do");
            Problem::new(Kind::Busy, detail)
        })
    }

    pub(crate) fn is_ending(&self) -> bool {
        self.is_ending.load(Ordering::Relaxed)
    }

    pub(crate) fn end(&self) {
        self.is_ending.store(true, Ordering::Relaxed);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.service.places.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(taken) = places.get_mut(&self.tenant) {
            *taken -= 1;
            if *taken == 0 {
                places.remove(&self.tenant);
            }
        }
    }
}
