//! `LambdaInvocation`: one invocation of a function, made once, as a Job runs once.
//!
//! Field names and limits are those of the Lambda API reference for [Invoke].
//!
//! [Invoke]: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::{CustomResource, KubeSchema};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::common::{AccountRef, CommonSpec, ObjectRef, Pending, never_observed};
use crate::rules;

/// One invocation of a function, made once, as a Job runs once. It owns nothing in AWS.
#[derive(CustomResource, KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq)]
#[kube(
    group = "lambda-operator.io",
    version = "v1alpha1",
    kind = "LambdaInvocation",
    namespaced,
    status = "LambdaInvocationStatus",
    derive = "PartialEq",
    shortname = "linv",
    category = "lambda",
    doc = "One invocation of a function, made once, as a Job runs once.",
    printcolumn(name = "Ready", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].status"#),
    printcolumn(name = "Reason", type_ = "string", json_path = r#".status.conditions[?(@.type=="Ready")].reason"#),
    printcolumn(name = "Attempts", type_ = "integer", json_path = ".status.attempts"),
    printcolumn(name = "Duration", type_ = "string", json_path = ".status.duration"),
    printcolumn(name = "Completed", type_ = "date", json_path = ".status.completionTime"),
    printcolumn(name = "Age", type_ = "date", json_path = ".metadata.creationTimestamp"),
    printcolumn(name = "Target", type_ = "string", json_path = ".status.target", priority = 1),
    printcolumn(
        name = "Message",
        type_ = "string",
        json_path = r#".status.conditions[?(@.type=="Ready")].message"#,
        priority = 1
    ),
    validation = rules::account_is_fixed("LambdaInvocation"),
    validation = rules::region_is_fixed("LambdaInvocation")
)]
#[serde(rename_all = "camelCase")]
#[x_kube(
    validation = rules::exactly_one("spec", &["functionRef", "aliasRef", "functionName"]),
    validation = rules::happens_once("LambdaInvocation", &[
        ("functionRef", None), ("aliasRef", None), ("functionName", None), ("qualifier", None), ("payload", None),
        ("payloadFrom", None), ("invocationType", Some("'RequestResponse'")), ("tenantId", None), ("timeout", None),
        ("recordResult", Some("false")),
    ]),
    validation = Rule::new("!has(self.qualifier) || !has(self.aliasRef)")
        .message("spec.qualifier can't be used with spec.aliasRef, which names an alias already; remove one of them"),
    validation = Rule::new("!has(self.payload) || !has(self.payloadFrom)")
        .message("spec.payload and spec.payloadFrom exclude each other; remove one of them"),
    validation = Rule::new("!has(self.payloadFrom) || has(self.payloadFrom.secretKeyRef) != has(self.payloadFrom.configMapKeyRef)")
        .message(Message::Expression(r#""spec.payloadFrom needs exactly one of secretKeyRef and configMapKeyRef, and has " + (has(self.payloadFrom.secretKeyRef) ? "both" : "none") + "; set one and remove the other""#.into())),
    validation = Rule::new("!has(self.recordResult) || !self.recordResult || !has(self.payloadFrom) || !has(self.payloadFrom.secretKeyRef)")
        .message("spec.recordResult can't be true with spec.payloadFrom.secretKeyRef: the answer may repeat the Secret's value, and status is no place for one; remove recordResult, or take the payload from elsewhere"),
    validation = Rule::new("!has(self.recordResult) || !self.recordResult || !has(self.invocationType) || self.invocationType == 'RequestResponse'")
        .message(Message::Expression(r#""spec.recordResult can't be true with spec.invocationType " + self.invocationType + ", which has no answer; remove one of them""#.into()))
)]
pub struct LambdaInvocationSpec {
    /// The LambdaAccount that says in which AWS account, and as whom, to work for this object. Absent: the operator's own
    /// credentials. Can't be changed once `status.account` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountRef")]
    pub account_ref: Option<AccountRef>,

    /// AWS region, such as `eu-west-1`. Absent: the region of the LambdaAccount, else the operator's. Can't be changed once
    /// `status.region` is set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,5}(-[a-z]+)+-[0-9]$"))]
    pub region: Option<String>,

    /// The LambdaFunction, in the same namespace, to invoke. It is waited for until it is Ready on its present generation.
    /// Exactly one of `functionRef`, `aliasRef` and `functionName`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub function_ref: Option<ObjectRef>,

    /// The LambdaAlias, in the same namespace, to invoke. It is waited for until it is Ready on its present generation.
    /// Exactly one of `functionRef`, `aliasRef` and `functionName`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ObjectRef")]
    pub alias_ref: Option<ObjectRef>,

    /// Name or ARN, with or without a version or alias (`NAME:ALIAS`), of a function that has no object here. Exactly one
    /// of `functionRef`, `aliasRef` and `functionName`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(
        length(min = 1, max = 256),
        regex(
            pattern = r"^(arn:(aws[a-zA-Z-]*)?:lambda:[a-z0-9-]+:\d{12}:function:)?[a-zA-Z0-9_.-]+(:(\$LATEST|[a-zA-Z0-9_-]+))?$"
        )
    )]
    pub function_name: Option<String>,

    /// The version or alias to invoke: a number in quotes, the name of an alias, or `$LATEST`. Not with `aliasRef`.
    /// Default: `$LATEST`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 128), regex(pattern = r"^(\$LATEST(\.PUBLISHED)?|[a-zA-Z0-9_-]+)$"))]
    pub qualifier: Option<String>,

    /// What the function gets, as JSON text, such as `{"order": 7}`; it is sent as it stands. Default: nothing, which
    /// functions see as an empty object. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 131_072))]
    pub payload: Option<String>,

    /// The same from a Secret or ConfigMap, as it is when the invocation starts. At most one of this and `payload`.
    /// Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PayloadSource")]
    pub payload_from: Option<PayloadSource>,

    /// `RequestResponse` (default) waits for the answer. `Event` leaves the event with Lambda, which invokes the function
    /// later and, if it fails, again. `DryRun` only asks whether it could be invoked. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InvocationType")]
    pub invocation_type: Option<InvocationType>,

    /// For which tenant, of a function that keeps tenants apart. Default: none. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 256), regex(pattern = r"^[a-zA-Z0-9._:/=+@ -]+$"))]
    pub tenant_id: Option<String>,

    /// How long to wait for the answer, in seconds. Afterwards nobody knows whether the function ran to its end. Default: a
    /// little longer than a function can run, which is 15 minutes. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 900))]
    pub timeout: Option<i32>,

    /// What happens when nobody knows whether the function ran: the answer didn't come, or the operator ended before it
    /// was stored. `Never` (default) leaves it at that, as `OutcomeUnknown`. `Allowed` invokes it again, six times in all
    /// at most: for a function to which a second invocation does no harm. It may also be allowed afterwards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "RetryPolicy")]
    pub retry: Option<RetryPolicy>,

    /// `true` keeps what the function answered, and the end of its log, in `status`, where everybody sees them who may
    /// read the object. Not with a payload from a Secret. Default: `false`. Immutable.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub record_result: Option<bool>,

    /// `true` keeps it from being started, and says so in the condition `Suspended`. What has started goes on.
    /// Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// How many seconds after its end the object is deleted, whether it succeeded or failed. Default: it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0))]
    pub ttl_seconds_after_finished: Option<i32>,
}

