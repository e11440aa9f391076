//! `publish: LatestPublished`: one publication for each change, in the place of the one before.

use std::time::Duration;

use cluster_tests::{World, condition};
use lambda_sim::{Failure, FaultEffect, SettleDelay};
use serde_json::json;
use test_support::eventually;

use super::{LATEST_PUBLISHED, changed, managed, published};
use crate::crash::Victim;

#[tokio::test]
async fn the_latest_is_published_once_for_each_change() {
    let world = World::start("latest").await;
    world.apply("hello", managed(json!({}))).await;
    let status = world.ready("hello").await.status.unwrap();
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    // On a capacity provider, environments are started first: the version is looked at until it is Active.
    let until_active = ["GetFunction", "GetFunction", "GetFunction"];
    let create = ["CreateFunction", "GetFunction", "PublishVersion"];
    assert_eq!(world.calls().await, [&create[..], &until_active].concat());
    assert_eq!(status.version.as_deref(), Some(LATEST_PUBLISHED));
    assert!(status.published_versions.is_empty());
    let [_, (_, sent)] = &world.writes("hello").await[..] else { panic!("two writes") };
    assert_eq!(sent["PublishTo"], "LATEST_PUBLISHED");
    assert!(sent["RevisionId"].is_string() && sent["CodeSha256"].as_str() == status.code_sha256.as_deref());

    world.aws().clear_ledger().await;
    changed(&world, json!({"timeout": 9})).await;
    let update = ["GetFunction", "UpdateFunctionConfiguration", "GetFunction", "PublishVersion"];
    assert_eq!(world.calls().await, [&update[..], &until_active].concat());
    assert_eq!(published(&world).await["Timeout"], 9);
    world.aws().clear_ledger().await;
    changed(&world, json!({"tags": {"team": "a"}})).await;
    assert_eq!(world.written().await, ["TagResource"], "no version has tags");
    assert_eq!(world.aws().version("hello", "1").await, None, "it has no number");
}

#[tokio::test]
async fn it_is_ready_when_the_version_is_active() {
    let world = World::start("latest-pending").await;
    world.aws().configure(|aws| aws.version_settle = Some(SettleDelay::Hold)).await;
    world.apply("hello", managed(json!({}))).await;
    let object = world.reason("hello", "Publishing").await;
    let ready = condition(&object, "Ready").unwrap();
    assert!(ready.status == "Unknown" && ready.message.contains(LATEST_PUBLISHED), "{}", ready.message);
    assert_eq!(object.status.unwrap().version, None);
    world.aws().settle().await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["CreateFunction", "PublishVersion"]);
}

#[tokio::test]
async fn what_failed_is_published_again() {
    let world = World::start("latest-failed").await;
    let failure = Failure::new("InsufficientCapacity", "there is no room");
    world.aws().configure(|aws| aws.fail_version = Some(failure)).await;
    world.apply("hello", managed(json!({}))).await;
    world.problem("hello", "AWSUnavailable", &[LATEST_PUBLISHED, "there is no room", "attempt 1 of 5"]).await;
    world.aws().configure(|aws| aws.fail_version = None).await;
    world.ready("hello").await;
    assert_eq!(published(&world).await["State"], "Active");
    let written = world.written().await;
    assert!(written[1..].iter().all(|operation| operation == "PublishVersion"), "{written:?}");
}

#[tokio::test]
async fn what_somebody_changed_and_published_is_mended_and_published() {
    let world = World::builder("latest-drift")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(500)))
        .start()
        .await;
    world.apply("hello", managed(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.aws().edit_function("hello", json!({"Timeout": 99})).await;
    eventually(Duration::from_secs(20), "it is published again", || async {
        let written = world.written().await;
        if written == ["UpdateFunctionConfiguration", "PublishVersion"] { Ok(()) } else { Err(written) }
    })
    .await;
    world.ready("hello").await;
    assert_eq!(published(&world).await["Timeout"], 3);
}

#[tokio::test]
async fn after_versions_with_numbers_comes_the_latest_and_aliases_stay_with_numbers() {
    let world = World::start("latest-switch").await;
    world.apply("hello", managed(json!({"publish": "OnChange"}))).await;
    assert_eq!(world.ready("hello").await.status.unwrap().version.as_deref(), Some("1"));
    world.aws().clear_ledger().await;
    let status = changed(&world, json!({"publish": "LatestPublished"})).await.status.unwrap();
    assert_eq!(world.written().await, ["PublishVersion"]);
    assert_eq!(
        (status.version.as_deref(), &status.published_versions[..]),
        (Some(LATEST_PUBLISHED), &[1][..])
    );
    let follows = json!({"functionRef": {"name": "hello"}, "version": "Latest"});
    world.objects("LambdaAlias").apply("live", follows).await;
    world.objects("LambdaAlias").reason("live", "DependencyNotReady").await;
    let pinned = json!({"functionRef": {"name": "hello"}, "functionVersion": "1"});
    world.objects("LambdaAlias").apply("live", pinned).await;
    world.objects("LambdaAlias").ready("live").await;
}

#[tokio::test]
async fn a_publication_is_not_lost_when_the_operator_dies_before_or_after_it() {
    for (name, effect) in [("die-latest", FaultEffect::PauseBefore), ("died-latest", FaultEffect::PauseAfter)]
    {
        let mut victim = Victim::start(name).await;
        victim.world.apply("hello", managed(json!({}))).await;
        victim.world.ready("hello").await;
        let change = async |world: &World| {
            world.patch("hello", json!({"spec": {"timeout": 9}})).await;
        };
        victim.killed_at("PublishVersion", effect, change).await;
        let status = victim.world.ready("hello").await.status.unwrap();
        // What takes the place of itself may be published twice.
        assert_eq!(
            victim.writes().await,
            ["UpdateFunctionConfiguration", "PublishVersion †", "PublishVersion"]
        );
        assert_eq!(published(&victim.world).await["Timeout"], 9);
        assert!(status.common.pending.is_none() && status.version.as_deref() == Some(LATEST_PUBLISHED));
    }
}
