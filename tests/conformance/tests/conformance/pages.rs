//! Lists in pages.

use conformance::requests::{CODE_SIGNING, FUNCTIONS, LAYERS, MAPPINGS, arn, function, part, zip};
use conformance::{Step, agree};
use serde_json::json;

use crate::settled;

/// A page of one, and the rest.
fn pages(names: [&'static str; 2], path: &str) -> [Step; 2] {
    [
        Step::get(names[0], format!("{path}?MaxItems=1")).saves("marker", "/NextMarker"),
        Step::get(names[1], format!("{path}?MaxItems=2&Marker={{marker}}")),
    ]
}

#[tokio::test]
async fn functions_versions_and_aliases() {
    let alias = |name, alias: &str| {
        Step::post(name, part("a", "aliases"), json!({"Name": alias, "FunctionVersion": "$LATEST"}))
    };
    let mut steps = vec![
        Step::post("create a", FUNCTIONS, function("a")),
        Step::post("create b", FUNCTIONS, function("b")),
        Step::post("create c", FUNCTIONS, function("c")),
        settled("settled a", "a"),
        settled("settled b", "b"),
        settled("settled c", "c"),
        Step::post("publish 1", part("a", "versions"), json!({})),
        Step::put("change", part("a", "configuration"), json!({"Timeout": 9})),
        settled("changed", "a"),
        Step::post("publish 2", part("a", "versions"), json!({})),
        alias("alias x", "x"),
        alias("alias y", "y"),
        alias("alias z", "z"),
    ];
    steps.extend(pages(["first function", "other functions"], FUNCTIONS));
    steps.extend(pages(["first alias", "other aliases"], &part("a", "aliases")));
    steps.push(Step::get("first version", format!("{}?MaxItems=1", part("a", "versions"))));
    steps.push(Step::get("no page of nothing", format!("{FUNCTIONS}?MaxItems=0")));
    agree("pages of functions", steps).await;
}

#[tokio::test]
async fn layers_and_their_versions() {
    let publish = |name, layer: &str, content: &str| {
        let content = json!({"Content": {"ZipFile": zip(content)}});
        Step::post(name, format!("{LAYERS}/{layer}/versions"), content)
    };
    let mut steps = vec![
        publish("a 1", "a", "1"),
        publish("a 2", "a", "2"),
        publish("a 3", "a", "3"),
        publish("b 1", "b", "1"),
        publish("c 1", "c", "1"),
    ];
    steps.extend([
        Step::get("first layer", format!("{LAYERS}?MaxItems=1")),
        Step::get("first version", format!("{LAYERS}/a/versions?MaxItems=1")),
    ]);
    steps.push(Step::get("too large a page", format!("{LAYERS}?MaxItems=51")));
    agree("pages of layers", steps).await;
}

#[tokio::test]
async fn mappings_and_code_signing_configurations() {
    let queue = |name, queue: &str| Step::queue(name, queue);
    let map = |name, queue: &str| {
        let body = json!({"FunctionName": "mapped", "EventSourceArn": arn("sqs", queue), "Enabled": false});
        Step::post(name, MAPPINGS, body)
    };
    let publishers = |profile: &str| {
        let arn = arn("signer", &format!("/signing-profiles/{profile}/abcdefgh"));
        json!({"AllowedPublishers": {"SigningProfileVersionArns": [arn]}})
    };
    let mut steps = vec![
        Step::post("create function", FUNCTIONS, function("mapped")),
        settled("settled", "mapped"),
        queue("queue a", "a"),
        queue("queue b", "b"),
        map("map a", "a"),
        map("map b", "b"),
        Step::post("code signing 1", CODE_SIGNING, publishers("one")),
        Step::post("code signing 2", CODE_SIGNING, publishers("two")),
    ];
    // Which one comes first is nobody's promise, so that pages can't be compared.
    steps.push(Step::get("all mappings", MAPPINGS).unordered());
    steps.push(Step::get("all configurations", CODE_SIGNING).unordered());
    agree("pages of the rest", steps).await;
}
