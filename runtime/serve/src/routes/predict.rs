//! Predictions: files of arguments in, files of results out, one for each call, as they come.
//!
//! Calls of a body wait for their turns together, so that they can run side by side. Reading does not wait for computing, so that a client may send all before it reads; computing waits for a client
//! that does not read.

use super::{Asked, Named, header_as, refuse};
use crate::batches::{Answer, Group, Reply};
use crate::bodies::Incoming;
use crate::key_memory::Owner;
use crate::key_store::StoredKeys;
use crate::problem::{Kind, Problem};
use crate::scheduler::Submitted;
use crate::service::{Place, Service};
use crate::tokens::Tenant;
use crate::wire::{FILES, KEYS};
use axum::Extension;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use cloakwork_runtime::formats::{
    FormatError, START_BYTES, bytes_said, most_values_bytes, values_from_bytes, values_to_bytes,
};
use cloakwork_runtime::server::{RunError, with_threads};
use cloakwork_runtime::{ExpandedKeys, Program, Value, run_batch_until, run_until, samples_at_once};
use futures_util::stream;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::{OwnedSemaphorePermit, mpsc};

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    function: Option<String>,
}

/// What all calls of a body have in common.
struct Call {
    service: Arc<Service>,
    tenant: Tenant,
    model: String,
    program: Arc<Program>,
    keys: StoredKeys,
    owner: Owner,
    /// The most bytes of the arguments of one call.
    most: u64,
}

/// The arguments of one call, with the memory that they take.
pub(crate) struct Arguments {
    bytes: Vec<u8>,
    _memory: OwnedSemaphorePermit,
}

/// The next arguments of a body, or why there are none.
type Read = Result<Arguments, Problem>;

type Results = mpsc::Sender<Result<Bytes, Problem>>;

pub(super) async fn predict(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
    model: Result<Named, Problem>,
    wanted: Result<Asked<Wanted>, Problem>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let prepared = model.and_then(|Named(model)| {
        let Asked(wanted) = wanted?;
        Call::prepare(&service, tenant, (&model, wanted.function.as_deref()), &headers)
    });
    let (call, place) = match prepared {
        Ok(prepared) => prepared,
        Err(problem) => return refuse(body, problem),
    };
    let most = call.most.saturating_mul(service.limits.max_samples as u64);
    let body = Incoming::new(body, most, service.limits.body_timeout);
    let (results, mut computed) = mpsc::channel(1);
    tokio::spawn(answer(call, body, results, place));
    match computed.recv().await {
        Some(Ok(first)) => {
            let rest = stream::unfold(computed, |mut computed| async {
                let next = computed.recv().await?;
                Some((next.unwrap_or_else(|problem| problem.record()), computed))
            });
            let all = futures_util::StreamExt::chain(stream::iter([first]), rest);
            let all = futures_util::StreamExt::map(all, Ok::<Bytes, Infallible>);
            ([(header::CONTENT_TYPE, FILES)], Body::from_stream(all)).into_response()
        }
        Some(Err(problem)) => problem.into_response(),
        None => {
            Problem::new(Kind::BadRequest, "the body is empty; send the arguments of a call").into_response()
        }
    }
}

impl Call {
    fn prepare(
        service: &Arc<Service>,
        tenant: Tenant,
        (model, function): (&str, Option<&str>),
        headers: &HeaderMap,
    ) -> Result<(Self, Place), Problem> {
        if service.is_ending() {
            return Err(Problem::new(Kind::Ending, "nothing new is begun"));
        }
        let model = service.model(model)?;
        let program = model.function(function).map_err(|problem| Problem::new(Kind::NotFound, problem))?;
        let hash = header_as(headers, KEYS, "the SHA-256 of uploaded keys")?;
        let keys = service.store.stored(&tenant, hash)?;
        if keys.keyset != model.keyset {
            let (found, expected) = (&keys.keyset, &model.keyset);
            let detail = format!(
                "the keys belong to key set {found}, the model to {expected}; use keys that were made for this model"
            );
            return Err(Problem::new(Kind::UnfitKeys, detail));
        }
        let place = service.place(&tenant)?;
        let spec = program.spec();
        let most = most_values_bytes(&spec.keyset, &spec.inputs);
        let owner = (tenant.clone(), hash);
        let model = model.name.clone();
        Ok((Self { service: service.clone(), tenant, model, program, keys, owner, most }, place))
    }

