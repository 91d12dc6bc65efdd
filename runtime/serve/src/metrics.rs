//! What the service counts, for Prometheus. No tenant and nothing of a body is in it.

use crate::service::Service;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::{Family, MetricConstructor};
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::time::Duration;

/// Upper ends of the buckets of times, in seconds.
const SECONDS: [f64; 12] = [0.001, 0.005, 0.02, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 15.0, 60.0, 300.0];

/// All counters of a service.
pub(crate) struct Metrics {
    registry: Registry,
    requests: Family<Request, Counter>,
    seconds: Family<Route, Histogram, Buckets>,
    runs: Family<Run, Counter>,
    run_seconds: Family<Run, Histogram, Buckets>,
    cancelled: Counter,
    pub(crate) connections: Gauge,
    pub(crate) uploaded: Counter,
    queued: Gauge,
    running: Gauge,
    key_memory: Gauge,
    key_loads: Gauge,
    key_evictions: Gauge,
    keys_stored: Gauge,
    uploads: Gauge,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Request {
    route: String,
    method: String,
    status: u16,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Route {
    route: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Run {
    model: String,
}

#[derive(Clone)]
struct Buckets;

impl MetricConstructor<Histogram> for Buckets {
    fn new_metric(&self) -> Histogram {
        Histogram::new(SECONDS)
    }
}

impl Metrics {
    pub(crate) fn new() -> Self {
        let mut metrics = Self {
            registry: Registry::with_prefix("cloakwork"),
            requests: Family::default(),
            seconds: Family::new_with_constructor(Buckets),
            runs: Family::default(),
            run_seconds: Family::new_with_constructor(Buckets),
            cancelled: Counter::default(),
            connections: Gauge::default(),
            uploaded: Counter::default(),
            queued: Gauge::default(),
            running: Gauge::default(),
            key_memory: Gauge::default(),
            key_loads: Gauge::default(),
            key_evictions: Gauge::default(),
            keys_stored: Gauge::default(),
            uploads: Gauge::default(),
        };
        let registry = &mut metrics.registry;
        registry.register("requests", "Answered requests", metrics.requests.clone());
        let seconds = metrics.seconds.clone();
        registry.register_with_unit("request", "Until the head of the answer", Unit::Seconds, seconds);
        registry.register("runs", "Calls of programs that were computed", metrics.runs.clone());
        let seconds = metrics.run_seconds.clone();
        registry.register_with_unit(
            "run",
            "Runs of programs, of one call or several side by side",
            Unit::Seconds,
            seconds,
        );
        registry.register("cancelled", "Runs that nobody waited for", metrics.cancelled.clone());
        registry.register("connections", "Open connections", metrics.connections.clone());
        let uploaded = metrics.uploaded.clone();
        registry.register_with_unit("uploaded", "Received bytes of keys", Unit::Bytes, uploaded);
        registry.register("queue_length", "Jobs that wait", metrics.queued.clone());
        registry.register("runs_active", "Jobs that run", metrics.running.clone());
        let memory = metrics.key_memory.clone();
        registry.register_with_unit("key_memory", "Memory of loaded keys", Unit::Bytes, memory);
        registry.register("key_loads", "Keys that were loaded, since the start", metrics.key_loads.clone());
        registry.register(
            "key_evictions",
            "Keys that were let go, since the start",
            metrics.key_evictions.clone(),
        );
        registry.register("keys_stored", "Keys on disk", metrics.keys_stored.clone());
        registry.register("uploads_open", "Half uploads", metrics.uploads.clone());
        metrics
    }

    /// A request was answered.
    pub(crate) fn answered(&self, route: &str, method: &str, status: u16, time: Duration) {
        let (route, method) = (route.to_owned(), method.to_owned());
        self.seconds.get_or_create(&Route { route: route.clone() }).observe(time.as_secs_f64());
        self.requests.get_or_create(&Request { route, method, status }).inc();
    }

    /// A program has run, for so many calls side by side.
    pub(crate) fn ran(&self, model: &str, calls: usize, time: Duration) {
        let run = Run { model: model.to_owned() };
        self.run_seconds.get_or_create(&run).observe(time.as_secs_f64());
        self.runs.get_or_create(&run).inc_by(calls as u64);
    }

    /// Nobody waited for a run.
    pub(crate) fn cancelled(&self) {
        self.cancelled.inc();
    }

    /// Everything as text.
    pub(crate) fn text(&self, service: &Service) -> Result<String, std::fmt::Error> {
        let number = |value: usize| i64::try_from(value).unwrap_or(i64::MAX);
        let large = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        let (load, usage) = (service.scheduler.load(), service.memory.usage());
        let (stored, uploads) = service.store.counts();
        self.queued.set(number(load.queued));
        self.running.set(number(load.running));
        self.key_memory.set(large(usage.bytes));
        self.key_loads.set(large(usage.loads));
        self.key_evictions.set(large(usage.evictions));
        self.keys_stored.set(number(stored));
        self.uploads.set(number(uploads));
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}
