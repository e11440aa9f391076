//! Functions from S3.

use kube::ResourceExt;

use super::*;

#[tokio::test]
async fn a_new_version_of_an_object_rolls_out_once_and_exactly() {
    let world = started("src-versioned").await;
    put(&world, "deep", "1").await;
    world.apply("hello", of_bucket("deep")).await;
    runs(&world, "#version=v1").await;
    let (_, created) = world.writes("hello").await.remove(0);
    assert_eq!(created["Code"]["S3ObjectVersion"], "v1", "what was looked at is what is deployed");
    world.aws().clear_ledger().await;
    put(&world, "deep", "2").await;
    let object = runs(&world, "#version=v2").await;
    assert_eq!(world.calls().await, ["GetFunction", "UpdateFunctionCode", "GetFunction"]);
    let [(_, sent)] = &world.writes("hello").await[..] else { panic!("one write") };
    assert_eq!((&sent["S3Key"], &sent["S3ObjectVersion"]), (&json!("one.zip"), &json!("v2")));
    let drifted = condition(&object, "Drifted").unwrap();
    assert_eq!(drifted.status, "False", "it is no drift: {}", drifted.message);
    looks(&world, 3).await;
    assert_eq!(world.calls().await.len(), 3, "what is unchanged costs its looks only");
}

#[tokio::test]
async fn new_content_in_a_bucket_without_versions_rolls_out_once() {
    let world = started("src-flat").await;
    put(&world, FLAT, "1").await;
    world.apply("hello", of_bucket(FLAT)).await;
    let before = world.ready("hello").await.status.unwrap();
    assert!(before.code_source.as_ref().unwrap().contains("#etag="), "{:?}", before.code_source);
    world.aws().clear_ledger().await;
    put(&world, FLAT, "1").await;
    looks(&world, 3).await;
    assert_eq!(world.calls().await, Vec::<String>::new(), "the same ETag is the same content");
    put(&world, FLAT, "2").await;
    let changed = |object: &LambdaFunction| {
        let status = object.status.clone().unwrap();
        status.code_source != before.code_source
            && status.code_sha256 != before.code_sha256
            && condition(object, "Ready").unwrap().status == "True"
    };
    world.until("hello", "the new code runs", changed).await;
    looks(&world, 3).await;
    assert_eq!(world.calls().await, ["GetFunction", "UpdateFunctionCode", "GetFunction"]);
    let [(_, sent)] = &world.writes("hello").await[..] else { panic!("one write") };
    assert!(sent.get("S3ObjectVersion").is_none(), "{sent}");
}

#[tokio::test]
async fn equal_content_uploaded_again_is_sent_once_or_with_a_checksum_not_at_all() {
    for (bucket, sent) in [("deep", 1), (SUMMED, 0)] {
        let world = started("src-again").await;
        put(&world, bucket, "1").await;
        world.apply("hello", of_bucket(bucket)).await;
        let before = runs(&world, "#version=v1").await.status.unwrap();
        put(&world, bucket, "1").await;
        let after = runs(&world, "#version=v2").await.status.unwrap();
        assert_eq!(after.code_sha256, before.code_sha256);
        looks(&world, 3).await;
        assert_eq!(updates(&world).await.len(), sent, "{bucket}");
    }
}

#[tokio::test]
async fn a_function_that_has_the_code_already_is_adopted_without_sending_it() {
    let world = started("src-adopt").await;
    put(&world, SUMMED, "1").await;
    let there = json!({
        "FunctionName": "hello", "Role": cluster_tests::ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": SUMMED, "S3Key": "one.zip"},
    });
    world.aws().put_function(there).await;
    world.apply("hello", function(json!({"code": from(SUMMED), "adopt": "Unowned"}))).await;
    runs(&world, "#version=v1").await;
    let operations: Vec<String> =
        world.writes("hello").await.into_iter().map(|(operation, _)| operation).collect();
    assert_eq!(operations, ["TagResource"]);
}

