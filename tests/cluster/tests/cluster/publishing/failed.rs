//! Versions whose snapshot fails.

use lambda_sim::Failure;

use super::*;

/// From now on new versions fail.
async fn failing(world: &World) {
    let failure = Failure::new("FunctionError", "the function took too long");
    world.aws().configure(|aws| aws.fail_version = Some(failure)).await;
}

#[tokio::test]
async fn a_failed_version_is_deleted_and_published_again() {
    let world = World::start("publish-failed").await;
    world.apply("hello", published(json!({}))).await;
    world.ready("hello").await;
    failing(&world).await;
    world.patch("hello", json!({"spec": {"snapStart": {"applyOn": "PublishedVersions"}}})).await;
    let texts = ["version 2 failed", "the function took too long", "attempt 1 of 5"];
    let object = world.problem("hello", "DependencyNotReady", &texts).await;
    assert_eq!(version_of(&object), Some("1"), "nobody is moved to it");
    world.aws().configure(|aws| aws.fail_version = None).await;
    let object = world.ready("hello").await;
    let number = version_of(&object).unwrap().to_owned();
    assert_ne!(number, "2");
    assert_eq!(in_aws(&world).await, ["1", number.as_str()]);
    assert_eq!(ours(&object), [1, number.parse().unwrap()]);
}

#[tokio::test]
async fn after_five_attempts_it_is_left_alone_until_somebody_asks() {
    let world = World::start("publish-exhausted").await;
    failing(&world).await;
    world.apply("hello", with_snapshot(json!({}))).await;
    let texts = ["version 5 failed", "5 times", "Mend the cause"];
    let object = world.problem("hello", "CreateFailed", &texts).await;
    assert_eq!(condition(&object, "Stalled").unwrap().status, "True");
    assert_eq!(in_aws(&world).await, ["5"]);
    let publications = async || {
        let writes = writes(&world).await;
        writes.iter().filter(|operation| *operation == "PublishVersion").count()
    };
    assert_eq!(publications().await, 5);
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(publications().await, 5);
    world.aws().configure(|aws| aws.fail_version = None).await;
    world.reconcile_now("hello", "mended").await;
    assert_eq!(version_of(&world.ready("hello").await), Some("6"));
    assert_eq!(in_aws(&world).await, ["6"]);
}

#[tokio::test]
async fn a_failed_version_that_somebody_uses_is_left_behind_by_a_mark() {
    let world = World::start("publish-mark").await;
    world.aws().configure(|aws| aws.version_settle = Some(SettleDelay::Hold)).await;
    world.apply("hello", with_snapshot(json!({"description": "what it is for"}))).await;
    world.reason("hello", "Publishing").await;
    world.until_called("hello", "PublishVersion", 1).await;
    world.aws().put_alias("hello", json!({"Name": "theirs", "FunctionVersion": "1"})).await;
    failing(&world).await;
    world.aws().settle().await;
    world.problem("hello", "DependencyNotReady", &["version 1 failed"]).await;
    world.aws().configure(|aws| (aws.fail_version, aws.version_settle) = (None, None)).await;
    let object = world.ready("hello").await;
    assert_eq!(version_of(&object), Some("2"));
    assert_eq!(in_aws(&world).await, ["1", "2"], "an alias uses the first");
    let description = |of: Value| of["Configuration"]["Description"].clone();
    assert_eq!(description(world.aws().function("hello").await.unwrap()), "what it is for");
    assert_eq!(description(world.aws().version("hello", "2").await.unwrap()), "what it is for");
    let expected = [
        "CreateFunction",
        "PublishVersion",
        "UpdateFunctionConfiguration",
        "PublishVersion",
        "UpdateFunctionConfiguration",
    ];
    assert_eq!(writes(&world).await, expected);
    world.assert_quiet("hello", Duration::from_secs(1)).await;
}
