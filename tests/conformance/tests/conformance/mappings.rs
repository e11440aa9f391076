//! Event source mappings. Streams are only refused here: LocalEmu looks for them, and starting its Kinesis or DynamoDB
//! is left out (`tests/emulator/start`); queues show the rest.

use conformance::requests::{
    FUNCTIONS, MAPPINGS, arn, encoded_arn, function, function_arn, function_path, part, tags,
};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::settled;

fn create(name: &'static str, source: &str, members: &Value) -> Step {
    let mut body = json!({"FunctionName": "mapped", "EventSourceArn": source});
    for (name, value) in members.as_object().into_iter().flatten() {
        body[name.as_str()] = value.clone();
    }
    Step::post(name, MAPPINGS, body)
}

fn get(name: &'static str, state: &'static str) -> Step {
    Step::get(name, format!("{MAPPINGS}/{{uuid}}")).until("/State", state)
}

fn update(name: &'static str, body: Value) -> Step {
    Step::put(name, format!("{MAPPINGS}/{{uuid}}"), body)
}

fn function_and_queue() -> Vec<Step> {
    vec![
        Step::post("create function", FUNCTIONS, function("mapped")),
        settled("settled", "mapped"),
        Step::queue("there is a queue", "orders"),
    ]
}

#[tokio::test]
async fn a_queue_is_mapped_from_the_beginning_to_the_end() {
    let queue = arn("sqs", "orders");
    let missing = format!("{MAPPINGS}/11111111-2222-3333-4444-555555555555");
    let mut steps = vec![
        Step::get("nothing is listed", MAPPINGS),
        Step::get("get none", &missing),
        Step::put("update none", &missing, json!({"BatchSize": 5})),
        Step::delete("delete none", &missing),
        create("map to no function", &queue, &json!({})),
    ];
    steps.extend(function_and_queue());
    steps.extend([
        create("create", &queue, &json!({})).saves("uuid", "/UUID").saves("arn", "/EventSourceMappingArn"),
        get("enabled", "Enabled"),
        create("create again", &queue, &json!({})),
        Step::get("list", MAPPINGS),
        Step::get("list of the function", format!("{MAPPINGS}?FunctionName=mapped")),
        Step::get("list of another function", format!("{MAPPINGS}?FunctionName=other")),
        Step::get("list of the queue", format!("{MAPPINGS}?EventSourceArn={}", encoded_arn(&queue))),
        update("disable", json!({"Enabled": false})),
        get("disabled", "Disabled"),
        update("enable", json!({"Enabled": true})),
        get("enabled again", "Enabled"),
        Step::delete("delete", format!("{MAPPINGS}/{{uuid}}")),
        Step::get("gone", format!("{MAPPINGS}/{{uuid}}")).until_gone(),
        Step::delete("delete what is gone", format!("{MAPPINGS}/{{uuid}}")),
        // LocalEmu answers 404 before it takes it from the list.
        Step::get("nothing is listed any more", MAPPINGS).until("/EventSourceMappings", json!([])),
    ]);
    agree("mappings", steps).await;
}

#[tokio::test]
async fn the_fields_of_a_mapping_of_a_queue() {
    let queue = arn("sqs", "orders");
    let filters = |pattern: &str| json!({"FilterCriteria": {"Filters": [{"Pattern": pattern}]}});
    let mut steps = function_and_queue();
    steps.extend([
        create(
            "create",
            &queue,
            &json!({
                "BatchSize": 100,
                "MaximumBatchingWindowInSeconds": 5,
                "FunctionResponseTypes": ["ReportBatchItemFailures"],
                "FilterCriteria": {"Filters": [{"Pattern": "{\"body\": {\"kind\": [\"a\"]}}"}]},
                "ScalingConfig": {"MaximumConcurrency": 10},
                "MetricsConfig": {"Metrics": ["EventCount"]},
                "Tags": {"team": "a"},
            }),
        )
        .saves("uuid", "/UUID")
        .saves("arn", "/EventSourceMappingArn"),
        get("created", "Enabled"),
        Step::get("list", MAPPINGS),
        Step::get("tags", tags("{arn}")),
        Step::post("tag", tags("{arn}"), json!({"Tags": {"other": "b"}})),
        Step::delete("untag", format!("{}?tagKeys=team", tags("{arn}"))),
        Step::get("tags changed", tags("{arn}")),
        update("batches", json!({"BatchSize": 50})),
        get("batches changed", "Enabled"),
        update("window", json!({"MaximumBatchingWindowInSeconds": 20})),
        get("window changed", "Enabled"),
        update("filters", filters("{\"body\": {\"kind\": [\"b\"]}}")),
        get("filters changed", "Enabled"),
        update("no filters", json!({"FilterCriteria": {}})),
        get("filters cleared", "Enabled"),
        update("scaling", json!({"ScalingConfig": {"MaximumConcurrency": 20}})),
        get("scaling changed", "Enabled"),
        update("no scaling", json!({"ScalingConfig": {}})),
        get("scaling cleared", "Enabled"),
        update("no metrics", json!({"MetricsConfig": {"Metrics": []}})),
        get("metrics cleared", "Enabled"),
        update("no response types", json!({"FunctionResponseTypes": []})),
        get("response types cleared", "Enabled"),
        update("batches too large", json!({"BatchSize": 20000})),
        update("a bad filter", filters("no json")),
    ]);
    agree("fields of mappings", steps).await;
}

