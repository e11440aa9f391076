//! LastUpdateStatus=Failed: what ran before still runs, so the update is sent again, with backoff.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::Failure;
use serde_json::json;

const REASON: &str = "The subnet has no free addresses";

async fn updating_world(name: &str, code: &str, recheck: Duration) -> World {
    let world = World::builder(name).settings(|settings| {
        settings.rechecks.min = recheck;
        settings.rechecks.max = recheck * 2;
    });
    let world = world.start().await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().configure(|aws| aws.fail_update = Some(Failure::new(code, REASON))).await;
    world
}

async fn mend(world: &World) {
    world.aws().configure(|aws| aws.fail_update = None).await;
}

#[tokio::test]
async fn a_failed_update_is_sent_again_although_nothing_differs_and_with_backoff() {
    let world = updating_world("failed-update", "SubnetOutOfIPAddresses", Duration::from_millis(600)).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    let texts = ["SubnetOutOfIPAddresses", REASON, "still runs as before", "sent again"];
    world.problem("hello", "QuotaExceeded", &texts).await;
    let configuration = &world.aws().function("hello").await.unwrap()["Configuration"];
    assert_eq!(configuration["MemorySize"], 256, "AWS shows what was asked for, although it failed");
    world.until_called("hello", "UpdateFunctionConfiguration", 3).await;
    let times = world.times_of("hello", "UpdateFunctionConfiguration").await;
    let gaps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
    assert!(gaps[0] >= 540 && gaps[1] >= 1080, "0.6 s, then 1.2 s: {gaps:?}");
    mend(&world).await;
    world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_millis(300)).await;
}

#[tokio::test]
async fn a_changed_spec_is_sent_at_once_after_a_failed_update() {
    let world = updating_world("failed-changed", "InvalidSubnet", Duration::from_mins(1)).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.problem("hello", "DependencyNotReady", &["InvalidSubnet", REASON]).await;
    mend(&world).await;
    world.apply("hello", function(json!({"memorySize": 512}))).await;
    world.ready("hello").await;
    assert_eq!(world.times_of("hello", "UpdateFunctionConfiguration").await.len(), 2);
}

#[tokio::test]
async fn a_spec_taken_back_after_a_failed_update_is_sent_too() {
    let world = updating_world("failed-back", "InvalidSubnet", Duration::from_mins(1)).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.problem("hello", "DependencyNotReady", &["InvalidSubnet"]).await;
    mend(&world).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 128);
}

#[tokio::test]
async fn the_annotation_sends_a_failed_update_again_at_once() {
    let world = updating_world("failed-asked", "InvalidSubnet", Duration::from_mins(1)).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.problem("hello", "DependencyNotReady", &["InvalidSubnet"]).await;
    mend(&world).await;
    world.reconcile_now("hello", "now").await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_package_to_blame_is_what_is_sent_again() {
    let world = updating_world("failed-code", "InvalidZipFileException", Duration::from_millis(600)).await;
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    world.apply("hello", function(json!({"code": {"inline": {"files": files}}}))).await;
    world.problem("hello", "DependencyNotReady", &["InvalidZipFileException"]).await;
    world.until_called("hello", "UpdateFunctionCode", 2).await;
    mend(&world).await;
    world.ready("hello").await;
    assert_eq!(world.times_of("hello", "UpdateFunctionConfiguration").await.len(), 0);
}

/// The same place in S3 looks the same however often it is sent: what failed is known by its call.
#[tokio::test]
async fn code_whose_update_failed_for_another_reason_is_sent_again_too() {
    let world = World::builder("failed-s3")
        .settings(|settings| {
            settings.rechecks.min = Duration::from_millis(600);
            settings.rechecks.max = Duration::from_millis(1200);
        })
        .start()
        .await;
    let code = |key: &str| function(json!({"code": {"s3": {"bucket": "packages", "key": key}}}));
    world.apply("hello", code("one.zip")).await;
    world.ready("hello").await;
    world.aws().configure(|aws| aws.fail_update = Some(Failure::new("InternalError", REASON))).await;
    world.apply("hello", code("two.zip")).await;
    world.problem("hello", "AWSUnavailable", &["InternalError", REASON, "still runs as before"]).await;
    world.until_called("hello", "UpdateFunctionCode", 2).await;
    mend(&world).await;
    world.ready("hello").await;
    let sent = world.ledger_of("hello").await;
    let keys = sent.iter().filter(|call| call.operation == "UpdateFunctionCode").map(|c| &c.request["S3Key"]);
    assert!(keys.into_iter().all(|key| key == "two.zip"), "{sent:?}");
    assert_eq!(world.times_of("hello", "UpdateFunctionConfiguration").await.len(), 0);
}
