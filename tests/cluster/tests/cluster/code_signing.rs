//! CodeSigningConfig: an id that AWS assigns, found again whatever happens.

use std::time::Duration;

use cluster_tests::{World, object_condition};
use lambda_sim::{Fault, FaultEffect};
use serde_json::{Value, json};
use test_support::eventually;

const KIND: &str = "CodeSigningConfig";
const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/release/abc";

fn config(extra: Value) -> Value {
    let mut spec = json!({"allowedPublishers": {"signingProfileVersionArns": [PROFILE]}});
    spec.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
    spec
}

async fn in_aws(world: &World) -> Vec<Value> {
    let mut all = Vec::new();
    for arn in world.aws().code_signing_configs().await {
        all.extend(world.aws().code_signing_config(&arn).await);
    }
    all
}

#[tokio::test]
async fn a_creation_is_one_write_and_an_unchanged_spec_none() {
    let world = World::start("csc").await;
    let configs = world.objects(KIND);
    configs.apply("release", config(json!({"tags": {"team": "a"}}))).await;
    let object = configs.ready("release").await;
    assert_eq!(world.calls().await, ["CreateCodeSigningConfig"]);
    let id = object["status"]["codeSigningConfigId"].as_str().unwrap();
    assert!(object["status"]["arn"].as_str().unwrap().ends_with(id));
    world.aws().clear_ledger().await;
    let warn = json!({"untrustedArtifactOnDeployment": "Warn"});
    configs.apply("release", config(json!({"tags": {"team": "a"}, "codeSigningPolicies": warn}))).await;
    configs.ready("release").await;
    let reads = ["GetCodeSigningConfig", "ListTags", "ListFunctionsByCodeSigningConfig"];
    assert_eq!(world.calls().await, reads);
}

#[tokio::test]
async fn each_field_is_changed_by_its_own_write_and_goes_back_to_the_default() {
    let world = World::start("csc-fields").await;
    let configs = world.objects(KIND);
    configs.apply("release", config(json!({}))).await;
    configs.ready("release").await;
    let two = json!({"signingProfileVersionArns": [PROFILE, format!("{PROFILE}d")]});
    let enforce = json!({"untrustedArtifactOnDeployment": "Enforce"});
    for (extra, write) in [
        (json!({"description": "d"}), "UpdateCodeSigningConfig"),
        (json!({"allowedPublishers": two}), "UpdateCodeSigningConfig"),
        (json!({"codeSigningPolicies": enforce}), "UpdateCodeSigningConfig"),
        (json!({"tags": {"team": "a"}}), "TagResource"),
    ] {
        for (extra, write) in
            [(extra, write), (json!({}), if write == "TagResource" { "UntagResource" } else { write })]
        {
            world.aws().clear_ledger().await;
            configs.apply("release", config(extra.clone())).await;
            configs.ready("release").await;
            let ledger = world.ledger().await;
            let writes: Vec<_> =
                ledger.iter().filter(|call| call.is_write()).map(|call| call.operation.as_str()).collect();
            assert_eq!(writes, [write], "{extra}");
        }
    }
}

#[tokio::test]
async fn drift_is_found_by_the_rotation_and_mended() {
    let world = World::builder("csc-drift")
        .settings(|settings| {
            settings.drift.rotation_interval = Some(Duration::from_millis(500));
            settings.drift.read_share = 1.0;
        })
        .start()
        .await;
    let configs = world.objects(KIND);
    configs.apply("release", config(json!({"description": "ours"}))).await;
    let arn = configs.ready("release").await["status"]["arn"].as_str().unwrap().to_owned();
    world.aws().edit_code_signing_config(&arn, json!({"Description": "by hand"})).await;
    eventually(Duration::from_mins(1), "the description is back", || async {
        let all = in_aws(&world).await;
        if all[0]["Description"] == "ours" { Ok(()) } else { Err(all) }
    })
    .await;
    eventually(Duration::from_mins(1), "an Event says so", || async {
        let events = world.events("release").await;
        if events.iter().any(|(_, reason, _)| reason == "DriftDetected") { Ok(()) } else { Err(events) }
    })
    .await;
}

#[tokio::test]
async fn an_answer_that_is_lost_makes_no_second_config() {
    let world = World::builder("csc-lost").without_operator().start().await;
    world.aws().inject(Fault::new("CreateCodeSigningConfig", FaultEffect::CutAfter)).await;
    let mut world = world;
    world.start_operator();
    let configs = world.objects(KIND);
    configs.apply("release", config(json!({}))).await;
    let object = configs.ready("release").await;
    let all = in_aws(&world).await;
    assert_eq!(all.len(), 1, "{all:?}");
    assert_eq!(object["status"]["arn"], all[0]["CodeSigningConfigArn"]);
    assert!(object["status"]["pending"].is_null());
}

#[tokio::test]
async fn a_config_in_use_says_by_whom_and_goes_when_it_is_free() {
    let world = World::start("csc-use").await;
    let configs = world.objects(KIND);
    configs.apply("release", config(json!({}))).await;
    let arn = configs.ready("release").await["status"]["arn"].as_str().unwrap().to_owned();
    let foreign = json!({
        "FunctionName": "somebody", "Role": "arn:aws:iam::111122223333:role/service", "Runtime": "python3.14",
        "Handler": "i.h", "Code": {"S3Bucket": "bucket", "S3Key": "k"},
    });
    world.aws().put_function(foreign).await;
    world.aws().edit_function("somebody", json!({"CodeSigningConfigArn": arn})).await;
    configs.delete("release").await;
    let object = configs.reason("release", "DeletionBlocked").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("somebody") && text.contains("Detach"), "{text}");
    world.aws().edit_function("somebody", json!({"CodeSigningConfigArn": null})).await;
    configs.gone("release").await;
    assert_eq!(in_aws(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn retained_it_stays_without_the_owners_tags() {
    let world = World::start("csc-retain").await;
    let configs = world.objects(KIND);
    configs.apply("release", config(json!({"deletionPolicy": "Retain", "tags": {"team": "a"}}))).await;
    configs.ready("release").await;
    configs.delete("release").await;
    configs.gone("release").await;
    let all = in_aws(&world).await;
    assert_eq!(all.len(), 1);
    assert_eq!(all[0]["Tags"], json!({"team": "a"}));
}

#[tokio::test]
async fn one_that_vanished_is_made_anew() {
    let world = World::builder("csc-vanished")
        .settings(|settings| {
            settings.drift.rotation_interval = Some(Duration::from_millis(500));
            settings.drift.read_share = 1.0;
        })
        .start()
        .await;
    let configs = world.objects(KIND);
    configs.apply("release", config(json!({}))).await;
    let before = configs.ready("release").await["status"]["arn"].as_str().unwrap().to_owned();
    world.aws().remove_code_signing_config(&before).await;
    let object = configs
        .until("release", "has another ARN", |object| {
            object["status"]["arn"].as_str().is_some_and(|arn| arn != before)
                && object_condition(object, "Ready")["status"] == "True"
        })
        .await;
    assert_eq!(in_aws(&world).await[0]["CodeSigningConfigArn"], object["status"]["arn"]);
}
