//! An alias that follows the newest version of a function which AWS alone knows.

use cluster_tests::World;
use serde_json::json;

use super::{KIND, alias, drifting, in_aws, publish, put_function, says, until_in_aws, world_with, writes};

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
async fn it_moves_once_a_newer_version_is_active_and_never_to_one_that_failed() {
    let world = drifting("alias-follows").start().await;
    put_function(&world, "quotes", 1).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", latest()).await;
    aliases.ready("live").await;
    publish(&world, "quotes", 2).await;
    until_in_aws(&world, "live", "FunctionVersion", json!("2")).await;
    aliases.ready("live").await;
    world.aws().edit_function("quotes", json!({"Timeout": 3})).await;
    world.aws().clear_ledger().await;
    // Published and Pending at once, as the operator sees it.
    world.aws().publish_version("quotes", None).await;
    world.aws().edit_version("quotes", "3", json!({"State": "Pending", "StateReasonCode": "Creating"})).await;
    let waits = |object: &serde_json::Value| super::message(object).contains("version 3 is Pending");
    if in_aws(&world, "live").await["FunctionVersion"] == "2" {
        aliases.until("live", "waits for version 3", waits).await;
        world
            .aws()
            .edit_version("quotes", "3", json!({"State": "Failed", "StateReasonCode": "FunctionError"}))
            .await;
        let object = aliases.ready("live").await;
        says(&object, &["points to version 2", "version 3 is Failed (FunctionError"]);
        assert_eq!(writes(&world).await, [""; 0]);
        world.aws().edit_version("quotes", "3", json!({"State": "Active"})).await;
    }
    until_in_aws(&world, "live", "FunctionVersion", json!("3")).await;
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
    assert_eq!(writes(&world).await, ["CreateAlias"], "nothing is tried before there is a version");
}
