//! Whose a provider is: its name is ours, so that one may be there already.

use cluster_tests::{World, object_condition};
use serde_json::{Value, json};

use super::{KIND, LOOK, by_hand, in_aws, provider};

/// What the object says that meets a provider which isn't its own.
async fn conflict(world: &World, words: &[&str]) -> Value {
    let object = world.objects(KIND).reason("compute", "OwnershipConflict").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
    object
}

#[tokio::test]
async fn one_that_is_there_is_left_alone_unless_it_may_be_taken_over() {
    let world = World::start("lcp-adopt").await;
    world.aws().put_capacity_provider(by_hand("compute", json!({"theirs": "x"}))).await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({}))).await;
    let object = conflict(&world, &["carries no ownership tag", "spec.adopt to Unowned"]).await;
    assert_eq!(object["status"]["arn"], Value::Null, "it isn't this object's");
    assert_eq!(world.calls().await[..4], [&["CreateCapacityProvider"][..], &LOOK].concat());
    assert_eq!(in_aws(&world).await["Tags"], json!({"theirs": "x"}));
    world.aws().clear_ledger().await;
    let scaling = json!({"maxVCpuCount": 64});
    let adopting = json!({"adopt": "Unowned", "capacityProviderScalingConfig": scaling});
    providers.apply("compute", provider(adopting)).await;
    let object = providers.ready("compute").await;
    assert_eq!(object["status"]["origin"], "Adopted");
    assert_eq!(world.written().await, ["TagResource", "UpdateCapacityProvider"]);
    assert_eq!(in_aws(&world).await["Tags"]["theirs"], "x");
}

#[tokio::test]
async fn that_of_another_object_needs_force() {
    let world = World::start("lcp-force").await;
    let theirs = json!({"lambda-operator.io/owner": "elsewhere/uid", "lambda-operator.io/object": "a/b"});
    world.aws().put_capacity_provider(by_hand("compute", theirs)).await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"adopt": "Unowned"}))).await;
    conflict(&world, &["another cluster", "adopt to Force"]).await;
    assert_eq!(world.written().await, Vec::<String>::new());
    providers.apply("compute", provider(json!({"adopt": "Force"}))).await;
    providers.ready("compute").await;
    assert_eq!(world.written().await, ["TagResource"]);
}

#[tokio::test]
async fn one_that_is_adopted_stalls_where_aws_has_fixed_something_else() {
    let world = World::start("lcp-adopt-fixed").await;
    world.aws().put_capacity_provider(by_hand("compute", json!({}))).await;
    let providers = world.objects(KIND);
    let arm = json!({"adopt": "Unowned", "instanceRequirements": {"architectures": ["arm64"]}});
    providers.apply("compute", provider(arm)).await;
    let object = providers.reason("compute", "ImmutableFieldChanged").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("instanceRequirements.architectures") && text.contains("Set the spec"), "{text}");
    assert_eq!(object_condition(&object, "Stalled")["status"], "True");
}

#[tokio::test]
async fn retained_it_stays_without_the_owners_tags() {
    let world = World::start("lcp-retain").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"deletionPolicy": "Retain", "tags": {"team": "a"}}))).await;
    providers.ready("compute").await;
    providers.delete("compute").await;
    providers.gone("compute").await;
    assert_eq!(in_aws(&world).await["Tags"], json!({"team": "a"}));
    assert_eq!(world.written().await, ["CreateCapacityProvider", "UntagResource"]);
}

#[tokio::test]
async fn observed_it_is_only_looked_at() {
    let world = World::start("lcp-observe").await;
    world.aws().put_capacity_provider(by_hand("compute", json!({}))).await;
    let providers = world.objects(KIND);
    let scaling = json!({"maxVCpuCount": 64});
    let observing = json!({"managementPolicy": "Observe", "capacityProviderScalingConfig": scaling});
    providers.apply("compute", provider(observing)).await;
    let object = providers.ready("compute").await;
    assert_eq!(object_condition(&object, "Drifted")["status"], "True");
    assert_eq!(object["status"]["state"], "Active");
    providers.delete("compute").await;
    providers.gone("compute").await;
    assert_eq!(world.written().await, Vec::<String>::new());
    assert_eq!(world.calls().await, LOOK);
}

#[tokio::test]
async fn suspended_nothing_is_done_not_even_its_deletion() {
    let world = World::start("lcp-suspend").await;
    let providers = world.objects(KIND);
    providers.apply("compute", provider(json!({"suspend": true}))).await;
    let suspended = |object: &Value| object_condition(object, "Suspended")["status"] == "True";
    providers.until("compute", "is suspended", suspended).await;
    assert_eq!(world.calls().await, Vec::<String>::new());
    providers.apply("compute", provider(json!({}))).await;
    providers.ready("compute").await;
    providers.apply("compute", provider(json!({"suspend": true}))).await;
    providers.until("compute", "is suspended", suspended).await;
    world.aws().clear_ledger().await;
    providers.delete("compute").await;
    let waits =
        |object: &Value| object_condition(object, "Suspended")["message"].to_string().contains("deletion");
    providers.until("compute", "its deletion waits", waits).await;
    assert_eq!(world.calls().await, Vec::<String>::new());
    providers.apply("compute", provider(json!({}))).await;
    providers.gone("compute").await;
    assert_eq!(world.written().await, ["DeleteCapacityProvider"]);
}