    /// What calls have in common with which this one runs side by side.
    fn group(&self) -> Group {
        (self.owner.clone(), self.model.clone(), self.program.spec().name.clone())
    }

    /// Runs the program on the arguments of all calls that wait, or as many as pay.
    fn run_waiting(&self) {
        let (spec, options) = (self.program.spec(), self.service.run_options());
        let (mut samples, mut replies) = (vec![], vec![]);
        for waiting in self.service.batches.take(&self.group(), samples_at_once(spec, options)) {
            let (arguments, reply) = waiting.split();
            let values = values_from_bytes(&spec.keyset, &spec.inputs, &arguments.bytes);
            let unfit = |error: FormatError| Problem::of_file(Kind::UnfitValues, &error);
            match values.map_err(unfit).and_then(|values| self.owned(values)) {
                Ok(values) => {
                    samples.push(values);
                    replies.push(reply);
                }
                Err(problem) => reply.send(Err(problem)),
            }
        }
        if samples.is_empty() {
            return;
        }
        match self.run(&samples, &|| replies.iter().all(Reply::is_abandoned)) {
            Ok(results) => replies.into_iter().zip(results).for_each(|(reply, result)| {
                let bytes = values_to_bytes(&spec.keyset, &spec.outputs, &result);
                let failed = |error: FormatError| Problem::new(Kind::Internal, error.to_string());
                reply.send(bytes.map(Bytes::from).map_err(failed));
            }),
            Err(problem) => {
                if problem.kind == Kind::Cancelled {
                    self.service.metrics.cancelled();
                }
                replies.into_iter().for_each(|reply| reply.send(Err(problem.clone())));
            }
        }
    }

    fn run(
        &self,
        samples: &[Vec<Value>],
        is_cancelled: &(dyn Fn() -> bool + Sync),
    ) -> Result<Vec<Vec<Value>>, Problem> {
        let (spec, options) = (self.program.spec(), self.service.run_options());
        let bytes = ExpandedKeys::memory_bytes(&spec.keyset);
        let load = || {
            let loaded = with_threads(options, || self.keys.load(&spec.keyset));
            loaded.unwrap_or_else(|error| Err(failed(error)))
        };
        let keys = self.service.memory.get(&self.owner, bytes, load, is_cancelled)?;
        let begun = Instant::now();
        let results = match samples {
            [sample] => {
                run_until(&self.program, &keys, sample, options, is_cancelled).map(|results| vec![results])
            }
            samples => run_batch_until(&self.program, &keys, samples, options, is_cancelled),
        };
        let results = results.map_err(failed)?;
        self.service.metrics.ran(&self.model, samples.len(), begun.elapsed());
        Ok(results)
    }

    /// Refuses values under other keys than those that the request names: they must not fail calls beside theirs.
    fn owned(&self, values: Vec<Value>) -> Result<Vec<Value>, Problem> {
        let expected = self.keys.identity.as_deref().unwrap_or("unknown");
        let foreign = values.iter().filter_map(Value::keys).find(|keys| keys.to_string() != expected);
        match foreign {
            None => Ok(values),
            Some(found) => {
                let detail = format!(
                    "the arguments are under keys {found}, the request names keys {expected}; encrypt them with the secret keys that belong to these"
                );
                Err(Problem::new(Kind::UnfitValues, detail))
            }
        }
    }
}

/// Answers all calls of a body, until one fails or nobody wants the answer.
async fn answer(call: Call, mut body: Incoming, results: Results, _place: Place) {
    let call = Arc::new(call);
    let (read, to_run) = mpsc::unbounded_channel();
    {
        let mut reading = std::pin::pin!(read_all(&call, &mut body, read, &results));
        let mut running = std::pin::pin!(run_all(&call, to_run, &results));
        tokio::select! {
            // After a failure nothing more is read.
            () = &mut running => (),
            () = &mut reading => running.await,
        }
    }
    drop(results);
    body.drain().await;
}

