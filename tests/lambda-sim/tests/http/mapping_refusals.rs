//! What is refused about event source mappings, with AWS's codes and texts.

use lambda_sim::Fault;
use serde_json::{Value, json};

use crate::client::{Bench, ROLE};
use crate::mappings::{MAPPINGS, QUEUE, STREAM, TABLE, mapping};

const INVALID: &str = "InvalidParameterValueException";

#[tokio::test]
async fn bad_requests_are_refused_and_nothing_is_created() {
    let bench = Bench::with_function().await;
    let cases = [
        (json!({"FunctionName": "hello"}), INVALID, "Unrecognized event source."),
        (
            mapping(QUEUE, json!({"FunctionName": null})),
            "ValidationException",
            "Value null at 'functionName'",
        ),
        (mapping(QUEUE, json!({"BatchSize": 0})), "ValidationException", "Value '0' at 'batchSize'"),
        (
            mapping(QUEUE, json!({"BatchSize": 11})),
            INVALID,
            "Maximum batch window in seconds must be greater than 0",
        ),
        (
            mapping(QUEUE, json!({"StartingPosition": "LATEST"})),
            INVALID,
            "StartingPosition is not valid for SQS",
        ),
        (
            mapping(QUEUE, json!({"TumblingWindowInSeconds": 9})),
            INVALID,
            "Unsupported 'tumblingWindowInSeconds' parameter",
        ),
        (mapping(STREAM, json!({})), INVALID, "Value null at 'startingPosition'"),
        (
            mapping(TABLE, json!({"StartingPosition": "AT_TIMESTAMP"})),
            INVALID,
            "Unsupported starting position for arn type: arn:aws:dynamodb",
        ),
        (
            mapping(QUEUE, json!({"FilterCriteria": {"Filters": [{"Pattern": "{"}]}})),
            INVALID,
            "Invalid filter pattern definition.",
        ),
        (
            mapping(QUEUE, json!({"DestinationConfig": {"OnSuccess": {"Destination": QUEUE}}})),
            INVALID,
            "Unsupported DestinationConfig parameter",
        ),
    ];
    for (request, code, text) in cases {
        let message = bench.map(request).await.refused(400, code);
        assert!(message.contains(text), "{message}");
    }
    assert!(bench.account.mappings().await.is_empty());
}

#[tokio::test]
async fn an_update_is_checked_against_what_would_become_of_the_mapping() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(QUEUE, json!({"BatchSize": 100, "MaximumBatchingWindowInSeconds": 1})).await;
    let text = bench.remap(&uuid, json!({"MaximumBatchingWindowInSeconds": 0})).await.refused(400, INVALID);
    assert!(text.starts_with("Maximum batch window"), "{text}");
    bench.remap(&uuid, json!({"ParallelizationFactor": 2})).await.refused(400, INVALID);
    assert_eq!(bench.mapping(&uuid).await["State"], "Enabled", "a refused update changes nothing");
}

#[tokio::test]
async fn a_second_mapping_is_refused_with_the_id_of_the_first() {
    let bench = Bench::with_function().await;
    let conflict = "ResourceConflictException";
    let uuid = bench.mapped(QUEUE, json!({})).await;
    let text = bench.map(mapping(QUEUE, json!({"BatchSize": 1}))).await.refused(409, conflict);
    let expected = format!(
        "An event source mapping with SQS arn (\" {QUEUE} \") and function (\" hello \") already exists. Please update \
         or delete the existing mapping with UUID {uuid}"
    );
    assert_eq!(text, expected);
    bench.account.put_alias("hello", json!({"Name": "live"})).await;
    assert_eq!(bench.map(mapping(QUEUE, json!({"FunctionName": "hello:live"}))).await.status, 202);
    let position = json!({"StartingPosition": "LATEST"});
    let uuid = bench.mapped(STREAM, position.clone()).await;
    let text = bench.map(mapping(STREAM, position)).await.refused(409, conflict);
    let expected = format!(
        "The event source arn (\" {STREAM} \") and function (\" hello \") provided mapping already exists. Please update \
         or delete the existing mapping with UUID {uuid}"
    );
    assert_eq!(text, expected);
    let kafka = |servers: Value, topic: &str| {
        json!({
            "FunctionName": "hello", "Topics": [topic], "StartingPosition": "LATEST",
            "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": servers}},
            "SourceAccessConfigurations": [{"Type": "VPC_SUBNET", "URI": "subnet:subnet-1"}],
        })
    };
    let first = bench.map(kafka(json!(["kafka:1000"]), "topic")).await.ok();
    let second = kafka(json!(["kafka:1000", "kafka:2000"]), "topic");
    let text = bench.map(second).await.refused(409, conflict);
    let expected = format!(
        "An event source mapping with event source (\"kafka:1000,kafka:2000\"), function \
         (\"arn:aws:lambda:eu-west-1:111122223333:function:hello\"), topics (\"topic\") already exists. Please update or \
         delete the existing mapping with UUID {}",
        first["UUID"].as_str().unwrap()
    );
    assert_eq!(text, expected);
    assert_eq!(bench.map(kafka(json!(["kafka:1000"]), "other")).await.status, 202);
}

