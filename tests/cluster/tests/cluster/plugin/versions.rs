//! `history`: the versions in AWS, asked with one's own credentials.

use cluster_tests::{World, function};
use serde_json::{Value, json};

/// A function of which the operator published two versions and somebody else a third.
async fn published(name: &str) -> World {
    let world = World::start(name).await;
    let publishing = |memory: u32| function(json!({"publish": "OnChange", "memorySize": memory}));
    for (number, memory) in [("1", 128), ("2", 256)] {
        world.apply("orders", publishing(memory)).await;
        world
            .until("orders", &format!("version {number}"), |object| {
                object.status.as_ref().and_then(|status| status.version.as_deref()) == Some(number)
            })
            .await;
    }
    world
}

#[tokio::test]
async fn versions_say_who_made_them_and_who_uses_them() {
    let world = published("plugin-history").await;
    world.aws().edit_function("orders", json!({"Description": "by hand"})).await;
    assert_eq!(world.aws().publish_version("orders", Some("by hand")).await, "3");
    let weights = json!({"AdditionalVersionWeights": {"2": 0.25}});
    world
        .aws()
        .put_alias("orders", json!({"Name": "live", "FunctionVersion": "1", "RoutingConfig": weights}))
        .await;
    world.sim.control().clear_ledger().await;

    let table = world.lambda_says(&["history", "orders"]).await;
    let rows: Vec<Vec<&str>> = table
        .lines()
        .map(|line| line.split("   ").map(str::trim).filter(|cell| !cell.is_empty()).collect())
        .collect();
    assert_eq!(rows[0], ["VERSION", "PUBLISHED", "BY", "CODE", "ALIASES", "DESCRIPTION"]);
    let told = |row: &[&str]| (row[0].to_owned(), row[2].to_owned(), row[4..].join(" "));
    assert_eq!(told(&rows[1]), ("1".into(), "operator".into(), "live (75 %)".into()));
    assert_eq!(told(&rows[2]), ("2".into(), "operator".into(), "live (25 %)".into()));
    assert_eq!(told(&rows[3]), ("3".into(), "others".into(), "by hand".into()));
    assert_eq!(world.plugin_calls().await, ["GetCallerIdentity", "ListVersionsByFunction", "ListAliases"]);

    let shown: Value =
        serde_json::from_str(&world.lambda_says(&["history", "lfn/orders", "-o", "json"]).await).unwrap();
    assert_eq!((&shown[0]["version"], &shown[0]["byOperator"]), (&json!(1), &json!(true)));
    assert_eq!(shown[2]["aliases"], json!([]));
    let published = shown[0]["publishedAt"].as_str().unwrap();
    assert!(published.starts_with("20") && published.ends_with('Z'), "{published}");
}

#[tokio::test]
async fn credentials_of_another_account_ask_nothing() {
    let world = published("plugin-other").await;
    world.sim.control().clear_ledger().await;
    let history = world.lambda(&["history", "orders"]).await.env("AWS_ACCESS_KEY_ID", "AKIA444455556666");
    let output = history.output().await;
    assert_eq!(output.status.code(), Some(1));
    for text in ["LambdaFunction/orders", "111122223333", "444455556666", "--profile"] {
        assert!(output.stderr.contains(text), "{text}: {}", output.stderr);
    }
    assert_eq!(world.plugin_calls().await, ["GetCallerIdentity"]);

    let none = world
        .lambda(&["history", "orders"])
        .await
        .env("AWS_ACCESS_KEY_ID", "")
        .env("AWS_EC2_METADATA_DISABLED", "true");
    let output = none.output().await;
    assert!(output.stderr.contains("aws sso login"), "{}", output.stderr);

    world.aws().configure(|settings| settings.deny = ["ListAliases".to_owned()].into()).await;
    let output = world.lambda_fails(1, &["history", "orders"]).await;
    assert!(
        output.stderr.contains("lambda:ListAliases") && output.stderr.contains("cli-reference.md"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn an_object_that_is_nowhere_yet_says_so() {
    let world = World::builder("plugin-unpinned").without_operator().start().await;
    world.apply("orders", function(json!({}))).await;
    let output = world.lambda_fails(1, &["history", "orders"]).await;
    assert!(output.stderr.contains("no account and region in its status yet"), "{}", output.stderr);
    assert_eq!(world.plugin_calls().await, Vec::<String>::new());
}