/// How a function is invoked.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvocationType {
    /// The answer is waited for.
    #[default]
    RequestResponse,
    /// The event is left with Lambda.
    Event,
    /// The function isn't invoked.
    DryRun,
}

impl InvocationType {
    /// The word that the API has for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RequestResponse => "RequestResponse",
            Self::Event => "Event",
            Self::DryRun => "DryRun",
        }
    }
}

/// Whether a function is invoked again when nobody knows whether it ran.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum RetryPolicy {
    /// It isn't.
    #[default]
    Never,
    /// It is.
    Allowed,
}

/// Where a payload comes from: one of the two, which the rules of the spec check.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct PayloadSource {
    /// A key of a Secret. Nothing of it is ever shown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PayloadKey")]
    pub secret_key_ref: Option<PayloadKey>,
    /// A key of a ConfigMap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "PayloadKey")]
    pub config_map_key_ref: Option<PayloadKey>,
}

/// A key of a Secret or ConfigMap in the object's namespace.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct PayloadKey {
    /// Name of the Secret or ConfigMap, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key whose value is the payload.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
}

impl LambdaInvocationSpec {
    /// What it has in common with the kinds that own something in AWS.
    pub fn common(&self) -> CommonSpec {
        CommonSpec {
            account_ref: self.account_ref.clone(),
            region: self.region.clone(),
            suspend: self.suspend,
            ..CommonSpec::default()
        }
    }
}

