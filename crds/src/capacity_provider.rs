//! `CapacityProvider`: the EC2 instances that Lambda runs functions on, in a VPC of one's own.
//!
//! Field names, limits and defaults are those of the Lambda API reference for [CreateCapacityProvider] and
//! [UpdateCapacityProvider], which takes less.
//!
//! [CreateCapacityProvider]: https://docs.aws.amazon.com/lambda/latest/api/API_CreateCapacityProvider.html
//! [UpdateCapacityProvider]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateCapacityProvider.html

use std::collections::BTreeMap;

use kube::core::Rule;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{CommonSpec, CommonStatus, TagValue};
use crate::function::{Architecture, SystemLogLevel};
use crate::rules;

/// A capacity provider: the EC2 instances that Lambda runs functions on, in a VPC of one's own.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "CapacityProvider",
    namespaced,
    status = "CapacityProviderStatus",
    derive = "PartialEq",
    shortname = "lcp",
    category = "lambda",
    doc = "A capacity provider: the EC2 instances that Lambda runs functions on, in a VPC of one's own.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "State", type_ = "string", json_path = ".status.state"),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::default_name_fits("capacityProviderName", "a capacity provider (at most 64 letters, digits, - and _)", 64, "^[a-zA-Z0-9_-]+$"),
    validation = rules::name_is_fixed("CapacityProvider", "capacityProviderName"),
    validation = rules::account_is_fixed("CapacityProvider"),
    validation = rules::region_is_fixed("CapacityProvider"),
    validation = list_is_fixed("vpcConfig.subnetIds"),
    validation = list_is_fixed("vpcConfig.securityGroupIds"),
    validation = text_is_fixed("permissionsConfig.capacityProviderOperatorRoleArn", None),
    validation = text_is_fixed("kmsKeyArn", Some("''")),
    validation = choice_is_fixed("architectures", "['x86_64']"),
    validation = choice_is_fixed("allowedInstanceTypes", "[]"),
    validation = choice_is_fixed("excludedInstanceTypes", "[]")
)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonSpec,

    /// Name of the capacity provider in AWS. Absent: `metadata.name`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = r"^[a-zA-Z0-9_-]+$"))]
    pub capacity_provider_name: Option<String>,

    /// Where the instances are. Fixed by AWS at creation, as are `permissionsConfig`, `instanceRequirements` and
    /// `kmsKeyArn`: they can be changed only before that, and after a creation that failed.
    pub vpc_config: CapacityProviderVpcConfig,

    /// As whom Lambda manages the instances. Fixed by AWS at creation.
    pub permissions_config: CapacityProviderPermissions,

    /// Which instances. Fixed by AWS at creation. Default: AWS chooses among those for x86_64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InstanceRequirements")]
    pub instance_requirements: Option<InstanceRequirements>,

    /// How many instances. Default: AWS scales them by itself, up to 400 vCPUs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CapacityProviderScaling")]
    pub capacity_provider_scaling_config: Option<CapacityProviderScaling>,

    /// ARN of the KMS key that encrypts the volumes of the instances; empty: AWS's own key. Fixed by AWS at creation.
    /// Default: AWS's own key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 2048), regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:[a-z0-9.-]+:.*)?$"))]
    pub kms_key_arn: Option<String>,

    /// Tags of the instances and of what else Lambda makes for them. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PropagateTags")]
    pub propagate_tags: Option<PropagateTags>,

    /// What of its doings is logged, and where. Default: `INFO`, to the log group of the capacity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CapacityProviderTelemetry")]
    pub telemetry_config: Option<CapacityProviderTelemetry>,
}

/// Where the instances are.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderVpcConfig {
    /// Subnets, 1 to 16; best in several availability zones.
    #[schemars(length(min = 1, max = 16), inner(length(max = 64), regex(pattern = r"^subnet-[0-9a-z]*$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub subnet_ids: Vec<String>,
    /// Security groups, at most 5.
    #[schemars(length(max = 5), inner(length(max = 64), regex(pattern = r"^sg-[0-9a-zA-Z]*$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub security_group_ids: Vec<String>,
}

