//! Function URLs (<https://docs.aws.amazon.com/lambda/latest/api/API_FunctionUrlConfig.html>).

use serde_json::{Value, json};

use crate::merge::is_empty;
use crate::request::Object;

/// The URL of a function or an alias.
#[derive(Clone, Debug)]
pub(crate) struct Url {
    address: String,
    auth: Value,
    cors: Option<Value>,
    mode: Value,
    created: String,
    modified: String,
}

impl Url {
    /// A new one, from the body of a CreateFunctionUrlConfig request. Each has a host of its own, that it loses for
    /// good when it is deleted.
    pub(crate) fn new(region: &str, sent: &Object) -> Self {
        let host = format!("{}.lambda-url.{region}.on.aws", uuid::Uuid::new_v4().simple());
        let now = now_text();
        let mut url = Self {
            address: format!("https://{host}/"),
            auth: json!("NONE"),
            cors: None,
            mode: json!("BUFFERED"),
            created: now.clone(),
            modified: now,
        };
        url.set(sent);
        url
    }

    /// Replaces what is sent and keeps the rest.
    pub(crate) fn change(&mut self, sent: &Object) {
        self.set(sent);
        self.modified = now_text();
    }

    fn set(&mut self, sent: &Object) {
        if let Some(auth) = sent.get("AuthType") {
            self.auth = auth.clone();
        }
        if let Some(mode) = sent.get("InvokeMode") {
            self.mode = mode.clone();
        }
        // All of it is replaced. Nothing in it is none of it.
        if let Some(cors) = sent.get("Cors") {
            self.cors = Some(cors.clone()).filter(|cors| !is_empty(cors));
        }
    }

    /// As it reads back.
    pub(crate) fn shown(&self, arn: &str) -> Value {
        let mut shown = json!({
            "FunctionUrl": self.address, "FunctionArn": arn, "AuthType": self.auth, "InvokeMode": self.mode,
            "CreationTime": self.created, "LastModifiedTime": self.modified,
        });
        if let Some(cors) = &self.cors {
            shown["Cors"] = cors.clone();
        }
        shown
    }
}

/// The time as URLs show it, with microseconds.
fn now_text() -> String {
    jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cors_is_replaced_as_a_whole_and_cleared_by_nothing() {
        let body = |body: Value| body.as_object().unwrap().clone();
        let cors = json!({"AllowOrigins": ["*"], "MaxAge": 5});
        let mut url = Url::new("eu-west-1", &body(json!({"AuthType": "AWS_IAM", "Cors": cors})));
        let host = url.shown("arn")["FunctionUrl"].as_str().unwrap().to_owned();
        assert!(host.starts_with("https://") && host.ends_with(".lambda-url.eu-west-1.on.aws/"), "{host}");
        url.change(&body(json!({"AuthType": "NONE"})));
        assert_eq!(url.shown("arn")["Cors"], cors);
        url.change(&body(json!({"Cors": {"AllowOrigins": ["https://a"]}})));
        assert_eq!(url.shown("arn")["Cors"], json!({"AllowOrigins": ["https://a"]}));
        url.change(&body(json!({"Cors": {}})));
        assert!(url.shown("arn").get("Cors").is_none());
        assert_eq!(url.shown("arn")["FunctionUrl"], host);
        assert_ne!(Url::new("eu-west-1", &Object::new()).shown("arn")["FunctionUrl"], host);
    }
}
