//! Slow settling, idle functions, and functions that vanish.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use lambda_operator_crds::LambdaFunction;
use lambda_sim::SettleDelay;
use serde_json::json;

fn ready_of(object: &LambdaFunction) -> Option<(String, String)> {
    condition(object, "Ready").map(|ready| (ready.status.clone(), ready.reason.clone()))
}

/// The polls after `operation`, in milliseconds from it.
async fn polls_after(world: &World, name: &str, operation: &str) -> Vec<u64> {
    let calls = world.ledger_of(name).await;
    let start = calls.iter().rfind(|call| call.operation == operation).unwrap();
    let later = calls.iter().filter(|call| call.seq > start.seq && call.operation == "GetFunction");
    later.map(|call| call.at_ms - start.at_ms).collect()
}

/// No poll comes before its time, nor more often; on a busy machine one may come late, or not at all.
fn assert_schedule(polls: &[u64]) {
    let expected = [250, 500, 1000, 2000, 4000];
    assert!((2..=expected.len()).contains(&polls.len()), "{polls:?}");
    for (poll, expected) in polls.iter().zip(expected) {
        assert!(*poll >= expected - 30, "a poll at {expected} ms at the earliest: {polls:?}");
    }
}

#[tokio::test]
async fn a_slow_creation_is_polled_on_the_schedule_and_not_ready_before_it_is() {
    let world = World::start("slow-create").await;
    world.aws().configure(|aws| aws.create_settle = SettleDelay::AfterMs(3000)).await;
    let history = world.history("hello").await;
    world.apply("hello", function(json!({}))).await;
    let object = world.ready("hello").await;
    assert_schedule(&polls_after(&world, "hello", "CreateFunction").await);
    let mut states: Vec<_> = history.until(&object).await.iter().filter_map(ready_of).collect();
    states.dedup();
    let creating = ("Unknown".to_owned(), "Creating".to_owned());
    assert_eq!(states, [creating, ("True".to_owned(), "Available".to_owned())]);
}

#[tokio::test]
async fn a_slow_update_is_polled_on_the_schedule_and_updating_until_it_has_settled() {
    let world = World::start("slow-update").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().configure(|aws| aws.update_settle = SettleDelay::AfterMs(3000)).await;
    let history = world.history("hello").await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    let object = world.ready("hello").await;
    assert_schedule(&polls_after(&world, "hello", "UpdateFunctionConfiguration").await);
    let seen = history.until(&object).await;
    let after: Vec<_> =
        seen.iter().filter(|o| o.status.as_ref().unwrap().common.observed_generation == 2).collect();
    let mut states: Vec<_> = after.iter().filter_map(|object| ready_of(object)).collect();
    states.dedup();
    let updating = ("Unknown".to_owned(), "Updating".to_owned());
    assert_eq!(states, [updating, ("True".to_owned(), "Available".to_owned())]);
    let active_and_in_progress = after.iter().filter_map(|object| object.status.as_ref()).any(|status| {
        status.state.as_deref() == Some("Active")
            && status.last_update_status.as_deref() == Some("InProgress")
    });
    assert!(active_and_in_progress, "an Active function is not yet an updated one");
}

#[tokio::test]
async fn a_change_made_while_aws_is_busy_waits_and_is_not_lost() {
    let world = World::start("busy-change").await;
    world.aws().configure(|aws| aws.create_settle = SettleDelay::Hold).await;
    world.apply("hello", function(json!({}))).await;
    world.reason("hello", "Creating").await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world
        .until("hello", "generation 2 is seen while AWS is busy", |object| {
            object.status.as_ref().is_some_and(|s| s.common.observed_generation == 2)
                && ready_of(object).is_some_and(|(status, _)| status == "Unknown")
        })
        .await;
    assert_eq!(world.times_of("hello", "UpdateFunctionConfiguration").await.len(), 0);
    world.aws().settle().await;
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
    assert_eq!(world.times_of("hello", "UpdateFunctionConfiguration").await.len(), 1);
}

#[tokio::test]
async fn an_inactive_function_is_ready() {
    let world = World::start("inactive").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let idle =
        json!({"State": "Inactive", "StateReasonCode": "Idle", "StateReason": "The function is idle."});
    world.aws().edit_function("hello", idle).await;
    world.reconcile_now("hello", "1").await;
    let object = world
        .until("hello", "the state is told", |object| {
            object.status.as_ref().is_some_and(|status| status.state.as_deref() == Some("Inactive"))
        })
        .await;
    assert_eq!(ready_of(&object), Some(("True".to_owned(), "Available".to_owned())));
    world.aws().clear_ledger().await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    assert_eq!(world.calls().await, ["GetFunction", "UpdateFunctionConfiguration", "GetFunction"]);
}

#[tokio::test]
async fn a_function_deleted_behind_our_back_is_created_again_after_a_404_only() {
    let world = World::builder("vanish")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(300)))
        .start()
        .await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    assert!(world.aws().remove_function("hello").await);
    world.until_called("hello", "CreateFunction", 1).await;
    world.ready("hello").await;
    let calls = world.ledger_of("hello").await;
    let told: Vec<_> = calls.iter().map(|call| (call.operation.as_str(), call.status)).collect();
    assert_eq!(told[..3], [("GetFunction", 404), ("CreateFunction", 201), ("GetFunction", 200)]);
    assert!(
        told[3..].iter().all(|call| *call == ("GetFunction", 200)),
        "a sweep may ask once more: {told:?}"
    );
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
}

#[tokio::test]
async fn a_denied_read_is_no_absence() {
    let world = World::builder("denied-read")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(300)))
        .start()
        .await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world
        .aws()
        .configure(|aws| {
            aws.deny.insert("GetFunction".into());
        })
        .await;
    world.reconcile_now("hello", "1").await;
    world.problem("hello", "AccessDenied", &["GetFunction", "Grant the operator's role"]).await;
    world.until_called("hello", "GetFunction", 4).await;
    assert_eq!(world.times_of("hello", "CreateFunction").await.len(), 1, "only the first one");
    world.aws().configure(|aws| aws.deny.clear()).await;
    world.ready("hello").await;
}
