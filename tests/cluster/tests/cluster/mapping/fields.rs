//! Every field: set, changed, removed, and brought back when somebody else changes it.

use cluster_tests::World;
use serde_json::{Value, json};

use super::{KIND, calls_of_apply, event, in_aws, only_mapping, queue, stream, sweeping, with, world};

/// A change of the configuration: a look, whose it is, the change, and a look at what came of it.
const CHANGE: [&str; 4] =
    ["GetEventSourceMapping", "ListTags", "UpdateEventSourceMapping", "GetEventSourceMapping"];

const TOPIC: &str = "arn:aws:kafka:eu-west-1:111122223333:cluster/c/1";

fn topic(extra: Value) -> Value {
    let spec = json!({
        "functionName": "consumer", "eventSourceArn": TOPIC, "topics": ["orders"], "startingPosition": "LATEST",
    });
    with(spec, &extra)
}

/// A member of the API at this path of a mapping in AWS: as the spec sets it, as it is without, and as somebody sets it.
struct Row {
    spec: fn(Value) -> Value,
    field: Value,
    path: &'static str,
    set: Value,
    unset: Value,
    by_hand: Value,
}

fn row(
    spec: fn(Value) -> Value,
    field: Value,
    path: &'static str,
    values: [Value; 2],
    by_hand: Value,
) -> Row {
    let [set, unset] = values;
    Row { spec, field, path, set, unset, by_hand }
}

#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<Row> {
    let failed = "arn:aws:sqs:eu-west-1:111122223333:failed";
    let key = "arn:aws:kms:eu-west-1:111122223333:key/1";
    let pattern = r#"{"body": ["a"]}"#;
    vec![
        row(queue, json!({"batchSize": 5}), "/BatchSize", [json!(5), json!(10)], json!({"BatchSize": 3})),
        row(
            queue,
            json!({"maximumBatchingWindowInSeconds": 5}),
            "/MaximumBatchingWindowInSeconds",
            [json!(5), json!(0)],
            json!({"MaximumBatchingWindowInSeconds": 9}),
        ),
        row(
            queue,
            json!({"filterCriteria": {"filters": [{"pattern": pattern}]}}),
            "/FilterCriteria/Filters/0/Pattern",
            [json!(pattern), Value::Null],
            json!({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}),
        ),
        row(
            queue,
            json!({"kmsKeyArn": key}),
            "/KMSKeyArn",
            [json!(key), Value::Null],
            json!({"KMSKeyArn": "arn:aws:kms:x"}),
        ),
        row(
            queue,
            json!({"functionResponseTypes": ["ReportBatchItemFailures"]}),
            "/FunctionResponseTypes",
            [json!(["ReportBatchItemFailures"]), json!([])],
            json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]}),
        ),
        row(
            queue,
            json!({"metricsConfig": {"metrics": ["EventCount"]}}),
            "/MetricsConfig/Metrics",
            [json!(["EventCount"]), Value::Null],
            json!({"MetricsConfig": {"Metrics": ["EventCount"]}}),
        ),
        row(
            queue,
            json!({"scalingConfig": {"maximumConcurrency": 5}}),
            "/ScalingConfig/MaximumConcurrency",
            [json!(5), Value::Null],
            json!({"ScalingConfig": {"MaximumConcurrency": 9}}),
        ),
        row(
            queue,
            json!({"provisionedPollerConfig": {"maximumPollers": 20}}),
            "/ProvisionedPollerConfig",
            [json!({"MinimumPollers": 2, "MaximumPollers": 20}), Value::Null],
            json!({"ProvisionedPollerConfig": {"MinimumPollers": 3}}),
        ),
        row(
            stream,
            json!({"parallelizationFactor": 2}),
            "/ParallelizationFactor",
            [json!(2), json!(1)],
            json!({"ParallelizationFactor": 3}),
        ),
        row(
            stream,
            json!({"tumblingWindowInSeconds": 30}),
            "/TumblingWindowInSeconds",
            [json!(30), json!(0)],
            json!({"TumblingWindowInSeconds": 60}),
        ),
        row(
            stream,
            json!({"bisectBatchOnFunctionError": true}),
            "/BisectBatchOnFunctionError",
            [json!(true), json!(false)],
            json!({"BisectBatchOnFunctionError": true}),
        ),
        row(
            stream,
            json!({"maximumRecordAgeInSeconds": 60}),
            "/MaximumRecordAgeInSeconds",
            [json!(60), json!(-1)],
            json!({"MaximumRecordAgeInSeconds": 90}),
        ),
        row(
            stream,
            json!({"maximumRetryAttempts": 3}),
            "/MaximumRetryAttempts",
            [json!(3), json!(-1)],
            json!({"MaximumRetryAttempts": 9}),
        ),
        row(
            stream,
            json!({"destinationConfig": {"onFailure": {"destination": failed}}}),
            "/DestinationConfig/OnFailure/Destination",
            [json!(failed), Value::Null],
            json!({"DestinationConfig": {"OnFailure": {"Destination": "arn:aws:s3:::failed"}}}),
        ),
        row(
            topic,
            json!({"loggingConfig": {"systemLogLevel": "WARN"}}),
            "/LoggingConfig/SystemLogLevel",
            [json!("WARN"), Value::Null],
            json!({"LoggingConfig": {"SystemLogLevel": "DEBUG"}}),
        ),
        row(
            topic,
            json!({"amazonManagedKafkaEventSourceConfig": {"schemaRegistryConfig": {"schemaRegistryURI": "https://r"}}}),
            "/AmazonManagedKafkaEventSourceConfig/SchemaRegistryConfig/SchemaRegistryURI",
            [json!("https://r"), Value::Null],
            json!({"AmazonManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {"SchemaRegistryURI": "https://x"}}}),
        ),
        row(
            topic,
            json!({"sourceAccessConfigurations": [{"type": "SASL_SCRAM_512_AUTH", "uri": "arn:aws:secretsmanager:s"}]}),
            "/SourceAccessConfigurations/0/URI",
            [json!("arn:aws:secretsmanager:s"), Value::Null],
            json!({"SourceAccessConfigurations": [{"Type": "SASL_SCRAM_512_AUTH", "URI": "arn:aws:secretsmanager:x"}]}),
        ),
    ]
}

