//! Code signing configs, the functions that have them, and what they refuse.

use serde_json::{Value, json};

use crate::client::{Answer, Bench, ROLE, function, zip};

const CONFIGS: &str = "/2020-04-22/code-signing-configs";
const LINK: &str = "/2020-06-30/functions/hello/code-signing-config";
const PROFILE: &str = "arn:aws:signer:eu-west-1:111122223333:/signing-profiles/mine/a1b2c3d4e5";

fn config(policy: &str) -> Value {
    json!({
        "Description": "ours",
        "AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]},
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": policy},
        "Tags": {"team": "x"},
    })
}

impl Bench {
    async fn create_config(&self, request: Value) -> Answer {
        self.call("POST", CONFIGS, Some(request)).await
    }

    /// Makes a config and returns its ARN.
    async fn config(&self, policy: &str) -> String {
        self.account.put_code_signing_config(config(policy)).await
    }

    async fn link(&self, arn: &str) -> Answer {
        self.call("PUT", LINK, Some(json!({"CodeSigningConfigArn": arn}))).await
    }
}

fn missing(arn: &str) -> String {
    format!("The Lambda code signing configuration {arn} can not be found.")
}

#[tokio::test]
async fn a_config_reads_back_as_it_was_created() {
    let bench = Bench::start().await;
    let created = bench.create_config(config("Enforce")).await;
    assert_eq!(created.status, 201);
    let created = created.ok()["CodeSigningConfig"].clone();
    let id = created["CodeSigningConfigId"].as_str().unwrap();
    assert!(id.starts_with("csc-") && id.len() == 21, "{id}");
    let arn = format!("arn:aws:lambda:eu-west-1:111122223333:code-signing-config:{id}");
    assert_eq!(created["CodeSigningConfigArn"], arn);
    assert_eq!(created["Description"], "ours");
    assert_eq!(created["AllowedPublishers"], config("")["AllowedPublishers"]);
    assert_eq!(created["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"], "Enforce");
    assert!(created.get("Tags").is_none());
    let read = bench.get(&format!("{CONFIGS}/{arn}")).await.ok();
    assert_eq!(read["CodeSigningConfig"], created);
    assert_eq!(bench.get(CONFIGS).await.ok(), json!({"CodeSigningConfigs": [created]}));
}

