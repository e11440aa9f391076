//! Deletions that AWS takes its time for, and creations that it doesn't show yet when they are to be undone.

use cluster_tests::{World, condition, function};
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};

/// Lets AWS be at work on the deletion of a function when it answers to it, instead of being done.
async fn delete_slowly(world: &World) {
    let tags = world.aws().function("hello").await.unwrap()["Tags"].clone();
    world.aws().inject(Fault::new("DeleteFunction", FaultEffect::PauseAfter).times(1)).await;
    world.delete("hello").await;
    world.sim.control().wait_for_held().await;
    let going = json!({
        "FunctionName": "hello", "Role": cluster_tests::ROLE, "Runtime": "python3.14", "Handler": "index.handler",
        "Code": {"S3Bucket": "packages", "S3Key": "hello.zip"}, "Tags": tags,
    });
    world.aws().put_function(going).await;
    let state = json!({"State": "Deleting", "StateReason": Value::Null});
    world.aws().edit_function("hello", state).await;
    world.sim.control().release().await;
}

#[tokio::test]
async fn a_deletion_that_takes_time_is_polled_and_sent_once() {
    let world = World::start("slow-delete").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    let history = world.history("hello").await;
    delete_slowly(&world).await;
    let object = world.reason("hello", "Deleting").await;
    let ready = condition(&object, "Ready").unwrap();
    assert_eq!(ready.status, "Unknown", "{}", ready.message);
    assert!(condition(&object, "Reconciling").is_some() && condition(&object, "Stalled").is_none());
    world.until_called("hello", "GetFunction", 4).await;
    let object = world.reason("hello", "Deleting").await;
    let told = history.until(&object).await;
    let false_or_stalled = told.iter().any(|object| {
        condition(object, "Ready").is_some_and(|ready| ready.status == "False")
            || condition(object, "Stalled").is_some()
    });
    assert!(!false_or_stalled, "a slow deletion is no problem");
    world.aws().remove_function("hello").await;
    world.gone("hello").await;
    let calls = world.calls().await;
    assert_eq!(calls[..2], ["GetFunction", "DeleteFunction"]);
    assert!(calls[2..].iter().all(|call| call == "GetFunction"), "polls only: {calls:?}");
    let events = world.events("hello").await;
    assert!(events.iter().all(|(kind, _, _)| kind == "Normal"), "{events:?}");
}

/// A read that doesn't show the function yet is no proof that there is nothing to delete.
#[tokio::test]
async fn a_function_that_aws_does_not_show_yet_is_deleted_all_the_same() {
    let world = World::start("delete-unseen").await;
    let unseen = "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:hello";
    let fault = Fault::error("GetFunction", 404, "ResourceNotFoundException", unseen);
    world.aws().inject(fault.times(3)).await;
    world.apply("hello", function(json!({}))).await;
    world.until_called("hello", "CreateFunction", 1).await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert_eq!(world.aws().functions().await, [""; 0], "nothing is left in AWS");
}
