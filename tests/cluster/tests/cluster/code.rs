//! Where the code comes from, and what can't be changed once a function exists.

use std::time::Duration;

use cluster_tests::{REGION, ROLE, World, condition, function};
use kube::api::{Patch, PatchParams};
use lambda_operator_crds::LambdaFunction;
use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::{Value, json};
use test_support::eventually;

const REPOSITORY: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app";

fn image(reference: &str) -> Value {
    json!({"role": ROLE, "code": {"image": {"uri": format!("{REPOSITORY}{reference}")}}})
}

fn s3(extra: Value) -> Value {
    let mut s3 = json!({"bucket": "packages", "key": "one.zip"});
    s3.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    function(json!({"code": {"s3": s3}}))
}

fn message(object: &LambdaFunction) -> &str {
    &condition(object, "Ready").unwrap().message
}

/// Operations and bodies of the writes since the creation.
async fn updates(world: &World) -> Vec<(String, Value)> {
    let mut writes = world.writes("hello").await;
    assert_eq!(writes.remove(0).0, "CreateFunction");
    writes
}

/// Asks for a look and waits until it was taken.
async fn look(world: &World, token: &str) {
    world
        .patch("hello", json!({"metadata": {"annotations": {"lambda-operator.io/reconcile-at": token}}}))
        .await;
    world
        .until("hello", "the look was taken", |object| {
            object.status.as_ref().and_then(|status| status.common.last_handled_reconcile_at.as_deref())
                == Some(token)
                && condition(object, "Ready").is_some_and(|ready| ready.status == "True")
        })
        .await;
}

/// A change that the API server refuses, with what it says.
async fn refused(world: &World, patch: Value) -> String {
    let api = world.functions();
    let answer = api.patch("hello", &PatchParams::default(), &Patch::Merge(&patch)).await;
    answer.expect_err("the API server refuses this").to_string()
}

#[tokio::test]
async fn the_status_shows_the_digest_of_an_image_and_the_same_image_is_not_sent_again() {
    let world = World::start("code-image").await;
    let digest = "ab".repeat(32);
    world.aws().image_put(&format!("{REPOSITORY}:v1"), &digest).await;
    world.apply("hello", image(":v1")).await;
    let status = world.ready("hello").await.status.unwrap();
    let resolved = format!("{REPOSITORY}@sha256:{digest}");
    assert_eq!(status.resolved_image_uri.as_deref(), Some(resolved.as_str()));
    assert_eq!(status.code_sha256.as_deref(), Some(digest.as_str()));
    look(&world, "1").await;
    world.apply("hello", image(&format!("@sha256:{digest}"))).await;
    world.ready("hello").await;
    assert_eq!(updates(&world).await, [], "a digest that runs already is not deployed");
    world.apply("hello", image(":v2")).await;
    let status = world.ready("hello").await.status.unwrap();
    assert_ne!(status.resolved_image_uri.as_deref(), Some(resolved.as_str()));
    let [(operation, body)] = &updates(&world).await[..] else { panic!("one write") };
    assert_eq!(
        (operation.as_str(), &body["ImageUri"]),
        ("UpdateFunctionCode", &json!(status.resolved_image_uri))
    );
    look(&world, "2").await;
    assert_eq!(updates(&world).await.len(), 1);
}

#[tokio::test]
async fn code_in_s3_is_sent_when_its_place_changes_and_only_then() {
    let mut world = World::start("code-s3").await;
    world.apply("hello", s3(json!({}))).await;
    world.ready("hello").await;
    look(&world, "1").await;
    world.stop_operator().await;
    world.start_operator();
    look(&world, "2").await;
    assert_eq!(updates(&world).await, []);
    world.apply("hello", s3(json!({"objectVersion": "7", "objectStorageMode": "REFERENCE"}))).await;
    world.ready("hello").await;
    look(&world, "3").await;
    let [(operation, body)] = &updates(&world).await[..] else { panic!("one write") };
    assert_eq!((operation.as_str(), &body["S3ObjectVersion"]), ("UpdateFunctionCode", &json!("7")));
    assert_eq!((&body["S3Key"], &body["S3ObjectStorageMode"]), (&json!("one.zip"), &json!("REFERENCE")));
}

