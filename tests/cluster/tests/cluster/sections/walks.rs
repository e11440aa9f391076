//! What is put and deleted as a whole.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::Section;
use serde_json::{Value, json};
use test_support::eventually;

use super::{aliased, calls_after, with};
use crate::invocation::put_hello;

const QUEUE: &str = "arn:aws:sqs:eu-west-1:111122223333:lost";
const RUNTIME: &str =
    "arn:aws:lambda:eu-west-1::runtime:8eeff65f6809a3ce81507fe733fe09b835899b99481ba22fd75b5a7338290ec1";

/// A section, what the spec says of it, and what AWS then has at these places.
struct Row {
    section: Section,
    field: &'static str,
    one: Value,
    two: Value,
    has: Vec<(&'static str, [Value; 2])>,
    /// What somebody else makes of it.
    drift: Value,
    get: &'static str,
    put: &'static str,
    clear: &'static str,
}

fn rows() -> [Row; 3] {
    [
        Row {
            section: Section::EventInvoke,
            field: "eventInvokeConfig",
            one: json!({"maximumRetryAttempts": 0, "destinationConfig": {"onFailure": {"destination": QUEUE}}}),
            two: json!({"maximumEventAgeInSeconds": 60, "destinationConfig": {"onSuccess": {"destination": QUEUE}}}),
            has: vec![
                ("/MaximumRetryAttempts", [json!(0), json!(null)]),
                ("/MaximumEventAgeInSeconds", [json!(null), json!(60)]),
                ("/DestinationConfig/OnFailure/Destination", [json!(QUEUE), json!(null)]),
                ("/DestinationConfig/OnSuccess/Destination", [json!(null), json!(QUEUE)]),
            ],
            drift: json!({"MaximumRetryAttempts": 1}),
            get: "GetFunctionEventInvokeConfig",
            put: "PutFunctionEventInvokeConfig",
            clear: "DeleteFunctionEventInvokeConfig",
        },
        Row {
            section: Section::RuntimeManagement,
            field: "runtimeManagement",
            one: json!({"updateRuntimeOn": "FunctionUpdate"}),
            two: json!({"updateRuntimeOn": "Manual", "runtimeVersionArn": RUNTIME}),
            has: vec![
                ("/UpdateRuntimeOn", [json!("FunctionUpdate"), json!("Manual")]),
                ("/RuntimeVersionArn", [json!(null), json!(RUNTIME)]),
            ],
            drift: json!({"UpdateRuntimeOn": "Auto"}),
            get: "GetRuntimeManagementConfig",
            put: "PutRuntimeManagementConfig",
            clear: "PutRuntimeManagementConfig",
        },
        Row {
            section: Section::RecursiveLoop,
            field: "recursiveLoop",
            one: json!("Allow"),
            two: json!("Terminate"),
            has: vec![("", [json!("Allow"), json!("Terminate")])],
            drift: json!("Terminate"),
            get: "GetFunctionRecursionConfig",
            put: "PutFunctionRecursionConfig",
            clear: "PutFunctionRecursionConfig",
        },
    ]
}

/// Whether AWS has what the spec says first (0) or then (1).
async fn is_there(world: &World, qualifier: Option<&str>, row: &Row, which: usize) -> Result<(), Value> {
    let has = world.aws().section("hello", qualifier, row.section).await.unwrap_or_default();
    let same =
        row.has.iter().all(|(path, values)| has.pointer(path).unwrap_or(&Value::Null) == &values[which]);
    if same { Ok(()) } else { Err(has) }
}

#[tokio::test]
async fn a_section_of_a_function_is_set_changed_and_removed_with_one_write_each() {
    let world = World::start("sections-function").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    for row in rows() {
        let set = async |world: &World, value: Value| {
            let spec = if value.is_null() { json!({}) } else { json!({row.field: value}) };
            world.apply("hello", function(spec)).await;
            world.ready("hello").await;
        };
        let calls = calls_after(&world, async |world| set(world, row.one.clone()).await).await;
        assert_eq!(calls, ["GetFunction", row.put], "it is new, nothing has to be read");
        is_there(&world, None, &row, 0).await.unwrap();
        let status = world.ready("hello").await.status.unwrap();
        assert_eq!(status.common.managed_sections, [row.field]);
        let calls = calls_after(&world, async |world| set(world, row.two.clone()).await).await;
        assert_eq!(calls, ["GetFunction", row.get, row.put], "{}", row.field);
        is_there(&world, None, &row, 1).await.unwrap();
        set(&world, row.one.clone()).await;
        let calls = calls_after(&world, async |world| set(world, json!(null)).await).await;
        assert_eq!(calls, ["GetFunction", row.get, row.clear], "{}", row.field);
        assert!(is_there(&world, None, &row, 0).await.is_err());
        let status = world.ready("hello").await.status.unwrap();
        assert_eq!(status.common.managed_sections, [""; 0]);
        let change = async |world: &World| set(world, json!(null)).await;
        assert_eq!(calls_after(&world, change).await, [""; 0], "it is managed no more");
    }
}

#[tokio::test]
async fn a_section_of_an_alias_is_set_changed_and_removed_with_one_write_each() {
    let world = World::start("sections-alias").await;
    aliased(&world, json!({})).await;
    let [row, ..] = rows();
    let aliases = world.objects("LambdaAlias");
    let set = async |value: Value| {
        aliases.apply("live", with(json!({row.field: value}))).await;
        aliases.ready("live").await;
    };
    let calls = calls_after(&world, async |_| set(row.one.clone()).await).await;
    assert_eq!(calls, ["GetAlias", row.put]);
    is_there(&world, Some("live"), &row, 0).await.unwrap();
    assert!(is_there(&world, None, &row, 0).await.is_err(), "it is the alias's alone");
    let calls = calls_after(&world, async |_| set(row.two.clone()).await).await;
    assert_eq!(calls, ["GetAlias", row.get, row.put]);
    let calls = calls_after(&world, async |_| {
        aliases.apply("live", with(json!({}))).await;
        aliases.ready("live").await;
    })
    .await;
    assert_eq!(calls, ["GetAlias", row.get, row.clear]);
    assert_eq!(world.aws().section("hello", Some("live"), row.section).await, None);
}

#[tokio::test]
async fn what_is_created_with_sections_gets_them_with_one_call_each() {
    let world = World::start("sections-create").await;
    let spec: serde_json::Map<String, Value> =
        rows().into_iter().map(|row| (row.field.to_owned(), row.one)).collect();
    let mut spec = Value::Object(spec);
    spec["publish"] = json!("OnChange");
    world.apply("hello", function(spec)).await;
    let object = world.ready("hello").await;
    let expected = [
        "CreateFunction",
        "GetFunction",
        "PutFunctionEventInvokeConfig",
        "PutFunctionRecursionConfig",
        "PutRuntimeManagementConfig",
        "PublishVersion",
        "GetFunction",
    ];
    assert_eq!(world.calls().await, expected);
    assert_eq!(object.status.unwrap().version.as_deref(), Some("1"));
    let [row, ..] = rows();
    let alias = with(json!({row.field: row.one}));
    let calls = calls_after(&world, async |world| {
        world.objects("LambdaAlias").apply("live", alias).await;
        world.objects("LambdaAlias").ready("live").await;
    })
    .await;
    assert_eq!(calls, ["CreateAlias", row.put]);
}

#[tokio::test]
async fn what_somebody_changes_is_found_by_the_rotation_and_mended_with_one_write() {
    let world = World::builder("sections-drift").watchful().start().await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    for row in rows() {
        world.patch("hello", json!({"spec": {row.field: row.one}})).await;
        world.ready("hello").await;
        world.aws().clear_ledger().await;
        world.aws().set_section("hello", None, row.section, Some(row.drift.clone())).await;
        eventually(Duration::from_secs(20), row.field, || is_there(&world, None, &row, 0)).await;
        world.warning("hello", "DriftDetected", &[row.field]).await;
        world.ready("hello").await;
        assert_eq!(world.written().await, [row.put]);
    }
}

#[tokio::test]
async fn a_section_that_was_never_in_the_spec_is_neither_read_nor_touched() {
    let world = World::builder("sections-foreign").watchful().start().await;
    put_hello(&world).await;
    for row in rows() {
        world.aws().set_section("hello", None, row.section, Some(row.drift)).await;
    }
    world.apply("hello", function(json!({"adopt": "Unowned", "code": {"external": {}}}))).await;
    world.ready("hello").await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    let of_sections =
        |call: &String| rows().iter().any(|row| [row.get, row.put, row.clear].contains(&call.as_str()));
    assert!(!world.calls().await.iter().any(of_sections));
}

#[tokio::test]
async fn what_is_adopted_with_its_sections_is_read_and_not_written() {
    let world = World::start("sections-adopt").await;
    put_hello(&world).await;
    let config =
        json!({"MaximumRetryAttempts": 0, "DestinationConfig": {"OnFailure": {"Destination": QUEUE}}});
    world.aws().set_section("hello", None, Section::EventInvoke, Some(config)).await;
    world.aws().set_section("hello", None, Section::RecursiveLoop, Some(json!("Allow"))).await;
    let [events, _, treatment] = rows();
    let spec = json!({
        "adopt": "Unowned", "code": {"external": {}}, events.field: events.one, treatment.field: treatment.one,
    });
    world.apply("hello", function(spec)).await;
    let object = world.ready("hello").await;
    assert_eq!(world.written().await, ["TagResource"]);
    assert_eq!(object.status.unwrap().common.managed_sections, ["eventInvokeConfig", "recursiveLoop"]);
}

#[tokio::test]
async fn what_is_only_observed_is_read_and_its_drift_told() {
    let world = World::start("sections-observe").await;
    put_hello(&world).await;
    let spec = json!({"managementPolicy": "Observe", "code": {"external": {}}, "recursiveLoop": "Allow"});
    world.apply("hello", function(spec)).await;
    let object = world.ready("hello").await;
    let ready = cluster_tests::condition(&object, "Ready").unwrap();
    assert!(ready.message.contains("recursiveLoop"), "{}", ready.message);
    assert_eq!(world.written().await, [""; 0]);
}

#[tokio::test]
async fn what_is_ignored_is_used_at_first_and_then_left_to_others() {
    let world = World::builder("sections-ignored").watchful().start().await;
    let [row, ..] = rows();
    world.apply("hello", function(json!({row.field: row.one, "ignoreDrift": [row.field]}))).await;
    world.ready("hello").await;
    is_there(&world, None, &row, 0).await.unwrap();
    world.aws().set_section("hello", None, row.section, Some(row.drift.clone())).await;
    world.aws().clear_ledger().await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert!(!world.calls().await.iter().any(|call| call.contains("EventInvoke")));
    is_there(&world, None, &row, 0).await.unwrap_err();
}

#[tokio::test]
async fn a_destination_that_the_role_may_not_use_yet_is_tried_again() {
    let world = World::start("sections-propagating").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let text = "The function's execution role does not have permissions to call SendMessage on lost";
    let refusal =
        lambda_sim::Fault::error("PutFunctionEventInvokeConfig", 400, "InvalidParameterValueException", text);
    world.aws().inject(refusal.times(2)).await;
    let [row, ..] = rows();
    world.patch("hello", json!({"spec": {row.field: row.one}})).await;
    world.problem("hello", "Propagating", &["SendMessage"]).await;
    world.ready("hello").await;
    is_there(&world, None, &row, 0).await.unwrap();
}
