//! UpdateFunctionCode.

use conformance::requests::{FUNCTIONS, function, function_path, part, zip};
use conformance::{Step, agree};
use serde_json::json;

use crate::settled;

#[tokio::test]
async fn code_that_is_new_the_same_or_none() {
    let update = |name, body| Step::put(name, part("code", "code"), body);
    let steps = vec![
        Step::post("create", FUNCTIONS, function("code")),
        settled("settled", "code"),
        update("new code", json!({"ZipFile": zip("2")})),
        settled("read new code", "code"),
        update("the same code", json!({"ZipFile": zip("2")})),
        settled("read the same code", "code"),
        update("other processors", json!({"ZipFile": zip("2"), "Architectures": ["arm64"]})),
        settled("read other processors", "code"),
        update("try only", json!({"ZipFile": zip("3"), "DryRun": true})),
        settled("read after trying", "code"),
        update("publish", json!({"ZipFile": zip("4"), "Publish": true})),
        settled("read after publishing", "code"),
        Step::get("get the version", format!("{}?Qualifier=1", function_path("code")))
            .until("/Configuration/State", "Active"),
        update("nothing", json!({})),
        update("an image", json!({"ImageUri": "{account}.dkr.ecr.eu-west-1.amazonaws.com/app:v1"})),
        update("no zip", json!({"ZipFile": "bm8gemlw"})),
        Step::put("configuration and code, first", part("code", "configuration"), json!({"Timeout": 7})),
        settled("configuration and code, between", "code"),
        update("configuration and code, then", json!({"ZipFile": zip("5")})),
        settled("configuration and code, settled", "code"),
    ];
    agree("code", steps).await;
}
