//! Layers from S3.

use cluster_tests::object_condition;

use super::*;

const KIND: &str = "LambdaLayer";

fn layer(bucket: &str) -> Value {
    json!({"content": from(bucket)})
}

/// Waits until a layer is Ready with this newest version.
async fn newest(world: &World, number: i64) -> Value {
    world
        .objects(KIND)
        .until("tools", &format!("has version {number}"), |object| {
            object["status"]["latestVersion"] == number
                && object_condition(object, "Ready")["status"] == "True"
        })
        .await
}

async fn published(world: &World) -> usize {
    world.calls().await.iter().filter(|call| *call == "PublishLayerVersion").count()
}

#[tokio::test]
async fn new_content_is_a_new_version_and_equal_content_never_is() {
    for (bucket, ends) in [("deep", "#version=v2"), (FLAT, "\"")] {
        let mut world = started("src-layer").await;
        put(&world, bucket, "1").await;
        world.objects(KIND).apply("tools", layer(bucket)).await;
        newest(&world, 1).await;
        looks(&world, 3).await;
        assert_eq!(world.calls().await, ["ListLayerVersions", "PublishLayerVersion"]);
        put(&world, bucket, "2").await;
        let object = newest(&world, 2).await;
        let source = object["status"]["contentSource"].as_str().unwrap();
        assert!(source.contains('#') && source.ends_with(ends), "{source}");
        world.stop_operator().await;
        world.start_operator();
        looks(&world, 3).await;
        assert_eq!(published(&world).await, 2, "{bucket}");
    }
}

#[tokio::test]
async fn equal_content_with_a_checksum_publishes_nothing_under_another_version() {
    let world = started("src-layer-sum").await;
    put(&world, SUMMED, "1").await;
    world.objects(KIND).apply("tools", layer(SUMMED)).await;
    newest(&world, 1).await;
    put(&world, SUMMED, "1").await;
    world
        .objects(KIND)
        .until("tools", "knows the new version of the object", |object| {
            object["status"]["contentSource"].as_str().is_some_and(|source| source.ends_with("#version=v2"))
        })
        .await;
    newest(&world, 1).await;
    assert_eq!(published(&world).await, 1);
}

#[tokio::test]
async fn without_permission_it_is_published_and_said() {
    let world = started("src-layer-denied").await;
    put(&world, "deep", "1").await;
    world
        .aws()
        .configure(|settings| {
            settings.deny.insert("GetObject".into());
        })
        .await;
    world.objects(KIND).apply("tools", layer("deep")).await;
    let object = newest(&world, 1).await;
    let said = object_condition(&object, "SourceUnchecked");
    assert_eq!((&said["status"], &said["reason"]), (&json!("True"), &json!("AccessDenied")));
    assert!(said["message"].to_string().contains("s3:GetObject on arn:aws:s3:::deep/one.zip"), "{said}");
    world.aws().configure(|settings| settings.deny.clear()).await;
    world
        .objects(KIND)
        .until("tools", "is checked", |object| object_condition(object, "SourceUnchecked").is_null())
        .await;
}

#[tokio::test]
async fn a_missing_object_is_named_and_published_when_it_comes() {
    let world = started("src-layer-missing").await;
    put(&world, "deep", "1").await;
    world
        .aws()
        .configure(|settings| {
            settings.missing_keys.insert("deep/one.zip".into());
        })
        .await;
    world.objects(KIND).apply("tools", layer("deep")).await;
    let object = world.objects(KIND).reason("tools", "DependencyNotReady").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("s3://deep/one.zip doesn't exist"), "{text}");
    assert_eq!(published(&world).await, 0);
    world.aws().configure(|settings| settings.missing_keys.clear()).await;
    newest(&world, 1).await;
}
