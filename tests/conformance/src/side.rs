//! One of the two endpoints, with what earlier steps saved of its answers.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};
use test_support::eventually;

use crate::requests::REGION;
use crate::step::{PATIENCE, Step, Until};

/// Elements without others in them.
static LEAF: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"<(\w+)>([^<]*)</\w+>").expect("a constant pattern compiles"));

/// What came back.
#[derive(Clone, Debug, PartialEq)]
pub struct Answer {
    /// The status, for errors with their code: `404 ResourceNotFoundException`.
    pub outcome: String,
    /// The JSON of the body; null if it is empty.
    pub body: Value,
}

/// An endpoint.
#[derive(Debug)]
pub(crate) struct Side {
    name: &'static str,
    endpoint: String,
    access_key: String,
    http: reqwest::Client,
    saved: HashMap<String, String>,
}

impl Side {
    /// `access_key` is one that the endpoint takes for the account.
    pub(crate) fn new(name: &'static str, endpoint: &str, account: &str, access_key: String) -> Self {
        let http = reqwest::Client::builder().no_proxy().build().expect("a plain client can be built");
        let saved = [("account".to_owned(), account.to_owned())].into();
        Self { name, endpoint: endpoint.to_owned(), access_key, http, saved }
    }

    /// Takes over what the other side has saved and this one hasn't.
    pub(crate) fn learn(&mut self, other: &Self) {
        for (name, value) in &other.saved {
            self.saved.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }

    /// Carries out a step: sends it until there is what it waits for, and saves of its answer what it says.
    pub(crate) async fn perform(&mut self, step: &Step) -> Answer {
        let (path, body) = (self.path(&step.path), step.body.as_ref().map(|body| self.filled(body)));
        let what = format!("{} to settle, in step {:?}", self.name, step.name);
        let look = || async {
            let answer = self.send(step, &path, body.as_ref()).await;
            let settled = match &step.until {
                None => true,
                Some(Until::Status(status)) => answer.outcome.starts_with(&status.to_string()),
                Some(Until::Value(pointer, value)) => answer.body.pointer(pointer) == Some(value),
            };
            if settled { Ok(answer) } else { Err(answer) }
        };
        let answer = eventually(PATIENCE, what, look).await;
        for (name, pointer) in &step.saved {
            let value = answer.body.pointer(pointer).and_then(Value::as_str);
            let value = value.unwrap_or_else(|| {
                panic!("{} has no {pointer} in step {:?}: {answer:?}", self.name, step.name)
            });
            self.saved.insert((*name).to_owned(), value.to_owned());
        }
        answer
    }

    async fn send(&self, step: &Step, path: &str, body: Option<&Value>) -> Answer {
        let scope = format!("{}/20260101/{REGION}/{}/aws4_request", self.access_key, step.service);
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let method =
            reqwest::Method::from_bytes(step.method.as_bytes()).expect("methods of steps are HTTP's");
        let request = self.http.request(method, format!("{}{path}", self.endpoint));
        let request = request.header("authorization", authorization);
        let request = match body {
            None => request,
            Some(Value::String(form)) => request
                .header("content-type", "application/x-www-form-urlencoded; charset=utf-8")
                .body(form.clone()),
            Some(json) => request.json(json),
        };
        let sent = request.send().await;
        let response = sent.unwrap_or_else(|error| panic!("{} in step {:?}: {error}", self.name, step.name));
        let code = response.headers().get("x-amzn-errortype").and_then(|code| code.to_str().ok());
        let (status, code) = (response.status().as_u16(), code.map(ToOwned::to_owned));
        let text = response.text().await.expect("the answer is text");
        let body = parsed(&text);
        if status < 400 {
            return Answer { outcome: status.to_string(), body };
        }
        let (in_body, body) = without_code(body);
        let code = code.or(in_body).unwrap_or_default();
        Answer { outcome: format!("{status} {code}"), body }
    }

    /// A path with the saved values, percent-encoded.
    fn path(&self, path: &str) -> String {
        self.replaced(path, &encoded)
    }

    /// A body with the saved values in all its strings.
    fn filled(&self, body: &Value) -> Value {
        match body {
            Value::String(text) => self.replaced(text, &|value: &str| value.to_owned()).into(),
            Value::Array(items) => items.iter().map(|item| self.filled(item)).collect(),
            Value::Object(members) => {
                members.iter().map(|(name, value)| (name.clone(), self.filled(value))).collect()
            }
            other => other.clone(),
        }
    }

    fn replaced(&self, text: &str, shape: &dyn Fn(&str) -> String) -> String {
        let replace = |text: String, (name, value): (&String, &String)| {
            text.replace(&format!("{{{name}}}"), &shape(value))
        };
        self.saved.iter().fold(text.to_owned(), replace)
    }
}

/// The code of an error, if the body names it, and the rest of the body: the protocols let the code stand in the header,
/// in the body, or in both.
fn without_code(mut body: Value) -> (Option<String>, Value) {
    let members = body.as_object_mut();
    let code = members.and_then(|members| members.remove("__type").or_else(|| members.remove("Code")));
    (code.and_then(|code| code.as_str().map(ToOwned::to_owned)), body)
}

/// JSON as it is, XML as an object of its innermost elements, anything else as text.
fn parsed(text: &str) -> Value {
    if text.is_empty() {
        return Value::Null;
    }
    if text.trim_start().starts_with('<') {
        let leaves = LEAF.captures_iter(text).filter(|leaf| &leaf[1] != "RequestId");
        return leaves.map(|leaf| (leaf[1].to_owned(), json!(leaf[2]))).collect();
    }
    serde_json::from_str(text).unwrap_or_else(|_| text.into())
}

/// Percent-encodes what may not stand in a segment of a path.
pub(crate) fn encoded(text: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(byte);
    let each = |byte: u8| if plain(&byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    text.bytes().map(each).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_values_are_filled_in_and_encoded_in_paths() {
        let mut side = Side::new("a side", "http://127.0.0.1:1", "111122223333", "key".to_owned());
        side.saved.insert("arn".to_owned(), "a:b/c".to_owned());
        assert_eq!(side.path("/tags/{arn}?x={other}"), "/tags/a%3Ab%2Fc?x={other}");
        let body = side.filled(&json!({"Arn": ["{arn}", "{account}"], "Pattern": "{\"a\": 1}"}));
        assert_eq!(body, json!({"Arn": ["a:b/c", "111122223333"], "Pattern": "{\"a\": 1}"}));
    }

    #[test]
    fn xml_is_an_object_of_its_leaves() {
        let xml = "<A><Account>1</Account><M><RequestId>x</RequestId></M></A>";
        assert_eq!(parsed(xml), json!({"Account": "1"}));
        assert_eq!(parsed(""), Value::Null);
        assert_eq!(parsed("Internal error"), json!("Internal error"));
    }
}