#[tokio::test]
async fn external_code_is_never_created_nor_sent_but_reported() {
    let world = World::builder("code-external")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(500)))
        .start()
        .await;
    let spec = function(json!({"code": {"external": {}}, "adopt": "Unowned", "memorySize": 512}));
    world.apply("hello", spec).await;
    let object = world.reason("hello", "DependencyNotReady").await;
    assert!(
        message(&object).contains("spec.code.external leaves its creation to somebody else"),
        "{}",
        message(&object)
    );
    assert_eq!(world.writes("hello").await, []);
    let function = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "ci.zip"},
    });
    world.aws().put_function(function).await;
    let object = world.ready("hello").await;
    let deployed = world.aws().function("hello").await.unwrap()["Configuration"]["CodeSha256"].clone();
    assert_eq!(object.status.unwrap().code_sha256.as_deref(), deployed.as_str());
    let writes = world.writes("hello").await.len();
    assert_eq!(writes, 2, "tags and memory");
    world.aws().edit_function("hello", json!({"CodeSha256": "ZnJvbSBDSQ=="})).await;
    world
        .until("hello", "the new code is reported", |object| {
            object.status.as_ref().and_then(|status| status.code_sha256.as_deref()) == Some("ZnJvbSBDSQ==")
        })
        .await;
    assert_eq!(world.writes("hello").await.len(), writes);
}

#[tokio::test]
async fn the_name_cannot_change_however_it_is_spelled() {
    let world = World::start("code-name").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let text = refused(&world, json!({"spec": {"functionName": "other"}})).await;
    assert!(
        text.contains("spec.functionName can't be changed") && text.contains("create a new LambdaFunction"),
        "{text}"
    );
    world.patch("hello", json!({"spec": {"functionName": "hello"}})).await;
    refused(&world, json!({"spec": {"functionName": "other"}})).await;
    world.patch("hello", json!({"spec": {"functionName": null}})).await;
    world.ready("hello").await;
    assert_eq!(updates(&world).await, [], "the default spelled out is no change");
}

#[tokio::test]
async fn the_region_cannot_change_however_it_is_spelled() {
    let world = World::start("code-region").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let text = refused(&world, json!({"spec": {"region": "us-east-1"}})).await;
    assert!(text.contains("spec.region can't be changed"), "{text}");
    world.patch("hello", json!({"spec": {"region": REGION}})).await;
    refused(&world, json!({"spec": {"region": "us-east-1"}})).await;
    world.patch("hello", json!({"spec": {"region": null}})).await;
    world.ready("hello").await;
    assert_eq!(updates(&world).await, []);
}

#[tokio::test]
async fn the_package_type_cannot_change_not_even_by_a_detour() {
    let world = World::start("code-package").await;
    world.apply("hello", image(":v1")).await;
    world.ready("hello").await;
    let zip = json!({"spec": {"runtime": "python3.14", "handler": "a.b", "code": {"image": null, "inline": {"files": {"a.py": "x"}}}}});
    let text = refused(&world, zip.clone()).await;
    assert!(text.contains("spec.code can't change between a container image and a zip package"), "{text}");
    world.patch("hello", json!({"spec": {"code": {"image": null, "external": {}}}})).await;
    world.ready("hello").await;
    let mut zip = zip;
    zip["spec"]["code"]["external"] = Value::Null;
    world.patch("hello", zip).await;
    let object = world.reason("hello", "ImmutableFieldChanged").await;
    assert!(condition(&object, "Stalled").is_some_and(|stalled| stalled.status == "True"));
    assert!(message(&object).contains("AWS fixes the package type at creation"), "{}", message(&object));
    assert_eq!(updates(&world).await, []);
}

#[tokio::test]
async fn what_a_zip_package_needs_cannot_be_removed() {
    let world = World::start("code-required").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    for field in ["runtime", "handler", "role", "code"] {
        let text = refused(&world, json!({"spec": {field: null}})).await;
        assert!(text.contains(field), "{field}: {text}");
    }
}

#[tokio::test]
async fn the_key_of_the_package_is_in_every_update_of_the_code() {
    let world = World::start("code-key").await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    let spec = |object: &str, architecture: &str| {
        let code = json!({"s3": {"bucket": "packages", "key": object}, "sourceKMSKeyArn": key});
        function(json!({"code": code, "architectures": [architecture]}))
    };
    world.apply("hello", spec("one.zip", "x86_64")).await;
    world.ready("hello").await;
    for (object, architecture) in [("two.zip", "x86_64"), ("two.zip", "arm64")] {
        world.apply("hello", spec(object, architecture)).await;
        world.ready("hello").await;
    }
    let sent = updates(&world).await;
    assert_eq!(sent.len(), 2);
    for (operation, body) in sent {
        assert_eq!((operation.as_str(), &body["SourceKMSKeyArn"]), ("UpdateFunctionCode", &json!(key)));
    }
}

