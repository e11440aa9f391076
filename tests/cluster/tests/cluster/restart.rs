//! The AWS budget at rest and after a restart: lists instead of reads, and no write at all.

use std::collections::BTreeSet;
use std::time::Duration;

use cluster_tests::{World, function};
use k8s_openapi::api::core::v1::Secret;
use kube::ResourceExt;
use kube::api::ListParams;
use serde_json::{Value, json};
use test_support::eventually;

const PATIENCE: Duration = Duration::from_secs(30);
/// How long nothing must happen to count as nothing.
const QUIET: Duration = Duration::from_secs(2);
/// Three pages of ListFunctions.
const MANY: usize = 120;

/// Every call of the account, also to STS and of the inventory.
async fn all_calls(world: &World) -> Vec<String> {
    world.aws().ledger().await.into_iter().map(|call| call.operation).collect()
}

async fn versions(world: &World) -> Vec<Option<String>> {
    let objects = world.functions().list(&ListParams::default()).await.unwrap();
    objects.items.iter().map(ResourceExt::resource_version).collect()
}

/// Creates many functions that are alike and waits until all are Ready.
async fn with_many(world: &World, extra: &Value) {
    for number in 0..MANY {
        world.apply(&format!("f{number:03}"), function(extra.clone())).await;
    }
    for number in 0..MANY {
        world.ready(&format!("f{number:03}")).await;
    }
}

/// Ends the operator, does something, starts it, and waits until it has made its first sweep.
async fn restart(world: &mut World, meanwhile: impl AsyncFnOnce(&World)) {
    world.stop_operator().await;
    meanwhile(world).await;
    world.aws().clear_ledger().await;
    world.start_operator();
    eventually(PATIENCE, "the first sweep", || async {
        let calls = all_calls(world).await;
        calls.iter().any(|call| call == "ListFunctions").then_some(())
    })
    .await;
}

async fn nothing(_: &World) {}

#[tokio::test]
async fn a_restart_with_many_functions_costs_only_the_lists() {
    let mut world = World::start("restart").await;
    with_many(&world, &json!({})).await;
    let before = versions(&world).await;
    restart(&mut world, nothing).await;
    tokio::time::sleep(QUIET).await;
    let expected = ["GetCallerIdentity", "ListFunctions", "ListFunctions", "ListFunctions"];
    assert_eq!(all_calls(&world).await, expected);
    assert_eq!(versions(&world).await, before, "nothing is written to the API server");
}

#[tokio::test]
async fn with_the_rotation_a_restart_adds_reads_at_its_pace_and_nothing_else() {
    let pace = Duration::from_millis(250);
    let rotation = pace * u32::try_from(MANY).unwrap();
    let mut world = World::builder("restart-rotation")
        .settings(|settings| settings.drift.rotation_interval = Some(rotation))
        .start()
        .await;
    with_many(&world, &json!({})).await;
    let before = versions(&world).await;
    restart(&mut world, nothing).await;
    tokio::time::sleep(QUIET).await;
    let ledger = world.aws().ledger().await;
    let (reads, others): (Vec<_>, Vec<_>) =
        ledger.into_iter().partition(|call| call.operation == "GetFunction");
    let others: Vec<String> = others.into_iter().map(|call| call.operation).collect();
    assert_eq!(others, ["GetCallerIdentity", "ListFunctions", "ListFunctions", "ListFunctions"]);
    let distance = reads.last().unwrap().at_ms - reads[0].at_ms;
    let paced = u64::try_from((reads.len() - 1) * 250).unwrap();
    assert!(reads.len() > 4 && distance + 50 >= paced, "{} reads within {distance} ms", reads.len());
    let names: BTreeSet<_> = reads.iter().map(|call| call.resource.clone()).collect();
    assert_eq!(names.len(), reads.len(), "each function in its turn");
    assert_eq!(versions(&world).await, before, "nothing is written to the API server");
}

fn with_secret(name: &str) -> Value {
    json!({"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": name, "key": "password"}}}]})
}

/// Two functions, each with a Secret of its own.
async fn with_secrets(name: &str, rotation: Option<Duration>) -> World {
    let world = World::builder(name);
    let world = world.settings(|settings| settings.drift.rotation_interval = rotation).start().await;
    for name in ["one", "two"] {
        world.secret(name, &[("password", "before")]).await;
        world.apply(name, function(with_secret(name))).await;
        world.ready(name).await;
    }
    world
}

/// A new value for one of them while the operator was down, taken in.
async fn changed_meanwhile(world: &mut World) {
    restart(world, async |world: &World| world.secret("one", &[("password", "after")]).await).await;
    eventually(PATIENCE, "the new value is in AWS", || async {
        let function = world.aws().function("one").await.unwrap();
        (function["Configuration"]["Environment"]["Variables"]["PASSWORD"] == "after").then_some(())
    })
    .await;
    // The status says Available all along; what it knows of the revision comes with the look that ends the update.
    eventually(PATIENCE, "the status knows the settled revision", || async {
        let function = world.aws().function("one").await.unwrap();
        let status = world.functions().get("one").await.unwrap().status.unwrap();
        (status.revision_id.as_deref() == function["Configuration"]["RevisionId"].as_str()).then_some(())
    })
    .await;
    world.ready("one").await;
}

