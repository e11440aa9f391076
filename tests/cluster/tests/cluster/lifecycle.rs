//! Create, change, drift, delete: what the user sees, and exactly which calls it costs.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use serde_json::json;

#[tokio::test]
async fn a_plain_function_costs_one_write_and_at_most_two_reads() {
    let world = World::start("create").await;
    world.apply("hello", function(json!({}))).await;
    let object = world.ready("hello").await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction"]);
    let status = object.status.unwrap();
    assert_eq!(status.arn.as_deref(), Some("arn:aws:lambda:eu-west-1:111122223333:function:hello"));
    assert_eq!(status.state.as_deref(), Some("Active"));
    world.assert_quiet("hello", Duration::from_secs(2)).await;
}

#[tokio::test]
async fn reserved_concurrency_adds_exactly_one_write() {
    let world = World::start("concurrency").await;
    world.apply("hello", function(json!({"reservedConcurrentExecutions": 5}))).await;
    world.ready("hello").await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction", "PutFunctionConcurrency"]);
}

#[tokio::test]
async fn code_and_configuration_are_two_writes_settled_in_between() {
    let world = World::start("update").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    let before = world.aws().function("hello").await.unwrap()["Configuration"]["CodeSha256"].clone();
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    let applied = world
        .apply("hello", function(json!({"memorySize": 256, "code": {"inline": {"files": files}}})))
        .await;
    let object = world.ready("hello").await;
    let expected =
        ["GetFunction", "UpdateFunctionConfiguration", "GetFunction", "UpdateFunctionCode", "GetFunction"];
    assert_eq!(world.calls().await, expected);
    let configuration = world.aws().function("hello").await.unwrap()["Configuration"].clone();
    assert_eq!(configuration["MemorySize"], 256);
    let [_, (_, sent)] = &world.writes("hello").await[..] else { panic!("two writes") };
    let sha256 = sent["ZipFile"].as_str().and_then(|zip| zip.strip_prefix("sha256:"));
    assert_eq!(configuration["CodeSha256"].as_str(), sha256, "the code that was sent is the one that runs");
    assert_ne!(configuration["CodeSha256"], before);
    assert_eq!(object.status.unwrap().code_sha256.as_deref(), sha256);
    assert_eq!(json!(object.spec), json!(applied.spec), "the spec is as it was applied");
}

#[tokio::test]
async fn drift_is_found_said_and_mended() {
    let world = World::builder("drift")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(500)))
        .start()
        .await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    world.aws().edit_function("hello", json!({"MemorySize": 512})).await;
    world
        .until("hello", "the drift was mended", |object| {
            condition(object, "Drifted").is_some_and(|c| c.status == "False")
                && object.status.as_ref().unwrap().revision_id.is_some()
        })
        .await;
    test_support::eventually(Duration::from_secs(20), "memory is back", || async {
        let function = world.aws().function("hello").await.unwrap();
        (function["Configuration"]["MemorySize"] == 256).then_some(())
    })
    .await;
    world.ready("hello").await;
    test_support::eventually(Duration::from_mins(1), "an Event says so", || async {
        let events = world.events("hello").await;
        if events.iter().any(|(_, reason, _)| reason == "DriftDetected") { Ok(()) } else { Err(events) }
    })
    .await;
}

#[tokio::test]
async fn deletion_deletes_and_waits_for_aws() {
    let world = World::start("delete").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert_eq!(world.calls().await, ["GetFunction", "DeleteFunction", "GetFunction"]);
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn another_object_in_s3_is_deployed_once() {
    let world = World::start("s3-code").await;
    let code = |key: &str| json!({"code": {"s3": {"bucket": "packages", "key": key}}});
    world.apply("hello", function(code("1.zip"))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.apply("hello", function(code("2.zip"))).await;
    world.ready("hello").await;
    assert_eq!(world.calls().await, ["GetFunction", "UpdateFunctionCode", "GetFunction"]);
}