/// A world whose operator looks for drift all the time, in lists and function by function.
async fn watchful(name: &str) -> World {
    World::builder(name)
        .settings(|settings| {
            settings.drift.sweep_interval = Some(Duration::from_millis(500));
            settings.drift.rotation_interval = Some(Duration::from_millis(500));
        })
        .start()
        .await
}

async fn deployed(world: &World) -> Value {
    world.aws().function("hello").await.unwrap()["Configuration"]["CodeSha256"].clone()
}

async fn is_deployed(world: &World, sha256: &Value) {
    eventually(Duration::from_secs(20), "the code is back", || async {
        let now = deployed(world).await;
        if now == *sha256 { Ok(()) } else { Err(now) }
    })
    .await;
}

#[tokio::test]
async fn inline_code_that_somebody_replaced_is_put_back() {
    let world = watchful("code-inline-drift").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let ours = deployed(&world).await;
    world.aws().edit_function("hello", json!({"CodeSha256": "dGhlaXJz"})).await;
    is_deployed(&world, &ours).await;
    world.ready("hello").await;
    let [(operation, body)] = &updates(&world).await[..] else { panic!("one write") };
    let sent = format!("sha256:{}", ours.as_str().unwrap());
    assert_eq!((operation.as_str(), &body["ZipFile"]), ("UpdateFunctionCode", &json!(sent)));
    world.warning("hello", "DriftDetected", &["code"]).await;
}

#[tokio::test]
async fn an_image_that_somebody_replaced_is_put_back() {
    let world = watchful("code-image-drift").await;
    world.apply("hello", image(":v1")).await;
    world.ready("hello").await;
    let (ours, tags) = (deployed(&world).await, world.aws().function("hello").await.unwrap()["Tags"].clone());
    let theirs = json!({
        "FunctionName": "hello", "Role": ROLE, "PackageType": "Image",
        "Code": {"ImageUri": format!("{REPOSITORY}:theirs")}, "Tags": tags,
    });
    world.aws().put_function(theirs).await;
    assert_ne!(deployed(&world).await, ours);
    is_deployed(&world, &ours).await;
    world.ready("hello").await;
    let [(operation, body)] = &updates(&world).await[..] else { panic!("one write") };
    let uri = format!("{REPOSITORY}@sha256:{}", ours.as_str().unwrap());
    assert_eq!((operation.as_str(), &body["ImageUri"]), ("UpdateFunctionCode", &json!(uri)));
    world.warning("hello", "DriftDetected", &["code"]).await;
}

#[tokio::test]
async fn code_that_changes_before_the_first_look_at_a_new_function_is_sent_once() {
    let world = World::start("code-early").await;
    world.apply("hello", s3(json!({}))).await;
    world.until_called("hello", "CreateFunction", 1).await;
    world.apply("hello", s3(json!({"key": "two.zip"}))).await;
    world.until_called("hello", "UpdateFunctionCode", 1).await;
    world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    let [(_, body)] = &updates(&world).await[..] else { panic!("one update: {:?}", updates(&world).await) };
    assert_eq!(body["S3Key"], "two.zip");
}

#[tokio::test]
async fn code_that_changes_after_a_creation_that_was_answered_with_an_error_is_sent() {
    let world = World::start("code-refused").await;
    let error = FaultEffect::ErrorAfterEffect(FaultError::throttled());
    world.aws().inject(Fault::new("CreateFunction", error).times(1)).await;
    world.apply("hello", s3(json!({}))).await;
    world.until_called("hello", "CreateFunction", 1).await;
    world.apply("hello", s3(json!({"key": "two.zip"}))).await;
    world.ready("hello").await;
    let status = world.ready("hello").await.status.unwrap();
    assert!(status.code_source.unwrap().contains("two.zip"));
    let sent = world.writes("hello").await;
    let [_, .., (operation, body)] = &sent[..] else { panic!("{sent:?}") };
    assert_eq!((operation.as_str(), &body["S3Key"]), ("UpdateFunctionCode", &json!("two.zip")), "{sent:?}");
}
