//! Whose function is it? What is taken over, what never is, and what becomes of the tags.

use std::time::Duration;

use cluster_tests::{ROLE, World, WorldBuilder, condition, function};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;
use lambda_operator_crds::LambdaFunction;
use serde_json::{Value, json};
use test_support::eventually;

const IMAGE: &str = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
const OWNER: &str = "lambda-operator.io/owner";
const OBJECT: &str = "lambda-operator.io/object";

/// A world of the cluster "prod".
fn prod(name: &str) -> WorldBuilder {
    World::builder(name).settings(|settings| settings.cluster_id = Some("prod".into()))
}

/// The spec of the function that [`put`] puts into AWS, with some more fields.
fn spec(extra: Value) -> Value {
    let mut spec = json!({"role": ROLE, "code": {"image": {"uri": IMAGE}}, "memorySize": 256});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

/// A function that is in AWS already.
async fn put(world: &World, tags: Value) {
    let function = json!({
        "FunctionName": "hello", "Role": ROLE, "PackageType": "Image", "Code": {"ImageUri": IMAGE},
        "MemorySize": 256, "Tags": tags,
    });
    world.aws().put_function(function).await;
    world.aws().edit_function("hello", json!({"ReservedConcurrentExecutions": 3})).await;
}

async fn in_aws(world: &World) -> Value {
    world.aws().function("hello").await.expect("the function is in AWS")
}

async fn tags(world: &World) -> Value {
    in_aws(world).await["Tags"].clone()
}

/// The tags of an object of this world, beside others.
fn owned_by(world: &World, object: &LambdaFunction, others: &Value) -> Value {
    let name = object.metadata.name.as_deref().unwrap();
    let mut tags = json!({
        OWNER: format!("prod/{}", object.metadata.uid.as_deref().unwrap()),
        OBJECT: format!("{}/{name}", world.namespace.name()),
    });
    tags.as_object_mut().unwrap().extend(others.as_object().unwrap().clone());
    tags
}

fn message(object: &LambdaFunction) -> String {
    condition(object, "Ready").unwrap().message.clone()
}

async fn operations(world: &World) -> Vec<String> {
    world.writes("hello").await.into_iter().map(|(operation, _)| operation).collect()
}

async fn has_event(world: &World, name: &str, kind: &str, reason: &str, part: &str) {
    eventually(Duration::from_mins(1), &format!("an Event {reason} that says {part:?}"), || async {
        let events = world.events(name).await;
        let there = events.iter().any(|(k, r, note)| k == kind && r == reason && note.contains(part));
        if there { Ok(()) } else { Err(events) }
    })
    .await;
}

/// Nothing of the function changed, and the object says why.
async fn conflict(world: &World, before: &Value, parts: &[&str]) {
    let object = world.reason("hello", "OwnershipConflict").await;
    assert!(condition(&object, "Stalled").is_some_and(|stalled| stalled.status == "True"));
    for part in parts {
        assert!(message(&object).contains(part), "{part:?} is not in {}", message(&object));
    }
    assert_eq!(in_aws(world).await, *before);
    has_event(world, "hello", "Warning", "OwnershipConflict", parts[0]).await;
}

#[tokio::test]
async fn an_untagged_function_is_somebody_elses_until_adoption_is_allowed() {
    let world = prod("own-unowned").start().await;
    put(&world, json!({"team": "theirs"})).await;
    let before = in_aws(&world).await;
    world.apply("hello", spec(json!({"memorySize": 512}))).await;
    conflict(&world, &before, &["exists already and carries no ownership tag", "spec.adopt to Unowned"])
        .await;
    assert_eq!(operations(&world).await, ["CreateFunction"], "the create that AWS answered with 409");
    world.delete("hello").await;
    world.gone("hello").await;
    assert_eq!(in_aws(&world).await, before, "what was never ours is left alone on delete");
}

#[tokio::test]
async fn adoption_of_an_equal_function_writes_tags_and_nothing_else() {
    let world = prod("own-adopt").start().await;
    put(&world, json!({"team": "theirs"})).await;
    let before = in_aws(&world).await;
    let object = world.apply("hello", spec(json!({"adopt": "Unowned"}))).await;
    let owned = owned_by(&world, &object, &json!({}));
    let object = world.ready("hello").await;
    assert_eq!(world.writes("hello").await, [("TagResource".to_owned(), json!({"Tags": owned}))]);
    assert_eq!(world.calls().await, ["GetFunction", "TagResource", "GetFunction"]);
    let after = in_aws(&world).await;
    assert_eq!(after["Tags"], owned_by(&world, &object, &json!({"team": "theirs"})), "foreign tags stay");
    assert_eq!(after["Concurrency"], before["Concurrency"], "a section that is not in the spec is untouched");
    assert_eq!(after["Configuration"]["LastModified"], before["Configuration"]["LastModified"]);
    assert!(object.status.as_ref().unwrap().common.managed_sections.is_empty());
    has_event(&world, "hello", "Normal", "Adopted", "now belongs to this object").await;
}

#[tokio::test]
async fn an_adopted_function_that_differs_is_made_to_match() {
    let world = prod("own-adopt-differs").start().await;
    put(&world, json!({})).await;
    world
        .apply("hello", spec(json!({"adopt": "Unowned", "memorySize": 512, "tags": {"team": "ours"}})))
        .await;
    world.ready("hello").await;
    assert_eq!(operations(&world).await, ["TagResource", "UpdateFunctionConfiguration", "TagResource"]);
    let after = in_aws(&world).await;
    assert_eq!(
        (&after["Configuration"]["MemorySize"], &after["Tags"]["team"]),
        (&json!(512), &json!("ours"))
    );
    assert_eq!(after["Concurrency"]["ReservedConcurrentExecutions"], 3);
}

#[tokio::test]
async fn what_another_object_or_cluster_owns_is_taken_over_by_force_only() {
    let world = prod("own-foreign").start().await;
    let cases = [
        (
            json!({OWNER: "prod/some-uid", OBJECT: "shop/cart"}),
            "belongs to the object shop/cart of this cluster",
        ),
        (
            json!({OWNER: "test/some-uid", OBJECT: "shop/cart"}),
            "belongs to the object shop/cart of another cluster",
        ),
    ];
    for (foreign, text) in cases {
        put(&world, foreign).await;
        let before = in_aws(&world).await;
        world.apply("hello", spec(json!({"adopt": "Unowned"}))).await;
        conflict(&world, &before, &[text, "spec.adopt to Force"]).await;
        world.aws().clear_ledger().await;
        let object = world.apply("hello", spec(json!({"adopt": "Force"}))).await;
        world.ready("hello").await;
        assert_eq!(operations(&world).await, ["TagResource"]);
        assert_eq!(tags(&world).await, owned_by(&world, &object, &json!({})));
        world.apply("hello", spec(json!({"deletionPolicy": "Retain"}))).await;
        world.ready("hello").await;
        world.delete("hello").await;
        world.gone("hello").await;
    }
}

#[tokio::test]
async fn the_function_of_a_predecessor_is_tagged_anew_and_kept() {
    let world = prod("own-predecessor").start().await;
    let object_tag = format!("{}/hello", world.namespace.name());
    put(&world, json!({OWNER: "prod/dead-uid", OBJECT: object_tag})).await;
    let object = world.apply("hello", spec(json!({}))).await;
    world.ready("hello").await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction", "TagResource", "GetFunction"]);
    assert_eq!(tags(&world).await, owned_by(&world, &object, &json!({})));
}

#[tokio::test]
async fn the_code_of_a_predecessor_is_not_taken_for_the_one_of_the_spec() {
    let world = prod("own-predecessor-code").start().await;
    let object_tag = format!("{}/hello", world.namespace.name());
    put(&world, json!({OWNER: "prod/dead-uid", OBJECT: object_tag})).await;
    let (newer, digest) = (IMAGE.replace("v1", "v2"), "2".repeat(64));
    world.aws().image_put(&newer, &digest).await;
    world.apply("hello", spec(json!({"code": {"image": {"uri": newer}}}))).await;
    world.ready("hello").await;
    assert_eq!(operations(&world).await, ["CreateFunction", "TagResource", "UpdateFunctionCode"]);
    let by_digest = newer.replace(":v2", &format!("@sha256:{digest}"));
    assert_eq!(in_aws(&world).await["Code"]["ImageUri"], by_digest);
}

/// A function whose ownership tags somebody removed, once that was noticed.
async fn untagged(name: &str) -> World {
    let world = prod(name)
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(500)))
        .start()
        .await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().edit_function("hello", json!({"Tags": {"team": "theirs"}, "MemorySize": 1024})).await;
    world.reason("hello", "OwnershipConflict").await;
    world.aws().clear_ledger().await;
    world
}

