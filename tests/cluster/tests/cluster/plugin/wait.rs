//! `wait`: until all is well, and not a moment longer when it never will be.

use std::time::{Duration, Instant};

use cluster_tests::{World, function};
use lambda_sim::SettleDelay;
use serde_json::{Value, json};

#[tokio::test]
async fn it_ends_when_everything_is_ready() {
    let world = World::start("plugin-wait").await;
    world.aws().configure(|settings| settings.create_settle = SettleDelay::AfterMs(1500)).await;
    world.apply("one", function(json!({}))).await;
    world.apply("two", function(json!({}))).await;
    let output = world.lambda(&["wait"]).await.run().await;
    let mut lines: Vec<&str> = output.stdout.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["LambdaFunction/one is Ready", "LambdaFunction/two is Ready"]);
    assert!(output.stderr.contains("LambdaFunction/one: "), "it tells how far it is: {}", output.stderr);
    for name in ["one", "two"] {
        world.ready(name).await;
    }
    assert_eq!(
        world.lambda_says(&["wait", "lfn/one", "--timeout", "0"]).await,
        "LambdaFunction/one is Ready\n"
    );
    // Others may have objects that aren't Ready, but all are told of.
    let everywhere = world.lambda(&["wait", "-A", "--timeout", "0"]).await.output().await.stdout;
    let line = format!("LambdaFunction/one in {} is Ready", world.namespace.name());
    assert!(everywhere.lines().any(|told| told == line), "{everywhere}");
    let shown: Value =
        serde_json::from_str(&world.lambda_says(&["wait", "one", "-o", "json"]).await).unwrap();
    assert_eq!(
        (&shown[0]["name"], &shown[0]["done"], &shown[0]["ready"]),
        (&json!("one"), &json!(true), &json!("True"))
    );
}

#[tokio::test]
async fn what_is_stalled_ends_it_at_once() {
    let world = World::start("plugin-stalled").await;
    world.aws().configure(|settings| settings.create_settle = SettleDelay::Hold).await;
    world.apply("slow", function(json!({}))).await;
    world.apply("broken", function(json!({"runtime": "python2.7"}))).await;
    let begun = Instant::now();
    let output = world.lambda_fails(3, &["wait", "--timeout", "5m"]).await;
    assert!(begun.elapsed() < Duration::from_mins(1));
    assert!(
        output.stderr.contains("error: LambdaFunction/broken is Stalled: InvalidSpec: "),
        "{}",
        output.stderr
    );
    assert!(output.stderr.contains("no longer supported"), "{}", output.stderr);
}

#[tokio::test]
async fn time_runs_out_with_what_is_missing() {
    let world = World::start("plugin-late").await;
    world.aws().configure(|settings| settings.create_settle = SettleDelay::Hold).await;
    world.apply("slow", function(json!({}))).await;
    world.reason("slow", "Creating").await;
    let output = world.lambda_fails(4, &["wait", "slow", "--timeout", "1s"]).await;
    assert!(
        output.stderr.contains("after 1s") && output.stderr.contains("LambdaFunction/slow: Creating: "),
        "{}",
        output.stderr
    );
    let output = world.lambda_fails(4, &["wait", "--timeout", "0", "-o", "json"]).await;
    let shown: Value = serde_json::from_str(&output.stdout).unwrap();
    assert_eq!((&shown[0]["done"], &shown[0]["reason"]), (&json!(false), &json!("Creating")));
}

#[tokio::test]
async fn a_deletion_is_waited_for() {
    let world = World::start("plugin-deleted").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().configure(|settings| settings.delete_settle = Some(SettleDelay::AfterMs(1500))).await;
    world.delete("hello").await;
    let output = world.lambda_fails(1, &["wait", "hello"]).await;
    assert!(output.stderr.contains("is being deleted"), "{}", output.stderr);
    assert_eq!(
        world.lambda_says(&["wait", "lfn/hello", "--for", "deleted"]).await,
        "LambdaFunction/hello is gone\n"
    );
    assert_eq!(world.aws().functions().await, Vec::<String>::new());
    // It is gone already, and nothing else is there.
    assert_eq!(world.lambda_says(&["wait", "lfn/hello", "--for", "deleted"]).await, "");
    assert_eq!(world.lambda_says(&["wait", "--for", "deleted"]).await, "");
    let output = world.lambda_fails(1, &["wait"]).await;
    assert!(output.stderr.contains("nothing to wait for"), "{}", output.stderr);
    let place = format!("in the namespace {}. Look elsewhere", world.namespace.name());
    assert!(output.stderr.contains(&place), "{}", output.stderr);
    let output = world.lambda_fails(1, &["wait", "lfn/hello"]).await;
    assert!(output.stderr.contains("there is no LambdaFunction hello"), "{}", output.stderr);
}
