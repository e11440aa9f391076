//! Managed instances, durable executions and tenants: what AWS fixes when it creates a function.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::ObjectRef;
use crate::rules;

/// Whose instances run the function, and how many executions share an environment.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_LambdaManagedInstancesCapacityProviderConfig.html>
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::exactly_one("spec.capacityProviderConfig", &["capacityProviderRef", "capacityProviderArn"]))]
pub struct CapacityProviderConfig {
    /// The CapacityProvider, in the same namespace. Exactly one of `capacityProviderRef` and `capacityProviderArn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub capacity_provider_ref: Option<ObjectRef>,

    /// ARN of a capacity provider that has no CapacityProvider here. Exactly one of `capacityProviderRef` and
    /// `capacityProviderArn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 140),
        regex(pattern = r"^arn:aws[a-zA-Z-]*:lambda:[a-z0-9-]+:\d{12}:capacity-provider:[a-zA-Z0-9-_]+$")
    )]
    pub capacity_provider_arn: Option<String>,

    /// How many executions share an environment at the same time. Default: AWS's choice, which depends on the runtime; what
    /// AWS has stays when it is removed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1600))]
    pub per_execution_environment_max_concurrency: Option<i32>,

    /// GiB of memory for each vCPU of an environment: 2, 4 or 8. Default: AWS's choice; what AWS has stays when it is removed.
    #[serde(
        default,
        rename = "executionEnvironmentMemoryGiBPerVCpu",
        skip_serializing_if = "Option::is_none"
    )]
    #[schemars(range(min = 2, max = 8))]
    pub execution_environment_memory_gib_per_v_cpu: Option<f64>,
}

/// How many execution environments a version has; both 0 deactivate it.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionScalingConfig.html>
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("self.minExecutionEnvironments <= self.maxExecutionEnvironments")
        .message("spec.scaling.minExecutionEnvironments is more than spec.scaling.maxExecutionEnvironments; lower the one or raise the other")
)]
pub struct FunctionScaling {
    /// As many are there at least.
    #[schemars(range(min = 0, max = 15000))]
    pub min_execution_environments: i32,

    /// As many are there at most.
    #[schemars(range(min = 0, max = 15000))]
    pub max_execution_environments: i32,
}

/// Durable executions.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_DurableConfig.html>
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Durable {
    /// Seconds that an execution may take, all of its invocations and waits together; at most 366 days.
    #[schemars(range(min = 1, max = 31_622_400))]
    pub execution_timeout: i32,

    /// For how many days AWS keeps what an execution did after its end. Default: 14.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 90))]
    pub retention_period_in_days: Option<i32>,

    /// ARN of the KMS key that encrypts what executions keep. Default: a key that AWS owns.
    #[serde(default, rename = "kmsKeyArn", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:[a-z0-9.-]+:.*)?$"))]
    pub kms_key_arn: Option<String>,

    /// What becomes of running executions when the object is deleted: `Wait` (default) lets AWS delete the function once they
    /// have ended, `Stop` stops them first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "OnDelete")]
    pub on_delete: Option<OnDelete>,
}

/// What becomes of running executions when a function is deleted.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnDelete {
    /// The function goes when they have ended.
    #[default]
    Wait,
    /// They are stopped.
    Stop,
}

/// Tenants of a function.
/// <https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation.html>
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct TenancyConfig {
    /// How tenants are kept apart.
    pub tenant_isolation_mode: TenantIsolationMode,
}

/// How tenants are kept apart.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum TenantIsolationMode {
    /// Each has execution environments of its own.
    #[serde(rename = "PER_TENANT")]
    PerTenant,
}