fn at<'a>(mapping: &'a Value, path: &str) -> &'a Value {
    mapping.pointer(path).unwrap_or(&Value::Null)
}

#[tokio::test]
async fn each_field_is_set_and_removed_by_one_write() {
    let world = world("esm-fields").await;
    for spec in [queue as fn(Value) -> Value, stream, topic] {
        calls_of_apply(&world, "orders", spec(json!({}))).await;
        for Row { field, path, set, unset, .. } in
            rows().into_iter().filter(|row| std::ptr::fn_addr_eq(row.spec, spec))
        {
            assert_eq!(calls_of_apply(&world, "orders", spec(field.clone())).await, CHANGE, "{field}");
            assert_eq!(at(&only_mapping(&world).await, path), &set, "{field}");
            assert_eq!(calls_of_apply(&world, "orders", spec(json!({}))).await, CHANGE, "without {field}");
            assert_eq!(at(&only_mapping(&world).await, path), &unset, "without {field}");
        }
        world.objects(KIND).delete("orders").await;
        world.objects(KIND).gone("orders").await;
    }
}

/// Filters with a key are the one thing that no list shows.
#[tokio::test]
async fn each_field_is_brought_back_when_somebody_changes_it() {
    let world = sweeping("esm-drift").await;
    for spec in [queue as fn(Value) -> Value, stream, topic] {
        calls_of_apply(&world, "orders", spec(json!({}))).await;
        let uuid = only_mapping(&world).await["UUID"].as_str().unwrap().to_owned();
        for Row { path, unset, by_hand, .. } in
            rows().into_iter().filter(|row| std::ptr::fn_addr_eq(row.spec, spec))
        {
            drifts(&world, &uuid, &by_hand, |mapping| at(mapping, path) == &unset).await;
        }
        world.objects(KIND).delete("orders").await;
        world.objects(KIND).gone("orders").await;
    }
    event(&world, "orders", "DriftDetected", "batchSize").await;
    event(&world, "orders", "DriftDetected", "amazonManagedKafkaEventSourceConfig").await;
}

