//! What is refused about runtime management, and what it refuses. The text on a change of the runtime is AWS's
//! (<https://github.com/hashicorp/terraform-provider-aws/issues/42699>), the others are ours, for the rules of
//! <https://docs.aws.amazon.com/lambda/latest/api/API_PutRuntimeManagementConfig.html>.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::model::Checks;
use crate::error::ApiError;
use crate::function::Function;
use crate::naming::{Target, is_alias};
use crate::request::Object;
use crate::sections::LATEST;
use crate::sections::runtime_management::RuntimeManagement;

const VERSION: &str = r"arn:(aws[a-zA-Z-]*):lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:(:runtime:.+|\d{12}:runtime/.+)";

static VERSION_RE: LazyLock<Regex> = whole!(VERSION);

/// Checks the members of a PutRuntimeManagementConfig request.
pub(crate) fn check(body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &["UpdateRuntimeOn"]);
    checks.one_of("UpdateRuntimeOn", &["Auto", "Manual", "FunctionUpdate"]);
    checks.text("RuntimeVersionArn", 2048, Some((&VERSION_RE, VERSION)));
    checks.finish()?;
    let manual = body.get("UpdateRuntimeOn").is_some_and(|mode| mode == "Manual");
    match (manual, body.contains_key("RuntimeVersionArn")) {
        (true, false) => {
            Err(ApiError::invalid("RuntimeVersionArn is required when UpdateRuntimeOn is set to Manual."))
        }
        (false, true) => Err(ApiError::invalid(
            "RuntimeVersionArn can be specified only when UpdateRuntimeOn is set to Manual.",
        )),
        _ => Ok(()),
    }
}

/// Versions have it, aliases don't.
pub(crate) fn check_target(target: &Target) -> Result<(), ApiError> {
    if target.qualifier.as_deref().is_some_and(is_alias) {
        let text = "Runtime management is supported for $LATEST and published versions only.";
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

/// A container image brings its runtime along.
pub(crate) fn check_package(function: &Function) -> Result<(), ApiError> {
    if function.latest.config.get("PackageType").is_some_and(|package| package == "Image") {
        let text = "Runtime management is not supported for functions defined as container images.";
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

/// Refuses another runtime while a version of this one is kept.
pub(crate) fn check_change(function: &Function, sent: &Object) -> Result<(), ApiError> {
    let runtime = sent.get("Runtime").and_then(Value::as_str);
    let changes =
        runtime.is_some() && function.latest.config.get("Runtime").and_then(Value::as_str) != runtime;
    let management = function.sections.runtime_management.get(LATEST);
    if changes && management.is_some_and(RuntimeManagement::is_manual) {
        return Err(ApiError::invalid(
            "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. Change the \
             runtime management configuration to 'Auto' or 'FunctionUpdate', then retry.",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_manual_names_a_version_and_must() {
        let refused = |body: Value| check(body.as_object().unwrap()).err().map(|error| error.message);
        let version = "arn:aws:lambda:eu-west-1::runtime:07a48df201798d627f2b950f03bb227aab4a655a1d019c3296406f95937e2525";
        assert_eq!(refused(json!({"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": version})), None);
        let custom = "arn:aws:lambda:eu-west-1:111122223333:runtime/mine/version/3";
        assert_eq!(refused(json!({"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": custom})), None);
        assert_eq!(refused(json!({"UpdateRuntimeOn": "FunctionUpdate"})), None);
        assert!(refused(json!({"UpdateRuntimeOn": "Manual"})).unwrap().contains("is required"));
        assert!(refused(json!({"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": version})).is_some());
        assert!(refused(json!({"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": "python3.13"})).is_some());
        assert!(
            refused(json!({"UpdateRuntimeOn": "Never"})).unwrap().contains("[Auto, Manual, FunctionUpdate]")
        );
        assert!(refused(json!({})).unwrap().contains("Value null at 'updateRuntimeOn'"));
    }
}
