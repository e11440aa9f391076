//! What is refused about code signing configs, and what they refuse. Texts: `TestCodeSigningConfig` in LocalStack's
//! recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json), and where said.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use super::model::Checks;
use super::tags;
use crate::code_signing::CodeSigningConfig;
use crate::error::ApiError;
use crate::region::Region;
use crate::request::Object;

const ARN: &str = r"arn:(aws[a-zA-Z-]*)?:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:code-signing-config:csc-[a-z0-9]{17}";
const PROFILE: &str =
    r"arn:(aws[a-zA-Z0-9-]*):([a-zA-Z0-9\-])+:([a-z]{2}(-gov)?-[a-z]+-\d{1})?:(\d{12})?:(.*)";
const PROFILES: &str = "AllowedPublishers.SigningProfileVersionArns";

static ARN_RE: LazyLock<Regex> = whole!(ARN);
static PROFILE_RE: LazyLock<Regex> = whole!(PROFILE);

/// Checks the members of a CreateCodeSigningConfig or UpdateCodeSigningConfig request.
pub(crate) fn check(body: &Object, required: &[&str]) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, required);
    checks.text("Description", 256, None);
    checks.one_of("CodeSigningPolicies.UntrustedArtifactOnDeployment", &["Warn", "Enforce"]);
    if checks.at("AllowedPublishers").is_some() {
        checks.present(PROFILES);
    }
    let pattern = format!("Member must satisfy regular expression pattern: {PROFILE}");
    checks.list(PROFILES, 1..=20, |arn| PROFILE_RE.is_match(arn), &pattern);
    checks.tags();
    checks.finish()?;
    tags::check(&tags::of(body))
}

/// Checks the ARN of a config.
pub(crate) fn check_arn(arn: Option<&str>) -> Result<(), ApiError> {
    let member = arn.map(|arn| ("CodeSigningConfigArn".to_owned(), Value::from(arn)));
    let request = member.into_iter().collect();
    let mut checks = Checks::of(&request, &["CodeSigningConfigArn"]);
    checks.text("CodeSigningConfigArn", 200, Some((&ARN_RE, ARN)));
    checks.finish()
}

/// The config that a new function is to have.
pub(crate) fn link_of_new(region: &Region, body: &Object, package: &str) -> Result<Option<String>, ApiError> {
    let Some(arn) = body.get("CodeSigningConfigArn").and_then(Value::as_str) else { return Ok(None) };
    check_arn(Some(arn))?;
    check_exists(region, arn)?;
    check_package(package)?;
    Ok(Some(arn.to_owned()))
}

/// Refuses to link a config that doesn't exist.
pub(crate) fn check_exists(region: &Region, arn: &str) -> Result<(), ApiError> {
    if region.code_signing.contains_key(arn) {
        return Ok(());
    }
    let text = format!(
        "The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."
    );
    Err(ApiError::new(404, "CodeSigningConfigNotFoundException", text))
}

/// The sentence is that of <https://docs.aws.amazon.com/lambda/latest/dg/configuration-codesigning.html>; AWS's own
/// text isn't on record.
pub(crate) fn check_package(package: &str) -> Result<(), ApiError> {
    if package == "Image" {
        let text = "Code signing is not supported for functions defined as container images.";
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

/// Refuses a package or layers that count as unsigned, if the function's config enforces signatures. The text is
/// AWS's (<https://github.com/aws/aws-cdk/issues/29474>).
pub(crate) fn check_signature(region: &Region, link: Option<&str>, function: &str) -> Result<(), ApiError> {
    let config = link.and_then(|arn| region.code_signing.get(arn));
    if !region.settings.unsigned_packages || !config.is_some_and(CodeSigningConfig::enforces) {
        return Ok(());
    }
    let text = format!(
        "Lambda cannot deploy the function. The function or layer might be signed using a signature that the client \
         is not configured to accept. Check the provided signature for {function}."
    );
    Err(ApiError::new(400, "CodeVerificationFailedException", text))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &Value) -> Option<String> {
        check(body.as_object().unwrap(), &["AllowedPublishers"]).err().map(|error| error.message)
    }

    #[test]
    fn publishers_are_required_and_between_one_and_twenty() {
        let publishers = |arns: Value| json!({"AllowedPublishers": {"SigningProfileVersionArns": arns}});
        let profile = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/mine/a1b2c3d4e5";
        assert_eq!(refused(&publishers(json!([profile]))), None);
        assert!(refused(&json!({})).unwrap().contains("Value null at 'allowedPublishers'"));
        assert!(refused(&publishers(json!([]))).unwrap().contains("greater than or equal to 1"));
        assert!(refused(&publishers(json!(vec![profile; 21]))).unwrap().contains("less than or equal to 20"));
        assert!(refused(&publishers(json!(["mine"]))).is_some());
        assert!(refused(&json!({"AllowedPublishers": {}})).unwrap().contains("signingProfileVersionArns"));
    }

    #[test]
    fn the_policy_is_to_warn_or_to_enforce() {
        let text = refused(&json!({"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Refuse"}}));
        assert!(text.unwrap().contains("Member must satisfy enum value set: [Warn, Enforce]"));
    }
}
