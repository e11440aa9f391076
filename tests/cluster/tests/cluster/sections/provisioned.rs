//! Provisioned concurrency of aliases, and the subresource `scale`.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::{Section, SettleDelay};
use serde_json::{Value, json};
use test_support::eventually;

use super::{aliased, calls_after, with};

fn spec(number: i32) -> Value {
    json!({"provisionedConcurrency": {"provisionedConcurrentExecutions": number}})
}

async fn has(world: &World) -> Value {
    world.aws().section("hello", Some("live"), Section::Provisioned).await.unwrap_or_default()
}

#[tokio::test]
async fn a_number_is_set_changed_and_removed_and_ready_waits_for_aws() {
    let world = World::start("provisioned").await;
    aliased(&world, json!({})).await;
    let aliases = world.objects("LambdaAlias");
    world.aws().configure(|aws| aws.section_settle = Some(SettleDelay::Hold)).await;
    world.aws().clear_ledger().await;
    aliases.apply("live", with(spec(5))).await;
    // The intent says Updating already.
    let at_work = |object: &Value| object["status"]["provisionedConcurrency"]["status"] == "IN_PROGRESS";
    aliases.until("live", "AWS is at work", at_work).await;
    aliases.reason("live", "Updating").await;
    assert_eq!(world.written().await, ["PutProvisionedConcurrencyConfig"]);
    world.aws().settle().await;
    let object = aliases.ready("live").await;
    let status = &object["status"]["provisionedConcurrency"];
    assert_eq!((&status["available"], &status["status"]), (&json!(5), &json!("READY")));
    world.aws().configure(|aws| aws.section_settle = None).await;
    aliases.apply("live", with(spec(7))).await;
    aliases.ready("live").await;
    assert_eq!(has(&world).await["RequestedProvisionedConcurrentExecutions"], 7);
    for none in [spec(0), json!({})] {
        aliases.apply("live", with(spec(3))).await;
        aliases.ready("live").await;
        let calls = calls_after(&world, async |_| {
            aliases.apply("live", with(none)).await;
            aliases.ready("live").await;
        })
        .await;
        let expected = ["GetAlias", "GetProvisionedConcurrencyConfig", "DeleteProvisionedConcurrencyConfig"];
        assert_eq!(calls, expected);
        assert_eq!(has(&world).await, json!(null));
    }
    assert_eq!(aliases.ready("live").await["status"]["provisionedConcurrency"], json!(null));
}

#[tokio::test]
async fn weights_give_way_until_aws_is_ready() {
    let world = World::start("provisioned-weights").await;
    aliased(&world, json!({})).await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world
        .until("hello", "it has a second version", |object| {
            object.status.as_ref().is_some_and(|status| status.version.as_deref() == Some("2"))
        })
        .await;
    let aliases = world.objects("LambdaAlias");
    let split = json!({"routingConfig": {"additionalVersionWeights": {"2": 0.1}}});
    aliases.apply("live", with(split.clone())).await;
    aliases.ready("live").await;
    world.aws().clear_ledger().await;
    let mut both = split;
    both["provisionedConcurrency"] = spec(2)["provisionedConcurrency"].clone();
    aliases.apply("live", with(both)).await;
    aliases.ready("live").await;
    assert_eq!(world.written().await, ["UpdateAlias", "PutProvisionedConcurrencyConfig", "UpdateAlias"]);
    let object = aliases.ready("live").await;
    assert_eq!(object["status"]["routingConfig"]["additionalVersionWeights"], json!({"2": 0.1}));
}

#[tokio::test]
async fn what_aws_gives_up_is_said_in_its_words_and_asked_for_again() {
    let world = World::start("provisioned-failed").await;
    aliased(&world, json!({})).await;
    world.aws().patch(json!({"fail_provisioned": "FUNCTION_ERROR_INIT_FAILURE"})).await;
    let aliases = world.objects("LambdaAlias");
    aliases.apply("live", with(spec(2))).await;
    let object = aliases.reason("live", "DependencyNotReady").await;
    let message = cluster_tests::object_condition(&object, "Ready")["message"].clone();
    assert!(message.as_str().unwrap().contains("FUNCTION_ERROR_INIT_FAILURE"), "{message}");
    assert_eq!(object["status"]["provisionedConcurrency"]["status"], "FAILED");
    world.aws().patch(json!({"fail_provisioned": null})).await;
    aliases.ready("live").await;
    assert_eq!(has(&world).await["Status"], "READY");
}

