//! The end of an alias: before its function, with nothing left, or left on purpose.

use cluster_tests::{World, function};
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};
use test_support::{Process, eventually};

use super::{KIND, alias, drifting, has_event, in_aws, put_function, until_in_aws, world_with};

use std::time::Duration;

async fn created(world: &World, extra: Value) {
    let aliases = world.objects(KIND);
    let mut spec = alias(json!({"functionVersion": "1"}));
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    aliases.apply("live", spec).await;
    aliases.ready("live").await;
    world.aws().clear_ledger().await;
}

#[tokio::test]
async fn deletion_is_one_read_and_one_write() {
    let world = world_with("alias-delete", 1).await;
    created(&world, json!({})).await;
    world.objects(KIND).delete("live").await;
    world.objects(KIND).gone("live").await;
    assert_eq!(world.calls().await, ["GetAlias", "DeleteAlias"]);
    assert_eq!(in_aws(&world, "live").await, Value::Null);
    has_event(&world, "live", "Deleted").await;
}

#[tokio::test]
async fn retained_it_stays_as_it_is_and_can_be_adopted_again() {
    let world = world_with("alias-retain", 1).await;
    created(&world, json!({"deletionPolicy": "Retain"})).await;
    let before = in_aws(&world, "live").await;
    world.objects(KIND).delete("live").await;
    world.objects(KIND).gone("live").await;
    assert_eq!(in_aws(&world, "live").await, before);
    has_event(&world, "live", "Retained").await;
    created(&world, json!({"adopt": "Unowned"})).await;
    assert_eq!(in_aws(&world, "live").await, before);
}

#[tokio::test]
async fn what_is_gone_already_lets_the_object_go() {
    let world = world_with("alias-gone", 1).await;
    created(&world, json!({})).await;
    world.aws().remove_function("quotes").await;
    world.objects(KIND).delete("live").await;
    world.objects(KIND).gone("live").await;
    assert_eq!(world.calls().await, ["GetAlias"]);
}

#[tokio::test]
async fn one_that_vanished_is_made_anew() {
    let world = drifting("alias-vanished").start().await;
    put_function(&world, "quotes", 1).await;
    created(&world, json!({"description": "d"})).await;
    assert!(world.aws().remove_alias("quotes", "live").await);
    until_in_aws(&world, "live", "Description", json!("d")).await;
    let object = world.objects(KIND).ready("live").await;
    assert_eq!(object["status"]["origin"], "Created");
}

#[tokio::test]
async fn a_function_waits_for_its_aliases_and_both_go_in_any_order() {
    let world = World::start("alias-blocks").await;
    let aliases = world.objects(KIND);
    world.apply("hello", function(json!({}))).await;
    aliases.apply("live", json!({"functionRef": {"name": "hello"}, "functionVersion": "$LATEST"})).await;
    aliases.ready("live").await;
    world.aws().clear_ledger().await;
    world.delete("hello").await;
    let blocked = world.reason("hello", "DeletionBlocked").await;
    let text = &cluster_tests::condition(&blocked, "Ready").unwrap().message;
    assert!(text.contains("LambdaAlias live"), "{text}");
    aliases.reason("live", "DependencyNotReady").await;
    aliases.delete("live").await;
    aliases.gone("live").await;
    world.gone("hello").await;
    let writes = super::writes(&world).await;
    assert_eq!(writes, ["DeleteAlias", "DeleteFunction"]);
}

/// Kills the operator when its call is held, before or after AWS acted on it, and starts another.
async fn killed_at(
    world: &World,
    process: &mut Process,
    operation: &str,
    effect: FaultEffect,
    change: impl AsyncFnOnce(),
) {
    let aws = world.aws();
    aws.inject(Fault::new(operation, effect).times(1)).await;
    aws.clear_ledger().await;
    change().await;
    world.sim.control().wait_for_held().await;
    process.kill9();
    eventually(Duration::from_secs(30), "the simulator notices the end of the caller", || async {
        let ledger = aws.ledger().await;
        ledger.into_iter().any(|call| call.error.as_deref() == Some("CallerGone")).then_some(())
    })
    .await;
    world.sim.control().release().await;
    aws.clear_faults().await;
    *process = world.operator_process("operator", &[]).await;
}

#[tokio::test]
async fn killed_at_any_write_nothing_is_lost_or_done_twice() {
    let world = World::builder("alias-killed").without_operator().start().await;
    put_function(&world, "quotes", 2).await;
    let mut process = world.operator_process("operator", &[]).await;
    let aliases = world.objects(KIND);
    for effect in [FaultEffect::PauseBefore, FaultEffect::PauseAfter] {
        let times = if matches!(effect, FaultEffect::PauseBefore) { 2 } else { 1 };
        let spec = |version: &str| alias(json!({"functionVersion": version}));
        killed_at(&world, &mut process, "CreateAlias", effect.clone(), async || {
            aliases.apply("live", spec("1")).await;
        })
        .await;
        let object = aliases.ready("live").await;
        assert_eq!(
            (&object["status"]["origin"], &object["status"]["pending"]),
            (&json!("Created"), &json!(null))
        );
        assert_eq!(super::writes(&world).await, vec!["CreateAlias"; times]);
        killed_at(&world, &mut process, "UpdateAlias", effect.clone(), async || {
            aliases.apply("live", spec("2")).await;
        })
        .await;
        aliases.ready("live").await;
        assert_eq!(in_aws(&world, "live").await["FunctionVersion"], "2");
        assert_eq!(super::writes(&world).await, vec!["UpdateAlias"; times]);
        killed_at(&world, &mut process, "DeleteAlias", effect.clone(), async || aliases.delete("live").await)
            .await;
        aliases.gone("live").await;
        assert_eq!(in_aws(&world, "live").await, Value::Null);
        assert_eq!(super::writes(&world).await, vec!["DeleteAlias"; times]);
    }
}
