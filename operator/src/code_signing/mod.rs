//! The kind CodeSigningConfig. AWS assigns its id and keeps no state of it: what a call has changed is so at once.

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
    CodeSigningConfig, CodeSigningConfigStatus, CommonSpec, CommonStatus, Origin, Pending,
};

use crate::aws::{AwsError, Priority, Registration, Scope};
use crate::code_signing::desired::Desired;
use crate::code_signing::model::Observed;
use crate::code_signing::plan::Action;
use crate::engine::kind::{Deletion, Effect, Facts, Inputs, Kind, Offering, Report, Unready};
use crate::engine::ownership::Owner;
use crate::engine::tags;
use crate::engine::verdict::Plan;
use crate::k8s::references::{ReferenceKey, ReferenceKind};

/// The pending operation of a creation.
const CREATION: &str = "CreateCodeSigningConfig";
/// The pending operation of an adoption, in which the owner's tags are put on a configuration.
const ADOPTION: &str = "TagResource";

/// The kind CodeSigningConfig.
#[derive(Debug)]
pub struct CodeSigningConfigs;

impl Kind for CodeSigningConfigs {
    type Object = CodeSigningConfig;
    type Status = CodeSigningConfigStatus;
    type Desired = Desired;
    type Observed = Observed;
    type Action = Action;
    /// The ARN.
    type Id = String;

    const KIND: ReferenceKind = ReferenceKind::CodeSigningConfig;
    const LISTED: bool = false;

    fn common(object: &CodeSigningConfig) -> &CommonSpec {
        &object.spec.common
    }

    fn status(object: &CodeSigningConfig) -> CodeSigningConfigStatus {
        object.status.clone().unwrap_or_default()
    }

    fn common_status(status: &CodeSigningConfigStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut CodeSigningConfigStatus) -> &mut CommonStatus {
        &mut status.common
    }

    /// Before it has one, the object may name one.
    fn id(
        object: &CodeSigningConfig,
        status: &CodeSigningConfigStatus,
        _: Option<&Desired>,
    ) -> Option<String> {
        let is_created = status.common.pending.as_ref().is_some_and(|pending| pending.operation == CREATION);
        status.arn.clone().or_else(|| object.spec.code_signing_config_arn.clone().filter(|_| !is_created))
    }

    fn listed_as(_: &CodeSigningConfig, _: &CodeSigningConfigStatus) -> Option<String> {
        None
    }

    /// The configuration, its tags, and the functions that use it.
    fn unlisted(_: &CodeSigningConfig, _: &CodeSigningConfigStatus) -> u32 {
        3
    }

    fn references(_: &CodeSigningConfig) -> BTreeSet<ReferenceKey> {
        BTreeSet::new()
    }

    fn offering(_: &CodeSigningConfig, status: &CodeSigningConfigStatus) -> Offering {
        let name = status.code_signing_config_id.clone().unwrap_or_default();
        Offering { name, arn: status.arn.clone(), version: None }
    }

    fn exists(object: &CodeSigningConfig, status: &CodeSigningConfigStatus) -> bool {
        status.arn.is_some() || object.spec.code_signing_config_arn.is_some()
    }

    fn desired(object: &CodeSigningConfig, _: &Inputs) -> Result<Desired, Unready> {
        desired::desired(object)
    }

    async fn observe(scope: &Scope, arn: &String, priority: Priority) -> Result<Option<Observed>, AwsError> {
        scope.get_code_signing_config(arn, priority).await
    }

    async fn search(
        scope: &Scope,
        object: &CodeSigningConfig,
        _: &CodeSigningConfigStatus,
        owner: &Owner,
        priority: Priority,
    ) -> Result<Option<Observed>, AwsError> {
        match (
            scope.find_code_signing_config(&owner.tags(), priority).await?,
            &object.spec.code_signing_config_arn,
        ) {
            (None, Some(arn)) => scope.get_code_signing_config(arn, priority).await,
            (found, _) => Ok(found),
        }
    }

    fn recover(observed: &Observed, owner: &Owner, status: &mut CodeSigningConfigStatus) {
        status::recover(observed, owner, status);
    }

    fn plan(
        desired: &Desired,
        observed: Option<&Observed>,
        facts: &Facts<'_, CodeSigningConfigStatus>,
    ) -> Plan<Action> {
        plan::plan(desired, observed, facts)
    }

    fn plan_deletion(
        observed: Option<&Observed>,
        facts: &Facts<'_, CodeSigningConfigStatus>,
    ) -> Deletion<Action> {
        deletion::plan_deletion(observed, facts)
    }

    fn prepare(action: &Action, status: &mut CodeSigningConfigStatus) {
        match action {
            Action::Create { tags, .. } => {
                status.common.pending = Some(Pending::new(CREATION));
                tags::managing(&mut status.common.managed_tags, tags);
            }
            Action::Own(_) => status.common.pending = Some(Pending::new(ADOPTION)),
            Action::Tag(set) => tags::managing(&mut status.common.managed_tags, set),
            _ => {}
        }
    }

    fn record(action: &Action, observed: Option<&Observed>, status: &mut CodeSigningConfigStatus) {
        if let (Action::Create { .. }, Some(observed)) = (action, observed) {
            status.common.origin = Some(Origin::Created);
            status::identify(observed, status);
        }
    }

    async fn execute(
        scope: &Scope,
        _: Option<&String>,
        action: &Action,
        observed: Option<&Observed>,
        priority: Priority,
    ) -> Result<Effect<Observed>, AwsError> {
        execute::execute(scope, action, observed, priority).await
    }

    fn report(report: &Report<'_, Self>, status: &mut CodeSigningConfigStatus) {
        status::report(report, status);
    }

    fn watch(
        _: &Scope,
        _: &CodeSigningConfig,
        _: &CodeSigningConfigStatus,
        _: Option<&Observed>,
    ) -> Option<Registration> {
        None
    }
}
