//! `invoke`: what goes to a function, what comes back, and how it ends.

use cluster_tests::{World, function};
use lambda_sim::Outcome;
use serde_json::{Value, json};

async fn world(name: &str) -> World {
    let world = World::start(name).await;
    world.apply("hello", function(json!({"publish": "OnChange"}))).await;
    world
        .objects("LambdaAlias")
        .apply("live", json!({"functionRef": {"name": "hello"}, "version": "Latest"}))
        .await;
    world.ready("hello").await;
    world.objects("LambdaAlias").ready("live").await;
    world.sim.control().clear_ledger().await;
    world
}

#[tokio::test]
async fn the_answer_goes_to_stdout_and_the_log_to_stderr() {
    let world = world("plugin-invoke").await;
    let output = world.lambda(&["invoke", "hello", "--payload", r#"{"n": 1}"#]).await.run().await;
    assert_eq!((output.stdout.as_str(), output.stderr.as_str()), ("{\"n\":1}\n", ""));
    assert_eq!(world.plugin_calls().await, ["GetCallerIdentity", "Invoke"]);

    world.aws().next_invocation("hello", Outcome::returns(&json!("fine")).logs("it works")).await;
    let output = world.lambda(&["invoke", "lal/live", "-p", "-", "--log"]).await.stdin("[2]").run().await;
    assert_eq!(output.stdout, "\"fine\"\n");
    assert!(
        output.stderr.starts_with("START RequestId: ") && output.stderr.contains("\nit works\n"),
        "{}",
        output.stderr
    );
    let made = world.aws().invocations("hello").await;
    assert_eq!((&made[0].event, made[0].version.as_str()), (&json!({"n": 1}), "$LATEST"));
    assert_eq!((&made[1].event, made[1].version.as_str()), (&json!([2]), "1"));

    let file = world.cluster.directory().join(format!("{}-event.json", world.namespace.name()));
    std::fs::write(&file, r#"{"from": "file"}"#).unwrap();
    let payload = format!("@{}", file.display());
    let shown = world
        .lambda_says(&["invoke", "hello", "--payload", &payload, "--qualifier", "1", "-o", "json"])
        .await;
    let mut shown: Value = serde_json::from_str(&shown).unwrap();
    assert!(shown.as_object_mut().unwrap().remove("requestId").is_some(), "{shown}");
    assert_eq!(shown, json!({"statusCode": 200, "executedVersion": "1", "payload": {"from": "file"}}));
}

#[tokio::test]
async fn a_function_that_fails_fails_the_command() {
    let world = world("plugin-raises").await;
    world.aws().next_invocation("hello", Outcome::raises("KeyError", "name")).await;
    let output = world.lambda_fails(1, &["invoke", "hello"]).await;
    let raised: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!(raised["errorType"], "KeyError");
    assert_eq!(output.stderr, "error: the function failed (Unhandled)\n");

    let output = world.lambda_fails(1, &["invoke", "hello", "--payload", "no json"]).await;
    assert!(
        output.stderr.contains("LambdaFunction/hello can't be invoked: InvalidRequestContentException"),
        "{}",
        output.stderr
    );
    let output = world.lambda_fails(1, &["invoke", "hello", "--qualifier", "99"]).await;
    assert!(output.stderr.contains("Function not found"), "{}", output.stderr);
    let output = world.lambda_fails(2, &["invoke", "lal/live", "--qualifier", "1"]).await;
    assert!(output.stderr.contains("leave --qualifier away"), "{}", output.stderr);
    assert_eq!(world.aws().invocations("hello").await.len(), 1, "nothing is sent twice");
}

#[tokio::test]
async fn events_are_queued_and_dry_runs_run_nothing() {
    let world = world("plugin-event").await;
    let output = world.lambda(&["invoke", "hello", "--type", "Event", "--payload", "{}"]).await.run().await;
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("", "The event for LambdaFunction/hello is in Lambda's queue.\n")
    );
    let output = world.lambda(&["invoke", "hello", "--async"]).await.run().await;
    assert_eq!(output.stderr, "The event for LambdaFunction/hello is in Lambda's queue.\n");
    let output = world.lambda(&["invoke", "hello", "--type", "DryRun"]).await.run().await;
    assert_eq!(
        (output.stdout.as_str(), output.stderr.as_str()),
        ("", "LambdaFunction/hello could be invoked.\n")
    );
    let made = world.aws().invocations("hello").await;
    let told: Vec<_> =
        made.iter().map(|one| (one.operation.as_str(), one.invocation_type.as_str())).collect();
    assert_eq!(told, [("Invoke", "Event"), ("InvokeAsync", "Event")]);
}

#[tokio::test]
async fn a_streamed_answer_comes_in_parts() {
    let world = world("plugin-stream").await;
    world
        .aws()
        .next_invocation("hello", Outcome::default().part("one ").part("two\n").logs("streaming"))
        .await;
    let output = world.lambda(&["invoke", "hello", "--stream", "--log"]).await.run().await;
    assert_eq!(output.stdout, "one two\n");
    assert!(output.stderr.contains("\nstreaming\n"), "{}", output.stderr);
    assert_eq!(world.plugin_calls().await, ["GetCallerIdentity", "InvokeWithResponseStream"]);
    world.aws().next_invocation("hello", Outcome::raises("KeyError", "name")).await;
    let output = world.lambda_fails(1, &["invoke", "hello", "--stream"]).await;
    assert!(
        output.stderr.contains("the function failed (Unhandled)") && output.stderr.contains("KeyError"),
        "{}",
        output.stderr
    );
}

#[tokio::test]
async fn tenants_are_told_apart() {
    let world = World::start("plugin-tenant").await;
    let function = json!({
        "FunctionName": "shared", "Role": cluster_tests::ROLE, "Runtime": "python3.14", "Handler": "i.h",
        "Code": {"S3Bucket": "b", "S3Key": "k"}, "TenancyConfig": {"TenantIsolationMode": "PER_TENANT"},
    });
    world.aws().put_function(function).await;
    // Observed, as somebody else's function is.
    let spec = cluster_tests::function(json!({"managementPolicy": "Observe"}));
    world.apply("shared", spec).await;
    world
        .until("shared", "pinned", |object| {
            object.status.as_ref().is_some_and(|s| s.common.account.is_some())
        })
        .await;
    let output = world.lambda_fails(1, &["invoke", "shared"]).await;
    assert!(output.stderr.contains("tenant ID"), "{}", output.stderr);
    world.lambda_says(&["invoke", "shared", "--tenant-id", "blue"]).await;
    assert_eq!(world.aws().invocations("shared").await[0].tenant.as_deref(), Some("blue"));
}
