//! The policy of a function, a version or an alias as a whole.

use serde_json::{Value, json};

use crate::client::{Answer, Bench};
use crate::permissions::{ARN, POLICY, bucket, parsed};

const MISSING: &str = "ResourceNotFoundException";

fn path(qualifier: &str) -> String {
    let arn = ARN.replace(':', "%3A");
    format!("/2026-07-09/resource-policy/{arn}{}", qualifier.replace(':', "%3A"))
}

fn statement(sid: &str) -> Value {
    json!({
        "Sid": sid, "Effect": "Allow", "Principal": {"AWS": "444455556666"}, "Action": "lambda:InvokeFunction",
        "Resource": ARN,
    })
}

async fn put(bench: &Bench, qualifier: &str, document: &Value) -> Answer {
    bench.call("PUT", &path(qualifier), Some(json!({"Policy": document.to_string()}))).await
}

#[tokio::test]
async fn a_put_wipes_what_add_permission_added_and_both_read_the_same() {
    let bench = Bench::aliased(1).await;
    bench.allow("", bucket("s1")).await.ok();
    let before = bench.revision("").await;
    let set = put(&bench, "", &json!({"Version": "2012-10-17", "Statement": statement("whole")})).await;
    assert_eq!(set.status, 200);
    let set = set.ok();
    let document = parsed(&set["Policy"]);
    assert_eq!(document["Statement"].as_array().unwrap().len(), 1, "{document}");
    assert_eq!(document["Statement"][0]["Principal"], json!({"AWS": "arn:aws:iam::444455556666:root"}));
    assert_ne!(set["RevisionId"], before);
    assert_eq!(set["RevisionId"], bench.revision("").await);
    assert_eq!(bench.get(&path("")).await.ok(), set);
    assert_eq!(bench.get(POLICY).await.ok(), set);
    bench.allow("", bucket("s1")).await.ok();
    let sids: Vec<_> = bench.policy("").await["Statement"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["Sid"].clone())
        .collect();
    assert_eq!(sids, ["whole", "s1"]);
}

#[tokio::test]
async fn a_policy_is_named_by_an_arn_with_or_without_a_qualifier() {
    let bench = Bench::aliased(1).await;
    let document = json!({"Version": "2012-10-17", "Statement": [statement("s1")]});
    for qualifier in [":live", ":1"] {
        put(&bench, qualifier, &document).await.ok();
        assert_eq!(parsed(&bench.get(&path(qualifier)).await.ok()["Policy"])["Statement"][0]["Sid"], "s1");
    }
    bench.get(&path("")).await.refused(404, MISSING);
    put(&bench, ":$LATEST", &document).await.refused(400, "InvalidParameterValueException");
    let text = put(&bench, ":dead", &document).await.refused(404, MISSING);
    assert_eq!(text, format!("Cannot find alias arn: {ARN}:dead"));
    let by_name = "/2026-07-09/resource-policy/hello";
    let text = bench.get(by_name).await.refused(400, "ValidationException");
    assert!(text.contains("Value 'hello' at 'resourceArn' failed"), "{text}");
}

#[tokio::test]
async fn a_policy_is_deleted_as_a_whole_under_the_guard_of_its_revision() {
    let bench = Bench::aliased(1).await;
    bench.allow("", bucket("s1")).await.ok();
    bench.allow("", bucket("s2")).await.ok();
    let stale = "11111111-2222-3333-4444-555555555555";
    let body = json!({"Policy": json!({"Statement": [statement("s1")]}).to_string(), "RevisionId": stale});
    bench.call("PUT", &path(""), Some(body)).await.refused(412, "PreconditionFailedException");
    let delete = async |revision: &str| {
        bench.call("DELETE", &format!("{}?RevisionId={revision}", path("")), None).await
    };
    delete(stale).await.refused(412, "PreconditionFailedException");
    delete("one").await.refused(400, "ValidationException");
    let revision = bench.revision("").await;
    assert_eq!(delete(&revision).await.status, 204);
    assert_ne!(bench.revision("").await, revision);
    bench.get(POLICY).await.refused(404, MISSING);
    bench.call("DELETE", &path(""), None).await.refused(404, MISSING);
}

#[tokio::test]
async fn what_is_no_policy_or_too_long_is_refused() {
    let bench = Bench::aliased(1).await;
    let text = bench.call("PUT", &path(""), Some(json!({"Policy": "{"}))).await;
    text.refused(400, "InvalidParameterValueException");
    bench.call("PUT", &path(""), Some(json!({}))).await.refused(400, "ValidationException");
    put(&bench, "", &json!({"Statement": []})).await.refused(400, "InvalidParameterValueException");
    let long: Vec<_> = (0..200).map(|n| statement(&format!("s{n}"))).collect();
    put(&bench, "", &json!({"Statement": long})).await.refused(400, "ValidationException");
    // As it is stored it becomes longer than it was sent: every account becomes the ARN of its root.
    let accounts = vec!["444455556666"; 1000];
    let mut grows = statement("s1");
    grows["Principal"] = json!({"AWS": accounts});
    let text = put(&bench, "", &json!({"Statement": [grows]})).await;
    let text = text.refused(400, "PolicyLengthExceededException");
    assert!(text.ends_with("is bigger than the limit (20480)."), "{text}");
}

#[tokio::test]
async fn a_function_that_is_changing_refuses_a_policy_but_its_versions_do_not() {
    let bench = Bench::aliased(1).await;
    let document = json!({"Statement": [statement("s1")]});
    put(&bench, "", &document).await.ok();
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    for answer in [put(&bench, "", &document).await, bench.call("DELETE", &path(""), None).await] {
        let text = answer.refused(409, "ResourceConflictException");
        assert!(text.contains("An update is in progress"), "{text}");
    }
    put(&bench, ":live", &document).await.ok();
    bench.function("hello").await;
    put(&bench, "", &document).await.ok();
}
