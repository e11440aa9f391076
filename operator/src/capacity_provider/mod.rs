//! The kind CapacityProvider. Its name is ours: CreateCapacityProvider itself answers whether it is taken. AWS works on
//! it for minutes after a creation, a change and a deletion, and says no more of that than a state.

pub mod deletion;
pub mod desired;
pub mod execute;
mod foresee;
pub mod manifest;
pub mod model;
pub mod plan;
#[cfg(test)]
mod plan_tests;
pub mod status;

use std::collections::BTreeSet;

use lambda_operator_crds::{
    AdoptPolicy, CapacityProvider, CapacityProviderStatus, CommonSpec, CommonStatus, ManagementPolicy,
    Pending,
};

use crate::aws::{AwsError, Priority, Registration, Scope};
use crate::capacity_provider::desired::Desired;
use crate::capacity_provider::model::Observed;
use crate::capacity_provider::plan::Action;
use crate::engine::kind::{Deletion, Effect, Facts, Inputs, Kind, Offering, Report, Unready};
use crate::engine::ownership::Owner;
use crate::engine::tags;
use crate::engine::verdict::Plan;
use crate::k8s::references::{ReferenceKey, ReferenceKind};

/// The pending operation of an adoption, in which the owner's tags are put on a provider.
const ADOPTION: &str = "TagResource";

/// The kind CapacityProvider.
#[derive(Debug)]
pub struct CapacityProviders;

impl Kind for CapacityProviders {
    type Object = CapacityProvider;
    type Status = CapacityProviderStatus;
    type Desired = Desired;
    type Observed = Observed;
    type Action = Action;
    /// The name.
    type Id = String;

    const KIND: ReferenceKind = ReferenceKind::CapacityProvider;
    /// ListCapacityProviders shows providers in full, but neither their tags nor who uses them, which takes two calls for
    /// each all the same. An account has few: the rotation sees everything, and a sweep would save one call in three.
    const LISTED: bool = false;

    fn common(object: &CapacityProvider) -> &CommonSpec {
        &object.spec.common
    }

    fn status(object: &CapacityProvider) -> CapacityProviderStatus {
        object.status.clone().unwrap_or_default()
    }

    fn common_status(status: &CapacityProviderStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut CapacityProviderStatus) -> &mut CommonStatus {
        &mut status.common
    }

    fn id(object: &CapacityProvider, _: &CapacityProviderStatus, _: Option<&Desired>) -> Option<String> {
        Some(desired::aws_name(object))
    }

    fn listed_as(_: &CapacityProvider, _: &CapacityProviderStatus) -> Option<String> {
        None
    }

    /// Only the tags: the two calls about the provider itself have a quota of their own.
    fn unlisted(_: &CapacityProvider, _: &CapacityProviderStatus) -> u32 {
        1
    }

    fn references(_: &CapacityProvider) -> BTreeSet<ReferenceKey> {
        BTreeSet::new()
    }

    fn offering(object: &CapacityProvider, status: &CapacityProviderStatus) -> Offering {
        Offering { name: desired::aws_name(object), arn: status.arn.clone(), version: None }
    }

    /// One that may be adopted, that is only observed, or that was created before is read first; for all others
    /// CreateCapacityProvider itself answers whether the name is taken.
    fn exists(object: &CapacityProvider, status: &CapacityProviderStatus) -> bool {
        let common = Self::common(object);
        status.arn.is_some()
            || status.common.pending.is_some()
            || common.adopt() != AdoptPolicy::Never
            || common.management_policy() == ManagementPolicy::Observe
    }

    fn desired(object: &CapacityProvider, _: &Inputs) -> Result<Desired, Unready> {
        desired::desired(object)
    }

    async fn observe(scope: &Scope, name: &String, priority: Priority) -> Result<Option<Observed>, AwsError> {
        scope.get_capacity_provider(name, priority).await
    }

    fn recover(observed: &Observed, owner: &Owner, status: &mut CapacityProviderStatus) {
        status::recover(observed, owner, status);
    }

    fn plan(
        desired: &Desired,
        observed: Option<&Observed>,
        facts: &Facts<'_, CapacityProviderStatus>,
    ) -> Plan<Action> {
        plan::plan(desired, observed, facts)
    }

    fn plan_deletion(
        observed: Option<&Observed>,
        facts: &Facts<'_, CapacityProviderStatus>,
    ) -> Deletion<Action> {
        deletion::plan_deletion(observed, facts)
    }

    fn prepare(action: &Action, status: &mut CapacityProviderStatus) {
        match action {
            Action::Create { tags, .. } => status::announce_creation(tags, status),
            Action::Own(_) => status.common.pending = Some(Pending::new(ADOPTION)),
            Action::Tag(set) => tags::managing(&mut status.common.managed_tags, set),
            _ => {}
        }
    }

    fn record(action: &Action, observed: Option<&Observed>, status: &mut CapacityProviderStatus) {
        if let (Action::Create { .. }, Some(observed)) = (action, observed) {
            status::created(observed, status);
        }
    }

    async fn execute(
        scope: &Scope,
        name: Option<&String>,
        action: &Action,
        observed: Option<&Observed>,
        priority: Priority,
    ) -> Result<Effect<Observed>, AwsError> {
        let name = name.map(String::as_str).unwrap_or_default();
        execute::execute(scope, name, action, observed, priority).await
    }

    fn report(report: &Report<'_, Self>, status: &mut CapacityProviderStatus) {
        status::report(report, status);
    }

    fn watch(
        _: &Scope,
        _: &CapacityProvider,
        _: &CapacityProviderStatus,
        _: Option<&Observed>,
    ) -> Option<Registration> {
        None
    }
}
