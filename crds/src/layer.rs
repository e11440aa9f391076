//! `LambdaLayer`: a layer, of which each change of content or metadata publishes a new version.
//!
//! Field names and limits are those of the Lambda API reference for [PublishLayerVersion] and
//! [AddLayerVersionPermission].
//!
//! [PublishLayerVersion]: https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html
//! [AddLayerVersionPermission]: https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{CommonSpec, CommonStatus, VersionRetention};
use crate::function::{Architecture, ExternalCode, InlineCode, S3Code};
use crate::rules;

/// A Lambda layer. A change of content or metadata publishes a new version; equal content never does.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "LambdaLayer",
    namespaced,
    status = "LambdaLayerStatus",
    derive = "PartialEq",
    shortname = "lly",
    category = "lambda",
    doc = "A Lambda layer. A change of content or metadata publishes a new version; equal content never does.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Version", type_ = "integer", json_path = ".status.latestVersion"),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.latestVersionArn", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::default_name_fits("layerName", "a layer (at most 140 letters, digits, - and _)", 140, "^[a-zA-Z0-9_-]+$"),
    validation = rules::name_is_fixed("LambdaLayer", "layerName"),
    validation = rules::account_is_fixed("LambdaLayer"),
    validation = rules::region_is_fixed("LambdaLayer")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::takes_no_tags("layers"),
    validation = Rule::new("!has(self.content.external) || !(has(self.description) || has(self.compatibleArchitectures) || has(self.compatibleRuntimes) || has(self.licenseInfo) || has(self.versionRetention) || has(self.permissions))")
        .message(Message::Expression(r#""spec.content.external leaves the versions to somebody else, so spec can't have" + (has(self.description) ? " description" : "") + (has(self.compatibleArchitectures) ? " compatibleArchitectures" : "") + (has(self.compatibleRuntimes) ? " compatibleRuntimes" : "") + (has(self.licenseInfo) ? " licenseInfo" : "") + (has(self.versionRetention) ? " versionRetention" : "") + (has(self.permissions) ? " permissions" : "") + "; remove that, or use content.s3 or content.inline""#.into()))
)]
pub struct LambdaLayerSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonSpec,

    /// Name of the layer in AWS. Absent: `metadata.name`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 140), regex(pattern = r"^[a-zA-Z0-9_-]+$"))]
    pub layer_name: Option<String>,

    /// Description of the version, at most 225 characters. Default: empty. In AWS it ends with a token of the operator,
    /// such as `[lambda-operator 0f1e2d3c4b5a]`, by which a version is found again if its publication was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 225))]
    pub description: Option<String>,

    /// What is in the layer. Exactly one of `s3`, `inline` and `external`.
    pub content: LayerContent,

    /// Instruction sets that the layer is for, `x86_64` and `arm64`. Default: not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub compatible_architectures: Option<Vec<Architecture>>,

    /// Runtimes that the layer is for, such as `python3.14`, at most 15. Default: not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 15), inner(length(min = 1, max = 64)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub compatible_runtimes: Option<Vec<String>>,

    /// Licence of the content: an SPDX identifier, a URL or the text. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 512))]
    pub license_info: Option<String>,

    /// How many versions stay. Only versions that this object published are ever deleted, and none that a
    /// LambdaFunction of the cluster uses. Absent: all stay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "VersionRetention")]
    pub version_retention: Option<VersionRetention>,

    /// Who else may use the layer; given to each new version. Absent: not managed, and once they were set, those that
    /// this object gave are taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 100))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["statementId".into()]))]
    pub permissions: Option<Vec<LayerPermission>>,
}

/// Where the content of a layer comes from.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(validation = rules::exactly_one("spec.content", &["s3", "inline", "external"]))]
pub struct LayerContent {
    /// A zip package in an S3 bucket of the layer's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "S3Code")]
    pub s3: Option<S3Code>,

    /// Small files that the operator zips, the same files always to the same bytes. Lambda unpacks them into `/opt`;
    /// a Python module, for example, is found as `python/NAME.py`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InlineCode")]
    pub inline: Option<InlineCode>,

    /// Somebody else publishes the versions, such as a CI pipeline: only the newest one is reported, for LambdaFunctions
    /// to follow. Nothing is written to the layer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ExternalCode")]
    pub external: Option<ExternalCode>,
}

/// Lets an account, an organization or everybody use the layer (`lambda:GetLayerVersion`).
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.organizationId) || self.principal == '*'")
        .message(Message::Expression(r#""the entry " + self.statementId + " of spec.permissions has organizationId and the principal " + self.principal + "; set principal to * or remove organizationId""#.into()))
)]
pub struct LayerPermission {
    /// Name of the statement in the policy of each version.
    #[schemars(length(min = 1, max = 100), regex(pattern = r"^[a-zA-Z0-9_-]+$"))]
    pub statement_id: String,

    /// An account id, the ARN of an account's root, or `*`, which is everybody unless `organizationId` says of which
    /// organization.
    #[schemars(
        length(min = 1, max = 64),
        regex(pattern = r"^(\d{12}|\*|arn:(aws[a-zA-Z-]*):iam::\d{12}:root)$")
    )]
    pub principal: String,

    /// The organization whose accounts may use the layer, with the principal `*`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 34), regex(pattern = r"^o-[a-z0-9]{10,32}$"))]
    pub organization_id: Option<String>,
}

/// What the operator knows of the layer in AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaLayerStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonStatus,

    /// ARN of the layer, without a version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub layer_arn: Option<String>,

    /// ARN of the newest version, which LambdaFunctions that refer to this object use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_version_arn: Option<String>,

    /// Number of the newest version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest_version: Option<i64>,

    /// SHA-256 of the newest version's package as AWS reports it, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,

    /// Fingerprint of the source that the newest version was published from: what the spec says of it and, after `#`, what
    /// it was found to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_source: Option<String>,

    /// Fingerprint of the metadata (description, compatibility, licence) that the newest version was published with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_fingerprint: Option<String>,

    /// Versions that this object published and that still exist, in ascending order; the newest 1,000 of them. No
    /// other version is ever deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub published_versions: Vec<i64>,

    /// Statement ids of the permissions that this object gave, so that removing one from the spec takes it back.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed_permissions: Vec<String>,

    /// Statement ids of the permissions that the newest version is still to be given.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub permissions_to_give: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kept, samples};

    #[test]
    fn the_sample_shares_files_and_lets_an_organization_use_them() {
        let [amounts]: [LambdaLayer; 1] =
            samples(include_str!("../../config/samples/layer.yaml"), "LambdaLayer").try_into().unwrap();
        assert!(amounts.spec.content.inline.unwrap().files.contains_key("python/amounts.py"));
        assert_eq!(amounts.spec.version_retention, Some(VersionRetention { keep: 3 }));
        assert_eq!(amounts.spec.permissions.unwrap()[0].principal, "*");
    }

    #[test]
    fn content_can_be_in_s3_or_somebody_elses() {
        let s3: LambdaLayerSpec = kept(
            "{content: {s3: {bucket: packages, key: amounts.zip}}, compatibleArchitectures: [arm64, x86_64]}",
        );
        assert_eq!(s3.content.s3.unwrap().key, "amounts.zip");
        let external: LambdaLayerSpec = kept("{layerName: shared, content: {external: {}}}");
        assert_eq!(external.content.external, Some(ExternalCode {}));
    }
}
