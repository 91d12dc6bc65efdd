//! The routes: who may ask, what is logged and counted, what there is.

mod about;
mod keys;
mod predict;

use crate::bodies::Incoming;
use crate::problem::{Kind, Problem};
use crate::service::Service;
use axum::Router;
use axum::body::Body;
use axum::extract::{FromRequestParts, MatchedPath, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, head, post};
use serde::de::DeserializeOwned;
use std::any::Any;
use std::sync::Arc;
use std::time::Instant;
use tower_http::catch_panic::CatchPanicLayer;

pub(crate) use predict::Arguments;

/// The description of all routes, as it is served.
pub(crate) const OPENAPI: &str = include_str!("openapi.json");

/// Longest body where none but a few facts are expected.
const SMALL_BODY: u64 = 64 << 10;

/// All routes of a service.
pub(crate) fn router(service: &Arc<Service>) -> Router {
    let open = Router::new()
        .route("/v1/health", get(about::health))
        .route("/v1/ready", get(about::ready))
        .route("/v1/openapi.json", get(about::openapi));
    let closed = Router::new()
        .route("/v1/metrics", get(about::metrics))
        .route("/v1/models", get(about::models))
        .route("/v1/models/{model}/spec", get(about::spec))
        .route("/v1/models/{model}/predict", post(predict::predict))
        .route("/v1/keys", get(keys::list).post(keys::begin))
        .route("/v1/keys/{sha256}", head(keys::progress).patch(keys::append).delete(keys::delete))
        .route("/v1/keys/{sha256}/complete", post(keys::complete))
        .route_layer(from_fn_with_state(service.clone(), admit));
    open.merge(closed)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(CatchPanicLayer::custom(panicked))
        .layer(from_fn_with_state(service.clone(), watch))
        .with_state(service.clone())
}

/// Lets those in who have a token.
async fn admit(State(service): State<Arc<Service>>, mut request: Request, next: Next) -> Response {
    let value = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| {
        let (scheme, token) = value.split_once(' ')?;
        scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
    });
    match service.tenant(token) {
        Ok(tenant) => {
            request.extensions_mut().insert(tenant);
            next.run(request).await
        }
        Err(problem) => refuse(request.into_body(), problem),
    }
}

/// Logs and counts. Paths are told as patterns: nothing that a client chose is in them.
async fn watch(State(service): State<Arc<Service>>, request: Request, next: Next) -> Response {
    let begun = Instant::now();
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let method = match request.method().as_str() {
        known @ ("GET" | "HEAD" | "POST" | "PATCH" | "DELETE") => known.to_owned(),
        _ => "other".to_owned(),
    };
    let response = next.run(request).await;
    let (status, time) = (response.status().as_u16(), begun.elapsed());
    service.metrics.answered(&route, &method, status, time);
    let problem = response.extensions().get::<Problem>();
    let (kind, detail) =
        problem.map_or(("", ""), |problem| (problem.kind.facts().1, problem.detail.as_str()));
    let milliseconds = time.as_millis() as u64;
    if status >= 500 {
        tracing::error!(method, route, status, milliseconds, kind, detail, "answered");
    } else {
        tracing::info!(method, route, status, milliseconds, kind, "answered");
    }
    response
}

/// A refusal of a request whose body was not read.
fn refuse(body: Body, problem: Problem) -> Response {
    tokio::spawn(Incoming::new(body, u64::MAX, std::time::Duration::ZERO).drain());
    problem.into_response()
}

async fn not_found() -> Problem {
    Problem::new(Kind::NotFound, "there is no such path; `/v1/openapi.json` lists all")
}

async fn method_not_allowed() -> Problem {
    Problem::new(Kind::MethodNotAllowed, "`/v1/openapi.json` lists the methods of each path")
}

fn panicked(payload: Box<dyn Any + Send>) -> Response {
    let text =
        payload.downcast_ref::<String>().map(String::as_str).or(payload.downcast_ref::<&str>().copied());
    tracing::error!(reason = text.unwrap_or("none given"), "panic");
    Problem::new(Kind::Internal, "the log of the service says more").into_response()
}

/// The part of the path that names something.
struct Named(String);

impl<S: Send + Sync> FromRequestParts<S> for Named {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Path::<String>::from_request_parts(parts, state).await;
        found.map(|Path(name)| Self(name)).map_err(|error| Problem::new(Kind::BadRequest, error.body_text()))
    }
}

/// What stands behind `?`.
struct Asked<T>(T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for Asked<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let found = Query::<T>::from_request_parts(parts, state).await;
        found
            .map(|Query(asked)| Self(asked))
            .map_err(|error| Problem::new(Kind::BadRequest, error.body_text()))
    }
}

/// A header that must be there once, as something else.
fn header_as<T: std::str::FromStr>(headers: &HeaderMap, name: &str, what: &str) -> Result<T, Problem> {
    let refused = || Problem::new(Kind::BadRequest, format!("send the header `{name}` once, with {what}"));
    let mut values = headers.get_all(name).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(refused()) };
    value.to_str().ok().and_then(|text| text.parse().ok()).ok_or_else(refused)
}

#[cfg(test)]
mod tests {
    use super::OPENAPI;
    use std::collections::BTreeSet;

    /// The routes above, told a second time by this file's own text.
    fn routes() -> BTreeSet<(String, String)> {
        let text = include_str!("mod.rs");
        let lines = text.lines().filter_map(|line| line.trim().strip_prefix(".route(\""));
        lines
            .flat_map(|line| {
                let (path, methods) = line.split_once('"').expect("a path");
                let known = ["get", "head", "post", "patch", "delete"];
                let named = known.into_iter().filter(move |method| methods.contains(&format!("{method}(")));
                named.map(move |method| (path.to_owned(), method.to_owned()))
            })
            .collect()
    }

    #[test]
    fn the_description_has_all_routes_and_no_others() {
        let document: serde_json::Value = serde_json::from_str(OPENAPI).expect("JSON");
        let paths = document["paths"].as_object().expect("paths");
        let described = paths.iter().flat_map(|(path, methods)| {
            let methods = methods.as_object().expect("methods").keys().filter(|key| *key != "parameters");
            methods.map(move |method| (path.clone(), method.clone()))
        });
        assert_eq!(described.collect::<BTreeSet<_>>(), routes());
        assert!(routes().len() > 12);
    }

    #[test]
    fn references_of_the_description_lead_somewhere() {
        fn check(document: &serde_json::Value, value: &serde_json::Value) {
            match value {
                serde_json::Value::Object(fields) => {
                    for (name, value) in fields {
                        if let ("$ref", Some(place)) = (name.as_str(), value.as_str()) {
                            let pointer = place.strip_prefix('#').expect("within the document");
                            assert!(document.pointer(pointer).is_some(), "{place}");
                        }
                        check(document, value);
                    }
                }
                serde_json::Value::Array(values) => values.iter().for_each(|value| check(document, value)),
                _ => {}
            }
        }
        let document: serde_json::Value = serde_json::from_str(OPENAPI).expect("JSON");
        check(&document, &document);
    }
}
