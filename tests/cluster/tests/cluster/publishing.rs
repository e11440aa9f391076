//! Versions: one for each change, at exactly one write; what becomes of those that fail, and of old ones.

mod failed;
mod retention;

use std::time::Duration;

use cluster_tests::{ROLE, World, condition, function};
use lambda_operator_crds::LambdaFunction;
use lambda_sim::{Fault, SettleDelay};
use serde_json::{Value, json};

/// A spec whose versions are published.
fn published(extra: Value) -> Value {
    let mut spec = function(extra);
    spec["publish"] = json!("OnChange");
    spec
}

/// The same with SnapStart: versions take their time, and can fail.
fn with_snapshot(extra: Value) -> Value {
    let mut spec = published(extra);
    spec["snapStart"] = json!({"applyOn": "PublishedVersions"});
    spec
}

fn version_of(object: &LambdaFunction) -> Option<&str> {
    object.status.as_ref()?.version.as_deref()
}

fn ours(object: &LambdaFunction) -> &[i64] {
    &object.status.as_ref().unwrap().published_versions
}

/// The numbers of the versions in AWS.
async fn in_aws(world: &World) -> Vec<String> {
    let mut numbers = Vec::new();
    for number in 1..=9 {
        let number = number.to_string();
        if world.aws().version("hello", &number).await.is_some() {
            numbers.push(number);
        }
    }
    numbers
}

async fn changed(world: &World, spec: Value) -> LambdaFunction {
    world.patch("hello", json!({"spec": spec})).await;
    world.ready("hello").await
}

async fn writes(world: &World) -> Vec<String> {
    world.writes("hello").await.into_iter().map(|(operation, _)| operation).collect()
}

#[tokio::test]
async fn a_version_costs_one_write_and_an_idle_function_nothing() {
    let world = World::start("publish").await;
    world.apply("hello", published(json!({}))).await;
    let object = world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_secs(2)).await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction", "PublishVersion", "GetFunction"]);
    assert_eq!((version_of(&object), ours(&object)), (Some("1"), &[1][..]));
    let status = object.status.unwrap();
    assert_eq!(status.published.unwrap().state.as_deref(), Some("Active"));
    let [_, (_, sent)] = &world.writes("hello").await[..] else { panic!("two writes") };
    assert_eq!(sent["CodeSha256"].as_str(), status.code_sha256.as_deref());
    assert!(sent["RevisionId"].is_string());
}

#[tokio::test]
async fn a_change_is_published_once_it_has_settled_and_only_if_a_version_has_it() {
    let world = World::start("publish-change").await;
    world.apply("hello", published(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    let object = changed(&world, json!({"memorySize": 256})).await;
    let update =
        ["GetFunction", "UpdateFunctionConfiguration", "GetFunction", "PublishVersion", "GetFunction"];
    assert_eq!(world.calls().await, update);
    assert_eq!(version_of(&object), Some("2"));
    world.aws().clear_ledger().await;
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    let object = changed(&world, json!({"code": {"inline": {"files": files}}, "timeout": 9})).await;
    let both =
        ["GetFunction", "UpdateFunctionConfiguration", "GetFunction", "UpdateFunctionCode", "GetFunction"];
    assert_eq!(world.calls().await[..5], both);
    assert_eq!(world.calls().await[5..], ["PublishVersion", "GetFunction"]);
    assert_eq!((version_of(&object), ours(&object)), (Some("3"), &[1, 2, 3][..]));
    world.aws().clear_ledger().await;
    changed(&world, json!({"tags": {"team": "a"}, "reservedConcurrentExecutions": 5})).await;
    assert_eq!(writes(&world).await, ["TagResource", "PutFunctionConcurrency"], "no version");
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(in_aws(&world).await, ["1", "2", "3"]);
}

#[tokio::test]
async fn tags_and_a_version_together_are_published_on_the_revision_that_tags_give() {
    let world = World::start("publish-tags").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    let object = changed(&world, json!({"publish": "OnChange", "tags": {"team": "a"}})).await;
    let expected = ["GetFunction", "TagResource", "GetFunction", "PublishVersion", "GetFunction"];
    assert_eq!(world.calls().await, expected);
    assert_eq!(version_of(&object), Some("1"));
}

#[tokio::test]
async fn a_secret_that_says_the_same_as_before_gives_no_other_version() {
    let world = World::start("publish-secret").await;
    world.secret("database", &[("password", "hunter2")]).await;
    let variable =
        json!({"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}});
    world.apply("hello", published(json!({"env": [variable]}))).await;
    let before = world.ready("hello").await;
    world.annotate_secret("database", "looked at").await;
    world.until_called("hello", "PublishVersion", 2).await;
    let fingerprint = |object: &LambdaFunction| {
        object.status.as_ref().unwrap().published.as_ref().unwrap().configuration_fingerprint.clone()
    };
    let known = fingerprint(&before);
    let object = world.until("hello", "the answer is stored", |object| fingerprint(object) != known).await;
    assert_eq!((version_of(&object), ours(&object)), (Some("1"), &[1][..]), "AWS says that it is the same");
    assert_eq!(in_aws(&world).await, ["1"]);
    world.secret("database", &[("password", "hunter3")]).await;
    let object =
        world.until("hello", "there is another version", |object| version_of(object) == Some("2")).await;
    assert!(!json!(object.status).to_string().contains("hunter"), "no value in the status");
}

#[tokio::test]
async fn a_version_with_a_snapshot_counts_once_it_is_active() {
    let world = World::start("publish-snapshot").await;
    world.aws().configure(|aws| aws.version_settle = Some(SettleDelay::Hold)).await;
    world.apply("hello", with_snapshot(json!({}))).await;
    let object = world.reason("hello", "Publishing").await;
    assert!(condition(&object, "Ready").unwrap().status == "Unknown" && version_of(&object).is_none());
    world.aws().settle().await;
    assert_eq!(version_of(&world.ready("hello").await), Some("1"));
    let expected = ["CreateFunction", "PublishVersion"];
    assert_eq!(writes(&world).await, expected);
    world.assert_quiet("hello", Duration::from_secs(1)).await;
}

#[tokio::test]
async fn what_others_publish_is_not_ours() {
    let world = World::start("publish-foreign").await;
    let there = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"},
    });
    world.aws().put_function(there).await;
    world.aws().publish_version("hello", None).await;
    world.aws().clear_ledger().await;
    world.apply("hello", published(json!({"adopt": "Unowned", "code": {"external": {}}}))).await;
    let object = world.ready("hello").await;
    assert_eq!((version_of(&object), ours(&object)), (Some("1"), &[][..]), "nothing has changed since");
    let expected = [
        "GetFunction",
        "TagResource",
        "GetFunction",
        "ListVersionsByFunction",
        "PublishVersion",
        "GetFunction",
    ];
    assert_eq!(world.calls().await, expected);
    let object = changed(&world, json!({"timeout": 9})).await;
    assert_eq!((version_of(&object), ours(&object)), (Some("2"), &[2][..]));
    world.delete("hello").await;
    world.gone("hello").await;
    assert!(world.aws().functions().await.is_empty(), "the function goes with all its versions");
}
