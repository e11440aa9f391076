//! Lambda as anybody sees it, over its own API: the simulator and the emulator are asked the same way.

use cluster_tests::{ACCOUNT, REGION};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Map, Value};

use super::state;
use super::text;

/// Ends the access key of who is not the operator.
pub(super) const SOMEBODY: &str = "SOMEBODY";

/// An endpoint of Lambda.
pub(super) struct Lambda {
    endpoint: String,
    client: Client,
}

impl Lambda {
    pub(super) fn new(endpoint: &str) -> Self {
        let client = Client::builder().no_proxy().build().expect("a client without TLS can be built");
        Self { endpoint: endpoint.to_owned(), client }
    }

    /// The answer to a GET; null for what isn't there.
    pub(super) async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, None).await
    }

    /// The members of a list, which fits on one page.
    pub(super) async fn list(&self, path: &str, member: &str) -> Vec<Value> {
        let answer = self.get(path).await;
        assert!(answer["NextMarker"].as_str().is_none_or(str::is_empty), "{path} has another page");
        answer[member].as_array().cloned().unwrap_or_default()
    }

    /// The user's tags of what has this ARN.
    pub(super) async fn tags_of(&self, arn: &Value) -> Map<String, Value> {
        state::tags(&self.get(&format!("/2017-03-31/tags/{}", text(arn))).await["Tags"])
    }

    /// Creates a queue.
    pub(super) async fn create_queue(&self, name: &str) {
        let form = format!("Action=CreateQueue&Version=2012-11-05&QueueName={name}");
        let request = self.request(Method::POST, "/", "sqs").body(form);
        let request = request.header("content-type", "application/x-www-form-urlencoded");
        let answer = request.send().await.expect("SQS answers");
        assert!(answer.status().is_success(), "the queue is created");
    }

    /// Sends a request. Null is the answer when there is no such thing.
    pub(super) async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Value {
        let request = self.request(method, path, "lambda");
        let request = match &body {
            Some(body) => request.json(body),
            None => request,
        };
        let answer = request.send().await.expect("Lambda answers");
        let status = answer.status();
        let answer = answer.text().await.expect("the answer is text");
        if status == StatusCode::NOT_FOUND {
            return Value::Null;
        }
        assert!(status.is_success(), "{path} answers {status}: {answer}");
        serde_json::from_str(&answer).unwrap_or_default()
    }

    /// Nobody checks the signature, but it says who calls what.
    fn request(&self, method: Method, path: &str, service: &str) -> RequestBuilder {
        let scope = format!("AKIA{ACCOUNT}{SOMEBODY}/20260115/{REGION}/{service}/aws4_request");
        let header = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        self.client.request(method, format!("{}{path}", self.endpoint)).header("authorization", header)
    }
}
