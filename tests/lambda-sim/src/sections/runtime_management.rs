//! How a version's runtime is updated
//! (<https://docs.aws.amazon.com/lambda/latest/dg/runtimes-update.html>). It is no part of the version itself, and a
//! new version begins with the default.

use serde_json::{Value, json};

use crate::request::Object;

/// The setting of one version.
#[derive(Clone, Debug)]
pub(crate) struct RuntimeManagement {
    /// `Auto`, `FunctionUpdate` or `Manual`.
    update_on: String,
    /// The version of the runtime that is kept; only with `Manual`.
    pub(crate) version: Option<String>,
}

impl Default for RuntimeManagement {
    fn default() -> Self {
        Self { update_on: "Auto".to_owned(), version: None }
    }
}

impl RuntimeManagement {
    /// From the body of a PutRuntimeManagementConfig request.
    pub(crate) fn new(sent: &Object) -> Self {
        let text = |name: &str| sent.get(name).and_then(Value::as_str).map(ToOwned::to_owned);
        let Self { update_on, .. } = Self::default();
        Self { update_on: text("UpdateRuntimeOn").unwrap_or(update_on), version: text("RuntimeVersionArn") }
    }

    pub(crate) fn is_manual(&self) -> bool {
        self.update_on == "Manual"
    }

    pub(crate) fn shown(&self, arn: &str) -> Value {
        json!({"UpdateRuntimeOn": self.update_on, "RuntimeVersionArn": self.version, "FunctionArn": arn})
    }
}
