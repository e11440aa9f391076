//! `CodeSigningConfig`: whose signatures the code of functions has to bear.
//!
//! Field names, limits and defaults are those of the Lambda API reference for [CreateCodeSigningConfig].
//!
//! [CreateCodeSigningConfig]: https://docs.aws.amazon.com/lambda/latest/api/API_CreateCodeSigningConfig.html

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{CommonSpec, CommonStatus};
use crate::rules;

/// A code-signing configuration: whose signatures the code of the functions that use it has to bear.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "CodeSigningConfig",
    namespaced,
    status = "CodeSigningConfigStatus",
    derive = "PartialEq",
    shortname = "lcsc",
    category = "lambda",
    doc = "A code-signing configuration: whose signatures the code of the functions that use it has to bear.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "ID", type_ = "string", json_path = ".status.codeSigningConfigId"),
    printcolumn(
        name = "Policy",
        type_ = "string",
        json_path = ".spec.codeSigningPolicies.untrustedArtifactOnDeployment"
    ),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::account_is_fixed("CodeSigningConfig"),
    validation = rules::region_is_fixed("CodeSigningConfig"),
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.arn) || !has(self.spec.codeSigningConfigArn) || self.spec.codeSigningConfigArn == oldSelf.status.arn")
        .message(Message::Expression(r#""spec.codeSigningConfigArn can't be " + self.spec.codeSigningConfigArn + ": the object has " + oldSelf.status.arn + " (see status.arn); create a new CodeSigningConfig for the other configuration""#.into()))
)]
#[serde(rename_all = "camelCase")]
pub struct CodeSigningConfigSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonSpec,

    /// ARN of a configuration that exists already, to take it over (see `adopt`). Absent: one is created. Can't be changed
    /// once the object has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(max = 200),
        regex(
            pattern = r"^arn:(aws[a-zA-Z-]*)?:lambda:[a-z0-9-]+:\d{12}:code-signing-config:csc-[a-z0-9]{17}$"
        )
    )]
    pub code_signing_config_arn: Option<String>,

    /// Description of the configuration. Default: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub description: Option<String>,

    /// Whose signatures are trusted.
    pub allowed_publishers: AllowedPublishers,

    /// What happens to code that isn't signed by them. Default: `Warn`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CodeSigningPolicies")]
    pub code_signing_policies: Option<CodeSigningPolicies>,
}

/// Whose signatures are trusted.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AllowedPublishers {
    /// ARNs of the versions of AWS Signer profiles that are trusted, 1 to 20.
    #[schemars(
        length(min = 1, max = 20),
        inner(
            length(max = 1024),
            regex(pattern = r"^arn:aws[a-zA-Z0-9-]*:signer:[a-z0-9-]+:\d{12}:/signing-profiles/.+$")
        )
    )]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub signing_profile_version_arns: Vec<String>,
}

/// What happens to code that isn't signed by a trusted profile.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CodeSigningPolicies {
    /// `Warn` (default) deploys it and leaves a trace in CloudWatch; `Enforce` refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "UntrustedArtifactPolicy")]
    pub untrusted_artifact_on_deployment: Option<UntrustedArtifactPolicy>,
}

/// What happens to code that isn't signed by a trusted profile.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum UntrustedArtifactPolicy {
    /// It is deployed, with a warning.
    #[default]
    Warn,
    /// It is refused.
    Enforce,
}

/// What the operator knows of the configuration in AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CodeSigningConfigStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonStatus,

    /// The id that AWS assigned, `csc-…`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_signing_config_id: Option<String>,

    /// ARN of the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,

    /// Names of the functions that use it, in alphabetical order; the first 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub functions: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kept, samples};

    #[test]
    fn the_sample_enforces_signatures() {
        let [release]: [CodeSigningConfig; 1] =
            samples(include_str!("../../config/samples/code-signing.yaml"), "CodeSigningConfig")
                .try_into()
                .unwrap();
        let policy = release.spec.code_signing_policies.unwrap().untrusted_artifact_on_deployment;
        assert_eq!(policy, Some(UntrustedArtifactPolicy::Enforce));
    }

    #[test]
    fn publishers_are_all_that_is_needed() {
        let spec: CodeSigningConfigSpec = kept("{allowedPublishers: {signingProfileVersionArns: [a]}}");
        assert_eq!(spec.code_signing_policies, None);
    }
}
