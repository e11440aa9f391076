//! The kind LambdaLayer. Versions never change, have no state and can carry no tags: AWS assigns their numbers, and a
//! publication whose answer was lost is found again by the token at the end of its description.

pub mod deletion;
pub mod desired;
pub mod execute;
mod foresee;
pub mod manifest;
pub mod model;
mod permissions;
pub mod plan;
#[cfg(test)]
mod plan_tests;
mod retention;
pub mod status;

use std::collections::BTreeSet;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{
    AdoptPolicy, CommonSpec, CommonStatus, DeletionPolicy, LambdaLayer, LambdaLayerStatus, ManagementPolicy,
};

use crate::aws::{AwsError, Priority, Registration, Scope};
use crate::engine::kind::{Deletion, Effect, Facts, Inputs, Kind, Offering, Report, Unready};
use crate::engine::ownership::Owner;
use crate::engine::verdict::Plan;
use crate::k8s::references::{ReferenceKey, ReferenceKind, References};
use crate::layer::desired::Desired;
use crate::layer::model::{Look, Observed, Target};
use crate::layer::plan::Action;
use crate::source::{Found, NamedSource};

/// The pending operation of a publication.
const PUBLICATION: &str = "PublishLayerVersion";

/// The kind LambdaLayer.
#[derive(Debug)]
pub struct Layers;

impl Kind for Layers {
    type Object = LambdaLayer;
    type Status = LambdaLayerStatus;
    type Desired = Desired;
    type Observed = Observed;
    type Action = Action;
    type Id = Target;

    const KIND: ReferenceKind = ReferenceKind::LambdaLayer;
    const LISTED: bool = false;

    fn common(object: &LambdaLayer) -> &CommonSpec {
        &object.spec.common
    }

    fn status(object: &LambdaLayer) -> LambdaLayerStatus {
        object.status.clone().unwrap_or_default()
    }

    fn common_status(status: &LambdaLayerStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut LambdaLayerStatus) -> &mut CommonStatus {
        &mut status.common
    }

    fn id(object: &LambdaLayer, status: &LambdaLayerStatus, desired: Option<&Desired>) -> Option<Target> {
        match desired {
            Some(desired) => Some(target(object, status, desired)),
            None => leaving(object, status),
        }
    }

    fn listed_as(_: &LambdaLayer, _: &LambdaLayerStatus) -> Option<String> {
        None
    }

    /// The version, and its policy.
    fn unlisted(object: &LambdaLayer, _: &LambdaLayerStatus) -> u32 {
        1 + u32::from(object.spec.permissions.is_some())
    }

    fn references(_: &LambdaLayer) -> BTreeSet<ReferenceKey> {
        BTreeSet::new()
    }

    fn offering(object: &LambdaLayer, status: &LambdaLayerStatus) -> Offering {
        Offering {
            name: desired::aws_name(object),
            arn: status.layer_arn.clone(),
            version: status.latest_version_arn.clone(),
        }
    }

    /// PublishLayerVersion publishes into whatever layer there is: it is always looked first.
    fn exists(_: &LambdaLayer, _: &LambdaLayerStatus) -> bool {
        true
    }

    fn claim(object: &LambdaLayer, _: &LambdaLayerStatus, _: &References) -> Option<String> {
        object.spec.content.external.is_none().then(|| desired::aws_name(object))
    }

    fn awaits(object: &LambdaLayer, status: &LambdaLayerStatus) -> BTreeSet<String> {
        retention::awaited(object.spec.version_retention.map(|retention| retention.keep), status)
    }

    fn desired(object: &LambdaLayer, inputs: &Inputs) -> Result<Desired, Unready> {
        desired::desired(object, inputs)
    }

    fn source(object: &LambdaLayer, _: &LambdaLayerStatus) -> Option<NamedSource> {
        desired::named_source(object)
    }

    fn made_from(status: &LambdaLayerStatus) -> Option<&str> {
        status.content_source.as_deref()
    }

    fn resolve(desired: &mut Desired, source: &NamedSource, found: &Found) {
        desired::resolve(desired, source, found);
    }

    fn takes_source(action: &Action) -> bool {
        matches!(action, Action::Publish(_))
    }

    async fn observe(
        scope: &Scope,
        target: &Target,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        scope.get_layer(target, priority).await
    }

    fn recover(observed: &Observed, _: &Owner, status: &mut LambdaLayerStatus) {
        status::recover(observed, status);
    }

    fn plan(
        desired: &Desired,
        observed: Option<&Observed>,
        facts: &Facts<'_, LambdaLayerStatus>,
    ) -> Plan<Action> {
        plan::plan(desired, observed, facts)
    }

    fn plan_deletion(observed: Option<&Observed>, facts: &Facts<'_, LambdaLayerStatus>) -> Deletion<Action> {
        deletion::plan_deletion(observed, facts)
    }

    fn progress(action: &Action) -> Option<(Reason, String)> {
        let Action::Publish(publication) = action else { return None };
        let text = format!("A version of layer {} is being published.", publication.layer);
        Some((Reason::Publishing, text))
    }

    fn prepare(action: &Action, status: &mut LambdaLayerStatus) {
        status::prepare(action, status);
    }

    fn record(action: &Action, observed: Option<&Observed>, status: &mut LambdaLayerStatus) {
        status::record(action, observed, status);
    }

    async fn execute(
        scope: &Scope,
        _: Option<&Target>,
        action: &Action,
        observed: Option<&Observed>,
        priority: Priority,
    ) -> Result<Effect<Observed>, AwsError> {
        execute::execute(scope, action, observed, priority).await
    }

    fn report(report: &Report<'_, Self>, status: &mut LambdaLayerStatus) {
        status::report(report, status);
    }

    fn watch(
        _: &Scope,
        _: &LambdaLayer,
        _: &LambdaLayerStatus,
        _: Option<&Observed>,
    ) -> Option<Registration> {
        None
    }
}

/// What to look for on behalf of an object that is to exist.
fn target(object: &LambdaLayer, status: &LambdaLayerStatus, desired: &Desired) -> Target {
    let common = &object.spec.common;
    let is_ours = status.common.origin.is_some();
    let follows = desired.source.is_none() || common.management_policy() == ManagementPolicy::Observe;
    let look = match status.latest_version.filter(|_| is_ours) {
        _ if follows => Look::Newest(status.latest_version),
        Some(number) => Look::At(number),
        None if common.adopt() == AdoptPolicy::Never => Look::Taken,
        None => Look::Newest(None),
    };
    let managed = desired.permissions.is_some() || !status.managed_permissions.is_empty();
    let lost = status::lost(status);
    // A version that was just published, or by a lost call, may still lack what each new version is given.
    let matters = !desired.ignored.permissions || lost.is_some() || !status.permissions_to_give.is_empty();
    Target { name: desired.name.clone(), lost, look, policy: managed && matters && !follows }
}

/// What to look for on behalf of an object that is being deleted: only what a lost call may have published. `None`:
/// nothing. What stays needs no look.
fn leaving(object: &LambdaLayer, status: &LambdaLayerStatus) -> Option<Target> {
    let stays = object.spec.common.deletion_policy() == DeletionPolicy::Retain;
    let lost = status::lost(status)?;
    Some(Target {
        name: desired::aws_name(object),
        lost: Some(lost).filter(|_| !stays),
        look: Look::Away,
        policy: false,
    })
}
