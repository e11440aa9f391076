//! What every kind of the group shares: the common spec fields, the common
//! status fields and the names of conditions, reasons, annotations and tags.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{Condition, Time};
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The API group of every kind.
pub const GROUP: &str = "lambda-operator.io";

/// The finalizer that keeps an object until AWS has let go of what it owns.
pub const FINALIZER: &str = "lambda-operator.io/finalizer";

/// Changing the value of this annotation asks for a reconcile at once.
pub const RECONCILE_AT: &str = "lambda-operator.io/reconcile-at";

/// What happens in AWS when the object is deleted.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DeletionPolicy {
    /// The resource is deleted in AWS as well.
    #[default]
    Delete,
    /// The resource stays in AWS; only the operator's ownership tags are removed.
    Retain,
}

/// Whether an existing AWS resource of that name may be taken over.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AdoptPolicy {
    /// Only what this object created is its own.
    #[default]
    Never,
    /// A resource that carries no ownership tag is taken over.
    Unowned,
    /// A resource is taken over from whoever owns it.
    Force,
}

/// Whether the operator changes AWS or only reports.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ManagementPolicy {
    /// AWS is made to match the spec.
    #[default]
    Manage,
    /// Nothing is written to AWS, not even tags; differences are reported in `status`.
    Observe,
}

/// The spec fields that every namespaced kind has.
#[derive(Serialize, Deserialize, KubeSchema, Clone, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CommonSpec {
    /// The LambdaAccount that says in which AWS account, and as whom, to work for this object. Absent: the operator's
    /// own credentials. Can't be changed once the object has been reconciled: its account is pinned in `status.account`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AccountRef")]
    pub account_ref: Option<AccountRef>,

    /// AWS region, such as `eu-west-1`. Absent: the region of the LambdaAccount, else the operator's. Can't be
    /// changed once the object has been reconciled: its region is pinned in `status.region`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 32), regex(pattern = r"^[a-z]{2,5}(-[a-z]+)+-[0-9]$"))]
    pub region: Option<String>,

    /// What happens in AWS when this object is deleted. `Delete` (default) deletes the
    /// resource, `Retain` leaves it and removes only the ownership tags.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "DeletionPolicy")]
    pub deletion_policy: Option<DeletionPolicy>,

    /// Whether a resource of this name that already exists in AWS may be taken over:
    /// `Never` (default), `Unowned` (when it carries no ownership tag) or `Force` (from any owner).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "AdoptPolicy")]
    pub adopt: Option<AdoptPolicy>,

    /// `Manage` (default) makes AWS match this spec. `Observe` writes nothing to AWS, not even
    /// tags, never deletes, and reports differences in the condition `Drifted`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "ManagementPolicy")]
    pub management_policy: Option<ManagementPolicy>,

    /// `true` pauses everything for this object, deletion included, and says so in the
    /// condition `Suspended`. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspend: Option<bool>,

    /// Spec paths that somebody else owns (CI, an autoscaler): used at create, then neither
    /// compared nor changed. For example `code`, `memorySize`, `env.NAME`, `tags.KEY`. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 64), inner(length(min = 1, max = 256)))]
    #[x_kube(merge_strategy = ListMerge::Set)]
    pub ignore_drift: Option<Vec<String>>,

    /// Tags of the AWS resource, at most 48. Keys that start with `aws:` or `lambda-operator.io/` are
    /// reserved. Tags that others put on the resource are left alone. AWS takes no tags for aliases and layers. Default: none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("maxProperties" = 48))]
    #[x_kube(
        validation = Rule::new("self.all(k, size(k) >= 1 && size(k) <= 128)")
            .message(Message::Expression(r#""the key \"" + self.filter(k, size(k) < 1 || size(k) > 128)[0] + "\" of spec.tags must be 1 to 128 characters long; shorten or fill in the key""#.into())),
        validation = Rule::new(r"self.all(k, k.matches('^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$'))")
            .message(Message::Expression(r#""the key \"" + self.filter(k, !k.matches('^[\\p{L}\\p{Z}\\p{N}_.:/=+@-]*$'))[0] + "\" of spec.tags may only have letters, digits, spaces and _ . : / = + - @; rename the tag""#.into())),
        validation = Rule::new("self.all(k, !k.startsWith('aws:') && !k.startsWith('lambda-operator.io/'))")
            .message(Message::Expression(r#""the key \"" + self.filter(k, k.startsWith('aws:') || k.startsWith('lambda-operator.io/'))[0] + "\" of spec.tags is reserved (aws: and lambda-operator.io/ are); rename the tag""#.into()))
    )]
    pub tags: Option<BTreeMap<String, TagValue>>,
}

/// The LambdaAccount to work with.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct AccountRef {
    /// Name of the LambdaAccount, which belongs to no namespace but says which ones may use it.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// Another object of the group, in the same namespace; which kind, the field says.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
pub struct ObjectRef {
    /// Name of the object, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
}

/// How long published versions are kept.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VersionRetention {
    /// How many of the newest versions that this object published stay. One that is still in use stays as well.
    #[schemars(range(min = 1, max = 1000))]
    pub keep: i32,
}

/// The value of a tag, in the characters that AWS takes.
/// <https://docs.aws.amazon.com/lambda/latest/api/API_TagResource.html>
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(inline)]
pub struct TagValue(
    #[schemars(length(max = 256), regex(pattern = r"^[\p{L}\p{Z}\p{N}_.:/=+@-]*$"))] pub String,
);

impl CommonSpec {
    /// The deletion policy with its default filled in.
    pub fn deletion_policy(&self) -> DeletionPolicy {
        self.deletion_policy.unwrap_or_default()
    }

    /// The adoption policy with its default filled in.
    pub fn adopt(&self) -> AdoptPolicy {
        self.adopt.unwrap_or_default()
    }

    /// The management policy with its default filled in.
    pub fn management_policy(&self) -> ManagementPolicy {
        self.management_policy.unwrap_or_default()
    }

    /// Whether the object is suspended.
    pub fn suspended(&self) -> bool {
        self.suspend.unwrap_or(false)
    }
}

/// The status fields that every namespaced kind has.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq)]
#[serde(rename_all = "camelCase")]
pub struct CommonStatus {
    /// The `metadata.generation` that this status describes; -1 before the first visit.
    #[serde(default = "never_observed")]
    pub observed_generation: i64,

    /// The AWS account that this object is pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,

    /// The AWS region that this object is pinned to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,

    /// Whether the AWS resource was created or adopted by this object.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Origin")]
    pub origin: Option<Origin>,

    /// Ready, Reconciling, Stalled, Synced, ReferencesResolved, Drifted, Suspended, SourceUnchecked, ProcessingProblem.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(extend("x-kubernetes-list-type" = "map", "x-kubernetes-list-map-keys" = ["type"]))]
    pub conditions: Vec<Condition>,

    /// The Secrets, ConfigMaps and other objects that the last reconcile used, by uid and resourceVersion.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub references: Vec<ReferenceVersion>,

    /// Sections of the spec that this object has applied and reverts when they are removed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed_sections: Vec<String>,

    /// Keys of the tags that this object has put on the resource, so that removing one from the spec removes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub managed_tags: Vec<String>,

    /// A call whose outcome isn't stored yet. Found at the start of a reconcile, it is recovered first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Pending")]
    pub pending: Option<Pending>,

    /// The value of the annotation `lambda-operator.io/reconcile-at` that was last acted on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_handled_reconcile_at: Option<String>,
}

impl Default for CommonStatus {
    fn default() -> Self {
        Self {
            observed_generation: never_observed(),
            account: None,
            region: None,
            origin: None,
            conditions: Vec::new(),
            references: Vec::new(),
            managed_sections: Vec::new(),
            managed_tags: Vec::new(),
            pending: None,
            last_handled_reconcile_at: None,
        }
    }
}

pub(crate) fn never_observed() -> i64 {
    -1
}

/// How an AWS resource came to belong to an object.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The operator created it for this object.
    Created,
    /// It existed before and was taken over.
    Adopted,
}

