//! What an invocation comes to: answers, failures, refusals, and what nobody knows.

use std::time::Duration;

use cluster_tests::{World, object_condition};
use lambda_sim::{Fault, FaultEffect, FaultError, Outcome};
use serde_json::{Value, json};
use test_support::eventually;

use super::{KIND, PATIENCE, apply, ended, made, of_hello, patch, put_hello, warned, world};

/// The calls of `Invoke` so far.
async fn calls(world: &World) -> usize {
    world.calls().await.iter().filter(|operation| *operation == "Invoke").count()
}

async fn refuse(world: &World, status: u16, code: &str, text: &str, times: u32) {
    world.aws().inject(Fault::error("Invoke", status, code, text).times(times)).await;
}

#[tokio::test]
async fn an_event_is_complete_once_lambda_has_it_and_a_dry_run_leaves_the_function_alone() {
    let world = world("inv-types").await;
    for (kind, code, runs) in [("Event", 202, 1), ("DryRun", 204, 1)] {
        let name = kind.to_lowercase();
        apply(&world, &name, of_hello(json!({"invocationType": kind}))).await;
        let object = ended(&world, &name, "Completed").await;
        assert_eq!(object["status"]["statusCode"], code);
        assert_eq!(made(&world).await.len(), runs, "{kind}");
    }
    assert_eq!(made(&world).await[0].invocation_type, "Event");
    assert_eq!(calls(&world).await, 2);
}

#[tokio::test]
async fn a_function_that_fails_is_not_invoked_again_and_says_nothing_of_itself() {
    let world = world("inv-failed").await;
    world.aws().next_invocation("hello", Outcome::raises("KeyError", "order 4711").logs("looking")).await;
    apply(&world, "once", of_hello(json!({"retry": "Allowed"}))).await;
    let object = ended(&world, "once", "FunctionFailed").await;
    assert_eq!(object["status"]["functionError"], "Unhandled");
    assert!(!object.to_string().contains("4711"), "{object}");
    warned(&world, "once", "FunctionFailed", "status.requestId").await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(calls(&world).await, 1);
}

