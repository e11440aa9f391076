//! What becomes of asynchronous invocations.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How asynchronous invocations are repeated, and where their outcome is sent.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("has(self.maximumRetryAttempts) || has(self.maximumEventAgeInSeconds) || has(self.destinationConfig)")
        .message("spec.eventInvokeConfig says nothing; set maximumRetryAttempts, maximumEventAgeInSeconds or destinationConfig, or remove it")
)]
pub struct EventInvokeConfig {
    /// How often a failed invocation is repeated. Default: 2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0, max = 2))]
    pub maximum_retry_attempts: Option<i32>,

    /// How many seconds an event may wait until it is given up. Default: 21,600, which is six hours.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 60, max = 21600))]
    pub maximum_event_age_in_seconds: Option<i32>,

    /// Where the outcome is sent. Default: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EventDestinations")]
    pub destination_config: Option<EventDestinations>,
}

/// Where the outcome of asynchronous invocations is sent.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct EventDestinations {
    /// For invocations that succeeded. Default: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EventDestination")]
    pub on_success: Option<EventDestination>,

    /// For invocations that were given up. Default: nowhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "EventDestination")]
    pub on_failure: Option<EventDestination>,
}

/// One destination.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct EventDestination {
    /// ARN of an SQS queue, SNS topic, Lambda function or EventBridge bus, for failures also of an S3 bucket; empty means
    /// nowhere. The execution role needs the permission to send to it.
    #[schemars(
        length(max = 350),
        regex(pattern = r"^(arn:aws[a-zA-Z0-9-]*:[a-zA-Z0-9-]+:[a-z0-9-]*:(\d{12})?:.*)?$")
    )]
    pub destination: String,
}
