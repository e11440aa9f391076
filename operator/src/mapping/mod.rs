//! The kind EventSourceMapping. AWS assigns its UUID, works on every change for a while, and refuses others meanwhile.

mod compare;
pub mod deletion;
pub mod desired;
pub mod execute;
pub mod field;
mod foresee;
pub mod manifest;
pub mod model;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod state;
pub mod status;

use std::collections::BTreeSet;

use kube::ResourceExt;
use lambda_operator_crds::conditions::ConditionType;
use lambda_operator_crds::{
    AdoptPolicy, CommonSpec, CommonStatus, EventSourceMapping, EventSourceMappingStatus, ManagementPolicy,
    Origin, Pending,
};

use crate::aws::{AwsError, MappingExpectation, Priority, Registration, Scope};
use crate::engine::kind::{Aside, Deletion, Effect, Facts, Inputs, Kind, Listing, Offering, Report, Unready};
use crate::engine::ownership::{Claim, Owner};
use crate::engine::tags;
use crate::engine::verdict::Plan;
use crate::k8s::references::{ReferenceKey, ReferenceKind};

pub use compare::{changes, compare, kafka_field};
use desired::Desired;
use model::{Fixed, FunctionName, Observed};
use plan::Action;

/// The pending operation of a creation; its token is the function's name as it was sent.
const CREATION: &str = "CreateEventSourceMapping";
/// The pending operation of an adoption, in which the owner's tags are put on a mapping; its token is the UUID.
const ADOPTION: &str = "TagResource";

/// The kind EventSourceMapping.
#[derive(Debug)]
pub struct EventSourceMappings;

/// What AWS knows a mapping by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Id {
    /// Its UUID.
    Uuid {
        /// It.
        uuid: String,
        /// Whether its tags are read with it.
        tags: bool,
    },
    /// Who reads what, for one that is only observed or may be adopted, and wasn't found yet.
    Pair {
        /// The function.
        function: String,
        /// The source.
        fixed: Box<Fixed>,
        /// Whether its tags are read with it.
        tags: bool,
    },
}

impl Kind for EventSourceMappings {
    type Object = EventSourceMapping;
    type Status = EventSourceMappingStatus;
    type Desired = Desired;
    type Observed = Observed;
    type Action = Action;
    type Id = Id;

    const KIND: ReferenceKind = ReferenceKind::EventSourceMapping;
    const LISTED: bool = true;

    fn common(object: &EventSourceMapping) -> &CommonSpec {
        &object.spec.common
    }

    fn status(object: &EventSourceMapping) -> EventSourceMappingStatus {
        object.status.clone().unwrap_or_default()
    }

    fn common_status(status: &EventSourceMappingStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut EventSourceMappingStatus) -> &mut CommonStatus {
        &mut status.common
    }

    fn id(
        object: &EventSourceMapping,
        status: &EventSourceMappingStatus,
        desired: Option<&Desired>,
    ) -> Option<Id> {
        // Where nothing is written, nobody plans to read them.
        let observing = desired.filter(|_| is_observed(object));
        let tags = observing.is_some_and(Desired::compares_tags);
        if let Some(uuid) = &status.uuid {
            return Some(Id::Uuid { uuid: uuid.clone(), tags });
        }
        let desired = desired.filter(|_| is_observed(object) || may_adopt(object, status))?;
        let function = desired.configuration.function.to_string();
        Some(Id::Pair { function, fixed: Box::new(desired.fixed.clone()), tags })
    }

    fn listed_as(_: &EventSourceMapping, status: &EventSourceMappingStatus) -> Option<String> {
        status.uuid.clone()
    }

    /// The mapping with its filters, which lists don't show when a key encrypts them, and its tags.
    fn unlisted(object: &EventSourceMapping, _: &EventSourceMappingStatus) -> u32 {
        let spec = &object.spec;
        let encrypted = spec.kms_key_arn.as_ref().is_some_and(|key| !key.is_empty());
        let tagged = !is_observed(object) || spec.common.tags.as_ref().is_some_and(|tags| !tags.is_empty());
        if encrypted || tagged { 1 + u32::from(tagged) } else { 0 }
    }

    fn references(object: &EventSourceMapping) -> BTreeSet<ReferenceKey> {
        function_key(object).into_iter().collect()
    }

    fn offering(_: &EventSourceMapping, status: &EventSourceMappingStatus) -> Offering {
        let name = status.uuid.clone().unwrap_or_default();
        Offering { name, arn: status.arn.clone(), version: None }
    }

    /// The version that the spec names, also before AWS shows the mapping.
    fn uses(object: &EventSourceMapping, status: &EventSourceMappingStatus) -> BTreeSet<String> {
        let function = object.spec.function_name.as_deref().map(FunctionName::parse);
        let (account, region) = (status.common.account.as_deref(), status.common.region.as_deref());
        function.and_then(|function| function.version(account, region)).into_iter().collect()
    }

    /// A mapping that may be adopted or that is only observed is looked for first; for all others
    /// CreateEventSourceMapping itself answers whether there is one.
    fn exists(object: &EventSourceMapping, status: &EventSourceMappingStatus) -> bool {
        status.uuid.is_some() || is_observed(object) || may_adopt(object, status)
    }

    fn desired(object: &EventSourceMapping, inputs: &Inputs) -> Result<Desired, Unready> {
        desired::desired(object, inputs)
    }

