//! Versions that take their time, and may fail.

use lambda_sim::{Failure, SettleDelay};
use serde_json::{Value, json};

use crate::client::{Bench, FUNCTIONS, function};

async fn with_snap_start() -> Bench {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["SnapStart"] = json!({"ApplyOn": "PublishedVersions"});
    bench.account.put_function(request).await;
    bench
}

async fn publish(bench: &Bench, request: Value) -> Value {
    bench.call("POST", &format!("{FUNCTIONS}/hello/versions"), Some(request)).await.ok()
}

async fn version(bench: &Bench, number: &str) -> Value {
    bench.get(&format!("{FUNCTIONS}/hello/configuration?Qualifier={number}")).await.ok()
}

#[tokio::test]
async fn a_version_has_a_delay_of_its_own() {
    let bench = with_snap_start().await;
    bench.account.configure(|settings| settings.version_settle = Some(SettleDelay::Reads(1))).await;
    let published = publish(&bench, json!({})).await;
    assert_eq!((&published["State"], &published["StateReasonCode"]), (&json!("Pending"), &json!("Creating")));
    assert_eq!(version(&bench, "1").await["State"], "Pending");
    let active = version(&bench, "1").await;
    assert_eq!(active["State"], "Active");
    assert_ne!(active["RevisionId"], published["RevisionId"], "settling gives a new revision");
    assert!(active.get("LastUpdateStatus").is_none());
    bench.create(function("other")).await.ok();
    assert_eq!(bench.function("other").await["Configuration"]["State"], "Active", "creates have their own");
}

#[tokio::test]
async fn latest_can_be_changed_while_a_version_is_pending() {
    let bench = with_snap_start().await;
    bench.account.configure(|settings| settings.version_settle = Some(SettleDelay::Hold)).await;
    publish(&bench, json!({})).await;
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    bench.function("hello").await;
    assert_eq!(publish(&bench, json!({})).await["Version"], "2");
    assert_eq!(version(&bench, "1").await["State"], "Pending");
    bench.account.settle().await;
    assert_eq!(version(&bench, "1").await["State"], "Active");
}

#[tokio::test]
async fn a_version_fails_by_itself_and_is_what_publishing_again_answers() {
    let bench = with_snap_start().await;
    let failure = Failure::new("FunctionError.InitTimeout", "the function took too long");
    bench.account.configure(|settings| settings.fail_version = Some(failure)).await;
    publish(&bench, json!({})).await;
    let failed = version(&bench, "1").await;
    assert_eq!(failed["State"], "Failed");
    assert_eq!(failed["StateReasonCode"], "FunctionError.InitTimeout");
    assert_eq!(failed["StateReason"], "the function took too long");
    assert_eq!(bench.function("hello").await["Configuration"]["State"], "Active");
    bench.account.configure(|settings| settings.fail_version = None).await;
    let again = publish(&bench, json!({"Description": "once more"})).await;
    assert_eq!((&again["Version"], &again["State"]), (&json!("1"), &json!("Failed")));
    bench.call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier=1"), None).await.ok();
    assert_eq!(publish(&bench, json!({})).await["Version"], "2", "numbers aren't given twice");
    assert_eq!(version(&bench, "2").await["State"], "Active");
}

#[tokio::test]
async fn a_description_of_latest_makes_a_difference() {
    let bench = with_snap_start().await;
    assert_eq!(publish(&bench, json!({})).await["Version"], "1");
    bench.update("hello", json!({"Description": "token"})).await.ok();
    bench.function("hello").await;
    let second = publish(&bench, json!({"Description": "mine"})).await;
    assert_eq!((&second["Version"], &second["Description"]), (&json!("2"), &json!("mine")));
    bench.update("hello", json!({"Description": ""})).await.ok();
    bench.function("hello").await;
    assert_eq!(publish(&bench, json!({})).await["Version"], "3", "it is compared with the last version only");
}
