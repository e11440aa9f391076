//! What AWS or the operator refuses until somebody mends the spec or what it needs.

use std::io::Write as _;
use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::{Value, json};

fn from_s3(key: &str) -> Value {
    function(json!({"code": {"s3": {"bucket": "packages", "key": key}}}))
}

#[tokio::test]
async fn a_missing_bucket_and_a_missing_key_are_dependencies_that_are_awaited() {
    let world = World::start("missing-code").await;
    world
        .aws()
        .configure(|aws| {
            aws.missing_buckets.insert("nowhere".into());
            aws.missing_keys.insert("packages/later.zip".into());
        })
        .await;
    world.apply("bucket", function(json!({"code": {"s3": {"bucket": "nowhere", "key": "a.zip"}}}))).await;
    world.apply("key", from_s3("later.zip")).await;
    let remedy = "Create it, or correct the spec";
    world.problem("bucket", "DependencyNotReady", &["s3://nowhere/a.zip doesn't exist", remedy]).await;
    world.problem("key", "DependencyNotReady", &["s3://packages/later.zip doesn't exist", remedy]).await;
    assert_eq!(world.calls().await, Vec::<String>::new(), "S3 says it, and Lambda isn't asked");
    world
        .aws()
        .configure(|aws| {
            aws.missing_buckets.clear();
            aws.missing_keys.clear();
        })
        .await;
    world.ready("bucket").await;
    world.ready("key").await;
}

#[tokio::test]
async fn what_only_lambda_finds_missing_is_awaited_too() {
    let world = World::start("missing-version").await;
    world.aws().s3_put("packages", "hello.zip", &zipped("index.py", "print('hello')")).await;
    let code = json!({"s3": {"bucket": "packages", "key": "hello.zip", "objectVersion": "v2"}});
    world.apply("hello", function(json!({"code": code}))).await;
    let texts = [
        "NoSuchVersion",
        "The specified version does not exist",
        "Create what is missing or correct the spec",
    ];
    world.problem("hello", "DependencyNotReady", &texts).await;
    world.aws().s3_put("packages", "hello.zip", &zipped("index.py", "print('again')")).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_deprecated_runtime_is_the_specs_fault_and_mended_there() {
    let world = World::start("runtime").await;
    world.apply("hello", function(json!({"runtime": "python3.7"}))).await;
    let texts = ["The runtime parameter of python3.7 is no longer supported", "Correct the spec"];
    world.problem("hello", "InvalidSpec", &texts).await;
    world.apply("hello", function(json!({"runtime": "python3.14"}))).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_refused_spec_is_sent_again_only_after_the_long_pause() {
    let world = World::builder("refused")
        .settings(|settings| settings.rechecks.refused = Duration::from_millis(2500))
        .start()
        .await;
    world.aws().s3_put("packages", "broken.zip", b"this is no zip archive").await;
    world.apply("hello", from_s3("broken.zip")).await;
    world.problem("hello", "InvalidSpec", &["Could not unzip uploaded file", "Correct the spec"]).await;
    world.until_called("hello", "CreateFunction", 2).await;
    let times = world.times_of("hello", "CreateFunction").await;
    assert!(times[1] - times[0] >= 2200, "the same spec is not sent again and again: {times:?}");
}

#[tokio::test]
async fn a_package_that_is_replaced_in_s3_heals_by_itself() {
    let world = World::builder("zip-replaced")
        .settings(|settings| settings.rechecks.refused = Duration::from_secs(1))
        .start()
        .await;
    world.aws().s3_put("packages", "hello.zip", b"this is no zip archive").await;
    let applied = world.apply("hello", from_s3("hello.zip")).await;
    world.problem("hello", "InvalidSpec", &["Could not unzip uploaded file"]).await;
    world.aws().s3_put("packages", "hello.zip", &zipped("index.py", "print('hello')")).await;
    let object = world.ready("hello").await;
    assert_eq!(object.metadata.generation, applied.metadata.generation, "nobody touched the spec");
}

fn zipped(name: &str, content: &str) -> Vec<u8> {
    let mut archive = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    archive.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
    archive.write_all(content.as_bytes()).unwrap();
    archive.finish().unwrap().into_inner()
}

#[tokio::test]
async fn an_environment_over_4_kb_is_refused_before_aws_is_asked() {
    let world = World::start("large-env").await;
    let variables = |size: usize| {
        let (large, rest) = ("x".repeat(size), "y".repeat(1000));
        function(json!({"env": [{"name": "LARGE", "value": large}, {"name": "REST", "value": rest}]}))
    };
    world.apply("hello", variables(4000)).await;
    let texts = [
        "5022 bytes as JSON",
        "Lambda allows 4096",
        "LARGE from spec.env with 4000 bytes",
        "Move large values",
    ];
    world.problem("hello", "InvalidSpec", &texts).await;
    assert!(world.calls_of("hello").await.is_empty());
    world.apply("hello", variables(50)).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_used_up_code_storage_is_a_quota_that_may_be_freed() {
    let world = World::start("storage").await;
    world.aws().configure(|aws| aws.code_storage = 10).await;
    world.apply("hello", function(json!({}))).await;
    let texts = ["CodeStorageExceededException", "Free some of the quota or have it raised"];
    world.problem("hello", "QuotaExceeded", &texts).await;
    world.aws().configure(|aws| aws.code_storage = 1 << 30).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_name_that_is_taken_is_a_conflict_at_once_and_resolved_when_it_is_free() {
    let world = World::start("taken").await;
    let theirs = json!({"FunctionName": "hello", "Role": cluster_tests::ROLE, "Runtime": "python3.14",
        "Handler": "theirs.handler", "Code": {"S3Bucket": "b", "S3Key": "k"}});
    world.aws().put_function(theirs).await;
    world.apply("hello", function(json!({}))).await;
    let texts = ["exists already", "no ownership tag", "spec.adopt"];
    world.problem("hello", "OwnershipConflict", &texts).await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["Handler"], "theirs.handler");
    assert!(world.aws().remove_function("hello").await);
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["Handler"], "index.handler");
}

#[tokio::test]
async fn reserved_concurrency_that_the_account_lacks_is_a_quota() {
    let world = World::start("unreserved").await;
    world.apply("hello", function(json!({"reservedConcurrentExecutions": 950}))).await;
    let texts = ["below its minimum value", "Free some of the quota"];
    world.problem("hello", "QuotaExceeded", &texts).await;
    world.aws().configure(|aws| aws.concurrent_executions = 2000).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_lasting_problem_is_written_once_however_often_it_is_met() {
    let world = World::start("lasting").await;
    let denied =
        FaultError::new(403, "AccessDeniedException", "User: u is not authorized to perform: iam:PassRole");
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().inject(Fault::new("UpdateFunctionConfiguration", FaultEffect::Error(denied))).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    let before = world.problem("hello", "AccessDenied", &["iam:PassRole"]).await;
    world.until_called("hello", "UpdateFunctionConfiguration", 3).await;
    let after = world.functions().get("hello").await.unwrap();
    assert_eq!(
        before.metadata.resource_version, after.metadata.resource_version,
        "nothing new, nothing written"
    );
}