    async fn observe(scope: &Scope, id: &Id, priority: Priority) -> Result<Option<Observed>, AwsError> {
        let (found, with_tags) = match id {
            Id::Uuid { uuid, tags } => (scope.get_mapping(uuid, priority).await?, *tags),
            Id::Pair { function, fixed, tags } => {
                (scope.find_mapping(function, fixed, priority).await?, *tags)
            }
        };
        match found {
            Some(mapping) if with_tags => {
                let tags = Some(scope.mapping_tags(&mapping.arn, priority).await?);
                Ok(Some(Observed { tags, ..mapping }))
            }
            found => Ok(found),
        }
    }

    async fn search(
        scope: &Scope,
        object: &EventSourceMapping,
        status: &EventSourceMappingStatus,
        owner: &Owner,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        let Some(Pending { operation, token: Some(token), .. }) = &status.common.pending else {
            return Ok(None);
        };
        if operation == ADOPTION {
            return scope.get_mapping_with_tags(token, priority).await;
        }
        let source = object.spec.event_source_arn.as_deref();
        scope.find_own_mapping(token, source, |tags| owner.judge(tags) == Claim::Ours, priority).await
    }

    fn want(scope: &Scope, name: &str) {
        scope.mappings().want(name);
    }

    fn listed(scope: &Scope, id: &Id, status: &EventSourceMappingStatus) -> Listing<Observed> {
        let (inventory, Id::Uuid { uuid, tags: false }) = (scope.mappings(), id) else { return Listing::Ask };
        if !inventory.first_sweep_done() {
            return Listing::NotYet;
        }
        match inventory.take_listed(uuid) {
            Some(observed) if Some(&observed.state) == status.state.as_ref() => Listing::Found(observed),
            _ => Listing::Ask,
        }
    }

    fn recover(observed: &Observed, owner: &Owner, status: &mut EventSourceMappingStatus) {
        status::recover(observed, owner, status);
    }

    fn plan(
        desired: &Desired,
        observed: Option<&Observed>,
        facts: &Facts<'_, EventSourceMappingStatus>,
    ) -> Plan<Action> {
        plan::plan(desired, observed, facts)
    }

    fn plan_deletion(
        observed: Option<&Observed>,
        facts: &Facts<'_, EventSourceMappingStatus>,
    ) -> Deletion<Action> {
        deletion::plan_deletion(observed, facts)
    }

    fn prepare(action: &Action, status: &mut EventSourceMappingStatus) {
        match action {
            Action::Create { configuration, tags, .. } => {
                // What was there before is gone: from now on the intent says where to look.
                (status.uuid, status.arn) = (None, None);
                let token = Some(configuration.function.to_string());
                status.common.pending = Some(Pending { token, ..Pending::new(CREATION) });
                tags::managing(&mut status.common.managed_tags, tags);
            }
            Action::Own { uuid, .. } => {
                let token = Some(uuid.clone());
                status.common.pending = Some(Pending { token, ..Pending::new(ADOPTION) });
            }
            Action::Tag(set) => tags::managing(&mut status.common.managed_tags, set),
            _ => {}
        }
    }

    fn record(action: &Action, observed: Option<&Observed>, status: &mut EventSourceMappingStatus) {
        if let (Action::Create { .. }, Some(observed)) = (action, observed) {
            status.common.origin = Some(Origin::Created);
            status::identify(observed, status);
        }
    }

    async fn execute(
        scope: &Scope,
        _: Option<&Id>,
        action: &Action,
        observed: Option<&Observed>,
        priority: Priority,
    ) -> Result<Effect<Observed>, AwsError> {
        execute::execute(scope, action, observed, priority).await
    }

    fn report(report: &Report<'_, Self>, status: &mut EventSourceMappingStatus) {
        status::report(report, status);
    }

    fn asides(observed: &Observed) -> Vec<Aside> {
        let text = state::problem(observed);
        vec![Aside { condition: ConditionType::ProcessingProblem, reason: "ProcessingFailed", text }]
    }

    /// Lists show all but tags and encrypted filters, so the spec itself is what they are compared with.
    fn watch(
        scope: &Scope,
        object: &EventSourceMapping,
        status: &EventSourceMappingStatus,
        observed: Option<&Observed>,
    ) -> Option<Registration> {
        let function = FunctionName::parse(status.function_arn.as_deref()?);
        let desired = desired::parse(object, function).ok()?;
        let expectation = match observed {
            Some(observed) => MappingExpectation::of(desired, observed),
            None => MappingExpectation::stored(desired, status.state.clone()?, has_problem(status)),
        };
        Some(scope.mappings().expect(status.uuid.as_deref()?, expectation))
    }
}

fn is_observed(object: &EventSourceMapping) -> bool {
    object.spec.common.management_policy() == ManagementPolicy::Observe
}

/// Whether the object may take over a mapping that it doesn't have yet. What is pending is looked for in another way.
fn may_adopt(object: &EventSourceMapping, status: &EventSourceMappingStatus) -> bool {
    object.spec.common.adopt() != AdoptPolicy::Never && status.common.pending.is_none()
}

fn has_problem(status: &EventSourceMappingStatus) -> bool {
    state::problem_of(status.last_processing_result.as_deref()).is_some()
}

/// The LambdaFunction or LambdaAlias that gets the events.
fn function_key(object: &EventSourceMapping) -> Option<ReferenceKey> {
    let namespace = object.namespace().unwrap_or_default();
    let key = |kind, name: &str| ReferenceKey::new(kind, &namespace, name);
    let function = object.spec.function_ref.as_ref().map(|of| key(ReferenceKind::LambdaFunction, &of.name));
    function.or_else(|| object.spec.alias_ref.as_ref().map(|of| key(ReferenceKind::LambdaAlias, &of.name)))
}
