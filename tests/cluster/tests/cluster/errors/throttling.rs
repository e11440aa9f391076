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

/// A 429 after the effect: AWS refused to say that it did what was asked.
async fn throttled_after_effect(world: &World) {
    world
        .aws()
        .inject(Fault::new("CreateFunction", FaultEffect::ErrorAfterEffect(FaultError::throttled())).times(1))
        .await;
}

#[tokio::test]
async fn a_create_that_was_throttled_after_its_effect_finds_its_own_function() {
    let world = World::start("throttled-create").await;
    throttled_after_effect(&world).await;
    let object = world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let created: Vec<u16> = world
        .ledger_of("hello")
        .await
        .iter()
        .filter(|call| call.is_write())
        .inspect(|call| assert_eq!(call.operation, "CreateFunction", "nothing has to be changed"))
        .map(|call| call.status)
        .collect();
    assert!(created == [429] || created == [429, 409], "{created:?}");
    let owner = world.aws().function("hello").await.unwrap()["Tags"]["lambda-operator.io/owner"].clone();
    assert!(owner.as_str().unwrap().ends_with(object.metadata.uid.as_deref().unwrap()), "{owner}");
}

#[tokio::test]
async fn the_code_of_a_create_that_was_throttled_after_its_effect_is_not_taken_for_newer_code() {
    let world = World::builder("throttled-code")
        .settings(|settings| {
            settings.rechecks.propagation_min = std::time::Duration::from_mins(1);
            settings.rechecks.propagation_max = std::time::Duration::from_mins(1);
        })
        .start()
        .await;
    throttled_after_effect(&world).await;
    let code = |key: &str| function(json!({"code": {"s3": {"bucket": "packages", "key": key}}}));
    world.apply("hello", code("one.zip")).await;
    world.reason("hello", "Throttled").await;
    world.apply("hello", code("two.zip")).await;
    world.ready("hello").await;
    let [.., (operation, body)] = &world.writes("hello").await[..] else { panic!("it was written") };
    assert_eq!((operation.as_str(), &body["S3Key"]), ("UpdateFunctionCode", &json!("two.zip")));
}
