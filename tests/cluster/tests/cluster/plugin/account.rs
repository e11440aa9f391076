//! `account`: limits and use, as the operator saw them and as AWS says now.

use cluster_tests::{ACCOUNT, World, function};
use serde_json::{Value, json};

#[tokio::test]
async fn limits_and_use_come_from_the_status_or_from_aws() {
    let world = World::start("plugin-account").await;
    world.apply_account("team", json!({"accountId": ACCOUNT, "quotaShare": 40})).await;
    world.account_reason("team", "Available", &[]).await;
    world
        .until_account("team", "its limits", |account| {
            account.status.as_ref().is_some_and(|s| s.limits.is_some())
        })
        .await;
    let name = world.account_name("team");

    let table = world.lambda_says(&["account"]).await;
    let row = table.lines().find(|line| line.starts_with(&name)).unwrap_or_else(|| panic!("{table}"));
    for text in [ACCOUNT, "eu-west-1", "True", "40 %", "0 of 1000 reserved"] {
        assert!(row.contains(text), "{text}: {row}");
    }
    assert_eq!(world.plugin_calls().await, Vec::<String>::new());

    world.apply("hello", function(json!({"reservedConcurrentExecutions": 100}))).await;
    world.ready("hello").await;
    let facts = world.lambda_says(&["account", &name, "--live"]).await;
    for text in ["LambdaAccount:", "Functions:                1\n", "100 of 1000 reserved"] {
        assert!(facts.contains(text), "{text}: {facts}");
    }
    assert_eq!(world.plugin_calls().await, ["GetCallerIdentity", "GetAccountSettings"]);

    let own =
        world.lambda(&["account", "--live", "-o", "json"]).await.env("AWS_REGION", "eu-west-1").run().await;
    let own: Value = serde_json::from_str(&own.stdout).unwrap();
    assert_eq!((&own[0]["account"], &own[0]["usage"]["functionCount"]), (&json!(ACCOUNT), &json!(1)));
    assert_eq!(own[0].get("name"), None);
}

#[tokio::test]
async fn without_a_region_the_person_is_told_to_set_one() {
    let world = World::builder("plugin-regionless").without_operator().start().await;
    // The machine may be one of AWS's, and know where it is.
    let live = world.lambda(&["account", "--live"]).await.env("AWS_EC2_METADATA_DISABLED", "true");
    let output = live.output().await;
    assert_eq!(output.status.code(), Some(1), "{}", output.stdout);
    let expected = "no AWS region is known. Set AWS_REGION, or a region in your profile\n";
    assert!(output.stderr.ends_with(expected), "{}", output.stderr);
    assert_eq!(world.plugin_calls().await, Vec::<String>::new());
}

#[tokio::test]
async fn another_account_than_ones_own_is_not_asked() {
    let world = World::builder("plugin-foreign").without_operator().start().await;
    world.apply_account("other", json!({"accountId": "444455556666", "region": "eu-west-1"})).await;
    let output = world.lambda_fails(1, &["account", &world.account_name("other"), "--live"]).await;
    assert!(
        output.stderr.contains("444455556666") && output.stderr.contains("--profile"),
        "{}",
        output.stderr
    );
    assert_eq!(world.plugin_calls().await, ["GetCallerIdentity"]);
    let output = world.lambda_fails(1, &["account", "nobodys-account"]).await;
    assert!(
        output.stderr.contains("there is no LambdaAccount nobodys-account in this cluster"),
        "{}",
        output.stderr
    );
}
