//! Calls whose outcome is unknown: a 5xx or a cut connection, before or after the effect. What follows is always
//! a look at AWS, so nothing is done twice and nothing is lost.

use cluster_tests::{World, function};
use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::{Value, json};

/// The four ways in which an answer can get lost, by name, and whether the call has had its effect.
fn losses() -> [(&'static str, FaultEffect, bool); 4] {
    [
        ("refused", FaultEffect::Error(FaultError::service()), false),
        ("cut-before", FaultEffect::CutBefore, false),
        ("failed-after", FaultEffect::ErrorAfterEffect(FaultError::service()), true),
        ("cut-after", FaultEffect::CutAfter, true),
    ]
}

/// What is called about a function whose `operation` lost its answer once.
fn expected(before: &[&str], operation: &str, took_effect: bool) -> Vec<String> {
    let once = [before, &[operation, "GetFunction"]].concat();
    let all = if took_effect { once } else { [&once[..], &[operation, "GetFunction"]].concat() };
    all.into_iter().map(ToOwned::to_owned).collect()
}

async fn lose(world: &World, operation: &str) {
    for (name, effect, _) in losses() {
        world.aws().inject(Fault::new(operation, effect).resource(name).times(1)).await;
    }
}

async fn assert_calls(world: &World, before: &[&str], operation: &str) {
    for (name, _, took_effect) in losses() {
        world.ready(name).await;
        assert_eq!(world.calls_of(name).await, expected(before, operation, took_effect), "{name}");
        world.warning(name, "AWSUnavailable", &[operation]).await;
    }
}

async fn four_functions(world: &World, spec: &Value) {
    for (name, _, _) in losses() {
        world.apply(name, spec.clone()).await;
    }
}

async fn four_ready_functions(world: &World) {
    four_functions(world, &function(json!({}))).await;
    for (name, _, _) in losses() {
        world.ready(name).await;
    }
    world.aws().clear_ledger().await;
}

#[tokio::test]
async fn no_create_is_repeated_without_a_look() {
    let world = World::start("lost-create").await;
    lose(&world, "CreateFunction").await;
    four_functions(&world, &function(json!({}))).await;
    assert_calls(&world, &[], "CreateFunction").await;
    assert_eq!(world.aws().functions().await.len(), 4);
}

#[tokio::test]
async fn a_lost_update_of_the_configuration_is_looked_for() {
    let world = World::start("lost-update").await;
    four_ready_functions(&world).await;
    lose(&world, "UpdateFunctionConfiguration").await;
    four_functions(&world, &function(json!({"memorySize": 256}))).await;
    assert_calls(&world, &["GetFunction"], "UpdateFunctionConfiguration").await;
}

#[tokio::test]
async fn a_lost_update_of_the_code_is_looked_for() {
    let world = World::start("lost-code").await;
    four_ready_functions(&world).await;
    lose(&world, "UpdateFunctionCode").await;
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    four_functions(&world, &function(json!({"code": {"inline": {"files": files}}}))).await;
    assert_calls(&world, &["GetFunction"], "UpdateFunctionCode").await;
}

#[tokio::test]
async fn a_lost_deletion_is_looked_for() {
    let world = World::start("lost-delete").await;
    four_ready_functions(&world).await;
    lose(&world, "DeleteFunction").await;
    for (name, _, _) in losses() {
        world.delete(name).await;
    }
    for (name, _, took_effect) in losses() {
        world.gone(name).await;
        let expected = expected(&["GetFunction"], "DeleteFunction", took_effect);
        assert_eq!(world.calls_of(name).await, expected, "{name}");
    }
    assert!(world.aws().functions().await.is_empty());
}

#[tokio::test]
async fn a_lost_read_changes_nothing() {
    let world = World::start("lost-read").await;
    world.aws().inject(Fault::new("GetFunction", FaultEffect::Error(FaultError::service())).times(2)).await;
    world.aws().inject(Fault::new("GetFunction", FaultEffect::CutAfter).nth(3)).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    assert_eq!(world.calls().await.iter().filter(|call| *call == "CreateFunction").count(), 1);
}
