//! Function names, partial ARNs and ARNs, and the constraints on them. Texts: the responses of
//! `test_function_arns` and `test_ops_with_arn_qualifier_mismatch` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use std::sync::LazyLock;

use regex::Regex;

use crate::error::ApiError;
use crate::region::Region;

const NAME_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?$",
    )
    .expect("a constant pattern compiles")
});

/// A function and, when the caller gave one, the version or alias meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) qualifier: Option<String>,
}

/// Resolves what a caller wrote as FunctionName, together with the Qualifier of the query.
pub(crate) fn target(region: &Region, raw: &str, qualifier: Option<&str>) -> Result<Target, ApiError> {
    if raw.len() > 140 {
        return Err(bad_name(raw));
    }
    long_target(region, raw, qualifier)
}

/// The same where the model allows a whole ARN with a long alias.
pub(crate) fn long_target(region: &Region, raw: &str, qualifier: Option<&str>) -> Result<Target, ApiError> {
    let found = NAME.captures(raw).ok_or_else(|| bad_name(raw))?;
    let name = found["name"].to_owned();
    if name.len() > 64 {
        // A refusal of Lambda's own code that is worded like one of the API model.
        return Err(ApiError::invalid(format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: \
             Member must have length less than or equal to 64"
        )));
    }
    if let Some(other) = found.name("region").filter(|other| other.as_str() != region.name) {
        return Err(ApiError::not_found(format!(
            "Functions from '{}' are not reachable in this region ('{}')",
            other.as_str(),
            region.name
        )));
    }
    if found.name("account").is_some_and(|account| account.as_str() != region.account) {
        return Err(ApiError::new(403, "AccessDeniedException", "The resource belongs to another account"));
    }
    let derived = found.name("qualifier").map(|qualifier| qualifier.as_str());
    match (derived, qualifier) {
        (Some(derived), Some(given)) if derived != given => Err(ApiError::invalid(
            "The derived qualifier from the function name does not match the specified qualifier.",
        )),
        (derived, given) => Ok(Target { name, qualifier: derived.or(given).map(ToOwned::to_owned) }),
    }
}

/// The name for operations that know no versions or aliases.
pub(crate) fn unqualified(region: &Region, raw: &str) -> Result<String, ApiError> {
    let target = target(region, raw, None)?;
    match target.qualifier.as_deref() {
        None | Some("$LATEST") => Ok(target.name),
        Some(_) => Err(ApiError::invalid(
            "This operation is permitted on Lambda functions only. Aliases and versions do not support this \
             operation. Please specify either a function name or an unqualified function ARN.",
        )),
    }
}

/// The name alone, whatever else is around it; what isn't a name stays as it is.
pub(crate) fn bare_name(raw: &str) -> &str {
    let found = NAME.captures(raw).and_then(|found| found.name("name"));
    found.map_or(raw, |name| name.as_str())
}

fn bad_name(raw: &str) -> ApiError {
    let constraint = if raw.len() > 140 {
        "Member must have length less than or equal to 140".to_owned()
    } else {
        format!("Member must satisfy regular expression pattern: {NAME_PATTERN}")
    };
    let failure = format!("Value '{raw}' at 'functionName' failed to satisfy constraint: {constraint}");
    ApiError::validation(&[failure])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> Region {
        Region::new("111122223333", "eu-west-1", crate::AccountSettings::default())
    }

    #[test]
    fn names_partial_arns_and_arns_mean_the_same_function() {
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
        for raw in ["hello", "111122223333:function:hello", "function:hello", arn] {
            assert_eq!(target(&region(), raw, None).unwrap().name, "hello", "{raw}");
        }
        let qualified = target(&region(), &format!("{arn}:prod"), None).unwrap();
        assert_eq!(qualified.qualifier.as_deref(), Some("prod"));
        assert_eq!(bare_name(&format!("{arn}:prod")), "hello");
    }

    #[test]
    fn two_different_qualifiers_are_refused() {
        let error = target(&region(), "hello:1", Some("2")).unwrap_err();
        assert!(error.message.starts_with("The derived qualifier"), "{}", error.message);
    }

    #[test]
    fn other_regions_and_accounts_are_out_of_reach() {
        let other = "arn:aws:lambda:us-east-1:111122223333:function:hello";
        assert_eq!(
            target(&region(), other, None).unwrap_err().message,
            "Functions from 'us-east-1' are not reachable in this region ('eu-west-1')"
        );
        let other = "arn:aws:lambda:eu-west-1:999999999999:function:hello";
        assert_eq!(target(&region(), other, None).unwrap_err().code, "AccessDeniedException");
    }

    #[test]
    fn bad_and_long_names_fail_in_their_own_ways() {
        assert_eq!(target(&region(), "a b", None).unwrap_err().code, "ValidationException");
        let long = target(&region(), &"a".repeat(65), None).unwrap_err();
        assert_eq!(long.code, "InvalidParameterValueException");
        assert!(long.message.ends_with("less than or equal to 64"));
    }
}
