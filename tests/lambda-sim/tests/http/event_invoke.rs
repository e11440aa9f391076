//! Settings for asynchronous invocations.

use lambda_sim::Section;
use serde_json::{Value, json};

use crate::client::{Answer, Bench, FUNCTIONS, function};

const CONFIG: &str = "/2019-09-25/functions/hello/event-invoke-config";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";

async fn put(bench: &Bench, query: &str, body: Value) -> Answer {
    bench.call("PUT", &format!("{CONFIG}{query}"), Some(body)).await
}

async fn update(bench: &Bench, query: &str, body: Value) -> Answer {
    bench.call("POST", &format!("{CONFIG}{query}"), Some(body)).await
}

fn without_time(mut config: Value) -> Value {
    assert!(config["LastModified"].as_f64() > Some(1.7e9), "{config}");
    config.as_object_mut().unwrap().remove("LastModified");
    config
}

#[tokio::test]
async fn a_put_replaces_and_an_update_merges() {
    let bench = Bench::aliased(1).await;
    let before = bench.function("hello").await;
    let first =
        put(&bench, "", json!({"MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60})).await.ok();
    let empty = json!({"OnSuccess": {}, "OnFailure": {}});
    let whole = json!({
        "FunctionArn": format!("{ARN}:$LATEST"), "MaximumRetryAttempts": 0, "MaximumEventAgeInSeconds": 60,
        "DestinationConfig": empty,
    });
    assert_eq!(without_time(first), whole);
    assert_eq!(without_time(bench.get(CONFIG).await.ok()), whole);
    let replaced = without_time(put(&bench, "", json!({"MaximumRetryAttempts": 1})).await.ok());
    assert_eq!(
        (&replaced["MaximumRetryAttempts"], replaced.get("MaximumEventAgeInSeconds")),
        (&json!(1), None)
    );
    let queue = "arn:aws:sqs:eu-west-1:111122223333:failed";
    let failed = json!({"DestinationConfig": {"OnFailure": {"Destination": queue}}});
    let merged = without_time(update(&bench, "", failed).await.ok());
    assert_eq!(merged["MaximumRetryAttempts"], 1);
    assert_eq!(merged["DestinationConfig"], json!({"OnSuccess": {}, "OnFailure": {"Destination": queue}}));
    let cleared =
        put(&bench, "", json!({"DestinationConfig": {"OnFailure": {"Destination": ""}}})).await.ok();
    assert_eq!((&cleared["DestinationConfig"], cleared.get("MaximumRetryAttempts")), (&empty, None));
    assert_eq!(bench.function("hello").await, before, "the function doesn't change");
}

#[tokio::test]
async fn every_version_and_alias_has_its_own_and_one_list_shows_them() {
    let bench = Bench::aliased(1).await;
    let list = format!("{CONFIG}/list");
    assert_eq!(bench.get(&list).await.ok(), json!({"FunctionEventInvokeConfigs": []}));
    put(&bench, "?Qualifier=live", json!({"MaximumRetryAttempts": 2})).await.ok();
    put(&bench, "?Qualifier=1", json!({"MaximumRetryAttempts": 1})).await.ok();
    put(&bench, "?Qualifier=$LATEST", json!({"MaximumRetryAttempts": 0})).await.ok();
    let listed = bench.get(&list).await.ok();
    let seen: Vec<_> = listed["FunctionEventInvokeConfigs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|config| {
            (config["FunctionArn"].as_str().unwrap(), config["MaximumRetryAttempts"].as_u64().unwrap())
        })
        .collect();
    let arn = |qualifier: &str| format!("{ARN}:{qualifier}");
    let (latest, one, live) = (arn("$LATEST"), arn("1"), arn("live"));
    assert_eq!(seen, [(latest.as_str(), 0), (one.as_str(), 1), (live.as_str(), 2)]);
    let first = bench.get(&format!("{list}?MaxItems=2")).await.ok();
    let next = format!("{list}?MaxItems=2&Marker={}", first["NextMarker"].as_str().unwrap());
    assert_eq!(bench.get(&next).await.ok()["FunctionEventInvokeConfigs"].as_array().unwrap().len(), 1);
    bench.get(&format!("{list}?MaxItems=51")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let bench = Bench::aliased(1).await;
    let missing = "ResourceNotFoundException";
    let none = |qualifier: &str| format!("The function {ARN}:{qualifier} doesn't have an EventInvokeConfig");
    let retries = || json!({"MaximumRetryAttempts": 1});
    assert_eq!(bench.get(CONFIG).await.refused(404, missing), none("$LATEST"));
    let live = format!("{CONFIG}?Qualifier=live");
    assert_eq!(bench.call("DELETE", &live, None).await.refused(404, missing), none("live"));
    assert_eq!(update(&bench, "?Qualifier=live", retries()).await.refused(404, missing), none("live"));
    let other = "/2019-09-25/functions/other/event-invoke-config";
    for answer in [
        bench.call("PUT", other, Some(retries())).await,
        bench.call("POST", other, Some(retries())).await,
        bench.get(&format!("{other}/list")).await,
        put(&bench, "?Qualifier=dead", retries()).await,
        put(&bench, "?Qualifier=7", retries()).await,
    ] {
        assert_eq!(answer.refused(404, missing), "The function doesn't exist.");
    }
    let text = bench.get(other).await.refused(404, missing);
    assert!(text.contains(":function:other:$LATEST doesn't have"), "{text}");
    let text = put(&bench, "", json!({})).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "You must specify at least one of error handling or destination setting.");
    put(&bench, "", json!({"MaximumRetryAttempts": 3})).await.refused(400, "ValidationException");
    let mismatch = "/2019-09-25/functions/hello:live/event-invoke-config?Qualifier=1";
    bench.call("PUT", mismatch, Some(retries())).await.refused(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn results_go_where_there_is_something_that_the_role_may_write_to() {
    let bench = Bench::aliased(1).await;
    let to = |arn: &str| json!({"DestinationConfig": {"OnSuccess": {"Destination": arn}}});
    let refused =
        async |arn: &str| put(&bench, "", to(arn)).await.refused(400, "InvalidParameterValueException");
    let other = ARN.replace("hello", "other");
    assert_eq!(refused(&other).await, format!("The destination ARN {other} is invalid."));
    bench.create(function("other")).await.ok();
    put(&bench, "", to(&format!("{other}:live"))).await.ok();
    assert_eq!(refused(ARN).await, "You can't specify the function as a destination for itself.");
    let topic = "arn:aws:sns:eu-west-1:111122223333:done";
    bench.account.patch(json!({"missing_destinations": [topic]})).await;
    assert_eq!(refused(topic).await, format!("The destination ARN {topic} is invalid."));
    bench.account.patch(json!({"missing_destinations": [], "unwritable_destinations": [topic]})).await;
    assert_eq!(
        refused(topic).await,
        format!("The function's execution role does not have permissions to call Publish on {topic}")
    );
    bench.account.patch(json!({"unwritable_destinations": []})).await;
    put(&bench, "", to(topic)).await.ok();
}

#[tokio::test]
async fn settings_go_with_their_alias_version_or_function() {
    let bench = Bench::aliased(1).await;
    let retries = json!({"MaximumRetryAttempts": 1});
    for qualifier in ["live", "1", "$LATEST"] {
        put(&bench, &format!("?Qualifier={qualifier}"), retries.clone()).await.ok();
    }
    let count = async || {
        let listed = bench.get(&format!("{CONFIG}/list")).await.ok();
        listed["FunctionEventInvokeConfigs"].as_array().unwrap().len()
    };
    bench.call("DELETE", "/2015-03-31/functions/hello/aliases/live", None).await.ok();
    assert_eq!(count().await, 2);
    bench.call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier=1"), None).await.ok();
    assert_eq!(count().await, 1);
    assert_eq!(bench.call("DELETE", CONFIG, None).await.status, 204);
    put(&bench, "", retries).await.ok();
    bench.call("DELETE", &format!("{FUNCTIONS}/hello"), None).await.ok();
    bench.created("hello").await;
    assert_eq!(count().await, 0);
}

#[tokio::test]
async fn somebody_else_changes_settings() {
    let bench = Bench::aliased(1).await;
    put(&bench, "?Qualifier=live", json!({"MaximumRetryAttempts": 1})).await.ok();
    let shown = bench.account.section("hello", Some("live"), Section::EventInvoke).await.unwrap();
    assert_eq!(shown["FunctionArn"], format!("{ARN}:live"));
    bench.account.event_invoke("hello", "live", Some(json!({"MaximumEventAgeInSeconds": 90}))).await;
    let read = bench.get(&format!("{CONFIG}?Qualifier=live")).await.ok();
    assert_eq!((&read["MaximumEventAgeInSeconds"], read.get("MaximumRetryAttempts")), (&json!(90), None));
    bench.account.event_invoke("hello", "live", None).await;
    assert_eq!(bench.account.section("hello", Some("live"), Section::EventInvoke).await, None);
    bench
        .account
        .set_section("hello", None, Section::EventInvoke, Some(json!({"MaximumRetryAttempts": 0})))
        .await;
    assert_eq!(bench.get(CONFIG).await.ok()["MaximumRetryAttempts"], 0);
}
