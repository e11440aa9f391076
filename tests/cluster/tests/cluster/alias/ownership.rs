//! Whose alias is it? It takes no tags, so the status says so, and of two objects only one has it.

use cluster_tests::World;
use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::{Value, json};

use super::{KIND, alias, has_event, in_aws, says, until_in_aws, world_with};

/// Somebody's alias `live`.
async fn put_alias(world: &World, version: &str, description: &str) {
    let alias = json!({"Name": "live", "FunctionVersion": version, "Description": description});
    world.aws().put_alias("quotes", alias).await;
}

fn to(version: &str) -> Value {
    alias(json!({"functionVersion": version}))
}

#[tokio::test]
async fn an_alias_that_was_there_is_somebody_elses_until_adoption_is_allowed() {
    let world = world_with("alias-adopt", 2).await;
    put_alias(&world, "1", "theirs").await;
    let before = in_aws(&world, "live").await;
    let aliases = world.objects(KIND);
    aliases.apply("live", to("1")).await;
    let object = aliases.reason("live", "OwnershipConflict").await;
    says(&object, &["exists already", "neither created nor adopted", "spec.adopt to Unowned"]);
    assert!(object["status"]["functionName"].is_null() && object["status"]["origin"].is_null());
    assert_eq!(in_aws(&world, "live").await, before);
    assert_eq!(world.written().await, ["CreateAlias"], "the one that AWS answered with 409");
    world.aws().clear_ledger().await;
    aliases.apply("live", alias(json!({"functionVersion": "2", "adopt": "Unowned"}))).await;
    let object = aliases.ready("live").await;
    assert_eq!(object["status"]["origin"], "Adopted");
    assert_eq!(world.written().await, ["UpdateAlias"]);
    assert_eq!(in_aws(&world, "live").await["FunctionVersion"], "2");
    has_event(&world, "live", "Adopted").await;
    aliases.apply("live", to("1")).await;
    aliases.ready("live").await;
    assert_eq!(in_aws(&world, "live").await["FunctionVersion"], "1", "what was adopted stays adopted");
}

#[tokio::test]
async fn an_equal_alias_is_adopted_without_a_write_and_left_by_who_never_had_it() {
    let world = world_with("alias-equal", 1).await;
    put_alias(&world, "1", "").await;
    let before = in_aws(&world, "live").await;
    let aliases = world.objects(KIND);
    aliases.apply("live", to("1")).await;
    aliases.reason("live", "OwnershipConflict").await;
    aliases.delete("live").await;
    aliases.gone("live").await;
    assert_eq!(in_aws(&world, "live").await, before, "an equal one of somebody else is not deleted");
    world.aws().clear_ledger().await;
    aliases.apply("live", alias(json!({"functionVersion": "1", "adopt": "Unowned"}))).await;
    aliases.ready("live").await;
    assert_eq!(world.calls().await, ["GetAlias"]);
    assert_eq!(in_aws(&world, "live").await, before);
}

#[tokio::test]
async fn a_throttled_creation_claims_nothing_that_was_there() {
    let world = world_with("alias-throttled", 1).await;
    put_alias(&world, "1", "").await;
    let error = FaultError::new(429, "TooManyRequestsException", "Rate exceeded");
    world.aws().inject(Fault::new("CreateAlias", FaultEffect::Error(error)).times(1)).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", to("1")).await;
    aliases.reason("live", "OwnershipConflict").await;
}

#[tokio::test]
async fn a_lost_answer_is_found_again_and_nothing_is_done_twice() {
    let world = world_with("alias-lost", 1).await;
    world.aws().inject(Fault::new("CreateAlias", FaultEffect::CutAfter).times(1)).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", to("1")).await;
    let object = aliases.ready("live").await;
    assert_eq!(
        (&object["status"]["origin"], &object["status"]["pending"]),
        (&json!("Created"), &json!(null))
    );
    assert_eq!(world.calls().await, ["CreateAlias", "GetAlias"]);
}

#[tokio::test]
async fn of_two_objects_for_one_alias_the_first_has_it_and_the_second_waits() {
    let world = world_with("alias-two", 2).await;
    let aliases = world.objects(KIND);
    let named =
        |version: &str| alias(json!({"aliasName": "live", "functionVersion": version, "adopt": "Unowned"}));
    aliases.apply("first", named("1")).await;
    aliases.ready("first").await;
    world.aws().clear_ledger().await;
    aliases.apply("second", named("2")).await;
    let object = aliases.reason("second", "OwnershipConflict").await;
    says(&object, &["/first stands for the same resource"]);
    aliases.delete("second").await;
    aliases.gone("second").await;
    assert_eq!(world.calls().await, [""; 0], "the loser asks nothing of AWS, not even at its end");
    aliases.apply("second", named("2")).await;
    aliases.reason("second", "OwnershipConflict").await;
    aliases.delete("first").await;
    aliases.gone("first").await;
    aliases.ready("second").await;
    until_in_aws(&world, "live", "FunctionVersion", json!("2")).await;
}

#[tokio::test]
async fn two_objects_that_come_at_once_agree_who_has_it() {
    let mut world = World::builder("alias-race").without_operator().start().await;
    super::put_function(&world, "quotes", 3).await;
    let names = ["a", "b", "c"];
    for (name, version) in names.iter().zip(["1", "2", "3"]) {
        let spec = json!({"aliasName": "live", "functionVersion": version, "adopt": "Unowned"});
        world.objects(KIND).apply(name, alias(spec)).await;
    }
    world.start_operator();
    let aliases = world.objects(KIND);
    let mut reasons = Vec::new();
    for name in names {
        let settled = |object: &Value| {
            let ready = cluster_tests::object_condition(object, "Ready");
            ready["reason"] == "Available" || ready["reason"] == "OwnershipConflict"
        };
        aliases.until(name, "is decided", settled).await;
    }
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    for name in names {
        let object = serde_json::to_value(aliases.api().get(name).await.unwrap()).unwrap();
        let ready = cluster_tests::object_condition(&object, "Ready");
        reasons.push((
            ready["reason"].as_str().unwrap().to_owned(),
            object["status"]["functionVersion"].clone(),
        ));
    }
    let holders: Vec<_> = reasons.iter().filter(|(reason, _)| reason == "Available").collect();
    assert_eq!(holders.len(), 1, "{reasons:?}");
    assert_eq!(in_aws(&world, "live").await["FunctionVersion"], holders[0].1);
}

#[tokio::test]
async fn observed_it_is_described_and_never_touched() {
    let world = world_with("alias-observe", 2).await;
    let aliases = world.objects(KIND);
    let spec = alias(json!({"functionVersion": "2", "managementPolicy": "Observe"}));
    aliases.apply("live", spec).await;
    says(
        &aliases.reason("live", "DependencyNotReady").await,
        &["has no alias live", "Observe never creates"],
    );
    put_alias(&world, "1", "").await;
    let object = aliases.ready("live").await;
    says(&object, &["differs from the spec in functionVersion"]);
    assert_eq!(cluster_tests::object_condition(&object, "Drifted")["status"], "True");
    assert_eq!(object["status"]["functionVersion"], "1");
    aliases.delete("live").await;
    aliases.gone("live").await;
    assert_eq!(world.written().await, [""; 0]);
    assert_eq!(in_aws(&world, "live").await["FunctionVersion"], "1");
}
