//! LambdaAlias: what a creation and each change cost, which version it points to, and whose alias it is.

mod deletion;
mod fields;
mod following;
mod ownership;
mod targets;

use cluster_tests::{World, object_condition};
use serde_json::{Value, json};
use test_support::eventually;

use std::time::Duration;

const KIND: &str = "LambdaAlias";
const ROLE: &str = "arn:aws:iam::111122223333:role/lambda";

/// Somebody's function in AWS with this many versions.
async fn put_function(world: &World, name: &str, versions: u64) {
    let function = json!({
        "FunctionName": name, "Role": ROLE, "Runtime": "python3.14", "Handler": "i.h",
        "Code": {"S3Bucket": "bucket", "S3Key": "k"},
    });
    world.aws().put_function(function).await;
    for number in 1..=versions {
        publish(world, name, number).await;
    }
    world.aws().clear_ledger().await;
}

/// Somebody publishes the version of this number.
async fn publish(world: &World, name: &str, number: u64) {
    world.aws().edit_function(name, json!({"Timeout": number})).await;
    assert_eq!(world.aws().publish_version(name, None).await, number.to_string());
}

/// A world with somebody's function `quotes` that has this many versions.
async fn world_with(name: &str, versions: u64) -> World {
    let world = World::start(name).await;
    put_function(&world, "quotes", versions).await;
    world
}

/// The spec of an alias of the function `quotes`.
fn alias(extra: Value) -> Value {
    let mut spec = json!({"functionName": "quotes"});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

async fn in_aws(world: &World, name: &str) -> Value {
    world.aws().alias("quotes", name).await.unwrap_or_default()
}

fn message(object: &Value) -> String {
    object_condition(object, "Ready")["message"].to_string()
}

fn says(object: &Value, parts: &[&str]) {
    for part in parts {
        assert!(message(object).contains(part), "{part:?} is not in {}", message(object));
    }
}

async fn has_event(world: &World, name: &str, reason: &str) {
    eventually(Duration::from_secs(30), format!("an Event {reason}"), || async {
        let events = world.events(name).await;
        if events.iter().any(|(_, of, _)| of == reason) { Ok(()) } else { Err(events) }
    })
    .await;
}

/// Waits until the alias in AWS has this member.
async fn until_in_aws(world: &World, name: &str, member: &str, value: Value) {
    eventually(Duration::from_mins(1), format!("{member} is {value}"), || async {
        let alias = in_aws(world, name).await;
        if alias[member] == value { Ok(()) } else { Err(alias) }
    })
    .await;
}
