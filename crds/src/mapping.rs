//! `EventSourceMapping`: what Lambda reads from a queue, stream, topic or change stream and gives to a function.
//!
//! Field names, limits and defaults are those of the Lambda API reference for [CreateEventSourceMapping] and
//! [UpdateEventSourceMapping]. Its `onSuccess` destination is left out: AWS refuses it for mappings.
//!
//! [CreateEventSourceMapping]: https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
//! [UpdateEventSourceMapping]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateEventSourceMapping.html

mod delivery;
mod field_rules;
mod kafka;
mod source;
mod status;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::{CustomResource, KubeSchema};
use serde::{Deserialize, Serialize};

use crate::common::{CommonSpec, ObjectRef};
use crate::rules;

use field_rules::{Source, reads_from};

pub use delivery::*;
pub use kafka::*;
pub use source::*;
pub use status::*;

/// An event source mapping: Lambda reads a queue, stream, topic or change stream and calls a function with what it finds.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "EventSourceMapping",
    namespaced,
    status = "EventSourceMappingStatus",
    derive = "PartialEq",
    shortname = "lesm",
    category = "lambda",
    doc = "An event source mapping: Lambda reads a queue, stream, topic or change stream and calls a function with what it finds.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "UUID", type_ = "string", json_path = ".status.uuid"),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Source", type_ = "string", json_path = ".status.eventSourceArn", priority = 1),
    printcolumn(name = "Function", type_ = "string", json_path = ".status.functionArn", priority = 1),
    printcolumn(name = "Last Result", type_ = "string", json_path = ".status.lastProcessingResult", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::account_is_fixed("EventSourceMapping"),
    validation = rules::region_is_fixed("EventSourceMapping"),
    validation = field_rules::consumer_group_is_fixed("amazonManagedKafkaEventSourceConfig"),
    validation = field_rules::consumer_group_is_fixed("selfManagedKafkaEventSourceConfig")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::exactly_one("spec", &["functionRef", "aliasRef", "functionName"]),
    validation = rules::exactly_one("spec", &["eventSourceArn", "selfManagedEventSource"]),
    // What AWS fixes at creation.
    validation = field_rules::created_with_shown("eventSourceArn", ""),
    validation = field_rules::created_with("selfManagedEventSource"),
    validation = field_rules::created_with_shown("startingPosition", ""),
    validation = field_rules::created_with("startingPositionTimestamp"),
    validation = field_rules::created_with_shown("topics", "[0]"),
    validation = field_rules::created_with_shown("queues", "[0]"),
    validation = field_rules::consumption_mode_is_fixed(),
    validation = field_rules::virtual_host_is_fixed(),
    // Which field goes with which source.
    validation = field_rules::needed_for("topics", Source::KAFKA, "name the topic to read"),
    validation = field_rules::only_for("topics", Source::KAFKA),
    validation = field_rules::needed_for("queues", &[Source::Mq], "name the queue of the broker to read"),
    validation = field_rules::only_for("queues", &[Source::Mq]),
    validation = field_rules::needed_for("documentDBEventSourceConfig", &[Source::DocumentDb], "name the database to watch"),
    validation = field_rules::only_for("documentDBEventSourceConfig", &[Source::DocumentDb]),
    validation = field_rules::only_for("amazonManagedKafkaEventSourceConfig", &[Source::Msk]),
    validation = field_rules::only_for("selfManagedKafkaEventSourceConfig", &[Source::SelfManagedKafka]),
    validation = field_rules::only_for("sourceAccessConfigurations", &[Source::Msk, Source::SelfManagedKafka, Source::Mq, Source::DocumentDb]),
    validation = field_rules::only_for("startingPosition", Source::WITH_A_POSITION),
    validation = field_rules::only_for("scalingConfig", &[Source::Sqs]),
    validation = field_rules::only_for("provisionedPollerConfig", &[Source::Sqs, Source::Msk, Source::SelfManagedKafka]),
    validation = field_rules::only_for("loggingConfig", Source::KAFKA),
    validation = field_rules::only_for("parallelizationFactor", Source::STREAMS),
    validation = field_rules::only_for("tumblingWindowInSeconds", Source::STREAMS),
    validation = field_rules::only_for("bisectBatchOnFunctionError", Source::STREAMS_AND_KAFKA),
    validation = field_rules::only_for("maximumRecordAgeInSeconds", Source::STREAMS_AND_KAFKA),
    validation = field_rules::only_for("maximumRetryAttempts", Source::STREAMS_AND_KAFKA),
    validation = field_rules::only_for("destinationConfig", Source::STREAMS_AND_KAFKA),
    validation = field_rules::only_for("functionResponseTypes", &[Source::Sqs, Source::Kinesis, Source::DynamoDb, Source::Msk, Source::SelfManagedKafka]),
    // Which value goes with which.
    validation = Rule::new(format!("has(self.startingPosition) || {SHARE_GROUP} || !{}", reads_from(Source::WITH_A_POSITION)))
        .message("spec.startingPosition is required for Kinesis, DynamoDB, MSK, self-managed Kafka and DocumentDB; set it to TRIM_HORIZON or LATEST"),
    validation = Rule::new(format!("!has(self.startingPosition) || self.startingPosition != 'AT_TIMESTAMP' || !{}", reads_from(&[Source::DynamoDb])))
        .message("spec.startingPosition AT_TIMESTAMP isn't possible for DynamoDB; set it to TRIM_HORIZON or LATEST"),
    validation = Rule::new("has(self.startingPositionTimestamp) == (has(self.startingPosition) && self.startingPosition == 'AT_TIMESTAMP')")
        .message("spec.startingPositionTimestamp and spec.startingPosition AT_TIMESTAMP go together; set both or neither"),
    validation = Rule::new(format!("!{SHARE_GROUP} || !(has(self.startingPosition) || has(self.startingPositionTimestamp) || has(self.maximumBatchingWindowInSeconds) || (has(self.maximumRetryAttempts) && self.maximumRetryAttempts < 0))"))
        .message("spec.selfManagedKafkaEventSourceConfig.consumptionMode Queue excludes startingPosition, startingPositionTimestamp, maximumBatchingWindowInSeconds and a maximumRetryAttempts of -1; remove them or set consumptionMode to Stream"),
    validation = Rule::new(format!("!has(self.batchSize) || self.batchSize <= 10 || (has(self.maximumBatchingWindowInSeconds) && self.maximumBatchingWindowInSeconds >= 1) || !{}", reads_from(&[Source::Sqs])))
        .message("a spec.batchSize of more than 10 from a queue needs a spec.maximumBatchingWindowInSeconds of at least 1; set it or lower batchSize")
        .field_path(".batchSize"),
    validation = Rule::new("!has(self.eventSourceArn) || !self.eventSourceArn.endsWith('.fifo') || ((!has(self.batchSize) || self.batchSize <= 10) && (!has(self.maximumBatchingWindowInSeconds) || self.maximumBatchingWindowInSeconds == 0))")
        .message("a FIFO queue takes a spec.batchSize of at most 10 and no spec.maximumBatchingWindowInSeconds; lower the one and remove the other"),
    validation = Rule::new("!has(self.scalingConfig) || !has(self.provisionedPollerConfig)")
        .message("spec.scalingConfig and spec.provisionedPollerConfig exclude each other; remove one of them"),
    validation = Rule::new(format!("!has(self.provisionedPollerConfig) || !{} || ((!has(self.provisionedPollerConfig.minimumPollers) || self.provisionedPollerConfig.minimumPollers >= 2) && (!has(self.provisionedPollerConfig.maximumPollers) || self.provisionedPollerConfig.maximumPollers >= 2))", reads_from(&[Source::Sqs])))
        .message("spec.provisionedPollerConfig needs minimumPollers and maximumPollers of at least 2 for SQS; raise them or leave them out"),
    validation = Rule::new(format!("!has(self.provisionedPollerConfig) || !has(self.provisionedPollerConfig.maximumPollers) || self.provisionedPollerConfig.maximumPollers <= 2000 || !{}", reads_from(Source::KAFKA)))
        .message("spec.provisionedPollerConfig.maximumPollers can be at most 2000 for Kafka; lower it"),
    validation = Rule::new(format!("!has(self.provisionedPollerConfig) || !has(self.provisionedPollerConfig.pollerGroupName) || self.provisionedPollerConfig.pollerGroupName == '' || {}", reads_from(Source::KAFKA)))
        .message("spec.provisionedPollerConfig.pollerGroupName is for MSK and self-managed Kafka; remove it"),
    validation = Rule::new(format!("!has(self.metricsConfig) || !has(self.metricsConfig.metrics) || self.metricsConfig.metrics.all(metric, metric == 'EventCount') || {}", reads_from(Source::KAFKA)))
        .message("spec.metricsConfig.metrics ErrorCount and KafkaMetrics are for MSK and self-managed Kafka; remove them")
)]
pub struct EventSourceMappingSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonSpec,

    /// The LambdaFunction, in the same namespace, that gets the events. Exactly one of `functionRef`, `aliasRef` and
    /// `functionName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub function_ref: Option<ObjectRef>,

    /// The LambdaAlias, in the same namespace, that gets the events. Exactly one of `functionRef`, `aliasRef` and
    /// `functionName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub alias_ref: Option<ObjectRef>,

    /// Name or ARN, with or without a version or alias (`NAME:ALIAS`), of a function that has no object here. Exactly one
    /// of `functionRef`, `aliasRef` and `functionName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 256),
        regex(
            pattern = r"^(arn:(aws[a-zA-Z-]*)?:lambda:[a-z0-9-]+:\d{12}:function:)?[a-zA-Z0-9_.-]+(:(\$LATEST|[a-zA-Z0-9_-]+))?$"
        )
    )]
    pub function_name: Option<String>,

    /// ARN of the source: an SQS queue, a Kinesis stream or consumer, a DynamoDB stream, an MSK cluster or VPC connection,
    /// an Amazon MQ broker or a DocumentDB cluster. Exactly one of `eventSourceArn` and `selfManagedEventSource`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 1024),
        regex(pattern = r"^arn:aws[a-zA-Z0-9-]*:[a-z0-9-]+:[a-z0-9-]+:\d{12}:.+$")
    )]
    #[x_kube(
        validation = Rule::new("self.matches('^arn:[^:]*:(sqs|kinesis|dynamodb|kafka|mq|rds):')")
            .message(Message::Expression(r#""spec.eventSourceArn " + self + " is of no service that Lambda reads from; use the ARN of an SQS queue, a Kinesis or DynamoDB stream, or an MSK, Amazon MQ or DocumentDB cluster""#.into()))
    )]
    pub event_source_arn: Option<String>,

    /// A Kafka cluster that isn't Amazon's. Exactly one of `eventSourceArn` and `selfManagedEventSource`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SelfManagedEventSource")]
    pub self_managed_event_source: Option<SelfManagedEventSource>,

    /// `false` stops reading. Default: `true`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub enabled: Option<bool>,

    /// Most records of one call. Default: 10 for SQS, 100 for the others. More than 10 from a queue need
    /// `maximumBatchingWindowInSeconds`; a FIFO queue gives at most 10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub batch_size: Option<i32>,

    /// Longest time, in seconds, to wait for a batch to fill. Default: 0 for SQS, Kinesis and DynamoDB; half a second for
    /// the others, which AWS can't bring back once it was changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 300))]
    pub maximum_batching_window_in_seconds: Option<i32>,

    /// Which records are of interest. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "FilterCriteria")]
    pub filter_criteria: Option<FilterCriteria>,

    /// ARN of the KMS key that encrypts `filterCriteria`. Default: not encrypted.
    #[serde(default, rename = "kmsKeyArn", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:[a-z0-9.-]+:.*)?$"))]
    pub kms_key_arn: Option<String>,

    /// `ReportBatchItemFailures`: the function says which records of a batch failed. Not for Amazon MQ and
    /// DocumentDB. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 1))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub function_response_types: Option<Vec<FunctionResponseType>>,

    /// Metrics that the mapping writes. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MappingMetricsConfig")]
    pub metrics_config: Option<MappingMetricsConfig>,

    /// Logs of the mapping. Kafka only. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MappingLoggingConfig")]
    pub logging_config: Option<MappingLoggingConfig>,

    /// Limit of concurrent calls. SQS only. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MappingScalingConfig")]
    pub scaling_config: Option<MappingScalingConfig>,

    /// Provisioned mode: pollers of this mapping's own. SQS and Kafka only. Default: off, and so when empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProvisionedPollerConfig")]
    pub provisioned_poller_config: Option<ProvisionedPollerConfig>,

    /// Where to start reading. Required for Kinesis, DynamoDB, Kafka and DocumentDB, without a meaning for the others.
    /// Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "StartingPosition")]
    pub starting_position: Option<StartingPosition>,

    /// The time from which to read. Required with `startingPosition: AT_TIMESTAMP`, and only then. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String", length(max = 64), extend("format" = "date-time"))]
    pub starting_position_timestamp: Option<Time>,

    /// Batches of one shard that are worked on at the same time. Kinesis and DynamoDB only. Default: 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10))]
    pub parallelization_factor: Option<i32>,

    /// Length of a window, in seconds, over which the function aggregates. Kinesis and DynamoDB only. Default: 0, no window.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 900))]
    pub tumbling_window_in_seconds: Option<i32>,

    /// Splits a batch that failed in two and tries again. Streams and Kafka only. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bisect_batch_on_function_error: Option<bool>,

    /// Age in seconds, from 60, at which a record is given up. Streams and Kafka only. Default: -1, never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1, max = 604_800))]
    #[x_kube(
        validation = Rule::new("self == -1 || self >= 60")
            .message("spec.maximumRecordAgeInSeconds has to be -1, for no limit, or 60 to 604800; use one of these")
    )]
    pub maximum_record_age_in_seconds: Option<i32>,

    /// How often a failed batch is tried again before it is given up. Streams and Kafka only. Default: -1, without end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -1, max = 10000))]
    pub maximum_retry_attempts: Option<i32>,

    /// What happens to records that are given up. Streams and Kafka only. Default: nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "MappingDestinationConfig")]
    pub destination_config: Option<MappingDestinationConfig>,

    /// The Kafka topic, exactly one. Required for Kafka, and only for it. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 1),
        inner(length(min = 1, max = 249), regex(pattern = r"^[^.][a-zA-Z0-9_.-]+$"))
    )]
    pub topics: Option<Vec<String>>,

    /// The queue of the Amazon MQ broker, exactly one. Required for Amazon MQ, and only for it. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1), inner(length(min = 1, max = 1000)))]
    pub queues: Option<Vec<String>>,

    /// How Lambda logs in to the source and reaches it: secrets, subnets, security groups. Kafka, Amazon MQ and DocumentDB
    /// only. A `VIRTUAL_HOST` is immutable. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 23))]
    #[x_kube(
        validation = Rule::new("self.all(x, self.exists_one(y, y == x))")
            .message("spec.sourceAccessConfigurations has the same entry twice; remove one of them")
    )]
    pub source_access_configurations: Option<Vec<SourceAccessConfiguration>>,

    /// Settings of an MSK source. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AmazonManagedKafkaEventSourceConfig")]
    pub amazon_managed_kafka_event_source_config: Option<AmazonManagedKafkaEventSourceConfig>,

    /// Settings of a self-managed Kafka source. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SelfManagedKafkaEventSourceConfig")]
    pub self_managed_kafka_event_source_config: Option<SelfManagedKafkaEventSourceConfig>,

    /// Settings of a DocumentDB source. Required for one.
    #[serde(default, rename = "documentDBEventSourceConfig", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DocumentDbEventSourceConfig")]
    pub document_db_event_source_config: Option<DocumentDbEventSourceConfig>,
}

