//! Code packages: where they come from, their hash and size, and what is refused. Texts that LocalStack recorded
//! (tests/aws/services/lambda_/test_lambda_api.snapshot.json): sizes, what can't be unzipped, S3's NoSuchBucket and
//! NoSuchKey, and the wrong kind of source of an update. The others are ours, after those.

use std::fmt::Write as _;
use std::io::Cursor;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::error::ApiError;
use crate::region::Region;
use crate::request::Object;

const MAX_REQUEST: usize = 70_167_211;
const MAX_ZIPPED: usize = 52_428_800;
const MAX_UNZIPPED: u64 = 262_144_000;
/// The size of code whose bytes the simulator has never seen.
pub(crate) const UNSEEN_SIZE: u64 = 1024;

/// A version's code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Code {
    pub(crate) sha256: String,
    pub(crate) size: u64,
    pub(crate) source: Source,
    pub(crate) source_kms_key: Option<String>,
    /// What can be downloaded; `None`: nothing.
    pub(crate) content: Option<Arc<[u8]>>,
}

impl Code {
    /// Bytes that count towards the code storage: what stays in the caller's bucket doesn't
    /// (<https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html>).
    pub(crate) fn stored(&self) -> u64 {
        if matches!(self.source, Source::Object { reference: true, .. }) { 0 } else { self.size }
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    Zip,
    Object { bucket: String, key: String, version: Option<String>, reference: bool },
    Image { uri: String, resolved: String },
}

/// Resolves the `Code` of a CreateFunction request.
pub(crate) fn resolve_new(region: &Region, request: &Object, package: &str) -> Result<Code, ApiError> {
    let image = request.contains_key("ImageUri");
    let verb = match package {
        "Image" if !image => "provide",
        "Zip" if image => "don't provide",
        _ => return resolve(region, request, package),
    };
    let text = format!("Please {verb} ImageUri when the intended function PackageType is {package}.");
    Err(ApiError::invalid(text))
}

/// Resolves the code members of an UpdateFunctionCode request.
pub(crate) fn resolve(region: &Region, request: &Object, package: &str) -> Result<Code, ApiError> {
    let text = |name: &str| request.get(name).and_then(serde_json::Value::as_str);
    let mut code = match (package, text("ImageUri"), text("ZipFile"), text("S3Bucket")) {
        ("Image", Some(uri), None, None) => image(region, uri)?,
        ("Image", ..) => {
            let message = "Please provide ImageUri when updating a function with packageType Image.";
            return Err(ApiError::invalid(message));
        }
        (_, Some(_), ..) => {
            let message = "Please don't provide ImageUri when updating a function with packageType Zip.";
            return Err(ApiError::invalid(message));
        }
        (_, None, Some(zip), None) => uploaded(zip)?,
        (_, None, None, Some(bucket)) => {
            let key = text("S3Key").ok_or_else(no_source)?;
            let reference = text("S3ObjectStorageMode") == Some("REFERENCE");
            object(region, bucket, key, text("S3ObjectVersion"), reference)?
        }
        _ => return Err(no_source()),
    };
    code.source_kms_key = text("SourceKMSKeyArn").filter(|arn| !arn.is_empty()).map(ToOwned::to_owned);
    Ok(code)
}

fn no_source() -> ApiError {
    ApiError::invalid("Please provide a source for function code.")
}

/// Refuses a request that is too large for its operation, whatever is in it.
pub(crate) fn check_request_size(operation: &str, bytes: usize) -> Result<(), ApiError> {
    if bytes <= MAX_REQUEST {
        return Ok(());
    }
    let text = format!("Request must be smaller than {MAX_REQUEST} bytes for the {operation} operation");
    Err(ApiError::too_large(text))
}

fn uploaded(zip: &str) -> Result<Code, ApiError> {
    let undecodable = |_| ApiError::new(400, "SerializationException", "Could not decode the request body");
    let bytes = STANDARD.decode(zip).map_err(undecodable)?;
    if bytes.len() > MAX_ZIPPED {
        return Err(ApiError::too_large(format!("Zipped size must be smaller than {MAX_ZIPPED} bytes")));
    }
    check_zip(&bytes, MAX_UNZIPPED)?;
    Ok(of_bytes(&bytes, Source::Zip))
}

fn of_bytes(bytes: &[u8], source: Source) -> Code {
    let (sha256, size, content) = (sha256_base64(bytes), bytes.len() as u64, Some(bytes.into()));
    Code { sha256, size, source, source_kms_key: None, content }
}

/// Refuses what can't be unzipped, is empty or unzips to too much.
fn check_zip(bytes: &[u8], limit: u64) -> Result<(), ApiError> {
    let broken = "Could not unzip uploaded file. Please check your file, then try to upload again.";
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(|_| ApiError::invalid(broken))?;
    if archive.is_empty() {
        return Err(ApiError::invalid("Uploaded file must be a non-empty zip"));
    }
    let mut unzipped = 0_u64;
    for at in 0..archive.len() {
        let entry = archive.by_index_raw(at).map_err(|_| ApiError::invalid(broken))?;
        unzipped = unzipped.saturating_add(entry.size());
    }
    if unzipped < limit {
        return Ok(());
    }
    Err(ApiError::invalid(format!("Unzipped size must be smaller than {limit} bytes")))
}

fn object(
    region: &Region,
    bucket: &str,
    key: &str,
    version: Option<&str>,
    reference: bool,
) -> Result<Code, ApiError> {
    let refused = |code: &str, message: &str| {
        let text =
            format!("Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {message}");
        Err(ApiError::invalid(text))
    };
    if region.settings.missing_buckets.contains(bucket) {
        return refused("NoSuchBucket", "The specified bucket does not exist");
    }
    if region.settings.missing_keys.contains(&format!("{bucket}/{key}")) {
        return refused("NoSuchKey", "The specified key does not exist.");
    }
    let source = |version: Option<String>| Source::Object {
        bucket: bucket.to_owned(),
        key: key.to_owned(),
        version,
        reference,
    };
    let Some(stored) = region.objects.get(&(bucket.to_owned(), key.to_owned())) else {
        let content = format!("s3://{bucket}/{key}?{}", version.unwrap_or_default()).into_bytes();
        let sha256 = sha256_base64(&content);
        // An object that nobody put is one that never changes, so that its version doesn't either.
        let unchanging = || sha256_hex(format!("s3://{bucket}/{key}").as_bytes())[..32].to_owned();
        let source = source(Some(version.map_or_else(unchanging, ToOwned::to_owned)));
        let content = Some(content.into());
        return Ok(Code { sha256, size: UNSEEN_SIZE, source, source_kms_key: None, content });
    };
    let found = match version {
        None => stored.last(),
        Some(version) => stored.iter().find(|(known, _)| known == version),
    };
    let Some((version, bytes)) = found else {
        return refused("NoSuchVersion", "The specified version does not exist.");
    };
    check_zip(bytes, MAX_UNZIPPED)?;
    Ok(of_bytes(bytes, source(Some(version.clone()))))
}

/// A tag is resolved once; the hash of an image is its digest.
fn image(region: &Region, uri: &str) -> Result<Code, ApiError> {
    let known = uri.contains(".dkr.ecr.") && uri.contains(".amazonaws.com") && uri.contains('/');
    if !known {
        let text = format!("Source image {uri} is not valid. Provide a valid source image.");
        return Err(ApiError::invalid(text));
    }
    let repository = repository_of(uri);
    let name = repository.split_once('/').map_or("", |(_, name)| name);
    let missing = region.settings.missing_repositories.contains(name);
    let Some(digest) = image_digest(region, uri).filter(|_| !missing) else {
        let text = format!("Source image {uri} does not exist. Provide a valid source image.");
        return Err(ApiError::invalid(text));
    };
    let resolved = format!("{repository}@sha256:{digest}");
    let source = Source::Image { uri: uri.to_owned(), resolved };
    Ok(Code { sha256: digest, size: 0, source, source_kms_key: None, content: None })
}

/// The digest of an image by its URI, unless the image doesn't exist. One whose tag the simulator has never seen
/// has one of its own.
pub(crate) fn image_digest(region: &Region, uri: &str) -> Option<String> {
    if region.settings.missing_images.contains(uri) {
        return None;
    }
    let fixed = uri.split_once("@sha256:").map(|(_, digest)| digest.to_owned());
    let known = fixed.or_else(|| region.images.get(uri).cloned());
    Some(known.unwrap_or_else(|| sha256_hex(uri.as_bytes())))
}

/// The part before the tag or the digest.
fn repository_of(uri: &str) -> &str {
    if let Some((repository, _)) = uri.split_once("@sha256:") {
        return repository;
    }
    let name_at = uri.rfind('/').unwrap_or(0);
    uri[name_at..].find(':').map_or(uri, |colon| &uri[..name_at + colon])
}

/// As the service shows the hash of a zip file.
pub(crate) fn sha256_base64(bytes: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(bytes))
}

