//! How many execution environments `$LATEST.PUBLISHED` has: a section that comes after all else, because AWS takes limits only
//! of what is published, and takes its time to apply them. Pure; `plan` and `status` ask.
//! <https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances-scaling.html>

use lambda_operator_crds::LambdaFunctionStatus;
use lambda_operator_crds::conditions::Reason;

use crate::engine::kind::Facts;
use crate::engine::verdict::Verdict;
use crate::function::desired::Desired;
use crate::function::model::Observed;
use crate::section::{Change, Limits, Scaling, Section, Step, Value, step_of};

type Known<'a> = Facts<'a, LambdaFunctionStatus>;

/// What is to be done about the other sections. While AWS applies limits, they aren't looked at with every poll.
pub(super) fn others(desired: &Desired, observed: &Observed, facts: &Known<'_>) -> Step {
    let step = step(desired, observed, facts, |section| *section != Section::Scaling);
    let polls = is_moving(facts.status) && !facts.changed && !has_applied(observed);
    if polls && !step.look.is_empty() { Step::default() } else { step }
}

/// What is to be done about the scaling of what is published.
pub(super) fn next(desired: &Desired, observed: &Observed, facts: &Known<'_>) -> Step {
    match &observed.live {
        Some(_) => step(desired, observed, facts, |section| *section == Section::Scaling),
        None => Step::default(),
    }
}

fn step(
    desired: &Desired,
    observed: &Observed,
    facts: &Known<'_>,
    concerns: impl Fn(&Section) -> bool,
) -> Step {
    step_of(&desired.sections, &observed.sections, &facts.status.common, facts.observe_only, concerns)
}

/// Whether AWS was at it when somebody last looked.
fn is_moving(status: &LambdaFunctionStatus) -> bool {
    status.scaling.as_ref().is_some_and(|scaling| {
        scaling.requested.as_ref().is_some_and(|requested| *requested != scaling.applied)
    })
}

fn has_applied(observed: &Observed) -> bool {
    observed.sections.scaling.as_ref().is_some_and(|scaling| !scaling.is_moving())
}

/// How it stands with the function, where its scaling has a say.
pub(super) fn verdict(
    desired: &Desired,
    observed: &Observed,
    changes: &[Change],
    facts: &Known<'_>,
) -> Option<Verdict> {
    let progress = |text| Some(Verdict::Progress(Reason::Updating, text));
    if let Some(Change::Put(Value::Scaling(limits))) = changes.first() {
        return progress(format!("AWS is asked for {limits} execution environments."));
    }
    if !changes.is_empty() || desired.sections.leaves(&Section::Scaling, &facts.status.common) {
        return None;
    }
    let Scaling { requested, applied } = observed.sections.scaling.as_ref()?;
    let requested = requested.as_ref()?;
    if requested != applied {
        let text = format!("AWS is applying {requested} execution environments; in force is {applied}.");
        return progress(text);
    }
    (*applied == Limits::NONE).then(|| {
        let text = format!(
            "{} matches the spec and is deactivated: it is to have no execution environment.",
            observed.arn
        );
        Verdict::Settled(Reason::Deactivated, text)
    })
}
