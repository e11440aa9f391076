//! Code-signing configurations and the functions that use them.

use conformance::requests::{CODE_SIGNING, FUNCTIONS, arn, function, function_path, function_with, tags};
use conformance::{Step, agree};
use serde_json::{Value, json};

use crate::settled;

const CONFIG: &str = "/2020-04-22/code-signing-configs/{csc}";
const LINK: &str = "/2020-06-30/functions/signed/code-signing-config";

fn publishers(profile: &str) -> Value {
    json!({"SigningProfileVersionArns": [arn("signer", &format!("/signing-profiles/{profile}/abcdefgh"))]})
}

fn create(name: &'static str) -> Step {
    let body = json!({
        "Description": "text",
        "AllowedPublishers": publishers("one"),
        "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Enforce"},
    });
    Step::post(name, CODE_SIGNING, body).saves("csc", "/CodeSigningConfig/CodeSigningConfigArn")
}

#[tokio::test]
async fn configurations_are_created_changed_and_deleted() {
    let missing = |path: &str| path.replace("{csc}", &conformance::requests::encoded_arn(&absent()));
    let steps = vec![
        Step::get("list none", CODE_SIGNING),
        Step::get("get none", missing(CONFIG)),
        Step::put("update none", missing(CONFIG), json!({})),
        Step::delete("delete none", missing(CONFIG)),
        Step::get("functions of none", missing(&format!("{CONFIG}/functions"))),
        Step::post("create with the least", CODE_SIGNING, json!({"AllowedPublishers": publishers("least")})),
        create("create"),
        Step::get("get", CONFIG),
        Step::get("list", CODE_SIGNING).unordered(),
        Step::put("nothing", CONFIG, json!({})),
        Step::put("description", CONFIG, json!({"Description": "other"})),
        Step::put("no description", CONFIG, json!({"Description": ""})),
        Step::put("publishers", CONFIG, json!({"AllowedPublishers": publishers("two")})),
        Step::put(
            "policy",
            CONFIG,
            json!({"CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Warn"}}),
        ),
        Step::get("get changed", CONFIG),
        Step::get("no functions", format!("{CONFIG}/functions")),
        Step::post(
            "a bad policy",
            CODE_SIGNING,
            json!({
                "AllowedPublishers": publishers("one"),
                "CodeSigningPolicies": {"UntrustedArtifactOnDeployment": "Maybe"},
            }),
        ),
        Step::post("no publishers", CODE_SIGNING, json!({})),
        Step::delete("delete", CONFIG),
        Step::get("get what is gone", CONFIG),
        Step::delete("delete what is gone", CONFIG),
    ];
    agree("code signing", steps).await;
}

fn absent() -> String {
    arn("lambda", "code-signing-config:csc-0123456789abcdef0")
}

#[tokio::test]
async fn functions_are_linked_and_unlinked() {
    let steps = vec![
        create("create"),
        Step::get("link of none", LINK),
        Step::put("link none", LINK, json!({"CodeSigningConfigArn": "{csc}"})),
        Step::delete("unlink none", LINK),
        Step::post("create function", FUNCTIONS, function("signed")),
        settled("settled", "signed"),
        Step::get("no link", LINK),
        Step::put("link to none", LINK, json!({"CodeSigningConfigArn": absent()})),
        Step::put("link", LINK, json!({"CodeSigningConfigArn": "{csc}"})),
        Step::get("linked", LINK),
        Step::get("function after linking", function_path("signed")),
        Step::get("functions", format!("{CONFIG}/functions")),
        Step::delete("delete in use", CONFIG),
        Step::delete("unlink", LINK),
        Step::delete("unlink again", LINK),
        Step::get("unlinked", LINK),
    ];
    agree("code signing links", steps).await;
}

#[tokio::test]
async fn a_function_may_be_created_with_a_link_and_a_configuration_with_tags() {
    let members = json!({"AllowedPublishers": publishers("one"), "Tags": {"team": "a"}});
    let steps = vec![
        Step::post("create", CODE_SIGNING, members).saves("csc", "/CodeSigningConfig/CodeSigningConfigArn"),
        Step::get("tags", tags("{csc}")),
        Step::post(
            "create function",
            FUNCTIONS,
            function_with("signed", json!({"CodeSigningConfigArn": "{csc}"})),
        ),
        settled("settled", "signed"),
        Step::get("linked", LINK),
    ];
    agree("code signing from the beginning", steps).await;
}
