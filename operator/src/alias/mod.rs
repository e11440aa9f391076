//! The kind LambdaAlias. Its name is ours and AWS keeps no state of it; it takes no tags, so that only the status says
//! whose it is.

pub mod deletion;
pub mod desired;
pub mod execute;
mod foresee;
pub mod manifest;
pub mod model;
pub mod plan;
#[cfg(test)]
mod plan_tests;
mod provisioning;
#[cfg(test)]
mod provisioning_tests;
pub mod status;
pub mod versions;

use std::collections::BTreeSet;

use lambda_operator_crds::{
    AdoptPolicy, CommonSpec, CommonStatus, LambdaAlias, LambdaAliasStatus, ManagementPolicy, Origin, Pending,
};

use crate::alias::desired::Desired;
use crate::alias::model::{Id, Observed, fingerprint};
use crate::alias::plan::{Action, Creation};
use crate::aws::{AwsError, Priority, Registration, Scope};
use crate::engine::kind::{Deletion, Effect, Facts, Inputs, Kind, Offering, Report, Unready};
use crate::engine::ownership::Owner;
use crate::engine::verdict::Plan;
use crate::k8s::references::{ReferenceKey, ReferenceKind, References};
use crate::section::{self, Has, Wanted};

/// The pending operation of a creation.
const CREATION: &str = "CreateAlias";

/// The kind LambdaAlias.
#[derive(Debug)]
pub struct Aliases;

impl Kind for Aliases {
    type Object = LambdaAlias;
    type Status = LambdaAliasStatus;
    type Desired = Desired;
    type Observed = Observed;
    type Action = Action;
    type Id = Id;

    const KIND: ReferenceKind = ReferenceKind::LambdaAlias;
    const LISTED: bool = false;

    fn common(object: &LambdaAlias) -> &CommonSpec {
        &object.spec.common
    }

    fn status(object: &LambdaAlias) -> LambdaAliasStatus {
        object.status.clone().unwrap_or_default()
    }

    fn common_status(status: &LambdaAliasStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut LambdaAliasStatus) -> &mut CommonStatus {
        &mut status.common
    }

    /// The alias that the status pins, whatever the spec leads to now.
    fn id(_: &LambdaAlias, status: &LambdaAliasStatus, desired: Option<&Desired>) -> Option<Id> {
        let pinned = status.function_name.clone().zip(status.alias_name.clone());
        let wanted = || desired.map(|desired| (desired.function.name.clone(), desired.name.clone()));
        let (function, name) = pinned.or_else(wanted)?;
        Some(Id { function, name, look: desired.map(|desired| desired.look(status)).unwrap_or_default() })
    }

    fn listed_as(_: &LambdaAlias, _: &LambdaAliasStatus) -> Option<String> {
        None
    }

    /// GetAlias, ListVersionsByFunction where only that shows which version is the newest, and the sections.
    fn unlisted(object: &LambdaAlias, _: &LambdaAliasStatus) -> u32 {
        let spec = &object.spec;
        let newest = u32::from(spec.function_name.is_some() && spec.function_version.is_none());
        1 + newest + Wanted::of_alias(spec).calls()
    }

    fn references(object: &LambdaAlias) -> BTreeSet<ReferenceKey> {
        desired::function_key(object).into_iter().collect()
    }

    fn offering(object: &LambdaAlias, status: &LambdaAliasStatus) -> Offering {
        Offering { name: desired::aws_name(object), arn: status.arn.clone(), version: None }
    }

    fn claim(object: &LambdaAlias, status: &LambdaAliasStatus, references: &References) -> Option<String> {
        desired::claim(object, status, references)
    }

    /// The versions that the spec names, also before AWS shows them.
    fn uses(object: &LambdaAlias, status: &LambdaAliasStatus) -> BTreeSet<String> {
        desired::versions(object, status)
    }