#[tokio::test]
async fn an_answer_that_is_to_be_kept_is_in_the_status_with_the_end_of_the_log() {
    let world = world("inv-result").await;
    let record = || of_hello(json!({"recordResult": true}));
    world.aws().next_invocation("hello", Outcome::returns(&json!({"total": 3})).logs("counting")).await;
    apply(&world, "answer", record()).await;
    let status = ended(&world, "answer", "Completed").await["status"].clone();
    assert_eq!((&status["result"], status.get("resultTruncated")), (&json!(r#"{"total":3}"#), None));
    assert!(status["logTail"].as_str().unwrap().contains("\ncounting\n"), "{status}");
    assert_eq!(world.ledger().await[0].request["LogType"], "Tail");

    world.aws().next_invocation("hello", Outcome::raises("KeyError", "order 4711")).await;
    apply(&world, "failure", record()).await;
    let object = ended(&world, "failure", "FunctionFailed").await;
    assert!(object["status"]["result"].as_str().unwrap().contains("order 4711"));
    let conditions = object["status"]["conditions"].to_string();
    assert!(!conditions.contains("4711"), "only where it is asked for: {conditions}");

    let long = Outcome::returns(&json!("x".repeat(100_000))).logs(&"y".repeat(10_000));
    world.aws().next_invocation("hello", long).await;
    apply(&world, "long", record()).await;
    let status = ended(&world, "long", "Completed").await["status"].clone();
    assert_eq!(status["result"].as_str().unwrap().len(), 32 * 1024);
    assert_eq!(status["resultTruncated"], true);
    assert_eq!(status["logTail"].as_str().unwrap().len(), 4 * 1024);
}

#[tokio::test]
async fn what_is_refused_before_the_function_runs_is_tried_again() {
    let world = world("inv-refused").await;
    for (status, code, reason) in [
        (429, "TooManyRequestsException", "Throttled"),
        (409, "ResourceConflictException", "DependencyNotReady"),
        (502, "ENINotReadyException", "DependencyNotReady"),
        (502, "KMSDisabledException", "DependencyNotReady"),
        (502, "SubnetIPAddressLimitReachedException", "QuotaExceeded"),
        (403, "AccessDeniedException", "AccessDenied"),
    ] {
        let name = code.to_lowercase();
        let before = (calls(&world).await, made(&world).await.len());
        let history = world.objects(KIND).history(&name).await;
        refuse(&world, status, code, "not now", 2).await;
        apply(&world, &name, of_hello(json!({}))).await;
        let object = ended(&world, &name, "Completed").await;
        assert_eq!(object["status"]["attempts"], 1, "{code}: what was refused doesn't count");
        assert_eq!((calls(&world).await, made(&world).await.len()), (before.0 + 3, before.1 + 1), "{code}");
        let versions = history.until(&serde_json::from_value(object).unwrap()).await;
        let told = versions.iter().map(|version| object_condition(&json!(version), "Ready"));
        let told: Vec<Value> = told.filter(|ready| ready["reason"] == reason).collect();
        assert!(!told.is_empty() && told.iter().all(|ready| ready["status"] == "False"), "{code}");
        warned(&world, &name, reason, "not now").await;
    }
}

#[tokio::test]
async fn a_function_without_concurrency_or_not_yet_active_is_invoked_once_it_can_be() {
    let world = world("inv-pending").await;
    for (field, value, reason) in [
        ("ReservedConcurrentExecutions", json!(0), "Throttled"),
        ("State", json!("Pending"), "DependencyNotReady"),
    ] {
        let name = reason.to_lowercase();
        world.aws().edit_function("hello", json!({field: value})).await;
        apply(&world, &name, of_hello(json!({}))).await;
        world.objects(KIND).reason(&name, reason).await;
        put_hello(&world).await;
        ended(&world, &name, "Completed").await;
    }
    assert_eq!(made(&world).await.len(), 2);
}

#[tokio::test]
async fn a_function_that_appears_later_is_waited_for() {
    let world = World::start("inv-missing").await;
    apply(&world, "once", of_hello(json!({}))).await;
    let object = world.objects(KIND).reason("once", "DependencyNotReady").await;
    assert!(object["status"].to_string().contains("Function not found"), "{object}");
    put_hello(&world).await;
    ended(&world, "once", "Completed").await;
}

#[tokio::test]
async fn what_would_be_refused_for_ever_has_failed() {
    let world = world("inv-invalid").await;
    apply(&world, "once", of_hello(json!({"tenantId": "blue"}))).await;
    let object = ended(&world, "once", "InvalidSpec").await;
    assert_eq!((&object["status"]["outcome"], &object["status"]["attempts"]), (&json!("Refused"), &json!(0)));
    warned(&world, "once", "InvalidSpec", "Remove the tenant ID").await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert_eq!(calls(&world).await, 1, "not even when another kind's spec would be sent again");
}

#[tokio::test]
async fn without_an_answer_nobody_knows_and_it_is_not_invoked_again() {
    let world = world("inv-unknown").await;
    for (name, effect, timeout) in [
        ("cut-before", FaultEffect::CutBefore, 60),
        ("cut-after", FaultEffect::CutAfter, 60),
        ("fault", FaultEffect::Error(FaultError::service()), 60),
        ("late", FaultEffect::DelayMs(10_000), 1),
    ] {
        let before = calls(&world).await;
        world.aws().inject(Fault::new("Invoke", effect).times(1)).await;
        apply(&world, name, of_hello(json!({"timeout": timeout}))).await;
        let object = ended(&world, name, "OutcomeUnknown").await;
        assert_eq!(
            (&object["status"]["outcome"], &object["status"]["attempts"]),
            (&json!("Unknown"), &json!(1))
        );
        warned(&world, name, "OutcomeUnknown", "Nobody knows whether hello ran").await;
        patch(&world, name, json!({"metadata": {"annotations": {"lambda-operator.io/reconcile-at": "1"}}}))
            .await;
        let looked = |object: &Value| object["status"]["lastHandledReconcileAt"] == "1";
        world.objects(KIND).until(name, "was looked at again", looked).await;
        assert_eq!(calls(&world).await, before + 1, "{name}");
    }
}

#[tokio::test]
async fn what_may_be_repeated_is_invoked_until_somebody_knows_but_not_for_ever() {
    let world = world("inv-retry").await;
    let may = || of_hello(json!({"retry": "Allowed"}));
    world.aws().inject(Fault::new("Invoke", FaultEffect::CutAfter).times(2)).await;
    apply(&world, "third", may()).await;
    let object = ended(&world, "third", "Completed").await;
    assert_eq!((&object["status"]["attempts"], made(&world).await.len()), (&json!(3), 3));

    world.aws().inject(Fault::new("Invoke", FaultEffect::CutAfter)).await;
    apply(&world, "never", may()).await;
    let object = ended(&world, "never", "OutcomeUnknown").await;
    assert_eq!((&object["status"]["attempts"], made(&world).await.len()), (&json!(6), 9));
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(made(&world).await.len(), 9);
}

#[tokio::test]
async fn a_repetition_may_be_allowed_afterwards_and_forbidden_again() {
    let world = world("inv-afterwards").await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::CutAfter).times(1)).await;
    apply(&world, "once", of_hello(json!({}))).await;
    ended(&world, "once", "OutcomeUnknown").await;
    patch(&world, "once", json!({"spec": {"retry": "Allowed"}})).await;
    let is_complete = |object: &Value| object_condition(object, "Complete")["status"] == "True";
    let object = world.objects(KIND).until("once", "has succeeded", is_complete).await;
    assert!(object_condition(&object, "Failed").is_null(), "{object}");
    assert_eq!((&object["status"]["attempts"], made(&world).await.len()), (&json!(2), 2));

    world.aws().inject(Fault::new("Invoke", FaultEffect::CutAfter)).await;
    apply(&world, "other", of_hello(json!({"retry": "Allowed"}))).await;
    world.objects(KIND).until("other", "is repeated", |object| object["status"]["attempts"] == 2).await;
    patch(&world, "other", json!({"spec": {"retry": "Never"}})).await;
    ended(&world, "other", "OutcomeUnknown").await;
    let so_far = made(&world).await.len();
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(made(&world).await.len(), so_far);
}

#[tokio::test]
async fn so_many_run_at_a_time_and_the_others_are_queued_in_order() {
    let world =
        World::builder("inv-queue").settings(|settings| settings.concurrent_invocations = 1).start().await;
    put_hello(&world).await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    apply(&world, "first", of_hello(json!({"payload": "1"}))).await;
    world.sim.control().wait_for_held().await;
    for (name, payload) in [("second", "2"), ("third", "3")] {
        apply(&world, name, of_hello(json!({"payload": payload}))).await;
        let object = world.objects(KIND).reason(name, "Queued").await;
        assert_eq!(object_condition(&object, "Ready")["status"], "Unknown");
        assert!(object["status"]["pending"].is_null() && object["status"]["attempts"] == 0, "{object}");
    }
    assert_eq!(calls(&world).await, 1);
    world.sim.control().release().await;
    for name in ["first", "second", "third"] {
        ended(&world, name, "Completed").await;
    }
    let order: Vec<Value> = made(&world).await.into_iter().map(|one| one.event).collect();
    assert_eq!(order, [json!(1), json!(2), json!(3)]);
}

#[tokio::test]
async fn a_call_that_lasts_holds_up_nothing_else() {
    let world = World::builder("inv-beside").settings(|settings| settings.concurrency = 1).start().await;
    put_hello(&world).await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    apply(&world, "long", of_hello(json!({}))).await;
    world.sim.control().wait_for_held().await;
    apply(&world, "short", of_hello(json!({}))).await;
    ended(&world, "short", "Completed").await;
    let running = world.objects(KIND).reason("long", "Running").await;
    assert_eq!(running["status"]["pending"]["operation"], "Invoke");
    world.sim.control().release().await;
    ended(&world, "long", "Completed").await;
}

#[tokio::test]
async fn an_outcome_is_stored_although_somebody_changes_the_object_meanwhile() {
    let world = world("inv-meanwhile").await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    apply(&world, "once", of_hello(json!({}))).await;
    world.sim.control().wait_for_held().await;
    patch(&world, "once", json!({"spec": {"suspend": true}, "metadata": {"labels": {"changed": "yes"}}}))
        .await;
    world.sim.control().release().await;
    let object = ended(&world, "once", "Completed").await;
    assert_eq!((&object["status"]["observedGeneration"], calls(&world).await), (&json!(2), 1));
}

#[tokio::test]
async fn a_time_to_live_begins_at_the_end_and_ends_with_the_object() {
    let world = world("inv-ttl").await;
    world.aws().next_invocation("hello", Outcome::raises("KeyError", "no")).await;
    apply(&world, "failed", of_hello(json!({"ttlSecondsAfterFinished": 1}))).await;
    world.objects(KIND).gone("failed").await;
    // It doesn't begin with the call.
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    apply(&world, "long", of_hello(json!({"ttlSecondsAfterFinished": 1}))).await;
    world.sim.control().wait_for_held().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(world.objects(KIND).api().get_opt("long").await.unwrap().is_some());
    world.sim.control().release().await;
    world.objects(KIND).gone("long").await;
    apply(&world, "kept", of_hello(json!({}))).await;
    ended(&world, "kept", "Completed").await;
    patch(&world, "kept", json!({"spec": {"ttlSecondsAfterFinished": 0}})).await;
    world.objects(KIND).gone("kept").await;
    assert_eq!(calls(&world).await, 3);
}

#[tokio::test]
async fn an_object_that_is_deleted_while_the_function_runs_is_gone_at_once_and_makes_room() {
    let world =
        World::builder("inv-deleted").settings(|settings| settings.concurrent_invocations = 1).start().await;
    put_hello(&world).await;
    world.aws().inject(Fault::new("Invoke", FaultEffect::PauseAfter).times(1)).await;
    apply(&world, "long", of_hello(json!({}))).await;
    world.sim.control().wait_for_held().await;
    apply(&world, "next", of_hello(json!({}))).await;
    world.objects(KIND).reason("next", "Queued").await;
    world.objects(KIND).delete("long").await;
    world.objects(KIND).gone("long").await;
    ended(&world, "next", "Completed").await;
    eventually(PATIENCE, "the call was given up", || async {
        let ledger = world.ledger().await;
        if ledger[0].error.as_deref() == Some("CallerGone") { Ok(()) } else { Err(ledger) }
    })
    .await;
    apply(&world, "long", of_hello(json!({}))).await;
    ended(&world, "long", "Completed").await;
    assert_eq!(made(&world).await.len(), 3, "a new object is a new invocation");
}