#[tokio::test]
async fn a_mapping_may_begin_disabled_and_outlives_its_function() {
    let queue = arn("sqs", "orders");
    let mut steps = function_and_queue();
    steps.extend([
        create("create", &queue, &json!({"Enabled": false})).saves("uuid", "/UUID"),
        get("disabled", "Disabled"),
        update("batches", json!({"BatchSize": 5})),
        get("still disabled", "Disabled"),
        Step::delete("delete the function", function_path("mapped")),
        get("left alone", "Disabled"),
        Step::delete("delete", format!("{MAPPINGS}/{{uuid}}")),
        Step::get("gone", format!("{MAPPINGS}/{{uuid}}")).until_gone(),
        Step::get("list", MAPPINGS),
    ]);
    agree("disabled mappings", steps).await;
}

#[tokio::test]
async fn a_mapping_may_be_to_a_version_or_an_alias() {
    let to = |step, queue: &str, function: &str| {
        let body = json!({"FunctionName": function, "EventSourceArn": arn("sqs", queue), "Enabled": false});
        Step::post(step, MAPPINGS, body)
    };
    let list =
        |step, function: &str| Step::get(step, format!("{MAPPINGS}?FunctionName={}", encoded_arn(function)));
    let alias = json!({"Name": "live", "FunctionVersion": "1"});
    let mut steps = function_and_queue();
    steps.extend([
        Step::post("publish", part("mapped", "versions"), json!({})),
        Step::post("alias", part("mapped", "aliases"), alias),
        to("to the function", "orders", "mapped").saves("uuid", "/UUID"),
        to("to the alias", "orders", "mapped:live"),
        to("to the version", "orders", "mapped:1"),
        to("to the alias by arn", "orders", &function_arn("mapped:live")),
        to("to the latest by arn", "orders", &function_arn("mapped:$LATEST")),
        to("to a version that isn't", "orders", "mapped:7"),
        list("list of the alias", "mapped:live"),
        list("list of the version by arn", &function_arn("mapped:1")),
        get("settled before the move", "Disabled"),
        Step::queue("there is another queue", "returns"),
        to("from another queue", "returns", "mapped:live").saves("uuid", "/UUID"),
        get("the other is disabled", "Disabled"),
        update("move to the version", json!({"FunctionName": "mapped:1"})),
        get("moved", "Disabled"),
    ]);
    agree("qualified mappings", steps).await;
}

#[tokio::test]
async fn what_no_mapping_can_be() {
    let (queue, stream) = (arn("sqs", "orders"), arn("kinesis", "stream/clicks"));
    let table = arn("dynamodb", "table/orders/stream/2026-01-01T00:00:00.000");
    let mut steps = function_and_queue();
    steps.extend([
        Step::post("no source", MAPPINGS, json!({"FunctionName": "mapped"})),
        Step::post("no function", MAPPINGS, json!({"EventSourceArn": queue})),
        create("an alias that isn't", &queue, &json!({"FunctionName": "mapped:live"})),
        create("a large batch without a window", &queue, &json!({"BatchSize": 100})),
        create(
            "too large a batch",
            &queue,
            &json!({"BatchSize": 20000, "MaximumBatchingWindowInSeconds": 1}),
        ),
        create("a bad filter", &queue, &json!({"FilterCriteria": {"Filters": [{"Pattern": "no json"}]}})),
        create(
            "a destination of a queue",
            &queue,
            &json!({"DestinationConfig": {"OnSuccess": {"Destination": queue}}}),
        ),
        create("a stream without a position", &stream, &json!({})),
        create("a stream with a bad position", &stream, &json!({"StartingPosition": "MIDDLE"})),
        create(
            "a stream with too large a batch",
            &stream,
            &json!({"StartingPosition": "LATEST", "BatchSize": 20000}),
        ),
        create("a table without a position", &table, &json!({})),
        create(
            "a table at a time",
            &table,
            &json!({"StartingPosition": "AT_TIMESTAMP", "StartingPositionTimestamp": 1_700_000_000}),
        ),
        Step::get("nothing came of it", MAPPINGS),
    ]);
    agree("mapping refusals", steps).await;
}
