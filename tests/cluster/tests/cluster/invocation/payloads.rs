//! Where a payload comes from, and that it waits for what is missing.

use cluster_tests::{World, object_condition};
use lambda_sim::Fault;
use serde_json::{Value, json};

use super::{KIND, apply, ended, made, of_hello, put_hello, world};

fn from(source: &str, key: &str) -> Value {
    of_hello(json!({"payloadFrom": {source: {"name": "event", "key": key}}}))
}

async fn waits(world: &World, name: &str, reason: &str, words: &str) {
    let what = format!("says {words:?}");
    let said = |object: &Value| {
        let ready = object_condition(object, "Ready");
        ready["reason"] == reason && ready["message"].as_str().is_some_and(|text| text.contains(words))
    };
    let object = world.objects(KIND).until(name, &what, said).await;
    assert_eq!(object["status"]["attempts"], 0);
    let failed = object_condition(&object, "Failed");
    assert!(failed.is_null(), "it can still be mended: {failed}");
}

#[tokio::test]
async fn a_config_map_and_its_key_are_waited_for_and_what_is_no_json_can_be_mended() {
    let world = world("inv-map").await;
    apply(&world, "once", from("configMapKeyRef", "event.json")).await;
    waits(&world, "once", "DependencyNotReady", "ConfigMap event does not exist").await;
    world.config_map("event", &[("other", "1")]).await;
    waits(&world, "once", "DependencyNotReady", "ConfigMap event has no key event.json").await;
    world.config_map("event", &[("event.json", "{oops")]).await;
    waits(&world, "once", "InvalidSpec", "key event.json of ConfigMap event is not JSON").await;
    assert_eq!(world.ledger().await, [], "AWS isn't asked before there is something to ask");
    world.config_map("event", &[("event.json", "{\"n\": 1}\n")]).await;
    ended(&world, "once", "Completed").await;
    assert_eq!(made(&world).await[0].event, json!({"n": 1}));
    world.config_map("event", &[("event.json", "{\"n\": 2}\n")]).await;
    apply(&world, "next", from("configMapKeyRef", "event.json")).await;
    ended(&world, "next", "Completed").await;
    let events: Vec<Value> = made(&world).await.into_iter().map(|one| one.event).collect();
    assert_eq!(events, [json!({"n": 1}), json!({"n": 2})], "a change later invokes nothing");
}

#[tokio::test]
async fn a_secret_is_read_when_the_invocation_starts() {
    let world = world("inv-secret").await;
    let mut spec = from("secretKeyRef", "token");
    spec["suspend"] = json!(true);
    world.secret("event", &[("token", "\"old\"")]).await;
    apply(&world, "once", spec).await;
    let suspended = |object: &Value| object_condition(object, "Suspended")["status"] == "True";
    world.objects(KIND).until("once", "is suspended", suspended).await;
    world.secret("event", &[("token", "\"new\"")]).await;
    super::patch(&world, "once", json!({"spec": {"suspend": false}})).await;
    ended(&world, "once", "Completed").await;
    assert_eq!(made(&world).await[0].event, json!("new"));
}

#[tokio::test]
async fn a_payload_in_the_spec_that_is_no_json_has_failed() {
    let world = world("inv-inline").await;
    apply(&world, "once", of_hello(json!({"payload": "{n: 1}", "ttlSecondsAfterFinished": 3600}))).await;
    let object = ended(&world, "once", "InvalidSpec").await;
    let message = object_condition(&object, "Ready")["message"].as_str().unwrap().to_owned();
    assert!(
        message.starts_with("spec.payload is not JSON: it can't be read from line 1, column 2 on."),
        "{message}"
    );
    assert_eq!(world.ledger().await, []);
}

#[tokio::test]
async fn the_payload_of_a_second_attempt_is_what_there_is_then() {
    let world = World::start("inv-payload-retry").await;
    put_hello(&world).await;
    world.config_map("event", &[("k", "1")]).await;
    world.aws().inject(Fault::error("Invoke", 403, "AccessDeniedException", "not authorized")).await;
    apply(&world, "once", from("configMapKeyRef", "k")).await;
    world.objects(KIND).reason("once", "AccessDenied").await;
    world.config_map("event", &[("k", "2")]).await;
    world.aws().clear_faults().await;
    ended(&world, "once", "Completed").await;
    assert_eq!(made(&world).await[0].event, json!(2));
}
