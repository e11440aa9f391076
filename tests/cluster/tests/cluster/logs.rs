//! The log as a machine reads it: one JSON object a line, from which each call to AWS can be traced.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::Call;
use serde_json::{Value, json};
use test_support::{Process, eventually};

/// The lines so far, each of which is a JSON object.
fn lines(process: &Process) -> Vec<Value> {
    let log = process.log();
    let complete = log.rfind('\n').map_or("", |end| &log[..end]);
    let parse = |line: &str| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    let lines: Vec<Value> = complete.lines().map(parse).collect();
    assert!(lines.iter().all(Value::is_object), "{complete}");
    lines
}

/// What a line says of itself, or what the spans around it say.
fn field<'a>(line: &'a Value, name: &str) -> Option<&'a str> {
    let spans = line["spans"].as_array().into_iter().flatten();
    [line, &line["span"]].into_iter().chain(spans).find_map(|place| place[name].as_str())
}

/// Waits until a line tells of a call: whose it was, what it was, and under which id AWS knows it.
async fn told(world: &World, process: &Process, call: &Call) {
    let object = format!("{}/hello", world.namespace.name());
    let what = format!(
        "a line with object {object}, operation {} and request id {}",
        call.operation, call.request_id
    );
    eventually(Duration::from_mins(1), &what, || async {
        let lines = lines(process);
        let of_call: Vec<Value> = lines
            .into_iter()
            .filter(|line| field(line, "request_id") == Some(call.request_id.as_str()))
            .collect();
        let complete = of_call.iter().any(|line| {
            field(line, "object") == Some(object.as_str())
                && field(line, "operation") == Some(call.operation.as_str())
        });
        if complete { Ok(()) } else { Err(json!(of_call).to_string()) }
    })
    .await;
}

/// Creates a function and has an update of it refused, with an operator that logs at this level.
async fn logged(name: &str, level: &str) -> (World, Process, Vec<Call>) {
    let world = World::builder(name).without_operator().start().await;
    let process = world.operator_process("operator", &["--log-format", "json", "--log-level", level]).await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    world.apply("hello", function(json!({"runtime": "python2.7"}))).await;
    world.problem("hello", "InvalidSpec", &["python2.7"]).await;
    let calls = world.ledger_of("hello").await;
    (world, process, calls)
}

#[tokio::test]
async fn at_debug_every_call_can_be_traced() {
    let (world, process, calls) = logged("log-debug", "debug").await;
    assert!(calls.iter().any(|call| call.operation == "CreateFunction"));
    for call in calls {
        told(&world, &process, &call).await;
    }
}

#[tokio::test]
async fn at_info_every_failed_call_can_be_traced() {
    let (world, process, calls) = logged("log-info", "info").await;
    let refused: Vec<Call> = calls.into_iter().filter(|call| call.status >= 400).collect();
    assert_eq!(refused.len(), 1);
    told(&world, &process, &refused[0]).await;
    for line in lines(&process) {
        for always in ["timestamp", "level", "message"] {
            assert!(line[always].is_string(), "no {always} in {line}");
        }
    }
}
