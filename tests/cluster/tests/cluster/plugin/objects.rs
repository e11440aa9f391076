//! `suspend`, `resume` and `reconcile`: changes of objects that tell the operator what to do.

use cluster_tests::{World, condition, function};
use serde_json::json;

#[tokio::test]
async fn suspended_objects_are_left_alone_until_they_are_resumed() {
    let world = World::start("plugin-suspend").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    assert_eq!(world.lambda_says(&["suspend", "hello"]).await, "LambdaFunction/hello suspended\n");
    assert_eq!(world.lambda_says(&["suspend", "hello"]).await, "LambdaFunction/hello is suspended already\n");
    world.until("hello", "it is suspended", |object| condition(object, "Suspended").is_some()).await;
    world.aws().clear_ledger().await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    let output = world.lambda_fails(3, &["wait", "hello"]).await;
    assert!(output.stderr.contains("kubectl lambda resume LambdaFunction/hello"), "{}", output.stderr);
    assert_eq!(world.calls().await, Vec::<String>::new());
    assert_eq!(world.lambda_says(&["resume", "--all"]).await, "LambdaFunction/hello resumed\n");
    world.lambda_says(&["wait", "hello"]).await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
    let object = world.functions().get("hello").await.unwrap();
    assert_eq!(object.spec.common.suspend, None, "nothing stays behind");
    assert_eq!(world.lambda_says(&["resume", "hello"]).await, "LambdaFunction/hello isn't suspended\n");
}

#[tokio::test]
async fn another_writer_of_the_spec_is_mentioned() {
    let world = World::builder("plugin-owner").without_operator().start().await;
    world.apply("hello", function(json!({}))).await;
    let label = json!({"kustomize.toolkit.fluxcd.io/name": "shop"});
    world.patch("hello", json!({"metadata": {"labels": label}})).await;
    let output = world.lambda(&["suspend", "hello"]).await.run().await;
    assert!(output.stderr.contains("note: Flux writes LambdaFunction/hello"), "{}", output.stderr);
    assert_eq!(output.stdout, "LambdaFunction/hello suspended\n");
}

#[tokio::test]
async fn a_look_is_asked_for_and_waited_for() {
    let world = World::start("plugin-reconcile").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    // Somebody changes it in the console, and no sweep looks for that.
    world.aws().edit_function("hello", json!({"Timeout": 900})).await;
    let output = world.lambda(&["reconcile", "hello", "--wait"]).await.run().await;
    assert!(output.stdout.ends_with("LambdaFunction/hello is Ready\n"), "{}", output.stdout);
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["Timeout"], 3);
    assert!(world.calls().await.contains(&"UpdateFunctionConfiguration".to_owned()));
    let shown = world.lambda_says(&["reconcile", "--all", "--wait", "-o", "json"]).await;
    let namespace = world.namespace.name();
    let expected =
        json!([{"kind": "LambdaFunction", "namespace": namespace, "name": "hello", "changed": true}]);
    assert_eq!(serde_json::from_str::<serde_json::Value>(&shown).unwrap(), expected);
    let shown = world.lambda_says(&["resume", "hello", "-o", "yaml"]).await;
    assert!(shown.contains("changed: false"), "{shown}");
    let usage = world.lambda_fails(2, &["reconcile"]).await.stderr;
    assert!(usage.contains("NAME"), "{usage}");
}
