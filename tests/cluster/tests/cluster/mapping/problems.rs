//! What is wrong with a source, a function or what they exchange, and how it is told.

use cluster_tests::{World, object_condition};
use serde_json::{Value, json};

use super::{
    KIND, QUEUE, STREAM, calls_of_apply, event, message, only_mapping, queue, stream, sweeping, uuid, world,
};

#[tokio::test]
async fn a_problem_with_what_is_processed_does_not_fail_the_object() {
    let world = sweeping("esm-problem").await;
    let mappings = world.objects(KIND);
    mappings.apply("orders", queue(json!({}))).await;
    let id = uuid(&mappings.ready("orders").await);
    let problem = |object: &Value| object_condition(object, "ProcessingProblem");
    world.aws().edit_mapping(&id, json!({"LastProcessingResult": "PROBLEM: Function call failed"})).await;
    let told = |object: &Value| problem(object)["status"] == "True";
    let object = mappings.until("orders", "tells of the problem", told).await;
    let text = problem(&object)["message"].to_string();
    assert!(text.contains("Function call failed") && text.contains("Mend"), "{text}");
    assert_eq!(object_condition(&object, "Ready")["status"], "True");
    assert_eq!(object["status"]["lastProcessingResult"], "PROBLEM: Function call failed");
    event(&world, "orders", "ProcessingProblem", "Function call failed").await;
    world.aws().edit_mapping(&id, json!({"LastProcessingResult": "OK"})).await;
    let over = |object: &Value| problem(object).is_null() && object["status"]["lastProcessingResult"] == "OK";
    mappings.until("orders", "is rid of it", over).await;
    let writes = world.ledger().await.into_iter().filter(lambda_sim::Call::is_write).count();
    assert_eq!(writes, 1, "nothing but the creation");
}

#[tokio::test]
async fn filters_that_aws_cannot_decrypt_are_told_and_not_compared() {
    let world = world("esm-kms").await;
    let spec = |batch: i32| {
        queue(json!({
            "batchSize": batch, "kmsKeyArn": "arn:aws:kms:eu-west-1:111122223333:key/1",
            "filterCriteria": {"filters": [{"pattern": "{}"}]},
        }))
    };
    calls_of_apply(&world, "orders", spec(5)).await;
    let id = only_mapping(&world).await["UUID"].as_str().unwrap().to_owned();
    let error = json!({"FilterCriteriaError": {"ErrorCode": "KMSAccessDeniedException", "Message": "no"}});
    world.aws().edit_mapping(&id, error).await;
    world.objects(KIND).apply("orders", spec(6)).await;
    let told = |object: &Value| !object_condition(object, "ProcessingProblem").is_null();
    let object = world.objects(KIND).until("orders", "tells of the key", told).await;
    let text = object_condition(&object, "ProcessingProblem")["message"].to_string();
    assert!(text.contains("KMSAccessDeniedException"), "{text}");
    world.objects(KIND).ready("orders").await;
    let ledger = world.ledger().await;
    let updates = ledger.iter().filter(|call| call.operation == "UpdateEventSourceMapping");
    let sent: Vec<&Value> = updates.map(|call| &call.request).collect();
    assert_eq!(sent, [&json!({"BatchSize": 6})]);
}

#[tokio::test]
async fn a_queue_that_does_not_suit_the_function_is_explained() {
    let world = world("esm-visibility").await;
    let mappings = world.objects(KIND);
    world
        .aws()
        .configure(|settings| {
            let _ = settings.visibility_timeouts.insert(QUEUE.into(), 10);
        })
        .await;
    mappings.apply("orders", queue(json!({}))).await;
    let object = mappings.reason("orders", "DependencyNotReady").await;
    let text = message(&object);
    for part in
        ["visibility timeout: 10 seconds", "VisibilityTimeout", "six times", "timeout of the function"]
    {
        assert!(text.contains(part), "{part:?} is not in {text}");
    }
    assert!(object["status"]["pending"].is_null());
    world.aws().configure(|settings| settings.visibility_timeouts.clear()).await;
    mappings.ready("orders").await;
}

#[tokio::test]
async fn what_may_pass_by_itself_is_retried_and_shown_at_once() {
    let world = world("esm-propagating").await;
    let mappings = world.objects(KIND);
    let configure = async |world: &World, arn: &str, readable: bool| {
        let set = |settings: &mut lambda_sim::AccountSettings| {
            settings.unreadable_sources = if readable { [].into() } else { [arn.to_owned()].into() };
        };
        world.aws().configure(set).await;
    };
    for (name, spec, arn, part) in [
        ("orders", queue(json!({})), QUEUE, "ReceiveMessage"),
        ("clicks", stream(json!({})), STREAM, "ensure the role can perform"),
    ] {
        configure(&world, arn, false).await;
        mappings.apply(name, spec).await;
        let object = mappings.reason(name, "Propagating").await;
        assert!(message(&object).contains(part), "{}", message(&object));
        configure(&world, arn, true).await;
        mappings.ready(name).await;
    }
    assert_eq!(world.aws().mappings().await.len(), 2);
}

#[tokio::test]
async fn a_source_that_is_not_there_yet_is_waited_for() {
    let world = world("esm-source").await;
    let mappings = world.objects(KIND);
    let missing = [QUEUE.to_owned(), STREAM.to_owned()].into();
    world.aws().configure(|settings| settings.missing_sources = missing).await;
    mappings.apply("orders", queue(json!({}))).await;
    mappings.apply("clicks", stream(json!({}))).await;
    mappings.reason("orders", "Propagating").await;
    mappings.reason("clicks", "DependencyNotReady").await;
    world.aws().configure(|settings| settings.missing_sources.clear()).await;
    mappings.ready("orders").await;
    mappings.ready("clicks").await;
}
