//! What can't be changed of an object that exists, by its effective value: set, change, add, remove, add the default.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

/// What the API server says to a change of the spec, in a dry run.
async fn changed(world: &World, name: &str, spec: &Value) -> Result<(), String> {
    let params = PatchParams { dry_run: true, ..PatchParams::default() };
    let patch = Patch::Merge(json!({"spec": spec}));
    match world.functions().patch(name, &params, &patch).await {
        Ok(_) => Ok(()),
        Err(kube::Error::Api(status)) => Err(status.message),
        Err(other) => Err(other.to_string()),
    }
}

fn has(message: &str, words: &[&str]) {
    for word in words {
        assert!(message.contains(word), "no {word:?} in: {message}");
    }
}

#[tokio::test]
async fn the_function_name_can_not_be_changed() {
    let world = World::builder("fixed-name").without_operator().start().await;
    world.apply("plain", function(json!({}))).await;
    world.apply("named", function(json!({"functionName": "other"}))).await;
    world.apply("equal", function(json!({"functionName": "equal"}))).await;

    for (name, spec, from, to) in [
        ("plain", json!({"functionName": "new"}), "from plain", "to new"),
        ("named", json!({"functionName": "new"}), "from other", "to new"),
        ("named", json!({"functionName": null}), "from other", "to named"),
        ("equal", json!({"functionName": "new"}), "from equal", "to new"),
    ] {
        let message = changed(&world, name, &spec).await.unwrap_err();
        has(&message, &["spec.functionName", from, to, "create a new LambdaFunction"]);
    }
    for (name, spec) in [
        ("plain", json!({"functionName": "plain"})),
        ("equal", json!({"functionName": null})),
        ("named", json!({"functionName": "other", "memorySize": 256})),
    ] {
        changed(&world, name, &spec).await.unwrap_or_else(|message| panic!("{name} {spec}: {message}"));
    }
}

#[tokio::test]
async fn the_region_can_not_be_changed_once_it_is_pinned() {
    let world = World::start("fixed-region").await;
    world.apply("plain", function(json!({}))).await;
    world.apply("named", function(json!({"region": "us-east-1"}))).await;
    world.ready("plain").await;
    world.ready("named").await;
    for (name, spec, from, to) in [
        ("plain", json!({"region": "us-east-1"}), "from eu-west-1", "to us-east-1"),
        ("named", json!({"region": "eu-west-1"}), "from us-east-1", "to eu-west-1"),
    ] {
        let message = changed(&world, name, &spec).await.unwrap_err();
        has(&message, &["spec.region", from, to, "create a new LambdaFunction"]);
    }
    changed(&world, "plain", &json!({"region": "eu-west-1"}))
        .await
        .expect("adding the default changes nothing");
}

#[tokio::test]
async fn removing_the_region_is_taken_for_the_operators_own_and_stalls_for_another() {
    let world = World::start("removed-region").await;
    world.apply("own", function(json!({"region": "eu-west-1"}))).await;
    world.apply("other", function(json!({"region": "us-east-1"}))).await;
    world.ready("own").await;
    world.ready("other").await;
    for name in ["own", "other"] {
        world.patch(name, json!({"spec": {"region": null}})).await;
    }
    world.ready("own").await;
    let object = world.reason("other", "AccountMismatch").await;
    let stalled = condition(&object, "Stalled").expect("no retry can fix it");
    has(&stalled.message, &["eu-west-1", "us-east-1", "set spec.region to us-east-1"]);
    world.assert_quiet("other", Duration::from_millis(300)).await;
    assert!(world.aws().functions().await.iter().all(|name| name == "own"), "nothing is created elsewhere");
    world.patch("other", json!({"spec": {"region": "us-east-1"}})).await;
    world.ready("other").await;
}

#[tokio::test]
async fn code_can_not_change_between_an_image_and_a_zip_package() {
    let world = World::builder("fixed-package").without_operator().start().await;
    let image = json!({"runtime": null, "handler": null, "code": {"image": {"uri": "r/i:1"}}});
    let mut spec = function(json!({"code": {"image": {"uri": "r/i:1"}}}));
    spec.as_object_mut().unwrap().retain(|name, _| name != "runtime" && name != "handler");
    world.apply("image", spec).await;
    world.apply("zip", function(json!({}))).await;
    let s3 = json!({"bucket": "abc", "key": "k"});
    let to_zip = json!({"runtime": "python3.14", "handler": "a.b", "code": {"image": null, "s3": s3}});
    let mut to_image = image.clone();
    to_image["code"]["inline"] = Value::Null;
    for (name, spec) in [("image", &to_zip), ("zip", &to_image)] {
        let message = changed(&world, name, spec).await.unwrap_err();
        has(&message, &["spec.code", "container image", "zip package", "create a new LambdaFunction"]);
    }
    changed(&world, "zip", &json!({"code": {"inline": null, "s3": s3}})).await.expect("from zip to zip");
    changed(&world, "image", &json!({"code": {"image": {"uri": "r/i:2"}}})).await.expect("to another image");
    changed(&world, "zip", &json!({"code": {"inline": null, "external": {}}})).await.expect("to external");
}

#[tokio::test]
async fn what_aws_fixes_at_the_creation_can_be_neither_added_nor_removed() {
    let world = World::builder("fixed-presence").without_operator().start().await;
    let arn = |name: &str| format!("arn:aws:lambda:eu-west-1:111122223333:capacity-provider:{name}");
    let fields = [
        (
            "capacityProviderConfig",
            json!({"capacityProviderArn": arn("one")}),
            json!({"capacityProviderArn": arn("two")}),
        ),
        ("durable", json!({"executionTimeout": 60}), json!({"executionTimeout": 90, "onDelete": "Stop"})),
        (
            "tenancyConfig",
            json!({"tenantIsolationMode": "PER_TENANT"}),
            json!({"tenantIsolationMode": "PER_TENANT"}),
        ),
    ];
    world.apply("plain", function(json!({}))).await;
    for (field, one, two) in fields {
        let name = field.to_lowercase();
        world.apply(&name, function(json!({field: one}))).await;
        for (name, value) in [("plain", &one), (name.as_str(), &Value::Null)] {
            let message = changed(&world, name, &json!({field: value})).await.unwrap_err();
            has(&message, &[&format!("spec.{field}"), "added or removed", "create a new LambdaFunction"]);
        }
        changed(&world, &name, &json!({field: two})).await.expect("what it says can change");
        changed(&world, &name, &json!({field: one, "timeout": 9})).await.expect("it stays");
        changed(&world, "plain", &json!({field: null, "timeout": 9})).await.expect("it stays away");
    }
}
