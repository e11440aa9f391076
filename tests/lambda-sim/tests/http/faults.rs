//! Injected faults, and what the ledger says of them.

use std::time::{Duration, Instant};

use lambda_sim::{Fault, FaultEffect, FaultError};
use serde_json::json;

use crate::client::{Bench, FUNCTIONS, function};

#[tokio::test]
async fn the_nth_call_fails_and_the_others_do_not() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let mut error = FaultError::service();
    error.retry_after = Some(7);
    bench.account.inject(Fault::new("GetFunction", FaultEffect::Error(error)).nth(2)).await;
    bench.function("hello").await;
    let second = bench.get(&format!("{FUNCTIONS}/hello")).await;
    assert_eq!(second.retry_after.as_deref(), Some("7"));
    second.refused(500, "ServiceException");
    bench.function("hello").await;
}

#[tokio::test]
async fn a_connection_is_cut_before_or_after_the_effect() {
    let bench = Bench::start().await;
    bench.account.inject(Fault::new("CreateFunction", FaultEffect::CutBefore).times(1)).await;
    assert!(bench.try_call("POST", FUNCTIONS, Some(function("hello"))).await.is_none());
    assert!(bench.account.function("hello").await.is_none());
    bench.account.inject(Fault::new("CreateFunction", FaultEffect::CutAfter).times(1)).await;
    assert!(bench.try_call("POST", FUNCTIONS, Some(function("hello"))).await.is_none());
    assert!(bench.account.function("hello").await.is_some());
    let ledger = bench.account.ledger().await;
    assert!(
        ledger.iter().all(|call| call.status == 0 && call.error.as_deref() == Some("ConnectionCut")),
        "{ledger:?}"
    );
    bench.create(function("hello")).await.refused(409, "ResourceConflictException");
}

#[tokio::test]
async fn an_error_can_hide_an_effect() {
    let bench = Bench::start().await;
    let effect = FaultEffect::ErrorAfterEffect(FaultError::service());
    bench.account.inject(Fault::new("CreateFunction", effect).resource("hello")).await;
    bench.create(function("hello")).await.refused(500, "ServiceException");
    assert!(bench.account.function("hello").await.is_some());
    bench.account.clear_faults().await;
    assert_eq!(bench.create(function("other")).await.status, 201);
}

#[tokio::test]
async fn a_role_becomes_known_after_some_calls() {
    let bench = Bench::start().await;
    bench.account.inject(Fault::role_propagation("CreateFunction", 2)).await;
    for _ in 0..2 {
        let text = bench.create(function("hello")).await.refused(400, "InvalidParameterValueException");
        assert!(text.contains("cannot be assumed by Lambda"), "{text}");
    }
    assert_eq!(bench.create(function("hello")).await.status, 201);
}

#[tokio::test]
async fn an_answer_can_be_late() {
    let bench = Bench::start().await;
    bench.account.inject(Fault::new("ListFunctions", FaultEffect::DelayMs(80)).times(1)).await;
    let start = Instant::now();
    bench.get(FUNCTIONS).await.ok();
    assert!(start.elapsed() >= Duration::from_millis(80));
}

#[tokio::test]
async fn a_held_call_goes_on_when_released() {
    let bench = Bench::start().await;
    bench.account.inject(Fault::new("CreateFunction", FaultEffect::PauseAfter).times(1)).await;
    let control = bench.account.control().clone();
    let (answer, ()) = tokio::join!(bench.create(function("hello")), async {
        let held = control.wait_for_held().await;
        assert_eq!((held.operation.as_str(), held.resource.as_deref()), ("CreateFunction", Some("hello")));
        assert!(bench.account.function("hello").await.is_some(), "the effect is there");
        control.release().await;
    });
    assert_eq!(answer.status, 201);
    assert!(control.held().await.is_empty());
}

#[tokio::test]
async fn a_caller_that_dies_before_the_effect_leaves_none() {
    let bench = Bench::start().await;
    bench.account.inject(Fault::new("CreateFunction", FaultEffect::PauseBefore).times(1)).await;
    let control = bench.account.control().clone();
    tokio::select! {
        answer = bench.create(function("hello")) => panic!("answered: {answer:?}"),
        _ = control.wait_for_held() => {}
    }
    let start = Instant::now();
    while bench.account.ledger().await[0].error.as_deref() != Some("CallerGone") {
        assert!(start.elapsed() < Duration::from_secs(10), "the simulator notices that the caller has gone");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    control.release().await;
    assert!(bench.account.function("hello").await.is_none());
}

#[tokio::test]
async fn the_ledger_keeps_requests_with_their_code_hashed() {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["Environment"] = json!({"Variables": {"KEY": "value"}});
    let answer = bench.create(request).await;
    let call = bench.account.ledger().await.remove(0);
    assert_eq!(call.request_id, answer.request_id);
    assert_eq!((call.service.as_str(), call.status), ("lambda", 201));
    assert_eq!(call.request["Environment"]["Variables"]["KEY"], "value");
    let code = call.request["Code"]["ZipFile"].as_str().unwrap();
    assert_eq!(code, format!("sha256:{}", answer.body["CodeSha256"].as_str().unwrap()));
    bench.account.clear_ledger().await;
    assert!(bench.account.ledger().await.is_empty());
}