    /// An alias that may be adopted, that is only observed, or that was there before is read first; for all others
    /// CreateAlias itself answers whether the name is taken.
    fn exists(object: &LambdaAlias, status: &LambdaAliasStatus) -> bool {
        let common = Self::common(object);
        status.arn.is_some()
            || status.common.pending.is_some()
            || common.adopt() != AdoptPolicy::Never
            || common.management_policy() == ManagementPolicy::Observe
    }

    fn desired(object: &LambdaAlias, inputs: &Inputs) -> Result<Desired, Unready> {
        desired::desired(object, inputs)
    }

    async fn observe(scope: &Scope, id: &Id, priority: Priority) -> Result<Option<Observed>, AwsError> {
        let Some(alias) = scope.get_alias(&id.function, &id.name, priority).await? else { return Ok(None) };
        let newest = if id.look.newest {
            versions::newest(scope, &id.function, Some(&alias.version), priority).await?
        } else {
            None
        };
        // Only weights that nobody expects and that somebody could have set leave a question.
        let known = id.look.weights.as_ref().is_none_or(|known| known.contains(&alias.weights));
        let asks = !known && !alias.weights.is_empty() && !model::has_all(&alias.weights);
        let moving = asks
            && scope
                .get_provisioned(execute::target(id, &alias), priority)
                .await?
                .is_some_and(|provisioned| provisioned.is_moving());
        Ok(Some(Observed { alias, newest, moving, sections: Has::default() }))
    }

    fn looks(action: &Action) -> bool {
        matches!(action, Action::Look(_))
    }

    fn carry(before: &Observed, now: &mut Observed) {
        now.sections.carry(&before.sections);
    }

    fn recover(observed: &Observed, _: &Owner, status: &mut LambdaAliasStatus) {
        status::recover(&observed.alias, status);
    }

    fn plan(
        desired: &Desired,
        observed: Option<&Observed>,
        facts: &Facts<'_, LambdaAliasStatus>,
    ) -> Plan<Action> {
        plan::plan(desired, observed, facts)
    }

    fn plan_deletion(observed: Option<&Observed>, facts: &Facts<'_, LambdaAliasStatus>) -> Deletion<Action> {
        deletion::plan_deletion(observed, facts)
    }

    fn prepare(action: &Action, status: &mut LambdaAliasStatus) {
        match action {
            Action::Create(Creation { function, name, version, description, weights }) => {
                status::pin(function, name, status);
                let made = fingerprint(version.as_deref(), description, weights);
                status.common.pending = Some(Pending { fingerprint: Some(made), ..Pending::new(CREATION) });
            }
            Action::Adopt { function, name, arn } => {
                status::pin(function, name, status);
                status.common.origin = Some(Origin::Adopted);
                status.arn = Some(arn.clone());
            }
            Action::Sections(changes) => section::announce(changes, &mut status.common),
            Action::Update { .. } | Action::Look(_) | Action::Delete => {}
        }
    }

    fn record(action: &Action, observed: Option<&Observed>, status: &mut LambdaAliasStatus) {
        if let (Action::Create(_), Some(Observed { alias, .. })) = (action, observed) {
            status.common.origin = Some(Origin::Created);
            status.arn = Some(alias.arn.clone());
        }
    }

    async fn execute(
        scope: &Scope,
        id: Option<&Id>,
        action: &Action,
        observed: Option<&Observed>,
        priority: Priority,
    ) -> Result<Effect<Observed>, AwsError> {
        match id {
            Some(id) => execute::execute(scope, id, action, observed, priority).await,
            None => Err(AwsError::new(
                CREATION,
                crate::aws::Class::Terminal,
                "InvalidRequest",
                "no function is named",
            )),
        }
    }

    fn report(report: &Report<'_, Self>, status: &mut LambdaAliasStatus) {
        status::report(report, status);
    }

    fn watch(
        _: &Scope,
        _: &LambdaAlias,
        _: &LambdaAliasStatus,
        _: Option<&Observed>,
    ) -> Option<Registration> {
        None
    }
}
