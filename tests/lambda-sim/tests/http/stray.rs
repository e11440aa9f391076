//! Calls that never become an operation.

use crate::client::{ACCOUNT, Bench, FUNCTIONS, REGION};

#[tokio::test]
async fn calls_for_no_operation_are_in_the_ledger() {
    let bench = Bench::start().await;
    let answer = bench.get("/2015-03-31/nothing").await;
    let request_id = answer.request_id.clone();
    answer.refused(404, "UnknownOperationException");
    let call = bench.account.ledger().await.remove(0);
    assert_eq!((call.service.as_str(), call.operation.as_str()), ("lambda", "GET /2015-03-31/nothing"));
    assert_eq!((call.status, call.error.as_deref()), (404, Some("UnknownOperationException")));
    assert_eq!(call.request_id, request_id);
    assert!(call.is_read());
    bench.call("PATCH", FUNCTIONS, None).await.refused(404, "UnknownOperationException");
    assert!(bench.account.ledger().await[1].is_write());
}

#[tokio::test]
async fn calls_that_cannot_be_read_are_in_the_ledger() {
    let bench = Bench::start().await;
    for body in ["{", "[]", "\"text\""] {
        let request = bench.request("POST", FUNCTIONS, "lambda").body(body);
        let answer = crate::client::answer(request.send().await.unwrap()).await;
        answer.refused(400, "SerializationException");
    }
    let ledger = bench.account.ledger().await;
    assert_eq!(bench.operations().await, ["CreateFunction"; 3]);
    assert!(ledger.iter().all(|call| call.error.as_deref() == Some("SerializationException")));
}

#[tokio::test]
async fn unsigned_calls_are_in_the_ledger_of_nobody() {
    let bench = Bench::start().await;
    let response = bench.http.get(format!("{}{FUNCTIONS}/hello", bench.sim.endpoint())).send().await.unwrap();
    crate::client::answer(response).await.refused(403, "MissingAuthenticationTokenException");
    assert!(bench.account.ledger().await.is_empty());
    let call = bench.account.control().ledger().await.remove(0);
    assert_eq!((call.account.as_str(), call.region.as_str()), ("", ""));
    assert_eq!((call.operation.as_str(), call.resource.as_deref()), ("GetFunction", Some("hello")));
    assert_eq!(call.status, 403);
}

#[tokio::test]
async fn calls_for_no_operation_draw_on_the_quota() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.quotas = true).await;
    let mut statuses = Vec::new();
    for _ in 0..40 {
        statuses.push(bench.get("/2015-03-31/nothing").await.status);
    }
    assert!(statuses.contains(&429), "{statuses:?}");
    let ledger = bench.account.ledger().await;
    assert_eq!(ledger.len(), 40);
    assert!(ledger.iter().all(|call| (call.account.as_str(), call.region.as_str()) == (ACCOUNT, REGION)));
}

#[tokio::test]
async fn bad_credentials_come_before_the_operation() {
    let bench = Bench::start().await;
    let expired = lambda_sim::AuthError::expired_token();
    bench.account.configure(|settings| settings.auth_error = Some(expired)).await;
    bench.get("/2015-03-31/nothing").await.refused(403, "ExpiredTokenException");
}

#[tokio::test]
async fn other_services_refuse_in_their_own_way() {
    let bench = Bench::start().await;
    let response = bench.request("PUT", "/bucket/key", "s3").send().await.unwrap();
    assert_eq!(response.status().as_u16(), 501);
    assert!(response.text().await.unwrap().contains("<Code>NotImplemented</Code>"));
    let image = "AmazonEC2ContainerRegistry_V20150921.BatchGetImage";
    let request = bench.request("POST", "/", "ecr").header("x-amz-target", image).body("{");
    let answer = crate::client::answer(request.send().await.unwrap()).await;
    answer.refused(400, "SerializationException");
    let ledger = bench.account.ledger().await;
    let seen = |at: usize| (ledger[at].service.as_str(), ledger[at].operation.as_str(), ledger[at].status);
    assert_eq!(seen(0), ("s3", "PUT /bucket/key", 501));
    assert_eq!(ledger[0].error.as_deref(), Some("NotImplemented"));
    assert_eq!(seen(1), ("ecr", "BatchGetImage", 400));
}
