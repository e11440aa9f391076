//! How the runtime of a version is updated.

use lambda_sim::Section;
use serde_json::{Value, json};

use crate::client::{Bench, FUNCTIONS, ROLE};

const CONFIG: &str = "/2021-07-20/functions/hello/runtime-management-config";
const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:function:hello";
const RUNTIME: &str =
    "arn:aws:lambda:eu-west-1::runtime:07a48df201798d627f2b950f03bb227aab4a655a1d019c3296406f95937e2525";

fn manual() -> Value {
    json!({"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": RUNTIME})
}

#[tokio::test]
async fn runtimes_update_themselves_unless_somebody_says_otherwise() {
    let bench = Bench::with_versions(1).await;
    let before = bench.function("hello").await;
    let auto = json!({"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": null, "FunctionArn": ARN});
    assert_eq!(bench.get(CONFIG).await.ok(), auto);
    let set = bench.call("PUT", CONFIG, Some(json!({"UpdateRuntimeOn": "FunctionUpdate"}))).await;
    assert_eq!((set.status, &set.body["UpdateRuntimeOn"]), (200, &json!("FunctionUpdate")));
    let version = format!("{CONFIG}?Qualifier=1");
    let of_version = bench.get(&version).await.ok();
    assert_eq!(of_version["UpdateRuntimeOn"], "Auto");
    assert_eq!(of_version["FunctionArn"], format!("{ARN}:1"));
    bench.call("PUT", &version, Some(json!({"UpdateRuntimeOn": "FunctionUpdate"}))).await.ok();
    bench.call("PUT", CONFIG, Some(json!({"UpdateRuntimeOn": "Auto"}))).await.ok();
    assert_eq!(bench.get(&version).await.ok()["UpdateRuntimeOn"], "FunctionUpdate");
    assert_eq!(bench.function("hello").await, before, "the function doesn't change");
}

#[tokio::test]
async fn a_version_of_the_runtime_that_is_kept_is_shown_and_the_runtime_cannot_change() {
    let bench = Bench::with_versions(1).await;
    let set = bench.call("PUT", CONFIG, Some(manual())).await.ok();
    assert_eq!(set, json!({"UpdateRuntimeOn": "Manual", "RuntimeVersionArn": RUNTIME, "FunctionArn": ARN}));
    let runtime = async |query: &str| {
        let read = bench.get(&format!("{FUNCTIONS}/hello{query}")).await.ok();
        read["Configuration"]["RuntimeVersionConfig"]["RuntimeVersionArn"].clone()
    };
    assert_eq!(runtime("").await, RUNTIME);
    assert_ne!(runtime("?Qualifier=1").await, RUNTIME, "a version has its own");
    let text = bench.update("hello", json!({"Runtime": "python3.14"})).await;
    assert_eq!(
        text.refused(400, "InvalidParameterValueException"),
        "Cannot change runtime identifier when runtime management configuration is set to 'Manual'. Change the runtime \
         management configuration to 'Auto' or 'FunctionUpdate', then retry."
    );
    bench.update("hello", json!({"Runtime": "python3.13", "Timeout": 9})).await.ok();
    bench.function("hello").await;
    bench.call("PUT", CONFIG, Some(json!({"UpdateRuntimeOn": "Auto"}))).await.ok();
    assert_ne!(runtime("").await, RUNTIME);
    bench.update("hello", json!({"Runtime": "python3.14"})).await.ok();
}

#[tokio::test]
async fn what_cannot_be_managed_is_refused() {
    let bench = Bench::with_versions(1).await;
    bench.create_alias(json!({"Name": "live", "FunctionVersion": "1"})).await.ok();
    let invalid = "InvalidParameterValueException";
    let put =
        async |query: &str, body: Value| bench.call("PUT", &format!("{CONFIG}{query}"), Some(body)).await;
    put("", json!({"UpdateRuntimeOn": "Manual"})).await.refused(400, invalid);
    put("", json!({"UpdateRuntimeOn": "Auto", "RuntimeVersionArn": RUNTIME})).await.refused(400, invalid);
    put("", json!({"UpdateRuntimeOn": "Never"})).await.refused(400, "ValidationException");
    put("?Qualifier=live", json!({"UpdateRuntimeOn": "Auto"})).await.refused(400, invalid);
    for answer in [put("?Qualifier=7", manual()).await, bench.get(&format!("{CONFIG}?Qualifier=7")).await] {
        let text = answer.refused(404, "ResourceNotFoundException");
        assert_eq!(text, format!("Function not found: {ARN}:7"));
    }
    let other = CONFIG.replace("hello", "other");
    bench.get(&other).await.refused(404, "ResourceNotFoundException");
    let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
    let image =
        json!({"FunctionName": "other", "PackageType": "Image", "Role": ROLE, "Code": {"ImageUri": uri}});
    bench.account.put_function(image).await;
    bench.call("PUT", &other, Some(manual())).await.refused(400, invalid);
}

#[tokio::test]
async fn somebody_else_manages_runtimes() {
    let bench = Bench::with_versions(1).await;
    bench.account.set_section("hello", Some("1"), Section::RuntimeManagement, Some(manual())).await;
    let read = bench.get(&format!("{CONFIG}?Qualifier=1")).await.ok();
    assert_eq!(read["RuntimeVersionArn"], RUNTIME);
    assert_eq!(bench.account.section("hello", Some("1"), Section::RuntimeManagement).await, Some(read));
    bench.account.set_section("hello", Some("1"), Section::RuntimeManagement, None).await;
    assert_eq!(bench.get(&format!("{CONFIG}?Qualifier=1")).await.ok()["UpdateRuntimeOn"], "Auto");
}
