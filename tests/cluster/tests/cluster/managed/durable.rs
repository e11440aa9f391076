//! Durable functions: what their config says, and what becomes of running executions when the function goes.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};

use super::{by_hand, changed};

const LIST: &str = "ListDurableExecutionsByFunction";
const STOP: &str = "StopDurableExecution";

fn durable(extra: Value) -> Value {
    let mut config = json!({"executionTimeout": 3600});
    config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    function(json!({"durable": config, "publish": "OnChange"}))
}

/// A durable function of which two executions run.
async fn running(name: &str, extra: Value) -> World {
    let world = World::start(name).await;
    world.apply("hello", durable(extra)).await;
    world.ready("hello").await;
    for name in ["one", "two"] {
        world.aws().begin_execution("hello", "1", name, None).await;
    }
    world.aws().clear_ledger().await;
    world
}

fn says(text: &str) -> impl Fn(&LambdaFunction) -> bool {
    move |object| condition(object, "Ready").is_some_and(|ready| ready.message.contains(text))
}

#[tokio::test]
async fn what_the_config_says_is_created_changed_and_cleared() {
    let world = World::start("durable").await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/k";
    world.apply("hello", durable(json!({"kmsKeyArn": key, "onDelete": "Stop"}))).await;
    world.ready("hello").await;
    let [(_, sent), _] = &world.writes("hello").await[..] else { panic!("two writes") };
    let config = json!({"ExecutionTimeout": 3600, "RetentionPeriodInDays": 14, "KMSKeyArn": key});
    assert_eq!(sent["DurableConfig"], config);
    world.aws().clear_ledger().await;
    changed(&world, json!({"durable": {"onDelete": "Wait"}})).await;
    assert_eq!(world.written().await, [""; 0], "that is for the operator");
    changed(
        &world,
        json!({"durable": {"executionTimeout": 60, "retentionPeriodInDays": 3, "kmsKeyArn": null}}),
    )
    .await;
    assert_eq!(world.written().await, ["UpdateFunctionConfiguration", "PublishVersion"]);
    let live = world.aws().function("hello").await.unwrap();
    let config = json!({"ExecutionTimeout": 60, "RetentionPeriodInDays": 3});
    assert_eq!(live["Configuration"]["DurableConfig"], config);
}

#[tokio::test]
async fn aws_is_waited_for_until_what_runs_has_ended() {
    let world = running("durable-wait", json!({})).await;
    world.delete("hello").await;
    let object = world.until("hello", "what runs is told", says("running: 2 durable executions")).await;
    let ready = condition(&object, "Ready").unwrap();
    assert_eq!((ready.status.as_str(), ready.reason.as_str()), ("Unknown", "Deleting"));
    for words in ["spec.durable.onDelete to Stop", "kubectl lambda durable stop"] {
        assert!(ready.message.contains(words), "{}", ready.message);
    }
    world.aws().end_execution("hello", "one", "SUCCEEDED", None, None).await;
    world.until("hello", "one is left", says("running: 1 durable execution.")).await;
    world.aws().end_execution("hello", "two", "FAILED", None, None).await;
    world.gone("hello").await;
    let calls = world.calls().await;
    assert_eq!(calls[..4], ["GetFunction", "DeleteFunction", "GetFunction", LIST]);
    assert!(calls[4..].iter().all(|call| call == "GetFunction" || call == LIST), "polls only: {calls:?}");
    assert_eq!(world.written().await, ["DeleteFunction"]);
}

#[tokio::test]
async fn what_runs_is_stopped_before_the_function_goes() {
    let world = running("durable-stop", json!({"onDelete": "Stop"})).await;
    world.delete("hello").await;
    world.gone("hello").await;
    let stop = ["GetFunction", LIST, STOP, STOP];
    let delete = ["GetFunction", LIST, "DeleteFunction", "GetFunction"];
    assert_eq!(world.calls().await, [stop, delete].concat());
    let ledger = world.ledger().await;
    let stopped: Vec<_> = ledger.iter().filter(|call| call.operation == STOP).collect();
    assert!(stopped.iter().all(|call| call.request["ErrorType"] == "FunctionDeleted"), "{stopped:?}");
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn who_waits_can_still_be_told_to_stop() {
    let world = running("durable-then-stop", json!({})).await;
    world.delete("hello").await;
    world.until("hello", "what runs is told", says("running: 2 durable executions")).await;
    world.patch("hello", json!({"spec": {"durable": {"onDelete": "Stop"}}})).await;
    world.gone("hello").await;
    assert_eq!(world.written().await, ["DeleteFunction", STOP, STOP]);
}

#[tokio::test]
async fn without_the_permission_to_stop_the_function_stays_and_the_remedy_is_told() {
    let world = running("durable-denied", json!({"onDelete": "Stop"})).await;
    world.aws().patch(json!({"deny": [STOP]})).await;
    world.delete("hello").await;
    world.problem("hello", "AccessDenied", &[STOP, "Grant"]).await;
    assert_eq!(world.aws().functions().await, ["hello"]);
    world.aws().patch(json!({"deny": []})).await;
    world.gone("hello").await;
}

#[tokio::test]
async fn who_waits_needs_no_permission_to_be_told_of_what_runs() {
    let world = running("durable-untold", json!({})).await;
    world.aws().patch(json!({"deny": [LIST]})).await;
    world.delete("hello").await;
    world.until("hello", "AWS is at it", says("AWS is deleting the function")).await;
    for name in ["one", "two"] {
        world.aws().end_execution("hello", name, "SUCCEEDED", None, None).await;
    }
    world.gone("hello").await;
}

#[tokio::test]
async fn what_stays_in_aws_goes_on_running() {
    let world = running("durable-retain", json!({"onDelete": "Stop"})).await;
    world.patch("hello", json!({"spec": {"deletionPolicy": "Retain"}})).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert_eq!(world.calls().await, ["GetFunction", "UntagResource"]);
}

#[tokio::test]
async fn durable_executions_can_be_neither_added_nor_removed_by_an_adoption() {
    let world = World::start("durable-adopt").await;
    world.aws().put_function(by_hand(json!({"DurableConfig": {"ExecutionTimeout": 60}}))).await;
    world.apply("hello", function(json!({"adopt": "Unowned", "code": {"external": {}}}))).await;
    world.problem("hello", "ImmutableFieldChanged", &["has a durable", "spec.durable"]).await;
    world.assert_quiet("hello", Duration::from_millis(500)).await;
}
