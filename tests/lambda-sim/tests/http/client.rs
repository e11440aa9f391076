//! A tiny client: signs with a name only, and keeps what the SDKs look at.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_sim::{AccountControl, Options, Sim};
use serde_json::{Value, json};

pub(crate) const ACCOUNT: &str = "111122223333";
pub(crate) const REGION: &str = "eu-west-1";
pub(crate) const ROLE: &str = "arn:aws:iam::111122223333:role/lambda";
pub(crate) const FUNCTIONS: &str = "/2015-03-31/functions";

/// A simulator with a client of one account.
pub(crate) struct Bench {
    pub(crate) sim: Sim,
    pub(crate) account: AccountControl,
    pub(crate) http: reqwest::Client,
    pub(crate) access_key: String,
    pub(crate) region: String,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) error: Option<String>,
    pub(crate) retry_after: Option<String>,
    pub(crate) request_id: String,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Answer {
    pub(crate) fn message(&self) -> &str {
        self.body["message"].as_str().or(self.body["Message"].as_str()).unwrap_or_default()
    }

    /// Asserts success and returns the body.
    pub(crate) fn ok(self) -> Value {
        assert!(self.status < 300, "{self:?}");
        self.body
    }

    /// Asserts an error by status and code and returns its text.
    pub(crate) fn refused(self, status: u16, code: &str) -> String {
        assert_eq!((self.status, self.error.as_deref()), (status, Some(code)), "{self:?}");
        self.message().to_owned()
    }
}

impl Bench {
    pub(crate) async fn start() -> Self {
        let sim = Sim::start(Options::default()).await.unwrap();
        let account = sim.control().account(ACCOUNT, REGION);
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        Self { sim, account, http, access_key: format!("AKIA{ACCOUNT}"), region: REGION.to_owned() }
    }

    pub(crate) fn request(&self, method: &str, path: &str, service: &str) -> reqwest::RequestBuilder {
        let scope = format!("{}/20260101/{}/{service}/aws4_request", self.access_key, self.region);
        let authorization = format!("AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0");
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", self.sim.endpoint());
        self.http.request(method, url).header("authorization", authorization)
    }

    /// A call that may end without an answer.
    pub(crate) async fn try_call(&self, method: &str, path: &str, body: Option<Value>) -> Option<Answer> {
        let mut request = self.request(method, path, "lambda");
        if let Some(body) = body {
            request = request.json(&body);
        }
        Some(answer(request.send().await.ok()?).await)
    }

    pub(crate) async fn call(&self, method: &str, path: &str, body: Option<Value>) -> Answer {
        self.try_call(method, path, body).await.expect("an answer")
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.call("GET", path, None).await
    }

    pub(crate) async fn create(&self, request: Value) -> Answer {
        self.call("POST", FUNCTIONS, Some(request)).await
    }

    /// Creates a function and reads it once, which settles it.
    pub(crate) async fn created(&self, name: &str) -> Value {
        self.create(function(name)).await.ok();
        self.function(name).await
    }

    pub(crate) async fn function(&self, name: &str) -> Value {
        self.get(&format!("{FUNCTIONS}/{name}")).await.ok()
    }

    pub(crate) async fn update(&self, name: &str, request: Value) -> Answer {
        self.call("PUT", &format!("{FUNCTIONS}/{name}/configuration"), Some(request)).await
    }

    pub(crate) async fn update_code(&self, name: &str, request: Value) -> Answer {
        self.call("PUT", &format!("{FUNCTIONS}/{name}/code"), Some(request)).await
    }

    pub(crate) async fn operations(&self) -> Vec<String> {
        self.account.ledger().await.into_iter().map(|call| call.operation).collect()
    }
}

pub(crate) async fn answer(response: reqwest::Response) -> Answer {
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (error, retry_after) = (header("x-amzn-errortype"), header("retry-after"));
    let request_id = header("x-amzn-requestid").expect("every answer has a request id");
    let status = response.status().as_u16();
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or_default();
    Answer { status, error, retry_after, request_id, text, body }
}

/// A zip file with one source file.
pub(crate) fn zip(source: &str) -> String {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
    zip.write_all(source.as_bytes()).unwrap();
    STANDARD.encode(zip.finish().unwrap().into_inner())
}

/// A plain CreateFunction request.
pub(crate) fn function(name: &str) -> Value {
    json!({
        "FunctionName": name,
        "Runtime": "python3.13",
        "Role": ROLE,
        "Handler": "index.handler",
        "Code": {"ZipFile": zip("def handler(e, c): return 1")},
    })
}
