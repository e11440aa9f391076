//! What calls are about, in the ledger, for faults and for permissions.

use lambda_sim::{Fault, FaultEffect};
use serde_json::json;

use crate::aliases::ALIASES;
use crate::client::Bench;
use crate::layers::{ARN, LAYERS, content};

#[tokio::test]
async fn the_ledger_names_aliases_layers_and_configs() {
    let bench = Bench::with_versions(1).await;
    let publishers = json!({"AllowedPublishers": {"SigningProfileVersionArns": ["arn:aws:signer:::/mine"]}});
    let config = bench.account.put_code_signing_config(publishers).await;
    bench.account.clear_ledger().await;
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    bench.update_alias("live", json!({"Description": "x"})).await.ok();
    bench.get(ALIASES).await.ok();
    bench.publish_layer("tools", content("one")).await.ok();
    bench.get(&format!("{LAYERS}?find=LayerVersion&Arn={ARN}:1")).await.ok();
    bench.call("DELETE", &format!("{LAYERS}/tools/versions/1/policy/s1"), None).await;
    bench.get(LAYERS).await.ok();
    bench.get(&format!("/2020-04-22/code-signing-configs/{config}")).await.ok();
    bench.get(&format!("/2017-03-31/tags/{config}")).await.ok();
    bench.get("/2020-06-30/functions/hello/code-signing-config").await.ok();
    let ledger = bench.account.ledger().await;
    let id = &config[config.len() - 21..];
    let seen: Vec<_> = ledger
        .iter()
        .map(|call| (call.operation.as_str(), call.resource.as_deref().unwrap_or("-")))
        .collect();
    let expected = [
        ("CreateAlias", "hello:live"),
        ("UpdateAlias", "hello:live"),
        ("ListAliases", "hello"),
        ("PublishLayerVersion", "tools"),
        ("GetLayerVersionByArn", "tools:1"),
        ("RemoveLayerVersionPermission", "tools:1"),
        ("ListLayers", "-"),
        ("GetCodeSigningConfig", id),
        ("ListTags", id),
        ("GetFunctionCodeSigningConfig", "hello"),
    ];
    assert_eq!(seen, expected);
    assert_eq!(ledger[1].request, json!({"Name": "live", "Description": "x"}));
    assert!(ledger[3].request["Content"]["ZipFile"].as_str().unwrap().starts_with("sha256:"));
    assert_eq!(ledger[5].request, json!({"VersionNumber": "1", "StatementId": "s1"}));
}

#[tokio::test]
async fn faults_strike_one_alias_or_all_of_a_function() {
    let bench = Bench::with_versions(1).await;
    let alias = |name: &str| json!({"Name": name, "FunctionVersion": "1"});
    bench
        .account
        .inject(Fault::new("CreateAlias", FaultEffect::CutAfter).resource("hello:live").nth(1))
        .await;
    assert_eq!(bench.create_alias(alias("dev")).await.status, 201);
    assert!(bench.try_call("POST", ALIASES, Some(alias("live"))).await.is_none());
    assert!(bench.account.alias("hello", "live").await.is_some());
    bench.create_alias(alias("live")).await.refused(409, "ResourceConflictException");
    bench.account.inject(Fault::error("*", 500, "ServiceException", "oops").resource("hello")).await;
    bench.update_alias("dev", json!({})).await.refused(500, "ServiceException");
    assert_eq!(bench.publish_layer("tools", content("one")).await.status, 201);
    let cut = Fault::new("PublishLayerVersion", FaultEffect::CutAfter).resource("tools");
    bench.account.inject(cut).await;
    let path = format!("{LAYERS}/tools/versions");
    assert!(bench.try_call("POST", &path, Some(content("two"))).await.is_none());
    assert_eq!(bench.account.layer("tools").await.len(), 2);
}

#[tokio::test]
async fn the_ledger_and_iam_name_the_version_or_alias_that_a_section_is_of() {
    let bench = Bench::with_versions(1).await;
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    bench.account.clear_ledger().await;
    let config = "/2019-09-25/functions/hello/event-invoke-config";
    let retries = json!({"MaximumRetryAttempts": 1});
    bench.call("PUT", &format!("{config}?Qualifier=live"), Some(retries.clone())).await.ok();
    bench.call("PUT", config, Some(retries.clone())).await.ok();
    bench.get("/2026-07-09/resource-policy/arn:aws:lambda:eu-west-1:111122223333:function:hello:1").await;
    let ledger = bench.account.ledger().await;
    let named: Vec<_> = ledger.iter().map(|call| call.resource.as_deref().unwrap_or("-")).collect();
    assert_eq!(named, ["hello:live", "hello", "hello:1"]);
    assert_eq!(ledger[0].request, json!({"MaximumRetryAttempts": 1, "Qualifier": "live"}));
    bench.account.inject(Fault::error("*", 500, "ServiceException", "oops").resource("hello:live")).await;
    bench.get(&format!("{config}?Qualifier=live")).await.refused(500, "ServiceException");
    bench.get(config).await.ok();
    bench.account.clear_faults().await;
    bench.account.patch(json!({"deny": ["PutFunctionEventInvokeConfig"]})).await;
    let text = bench.call("PUT", &format!("{config}?Qualifier=live"), Some(retries)).await;
    let text = text.refused(403, "AccessDeniedException");
    assert!(text.contains(":function:hello:live because"), "{text}");
}

#[tokio::test]
async fn permissions_are_denied_with_the_arn_of_what_the_call_is_about() {
    let bench = Bench::with_versions(1).await;
    bench.account.patch(json!({"deny": ["CreateAlias", "GetLayerVersion", "ListCodeSigningConfigs"]})).await;
    let text = bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await;
    let text = text.refused(403, "AccessDeniedException");
    let alias = "on resource: arn:aws:lambda:eu-west-1:111122223333:function:hello:live because";
    assert!(text.contains(alias), "{text}");
    let text = bench.layer_version("tools", "3").await.refused(403, "AccessDeniedException");
    assert!(text.contains(&format!("on resource: {ARN}:3 because")), "{text}");
    let text = bench.get("/2020-04-22/code-signing-configs").await.refused(403, "AccessDeniedException");
    assert!(text.contains("on resource: * because"), "{text}");
}

#[tokio::test]
async fn the_new_operations_share_the_quota_of_all_others() {
    let bench = Bench::with_versions(1).await;
    bench.account.configure(|settings| settings.quotas = true).await;
    let mut throttled = 0;
    for _ in 0..40 {
        throttled += u32::from(bench.get(LAYERS).await.status == 429);
    }
    assert!(throttled > 0, "more than 15 calls a second");
}

#[tokio::test]
async fn commands_can_be_sent_by_hand() {
    let bench = Bench::with_versions(2).await;
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    let url = format!("{}/_sim/111122223333/eu-west-1", bench.sim.endpoint());
    let edit = r#"{"do": "alias", "act": "edit", "function": "hello", "name": "live",
        "changes": {"FunctionVersion": "2"}}"#;
    assert_eq!(bench.http.post(&url).body(edit).send().await.unwrap().status(), 200);
    assert_eq!(bench.account.alias("hello", "live").await.unwrap()["FunctionVersion"], "2");
    let unknown = r#"{"do": "alias", "act": "rename"}"#;
    assert_eq!(bench.http.post(&url).body(unknown).send().await.unwrap().status(), 400);
}
