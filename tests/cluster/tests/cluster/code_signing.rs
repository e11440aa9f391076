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

/// A configuration that somebody else made: its ARN.
async fn foreign(world: &World) -> String {
    let body = json!({"AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]}, "Tags": {"team": "a"}});
    let arn = world.aws().put_code_signing_config(body).await;
    world.aws().clear_ledger().await;
    arn
}

#[tokio::test]
async fn one_that_is_named_is_taken_over_where_that_is_allowed() {
    let world = World::start("csc-adopt").await;
    let (configs, arn) = (world.objects(KIND), foreign(&world).await);
    configs.apply("release", config(json!({"codeSigningConfigArn": arn}))).await;
    let object = configs.reason("release", "OwnershipConflict").await;
    assert!(object["status"]["arn"].is_null(), "it may still be corrected");
    assert_eq!(world.written().await, Vec::<String>::new());
    configs.apply("release", config(json!({"codeSigningConfigArn": arn, "adopt": "Unowned"}))).await;
    let object = configs.ready("release").await;
    assert_eq!((&object["status"]["arn"], &object["status"]["origin"]), (&json!(arn), &json!("Adopted")));
    assert_eq!(world.written().await, ["TagResource"]);
    // From then on it is the object's, whatever the spec says of where it came from.
    configs.apply("release", config(json!({"description": "ours"}))).await;
    configs.ready("release").await;
    assert_eq!(world.written().await, ["TagResource", "UpdateCodeSigningConfig"]);
    configs.delete("release").await;
    configs.gone("release").await;
    assert_eq!(in_aws(&world).await, Vec::<Value>::new());
}

#[tokio::test]
async fn one_that_is_only_observed_is_named_and_one_that_is_not_there_is_not_made() {
    let world = World::start("csc-observe").await;
    let (configs, arn) = (world.objects(KIND), foreign(&world).await);
    let observe = json!({"codeSigningConfigArn": arn, "managementPolicy": "Observe", "description": "d"});
    configs.apply("seen", config(observe)).await;
    let object = configs.ready("seen").await;
    assert_eq!(object["status"]["arn"], json!(arn));
    assert!(object_condition(&object, "Drifted")["message"].as_str().unwrap().contains("description"));
    let missing = arn.replace(&arn[arn.len() - 17..], "0123456789abcdefg");
    configs.apply("missing", config(json!({"codeSigningConfigArn": missing, "adopt": "Unowned"}))).await;
    let object = configs.reason("missing", "DependencyNotReady").await;
    let text = object_condition(&object, "Ready")["message"].to_string();
    assert!(text.contains("does not exist in AWS") && text.contains("spec.codeSigningConfigArn"), "{text}");
    // A typing mistake is corrected.
    configs.apply("missing", config(json!({"codeSigningConfigArn": arn, "adopt": "Unowned"}))).await;
    configs.ready("missing").await;
    assert_eq!(world.written().await, ["TagResource"]);
}

#[tokio::test]
async fn the_one_that_an_object_has_stays_its_own() {
    let world = World::start("csc-fixed").await;
    let (configs, arn) = (world.objects(KIND), foreign(&world).await);
    configs.apply("release", config(json!({}))).await;
    let own = configs.ready("release").await["status"]["arn"].as_str().unwrap().to_owned();
    let patch = |arn: &str| json!({"spec": {"codeSigningConfigArn": arn}});
    let params = kube::api::PatchParams::default();
    let api = configs.api();
    let refused =
        api.patch("release", &params, &kube::api::Patch::Merge(patch(&arn))).await.unwrap_err().to_string();
    assert!(refused.contains("spec.codeSigningConfigArn can't be") && refused.contains(&own), "{refused}");
    api.patch("release", &params, &kube::api::Patch::Merge(patch(&own))).await.unwrap();
    configs.ready("release").await;
    assert_eq!(world.written().await, ["CreateCodeSigningConfig"]);
}
