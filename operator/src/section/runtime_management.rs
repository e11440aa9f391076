//! When a function gets a new version of its runtime.

use std::fmt;

use lambda_operator_crds::{RuntimeManagement as Spec, UpdateRuntimeOn};

use super::model::Value;

/// Other than AWS's default, `Auto`.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html>
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuntimeManagement {
    /// `FunctionUpdate` or `Manual`.
    pub update_on: String,
    /// ARN of the version of the runtime, with `Manual`.
    pub version_arn: Option<String>,
}

impl RuntimeManagement {
    /// AWS's default.
    pub const AUTO: &str = "Auto";

    /// `None` for AWS's default.
    pub fn new(update_on: &str, version_arn: Option<String>) -> Option<Self> {
        (update_on != Self::AUTO).then(|| Self { update_on: update_on.to_owned(), version_arn })
    }
}

/// What the spec says.
pub(super) fn of_spec(spec: &Spec) -> Option<Value> {
    let Spec { update_runtime_on, runtime_version_arn } = spec;
    let update_on = match update_runtime_on.unwrap_or_default() {
        UpdateRuntimeOn::Auto => RuntimeManagement::AUTO,
        UpdateRuntimeOn::Manual => "Manual",
        UpdateRuntimeOn::FunctionUpdate => "FunctionUpdate",
    };
    RuntimeManagement::new(update_on, runtime_version_arn.clone()).map(Value::RuntimeManagement)
}

impl fmt::Display for RuntimeManagement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.update_on)?;
        self.version_arn.iter().try_for_each(|arn| write!(f, " ({arn})"))
    }
}
