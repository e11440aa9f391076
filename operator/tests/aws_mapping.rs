//! Each operation on event source mappings, through the real SDK, against the simulator: what is sent, and what is
//! understood; and what a sweep of them finds.
#![allow(clippy::unwrap_used, reason = "this is a test")]
#![allow(clippy::needless_pass_by_value, reason = "helpers take `json!` as it is written")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use lambda_operator::aws::{Class, Listed, MappingExpectation, Mode, Registration, Wake, Why};
use lambda_operator::mapping::desired::{self, Desired};
use lambda_operator::mapping::field::Field;
use lambda_operator::mapping::model::{Filters, FunctionName, Observed};
use lambda_operator::mapping::{changes, compare, kafka_field};
use serde_json::{Value, json};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio_util::sync::CancellationToken;

mod aws_support;
use aws_support::{ACCOUNT, REGION, ROLE, USER, World, map, until, world};

const KEY: &str = "arn:aws:kms:eu-west-1:111122223333:key/1";

fn arn(service: &str, resource: &str) -> String {
    format!("arn:aws:{service}:{REGION}:{ACCOUNT}:{resource}")
}

/// A source of each type, with what it can't do without.
fn source(service: &str) -> Value {
    let secret = json!([{"type": "BASIC_AUTH", "uri": arn("secretsmanager", "secret:s")}]);
    match service {
        "sqs" => json!({"eventSourceArn": arn("sqs", "orders")}),
        "kinesis" => json!({"eventSourceArn": arn("kinesis", "stream/s"), "startingPosition": "LATEST"}),
        "dynamodb" => json!({
            "eventSourceArn": arn("dynamodb", "table/t/stream/2026-01-01T00:00:00.000"), "startingPosition": "TRIM_HORIZON",
        }),
        "kafka" => json!({
            "eventSourceArn": arn("kafka", "cluster/c/1"), "startingPosition": "LATEST", "topics": ["orders"],
        }),
        "mq" => json!({
            "eventSourceArn": arn("mq", "broker:b:b-1"), "queues": ["q"], "sourceAccessConfigurations": [
                {"type": "VIRTUAL_HOST", "uri": "/"}, {"type": "BASIC_AUTH", "uri": arn("secretsmanager", "secret:s")},
            ],
        }),
        "rds" => json!({
            "eventSourceArn": arn("rds", "cluster:c"), "startingPosition": "LATEST", "sourceAccessConfigurations": secret,
            "documentDBEventSourceConfig": {"databaseName": "d"},
        }),
        _ => json!({
            "selfManagedEventSource": {"endpoints": {"kafkaBootstrapServers": ["b:9092", "a:9092"]}}, "topics": ["orders"],
            "startingPosition": "TRIM_HORIZON", "sourceAccessConfigurations": secret,
        }),
    }
}

const SOURCES: [&str; 7] = ["sqs", "kinesis", "dynamodb", "kafka", "mq", "rds", ""];

fn wanted(service: &str, extra: Value) -> Desired {
    let mut spec = source(service);
    spec["functionName"] = json!("hello");
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let object = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": "EventSourceMapping", "metadata": {"name": "m"}, "spec": spec,
    });
    desired::parse(&serde_json::from_value(object).unwrap(), FunctionName::parse("hello")).unwrap()
}

/// A world with the function `hello`.
async fn ready() -> World {
    let world = world().await;
    let function = json!({
        "FunctionName": "hello", "Role": ROLE, "Runtime": "nodejs22.x", "Handler": "i.h",
        "Code": {"S3Bucket": "b", "S3Key": "k"},
    });
    world.account.put_function(function).await;
    world
}

async fn create(world: &World, desired: &Desired) -> Observed {
    let Desired { fixed, configuration, enabled, tags, .. } = desired;
    world.scope.create_mapping(fixed, configuration, *enabled, tags, USER).await.unwrap()
}

async fn get(world: &World, uuid: &str) -> Observed {
    world.scope.get_mapping(uuid, USER).await.unwrap().unwrap()
}

