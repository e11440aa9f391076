//! What is refused about capacity providers. The limits are those of the model (`service-2.json` of Lambda in
//! <https://github.com/boto/botocore>); the texts of Lambda's own rules are ours, as AWS's aren't on record.

use std::sync::LazyLock;
use std::time::Instant;

use regex::Regex;
use serde_json::Value;

use super::model::{
    Checks, LOG_GROUP, LOG_GROUP_RE, ROLE, ROLE_RE, SECURITY_GROUP, SECURITY_GROUP_RE, SUBNET, SUBNET_RE,
    single,
};
use super::{service, tags};
use crate::capacity_provider::CapacityProvider;
use crate::error::ApiError;
use crate::lifecycle::Access;
use crate::region::Region;
use crate::request::Object;
use crate::settings::AccountSettings;

const NAME: &str = r"(arn:aws[a-zA-Z-]*:lambda:(eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:\d{12}:capacity-provider:[a-zA-Z0-9-_]+)|[a-zA-Z0-9-_]+";
const KEY: &str = r"arn:(aws[a-zA-Z-]*)?:[a-z0-9-.]+:.*";
const SCALING: &str = "CapacityProviderScalingConfig";

static NAME_RE: LazyLock<Regex> = whole!(NAME);
static KEY_RE: LazyLock<Regex> = whole!(KEY);
static INSTANCE_TYPE_RE: LazyLock<Regex> = whole!(r"[a-zA-Z0-9\.\*\-]{1,30}");

/// The name without what an ARN has before it.
pub(crate) fn bare_name(raw: &str) -> &str {
    raw.rsplit(':').next().unwrap_or(raw)
}

/// Checks the name in a path.
pub(crate) fn check_name(name: &str) -> Result<(), ApiError> {
    let request = single("CapacityProviderName", name);
    let mut checks = Checks::of(&request, &["CapacityProviderName"]);
    checks.text("CapacityProviderName", 140, Some((&NAME_RE, NAME)));
    checks.finish()
}

/// Checks the members of a CreateCapacityProvider request.
pub(crate) fn check_new(body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &["CapacityProviderName", "VpcConfig", "PermissionsConfig"]);
    checks.text("CapacityProviderName", 140, Some((&NAME_RE, NAME)));
    if checks.at("VpcConfig").is_some() {
        checks.present("VpcConfig.SubnetIds");
        checks.present("VpcConfig.SecurityGroupIds");
    }
    checks.list("VpcConfig.SubnetIds", 1..=16, |id| SUBNET_RE.is_match(id), SUBNET);
    checks.list("VpcConfig.SecurityGroupIds", 0..=5, |id| SECURITY_GROUP_RE.is_match(id), SECURITY_GROUP);
    let role = "PermissionsConfig.CapacityProviderOperatorRoleArn";
    if checks.at("PermissionsConfig").is_some() {
        checks.present(role);
    }
    checks.text(role, 10_000, Some((&ROLE_RE, ROLE)));
    checks.text("KmsKeyArn", 10_000, Some((&KEY_RE, KEY)));
    let architectures = "Member must satisfy enum value set: [x86_64, arm64]";
    let known = |item: &str| ["x86_64", "arm64"].contains(&item);
    checks.list("InstanceRequirements.Architectures", 1..=1, known, architectures);
    for types in ["InstanceRequirements.AllowedInstanceTypes", "InstanceRequirements.ExcludedInstanceTypes"] {
        checks.list(types, 0..=400, |item| INSTANCE_TYPE_RE.is_match(item), r"[a-zA-Z0-9\.\*\-]+");
    }
    checks.tags();
    changeable(&mut checks);
    checks.finish()?;
    tags::check(&tags::of(body))?;
    check_scaling(body)
}

/// Checks the members of an UpdateCapacityProvider request, which ignores all others.
pub(crate) fn check_update(body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &[]);
    changeable(&mut checks);
    checks.finish()?;
    check_scaling(body)
}

fn changeable(checks: &mut Checks<'_>) {
    checks.between(&format!("{SCALING}.MaxVCpuCount"), 2, 15_000);
    checks.one_of(&format!("{SCALING}.ScalingMode"), &["Auto", "Manual"]);
    policies(checks);
    checks.one_of("PropagateTags.Mode", &["None", "Explicit"]);
    if let Some(Value::Object(tags)) = checks.at("PropagateTags.ExplicitTags").cloned()
        && tags.len() > 40
    {
        let constraint = "Member must have length less than or equal to 40";
        checks.fail("PropagateTags.ExplicitTags", Some(&Value::Object(tags)), constraint);
    }
    checks.one_of("TelemetryConfig.LoggingConfig.SystemLogLevel", &["DEBUG", "INFO", "WARN"]);
    checks.text("TelemetryConfig.LoggingConfig.LogGroup", 512, Some((&LOG_GROUP_RE, LOG_GROUP)));
}

fn policies(checks: &mut Checks<'_>) {
    let path = format!("{SCALING}.ScalingPolicies");
    let Some(value) = checks.at(&path).cloned() else { return };
    let policies = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match policies.len() {
        0 => checks.fail(&path, Some(&value), "Member must have length greater than or equal to 1"),
        1..=10 => {}
        _ => checks.fail(&path, Some(&value), "Member must have length less than or equal to 10"),
    }
    let metrics =
        ["LambdaCapacityProviderAverageCPUUtilization", "LambdaCapacityProviderAverageGPUUtilization"];
    for (at, policy) in policies.iter().enumerate() {
        let member = |name: &str| format!("{path}.{}.member.{name}", at + 1);
        let metric = policy.get("PredefinedMetricType");
        if !metric.and_then(Value::as_str).is_some_and(|metric| metrics.contains(&metric)) {
            let constraint = format!("Member must satisfy enum value set: [{}]", metrics.join(", "));
            checks.fail(&member("PredefinedMetricType"), metric, &constraint);
        }
        let target = policy.get("TargetValue");
        if !target.and_then(Value::as_f64).is_some_and(|target| (0.0..=100.0).contains(&target)) {
            checks.fail(&member("TargetValue"), target, "Member must have value between 0 and 100");
        }
    }
}

