//! Settings for asynchronous invocations
//! (<https://docs.aws.amazon.com/lambda/latest/api/API_FunctionEventInvokeConfig.html>).

use serde_json::{Value, json};

use crate::function::now_seconds;
use crate::request::Object;

/// The settings of one version or alias.
#[derive(Clone, Debug)]
pub(crate) struct EventInvoke {
    /// `MaximumRetryAttempts` and `MaximumEventAgeInSeconds` if they were sent, and `DestinationConfig`.
    config: Object,
    /// Seconds since 1970, as the API shows them.
    last_modified: f64,
}

impl EventInvoke {
    /// From the body of a PutFunctionEventInvokeConfig request.
    pub(crate) fn new(sent: &Object) -> Self {
        let mut settings = Self { config: Object::new(), last_modified: 0.0 };
        settings.config.insert("DestinationConfig".into(), destinations(None));
        settings.change(sent);
        settings
    }

    /// Replaces what is sent and keeps the rest.
    pub(crate) fn change(&mut self, sent: &Object) {
        for name in ["MaximumRetryAttempts", "MaximumEventAgeInSeconds"] {
            if let Some(value) = sent.get(name) {
                self.config.insert(name.into(), value.clone());
            }
        }
        if let Some(sent) = sent.get("DestinationConfig") {
            self.config.insert("DestinationConfig".into(), destinations(Some(sent)));
        }
        self.last_modified = now_seconds();
    }

    pub(crate) fn shown(&self, arn: &str) -> Value {
        let mut shown = self.config.clone();
        shown.insert("FunctionArn".into(), arn.into());
        shown.insert("LastModified".into(), self.last_modified.into());
        Value::Object(shown)
    }
}

/// Both outcomes are always there; one without a destination, or with an empty one, is empty.
fn destinations(sent: Option<&Value>) -> Value {
    let outcome = |name: &str| {
        let destination = sent.and_then(|sent| sent.get(name)?.get("Destination")?.as_str());
        destination.filter(|arn| !arn.is_empty()).map_or_else(|| json!({}), |arn| json!({"Destination": arn}))
    };
    json!({"OnSuccess": outcome("OnSuccess"), "OnFailure": outcome("OnFailure")})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(settings: &EventInvoke) -> Value {
        let mut shown = settings.shown("arn");
        assert!(shown["LastModified"].as_f64() > Some(1.7e9));
        shown.as_object_mut().unwrap().remove("LastModified");
        shown
    }

    #[test]
    fn a_change_keeps_what_it_does_not_name() {
        let body = |body: Value| body.as_object().unwrap().clone();
        let queue = json!({"OnFailure": {"Destination": "arn:q"}});
        let mut settings =
            EventInvoke::new(&body(json!({"MaximumRetryAttempts": 0, "DestinationConfig": queue})));
        settings.change(&body(json!({"MaximumEventAgeInSeconds": 60})));
        let destinations = json!({"OnSuccess": {}, "OnFailure": {"Destination": "arn:q"}});
        let whole = json!({
            "FunctionArn": "arn", "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60,
            "DestinationConfig": destinations,
        });
        assert_eq!(shown(&settings), whole);
        settings.change(&body(json!({"DestinationConfig": {"OnFailure": {"Destination": ""}}})));
        assert_eq!(shown(&settings)["DestinationConfig"], json!({"OnSuccess": {}, "OnFailure": {}}));
    }
}
