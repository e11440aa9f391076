//! Function names, partial ARNs and ARNs, and the constraints on them. Texts: the responses of
//! `test_function_arns`, `test_function_name_and_qualifier_validation` and `test_ops_with_arn_qualifier_mismatch` in
//! LocalStack's recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json).

use std::sync::LazyLock;

use regex::Regex;

use crate::error::ApiError;
use crate::region::Region;
use crate::sections::LATEST;

const NAME_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)(:(\$LATEST|[a-zA-Z0-9-_]+))?";

static NAME: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9_-]+)(?::(?P<qualifier>\$LATEST|[a-zA-Z0-9_-]+))?$",
    )
    .expect("a constant pattern compiles")
});

const NAMESPACED_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9-_]+))?";

const UNQUALIFIED_PATTERN: &str = r"(arn:(aws[a-zA-Z-]*)?:lambda:)?((eusc-)?[a-z]{2}((-gov)|(-iso([a-z]?)))?-[a-z]+-\d{1}:)?(\d{12}:)?(function:)?([a-zA-Z0-9-_]+)";

static NAMESPACED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"^(?:arn:(?:aws[a-zA-Z-]*)?:lambda:)?(?:(?P<region>(?:eusc-)?[a-z]{2}(?:-gov|-iso[a-z]?)?-[a-z]+-\d):)?(?:(?P<account>\d{12}):)?(?:function:)?(?P<name>[a-zA-Z0-9_.-]+)(?::(?P<qualifier>\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9_-]+))?$",
    )
    .expect("a constant pattern compiles")
});

const QUALIFIER_PATTERN: &str = r"\$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+";

static QUALIFIER: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^(?:\$LATEST(?:\.PUBLISHED)?|[a-zA-Z0-9_$-]+)$").expect("a constant pattern compiles")
});

/// A function and, when the caller gave one, the version or alias meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) name: String,
    pub(crate) qualifier: Option<String>,
}

impl Target {
    /// What its sections are kept under.
    pub(crate) fn key(&self) -> &str {
        self.qualifier.as_deref().unwrap_or(LATEST)
    }

    /// Its ARN, with the qualifier that the caller gave.
    pub(crate) fn arn(&self, region: &Region) -> String {
        let arn = region.function_arn(&self.name);
        self.qualifier.as_ref().map_or(arn.clone(), |qualifier| format!("{arn}:{qualifier}"))
    }

    /// Its ARN, of the function itself with `$LATEST`.
    pub(crate) fn full_arn(&self, region: &Region) -> String {
        format!("{}:{}", region.function_arn(&self.name), self.key())
    }

    /// The answer of most operations when there is no such alias, version or function.
    pub(crate) fn missing(&self, region: &Region) -> ApiError {
        let arn = self.arn(region);
        match &self.qualifier {
            Some(alias) if is_alias(alias) => ApiError::not_found(format!("Cannot find alias arn: {arn}")),
            _ => ApiError::function_not_found(&arn),
        }
    }
}

/// Resolves what a caller wrote as FunctionName, together with the Qualifier of the query.
pub(crate) fn target(region: &Region, raw: &str, qualifier: Option<&str>) -> Result<Target, ApiError> {
    let found = NAME.captures(raw).filter(|_| raw.len() <= 140).ok_or_else(|| bad_name(raw))?;
    let name = &found["name"];
    if name.len() > 64 {
        // A refusal of Lambda's own code that is worded like one of the API model.
        return Err(ApiError::invalid(format!(
            "1 validation error detected: Value '{name}' at 'functionName' failed to satisfy constraint: \
             Member must have length less than or equal to 64"
        )));
    }
    of_parts(region, &found, qualifier)
}

fn of_parts(
    region: &Region,
    found: &regex::Captures<'_>,
    qualifier: Option<&str>,
) -> Result<Target, ApiError> {
    let name = found["name"].to_owned();
    if let Some(other) = found.name("region").filter(|other| other.as_str() != region.name) {
        return Err(ApiError::not_found(format!(
            "Functions from '{}' are not reachable in this region ('{}')",
            other.as_str(),
            region.name
        )));
    }
    if found.name("account").is_some_and(|account| account.as_str() != region.account) {
        // Without a text, as recorded.
        return Err(ApiError::new(403, "AccessDeniedException", ""));
    }
    let derived = found.name("qualifier").map(|qualifier| qualifier.as_str());
    match (derived, qualifier) {
        (Some(derived), Some(given)) if derived != given => Err(ApiError::invalid(
            "The derived qualifier from the function name does not match the specified qualifier.",
        )),
        (derived, given) => Ok(Target { name, qualifier: derived.or(given).map(ToOwned::to_owned) }),
    }
}

/// The same for the operations whose model takes a whole ARN of any length and names with dots. They look for what
/// there can't be, and don't find it.
pub(crate) fn namespaced(region: &Region, raw: &str, qualifier: Option<&str>) -> Result<Target, ApiError> {
    let mut failures: Vec<_> = qualifier.and_then(bad_qualifier).into_iter().collect();
    let found = NAMESPACED.captures(raw);
    if raw.len() > 256 {
        failures.push(bad_value(raw, "functionName", "Member must have length less than or equal to 256"));
    } else if found.is_none() {
        let constraint = format!("Member must satisfy regular expression pattern: {NAMESPACED_PATTERN}");
        failures.push(bad_value(raw, "functionName", &constraint));
    }
    match found {
        Some(found) if failures.is_empty() => of_parts(region, &found, qualifier),
        _ => Err(ApiError::validation(&failures)),
    }
}

