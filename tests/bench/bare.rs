//! The requests alone. No program that asks the server can be faster.

use std::time::{Duration, Instant};

use futures::stream::{self, TryStreamExt as _};
use kube::client::Body;
use serde_json::Value;

use super::measure::Server;
use super::plane::Error;

/// How many requests run at once. The fastest of these counts.
const CONCURRENCY: [usize; 3] = [8, 16, 32];

/// What makes a write a dry-run.
const DRY_RUN: &str = "&dryRun=All";

/// How long the dry-runs of these objects take at the best concurrency.
pub(crate) async fn fastest(server: &Server, objects: &[Value]) -> Result<Duration, Error> {
    let mut best = Duration::MAX;
    for concurrency in CONCURRENCY {
        let started = Instant::now();
        all(server, objects, concurrency, DRY_RUN).await?;
        best = best.min(started.elapsed());
    }
    Ok(best)
}

/// How long it takes to write these objects, which are not there yet. Only one concurrency can be tried, because each
/// object is new only once.
pub(crate) async fn writes(server: &Server, objects: &[Value]) -> Result<Duration, Error> {
    let started = Instant::now();
    all(server, objects, CONCURRENCY[1], "").await?;
    Ok(started.elapsed())
}

async fn all(server: &Server, objects: &[Value], concurrency: usize, option: &str) -> Result<(), Error> {
    stream::iter(objects.iter().map(Ok::<_, Error>))
        .try_for_each_concurrent(concurrency, |object| apply(server, object, option))
        .await
}

async fn apply(server: &Server, object: &Value, option: &str) -> Result<(), Error> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    let (namespace, name) = (text("/metadata/namespace"), text("/metadata/name"));
    let root = match text("/kind") {
        "CronJob" => "/apis/batch/v1",
        _ => "/api/v1",
    };
    let plural = text("/kind").to_lowercase() + "s";
    let query = "fieldManager=regplan:bench&force=true&fieldValidation=Strict";
    let path = format!("{root}/namespaces/{namespace}/{plural}/{name}?{query}{option}");
    let request = http::Request::patch(&path).header("content-type", "application/apply-patch+yaml");
    let answer = server.client.send(request.body(Body::from(object.to_string().into_bytes()))?).await?;
    let status = answer.status();
    // An answer counts only when it is complete.
    answer.into_body().collect_bytes().await?;
    if status.is_success() { Ok(()) } else { Err(format!("PATCH {path} was answered with {status}").into()) }
}