/// As the service shows the hash of an image.
pub(crate) fn sha256_hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::json;

    use super::*;

    fn region() -> Region {
        Region::new("111122223333", "eu-west-1", crate::AccountSettings::default())
    }

    fn zipped(content: &[u8]) -> Vec<u8> {
        let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        zip.start_file("index.py", zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(content).unwrap();
        zip.finish().unwrap().into_inner()
    }

    fn resolved(region: &Region, request: &serde_json::Value, package: &str) -> Result<Code, ApiError> {
        resolve(region, request.as_object().unwrap(), package)
    }

    #[test]
    fn an_uploaded_zip_is_hashed_in_base64() {
        let bytes = zipped(b"x");
        let code = resolved(&region(), &json!({"ZipFile": STANDARD.encode(&bytes)}), "Zip").unwrap();
        assert_eq!(code.sha256, sha256_base64(&bytes));
        assert_eq!(code.size, bytes.len() as u64);
    }

    #[test]
    fn a_package_that_is_too_large_is_refused_unopened() {
        let zip = "A".repeat((MAX_ZIPPED + 1).div_ceil(3) * 4);
        let error = resolved(&region(), &json!({"ZipFile": zip}), "Zip").unwrap_err();
        assert_eq!((error.status, error.code.as_str()), (413, "RequestEntityTooLargeException"));
        assert_eq!(error.message, "Zipped size must be smaller than 52428800 bytes");
    }

    #[test]
    fn what_is_no_zip_is_refused() {
        let error = resolved(&region(), &json!({"ZipFile": STANDARD.encode("no zip")}), "Zip").unwrap_err();
        assert!(error.message.starts_with("Could not unzip uploaded file."));
    }

    #[test]
    fn a_zip_that_unzips_to_too_much_is_refused() {
        let bytes = zipped(&[0; 1000]);
        assert_eq!(check_zip(&bytes, 1001), Ok(()));
        let error = check_zip(&bytes, 1000).unwrap_err();
        assert_eq!(error.message, "Unzipped size must be smaller than 1000 bytes");
    }

    #[test]
    fn unknown_objects_have_a_hash_of_their_own_and_known_ones_that_of_their_content() {
        let mut region = region();
        let request = json!({"S3Bucket": "b", "S3Key": "k"});
        let derived = resolved(&region, &request, "Zip").unwrap().sha256;
        let bytes = zipped(b"y");
        region.objects.insert(("b".into(), "k".into()), vec![("v1".into(), bytes.clone())]);
        let stored = resolved(&region, &request, "Zip").unwrap().sha256;
        assert_ne!(derived, stored);
        assert_eq!(stored, sha256_base64(&bytes));
        let request = json!({"S3Bucket": "b", "S3Key": "k", "S3ObjectVersion": "v2"});
        assert!(resolved(&region, &request, "Zip").unwrap_err().message.contains("NoSuchVersion"));
    }

    #[test]
    fn missing_buckets_and_keys_are_refused_in_the_words_of_s3() {
        let mut region = region();
        region.settings.missing_keys.insert("b/k".into());
        let error = resolved(&region, &json!({"S3Bucket": "b", "S3Key": "k"}), "Zip").unwrap_err();
        assert!(error.message.contains("S3 Error Code: NoSuchKey"));
        region.settings.missing_buckets.insert("b".into());
        let error = resolved(&region, &json!({"S3Bucket": "b", "S3Key": "k"}), "Zip").unwrap_err();
        assert!(error.message.contains("S3 Error Code: NoSuchBucket"));
    }

    #[test]
    fn an_image_resolves_to_its_digest() {
        let uri = "111122223333.dkr.ecr.eu-west-1.amazonaws.com/app:v1";
        let code = resolved(&region(), &json!({"ImageUri": uri}), "Image").unwrap();
        assert_eq!(code.sha256.len(), 64);
        let Source::Image { resolved: to, .. } = &code.source else { panic!("{code:?}") };
        assert_eq!(*to, format!("111122223333.dkr.ecr.eu-west-1.amazonaws.com/app@sha256:{}", code.sha256));
    }

    #[test]
    fn a_creation_with_the_wrong_kind_of_source_is_no_update() {
        let refused = |request: serde_json::Value, package: &str| {
            resolve_new(&region(), request.as_object().unwrap(), package).unwrap_err().message
        };
        let text = refused(json!({"ZipFile": "AA=="}), "Image");
        assert_eq!(text, "Please provide ImageUri when the intended function PackageType is Image.");
        let text = refused(json!({"ImageUri": "x"}), "Zip");
        assert_eq!(text, "Please don't provide ImageUri when the intended function PackageType is Zip.");
    }

    #[test]
    fn what_stays_in_the_bucket_is_not_stored() {
        let mut region = region();
        region.objects.insert(("b".into(), "k".into()), vec![("v1".into(), zipped(b"y"))]);
        let mut request = json!({"S3Bucket": "b", "S3Key": "k"});
        let copied = resolved(&region, &request, "Zip").unwrap();
        assert_eq!(copied.stored(), copied.size);
        request["S3ObjectStorageMode"] = json!("REFERENCE");
        let referenced = resolved(&region, &request, "Zip").unwrap();
        assert_eq!((referenced.stored(), referenced.size), (0, copied.size));
    }

    #[test]
    fn an_object_that_nobody_put_has_a_version_that_stays() {
        let of = |key: &str| {
            let request = json!({"S3Bucket": "b", "S3Key": key, "S3ObjectStorageMode": "REFERENCE"});
            match resolved(&region(), &request, "Zip").unwrap().source {
                Source::Object { version, .. } => version.unwrap(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(of("k"), of("k"));
        assert_ne!(of("k"), of("other"));
    }

    #[test]
    fn the_wrong_kind_of_source_is_refused() {
        let error = resolved(&region(), &json!({"ImageUri": "x"}), "Zip").unwrap_err();
        assert!(error.message.starts_with("Please don't provide ImageUri"));
        let error = resolved(&region(), &json!({"ZipFile": "AA=="}), "Image").unwrap_err();
        assert!(error.message.starts_with("Please provide ImageUri"));
        assert_eq!(
            resolved(&region(), &json!({}), "Zip").unwrap_err().code,
            "InvalidParameterValueException"
        );
    }
}