fn bad_qualifier(qualifier: &str) -> Option<String> {
    if qualifier.len() > 128 {
        return Some(bad_value(qualifier, "qualifier", "Member must have length less than or equal to 128"));
    }
    let constraint = format!("Member must satisfy regular expression pattern: {QUALIFIER_PATTERN}");
    (!QUALIFIER.is_match(qualifier)).then(|| bad_value(qualifier, "qualifier", &constraint))
}

/// Whether a qualifier can only be an alias.
pub(crate) fn is_alias(qualifier: &str) -> bool {
    let number = qualifier.bytes().all(|byte| byte.is_ascii_digit());
    !number && qualifier.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
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

/// The same for operations whose model has no place for them.
pub(crate) fn without_qualifier(region: &Region, raw: &str) -> Result<String, ApiError> {
    let Target { name, qualifier } = target(region, raw, None)?;
    if qualifier.is_none() {
        return Ok(name);
    }
    let constraint = format!("Member must satisfy regular expression pattern: {UNQUALIFIED_PATTERN}");
    Err(ApiError::validation(&[bad_value(raw, "functionName", &constraint)]))
}

/// The name alone, whatever else is around it; what isn't a name stays as it is.
pub(crate) fn bare_name(raw: &str) -> &str {
    let found = NAME.captures(raw).and_then(|found| found.name("name"));
    found.map_or(raw, |name| name.as_str())
}

/// The qualifier that a name or an ARN carries.
pub(crate) fn own_qualifier(raw: &str) -> Option<&str> {
    NAMESPACED.captures(raw)?.name("qualifier").map(|qualifier| qualifier.as_str())
}

fn bad_name(raw: &str) -> ApiError {
    let mut failures = Vec::new();
    if raw.len() > 140 {
        failures.push(bad_value(raw, "functionName", "Member must have length less than or equal to 140"));
    }
    if !NAME.is_match(raw) {
        let constraint = format!("Member must satisfy regular expression pattern: {NAME_PATTERN}");
        failures.push(bad_value(raw, "functionName", &constraint));
    }
    ApiError::validation(&failures)
}

fn bad_value(value: &str, at: &str, constraint: &str) -> String {
    format!("Value '{value}' at '{at}' failed to satisfy constraint: {constraint}")
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
    fn a_target_has_an_arn_and_a_name_for_its_sections() {
        let region = region();
        let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
        let of = |raw: &str| target(&region, raw, None).unwrap();
        assert_eq!((of("hello").arn(&region), of("hello").key()), (arn.to_owned(), "$LATEST"));
        assert_eq!((of("hello:live").arn(&region), of("hello:live").key()), (format!("{arn}:live"), "live"));
        assert_eq!(of("hello").full_arn(&region), format!("{arn}:$LATEST"));
        assert_eq!(of("hello:1").missing(&region).message, format!("Function not found: {arn}:1"));
        assert_eq!(of("hello:live").missing(&region).message, format!("Cannot find alias arn: {arn}:live"));
        let text = without_qualifier(&region, "hello:live").unwrap_err().message;
        assert!(text.ends_with("(function:)?([a-zA-Z0-9-_]+)"), "{text}");
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
    fn operations_of_versions_look_for_names_that_cannot_be() {
        let found = |raw: &str, qualifier| namespaced(&region(), raw, qualifier);
        for name in ["a".repeat(65), "with.dot".to_owned(), "function".to_owned()] {
            let arn = format!("arn:aws:lambda:eu-west-1:111122223333:function:{name}");
            assert_eq!(found(&arn, None).unwrap().name, name);
        }
        assert_eq!(found("hello", Some("$latest")).unwrap().qualifier.as_deref(), Some("$latest"));
        let long = "a".repeat(129);
        let both = found("hello!", Some(&long)).unwrap_err().message;
        assert!(both.starts_with("2 validation errors detected: "), "{both}");
        assert!(both.contains(r"function:)?([a-zA-Z0-9-_\.]+)(:(\$LATEST(\.PUBLISHED)?|"), "{both}");
        let bad = found("hello", Some("invalid!")).unwrap_err().message;
        assert!(bad.ends_with(r"pattern: \$(LATEST(\.PUBLISHED)?)|[a-zA-Z0-9-_$]+"), "{bad}");
    }

    #[test]
    fn numbers_and_latest_are_no_aliases() {
        assert!(is_alias("live") && is_alias("v1"));
        assert!(!is_alias("12") && !is_alias("$LATEST") && !is_alias("$latest"));
    }

    #[test]
    fn bad_and_long_names_fail_in_their_own_ways() {
        assert_eq!(target(&region(), "a b", None).unwrap_err().code, "ValidationException");
        let long = target(&region(), &"a".repeat(65), None).unwrap_err();
        assert_eq!(long.code, "InvalidParameterValueException");
        assert!(long.message.ends_with("less than or equal to 64"));
    }
}
