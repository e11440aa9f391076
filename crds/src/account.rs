//! `LambdaAccount`: an AWS account for objects to work in, and who may. It stands for nothing in AWS.
//!
//! How a role is assumed is described in the AWS STS API reference for [AssumeRole], limits and use of an account in
//! the Lambda API reference for [GetAccountSettings].
//!
//! [AssumeRole]: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
//! [GetAccountSettings]: https://docs.aws.amazon.com/lambda/latest/api/API_GetAccountSettings.html

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{TagValue, never_observed};

/// An AWS account for objects to work in: where, as whom, and for which namespaces. Objects name it in `accountRef`.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "LambdaAccount",
    status = "LambdaAccountStatus",
    derive = "PartialEq",
    shortname = "lacc",
    category = "lambda",
    doc = "An AWS account for objects to work in: where, as whom, and for which namespaces. Objects name it in `accountRef`.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Account", type_ = "string", json_path = ".spec.accountId"),
    printcolumn(name = "Region", type_ = "string", json_path = ".status.region"),
    printcolumn(name = "Used By", type_ = "integer", json_path = ".status.usedBy"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Role", type_ = "string", json_path = ".spec.roleArn", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = Rule::new("!has(oldSelf.status) || !has(oldSelf.status.account) || self.spec.accountId == oldSelf.status.account")
        .message(Message::Expression(r#""spec.accountId can't be changed from " + oldSelf.status.account + " (see status.account) to " + self.spec.accountId + "; create a new LambdaAccount for the other account""#.into()))
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = Rule::new("!has(self.roleArn) || self.roleArn.contains(':iam::' + self.accountId + ':role/')")
        .message(Message::Expression(r#""spec.roleArn " + self.roleArn + " isn't of spec.accountId " + self.accountId + "; use a role of that account or correct accountId""#.into())),
    validation = Rule::new("has(self.roleArn) || !(has(self.externalId) || has(self.sessionName) || has(self.sessionTags))")
        .message("spec.externalId, spec.sessionName and spec.sessionTags are for assuming a role; set spec.roleArn or remove them")
)]
pub struct LambdaAccountSpec {
    /// Id of the AWS account, 12 digits. Compared with who the credentials are before anything is done with them.
    /// Can't be changed once they were found to match: see `status.account`.
    #[schemars(length(min = 12, max = 12), regex(pattern = r"^\d{12}$"))]
    pub account_id: String,

    /// Region of the objects that don't name one. Absent: the operator's region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,5}(-[a-z]+)+-[0-9]$"))]
    pub region: Option<String>,

    /// ARN of the role to assume, in that account. Absent: the operator works with its own credentials.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 20, max = 2048),
        regex(pattern = r"^arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+$")
    )]
    pub role_arn: Option<String>,

    /// External id that the role's trust policy asks for. Not a secret. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 1224), regex(pattern = r"^[a-zA-Z0-9_+=,.@:/-]*$"))]
    pub external_id: Option<String>,

    /// Name of the session, as CloudTrail shows it. Default: `lambda-operator`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 2, max = 64), regex(pattern = r"^[a-zA-Z0-9_+=,.@-]*$"))]
    pub session_name: Option<String>,

    /// Tags of the session, which policies can refer to as `aws:PrincipalTag`. At most 50. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 50))]
    #[x_kube(
        validation = Rule::new("self.all(k, size(k) >= 1 && size(k) <= 128 && !k.startsWith('aws:'))")
            .message("keys of spec.sessionTags must be 1 to 128 characters long and must not start with aws:; rename the tag")
    )]
    pub session_tags: Option<BTreeMap<String, TagValue>>,

    /// The namespaces whose objects may use this account. Absent: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountNamespaces")]
    pub namespaces: Option<AccountNamespaces>,

    /// Whether objects may take over resources that exist already, as their `adopt` says. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub allow_adoption: Option<bool>,

    /// Percentage of Lambda's rate limits for this account that the operator uses; the rest is left to other tools.
    /// Absent: the operator's `--quota-share`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 100))]
    pub quota_share: Option<i32>,
}

impl LambdaAccountSpec {
    /// Whether objects of a namespace with these labels may use the account.
    pub fn admits(&self, namespace_labels: &BTreeMap<String, String>) -> bool {
        self.namespaces.as_ref().is_some_and(|namespaces| namespaces.selector.matches(namespace_labels))
    }
}

/// Namespaces that may use an account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountNamespaces {
    /// Labels that a namespace must have; `{}` takes every namespace. One namespace by its name: `matchLabels:
    /// {"kubernetes.io/metadata.name": NAME}`.
    pub selector: NamespaceSelector,
}

/// A label selector. All of it has to hold.
// Applied as a whole, as Kubernetes' own: otherwise server-side apply turns a selector that is emptied into null.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
#[schemars(extend("x-kubernetes-map-type" = "atomic"))]
pub struct NamespaceSelector {
    /// Labels with their values. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 32))]
    pub match_labels: Option<BTreeMap<String, LabelValue>>,
    /// Conditions on labels. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32))]
    pub match_expressions: Option<Vec<LabelCondition>>,
}

impl NamespaceSelector {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let mut equal = self.match_labels.iter().flatten();
        equal.all(|(key, value)| labels.get(key) == Some(&value.0))
            && self.match_expressions.iter().flatten().all(|condition| condition.holds(labels))
    }
}

