//! EventSourceMapping: exact calls, every field, states, ownership, references, deletion, restarts.

mod deletion;
mod fields;
mod ownership;
mod problems;
mod recovery;
mod references;
mod restart;
mod rotation;
mod states;

use std::time::Duration;

use cluster_tests::{ROLE, World, WorldBuilder, object_condition};
use serde_json::{Value, json};
use test_support::eventually;

const KIND: &str = "EventSourceMapping";
const PATIENCE: Duration = Duration::from_mins(1);
const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:orders";
const STREAM: &str = "arn:aws:kinesis:eu-west-1:111122223333:stream/clicks";

/// A world in whose account there is a function `consumer` of somebody's.
async fn with_function(builder: WorldBuilder) -> World {
    let world = builder.start().await;
    let function = json!({
        "FunctionName": "consumer", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler", "Timeout": 30,
        "Code": {"S3Bucket": "packages", "S3Key": "consumer.zip"},
    });
    world.aws().put_function(function).await;
    world
}

async fn world(name: &str) -> World {
    with_function(World::builder(name)).await
}

/// A world whose operator sweeps all the time.
async fn sweeping(name: &str) -> World {
    let often = Some(Duration::from_millis(500));
    with_function(World::builder(name).settings(|settings| settings.drift.sweep_interval = often)).await
}

/// A mapping of the queue, changed by `extra`.
fn queue(extra: Value) -> Value {
    with(json!({"functionName": "consumer", "eventSourceArn": QUEUE}), &extra)
}

/// A mapping of the stream, changed by `extra`.
fn stream(extra: Value) -> Value {
    let spec = json!({"functionName": "consumer", "eventSourceArn": STREAM, "startingPosition": "LATEST"});
    with(spec, &extra)
}

fn with(mut spec: Value, extra: &Value) -> Value {
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

/// Somebody puts a mapping of the queue there, changed by `extra`. Returns its UUID.
async fn put(world: &World, extra: Value) -> String {
    let body = json!({"FunctionName": "consumer", "EventSourceArn": QUEUE});
    world.aws().put_mapping(with(body, &extra)).await
}

fn uuid(object: &Value) -> String {
    object["status"]["uuid"].as_str().expect("the status has the UUID").to_owned()
}

fn message(object: &Value) -> String {
    object_condition(object, "Ready")["message"].as_str().unwrap_or_default().to_owned()
}

async fn only_mapping(world: &World) -> Value {
    let [mapping] = &world.aws().mappings().await[..] else {
        panic!("not exactly one mapping: {:?}", world.aws().mappings().await)
    };
    mapping.clone()
}

/// Waits until the mapping in AWS is as wanted.
async fn in_aws(world: &World, what: &str, wanted: impl Fn(&Value) -> bool) {
    let wanted = &wanted;
    eventually(PATIENCE, what, || async {
        let all = world.aws().mappings().await;
        if all.iter().any(wanted) { Ok(()) } else { Err(all) }
    })
    .await;
}

async fn event(world: &World, name: &str, reason: &str, part: &str) {
    eventually(PATIENCE, format!("an Event {reason} that says {part:?}"), || async {
        let events = world.events(name).await;
        if events.iter().any(|(_, r, note)| r == reason && note.contains(part)) {
            Ok(())
        } else {
            Err(events)
        }
    })
    .await;
}

/// Makes a step and says which calls it took until the object was Ready on it.
async fn calls_of_apply(world: &World, name: &str, spec: Value) -> Vec<String> {
    world.aws().clear_ledger().await;
    world.objects(KIND).apply(name, spec).await;
    world.objects(KIND).ready(name).await;
    world.calls().await
}

#[tokio::test]
async fn a_creation_costs_one_write_and_one_read() {
    let world = world("esm-create").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({"batchSize": 5, "tags": {"team": "a"}}))).await;
    let object = mappings.ready("orders").await;
    assert_eq!(world.calls().await, ["CreateEventSourceMapping", "GetEventSourceMapping"]);
    let (status, mapping) = (&object["status"], only_mapping(&world).await);
    assert_eq!((&status["uuid"], &status["arn"]), (&mapping["UUID"], &mapping["EventSourceMappingArn"]));
    assert_eq!((&status["state"], &status["functionArn"]), (&json!("Enabled"), &mapping["FunctionArn"]));
    assert_eq!((&status["eventSourceArn"], &status["origin"]), (&json!(QUEUE), &json!("Created")));
    assert!(status["pending"].is_null() && status["lastModified"].is_string(), "{status}");
    assert_eq!(mapping["Tags"]["team"], "a");
    let before = object["metadata"]["resourceVersion"].clone();
    world.aws().clear_ledger().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.calls().await, Vec::<String>::new(), "a settled mapping costs no call");
    let after = mappings.until("orders", "is there", |_| true).await;
    assert_eq!(after["metadata"]["resourceVersion"], before, "and sees no write");
}

#[tokio::test]
async fn a_spec_that_asks_for_the_same_costs_reads_only() {
    let world = world("esm-same").await;
    let filter = |pattern: &str| json!({"filterCriteria": {"filters": [{"pattern": pattern}]}});
    calls_of_apply(&world, "orders", queue(filter(r#"{"body": {"a": [1], "b": [2]}}"#))).await;
    let same =
        with(queue(filter(r#"{ "body":{"b":[2],"a":[1]} }"#)), &json!({"batchSize": 10, "enabled": true}));
    assert_eq!(calls_of_apply(&world, "orders", same).await, ["GetEventSourceMapping", "ListTags"]);
}

#[tokio::test]
async fn a_wrong_spec_is_refused_without_a_call() {
    let world = world("esm-wrong").await;
    let mappings = world.objects(KIND);
    for (extra, part) in [
        (json!({"filterCriteria": {"filters": [{"pattern": "{a: 1}"}]}}), "filters[0].pattern is not JSON"),
        (json!({"ignoreDrift": ["timeout"]}), "\"timeout\" is unknown"),
    ] {
        mappings.apply("orders", queue(extra)).await;
        let said = |object: &Value| message(object).contains(part);
        let object = mappings.until("orders", &format!("says {part}"), said).await;
        assert_eq!(object_condition(&object, "Ready")["reason"], "InvalidSpec");
    }
    assert_eq!(world.calls().await, Vec::<String>::new());
}
