//! Published versions.

use base64::Engine as _;
use serde_json::json;

use crate::client::{Bench, FUNCTIONS, function, zip};

async fn publish(bench: &Bench, request: serde_json::Value) -> crate::client::Answer {
    bench.call("POST", &format!("{FUNCTIONS}/hello/versions"), Some(request)).await
}

#[tokio::test]
async fn publishing_twice_without_a_change_is_one_version() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    let first = publish(&bench, json!({"Description": "one"})).await;
    assert_eq!(first.status, 201);
    let first = first.ok();
    assert_eq!((first["Version"].as_str(), first["State"].as_str()), (Some("1"), Some("Active")));
    assert_eq!(first["LastUpdateStatus"], "Successful");
    assert!(first["FunctionArn"].as_str().unwrap().ends_with(":function:hello:1"));
    let latest = bench.function("hello").await;
    assert_ne!(latest["Configuration"]["RevisionId"], before["Configuration"]["RevisionId"]);
    let again = publish(&bench, json!({"Description": "two"})).await.ok();
    assert_eq!((again["Version"].as_str(), again["Description"].as_str()), (Some("1"), Some("one")));
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    bench.function("hello").await;
    assert_eq!(publish(&bench, json!({})).await.ok()["Version"], "2");
}

#[tokio::test]
async fn guards_protect_against_changes_in_between() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let text =
        publish(&bench, json!({"CodeSha256": "other"})).await.refused(400, "InvalidParameterValueException");
    assert!(
        text.starts_with("CodeSHA256 (other) is different from current CodeSHA256 in $LATEST ("),
        "{text}"
    );
    publish(&bench, json!({"RevisionId": "old"})).await.refused(412, "PreconditionFailedException");
}

#[tokio::test]
async fn publishing_with_the_code_answers_with_the_version() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let request = json!({"ZipFile": zip("2"), "Publish": true});
    let published = bench.update_code("hello", request).await.ok();
    assert_eq!((published["Version"].as_str(), published["State"].as_str()), (Some("1"), Some("Pending")));
    assert!(published.get("LastUpdateStatus").is_none());
}

#[tokio::test]
async fn creating_with_publish_makes_version_one() {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["Publish"] = json!(true);
    assert_eq!(bench.create(request).await.ok()["Version"], "1");
    let listed = bench.get(&format!("{FUNCTIONS}/hello/versions")).await.ok();
    let versions: Vec<_> =
        listed["Versions"].as_array().unwrap().iter().map(|v| v["Version"].clone()).collect();
    assert_eq!(versions, ["$LATEST", "1"]);
    let arn = listed["Versions"][0]["FunctionArn"].as_str().unwrap();
    assert!(arn.ends_with(":hello:$LATEST"), "{arn}");
    assert!(
        bench.get(&format!("{FUNCTIONS}/hello?Qualifier=1")).await.ok()["Configuration"]["State"] == "Active"
    );
}

#[tokio::test]
async fn versions_are_deleted_one_by_one_unless_an_alias_needs_them() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    publish(&bench, json!({})).await.ok();
    bench.account.put_alias("hello", json!({"Name": "live", "FunctionVersion": "1"})).await;
    let version = format!("{FUNCTIONS}/hello?Qualifier=1");
    let text = bench.call("DELETE", &version, None).await.refused(409, "ResourceConflictException");
    assert!(text.ends_with("the following aliases reference it: [live]"), "{text}");
    let aliases = bench.get(&format!("{FUNCTIONS}/hello/aliases")).await.ok();
    assert_eq!(aliases["Aliases"][0]["Name"], "live");
    bench.account.put_alias("hello", json!({"Name": "live", "FunctionVersion": "$LATEST"})).await;
    assert_eq!(bench.call("DELETE", &version, None).await.status, 204);
    bench.get(&version).await.refused(404, "ResourceNotFoundException");
    assert_eq!(bench.call("DELETE", &version, None).await.status, 204, "gone already");
    let latest = format!("{FUNCTIONS}/hello?Qualifier=%24LATEST");
    let text = bench.call("DELETE", &latest, None).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "$LATEST version cannot be deleted without deleting the function.");
    bench.function("hello").await;
}

#[tokio::test]
async fn nothing_is_published_while_an_update_is_in_progress() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    let text = publish(&bench, json!({})).await.refused(409, "ResourceConflictException");
    assert!(text.contains("An update is in progress for resource:"), "{text}");
    let settled = bench.function("hello").await;
    let guards = json!({
        "RevisionId": settled["Configuration"]["RevisionId"], "CodeSha256": settled["Configuration"]["CodeSha256"],
    });
    assert_eq!(publish(&bench, guards).await.status, 201);
}

