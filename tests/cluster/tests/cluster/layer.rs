//! LambdaLayer: versions that are published once, kept as long as they are used, and never somebody else's.

mod ownership;
mod permissions;
mod publishing;
mod recovery;
mod retention;

use std::time::Duration;

use cluster_tests::World;
use serde_json::{Value, json};
use test_support::eventually;

const KIND: &str = "LambdaLayer";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:tools";
const PATIENCE: Duration = Duration::from_mins(1);

/// A spec with inline files, changed by `extra`.
fn layer(extra: Value) -> Value {
    let mut spec = json!({"content": files("A = 1\n")});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

fn files(text: &str) -> Value {
    json!({"inline": {"files": {"python/tools.py": text}}})
}

/// The calls about layers, without what functions cost.
async fn calls(world: &World) -> Vec<String> {
    world.calls().await.into_iter().filter(|operation| operation.contains("Layer")).collect()
}

async fn writes(world: &World) -> Vec<String> {
    let is_write = |call: &String| !call.starts_with("Get") && !call.starts_with("List");
    calls(world).await.into_iter().filter(is_write).collect()
}

/// Applies a spec, waits for it, and gives the writes that it took.
async fn applied(world: &World, name: &str, spec: Value) -> Vec<String> {
    world.aws().clear_ledger().await;
    world.objects(KIND).apply(name, spec).await;
    world.objects(KIND).ready(name).await;
    writes(world).await
}

/// The numbers of the versions in AWS.
async fn numbers(world: &World) -> Vec<i64> {
    let versions = world.aws().layer("tools").await;
    versions.iter().map(|version| version["Version"].as_i64().unwrap()).collect()
}

async fn until_numbers(world: &World, expected: &[i64]) {
    eventually(PATIENCE, format!("the versions are {expected:?}"), || async {
        let now = numbers(world).await;
        if now == expected { Ok(()) } else { Err(now) }
    })
    .await;
}

async fn until_event(world: &World, name: &str, reason: &str) {
    eventually(PATIENCE, format!("an Event {reason}"), || async {
        let events = world.events(name).await;
        if events.iter().any(|(_, found, _)| found == reason) { Ok(()) } else { Err(events) }
    })
    .await;
}

/// Somebody else publishes a version of the layer.
async fn theirs(world: &World) -> u64 {
    let body = json!({"Content": {"S3Bucket": "packages", "S3Key": "theirs.zip"}});
    world.aws().publish_layer("tools", body).await
}
