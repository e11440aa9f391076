//! Where code comes from: objects of S3 and images of ECR, on the same port.

use lambda_sim::{AuthError, Fault};
use serde_json::{Value, json};

use crate::client::{Answer, Bench, answer, function};

/// What S3 says about an object.
#[derive(Debug)]
struct Object {
    status: u16,
    etag: Option<String>,
    version: Option<String>,
    length: Option<String>,
    text: String,
}

async fn object(bench: &Bench, method: &str, path: &str) -> Object {
    let response = bench.request(method, path, "s3").send().await.unwrap();
    let header = |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let (etag, version, length) = (header("etag"), header("x-amz-version-id"), header("content-length"));
    assert!(header("x-amz-request-id").is_some() && header("x-amzn-errortype").is_none());
    let status = response.status().as_u16();
    Object { status, etag, version, length, text: response.text().await.unwrap() }
}

async fn images(bench: &Bench, request: Value) -> Answer {
    let operation = "AmazonEC2ContainerRegistry_V20150921.BatchGetImage";
    let call = bench.request("POST", "/", "ecr").header("x-amz-target", operation);
    answer(
        call.header("content-type", "application/x-amz-json-1.1")
            .body(request.to_string())
            .send()
            .await
            .unwrap(),
    )
    .await
}

#[tokio::test]
async fn an_object_is_described_without_its_content() {
    let bench = Bench::start().await;
    let version = bench.account.s3_put("code", "team/app.zip", b"first").await;
    let head = object(&bench, "HEAD", "/code/team/app.zip").await;
    assert_eq!((head.status, head.length.as_deref(), head.text.as_str()), (200, Some("5"), ""));
    assert_eq!(head.version.as_deref(), Some(version.as_str()));
    let etag = head.etag.unwrap();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() == 34, "{etag}");
    let got = object(&bench, "GET", "/code/team/app.zip?x-id=GetObject").await;
    assert_eq!((got.text.as_str(), got.etag), ("first", Some(etag)));
}

#[tokio::test]
async fn new_content_under_the_same_key_is_another_version() {
    let bench = Bench::start().await;
    let first = bench.account.s3_put("code", "app.zip", b"first").await;
    let before = object(&bench, "HEAD", "/code/app.zip").await;
    let second = bench.account.s3_put("code", "app.zip", b"second").await;
    let after = object(&bench, "HEAD", "/code/app.zip").await;
    assert_ne!(before.etag, after.etag);
    assert_eq!((before.version, after.version), (Some(first.clone()), Some(second)));
    let old = object(&bench, "HEAD", &format!("/code/app.zip?versionId={first}")).await;
    assert_eq!((old.etag, old.version), (before.etag, Some(first)));
    assert_eq!(object(&bench, "HEAD", "/code/app.zip?versionId=v9").await.status, 404);
}

#[tokio::test]
async fn a_bucket_without_versions_shows_none() {
    let bench = Bench::start().await;
    bench.account.patch(json!({"unversioned_buckets": ["flat"]})).await;
    assert_eq!(bench.account.s3_put("flat", "app.zip", b"first").await, "null");
    let before = object(&bench, "HEAD", "/flat/app.zip").await;
    bench.account.s3_put("flat", "app.zip", b"second").await;
    let after = object(&bench, "HEAD", "/flat/app.zip").await;
    assert_ne!(before.etag, after.etag);
    assert_eq!((before.version, after.version, after.length.as_deref()), (None, None, Some("6")));
    assert_eq!(object(&bench, "HEAD", "/flat/app.zip?versionId=null").await.status, 200);
}

#[tokio::test]
async fn a_checksum_is_told_to_who_asks_if_there_is_one() {
    let bench = Bench::start().await;
    bench.account.patch(json!({"checksummed_buckets": ["summed"]})).await;
    let mut checksums = Vec::new();
    for (bucket, asks) in [("summed", true), ("summed", false), ("plain", true)] {
        bench.account.s3_put(bucket, "app.zip", b"first").await;
        let mut call = bench.request("HEAD", &format!("/{bucket}/app.zip"), "s3");
        if asks {
            call = call.header("x-amz-checksum-mode", "ENABLED");
        }
        let headers = call.send().await.unwrap().headers().clone();
        checksums.push(headers.get("x-amz-checksum-sha256").map(|value| value.to_str().unwrap().to_owned()));
    }
    let first = "p5N7ZLjKpY8Dchu2us9ceMsjX+vg5wsbhM2ZVBRhoI4=".to_owned();
    assert_eq!(checksums, [Some(first), None, None]);
}