/// An annotation for one of them while the operator was down, taken in.
async fn annotated_meanwhile(world: &mut World) {
    restart(world, async |world: &World| world.annotate_secret("one", "seen").await).await;
    let secret = world.namespace.api::<Secret>().get("one").await.unwrap();
    world
        .until("one", "the status knows the Secret's version", |object| {
            let references = &object.status.as_ref().unwrap().common.references;
            references.iter().any(|reference| reference.resource_version == secret.resource_version())
        })
        .await;
}

#[tokio::test]
async fn a_secret_that_changed_while_the_operator_was_down_gives_one_update() {
    let mut world = with_secrets("restart-secret", None).await;
    changed_meanwhile(&mut world).await;
    world.assert_quiet("one", QUIET).await;
    let expected = ["GetCallerIdentity", "ListFunctions", "UpdateFunctionConfiguration", "GetFunction"];
    assert_eq!(
        all_calls(&world).await,
        expected,
        "no read before the update, and nothing for the other function"
    );
}

#[tokio::test]
async fn a_secret_that_was_only_annotated_gives_no_update() {
    let mut world = with_secrets("restart-annotated", None).await;
    annotated_meanwhile(&mut world).await;
    world.assert_quiet("one", QUIET).await;
    assert_eq!(all_calls(&world).await, ["GetCallerIdentity", "ListFunctions"]);
}

/// Time in which the rotation reads both functions once.
const ROTATION: Option<Duration> = Some(Duration::from_millis(600));

/// What was called but for reads, which come at the rotation's pace.
async fn but_for_reads(world: &World) -> Vec<String> {
    let calls = all_calls(world).await;
    assert!(calls.iter().filter(|call| *call == "GetFunction").count() > 2, "the rotation is on: {calls:?}");
    calls.into_iter().filter(|call| call != "GetFunction").collect()
}

#[tokio::test]
async fn with_the_rotation_a_changed_secret_still_gives_one_update() {
    let mut world = with_secrets("restart-secret-rotation", ROTATION).await;
    let two = world.functions().get("two").await.unwrap();
    changed_meanwhile(&mut world).await;
    tokio::time::sleep(QUIET).await;
    let expected = ["GetCallerIdentity", "ListFunctions", "UpdateFunctionConfiguration"];
    assert_eq!(but_for_reads(&world).await, expected);
    assert_eq!(world.functions().get("two").await.unwrap().resource_version(), two.resource_version());
}

#[tokio::test]
async fn with_the_rotation_an_annotated_secret_still_gives_no_update() {
    let mut world = with_secrets("restart-annotated-rotation", ROTATION).await;
    annotated_meanwhile(&mut world).await;
    tokio::time::sleep(QUIET).await;
    assert_eq!(but_for_reads(&world).await, ["GetCallerIdentity", "ListFunctions"]);
}

#[tokio::test]
async fn drift_that_came_while_the_operator_was_down_is_found_by_the_first_sweep() {
    let mut world = World::start("restart-drift").await;
    for name in ["changed", "same"] {
        world.apply(name, function(json!({}))).await;
        world.ready(name).await;
    }
    let edit = async |world: &World| {
        world.aws().edit_function("changed", json!({"MemorySize": 512})).await;
    };
    restart(&mut world, edit).await;
    eventually(PATIENCE, "the memory is back", || async {
        let function = world.aws().function("changed").await.unwrap();
        (function["Configuration"]["MemorySize"] == 128).then_some(())
    })
    .await;
    world.ready("changed").await;
    let ledger = world.ledger().await;
    assert!(ledger.iter().all(|call| call.resource.as_deref() != Some("same")), "{ledger:?}");
    eventually(PATIENCE, "an Event tells of the drift", || async {
        let events = world.events("changed").await;
        events.iter().any(|(_, reason, _)| reason == "DriftDetected").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_function_that_vanished_is_created_again_after_a_read_has_confirmed_it() {
    let mut world = World::start("restart-vanished").await;
    world.apply("hello", function(json!({}))).await;
    let before = world.ready("hello").await;
    restart(&mut world, async |world: &World| {
        world.aws().remove_function("hello").await;
    })
    .await;
    eventually(PATIENCE, "the function is back", || async {
        world.aws().function("hello").await.map(|_| ())
    })
    .await;
    world
        .until("hello", "Ready on the new function", |object| {
            let status = object.status.as_ref().unwrap();
            let ready = cluster_tests::condition(object, "Ready").is_some_and(|c| c.status == "True");
            ready && status.revision_id != before.status.as_ref().unwrap().revision_id
        })
        .await;
    let ledger = world.ledger().await;
    let calls: Vec<_> = ledger.iter().map(|call| (call.operation.as_str(), call.status)).collect();
    let expected =
        [("ListFunctions", 200), ("GetFunction", 404), ("CreateFunction", 201), ("GetFunction", 200)];
    assert_eq!(calls, expected);
}