/// Policies are what Manual means.
fn check_scaling(body: &Object) -> Result<(), ApiError> {
    let Some(scaling) = body.get(SCALING) else { return Ok(()) };
    let manual = scaling.get("ScalingMode").is_some_and(|mode| mode == "Manual");
    if manual == scaling.get("ScalingPolicies").is_some() {
        return Ok(());
    }
    Err(ApiError::invalid("ScalingPolicies must be specified when, and only when, ScalingMode is Manual."))
}

/// What Lambda finds out about a new provider.
pub(crate) fn check_service(settings: &AccountSettings, body: &Object) -> Result<(), ApiError> {
    let role = body.get("PermissionsConfig").and_then(|all| all.get("CapacityProviderOperatorRoleArn"));
    if role.and_then(Value::as_str).is_some_and(|role| settings.missing_roles.contains(role)) {
        return Err(ApiError::invalid("The operator role of the capacity provider can't be assumed."));
    }
    let types = |name: &str| {
        let types = body.get("InstanceRequirements").and_then(|all| all.get(name));
        types.and_then(Value::as_array).is_some_and(|types| !types.is_empty())
    };
    if types("AllowedInstanceTypes") && types("ExcludedInstanceTypes") {
        let text = "AllowedInstanceTypes and ExcludedInstanceTypes can't be specified together.";
        return Err(ApiError::invalid(text));
    }
    body.get("VpcConfig").map_or(Ok(()), |vpc| service::check_network(settings, vpc))
}

/// The refusal of a write while AWS is at work, or after it has failed.
pub(crate) fn busy(provider: &CapacityProvider) -> ApiError {
    ApiError::conflict(format!(
        "The operation cannot be performed at this time. The capacity provider {} is currently in the following state: {}",
        provider.arn, provider.state
    ))
}

/// A function can't use a provider that AWS is at work on or that failed; one that the simulator doesn't know exists.
pub(crate) fn check_use(region: &mut Region, body: &Object, now: Instant) -> Result<(), ApiError> {
    let config = body.get("CapacityProviderConfig");
    let managed = config.and_then(|config| config.get("LambdaManagedInstancesCapacityProviderConfig"));
    let arn = managed.and_then(|managed| managed.get("CapacityProviderArn")).and_then(Value::as_str);
    let fails = region.settings.fail_create.is_some();
    let name = bare_name(arn.unwrap_or_default());
    let provider = region.capacity_providers.get(name, Access::Other, now, fails);
    let unfit = provider.filter(|provider| Some(provider.arn.as_str()) == arn && provider.state != "Active");
    unfit.map_or(Ok(()), |provider| Err(busy(provider)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn body(change: &Value) -> Object {
        let mut body = json!({
            "CapacityProviderName": "compute",
            "VpcConfig": {"SubnetIds": ["subnet-a"], "SecurityGroupIds": []},
            "PermissionsConfig": {"CapacityProviderOperatorRoleArn": "arn:aws:iam::111122223333:role/capacity"},
        });
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        body.as_object().unwrap().clone()
    }

    fn refused(change: &Value) -> String {
        check_new(&body(change)).err().map(|error| error.message).unwrap_or_default()
    }

    #[test]
    fn the_limits_are_those_of_the_model() {
        assert_eq!(refused(&json!({})), "");
        for (change, words) in [
            (json!({"CapacityProviderName": "a.b"}), "'capacityProviderName'"),
            (json!({"VpcConfig": {"SubnetIds": []}}), "2 validation errors"),
            (json!({"PermissionsConfig": {}}), "capacityProviderOperatorRoleArn"),
            (json!({"InstanceRequirements": {"Architectures": ["x86_64", "arm64"]}}), "or equal to 1"),
            (json!({"CapacityProviderScalingConfig": {"MaxVCpuCount": 1}}), "greater than or equal to 2"),
            (json!({"CapacityProviderScalingConfig": {"ScalingPolicies": [{}]}}), "targetValue"),
            (json!({"PropagateTags": {"Mode": "All"}}), "[None, Explicit]"),
            (json!({"TelemetryConfig": {"LoggingConfig": {"LogGroup": "a b"}}}), "logGroup"),
            (json!({"CapacityProviderScalingConfig": {"ScalingMode": "Manual"}}), "ScalingPolicies must be"),
        ] {
            let text = refused(&change);
            assert!(text.contains(words), "{change}: {text}");
        }
    }

    #[test]
    fn what_lambda_can_not_find_is_refused() {
        let mut settings = AccountSettings::default();
        settings.missing_subnets.insert("subnet-a".into());
        let text = check_service(&settings, &body(&json!({}))).unwrap_err().message;
        assert!(text.contains("InvalidSubnetID.NotFound"), "{text}");
        settings.missing_roles.insert("arn:aws:iam::111122223333:role/capacity".into());
        let text = check_service(&settings, &body(&json!({}))).unwrap_err().message;
        assert!(text.contains("role"), "{text}");
    }
}
