//! What the operator says of a function.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::CommonStatus;

/// What the operator knows of the function in AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaFunctionStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonStatus,

    /// ARN of the function.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,

    /// State of the function in AWS: Pending, Active, Inactive, Failed, …
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,

    /// AWS's text for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,

    /// AWS's code for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<String>,

    /// Outcome of the last update in AWS: InProgress, Successful, Failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_status: Option<String>,

    /// AWS's text for the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason: Option<String>,

    /// AWS's code for the outcome.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_update_status_reason_code: Option<String>,

    /// SHA-256 of the package that the function has, as AWS reports it: base64 for zip packages, hex for images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,

    /// Fingerprint of the source that this object last deployed: what the spec says of it and, after `#`, what it was found
    /// to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_source: Option<String>,

    /// The `codeSha256` that deploying `codeSource` gave: another one in AWS is somebody else's code.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_source_sha256: Option<String>,

    /// The deployed image by digest.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_image_uri: Option<String>,

    /// AWS's RevisionId when the function was last seen settled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,

    /// The newest version that was published for this object and can be used: it has left Pending. What `published`
    /// says can be newer. With `publish: LatestPublished` it is `$LATEST.PUBLISHED`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// What was last published, or is being published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PublishedVersion")]
    pub published: Option<PublishedVersion>,

    /// Versions that this object published and that still exist, in ascending order; the newest 1,000 of them. No
    /// other version is ever deleted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 1000))]
    pub published_versions: Vec<i64>,

    /// How many execution environments `$LATEST.PUBLISHED` has, as far as AWS is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ScalingStatus")]
    pub scaling: Option<ScalingStatus>,

    /// ARN of the code-signing configuration that the function is linked to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_signing_config_arn: Option<String>,

    /// The HTTPS endpoint, as AWS named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_url: Option<String>,

    /// ARNs of the layer versions that the function has in AWS, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub layers: Vec<String>,

    /// `true` once the function was seen in a state other than Pending and Failed: from then on it may be in use, and
    /// is never replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ever_active: Option<bool>,

    /// The last update, while it isn't known to have succeeded: what is sent again when it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "LastUpdate")]
    pub last_update: Option<LastUpdate>,
}

/// How far AWS is with the limits that it was asked for.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ScalingStatus {
    /// The limits that AWS was asked for; absent: none, which are AWS's default.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ScalingLimits")]
    pub requested: Option<ScalingLimits>,

    /// The limits that are in force.
    pub applied: ScalingLimits,
}

/// Limits of execution environments.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ScalingLimits {
    /// As many are there at least.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub min_execution_environments: Option<i32>,

    /// As many are there at most.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_execution_environments: Option<i32>,
}

/// The version that belongs to a configuration and code.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PublishedVersion {
    /// Number of the version, or `$LATEST.PUBLISHED`; absent until AWS has answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,

    /// `codeSha256` of the code that was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_sha256: Option<String>,

    /// Fingerprint of the whole effective configuration that was published. No hash over a value of a Secret: an
    /// environment variable enters by its name and by the uid and resourceVersion of its source.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_fingerprint: Option<String>,

    /// How often publishing this configuration and code was tried.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts: Option<i32>,

    /// State of the version in AWS: Pending, Active, Inactive, Failed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,

    /// AWS's text for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason: Option<String>,

    /// AWS's code for the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_reason_code: Option<String>,
}

/// An update that AWS accepted.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct LastUpdate {
    /// The spec paths that it carried; `code` alone, or parts of the configuration.
    #[schemars(length(max = 64))]
    pub paths: Vec<String>,
    /// The code is sent again after it, because it failed as well or may have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub then_code: Option<bool>,
}