/// The members of the only call since the last look, without those that every source has its own of.
async fn sent(world: &World, operation: &str) -> Value {
    let ledger = world.account.ledger().await;
    world.account.clear_ledger().await;
    assert_eq!(ledger.iter().map(|call| call.operation.as_str()).collect::<Vec<_>>(), [operation]);
    ledger[0].request.clone()
}

#[tokio::test]
async fn what_is_created_reads_back_equal_whatever_the_source() {
    let world = ready().await;
    for service in SOURCES {
        let desired = wanted(service, json!({"batchSize": 7, "tags": {"team": "blue"}}));
        let created = create(&world, &desired).await;
        assert_eq!((created.state.as_str(), &created.tags), ("Creating", &Some(Ok(map([("team", "blue")])))));
        let read = get(&world, &created.uuid).await;
        assert_eq!((read.state.as_str(), &read.tags), ("Enabled", &None));
        assert!(read.arn.ends_with(&read.uuid) && read.last_modified.is_some());
        let differences = compare(&desired, &read);
        assert_eq!(differences.paths(&desired), Vec::<String>::new(), "{service}");
        assert_eq!(world.scope.mapping_tags(&read.arn, USER).await.unwrap(), Ok(map([("team", "blue")])));
    }
}

#[tokio::test]
async fn a_create_leaves_out_what_is_at_its_default() {
    let world = ready().await;
    create(&world, &wanted("sqs", json!({}))).await;
    let queue = json!({"FunctionName": "hello", "EventSourceArn": arn("sqs", "orders"), "Tags": {}});
    assert_eq!(sent(&world, "CreateEventSourceMapping").await, queue);
    create(&world, &wanted("", json!({"enabled": false}))).await;
    let kafka = json!({
        "FunctionName": "hello", "Enabled": false, "StartingPosition": "TRIM_HORIZON", "Topics": ["orders"],
        "SelfManagedEventSource": {"Endpoints": {"KAFKA_BOOTSTRAP_SERVERS": ["a:9092", "b:9092"]}}, "Tags": {},
        "SourceAccessConfigurations": [{"Type": "BASIC_AUTH", "URI": arn("secretsmanager", "secret:s")}],
    });
    assert_eq!(sent(&world, "CreateEventSourceMapping").await, kafka);
}

#[tokio::test]
async fn a_consumer_group_and_a_time_to_start_at_are_sent_at_creation() {
    let world = ready().await;
    let registry = json!({"schemaRegistryURI": "https://r", "eventRecordFormat": "JSON"});
    let desired = wanted(
        "kafka",
        json!({
            "startingPosition": "AT_TIMESTAMP", "startingPositionTimestamp": "2026-01-15T09:30:00Z",
            "amazonManagedKafkaEventSourceConfig": {"consumerGroupId": "g", "schemaRegistryConfig": registry},
        }),
    );
    let created = create(&world, &desired).await;
    let request = sent(&world, "CreateEventSourceMapping").await;
    assert_eq!(request["StartingPositionTimestamp"].as_f64(), Some(1_768_469_400.0));
    let config = &request["AmazonManagedKafkaEventSourceConfig"];
    assert_eq!(
        (&config["ConsumerGroupId"], &config["SchemaRegistryConfig"]["SchemaRegistryURI"]),
        (&json!("g"), &json!("https://r"))
    );
    assert!(compare(&desired, &get(&world, &created.uuid).await).paths(&desired).is_empty());
}

