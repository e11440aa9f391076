//! What lists don't show: tags, and filters that a key encrypts. Looked at in turn.

use cluster_tests::{World, object_condition};
use serde_json::{Value, json};
use test_support::eventually;

use super::{KIND, PATIENCE, event, in_aws, only_mapping, put, queue, with_function};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

/// A world that looks for drift in turn, and never by lists.
async fn rotating(name: &str) -> World {
    let builder = World::builder(name).settings(|settings| {
        settings.drift.rotation_interval = Some(std::time::Duration::from_millis(500));
        settings.drift.read_share = 1.0;
    });
    with_function(builder).await
}

fn filters(pattern: &str) -> Value {
    json!({"filters": [{"pattern": pattern}]})
}

#[tokio::test]
async fn drift_of_tags_and_of_encrypted_filters_is_mended() {
    let world = rotating("esm-turn").await;
    let mappings = world.objects(KIND);
    let wanted = r#"{"body":{"kind":["order"]}}"#;
    let spec = json!({"tags": {"team": "a"}, "kmsKeyArn": KEY, "filterCriteria": filters(wanted)});
    mappings.apply("orders", queue(spec)).await;
    let object = mappings.ready("orders").await;
    let id = super::uuid(&object);
    let mut tags = only_mapping(&world).await["Tags"].clone();
    tags["team"] = json!("b");
    tags["theirs"] = json!("x");
    world.aws().edit_mapping(&id, json!({"Tags": tags})).await;
    event(&world, "orders", "DriftDetected", "tags.team").await;
    in_aws(&world, "the tag is back", |mapping| {
        mapping["Tags"]["team"] == "a" && mapping["Tags"]["theirs"] == "x"
    })
    .await;
    let mended = |object: &Value| object_condition(object, "Drifted")["status"] == "False";
    mappings.until("orders", "says so", mended).await;
    let other = json!({"Filters": [{"Pattern": "{\"body\":{\"kind\":[\"refund\"]}}"}]});
    world.aws().edit_mapping(&id, json!({"FilterCriteria": other})).await;
    in_aws(&world, "the filter is back", |mapping| {
        mapping["FilterCriteria"]["Filters"][0]["Pattern"] == wanted
    })
    .await;
    event(&world, "orders", "DriftDetected", "filterCriteria").await;
}

#[tokio::test]
async fn a_turn_costs_two_reads_and_changes_nothing() {
    let world = rotating("esm-turn-cost").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let before = mappings.ready("orders").await;
    world.aws().clear_ledger().await;
    eventually(PATIENCE, "three turns", || async {
        let calls = world.calls().await;
        if calls.len() >= 6 { Ok(()) } else { Err(calls) }
    })
    .await;
    let calls = world.calls().await;
    let pairs = calls.chunks_exact(2);
    for pair in pairs {
        assert_eq!(pair, ["GetEventSourceMapping", "ListTags"]);
    }
    let after = mappings.ready("orders").await;
    assert_eq!(before["metadata"]["resourceVersion"], after["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn who_only_observes_is_told_of_tags() {
    let world = rotating("esm-turn-observe").await;
    let mappings = world.objects(KIND);
    let id = put(&world, json!({"Tags": {"team": "a"}})).await;
    let spec = json!({"managementPolicy": "Observe", "tags": {"team": "a"}});
    mappings.apply("orders", queue(spec)).await;
    let drifted =
        |status: &'static str| move |object: &Value| object_condition(object, "Drifted")["status"] == status;
    mappings.until("orders", "has no drift", drifted("False")).await;
    world.aws().edit_mapping(&id, json!({"Tags": {"team": "b"}})).await;
    let object = mappings.until("orders", "has drifted", drifted("True")).await;
    let message = object_condition(&object, "Drifted")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("tags.team"), "{message}");
    assert_eq!(object_condition(&object, "Ready")["status"], "True");
    world.aws().edit_mapping(&id, json!({"Tags": {"team": "a"}})).await;
    mappings.until("orders", "has no drift again", drifted("False")).await;
    let writes: Vec<_> = world.ledger().await.into_iter().filter(lambda_sim::Call::is_write).collect();
    assert!(writes.is_empty(), "{writes:?}");
}
