//! The operation on objects in S3: what a package in a bucket is at present.

use aws_sdk_s3::config::{Builder, Region};
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumMode, ChecksumType};

use super::call::Scope;
use super::error::{AwsError, Class};
use crate::source::{Found, Identity};

/// The version of what was put into a bucket whose versioning is suspended: the next object takes its place.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/AddingObjectstoVersionSuspendedBuckets.html>
const REPLACEABLE: &str = "null";

impl Scope {
    /// The newest version of an object.
    /// <https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html>
    pub(super) async fn head_object(&self, bucket: &str, key: &str) -> Result<Found, AwsError> {
        const OPERATION: &str = "HeadObject";
        let send = |generation, config| {
            let client = self.clients().s3.client(generation, || self.s3_client(&config));
            client.head_object().bucket(bucket).key(key).checksum_mode(ChecksumMode::Enabled).send()
        };
        let region = self.region();
        let missing = |error: &aws_sdk_s3::error::SdkError<_, _>| {
            let response: &aws_smithy_runtime_api::http::Response = error.raw_response()?;
            match response.status().as_u16() {
                404 => Some(format!("s3://{bucket}/{key} doesn't exist")),
                // Lambda takes packages from its own region only.
                301 => {
                    let there = response.headers().get("x-amz-bucket-region").unwrap_or("another region");
                    Some(format!(
                        "the bucket {bucket} of s3://{bucket}/{key} is in {there}, and has to be in {region}"
                    ))
                }
                _ => None,
            }
        };
        let output = self.look(OPERATION, send, missing).await?;
        found(output).ok_or_else(|| {
            AwsError::new(
                OPERATION,
                Class::Transient,
                "InvalidAnswer",
                "S3 told neither a version nor an ETag",
            )
        })
    }

    /// Emulators and private endpoints know buckets by the path only. The SDK also heeds `AWS_ENDPOINT_URL_S3` of the
    /// environment and doesn't say so.
    fn s3_client(&self, config: &aws_config::SdkConfig) -> aws_sdk_s3::Client {
        let elsewhere = config.endpoint_url().is_some() || std::env::var_os("AWS_ENDPOINT_URL_S3").is_some();
        let region = Region::new(self.region().to_owned());
        aws_sdk_s3::Client::from_conf(
            Builder::from(config).region(region).force_path_style(elsewhere).build(),
        )
    }
}

/// The checksum of an object that was uploaded in parts is one over those of the parts.
/// <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>
fn found(output: HeadObjectOutput) -> Option<Found> {
    let whole = output.checksum_type != Some(ChecksumType::Composite);
    let code_sha256 = output.checksum_sha256.filter(|checksum| whole && !checksum.contains('-'));
    let version = output.version_id.filter(|version| version != REPLACEABLE).map(Identity::Version);
    let identity = version.or_else(|| output.e_tag.map(Identity::Etag))?;
    Some(Found { identity, code_sha256 })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_identifies_an_object_and_otherwise_its_etag() {
        let of = |version: Option<&str>, etag: Option<&str>| {
            let output = HeadObjectOutput::builder().set_version_id(version.map(Into::into));
            found(output.set_e_tag(etag.map(Into::into)).build()).map(|found| found.identity)
        };
        assert_eq!(of(Some("v1"), Some("e")), Some(Identity::Version("v1".into())));
        assert_eq!(of(Some("null"), Some("e")), Some(Identity::Etag("e".into())));
        assert_eq!(of(None, Some("e")), Some(Identity::Etag("e".into())));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn only_the_checksum_of_the_whole_object_is_that_of_the_code() {
        let of = |checksum: &str, kind: Option<ChecksumType>| {
            let output = HeadObjectOutput::builder().e_tag("e").checksum_sha256(checksum);
            found(output.set_checksum_type(kind).build()).unwrap().code_sha256
        };
        assert_eq!(of("abc=", None).as_deref(), Some("abc="));
        assert_eq!(of("abc=", Some(ChecksumType::FullObject)).as_deref(), Some("abc="));
        assert_eq!(of("abc=", Some(ChecksumType::Composite)), None);
        assert_eq!(of("abc=-3", None), None);
    }
}
