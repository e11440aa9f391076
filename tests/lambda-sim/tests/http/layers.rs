//! The life of a layer: published, read, listed, deleted.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::client::{Answer, Bench, zip};

pub(crate) const LAYERS: &str = "/2018-10-31/layers";
pub(crate) const ARN: &str = "arn:aws:lambda:eu-west-1:111122223333:layer:tools";

/// The body of a plain PublishLayerVersion request.
pub(crate) fn content(source: &str) -> Value {
    json!({"Content": {"ZipFile": zip(source)}})
}

impl Bench {
    pub(crate) async fn publish_layer(&self, name: &str, request: Value) -> Answer {
        self.call("POST", &format!("{LAYERS}/{name}/versions"), Some(request)).await
    }

    pub(crate) async fn layer_version(&self, name: &str, number: &str) -> Answer {
        self.get(&format!("{LAYERS}/{name}/versions/{number}")).await
    }

    async fn delete_layer_version(&self, name: &str, number: &str) -> Answer {
        self.call("DELETE", &format!("{LAYERS}/{name}/versions/{number}"), None).await
    }
}

#[tokio::test]
async fn a_version_reads_back_as_it_was_published() {
    let bench = Bench::start().await;
    let mut request = content("one");
    request["Description"] = "first".into();
    request["LicenseInfo"] = "MIT".into();
    request["CompatibleRuntimes"] = json!(["python3.13", "nodejs12.x"]);
    request["CompatibleArchitectures"] = json!(["x86_64"]);
    let published = bench.publish_layer("tools", request.clone()).await;
    assert_eq!(published.status, 201);
    let published = published.ok();
    assert_eq!(published["LayerArn"], ARN);
    assert_eq!(published["LayerVersionArn"], format!("{ARN}:1"));
    assert_eq!(published["Version"], 1);
    assert_eq!(published["Content"]["CodeSha256"].as_str().unwrap().len(), 44);
    assert!(published["Content"]["CodeSize"].as_u64().unwrap() > 0);
    assert!(published["CreatedDate"].as_str().unwrap().ends_with("+0000"));
    for member in ["Description", "LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"] {
        assert_eq!(published[member], request[member], "{member}");
    }
    assert_eq!(bench.layer_version("tools", "1").await.ok(), published);
    let by_arn = bench.get(&format!("{LAYERS}?find=LayerVersion&Arn={ARN}:1")).await.ok();
    assert_eq!(by_arn, published);
    let by_layer_arn = bench.get(&format!("{LAYERS}/{ARN}/versions/1")).await.ok();
    assert_eq!(by_layer_arn, published);
}

#[tokio::test]
async fn equal_content_makes_a_new_version_too() {
    let bench = Bench::start().await;
    let first = bench.publish_layer("tools", content("one")).await.ok();
    let second = bench.publish_layer("tools", content("one")).await.ok();
    assert_eq!((&first["Version"], &second["Version"]), (&json!(1), &json!(2)));
    assert_eq!(first["Content"]["CodeSha256"], second["Content"]["CodeSha256"]);
    assert_eq!(first["Description"], "");
    for absent in ["LicenseInfo", "CompatibleRuntimes", "CompatibleArchitectures"] {
        assert!(first.get(absent).is_none(), "{absent}");
    }
}

#[tokio::test]
async fn content_comes_from_s3_too() {
    let bench = Bench::start().await;
    let bytes = STANDARD.decode(zip("stored")).unwrap();
    bench.account.s3_put("bucket", "tools.zip", &bytes).await;
    let stored = json!({"Content": {"S3Bucket": "bucket", "S3Key": "tools.zip"}});
    let stored = bench.publish_layer("tools", stored).await.ok();
    let uploaded = bench.publish_layer("tools", content("stored")).await.ok();
    assert_eq!(stored["Content"]["CodeSha256"], uploaded["Content"]["CodeSha256"]);
    bench.account.patch(json!({"missing_buckets": ["gone"]})).await;
    let gone = json!({"Content": {"S3Bucket": "gone", "S3Key": "tools.zip"}});
    let text = bench.publish_layer("tools", gone).await.refused(400, "InvalidParameterValueException");
    assert!(text.contains("S3 Error Code: NoSuchBucket"), "{text}");
    let text = bench.publish_layer("tools", json!({"Content": {"ZipFile": "bm8gemlw"}})).await;
    let text = text.refused(400, "InvalidParameterValueException");
    assert!(text.starts_with("Could not unzip uploaded file."), "{text}");
}

#[tokio::test]
async fn bad_publications_are_refused() {
    let bench = Bench::start().await;
    let with = |member: &str, value: Value| {
        let mut request = content("one");
        request[member] = value;
        request
    };
    let cases = [
        (json!({}), "Value null at 'content' failed to satisfy constraint"),
        (with("CompatibleRuntimes", json!(["cobol"])), "Value '[cobol]' at 'compatibleRuntimes' failed"),
        (with("CompatibleRuntimes", json!(vec!["java21"; 16])), "length less than or equal to 15"),
        (
            with("CompatibleArchitectures", json!(["vax", "x86_64"])),
            "Value '[vax, x86_64]' at 'compatibleArchitectures' failed to satisfy constraint: Member must satisfy \
             constraint: [Member must satisfy enum value set: [x86_64, arm64], Member must not be null]",
        ),
        (with("LicenseInfo", json!("x".repeat(513))), "at 'licenseInfo'"),
        (json!({"Content": {"S3Bucket": "a/b", "S3Key": "k"}}), "at 'content.s3Bucket'"),
    ];
    for (request, text) in cases {
        let message = bench.publish_layer("tools", request).await.refused(400, "ValidationException");
        assert!(message.contains(text), "{message}");
    }
    bench.publish_layer("to.ols", content("one")).await.refused(400, "ValidationException");
    bench.account.configure(|settings| settings.code_storage = 1).await;
    bench.publish_layer("tools", content("one")).await.refused(400, "CodeStorageExceededException");
    assert!(bench.account.layer("tools").await.is_empty());
}

