//! 409 and 412: AWS is busy, the name is taken by our own create, the revision has moved, or AWS doesn't show
//! yet what it has just accepted.

use std::time::Duration;

use cluster_tests::{World, condition, function};
use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::json;

const BUSY: &str =
    "The operation cannot be performed at this time. An update is in progress for resource: arn";

fn busy(operation: &str) -> Fault {
    Fault::error(operation, 409, "ResourceConflictException", BUSY)
}

#[tokio::test]
async fn an_update_in_progress_is_waited_for_and_is_no_problem() {
    let world = World::start("busy").await;
    for name in ["configuration", "code"] {
        world.apply(name, function(json!({}))).await;
        world.ready(name).await;
    }
    world.aws().clear_ledger().await;
    world.aws().inject(busy("UpdateFunctionConfiguration").times(2)).await;
    world.aws().inject(busy("UpdateFunctionCode").times(2)).await;
    world.apply("configuration", function(json!({"memorySize": 256}))).await;
    let files = json!({"index.py": "def handler(event, context):\n    return 'new'\n"});
    world.apply("code", function(json!({"code": {"inline": {"files": files}}}))).await;
    for (name, operation) in
        [("configuration", "UpdateFunctionConfiguration"), ("code", "UpdateFunctionCode")]
    {
        world.ready(name).await;
        let one = ["GetFunction", operation];
        let expected = [&one[..], &one[..], &one[..], &["GetFunction"]].concat();
        assert_eq!(world.calls_of(name).await, expected, "{name}");
        let events = world.events(name).await;
        assert!(events.iter().all(|(kind, _, _)| kind == "Normal"), "{events:?}");
    }
}

#[tokio::test]
async fn a_section_that_meets_an_update_is_put_again() {
    let world = World::start("busy-section").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().inject(busy("PutFunctionConcurrency").times(1)).await;
    world.apply("hello", function(json!({"reservedConcurrentExecutions": 5}))).await;
    world.ready("hello").await;
    world.aws().inject(busy("DeleteFunctionConcurrency").times(1)).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    assert!(world.aws().function("hello").await.unwrap().get("Concurrency").is_none());
}

#[tokio::test]
async fn a_create_that_is_answered_already_exists_finds_its_own_function() {
    let world = World::start("own-conflict").await;
    let exists = FaultError::new(409, "ResourceConflictException", "Function already exist: hello");
    world.aws().inject(Fault::new("CreateFunction", FaultEffect::ErrorAfterEffect(exists)).times(1)).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    assert_eq!(world.calls().await, ["CreateFunction", "GetFunction"]);
    let events = world.events("hello").await;
    assert!(events.iter().all(|(kind, _, _)| kind == "Normal"), "{events:?}");
}

#[tokio::test]
async fn a_moved_revision_is_read_and_planned_again_at_once() {
    // What comes within the test's patience comes at once: everything else waits for a minute.
    let world = World::builder("lock")
        .settings(|settings| {
            settings.rechecks.min = Duration::from_mins(1);
            settings.rechecks.max = Duration::from_mins(1);
            settings.rechecks.propagation_min = Duration::from_mins(1);
            settings.rechecks.propagation_max = Duration::from_mins(1);
        })
        .start()
        .await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    let stale = "The Revision Id provided does not match the latest Revision Id.";
    let lock = Fault::error("UpdateFunctionConfiguration", 412, "PreconditionFailedException", stale);
    world.aws().inject(lock.times(1)).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.ready("hello").await;
    let once = ["GetFunction", "UpdateFunctionConfiguration"];
    assert_eq!(world.calls().await, [&once[..], &once[..], &["GetFunction"]].concat());
}

#[tokio::test]
async fn a_function_that_aws_does_not_show_yet_is_not_created_twice() {
    let world = World::start("read-after-create").await;
    let unseen = "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:hello";
    let fault = Fault::error("GetFunction", 404, "ResourceNotFoundException", unseen);
    world.aws().inject(fault.times(3)).await;
    let history = world.history("hello").await;
    world.apply("hello", function(json!({}))).await;
    let object = world.ready("hello").await;
    assert_eq!(
        world.calls().await,
        ["CreateFunction", "GetFunction", "GetFunction", "GetFunction", "GetFunction"]
    );
    let wrong = history
        .until(&object)
        .await
        .into_iter()
        .find(|o| condition(o, "Ready").is_some_and(|c| c.status == "False"));
    assert!(wrong.is_none(), "a moment's blindness is no problem: {wrong:?}");
}

#[tokio::test]
async fn a_function_that_vanishes_before_an_update_is_created_again() {
    let world = World::start("vanished").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.aws().inject(Fault::new("UpdateFunctionConfiguration", FaultEffect::PauseBefore).times(1)).await;
    world.apply("hello", function(json!({"memorySize": 256}))).await;
    world.sim.control().wait_for_held().await;
    world.aws().remove_function("hello").await;
    world.sim.control().release().await;
    world.ready("hello").await;
    let expected =
        ["GetFunction", "UpdateFunctionConfiguration", "GetFunction", "CreateFunction", "GetFunction"];
    assert_eq!(world.calls().await, expected);
    let function = world.aws().function("hello").await.unwrap();
    assert_eq!(function["Configuration"]["MemorySize"], 256);
    world.assert_quiet("hello", Duration::from_millis(500)).await;
    let events = world.events("hello").await;
    assert!(events.iter().all(|(kind, _, _)| kind == "Normal"), "{events:?}");
}