#[tokio::test]
async fn versions_are_listed_in_pages_and_their_numbers_are_not_given_twice() {
    let bench = Bench::with_versions(60).await;
    let path = format!("{FUNCTIONS}/hello/versions");
    let first = bench.get(&path).await.ok();
    assert_eq!(first["Versions"].as_array().unwrap().len(), 50);
    assert_eq!(first["Versions"][9]["Version"], "9");
    assert!(first["Versions"][9].get("State").is_none());
    let marker = first["NextMarker"].as_str().unwrap();
    let second = bench.get(&format!("{path}?Marker={marker}")).await.ok();
    let second = second["Versions"].as_array().unwrap();
    assert_eq!((second.len(), &second[10]["Version"]), (11, &json!("60")));
    assert!(bench.account.remove_version("hello", "60").await);
    assert!(!bench.account.remove_version("hello", "60").await);
    assert_eq!(bench.account.publish_version("hello", Some("again")).await, "61");
}

#[tokio::test]
async fn the_same_code_from_another_place_is_the_same_version() {
    let bench = Bench::with_versions(1).await;
    let source = zip("def handler(e, c): return 1");
    let bytes = base64::engine::general_purpose::STANDARD.decode(source).unwrap();
    bench.account.s3_put("bucket", "key", &bytes).await;
    bench.update_code("hello", json!({"S3Bucket": "bucket", "S3Key": "key"})).await.ok();
    bench.function("hello").await;
    assert_eq!(publish(&bench, json!({})).await.ok()["Version"], "1");
}

#[tokio::test]
async fn a_publish_that_changes_nothing_needs_no_room() {
    let bench = Bench::with_versions(1).await;
    bench.account.configure(|settings| settings.code_storage = 1).await;
    assert_eq!(publish(&bench, json!({})).await.ok()["Version"], "1");
    bench.account.edit_function("hello", json!({"Timeout": 9})).await;
    publish(&bench, json!({})).await.refused(400, "CodeStorageExceededException");
}

#[tokio::test]
async fn a_version_with_snap_start_shows_no_update_status() {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["SnapStart"] = json!({"ApplyOn": "PublishedVersions"});
    bench.create(request).await.ok();
    bench.function("hello").await;
    assert_eq!(publish(&bench, json!({})).await.ok()["State"], "Pending");
    let version = bench.get(&format!("{FUNCTIONS}/hello?Qualifier=1")).await.ok();
    assert_eq!(version["Configuration"]["State"], "Active");
    assert_eq!(version["Configuration"]["SnapStart"]["OptimizationStatus"], "On");
    assert!(version["Configuration"].get("LastUpdateStatus").is_none());
}

#[tokio::test]
async fn what_versions_have_of_their_own_is_what_a_test_says() {
    let bench = Bench::with_versions(2).await;
    let provisioned = "/2019-09-30/functions/hello/provisioned-concurrency?List=ALL";
    let invokes = "/2019-09-25/functions/hello/event-invoke-config/list";
    for (path, member) in
        [(provisioned, "ProvisionedConcurrencyConfigs"), (invokes, "FunctionEventInvokeConfigs")]
    {
        assert_eq!(bench.get(path).await.ok()[member], json!([]));
    }
    bench.account.provision("hello", "1", Some("READY")).await;
    bench.account.event_invoke("hello", "2", Some(json!({"MaximumRetryAttempts": 1}))).await;
    let arn = |number: u64| format!("arn:aws:lambda:eu-west-1:111122223333:function:hello:{number}");
    let found = bench.get(provisioned).await.ok();
    assert_eq!(found["ProvisionedConcurrencyConfigs"][0]["FunctionArn"], arn(1));
    let found = bench.get(invokes).await.ok();
    assert_eq!(found["FunctionEventInvokeConfigs"][0]["FunctionArn"], arn(2));
    bench.account.event_invoke("hello", "2", None).await;
    assert_eq!(bench.get(invokes).await.ok()["FunctionEventInvokeConfigs"], json!([]));
}

#[tokio::test]
async fn durable_executions_are_listed_by_version_and_status() {
    let bench = Bench::with_versions(2).await;
    for (number, name, status) in
        [("1", "a", "RUNNING"), ("1", "b", "SUCCEEDED"), ("2", "c", "RUNNING"), ("2", "d", "STOPPED")]
    {
        bench.account.durable_execution("hello", number, name, status).await;
    }
    let listed = async |query: &str| {
        let path = format!("/2025-12-01/functions/hello/durable-executions{query}");
        let found = bench.get(&path).await.ok();
        let names = found["DurableExecutions"].as_array().unwrap().iter();
        names.map(|one| one["DurableExecutionName"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, ["a", "b", "c", "d"]);
    assert_eq!(listed("?Qualifier=1").await, ["a", "b"]);
    assert_eq!(listed("?Qualifier=2&Statuses=RUNNING&Statuses=STOPPED").await, ["c", "d"]);
    assert_eq!(listed("?Statuses=RUNNING&MaxItems=1").await, ["a"]);
    bench.account.durable_execution("hello", "1", "a", "TIMED_OUT").await;
    assert_eq!(listed("?Statuses=RUNNING").await, ["c"]);
}
