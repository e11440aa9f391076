//! Whose instances run a function: it waits for its provider, and the provider for it.

use cluster_tests::{World, function};
use lambda_sim::SettleDelay;
use serde_json::json;

use super::{PROVIDER, by_hand, changed, managed};

const PROVIDERS: &str = "CapacityProvider";

fn by_ref() -> serde_json::Value {
    managed(json!({"capacityProviderConfig": {"capacityProviderRef": {"name": "compute"}}}))
}

fn provider() -> serde_json::Value {
    json!({
        "vpcConfig": {"subnetIds": ["subnet-a"], "securityGroupIds": ["sg-a"]},
        "permissionsConfig": {"capacityProviderOperatorRoleArn": "arn:aws:iam::111122223333:role/capacity"},
    })
}

#[tokio::test]
async fn a_function_and_its_provider_come_from_one_apply_and_go_in_the_opposite_order() {
    let world = World::start("managed-apply").await;
    world.aws().configure(|aws| aws.create_settle = SettleDelay::Hold).await;
    world.apply("hello", by_ref()).await;
    world.objects(PROVIDERS).apply("compute", provider()).await;
    world.problem("hello", "DependencyNotReady", &["CapacityProvider compute", "Creating"]).await;
    assert_eq!(
        world.written().await,
        ["CreateCapacityProvider"],
        "nothing is asked of AWS before it is Active"
    );
    world.aws().configure(|aws| aws.create_settle = SettleDelay::NEXT_READ).await;
    world.aws().settle().await;
    world.objects(PROVIDERS).ready("compute").await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["CreateCapacityProvider", "CreateFunction", "PublishVersion"]);
    let [create, _] = &world.writes("hello").await[..] else { panic!("two writes") };
    let config = json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": PROVIDER}});
    assert_eq!(create.1["CapacityProviderConfig"], config, "what the spec doesn't say is AWS's choice");

    world.objects(PROVIDERS).delete("compute").await;
    let blocked = world.objects(PROVIDERS).reason("compute", "DeletionBlocked").await;
    let told = cluster_tests::object_condition(&blocked, "Ready");
    assert!(told["message"].as_str().unwrap().contains("LambdaFunction hello"), "{told}");
    world.aws().clear_ledger().await;
    world.delete("hello").await;
    world.gone("hello").await;
    world.objects(PROVIDERS).gone("compute").await;
    assert_eq!(world.written().await, ["DeleteFunction", "DeleteCapacityProvider"]);
}

#[tokio::test]
async fn what_the_config_says_is_changed_in_place_and_what_aws_chose_stays() {
    let world = World::start("managed-values").await;
    world.apply("hello", managed(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    let config = |extra: serde_json::Value| {
        let mut config = json!({"capacityProviderArn": PROVIDER});
        config.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        json!({"capacityProviderConfig": config})
    };
    changed(&world, config(json!({"perExecutionEnvironmentMaxConcurrency": 8}))).await;
    let [(operation, sent), (publish, _)] = &world.writes("hello").await[..] else { panic!("two writes") };
    assert_eq!((operation.as_str(), publish.as_str()), ("UpdateFunctionConfiguration", "PublishVersion"));
    let whole = json!({"LambdaManagedInstancesCapacityProviderConfig": {
        "CapacityProviderArn": PROVIDER, "PerExecutionEnvironmentMaxConcurrency": 8, "ExecutionEnvironmentMemoryGiBPerVCpu": 2.0,
    }});
    assert_eq!(sent["CapacityProviderConfig"], whole);
    world.aws().clear_ledger().await;
    changed(&world, config(json!({"perExecutionEnvironmentMaxConcurrency": null}))).await;
    assert_eq!(world.written().await, [""; 0], "AWS has one, and its choice isn't known");
    let other = PROVIDER.replace("compute", "other");
    changed(&world, json!({"capacityProviderConfig": {"capacityProviderArn": other}})).await;
    let [(_, sent), _] = &world.writes("hello").await[..] else { panic!("two writes") };
    let managed = &sent["CapacityProviderConfig"]["LambdaManagedInstancesCapacityProviderConfig"];
    assert_eq!(
        (&managed["CapacityProviderArn"], &managed["PerExecutionEnvironmentMaxConcurrency"]),
        (&json!(other), &json!(8))
    );
}

#[tokio::test]
async fn what_is_adopted_has_it_already_or_never() {
    let world = World::start("managed-adopt").await;
    world.aws().put_function(by_hand(json!({}))).await;
    let theirs = json!({"adopt": "Unowned", "code": {"external": {}}});
    world.apply("hello", managed(theirs.clone())).await;
    world.problem("hello", "ImmutableFieldChanged", &["capacityProviderConfig", "has no", "Retain"]).await;
    assert_eq!(world.written().await, ["TagResource"]);
    let world = World::start("managed-adopt-it").await;
    let config = json!({"LambdaManagedInstancesCapacityProviderConfig": {"CapacityProviderArn": PROVIDER}});
    world.aws().put_function(by_hand(json!({"CapacityProviderConfig": config}))).await;
    world.apply("hello", function(theirs.clone())).await;
    world.problem("hello", "ImmutableFieldChanged", &["capacityProviderConfig", "has a"]).await;
    let mut ignoring = function(theirs);
    ignoring["ignoreDrift"] = json!(["capacityProviderConfig"]);
    world.apply("hello", ignoring).await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["TagResource"]);
}
