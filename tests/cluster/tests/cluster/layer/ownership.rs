//! Whose layer is it? Layers can carry no tags.

use cluster_tests::{World, object_condition};
use serde_json::json;

use super::*;

#[tokio::test]
async fn a_layer_of_somebody_else_is_left_alone_until_it_may_be_adopted() {
    let world = World::start("layer-theirs").await;
    theirs(&world).await;
    let layers = world.objects(KIND);
    layers.apply("tools", layer(json!({}))).await;
    let object = layers.reason("tools", "OwnershipConflict").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains(":layer:tools:1") && text.contains("spec.adopt to Unowned"), "{text}");
    assert_eq!(writes(&world).await, Vec::<String>::new());
    assert_eq!(applied(&world, "tools", layer(json!({"adopt": "Unowned"}))).await, ["PublishLayerVersion"]);
    let object = layers.ready("tools").await;
    assert_eq!(
        (&object["status"]["origin"], &object["status"]["latestVersion"]),
        (&json!("Adopted"), &json!(2))
    );
    layers.delete("tools").await;
    layers.gone("tools").await;
    assert_eq!(numbers(&world).await, [1], "what it didn't publish stays");
}

#[tokio::test]
async fn what_is_there_already_is_adopted_without_a_write() {
    let world = World::start("layer-adopt").await;
    let layers = world.objects(KIND);
    applied(&world, "tools", layer(json!({"deletionPolicy": "Retain"}))).await;
    layers.delete("tools").await;
    layers.gone("tools").await;
    assert_eq!(applied(&world, "tools", layer(json!({"adopt": "Unowned"}))).await, Vec::<String>::new());
    let object = layers.ready("tools").await;
    assert_eq!(
        (&object["status"]["origin"], &object["status"]["latestVersion"]),
        (&json!("Adopted"), &json!(1))
    );
    until_event(&world, "tools", "Adopted").await;
    let writes = applied(&world, "tools", layer(json!({"adopt": "Unowned", "licenseInfo": "MIT"}))).await;
    assert_eq!(writes, ["PublishLayerVersion"]);
    layers.delete("tools").await;
    layers.gone("tools").await;
    assert_eq!(numbers(&world).await, [1]);
}

#[tokio::test]
async fn of_two_objects_the_older_holds_the_layer_until_it_is_gone() {
    let world = World::start("layer-rivals").await;
    let layers = world.objects(KIND);
    let spec = |text: &str| layer(json!({"layerName": "tools", "content": files(text), "adopt": "Force"}));
    layers.apply("old", spec("old")).await;
    layers.ready("old").await;
    // Ages are told in seconds.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    layers.apply("young", spec("young")).await;
    let object = layers.reason("young", "OwnershipConflict").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("/old ") && text.contains("older"), "{text}");
    let external = json!({"layerName": "tools", "content": {"external": {}}});
    layers.apply("follower", external).await;
    layers.ready("follower").await;
    assert_eq!(numbers(&world).await, [1], "who only follows is no rival");
    layers.delete("young").await;
    layers.gone("young").await;
    assert_eq!(numbers(&world).await, [1], "who held nothing deletes nothing");
    layers.apply("young", spec("young")).await;
    layers.reason("young", "OwnershipConflict").await;
    layers.delete("old").await;
    layers.gone("old").await;
    layers.ready("young").await;
    assert_eq!(numbers(&world).await, [2]);
}

#[tokio::test]
async fn two_objects_that_come_at_once_publish_only_one_content() {
    let world = World::builder("layer-both").without_operator().start().await;
    let layers = world.objects(KIND);
    for name in ["a", "b"] {
        layers.apply(name, layer(json!({"layerName": "tools", "content": files(name)}))).await;
    }
    let mut world = world;
    world.start_operator();
    let layers = world.objects(KIND);
    let reason = |object: &Value| object_condition(object, "Ready")["reason"].clone();
    let first = layers.until("a", "has a verdict", |object| {
        ["Available", "OwnershipConflict"].iter().any(|one| reason(object) == *one)
    });
    let first = reason(&first.await);
    let other = if first == "Available" { "OwnershipConflict" } else { "Available" };
    layers.reason("b", other).await;
    assert_eq!(numbers(&world).await, [1]);
}

#[tokio::test]
async fn another_region_is_another_layer() {
    let world = World::start("layer-regions").await;
    let layers = world.objects(KIND);
    layers.apply("here", layer(json!({"layerName": "tools"}))).await;
    layers.apply("there", layer(json!({"layerName": "tools", "region": "eu-north-1"}))).await;
    layers.ready("here").await;
    let there = layers.ready("there").await;
    assert_eq!(there["status"]["layerArn"], "arn:aws:lambda:eu-north-1:111122223333:layer:tools");
}
