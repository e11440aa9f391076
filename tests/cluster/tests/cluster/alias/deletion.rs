//! The end of an alias: before its function, with nothing left, or left on purpose.

use cluster_tests::{World, function};
use lambda_sim::FaultEffect;
use serde_json::{Value, json};

use super::{KIND, alias, has_event, in_aws, put_function, until_in_aws, world_with};
use crate::crash::Victim;

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
    let world = World::builder("alias-vanished").watchful().start().await;
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
    let writes = world.written().await;
    assert_eq!(writes, ["DeleteAlias", "DeleteFunction"]);
}

#[tokio::test]
async fn killed_at_any_write_nothing_is_lost_or_done_twice() {
    let mut victim = Victim::start("alias-killed").await;
    put_function(&victim.world, "quotes", 2).await;
    for effect in [FaultEffect::PauseBefore, FaultEffect::PauseAfter] {
        let times = if matches!(effect, FaultEffect::PauseBefore) { 2 } else { 1 };
        let spec = |version: &str| alias(json!({"functionVersion": version}));
        let apply =
            async |world: &World, version: &str| world.objects(KIND).apply("live", spec(version)).await;
        victim.killed_at("CreateAlias", effect.clone(), async |world: &World| apply(world, "1").await).await;
        let object = victim.world.objects(KIND).ready("live").await;
        assert_eq!(
            (&object["status"]["origin"], &object["status"]["pending"]),
            (&json!("Created"), &json!(null))
        );
        assert_eq!(victim.world.written().await, vec!["CreateAlias"; times]);
        victim.killed_at("UpdateAlias", effect.clone(), async |world: &World| apply(world, "2").await).await;
        victim.world.objects(KIND).ready("live").await;
        assert_eq!(in_aws(&victim.world, "live").await["FunctionVersion"], "2");
        assert_eq!(victim.world.written().await, vec!["UpdateAlias"; times]);
        let delete = async |world: &World| world.objects(KIND).delete("live").await;
        victim.killed_at("DeleteAlias", effect.clone(), delete).await;
        victim.world.objects(KIND).gone("live").await;
        assert_eq!(in_aws(&victim.world, "live").await, Value::Null);
        assert_eq!(victim.world.written().await, vec!["DeleteAlias"; times]);
    }
}
