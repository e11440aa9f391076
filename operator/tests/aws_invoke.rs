//! Invocations, through the real SDK, against the simulator.
#![allow(clippy::unwrap_used, reason = "this is a test")]

use std::time::{Duration, Instant};

use lambda_operator::aws::{Answer, AwsError, Class, Invocation};
use lambda_sim::{Fault, FaultEffect, FaultError, Outcome};
use serde_json::json;

mod aws_support;
use aws_support::{USER, World, plain, world, world_with};

const PLAIN: Invocation<'_> = Invocation {
    function: "f",
    qualifier: None,
    kind: "RequestResponse",
    payload: "",
    tenant: None,
    client_context: None,
    durable_name: None,
    with_log: false,
    patience: Duration::from_secs(20),
};

impl World {
    async fn with_function(self) -> Self {
        self.function(&plain("f")).await;
        self.account.clear_ledger().await;
        self
    }

    async fn invoke(&self, invocation: &Invocation<'_>) -> Result<Answer, AwsError> {
        self.scope.invoke(invocation).await
    }

    /// The error of an invocation, and how often the function has run.
    async fn failed(&self, invocation: &Invocation<'_>) -> (AwsError, usize) {
        let error = self.invoke(invocation).await.err().expect("it fails");
        (error, self.account.invocations("f").await.len())
    }
}

#[tokio::test]
async fn what_is_asked_for_reaches_the_function_and_its_answer_comes_back() {
    let world = world().await.with_function().await;
    let outcome = Outcome::returns(&json!({"total": 3})).logs("counting");
    world.account.next_invocation("f", outcome).await;
    let asked = Invocation { payload: r#"{"n": 1}"#, with_log: true, ..PLAIN };
    let answer = world.invoke(&asked).await.unwrap();
    assert_eq!((answer.status, answer.version.as_deref()), (200, Some("$LATEST")));
    assert_eq!((answer.payload.as_slice(), answer.function_error), (br#"{"total":3}"#.as_slice(), None));
    assert!(answer.log.unwrap().contains("\ncounting\n"));
    let made = world.account.invocations("f").await;
    assert_eq!((&made[0].event, Some(&made[0].request_id)), (&json!({"n": 1}), answer.request_id.as_ref()));
    let call = world.account.ledger().await.remove(0);
    let sent = json!({"InvocationType": "RequestResponse", "LogType": "Tail", "Payload": r#"{"n": 1}"#});
    assert_eq!(call.request, sent);
}

#[tokio::test]
async fn events_and_dry_runs_answer_with_their_status() {
    let world = world().await.with_function().await;
    for (kind, status) in [("Event", 202), ("DryRun", 204)] {
        let answer = world.invoke(&Invocation { kind, ..PLAIN }).await.unwrap();
        assert_eq!((answer.status, answer.payload, answer.log), (status, vec![], None), "{kind}");
    }
    assert_eq!(world.account.invocations("f").await.len(), 1);
}

#[tokio::test]
async fn a_function_that_fails_is_an_answer() {
    let world = world().await.with_function().await;
    world.account.next_invocation("f", Outcome::raises("KeyError", "'order'")).await;
    let answer = world.invoke(&PLAIN).await.unwrap();
    assert_eq!((answer.status, answer.function_error.as_deref()), (200, Some("Unhandled")));
}

#[tokio::test]
async fn what_is_refused_before_the_function_runs_is_known_not_to_have_run() {
    let world = world().await.with_function().await;
    for (status, code, class) in [
        (429, "TooManyRequestsException", Class::Throttled),
        (409, "ResourceConflictException", Class::InProgress),
        (502, "ENINotReadyException", Class::InProgress),
        (502, "KMSDisabledException", Class::DependencyMissing),
        (502, "EC2ThrottledException", Class::Transient),
        (403, "AccessDeniedException", Class::AccessDenied),
        (400, "InvalidParameterValueException", Class::Terminal),
    ] {
        let refusal = FaultEffect::Error(FaultError::new(status, code, "no"));
        world.account.inject(Fault::new("Invoke", refusal).times(1)).await;
        let (error, runs) = world.failed(&PLAIN).await;
        assert_eq!((error.class, error.unknown_outcome, runs), (class, false, 0), "{code}");
    }
    let (error, _) = world.failed(&Invocation { function: "gone", ..PLAIN }).await;
    assert_eq!((error.class, error.unknown_outcome), (Class::Gone, false));
}

#[tokio::test]
async fn without_an_answer_nobody_knows() {
    let world = world().await.with_function().await;
    let service = || FaultError::service();
    for (effect, ran) in [
        (FaultEffect::CutBefore, 0),
        (FaultEffect::CutAfter, 1),
        (FaultEffect::Error(service()), 1),
        (FaultEffect::ErrorAfterEffect(service()), 2),
        (FaultEffect::DelayMs(5000), 3),
    ] {
        world.account.inject(Fault::new("Invoke", effect.clone()).times(1)).await;
        let asked = Invocation { patience: Duration::from_millis(500), ..PLAIN };
        let (error, runs) = world.failed(&asked).await;
        assert!(error.unknown_outcome, "{effect:?}: {error}");
        assert_eq!(runs, ran, "{effect:?}");
    }
    let calls = world.calls().await;
    assert_eq!(calls, vec!["Invoke"; 5], "each is sent once, and never again by the SDK");
}

#[tokio::test]
async fn a_function_may_take_longer_than_any_other_call() {
    let world = world_with(|settings| settings.call_timeout = Duration::from_millis(300)).await;
    world.account.put_function(json!({
        "FunctionName": "f", "Runtime": "nodejs22.x", "Handler": "index.handler", "Role": aws_support::ROLE,
        "Code": {"S3Bucket": "b", "S3Key": "k"},
    })).await;
    let late = || Fault::new("*", FaultEffect::DelayMs(900)).times(1);
    world.account.inject(late()).await;
    assert_eq!(world.scope.get_function("f", USER).await.unwrap_err().code, "TimedOut");
    world.account.inject(late()).await;
    assert_eq!(world.invoke(&PLAIN).await.unwrap().status, 200);
}

#[tokio::test]
async fn invocations_take_nothing_from_the_quota_of_the_control_plane_and_leave_it_alone() {
    let world = world_with(|settings| (settings.quotas_enabled, settings.quota_share) = (true, 0.1)).await;
    let world = world.with_function().await;
    let start = Instant::now();
    for _ in 0..60 {
        world.invoke(&PLAIN).await.unwrap();
    }
    let refusal = FaultEffect::Error(FaultError { retry_after: Some(60), ..FaultError::throttled() });
    world.account.inject(Fault::new("Invoke", refusal)).await;
    assert_eq!(world.failed(&PLAIN).await.0.class, Class::Throttled);
    world.scope.get_function("f", USER).await.unwrap();
    assert!(
        start.elapsed() < Duration::from_secs(20),
        "1.5 a second would be allowed: {:?}",
        start.elapsed()
    );
}

#[tokio::test]
async fn nothing_of_a_payload_is_in_an_error() {
    let world = world().await.with_function().await;
    let payload = r#"{"password": "hunter2-and-more"}"#;
    for code in ["InvalidRequestContentException", "InvalidParameterValueException"] {
        let text = format!("Could not parse '{payload}' at hunter2-and-more");
        let refusal = FaultEffect::Error(FaultError::new(400, code, &text));
        world.account.inject(Fault::new("Invoke", refusal).times(1)).await;
        let (error, _) = world.failed(&Invocation { payload, ..PLAIN }).await;
        assert!(!error.to_string().contains("hunter2") && error.code == code, "{error}");
    }
}
