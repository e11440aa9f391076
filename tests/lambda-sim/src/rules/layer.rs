//! What is refused about a layer and its policy: constraints of the API model. Texts: `TestLambdaLayer` in
//! LocalStack's recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::model::{Checks, LAYER, LAYER_RE, single};
use super::service::RUNTIMES;
use crate::error::ApiError;
use crate::request::{Object, Request};
use crate::settings::AccountSettings;

const NAME: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:layer:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+";
const PRINCIPAL: &str = r"\d{12}|\*|arn:(aws[a-zA-Z-]*):iam::\d{12}:root";
pub(super) const ORGANIZATION: &str = "o-[a-z0-9]{10,32}";
pub(super) const STATEMENT: &str = "([a-zA-Z0-9-_]+)";
const ACTION: &str = "lambda:GetLayerVersion";
const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];

static NAME_RE: LazyLock<Regex> = whole!(NAME);
static PRINCIPAL_RE: LazyLock<Regex> = whole!(PRINCIPAL);
pub(super) static ORGANIZATION_RE: LazyLock<Regex> = whole!(ORGANIZATION);
pub(super) static STATEMENT_RE: LazyLock<Regex> = whole!(STATEMENT);
static ACTION_RE: LazyLock<Regex> = whole!(ACTION);

/// Checks the name or ARN of a layer.
pub(crate) fn check_name(raw: &str) -> Result<(), ApiError> {
    let request = single("LayerName", raw);
    let mut checks = Checks::of(&request, &[]);
    let longest = if raw.starts_with("arn:") { 2048 } else { 140 };
    checks.text("LayerName", longest, Some((&NAME_RE, NAME)));
    checks.finish()
}

/// Checks the ARN of a layer version.
pub(crate) fn check_version_arn(raw: Option<&str>) -> Result<(), ApiError> {
    let request = raw.map(|raw| single("Arn", raw)).unwrap_or_default();
    let mut checks = Checks::of(&request, &["Arn"]);
    checks.text("Arn", 2048, Some((&LAYER_RE, LAYER)));
    checks.finish()
}

/// Checks the members of a PublishLayerVersion request.
pub(crate) fn check_publish(settings: &AccountSettings, body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &["Content"]);
    checks.text("Description", 256, None);
    checks.text("LicenseInfo", 512, None);
    checks.code();
    runtimes(settings, &mut checks);
    let allowed = "Member must satisfy enum value set: [x86_64, arm64], Member must not be null";
    checks.list("CompatibleArchitectures", 0..=2, |item| ARCHITECTURES.contains(&item), allowed);
    checks.finish()
}

/// Layers may name runtimes that functions can't have any more.
fn is_runtime(settings: &AccountSettings, name: &str) -> bool {
    RUNTIMES.contains(&name) || settings.deprecated_runtimes.contains(name)
}

fn runtimes(settings: &AccountSettings, checks: &mut Checks<'_>) {
    let Some(value) = checks.at("CompatibleRuntimes").cloned() else { return };
    let names: Vec<_> = value.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    if names.len() > 15 {
        let constraint = "Member must have length less than or equal to 15";
        checks.fail("CompatibleRuntimes", Some(&value), constraint);
    }
    if !names.iter().all(|name| is_runtime(settings, name)) {
        let constraint = format!("Member must satisfy enum value set: [{}]", RUNTIMES.join(", "));
        checks.fail("CompatibleRuntimes", Some(&value), &constraint);
    }
}

/// Checks the filters of a list.
pub(crate) fn check_filters(settings: &AccountSettings, request: &Request) -> Result<(), ApiError> {
    let mut members = Object::new();
    for name in ["CompatibleRuntime", "CompatibleArchitecture"] {
        members.extend(request.query(name).map(|value| (name.to_owned(), value.into())));
    }
    let mut checks = Checks::of(&members, &[]);
    checks.one_of("CompatibleArchitecture", &ARCHITECTURES);
    if request.query("CompatibleRuntime").is_some_and(|name| !is_runtime(settings, name)) {
        checks.one_of("CompatibleRuntime", &RUNTIMES);
    }
    checks.finish()
}

/// Checks the members of an AddLayerVersionPermission request.
pub(crate) fn check_permission(body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &["StatementId", "Action", "Principal"]);
    checks.text("StatementId", 100, Some((&STATEMENT_RE, STATEMENT)));
    checks.text("Action", 22, Some((&ACTION_RE, ACTION)));
    checks.text("Principal", 10_000, Some((&PRINCIPAL_RE, PRINCIPAL)));
    checks.text("OrganizationId", 34, Some((&ORGANIZATION_RE, ORGANIZATION)));
    checks.finish()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn names_and_arns_of_layers_pass() {
        check_name("my-layer_1").unwrap();
        check_name("arn:aws:lambda:eu-west-1:111122223333:layer:tools").unwrap();
        let long = check_name(&"a".repeat(141)).unwrap_err().message;
        assert!(long.contains("Value 'aaa") && long.contains("less than or equal to 140"), "{long}");
        assert!(check_name("a b").is_err());
        let error = check_version_arn(Some("arn:aws:lambda:eu-west-1:111122223333:layer:tools")).unwrap_err();
        assert!(error.message.contains("at 'arn' failed to satisfy constraint"), "{}", error.message);
        assert!(check_version_arn(None).unwrap_err().message.contains("Value null at 'arn'"));
    }

    #[test]
    fn a_permission_is_one_to_get_the_version() {
        let with = |member: &str, value: &str| {
            let mut body = json!({"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "*"});
            body[member] = value.into();
            check_permission(body.as_object().unwrap()).err().map(|error| error.message)
        };
        assert_eq!(with("Principal", "111122223333"), None);
        assert_eq!(
            with("Action", "*").unwrap(),
            "1 validation error detected: Value '*' at 'action' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: lambda:GetLayerVersion"
        );
        assert!(with("Principal", "lambda.amazonaws.com").is_some());
        assert!(with("OrganizationId", "mine").is_some());
    }
}
