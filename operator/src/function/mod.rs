//! The kind LambdaFunction. Every kind has these files: `model` (plain data), `desired` (spec → data), `manifest` (the reverse),
//! `plan` with `compare`, and `deletion` (pure decisions), `execute` (one AWS change), `status` (data → status).

mod action;
pub mod code;
mod compare;
pub mod deletion;
mod deployed;
pub mod desired;
pub mod environment;
pub mod execute;
mod field;
mod fingerprint;
mod fixed;
mod forced;
mod foresee;
pub mod ignore;
pub mod manifest;
pub mod model;
pub mod plan;
#[cfg(test)]
mod plan_tests;
mod publish;
mod references;
mod resend;
mod scaling;
pub mod signing;
mod state;
pub mod status;
mod versions;

use std::collections::BTreeSet;

use lambda_operator_crds::{
    CommonSpec, CommonStatus, DeletionPolicy, LambdaFunction, LambdaFunctionStatus, OnDelete, Pending,
};

use crate::aws::{AwsError, Expectation, Priority, Registration, Scope, configuration_hash};
use crate::engine::kind::{Deletion, Effect, Facts, Inputs, Kind, Listing, Offering, Report, Unready};
use crate::engine::ownership::Owner;
use crate::engine::verdict::Plan;
use crate::function::desired::Desired;
use crate::function::model::{Ending, Id, Look, Observed};
use crate::function::plan::{Action, CONCURRENCY};
use crate::function::signing::CODE_SIGNING;
use crate::k8s::references::{ReferenceKey, ReferenceKind};
use crate::section::{self, Wanted, manage};
use crate::source::{Found, NamedSource};

/// The pending operation of an adoption, in which the owner's tags are put on a function.
const ADOPTION: &str = "TagResource";

/// The kind LambdaFunction.
#[derive(Debug)]
pub struct Functions;

impl Kind for Functions {
    type Object = LambdaFunction;
    type Status = LambdaFunctionStatus;
    type Desired = Desired;
    type Observed = Observed;
    type Action = Action;
    type Id = Id;

    const KIND: ReferenceKind = ReferenceKind::LambdaFunction;
    const LISTED: bool = true;

    fn common(object: &LambdaFunction) -> &CommonSpec {
        &object.spec.common
    }

    fn status(object: &LambdaFunction) -> LambdaFunctionStatus {
        object.status.clone().unwrap_or_default()
    }

    fn common_status(status: &LambdaFunctionStatus) -> &CommonStatus {
        &status.common
    }

    fn common_status_mut(status: &mut LambdaFunctionStatus) -> &mut CommonStatus {
        &mut status.common
    }

    /// A deletion looks at the function, and at what still runs of it.
    fn id(object: &LambdaFunction, status: &LambdaFunctionStatus, desired: Option<&Desired>) -> Option<Id> {
        let look = match desired {
            Some(desired) => {
                let (version, newer) = publish::look(desired, status);
                Look { code_signing: signing::is_to_be_read(desired, status), version, newer, ending: None }
            }
            None => Look { ending: ending(object), ..Look::default() },
        };
        Some(Id { name: desired::aws_name(object), look })
    }

    fn listed_as(object: &LambdaFunction, _: &LambdaFunctionStatus) -> Option<String> {
        Some(desired::aws_name(object))
    }

    /// Neither a list nor GetFunction shows the link to a code-signing configuration and the sections.
    fn unlisted(object: &LambdaFunction, _: &LambdaFunctionStatus) -> u32 {
        let spec = &object.spec;
        let ignored = spec.common.ignore_drift.iter().flatten().any(|path| path == CODE_SIGNING);
        let in_spec = spec.code_signing_config_arn.is_some() || spec.code_signing_config_ref.is_some();
        u32::from(in_spec && !ignored && spec.code.image.is_none()) + Wanted::of_function(spec).calls()
    }

    fn references(object: &LambdaFunction) -> BTreeSet<ReferenceKey> {
        references::all(object)
    }

    fn offering(object: &LambdaFunction, status: &LambdaFunctionStatus) -> Offering {
        // An alias has a number.
        let version = status.version.clone().filter(|version| version != model::LATEST_PUBLISHED);
        Offering { name: desired::aws_name(object), arn: status.arn.clone(), version }
    }

    /// The layer versions that the function has, those that the spec names, and those that the last visit made of its
    /// references.
    fn uses(object: &LambdaFunction, status: &LambdaFunctionStatus) -> BTreeSet<String> {
        let named = object.spec.layers.iter().flatten().filter_map(|layer| layer.arn.clone());
        let of_layers = status.common.references.iter();
        let of_layers = of_layers.filter(|reference| reference.kind == ReferenceKind::LambdaLayer.as_str());
        let has = status.layers.iter().cloned();
        named.chain(has).chain(of_layers.filter_map(|reference| reference.value.clone())).collect()
    }

    /// A function that may be adopted, that somebody else creates, or that was created before is read first; for
    /// all others CreateFunction itself answers whether the name is taken.
    fn exists(object: &LambdaFunction, status: &LambdaFunctionStatus) -> bool {
        let common = Self::common(object);
        status.arn.is_some()
            || status.common.pending.is_some()
            || common.adopt() != lambda_operator_crds::AdoptPolicy::Never
            || common.management_policy() == lambda_operator_crds::ManagementPolicy::Observe
            || object.spec.code.external.is_some()
    }

    fn desired(object: &LambdaFunction, inputs: &Inputs) -> Result<Desired, Unready> {
        desired::desired(object, inputs)
    }

