//! What is refused about an alias: constraints of the API model, and the rules of routing
//! (<https://docs.aws.amazon.com/lambda/latest/dg/configuring-alias-routing.html>). Texts: `TestLambdaAlias` in
//! LocalStack's recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value};

use super::model::Checks;
use crate::error::ApiError;
use crate::function::{Function, Version};
use crate::request::Object;

const NAME: &str = "(?!^[0-9]+$)([a-zA-Z0-9-_]+)";
const VERSION: &str = r"(\$LATEST(\.PUBLISHED)?|[0-9]+)";
const WEIGHTS: &str = "RoutingConfig.AdditionalVersionWeights";

static VERSION_RE: LazyLock<Regex> = whole!(VERSION);

/// Checks the members of a CreateAlias or UpdateAlias request, the name among them.
pub(crate) fn check(request: &Object, required: &[&str]) -> Result<(), ApiError> {
    let mut checks = Checks::of(request, required);
    checks.text("Name", 128, None);
    name(&mut checks);
    checks.text("FunctionVersion", 1024, Some((&VERSION_RE, VERSION)));
    checks.text("Description", 256, None);
    weights(&mut checks);
    checks.finish()
}

fn name(checks: &mut Checks<'_>) {
    let Some(value) = checks.at("Name").cloned() else { return };
    let name = value.as_str().unwrap_or_default();
    let is_number = name.bytes().all(|byte| byte.is_ascii_digit());
    if is_number || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)) {
        let constraint = format!("Member must satisfy regular expression pattern: {NAME}");
        checks.fail("Name", Some(&value), &constraint);
    }
}

/// The model allows the bounds, but of two versions neither can have all of the traffic.
fn weights(checks: &mut Checks<'_>) {
    let Some(Value::Object(weights)) = checks.at(WEIGHTS) else { return };
    let as_double = |(key, value): (&String, &Value)| (key.clone(), value.as_f64().into());
    let weights: Map<String, Value> = weights.iter().map(as_double).collect();
    let is_number = |key: &String| !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_digit());
    let is_weight = |weight: &Value| weight.as_f64().is_some_and(|weight| weight > 0.0 && weight < 1.0);
    let (keys_are_good, values_are_good) = (weights.keys().all(is_number), weights.values().all(is_weight));
    let shown = Value::Object(weights);
    if !keys_are_good {
        let constraint = "Map keys must satisfy constraint: [Member must have length less than or equal to 1024, \
                          Member must have length greater than or equal to 1, Member must satisfy regular \
                          expression pattern: [0-9]+]";
        checks.fail(WEIGHTS, Some(&shown), constraint);
    }
    if !values_are_good {
        let constraint = "Map value must satisfy constraint: [Member must have value less than or equal to 1.0, \
                          Member must have value greater than or equal to 0.0, Member must not be null]";
        checks.fail(WEIGHTS, Some(&shown), constraint);
    }
}

/// Checks what an alias would point to.
pub(crate) fn check_targets(function: &Function, alias: &Object) -> Result<(), ApiError> {
    let number = alias.get("FunctionVersion").and_then(Value::as_str).unwrap_or_default();
    let version = target(function, number)?;
    let weights = alias.get("RoutingConfig").and_then(|routing| routing.get("AdditionalVersionWeights"));
    let additional: Vec<_> = weights.and_then(Value::as_object).into_iter().flat_map(Map::keys).collect();
    let Some(other) = additional.first() else { return Ok(()) };
    if additional.len() > 1 {
        let text = "Number of items in AdditionalVersionWeights cannot be greater than 1";
        return Err(ApiError::invalid(text));
    }
    if *other == number {
        return Err(ApiError::invalid(format!(
            "Invalid function version {number}. Function version {number} is already included in routing \
             configuration."
        )));
    }
    if number == "$LATEST" {
        let text = "$LATEST is not supported for an alias pointing to more than 1 version";
        return Err(ApiError::invalid(text).untyped());
    }
    check_alike(version, target(function, other)?)
}

/// A version that there is, and that didn't fail.
fn target<'a>(function: &'a Function, number: &str) -> Result<&'a Version, ApiError> {
    let arn = function.qualified_arn(Some(number));
    let version = function.version(Some(number)).ok_or_else(|| ApiError::function_not_found(&arn))?;
    let refusal = version.lifecycle.refusal_of_alias(&arn).filter(|_| number != "$LATEST");
    refusal.map_or(Ok(version), Err)
}

/// The text about roles is AWS's (<https://github.com/serverless-heaven/serverless-aws-alias/issues/64>), the one
/// about dead-letter queues is made after it.
fn check_alike(one: &Version, other: &Version) -> Result<(), ApiError> {
    let differ = |member: &str| one.config.get(member) != other.config.get(member);
    let shared = [("Role", "execution role"), ("DeadLetterConfig", "dead letter queue configuration")];
    match shared.iter().find(|(member, _)| differ(member)) {
        None => Ok(()),
        Some((_, what)) => {
            Err(ApiError::invalid(format!("Specified versions must be associated with the same {what}")))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(request: &Value) -> Option<String> {
        check(request.as_object().unwrap(), &[]).err().map(|error| error.message)
    }

    #[test]
    fn a_name_may_begin_with_digits_but_not_be_a_number() {
        assert_eq!(refused(&json!({"Name": "2024-01-02"})), None);
        assert_eq!(
            refused(&json!({"Name": "2024"})).unwrap(),
            "1 validation error detected: Value '2024' at 'name' failed to satisfy constraint: Member must \
             satisfy regular expression pattern: (?!^[0-9]+$)([a-zA-Z0-9-_]+)"
        );
        assert!(refused(&json!({"Name": "a.b"})).is_some());
    }

    #[test]
    fn weights_are_fractions_of_numbered_versions() {
        let routing = |weights: Value| json!({"RoutingConfig": {"AdditionalVersionWeights": weights}});
        assert_eq!(refused(&routing(json!({"2": 0.5}))), None);
        assert_eq!(refused(&routing(json!({}))), None);
        let text = refused(&routing(json!({"2": 2}))).unwrap();
        assert!(
            text.contains("Value '{2=2.0}' at 'routingConfig.additionalVersionWeights' failed"),
            "{text}"
        );
        assert!(refused(&routing(json!({"2": 1}))).is_some() && refused(&routing(json!({"2": 0}))).is_some());
        assert!(refused(&routing(json!({"$LATEST": 0.5}))).unwrap().contains("pattern: [0-9]+]"));
    }
}
