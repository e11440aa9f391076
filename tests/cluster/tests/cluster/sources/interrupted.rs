//! kill -9 around the update of code that AWS doesn't tell the source of.

use lambda_sim::FaultEffect;

use super::*;
use crate::crash::{Victim, expected};

async fn dies(effect: FaultEffect) {
    let mut victim = Victim::start("src-die").await;
    furnish(&victim.world).await;
    put(&victim.world, FLAT, "0").await;
    victim.world.apply("hello", of_bucket(FLAT)).await;
    victim.world.ready("hello").await;
    for (text, asked) in [("1", true), ("2", false)] {
        let change = async |world: &World| {
            put(world, FLAT, text).await;
            if asked {
                world.reconcile_now("hello", text).await;
            } else {
                world.patch("hello", json!({"spec": {"tags": {"round": text}}})).await;
            }
        };
        victim.killed_at("UpdateFunctionCode", effect.clone(), change).await;
        let status = victim
            .world
            .until("hello", "it is Ready and nothing is left to recover", |object| {
                let status = object.status.clone().unwrap();
                status.common.pending.is_none() && condition(object, "Ready").unwrap().status == "True"
            })
            .await
            .status
            .unwrap();
        let mut writes = victim.writes().await;
        writes.retain(|write| write != "TagResource");
        assert_eq!(writes, expected("UpdateFunctionCode", &effect), "content {text}");
        assert_eq!(status.code_source_sha256, status.code_sha256, "it is known what runs");
    }
}

#[tokio::test]
async fn an_update_is_not_lost_when_the_operator_dies_before_it() {
    dies(FaultEffect::PauseBefore).await;
}

#[tokio::test]
async fn an_update_is_not_repeated_when_the_operator_dies_before_its_answer() {
    dies(FaultEffect::PauseAfter).await;
}