#[tokio::test]
async fn a_function_whose_tag_vanished_is_left_as_it_is_until_somebody_repairs_it() {
    let world = untagged("own-vanished").await;
    let before = in_aws(&world).await;
    conflict(
        &world,
        &before,
        &["the tag lambda-operator.io/owner has vanished", "Nothing is changed", "Put the tags"],
    )
    .await;
    world.apply("hello", function(json!({"adopt": "Unowned", "timeout": 60}))).await;
    conflict(&world, &before, &["has vanished"]).await;
    assert_eq!(operations(&world).await, [""; 0]);
    let object = world.functions().get("hello").await.unwrap();
    let repaired = owned_by(&world, &object, &json!({"team": "theirs"}));
    world.aws().edit_function("hello", json!({"Tags": repaired})).await;
    world.ready("hello").await;
    assert_eq!(operations(&world).await, ["UpdateFunctionConfiguration"]);
}

#[tokio::test]
async fn a_function_whose_tag_vanished_is_taken_back_by_force() {
    let world = untagged("own-vanished-force").await;
    let object = world.apply("hello", function(json!({"adopt": "Force"}))).await;
    world.ready("hello").await;
    assert_eq!(operations(&world).await, ["TagResource", "UpdateFunctionConfiguration"]);
    assert_eq!(tags(&world).await, owned_by(&world, &object, &json!({"team": "theirs"})));
}

