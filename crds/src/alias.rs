//! `LambdaAlias`: a name for a version of a function, or for two of them by weight.
//!
//! Field names, limits and defaults are those of the Lambda API reference for [CreateAlias] and [UpdateAlias].
//!
//! [CreateAlias]: https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html
//! [UpdateAlias]: https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html

use std::collections::BTreeMap;

use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{CommonSpec, CommonStatus, ObjectRef};
use crate::rules;
use crate::section::{CommonSections, ProvisionedConcurrency, ProvisionedConcurrencyStatus};

/// An alias of a Lambda function: a name that points to one of its versions, and can be moved.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "LambdaAlias",
    namespaced,
    status = "LambdaAliasStatus",
    derive = "PartialEq",
    shortname = "lal",
    category = "lambda",
    scale(
        spec_replicas_path = ".spec.provisionedConcurrency.provisionedConcurrentExecutions",
        status_replicas_path = ".status.provisionedConcurrency.available",
        label_selector_path = ".status.selector"
    ),
    doc = "An alias of a Lambda function: a name that points to one of its versions, and can be moved.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Function", type_ = "string", json_path = ".status.functionName"),
    printcolumn(name = "Version", type_ = "string", json_path = ".status.functionVersion"),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "ARN", type_ = "string", json_path = ".status.arn", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::default_name_fits("aliasName", "an alias (at most 128 letters, digits, - and _, not only digits)", 128, "^[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*$"),
    validation = rules::name_is_fixed("LambdaAlias", "aliasName"),
    validation = rules::function_is_fixed("LambdaAlias"),
    validation = rules::account_is_fixed("LambdaAlias"),
    validation = rules::region_is_fixed("LambdaAlias")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::takes_no_tags("aliases"),
    validation = rules::one_policy(),
    validation = Rule::new("!has(self.provisionedConcurrency) || !has(self.functionVersion) || self.functionVersion != '$LATEST'")
        .message("spec.provisionedConcurrency needs a published version, and functionVersion is $LATEST; set functionVersion to a number, set version to Latest instead, or remove provisionedConcurrency"),
    validation = rules::exactly_one("spec", &["functionRef", "functionName"]),
    validation = rules::exactly_one("spec", &["functionVersion", "version"]),
    validation = Rule::new("!has(self.functionVersion) || self.functionVersion != '$LATEST' || !has(self.routingConfig) || !has(self.routingConfig.additionalVersionWeights) || size(self.routingConfig.additionalVersionWeights) == 0")
        .message("spec.routingConfig can't split the traffic of functionVersion $LATEST; set functionVersion to a published version or remove routingConfig"),
    validation = Rule::new("!has(self.functionVersion) || !has(self.routingConfig) || !has(self.routingConfig.additionalVersionWeights) || !(self.functionVersion in self.routingConfig.additionalVersionWeights)")
        .message(Message::Expression(r#""spec.routingConfig.additionalVersionWeights names version " + self.functionVersion + ", which is spec.functionVersion already and gets the rest of the traffic; name another version or remove the entry""#.into()))
)]
pub struct LambdaAliasSpec {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonSpec,

    /// The LambdaFunction, in the same namespace, that the alias belongs to. Exactly one of `functionRef` and
    /// `functionName`. The function of an alias is immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub function_ref: Option<ObjectRef>,

    /// Name or ARN, without a version, of a function that has no LambdaFunction here. Exactly one of `functionRef` and
    /// `functionName`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 140),
        regex(pattern = r"^(arn:(aws[a-zA-Z-]*)?:lambda:[a-z0-9-]+:\d{12}:function:)?[a-zA-Z0-9_-]+$")
    )]
    pub function_name: Option<String>,

    /// Name of the alias in AWS. Absent: `metadata.name`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*$"))]
    pub alias_name: Option<String>,

    /// The version that the alias points to: a number in quotes, or `$LATEST`. Exactly one of `functionVersion` and
    /// `version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 19), regex(pattern = r"^(\$LATEST|[1-9][0-9]*)$"))]
    pub function_version: Option<String>,

    /// `Latest`: the alias follows the newest published version of the function, and moves once that is Active.
    /// Exactly one of `functionVersion` and `version`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AliasVersion")]
    pub version: Option<AliasVersion>,

    /// Description of the alias. Default: empty.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 256))]
    pub description: Option<String>,

    /// Sends a share of the traffic to a second version. Default: all of it goes to the version of the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AliasRoutingConfig")]
    pub routing_config: Option<AliasRoutingConfig>,

    /// Sections that functions have, too.
    #[serde(flatten)]
    pub sections: CommonSections,

    /// Execution environments that AWS keeps ready. Absent: not managed, and once it was set, none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProvisionedConcurrency")]
    pub provisioned_concurrency: Option<ProvisionedConcurrency>,
}

