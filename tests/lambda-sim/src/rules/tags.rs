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
    if tags.keys().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(ApiError::invalid("aws: prefixed tag key names are not allowed for external use."));
    }
    if tags.len() > 50 {
        return Err(ApiError::invalid("Number of tags exceeds resource tag limit."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_are_limited_and_not_of_aws() {
        let many = (0..51).map(|n| (format!("k{n}"), String::new())).collect();
        assert_eq!(check(&many).unwrap_err().message, "Number of tags exceeds resource tag limit.");
        assert!(check(&[("aws:x".to_owned(), String::new())].into()).is_err());
    }
}
