//! Layers, their versions and permissions.

use conformance::requests::{LAYERS, arn, encoded_arn, zip};
use conformance::{Step, agree};
use serde_json::{Value, json};

const VERSIONS: &str = "/2018-10-31/layers/tools/versions";
const POLICY: &str = "/2018-10-31/layers/tools/versions/1/policy";

fn publish(name: &'static str, source: &str, members: &Value) -> Step {
    let mut body = json!({"Content": {"ZipFile": zip(source)}});
    for (name, value) in members.as_object().into_iter().flatten() {
        body[name.as_str()] = value.clone();
    }
    Step::post(name, VERSIONS, body)
}

#[tokio::test]
async fn layers_are_published_listed_and_deleted() {
    let members = json!({
        "Description": "text",
        "LicenseInfo": "MIT",
        "CompatibleRuntimes": ["python3.12", "python3.13"],
        "CompatibleArchitectures": ["x86_64", "arm64"],
    });
    let by_arn = |name, resource: &str| {
        let arn = encoded_arn(&arn("lambda", resource));
        Step::get(name, format!("{LAYERS}?find=LayerVersion&Arn={arn}"))
    };
    let steps = vec![
        Step::get("list none", LAYERS),
        Step::get("versions of none", VERSIONS),
        Step::get("get none", format!("{VERSIONS}/1")),
        Step::delete("delete none", format!("{VERSIONS}/1")),
        publish("publish", "1", &json!({})),
        publish("publish all", "2", &members),
        publish("publish the same", "2", &members),
        Step::get("get 1", format!("{VERSIONS}/1")),
        Step::get("get 2", format!("{VERSIONS}/2")),
        by_arn("get by arn", "layer:tools:2"),
        by_arn("get a missing one by arn", "layer:tools:9"),
        by_arn("get by the layer's arn", "layer:tools"),
        Step::get("versions", VERSIONS),
        Step::get("versions for a runtime", format!("{VERSIONS}?CompatibleRuntime=python3.13")),
        Step::get("versions for another runtime", format!("{VERSIONS}?CompatibleRuntime=nodejs22.x")),
        Step::get("list", LAYERS),
        Step::get("list for a processor", format!("{LAYERS}?CompatibleArchitecture=arm64")),
        Step::delete("delete", format!("{VERSIONS}/3")),
        Step::delete("delete again", format!("{VERSIONS}/3")),
        Step::get("get what is gone", format!("{VERSIONS}/3")),
        Step::get("list without", LAYERS),
        publish("publish after deleting", "3", &json!({})),
        publish("a bad runtime", "4", &json!({"CompatibleRuntimes": ["cobol"]})),
        publish("a bad processor", "4", &json!({"CompatibleArchitectures": ["z80"]})),
        publish("no zip", "4", &json!({"Content": {"ZipFile": "bm8gemlw"}})),
        Step::get("get version 0", format!("{VERSIONS}/0")),
    ];
    agree("layers", steps).await;
}

#[tokio::test]
async fn layers_are_shared() {
    let add = |name, body: Value| Step::post(name, POLICY, body);
    let statement = |id: &str, principal: &str| json!({"StatementId": id, "Action": "lambda:GetLayerVersion", "Principal": principal});
    let organization = json!({
        "StatementId": "org", "Action": "lambda:GetLayerVersion", "Principal": "*", "OrganizationId": "o-0123456789",
    });
    let steps = vec![
        add("add to none", statement("one", "111122223333")),
        Step::get("policy of none", POLICY),
        publish("publish", "1", &json!({})),
        Step::get("no policy", POLICY),
        Step::delete("remove without a policy", format!("{POLICY}/one")),
        add("add", statement("one", "111122223333")),
        add("add again", statement("one", "111122223333")),
        add("add for an organization", organization),
        add("add for all", statement("all", "*")),
        add("a bad action", json!({"StatementId": "x", "Action": "lambda:Get", "Principal": "*"})),
        Step::get("policy", POLICY).saves("revision", "/RevisionId"),
        Step::delete("remove what isn't", format!("{POLICY}/none")),
        Step::delete(
            "remove, stale",
            format!("{POLICY}/one?RevisionId=11111111-2222-3333-4444-555555555555"),
        ),
        Step::delete("remove", format!("{POLICY}/one?RevisionId={{revision}}")),
        Step::get("policy after", POLICY),
        Step::delete("remove org", format!("{POLICY}/org")),
        Step::delete("remove all", format!("{POLICY}/all")),
        Step::get("policy at the end", POLICY),
    ];
    agree("layer permissions", steps).await;
}
