//! Functions from images.

use cluster_tests::ROLE;

use super::*;

const APP: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app";

fn image(uri: &str, extra: Value) -> Value {
    let mut spec = json!({"role": ROLE, "code": {"image": {"uri": uri}}});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

async fn means(world: &World, uri: &str, digit: &str) -> String {
    world.aws().image_put(uri, &digit.repeat(64)).await;
    format!("sha256:{}", digit.repeat(64))
}

#[tokio::test]
async fn a_tag_is_deployed_by_its_digest_and_rolls_out_when_it_moves() {
    let world = started("src-image").await;
    let tag = format!("{APP}:v1");
    let one = means(&world, &tag, "1").await;
    world.apply("hello", image(&tag, json!({}))).await;
    let status = runs(&world, &one).await.status.unwrap();
    let by_digest = format!("{APP}@{one}");
    assert_eq!(status.code_source, Some(format!("{tag}#{one}")));
    assert_eq!(status.resolved_image_uri.as_deref(), Some(by_digest.as_str()));
    let (_, created) = world.writes("hello").await.remove(0);
    assert_eq!(created["Code"]["ImageUri"], by_digest);
    world.aws().clear_ledger().await;
    let two = means(&world, &tag, "2").await;
    let status = runs(&world, &two).await.status.unwrap();
    assert_eq!(status.resolved_image_uri, Some(format!("{APP}@{two}")));
    looks(&world, 3).await;
    assert_eq!(world.calls().await, ["GetFunction", "UpdateFunctionCode", "GetFunction"]);
    assert!(world.source_calls().await.iter().all(|call| call == "BatchGetImage"));
}

#[tokio::test]
async fn another_tag_of_the_same_image_is_not_sent() {
    let world = started("src-retag").await;
    let one = means(&world, &format!("{APP}:v1"), "1").await;
    means(&world, &format!("{APP}:latest"), "1").await;
    for uri in [format!("{APP}:v1"), APP.to_owned(), format!("{APP}@{one}"), format!("{APP}:v1")] {
        world.apply("hello", image(&uri, json!({}))).await;
        world.ready("hello").await;
    }
    assert_eq!(updates(&world).await, []);
}

#[tokio::test]
async fn a_registry_of_another_account_is_asked_by_its_id() {
    let world = started("src-registry").await;
    let uri = "999988887777.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
    let one = means(&world, uri, "1").await;
    world.apply("hello", image(uri, json!({}))).await;
    runs(&world, &one).await;
    let ledger = world.aws().ledger().await;
    let look = ledger.iter().find(|call| call.service == "ecr").unwrap();
    assert_eq!(
        (&look.request["registryId"], &look.request["imageIds"]),
        (&json!("999988887777"), &json!([{"imageTag": "v1"}]))
    );
}

#[tokio::test]
async fn who_only_observes_says_that_the_tag_means_another_image() {
    let world = started("src-observe").await;
    let tag = format!("{APP}:v1");
    let one = means(&world, &tag, "1").await;
    let there = json!({
        "FunctionName": "hello", "Role": ROLE, "PackageType": "Image", "Code": {"ImageUri": format!("{APP}@{one}")},
    });
    world.aws().put_function(there).await;
    world.apply("hello", image(&tag, json!({"managementPolicy": "Observe"}))).await;
    let object = world.ready("hello").await;
    assert_eq!(condition(&object, "Drifted").unwrap().status, "False");
    means(&world, &tag, "2").await;
    world
        .until("hello", "the difference is said", |object| {
            condition(object, "Drifted").is_some_and(|drifted| drifted.message.contains("code"))
        })
        .await;
    assert_eq!(world.writes("hello").await, []);
}

#[tokio::test]
async fn a_missing_image_is_named_and_deployed_when_it_comes() {
    let world = started("src-no-image").await;
    let tag = format!("{APP}:v1");
    world
        .aws()
        .configure(|settings| {
            settings.missing_images.insert(tag.clone());
        })
        .await;
    world.apply("hello", image(&tag, json!({}))).await;
    world.problem("hello", "DependencyNotReady", &["team/app", "tag v1", "111122223333"]).await;
    assert_eq!(world.writes("hello").await, [], "nothing is tried that can't work");
    world.aws().configure(|settings| settings.missing_images.clear()).await;
    world.ready("hello").await;
    checked(&world).await;
}

#[tokio::test]
async fn without_permission_the_tag_itself_is_deployed() {
    let world = started("src-image-denied").await;
    let tag = format!("{APP}:v1");
    let one = means(&world, &tag, "1").await;
    world
        .aws()
        .configure(|settings| {
            settings.deny.insert("BatchGetImage".into());
        })
        .await;
    world.apply("hello", image(&tag, json!({}))).await;
    let permission = "ecr:BatchGetImage on arn:aws:ecr:eu-west-1:111122223333:repository/team/app";
    unchecked(&world, "AccessDenied", &[permission]).await;
    world.ready("hello").await;
    let (_, created) = world.writes("hello").await.remove(0);
    assert_eq!(created["Code"]["ImageUri"], tag);
    world.aws().configure(|settings| settings.deny.clear()).await;
    checked(&world).await;
    runs(&world, &one).await;
    assert_eq!(updates(&world).await, [], "AWS says that this digest runs");
}
