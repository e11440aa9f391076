//! Execution environments that are kept ready for an alias.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Execution environments that AWS keeps initialized for the alias.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html>
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ProvisionedConcurrency {
    /// How many; 0 is none. The subresource `scale` changes it, for a HorizontalPodAutoscaler or KEDA.
    #[schemars(range(min = 0))]
    pub provisioned_concurrent_executions: i32,

    /// `External`: somebody else, such as AWS's Application Auto Scaling, changes the number; it is used at first, and then
    /// neither compared nor changed. Default: `Operator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ConcurrencyManager")]
    pub managed_by: Option<ConcurrencyManager>,
}

/// Who says how many environments are provisioned.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConcurrencyManager {
    /// The spec.
    #[default]
    Operator,
    /// Somebody else.
    External,
}

/// What AWS says of the provisioned concurrency.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ProvisionedConcurrencyStatus {
    /// How many are asked for.
    pub requested: i32,
    /// How many are ready.
    pub available: i32,
    /// How many AWS has set aside.
    pub allocated: i32,
    /// `IN_PROGRESS`, `READY` or `FAILED`.
    pub status: String,
    /// AWS's text for the status.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
}