#[tokio::test]
async fn a_restart_sends_nothing_and_goes_on_looking() {
    let mut world = started("src-restart").await;
    for bucket in ["deep", FLAT] {
        put(&world, bucket, "1").await;
        world.apply("hello", of_bucket(bucket)).await;
        world.ready("hello").await;
        let before = checked(&world).await.resource_version();
        world.stop_operator().await;
        world.aws().clear_ledger().await;
        world.start_operator();
        looks(&world, 2).await;
        assert_eq!(world.calls().await, Vec::<String>::new(), "{bucket}");
        assert_eq!(world.functions().get("hello").await.unwrap().resource_version(), before, "{bucket}");
    }
    put(&world, FLAT, "2").await;
    world.until_called("hello", "UpdateFunctionCode", 1).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn without_an_interval_only_a_change_of_the_spec_looks() {
    let mut world =
        World::builder("src-off").settings(|settings| settings.drift.source_interval = None).start().await;
    put(&world, "deep", "1").await;
    world.apply("hello", of_bucket("deep")).await;
    runs(&world, "#version=v1").await;
    put(&world, "deep", "2").await;
    world.stop_operator().await;
    world.aws().clear_ledger().await;
    world.start_operator();
    world.assert_quiet("hello", Duration::from_secs(2)).await;
    assert_eq!(world.source_calls().await, Vec::<String>::new());
    world.aws().edit_function("hello", json!({"Timeout": 9})).await;
    world.reconcile_now("hello", "1").await;
    runs(&world, "#version=v2").await;
    assert_eq!(world.source_calls().await, ["HeadObject"]);
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world.ready("hello").await;
    assert_eq!(world.source_calls().await.len(), 2);
}

#[tokio::test]
async fn code_that_is_somebody_elses_or_never_changes_is_not_looked_at() {
    let world = started("src-none").await;
    put(&world, "deep", "1").await;
    let mut pinned = from("deep");
    pinned["s3"]["objectVersion"] = json!("v1");
    world.apply("hello", function(json!({"code": pinned}))).await;
    world.ready("hello").await;
    world.apply("other", function(json!({"code": from("deep"), "ignoreDrift": ["code"]}))).await;
    world.ready("other").await;
    let looks = world.source_calls().await.len();
    assert!(looks > 0, "it is created from there");
    let (_, created) = world.writes("other").await.remove(0);
    assert_eq!(created["Code"]["S3ObjectVersion"], "v1");
    put(&world, "deep", "2").await;
    world.assert_quiet("other", Duration::from_secs(1)).await;
    assert_eq!(world.source_calls().await.len(), looks);
}

#[tokio::test]
async fn a_suspended_function_is_not_looked_at_and_then_rolls_out() {
    let world = started("src-suspend").await;
    put(&world, "deep", "1").await;
    world.apply("hello", of_bucket("deep")).await;
    runs(&world, "#version=v1").await;
    world.patch("hello", json!({"spec": {"suspend": true}})).await;
    world.until("hello", "is suspended", |object| condition(object, "Suspended").is_some()).await;
    world.aws().clear_ledger().await;
    put(&world, "deep", "2").await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(world.source_calls().await, Vec::<String>::new());
    world.patch("hello", json!({"spec": {"suspend": null}})).await;
    runs(&world, "#version=v2").await;
}

#[tokio::test]
async fn code_that_somebody_replaced_is_put_back_as_it_was_looked_at() {
    let world = World::builder("src-drift")
        .settings(|settings| {
            settings.drift.source_interval = None;
            settings.drift.sweep_interval = Some(Duration::from_millis(500));
        })
        .start()
        .await;
    put(&world, "deep", "1").await;
    world.apply("hello", of_bucket("deep")).await;
    let ours = runs(&world, "#version=v1").await.status.unwrap().code_sha256;
    put(&world, "deep", "2").await;
    world.aws().edit_function("hello", json!({"CodeSha256": "dGhlaXJz"})).await;
    world.warning("hello", "DriftDetected", &["code"]).await;
    world
        .until("hello", "the code is back", |object| {
            object.status.clone().unwrap().code_sha256 == ours
                && condition(object, "Ready").unwrap().status == "True"
        })
        .await;
    let [(operation, sent)] = &updates(&world).await[..] else { panic!("one write") };
    assert_eq!((operation.as_str(), &sent["S3ObjectVersion"]), ("UpdateFunctionCode", &json!("v1")));
}
