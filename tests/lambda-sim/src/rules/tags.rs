//! Tags, where they are part of a request. The text on their number is that of `test_tag_limits` in LocalStack's
//! recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json); that on AWS's own keys is ours, for
//! the rule in <https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html>.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::error::ApiError;
use crate::request::Object;

/// The `Tags` of a request.
pub(crate) fn of(sent: &Object) -> BTreeMap<String, String> {
    let tags = sent.get("Tags").and_then(Value::as_object).into_iter().flatten();
    tags.map(|(key, value)| (key.clone(), value.as_str().unwrap_or_default().to_owned())).collect()
}

/// At most 50 tags, none of AWS's own.
pub(crate) fn check(tags: &BTreeMap<String, String>) -> Result<(), ApiError> {
    check_added(tags, tags)
}

/// The same of tags that are added to others, by which the resource then has all of these. What AWS has put there, as
/// CloudFormation does, isn't counted.
pub(crate) fn check_added(
    added: &BTreeMap<String, String>,
    all: &BTreeMap<String, String>,
) -> Result<(), ApiError> {
    if added.keys().any(|key| is_of_aws(key)) {
        return Err(ApiError::invalid("aws: prefixed tag key names are not allowed for external use."));
    }
    if all.keys().filter(|key| !is_of_aws(key)).count() > 50 {
        return Err(ApiError::invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(())
}

fn is_of_aws(key: &str) -> bool {
    key.to_ascii_lowercase().starts_with("aws:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_limited_and_not_of_aws() {
        let many = (0..51).map(|n| (format!("k{n}"), String::new())).collect();
        assert_eq!(check(&many).unwrap_err().message, "Number of tags exceeds resource tag limit.");
        let of_aws: BTreeMap<_, _> = [("aws:x".to_owned(), String::new())].into();
        assert!(check(&of_aws).is_err());
        let own = (0..50).map(|n| (format!("k{n}"), String::new())).collect();
        let all = of_aws.into_iter().chain(BTreeMap::clone(&own)).collect();
        assert_eq!(check_added(&own, &all), Ok(()), "what is there of AWS's own doesn't matter");
    }
}
