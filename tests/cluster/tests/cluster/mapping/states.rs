//! States: what is waited for, who has disabled a mapping, and one that vanishes.

use std::time::Duration;

use cluster_tests::{World, object_condition};
use lambda_sim::SettleDelay;
use serde_json::{Value, json};
use test_support::eventually;

use super::{
    KIND, PATIENCE, calls_of_apply, event, in_aws, message, only_mapping, queue, stream, sweeping, uuid,
    with_function, world,
};

#[tokio::test]
async fn a_new_mapping_is_ready_when_aws_has_finished() {
    let world = world("esm-creating").await;
    world.aws().configure(|settings| settings.create_settle = SettleDelay::Hold).await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let creating = |object: &Value| object["status"]["state"] == "Creating";
    let object = mappings.until("orders", "is Creating", creating).await;
    let ready = object_condition(&object, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("Unknown"), &json!("Creating")));
    assert_eq!(uuid(&object), only_mapping(&world).await["UUID"].as_str().unwrap(), "known from the start");
    world.aws().settle().await;
    mappings.ready("orders").await;
    let calls = world.calls().await;
    assert!(
        calls[1..].iter().all(|call| call == "GetEventSourceMapping"),
        "polls cost one call each: {calls:?}"
    );
}

#[tokio::test]
async fn a_change_waits_until_aws_has_finished_the_last_one() {
    let world = world("esm-updating").await;
    let mappings = world.objects(KIND);
    calls_of_apply(&world, "orders", queue(json!({}))).await;
    world.aws().configure(|settings| settings.update_settle = SettleDelay::Hold).await;
    mappings.apply("orders", queue(json!({"batchSize": 5}))).await;
    mappings.until("orders", "is Updating", |object| object["status"]["state"] == "Updating").await;
    world.aws().clear_ledger().await;
    mappings.apply("orders", queue(json!({"batchSize": 6, "tags": {"team": "a"}}))).await;
    mappings
        .until("orders", "saw the change", |o| {
            o["status"]["observedGeneration"] == o["metadata"]["generation"]
        })
        .await;
    let calls = world.calls().await;
    assert!(calls.iter().all(|call| call == "GetEventSourceMapping"), "no write is refused: {calls:?}");
    world.aws().configure(|settings| settings.update_settle = SettleDelay::NEXT_READ).await;
    world.aws().settle().await;
    mappings.ready("orders").await;
    let mapping = only_mapping(&world).await;
    assert_eq!((&mapping["BatchSize"], &mapping["Tags"]["team"]), (&json!(6), &json!("a")));
}

#[tokio::test]
async fn a_write_that_aws_refuses_because_it_is_busy_is_made_later() {
    let world = world("esm-busy").await;
    let mappings = world.objects(KIND);
    calls_of_apply(&world, "orders", queue(json!({}))).await;
    let text = "Cannot update the event source mapping because it is in use.";
    let busy =
        lambda_sim::Fault::error("UpdateEventSourceMapping", 400, "ResourceInUseException", text).times(2);
    world.aws().inject(busy).await;
    mappings.apply("orders", queue(json!({"batchSize": 5}))).await;
    mappings.ready("orders").await;
    assert_eq!(only_mapping(&world).await["BatchSize"], 5);
    let events = world.events("orders").await;
    assert!(!events.iter().any(|(kind, _, _)| kind == "Warning"), "it is no problem: {events:?}");
}

#[tokio::test]
async fn enabled_goes_both_ways_by_one_write() {
    let world = world("esm-enabled").await;
    for (enabled, state) in [(false, "Disabled"), (true, "Enabled"), (false, "Disabled")] {
        calls_of_apply(&world, "orders", queue(json!({"enabled": enabled}))).await;
        assert_eq!(only_mapping(&world).await["State"], state);
    }
    let change = ["GetEventSourceMapping", "ListTags", "UpdateEventSourceMapping", "GetEventSourceMapping"];
    assert_eq!(calls_of_apply(&world, "orders", queue(json!({}))).await, change);
    assert_eq!(only_mapping(&world).await["State"], "Enabled");
}

