//! LambdaInvocation: a function is invoked once, and the object says what came of it.

mod objects;
mod once;
mod outcomes;
mod payloads;
mod rules;
mod waiting;

use std::time::Duration;

use cluster_tests::{ROLE, World, object_condition};
use kube::api::{Patch, PatchParams};
use lambda_sim::Invocation;
use serde_json::{Value, json};
use test_support::eventually;

pub(crate) const KIND: &str = "LambdaInvocation";
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// An invocation of the function `hello`, which has no object. A null takes a field away.
pub(crate) fn of_hello(extra: Value) -> Value {
    let mut spec = json!({"functionName": "hello"});
    let fields = spec.as_object_mut().unwrap();
    fields.extend(extra.as_object().unwrap().clone());
    fields.retain(|_, value| !value.is_null());
    spec
}

/// Somebody's function `hello`.
pub(crate) async fn put_hello(world: &World) {
    let body = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"},
    });
    world.aws().put_function(body).await;
}

/// A world with the function `hello`.
pub(crate) async fn world(name: &str) -> World {
    let world = World::start(name).await;
    put_hello(&world).await;
    world
}

pub(crate) async fn apply(world: &World, name: &str, spec: Value) {
    world.objects(KIND).apply(name, spec).await;
}

/// Changes an object by a merge patch.
pub(crate) async fn patch(world: &World, name: &str, patch: Value) {
    let api = world.objects(KIND).api();
    api.patch(name, &PatchParams::default(), &Patch::Merge(&patch)).await.unwrap();
}

fn has_ended(object: &Value) -> bool {
    ["Complete", "Failed"].iter().any(|kind| object_condition(object, kind)["status"] == "True")
}

/// Waits until it has ended, and asserts that it is told as it should be: with this reason, by one condition of a Job, and
/// that of kstatus.
pub(crate) async fn ended(world: &World, name: &str, reason: &str) -> Value {
    let object = world.objects(KIND).until(name, "has ended", has_ended).await;
    let succeeded = reason == "Completed";
    let [complete, failed, stalled, reconciling, ready] =
        ["Complete", "Failed", "Stalled", "Reconciling", "Ready"].map(|kind| object_condition(&object, kind));
    assert_eq!(ready["reason"], reason, "{}", object["status"]);
    assert_eq!(ready["status"], if succeeded { "True" } else { "False" });
    for (condition, is_there) in
        [(complete, succeeded), (failed, !succeeded), (stalled, !succeeded), (reconciling, false)]
    {
        assert_eq!(condition["status"] == "True", is_there, "{}", object["status"]);
    }
    assert!(object["status"]["completionTime"].is_string() && object["status"]["pending"].is_null());
    object
}

/// The invocations that reached `hello`.
pub(crate) async fn made(world: &World) -> Vec<Invocation> {
    world.aws().invocations("hello").await
}

/// Waits for a Warning about an object with these words.
async fn warned(world: &World, name: &str, reason: &str, words: &str) {
    eventually(PATIENCE, format!("a Warning {reason} with {words}"), || async {
        let events = world.events(name).await;
        let found =
            events.iter().any(|(kind, of, note)| kind == "Warning" && of == reason && note.contains(words));
        if found { Ok(()) } else { Err(events) }
    })
    .await;
}

#[tokio::test]
async fn an_invocation_is_one_call_whatever_is_done_to_the_object_afterwards() {
    let mut world = world("inv").await;
    apply(&world, "once", of_hello(json!({"payload": r#"{"n": 1}"#}))).await;
    let object = ended(&world, "once", "Completed").await;
    assert_eq!(world.calls().await, ["Invoke"]);
    let request = world.ledger().await.remove(0).request;
    assert_eq!(request, json!({"InvocationType": "RequestResponse", "Payload": r#"{"n": 1}"#}));
    let made = made(&world).await;
    let status = &object["status"];
    assert_eq!((&status["outcome"], &status["attempts"]), (&json!("Succeeded"), &json!(1)));
    assert_eq!((&status["statusCode"], &status["executedVersion"]), (&json!(200), &json!("$LATEST")));
    assert_eq!((&status["target"], &status["requestId"]), (&json!("hello"), &json!(made[0].request_id)));
    assert_eq!((&status["account"], &status["region"]), (&json!("111122223333"), &json!("eu-west-1")));
    assert!(status["startTime"].is_string() && status["duration"].as_str().unwrap().ends_with('s'));
    assert!(status.get("result").is_none() && status.get("logTail").is_none(), "{status}");
    assert!(object["metadata"].get("finalizers").is_none());

    patch(&world, "once", json!({"metadata": {"annotations": {"lambda-operator.io/reconcile-at": "1"}}}))
        .await;
    patch(&world, "once", json!({"spec": {"ttlSecondsAfterFinished": 86400}})).await;
    let seen = |object: &Value| {
        object["status"]["observedGeneration"] == 2 && object["status"]["lastHandledReconcileAt"] == "1"
    };
    let after = world.objects(KIND).until("once", "was looked at again", seen).await;
    for field in ["completionTime", "attempts", "requestId", "outcome"] {
        assert_eq!(after["status"][field], status[field], "{field}");
    }
    world.stop_operator().await;
    world.start_operator();
    put_hello(&world).await;
    apply(&world, "next", of_hello(json!({}))).await;
    ended(&world, "next", "Completed").await;
    assert_eq!(world.calls().await, ["Invoke", "Invoke"], "the next one's");
}
