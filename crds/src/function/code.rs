//! Where the package of a function, or the content of a layer, comes from.
//! <https://docs.aws.amazon.com/lambda/latest/api/API_FunctionCode.html>

use std::collections::BTreeMap;

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::rules;

/// Where the deployment package comes from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::exactly_one("spec.code", &["s3", "image", "inline", "external"])
)]
pub struct FunctionCode {
    /// A zip package in an S3 bucket of the function's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "S3Code")]
    pub s3: Option<S3Code>,

    /// A container image in Amazon ECR.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ImageCode")]
    pub image: Option<ImageCode>,

    /// Small source files that the operator zips, the same files always to the same bytes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InlineCode")]
    pub inline: Option<InlineCode>,

    /// The code belongs to somebody else, such as a CI pipeline: it is neither sent nor compared, only
    /// reported. The function must exist (see `adopt`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ExternalCode")]
    pub external: Option<ExternalCode>,

    /// ARN of the KMS key that encrypts the zip package at AWS. Default: a key that AWS owns.
    #[serde(default, rename = "sourceKMSKeyArn", skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:[a-z0-9.-]+:.*)?$"))]
    pub source_kms_key_arn: Option<String>,
}

/// A zip package in S3.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct S3Code {
    /// Bucket, in the region of the function or layer.
    #[schemars(length(min = 3, max = 63), regex(pattern = r"^[0-9A-Za-z._-]+$"))]
    pub bucket: String,
    /// Key of the object.
    #[schemars(length(min = 1, max = 1024))]
    pub key: String,
    /// Version of the object, in a bucket with versioning. Absent: the newest; the operator looks at it when the spec changes
    /// and every `--source-check-interval`, and rolls new content out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1024))]
    pub object_version: Option<String>,
    /// `COPY` (default) copies the package into Lambda; `REFERENCE` reads it from the bucket, which needs
    /// versioning and a bucket policy for Lambda.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "S3ObjectStorageMode")]
    pub object_storage_mode: Option<S3ObjectStorageMode>,
}

/// How Lambda keeps a package that comes from S3.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum S3ObjectStorageMode {
    /// Copied into Lambda's own storage.
    #[default]
    #[serde(rename = "COPY")]
    Copy,
    /// Read from the bucket.
    #[serde(rename = "REFERENCE")]
    Reference,
}

/// A container image.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ImageCode {
    /// URI of the image in ECR, with a tag or a digest: `…/repository@sha256:…`. Of a tag, the digest that it means is
    /// deployed; when it moves, seen every `--source-check-interval`, so does the function.
    #[schemars(length(min = 1, max = 2048))]
    pub uri: String,
}

/// Source files that the operator zips.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct InlineCode {
    /// File contents by path within the package, for example `index.py`. At most 128 KiB in all.
    #[schemars(extend("minProperties" = 1, "maxProperties" = 64))]
    #[x_kube(
        validation = Rule::new("self.all(k, size(k) <= 256 && !k.startsWith('/') && !k.contains('..') && k != '')")
            .message(Message::Expression(r#""the path \"" + self.filter(k, size(k) > 256 || k.startsWith('/') || k.contains('..') || k == '')[0] + "\" in inline.files must be relative, without .., and 1 to 256 characters long; rename the file""#.into())),
        validation = Rule::new("self.map(k, size(self[k])).sum() <= 131072")
            .message(Message::Expression(r#""inline.files, of which \"" + self.filter(k, size(self[k]) > 2048)[0] + "\" is a large one, must be at most 131072 characters in all; put larger packages into S3 and use s3 instead (code.s3, or content.s3 of a layer)""#.into()))
    )]
    pub files: BTreeMap<String, FileContent>,
}

/// The content of an inline file.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub struct FileContent(#[schemars(length(max = 131_072))] pub String);

/// Marks code that is deployed by somebody else.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct ExternalCode {}