/// A source, a field, what sets it, the members that set it, and those that clear it.
#[expect(clippy::too_many_lines, reason = "a table")]
fn rows() -> Vec<(&'static str, Field, Value, Value, Value)> {
    let filters = json!({"filters": [{"pattern": r#"{"body": ["a"]}"#}]});
    let registry =
        json!({"schemaRegistryURI": "https://r", "schemaValidationConfigs": [{"attribute": "KEY"}]});
    let queue = arn("sqs", "failed");
    vec![
        ("sqs", Field::BatchSize, json!({"batchSize": 5}), json!({"BatchSize": 5}), json!({"BatchSize": 10})),
        (
            "sqs",
            Field::Window,
            json!({"maximumBatchingWindowInSeconds": 5}),
            json!({"MaximumBatchingWindowInSeconds": 5}),
            json!({"MaximumBatchingWindowInSeconds": 0}),
        ),
        (
            "sqs",
            Field::Filters,
            json!({"filterCriteria": filters}),
            json!({"FilterCriteria": {"Filters": [{"Pattern": r#"{"body": ["a"]}"#}]}}),
            json!({"FilterCriteria": {}}),
        ),
        (
            "sqs",
            Field::KmsKey,
            json!({"kmsKeyArn": KEY}),
            json!({"KMSKeyArn": KEY, "FilterCriteria": {}}),
            json!({"KMSKeyArn": "", "FilterCriteria": {}}),
        ),
        (
            "sqs",
            Field::ResponseTypes,
            json!({"functionResponseTypes": ["ReportBatchItemFailures"]}),
            json!({"FunctionResponseTypes": ["ReportBatchItemFailures"]}),
            json!({"FunctionResponseTypes": []}),
        ),
        (
            "sqs",
            Field::Metrics,
            json!({"metricsConfig": {"metrics": ["EventCount"]}}),
            json!({"MetricsConfig": {"Metrics": ["EventCount"]}}),
            json!({"MetricsConfig": {"Metrics": []}}),
        ),
        (
            "kafka",
            Field::Logging,
            json!({"loggingConfig": {"systemLogLevel": "WARN"}}),
            json!({"LoggingConfig": {"SystemLogLevel": "WARN"}}),
            json!({"LoggingConfig": {}}),
        ),
        (
            "sqs",
            Field::Scaling,
            json!({"scalingConfig": {"maximumConcurrency": 5}}),
            json!({"ScalingConfig": {"MaximumConcurrency": 5}}),
            json!({"ScalingConfig": {}}),
        ),
        (
            "sqs",
            Field::Pollers,
            json!({"provisionedPollerConfig": {"maximumPollers": 20}}),
            json!({"ProvisionedPollerConfig": {"MinimumPollers": 2, "MaximumPollers": 20}}),
            json!({"ProvisionedPollerConfig": {}}),
        ),
        (
            "kafka",
            Field::Pollers,
            json!({"provisionedPollerConfig": {"pollerGroupName": "g"}}),
            json!({"ProvisionedPollerConfig": {"MinimumPollers": 1, "MaximumPollers": 200, "PollerGroupName": "g"}}),
            json!({"ProvisionedPollerConfig": {}}),
        ),
        (
            "kinesis",
            Field::Parallelization,
            json!({"parallelizationFactor": 2}),
            json!({"ParallelizationFactor": 2}),
            json!({"ParallelizationFactor": 1}),
        ),
        (
            "dynamodb",
            Field::TumblingWindow,
            json!({"tumblingWindowInSeconds": 30}),
            json!({"TumblingWindowInSeconds": 30}),
            json!({"TumblingWindowInSeconds": 0}),
        ),
        (
            "kinesis",
            Field::Bisect,
            json!({"bisectBatchOnFunctionError": true}),
            json!({"BisectBatchOnFunctionError": true}),
            json!({"BisectBatchOnFunctionError": false}),
        ),
        (
            "kinesis",
            Field::RecordAge,
            json!({"maximumRecordAgeInSeconds": 60}),
            json!({"MaximumRecordAgeInSeconds": 60}),
            json!({"MaximumRecordAgeInSeconds": -1}),
        ),
        (
            "kinesis",
            Field::RetryAttempts,
            json!({"maximumRetryAttempts": 3}),
            json!({"MaximumRetryAttempts": 3}),
            json!({"MaximumRetryAttempts": -1}),
        ),
        (
            "kinesis",
            Field::Destination,
            json!({"destinationConfig": {"onFailure": {"destination": queue}}}),
            json!({"DestinationConfig": {"OnFailure": {"Destination": queue}}}),
            json!({"DestinationConfig": {"OnFailure": {"Destination": ""}}}),
        ),
        (
            "",
            Field::SelfManagedKafka,
            json!({"selfManagedKafkaEventSourceConfig": {"schemaRegistryConfig": registry}}),
            json!({"SelfManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {
                "SchemaRegistryURI": "https://r", "AccessConfigs": [], "SchemaValidationConfigs": [{"Attribute": "KEY"}]}}}),
            json!({"SelfManagedKafkaEventSourceConfig": {"SchemaRegistryConfig": {}}}),
        ),
        (
            "rds",
            Field::Database,
            json!({"documentDBEventSourceConfig": {"databaseName": "d", "fullDocument": "UpdateLookup"}}),
            json!({"DocumentDBEventSourceConfig": {"DatabaseName": "d", "FullDocument": "UpdateLookup"}}),
            json!({"DocumentDBEventSourceConfig": {"DatabaseName": "d", "FullDocument": "Default"}}),
        ),
        (
            "mq",
            Field::Access,
            json!({"sourceAccessConfigurations": [
                {"type": "VIRTUAL_HOST", "uri": "/"}, {"type": "BASIC_AUTH", "uri": "arn:aws:secretsmanager:other"}]}),
            json!({"SourceAccessConfigurations": [
                {"Type": "VIRTUAL_HOST", "URI": "/"}, {"Type": "BASIC_AUTH", "URI": "arn:aws:secretsmanager:other"}]}),
            json!({"SourceAccessConfigurations": [
                {"Type": "VIRTUAL_HOST", "URI": "/"}, {"Type": "BASIC_AUTH", "URI": arn("secretsmanager", "secret:s")}]}),
        ),
    ]
}

#[tokio::test]
async fn an_update_sends_just_the_field_sets_it_and_clears_it() {
    for (service, field, extra, sets, clears) in rows() {
        let world = ready().await;
        let plain = wanted(service, json!({}));
        let created = create(&world, &plain).await;
        for (desired, expected) in [(wanted(service, extra.clone()), sets), (plain, clears)] {
            let before = get(&world, &created.uuid).await;
            let fields = compare(&desired, &before).fields;
            assert_eq!(fields, BTreeSet::from([field]), "{service} {extra}");
            world.account.clear_ledger().await;
            let scope = &world.scope;
            let updated =
                scope.update_mapping(&before, &desired.configuration, &fields, None, USER).await.unwrap();
            assert_eq!(updated.state, "Updating");
            assert_eq!(sent(&world, "UpdateEventSourceMapping").await, expected, "{service} {extra}");
            let after = get(&world, &created.uuid).await;
            assert!(compare(&desired, &after).paths(&desired).is_empty(), "{service} {extra}: {after:?}");
        }
    }
}

#[tokio::test]
async fn enabling_and_disabling_is_sent_alone_and_read_from_the_state() {
    let world = ready().await;
    let desired = wanted("sqs", json!({}));
    let created = create(&world, &desired).await;
    for (enabled, during, after) in [(false, "Disabling", "Disabled"), (true, "Enabling", "Enabled")] {
        let before = get(&world, &created.uuid).await;
        world.account.clear_ledger().await;
        let none = BTreeSet::new();
        let scope = &world.scope;
        let updated =
            scope.update_mapping(&before, &desired.configuration, &none, Some(enabled), USER).await.unwrap();
        assert_eq!(updated.state, during);
        assert_eq!(sent(&world, "UpdateEventSourceMapping").await, json!({"Enabled": enabled}));
        assert_eq!(get(&world, &created.uuid).await.state, after);
    }
}

#[tokio::test]
async fn encrypted_filters_are_known_from_a_read_only() {
    let world = ready().await;
    let filters = json!({"filters": [{"pattern": r#"{"body": ["a"]}"#}]});
    let desired = wanted("sqs", json!({"kmsKeyArn": KEY, "filterCriteria": filters}));
    let created = create(&world, &desired).await;
    assert_eq!(created.configuration.filters, Filters::Unknown);
    assert_eq!(get(&world, &created.uuid).await.configuration.filters, desired.configuration.filters);
    let (listed, next) = world.scope.list_mappings(None, USER).await.unwrap();
    assert_eq!((listed[0].1.configuration.filters.clone(), next), (Filters::Unknown, None));
    let error = json!({"FilterCriteriaError": {"ErrorCode": "KMSAccessDeniedException", "Message": "no"}});
    world.account.edit_mapping(&created.uuid, error).await;
    let read = get(&world, &created.uuid).await;
    assert_eq!(read.configuration.filters, Filters::Unknown);
    assert_eq!(read.filter_error.as_deref(), Some("KMSAccessDeniedException: no"));
}

#[tokio::test]
async fn a_mapping_that_is_in_the_way_is_found_by_the_uuid_in_the_refusal() {
    let world = ready().await;
    for service in SOURCES {
        let desired = wanted(service, json!({}));
        let first = create(&world, &desired).await;
        let Desired { fixed, configuration, tags, .. } = &desired;
        let refused = world.scope.create_mapping(fixed, configuration, true, tags, USER).await.unwrap_err();
        assert_eq!(refused.class, Class::AlreadyExists, "{refused}");
        world.account.clear_ledger().await;
        let found = world.scope.existing_mapping(&refused, fixed, configuration, USER).await.unwrap();
        assert_eq!((&found.uuid, found.tags), (&first.uuid, Some(Ok(BTreeMap::new()))));
        assert_eq!(world.calls().await, ["GetEventSourceMapping", "ListTags"]);
        let mut silent = refused.clone();
        silent.message = "An event source mapping already exists".into();
        let found = world.scope.existing_mapping(&silent, fixed, configuration, USER).await.unwrap();
        assert_eq!(found.uuid, first.uuid, "by function and source");
        world.account.remove_mapping(&first.uuid).await;
        let gone = world.scope.existing_mapping(&refused, fixed, configuration, USER).await.unwrap_err();
        assert_eq!(gone.class, Class::InProgress);
        let unknown = world.scope.existing_mapping(&silent, fixed, configuration, USER).await.unwrap_err();
        assert_eq!(unknown.class, Class::Terminal);
    }
}

#[tokio::test]
async fn what_a_lost_creation_left_is_found_by_its_tags() {
    let world = ready().await;
    let desired = wanted("sqs", json!({"tags": {"owner": "me"}}));
    let created = create(&world, &desired).await;
    let is_mine = |tags: &BTreeMap<String, String>| tags.get("owner").is_some_and(|owner| owner == "me");
    world.account.clear_ledger().await;
    let source = arn("sqs", "orders");
    let found = world.scope.find_own_mapping("hello", Some(&source), is_mine, USER).await.unwrap().unwrap();
    assert_eq!(found.uuid, created.uuid);
    assert_eq!(world.calls().await, ["ListEventSourceMappings", "ListTags"]);
    assert!(world.scope.find_own_mapping("hello", Some(&source), |_| false, USER).await.unwrap().is_none());
    assert!(
        world
            .scope
            .find_own_mapping("hello", Some(&arn("sqs", "other")), is_mine, USER)
            .await
            .unwrap()
            .is_none()
    );
}

#[tokio::test]
async fn while_aws_is_busy_writes_are_refused_as_in_progress_and_a_deletion_ends_in_a_404() {
    let world = ready().await;
    let desired = wanted("sqs", json!({}));
    let created = create(&world, &desired).await;
    let busy = world.scope.delete_mapping(&created.uuid, USER).await.unwrap_err();
    assert_eq!((busy.class, busy.code.as_str()), (Class::InProgress, "ResourceInUseException"));
    get(&world, &created.uuid).await;
    world.scope.delete_mapping(&created.uuid, USER).await.unwrap();
    assert_eq!(world.scope.get_mapping(&created.uuid, USER).await.unwrap(), None);
    world.scope.delete_mapping(&created.uuid, USER).await.unwrap();
}

/// Creates a mapping of a queue of its own and registers it as it is.
async fn own(world: &World, queue: &str, extra: Value) -> (String, Registration) {
    let mut spec = json!({"eventSourceArn": arn("sqs", queue)});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    let desired = wanted("sqs", spec);
    let uuid = create(world, &desired).await.uuid;
    let expectation = MappingExpectation::of(desired, &get(world, &uuid).await);
    let registration = world.scope.mappings().expect(&uuid, expectation);
    (uuid, registration)
}

fn sweep(world: &World, interval: u64) -> (UnboundedReceiver<Wake>, tokio_util::sync::DropGuard) {
    let (send, wakes) = unbounded_channel();
    let stop = CancellationToken::new();
    let interval = Duration::from_millis(interval);
    tokio::spawn(Arc::clone(&world.scope).run_inventory(interval, Duration::ZERO, send, stop.clone()));
    (wakes, stop.drop_guard())
}

async fn next(wakes: &mut UnboundedReceiver<Wake>) -> (String, Why) {
    let wake = tokio::time::timeout(Duration::from_secs(20), wakes.recv()).await.unwrap().unwrap();
    assert_eq!(wake.listed, Listed::Mapping);
    (wake.name, wake.why)
}

#[tokio::test]
async fn one_list_finds_each_change_that_it_shows_and_nothing_else() {
    let world = ready().await;
    let changes = [
        json!({"BatchSize": 3}),
        json!({"Enabled": false}),
        json!({"LastProcessingResult": "PROBLEM: Function call failed"}),
        json!({"FilterCriteria": {"Filters": [{"Pattern": "{}"}]}}),
        json!({"State": "Updating"}),
    ];
    let (mut kept, mut expected) = (Vec::new(), BTreeSet::new());
    for (n, change) in changes.into_iter().enumerate() {
        let (uuid, registration) = own(&world, &format!("changed{n}"), json!({})).await;
        world.account.edit_mapping(&uuid, change).await;
        kept.push(registration);
        expected.insert((uuid, Why::Changed));
    }
    let (gone, registration) = own(&world, "gone", json!({})).await;
    world.account.remove_mapping(&gone).await;
    kept.push(registration);
    expected.insert((gone, Why::Vanished));
    let filters = json!({"filters": [{"pattern": r#"{"body": ["a"]}"#}]});
    for (queue, extra, change) in [
        ("same", json!({"batchSize": 7}), json!({"LastProcessingResult": "OK"})),
        ("encrypted", json!({"kmsKeyArn": KEY, "filterCriteria": filters}), json!({"Tags": {"a": "b"}})),
    ] {
        let (uuid, registration) = own(&world, queue, extra).await;
        world.account.edit_mapping(&uuid, change).await;
        kept.push(registration);
    }
    world.account.clear_ledger().await;
    let (mut wakes, _running) = sweep(&world, 0);
    let mut found = BTreeSet::new();
    while found.len() < expected.len() {
        found.insert(next(&mut wakes).await);
    }
    assert_eq!(found, expected);
    assert_eq!(world.calls().await, ["ListEventSourceMappings"], "no function is owned, none is listed");
    assert!(wakes.try_recv().is_err());
}

#[tokio::test]
async fn without_mappings_nothing_is_listed_and_without_permission_each_is_read() {
    let world = ready().await;
    let (mut wakes, _running) = sweep(&world, 200);
    until("the first sweep", async || world.scope.mappings().first_sweep_done()).await;
    assert_eq!(world.calls().await, Vec::<String>::new());
    world.account.configure(|s| s.deny = BTreeSet::from(["ListEventSourceMappings".to_owned()])).await;
    let (uuid, _kept) = own(&world, "orders", json!({})).await;
    until("the sweep reads", async || world.scope.mappings().mode() == Mode::PerResource).await;
    world.account.edit_mapping(&uuid, json!({"BatchSize": 3})).await;
    assert_eq!(next(&mut wakes).await, (uuid, Why::Changed));
}

#[tokio::test]
async fn a_listed_mapping_is_handed_over_once() {
    let world = ready().await;
    let created = create(&world, &wanted("sqs", json!({"batchSize": 7}))).await;
    world.scope.mappings().want(&created.uuid);
    let _running = sweep(&world, 0);
    until("the first sweep", async || world.scope.mappings().first_sweep_done()).await;
    let listed = world.scope.mappings().take_listed(&created.uuid).unwrap();
    let (default, kafka) = (wanted("sqs", json!({"batchSize": 7})), kafka_field(&created.fixed.source));
    let function = listed.configuration.function.clone();
    let expected = lambda_operator::mapping::model::Configuration { function, ..default.configuration };
    assert_eq!(changes(&expected, &listed.configuration, kafka), BTreeSet::new());
    assert!(world.scope.mappings().take_listed(&created.uuid).is_none());
}
