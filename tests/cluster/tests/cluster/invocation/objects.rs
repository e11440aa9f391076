//! How an invocation looks to those who wait for it, list it, and apply it again.

use cluster_tests::{World, object_condition};
use lambda_sim::{Fault, FaultEffect, Outcome};
use serde_json::{Value, json};

use super::{KIND, apply, ended, of_hello, put_hello, world};
use crate::argocd::Argo;
use crate::kstatus;

/// An invocation in each state that it can be in, with what kstatus and Argo CD are to make of it.
async fn in_each_state(world: &World) -> Vec<(Value, &'static str, &'static str)> {
    let objects = world.objects(KIND);
    let mut all = Vec::new();
    apply(world, "suspended", of_hello(json!({"suspend": true}))).await;
    let suspended = |object: &Value| object_condition(object, "Suspended")["status"] == "True";
    all.push((objects.until("suspended", "is suspended", suspended).await, "InProgress", "Suspended"));
    apply(world, "waiting", json!({"functionRef": {"name": "nowhere"}})).await;
    all.push((objects.reason("waiting", "DependencyNotReady").await, "InProgress", "Progressing"));
    apply(world, "done", of_hello(json!({}))).await;
    all.push((ended(world, "done", "Completed").await, "Current", "Healthy"));
    world.aws().next_invocation("hello", Outcome::raises("KeyError", "no")).await;
    apply(world, "failed", of_hello(json!({}))).await;
    all.push((ended(world, "failed", "FunctionFailed").await, "Failed", "Degraded"));
    world.aws().inject(Fault::new("Invoke", FaultEffect::CutAfter).times(1)).await;
    apply(world, "unknown", of_hello(json!({}))).await;
    all.push((ended(world, "unknown", "OutcomeUnknown").await, "Failed", "Degraded"));
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    apply(world, "running", of_hello(json!({}))).await;
    world.sim.control().wait_for_held().await;
    all.push((objects.reason("running", "Running").await, "InProgress", "Progressing"));
    all
}

#[tokio::test]
async fn kstatus_and_argo_cd_wait_for_the_end_and_tell_success_from_failure() {
    let world = world("inv-health").await;
    let argo = Argo::taught(&world).await;
    for (object, status, health) in in_each_state(&world).await {
        let object = [object];
        kstatus::assert_all(&world, &object, status, "").await;
        argo.assert_all(&world, &object, health, "").await;
    }
    world.sim.control().release().await;
    ended(&world, "running", "Completed").await;
}

#[tokio::test]
async fn one_that_nobody_has_seen_is_in_progress() {
    let world = World::builder("inv-unseen").without_operator().start().await;
    apply(&world, "once", of_hello(json!({}))).await;
    let object = [json!(world.objects(KIND).api().get("once").await.unwrap())];
    kstatus::assert_all(&world, &object, "InProgress", "latest observed generation is -1").await;
    Argo::taught(&world).await.assert_all(&world, &object, "Progressing", "to look at this generation").await;
}

#[tokio::test]
async fn a_hook_is_waited_for_as_a_job_is() {
    let world = world("inv-hook").await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    let hook = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": KIND, "spec": of_hello(json!({})),
        "metadata": {"generateName": "migration-", "annotations": {"argocd.argoproj.io/hook": "PostSync"}},
    });
    let created =
        world.kubectl(&["create", "-o", "name", "-f", "-"]).stdin(hook.to_string()).run().await.stdout;
    let name = created.trim();
    world.sim.control().wait_for_held().await;
    let wait = |condition: &'static str, time: &'static str| {
        let (condition, time) = (format!("--for=condition={condition}"), format!("--timeout={time}"));
        world.kubectl(&["wait", name]).args([condition, time])
    };
    for condition in ["Complete", "Failed", "Ready"] {
        assert!(!wait(condition, "0s").output().await.status.success(), "{condition}: it still runs");
    }
    world.sim.control().release().await;
    wait("Complete", "60s").run().await;
    wait("Ready", "0s").run().await;
}

#[tokio::test]
async fn the_columns_show_how_it_went() {
    let world = world("inv-columns").await;
    apply(&world, "once", of_hello(json!({}))).await;
    ended(&world, "once", "Completed").await;
    let table = world.kubectl(&["get", "linv", "-o", "wide"]).run().await.stdout;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let head = ["NAME", "READY", "REASON", "ATTEMPTS", "DURATION", "COMPLETED", "AGE", "TARGET", "MESSAGE"];
    assert_eq!(rows[0], head);
    assert_eq!((&rows[1][..4], rows[1][7]), (["once", "True", "Completed", "1"].as_slice(), "hello"));
    let listed = world.kubectl(&["get", "lambda", "-o", "name"]).run().await.stdout;
    assert!(listed.contains("lambdainvocation.lambda-operator.io/once"), "{listed}");
}

#[tokio::test]
async fn applying_it_again_is_no_second_invocation_and_no_difference() {
    let world = world("inv-again").await;
    let manifest = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": KIND, "metadata": {"name": "once"},
        "spec": of_hello(json!({"payload": "1"})),
    });
    let kubectl = |how: &[&str]| world.kubectl(how).stdin(manifest.to_string());
    for how in
        [["--server-side", "--field-manager=argocd-controller"], ["--server-side", "--force-conflicts"]]
    {
        kubectl(&[&["apply", "-f", "-"], how.as_slice()].concat()).run().await;
        let object = ended(&world, "once", "Completed").await;
        kubectl(&[&["diff", "-f", "-"], how.as_slice()].concat()).run().await;
        let managers = object["metadata"]["managedFields"].as_array().cloned().unwrap_or_default();
        let ours = managers.iter().filter(|entry| entry["manager"] == "lambda-operator");
        assert!(ours.clone().count() == 1 && ours.into_iter().all(|entry| entry["subresource"] == "status"));
    }
    assert_eq!(world.calls().await, ["Invoke"]);
    world.objects(KIND).delete("once").await;
    world.objects(KIND).gone("once").await;
    put_hello(&world).await;
}
