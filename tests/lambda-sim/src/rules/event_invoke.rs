//! What is refused about settings for asynchronous invocations. Texts: `TestLambdaEventInvokeConfig` in LocalStack's
//! recordings of AWS (tests/aws/services/lambda_/test_lambda_api.snapshot.json). That on roles is of
//! terraform-provider-aws, which tries again after it (internal/service/lambda/function_event_invoke_config.go).

use super::model::Checks;
use crate::error::ApiError;
use crate::naming::bare_name;
use crate::region::Region;
use crate::request::Object;

const OUTCOMES: [&str; 2] = ["OnSuccess", "OnFailure"];

/// Checks the members of a PutFunctionEventInvokeConfig or UpdateFunctionEventInvokeConfig request.
pub(crate) fn check(body: &Object) -> Result<(), ApiError> {
    let mut checks = Checks::of(body, &[]);
    checks.between("MaximumRetryAttempts", 0, 2);
    checks.between("MaximumEventAgeInSeconds", 60, 21_600);
    checks.destinations();
    checks.finish()?;
    let settings = ["MaximumRetryAttempts", "MaximumEventAgeInSeconds", "DestinationConfig"];
    if !settings.iter().any(|name| body.contains_key(*name)) {
        let text = "You must specify at least one of error handling or destination setting.";
        return Err(ApiError::invalid(text));
    }
    Ok(())
}

/// Checks where a function of this name would send its results.
pub(crate) fn check_destinations(region: &Region, function: &str, body: &Object) -> Result<(), ApiError> {
    let config = body.get("DestinationConfig");
    let destination = |outcome: &str| {
        let arn = config.and_then(|config| config.get(outcome)?.get("Destination")?.as_str());
        arn.filter(|arn| !arn.is_empty())
    };
    for outcome in OUTCOMES {
        let Some(arn) = destination(outcome) else { continue };
        match arn.split(':').nth(2) {
            Some("lambda") => check_function(region, function, arn)?,
            Some("sqs" | "sns" | "events") => {}
            Some("s3") if outcome == "OnFailure" => {}
            _ => return Err(unsupported(OUTCOMES.map(destination))),
        }
        check_access(region, arn)?;
    }
    Ok(())
}

fn check_function(region: &Region, function: &str, arn: &str) -> Result<(), ApiError> {
    let prefix = region.function_arn("");
    let Some(name) = arn.starts_with(&prefix).then(|| bare_name(arn)) else { return Ok(()) };
    if !region.functions.contains_key(name) {
        return Err(invalid_arn(arn));
    }
    if name == function {
        return Err(ApiError::invalid("You can't specify the function as a destination for itself."));
    }
    Ok(())
}

fn check_access(region: &Region, arn: &str) -> Result<(), ApiError> {
    if region.settings.missing_destinations.contains(arn) {
        return Err(invalid_arn(arn));
    }
    if region.settings.unwritable_destinations.contains(arn) {
        let action = match arn.split(':').nth(2) {
            Some("sqs") => "SendMessage",
            Some("sns") => "Publish",
            Some("events") => "PutEvents",
            Some("s3") => "PutObject",
            _ => "InvokeFunction",
        };
        return Err(ApiError::invalid(format!(
            "The function's execution role does not have permissions to call {action} on {arn}"
        )));
    }
    Ok(())
}

fn invalid_arn(arn: &str) -> ApiError {
    ApiError::invalid(format!("The destination ARN {arn} is invalid."))
}

/// Shown as Java prints it.
fn unsupported(destinations: [Option<&str>; 2]) -> ApiError {
    let shown = |outcome: &str, arn: Option<&str>| {
        arn.map_or_else(|| "null".to_owned(), |arn| format!("{outcome}(destination={arn})"))
    };
    let [success, failure] = destinations;
    ApiError::invalid(format!(
        "The provided destination config DestinationConfig(onSuccess={}, onFailure={}) is invalid.",
        shown("OnSuccess", success),
        shown("OnFailure", failure)
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn refused(body: &Value) -> Option<String> {
        let body = body.as_object().unwrap();
        let region = Region::new("111122223333", "eu-west-1", crate::AccountSettings::default());
        let error = check(body).and_then(|()| check_destinations(&region, "hello", body)).err();
        error.map(|error| error.message)
    }

    #[test]
    fn numbers_have_their_limits_and_something_must_be_set() {
        assert_eq!(refused(&json!({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 21_600})), None);
        for bad in [
            json!({"MaximumRetryAttempts": 3}),
            json!({"MaximumRetryAttempts": -1}),
            json!({"MaximumEventAgeInSeconds": 59}),
            json!({"MaximumEventAgeInSeconds": 21_601}),
            json!({"DestinationConfig": {"OnSuccess": {"Destination": format!("arn:aws:sqs:::{}", "q".repeat(350))}}}),
        ] {
            assert!(refused(&bad).unwrap().starts_with("1 validation error detected"), "{bad}");
        }
        assert!(refused(&json!({})).unwrap().starts_with("You must specify at least one"));
        assert_eq!(refused(&json!({"DestinationConfig": {"OnFailure": {"Destination": ""}}})), None);
    }

    #[test]
    fn results_go_to_some_services_only() {
        let to = |outcome: &str, arn: &str| {
            refused(&json!({"DestinationConfig": {outcome: {"Destination": arn}}}))
        };
        for arn in
            ["arn:aws:sqs:eu-west-1:111122223333:q", "arn:aws:events:eu-west-1:111122223333:event-bus/b"]
        {
            assert_eq!((to("OnSuccess", arn), to("OnFailure", arn)), (None, None));
        }
        assert_eq!(to("OnFailure", "arn:aws:s3:::bucket"), None);
        assert_eq!(
            to("OnSuccess", "arn:aws:s3:::bucket").unwrap(),
            "The provided destination config DestinationConfig(onSuccess=OnSuccess(destination=arn:aws:s3:::bucket), \
             onFailure=null) is invalid."
        );
        let elsewhere = "arn:aws:lambda:eu-west-1:999999999999:function:other";
        assert_eq!(to("OnSuccess", elsewhere), None);
        let missing = "arn:aws:lambda:eu-west-1:111122223333:function:other";
        assert_eq!(to("OnSuccess", missing).unwrap(), format!("The destination ARN {missing} is invalid."));
    }
}