/// The value of a label.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub struct LabelValue(#[schemars(length(max = 63))] pub String);

/// A condition on a label.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, PartialEq, Eq)]
#[x_kube(
    validation = Rule::new("(self.operator in ['In', 'NotIn']) == (has(self.values) && size(self.values) > 0)")
        .message(Message::Expression(r#""the condition on " + self.key + " with the operator " + self.operator + (self.operator in ["In", "NotIn"] ? " needs values; add them" : " takes no values; remove them")"#.into()))
)]
pub struct LabelCondition {
    /// Key of the label.
    #[schemars(length(min = 1, max = 317))]
    pub key: String,
    /// `In`, `NotIn`, `Exists` or `DoesNotExist`. `NotIn` also holds without the label.
    pub operator: LabelOperator,
    /// The values. Required for `In` and `NotIn`, and only for these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 32), inner(length(max = 63)))]
    pub values: Option<Vec<String>>,
}

impl LabelCondition {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        let listed =
            value.is_some_and(|value| self.values.iter().flatten().any(|possible| possible == value));
        match self.operator {
            LabelOperator::In => listed,
            LabelOperator::NotIn => !listed,
            LabelOperator::Exists => value.is_some(),
            LabelOperator::DoesNotExist => value.is_none(),
        }
    }
}

/// How a label is looked at.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelOperator {
    /// It has one of the values.
    In,
    /// It has none of the values, or isn't there.
    NotIn,
    /// It is there.
    Exists,
    /// It isn't there.
    DoesNotExist,
}

/// What the operator knows of the account.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaAccountStatus {
    /// The `metadata.generation` that this status describes; -1 before the first visit.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,

    /// Ready, Reconciling, Stalled.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// The account that the credentials were last found to be of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,

    /// The region that `limits` and `usage` are of: Lambda counts per region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,

    /// AWS's limits of the account in that region.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountLimits")]
    pub limits: Option<AccountLimits>,

    /// What of them is in use.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountUsage")]
    pub usage: Option<AccountUsage>,

    /// How many objects work in AWS through this account: those that name it and have reached it. As long as there are
    /// any, it isn't deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub used_by: Option<i64>,

    /// The value of the annotation `lambda-operator.io/reconcile-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

impl Default for LambdaAccountStatus {
    fn default() -> Self {
        Self {
            observed_generation: never_observed(),
            conditions: Vec::new(),
            account: None,
            region: None,
            limits: None,
            usage: None,
            used_by: None,
            last_handled_reconcile_at: None,
        }
    }
}

/// AWS's limits of an account in a region.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccountLimits {
    /// Most function instances at the same time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrent_executions: Option<i64>,
    /// How many of them no function has reserved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unreserved_concurrent_executions: Option<i64>,
    /// Largest package, in bytes, that can be sent without S3.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_size_zipped: Option<i64>,
    /// Most bytes that a package and its layers may unpack to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code_size_unzipped: Option<i64>,
    /// Most bytes of all packages and layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_code_size: Option<i64>,
}

/// What an account uses in a region.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct AccountUsage {
    /// Number of functions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_count: Option<i64>,
    /// Bytes of all packages and layers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub total_code_size: Option<i64>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kept, samples};

    #[test]
    fn the_sample_is_for_one_team() {
        let [analytics]: [LambdaAccount; 1] =
            samples(include_str!("../../config/samples/account.yaml"), "LambdaAccount").try_into().unwrap();
        let team = |name: &str| BTreeMap::from([("team".to_owned(), name.to_owned())]);
        assert!(analytics.spec.admits(&team("analytics")) && !analytics.spec.admits(&team("web")));
    }

    fn admits(spec: &str, labels: &[(&str, &str)]) -> bool {
        let spec: LambdaAccountSpec = kept(&format!("accountId: \"111122223333\"\n{spec}"));
        let labels = labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        spec.admits(&labels)
    }

    #[test]
    fn no_namespace_is_admitted_unless_the_spec_says_so_and_an_empty_selector_admits_all() {
        assert!(!admits("", &[("team", "a")]));
        assert!(admits("namespaces: {selector: {}}", &[]));
    }

    #[test]
    fn a_namespace_has_to_meet_the_whole_selector() {
        let spec = "namespaces: {selector: {matchLabels: {team: a}, matchExpressions: [{key: stage, operator: In, values: [test, live]}]}}";
        assert!(admits(spec, &[("team", "a"), ("stage", "live"), ("other", "x")]));
        assert!(!admits(spec, &[("team", "a"), ("stage", "old")]));
        assert!(!admits(spec, &[("team", "b"), ("stage", "live")]));
        assert!(!admits(spec, &[("team", "a")]));
    }

    #[test]
    fn conditions_look_at_labels_as_kubernetes_does() {
        let with = |condition: &str| format!("namespaces: {{selector: {{matchExpressions: [{condition}]}}}}");
        let not_in = with("{key: stage, operator: NotIn, values: [old]}");
        assert!(admits(&not_in, &[]) && admits(&not_in, &[("stage", "live")]));
        assert!(!admits(&not_in, &[("stage", "old")]));
        let exists = with("{key: stage, operator: Exists}");
        assert!(admits(&exists, &[("stage", "")]) && !admits(&exists, &[]));
        let missing = with("{key: stage, operator: DoesNotExist}");
        assert!(admits(&missing, &[]) && !admits(&missing, &[("stage", "")]));
    }
}
