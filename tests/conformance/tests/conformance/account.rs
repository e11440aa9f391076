//! The account: its settings, and who is calling.

use conformance::requests::{FUNCTIONS, function};
use conformance::{Step, agree};
use serde_json::json;

use crate::settled;

#[tokio::test]
async fn limits_and_use_of_the_account() {
    let settings = |name| Step::get(name, "/2016-08-19/account-settings");
    let reserve = json!({"ReservedConcurrentExecutions": 25});
    let steps = vec![
        settings("empty"),
        Step::post("create", FUNCTIONS, function("counted")),
        settled("settled", "counted"),
        settings("with a function"),
        Step::put("reserve", "/2017-10-31/functions/counted/concurrency", reserve),
        settings("with reserved concurrency"),
    ];
    agree("account settings", steps).await;
}

#[tokio::test]
async fn sts_says_who_is_calling() {
    agree("caller", vec![Step::sts("who", "GetCallerIdentity")]).await;
}
