//! The function and the version that a spec names: missing, failed, not ready, exchanged, in any order.

use cluster_tests::{World, function, object_condition};
use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::json;

use super::{KIND, alias, in_aws, message, publish, put_function, says, world_with};

#[tokio::test]
async fn a_number_that_is_not_there_is_explained_with_those_that_are() {
    let world = world_with("alias-missing", 2).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionVersion": "3"}))).await;
    let object = aliases.reason("live", "DependencyNotReady").await;
    says(&object, &["the function quotes has no version 3: it has 1, 2.", "spec.functionVersion"]);
    assert_eq!(world.calls().await[..2], ["CreateAlias", "ListVersionsByFunction"]);
    publish(&world, "quotes", 3).await;
    aliases.ready("live").await;
    let routing = json!({"additionalVersionWeights": {"9": 0.1}});
    aliases.apply("live", alias(json!({"functionVersion": "3", "routingConfig": routing}))).await;
    says(&aliases.reason("live", "DependencyNotReady").await, &["has no version 9"]);
}

#[tokio::test]
async fn a_version_that_failed_is_explained_and_waited_for() {
    let world = world_with("alias-failed", 2).await;
    let failed = json!({"State": "Failed", "StateReasonCode": "FunctionError", "StateReason": "init"});
    world.aws().edit_version("quotes", "2", failed).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionVersion": "2"}))).await;
    let object = aliases.reason("live", "DependencyNotReady").await;
    says(
        &object,
        &[
            "version 2 is Failed (FunctionError: init)",
            "Publish another version",
            "ResourceConflictException",
        ],
    );
    aliases.apply("live", alias(json!({"functionVersion": "1"}))).await;
    aliases.ready("live").await;
    aliases.apply("live", alias(json!({"functionVersion": "2"}))).await;
    says(&aliases.reason("live", "DependencyNotReady").await, &["version 2 is Failed"]);
    assert_eq!(in_aws(&world, "live").await["FunctionVersion"], "1", "it stays where it was");
    world.aws().edit_version("quotes", "2", json!({"State": "Active"})).await;
    aliases.ready("live").await;
    assert_eq!(in_aws(&world, "live").await["FunctionVersion"], "2");
}

#[tokio::test]
async fn somebody_elses_update_in_between_is_read_again() {
    let world = world_with("alias-lock", 2).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionVersion": "1"}))).await;
    aliases.ready("live").await;
    world.aws().clear_ledger().await;
    let error =
        FaultError::new(412, "PreconditionFailedException", "The Revision Id provided does not match");
    world.aws().inject(Fault::new("UpdateAlias", FaultEffect::Error(error)).times(1)).await;
    aliases.apply("live", alias(json!({"functionVersion": "2"}))).await;
    aliases.ready("live").await;
    assert_eq!(world.calls().await, ["GetAlias", "UpdateAlias", "GetAlias", "UpdateAlias"]);
}

#[tokio::test]
async fn a_fault_of_aws_at_an_update_is_retried() {
    let world = world_with("alias-500", 2).await;
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionVersion": "2"}))).await;
    aliases.ready("live").await;
    let error =
        FaultError::new(500, "ServiceException", "An error occurred and the request cannot be processed.");
    world.aws().inject(Fault::new("UpdateAlias", FaultEffect::Error(error)).times(2)).await;
    let routing = json!({"additionalVersionWeights": {"1": 0.1}});
    aliases.apply("live", alias(json!({"functionVersion": "2", "routingConfig": routing}))).await;
    aliases.reason("live", "AWSUnavailable").await;
    aliases.ready("live").await;
    assert_eq!(in_aws(&world, "live").await["RoutingConfig"]["AdditionalVersionWeights"], json!({"1": 0.1}));
}

#[tokio::test]
async fn applied_before_its_function_it_waits_for_it_and_is_woken() {
    let world = World::builder("alias-order")
        .settings(|settings| {
            settings.rechecks.min = std::time::Duration::from_mins(10);
            settings.rechecks.max = std::time::Duration::from_mins(10);
        })
        .start()
        .await;
    let aliases = world.objects(KIND);
    let spec = json!({"functionRef": {"name": "hello"}, "functionVersion": "$LATEST"});
    aliases.apply("live", spec).await;
    let object = aliases.reason("live", "DependencyNotReady").await;
    says(&object, &["LambdaFunction hello does not exist"]);
    assert_eq!(object_condition(&object, "ReferencesResolved")["status"], "False");
    assert_eq!(world.calls().await, [""; 0], "AWS isn't asked");
    world.apply("hello", function(json!({"functionName": "hello-prod"}))).await;
    let object = aliases.ready("live").await;
    assert_eq!(object["status"]["functionName"], "hello-prod");
    assert_eq!(object_condition(&object, "ReferencesResolved")["status"], "True");
    assert!(world.aws().alias("hello-prod", "live").await.is_some());
}

#[tokio::test]
async fn a_function_that_never_published_has_no_latest_version() {
    let world = World::start("alias-no-latest").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let aliases = world.objects(KIND);
    aliases.apply("live", json!({"functionRef": {"name": "hello"}, "version": "Latest"})).await;
    let object = aliases.reason("live", "DependencyNotReady").await;
    says(&object, &["LambdaFunction hello has no published version", "spec.publish"]);
    assert!(!world.calls().await.contains(&"CreateAlias".to_owned()));
}

#[tokio::test]
async fn an_alias_stays_with_its_function_when_the_name_now_means_another() {
    let world = World::start("alias-moved").await;
    world.apply("hello", function(json!({"functionName": "one", "deletionPolicy": "Retain"}))).await;
    world.ready("hello").await;
    let aliases = world.objects(KIND);
    let suspended = |suspend: bool| json!({"functionRef": {"name": "hello"}, "functionVersion": "$LATEST", "suspend": suspend});
    aliases.apply("live", suspended(false)).await;
    aliases.ready("live").await;
    world.delete("hello").await;
    world.gone("hello").await;
    world.apply("hello", function(json!({"functionName": "two"}))).await;
    world.ready("hello").await;
    let object = aliases.reason("live", "ImmutableFieldChanged").await;
    says(
        &object,
        &[
            "LambdaFunction hello is the function two",
            "belongs to the function one",
            "create a new LambdaAlias",
        ],
    );
    assert!(
        world.aws().alias("one", "live").await.is_some() && world.aws().alias("two", "live").await.is_none()
    );
    assert_eq!(object["status"]["functionName"], "one");
}

#[tokio::test]
async fn a_function_of_another_region_is_refused_before_any_write() {
    let world = World::start("alias-region").await;
    put_function(&world, "quotes", 1).await;
    let arn = "arn:aws:lambda:us-east-1:111122223333:function:quotes";
    let aliases = world.objects(KIND);
    aliases.apply("live", alias(json!({"functionName": arn, "functionVersion": "1"}))).await;
    let object = aliases.reason("live", "InvalidSpec").await;
    assert!(message(&object).contains("region us-east-1") && message(&object).contains("region eu-west-1"));
    assert_eq!(world.written().await, [""; 0]);
}
