//! What a kind of resource has to supply; everything else is the engine's.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::future::Future;

use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use lambda_operator_crds::{AdoptPolicy, CommonSpec, CommonStatus, DeletionPolicy};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::{AwsError, Priority, Registration, Scope};
use crate::engine::ownership::Owner;
use crate::engine::verdict::{Plan, Verdict};
use crate::k8s::events::Note;
use crate::k8s::references::{Contents, ReferenceKey};

/// A kind of object that stands for a resource in AWS.
pub trait Kind: Send + Sync + 'static {
    /// The custom resource.
    type Object: Resource<DynamicType = (), Scope = NamespaceResourceScope>
        + ResourceExt
        + Clone
        + Debug
        + DeserializeOwned
        + Serialize
        + Send
        + Sync
        + 'static;
    /// Its status.
    type Status: Clone + Debug + Default + PartialEq + Serialize + Send + Sync;
    /// A parsed spec with defaults filled in and references resolved.
    type Desired: Send + Sync;
    /// What AWS has.
    type Observed: Clone + Send + Sync;
    /// One change to AWS, in plain data.
    type Action: Debug + Send + Sync;

    /// The kind's name, for logs and metrics.
    const NAME: &'static str;

    /// The common fields of the spec.
    fn common(object: &Self::Object) -> &CommonSpec;
    /// The stored status, or an empty one.
    fn status(object: &Self::Object) -> Self::Status;
    /// The common fields of a status.
    fn common_status(status: &Self::Status) -> &CommonStatus;
    /// The same, to be changed.
    fn common_status_mut(status: &mut Self::Status) -> &mut CommonStatus;
    /// The resource's name in AWS.
    fn aws_name(object: &Self::Object) -> String;
    /// The Secrets and ConfigMaps that the spec names.
    fn references(object: &Self::Object) -> BTreeSet<ReferenceKey>;
    /// Whether AWS is known or likely to have the resource, so that it is worth a read.
    fn exists(object: &Self::Object, status: &Self::Status) -> bool;

    /// Parses the spec.
    ///
    /// # Errors
    /// What is wrong with the spec, or what it needs and isn't there.
    fn desired(object: &Self::Object, inputs: &Inputs) -> Result<Self::Desired, Unready>;

    /// Reads the resource.
    fn observe(
        scope: &Scope,
        name: &str,
        priority: Priority,
    ) -> impl Future<Output = Result<Option<Self::Observed>, AwsError>> + Send;

    /// What the last sweep says about the resource, where that can stand in for a read.
    fn listed(scope: &Scope, name: &str, status: &Self::Status) -> Listing<Self::Observed>;

    /// Stores the outcome of a call that was pending, once `observed` shows that it took place; pure.
    fn recover(observed: &Self::Observed, owner: &Owner, status: &mut Self::Status);

    /// Compares and decides. Total and pure.
    fn plan(
        desired: &Self::Desired,
        observed: Option<&Self::Observed>,
        facts: &Facts<'_, Self::Status>,
    ) -> Plan<Self::Action>;

    /// Decides about a resource whose object is being deleted.
    fn plan_deletion(
        observed: Option<&Self::Observed>,
        facts: &Facts<'_, Self::Status>,
    ) -> Deletion<Self::Action>;

    /// What has to be in `status` before the action is tried: intents and sections.
    fn prepare(action: &Self::Action, status: &mut Self::Status);

    /// What has to be in `status` once the action was taken by AWS, which then is as `observed`.
    fn record(action: &Self::Action, observed: Option<&Self::Observed>, status: &mut Self::Status);

    /// Makes one change.
    fn execute(
        scope: &Scope,
        name: &str,
        action: &Self::Action,
        observed: Option<&Self::Observed>,
        priority: Priority,
    ) -> impl Future<Output = Result<Effect<Self::Observed>, AwsError>> + Send;

    /// Puts what is known into the status.
    fn report(report: &Report<'_, Self>, status: &mut Self::Status)
    where
        Self: Sized;

    /// Tells the inventory what an object that is settled looks like, so that a sweep can find what differs, for as
    /// long as the registration is kept.
    fn watch(
        scope: &Scope,
        object: &Self::Object,
        status: &Self::Status,
        observed: Option<&Self::Observed>,
    ) -> Option<Registration>;
}

/// What a sweep knows of a resource.
#[derive(Debug)]
pub enum Listing<O> {
    /// The first sweep is still under way.
    NotYet,
    /// No sweep, or too old, or it shows a change: ask AWS.
    Ask,
    /// As it was listed.
    Found(O),
}

/// The contents of what a spec refers to. `None`: it does not exist.
pub type Inputs = HashMap<ReferenceKey, Option<Contents>>;

/// Why a spec can't be worked on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unready {
    /// The spec is wrong: field, value, reason, remedy.
    Invalid(String),
    /// Something that it refers to isn't there.
    Missing(String),
}

/// What a plan may depend on besides the spec and AWS.
#[expect(clippy::struct_excessive_bools, reason = "independent facts, each read by its name")]
#[derive(Debug)]
pub struct Facts<'a, S> {
    /// Who asks.
    pub owner: &'a Owner,
    /// Whether an existing resource may be taken over.
    pub adopt: AdoptPolicy,
    /// Nothing may be written.
    pub observe_only: bool,
    /// What deletion means.
    pub deletion_policy: DeletionPolicy,
    /// The stored status.
    pub status: &'a S,
    /// The spec, something that it refers to, or the annotation changed since the last visit.
    pub changed: bool,
    /// A failed attempt may be repeated now.
    pub retry_due: bool,
    /// A deletion was sent a moment ago.
    pub delete_sent: bool,
}

/// What a change came to.
#[derive(Debug)]
pub struct Effect<O> {
    /// What AWS has now, as far as it is known.
    pub observed: Option<O>,
    /// How to go on.
    pub next: Next,
    /// What to tell people.
    pub note: Option<Note>,
}

/// How to go on after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// With the next action of the plan.
    Continue,
    /// AWS works on it: end the pass and poll.
    Settle,
    /// Read again and plan again.
    Replan,
    /// Not at all: this is how it stands.
    End(Verdict),
}

/// What a deletion needs.
#[derive(Debug, PartialEq, Eq)]
pub enum Deletion<A> {
    /// Make this change and look again.
    Act(A),
    /// Make this change and let the object go.
    Part(A),
    /// AWS is at it.
    Wait(String),
    /// Nothing of the object is left in AWS, or it may stay: let the object go.
    Release(Option<Note>),
    /// Ownership can't be told.
    Denied(String),
}

/// What there is to report.
pub struct Report<'a, K: Kind> {
    /// The parsed spec, when there is one.
    pub desired: Option<&'a K::Desired>,
    /// What AWS has.
    pub observed: Option<&'a K::Observed>,
    /// Paths in which AWS differs from the spec.
    pub differs: &'a [String],
    /// AWS has finished and matches.
    pub settled: bool,
    /// The resource is this object's.
    pub owner: &'a Owner,
    /// Whether the operator may write.
    pub observe_only: bool,
}
