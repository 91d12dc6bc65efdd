//! Keys of the tenant: list, upload, delete.

use super::{Named, SMALL_BODY, header_as, refuse};
use crate::ContentHash;
use crate::bodies::Incoming;
use crate::key_store::{Append, Entry};
use crate::problem::{Kind, Problem};
use crate::service::Service;
use crate::tokens::Tenant;
use crate::wire::{KeyList, NewUpload, UPLOAD_COMPLETE, UPLOAD_LENGTH, UPLOAD_OFFSET};
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use cloakwork_runtime::ExpandedKeys;
use http_body::Body as _;
use std::sync::Arc;

/// Bytes that are written at a time, where they come fast enough.
const BLOCK: usize = 1 << 20;

pub(super) async fn list(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
) -> Json<KeyList> {
    Json(KeyList { keys: service.store.list(&tenant) })
}

pub(super) async fn begin(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
    body: Body,
) -> Result<Response, Problem> {
    let bytes = Incoming::new(body, SMALL_BODY, service.limits.body_timeout).all().await?;
    let wanted: NewUpload = serde_json::from_slice(&bytes).map_err(|error| {
        let detail = format!("the body is no `{{\"model\", \"sha256\", \"bytes\"}}`: {error}");
        Problem::new(Kind::BadRequest, detail)
    })?;
    let keyset = service.model(&wanted.model)?.keyset().clone();
    service.memory.check(ExpandedKeys::memory_bytes(&keyset))?;
    let (hash, store) = (wanted.sha256, service.clone());
    let begin = move || store.store.begin(&tenant, hash, &keyset, wanted.bytes);
    let entry = blocking(begin).await?;
    let status = if matches!(entry, Entry::Stored(_)) { StatusCode::OK } else { StatusCode::CREATED };
    let location = [(header::LOCATION, format!("/v1/keys/{hash}"))];
    Ok((status, location, Json(entry.summary(hash))).into_response())
}

pub(super) async fn progress(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
    Named(hash): Named,
) -> Result<Response, Problem> {
    let hash = parse(&hash)?;
    let found = service.store.find(&tenant, hash)?.summary(hash);
    let headers = [
        (UPLOAD_OFFSET, found.stored.to_string()),
        (UPLOAD_LENGTH, found.bytes.to_string()),
        (UPLOAD_COMPLETE, found.is_complete.to_string()),
    ];
    Ok((headers, ()).into_response())
}

pub(super) async fn append(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
    hash: Result<Named, Problem>,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let begun = hash.and_then(|Named(hash)| begin_append(&service, &tenant, &hash, &headers, &body));
    let append = match begun {
        Ok(append) => append,
        Err(problem) => return refuse(body, problem),
    };
    let mut body = Incoming::new(body, append.room(), service.limits.body_timeout);
    match write_all(&mut body, append, &service).await {
        Ok(offset) => (StatusCode::NO_CONTENT, [(UPLOAD_OFFSET, offset.to_string())]).into_response(),
        Err(problem) => {
            tokio::spawn(body.drain());
            problem.into_response()
        }
    }
}

/// Appends the whole body; says where the upload goes on. While a block is written the next one is received, and a slow body
/// keeps no thread waiting.
async fn write_all(body: &mut Incoming, append: Append, service: &Service) -> Result<u64, Problem> {
    let (mut idle, mut writing) = (Some(append), None);
    let (mut block, mut end) = (vec![], None);
    loop {
        if let Some(append) = idle.take() {
            match (block.is_empty(), end.take()) {
                (true, Some(Ok(()))) => return Ok(append.offset()),
                (true, Some(Err(problem))) => return Err(problem),
                (true, None) => idle = Some(append),
                (false, ended) => {
                    let (mut append, bytes) = (append, std::mem::take(&mut block));
                    service.metrics.uploaded.inc_by(bytes.len() as u64);
                    writing = Some(tokio::spawn(blocking(move || {
                        append.write(&bytes)?;
                        Ok(append)
                    })));
                    end = ended;
                }
            }
        }
        let written = async {
            match &mut writing {
                Some(writing) => writing.await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            written = written => {
                let written = written.unwrap_or_else(|error| Err(Problem::new(Kind::Internal, error.to_string())));
                (idle, writing) = (Some(written?), None);
            }
            piece = body.piece(), if end.is_none() && block.len() < BLOCK => match piece {
                Ok(Some(bytes)) => block.extend_from_slice(&bytes),
                Ok(None) => end = Some(Ok(())),
                // What came before it is kept.
                Err(problem) => end = Some(Err(problem)),
            },
        }
    }
}

fn begin_append(
    service: &Service,
    tenant: &Tenant,
    hash: &str,
    headers: &HeaderMap,
    body: &Body,
) -> Result<Append, Problem> {
    let hash = parse(hash)?;
    let offset = header_as(headers, UPLOAD_OFFSET, "the number of bytes that are there")?;
    let append = match service.store.find(tenant, hash)? {
        Entry::Upload(upload) => upload.append(offset)?,
        Entry::Stored(_) => {
            return Err(Problem::new(Kind::BadRequest, "the keys are complete; nothing can be appended"));
        }
    };
    let room = append.room();
    match body.size_hint().lower() > room {
        true => Err(Problem::new(Kind::TooLong, format!("{room} bytes are missing, the body has more"))),
        false => Ok(append),
    }
}

pub(super) async fn complete(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
    Named(hash): Named,
) -> Result<Response, Problem> {
    let hash = parse(&hash)?;
    let _place = service.place(&tenant)?;
    // As long as it waits for its turn, it does not grow old.
    let _held = service.store.find(&tenant, hash)?;
    let (store, owner) = (service.clone(), tenant.clone());
    let check = service.scheduler.submit(&tenant, move || store.store.complete(&owner, hash));
    let keys = check.result(service.limits.queue_timeout).await??;
    tracing::info!(%tenant, %hash, bytes = keys.bytes, "keys are stored");
    Ok((StatusCode::CREATED, Json(Entry::Stored(keys).summary(hash))).into_response())
}

pub(super) async fn delete(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
    Named(hash): Named,
) -> Result<StatusCode, Problem> {
    let hash = parse(&hash)?;
    let (store, owner) = (service.clone(), tenant.clone());
    blocking(move || store.store.delete(&owner, hash)).await?;
    service.memory.forget(&(tenant, hash));
    Ok(StatusCode::NO_CONTENT)
}

fn parse(hash: &str) -> Result<ContentHash, Problem> {
    hash.parse()
        .map_err(|error: crate::content_hash::InvalidHash| Problem::new(Kind::BadRequest, error.to_string()))
}

/// Work that waits for the disk.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Problem> + Send + 'static,
) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Problem::new(Kind::Internal, error.to_string())))
}
