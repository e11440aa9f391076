//! Values of Secrets reach AWS and nothing else: a canary is looked for in everything that a real operator
//! process says, at its most talkative, when all is well and when AWS repeats the request in its errors.

use std::time::Duration;

use cluster_tests::{World, condition, fetch, function, serving_address};
use k8s_openapi::ByteString;
use lambda_sim::{AuthError, Failure, Fault, FaultEffect, FaultError, Outcome};
use serde_json::json;
use test_support::{Process, eventually};

use super::invocation::{KIND as INVOCATION, ended, put_hello};

/// Looked for as it is and, since errors quote JSON, by its middle alone.
const CANARY: &str = "canary-7f3a9c-\"quoted\"\\and\nbroken-5e1d";
/// What must not be seen.
const TRACES: [&str; 3] = ["canary-7f3a9c", "broken-5e1d", "cGFzc3dvcmQ-canary"];
/// A canary without anything to escape.
const PLAIN: &str = "cGFzc3dvcmQ-canary-11";

const CONFIGURATION: &str = "UpdateFunctionConfiguration";

/// A world with an operator as a process of its own that logs as `level` says.
async fn world_with_process(name: &str, level: &str) -> (World, Process) {
    let world = World::builder(name).without_operator().start().await;
    let process = world.operator_process(name, &["--log-level", level, "--recheck-refused", "1s"]).await;
    (world, process)
}

/// What /metrics shows.
async fn metrics(process: &Process) -> String {
    let text = fetch(serving_address(process).await, "/metrics").await;
    assert!(text.contains("lambda_operator"), "{text}");
    text
}

/// Everything that the operator has said so far.
async fn everything_said(world: &World, process: &Process) -> Vec<(&'static str, String)> {
    let kubectl =
        |what: &'static str| world.kubectl(&["get", what, "-o", "json", "--show-managed-fields"]).run();
    vec![
        ("the objects with their managedFields", kubectl("lambdafunctions,lambdainvocations").await.stdout),
        ("the Events", kubectl("events.events.k8s.io").await.stdout),
        ("the metrics", metrics(process).await),
        ("the log", process.log()),
    ]
}

/// A value as the API server stores it.
fn encoded(value: &str) -> String {
    json!(ByteString(value.as_bytes().to_vec())).as_str().unwrap().trim_end_matches('=').to_owned()
}

async fn assert_silent(world: &World, process: &Process) {
    let encoded = [encoded(CANARY), encoded(PLAIN)];
    for (place, text) in everything_said(world, process).await {
        for trace in TRACES.into_iter().chain(encoded.iter().map(String::as_str)) {
            let line = text.lines().find(|line| line.contains(trace));
            assert_eq!(line, None, "a secret value is in {place}");
        }
    }
}

async fn canary_secret(world: &World) {
    world.secret("database", &[("AWKWARD", CANARY), ("PLAIN", PLAIN)]).await;
}

fn with_secret() -> serde_json::Value {
    json!({"envFrom": [{"secretRef": {"name": "database"}}]})
}

/// A function from its creation to its deletion, seen by an operator that logs as `level` says.
async fn assert_a_silent_life(name: &str, level: &str, spoken: &str) {
    let (world, process) = world_with_process(name, level).await;
    canary_secret(&world).await;
    world.apply("hello", function(with_secret())).await;
    world.ready("hello").await;
    let function = world.aws().function("hello").await.unwrap();
    let variables = &function["Configuration"]["Environment"]["Variables"];
    assert_eq!((&variables["AWKWARD"], &variables["PLAIN"]), (&json!(CANARY), &json!(PLAIN)));
    world.aws().clear_ledger().await;
    world.secret("database", &[("AWKWARD", CANARY), ("PLAIN", "cGFzc3dvcmQ-canary-22")]).await;
    world.until_called("hello", CONFIGURATION, 1).await;
    world.ready("hello").await;
    assert_silent(&world, &process).await;
    world.delete("hello").await;
    world.gone("hello").await;
    assert_silent(&world, &process).await;
    assert!(process.log().contains(spoken), "it was to log at {level}");
}

#[tokio::test]
async fn a_secret_value_reaches_aws_and_nothing_else_at_debug() {
    assert_a_silent_life("canary-debug", "debug", "DEBUG").await;
}

#[tokio::test]
async fn a_secret_value_reaches_aws_and_nothing_else_at_trace() {
    assert_a_silent_life("canary-trace", "trace", "DEBUG").await;
}

#[tokio::test]
async fn a_secret_value_reaches_aws_and_nothing_else_with_every_library_at_trace() {
    assert_a_silent_life("canary-all", "lambda_operator=trace,trace", "TRACE").await;
}