/// A version that isn't a fixed number.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum AliasVersion {
    /// The newest published version of the function.
    Latest,
}

/// How the traffic of an alias is split.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct AliasRoutingConfig {
    /// A second version, by its number, with its share of the traffic: more than 0 and less than 1. At most one.
    /// Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 10))]
    #[x_kube(
        validation = Rule::new("size(self) <= 1")
            .message("spec.routingConfig.additionalVersionWeights can have at most one version; remove the others"),
        validation = Rule::new("self.all(version, version.matches('^[1-9][0-9]*$'))")
            .message("a key of spec.routingConfig.additionalVersionWeights has to be the number of a published version; use one"),
        validation = Rule::new("self.all(version, self[version] > 0.0 && self[version] < 1.0)")
            .message("a weight of spec.routingConfig.additionalVersionWeights has to be more than 0 and less than 1; for all of the traffic, name the version in spec.functionVersion")
    )]
    pub additional_version_weights: Option<BTreeMap<String, VersionWeight>>,
}

/// The share of the traffic that a version gets: more than 0 and less than 1.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq)]
#[schemars(inline)]
pub struct VersionWeight(pub f64);

/// What the operator knows of the alias in AWS.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaAliasStatus {
    /// Fields that every kind has.
    #[serde(flatten)]
    pub common: CommonStatus,

    /// ARN of the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,

    /// Name of the function in AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_name: Option<String>,

    /// Name of the alias in AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias_name: Option<String>,

    /// The version that the alias points to in AWS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_version: Option<String>,

    /// How AWS splits the traffic; absent when it doesn't.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObservedRouting")]
    pub routing_config: Option<ObservedRouting>,

    /// The HTTPS endpoint, as AWS named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_url: Option<String>,

    /// What AWS says of the provisioned concurrency.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ProvisionedConcurrencyStatus")]
    pub provisioned_concurrency: Option<ProvisionedConcurrencyStatus>,

    /// For the subresource `scale`, which has to have a selector: it selects no Pod.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<String>,

    /// AWS's RevisionId of the alias.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revision_id: Option<String>,
}

/// How AWS splits the traffic. Without the rules of the spec: while provisioned concurrency moves, AWS has weights of
/// its own, such as 1.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct ObservedRouting {
    /// The share of the traffic of each further version, by its number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub additional_version_weights: BTreeMap<String, VersionWeight>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kept, samples};

    #[test]
    fn the_sample_has_one_that_follows_and_one_that_is_pinned() {
        let [live, stable]: [LambdaAlias; 2] =
            samples(include_str!("../../config/samples/alias.yaml"), "LambdaAlias").try_into().unwrap();
        assert_eq!(live.spec.version, Some(AliasVersion::Latest));
        assert_eq!(live.spec.function_version, None);
        assert_eq!(stable.spec.function_version.as_deref(), Some("1"));
        assert_eq!(stable.spec.alias_name.as_deref(), Some("stable"));
    }

    #[test]
    fn weights_are_kept_as_they_are_written() {
        let spec: LambdaAliasSpec = kept(
            r#"{functionName: orders, functionVersion: "1", routingConfig: {additionalVersionWeights: {"2": 0.05}}}"#,
        );
        let weights = spec.routing_config.unwrap().additional_version_weights.unwrap();
        assert_eq!(weights, BTreeMap::from([("2".to_owned(), VersionWeight(0.05))]));
    }

    #[test]
    fn the_status_can_show_what_the_spec_could_not_ask_for() {
        let status: LambdaAliasStatus =
            kept(r#"{observedGeneration: 1, routingConfig: {additionalVersionWeights: {"1": 1.0}}}"#);
        assert!(status.routing_config.is_some());
        let crd = serde_json::to_string(&<LambdaAlias as kube::CustomResourceExt>::crd()).unwrap();
        let rule = "a weight of spec.routingConfig.additionalVersionWeights has to be more than 0";
        assert_eq!(crd.matches(rule).count(), 1, "the rule is the spec's alone");
    }
}