/// The version of an object that a reconcile used. Of a Secret or ConfigMap never a value, nor a hash of one.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct ReferenceVersion {
    /// `Secret`, `ConfigMap`, or a kind of this group, such as `LambdaLayer`.
    pub kind: String,
    /// Name, in the object's namespace.
    pub name: String,
    /// Its `metadata.uid`; absent when an optional reference does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uid: Option<String>,
    /// Its `metadata.resourceVersion`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<String>,
    /// What an object of this group resolved to, such as an ARN; never for Secrets and ConfigMaps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

/// The intent that is written before a call whose outcome could get lost.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct Pending {
    /// The Lambda API operation, such as `CreateFunction`.
    pub operation: String,
    /// Fingerprint of what the call sends; contains no secret, nor a hash of one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// What the call leaves in AWS to be found again by, where AWS assigns the identity.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub token: Option<String>,
    /// The newest version that was there before the call; what it published is newer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_known: Option<i64>,
    /// When the intent was written.
    pub since: Time,
}

impl Pending {
    /// The intent to call this operation, as of now.
    pub fn new(operation: &str) -> Self {
        Self {
            operation: operation.to_owned(),
            fingerprint: None,
            token: None,
            newest_known: None,
            since: Time(k8s_openapi::jiff::Timestamp::now()),
        }
    }
}

/// A reference to a key of a Secret or ConfigMap in the object's namespace.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct KeySelector {
    /// Name of the Secret or ConfigMap, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// Key whose value is used.
    #[schemars(length(min = 1, max = 253))]
    pub key: String,
    /// `true`: a missing object or key leaves the variable out instead of being an error. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}

/// A reference to a whole Secret or ConfigMap in the object's namespace.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Debug, Default, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub struct ObjectSelector {
    /// Name of the Secret or ConfigMap, in the same namespace.
    #[schemars(length(min = 1, max = 253))]
    pub name: String,
    /// `true`: a missing object contributes nothing instead of being an error. Default: `false`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub optional: Option<bool>,
}
