//! Function URLs, with the two statements that one for everybody needs.

use std::time::Duration;

use cluster_tests::{World, function};
use lambda_sim::Section;
use serde_json::{Value, json};
use test_support::eventually;

use super::{aliased, calls_after, with};

const STATEMENTS: [&str; 2] = ["FunctionURLAllowPublicAccess", "FunctionURLAllowInvokeAction"];

/// The ids of the statements of the policy.
pub(super) async fn statements(world: &World, qualifier: Option<&str>) -> Vec<String> {
    let policy = world.aws().section("hello", qualifier, Section::Policy).await.unwrap_or_default();
    let statements = policy["Statement"].as_array().cloned().unwrap_or_default();
    statements.iter().map(|one| one["Sid"].as_str().unwrap_or_default().to_owned()).collect()
}

async fn url(world: &World, qualifier: Option<&str>) -> Value {
    world.aws().section("hello", qualifier, Section::Url).await.unwrap_or_default()
}

async fn set(world: &World, value: Value) {
    world.patch("hello", json!({"spec": {"functionUrl": value}})).await;
    world.ready("hello").await;
}

#[tokio::test]
async fn a_url_for_everybody_has_two_statements_and_one_for_iam_none() {
    let world = World::start("url-types").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let cors = json!({"allowOrigins": ["https://b.example", "https://a.example"], "allowHeaders": ["X-One"]});
    let open = json!({"authType": "NONE", "cors": cors});
    let calls = calls_after(&world, async |world| set(world, open).await).await;
    let reads = ["GetFunction", "GetPolicy", "GetFunctionUrlConfig"];
    let made = ["CreateFunctionUrlConfig", "AddPermission", "AddPermission", "GetFunction"];
    assert_eq!(calls, [&reads[..], &made[..]].concat());
    assert_eq!(statements(&world, None).await, [STATEMENTS[1], STATEMENTS[0]]);
    let has = url(&world, None).await;
    assert_eq!((&has["AuthType"], &has["InvokeMode"]), (&json!("NONE"), &json!("BUFFERED")));
    assert_eq!(has["Cors"]["AllowHeaders"], json!(["x-one"]));
    assert_eq!(has["Cors"]["AllowOrigins"], json!(["https://a.example", "https://b.example"]));
    let address = has["FunctionUrl"].clone();
    let status = world.ready("hello").await.status.unwrap();
    assert_eq!(status.function_url.map(Value::from), Some(address.clone()));
    let calls =
        calls_after(&world, async |world| set(world, json!({"authType": "AWS_IAM", "cors": null})).await)
            .await;
    // The type first: nobody is let in who isn't meant to be.
    let made = ["UpdateFunctionUrlConfig", "RemovePermission", "RemovePermission", "GetFunction"];
    assert_eq!(calls, [&reads[..], &made[..]].concat());
    assert_eq!(statements(&world, None).await, [""; 0]);
    let has = url(&world, None).await;
    assert_eq!((&has["AuthType"], &has["FunctionUrl"]), (&json!("AWS_IAM"), &address), "the address stays");
    assert!(has["Cors"].as_object().is_none_or(serde_json::Map::is_empty), "{has}");
    let calls =
        calls_after(&world, async |world| set(world, json!({"invokeMode": "RESPONSE_STREAM"})).await).await;
    assert_eq!(calls, [&reads[..], &["UpdateFunctionUrlConfig"]].concat());
    assert_eq!(url(&world, None).await["InvokeMode"], "RESPONSE_STREAM");
    set(&world, json!({"authType": "NONE"})).await;
    let calls = calls_after(&world, async |world| set(world, json!(null)).await).await;
    let made = ["DeleteFunctionUrlConfig", "RemovePermission", "RemovePermission", "GetFunction"];
    assert_eq!(calls, [&reads[..], &made[..]].concat());
    assert_eq!((url(&world, None).await, statements(&world, None).await), (json!(null), Vec::new()));
    let status = world.ready("hello").await.status.unwrap();
    assert_eq!((status.function_url, status.common.managed_sections), (None, Vec::new()));
}

#[tokio::test]
async fn an_alias_has_a_url_of_its_own() {
    let world = World::start("url-alias").await;
    aliased(&world, json!({})).await;
    let aliases = world.objects("LambdaAlias");
    let calls = calls_after(&world, async |_| {
        aliases.apply("live", with(json!({"functionUrl": {"authType": "NONE"}}))).await;
        aliases.ready("live").await;
    })
    .await;
    let expected = [
        "GetAlias",
        "GetPolicy",
        "GetFunctionUrlConfig",
        "CreateFunctionUrlConfig",
        "AddPermission",
        "AddPermission",
    ];
    assert_eq!(calls, expected);
    assert_eq!(url(&world, None).await, json!(null));
    assert_eq!(statements(&world, Some("live")).await.len(), 2);
    let object = aliases.ready("live").await;
    assert_eq!(object["status"]["functionUrl"], url(&world, Some("live")).await["FunctionUrl"]);
}

#[tokio::test]
async fn what_somebody_takes_from_a_url_comes_back() {
    let world = World::builder("url-drift").watchful().start().await;
    world.apply("hello", function(json!({"functionUrl": {"authType": "NONE"}}))).await;
    world.ready("hello").await;
    world.aws().clear_ledger().await;
    world.aws().remove_permission("hello", None, STATEMENTS[1]).await;
    eventually(Duration::from_secs(20), "the statement is back", || async {
        let has = statements(&world, None).await;
        if has.len() == 2 { Ok(()) } else { Err(has) }
    })
    .await;
    world.ready("hello").await;
    let path = format!("permissions.{}", STATEMENTS[1]);
    world.warning("hello", "DriftDetected", &[&path]).await;
    world.aws().set_section("hello", None, Section::Url, Some(json!({"AuthType": "AWS_IAM"}))).await;
    eventually(Duration::from_secs(20), "the type is back", || async {
        let has = url(&world, None).await;
        if has["AuthType"] == "NONE" { Ok(()) } else { Err(has) }
    })
    .await;
    world.ready("hello").await;
    assert_eq!(world.written().await, ["AddPermission", "UpdateFunctionUrlConfig"]);
}

#[tokio::test]
async fn a_statement_that_is_there_already_is_no_conflict() {
    let world = World::start("url-there").await;
    world.apply("hello", function(json!({}))).await;
    world.ready("hello").await;
    let made = json!({
        "StatementId": STATEMENTS[0], "Action": "lambda:InvokeFunctionUrl", "Principal": "*", "FunctionUrlAuthType": "NONE",
    });
    world.aws().put_permission("hello", None, made).await;
    world.aws().clear_ledger().await;
    set(&world, json!({"authType": "NONE"})).await;
    assert_eq!(world.written().await, ["CreateFunctionUrlConfig", "AddPermission"]);
}
