//! Sizes, quotas and pages at their limits.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lambda_sim::AccountControl;
use serde_json::{Value, json};

use crate::client::{Bench, FUNCTIONS, function, zip};
use crate::layers::LAYERS;

/// A zip file of one stored file of so many bytes.
fn stored(bytes: usize) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    let options = zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    zip.start_file("index.py", options).unwrap();
    zip.write_all(&vec![b'x'; bytes]).unwrap();
    zip.finish().unwrap().into_inner()
}

#[tokio::test]
async fn requests_have_a_largest_size() {
    let bench = Bench::start().await;
    let operations = [
        ("POST", FUNCTIONS.to_owned(), "CreateFunction"),
        ("PUT", format!("{FUNCTIONS}/hello/code"), "UpdateFunctionCode"),
        ("POST", format!("{LAYERS}/tools/versions"), "PublishLayerVersion"),
    ];
    for (method, path, operation) in operations {
        let request = bench.request(method, &path, "lambda").body(vec![b' '; 70_167_212]);
        let answer = crate::client::answer(request.send().await.unwrap()).await;
        let text = answer.refused(413, "RequestEntityTooLargeException");
        assert_eq!(
            text,
            format!("Request must be smaller than 70167211 bytes for the {operation} operation")
        );
    }
    assert_eq!(bench.operations().await, ["CreateFunction", "UpdateFunctionCode", "PublishLayerVersion"]);
}

#[tokio::test]
async fn what_is_no_base64_cannot_be_read() {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["Code"] = json!({"ZipFile": "*"});
    bench.create(request).await.refused(400, "SerializationException");
}

async fn limit(account: &AccountControl, bytes: u64) {
    account.configure(|settings| settings.code_storage = bytes).await;
}

#[tokio::test]
async fn code_storage_is_limited_and_what_is_replaced_makes_room() {
    let bench = Bench::start().await;
    let size = bench.created("hello").await["Configuration"]["CodeSize"].as_u64().unwrap();
    limit(&bench.account, size).await;
    let refused = bench.create(function("other")).await;
    assert_eq!(refused.refused(400, "CodeStorageExceededException"), "Code storage limit exceeded.");
    assert_eq!(bench.update_code("hello", function("hello")["Code"].clone()).await.status, 200);
    bench.function("hello").await;
    let larger = json!({"ZipFile": STANDARD.encode(stored(1000))});
    bench.update_code("hello", larger).await.refused(400, "CodeStorageExceededException");
    let publish = format!("{FUNCTIONS}/hello/versions");
    let refused = bench.call("POST", &publish, Some(json!({}))).await;
    refused.refused(400, "CodeStorageExceededException");
}

#[tokio::test]
async fn code_that_stays_in_the_bucket_takes_no_storage() {
    let bench = Bench::start().await;
    limit(&bench.account, 0).await;
    let mut request = function("hello");
    request["Code"] = json!({"S3Bucket": "bucket", "S3Key": "key", "S3ObjectStorageMode": "REFERENCE"});
    bench.create(request.clone()).await.ok();
    let read = bench.function("hello").await;
    let object = &read["Code"]["ResolvedS3Object"];
    assert_eq!((object["S3Bucket"].as_str(), object["S3Key"].as_str()), (Some("bucket"), Some("key")));
    assert!(object["S3ObjectVersion"].is_string(), "{object}");
    bench.update_code("hello", request["Code"].clone()).await.ok();
    assert_eq!(bench.function("hello").await["Code"]["ResolvedS3Object"], *object);
    let layer = json!({"Content": request["Code"]});
    bench.call("POST", &format!("{LAYERS}/tools/versions"), Some(layer)).await.ok();
    let usage = bench.get("/2016-08-19/account-settings").await.ok();
    assert_eq!(usage["AccountUsage"]["TotalCodeSize"], 0);
    request["Code"] = json!({"ZipFile": zip("1")});
    request["FunctionName"] = json!("other");
    bench.create(request).await.refused(400, "CodeStorageExceededException");
}

#[tokio::test]
async fn arguments_of_pages_are_checked() {
    let bench = Bench::start().await;
    let list = async |query: &str| bench.get(&format!("{FUNCTIONS}?{query}")).await;
    let text = list("MaxItems=0").await.refused(400, "ValidationException");
    assert_eq!(
        text,
        "1 validation error detected: Value '0' at 'maxItems' failed to satisfy constraint: Member must have value \
         greater than or equal to 1"
    );
    let text = list("MaxItems=10001").await.refused(400, "ValidationException");
    assert!(text.ends_with("Member must have value less than or equal to 10000"), "{text}");
    list("MaxItems=many").await.refused(400, "SerializationException");
    list("Marker=%21").await.refused(400, "InvalidParameterValueException");
}

/// How many of so many calls are throttled.
async fn throttled(bench: &Bench, path: &str, calls: usize) -> usize {
    let mut statuses: Vec<u16> = Vec::new();
    for _ in 0..calls {
        statuses.push(bench.get(path).await.status);
    }
    statuses.into_iter().filter(|status| *status == 429).count()
}

#[tokio::test]
async fn quotas_are_per_account_region_and_class() {
    let mut bench = Bench::start().await;
    bench.created("hello").await;
    let quotas = |settings: &mut lambda_sim::AccountSettings| settings.quotas = true;
    bench.account.configure(quotas).await;
    for (account, region) in [("111122223333", "us-east-1"), ("999999999999", "eu-west-1")] {
        bench.account.control().account(account, region).configure(quotas).await;
    }
    assert!(throttled(&bench, FUNCTIONS, 40).await > 0);
    assert_eq!(throttled(&bench, &format!("{FUNCTIONS}/hello"), 30).await, 0, "GetFunction has its own");
    assert_eq!(throttled(&bench, &format!("{FUNCTIONS}/hello/policy"), 5).await, 0, "and so has GetPolicy");
    assert!(throttled(&bench, &format!("{FUNCTIONS}/hello/policy"), 40).await > 0, "of 15");
    bench.region = "us-east-1".to_owned();
    assert_eq!(throttled(&bench, FUNCTIONS, 10).await, 0, "another region");
    bench.region = crate::client::REGION.to_owned();
    bench.access_key = "AKIA999999999999".to_owned();
    assert_eq!(throttled(&bench, FUNCTIONS, 10).await, 0, "another account");
}

#[tokio::test]
async fn versions_are_listed_in_pages_of_fifty() {
    let bench = Bench::start().await;
    bench.created("hello").await;
    let path = format!("{FUNCTIONS}/hello/versions");
    for n in 0..55 {
        bench.account.edit_function("hello", json!({"Description": format!("{n}")})).await;
        bench.call("POST", &path, Some(json!({}))).await.ok();
    }
    let first = bench.get(&path).await.ok();
    assert_eq!(first["Versions"].as_array().unwrap().len(), 50);
    let marker = first["NextMarker"].as_str().unwrap();
    let second = bench.get(&format!("{path}?Marker={marker}")).await.ok();
    let numbers: Vec<_> =
        second["Versions"].as_array().unwrap().iter().map(|v| v["Version"].clone()).collect();
    assert_eq!(numbers, ["50", "51", "52", "53", "54", "55"].map(Value::from));
    assert!(second.get("NextMarker").is_none());
}