/// Whether a topic is read through a share group, as an expression over the spec.
const SHARE_GROUP: &str = "(has(self.selfManagedKafkaEventSourceConfig) && has(self.selfManagedKafkaEventSourceConfig.consumptionMode) && self.selfManagedKafkaEventSourceConfig.consumptionMode == 'Queue')";

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use kube::CustomResourceExt;

    use super::*;
    use crate::testing::{kept, samples};

    /// The members of CreateEventSourceMapping.
    const MEMBERS: &str = "AmazonManagedKafkaEventSourceConfig BatchSize BisectBatchOnFunctionError DestinationConfig \
        DocumentDBEventSourceConfig Enabled EventSourceArn FilterCriteria FunctionName FunctionResponseTypes KMSKeyArn \
        LoggingConfig MaximumBatchingWindowInSeconds MaximumRecordAgeInSeconds MaximumRetryAttempts MetricsConfig \
        ParallelizationFactor ProvisionedPollerConfig Queues ScalingConfig SelfManagedEventSource \
        SelfManagedKafkaEventSourceConfig SourceAccessConfigurations StartingPosition StartingPositionTimestamp Tags \
        Topics TumblingWindowInSeconds";

    #[test]
    fn every_field_of_the_api_has_its_place_and_nothing_else_has() {
        let camel_case = |name: &str| match name {
            "KMSKeyArn" => "kmsKeyArn".to_owned(),
            _ => format!("{}{}", name[..1].to_lowercase(), &name[1..]),
        };
        let crd = serde_json::to_value(EventSourceMapping::crd()).unwrap();
        let spec =
            &crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"];
        let fields: BTreeSet<String> = spec.as_object().unwrap().keys().cloned().collect();
        let common = serde_json::to_value(schemars::schema_for!(CommonSpec)).unwrap();
        let ours = common["properties"]
            .as_object()
            .unwrap()
            .keys()
            .map(String::as_str)
            .filter(|name| *name != "tags");
        let expected: BTreeSet<String> = MEMBERS
            .split_whitespace()
            .map(camel_case)
            .chain(ours.chain(["functionRef", "aliasRef"]).map(ToOwned::to_owned))
            .collect();
        assert_eq!(fields, expected);
    }

    #[test]
    fn the_sample_reads_a_queue_and_a_stream() {
        let [orders, stock]: [EventSourceMapping; 2] =
            samples(include_str!("../../config/samples/event-source-mapping.yaml"), "EventSourceMapping")
                .try_into()
                .unwrap();
        assert_eq!(orders.spec.scaling_config.unwrap().maximum_concurrency, Some(10));
        assert_eq!(stock.spec.starting_position, Some(StartingPosition::TrimHorizon));
    }

    #[test]
    fn all_kinds_of_sources_are_kept_as_they_are_written() {
        for spec in [
            r#"{functionRef: {name: f}, eventSourceArn: "arn:aws:kinesis:eu-west-1:111122223333:stream/s",
                startingPosition: AT_TIMESTAMP, startingPositionTimestamp: "2026-01-15T09:30:00Z",
                tumblingWindowInSeconds: 30, maximumRecordAgeInSeconds: -1,
                destinationConfig: {onFailure: {destination: "kafka://failed"}}}"#,
            r#"{aliasRef: {name: a}, eventSourceArn: "arn:aws:kafka:eu-west-1:111122223333:cluster/c/1",
                startingPosition: LATEST, topics: [orders],
                metricsConfig: {metrics: [EventCount, ErrorCount, KafkaMetrics]}, loggingConfig: {systemLogLevel: WARN},
                provisionedPollerConfig: {minimumPollers: 1, maximumPollers: 20, pollerGroupName: shared},
                amazonManagedKafkaEventSourceConfig: {consumerGroupId: g, schemaRegistryConfig: {
                    schemaRegistryURI: "https://registry.example", eventRecordFormat: SOURCE,
                    accessConfigs: [{type: SERVER_ROOT_CA_CERTIFICATE, uri: "arn:aws:secretsmanager:x"}],
                    schemaValidationConfigs: [{attribute: KEY}]}}}"#,
            r#"{functionName: f, selfManagedEventSource: {endpoints: {kafkaBootstrapServers: ["broker.example:9092"]}},
                topics: [orders], selfManagedKafkaEventSourceConfig: {consumptionMode: Queue},
                sourceAccessConfigurations: [{type: SASL_SCRAM_512_AUTH, uri: "arn:aws:secretsmanager:x"}, {type: IAM_AUTH}]}"#,
            r#"{functionName: f, eventSourceArn: "arn:aws:mq:eu-west-1:111122223333:broker:b:b-1", queues: [q],
                sourceAccessConfigurations: [{type: VIRTUAL_HOST, uri: /}], kmsKeyArn: "", filterCriteria: {}}"#,
            r#"{functionName: f, eventSourceArn: "arn:aws:rds:eu-west-1:111122223333:cluster:c", startingPosition: LATEST,
                documentDBEventSourceConfig: {databaseName: d, collectionName: c, fullDocument: UpdateLookup}}"#,
        ] {
            let _: EventSourceMappingSpec = kept(spec);
        }
    }
}
