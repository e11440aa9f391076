//! What a kind of resource has to supply; everything else is the engine's.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Debug;
use std::future::Future;

use kube::core::NamespaceResourceScope;
use kube::{Resource, ResourceExt};
use lambda_operator_crds::conditions::{ConditionType, Reason};
use lambda_operator_crds::{
    AdoptPolicy, CommonSpec, CommonStatus, DeletionPolicy, ManagementPolicy, ReferenceVersion,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::aws::{AwsError, Priority, Registration, Scope};
use crate::engine::ownership::Owner;
use crate::engine::verdict::{Plan, Verdict};
use crate::k8s::events::Note;
use crate::k8s::references::{Contents, Offer, ReferenceKey, ReferenceKind, References};
use crate::source::{Found, NamedSource};

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
    /// What AWS knows the resource by.
    type Id: Clone + Debug + Send + Sync;

    /// The kind.
    const KIND: ReferenceKind;
    /// Whether account-wide lists show the resources, so that sweeps find what somebody else changed.
    const LISTED: bool;
    /// The kind's name, for logs and metrics.
    const NAME: &'static str = Self::KIND.as_str();

    /// The common fields of the spec.
    fn common(object: &Self::Object) -> &CommonSpec;
    /// The stored status, or an empty one.
    fn status(object: &Self::Object) -> Self::Status;
    /// The common fields of a status.
    fn common_status(status: &Self::Status) -> &CommonStatus;
    /// The same, to be changed.
    fn common_status_mut(status: &mut Self::Status) -> &mut CommonStatus;
    /// What AWS knows the resource by. `None`: nobody knows (yet), because AWS assigns it, or it depends on another
    /// object. During a deletion there is no `desired`: everything is in `status`.
    fn id(object: &Self::Object, status: &Self::Status, desired: Option<&Self::Desired>) -> Option<Self::Id>;
    /// The name under which the inventory knows the resource; `None`: lists don't show resources of this kind, or it
    /// isn't known yet.
    fn listed_as(object: &Self::Object, status: &Self::Status) -> Option<String>;
    /// How many calls of Lambda's shared rate a look at what the lists leave unseen of this object takes. It is visited
    /// in turn, however quiet it is; 0: nothing is left unseen.
    fn unlisted(_object: &Self::Object, _status: &Self::Status) -> u32 {
        u32::from(!Self::LISTED)
    }
    /// What the spec names in the cluster.
    fn references(object: &Self::Object) -> BTreeSet<ReferenceKey>;
    /// What others may build on: the resource's name in AWS, its ARN and, where it has versions, the newest.
    fn offering(object: &Self::Object, status: &Self::Status) -> Offering;
    /// Whether AWS is known or likely to have the resource, so that it is worth a read.
    fn exists(object: &Self::Object, status: &Self::Status) -> bool;

    /// What the resource is called within its account and region, if it can carry no owner's tag: of two objects that
    /// claim the same, only one holds it.
    fn claim(_object: &Self::Object, _status: &Self::Status, _references: &References) -> Option<String> {
        None
    }
    /// What in AWS the resource uses, or may be about to use: ARNs, or what else [`usage`](crate::engine::usage) knows
    /// versions of functions by.
    fn uses(_object: &Self::Object, _status: &Self::Status) -> BTreeSet<String> {
        BTreeSet::new()
    }
    /// ARNs for which the object waits until nobody uses them any more.
    fn awaits(_object: &Self::Object, _status: &Self::Status) -> BTreeSet<String> {
        BTreeSet::new()
    }

    /// Parses the spec.
    ///
    /// # Errors
    /// What is wrong with the spec, or what it needs and isn't there.
    fn desired(object: &Self::Object, inputs: &Inputs) -> Result<Self::Desired, Unready>;

    /// What the resource is made from, where the name of that can come to mean something else.
    fn source(_object: &Self::Object, _status: &Self::Status) -> Option<NamedSource> {
        None
    }
    /// The fingerprint of what the resource was last made from.
    fn made_from(_status: &Self::Status) -> Option<&str> {
        None
    }
    /// Puts in what the source was found to be; pure.
    fn resolve(_desired: &mut Self::Desired, _source: &NamedSource, _found: &Found) {}
    /// Whether the action takes something from the source.
    fn takes_source(_action: &Self::Action) -> bool {
        false
    }

    /// Whether the action only reads.
    fn looks(_action: &Self::Action) -> bool {
        false
    }

    /// Reads the resource.
    fn observe(
        scope: &Scope,
        id: &Self::Id,
        priority: Priority,
    ) -> impl Future<Output = Result<Option<Self::Observed>, AwsError>> + Send;

    /// Completes a look by what an earlier one of the same visit showed and it doesn't.
    fn carry(_before: &Self::Observed, _now: &mut Self::Observed) {}

    /// Looks for what a lost call left in AWS: `status.pending` announces it, and AWS assigns the id. Kinds whose names
    /// are ours need no search.
    fn search(
        _scope: &Scope,
        _object: &Self::Object,
        _status: &Self::Status,
        _owner: &Owner,
        _priority: Priority,
    ) -> impl Future<Output = Result<Option<Self::Observed>, AwsError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Asks the first sweep to keep what it lists under this name.
    fn want(_scope: &Scope, _name: &str) {}

    /// What the last sweep says about the resource, where that can stand in for a read.
    fn listed(_scope: &Scope, _id: &Self::Id, _status: &Self::Status) -> Listing<Self::Observed> {
        Listing::Ask
    }

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

    /// What the status says while the action is under way, where that isn't what the plan says.
    fn progress(_action: &Self::Action) -> Option<(Reason, String)> {
        None
    }

    /// What has to be in `status` before the action is tried: intents and sections.
    fn prepare(action: &Self::Action, status: &mut Self::Status);

    /// What has to be in `status` once the action was taken by AWS, which then is as `observed`.
    fn record(action: &Self::Action, observed: Option<&Self::Observed>, status: &mut Self::Status);

    /// Makes one change. The id is what is known of it; a creation may have none.
    fn execute(
        scope: &Scope,
        id: Option<&Self::Id>,
        action: &Self::Action,
        observed: Option<&Self::Observed>,
        priority: Priority,
    ) -> impl Future<Output = Result<Effect<Self::Observed>, AwsError>> + Send;

    /// Puts what is known into the status.
    fn report(report: &Report<'_, Self>, status: &mut Self::Status)
    where
        Self: Sized;

    /// Conditions of the kind's own, which say something that doesn't stand in the way of the spec.
    fn asides(_observed: &Self::Observed) -> Vec<Aside> {
        Vec::new()
    }

    /// Tells the inventory what an object that is settled looks like, so that a sweep can find what differs, for as
    /// long as the registration is kept.
    fn watch(
        scope: &Scope,
        object: &Self::Object,
        status: &Self::Status,
        observed: Option<&Self::Observed>,
    ) -> Option<Registration>;
}

/// A condition that is there only while it is True.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Aside {
    /// Which one.
    pub condition: ConditionType,
    /// Its reason.
    pub reason: &'static str,
    /// Its message; `None`: it isn't True.
    pub text: Option<String>,
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

/// What an object lets others build on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offering {
    /// The resource's name in AWS, empty where it has none.
    pub name: String,
    /// Its ARN; `None`: it isn't in AWS.
    pub arn: Option<String>,
    /// Its newest published version that is ready for use: a number, of a layer the ARN.
    pub version: Option<String>,
}

