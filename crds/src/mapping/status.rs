//! What the operator says of an event source mapping.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::CommonStatus;

/// What the operator knows of the mapping in AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct EventSourceMappingStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonStatus,

    /// The id that AWS assigned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uuid: Option<String>,

    /// ARN of the mapping.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,

    /// ARN of the function, version or alias that gets the events.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_arn: Option<String>,

    /// ARN of the source; absent for self-managed Kafka.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event_source_arn: Option<String>,

    /// State of the mapping in AWS: Creating, Enabling, Enabled, Disabling, Disabled, Updating, Deleting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,

    /// Who or what brought it into this state, in AWS's words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_transition_reason: Option<String>,

    /// What AWS says of the last batch, such as `OK`, `No records processed` or `PROBLEM: …`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_processing_result: Option<String>,

    /// When the mapping or its state last changed in AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Time")]
    pub last_modified: Option<Time>,
}