    fn source(object: &LambdaFunction, status: &LambdaFunctionStatus) -> Option<NamedSource> {
        code::source(object, status)
    }

    fn made_from(status: &LambdaFunctionStatus) -> Option<&str> {
        status.code_source.as_deref()
    }

    fn resolve(desired: &mut Desired, source: &NamedSource, found: &Found) {
        code::resolve(desired, source, found);
    }

    fn takes_source(action: &Action) -> bool {
        matches!(action, Action::Create { .. } | Action::UpdateCode { .. })
    }

    fn looks(action: &Action) -> bool {
        matches!(action, Action::Look(_))
    }

    async fn observe(scope: &Scope, id: &Id, priority: Priority) -> Result<Option<Observed>, AwsError> {
        execute::observe(scope, id, priority).await
    }

    fn carry(before: &Observed, now: &mut Observed) {
        now.sections.carry(&before.sections);
    }

    fn want(scope: &Scope, name: &str) {
        scope.inventory().want(name);
    }

    fn listed(scope: &Scope, Id { name, .. }: &Id, status: &LambdaFunctionStatus) -> Listing<Observed> {
        let inventory = scope.inventory();
        if !inventory.first_sweep_done() {
            return Listing::NotYet;
        }
        match inventory.take_listed(name) {
            Some(observed) if status.revision_id.as_deref() == Some(&observed.revision_id) => {
                Listing::Found(observed)
            }
            _ => Listing::Ask,
        }
    }

    fn recover(observed: &Observed, owner: &Owner, status: &mut LambdaFunctionStatus) {
        status::recover(observed, owner, status);
    }

    fn plan(
        desired: &Desired,
        observed: Option<&Observed>,
        facts: &Facts<'_, LambdaFunctionStatus>,
    ) -> Plan<Action> {
        plan::plan(desired, observed, facts)
    }

    fn plan_deletion(
        observed: Option<&Observed>,
        facts: &Facts<'_, LambdaFunctionStatus>,
    ) -> Deletion<Action> {
        deletion::plan_deletion(observed, facts)
    }

    fn prepare(action: &Action, status: &mut LambdaFunctionStatus) {
        match action {
            Action::Create { package, tags, code_signing, .. } => {
                status::announce_creation(package, tags, status);
                if code_signing.is_some() {
                    manage(CODE_SIGNING, &mut status.common);
                    status.code_signing_config_arn.clone_from(code_signing);
                }
            }
            Action::UpdateCode { package, replaces } => status::announce_update(package, replaces, status),
            Action::Own { .. } => {
                status.common.pending = Some(Pending::new(ADOPTION));
            }
            Action::Tag { tags } => {
                let managed = &mut status.common.managed_tags;
                managed.extend(tags.keys().cloned());
                managed.sort();
                managed.dedup();
            }
            Action::PutConcurrency(_) => manage(CONCURRENCY, &mut status.common),
            Action::LinkCodeSigning(_) => manage(CODE_SIGNING, &mut status.common),
            Action::Sections(changes) => section::announce(changes, &mut status.common),
            Action::UpdateConfiguration { configuration, .. }
                if forced::is_marked(&configuration.description) =>
            {
                publish::announce_mark(status);
            }
            Action::Publish { publication, fingerprint, newest_known, attempts } => {
                publish::announce(publication, fingerprint, (*newest_known, *attempts), status);
            }
            _ => {}
        }
    }

    fn record(action: &Action, observed: Option<&Observed>, status: &mut LambdaFunctionStatus) {
        status::record(action, observed, status);
    }

    async fn execute(
        scope: &Scope,
        id: Option<&Id>,
        action: &Action,
        observed: Option<&Observed>,
        priority: Priority,
    ) -> Result<Effect<Observed>, AwsError> {
        let name = id.map(|id| id.name.as_str()).unwrap_or_default();
        execute::execute(scope, name, action, observed, priority).await
    }

    fn report(report: &Report<'_, Self>, status: &mut LambdaFunctionStatus) {
        status::report(report, status);
    }

    fn watch(
        scope: &Scope,
        object: &LambdaFunction,
        status: &LambdaFunctionStatus,
        observed: Option<&Observed>,
    ) -> Option<Registration> {
        let (revision_id, code_sha256) = (status.revision_id.clone()?, status.code_sha256.clone()?);
        let expectation = Expectation {
            revision_id,
            code_sha256,
            configuration_hash: observed.map(|observed| configuration_hash(&observed.configuration)),
            reserved_concurrency: expected_concurrency(object, observed),
        };
        Some(scope.inventory().expect(&desired::aws_name(object), expectation))
    }
}

/// How the durable executions of a function end that is to go; `None`: it stays in AWS, or the spec knows of none.
fn ending(object: &LambdaFunction) -> Option<Ending> {
    let durable = object.spec.durable.as_ref()?;
    let goes = object.spec.common.deletion_policy() == DeletionPolicy::Delete;
    goes.then(|| match durable.on_delete.unwrap_or_default() {
        OnDelete::Wait => Ending::Awaited,
        OnDelete::Stop => Ending::Stopped,
    })
}

/// What the rotation has to find: what was read, or what the spec says while nothing was; `None` for what isn't managed.
fn expected_concurrency(object: &LambdaFunction, observed: Option<&Observed>) -> Option<i32> {
    let ignored = object.spec.common.ignore_drift.iter().flatten().any(|path| path == CONCURRENCY);
    let wanted = object.spec.reserved_concurrent_executions.filter(|_| !ignored)?;
    let live = observed.and_then(|observed| observed.live.as_ref());
    live.map_or(Some(wanted), |live| live.reserved_concurrency)
}