/// Reads the arguments of all calls, up to those that are refused.
async fn read_all(call: &Call, body: &mut Incoming, read: mpsc::UnboundedSender<Read>, results: &Results) {
    loop {
        let next = tokio::select! {
            next = next_arguments(call, body) => next.transpose(),
            () = results.closed() => return,
        };
        let Some(next) = next else { return };
        let is_last = next.is_err();
        if read.send(next).is_err() || is_last {
            return;
        }
    }
}

/// Answers all calls in order, up to one that fails. Some of the next ones wait for their turns beside it.
async fn run_all(call: &Arc<Call>, mut to_run: mpsc::UnboundedReceiver<Read>, results: &Results) {
    let most = call.service.limits.max_samples;
    let ahead = samples_at_once(call.program.spec(), call.service.run_options());
    let mut waiting = VecDeque::new();
    let (mut count, mut is_open) = (0, true);
    loop {
        while is_open && waiting.len() < ahead {
            // With something to wait for there is no need to wait for more.
            let next = match waiting.is_empty() {
                true => to_run.recv().await,
                false => to_run.try_recv().ok(),
            };
            let Some(next) = next else {
                is_open = !waiting.is_empty();
                break;
            };
            count += 1;
            let next = match next {
                Ok(_) if count > most => {
                    Err(Problem::new(Kind::TooLong, format!("a body has at most {most} calls")))
                }
                next => next,
            };
            is_open = next.is_ok();
            waiting.push_back(next.map(|arguments| Turn::new(call, arguments)));
        }
        let Some(first) = waiting.pop_front() else { return };
        let result = match first {
            Ok(turn) => turn.result(results).await,
            Err(problem) => Err(problem),
        };
        let is_last = result.is_err();
        if results.send(result).await.is_err() || is_last {
            return;
        }
    }
}

/// A call that waits for its turn, or runs. Dropping it takes it back.
struct Turn {
    call: Arc<Call>,
    answer: Option<Answer<Bytes>>,
    _job: Submitted<()>,
}

impl Turn {
    fn new(call: &Arc<Call>, arguments: Arguments) -> Self {
        let answer = call.service.batches.push(&call.group(), arguments);
        let job = call.clone();
        let job = call.service.scheduler.submit(&call.tenant, move || job.run_waiting());
        Self { call: call.clone(), answer: Some(answer), _job: job }
    }

    async fn result(mut self, results: &Results) -> Result<Bytes, Problem> {
        let patience = self.call.service.limits.queue_timeout;
        let gone = || Problem::new(Kind::Cancelled, "nobody waits for the result");
        let Some(answer) = self.answer.take() else { return Err(gone()) };
        tokio::select! {
            result = answer.wait(patience) => result,
            () = results.closed() => Err(gone()),
        }
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        drop(self.answer.take());
        self.call.service.batches.forget_abandoned(&self.call.group());
    }
}

/// The next file of the body. Its length is known from its start and allowed before the rest is read.
async fn next_arguments(call: &Call, body: &mut Incoming) -> Result<Option<Arguments>, Problem> {
    let mut start = [0; START_BYTES];
    if !body.exactly(&mut start).await? {
        return Ok(None);
    }
    let length = bytes_said(&start).map_err(|error| Problem::of_file(Kind::UnfitValues, &error))?;
    if length > call.most {
        let most = call.most;
        let detail = format!("the arguments of a call have at most {most} bytes, the file says {length}");
        return Err(Problem::new(Kind::TooLong, detail));
    }
    let memory = call.service.request_memory(length)?;
    let mut bytes = vec![0; length as usize];
    bytes[..START_BYTES].copy_from_slice(&start);
    match body.exactly(&mut bytes[START_BYTES..]).await? {
        true => Ok(Some(Arguments { bytes, _memory: memory })),
        false => Err(Problem::new(Kind::BadRequest, "the body ends in the middle of a file")),
    }
}

fn failed(error: RunError) -> Problem {
    let kind = match error {
        RunError::Keys { .. }
        | RunError::Count { .. }
        | RunError::Argument(_)
        | RunError::ForeignArgument { .. } => Kind::UnfitValues,
        RunError::Cancelled => Kind::Cancelled,
        RunError::Threads { .. } | RunError::Memory(_) => Kind::Internal,
        RunError::Failed { .. } => Kind::RunFailed,
    };
    Problem::new(kind, error.to_string())
}
