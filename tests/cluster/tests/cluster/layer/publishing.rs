//! What publishes a version, and what doesn't.

use cluster_tests::{World, object_condition};
use lambda_sim::Fault;
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_creation_is_one_look_and_one_write_and_an_unchanged_spec_costs_no_write() {
    let world = World::start("layer").await;
    let layers = world.objects(KIND);
    layers.apply("tools", layer(json!({"description": "d"}))).await;
    let object = layers.ready("tools").await;
    assert_eq!(calls(&world).await, ["ListLayerVersions", "PublishLayerVersion"]);
    let status = &object["status"];
    let version = &world.aws().layer("tools").await[0];
    assert_eq!(status["latestVersionArn"], version["LayerVersionArn"]);
    assert_eq!((&status["latestVersion"], &status["layerArn"]), (&json!(1), &json!(ARN)));
    assert_eq!(status["codeSha256"], version["Content"]["CodeSha256"]);
    assert_eq!(status["publishedVersions"], json!([1]));
    assert!(status["pending"].is_null());
    let shown = version["Description"].as_str().unwrap();
    assert!(shown.starts_with("d [lambda-operator ") && shown.ends_with(']'), "{shown}");
    until_event(&world, "tools", "Published").await;
    world.aws().clear_ledger().await;
    layers.apply("tools", layer(json!({"description": "d", "ignoreDrift": []}))).await;
    layers.ready("tools").await;
    assert_eq!(calls(&world).await, ["GetLayerVersion"]);
}

#[tokio::test]
async fn each_field_publishes_once_when_set_changed_and_removed() {
    let world = World::start("layer-fields").await;
    applied(&world, "tools", layer(json!({}))).await;
    let s3 = |key: &str| json!({"s3": {"bucket": "packages", "key": key}});
    for (field, set, changed, shown) in [
        ("description", json!("a"), json!("b"), "Description"),
        ("compatibleArchitectures", json!(["arm64"]), json!(["x86_64", "arm64"]), "CompatibleArchitectures"),
        ("compatibleRuntimes", json!(["python3.13"]), json!(["python3.14"]), "CompatibleRuntimes"),
        ("licenseInfo", json!("MIT"), json!("Apache-2.0"), "LicenseInfo"),
        ("content", files("A = 2\n"), s3("tools.zip"), "Content"),
    ] {
        for value in [json!({field: set}), json!({field: changed}), json!({})] {
            let writes = applied(&world, "tools", layer(value.clone())).await;
            assert_eq!(writes, ["PublishLayerVersion"], "{value}");
            let sent = world.ledger().await.into_iter().find(lambda_sim::Call::is_write).unwrap();
            let is_sent = sent.request.get(shown).is_some();
            assert!(is_sent || value.get(field).is_none(), "{field}: {}", sent.request);
            assert_eq!(applied(&world, "tools", layer(value)).await, Vec::<String>::new());
        }
    }
    assert_eq!(numbers(&world).await, (1..=16).collect::<Vec<i64>>(), "without retention all stay");
}

#[tokio::test]
async fn what_means_the_same_publishes_nothing() {
    let world = World::start("layer-same").await;
    let runtimes = |list: [&str; 2]| json!({"compatibleRuntimes": list, "licenseInfo": ""});
    applied(&world, "tools", layer(runtimes(["python3.13", "python3.14"]))).await;
    let writes = applied(&world, "tools", layer(runtimes(["python3.14", "python3.13"]))).await;
    assert_eq!(writes, Vec::<String>::new());
}

#[tokio::test]
async fn a_restart_publishes_nothing_and_reads_nothing() {
    let mut world = World::start("layer-restart").await;
    applied(&world, "tools", layer(json!({}))).await;
    world.stop_operator().await;
    world.aws().clear_ledger().await;
    world.start_operator();
    world.objects(KIND).apply("other", layer(json!({"layerName": "other"}))).await;
    world.objects(KIND).ready("other").await;
    assert_eq!(calls(&world).await, ["ListLayerVersions", "PublishLayerVersion"], "those of the other layer");
}

#[tokio::test]
async fn the_newest_version_comes_back_when_somebody_deletes_it() {
    let world = World::builder("layer-drift").watchful().start().await;
    applied(&world, "tools", layer(json!({}))).await;
    assert!(world.aws().remove_layer_version("tools", 1).await);
    until_numbers(&world, &[2]).await;
    let layers = world.objects(KIND);
    let object = layers.until("tools", "says so", |object| object["status"]["latestVersion"] == 2).await;
    assert_eq!(object["status"]["latestVersionArn"], format!("{ARN}:2"));
    until_event(&world, "tools", "DriftDetected").await;
    layers.ready("tools").await;
    assert_eq!(numbers(&world).await, [2]);
}

#[tokio::test]
async fn what_somebody_else_publishes_is_only_followed() {
    let world = World::builder("layer-external").watchful().start().await;
    let layers = world.objects(KIND);
    let external = json!({"layerName": "tools", "content": {"external": {}}});
    layers.apply("followed", external).await;
    let object = layers.reason("followed", "DependencyNotReady").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("tools has no version"), "{text}");
    for number in [1, 2] {
        theirs(&world).await;
        layers.until("followed", "follows", |object| object["status"]["latestVersion"] == number).await;
    }
    layers.ready("followed").await;
    layers.delete("followed").await;
    layers.gone("followed").await;
    assert_eq!((writes(&world).await, numbers(&world).await), (Vec::new(), vec![1, 2]));
}

#[tokio::test]
async fn who_only_observes_writes_nothing_and_says_what_differs() {
    let world = World::start("layer-observe").await;
    theirs(&world).await;
    let layers = world.objects(KIND);
    layers.apply("tools", layer(json!({"managementPolicy": "Observe", "licenseInfo": "MIT"}))).await;
    let object = layers.ready("tools").await;
    let drifted = object_condition(&object, "Drifted");
    assert_eq!(drifted["status"], "True");
    assert!(drifted["message"].to_string().contains("content, licenseInfo"), "{drifted}");
    assert_eq!(object["status"]["latestVersion"], 1);
    layers.delete("tools").await;
    layers.gone("tools").await;
    assert_eq!((writes(&world).await, numbers(&world).await), (Vec::new(), vec![1]));
}

#[tokio::test]
async fn a_package_that_is_missing_is_said_and_published_once_it_is_there() {
    let world = World::start("layer-missing").await;
    let aws = world.aws();
    let text = "Error occurred while GetObject. S3 Error Code: NoSuchKey.";
    let missing = Fault::error("PublishLayerVersion", 400, "InvalidParameterValueException", text);
    aws.inject(missing.times(1)).await;
    let layers = world.objects(KIND);
    layers.apply("tools", json!({"content": {"s3": {"bucket": "packages", "key": "k"}}})).await;
    let object = layers.ready("tools").await;
    assert_eq!(numbers(&world).await, [1]);
    assert!(object["status"]["pending"].is_null());
    until_event(&world, "tools", "DependencyNotReady").await;
}
