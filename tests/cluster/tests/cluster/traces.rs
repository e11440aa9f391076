//! Traces as a collector gets them: a small receiver of OTLP over HTTP takes what a real operator process sends.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use cluster_tests::{World, function};
use lambda_sim::{Fault, FaultEffect, FaultError};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use prost::Message as _;
use serde_json::json;

const PATIENCE: Duration = Duration::from_secs(30);
/// The value of a Secret.
const CANARY: &str = "canary-4d1b7e";

/// Takes what is sent to `/v1/traces`.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<Bytes>>>);

/// A span as it arrived.
#[derive(Clone, Debug)]
struct Span {
    id: Vec<u8>,
    parent: Vec<u8>,
    trace: Vec<u8>,
    name: String,
    attributes: BTreeMap<String, String>,
}

impl Span {
    fn has(&self, expected: &[(&str, &str)]) -> bool {
        expected.iter().all(|(key, value)| self.attributes.get(*key).is_some_and(|found| found == value))
    }
}

impl Collector {
    /// Starts to listen; gives the endpoint too.
    async fn start() -> (Self, String) {
        let collector = Self::default();
        let take = async |State(Self(bodies)): State<Self>, body: Bytes| bodies.lock().unwrap().push(body);
        let router = Router::new().route("/v1/traces", post(take)).with_state(collector.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        (collector, endpoint)
    }

    fn bodies(&self) -> Vec<Bytes> {
        self.0.lock().unwrap().clone()
    }

    fn requests(&self) -> Vec<ExportTraceServiceRequest> {
        self.bodies().into_iter().map(|body| ExportTraceServiceRequest::decode(body).unwrap()).collect()
    }

    fn spans(&self) -> Vec<Span> {
        let scopes = self.requests().into_iter().flat_map(|request| request.resource_spans);
        let spans = scopes.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans);
        let text = |value: Option<Any>| match value {
            Some(Any::StringValue(text)) => text,
            other => format!("{other:?}"),
        };
        spans
            .map(|span| Span {
                attributes: span
                    .attributes
                    .into_iter()
                    .map(|pair| (pair.key, text(pair.value.and_then(|value| value.value))))
                    .collect(),
                id: span.span_id,
                parent: span.parent_span_id,
                trace: span.trace_id,
                name: span.name,
            })
            .collect()
    }
}

#[tokio::test]
async fn a_collector_gets_each_visit_with_its_calls_and_writes() {
    let (collector, endpoint) = Collector::start().await;
    let world = World::builder("traces").without_operator().start().await;
    let mut process = world.operator_process("operator", &["--otlp-endpoint", &endpoint]).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let ledger = world.ledger_of("hello").await;
    process.terminate();
    assert_eq!(process.wait(PATIENCE).await.code(), Some(0), "what is left is sent before the end");

    let (spans, namespace) = (collector.spans(), world.namespace.name());
    let object = [("kind", "LambdaFunction"), ("namespace", namespace), ("name", "hello")];
    for call in &ledger {
        let expected = [
            ("operation", call.operation.as_str()),
            ("request_id", call.request_id.as_str()),
            ("code", "OK"),
        ];
        let span = spans.iter().find(|span| span.name == call.operation && span.has(&expected));
        let span = span.unwrap_or_else(|| panic!("no span for {call:?} in {spans:#?}"));
        let visit = spans.iter().find(|visit| visit.id == span.parent).expect("its visit was sent too");
        assert!(visit.name == "reconcile" && visit.has(&object), "{visit:?}");
        assert_eq!(visit.trace, span.trace);
    }
    let last =
        spans.iter().filter(|span| span.name == "reconcile").any(|span| span.has(&[("reason", "Available")]));
    assert!(last, "{spans:#?}");
    let write = spans.iter().find(|span| span.name == "write status").expect("writes of status have a span");
    assert!(spans.iter().any(|visit| visit.id == write.parent && visit.has(&object)), "{write:?}");
    let resource = collector.requests()[0].resource_spans[0].resource.clone().unwrap();
    let service = resource.attributes.iter().find(|pair| pair.key == "service.name").unwrap();
    assert_eq!(service.value.as_ref().unwrap().value, Some(Any::StringValue("lambda-operator".into())));
}

#[tokio::test]
async fn a_look_at_where_code_comes_from_is_a_call_like_any_other() {
    let (collector, endpoint) = Collector::start().await;
    let world = World::builder("traces-source").without_operator().start().await;
    world.aws().s3_put("packages", "one.zip", &crate::sources::zipped("A = 1\n")).await;
    let mut process = world.operator_process("operator", &["--otlp-endpoint", &endpoint]).await;
    let from_s3 = json!({"s3": {"bucket": "packages", "key": "one.zip"}});
    world.apply("hello", function(json!({"code": from_s3}))).await;
    world.ready("hello").await;
    process.terminate();
    process.wait(PATIENCE).await;
    let spans = collector.spans();
    let expected = [("operation", "HeadObject"), ("code", "OK")];
    let look = spans.iter().find(|span| span.name == "HeadObject" && span.has(&expected));
    let look = look.unwrap_or_else(|| panic!("no span for the look in {spans:#?}"));
    assert!(look.attributes.contains_key("request_id"), "{look:?}");
    let visit = spans.iter().find(|visit| visit.id == look.parent).expect("its visit was sent too");
    assert!(visit.name == "reconcile" && visit.has(&[("name", "hello")]), "{visit:?}");
}

#[tokio::test]
async fn no_span_has_a_secret_value_even_when_aws_repeats_it() {
    let (collector, endpoint) = Collector::start().await;
    let world = World::builder("traces-secret").without_operator().start().await;
    let mut process =
        world.operator_process("operator", &["--otlp-endpoint", &endpoint, "--log-level", "trace"]).await;
    world.secret("canary", &[("PASSWORD", CANARY)]).await;
    let text = format!("PASSWORD={CANARY} is refused");
    let refused = FaultEffect::Error(FaultError::new(400, "InvalidParameterValueException", &text));
    world.aws().inject(Fault::new("CreateFunction", refused).times(1)).await;
    let from =
        json!([{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "canary", "key": "PASSWORD"}}}]);
    world.apply("hello", function(json!({"env": from}))).await;
    world.reason("hello", "InvalidSpec").await;
    process.terminate();
    process.wait(PATIENCE).await;
    assert!(collector.spans().iter().any(|span| span.has(&[("code", "InvalidParameterValueException")])));
    for body in collector.bodies() {
        assert!(!String::from_utf8_lossy(&body).contains(CANARY), "a secret value is in a trace");
    }
}

#[tokio::test]
async fn a_collector_that_is_not_there_holds_nothing_up() {
    let world = World::builder("traces-nobody").without_operator().start().await;
    let mut process = world.operator_process("operator", &["--otlp-endpoint", "http://127.0.0.1:9"]).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    process.terminate();
    assert_eq!(process.wait(PATIENCE).await.code(), Some(0));
}
