//! What only a Kafka source has: its brokers, consumer groups and schema registry.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_SelfManagedKafkaEventSourceConfig.html>

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A Kafka cluster that isn't Amazon's.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SelfManagedEventSource {
    /// Where the cluster is.
    pub endpoints: KafkaEndpoints,
}

/// Where a Kafka cluster is.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KafkaEndpoints {
    /// Brokers, `host:port`, 1 to 10 (`KAFKA_BOOTSTRAP_SERVERS` in the Lambda API).
    #[schemars(
        length(min = 1, max = 10),
        inner(
            length(min = 1, max = 300),
            regex(pattern = r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?:[0-9]{1,5}$")
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub kafka_bootstrap_servers: Vec<String>,
}

/// Settings of an MSK source.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AmazonManagedKafkaEventSourceConfig {
    /// Kafka consumer group, unique among all mappings. Default: the UUID of the mapping. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), regex(pattern = r"^[ a-zA-Z0-9/*:_+=.@-]*$"))]
    pub consumer_group_id: Option<String>,
    /// Schema registry that records are checked with. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KafkaSchemaRegistryConfig")]
    pub schema_registry_config: Option<KafkaSchemaRegistryConfig>,
}

/// Settings of a self-managed Kafka source.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct SelfManagedKafkaEventSourceConfig {
    /// Kafka consumer group, unique among all mappings. Default: the UUID of the mapping. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200), regex(pattern = r"^[ a-zA-Z0-9/*:_+=.@-]*$"))]
    pub consumer_group_id: Option<String>,
    /// Schema registry that records are checked with. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KafkaSchemaRegistryConfig")]
    pub schema_registry_config: Option<KafkaSchemaRegistryConfig>,
    /// How the topic is read: `Stream` (default) in order, by a consumer group; `Queue` without an order, by a share group
    /// of Kafka 4.2 or later. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "KafkaConsumptionMode")]
    pub consumption_mode: Option<KafkaConsumptionMode>,
}

/// How a Kafka topic is read.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KafkaConsumptionMode {
    /// In order, by a consumer group.
    #[default]
    Stream,
    /// Without an order, by a share group.
    Queue,
}

/// A schema registry; empty means none.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KafkaSchemaRegistryConfig {
    /// ARN of a Glue registry, or URL of a Confluent one. Default: none.
    #[serde(default, rename = "schemaRegistryURI", skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 10000), regex(pattern = r"^[a-zA-Z0-9/*:_+=.@-]*$"))]
    pub schema_registry_uri: Option<String>,
    /// How the function gets a record: as `JSON`, or as in the `SOURCE`, without the schema's id. Absent: AWS's choice.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EventRecordFormat")]
    pub event_record_format: Option<EventRecordFormat>,
    /// How Lambda logs in to the registry. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 4))]
    pub access_configs: Option<Vec<KafkaSchemaRegistryAccessConfig>>,
    /// Which parts of a record are checked. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2))]
    pub schema_validation_configs: Option<Vec<KafkaSchemaValidationConfig>>,
}

/// How a function gets a record.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
#[serde(rename_all = "UPPERCASE")]
pub enum EventRecordFormat {
    /// As JSON.
    Json,
    /// As in the topic.
    Source,
}

/// One means of access to a schema registry.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KafkaSchemaRegistryAccessConfig {
    /// Kind of credentials.
    #[serde(rename = "type")]
    pub kind: KafkaSchemaRegistryAuthType,
    /// ARN of the secret in Secrets Manager.
    #[schemars(length(min = 1, max = 2048), regex(pattern = r"^arn:aws[a-zA-Z0-9-]*:[a-zA-Z0-9-]+:.+$"))]
    pub uri: String,
}

/// Credentials of a schema registry.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum KafkaSchemaRegistryAuthType {
    #[serde(rename = "BASIC_AUTH")]
    BasicAuth,
    #[serde(rename = "CLIENT_CERTIFICATE_TLS_AUTH")]
    ClientCertificateTlsAuth,
    #[serde(rename = "SERVER_ROOT_CA_CERTIFICATE")]
    ServerRootCaCertificate,
    #[serde(rename = "OAUTHBEARER_AUTH")]
    OauthbearerAuth,
}

/// A part of a record that is checked.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct KafkaSchemaValidationConfig {
    /// `KEY` or `VALUE`.
    pub attribute: KafkaSchemaValidationAttribute,
}

/// A part of a record.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "UPPERCASE")]
pub enum KafkaSchemaValidationAttribute {
    /// Its key.
    Key,
    /// Its value.
    Value,
}
