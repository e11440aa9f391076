//! HeadObject and GetObject of S3, on the objects that the control API put there
//! (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>). An object that the simulator has never
//! seen exists too, as it does for Lambda, unless the settings say otherwise.

use super::sts::escaped;
use crate::code::{UNSEEN_SIZE, sha256_base64, sha256_hex};
use crate::error::ApiError;
use crate::region::Region;
use crate::request::{Body, Ctx, Reply, Request, StoredObject};

/// The version of an object in a bucket that has no versions.
pub(crate) const NO_VERSION: &str = "null";

/// The headers of an object; the server leaves the content out.
pub(crate) fn head(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    get(ctx, request)
}

/// An object with its content.
pub(crate) fn get(ctx: &mut Ctx<'_>, request: &Request) -> Result<Reply, ApiError> {
    let (bucket, key) = (request.text("Bucket").unwrap_or_default(), request.text("Key").unwrap_or_default());
    let object = found(ctx.region, bucket, key, request.query("versionId"))?;
    Ok(Reply { status: 200, body: Body::Object(object) })
}

fn found(region: &Region, bucket: &str, key: &str, version: Option<&str>) -> Result<StoredObject, ApiError> {
    let missing = |code: &str, message: &str| Err(ApiError::new(404, code, message));
    if region.settings.missing_buckets.contains(bucket) {
        return missing("NoSuchBucket", "The specified bucket does not exist");
    }
    if region.settings.missing_keys.contains(&format!("{bucket}/{key}")) {
        return missing("NoSuchKey", "The specified key does not exist.");
    }
    let Some(versions) = region.objects.get(&(bucket.to_owned(), key.to_owned())) else {
        return Ok(unseen(bucket, key));
    };
    let found = match version {
        None => versions.last(),
        Some(version) => versions.iter().find(|(known, _)| known == version),
    };
    let Some((version, content)) = found else {
        return missing("NoSuchVersion", "The specified version does not exist.");
    };
    let versioned = !region.settings.unversioned_buckets.contains(bucket);
    let version = versioned.then(|| version.clone());
    let checksummed = region.settings.checksummed_buckets.contains(bucket);
    let sha256 = checksummed.then(|| sha256_base64(content));
    Ok(StoredObject { etag: etag(content), version, sha256, content: content.clone() })
}

fn unseen(bucket: &str, key: &str) -> StoredObject {
    let content = vec![0; usize::try_from(UNSEEN_SIZE).unwrap_or_default()];
    StoredObject {
        etag: etag(format!("s3://{bucket}/{key}").as_bytes()),
        version: None,
        sha256: None,
        content,
    }
}

/// Of as many digits as an MD5, which an ETag needn't be
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html>).
fn etag(content: &[u8]) -> String {
    format!("\"{}\"", &sha256_hex(content)[..32])
}

/// The error as S3 knows it (<https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html>).
pub(crate) fn refusal(error: ApiError) -> ApiError {
    let (status, code) = match error.code.as_str() {
        "UnrecognizedClientException" => (403, "InvalidAccessKeyId"),
        "ExpiredTokenException" => (400, "ExpiredToken"),
        "InvalidSignatureException" => (403, "SignatureDoesNotMatch"),
        "MissingAuthenticationTokenException" | "AccessDeniedException" => (403, "AccessDenied"),
        "TooManyRequestsException" => (503, "SlowDown"),
        "UnknownOperationException" => (501, "NotImplemented"),
        _ => return error,
    };
    ApiError { status, code: code.to_owned(), ..error }
}

/// The body of an error, which an answer to HEAD lacks.
pub(crate) fn error_xml(error: &ApiError, request_id: &str) -> String {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{}</Code><Message>{}</Message>\
         <RequestId>{request_id}</RequestId></Error>",
        escaped(&error.code),
        escaped(&error.message),
    )
}

/// Puts an object there; a bucket without versions keeps the newest content only. Returns the version.
pub(crate) fn put(region: &mut Region, bucket: String, key: String, content: Vec<u8>) -> String {
    let versioned = !region.settings.unversioned_buckets.contains(&bucket);
    let versions = region.objects.entry((bucket, key)).or_default();
    let version = if versioned {
        format!("v{}", versions.len() + 1)
    } else {
        versions.retain(|(version, _)| version != NO_VERSION);
        NO_VERSION.to_owned()
    };
    versions.push((version.clone(), content));
    version
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region() -> Region {
        Region::new("111122223333", "eu-west-1", crate::AccountSettings::default())
    }

    #[test]
    fn new_content_is_a_new_version_or_takes_the_place_of_the_old() {
        let mut region = region();
        region.settings.unversioned_buckets.insert("flat".into());
        let versions = |region: &mut Region, bucket: &str| {
            [b"1", b"2"].map(|content| put(region, bucket.into(), "k".into(), content.to_vec()))
        };
        assert_eq!(versions(&mut region, "deep"), ["v1", "v2"]);
        assert_eq!(versions(&mut region, "flat"), ["null", "null"]);
        assert_eq!(region.objects[&("flat".into(), "k".into())].len(), 1);
        let newest = found(&region, "deep", "k", None).unwrap();
        assert_eq!((newest.version.as_deref(), newest.content.as_slice()), (Some("v2"), b"2".as_slice()));
        assert_eq!(found(&region, "deep", "k", Some("v1")).unwrap().content, b"1");
        assert_eq!(found(&region, "deep", "k", Some("v3")).unwrap_err().code, "NoSuchVersion");
        let flat = found(&region, "flat", "k", None).unwrap();
        assert_eq!((flat.version, flat.etag), (None, newest.etag));
    }

    #[test]
    fn what_is_missing_is_named() {
        let mut region = region();
        assert_eq!(found(&region, "b", "k", None).unwrap().content.len(), 1024);
        region.settings.missing_keys.insert("b/k".into());
        assert_eq!(found(&region, "b", "k", None).unwrap_err().code, "NoSuchKey");
        region.settings.missing_buckets.insert("b".into());
        assert_eq!(found(&region, "b", "k", None).unwrap_err().code, "NoSuchBucket");
    }
}
