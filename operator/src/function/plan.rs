//! Compares what a function is to be with what AWS has, and says what to do. Pure and total.
//!
//! Order: ownership, then the code-signing link, configuration, settle, code, settle, then tags and concurrency, then
//! versions, and the scaling of what is published. Configuration and code never go together: AWS refuses the second while
//! the first is in progress.

use std::collections::BTreeSet;

use lambda_operator_crds::conditions::Reason;
use lambda_operator_crds::{AdoptPolicy, LambdaFunctionStatus, Origin};

use crate::engine::kind::Facts;
use crate::engine::ownership::Claim;
use crate::engine::verdict::{Plan, Recheck, Verdict};
pub use crate::function::action::Action;
use crate::function::compare::{Differences, compare};
use crate::function::desired::Desired;
use crate::function::model::{Live, Observed};
use crate::function::resend::{owes_code, resend};
use crate::function::state::{Failure, Remedy, Standing, standing};
use crate::function::{fixed, publish, scaling};
use crate::section::{self, Change, Step};
use crate::text::sentence;

/// The section of `status.managedSections` for reserved concurrency.
pub const CONCURRENCY: &str = "reservedConcurrentExecutions";

type Known<'a> = Facts<'a, LambdaFunctionStatus>;

/// Decides.
pub fn plan(desired: &Desired, observed: Option<&Observed>, facts: &Known<'_>) -> Plan<Action> {
    let Some(observed) = observed else { return plan_creation(desired, facts) };
    if !facts.observe_only
        && let Some(plan) = plan_ownership(observed, facts)
    {
        return plan;
    }
    if let Some(verdict) = fixed::differs(desired, observed) {
        return Plan::rest(verdict);
    }
    let differences = compare(desired, observed, facts);
    match observed.live.as_ref().map_or(Standing::Settled(Reason::Available), standing) {
        Standing::Busy(verdict) => Plan { differs: differences.paths, ..Plan::rest(verdict) },
        Standing::CreationFailed(failure) => plan_replacement(desired, &failure, differences, facts),
        Standing::UpdateFailed(failure) => {
            let resent = !facts.observe_only;
            if resent && facts.retry_due {
                let action = resend(desired, observed, &differences, facts.status, failure.code);
                let actions = differences.link.into_iter().chain([action]).collect();
                return Plan::new(actions, updating(), differences.paths);
            }
            Plan { differs: differences.paths, ..Plan::rest(failure.of_update(resent)) }
        }
        Standing::Settled(reason) => {
            let paths = differences.paths.clone();
            if facts.observe_only {
                let scaling = scaling::next(desired, observed, facts);
                let look = differences.sections.look.into_iter().chain(scaling.look).collect::<BTreeSet<_>>();
                let look = (!look.is_empty()).then_some(Action::Look(look));
                let paths: Vec<String> = paths.into_iter().chain(section::paths(&scaling.changes)).collect();
                return Plan::new(look.into_iter().collect(), settled(reason, observed, &paths), paths);
            }
            let owed = owes_code(desired, facts.status);
            if let Some(action) = differences.next_step(owed) {
                let actions = differences.link.into_iter().chain([action]).collect();
                return Plan::new(actions, updating(), paths);
            }
            plan_finish(desired, observed, differences, settled(reason, observed, &[]), facts)
        }
    }
}

/// What takes effect at once, and then the versions: a new one has to have all of it.
fn plan_finish(
    desired: &Desired,
    observed: &Observed,
    differences: Differences,
    settled: Verdict,
    facts: &Known<'_>,
) -> Plan<Action> {
    let Differences { mut paths, target, link, at_once, mut sections, .. } = differences;
    if !sections.look.is_empty() {
        return Plan::new(vec![Action::Look(sections.look)], updating(), paths);
    }
    let publish::Step { actions: further, verdict } = publish::next(desired, observed, &target, facts);
    // What isn't published can't be scaled.
    let scaling = if further.is_empty() && verdict.is_none() {
        scaling::next(desired, observed, facts)
    } else {
        Step::default()
    };
    if !scaling.look.is_empty() {
        return Plan::new(vec![Action::Look(scaling.look)], updating(), paths);
    }
    let verdict = verdict.or_else(|| scaling::verdict(desired, observed, &scaling.changes, facts));
    paths.extend(section::paths(&scaling.changes));
    sections.changes.extend(scaling.changes);
    let policy = sections.changes.iter().any(Change::moves_revision);
    let sections = (!sections.changes.is_empty()).then_some(Action::Sections(sections.changes));
    let mut actions: Vec<Action> = link.into_iter().chain(at_once).chain(sections).collect();
    let tags = actions.iter().any(|action| matches!(action, Action::Tag { .. } | Action::Untag { .. }));
    if policy || (tags && !further.is_empty()) {
        // Permissions and tags give the function another revision, by which the next calls are guarded. That of
        // permissions is what a sweep is to find.
        actions.push(Action::Reread);
        return Plan::new(actions, publish::under_way(), paths);
    }
    actions.extend(further);
    Plan::new(actions, verdict.unwrap_or(settled), paths)
}

