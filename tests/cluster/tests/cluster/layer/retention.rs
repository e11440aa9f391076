//! Which versions go, and which stay.

use cluster_tests::{World, function, object_condition};
use serde_json::{Value, json};

use super::*;

fn kept(keep: i64, text: &str) -> Value {
    layer(json!({"content": files(text), "versionRetention": {"keep": keep}}))
}

/// A function that names a version of the layer.
fn uses(number: i64) -> Value {
    function(json!({"layers": [{"arn": format!("{ARN}:{number}")}]}))
}

#[tokio::test]
async fn older_versions_go_with_the_publication_but_not_those_of_others() {
    let world = World::start("layer-keep").await;
    applied(&world, "tools", kept(2, "1")).await;
    theirs(&world).await;
    assert_eq!(applied(&world, "tools", kept(2, "3")).await, ["PublishLayerVersion"]);
    assert_eq!(applied(&world, "tools", kept(2, "4")).await, ["PublishLayerVersion", "DeleteLayerVersion"]);
    assert_eq!(numbers(&world).await, [2, 3, 4]);
    let object = world.objects(KIND).ready("tools").await;
    assert_eq!(object["status"]["publishedVersions"], json!([3, 4]));
}

#[tokio::test]
async fn a_version_that_a_function_uses_goes_when_the_function_has_let_go() {
    let world = World::start("layer-used").await;
    applied(&world, "tools", kept(1, "1")).await;
    world.apply("hello", uses(1)).await;
    world.apply("bye", uses(1)).await;
    world.ready("hello").await;
    world.ready("bye").await;
    applied(&world, "tools", kept(1, "2")).await;
    world.apply("hello", uses(2)).await;
    world.ready("hello").await;
    applied(&world, "tools", kept(1, "3")).await;
    assert_eq!(numbers(&world).await, [1, 2, 3], "both are in use");
    world.aws().clear_ledger().await;
    world.apply("bye", uses(2)).await;
    until_numbers(&world, &[2, 3]).await;
    assert_eq!(calls(&world).await, ["GetLayerVersion", "DeleteLayerVersion"], "it is woken once");
    world.delete("hello").await;
    world.gone("hello").await;
    assert_eq!(numbers(&world).await, [2, 3]);
    world.delete("bye").await;
    until_numbers(&world, &[3]).await;
}

/// A function whose plain ARN names the first version of the layer, which is deleted in AWS: it still runs, and can't be
/// sent again.
async fn function_of_a_deleted_version(world: &World) {
    applied(world, "tools", layer(json!({}))).await;
    world.apply("hello", uses(1)).await;
    world.ready("hello").await;
    world.aws().remove_layer_version("tools", 1).await;
    world.aws().clear_ledger().await;
}

/// Which keys the updates of the function's configuration had.
async fn updates(world: &World) -> Vec<Value> {
    let writes = world.writes("hello").await;
    writes
        .into_iter()
        .map(|(operation, sent)| json!([operation, sent["MemorySize"], sent["Layers"]]))
        .collect()
}

#[tokio::test]
async fn a_deleted_version_in_use_is_not_sent_with_a_change() {
    let world = World::start("layer-deleted").await;
    function_of_a_deleted_version(&world).await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world.ready("hello").await;
    assert_eq!(updates(&world).await, [json!(["UpdateFunctionConfiguration", 256, null])]);
    let function = world.aws().function("hello").await.unwrap();
    assert_eq!(function["Configuration"]["Layers"][0]["Arn"], format!("{ARN}:1"), "it still has it");
}

#[tokio::test]
async fn a_deleted_version_in_use_is_not_sent_again_with_what_failed() {
    let world = World::start("layer-deleted-failed").await;
    function_of_a_deleted_version(&world).await;
    // An update that isn't the operator's fails, so that everything is sent.
    let failed = json!({
        "LastUpdateStatus": "Failed", "LastUpdateStatusReason": "It was lost", "LastUpdateStatusReasonCode": "InternalError",
    });
    world.aws().edit_function("hello", failed).await;
    world.reconcile_now("hello", "now").await;
    eventually(PATIENCE, "the update is sent again", || async {
        let function = world.aws().function("hello").await.unwrap_or_default();
        let status = function["Configuration"]["LastUpdateStatus"].clone();
        if status == "Successful" { Ok(()) } else { Err(status) }
    })
    .await;
    world.ready("hello").await;
    assert_eq!(
        updates(&world).await,
        [json!(["UpdateFunctionConfiguration", 128, null]), json!(["UpdateFunctionCode", null, null])]
    );
}

