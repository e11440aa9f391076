//! How asynchronous invocations are repeated, and where their outcome is sent.

use std::fmt;

use lambda_operator_crds::{EventDestination, EventDestinations, EventInvokeConfig};

use super::model::Value;

/// The settings with AWS's defaults as `None`.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_PutFunctionEventInvokeConfig.html>
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EventInvoke {
    /// How often a failed invocation is repeated.
    pub retries: Option<i32>,
    /// After how many seconds an event is given up.
    pub age: Option<i32>,
    /// ARN for what succeeded.
    pub on_success: Option<String>,
    /// ARN for what was given up.
    pub on_failure: Option<String>,
}

impl EventInvoke {
    /// AWS's default for `retries`.
    const RETRIES: i32 = 2;
    /// AWS's default for `age`.
    const AGE: i32 = 21_600;

    /// With what is AWS's default taken out; `None` when nothing is left.
    pub fn normalized(self) -> Option<Self> {
        let Self { retries, age, on_success, on_failure } = self;
        let named = |arn: Option<String>| arn.filter(|arn| !arn.is_empty());
        let settings = Self {
            retries: retries.filter(|retries| *retries != Self::RETRIES),
            age: age.filter(|age| *age != Self::AGE),
            on_success: named(on_success),
            on_failure: named(on_failure),
        };
        (settings != Self::default()).then_some(settings)
    }
}

/// What the spec says.
pub(super) fn of_spec(spec: &EventInvokeConfig) -> Option<Value> {
    let EventInvokeConfig { maximum_retry_attempts, maximum_event_age_in_seconds, destination_config } = spec;
    let EventDestinations { on_success, on_failure } = destination_config.clone().unwrap_or_default();
    let arn = |destination: Option<EventDestination>| destination.map(|destination| destination.destination);
    EventInvoke {
        retries: *maximum_retry_attempts,
        age: *maximum_event_age_in_seconds,
        on_success: arn(on_success),
        on_failure: arn(on_failure),
    }
    .normalized()
    .map(Value::EventInvoke)
}

impl fmt::Display for EventInvoke {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { retries, age, on_success, on_failure } = self;
        let parts = [
            retries.map(|retries| format!("{retries} retries")),
            age.map(|age| format!("at most {age} s")),
            on_success.as_ref().map(|arn| format!("success to {arn}")),
            on_failure.as_ref().map(|arn| format!("failure to {arn}")),
        ];
        f.write_str(&parts.into_iter().flatten().collect::<Vec<_>>().join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spec(yaml: serde_json::Value) -> Option<Value> {
        of_spec(&serde_json::from_value(yaml).unwrap())
    }

    #[test]
    fn what_is_awss_default_is_none() {
        use serde_json::json;
        let defaults = json!({"maximumRetryAttempts": 2, "maximumEventAgeInSeconds": 21600});
        assert_eq!(spec(defaults), None);
        assert_eq!(spec(json!({"destinationConfig": {"onFailure": {"destination": ""}}})), None);
        let Some(Value::EventInvoke(settings)) = spec(json!({"maximumRetryAttempts": 0})) else {
            panic!("some")
        };
        assert_eq!(settings, EventInvoke { retries: Some(0), ..EventInvoke::default() });
    }

    #[test]
    fn it_is_told_in_words() {
        let settings = EventInvoke {
            retries: Some(1),
            age: Some(60),
            on_success: Some("arn:s".into()),
            on_failure: Some("arn:f".into()),
        };
        assert_eq!(settings.to_string(), "1 retries, at most 60 s, success to arn:s, failure to arn:f");
    }
}
