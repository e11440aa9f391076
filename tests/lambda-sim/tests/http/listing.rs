//! Lists, and the quotas that they are there to save.

use lambda_sim::SettleDelay;
use serde_json::json;

use crate::client::{Bench, FUNCTIONS, function};

#[tokio::test]
async fn functions_are_listed_in_pages_of_fifty() {
    let bench = Bench::start().await;
    for n in 0..60 {
        bench.account.put_function(function(&format!("f{n:02}"))).await;
    }
    let first = bench.get(&format!("{FUNCTIONS}?MaxItems=10000")).await.ok();
    assert_eq!(first["Functions"].as_array().unwrap().len(), 50);
    let marker = first["NextMarker"].as_str().unwrap();
    bench.account.remove_function("f49").await;
    let second = bench.get(&format!("{FUNCTIONS}?Marker={marker}")).await.ok();
    assert_eq!(second["Functions"].as_array().unwrap().len(), 10);
    assert!(second.get("NextMarker").is_none());
    assert_eq!(bench.operations().await, ["ListFunctions", "ListFunctions"]);
}

#[tokio::test]
async fn lists_leave_out_the_states() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.call("POST", &format!("{FUNCTIONS}/hello/versions"), Some(json!({}))).await.ok();
    let listed = bench.get(FUNCTIONS).await.ok();
    let shown = &listed["Functions"][0];
    for absent in ["State", "LastUpdateStatus", "RuntimeVersionConfig"] {
        assert!(shown.get(absent).is_none(), "{absent}");
    }
    assert!(shown["FunctionArn"].as_str().unwrap().ends_with(":function:hello"));
    assert!(shown["RevisionId"].is_string() && shown["CodeSha256"].is_string());
    let all = bench.get(&format!("{FUNCTIONS}?FunctionVersion=ALL")).await.ok();
    let arns: Vec<_> =
        all["Functions"].as_array().unwrap().iter().map(|f| f["FunctionArn"].to_string()).collect();
    assert!(arns[0].ends_with("hello:$LATEST\"") && arns[1].ends_with("hello:1\""), "{arns:?}");
    bench.get(&format!("{FUNCTIONS}?FunctionVersion=x")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn accounts_and_regions_are_separate() {
    let mut bench = Bench::start().await;
    bench.created("hello").await;
    bench.region = "us-east-1".to_owned();
    assert_eq!(bench.get(FUNCTIONS).await.ok()["Functions"], json!([]));
    bench.region = crate::client::REGION.to_owned();
    bench.access_key = "AKIA999999999999".to_owned();
    bench.get(&format!("{FUNCTIONS}/hello")).await.refused(404, "ResourceNotFoundException");
    let own = bench.account.ledger().await;
    assert_eq!(own.len(), 2, "the other account's calls are in its own ledger");
    assert_eq!(bench.account.control().ledger().await.len(), 4);
}

#[tokio::test]
async fn account_settings_count_code_and_concurrency() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let reserve = json!({"ReservedConcurrentExecutions": 300});
    bench.call("PUT", "/2017-10-31/functions/hello/concurrency", Some(reserve)).await.ok();
    let settings = bench.get("/2016-08-19/account-settings").await.ok();
    assert_eq!(settings["AccountLimit"]["UnreservedConcurrentExecutions"], 700);
    assert_eq!(settings["AccountUsage"]["FunctionCount"], 1);
}

#[tokio::test]
async fn quotas_throttle_with_retry_after() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.quotas = true).await;
    let mut throttled = None;
    for _ in 0..40 {
        let answer = bench.get(FUNCTIONS).await;
        if answer.status == 429 {
            throttled = Some(answer);
            break;
        }
    }
    let throttled = throttled.expect("more than 15 calls a second");
    assert_eq!(throttled.retry_after.as_deref(), Some("1"));
    assert_eq!(throttled.body["Reason"], "CallerRateLimitExceeded");
    assert_eq!(throttled.refused(429, "TooManyRequestsException"), "Rate exceeded");
    let ledger = bench.account.ledger().await;
    let last = ledger.last().unwrap();
    assert_eq!((last.status, last.error.as_deref()), (429, Some("TooManyRequestsException")));
    bench.get(&format!("{FUNCTIONS}/hello")).await.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn a_number_of_polls_can_be_set() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.settle_delay(SettleDelay::Reads(1))).await;
    bench.create(function("hello")).await.ok();
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Pending");
    bench.get(FUNCTIONS).await.ok();
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Active");
}
