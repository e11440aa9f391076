//! Provisioned concurrency stands in the way of an alias's traffic: AWS takes a number only while the alias has no weights
//! and nothing is moving, and shifts the traffic itself until the environments are ready. The order is: version, no weights,
//! number, ready, weights. Pure.
//! <https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html>

use std::collections::BTreeSet;

use lambda_operator_crds::LambdaAliasStatus;
use lambda_operator_crds::conditions::Reason;

use crate::alias::model::Observed;
use crate::alias::plan::Known;
use crate::engine::verdict::{Recheck, Verdict};
use crate::section::{Change, Provisioned, Section, Value};
use crate::text::sentence;

/// Where an alias stands on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Nothing is in the way of anything.
    Free,
    /// AWS is to be asked for so many environments.
    Ask(i32),
    /// AWS is at it.
    Moving(Provisioned),
    /// AWS gave up.
    Failed {
        /// What it says.
        has: Provisioned,
        /// It was moving the environments to another version. All of the traffic stays with the former one: to ask again,
        /// that would have to go to the one that failed.
        stuck: bool,
    },
}

impl Stage {
    /// Where the alias stands. What AWS gave up is asked for again, if that is due.
    pub(super) fn of(observed: &Observed, changes: &mut Vec<Change>, facts: &Known<'_>) -> Self {
        let asked = changes.iter().find_map(|change| match change {
            Change::Put(Value::Provisioned(number)) => Some(*number),
            _ => None,
        });
        let ended = changes.contains(&Change::Clear(Section::Provisioned));
        let stuck = observed.is_shifting();
        match (asked, &observed.sections.provisioned) {
            (_, Some(has)) if has.has_failed() && stuck && !ended => {
                changes.retain(|change| change.section() != Section::Provisioned);
                Self::Failed { has: has.clone(), stuck }
            }
            (Some(number), _) if !facts.observe_only => Self::Ask(number),
            (None, Some(has)) if has.has_failed() && !ended && facts.retry_due && !facts.observe_only => {
                changes.push(Change::Put(Value::Provisioned(has.requested)));
                Self::Ask(has.requested)
            }
            (None, Some(has)) if has.is_moving() && !ended => Self::Moving(has.clone()),
            (None, Some(has)) if has.has_failed() && !ended => Self::Failed { has: has.clone(), stuck },
            _ => Self::Free,
        }
    }

    /// Whether the weights are AWS's own.
    pub(super) fn shifts(&self) -> bool {
        matches!(self, Self::Moving(_) | Self::Failed { .. })
    }

    /// How it stands with the alias, where provisioned concurrency has a say.
    pub(super) fn verdict(&self, arn: &str, waits: bool) -> Option<Verdict> {
        let progress = |text| Some(Verdict::Progress(Reason::Updating, text));
        match self {
            Self::Free => None,
            Self::Ask(number) if waits => progress(format!(
                "AWS is shifting the traffic of {arn}; it is asked for {number} environments when that is done."
            )),
            Self::Ask(number) => progress(format!("AWS is preparing {number} environments for {arn}.")),
            Self::Moving(Provisioned { requested, available, .. }) => progress(format!(
                "AWS is preparing environments for {arn}: {available} of {requested} are ready."
            )),
            Self::Failed { has: Provisioned { requested, reason, .. }, stuck } => {
                let reason = reason.as_deref().unwrap_or("it gives no reason");
                let next = if *stuck {
                    "Point the alias to a version that can be prepared, or remove spec.provisionedConcurrency."
                } else {
                    "It is asked again from time to time, and at once when the spec changes."
                };
                let text = format!(
                    "AWS could not prepare {requested} environments for {arn}; what served before still serves: {} {next}",
                    sentence(reason)
                );
                Some(Verdict::Problem(Reason::DependencyNotReady, text, Recheck::Slow))
            }
        }
    }
}

/// What is worth a look: until AWS is ready, only how far it is.
pub(super) fn narrowed(
    look: BTreeSet<Section>,
    observed: &Observed,
    (status, changed): (&LambdaAliasStatus, bool),
) -> BTreeSet<Section> {
    if observed.sections.provisioned.as_ref().is_some_and(Provisioned::is_moving) && !changed {
        return BTreeSet::new();
    }
    let was_moving =
        status.provisioned_concurrency.as_ref().is_some_and(|has| has.status == Provisioned::IN_PROGRESS);
    if was_moving && !changed && look.contains(&Section::Provisioned) {
        return BTreeSet::from([Section::Provisioned]);
    }
    look
}
