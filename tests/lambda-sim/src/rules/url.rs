//! What is refused about function URLs. Texts: `TestLambdaUrl` in LocalStack's recordings of AWS
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json); that on origins is AWS's
//! (<https://github.com/anomalyco/ion/pull/229>), that on tenants ours, for a rule of
//! <https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation.html>.

use serde_json::Value;

use super::model::Checks;
use crate::error::ApiError;
use crate::function::Function;
use crate::merge::is_empty;
use crate::naming::is_alias;
use crate::request::Object;

const QUALIFIER: &str = r"((?!^\d+$)^[0-9a-zA-Z-_]+$)";

/// Checks the alias that a request is about.
pub(crate) fn check_qualifier(qualifier: Option<&str>) -> Result<(), ApiError> {
    let member = qualifier.map(|qualifier| ("Qualifier".to_owned(), Value::from(qualifier)));
    let request = member.into_iter().collect();
    let mut checks = Checks::of(&request, &[]);
    checks.text("Qualifier", 128, None);
    if qualifier.is_some_and(|qualifier| !is_alias(qualifier)) {
        let constraint = format!("Member must satisfy regular expression pattern: {QUALIFIER}");
        checks.fail("Qualifier", request.get("Qualifier"), &constraint);
    }
    checks.finish()
}

/// Checks the members of a CreateFunctionUrlConfig or UpdateFunctionUrlConfig request.
pub(crate) fn check(body: &Object, required: &[&str]) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, required);
    checks.one_of("AuthType", &["NONE", "AWS_IAM"]);
    checks.one_of("InvokeMode", &["RESPONSE_STREAM", "BUFFERED"]);
    checks.between("Cors.MaxAge", 0, 86_400);
    for (list, most, lengths) in [
        ("AllowHeaders", 100, 0..=1024),
        ("AllowMethods", 6, 0..=6),
        ("AllowOrigins", 100, 1..=253),
        ("ExposeHeaders", 100, 0..=1024),
    ] {
        let constraint = format!(
            "Member must have length less than or equal to {}, Member must have length greater than or equal to {}, \
             Member must satisfy regular expression pattern: .*",
            lengths.end(),
            lengths.start()
        );
        let good = |item: &str| lengths.contains(&item.chars().count());
        checks.list(&format!("Cors.{list}"), 0..=most, good, &constraint);
    }
    checks.finish()?;
    let cors = body.get("Cors").filter(|cors| !is_empty(cors));
    if cors.is_some_and(|cors| cors.get("AllowOrigins").is_none_or(is_empty)) {
        return Err(ApiError::invalid("You can't leave AllowOrigins as empty when Cors is enabled."));
    }
    Ok(())
}

/// A function that keeps its tenants apart can't have a URL.
pub(crate) fn check_function(function: &Function) -> Result<(), ApiError> {
    if function.latest.config.contains_key("TenancyConfig") {
        let text = "Function URLs are not supported for functions with tenant isolation.";
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn refused(body: &Value) -> Option<String> {
        check(body.as_object().unwrap(), &[]).err().map(|error| error.message)
    }

    #[test]
    fn a_url_is_of_an_alias_or_of_none() {
        for good in [None, Some("live"), Some("2024-01-02")] {
            check_qualifier(good).unwrap();
        }
        assert_eq!(
            check_qualifier(Some("1")).unwrap_err().message,
            "1 validation error detected: Value '1' at 'qualifier' failed to satisfy constraint: Member must satisfy \
             regular expression pattern: ((?!^\\d+$)^[0-9a-zA-Z-_]+$)"
        );
        assert!(
            check_qualifier(Some("$LATEST")).is_err() && check_qualifier(Some(&"a".repeat(129))).is_err()
        );
    }

    #[test]
    fn cors_has_limits_and_origins() {
        let cors = |name: &str, value: Value| {
            let mut cors = json!({"AllowOrigins": ["*"]});
            cors[name] = value;
            refused(&json!({"Cors": cors}))
        };
        assert_eq!(cors("AllowMethods", json!(["GET", "PUT", "HEAD", "POST", "PATCH", "DELETE"])), None);
        let text = cors("AllowMethods", json!(["OPTIONS"])).unwrap();
        assert!(text.contains("Value '[OPTIONS]' at 'cors.allowMethods' failed"), "{text}");
        assert!(
            text.contains("[Member must have length less than or equal to 6, Member must have"),
            "{text}"
        );
        for (name, value) in [
            ("AllowMethods", json!(vec!["*"; 7])),
            ("AllowOrigins", json!([""])),
            ("AllowHeaders", json!(["h".repeat(1025)])),
            ("ExposeHeaders", json!(vec!["h"; 101])),
            ("MaxAge", json!(86_401)),
        ] {
            assert!(cors(name, value.clone()).is_some(), "{name}: {value}");
        }
        let empty = "You can't leave AllowOrigins as empty when Cors is enabled.";
        assert_eq!(cors("AllowOrigins", json!([])).unwrap(), empty);
        assert_eq!(refused(&json!({"Cors": {"MaxAge": 5}})).unwrap(), empty);
        assert_eq!(refused(&json!({"Cors": {}})), None);
        assert!(
            refused(&json!({"AuthType": "ALL"})).is_some() && refused(&json!({"InvokeMode": "X"})).is_some()
        );
    }
}
