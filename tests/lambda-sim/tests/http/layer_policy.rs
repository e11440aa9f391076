//! Who may use a layer version.

use serde_json::{Value, json};

use crate::client::{Answer, Bench};
use crate::layers::{ARN, LAYERS, content};

const POLICY: &str = "/2018-10-31/layers/tools/versions/1/policy";

async fn published() -> Bench {
    let bench = Bench::start().await;
    bench.publish_layer("tools", content("one")).await.ok();
    bench
}

async fn allow(bench: &Bench, sid: &str, principal: &str) -> Answer {
    bench.call("POST", POLICY, Some(permission(sid, principal))).await
}

fn permission(sid: &str, principal: &str) -> Value {
    json!({"StatementId": sid, "Action": "lambda:GetLayerVersion", "Principal": principal})
}

fn parsed(text: &Value) -> Value {
    serde_json::from_str(text.as_str().unwrap()).unwrap()
}

#[tokio::test]
async fn a_permission_becomes_a_statement_with_the_root_of_the_account() {
    let bench = published().await;
    let added = allow(&bench, "s1", "444455556666").await;
    assert_eq!(added.status, 201);
    let added = added.ok();
    let statement = parsed(&added["Statement"]);
    assert_eq!(
        statement,
        json!({
            "Sid": "s1", "Effect": "Allow", "Principal": {"AWS": "arn:aws:iam::444455556666:root"},
            "Action": "lambda:GetLayerVersion", "Resource": format!("{ARN}:1"),
        })
    );
    let read = bench.get(POLICY).await.ok();
    assert_eq!(read["RevisionId"], added["RevisionId"]);
    let whole = json!({"Version": "2012-10-17", "Id": "default", "Statement": [statement]});
    assert_eq!(parsed(&read["Policy"]), whole);
}

#[tokio::test]
async fn an_organization_is_a_condition() {
    let bench = published().await;
    let mut request = permission("s1", "*");
    request["OrganizationId"] = "o-abcdefghij".into();
    let added = bench.call("POST", POLICY, Some(request)).await.ok();
    let statement = parsed(&added["Statement"]);
    assert_eq!(statement["Principal"], "*");
    assert_eq!(statement["Condition"], json!({"StringEquals": {"aws:PrincipalOrgID": "o-abcdefghij"}}));
}

#[tokio::test]
async fn every_change_gives_a_new_revision_which_guards_the_next() {
    let bench = published().await;
    let first = allow(&bench, "s1", "*").await.ok();
    let revision = |value: &Value| value["RevisionId"].as_str().unwrap().to_owned();
    let guarded = format!("{POLICY}?RevisionId={}", revision(&first));
    let second = bench.call("POST", &guarded, Some(permission("s2", "*"))).await.ok();
    assert_ne!(revision(&first), revision(&second));
    let stale = bench.call("POST", &guarded, Some(permission("s3", "*"))).await;
    let text = stale.refused(412, "PreconditionFailedException");
    assert!(text.ends_with("Call the GetLayerPolicy API to retrieve the latest Revision Id"), "{text}");
    let remove = |revision: &str| format!("{POLICY}/s2?RevisionId={revision}");
    let stale = bench.call("DELETE", &remove(&revision(&first)), None).await;
    stale.refused(412, "PreconditionFailedException");
    assert_eq!(bench.call("DELETE", &remove(&revision(&second)), None).await.status, 204);
    let left = bench.get(POLICY).await.ok();
    assert_ne!(revision(&left), revision(&second));
    assert_eq!(parsed(&left["Policy"])["Statement"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_not_there_is_named() {
    let bench = published().await;
    let missing = "ResourceNotFoundException";
    let text = bench.get(POLICY).await.refused(404, missing);
    assert_eq!(text, "No policy is associated with the given resource.");
    allow(&bench, "s1", "*").await.ok();
    let text = bench.call("DELETE", &format!("{POLICY}/s2"), None).await.refused(404, missing);
    assert_eq!(text, "Statement s2 is not found in resource policy.");
    bench.call("DELETE", &format!("{POLICY}/s1"), None).await.ok();
    bench.get(POLICY).await.refused(404, missing);
    let other = format!("{LAYERS}/tools/versions/2/policy");
    for answer in [
        bench.get(&other).await,
        bench.call("POST", &other, Some(permission("s1", "*"))).await,
        bench.call("DELETE", &format!("{other}/s1"), None).await,
    ] {
        assert_eq!(answer.refused(404, missing), format!("Layer version {ARN}:2 does not exist."));
    }
}

#[tokio::test]
async fn a_statement_id_is_taken_once_and_a_policy_has_its_size() {
    let bench = published().await;
    allow(&bench, "s1", "*").await.ok();
    let text = allow(&bench, "s1", "444455556666").await.refused(409, "ResourceConflictException");
    assert_eq!(
        text,
        "The statement id (s1) provided already exists. Please provide a new statement id, or remove the existing \
         statement."
    );
    let mut request = permission("s2", "*");
    request["Action"] = "*".into();
    bench.call("POST", POLICY, Some(request)).await.refused(400, "ValidationException");
    let mut last = None;
    for n in 0..200 {
        let answer = allow(&bench, &format!("statement-{n}"), "444455556666").await;
        if answer.status != 201 {
            last = Some(answer);
            break;
        }
    }
    let text = last.expect("a limit").refused(400, "PolicyLengthExceededException");
    assert!(text.ends_with("is bigger than the limit (20480)."), "{text}");
}

#[tokio::test]
async fn a_new_version_has_no_permissions_of_the_one_before() {
    let bench = published().await;
    allow(&bench, "s1", "*").await.ok();
    bench.publish_layer("tools", content("two")).await.ok();
    let second = format!("{LAYERS}/tools/versions/2/policy");
    bench.get(&second).await.refused(404, "ResourceNotFoundException");
}

#[tokio::test]
async fn somebody_else_changes_permissions() {
    let bench = published().await;
    bench.account.put_layer_permission("tools", 1, permission("theirs", "444455556666")).await;
    bench.account.put_layer_permission("tools", 1, permission("theirs", "*")).await;
    let read = bench.get(POLICY).await.ok();
    let statements = parsed(&read["Policy"])["Statement"].clone();
    assert_eq!((statements.as_array().unwrap().len(), &statements[0]["Principal"]), (1, &json!("*")));
    assert_eq!(bench.account.layer("tools").await[0]["Statements"], statements);
    bench.account.remove_layer_permission("tools", 1, "theirs").await;
    bench.get(POLICY).await.refused(404, "ResourceNotFoundException");
}