#[tokio::test]
async fn a_version_that_cannot_be_prepared_gets_no_traffic() {
    let world = World::start("provisioned-stuck").await;
    aliased(&world, spec(2)).await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    let published = |object: &lambda_operator_crds::LambdaFunction| {
        object.status.as_ref().is_some_and(|status| status.version.as_deref() == Some("2"))
    };
    world.until("hello", "it has a second version", published).await;
    world.aws().patch(json!({"fail_provisioned": "FUNCTION_ERROR_INIT_FAILURE"})).await;
    let aliases = world.objects("LambdaAlias");
    let mut second = with(spec(2));
    second["functionVersion"] = json!("2");
    aliases.apply("live", second).await;
    let object = aliases.reason("live", "DependencyNotReady").await;
    let message = cluster_tests::object_condition(&object, "Ready")["message"].clone();
    assert!(
        message.as_str().unwrap().contains("Point the alias to a version that can be prepared"),
        "{message}"
    );
    let alias = world.aws().alias("hello", "live").await.unwrap();
    assert_eq!(
        alias["RoutingConfig"],
        json!({"AdditionalVersionWeights": {"1": 1.0}}),
        "the former one serves"
    );
    world.aws().patch(json!({"fail_provisioned": null})).await;
    aliases.apply("live", with(spec(2))).await;
    aliases.ready("live").await;
    let alias = world.aws().alias("hello", "live").await.unwrap();
    assert_eq!((&alias["FunctionVersion"], alias.get("RoutingConfig")), (&json!("1"), None));
    assert!(
        world.written().await.iter().filter(|call| *call == "PutProvisionedConcurrencyConfig").count() < 3
    );
}

#[tokio::test]
async fn a_number_of_the_console_is_drift_and_that_of_an_autoscaler_is_not() {
    let world = World::builder("provisioned-drift").watchful().start().await;
    aliased(&world, spec(2)).await;
    let aliases = world.objects("LambdaAlias");
    let of_somebody = json!({"ProvisionedConcurrentExecutions": 9});
    world.aws().clear_ledger().await;
    world.aws().set_section("hello", Some("live"), Section::Provisioned, Some(of_somebody.clone())).await;
    eventually(Duration::from_secs(20), "the number is back", || async {
        let has = has(&world).await;
        if has["RequestedProvisionedConcurrentExecutions"] == 2 { Ok(()) } else { Err(has) }
    })
    .await;
    aliases.ready("live").await;
    assert_eq!(world.written().await, ["PutProvisionedConcurrencyConfig"]);
    let mut external = spec(2);
    external["provisionedConcurrency"]["managedBy"] = json!("External");
    aliases.apply("live", with(external)).await;
    aliases.ready("live").await;
    world.aws().set_section("hello", Some("live"), Section::Provisioned, Some(of_somebody)).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(has(&world).await["RequestedProvisionedConcurrentExecutions"], 9);
    let object = aliases.ready("live").await;
    assert_eq!(object["status"]["provisionedConcurrency"], json!(null), "nobody looks how many there are");
    aliases.apply("live", with(json!({}))).await;
    aliases.ready("live").await;
    assert_eq!(has(&world).await, json!(null), "removing the section ends it, whoever set the number");
}

#[tokio::test]
async fn a_scale_changes_the_number_and_none_ends_it() {
    let world = World::start("provisioned-scale").await;
    aliased(&world, spec(2)).await;
    let scale = async |number: &str| {
        world.kubectl(&["scale", "lambdaaliases.lambda-operator.io/live", "--replicas", number]).run().await;
        world.objects("LambdaAlias").ready("live").await
    };
    let object = scale("4").await;
    assert_eq!(has(&world).await["RequestedProvisionedConcurrentExecutions"], 4);
    assert_eq!(object["spec"]["provisionedConcurrency"]["provisionedConcurrentExecutions"], 4);
    let selector = object["status"]["selector"].as_str().unwrap_or_default();
    assert!(
        selector.starts_with("lambda-operator.io/alias=hello.live"),
        "an autoscaler wants one: {selector}"
    );
    scale("0").await;
    assert_eq!(has(&world).await, json!(null));
}

/// More than the function reserves isn't provisioned, nor less reserved than is provisioned: one waits for the other.
#[tokio::test]
async fn reservation_and_provision_are_raised_and_lowered_in_the_order_that_aws_takes() {
    let world = World::start("provisioned-reserved").await;
    world.apply("hello", function(json!({"publish": "OnChange", "reservedConcurrentExecutions": 5}))).await;
    world.ready("hello").await;
    let aliases = world.objects("LambdaAlias");
    aliases.apply("live", with(spec(3))).await;
    aliases.ready("live").await;
    for (reserved, provisioned) in [(10, 8), (4, 2)] {
        aliases.apply("live", with(spec(provisioned))).await;
        world.patch("hello", json!({"spec": {"reservedConcurrentExecutions": reserved}})).await;
        world.ready("hello").await;
        aliases.ready("live").await;
        assert_eq!(has(&world).await["RequestedProvisionedConcurrentExecutions"], provisioned);
    }
}
