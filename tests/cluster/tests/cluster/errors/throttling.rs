//! 429: the operator slows down for everybody, and nothing is lost.

use cluster_tests::{World, function};
use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::json;

fn throttled(operation: &str) -> Fault {
    Fault::new(operation, FaultEffect::Error(FaultError::throttled()))
}

#[tokio::test]
async fn after_a_429_nobody_writes_for_as_long_as_aws_asks_and_all_get_through() {
    let world = World::builder("throttled").settings(|settings| settings.aws.quotas = true).start().await;
    world.aws().inject(throttled("CreateFunction").resource("first").times(1)).await;
    world.apply("first", function(json!({}))).await;
    world.warning("first", "Throttled", &["Rate exceeded", "slows down and tries again by itself"]).await;
    for name in ["second", "third"] {
        world.apply(name, function(json!({}))).await;
    }
    for name in ["first", "second", "third"] {
        world.ready(name).await;
    }
    let mut creates: Vec<u64> = Vec::new();
    for name in ["first", "second", "third"] {
        creates.extend(world.times_of(name, "CreateFunction").await);
    }
    creates.sort_unstable();
    assert_eq!(creates.len(), 4, "one refused, three that worked");
    assert!(creates[1] - creates[0] >= 990, "Retry-After is one second, for everybody: {creates:?}");
}

#[tokio::test]
async fn aws_limits_are_kept_without_being_told() {
    let world = World::builder("quotas")
        .settings(|settings| settings.aws.quotas = true)
        .simulator(|options| options.quotas = true)
        .start()
        .await;
    let names: Vec<String> = (0..25).map(|number| format!("f{number}")).collect();
    for name in &names {
        world.apply(name, function(json!({}))).await;
    }
    for name in &names {
        world.ready(name).await;
    }
    let refused = world.ledger().await.into_iter().filter(|call| call.status == 429).count();
    assert_eq!(refused, 0, "the operator's own quota keeps it below AWS's");
}

#[tokio::test]
async fn a_lasting_429_is_said_and_ends() {
    let world = World::start("lasting-429").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().inject(throttled("UpdateFunctionConfiguration")).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.problem("hello", "Throttled", &["Rate exceeded", "tries again by itself"]).await;
    world.aws().clear_faults().await;
    world.ready("hello").await;
    assert_eq!(world.aws().function("hello").await.unwrap()["Configuration"]["MemorySize"], 256);
}
