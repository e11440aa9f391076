//! Invocations: what reaches a function, what is refused before, and how the answer comes back.

use aws_smithy_eventstream::frame::read_message_from;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_sim::{Fault, FaultEffect, Invocation, Outcome};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, answer, function};

const INVOKE: &str = "/2015-03-31/functions/hello/invocations";
const STREAM: &str = "/2021-11-15/functions/hello/response-streaming-invocations";
const ASYNC: &str = "/2014-11-13/functions/hello/invoke-async/";

/// An answer with the headers that Invoke has.
struct Invoked {
    answer: Answer,
    version: Option<String>,
    function_error: Option<String>,
    log: Option<String>,
}

impl Bench {
    async fn send(&self, path: &str, headers: &[(&str, &str)], payload: &str) -> reqwest::Response {
        let mut request = self.request("POST", path, "lambda").body(payload.to_owned());
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.unwrap()
    }

    async fn invoke(&self, path: &str, headers: &[(&str, &str)], payload: &str) -> Invoked {
        let response = self.send(path, headers, payload).await;
        let header =
            |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
        let log =
            header("x-amz-log-result").map(|log| String::from_utf8(STANDARD.decode(log).unwrap()).unwrap());
        let (version, function_error) = (header("x-amz-executed-version"), header("x-amz-function-error"));
        Invoked { answer: answer(response).await, version, function_error, log }
    }

    async fn made(&self) -> Vec<Invocation> {
        self.account.invocations("hello").await
    }
}

