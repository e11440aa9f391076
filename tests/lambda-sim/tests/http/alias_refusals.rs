//! What is refused about aliases, in AWS's words.

use lambda_sim::Failure;
use serde_json::{Value, json};

use crate::aliases::ALIASES;
use crate::client::{Bench, FUNCTIONS};

const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";

fn weighted(version: &str, weights: &Value) -> Value {
    let routing = json!({"AdditionalVersionWeights": weights});
    json!({"Name": "live", "FunctionVersion": version, "RoutingConfig": routing})
}

#[tokio::test]
async fn a_second_alias_of_the_name_is_refused() {
    let bench = Bench::with_versions(1).await;
    let request = json!({"Name": "live", "FunctionVersion": "1"});
    bench.create_alias(request.clone()).await.ok();
    let text = bench.create_alias(request).await.refused(409, "ResourceConflictException");
    assert_eq!(text, format!("Alias already exists: {ARN}:live"));
}

#[tokio::test]
async fn functions_versions_and_aliases_that_are_missing_are_named() {
    let bench = Bench::with_versions(1).await;
    let missing = "ResourceNotFoundException";
    let request = json!({"Name": "live", "FunctionVersion": "10"});
    let text = bench.create_alias(request.clone()).await.refused(404, missing);
    assert_eq!(text, format!("Function not found: {ARN}:10"));
    let text = bench.create_alias(weighted("1", &json!({"10": 0.5}))).await.refused(404, missing);
    assert_eq!(text, format!("Function not found: {ARN}:10"));
    let other = format!("{FUNCTIONS}/other/aliases");
    let text = bench.call("POST", &other, Some(request)).await.refused(404, missing);
    assert_eq!(text, "Function not found: arn:aws:lambda:eu-west-1:111122223333:function:other:10");
    let text = bench.update_alias("live", json!({})).await.refused(404, missing);
    assert_eq!(text, format!("Alias not found: {ARN}:live"));
    let text = bench.get(&format!("{ALIASES}/live")).await.refused(404, missing);
    assert_eq!(text, format!("Cannot find alias arn: {ARN}:live"));
}

#[tokio::test]
async fn weights_that_make_no_sense_are_refused() {
    let bench = Bench::with_versions(2).await;
    let invalid = "InvalidParameterValueException";
    let cases = [
        (
            weighted("1", &json!({"1": 0.8, "2": 0.2})),
            invalid,
            "Number of items in AdditionalVersionWeights cannot be greater than 1",
        ),
        (
            weighted("1", &json!({"1": 0.5})),
            invalid,
            "Invalid function version 1. Function version 1 is already included in routing configuration.",
        ),
        (
            weighted("$LATEST", &json!({"1": 0.5})),
            invalid,
            "$LATEST is not supported for an alias pointing to more than 1 version",
        ),
        (weighted("1", &json!({"2": -1})), "ValidationException", "Value '{2=-1.0}' at 'routingConfig."),
        (weighted("1", &json!({"$LATEST": 0.5})), "ValidationException", "Value '{$LATEST=0.5}' at"),
        (json!({"Name": "7", "FunctionVersion": "1"}), "ValidationException", "Value '7' at 'name' failed"),
        (json!({"Name": "live"}), "ValidationException", "Value null at 'functionVersion'"),
        (json!({"Name": "live", "FunctionVersion": "one"}), "ValidationException", "at 'functionVersion'"),
    ];
    for (request, code, text) in cases {
        let message = bench.create_alias(request).await.refused(400, code);
        assert!(message.contains(text), "{message}");
    }
    assert_eq!(bench.get(ALIASES).await.ok(), json!({"Aliases": []}));
}

#[tokio::test]
async fn weights_that_stay_must_go_with_the_new_version() {
    let bench = Bench::with_versions(2).await;
    bench.create_alias(weighted("1", &json!({"2": 0.5}))).await.ok();
    let text = bench.update_alias("live", json!({"FunctionVersion": "2"})).await;
    let text = text.refused(400, "InvalidParameterValueException");
    assert!(text.starts_with("Invalid function version 2."), "{text}");
    let done = json!({"FunctionVersion": "2", "RoutingConfig": {}});
    assert_eq!(bench.update_alias("live", done).await.ok()["FunctionVersion"], "2");
}

#[tokio::test]
async fn versions_that_share_traffic_share_their_role_and_dead_letter_queue() {
    let bench = Bench::with_versions(1).await;
    bench.account.edit_function("hello", json!({"Role": "arn:aws:iam::111122223333:role/other"})).await;
    bench.account.publish_version("hello", None).await;
    let text = bench.create_alias(weighted("1", &json!({"2": 0.5}))).await;
    assert_eq!(
        text.refused(400, "InvalidParameterValueException"),
        "Specified versions must be associated with the same execution role"
    );
    let queue = json!({"DeadLetterConfig": {"TargetArn": "arn:aws:sqs:eu-west-1:111122223333:dead"}});
    bench.account.edit_function("hello", queue).await;
    bench.account.publish_version("hello", None).await;
    let text = bench.create_alias(weighted("2", &json!({"3": 0.5}))).await;
    let text = text.refused(400, "InvalidParameterValueException");
    assert!(text.contains("same dead letter queue"), "{text}");
}

#[tokio::test]
async fn a_stale_revision_of_an_alias_is_refused() {
    let bench = Bench::with_versions(2).await;
    let created = bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    bench.account.edit_alias("hello", "live", json!({"Description": "theirs"})).await;
    let mut request = json!({"FunctionVersion": "2", "RevisionId": created["RevisionId"]});
    let text = bench.update_alias("live", request.clone()).await;
    let text = text.refused(412, "PreconditionFailedException");
    assert!(text.starts_with("The Revision Id provided does not match the latest Revision Id."), "{text}");
    let current = bench.account.alias("hello", "live").await.unwrap();
    request["RevisionId"] = current["RevisionId"].clone();
    assert_eq!(bench.update_alias("live", request).await.ok()["Description"], "theirs");
}

#[tokio::test]
async fn no_alias_moves_to_a_version_that_failed() {
    let bench = Bench::with_versions(2).await;
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    let failure = Failure::new("FunctionError", "init failed");
    let failed = json!({"State": "Failed", "StateReasonCode": failure.code, "StateReason": failure.reason});
    bench.account.edit_version("hello", "2", failed).await;
    let text = bench.update_alias("live", json!({"FunctionVersion": "2"})).await;
    assert_eq!(
        text.refused(409, "ResourceConflictException"),
        format!(
            "The operation cannot be performed at this time. The resource {ARN}:2 is currently in the following \
             state: 'Failed'. StateReasonCode: 'FunctionError'"
        )
    );
    bench
        .account
        .edit_version("hello", "2", json!({"State": "Pending", "StateReasonCode": "Creating"}))
        .await;
    assert_eq!(bench.update_alias("live", json!({"FunctionVersion": "2"})).await.status, 200);
}

#[tokio::test]
async fn a_version_with_an_alias_or_a_weight_is_not_deleted() {
    let bench = Bench::with_versions(3).await;
    bench.create_alias(weighted("1", &json!({"2": 0.5}))).await.ok();
    for number in ["1", "2"] {
        let answer = bench.call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier={number}"), None).await;
        let text = answer.refused(409, "ResourceConflictException");
        assert_eq!(text, "Unable to delete version because the following aliases reference it: [live]");
    }
    let answer = bench.call("DELETE", &format!("{FUNCTIONS}/hello?Qualifier=3"), None).await;
    assert_eq!(answer.status, 204);
}
