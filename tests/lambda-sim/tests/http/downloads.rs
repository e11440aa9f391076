//! Packages can be downloaded from where GetFunction and GetLayerVersion say, and are what was uploaded.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::{Bench, function, zip};

async fn downloaded(bench: &Bench, location: &Value) -> (u16, Vec<u8>) {
    let answer = bench.http.get(location.as_str().unwrap()).send().await.unwrap();
    (answer.status().as_u16(), answer.bytes().await.unwrap().to_vec())
}

#[tokio::test]
async fn a_package_is_downloaded_without_a_signature() {
    let bench = Bench::start().await;
    let mut request = function("hello");
    request["Code"] = json!({"ZipFile": zip("one")});
    bench.create(request).await.ok();
    let location = bench.function("hello").await["Code"]["Location"].clone();
    assert!(location.as_str().unwrap().starts_with(&bench.sim.endpoint()), "{location}");
    let uploaded = STANDARD.decode(zip("one")).unwrap();
    assert_eq!(downloaded(&bench, &location).await, (200, uploaded));

    bench.publish_layer("tools", json!({"Content": {"ZipFile": zip("two")}})).await.ok();
    let layer = bench.layer_version("tools", "1").await.ok();
    let uploaded = STANDARD.decode(zip("two")).unwrap();
    assert_eq!(downloaded(&bench, &layer["Content"]["Location"]).await, (200, uploaded));

    bench.account.remove_function("hello").await;
    assert_eq!(downloaded(&bench, &location).await.0, 403);
    assert_eq!(bench.operations().await.iter().filter(|name| name.starts_with("GET ")).count(), 0);
}

#[tokio::test]
async fn what_stays_elsewhere_has_no_place_to_be_downloaded_from() {
    let bench = Bench::start().await;
    let mut request = function("referenced");
    request["Code"] = json!({"S3Bucket": "b", "S3Key": "k", "S3ObjectStorageMode": "REFERENCE"});
    bench.create(request).await.ok();
    assert!(bench.function("referenced").await["Code"]["Location"].is_null());
}
