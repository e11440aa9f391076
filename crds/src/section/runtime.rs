//! How Lambda treats a function at run time.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What Lambda does when it finds that a function calls itself in a loop by way of other services.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionRecursionConfig.html>
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RecursiveLoop {
    /// It goes on.
    Allow,
    /// It is stopped.
    #[default]
    Terminate,
}

/// When a function gets a new version of its runtime.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html>
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.updateRuntimeOn) && self.updateRuntimeOn == 'Manual') == has(self.runtimeVersionArn)")
        .message("spec.runtimeManagement.runtimeVersionArn belongs to updateRuntimeOn Manual, which needs it; set both, or remove runtimeVersionArn")
)]
pub struct RuntimeManagement {
    /// `Auto` (default): when AWS has one. `FunctionUpdate`: at the next change of the function. `Manual`: never, it stays
    /// with `runtimeVersionArn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UpdateRuntimeOn")]
    pub update_runtime_on: Option<UpdateRuntimeOn>,

    /// ARN of the version of the runtime. Required with `Manual`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 26, max = 2048),
        regex(pattern = r"^arn:(aws[a-zA-Z-]*):lambda:[a-z0-9-]+:(\d{12})?:runtime[:/].+$")
    )]
    pub runtime_version_arn: Option<String>,
}

/// When a function gets a new version of its runtime.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UpdateRuntimeOn {
    /// When AWS has one.
    #[default]
    Auto,
    /// Never.
    Manual,
    /// At the next change of the function.
    FunctionUpdate,
}