/// Errors that repeat what was sent, whole or in part.
fn quoting() -> [(&'static str, u16, String); 6] {
    let json = json!({"AWKWARD": CANARY, "PLAIN": PLAIN}).to_string();
    let measured = "environment variables you have provided exceeded the 4KB limit. String measured";
    [
        ("InvalidParameterValueException", 400, format!("{measured}: {json}")),
        ("InvalidParameterValueException", 400, format!("{measured}: {}", &json[..json.len() - 9])),
        (
            "ValidationException",
            400,
            format!(
                "1 validation error detected: Value '{json}' at 'environment.variables' failed to satisfy constraint"
            ),
        ),
        (
            "ValidationException",
            400,
            format!(
                "1 validation error detected: Value '{{PLAIN={PLAIN}, AWKWARD={CANARY}}}' failed to satisfy constraint: Map value must satisfy constraint"
            ),
        ),
        ("InvalidParameterValueException", 400, format!("The value {PLAIN} is not what Lambda takes.")),
        ("ServiceException", 500, format!("An error occurred while processing {json}")),
    ]
}

#[tokio::test]
async fn errors_that_repeat_the_request_are_told_without_its_values() {
    let (world, process) = world_with_process("canary-quoted", "trace").await;
    canary_secret(&world).await;
    for (number, (code, status, text)) in quoting().into_iter().enumerate() {
        let name = format!("hello-{number}");
        let error = FaultEffect::Error(FaultError::new(status, code, &text));
        world.aws().inject(Fault::new("CreateFunction", error.clone()).resource(&name)).await;
        world.apply(&name, function(with_secret())).await;
        world.warning(&name, if status == 500 { "AWSUnavailable" } else { "InvalidSpec" }, &[code]).await;
        world.aws().clear_faults().await;
        world.ready(&name).await;
        world.aws().inject(Fault::new(CONFIGURATION, error).resource(&name)).await;
        world.patch(&name, json!({"spec": {"memorySize": 256}})).await;
        world
            .warning(&name, if status == 500 { "AWSUnavailable" } else { "InvalidSpec" }, &[CONFIGURATION])
            .await;
        world.aws().clear_faults().await;
        world.ready(&name).await;
    }
    assert_silent(&world, &process).await;
}

#[tokio::test]
async fn no_other_way_to_fail_tells_a_value() {
    let (world, process) = world_with_process("canary-failing", "trace").await;
    canary_secret(&world).await;
    world.aws().configure(|aws| aws.auth_error = Some(AuthError::expired_token())).await;
    world.apply("hello", function(with_secret())).await;
    world.problem("hello", "AccessDenied", &["ExpiredToken"]).await;
    world.aws().configure(|aws| aws.auth_error = None).await;
    world.ready("hello").await;
    for effect in [FaultEffect::CutBefore, FaultEffect::CutAfter] {
        world.aws().inject(Fault::new(CONFIGURATION, effect).times(1)).await;
    }
    world.aws().configure(|aws| aws.fail_update = Some(Failure::new("InternalError", "lost"))).await;
    world.patch("hello", json!({"spec": {"memorySize": 256}})).await;
    world.warning("hello", "AWSUnavailable", &["InternalError"]).await;
    world.aws().configure(|aws| aws.fail_update = None).await;
    world.ready("hello").await;
    // A key that Lambda reserves, in a Secret: the key is told, its value is not.
    world.secret("database", &[("AWS_REGION", PLAIN)]).await;
    world.problem("hello", "InvalidSpec", &["AWS_REGION", "Secret database"]).await;
    world.secret("database", &[("LARGE", &format!("{PLAIN}{}", "x".repeat(5000)))]).await;
    let large = |object: &lambda_operator_crds::LambdaFunction| {
        condition(object, "Ready").is_some_and(|ready| ready.message.contains("LARGE"))
    };
    world.until("hello", "the variable that is too large is named", large).await;
    canary_secret(&world).await;
    world.ready("hello").await;
    eventually(Duration::from_mins(1), "the last Event", || async {
        world.events("hello").await.iter().any(|(_, _, note)| note.contains("LARGE")).then_some(())
    })
    .await;
    assert_silent(&world, &process).await;
}

/// An invocation whose payload is a Secret's.
fn with_secret_payload() -> serde_json::Value {
    let source = json!({"secretKeyRef": {"name": "event", "key": "event.json"}});
    json!({"functionName": "hello", "payloadFrom": source})
}

fn secret_payload() -> serde_json::Value {
    json!({"awkward": CANARY, "plain": PLAIN})
}

/// A world with that payload in its Secret, and a function for it.
async fn world_with_payload(name: &str, level: &str) -> (World, Process) {
    let (world, process) = world_with_process(name, level).await;
    put_hello(&world).await;
    world.secret("event", &[("event.json", &secret_payload().to_string())]).await;
    (world, process)
}

#[tokio::test]
async fn a_payload_from_a_secret_reaches_the_function_and_nothing_else() {
    let (world, process) = world_with_payload("canary-payload", "lambda_operator=trace,trace").await;
    // Answers that repeat it, in success and in failure.
    world.objects(INVOCATION).apply("repeated", with_secret_payload()).await;
    ended(&world, "repeated", "Completed").await;
    assert_eq!(world.aws().invocations("hello").await[0].event, secret_payload());
    let outcome = Outcome::raises("KeyError", CANARY).logs(CANARY).logs(PLAIN);
    world.aws().next_invocation("hello", outcome).await;
    world.objects(INVOCATION).apply("raised", with_secret_payload()).await;
    ended(&world, "raised", "FunctionFailed").await;
    world.secret("event", &[("event.json", &format!("{{{PLAIN}"))]).await;
    world.objects(INVOCATION).apply("broken", with_secret_payload()).await;
    world.warning("broken", "InvalidSpec", &["key event.json of Secret event is not JSON"]).await;
    assert_silent(&world, &process).await;
    let whole = encoded(&secret_payload().to_string());
    assert!(!everything_said(&world, &process).await.iter().any(|(_, text)| text.contains(&whole)));
}

#[tokio::test]
async fn errors_that_repeat_a_payload_are_told_without_it() {
    let (world, process) = world_with_payload("canary-payload-quoted", "trace").await;
    for (number, (code, status, _)) in quoting().into_iter().enumerate() {
        let name = format!("quoted-{number}");
        let text = format!("Could not read '{}' at {PLAIN}: {CANARY}", secret_payload());
        world.aws().inject(Fault::error("Invoke", status, code, &text).times(1)).await;
        world.objects(INVOCATION).apply(&name, with_secret_payload()).await;
        let reason = if status == 500 { "OutcomeUnknown" } else { "InvalidSpec" };
        ended(&world, &name, reason).await;
        world.warning(&name, reason, &[code]).await;
    }
    assert_silent(&world, &process).await;
}