#[tokio::test]
async fn versions_are_listed_newest_first_without_their_content() {
    let bench = Bench::start().await;
    let path = format!("{LAYERS}/tools/versions");
    assert_eq!(bench.get(&path).await.ok(), json!({"LayerVersions": []}));
    for n in 0..60 {
        bench.account.publish_layer("tools", content(&n.to_string())).await;
    }
    let first = bench.get(&path).await.ok();
    assert_eq!(first["LayerVersions"].as_array().unwrap().len(), 50);
    assert_eq!(first["LayerVersions"][0]["Version"], 60);
    assert_eq!(first["LayerVersions"][0]["LayerVersionArn"], format!("{ARN}:60"));
    assert!(first["LayerVersions"][0].get("Content").is_none());
    let marker = first["NextMarker"].as_str().unwrap();
    let second = bench.get(&format!("{path}?Marker={marker}")).await.ok();
    assert_eq!(second["LayerVersions"].as_array().unwrap().len(), 10);
    assert_eq!(second["LayerVersions"][9]["Version"], 1);
    bench.get(&format!("{path}?MaxItems=51")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn layers_are_listed_with_their_newest_version_that_matches() {
    let bench = Bench::start().await;
    let publish = async |name: &str, runtime: &str| {
        let mut request = content("one");
        request["CompatibleRuntimes"] = json!([runtime]);
        bench.publish_layer(name, request).await.ok();
    };
    publish("tools", "python3.13").await;
    publish("tools", "nodejs22.x").await;
    publish("data", "nodejs22.x").await;
    let listed = async |query: &str| {
        let listed = bench.get(&format!("{LAYERS}{query}")).await.ok();
        let layers = listed["Layers"].as_array().unwrap().clone();
        let shown = |layer: &Value| {
            let latest = &layer["LatestMatchingVersion"];
            assert_eq!(
                latest["LayerVersionArn"],
                format!("{}:{}", layer["LayerArn"].as_str().unwrap(), latest["Version"])
            );
            format!("{}:{}", layer["LayerName"].as_str().unwrap(), latest["Version"])
        };
        layers.iter().map(shown).collect::<Vec<_>>()
    };
    assert_eq!(listed("").await, ["data:1", "tools:2"]);
    assert_eq!(listed("?CompatibleRuntime=python3.13").await, ["tools:1"]);
    assert_eq!(listed("?CompatibleArchitecture=arm64").await, [""; 0]);
    let text = bench.get(&format!("{LAYERS}?CompatibleRuntime=cobol")).await;
    assert!(text.refused(400, "ValidationException").contains("'cobol' at 'compatibleRuntime'"));
    bench.get(&format!("{LAYERS}?CompatibleArchitecture=vax")).await.refused(400, "ValidationException");
}

#[tokio::test]
async fn numbers_are_not_given_twice() {
    let bench = Bench::start().await;
    for _ in 0..2 {
        bench.publish_layer("tools", content("one")).await.ok();
    }
    for number in ["1", "2", "2", "9"] {
        assert_eq!(bench.delete_layer_version("tools", number).await.status, 204);
    }
    assert_eq!(bench.delete_layer_version("unknown", "1").await.status, 204);
    assert_eq!(bench.get(LAYERS).await.ok(), json!({"Layers": []}));
    assert_eq!(bench.publish_layer("tools", content("one")).await.ok()["Version"], 3);
}

#[tokio::test]
async fn versions_that_do_not_exist_are_not_found() {
    let bench = Bench::start().await;
    bench.publish_layer("tools", content("one")).await.ok();
    for (name, number) in [("unknown", "1"), ("tools", "2")] {
        let text = bench.layer_version(name, number).await.refused(404, "ResourceNotFoundException");
        assert_eq!(text, "The resource you requested does not exist.");
    }
    let find = format!("{LAYERS}?find=LayerVersion&Arn={ARN}");
    bench.get(&format!("{find}:2")).await.refused(404, "ResourceNotFoundException");
    let text = bench.get(&find).await.refused(400, "ValidationException");
    assert!(text.contains(&format!("Value '{ARN}' at 'arn' failed to satisfy constraint")), "{text}");
    for number in ["0", "-1"] {
        let text = bench.layer_version("tools", number).await;
        let text = text.refused(400, "InvalidParameterValueException");
        assert_eq!(text, "Layer Version Cannot be less than 1");
        bench.delete_layer_version("tools", number).await.refused(400, "InvalidParameterValueException");
    }
}

#[tokio::test]
async fn layers_count_as_code_of_the_account() {
    let bench = Bench::start().await;
    let published = bench.publish_layer("tools", content("one")).await.ok();
    let settings = bench.get("/2016-08-19/account-settings").await.ok();
    assert_eq!(settings["AccountUsage"]["TotalCodeSize"], published["Content"]["CodeSize"]);
}

#[tokio::test]
async fn somebody_else_publishes_and_deletes_versions() {
    let bench = Bench::start().await;
    assert_eq!(bench.account.publish_layer("tools", content("theirs")).await, 1);
    assert!(bench.account.ledger().await.is_empty());
    let read = bench.layer_version("tools", "1").await.ok();
    let shown = bench.account.layer("tools").await;
    let hash = |version: &Value| version["Content"]["CodeSha256"].clone();
    assert_eq!((shown.len(), hash(&shown[0])), (1, hash(&read)));
    assert!(bench.account.remove_layer_version("tools", 1).await);
    assert!(!bench.account.remove_layer_version("tools", 1).await);
}