#[tokio::test]
async fn a_config_without_more_only_warns() {
    let bench = Bench::start().await;
    let request = json!({"AllowedPublishers": {"SigningProfileVersionArns": [PROFILE]}});
    let created = bench.create_config(request.clone()).await.ok()["CodeSigningConfig"].clone();
    assert_eq!(created["CodeSigningPolicies"], json!({"UntrustedArtifactOnDeployment": "Warn"}));
    assert_eq!(created["Description"], "");
    let again = bench.create_config(request).await.ok()["CodeSigningConfig"].clone();
    assert_ne!(again["CodeSigningConfigArn"], created["CodeSigningConfigArn"], "nothing makes them one");
    bench.create_config(json!({})).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn an_update_changes_what_it_sends() {
    let bench = Bench::start().await;
    let path = format!("{CONFIGS}/{}", bench.config("Enforce").await);
    let before = bench.get(&path).await.ok()["CodeSigningConfig"].clone();
    let same = bench.call("PUT", &path, Some(json!({}))).await.ok()["CodeSigningConfig"].clone();
    assert_eq!(same["CodeSigningPolicies"], before["CodeSigningPolicies"]);
    let changes =
        json!({"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}, "Description": ""});
    let after = bench.call("PUT", &path, Some(changes)).await.ok()["CodeSigningConfig"].clone();
    assert_eq!(after["CodeSigningPolicies"]["UntrustedArtifactOnDeployment"], "Warn");
    assert_eq!(
        (&after["Description"], &after["AllowedPublishers"]),
        (&json!(""), &before["AllowedPublishers"])
    );
    let none = json!({"AllowedPublishers": {"SigningProfileVersionArns": []}});
    bench.call("PUT", &path, Some(none)).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn a_config_that_is_missing_is_named() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let arn = bench.config("Warn").await;
    bench.call("DELETE", &format!("{CONFIGS}/{arn}"), None).await.ok();
    let path = format!("{CONFIGS}/{arn}");
    for answer in [
        bench.get(&path).await,
        bench.call("PUT", &path, Some(json!({}))).await,
        bench.call("DELETE", &path, None).await,
        bench.get(&format!("{path}/functions")).await,
        bench.get(&format!("/2017-03-31/tags/{arn}")).await,
    ] {
        assert_eq!(answer.refused(404, "ResourceNotFoundException"), missing(&arn));
    }
    let unknown = format!(
        "The code signing configuration cannot be found. Check that the provided configuration is not deleted: {arn}."
    );
    assert_eq!(bench.link(&arn).await.refused(404, "CodeSigningConfigNotFoundException"), unknown);
    let mut request = function("other");
    request["CodeSigningConfigArn"] = arn.into();
    assert_eq!(bench.create(request).await.refused(404, "CodeSigningConfigNotFoundException"), unknown);
    bench.get(&format!("{CONFIGS}/mine")).await.refused(400, "ValidationException");
    bench.link("mine").await.refused(400, "ValidationException");
}

#[tokio::test]
async fn a_function_is_linked_changed_and_unlinked() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    let (one, two) = (bench.config("Warn").await, bench.config("Warn").await);
    assert_eq!(bench.get(LINK).await.ok(), json!({}));
    assert_eq!(bench.call("DELETE", LINK, None).await.status, 204, "also when there is none");
    let linked = json!({"CodeSigningConfigArn": one, "FunctionName": "hello"});
    assert_eq!(bench.link(&one).await.ok(), linked);
    assert_eq!(bench.get(LINK).await.ok(), linked);
    let users =
        async |arn: &str| bench.get(&format!("{CONFIGS}/{arn}/functions")).await.ok()["FunctionArns"].clone();
    let arn = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
    assert_eq!(users(&one).await, json!([arn]));
    bench.link(&two).await.ok();
    assert_eq!((users(&one).await, users(&two).await), (json!([]), json!([arn])));
    assert_eq!(bench.call("DELETE", LINK, None).await.status, 204);
    assert_eq!(bench.get(LINK).await.ok(), json!({}));
    assert_eq!(bench.function("hello").await, before);
    let other = LINK.replace("hello", "other");
    let text = bench.get(&other).await.refused(404, "ResourceNotFoundException");
    assert!(text.starts_with("Function not found:"), "{text}");
}

#[tokio::test]
async fn a_config_in_use_cannot_be_deleted() {
    let bench = Bench::start().await;
    let arn = bench.config("Warn").await;
    let mut request = function("hello");
    request["CodeSigningConfigArn"] = arn.clone().into();
    bench.create(request).await.ok();
    assert_eq!(bench.get(LINK).await.ok()["CodeSigningConfigArn"], arn);
    let path = format!("{CONFIGS}/{arn}");
    let text = bench.call("DELETE", &path, None).await.refused(409, "ResourceConflictException");
    assert!(text.contains("only if no function is using it"), "{text}");
    bench.call("DELETE", "/2015-03-31/functions/hello", None).await.ok();
    assert_eq!(bench.call("DELETE", &path, None).await.status, 204);
    assert!(bench.account.code_signing_configs().await.is_empty());
}

#[tokio::test]
async fn only_enforce_refuses_packages_that_are_not_signed() {
    let bench = Bench::start().await;
    let arn = bench.config("Enforce").await;
    let mut request = function("hello");
    request["CodeSigningConfigArn"] = arn.clone().into();
    bench.create(request.clone()).await.ok();
    bench.function("hello").await;
    bench.account.configure(|settings| settings.unsigned_packages = true).await;
    let refusal = "Lambda cannot deploy the function. The function or layer might be signed using a signature that \
                   the client is not configured to accept. Check the provided signature for hello.";
    let layer = json!({"Layers": ["arn:aws:lambda:eu-west-1:111122223333:layer:tools:1"]});
    for answer in [
        bench.update_code("hello", json!({"ZipFile": zip("2")})).await,
        bench.update_code("hello", json!({"ZipFile": zip("2"), "DryRun": true})).await,
        bench.update("hello", layer).await,
    ] {
        assert_eq!(answer.refused(400, "CodeVerificationFailedException"), refusal);
    }
    request["FunctionName"] = "other".into();
    bench.create(request).await.refused(400, "CodeVerificationFailedException");
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    bench.function("hello").await;
    let warn = json!({"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}});
    bench.account.edit_code_signing_config(&arn, warn).await;
    bench.update_code("hello", json!({"ZipFile": zip("2")})).await.ok();
}

#[tokio::test]
async fn images_are_not_signed() {
    let bench = Bench::start().await;
    let arn = bench.config("Warn").await;
    let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
    let image =
        json!({"FunctionName": "hello", "PackageType": "Image", "Role": ROLE, "Code": {"ImageUri": uri}});
    bench.account.put_function(image.clone()).await;
    bench.link(&arn).await.refused(400, "InvalidParameterValueException");
    let mut signed = image;
    signed["FunctionName"] = "other".into();
    signed["CodeSigningConfigArn"] = arn.into();
    bench.create(signed).await.refused(400, "InvalidParameterValueException");
}

#[tokio::test]
async fn configs_have_tags() {
    let bench = Bench::start().await;
    let arn = bench.config("Warn").await;
    let tags = format!("/2017-03-31/tags/{}", arn.replace(':', "%3A"));
    assert_eq!(bench.get(&tags).await.ok(), json!({"Tags": {"team": "x"}}));
    let added = json!({"Tags": {"team": "y", "more": "1"}});
    assert_eq!(bench.call("POST", &tags, Some(added)).await.status, 204);
    assert_eq!(bench.call("DELETE", &format!("{tags}?tagKeys=more&tagKeys=none"), None).await.status, 204);
    assert_eq!(bench.get(&tags).await.ok(), json!({"Tags": {"team": "y"}}));
    let aws = json!({"Tags": {"aws:x": "1"}});
    bench.call("POST", &tags, Some(aws)).await.refused(400, "InvalidParameterValueException");
    let many: Value = (0..51).map(|n| (format!("k{n}"), json!(""))).collect::<serde_json::Map<_, _>>().into();
    let text = bench.call("POST", &tags, Some(json!({"Tags": many}))).await;
    let text = text.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "Number of tags exceeds resource tag limit.");
}

#[tokio::test]
async fn configs_and_their_functions_are_listed_in_pages() {
    let bench = Bench::start().await;
    for _ in 0..59 {
        bench.config("Warn").await;
    }
    let arn = bench.config("Warn").await;
    let count = |page: &Value, member: &str| page[member].as_array().unwrap().len();
    let first = bench.get(CONFIGS).await.ok();
    assert_eq!(count(&first, "CodeSigningConfigs"), 50);
    let next = format!("{CONFIGS}?Marker={}", first["NextMarker"].as_str().unwrap());
    assert_eq!(count(&bench.get(&next).await.ok(), "CodeSigningConfigs"), 10);
    assert_eq!(count(&bench.get(&format!("{CONFIGS}?MaxItems=60")).await.ok(), "CodeSigningConfigs"), 60);
    for n in 0..3 {
        let mut request = function(&format!("f{n}"));
        request["CodeSigningConfigArn"] = arn.clone().into();
        bench.account.put_function(request).await;
    }
    let users = format!("{CONFIGS}/{arn}/functions?MaxItems=2");
    let first = bench.get(&users).await.ok();
    assert_eq!(count(&first, "FunctionArns"), 2);
    let next = format!("{users}&Marker={}", first["NextMarker"].as_str().unwrap());
    assert_eq!(count(&bench.get(&next).await.ok(), "FunctionArns"), 1);
}

#[tokio::test]
async fn somebody_else_changes_configs_and_links() {
    let bench = Bench::start().await;
    let before = bench.created("hello").await;
    let arn = bench.config("Warn").await;
    let changes = json!({"Description": "theirs", "Tags": {"owner": "them"}});
    bench.account.edit_code_signing_config(&arn, changes).await;
    bench.account.edit_function("hello", json!({"CodeSigningConfigArn": arn})).await;
    let shown = bench.account.code_signing_config(&arn).await.unwrap();
    assert_eq!((&shown["Description"], &shown["Tags"]), (&json!("theirs"), &json!({"owner": "them"})));
    assert_eq!(shown["FunctionArns"].as_array().unwrap().len(), 1);
    assert_eq!(bench.get(LINK).await.ok()["CodeSigningConfigArn"], arn);
    bench.account.edit_function("hello", json!({"CodeSigningConfigArn": null})).await;
    assert_eq!(bench.get(LINK).await.ok(), json!({}));
    assert_eq!(bench.function("hello").await, before, "the link is no part of the configuration");
    bench.account.edit_function("hello", json!({"CodeSigningConfigArn": arn})).await;
    assert!(bench.account.remove_code_signing_config(&arn).await);
    assert_eq!(bench.get(LINK).await.ok(), json!({}));
    assert_eq!(bench.account.code_signing_config(&arn).await, None);
}