#[tokio::test]
async fn a_function_whose_tag_vanished_stays_in_aws_when_the_object_goes() {
    let world = untagged("own-vanished-delete").await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert_eq!(operations(&world).await, [""; 0]);
    assert_eq!(tags(&world).await, json!({"team": "theirs"}));
    has_event(&world, "hello", "Warning", "LeftInAWS", "its ownership tag has vanished").await;
}

#[tokio::test]
async fn of_two_objects_for_one_function_the_first_has_it_and_the_second_waits() {
    let world = prod("own-two").start().await;
    let first = world.apply("first", function(json!({"functionName": "hello"}))).await;
    world.ready("first").await;
    let before = in_aws(&world).await;
    world.apply("second", function(json!({"functionName": "hello", "memorySize": 512}))).await;
    let second = world.reason("second", "OwnershipConflict").await;
    let holder = format!("belongs to the object {}/first of this cluster", world.namespace.name());
    assert!(message(&second).contains(&holder), "{}", message(&second));
    assert_eq!(in_aws(&world).await, before);
    world.delete("second").await;
    world.gone("second").await;
    assert_eq!(tags(&world).await, owned_by(&world, &first, &json!({})), "the loser's end changes nothing");
    world.apply("second", function(json!({"functionName": "hello", "memorySize": 512}))).await;
    world.reason("second", "OwnershipConflict").await;
    world.delete("first").await;
    world.gone("first").await;
    world.ready("second").await;
    assert_eq!(in_aws(&world).await["Configuration"]["MemorySize"], 512);
}

#[tokio::test]
async fn retain_leaves_the_function_without_our_tags() {
    let world = prod("own-retain").start().await;
    world.apply("hello", function(json!({"deletionPolicy": "Retain", "tags": {"team": "ours"}}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.delete("hello").await;
    world.gone("hello").await;
    let keys = json!({"tagKeys": [OWNER, OBJECT]});
    assert_eq!(world.writes("hello").await, [("UntagResource".to_owned(), keys)]);
    assert_eq!(tags(&world).await, json!({"team": "ours"}));
    has_event(&world, "hello", "Normal", "Retained", "stays in AWS").await;
    world.apply("hello", function(json!({"adopt": "Unowned", "tags": {"team": "ours"}}))).await;
    world.ready("hello").await;
    assert_eq!(operations(&world).await, ["UntagResource", "TagResource"], "a way back without any change");
}

#[tokio::test]
async fn tags_of_others_stay_and_a_tag_removed_from_the_spec_goes() {
    let world = prod("own-tags").start().await;
    world.apply("hello", function(json!({"tags": {"team": "ours", "stage": "test"}}))).await;
    world.ready("hello").await;
    let object = world.functions().get("hello").await.unwrap();
    let with_theirs = owned_by(&world, &object, &json!({"team": "ours", "stage": "test", "cost": "theirs"}));
    world.aws().edit_function("hello", json!({"Tags": with_theirs})).await;
    world.aws().clear_ledger().await;
    world.apply("hello", function(json!({"tags": {"team": "ours"}}))).await;
    world.ready("hello").await;
    assert_eq!(world.writes("hello").await, [("UntagResource".to_owned(), json!({"tagKeys": ["stage"]}))]);
    assert_eq!(tags(&world).await, owned_by(&world, &object, &json!({"team": "ours", "cost": "theirs"})));
}

#[tokio::test]
async fn by_default_the_cluster_is_named_by_its_kube_system() {
    let world = World::start("own-default").await;
    let object = world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let namespaces: Api<Namespace> = Api::all(world.namespace.client());
    let system = namespaces.get("kube-system").await.unwrap().metadata.uid.unwrap();
    let owner = format!("{system}/{}", object.metadata.uid.as_deref().unwrap());
    assert_eq!(tags(&world).await[OWNER], owner.as_str());
}

#[tokio::test]
async fn the_end_of_a_loser_does_not_stop_the_winners_search_for_drift() {
    let world = prod("own-loser")
        .settings(|settings| settings.drift.sweep_interval = Some(Duration::from_millis(500)))
        .start()
        .await;
    world.apply("first", function(json!({"functionName": "hello"}))).await;
    world.ready("first").await;
    world.apply("second", function(json!({"functionName": "hello"}))).await;
    world.reason("second", "OwnershipConflict").await;
    world.delete("second").await;
    world.gone("second").await;
    world.aws().edit_function("hello", json!({"MemorySize": 512})).await;
    eventually(Duration::from_secs(20), "the memory is back", || async {
        (in_aws(&world).await["Configuration"]["MemorySize"] == 128).then_some(())
    })
    .await;
    has_event(&world, "first", "Warning", "DriftDetected", "memorySize").await;
}
