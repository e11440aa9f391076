//! Sections of functions and aliases: each is set, changed, removed and drifts, with exactly the calls that it takes.

mod policy;
mod provisioned;
mod url;
mod walks;

use std::time::Duration;

use cluster_tests::{World, function};
use serde_json::{Value, json};

/// A function `hello` with version 1, and the alias `live` of it, by the objects of these names.
pub(crate) async fn aliased(world: &World, alias: Value) {
    world.apply("hello", function(json!({"publish": "OnChange"}))).await;
    world.ready("hello").await;
    world.objects("LambdaAlias").apply("live", with(alias)).await;
    world.objects("LambdaAlias").ready("live").await;
}

/// The spec of the alias `live`.
pub(crate) fn with(extra: Value) -> Value {
    let mut spec = json!({"functionRef": {"name": "hello"}, "functionVersion": "1"});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

/// The calls that a change takes until nothing more is done.
pub(crate) async fn calls_after(world: &World, change: impl AsyncFnOnce(&World)) -> Vec<String> {
    world.aws().clear_ledger().await;
    change(world).await;
    let before = world.calls().await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    let after = world.calls().await;
    assert_eq!(before, after, "a settled object costs no call");
    after
}
