//! State=Failed: AWS can't repair such a function, it can only be replaced. The operator does so where nothing is
//! lost by it, and says what to do where something would be.

use std::time::Duration;

use cluster_tests::{ROLE, World, condition, function};
use lambda_sim::Failure;
use serde_json::json;

const NO_SUBNET: &str = "The subnet ID subnet-1 does not exist";
const NO_ADDRESSES: &str = "The subnet has no free addresses";

async fn fail(world: &World, code: &str, reason: &str) {
    let failure = Failure::new(code, reason);
    world.aws().configure(|aws| aws.fail_create = Some(failure)).await;
}

async fn mend(world: &World) {
    world.aws().configure(|aws| aws.fail_create = None).await;
}

/// A function whose creation failed for a reason that doesn't pass.
async fn failed_world(name: &str, spec: serde_json::Value) -> World {
    let world = World::start(name).await;
    fail(&world, "InvalidSubnet", NO_SUBNET).await;
    world.apply("hello", spec).await;
    world.problem("hello", "CreateFailed", &["InvalidSubnet", NO_SUBNET, "created anew"]).await;
    assert_eq!(world.times_of("hello", "DeleteFunction").await.len(), 0);
    mend(&world).await;
    world.aws().clear_ledger().await;
    world
}

/// What replacing a function is made of.
const REPLACEMENT: [&str; 7] = [
    "GetFunction",
    "ListVersionsByFunction",
    "ListAliases",
    "DeleteFunction",
    "GetFunction",
    "CreateFunction",
    "GetFunction",
];

async fn assert_replaced(world: &World) {
    world.ready("hello").await;
    let calls = world.calls().await;
    let skip = calls.len().saturating_sub(REPLACEMENT.len());
    assert_eq!(calls[skip..], REPLACEMENT, "{calls:?}");
    assert!(calls[..skip].iter().all(|call| call == "GetFunction"), "only looks before: {calls:?}");
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["State"], "Active");
}

#[tokio::test]
async fn a_failed_function_is_replaced_once_the_spec_changes() {
    let world = failed_world("failed-spec", function(json!({}))).await;
    world.until_called("hello", "GetFunction", 2).await;
    assert_eq!(world.times_of("hello", "DeleteFunction").await.len(), 0, "not before");
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    assert_replaced(&world).await;
}

#[tokio::test]
async fn a_failed_function_is_replaced_once_a_reference_changes() {
    let world = World::start("failed-reference").await;
    world.config_map("settings", &[("MODE", "one")]).await;
    fail(&world, "InvalidSubnet", NO_SUBNET).await;
    let spec = function(json!({"envFrom": [{"configMapRef": {"name": "settings"}}]}));
    world.apply("hello", spec).await;
    world.problem("hello", "CreateFailed", &[NO_SUBNET]).await;
    mend(&world).await;
    world.aws().clear_ledger().await;
    world.config_map("settings", &[("MODE", "two")]).await;
    assert_replaced(&world).await;
    let function = world.aws().function("hello").await.unwrap();
    assert_eq!(function["Configuration"]["Environment"]["Variables"]["MODE"], "two");
}

#[tokio::test]
async fn a_failed_function_is_replaced_when_the_annotation_asks() {
    let world = failed_world("failed-annotation", function(json!({}))).await;
    world.reconcile_now("hello", "now").await;
    assert_replaced(&world).await;
}

#[tokio::test]
async fn a_replacement_that_fails_again_waits_for_the_next_change() {
    let world = failed_world("failed-twice", function(json!({}))).await;
    fail(&world, "InvalidSubnet", NO_SUBNET).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.until_called("hello", "CreateFunction", 1).await;
    world.problem("hello", "CreateFailed", &[NO_SUBNET]).await;
    let looks = world.times_of("hello", "GetFunction").await.len();
    world.until_called("hello", "GetFunction", looks + 2).await;
    assert_eq!(world.times_of("hello", "CreateFunction").await.len(), 1);
    assert_eq!(world.times_of("hello", "DeleteFunction").await.len(), 1);
}

#[tokio::test]
async fn a_reason_that_passes_by_itself_is_met_with_replacements_and_backoff() {
    let world = World::start("failed-passing").await;
    fail(&world, "SubnetOutOfIPAddresses", NO_ADDRESSES).await;
    world.apply("hello", function(json!({}))).await;
    let texts = ["SubnetOutOfIPAddresses", NO_ADDRESSES, "created anew from time to time"];
    world.problem("hello", "QuotaExceeded", &texts).await;
    world.until_called("hello", "CreateFunction", 3).await;
    let times = world.times_of("hello", "CreateFunction").await;
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= 450 && gaps[1] >= 900, "0.5 s, then 1 s: {gaps:?}");
    mend(&world).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn an_adopted_function_that_failed_is_left_alone_and_the_remedy_is_told() {
    let world = World::start("failed-adopted").await;
    let theirs = json!({"FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14",
        "Handler": "index.handler", "Code": {"S3Bucket": "b", "S3Key": "k"}});
    world.aws().put_function(theirs).await;
    let failed = json!({"State": "Failed", "StateReasonCode": "InvalidSubnet", "StateReason": NO_SUBNET});
    world.aws().edit_function("hello", failed).await;
    world.apply("hello", function(json!({"adopt": "Unowned"}))).await;
    let texts = ["InvalidSubnet", NO_SUBNET, "Delete it in AWS; it is then created anew"];
    world.problem("hello", "CreateFailed", &texts).await;
    world.apply("hello", function(json!({"adopt": "Unowned", "memorySize": 256}))).await;
    world.problem("hello", "CreateFailed", &texts).await;
    assert_eq!(world.times_of("hello", "DeleteFunction").await.len(), 0);
    world.aws().remove_function("hello").await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_function_that_was_in_use_before_it_failed_is_left_alone() {
    let world = World::start("failed-later").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let failed = json!({"State": "Failed", "StateReasonCode": "InternalError", "StateReason": "lost"});
    world.aws().edit_function("hello", failed).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.problem("hello", "CreateFailed", &["in use before", "Delete it in AWS"]).await;
    assert_eq!(world.times_of("hello", "DeleteFunction").await.len(), 0);
}

#[tokio::test]
async fn a_failed_function_that_an_alias_points_to_is_left_alone_and_the_remedy_is_told() {
    let world = failed_world("failed-alias", function(json!({}))).await;
    world.aws().put_alias("hello", json!({"Name": "live"})).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    let texts = ["versions or aliases", "Delete it in AWS; it is then created anew"];
    world.warning("hello", "CreateFailed", &texts).await;
    world.until_called("hello", "ListAliases", 1).await;
    let looks = world.times_of("hello", "GetFunction").await.len();
    world.until_called("hello", "GetFunction", looks + 2).await;
    let object = world.reason("hello", "CreateFailed").await;
    assert!(condition(&object, "Ready").unwrap().message.contains("versions or aliases"));
    assert_eq!(world.times_of("hello", "DeleteFunction").await.len(), 0);
    world.aws().remove_function("hello").await;
    world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_millis(300)).await;
}