#[tokio::test]
async fn a_mapping_cannot_be_moved_onto_another() {
    let bench = Bench::with_function().await;
    bench.created("other").await;
    bench.mapped(QUEUE, json!({})).await;
    let second = bench.map(mapping(QUEUE, json!({"FunctionName": "other"}))).await.ok();
    let second = second["UUID"].as_str().unwrap();
    bench.mapping(second).await;
    let text =
        bench.remap(second, json!({"FunctionName": "hello"})).await.refused(409, "ResourceConflictException");
    assert!(text.contains("already exists"), "{text}");
}

#[tokio::test]
async fn permissions_become_known_after_some_calls() {
    let bench = Bench::with_function().await;
    bench.account.inject(Fault::permission_propagation("CreateEventSourceMapping", 1)).await;
    let text = bench.map(mapping(QUEUE, json!({}))).await.refused(400, INVALID);
    assert_eq!(text, "The function execution role does not have permissions to call ReceiveMessage on SQS");
    bench.account.inject(Fault::role_propagation("CreateEventSourceMapping", 1)).await;
    let text = bench.map(mapping(QUEUE, json!({}))).await.refused(400, INVALID);
    assert!(text.contains("cannot be assumed by Lambda"), "{text}");
    assert_eq!(bench.map(mapping(QUEUE, json!({}))).await.status, 202);
}

#[tokio::test]
async fn what_is_missing_around_the_mapping_is_named() {
    let bench = Bench::with_function().await;
    let refused = |request: Value| async { bench.map(request).await.refused(400, INVALID) };
    bench.account.patch(json!({"missing_roles": [ROLE]})).await;
    assert!(refused(mapping(QUEUE, json!({}))).await.contains("cannot be assumed by Lambda"));
    bench.account.patch(json!({"missing_roles": [], "missing_sources": [QUEUE, STREAM]})).await;
    assert!(refused(mapping(QUEUE, json!({}))).await.contains("AWS.SimpleQueueService.NonExistentQueue"));
    let stream = mapping(STREAM, json!({"StartingPosition": "LATEST"}));
    assert_eq!(refused(stream.clone()).await, format!("Stream not found: {STREAM}"));
    bench.account.patch(json!({"missing_sources": [], "unreadable_sources": [QUEUE, STREAM]})).await;
    assert!(refused(mapping(QUEUE, json!({}))).await.contains("execution role does not have permissions"));
    assert!(refused(stream).await.contains("ensure the role can perform"));
    bench.account.patch(json!({"unreadable_sources": [], "visibility_timeouts": {QUEUE: 2}})).await;
    let text = refused(mapping(QUEUE, json!({}))).await;
    assert_eq!(text, "Queue visibility timeout: 2 seconds is less than Function timeout: 3 seconds");
    bench.account.patch(json!({"visibility_timeouts": {QUEUE: 30}})).await;
    bench.mapped(QUEUE, json!({})).await;
}

#[tokio::test]
async fn a_cluster_that_cannot_be_reached_shows_in_the_last_result() {
    let bench = Bench::with_function().await;
    let cluster = "arn:aws:kafka:eu-west-1:111122223333:cluster/c/1";
    bench.account.patch(json!({"missing_sources": [cluster]})).await;
    let uuid = bench.mapped(cluster, json!({"Topics": ["orders"], "StartingPosition": "LATEST"})).await;
    let result = bench.mapping(&uuid).await["LastProcessingResult"].clone();
    assert!(result.as_str().unwrap().starts_with("PROBLEM: Connection error."), "{result}");
}

#[tokio::test]
async fn a_denied_operation_names_the_mapping() {
    let bench = Bench::with_function().await;
    let uuid = bench.mapped(QUEUE, json!({})).await;
    bench.account.patch(json!({"deny": ["UpdateEventSourceMapping", "CreateEventSourceMapping"]})).await;
    let text = bench.remap(&uuid, json!({})).await.refused(403, "AccessDeniedException");
    let arn = format!("arn:aws:lambda:eu-west-1:111122223333:event-source-mapping:{uuid}");
    assert!(text.contains(&format!("lambda:UpdateEventSourceMapping on resource: {arn} because")), "{text}");
    let text = bench.map(mapping(STREAM, json!({}))).await.refused(403, "AccessDeniedException");
    assert!(text.contains("on resource: * because"), "{text}");
}

#[tokio::test]
async fn mappings_draw_on_the_shared_quota() {
    let bench = Bench::with_function().await;
    bench.account.configure(|settings| settings.quotas = true).await;
    let mut throttled = false;
    for _ in 0..40 {
        throttled = throttled || bench.get(MAPPINGS).await.status == 429;
    }
    assert!(throttled, "more than 15 calls a second");
}
