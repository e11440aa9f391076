//! Resource policies: by statements that leave others alone, or as a whole.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::{Fault, FaultEffect, Section};
use serde_json::{Value, json};
use test_support::eventually;

use super::url::statements;
use super::{aliased, calls_after};

fn bucket(sid: &str, arn: &str) -> Value {
    json!({"statementId": sid, "principal": "s3.amazonaws.com", "sourceArn": arn, "sourceAccount": "111122223333"})
}

async fn policy(world: &World) -> Value {
    world.aws().section("hello", None, Section::Policy).await.unwrap_or_default()
}

async fn set(world: &World, spec: Value) {
    world.patch("hello", json!({"spec": spec})).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn statements_are_added_changed_and_removed_and_those_of_others_stay() {
    let world = World::start("policy-statements").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let foreign = json!({"StatementId": "theirs", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"});
    world.aws().put_permission("hello", None, foreign).await;
    let account = json!({"statementId": "account", "principal": "444455556666"});
    let both = json!({"permissions": [bucket("s3", "arn:aws:s3:::one"), account]});
    let calls = calls_after(&world, async |world| set(world, both).await).await;
    assert_eq!(calls, ["GetFunction", "GetPolicy", "AddPermission", "AddPermission", "GetFunction"]);
    assert_eq!(statements(&world, None).await, ["theirs", "account", "s3"]);
    let calls = calls_after(&world, async |world| {
        let account = json!({"statementId": "account", "principal": "arn:aws:iam::444455556666:root"});
        set(world, json!({"permissions": [bucket("s3", "arn:aws:s3:::one"), account]})).await;
    })
    .await;
    assert_eq!(calls, ["GetFunction", "GetPolicy"], "an account's id is the ARN of its root");
    let calls = calls_after(&world, async |world| {
        set(world, json!({"permissions": [bucket("s3", "arn:aws:s3:::two")]})).await;
    })
    .await;
    // Nobody is locked out while a statement changes: another one stands in for it.
    let change =
        ["AddPermission", "RemovePermission", "AddPermission", "RemovePermission", "RemovePermission"];
    assert_eq!(calls, [&["GetFunction", "GetPolicy"], &change[..], &["GetFunction"]].concat());
    let ledger = world.ledger().await;
    let sids: Vec<&str> = ledger
        .iter()
        .filter(|call| call.is_write())
        .map(|call| call.request["StatementId"].as_str().unwrap_or_default())
        .collect();
    assert_eq!(sids, ["lambda-operator-change", "s3", "s3", "lambda-operator-change", "account"]);
    assert_eq!(statements(&world, None).await, ["theirs", "s3"]);
    assert!(policy(&world).await.to_string().contains("arn:aws:s3:::two"));
    let calls = calls_after(&world, async |world| set(world, json!({"permissions": null})).await).await;
    assert_eq!(calls, ["GetFunction", "GetPolicy", "RemovePermission", "GetFunction"]);
    assert_eq!(statements(&world, None).await, ["theirs"]);
    let status = world.ready("hello").await.status.unwrap();
    assert_eq!(status.common.managed_sections, [""; 0]);
}

#[tokio::test]
async fn a_change_that_was_cut_off_is_finished_and_leaves_nothing_behind() {
    let world = World::start("policy-cut").await;
    world.apply("hello", function(json!({"permissions": [bucket("s3", "arn:aws:s3:::one")]}))).await;
    world.ready("hello").await;
    // The second call of the change fails.
    world.aws().inject(Fault::error("RemovePermission", 500, "ServiceException", "a storm").times(1)).await;
    set(&world, json!({"permissions": [bucket("s3", "arn:aws:s3:::two")]})).await;
    assert_eq!(statements(&world, None).await, ["s3"]);
    assert!(policy(&world).await.to_string().contains("arn:aws:s3:::two"));
}

#[tokio::test]
async fn drift_of_a_statement_is_mended_and_an_alias_has_a_policy_of_its_own() {
    let world = World::builder("policy-drift").watchful().start().await;
    aliased(&world, json!({"permissions": [bucket("s3", "arn:aws:s3:::one")]})).await;
    assert_eq!(statements(&world, Some("live")).await, ["s3"]);
    assert_eq!(statements(&world, None).await, [""; 0]);
    world.aws().clear_ledger().await;
    world.aws().remove_permission("hello", Some("live"), "s3").await;
    eventually(Duration::from_secs(20), "the statement is back", || async {
        let has = statements(&world, Some("live")).await;
        if has == ["s3"] { Ok(()) } else { Err(has) }
    })
    .await;
    world.objects("LambdaAlias").ready("live").await;
    assert_eq!(world.written().await, ["AddPermission"]);
}

#[tokio::test]
async fn a_whole_policy_replaces_every_statement_and_goes_as_a_whole() {
    let world = World::start("policy-whole").await;
    world.apply("hello", function(json!({"permissions": [bucket("s3", "arn:aws:s3:::one")]}))).await;
    world.ready("hello").await;
    let statement = json!({
        "Sid": "org", "Effect": "Allow", "Principal": "*", "Action": ["lambda:InvokeFunction"],
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": ["o-a1b2c3d4e5"]}},
    });
    let document = json!({"Version": "2012-10-17", "Statement": [statement]});
    let calls = calls_after(&world, async |world| {
        set(world, json!({"permissions": null, "resourcePolicy": document})).await;
    })
    .await;
    assert_eq!(calls, ["GetFunction", "PutResourcePolicy", "GetFunction"]);
    assert_eq!(statements(&world, None).await, ["org"]);
    let open = json!({"functionUrl": {"authType": "NONE"}});
    let calls = calls_after(&world, async |world| set(world, open).await).await;
    let reads = ["GetFunction", "GetFunctionUrlConfig", "GetResourcePolicy"];
    let made = ["CreateFunctionUrlConfig", "PutResourcePolicy", "GetFunction"];
    assert_eq!(calls, [&reads[..], &made[..]].concat());
    let mut has = statements(&world, None).await;
    has.sort();
    assert_eq!(has, ["FunctionURLAllowInvokeAction", "FunctionURLAllowPublicAccess", "org"]);
    let calls = calls_after(&world, async |world| {
        set(world, json!({"functionUrl": null, "resourcePolicy": null, "permissions": [bucket("s3", "arn:aws:s3:::one")]})).await;
    })
    .await;
    let reads = ["GetFunction", "GetPolicy", "GetFunctionUrlConfig", "GetResourcePolicy"];
    let made = ["DeleteFunctionUrlConfig", "DeleteResourcePolicy", "AddPermission", "GetFunction"];
    assert_eq!(calls, [&reads[..], &made[..]].concat());
    assert_eq!(statements(&world, None).await, ["s3"]);
}

#[tokio::test]
async fn a_statement_beside_a_whole_policy_is_drift() {
    let world = World::builder("policy-whole-drift").watchful().start().await;
    let statement =
        json!({"Sid": "org", "Effect": "Allow", "Principal": "*", "Action": "lambda:InvokeFunction"});
    let document = json!({"Statement": [statement]});
    world.apply("hello", function(json!({"resourcePolicy": document}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    let theirs = json!({"StatementId": "theirs", "Action": "lambda:InvokeFunction", "Principal": "events.amazonaws.com"});
    world.aws().put_permission("hello", None, theirs).await;
    eventually(Duration::from_secs(20), "only the own statement is left", || async {
        let has = statements(&world, None).await;
        if has == ["org"] { Ok(()) } else { Err(has) }
    })
    .await;
    world.warning("hello", "DriftDetected", &["resourcePolicy"]).await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["PutResourcePolicy"]);
}

#[tokio::test]
async fn both_kinds_of_policy_are_refused_at_once() {
    let world = World::start("policy-both").await;
    let spec = function(
        json!({"permissions": [bucket("s3", "arn:aws:s3:::one")], "resourcePolicy": {"Statement": []}}),
    );
    let object = json!({
        "apiVersion": "lambda-operator.io/v1alpha1", "kind": "LambdaFunction", "metadata": {"name": "hello"}, "spec": spec,
    });
    let object = serde_json::from_value(object).unwrap();
    let error = world.functions().create(&kube::api::PostParams::default(), &object).await.unwrap_err();
    assert!(
        error.to_string().contains("spec.permissions and spec.resourcePolicy exclude each other"),
        "{error}"
    );
}

#[tokio::test]
async fn the_policies_of_a_function_and_its_aliases_have_one_writer() {
    let world = World::start("policy-writer").await;
    world.apply("hello", function(json!({"publish": "OnChange"}))).await;
    world.ready("hello").await;
    let aliases = world.objects("LambdaAlias");
    world.aws().inject(Fault::new("AddPermission", FaultEffect::DelayMs(300)).times(4)).await;
    for name in ["a", "b", "c"] {
        let spec = json!({
            "functionRef": {"name": "hello"}, "functionVersion": "1", "permissions": [bucket("s3", "arn:aws:s3:::one")],
        });
        aliases.apply(name, spec).await;
    }
    world.patch("hello", json!({"spec": {"permissions": [bucket("s3", "arn:aws:s3:::one")]}})).await;
    for name in ["a", "b", "c"] {
        aliases.ready(name).await;
    }
    world.ready("hello").await;
    let ledger = world.ledger().await;
    let adds: Vec<_> = ledger.iter().filter(|call| call.operation == "AddPermission").collect();
    assert_eq!(adds.len(), 4);
    let apart = adds.windows(2).all(|two| two[1].at_ms >= two[0].at_ms + 290);
    assert!(apart, "no two at the same time: {adds:?}");
}
