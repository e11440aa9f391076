//! Event source mappings that change behind the operator's back.

use lambda_sim::SettleDelay;
use serde_json::json;

use crate::client::Bench;
use crate::mappings::{QUEUE, STREAM, mapping};

#[tokio::test]
async fn somebody_in_the_console_changes_any_field() {
    let bench = Bench::with_function().await;
    bench.created("other").await;
    let uuid = bench.mapped(QUEUE, json!({"ScalingConfig": {"MaximumConcurrency": 5}})).await;
    bench.account.clear_ledger().await;
    let changes = json!({
        "BatchSize": 7, "ScalingConfig": null, "FunctionName": "other", "Tags": {"who": "me"},
        "FilterCriteria": {"Filters": [{"Pattern": "{\"a\":[1]}"}]},
    });
    bench.account.edit_mapping(&uuid, changes).await;
    assert!(bench.account.ledger().await.is_empty());
    let read = bench.mapping(&uuid).await;
    assert_eq!((read["BatchSize"].as_i64(), read["State"].as_str()), (Some(7), Some("Enabled")));
    assert!(read.get("ScalingConfig").is_none());
    assert!(read["FunctionArn"].as_str().unwrap().ends_with(":other"));
    assert_eq!(bench.account.mapping(&uuid).await.unwrap()["Tags"], json!({"who": "me"}));
    bench.account.edit_mapping(&uuid, json!({"Enabled": false})).await;
    assert_eq!(bench.mapping(&uuid).await["State"], "Disabled");
}

#[tokio::test]
async fn lambda_itself_disables_a_mapping_and_says_why() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(STREAM, json!({"StartingPosition": "LATEST"})).await;
    let disabled = json!({
        "State": "Disabled", "StateTransitionReason": "EVENT_SOURCE_AUTHN_ERROR",
        "LastProcessingResult": "PROBLEM: Function call failed",
    });
    bench.account.edit_mapping(&uuid, disabled).await;
    let read = bench.mapping(&uuid).await;
    assert_eq!(
        (read["State"].as_str(), read["StateTransitionReason"].as_str()),
        (Some("Disabled"), Some("EVENT_SOURCE_AUTHN_ERROR"))
    );
    assert_eq!(read["LastProcessingResult"], "PROBLEM: Function call failed");
    let enabled = bench.remap(&uuid, json!({"Enabled": true})).await.ok();
    assert_eq!(
        (enabled["State"].as_str(), enabled["StateTransitionReason"].as_str()),
        (Some("Enabling"), Some("User action"))
    );
}

#[tokio::test]
async fn a_state_that_was_set_stays() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(QUEUE, json!({})).await;
    bench.account.edit_mapping(&uuid, json!({"State": "Updating"})).await;
    for _ in 0..3 {
        assert_eq!(bench.mapping(&uuid).await["State"], "Updating");
    }
    bench.remap(&uuid, json!({})).await.refused(400, "ResourceInUseException");
}

#[tokio::test]
async fn looking_does_not_settle_and_mappings_come_and_go() {
    let bench = Bench::with_function().await;
    bench.account.configure(|settings| settings.create_settle = SettleDelay::NEXT_READ).await;
    let created = bench.map(mapping(QUEUE, json!({"Tags": {"a": "b"}}))).await.ok();
    let uuid = created["UUID"].as_str().unwrap();
    assert_eq!(bench.account.mapping(uuid).await.unwrap()["State"], "Creating");
    let theirs = bench.account.put_mapping(mapping(STREAM, json!({"StartingPosition": "LATEST"}))).await;
    assert_eq!(bench.account.mapping(&theirs).await.unwrap()["State"], "Enabled");
    assert_eq!(bench.account.mappings().await.len(), 2);
    assert!(bench.account.remove_mapping(&theirs).await);
    assert!(!bench.account.remove_mapping(&theirs).await);
    assert!(bench.account.mapping(&theirs).await.is_none());
}