async fn drifts(world: &World, uuid: &str, by_hand: &Value, back: impl Fn(&Value) -> bool) {
    world.aws().clear_ledger().await;
    world.aws().edit_mapping(uuid, by_hand.clone()).await;
    in_aws(world, &format!("{by_hand} is taken back"), |mapping| {
        back(mapping) && mapping["State"] == "Enabled"
    })
    .await;
    world.objects(KIND).ready("orders").await;
    let calls = world.calls().await;
    assert_eq!(calls[..3], CHANGE[..3], "{by_hand}");
    assert!(calls[3..].iter().all(|call| call == "GetEventSourceMapping"), "{by_hand}: {calls:?}");
}

#[tokio::test]
async fn several_fields_are_one_write_and_tags_one_more() {
    let world = world("esm-several").await;
    calls_of_apply(&world, "orders", queue(json!({"tags": {"old": "1"}}))).await;
    let scaling = json!({"scalingConfig": {"maximumConcurrency": 5}, "batchSize": 5, "tags": {"team": "a"}});
    let calls = calls_of_apply(&world, "orders", queue(scaling)).await;
    let tags = ["GetEventSourceMapping", "ListTags", "TagResource", "UntagResource"];
    assert_eq!(calls[..4], tags);
    assert_eq!(calls[4..], CHANGE[2..]);
    let pollers =
        json!({"provisionedPollerConfig": {"minimumPollers": 2}, "batchSize": 6, "tags": {"team": "a"}});
    assert_eq!(
        calls_of_apply(&world, "orders", queue(pollers)).await,
        CHANGE,
        "one way to scale for the other"
    );
    let mapping = only_mapping(&world).await;
    assert_eq!((&mapping["BatchSize"], &mapping["ScalingConfig"]), (&json!(6), &Value::Null));
    assert_eq!((&mapping["Tags"]["team"], &mapping["Tags"]["old"]), (&json!("a"), &Value::Null));
}

#[tokio::test]
async fn what_is_ignored_is_set_at_creation_and_then_left_alone() {
    let world = sweeping("esm-ignore").await;
    let spec = |batch: i32, concurrency: i32| {
        queue(json!({
            "batchSize": batch, "scalingConfig": {"maximumConcurrency": concurrency},
            "ignoreDrift": ["scalingConfig", "enabled", "tags.owner"], "tags": {"owner": "x"},
        }))
    };
    calls_of_apply(&world, "orders", spec(5, 10)).await;
    let uuid = only_mapping(&world).await["UUID"].as_str().unwrap().to_owned();
    let by_hand = json!({"ScalingConfig": {"MaximumConcurrency": 99}, "Enabled": false});
    world.aws().edit_mapping(&uuid, by_hand).await;
    world
        .objects(KIND)
        .until("orders", "shows the state", |object| object["status"]["state"] == "Disabled")
        .await;
    calls_of_apply(&world, "orders", spec(6, 20)).await;
    let mapping = only_mapping(&world).await;
    assert_eq!((&mapping["BatchSize"], &mapping["State"]), (&json!(6), &json!("Disabled")));
    assert_eq!(mapping["ScalingConfig"]["MaximumConcurrency"], 99);
}

#[tokio::test]
async fn half_a_second_cannot_come_back_and_that_is_said() {
    let world = world("esm-window").await;
    let mappings = world.objects(KIND);
    calls_of_apply(&world, "orders", topic(json!({"maximumBatchingWindowInSeconds": 5}))).await;
    world.aws().clear_ledger().await;
    mappings.apply("orders", topic(json!({}))).await;
    let object = mappings.reason("orders", "ImmutableFieldChanged").await;
    assert!(super::message(&object).contains("half a second"), "{}", super::message(&object));
    assert_eq!(world.calls().await, ["GetEventSourceMapping", "ListTags"]);
    calls_of_apply(&world, "orders", topic(json!({"maximumBatchingWindowInSeconds": 1}))).await;
    assert_eq!(only_mapping(&world).await["MaximumBatchingWindowInSeconds"], 1);
}
