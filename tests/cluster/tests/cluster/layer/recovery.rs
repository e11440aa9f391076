//! Killed at any call, and cut off from any answer: nothing is published twice.

use cluster_tests::World;
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};

use super::*;
use crate::crash::{Victim, expected};

fn shared(text: &str) -> Value {
    layer(json!({"content": files(text), "permissions": [{"statementId": "a", "principal": "*"}]}))
}

async fn dies(effect: FaultEffect) {
    let mut victim = Victim::start("layer-die").await;
    for (number, operation) in [(1, "PublishLayerVersion"), (2, "AddLayerVersionPermission")] {
        let change =
            async |world: &World| world.objects(KIND).apply("tools", shared(&number.to_string())).await;
        victim.killed_at(operation, effect.clone(), change).await;
        let object = victim.world.objects(KIND).ready("tools").await;
        let killed = expected(operation, &effect);
        let all = if number == 1 {
            [killed, vec!["AddLayerVersionPermission".to_owned()]].concat()
        } else {
            [vec!["PublishLayerVersion".to_owned()], killed].concat()
        };
        assert_eq!(victim.writes().await, all, "killed at {operation}");
        let published: Vec<i64> = (1..=number).collect();
        assert_eq!(object["status"]["publishedVersions"], json!(published));
        assert!(object["status"]["pending"].is_null());
        assert_eq!(numbers(&victim.world).await, published);
    }
}

#[tokio::test]
async fn what_the_operator_dies_before_is_done_once() {
    dies(FaultEffect::PauseBefore).await;
}

#[tokio::test]
async fn what_the_operator_dies_after_is_not_repeated() {
    dies(FaultEffect::PauseAfter).await;
}

#[tokio::test]
async fn a_deletion_goes_on_when_the_operator_dies() {
    for effect in [FaultEffect::PauseBefore, FaultEffect::PauseAfter] {
        let mut victim = Victim::start("layer-die-del").await;
        for text in ["1", "2"] {
            applied(&victim.world, "tools", shared(text)).await;
        }
        let change = async |world: &World| world.objects(KIND).delete("tools").await;
        victim.killed_at("DeleteLayerVersion", effect, change).await;
        victim.world.objects(KIND).gone("tools").await;
        assert_eq!(numbers(&victim.world).await, Vec::<i64>::new());
    }
}

#[tokio::test]
async fn a_lost_publication_is_found_by_a_deletion_too() {
    let world = World::start("layer-lost-del").await;
    let aws = world.aws();
    aws.inject(Fault::new("PublishLayerVersion", FaultEffect::CutAfter).times(1)).await;
    let unavailable = Fault::error("ListLayerVersions", 500, "ServiceException", "not now");
    aws.inject(unavailable.nth(2).times(1000)).await;
    let layers = world.objects(KIND);
    layers.apply("tools", shared("1")).await;
    layers.reason("tools", "AWSUnavailable").await;
    layers.delete("tools").await;
    assert_eq!(numbers(&world).await, [1]);
    aws.clear_faults().await;
    layers.gone("tools").await;
    assert_eq!(numbers(&world).await, Vec::<i64>::new());
}

#[tokio::test]
async fn an_answer_that_is_lost_publishes_no_second_version() {
    let world = World::start("layer-lost").await;
    applied(&world, "tools", shared("1")).await;
    world.aws().inject(Fault::new("PublishLayerVersion", FaultEffect::CutAfter).times(1)).await;
    let writes = applied(&world, "tools", shared("2")).await;
    assert_eq!(writes, ["PublishLayerVersion", "AddLayerVersionPermission"]);
    assert_eq!(numbers(&world).await, [1, 2]);
}

#[tokio::test]
async fn a_permission_whose_answer_is_lost_is_given_once() {
    let world = World::start("layer-lost-perm").await;
    world.aws().inject(Fault::new("AddLayerVersionPermission", FaultEffect::CutAfter).times(1)).await;
    let writes = applied(&world, "tools", shared("1")).await;
    assert_eq!(writes, ["PublishLayerVersion", "AddLayerVersionPermission"]);
}

#[tokio::test]
async fn order_means_nothing_to_a_function_and_its_layer() {
    let world = World::start("layer-order").await;
    let uses = cluster_tests::function(json!({"layers": [{"arn": format!("{ARN}:1")}]}));
    world.apply("hello", uses).await;
    applied(&world, "tools", layer(json!({}))).await;
    world.ready("hello").await;
}
