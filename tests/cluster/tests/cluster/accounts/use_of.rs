//! What a LambdaAccount says of itself, and that it stays as long as somebody needs it.

use std::time::Duration;

use cluster_tests::accounts::{OTHER, OTHER_ROLE};
use cluster_tests::{ACCOUNT, REGION, World, function};
use lambda_operator_crds::AccountUsage;
use lambda_sim::SettleDelay;
use serde_json::json;

#[tokio::test]
async fn limits_and_use_are_shown_and_read_again_from_time_to_time() {
    let world = World::builder("account-status")
        .settings(|settings| settings.drift.account_interval = Some(Duration::from_secs(2)))
        .start()
        .await;
    world.apply_account("own", json!({"accountId": ACCOUNT})).await;
    let account = world.account_reason("own", "Available", &[ACCOUNT]).await;
    let status = account.status.unwrap();
    assert_eq!((status.account.as_deref(), status.region.as_deref()), (Some(ACCOUNT), Some(REGION)));
    let limits = status.limits.unwrap();
    assert_eq!((limits.concurrent_executions, limits.code_size_zipped), (Some(1000), Some(52_428_800)));
    assert_eq!(status.usage.unwrap(), AccountUsage { function_count: Some(0), total_code_size: Some(0) });
    assert_eq!(status.used_by, Some(0));

    world.apply("hello", function(json!({"accountRef": world.account_ref("own")}))).await;
    world.ready("hello").await;
    let function_count = |account: &lambda_operator_crds::LambdaAccount| {
        account.status.as_ref().and_then(|status| status.usage).and_then(|usage| usage.function_count)
    };
    let account = world
        .until_account("own", "one function is counted, and one object", |account| {
            let used_by = account.status.as_ref().and_then(|status| status.used_by);
            function_count(account) == Some(1) && used_by == Some(1)
        })
        .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    let later = world.accounts().get(&world.account_name("own")).await.unwrap();
    assert_eq!(later.metadata.resource_version, account.metadata.resource_version, "no news, no write");
    let looks = world.ledger().await.into_iter().filter(|call| call.operation == "GetAccountSettings");
    let times: Vec<u64> = looks.map(|call| call.at_ms).collect();
    assert!(times.len() >= 3 && times.windows(2).all(|pair| pair[1] - pair[0] >= 1900), "{times:?}");
}

#[tokio::test]
async fn without_the_permission_only_limits_and_use_are_missing() {
    let world = World::builder("account-denied").without_operator().start().await;
    world
        .aws()
        .configure(|aws| {
            aws.deny.insert("GetAccountSettings".into());
        })
        .await;
    world.apply_account("own", json!({"accountId": ACCOUNT})).await;
    let mut world = world;
    world.start_operator();
    let account =
        world.account_reason("own", "Available", &["aren't shown", "lambda:GetAccountSettings"]).await;
    assert_eq!(account.status.unwrap().limits, None);
    world.apply("hello", function(json!({"accountRef": world.account_ref("own")}))).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn an_account_stays_until_the_last_object_has_left_aws_through_it() {
    let world = World::start("account-held").await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    let spec = function(json!({
        "accountRef": world.account_ref("other"), "role": format!("arn:aws:iam::{OTHER}:role/lambda"),
    }));
    for name in ["a", "b"] {
        world.apply(name, spec.clone()).await;
        world.ready(name).await;
    }
    world.delete_account("other").await;
    let (a, b) = (format!("{}/a", world.namespace.name()), format!("{}/b", world.namespace.name()));
    world.account_reason("other", "DeletionBlocked", &["2 objects work", &a, &b]).await;
    // What comes now finds the door closed, what is there is still served.
    world.apply("late", spec.clone()).await;
    world.problem("late", "DependencyNotReady", &["is being deleted"]).await;
    let mut changed = spec.clone();
    changed["memorySize"] = json!(256);
    world.apply("b", changed).await;
    world.ready("b").await;

    world.aws_in(OTHER, REGION).configure(|aws| aws.create_settle = SettleDelay::NEXT_READ).await;
    world.delete("a").await;
    world.gone("a").await;
    world.account_reason("other", "DeletionBlocked", &["1 object works", &b]).await;
    world.delete("b").await;
    world.gone("b").await;
    world.account_gone("other").await;
    assert!(world.aws_in(OTHER, REGION).functions().await.is_empty());
    world.problem("late", "DependencyNotReady", &["does not exist"]).await;
}

#[tokio::test]
async fn all_at_once_the_account_goes_last() {
    let world = World::start("account-all").await;
    world.apply_account("other", json!({"accountId": OTHER, "roleArn": OTHER_ROLE})).await;
    let role = format!("arn:aws:iam::{OTHER}:role/lambda");
    let names: Vec<String> = (0..7).map(|number| format!("f{number}")).collect();
    for name in &names {
        let extra = json!({"accountRef": world.account_ref("other"), "role": role});
        world.apply(name, function(extra)).await;
    }
    for name in &names {
        world.ready(name).await;
    }
    world.delete_account("other").await;
    for name in &names {
        world.delete(name).await;
    }
    world.account_gone("other").await;
    for name in &names {
        world.gone(name).await;
    }
    assert!(world.aws_in(OTHER, REGION).functions().await.is_empty());
}

#[tokio::test]
async fn another_quota_share_costs_the_objects_nothing() {
    let world = World::start("account-share").await;
    world.apply_account("own", json!({"accountId": ACCOUNT})).await;
    world.apply("hello", function(json!({"accountRef": world.account_ref("own")}))).await;
    world.ready("hello").await;
    world
        .until_account("own", "its use is counted", |account| {
            account.status.as_ref().and_then(|status| status.used_by) == Some(1)
        })
        .await;
    let before = world.functions().get("hello").await.unwrap();
    world.aws().clear_ledger().await;
    world.apply_account("own", json!({"accountId": ACCOUNT, "quotaShare": 10})).await;
    world.account_reason("own", "Available", &[]).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(world.calls().await, ["GetAccountSettings"], "only what the account itself shows");
    let after = world.functions().get("hello").await.unwrap();
    assert_eq!(before.metadata.resource_version, after.metadata.resource_version);
}
