//! What becomes of the records: which are of interest, how fast they are passed on, and where those go that are given up.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::function::SystemLogLevel;

/// Which records are of interest.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct FilterCriteria {
    /// Filters, one of which a record has to match. AWS allows 5, and more on request. Default: none, every record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 20))]
    pub filters: Option<Vec<Filter>>,
}

/// One filter.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// The pattern, in JSON, for example `{"body": {"kind": ["order"]}}`. Compared as JSON, not as text.
    #[schemars(length(max = 4096))]
    pub pattern: String,
}

/// What a function says of a batch.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum FunctionResponseType {
    /// Which records failed.
    ReportBatchItemFailures,
}

/// Metrics of a mapping.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingMetricsConfig {
    /// `EventCount`, and for Kafka also `ErrorCount` and `KafkaMetrics`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 3))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub metrics: Option<Vec<MappingMetric>>,
}

/// A group of metrics of a mapping.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum MappingMetric {
    /// What becomes of the records.
    EventCount,
    /// Errors while processing.
    ErrorCount,
    /// The state of the Kafka consumers.
    KafkaMetrics,
}

/// Logs of a mapping.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MappingLoggingConfig {
    /// Lowest level of the pollers' lines that are kept. Default: none are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SystemLogLevel")]
    pub system_log_level: Option<SystemLogLevel>,
}

/// Limit of concurrent calls for a queue.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MappingScalingConfig {
    /// Most concurrent calls. Default: no limit of its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1000))]
    pub maximum_concurrency: Option<i32>,
}

/// Pollers of a mapping's own.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.minimumPollers) || !has(self.maximumPollers) || self.minimumPollers <= self.maximumPollers")
        .message("spec.provisionedPollerConfig.minimumPollers is more than maximumPollers; lower the one or raise the other")
)]
pub struct ProvisionedPollerConfig {
    /// Fewest pollers. Default: 2 for SQS, which takes no fewer, 1 for Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 200))]
    pub minimum_pollers: Option<i32>,
    /// Most pollers: up to 10,000 for SQS, 2,000 for Kafka. Default: 200.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 10000))]
    pub maximum_pollers: Option<i32>,
    /// Group of mappings of one VPC that share their pollers. Kafka only. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 128), regex(pattern = r"^[a-zA-Z0-9_-]*$"))]
    pub poller_group_name: Option<String>,
}

/// What happens to records that are given up.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct MappingDestinationConfig {
    /// Where they are sent. Default: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OnFailure")]
    pub on_failure: Option<OnFailure>,
}

/// Where records that are given up are sent.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct OnFailure {
    /// ARN of an SQS queue, SNS topic or S3 bucket, or `kafka://TOPIC`; empty means nowhere.
    #[schemars(
        length(max = 350),
        regex(
            pattern = r"^(kafka://[^.][a-zA-Z0-9_.-]{0,248}|arn:aws[a-zA-Z0-9-]*:[a-zA-Z0-9-]+:[a-z0-9-]*:(\d{12})?:.*)?$"
        )
    )]
    pub destination: String,
}
