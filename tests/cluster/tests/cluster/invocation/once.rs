//! Never twice: an operator that is killed before, at, and after the call, and two operators with one Lease.

use cluster_tests::{World, object_condition};
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};
use test_support::eventually;

use super::{KIND, PATIENCE, apply, ended, made, of_hello, put_hello};
use crate::crash::Victim;
use crate::ending::RefusedStatus;
use crate::leases::{Pair, SHORT, leads};

async fn victim(name: &str) -> Victim {
    let victim = Victim::start(name).await;
    put_hello(&victim.world).await;
    victim
}

async fn invoke(world: &World, extra: Value) {
    apply(world, "once", of_hello(extra)).await;
}

#[tokio::test]
async fn killed_before_it_is_announced_it_is_made_by_the_next_operator() {
    let mut victim = victim("once-before").await;
    let change = async |world: &World| invoke(world, json!({})).await;
    victim.killed_at("GetCallerIdentity", FaultEffect::PauseAfter, change).await;
    let object = ended(&victim.world, "once", "Completed").await;
    assert_eq!(object["status"]["attempts"], 1);
    assert_eq!((victim.writes().await, made(&victim.world).await.len()), (vec!["Invoke".to_owned()], 1));
}

#[tokio::test]
async fn killed_between_the_announcement_and_the_function_nobody_knows_and_it_is_not_made() {
    killed_at_the_call(FaultEffect::PauseBefore, 0).await;
}

#[tokio::test]
async fn killed_while_the_function_runs_nobody_knows_and_it_is_not_made_again() {
    killed_at_the_call(FaultEffect::PauseAfter, 1).await;
}

async fn killed_at_the_call(effect: FaultEffect, ran: usize) {
    let mut victim = victim("once-at").await;
    let change = async |world: &World| invoke(world, json!({})).await;
    victim.killed_at("Invoke", effect, change).await;
    let object = ended(&victim.world, "once", "OutcomeUnknown").await;
    let message = object_condition(&object, "Ready")["message"].as_str().unwrap().to_owned();
    assert!(message.contains("the operator ended after it had announced the call"), "{message}");
    assert_eq!((&object["status"]["attempts"], &object["status"]["outcome"]), (&json!(1), &json!("Unknown")));
    victim.revive().await;
    apply(&victim.world, "other", of_hello(json!({}))).await;
    ended(&victim.world, "other", "Completed").await;
    assert_eq!(victim.writes().await, ["Invoke †", "Invoke"], "the other one's");
    assert_eq!(made(&victim.world).await.len(), ran + 1);
}

#[tokio::test]
async fn killed_before_the_outcome_is_stored_it_is_not_made_again() {
    let world = World::builder("once-stored").without_operator().start().await;
    put_hello(&world).await;
    let policy = RefusedStatus::of_invocations(&world).await;
    let mut process = world.operator_process("operator", &[]).await;
    invoke(&world, json!({})).await;
    eventually(PATIENCE, "it was made and that could not be stored", || async {
        process.log().contains("the outcome may not be stored").then_some(())
    })
    .await;
    process.kill9();
    let object = json!(world.objects(KIND).api().get("once").await.unwrap());
    assert!(object["status"]["pending"].is_object() && object["status"]["outcome"].is_null());
    policy.remove().await;
    let _next = world.operator_process("operator", &[]).await;
    ended(&world, "once", "OutcomeUnknown").await;
    assert_eq!(made(&world).await.len(), 1);
}

#[tokio::test]
async fn an_outcome_that_can_not_be_stored_at_first_is_kept_until_it_can() {
    let world = World::builder("once-later").without_operator().start().await;
    put_hello(&world).await;
    let policy = RefusedStatus::of_invocations(&world).await;
    let process = world.operator_process("operator", &[]).await;
    invoke(&world, json!({})).await;
    eventually(PATIENCE, "it was made and that could not be stored", || async {
        process.log().contains("the outcome may not be stored").then_some(())
    })
    .await;
    policy.remove().await;
    ended(&world, "once", "Completed").await;
    assert_eq!(made(&world).await.len(), 1);
}

