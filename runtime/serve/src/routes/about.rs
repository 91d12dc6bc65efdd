//! What the service says about itself and its models.

use super::{Named, OPENAPI};
use crate::problem::{Kind, Problem};
use crate::service::Service;
use crate::tokens::Tenant;
use crate::wire::ModelList;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use std::sync::Arc;

/// Media type of metrics.
const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
const JSON: &str = "application/json";

pub(super) async fn health() -> Response {
    ([(header::CONTENT_TYPE, JSON)], r#"{"status":"ok"}"#).into_response()
}

pub(super) async fn ready(State(service): State<Arc<Service>>) -> Result<Response, Problem> {
    match service.is_ending() {
        true => Err(Problem::new(Kind::Ending, "what runs is finished, nothing new is begun")),
        false => Ok(([(header::CONTENT_TYPE, JSON)], r#"{"status":"ready"}"#).into_response()),
    }
}

pub(super) async fn openapi() -> Response {
    ([(header::CONTENT_TYPE, JSON)], OPENAPI).into_response()
}

pub(super) async fn metrics(
    State(service): State<Arc<Service>>,
    Extension(tenant): Extension<Tenant>,
) -> Result<Response, Problem> {
    if !service.may_read_metrics(&tenant) {
        return Err(Problem::new(Kind::NotFound, "metrics are for the tenant `metrics`"));
    }
    let text = service.metrics.text(&service);
    let text = text.map_err(|error| Problem::new(Kind::Internal, error.to_string()))?;
    Ok(([(header::CONTENT_TYPE, OPENMETRICS)], text).into_response())
}

pub(super) async fn models(State(service): State<Arc<Service>>) -> Json<ModelList> {
    Json(ModelList { models: service.models.values().map(|model| model.summary()).collect() })
}

pub(super) async fn spec(
    State(service): State<Arc<Service>>,
    Named(model): Named,
) -> Result<Response, Problem> {
    let json = service.model(&model)?.spec.to_json();
    Ok(([(header::CONTENT_TYPE, JSON)], json).into_response())
}
