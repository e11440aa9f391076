//! Functions that keep their tenants apart.

use cluster_tests::{World, function};
use serde_json::json;

use super::by_hand;

#[tokio::test]
async fn tenants_are_kept_apart_from_the_creation_on() {
    let world = World::start("tenancy").await;
    let spec =
        function(json!({"tenancyConfig": {"tenantIsolationMode": "PER_TENANT"}, "publish": "OnChange"}));
    world.apply("hello", spec).await;
    world.ready("hello").await;
    let [(_, sent), _] = &world.writes("hello").await[..] else { panic!("two writes") };
    assert_eq!(sent["TenancyConfig"], json!({"TenantIsolationMode": "PER_TENANT"}));
    world.aws().clear_ledger().await;
    world.patch("hello", json!({"spec": {"timeout": 9}})).await;
    world.ready("hello").await;
    let [(_, sent), _] = &world.writes("hello").await[..] else { panic!("two writes") };
    assert!(sent.get("TenancyConfig").is_none(), "it can't be changed: {sent}");
}

#[tokio::test]
async fn what_an_alias_can_not_have_is_said_in_awss_words() {
    let world = World::start("tenancy-alias").await;
    let spec =
        function(json!({"tenancyConfig": {"tenantIsolationMode": "PER_TENANT"}, "publish": "OnChange"}));
    world.apply("hello", spec).await;
    world.ready("hello").await;
    let aliases = world.objects("LambdaAlias");
    let alias = |extra: serde_json::Value| {
        let mut spec = json!({"functionRef": {"name": "hello"}, "functionVersion": "1"});
        spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        spec
    };
    for section in [
        json!({"functionUrl": {"authType": "AWS_IAM"}}),
        json!({"provisionedConcurrency": {"provisionedConcurrentExecutions": 1}}),
    ] {
        aliases.apply("live", alias(section)).await;
        let refused = aliases.reason("live", "InvalidSpec").await;
        let ready = cluster_tests::object_condition(&refused, "Ready");
        assert!(ready["message"].as_str().unwrap().contains("tenant"), "{ready}");
    }
    aliases.apply("live", alias(json!({}))).await;
    aliases.ready("live").await;
}

#[tokio::test]
async fn what_is_adopted_has_tenants_or_hasnt() {
    let world = World::start("tenancy-adopt").await;
    world.aws().put_function(by_hand(json!({"TenancyConfig": {"TenantIsolationMode": "PER_TENANT"}}))).await;
    world.apply("hello", function(json!({"adopt": "Unowned", "code": {"external": {}}}))).await;
    world.problem("hello", "ImmutableFieldChanged", &["tenancyConfig", "has a"]).await;
    assert_eq!(world.written().await, ["TagResource"]);
}