#[tokio::test]
async fn where_a_repetition_is_allowed_the_next_operator_makes_another_attempt() {
    let mut victim = victim("once-retry").await;
    let history = victim.world.objects(KIND).history("once").await;
    let change = async |world: &World| invoke(world, json!({"retry": "Allowed"})).await;
    victim.killed_at("Invoke", FaultEffect::PauseAfter, change).await;
    let object = ended(&victim.world, "once", "Completed").await;
    assert_eq!(object["status"]["attempts"], 2);
    assert_eq!((victim.writes().await.len(), made(&victim.world).await.len()), (2, 2));
    let versions = history.until(&serde_json::from_value(object).unwrap()).await;
    let mut ids: Vec<Value> =
        versions.iter().map(|version| version.data["status"]["pending"]["token"].clone()).collect();
    ids.retain(|id| !id.is_null());
    ids.dedup();
    assert_eq!(ids.len(), 2, "each attempt has an id of its own: {ids:?}");
}

#[tokio::test]
async fn sigterm_lets_the_function_answer_and_stores_it() {
    let world = World::builder("once-sigterm").without_operator().start().await;
    put_hello(&world).await;
    let mut process = world.operator_process("operator", &[]).await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    invoke(&world, json!({})).await;
    world.sim.control().wait_for_held().await;
    process.terminate();
    eventually(PATIENCE, "the operator says that it ends", || async {
        process.log().contains("shutting down").then_some(())
    })
    .await;
    world.sim.control().release().await;
    assert_eq!(process.wait(PATIENCE).await.code(), Some(0));
    ended(&world, "once", "Completed").await;
    assert_eq!(made(&world).await.len(), 1);
}

#[tokio::test]
async fn a_function_that_runs_for_longer_than_the_operator_is_given_is_unknown_to_the_next() {
    let world = World::builder("once-sigterm-long").without_operator().start().await;
    put_hello(&world).await;
    let mut process = world.operator_process("operator", &["--aws-timeout", "1s"]).await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    invoke(&world, json!({})).await;
    world.sim.control().wait_for_held().await;
    process.terminate();
    assert_eq!(process.wait(PATIENCE).await.code(), Some(0), "it ends all the same");
    let _next = world.operator_process("operator", &[]).await;
    ended(&world, "once", "OutcomeUnknown").await;
    assert_eq!(made(&world).await.len(), 1);
}

#[tokio::test]
async fn of_two_operators_only_the_leader_calls_and_the_other_never_repeats() {
    let mut pair = Pair::start("once-lease", &SHORT).await;
    put_hello(&pair.world).await;
    pair.world.aws().inject(Fault::new("Invoke", FaultEffect::PauseBefore).times(1)).await;
    invoke(&pair.world, json!({})).await;
    pair.world.sim.control().wait_for_held().await;
    // The leader sleeps in the middle of the call, and the other one takes over.
    pair.leader.pause();
    leads(&pair.standby).await;
    let object = ended(&pair.world, "once", "OutcomeUnknown").await;
    pair.world.sim.control().release().await;
    eventually(PATIENCE, "the function has run for the sleeping leader", || async {
        let made = made(&pair.world).await;
        if made.len() == 1 { Ok(()) } else { Err(made) }
    })
    .await;
    pair.leader.resume();
    assert_eq!(pair.leader.wait(PATIENCE).await.code(), Some(1), "it must not go on");
    let after = json!(pair.world.objects(KIND).api().get("once").await.unwrap());
    assert_eq!(after["metadata"]["resourceVersion"], object["metadata"]["resourceVersion"], "nor write");
    assert_eq!((pair.writes().await, made(&pair.world).await.len()), (vec!["Invoke".to_owned()], 1));
}

#[tokio::test]
async fn a_leader_that_slept_before_the_call_makes_none_when_it_wakes() {
    let mut pair = Pair::start("once-asleep", &SHORT).await;
    put_hello(&pair.world).await;
    // What the leader waits for before the announcement.
    pair.world.aws().inject(Fault::new("AssumeRole", FaultEffect::PauseAfter).times(1)).await;
    let role = format!("arn:aws:iam::{}:role/invoker", cluster_tests::ACCOUNT);
    pair.world.apply_account("main", json!({"accountId": cluster_tests::ACCOUNT, "roleArn": role})).await;
    pair.world.sim.control().wait_for_held().await;
    invoke(&pair.world, json!({"accountRef": pair.world.account_ref("main")})).await;
    pair.leader.pause();
    leads(&pair.standby).await;
    ended(&pair.world, "once", "Completed").await;
    pair.world.sim.control().release().await;
    pair.leader.resume();
    assert_eq!(pair.leader.wait(PATIENCE).await.code(), Some(1));
    assert_eq!(made(&pair.world).await.len(), 1);
}