#[tokio::test]
async fn what_somebody_disables_or_enables_is_taken_back_at_once() {
    let world = sweeping("esm-toggled").await;
    for (name, spec, state, toggle) in [
        ("orders", queue(json!({})), "Enabled", false),
        ("clicks", stream(json!({"enabled": false})), "Disabled", true),
    ] {
        let mappings = world.objects(KIND);
        mappings.apply(name, spec).await;
        let id = uuid(&mappings.ready(name).await);
        world.aws().edit_mapping(&id, json!({"Enabled": toggle})).await;
        event(&world, name, "DriftDetected", "enabled").await;
        in_aws(&world, &format!("{name} is {state}"), |m| m["UUID"] == *id && m["State"] == state).await;
        mappings.ready(name).await;
    }
}

#[tokio::test]
async fn what_lambda_disables_is_told_and_enabled_less_and_less_often() {
    let builder = World::builder("esm-stopped").settings(|settings| {
        settings.drift.sweep_interval = Some(Duration::from_millis(250));
        settings.rechecks.min = Duration::from_millis(1500);
        settings.rechecks.refused = Duration::from_mins(1);
    });
    let world = with_function(builder).await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let id = uuid(&mappings.ready("orders").await);
    let mut waits = Vec::new();
    for _ in 0..3 {
        world.aws().clear_ledger().await;
        let why =
            json!({"State": "Disabled", "StateTransitionReason": "LAMBDA_INITIATED: the queue is gone"});
        world.aws().edit_mapping(&id, why).await;
        let object = mappings.reason("orders", "DependencyNotReady").await;
        assert!(message(&object).contains("the queue is gone"), "{}", message(&object));
        in_aws(&world, "it is enabled again", |mapping| mapping["State"] == "Enabled").await;
        mappings.ready("orders").await;
        let ledger = world.ledger().await;
        let read = ledger.iter().find(|call| call.operation == "GetEventSourceMapping").unwrap().at_ms;
        let update = ledger.iter().find(|call| call.operation == "UpdateEventSourceMapping").unwrap().at_ms;
        waits.push(update - read);
    }
    assert!(waits[0] >= 1300 && waits[1] >= 2600 && waits[2] >= 5200, "{waits:?}");
    event(&world, "orders", "DependencyNotReady", "Lambda itself has disabled").await;
    let events = world.events("orders").await;
    assert!(!events.iter().any(|(_, reason, _)| reason == "DriftDetected"), "nobody else did it: {events:?}");
}

#[tokio::test]
async fn one_that_vanishes_is_made_anew() {
    let world = sweeping("esm-vanished").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let before = uuid(&mappings.ready("orders").await);
    world.aws().clear_ledger().await;
    world.aws().remove_mapping(&before).await;
    let another = |object: &Value| {
        object["status"]["uuid"].as_str().is_some_and(|id| id != before)
            && object_condition(object, "Ready")["status"] == "True"
    };
    let object = mappings.until("orders", "has another UUID", another).await;
    assert_eq!(uuid(&object), only_mapping(&world).await["UUID"].as_str().unwrap());
    let create = ["GetEventSourceMapping", "CreateEventSourceMapping", "GetEventSourceMapping"];
    assert_eq!(world.calls().await, create, "a 404 is the proof");
}

#[tokio::test]
async fn one_that_somebody_deletes_is_waited_for_and_then_made_anew() {
    let world = sweeping("esm-deleting").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let before = uuid(&mappings.ready("orders").await);
    world.aws().edit_mapping(&before, json!({"State": "Deleting"})).await;
    let waits = |object: &Value| message(object).contains("AWS is deleting");
    mappings.until("orders", "waits", waits).await;
    world.aws().remove_mapping(&before).await;
    eventually(PATIENCE, "another mapping", || async {
        let all = world.aws().mappings().await;
        if all.len() == 1 && all[0]["UUID"] != *before { Ok(()) } else { Err(all) }
    })
    .await;
    mappings.ready("orders").await;
}