#[tokio::test]
async fn a_function_answers_with_its_event_until_it_is_told_otherwise() {
    let bench = Bench::with_function().await;
    bench.account.next_invocation("hello", Outcome::returns(&json!({"total": 3}))).await;
    let first = bench.invoke(INVOKE, &[], r#"{"n": 1}"#).await;
    assert_eq!((first.answer.status, &first.answer.body), (200, &json!({"total": 3})));
    assert_eq!((first.version.as_deref(), first.function_error, first.log), (Some("$LATEST"), None, None));
    let second = bench.invoke(INVOKE, &[("x-amz-invocation-type", "RequestResponse")], "[2]").await;
    assert_eq!(second.answer.body, json!([2]));
    assert_eq!(bench.invoke(INVOKE, &[], "").await.answer.body, json!({}));
    let made = bench.made().await;
    assert_eq!(
        made.iter().map(|one| &one.event).collect::<Vec<_>>(),
        [&json!({"n": 1}), &json!([2]), &json!({})]
    );
    assert_eq!((made[0].operation.as_str(), made[0].invocation_type.as_str()), ("Invoke", "RequestResponse"));
    assert_eq!(made[0].request_id, first.answer.request_id);
    let ledger = bench.account.ledger().await;
    let call = ledger.iter().find(|call| call.request_id == first.answer.request_id).unwrap();
    assert_eq!((call.operation.as_str(), call.resource.as_deref()), ("Invoke", Some("hello")));
    assert_eq!(call.request, json!({"Payload": "{\"n\": 1}"}));
}

#[tokio::test]
async fn a_function_error_is_a_success_with_a_header() {
    let bench = Bench::with_function().await;
    let outcome = Outcome::raises("KeyError", "'order'").logs("looking for the order");
    bench.account.next_invocation("hello", outcome).await;
    let failed = bench.invoke(INVOKE, &[("x-amz-log-type", "Tail")], "{}").await;
    assert_eq!((failed.answer.status, failed.function_error.as_deref()), (200, Some("Unhandled")));
    assert_eq!(failed.answer.body["errorType"], "KeyError");
    let log = failed.log.unwrap();
    assert!(
        log.contains("\nlooking for the order\nEND RequestId") && log.contains("Billed Duration"),
        "{log}"
    );
}

#[tokio::test]
async fn an_event_is_only_accepted_and_a_dry_run_leaves_the_function_alone() {
    let bench = Bench::with_function().await;
    for kind in ["Event", "DryRun"] {
        bench.account.next_invocation("hello", Outcome::returns(&json!(kind))).await;
    }
    let event = bench.invoke(INVOKE, &[("x-amz-invocation-type", "Event")], "{}").await;
    assert_eq!((event.answer.status, event.answer.text.as_str(), event.version), (202, "", None));
    let dry = bench.invoke(INVOKE, &[("x-amz-invocation-type", "DryRun")], "{}").await;
    assert_eq!((dry.answer.status, dry.answer.text.as_str()), (204, ""));
    let queued = bench.invoke(ASYNC, &[], r#"{"old": true}"#).await;
    assert_eq!((queued.answer.status, queued.answer.text.as_str()), (202, ""));
    let made: Vec<_> =
        bench.made().await.into_iter().map(|one| (one.operation, one.invocation_type, one.event)).collect();
    let event = |operation: &str, event| (operation.to_owned(), "Event".to_owned(), event);
    assert_eq!(made, [event("Invoke", json!({})), event("InvokeAsync", json!({"old": true}))]);
    let unknown = bench.invoke(INVOKE, &[("x-amz-invocation-type", "Later")], "{}").await;
    assert!(
        unknown.answer.refused(400, "ValidationException").contains("Member must satisfy enum value set")
    );
    let stream = bench.invoke(STREAM, &[("x-amz-invocation-type", "Event")], "{}").await;
    stream.answer.refused(400, "ValidationException");
}

#[tokio::test]
async fn qualifiers_choose_the_version() {
    let bench = Bench::with_function().await;
    bench.call("POST", "/2015-03-31/functions/hello/versions", Some(json!({}))).await.ok();
    bench.account.put_alias("hello", json!({"Name": "live", "FunctionVersion": "1"})).await;
    let path = |qualifier: &str| format!("{INVOKE}?Qualifier={qualifier}");
    for qualifier in ["1", "live"] {
        assert_eq!(bench.invoke(&path(qualifier), &[], "").await.version.as_deref(), Some("1"));
    }
    let arn =
        INVOKE.replace("hello", "arn%3Aaws%3Alambda%3Aeu-west-1%3A111122223333%3Afunction%3Ahello%3Alive");
    assert_eq!(bench.invoke(&arn, &[], "").await.version.as_deref(), Some("1"));
    let text = bench.invoke(&path("2"), &[], "").await.answer.refused(404, "ResourceNotFoundException");
    assert!(text.ends_with("function:hello:2"), "{text}");
    let other = INVOKE.replace("hello", "other");
    bench.invoke(&other, &[], "").await.answer.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn what_cannot_be_an_event_is_refused() {
    let bench = Bench::with_function().await;
    let text =
        bench.invoke(INVOKE, &[], "not json").await.answer.refused(400, "InvalidRequestContentException");
    assert!(text.starts_with("Could not parse request body into json: "), "{text}");
    bench.invoke(ASYNC, &[], "not json").await.answer.refused(400, "InvalidRequestContentException");
    let long = format!("\"{}\"", "x".repeat(1024 * 1024));
    let event = bench.invoke(INVOKE, &[("x-amz-invocation-type", "Event")], &long).await;
    assert_eq!(
        event.answer.refused(413, "RequestEntityTooLargeException"),
        "1048578 byte payload is too large for the Event invocation type (limit 1048576 bytes)"
    );
    assert_eq!(bench.invoke(INVOKE, &[], &long).await.answer.status, 200);
    assert_eq!(bench.made().await.len(), 1);
}

#[tokio::test]
async fn a_function_that_is_not_ready_or_has_no_room_runs_nothing() {
    let bench = Bench::with_function().await;
    bench.account.edit_function("hello", json!({"State": "Pending"})).await;
    let text = bench.invoke(INVOKE, &[], "").await.answer.refused(409, "ResourceConflictException");
    assert_eq!(
        text,
        "The operation cannot be performed at this time. The function is currently in the following state: Pending"
    );
    bench.account.edit_function("hello", json!({"State": "Active", "ReservedConcurrentExecutions": 0})).await;
    for path in [INVOKE, STREAM] {
        let throttled = bench.invoke(path, &[], "").await.answer;
        assert_eq!(throttled.body["Reason"], "ReservedFunctionConcurrentInvocationLimitExceeded");
        throttled.refused(429, "TooManyRequestsException");
    }
    assert!(bench.made().await.is_empty());
    let event = bench.invoke(INVOKE, &[("x-amz-invocation-type", "Event")], "").await;
    assert_eq!(event.answer.status, 202, "it waits in a queue");
}

#[tokio::test]
async fn a_sleeping_function_is_woken_by_the_invocation_that_fails() {
    let bench = Bench::with_function().await;
    bench.account.edit_function("hello", json!({"State": "Inactive", "StateReasonCode": "Idle"})).await;
    bench.invoke(INVOKE, &[], "").await.answer.refused(409, "ResourceConflictException");
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Active");
    assert_eq!(bench.invoke(INVOKE, &[], "").await.answer.status, 200);
}

#[tokio::test]
async fn tenants_are_for_functions_that_have_them() {
    let bench = Bench::with_function().await;
    let tenant = [("x-amz-tenant-id", "blue")];
    let text = bench.invoke(INVOKE, &tenant, "").await.answer.refused(400, "InvalidParameterValueException");
    assert!(text.contains("is not enabled with tenancy configuration. Remove the tenant ID"), "{text}");
    let mut isolated = function("hello");
    isolated["TenancyConfig"] = json!({"TenantIsolationMode": "PER_TENANT"});
    bench.account.put_function(isolated).await;
    let text = bench.invoke(INVOKE, &[], "").await.answer.refused(400, "InvalidParameterValueException");
    assert!(text.contains("Add a valid tenant ID in your request and try again."), "{text}");
    assert_eq!(bench.invoke(INVOKE, &tenant, "").await.answer.status, 200);
    assert_eq!(bench.made().await[0].tenant.as_deref(), Some("blue"));
}

#[tokio::test]
async fn permission_has_another_name_than_the_operation() {
    let bench = Bench::with_function().await;
    bench.account.configure(|settings| settings.deny = ["InvokeFunction".into()].into()).await;
    for path in [INVOKE, STREAM] {
        let text = bench.invoke(path, &[], "").await.answer.refused(403, "AccessDeniedException");
        assert!(text.contains("lambda:InvokeFunction on resource: arn:aws:lambda:"), "{text}");
    }
    assert!(bench.made().await.is_empty());
}

#[tokio::test]
async fn invocations_are_outside_the_quotas_of_the_control_plane() {
    let bench = Bench::with_function().await;
    bench.account.configure(|settings| settings.quotas = true).await;
    for _ in 0..40 {
        assert_eq!(bench.invoke(INVOKE, &[], "").await.answer.status, 200);
    }
}

#[tokio::test]
async fn a_cut_answer_is_one_of_a_function_that_ran() {
    let bench = Bench::with_function().await;
    for (effect, ran) in [(FaultEffect::CutBefore, 0), (FaultEffect::CutAfter, 1)] {
        bench.account.inject(Fault::new("Invoke", effect).times(1)).await;
        assert!(bench.try_call("POST", INVOKE, None).await.is_none());
        assert_eq!(bench.made().await.len(), ran);
    }
}

/// The events of a stream with their payloads.
async fn events(response: reqwest::Response) -> Vec<(String, String)> {
    let mut bytes = response.bytes().await.unwrap();
    let mut events = Vec::new();
    while !bytes.is_empty() {
        let message = read_message_from(&mut bytes).unwrap();
        let kind = message.headers().iter().find(|header| header.name().as_str() == ":event-type").unwrap();
        let kind = kind.value().as_string().unwrap().as_str().to_owned();
        events.push((kind, String::from_utf8(message.payload().to_vec()).unwrap()));
    }
    events
}

#[tokio::test]
async fn a_stream_brings_the_parts_and_then_the_end() {
    let bench = Bench::with_function().await;
    bench.account.next_invocation("hello", Outcome::default().part("one ").part("two").logs("hi")).await;
    let response = bench.send(STREAM, &[("x-amz-log-type", "Tail")], "{}").await;
    assert_eq!(response.headers()["content-type"], "application/vnd.amazon.eventstream");
    assert_eq!(response.headers()["x-amz-executed-version"], "$LATEST");
    let events = events(response).await;
    let named = |at: usize| (events[at].0.as_str(), events[at].1.as_str());
    assert_eq!((named(0), named(1)), (("PayloadChunk", "one "), ("PayloadChunk", "two")));
    assert_eq!((events[2].0.as_str(), events.len()), ("InvokeComplete", 3));
    let end: Value = serde_json::from_str(&events[2].1).unwrap();
    let log = STANDARD.decode(end["LogResult"].as_str().unwrap()).unwrap();
    assert!(String::from_utf8(log).unwrap().contains("\nhi\n") && end.get("ErrorCode").is_none());
    assert_eq!(bench.made().await[0].operation, "InvokeWithResponseStream");
}

#[tokio::test]
async fn a_stream_of_a_function_that_fails_says_so_at_the_end() {
    let bench = Bench::with_function().await;
    bench.account.next_invocation("hello", Outcome::raises("ValueError", "no")).await;
    let events = events(bench.send(STREAM, &[], "").await).await;
    let end: Value = serde_json::from_str(&events[0].1).unwrap();
    assert_eq!(
        (events.len(), events[0].0.as_str(), &end["ErrorCode"]),
        (1, "InvokeComplete", &json!("Unhandled"))
    );
    assert!(end["ErrorDetails"].as_str().unwrap().contains("ValueError"));
}