#[tokio::test]
async fn missing_objects_and_missing_permission_answer_head_without_a_body() {
    let bench = Bench::start().await;
    bench.account.s3_put("code", "app.zip", b"first").await;
    bench.account.patch(json!({"missing_keys": ["code/gone.zip"], "missing_buckets": ["nowhere"]})).await;
    for path in ["/code/gone.zip", "/nowhere/app.zip"] {
        let head = object(&bench, "HEAD", path).await;
        assert_eq!((head.status, head.text.as_str()), (404, ""), "{path}");
    }
    let got = object(&bench, "GET", "/code/gone.zip").await;
    assert!(got.text.contains("<Code>NoSuchKey</Code>"), "{}", got.text);
    bench.account.patch(json!({"deny": ["GetObject"]})).await;
    let head = object(&bench, "HEAD", "/code/app.zip").await;
    assert_eq!((head.status, head.text.as_str()), (403, ""));
    let got = object(&bench, "GET", "/code/app.zip").await;
    assert!(got.text.contains("<Code>AccessDenied</Code>"), "{}", got.text);
    assert!(got.text.contains("s3:GetObject on resource: arn:aws:s3:::code/app.zip"), "{}", got.text);
    bench.account.configure(|settings| settings.auth_error = Some(AuthError::expired_token())).await;
    let got = object(&bench, "GET", "/code/app.zip").await;
    assert_eq!(got.status, 400);
    assert!(got.text.contains("<Code>ExpiredToken</Code>"), "{}", got.text);
}

#[tokio::test]
async fn a_path_of_lambda_is_an_object_when_it_is_signed_for_s3() {
    let bench = Bench::start().await;
    bench.account.s3_put("2015-03-31", "functions/", b"odd").await;
    assert_eq!(object(&bench, "GET", "/2015-03-31/functions/").await.text, "odd");
    assert_eq!(bench.get("/2015-03-31/functions/").await.ok()["Functions"], json!([]));
    assert_eq!(object(&bench, "PUT", "/code/app.zip").await.status, 501);
}

#[tokio::test]
async fn a_function_from_s3_has_the_hash_of_the_object() {
    use base64::Engine as _;
    let bench = Bench::start().await;
    let zipped =
        |source: &str| base64::engine::general_purpose::STANDARD.decode(crate::client::zip(source)).unwrap();
    bench.account.patch(json!({"unversioned_buckets": ["flat"]})).await;
    bench.account.s3_put("flat", "app.zip", &zipped("1")).await;
    let mut request = function("hello");
    request["Code"] = json!({"S3Bucket": "flat", "S3Key": "app.zip"});
    let created = bench.create(request).await.ok();
    let same = bench.create(function("uploaded")).await.ok();
    assert_ne!(created["CodeSha256"], same["CodeSha256"]);
    bench.function("hello").await;
    bench.account.s3_put("flat", "app.zip", &zipped("def handler(e, c): return 1")).await;
    let updated = bench.update_code("hello", json!({"S3Bucket": "flat", "S3Key": "app.zip"})).await.ok();
    assert_eq!(updated["CodeSha256"], same["CodeSha256"], "the same bytes, uploaded or from S3");
}

#[tokio::test]
async fn a_tag_means_an_image_until_it_is_moved() {
    let bench = Bench::start().await;
    let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/team/app:v1";
    let (one, two) = ("1".repeat(64), "2".repeat(64));
    bench.account.image_put(uri, &one).await;
    let request = json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]});
    let found = images(&bench, request.clone()).await.ok();
    let image = &found["images"][0];
    assert_eq!(image["imageId"], json!({"imageTag": "v1", "imageDigest": format!("sha256:{one}")}));
    assert_eq!(
        (image["registryId"].as_str(), image["repositoryName"].as_str()),
        (Some("111122223333"), Some("team/app"))
    );
    assert!(image["imageManifest"].as_str().unwrap().contains("schemaVersion"));
    bench.account.image_put(uri, &two).await;
    let found = images(&bench, request).await.ok();
    assert_eq!(found["images"][0]["imageId"]["imageDigest"], format!("sha256:{two}"));
    let by_digest =
        json!({"repositoryName": "team/app", "imageIds": [{"imageDigest": format!("sha256:{one}")}]});
    assert_eq!(images(&bench, by_digest).await.ok()["failures"], json!([]));
}

