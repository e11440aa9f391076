//! What a creation costs, and each field set, changed, removed and drifted.

use std::time::Duration;

use cluster_tests::{World, object_condition};
use serde_json::json;

use super::{KIND, alias, has_event, in_aws, message, put_function, until_in_aws, world_with};

#[tokio::test]
async fn a_creation_is_one_write_without_a_read_and_an_unchanged_spec_none() {
    let world = world_with("alias-create", 2).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionVersion": "2"}))).await;
    let object = aliases.ready("live").await;
    assert_eq!(world.calls().await, ["CreateAlias"]);
    let status = &object["status"];
    assert_eq!(status["arn"], "arn:aws:lambda:eu-west-1:111122223333:function:quotes:live");
    assert_eq!((&status["functionName"], &status["functionVersion"]), (&json!("quotes"), &json!("2")));
    assert_eq!((&status["origin"], &status["pending"]), (&json!("Created"), &json!(null)));
    world.aws().clear_ledger().await;
    aliases.apply("live", alias(json!({"functionVersion": "2", "description": ""}))).await;
    aliases.ready("live").await;
    assert_eq!(world.calls().await, ["GetAlias"], "a default that is spelled out changes nothing");
    let before = aliases.api().get("live").await.unwrap().metadata.resource_version;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.calls().await, ["GetAlias"]);
    assert_eq!(aliases.api().get("live").await.unwrap().metadata.resource_version, before);
}

#[tokio::test]
async fn each_field_is_set_changed_and_removed_by_one_update() {
    let world = world_with("alias-fields", 3).await;
    let aliases = world.objects(KIND);
    let weights = |weight: f64| json!({"additionalVersionWeights": {"1": weight}});
    aliases.apply("live", alias(json!({"functionVersion": "2"}))).await;
    aliases.ready("live").await;
    for (spec, member, value) in [
        (json!({"functionVersion": "3"}), "FunctionVersion", json!("3")),
        (json!({"functionVersion": "$LATEST"}), "FunctionVersion", json!("$LATEST")),
        (json!({"functionVersion": "2"}), "FunctionVersion", json!("2")),
        (json!({"functionVersion": "2", "description": "d"}), "Description", json!("d")),
        (json!({"functionVersion": "2", "description": "e"}), "Description", json!("e")),
        (json!({"functionVersion": "2"}), "Description", json!("")),
        (
            json!({"functionVersion": "2", "routingConfig": weights(0.1)}),
            "RoutingConfig",
            json!({"AdditionalVersionWeights": {"1": 0.1}}),
        ),
        (
            json!({"functionVersion": "2", "routingConfig": weights(0.5)}),
            "RoutingConfig",
            json!({"AdditionalVersionWeights": {"1": 0.5}}),
        ),
        (json!({"functionVersion": "2"}), "RoutingConfig", json!(null)),
    ] {
        world.aws().clear_ledger().await;
        aliases.apply("live", alias(spec.clone())).await;
        let object = aliases.ready("live").await;
        assert_eq!(world.calls().await, ["GetAlias", "UpdateAlias"], "{spec}");
        let has = in_aws(&world, "live").await;
        assert_eq!(has[member], value, "{spec}");
        assert_eq!(object["status"]["functionVersion"], has["FunctionVersion"]);
        assert_eq!(object["status"]["revisionId"], has["RevisionId"]);
    }
}

#[tokio::test]
async fn drift_of_each_field_is_found_said_and_mended_unless_it_is_ignored() {
    let world = World::builder("alias-drift").watchful().start().await;
    put_function(&world, "quotes", 3).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionVersion": "2", "description": "ours"}))).await;
    let ignoring =
        json!({"functionVersion": "2", "ignoreDrift": ["functionVersion", "routingConfig", "description"]});
    aliases.apply("theirs", alias(ignoring)).await;
    aliases.ready("live").await;
    aliases.ready("theirs").await;
    for (edit, member, value) in [
        (json!({"Description": "by hand"}), "Description", json!("ours")),
        (json!({"FunctionVersion": "3"}), "FunctionVersion", json!("2")),
        (json!({"RoutingConfig": {"AdditionalVersionWeights": {"1": 0.3}}}), "RoutingConfig", json!(null)),
    ] {
        world.aws().edit_alias("quotes", "theirs", edit.clone()).await;
        world.aws().edit_alias("quotes", "live", edit).await;
        until_in_aws(&world, "live", member, value).await;
    }
    has_event(&world, "live", "DriftDetected").await;
    let theirs = in_aws(&world, "theirs").await;
    assert_eq!((&theirs["Description"], &theirs["FunctionVersion"]), (&json!("by hand"), &json!("3")));
    assert_eq!(theirs["RoutingConfig"]["AdditionalVersionWeights"], json!({"1": 0.3}));
    assert!(!world.events("theirs").await.iter().any(|(_, reason, _)| reason == "DriftDetected"));
}

#[tokio::test]
async fn weights_that_aws_has_while_it_moves_provisioned_concurrency_are_left_alone() {
    let world = World::builder("alias-shift").watchful().start().await;
    put_function(&world, "quotes", 2).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionVersion": "2"}))).await;
    aliases.ready("live").await;
    world.aws().clear_ledger().await;
    let weights = |weight: f64| json!({"RoutingConfig": {"AdditionalVersionWeights": {"1": weight}}});
    world.aws().edit_alias("quotes", "live", weights(1.0)).await;
    let object = aliases.reason("live", "Updating").await;
    assert!(message(&object).contains("version 1 gets 1"), "{}", message(&object));
    world.aws().provision("quotes", "live", Some("IN_PROGRESS")).await;
    world.aws().edit_alias("quotes", "live", weights(0.6)).await;
    let said = |object: &serde_json::Value| message(object).contains("version 1 gets 0.6");
    let object = aliases.until("live", "says how far it is", said).await;
    assert_ne!(object_condition(&object, "Drifted")["status"], "True");
    world.aws().edit_alias("quotes", "live", json!({"RoutingConfig": null})).await;
    world.aws().provision("quotes", "live", Some("READY")).await;
    aliases.ready("live").await;
    assert_eq!(world.written().await, [""; 0], "AWS is left to finish");
}