/// What a spec refers to, as far as it was read.
#[derive(Default)]
pub struct Inputs {
    contents: HashMap<ReferenceKey, Option<Contents>>,
    offers: HashMap<ReferenceKey, Option<Offer>>,
    in_use: BTreeSet<String>,
}

impl Inputs {
    /// Nothing was read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The contents of a Secret or ConfigMap. `Some(None)`: it does not exist.
    pub fn get(&self, key: &ReferenceKey) -> Option<&Option<Contents>> {
        self.contents.get(key)
    }

    /// Keeps the contents of a Secret or ConfigMap; `None`: it does not exist.
    pub fn insert(&mut self, key: ReferenceKey, contents: Option<Contents>) {
        self.contents.insert(key, contents);
    }

    /// Keeps what an object of the group offers; `None`: it does not exist.
    pub fn insert_offer(&mut self, key: ReferenceKey, offer: Option<Offer>) {
        self.offers.insert(key, offer);
    }

    /// What an object of the group offers.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn usable(&self, key: &ReferenceKey) -> Result<&Offer, Unready> {
        let (kind, name) = (key.kind.as_str(), &key.object.name);
        let missing = |why: String| Unready::Missing(format!("{kind} {name} {why}"));
        match self.offers.get(key).and_then(Option::as_ref) {
            None => Err(missing(format!(
                "does not exist in namespace {}. Create it, or correct the reference.",
                key.object.namespace
            ))),
            Some(offer) if offer.deleting => Err(missing("is being deleted.".into())),
            Some(Offer { unready: Some(why), .. }) => Err(missing(format!("is not ready: {why}"))),
            Some(offer) => Ok(offer),
        }
    }

    /// Keeps which versions of the object's own resource are used by objects of the cluster.
    pub fn insert_uses(&mut self, versions: BTreeSet<String>) {
        self.in_use = versions;
    }

    /// The versions of the object's own resource that objects of the cluster use, each as its user names it.
    pub fn in_use(&self) -> &BTreeSet<String> {
        &self.in_use
    }

    /// The versions of what was read, in a fixed order.
    pub fn versions(&self) -> Vec<ReferenceVersion> {
        let contents = self
            .contents
            .iter()
            .map(|(key, contents)| key.at(contents.as_ref().map(|contents| &contents.version)));
        let offers = self.offers.iter().map(|(key, offer)| key.offering(offer.as_ref()));
        let mut versions: Vec<ReferenceVersion> = contents.chain(offers).collect();
        versions.sort();
        versions
    }
}

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
    /// It is the object's turn in the rotation: what only calls of its own show is looked at too.
    pub in_turn: bool,
}

impl<'a, S> Facts<'a, S> {
    /// Those of a visit after a change, to which everything is due that can be.
    pub fn of_a_change(owner: &'a Owner, adopt: AdoptPolicy, common: &CommonSpec, status: &'a S) -> Self {
        Self {
            owner,
            adopt,
            observe_only: common.management_policy() == ManagementPolicy::Observe,
            deletion_policy: common.deletion_policy(),
            status,
            changed: true,
            retry_due: true,
            delete_sent: false,
            in_turn: true,
        }
    }
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
    /// Plan again with what the change has brought to light.
    Found,
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
    /// Somebody outside the cluster still uses the resource.
    Blocked(String),
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