/// How far the invocation is, and what it came to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct LambdaInvocationStatus {
    /// The `metadata.generation` that this status describes; -1 before the first visit.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,

    /// The AWS account that this object is pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,

    /// The AWS region that this object is pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,

    /// Ready, Reconciling, Stalled, Complete, Failed, ReferencesResolved, Suspended.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// The invocation that was started and whose outcome isn't stored yet; the token is the attempt's id. Written before
    /// the call: found without an operator that is at it, the outcome is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Pending")]
    pub pending: Option<Pending>,

    /// How often the function was invoked, or may have been. What was refused before it could run doesn't count.
    #[serde(default)]
    pub attempts: i64,

    /// The last attempt.
    #[serde(flatten)]
    pub attempt: InvocationAttempt,

    /// When the invocation ended for good, one way or the other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completion_time: Option<Time>,

    /// The value of the annotation `lambda-operator.io/reconcile-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

/// An attempt to invoke a function.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct InvocationAttempt {
    /// What is invoked: ARN or name, with the version or alias where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,

    /// When the last attempt began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_time: Option<Time>,

    /// What the last attempt came to; absent before its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "InvocationOutcome")]
    pub outcome: Option<InvocationOutcome>,

    /// How long the call took, such as `1.234s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration: Option<String>,

    /// HTTP status of AWS's answer: 200 for `RequestResponse`, 202 for `Event`, 204 for `DryRun`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_code: Option<i64>,

    /// AWS's id of the request, by which the function's log and CloudTrail know the invocation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,

    /// The version that ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub executed_version: Option<String>,

    /// Set when the function failed: `Unhandled`, or `Handled` where the runtime says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub function_error: Option<String>,

    /// What the function answered, or how it failed; only with `recordResult`. The first 32 KiB of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<String>,

    /// `true`: the answer was longer than `result`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result_truncated: Option<bool>,

    /// The end of the function's log, 4 KiB at most; only with `recordResult`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_tail: Option<String>,
}

/// What an attempt came to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// The function answered, or AWS has taken the event, or would invoke it.
    Succeeded,
    /// The function failed.
    FunctionError,
    /// AWS, or the operator, refuses what is asked for, and nothing that could change would help.
    Refused,
    /// Nobody knows whether the function ran.
    Unknown,
}

impl Default for LambdaInvocationStatus {
    fn default() -> Self {
        Self {
            observed_generation: never_observed(),
            account: None,
            region: None,
            conditions: Vec::new(),
            pending: None,
            attempts: 0,
            attempt: InvocationAttempt::default(),
            completion_time: None,
            last_handled_reconcile_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{kept, samples};

    #[test]
    fn the_samples_migrate_and_ask() {
        let sample = include_str!("../../config/samples/invocation.yaml");
        let [migrate, price]: [LambdaInvocation; 2] = samples(sample, "LambdaInvocation").try_into().unwrap();
        assert_eq!((migrate.spec.ttl_seconds_after_finished, migrate.spec.record_result), (Some(3600), None));
        assert_eq!(price.spec.record_result, Some(true));
    }

    #[test]
    fn a_function_is_all_that_is_needed() {
        let spec: LambdaInvocationSpec = kept("{functionRef: {name: hello}}");
        assert_eq!(spec.common(), CommonSpec::default());
        let spec: LambdaInvocationSpec =
            kept("{functionName: hello, payloadFrom: {secretKeyRef: {name: a, key: b}}}");
        assert!(spec.payload_from.unwrap().config_map_key_ref.is_none());
    }

    #[test]
    fn an_empty_status_has_not_observed_anything() {
        let status: LambdaInvocationStatus = serde_json::from_str("{}").unwrap();
        assert_eq!(status, LambdaInvocationStatus::default());
    }
}