/// A function that follows the layer.
fn follower(extra: Value) -> Value {
    let mut spec = function(json!({"layers": [{"layerRef": {"name": "tools"}}]}));
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

/// Waits until a function has this version of the layer in AWS.
async fn until_has(world: &World, name: &str, number: i64) {
    eventually(PATIENCE, format!("{name} has version {number}"), || async {
        let function = world.aws().function(name).await.unwrap_or_default();
        let layers = function["Configuration"]["Layers"].clone();
        if layers[0]["Arn"] == format!("{ARN}:{number}") { Ok(()) } else { Err(layers) }
    })
    .await;
}

#[tokio::test]
async fn functions_roll_to_the_new_version_by_one_update_each_and_then_the_old_one_goes() {
    let world = World::start("layer-roll").await;
    world.apply("a", follower(json!({}))).await;
    world.apply("b", follower(json!({}))).await;
    applied(&world, "tools", kept(1, "1")).await;
    world.ready("a").await;
    world.ready("b").await;
    world.aws().clear_ledger().await;
    world.objects(KIND).apply("tools", kept(1, "2")).await;
    until_has(&world, "a", 2).await;
    until_has(&world, "b", 2).await;
    until_numbers(&world, &[2]).await;
    assert_eq!(writes(&world).await, ["PublishLayerVersion", "DeleteLayerVersion"]);
    let updates = world.calls().await.into_iter().filter(|call| call.starts_with("Update"));
    assert_eq!(updates.collect::<Vec<_>>(), ["UpdateFunctionConfiguration"; 2]);
}

#[tokio::test]
async fn a_function_that_cannot_roll_keeps_its_version() {
    let world = World::start("layer-stuck").await;
    applied(&world, "tools", kept(1, "1")).await;
    world.apply("stuck", follower(json!({}))).await;
    world.apply("paused", follower(json!({}))).await;
    world.ready("stuck").await;
    world.ready("paused").await;
    world.patch("paused", json!({"spec": {"suspend": true}})).await;
    let refused =
        lambda_sim::Fault::error("UpdateFunctionConfiguration", 400, "InvalidParameterValueException", "no");
    world.aws().inject(refused).await;
    applied(&world, "tools", kept(1, "2")).await;
    world.reason("stuck", "InvalidSpec").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(numbers(&world).await, [1, 2]);
    world.aws().clear_faults().await;
    until_has(&world, "stuck", 2).await;
    assert_eq!(numbers(&world).await, [1, 2], "the other one still has it");
    world.patch("paused", json!({"spec": {"suspend": null}})).await;
    until_numbers(&world, &[2]).await;
}

#[tokio::test]
async fn a_layer_goes_after_the_functions_that_follow_it() {
    let world = World::start("layer-blocked").await;
    applied(&world, "tools", layer(json!({}))).await;
    world.apply("hello", follower(json!({}))).await;
    world.ready("hello").await;
    let layers = world.objects(KIND);
    layers.delete("tools").await;
    let object = layers.reason("tools", "DeletionBlocked").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("LambdaFunction hello"), "{text}");
    assert_eq!(numbers(&world).await, [1]);
    world.delete("hello").await;
    world.gone("hello").await;
    layers.gone("tools").await;
    assert_eq!(numbers(&world).await, Vec::<i64>::new());
}

#[tokio::test]
async fn what_was_freed_while_the_operator_was_away_goes_when_it_is_back() {
    let mut world = World::start("layer-freed").await;
    applied(&world, "tools", kept(1, "1")).await;
    world.apply("hello", uses(1)).await;
    world.ready("hello").await;
    applied(&world, "tools", kept(1, "2")).await;
    assert_eq!(numbers(&world).await, [1, 2]);
    world.stop_operator().await;
    world.apply("hello", uses(2)).await;
    world.start_operator();
    until_numbers(&world, &[2]).await;
}

#[tokio::test]
async fn a_deletion_takes_what_was_published_and_leaves_what_others_published() {
    let world = World::start("layer-delete").await;
    applied(&world, "tools", layer(json!({"permissions": [{"statementId": "a", "principal": "*"}]}))).await;
    theirs(&world).await;
    applied(&world, "tools", layer(json!({"content": files("3")}))).await;
    world.aws().clear_ledger().await;
    let layers = world.objects(KIND);
    layers.delete("tools").await;
    layers.gone("tools").await;
    assert_eq!(calls(&world).await, ["DeleteLayerVersion", "DeleteLayerVersion"]);
    assert_eq!(numbers(&world).await, [2]);
    until_event(&world, "tools", "Deleted").await;
}

#[tokio::test]
async fn what_somebody_deleted_before_is_no_obstacle() {
    let world = World::start("layer-gone").await;
    applied(&world, "tools", layer(json!({}))).await;
    world.aws().remove_layer_version("tools", 1).await;
    let layers = world.objects(KIND);
    layers.delete("tools").await;
    layers.gone("tools").await;
}

#[tokio::test]
async fn a_deletion_that_aws_refuses_is_blocked_until_it_is_retained() {
    let world = World::start("layer-denied").await;
    applied(&world, "tools", layer(json!({}))).await;
    world.aws().patch(json!({"deny": ["DeleteLayerVersion"]})).await;
    let layers = world.objects(KIND);
    layers.delete("tools").await;
    let object = layers.reason("tools", "AccessDenied").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("DeleteLayerVersion") && text.contains("Retain"), "{text}");
    layers.apply("tools", layer(json!({"deletionPolicy": "Retain"}))).await;
    layers.gone("tools").await;
    assert_eq!(numbers(&world).await, [1]);
}

#[tokio::test]
async fn retained_all_versions_stay_without_a_call() {
    let world = World::start("layer-retain").await;
    applied(&world, "tools", layer(json!({"deletionPolicy": "Retain"}))).await;
    world.aws().clear_ledger().await;
    let layers = world.objects(KIND);
    layers.delete("tools").await;
    layers.gone("tools").await;
    assert_eq!((calls(&world).await, numbers(&world).await), (Vec::new(), vec![1]));
}