fn plan_replacement(
    desired: &Desired,
    failure: &Failure,
    differences: Differences,
    facts: &Known<'_>,
) -> Plan<Action> {
    let remedy = remedy(desired, facts);
    // The spec may have been corrected while AWS was still creating the function.
    let can_help = failure.passing || facts.changed || differences.next_step(None).is_some();
    if remedy == Remedy::Replace && facts.retry_due && can_help {
        let text = "the failed function is being replaced.".to_owned();
        return Plan::new(vec![Action::Replace], Verdict::Progress(Reason::Creating, text), Vec::new());
    }
    Plan { differs: differences.paths, ..Plan::rest(failure.of_creation(remedy)) }
}

/// What can become of a function whose creation failed: only what was never in use is deleted.
fn remedy(desired: &Desired, facts: &Known<'_>) -> Remedy {
    if facts.observe_only || desired.package.is_none() {
        Remedy::LeaveToOthers
    } else if facts.status.common.origin == Some(Origin::Adopted) || facts.status.ever_active == Some(true) {
        Remedy::DeleteByHand
    } else {
        Remedy::Replace
    }
}

fn updating() -> Verdict {
    Verdict::Progress(Reason::Updating, "AWS is updating the function.".into())
}

fn settled(reason: Reason, observed: &Observed, differs: &[String]) -> Verdict {
    let text = match reason {
        _ if !differs.is_empty() => {
            format!("{} is only observed; it differs from the spec in {}.", observed.arn, differs.join(", "))
        }
        Reason::Deactivated => format!("{} matches the spec and is deactivated.", observed.arn),
        _ => format!("{} matches the spec.", observed.arn),
    };
    Verdict::Settled(reason, text)
}

fn plan_creation(desired: &Desired, facts: &Known<'_>) -> Plan<Action> {
    if facts.observe_only {
        let text = "the function does not exist in AWS, and managementPolicy Observe never creates it. Create it there, or \
                    set managementPolicy to Manage.";
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text.into(), Recheck::Slow));
    }
    let Some(package) = &desired.package else {
        let text = "the function does not exist in AWS, and spec.code.external leaves its creation to somebody else. Create it \
                    there, or give spec.code a source.";
        return Plan::rest(Verdict::Problem(Reason::DependencyNotReady, text.into(), Recheck::Slow));
    };
    let mut tags = desired.tags.clone();
    tags.extend(facts.owner.tags());
    let configuration = Box::new(desired.configuration.clone());
    let code_signing = desired.code_signing.clone().filter(|arn| !arn.is_empty());
    let create = Action::Create { configuration, package: Box::new(package.clone()), tags, code_signing };
    let verdict = Verdict::Progress(Reason::Creating, "AWS is creating the function.".into());
    Plan::new(vec![create], verdict, Vec::new())
}

/// `None`: the function is this object's. Nothing is decided from a listing, which has no tags.
fn plan_ownership(observed: &Observed, facts: &Known<'_>) -> Option<Plan<Action>> {
    let Live { tags, .. } = observed.live.as_ref()?;
    let had = facts.status.common.origin.is_some();
    let tags = match tags {
        Ok(tags) => tags,
        Err(_) if had => return None,
        Err(text) => {
            let text = format!(
                "the tags of {} can't be read, so its owner can't be told: {} Grant the operator's role lambda:ListTags.",
                observed.arn,
                sentence(text)
            );
            return Some(Plan::rest(Verdict::Problem(Reason::AccessDenied, text, Recheck::Slow)));
        }
    };
    let own = || {
        let own = Action::Own { tags: facts.owner.tags() };
        Some(Plan::new(vec![own], updating(), Vec::new()))
    };
    let conflict =
        |text: String| Some(Plan::rest(Verdict::Problem(Reason::OwnershipConflict, text, Recheck::Slow)));
    match facts.owner.judge(tags) {
        Claim::Ours => None,
        Claim::Predecessor => own(),
        Claim::Unowned | Claim::Foreign(_) if facts.adopt == AdoptPolicy::Force => own(),
        Claim::Unowned if facts.adopt == AdoptPolicy::Unowned && !had => own(),
        Claim::Unowned if had => conflict(format!(
            "the tag lambda-operator.io/owner has vanished from {}, which this object had. Nothing is changed. Put the tags \
             {} back, or set spec.adopt to Force to take the function over again.",
            observed.arn,
            facts.owner.shown()
        )),
        Claim::Unowned => conflict(format!(
            "{} exists already and carries no ownership tag. Set spec.adopt to Unowned to take it over, or choose another \
             spec.functionName in a new object.",
            observed.arn
        )),
        Claim::Foreign(owner) => conflict(format!(
            "{} belongs to {owner}. Choose another name, or set spec.adopt to Force to take it over.",
            observed.arn
        )),
    }
}