#[tokio::test]
async fn the_digest_is_the_one_that_a_function_gets() {
    let bench = Bench::start().await;
    let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
    let request = json!({
        "FunctionName": "app", "PackageType": "Image", "Role": crate::client::ROLE, "Code": {"ImageUri": uri},
    });
    let sha256 = bench.create(request).await.ok()["CodeSha256"].clone();
    let found = images(&bench, json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]})).await.ok();
    let digest = found["images"][0]["imageId"]["imageDigest"].as_str().unwrap();
    assert_eq!(digest, format!("sha256:{}", sha256.as_str().unwrap()));
}

#[tokio::test]
async fn missing_images_are_failures_and_missing_repositories_errors() {
    let bench = Bench::start().await;
    let missing = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v9";
    bench.account.patch(json!({"missing_images": [missing], "missing_repositories": ["gone"]})).await;
    let ids = json!([{"imageTag": "v1"}, {"imageTag": "v9"}]);
    let found = images(&bench, json!({"repositoryName": "app", "imageIds": ids})).await.ok();
    assert_eq!(found["images"].as_array().unwrap().len(), 1);
    let expected = json!([{
        "imageId": {"imageTag": "v9"}, "failureCode": "ImageNotFound", "failureReason": "Requested image not found",
    }]);
    assert_eq!(found["failures"], expected);
    let refused = images(&bench, json!({"repositoryName": "gone", "imageIds": ids})).await;
    assert_eq!(refused.body["__type"], "RepositoryNotFoundException");
    let text = refused.refused(400, "RepositoryNotFoundException");
    assert_eq!(text, "The repository with name 'gone' does not exist in the registry with id '111122223333'");
    images(&bench, json!({"repositoryName": "app"})).await.refused(400, "InvalidParameterException");
}

#[tokio::test]
async fn images_can_be_denied() {
    let bench = Bench::start().await;
    bench.account.patch(json!({"deny": ["BatchGetImage"]})).await;
    let ids = json!({"repositoryName": "team/app", "imageIds": [{"imageTag": "v1"}]});
    let text = images(&bench, ids.clone()).await.refused(400, "AccessDeniedException");
    assert!(
        text.contains(
            "ecr:BatchGetImage on resource: arn:aws:ecr:eu-west-1:111122223333:repository/team/app because"
        ),
        "{text}"
    );
    bench.account.configure(|settings| settings.auth_error = Some(AuthError::unrecognized_client())).await;
    images(&bench, ids).await.refused(400, "UnrecognizedClientException");
}

#[tokio::test]
async fn both_stand_in_the_ledger_and_draw_on_no_quota() {
    let bench = Bench::start().await;
    bench.account.configure(|settings| settings.quotas = true).await;
    bench.account.s3_put("code", "app.zip", b"first").await;
    let ids = json!({"repositoryName": "app", "imageIds": [{"imageTag": "v1"}]});
    for _ in 0..20 {
        assert_eq!(object(&bench, "HEAD", "/code/app.zip?versionId=v1").await.status, 200);
        images(&bench, ids.clone()).await.ok();
    }
    let ledger = bench.account.ledger().await;
    let (head, image) = (&ledger[0], &ledger[1]);
    assert_eq!((head.service.as_str(), head.operation.as_str()), ("s3", "HeadObject"));
    assert_eq!(head.resource.as_deref(), Some("code/app.zip"));
    assert_eq!(head.request, json!({"Bucket": "code", "Key": "app.zip", "versionId": "v1"}));
    assert_eq!((image.service.as_str(), image.operation.as_str()), ("ecr", "BatchGetImage"));
    assert_eq!((image.resource.as_deref(), &image.request), (Some("app"), &ids));
    assert!(ledger.iter().all(|call| call.is_read() && call.status == 200));
    bench
        .account
        .inject(Fault::error("HeadObject", 503, "SlowDown", "later").resource("code/app.zip").times(1))
        .await;
    assert_eq!(object(&bench, "HEAD", "/code/app.zip").await.status, 503);
    assert_eq!(object(&bench, "HEAD", "/code/app.zip").await.status, 200);
}
