//! The link from a function to a code-signing configuration: made with the function, changed, removed, drifted, refused.

use std::time::Duration;

use cluster_tests::{ROLE, World, condition, function, object_condition};
use serde_json::{Value, json};
use test_support::eventually;

const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/a1b2c3d4e5";
const READS: [&str; 2] = ["GetFunction", "GetFunctionCodeSigningConfig"];

/// A configuration that somebody else keeps.
async fn foreign(world: &World, policy: &str) -> String {
    let config = json!({
        "AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy},
    });
    world.aws().put_code_signing_config(config).await
}

/// Whether the function `hello` is linked to this configuration.
async fn linked(world: &World, arn: &str) -> bool {
    let config = world.aws().code_signing_config(arn).await.expect("the configuration is there");
    config["FunctionArns"].as_array().is_some_and(|functions| functions.len() == 1)
}

async fn link(world: &World, arn: Value) {
    world.patch("hello", json!({"spec": {"codeSigningConfigArn": arn}})).await;
    world.ready("hello").await;
}

async fn calls_after(world: &World, change: impl AsyncFnOnce(&World)) -> Vec<String> {
    world.aws().clear_ledger().await;
    change(world).await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    world.calls().await
}

#[tokio::test]
async fn a_function_is_created_with_its_link_and_no_call_more() {
    let world = World::start("signing-create").await;
    let arn = foreign(&world, "Warn").await;
    world.apply("hello", function(json!({"codeSigningConfigArn": arn}))).await;
    let object = world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction"]);
    assert!(linked(&world, &arn).await);
    let status = object.status.unwrap();
    assert_eq!(status.code_signing_config_arn, Some(arn));
    assert_eq!(status.common.managed_sections, ["codeSigningConfigArn"]);
}

#[tokio::test]
async fn the_link_is_set_changed_and_removed_with_one_write_each() {
    let world = World::start("signing-change").await;
    let (one, two) = (foreign(&world, "Warn").await, foreign(&world, "Warn").await);
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let calls = calls_after(&world, async |world| link(world, json!(one)).await).await;
    assert_eq!(calls, [READS[0], READS[1], "PutFunctionCodeSigningConfig"]);
    let calls = calls_after(&world, async |world| link(world, json!(two)).await).await;
    assert_eq!(calls, [READS[0], READS[1], "PutFunctionCodeSigningConfig"]);
    assert!(!linked(&world, &one).await && linked(&world, &two).await);
    let calls = calls_after(&world, async |world| link(world, json!(null)).await).await;
    assert_eq!(calls, [READS[0], READS[1], "DeleteFunctionCodeSigningConfig"]);
    assert!(!linked(&world, &two).await);
    let status = world.ready("hello").await.status.unwrap();
    assert_eq!((status.code_signing_config_arn, status.common.managed_sections), (None, Vec::new()));
    let change = async |world: &World| {
        world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
        world.ready("hello").await;
    };
    let calls = calls_after(&world, change).await;
    assert_eq!(calls, ["GetFunction", "UpdateFunctionConfiguration", "GetFunction"], "it is managed no more");
}

#[tokio::test]
async fn the_link_comes_before_configuration_and_code_and_is_not_read_at_every_poll() {
    let world = World::start("signing-order").await;
    let arn = foreign(&world, "Warn").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    let change = async |world: &World| {
        let code = json!({"inline": {"files": files}});
        let spec = json!({"codeSigningConfigArn": arn, "memorySize": 256, "code": code});
        world.patch("hello", json!({"spec": spec})).await;
        world.ready("hello").await;
    };
    let calls = calls_after(&world, change).await;
    let expected = [
        "GetFunction",
        "GetFunctionCodeSigningConfig",
        "PutFunctionCodeSigningConfig",
        "UpdateFunctionConfiguration",
        "GetFunction",
        "UpdateFunctionCode",
        "GetFunction",
    ];
    assert_eq!(calls, expected);
}

