//! What is refused about provisioned concurrency. Texts: `TestLambdaProvisionedConcurrency` in LocalStack's recordings of
//! AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json), and for reserved concurrency its provider
//! (localstack-core/localstack/services/lambda_/provider.py); that on weights:
//! <https://github.com/hashicorp/terraform/issues/24957>. Those on SnapStart and tenants are ours, for rules of
//! <https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>.

use serde_json::{Value, json};

use super::model::Checks;
use crate::error::ApiError;
use crate::function::Function;
use crate::region::Region;
use crate::request::{Object, Request};
use crate::sections::LATEST;

/// Checks the members of a request, the qualifier among them.
pub(crate) fn check(request: &Request, required: &[&str]) -> Result<(), ApiError> {
    let mut members: Object = request.body.clone();
    members.extend(request.query("Qualifier").map(|qualifier| ("Qualifier".to_owned(), qualifier.into())));
    let mut checks = Checks::of(&members, required);
    checks.text("Qualifier", 128, None);
    checks.between("ProvisionedConcurrentExecutions", 1, i64::MAX);
    checks.finish()
}

/// Refuses what isn't published, or can't have it.
pub(crate) fn check_version(function: &Function, qualifier: &str) -> Result<(), ApiError> {
    let Some(version) = function.version(Some(qualifier)).filter(|version| version.number != LATEST) else {
        return Err(ApiError::invalid(
            "Provisioned Concurrency Configs cannot be applied to unpublished function versions.",
        ));
    };
    let snap_start = version.config.get("SnapStart").and_then(|snap_start| snap_start.get("ApplyOn"));
    if snap_start.is_some_and(|on| on == "PublishedVersions") {
        let text = "Provisioned Concurrency is not supported for SnapStart enabled functions.";
        return Err(ApiError::invalid(text));
    }
    if version.config.contains_key("TenancyConfig") {
        let text = "Provisioned Concurrency is not supported for functions with tenant isolation.";
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

/// Refuses weights on an alias that is to get provisioned concurrency, or for which it is being allocated.
pub(crate) fn check_weights(alias: Option<&Object>) -> Result<(), ApiError> {
    let weights = alias.and_then(|alias| alias.get("RoutingConfig")?.get("AdditionalVersionWeights"));
    if weights.is_some_and(|weights| weights != &json!({})) {
        return Err(ApiError::invalid("Alias with weights can not be used with Provisioned Concurrency"));
    }
    Ok(())
}

/// Refuses it on an alias and on its version at once.
pub(crate) fn check_conflict(function: &Function, qualifier: &str) -> Result<(), ApiError> {
    let version_of =
        |alias: &Object| alias.get("FunctionVersion").and_then(Value::as_str).map(ToOwned::to_owned);
    if let Some(version) = function.aliases.get(qualifier).and_then(version_of) {
        return check_not_provisioned(function, &version);
    }
    let has = |name: &str| function.sections.provisioned.contains_key(name);
    let points = |alias: &Object| version_of(alias).as_deref() == Some(qualifier);
    if function.aliases.iter().any(|(name, alias)| points(alias) && has(name)) {
        return Err(ApiError::conflict("Version is pointed by a Provisioned Concurrency alias"));
    }
    Ok(())
}

/// Refuses a version for an alias with provisioned concurrency that has some of its own.
pub(crate) fn check_not_provisioned(function: &Function, version: &str) -> Result<(), ApiError> {
    if function.sections.provisioned.contains_key(version) {
        let text =
            "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version";
        return Err(ApiError::conflict(text));
    }
    Ok(())
}

/// Refuses more than the function reserves or, if it reserves nothing, than the account has left.
pub(crate) fn check_limits(
    region: &Region,
    function: &Function,
    qualifier: &str,
    wanted: u64,
) -> Result<(), ApiError> {
    let configs = function.sections.provisioned.iter().filter(|(other, _)| *other != qualifier);
    let others: u64 = configs.map(|(_, other)| other.requested).sum();
    if let Some(reserved) = function.reserved_concurrency {
        if others.saturating_add(wanted) > reserved {
            return Err(ApiError::invalid(
                "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for \
                 function",
            ));
        }
        return Ok(());
    }
    let minimum = region.settings.minimum_unreserved;
    let free = region.unreserved_concurrency(Some(&function.name)).saturating_sub(others);
    if wanted > free {
        return Err(ApiError::invalid(format!(
            "Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [{free}]."
        ))
        .untyped());
    }
    if free - wanted < minimum {
        return Err(ApiError::invalid(format!(
            "Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its \
             minimum value of [{minimum}]."
        ))
        .untyped());
    }
    Ok(())
}

/// Refuses to reserve less than is provisioned. The spaces are AWS's.
pub(crate) fn check_reserved(function: &Function, reserved: u64) -> Result<(), ApiError> {
    let provisioned = function.sections.total_provisioned();
    if reserved < provisioned {
        return Err(ApiError::invalid(format!(
            " ReservedConcurrentExecutions  {reserved} should not be lower than function's total provisioned \
             concurrency [{provisioned}]."
        ))
        .untyped());
    }
    Ok(())
}