/// As whom Lambda manages the instances.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderPermissions {
    /// ARN of the IAM role with which Lambda starts and ends instances.
    #[schemars(
        length(min = 20, max = 2048),
        regex(pattern = r"^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$")
    )]
    pub capacity_provider_operator_role_arn: String,
}

/// Which instances.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!(has(self.allowedInstanceTypes) && size(self.allowedInstanceTypes) > 0 && has(self.excludedInstanceTypes) && size(self.excludedInstanceTypes) > 0)")
        .message("spec.instanceRequirements.allowedInstanceTypes and excludedInstanceTypes exclude each other; remove one of them")
)]
pub struct InstanceRequirements {
    /// Instruction set, `x86_64` (default) or `arm64`; that of the functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 1))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub architectures: Option<Vec<Architecture>>,
    /// Instance types that may be used, such as `m8g.*`; at most 400. Default: all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 400), inner(length(min = 1, max = 30), regex(pattern = r"^[a-zA-Z0-9.*-]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub allowed_instance_types: Option<Vec<String>>,
    /// Instance types that may not be used; at most 400. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 400), inner(length(min = 1, max = 30), regex(pattern = r"^[a-zA-Z0-9.*-]+$")))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub excluded_instance_types: Option<Vec<String>>,
}

/// How many instances.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("(has(self.scalingMode) && self.scalingMode == 'Manual') == (has(self.scalingPolicies) && size(self.scalingPolicies) > 0)")
        .message("spec.capacityProviderScalingConfig.scalingPolicies and scalingMode Manual belong together; set both, or neither")
)]
pub struct CapacityProviderScaling {
    /// The most vCPUs of all instances together, 2 to 15000. Default: 400.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 15_000))]
    pub max_v_cpu_count: Option<i32>,
    /// `Auto` (default): AWS scales as it sees fit; `Manual`: by `scalingPolicies`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CapacityProviderScalingMode")]
    pub scaling_mode: Option<CapacityProviderScalingMode>,
    /// What to scale by, at most 10, each by a metric of its own. With `scalingMode: Manual`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 10))]
    #[x_kube(merge_strategy = ListMerge::Map(vec!["predefinedMetricType".into()]))]
    pub scaling_policies: Option<Vec<ScalingPolicy>>,
}

/// Who says how instances are scaled.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CapacityProviderScalingMode {
    /// AWS.
    #[default]
    Auto,
    /// The policies.
    Manual,
}

/// A metric and the value that it is held at.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ScalingPolicy {
    /// The metric, such as `LambdaCapacityProviderAverageCPUUtilization`.
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[a-zA-Z0-9]+$"))]
    pub predefined_metric_type: String,
    /// The value that it is held at, 0 to 100 percent.
    #[schemars(range(min = 0, max = 100))]
    pub target_value: f64,
}

/// Tags of what Lambda makes for a capacity provider.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.explicitTags) || size(self.explicitTags) == 0 || (has(self.mode) && self.mode == 'Explicit')")
        .message("spec.propagateTags.explicitTags needs mode Explicit; set spec.propagateTags.mode to Explicit, or remove the tags")
)]
pub struct PropagateTags {
    /// `None` (default) or `Explicit`: `explicitTags`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PropagateTagsMode")]
    pub mode: Option<PropagateTagsMode>,
    /// The tags, at most 40. With `mode: Explicit`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 40))]
    #[x_kube(
        validation = Rule::new(r"self.all(k, size(k) >= 1 && size(k) <= 128 && k.matches('^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$'))")
            .message("a key of spec.propagateTags.explicitTags must be 1 to 128 letters, digits, spaces and _ . : / = + - @; rename the tag")
    )]
    pub explicit_tags: Option<BTreeMap<String, TagValue>>,
}

/// Which tags what Lambda makes gets.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PropagateTagsMode {
    /// None of the user's.
    #[default]
    None,
    /// Those that are listed.
    Explicit,
}

/// What of its doings is logged, and where.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderTelemetry {
    /// The logs of the capacity provider itself; functions have their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "CapacityProviderLogging")]
    pub logging_config: Option<CapacityProviderLogging>,
}