#[tokio::test]
async fn a_link_that_somebody_changes_is_found_by_the_rotation_and_mended() {
    let world = World::builder("signing-drift")
        .settings(|settings| {
            settings.drift.rotation_interval = Some(Duration::from_millis(500));
            settings.drift.read_share = 1.0;
        })
        .start()
        .await;
    let (one, two) = (foreign(&world, "Warn").await, foreign(&world, "Warn").await);
    world.apply("hello", function(json!({"codeSigningConfigArn": one}))).await;
    world.ready("hello").await;
    for drift in [json!(two), json!(null)] {
        world.aws().edit_function("hello", json!({"CodeSigningConfigArn": drift})).await;
        eventually(Duration::from_secs(20), "the link is back", || async {
            linked(&world, &one).await.then_some(())
        })
        .await;
        world.ready("hello").await;
    }
    world.warning("hello", "DriftDetected", &["codeSigningConfigArn"]).await;
    let ledger = world.ledger().await;
    let writes: Vec<&str> =
        ledger.iter().filter(|call| call.is_write()).map(|call| call.operation.as_str()).collect();
    assert_eq!(writes, ["CreateFunction", "PutFunctionCodeSigningConfig", "PutFunctionCodeSigningConfig"]);
}

#[tokio::test]
async fn a_link_that_was_never_in_the_spec_is_not_read_and_not_touched() {
    let world = World::builder("signing-foreign")
        .settings(|settings| {
            settings.drift.rotation_interval = Some(Duration::from_millis(300));
            settings.drift.read_share = 1.0;
        })
        .start()
        .await;
    let arn = foreign(&world, "Warn").await;
    let there = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"}, "CodeSigningConfigArn": arn,
    });
    world.aws().put_function(there).await;
    world.apply("hello", function(json!({"adopt": "Unowned", "code": {"external": {}}}))).await;
    world.ready("hello").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(linked(&world, &arn).await);
    assert!(!world.calls().await.iter().any(|operation| operation.contains("CodeSigning")));
}

#[tokio::test]
async fn code_that_nobody_trusted_has_signed_is_refused_in_awss_words() {
    let world = World::start("signing-refused").await;
    let arn = foreign(&world, "Enforce").await;
    world.aws().configure(|aws| aws.unsigned_packages = true).await;
    world.apply("hello", function(json!({"codeSigningConfigArn": arn}))).await;
    let texts = ["CodeVerificationFailedException", "Lambda cannot deploy the function"];
    world.problem("hello", "InvalidSpec", &texts).await;
    world.aws().configure(|aws| aws.unsigned_packages = false).await;
    world.ready("hello").await;
    assert!(linked(&world, &arn).await);
    world.aws().configure(|aws| aws.unsigned_packages = true).await;
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    world.patch("hello", json!({"spec": {"code": {"inline": {"files": files}}}})).await;
    let object = world.problem("hello", "InvalidSpec", &texts).await;
    assert_eq!(condition(&object, "Stalled").unwrap().status, "True");
}

#[tokio::test]
async fn a_configuration_of_the_cluster_is_waited_for_and_kept_while_it_is_used() {
    let world = World::start("signing-ref").await;
    world.apply("hello", function(json!({"codeSigningConfigRef": {"name": "release"}}))).await;
    let object =
        world.problem("hello", "DependencyNotReady", &["CodeSigningConfig release does not exist"]).await;
    assert_eq!(condition(&object, "ReferencesResolved").unwrap().status, "False");
    assert_eq!(world.calls().await, [""; 0]);
    let configs = world.objects("CodeSigningConfig");
    let spec = json!({"allowedPublishers": {"signingProfileVersionArns": [PROFILE]}});
    configs.apply("release", spec).await;
    let object = world.ready("hello").await;
    let [arn] = &world.aws().code_signing_configs().await[..] else { panic!("one configuration") };
    assert!(linked(&world, arn).await);
    assert_eq!(object.status.unwrap().code_signing_config_arn.as_ref(), Some(arn));
    configs.delete("release").await;
    configs
        .until("release", "the deletion is blocked", |object| {
            let ready = object_condition(object, "Ready");
            let text = ready["message"].as_str().unwrap_or_default();
            ready["reason"] == "DeletionBlocked" && text.contains("LambdaFunction hello")
        })
        .await;
    world.delete("hello").await;
    world.gone("hello").await;
    configs.gone("release").await;
    assert!(world.aws().code_signing_configs().await.is_empty());
}
