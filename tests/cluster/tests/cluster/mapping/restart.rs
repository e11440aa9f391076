//! The AWS budget at rest and after a restart: lists instead of reads, and no write at all.

use std::time::Duration;

use cluster_tests::{World, function};
use kube::ResourceExt;
use kube::api::ListParams;
use serde_json::{Value, json};
use test_support::eventually;

use super::{KIND, PATIENCE, QUEUE, in_aws, queue, sweeping, with, with_function};

/// Two pages of ListEventSourceMappings.
const MANY: usize = 120;

async fn operations(world: &World) -> Vec<String> {
    world.aws().ledger().await.into_iter().map(|call| call.operation).collect()
}

async fn versions(world: &World) -> Vec<Option<String>> {
    let objects = world.objects(KIND).api().list(&ListParams::default()).await.unwrap();
    objects.items.iter().map(ResourceExt::resource_version).collect()
}

fn of_queue(number: usize, extra: Value) -> Value {
    with(queue(extra), &json!({"eventSourceArn": format!("{QUEUE}{number}")}))
}

/// Ends the operator, does something, starts it, and waits until it has made its first sweep.
async fn restart(world: &mut World, meanwhile: impl AsyncFnOnce(&World)) {
    world.stop_operator().await;
    meanwhile(world).await;
    world.aws().clear_ledger().await;
    world.start_operator();
    eventually(PATIENCE, "the first sweep", || async {
        operations(world).await.iter().any(|call| call == "ListEventSourceMappings").then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_restart_with_many_mappings_costs_only_the_lists() {
    let mut world = with_function(World::builder("esm-restart")).await;
    let filters = json!({"filters": [{"pattern": "{}"}]});
    let key = json!({"kmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1", "filterCriteria": filters});
    for number in 0..MANY {
        let extra =
            if number % 2 == 0 { json!({"batchSize": 5, "tags": {"team": "a"}}) } else { key.clone() };
        world.objects(KIND).apply(&format!("q{number}"), of_queue(number, extra)).await;
    }
    for number in 0..MANY {
        world.objects(KIND).ready(&format!("q{number}")).await;
    }
    let before = versions(&world).await;
    restart(&mut world, async |_| {}).await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let expected = ["GetCallerIdentity", "ListEventSourceMappings", "ListEventSourceMappings"];
    assert_eq!(operations(&world).await, expected);
    assert_eq!(versions(&world).await, before, "nothing is written to the API server");
}

#[tokio::test]
async fn what_changed_while_the_operator_was_down_is_found_by_the_first_list() {
    let mut world = with_function(World::builder("esm-restart-drift")).await;
    for number in 0..3 {
        world.objects(KIND).apply(&format!("q{number}"), of_queue(number, json!({}))).await;
        world.objects(KIND).ready(&format!("q{number}")).await;
    }
    restart(&mut world, async |world: &World| {
        let all = world.aws().mappings().await;
        let third = all.iter().find(|mapping| mapping["EventSourceArn"] == format!("{QUEUE}2")).unwrap();
        world.aws().edit_mapping(third["UUID"].as_str().unwrap(), json!({"BatchSize": 3})).await;
    })
    .await;
    in_aws(&world, "the batch size is back", |mapping| {
        mapping["EventSourceArn"] == format!("{QUEUE}2")
            && mapping["BatchSize"] == 10
            && mapping["State"] == "Enabled"
    })
    .await;
    world.objects(KIND).ready("q2").await;
    let calls = world.calls().await;
    let expected = ["GetEventSourceMapping", "ListTags", "UpdateEventSourceMapping", "GetEventSourceMapping"];
    let without_sts: Vec<_> = calls.iter().filter(|call| *call != "GetCallerIdentity").collect();
    assert_eq!(without_sts, expected.iter().collect::<Vec<_>>(), "the others cost nothing");
}

#[tokio::test]
async fn at_rest_a_mapping_costs_one_list_a_sweep() {
    let world = sweeping("esm-rest").await;
    world.objects(KIND).apply("orders", queue(json!({}))).await;
    world.objects(KIND).ready("orders").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.aws().clear_ledger().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    let calls = operations(&world).await;
    assert!(calls.len() >= 3 && calls.iter().all(|call| call == "ListEventSourceMappings"), "{calls:?}");
}

#[tokio::test]
async fn a_mapping_with_its_function_costs_a_list_each() {
    let mut world = World::start("esm-restart-reference").await;
    world.apply("hello", function(json!({}))).await;
    let spec = json!({"functionRef": {"name": "hello"}, "eventSourceArn": QUEUE});
    world.objects(KIND).apply("orders", spec).await;
    let before = world.objects(KIND).ready("orders").await;
    restart(&mut world, async |_| {}).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = world.objects(KIND).ready("orders").await;
    assert_eq!(after["metadata"]["resourceVersion"], before["metadata"]["resourceVersion"]);
    let mut calls = operations(&world).await;
    calls.sort();
    assert_eq!(calls, ["GetCallerIdentity", "ListEventSourceMappings", "ListFunctions"]);
}
