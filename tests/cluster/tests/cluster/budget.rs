//! Exactly which calls to AWS a change costs.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::SettleDelay;
use serde_json::{Value, json};

/// What a change of the configuration costs.
const ONE_UPDATE: [&str; 3] = ["GetFunction", "UpdateFunctionConfiguration", "GetFunction"];

/// A world with a function that is Ready, and an empty ledger.
async fn with_ready(name: &str, spec: Value) -> World {
    let world = World::start(name).await;
    world.secret("database", &[("password", "one")]).await;
    world.apply("hello", spec).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world
}

#[tokio::test]
async fn a_default_that_is_spelled_out_costs_a_look_and_no_write() {
    let world = with_ready("budget-default", function(json!({}))).await;
    world.apply("hello", function(json!({"memorySize": 128}))).await;
    world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(world.calls().await, ["GetFunction"]);
}

#[tokio::test]
async fn a_literal_variable_costs_one_update() {
    let spec = |value: &str| function(json!({"env": [{"name": "STAGE", "value": value}]}));
    let world = with_ready("budget-env", spec("one")).await;
    world.apply("hello", spec("two")).await;
    world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(world.calls().await, ONE_UPDATE);
}

#[tokio::test]
async fn a_changed_secret_costs_one_update() {
    let variable =
        json!({"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "database", "key": "password"}}});
    let world = with_ready("budget-secret", function(json!({"env": [variable]}))).await;
    world.secret("database", &[("password", "two")]).await;
    world.until_called("hello", "UpdateFunctionConfiguration", 1).await;
    // By the poll the status no longer says what it said before the change.
    world.until_called("hello", "GetFunction", 2).await;
    world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(world.calls().await, ONE_UPDATE);
    let [(_, body)] = &world.writes("hello").await[..] else { panic!("one write") };
    assert_eq!(body["Environment"]["Variables"], json!({"PASSWORD": "two"}));
}

#[tokio::test]
async fn a_function_that_settles_by_the_second_poll_costs_two_reads() {
    let world = World::start("budget-reads").await;
    world.aws().configure(|aws| aws.create_settle = SettleDelay::Reads(1)).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.assert_quiet("hello", Duration::from_secs(1)).await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction", "GetFunction"]);
}

/// AWS keeps no key where there is nothing to encrypt: that is no drift.
#[tokio::test]
async fn a_key_without_an_environment_is_never_sent_again() {
    let world = World::builder("budget-key")
        .settings(|settings| {
            settings.drift.sweep_interval = Some(Duration::from_millis(300));
            settings.drift.rotation_interval = Some(Duration::from_millis(300));
        })
        .start()
        .await;
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab";
    world.apply("hello", function(json!({"kmsKeyArn": key}))).await;
    let before = world.ready("hello").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let after = world.ready("hello").await;
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version, "nothing is written");
    let operations: Vec<String> = world.writes("hello").await.into_iter().map(|(name, _)| name).collect();
    assert_eq!(operations, ["CreateFunction"]);
}
