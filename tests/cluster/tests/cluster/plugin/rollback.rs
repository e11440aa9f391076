//! `rollback`: an alias of the user's that is pinned to an earlier version, and those that somebody else writes.

use cluster_tests::{World, function};
use serde_json::{Value, json};

/// A function with three published versions, and an alias that follows the newest.
async fn world(name: &str) -> World {
    let world = World::start(name).await;
    for (number, memory) in [("1", 128), ("2", 256), ("3", 512)] {
        world.apply("orders", function(json!({"publish": "OnChange", "memorySize": memory}))).await;
        world
            .until("orders", &format!("version {number}"), |object| {
                object.status.as_ref().and_then(|status| status.version.as_deref()) == Some(number)
            })
            .await;
    }
    world
        .objects("LambdaAlias")
        .apply("live", json!({"functionRef": {"name": "orders"}, "version": "Latest"}))
        .await;
    world
        .objects("LambdaAlias")
        .until("live", "at version 3", |alias| alias["status"]["functionVersion"] == "3")
        .await;
    world
}

async fn spec(world: &World) -> Value {
    serde_json::to_value(world.objects("LambdaAlias").api().get("live").await.unwrap()).unwrap()["spec"]
        .clone()
}

async fn in_aws(world: &World) -> Value {
    world.aws().alias("orders", "live").await.unwrap()["FunctionVersion"].clone()
}

#[tokio::test]
async fn an_alias_goes_back_version_by_version() {
    let world = world("plugin-rollback").await;
    let before = spec(&world).await;
    let said = world.lambda_says(&["rollback", "live", "--dry-run"]).await;
    assert_eq!(said, "LambdaAlias/live would be changed: functionVersion 2 in place of version: Latest\n");
    let shown = world.lambda_says(&["rollback", "live", "--dry-run", "-o", "json"]).await;
    let shown: Value = serde_json::from_str(&shown).unwrap();
    assert_eq!((&shown["from"], &shown["to"], &shown["changed"]), (&json!("3"), &json!("2"), &json!(false)));
    assert_eq!(
        shown["patch"]["spec"],
        json!({"functionVersion": "2", "version": null, "routingConfig": null})
    );
    assert_eq!(spec(&world).await, before);

    let said = world.lambda_says(&["rollback", "live", "--wait"]).await;
    assert!(
        said.starts_with("LambdaAlias/live is changed: functionVersion 2 in place of version: Latest\n"),
        "{said}"
    );
    assert!(said.ends_with("LambdaAlias/live is Ready\n"), "{said}");
    assert_eq!(in_aws(&world).await, "2");
    assert_eq!(spec(&world).await, json!({"functionRef": {"name": "orders"}, "functionVersion": "2"}));

    // By the function, whose only alias it is.
    let said = world.lambda_says(&["rollback", "lfn/orders", "--wait"]).await;
    assert!(said.starts_with("LambdaAlias/live is changed: functionVersion 2 → 1\n"), "{said}");
    assert_eq!(in_aws(&world).await, "1");
    let output = world.lambda_fails(1, &["rollback", "live"]).await;
    assert!(
        output.stderr.contains("no version before 1") && output.stderr.contains("--to"),
        "{}",
        output.stderr
    );
    world.lambda_says(&["rollback", "live", "--to", "3", "--wait"]).await;
    assert_eq!(in_aws(&world).await, "3");
    let again = world.lambda_says(&["rollback", "live", "--to", "3"]).await;
    assert_eq!(again, "LambdaAlias/live is pinned to version 3 already\n");
    // Pinned isn't moved yet.
    let again = world.lambda_says(&["rollback", "live", "--to", "3", "--wait"]).await;
    assert_eq!(again, "LambdaAlias/live is pinned to version 3 already\nLambdaAlias/live is Ready\n");
    world.lambda_says(&["suspend", "live"]).await;
    let output = world.lambda_fails(3, &["rollback", "live", "--to", "3", "--wait"]).await;
    assert_eq!(output.stdout, "LambdaAlias/live is pinned to version 3 already\n");
    assert!(output.stderr.contains("LambdaAlias/live is suspended"), "{}", output.stderr);
    assert_eq!(world.plugin_calls().await, Vec::<String>::new(), "AWS isn't asked");
}

#[tokio::test]
async fn weights_go_with_the_version() {
    let world = world("plugin-weights").await;
    let split = json!({
        "functionRef": {"name": "orders"}, "functionVersion": "3",
        "routingConfig": {"additionalVersionWeights": {"2": 0.5}},
    });
    let patch =
        json!({"spec": {"version": null, "functionVersion": "3", "routingConfig": split["routingConfig"]}});
    world.kubectl(&["patch", "lal", "live", "--type=merge", "-p", &patch.to_string()]).run().await;
    world.objects("LambdaAlias").ready("live").await;
    let said = world.lambda_says(&["rollback", "live", "--wait"]).await;
    assert!(said.contains("functionVersion 3 → 2, routingConfig removed"), "{said}");
    let alias = world.aws().alias("orders", "live").await.unwrap();
    assert_eq!(alias["FunctionVersion"], "2");
    assert_eq!(
        alias["RoutingConfig"]["AdditionalVersionWeights"].as_object().map_or(0, serde_json::Map::len),
        0
    );
}

#[tokio::test]
async fn what_git_says_is_changed_in_git() {
    let world = world("plugin-gitops").await;
    let id = "shop:lambda-operator.io/LambdaAlias:shop/live";
    let mark = format!("argocd.argoproj.io/tracking-id={id}");
    world.kubectl(&["annotate", "lal", "live", &mark]).run().await;
    let before = spec(&world).await;
    let output = world.lambda_fails(1, &["rollback", "live"]).await;
    for text in ["is written by Argo CD", id, "functionVersion: \"2\"", "--force"] {
        assert!(output.stderr.contains(text), "{text}: {}", output.stderr);
    }
    assert_eq!(spec(&world).await, before);
    let output = world.lambda(&["rollback", "live", "--force", "--wait"]).await.run().await;
    assert!(output.stderr.contains("note: Argo CD writes this spec"), "{}", output.stderr);
    assert_eq!(in_aws(&world).await, "2");
}
