//! An alias that follows the newest version of a function: of one that AWS alone knows, and of a LambdaFunction.

use cluster_tests::{World, function, object_condition};
use lambda_sim::{Call, Fault, FaultEffect, SettleDelay};
use serde_json::json;

use super::{KIND, alias, publish, put_function, says, until_in_aws, world_with};

fn latest() -> serde_json::Value {
    alias(json!({"version": "Latest"}))
}

#[tokio::test]
async fn a_creation_is_two_reads_and_a_write() {
    let world = world_with("alias-latest", 3).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", latest()).await;
    let object = aliases.ready("live").await;
    assert_eq!(object["status"]["functionVersion"], "3");
    assert_eq!(world.calls().await, ["ListVersionsByFunction", "GetFunction", "CreateAlias"]);
}

#[tokio::test]
async fn until_aws_has_answered_it_is_being_created_and_not_updated() {
    let world = world_with("alias-creating", 1).await;
    world.aws().inject(Fault::new("CreateAlias", FaultEffect::PauseBefore).times(1)).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", latest()).await;
    world.sim.control().wait_for_held().await;
    // The intent was stored before the call.
    let object = serde_json::to_value(aliases.api().get("live").await.unwrap()).unwrap();
    let ready = object_condition(&object, "Ready");
    assert_eq!((&ready["status"], &ready["reason"]), (&json!("Unknown"), &json!("Creating")), "{ready}");
    world.sim.control().release().await;
    aliases.ready("live").await;
}

#[tokio::test]
async fn it_moves_when_a_version_is_published() {
    let world = World::builder("alias-follows").watchful().start().await;
    put_function(&world, "quotes", 1).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", latest()).await;
    aliases.ready("live").await;
    publish(&world, "quotes", 2).await;
    until_in_aws(&world, "live", "FunctionVersion", json!("2")).await;
    let says_two = |object: &serde_json::Value| object["status"]["functionVersion"] == "2";
    aliases.until("live", "says that it points to version 2", says_two).await;
    aliases.ready("live").await;
}

#[tokio::test]
async fn it_waits_for_a_version_that_is_pending_and_passes_over_one_that_failed() {
    let world = World::builder("alias-pending").watchful().start().await;
    put_function(&world, "quotes", 2).await;
    let state = async |state: &str| {
        let changes = json!({"State": state, "StateReasonCode": "FunctionError", "StateReason": "init"});
        world.aws().edit_version("quotes", "2", changes).await;
    };
    state("Pending").await;
    let aliases = world.objects(KIND);
    aliases.apply("live", latest()).await;
    let object = aliases.reason("live", "Updating").await;
    says(&object, &["points to version 1", "version 2 is Pending"]);
    state("Failed").await;
    let object = aliases.ready("live").await;
    says(&object, &["points to version 1", "version 2 is Failed (FunctionError: init)"]);
    assert_eq!(world.written().await, ["CreateAlias"], "no alias moves to a version that isn't Active");
    state("Active").await;
    until_in_aws(&world, "live", "FunctionVersion", json!("2")).await;
    aliases.ready("live").await;
}

#[tokio::test]
async fn without_a_version_it_waits_and_says_for_what() {
    let world = World::start("alias-unpublished").await;
    let aliases = world.objects(KIND);
    aliases.apply("live", latest()).await;
    let object = aliases.reason("live", "DependencyNotReady").await;
    says(&object, &["no function quotes"]);
    put_function(&world, "quotes", 0).await;
    let unpublished =
        |object: &serde_json::Value| super::message(object).contains("has no published version");
    aliases.until("live", "says that there is no version", unpublished).await;
    publish(&world, "quotes", 1).await;
    aliases.ready("live").await;
    assert_eq!(world.written().await, ["CreateAlias"], "nothing is tried before there is a version");
}

#[tokio::test]
async fn of_a_lambda_function_it_follows_what_that_publishes_by_one_write_each() {
    let world = World::start("alias-published").await;
    let published = |memory: u32| {
        function(json!({
            "publish": "OnChange", "memorySize": memory, "snapStart": {"applyOn": "PublishedVersions"},
        }))
    };
    let aliases = world.objects(KIND);
    aliases.apply("live", json!({"functionRef": {"name": "hello"}, "version": "Latest"})).await;
    world.apply("hello", published(128)).await;
    let object = aliases.ready("live").await;
    assert_eq!(object["status"]["functionVersion"], "1");
    world.aws().configure(|aws| aws.version_settle = Some(SettleDelay::Hold)).await;
    world.aws().clear_ledger().await;
    world.apply("hello", published(256)).await;
    world.reason("hello", "Publishing").await;
    world.until_called("hello", "PublishVersion", 1).await;
    assert_eq!(world.aws().alias("hello", "live").await.unwrap()["FunctionVersion"], "1", "2 isn't Active");
    world.aws().settle().await;
    let moved = |object: &serde_json::Value| object["status"]["functionVersion"] == "2";
    aliases.until("live", "points to version 2", moved).await;
    assert_eq!(world.aws().alias("hello", "live").await.unwrap()["FunctionVersion"], "2");
    let written = world.ledger().await.into_iter().filter(Call::is_write).map(|call| call.operation);
    let expected = ["UpdateFunctionConfiguration", "PublishVersion", "UpdateAlias"];
    assert_eq!(written.collect::<Vec<_>>(), expected);
}
