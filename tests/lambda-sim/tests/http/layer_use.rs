//! Functions with layers: of the same account, of others, and of none that the simulator knows.

use serde_json::{Value, json};

use crate::client::{Answer, Bench, function};
use crate::layers::{ARN, LAYERS, content};

const OTHER_ACCOUNT: &str = "444455556666";

async fn set(bench: &Bench, layers: &[&str]) -> Answer {
    bench.update("hello", json!({"Layers": layers})).await
}

/// A function `hello`, and two versions of the layer `tools`.
async fn with_layers() -> Bench {
    let bench = Bench::start().await;
    bench.created("hello").await;
    for source in ["one", "two"] {
        bench.publish_layer("tools", content(source)).await.ok();
    }
    bench
}

#[tokio::test]
async fn a_layer_shows_the_size_of_its_version() {
    let bench = with_layers().await;
    let used = set(&bench, &[&format!("{ARN}:2")]).await.ok();
    let size = bench.layer_version("tools", "2").await.ok()["Content"]["CodeSize"].clone();
    assert_eq!(used["Layers"], json!([{"Arn": format!("{ARN}:2"), "CodeSize": size}]));
}

#[tokio::test]
async fn a_version_that_does_not_exist_is_refused() {
    let bench = with_layers().await;
    let arn = format!("{ARN}:9");
    let text = set(&bench, &[&arn]).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, format!("Layer version {arn} does not exist."));
    let mut request = function("other");
    request["Layers"] = json!([arn]);
    bench.create(request).await.refused(400, "InvalidParameterValueException");
    assert_eq!(bench.account.functions().await, ["hello"]);
}

#[tokio::test]
async fn a_deleted_version_keeps_working_but_cannot_be_sent_again() {
    let bench = with_layers().await;
    let arn = format!("{ARN}:1");
    set(&bench, &[&arn]).await.ok();
    bench.function("hello").await;
    bench.call("DELETE", &format!("{LAYERS}/tools/versions/1"), None).await.ok();
    bench.update("hello", json!({"Timeout": 9})).await.ok();
    let read = bench.function("hello").await;
    assert_eq!(read["Configuration"]["Layers"][0]["Arn"], arn);
    let text = set(&bench, &[&arn]).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, format!("Layer version {arn} does not exist."));
    set(&bench, &[]).await.ok();
}

#[tokio::test]
async fn layers_that_were_never_published_exist_unless_the_account_is_strict() {
    let bench = with_layers().await;
    let unknown = ARN.replace("tools", "unknown") + ":7";
    set(&bench, &[&unknown]).await.ok();
    bench.function("hello").await;
    bench.account.configure(|settings| settings.strict_layers = true).await;
    let text = set(&bench, &[&unknown]).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, format!("Layer version {unknown} does not exist."));
}

#[tokio::test]
async fn two_versions_of_one_layer_or_more_than_five_are_refused() {
    let bench = with_layers().await;
    let (one, two) = (format!("{ARN}:1"), format!("{ARN}:2"));
    let text = set(&bench, &[&one, &two]).await.refused(400, "InvalidParameterValueException");
    assert_eq!(
        text,
        format!(
            "Two different versions of the same layer are not allowed to be referenced in the same function. {one} \
             and {two} are versions of the same layer."
        )
    );
    let six: Vec<_> = (0..6).map(|n| ARN.replace("tools", &format!("l{n}")) + ":1").collect();
    let six: Vec<_> = six.iter().map(String::as_str).collect();
    let text = set(&bench, &six).await.refused(400, "InvalidParameterValueException");
    assert_eq!(text, "Cannot reference more than 5 layers.");
}

#[tokio::test]
async fn layers_are_of_the_functions_region() {
    let bench = with_layers().await;
    let elsewhere = format!("{ARN}:1").replace("eu-west-1", "us-east-1");
    let text = set(&bench, &[&elsewhere]).await.refused(400, "InvalidParameterValueException");
    assert_eq!(
        text,
        "Layers are not in the same region as the function. Layers are expected to be in region eu-west-1."
    );
}

#[tokio::test]
async fn a_layer_of_another_account_needs_its_permission() {
    let mut bench = with_layers().await;
    let theirs = format!("{ARN}:1").replace("111122223333", OTHER_ACCOUNT);
    let other = bench.sim.control().account(OTHER_ACCOUNT, "eu-west-1");
    other.publish_layer("tools", content("theirs")).await;
    let text = set(&bench, &[&theirs]).await.refused(403, "AccessDeniedException");
    assert_eq!(
        text,
        format!(
            "User: arn:aws:iam::111122223333:user/AKIA111122223333 is not authorized to perform: \
             lambda:GetLayerVersion on resource: {theirs} because no resource-based policy allows the \
             lambda:GetLayerVersion action"
        )
    );
    let find = format!("{LAYERS}?find=LayerVersion&Arn={theirs}");
    bench.get(&find).await.refused(403, "AccessDeniedException");
    let permission: Value =
        json!({"StatementId": "s1", "Action": "lambda:GetLayerVersion", "Principal": "111122223333"});
    other.put_layer_permission("tools", 1, permission).await;
    assert_eq!(bench.get(&find).await.ok()["LayerVersionArn"], theirs);
    set(&bench, &[&theirs]).await.ok();
    bench.function("hello").await;
    let missing = theirs.replace(":tools:1", ":tools:9");
    set(&bench, &[&missing]).await.refused(403, "AccessDeniedException");
    let their_layer = theirs.trim_end_matches(":1");
    let publish = format!("{LAYERS}/{their_layer}/versions");
    bench.call("POST", &publish, Some(content("mine"))).await.refused(403, "AccessDeniedException");
    bench.access_key = "AKIA999999999999".to_owned();
    bench.get(&find).await.refused(403, "AccessDeniedException");
}