/// The logs of a capacity provider.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderLogging {
    /// `DEBUG`, `INFO` (default) or `WARN`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "SystemLogLevel")]
    pub system_log_level: Option<SystemLogLevel>,
    /// Log group. Default: `/aws/lambda/capacity-provider/<capacityProviderName>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 512), regex(pattern = r"^[.\-_/#A-Za-z0-9]+$"))]
    pub log_group: Option<String>,
}

/// What the operator knows of the capacity provider in AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProviderStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonStatus,

    /// ARN of the capacity provider.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,

    /// State of the capacity provider in AWS: Pending, Active, Failed, Deleting.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,

    /// `true` once the capacity provider was seen Active: from then on it may be in use, and is never replaced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ever_active: Option<bool>,

    /// Versions of functions that use it, such as `hello:3`, in alphabetical order; the first 100.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 100))]
    pub function_versions: Vec<String>,
}

/// AWS fixes this when it creates the provider. Before that, and while a creation has failed, it can be corrected.
fn is_fixed(path: &str, value: impl Fn(&str) -> String, change: &str) -> Rule {
    let correctable = "!has(oldSelf.status) || !has(oldSelf.status.arn) || (has(oldSelf.status.state) && oldSelf.status.state == 'Failed' && !has(oldSelf.status.everActive))";
    let (new, old) = (value("self"), value("oldSelf"));
    Rule::new(format!("{correctable} || {new} == {old}")).message(rules::expression(format!(
        r#""spec.{path} can't be changed{change}: AWS fixes it when it creates the capacity provider; create a new CapacityProvider with another name, move the functions to it, and delete this one""#
    )))
}

/// A text, which may be absent where there is a default.
fn text_is_fixed(path: &str, default: Option<&str>) -> Rule {
    let value = |of: &str| match default {
        Some(default) => format!("(has({of}.spec.{path}) ? {of}.spec.{path} : {default})"),
        None => format!("{of}.spec.{path}"),
    };
    let shown = |of: &str| format!(r#"\"" + {} + "\""#, value(of));
    is_fixed(path, value, &format!(" from {} to {}", shown("oldSelf"), shown("self")))
}

/// A list that is always there.
fn list_is_fixed(path: &str) -> Rule {
    let shown = |of: &str| format!(r#"[" + {of}.spec.{path}.join(", ") + "]"#);
    is_fixed(
        path,
        |of| format!("{of}.spec.{path}"),
        &format!(" from {} to {}", shown("oldSelf"), shown("self")),
    )
}

/// A list of `instanceRequirements`, too long to be shown.
fn choice_is_fixed(field: &str, default: &str) -> Rule {
    let value = |of: &str| {
        let parent = format!("{of}.spec.instanceRequirements");
        format!("(has({parent}) && has({parent}.{field}) ? {parent}.{field} : {default})")
    };
    is_fixed(&format!("instanceRequirements.{field}"), value, "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kept, samples};

    #[test]
    fn the_sample_scales_by_cpu() {
        let [compute]: [CapacityProvider; 1] =
            samples(include_str!("../../config/samples/capacity-provider.yaml"), "CapacityProvider")
                .try_into()
                .unwrap();
        let scaling = compute.spec.capacity_provider_scaling_config.unwrap();
        assert_eq!(scaling.scaling_mode, Some(CapacityProviderScalingMode::Manual));
        let [policy] = &scaling.scaling_policies.unwrap()[..] else { panic!("one policy") };
        assert!(policy.predefined_metric_type.contains("CPU") && policy.target_value > 0.0);
    }

    #[test]
    fn where_and_as_whom_is_all_that_is_needed() {
        let spec: CapacityProviderSpec = kept(
            "{vpcConfig: {subnetIds: [subnet-a], securityGroupIds: []}, \
             permissionsConfig: {capacityProviderOperatorRoleArn: r}}",
        );
        assert_eq!(spec.capacity_provider_scaling_config, None);
    }

    #[test]
    fn what_is_fixed_says_how_to_replace() {
        for rule in [text_is_fixed("kmsKeyArn", Some("''")), list_is_fixed("vpcConfig.subnetIds")] {
            for words in ["can't be changed", "create a new CapacityProvider", "delete this one"] {
                assert!(rules::message(&rule).contains(words), "{}", rules::message(&rule));
            }
            assert!(rule.rule.contains("'Failed'"), "{}", rule.rule);
        }
    }
}
