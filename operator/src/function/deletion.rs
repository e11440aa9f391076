//! What is left to do in AWS before a LambdaFunction may go. Pure.

use lambda_operator_crds::{DeletionPolicy, LambdaFunctionStatus};

use crate::engine::kind::{Deletion, Facts};
use crate::engine::ownership::{Claim, OBJECT_TAG, OWNER_TAG};
use crate::function::model::{Ending, Live, Observed};
use crate::function::plan::Action;
use crate::k8s::events::Note;
use crate::text::sentence;

/// The `State` of a function that AWS deletes.
const DELETING: &str = "Deleting";

/// As many executions are stopped by one visit.
const STOPPED_AT_ONCE: usize = 100;

/// Whether AWS has to be asked which executions run: those that are to be stopped, or that AWS waits for.
pub(super) fn asks(ending: Ending, observed: &Observed) -> bool {
    let deleting = observed.live.as_ref().is_some_and(|live| live.state == DELETING);
    observed.is_durable() && (deleting || ending == Ending::Stopped)
}

/// A number of executions, for texts.
pub(super) fn counted(number: usize) -> String {
    if number == 1 { "1 durable execution".to_owned() } else { format!("{number} durable executions") }
}

/// Decides.
pub fn plan_deletion(
    observed: Option<&Observed>,
    facts: &Facts<'_, LambdaFunctionStatus>,
) -> Deletion<Action> {
    let Some(observed) = observed else {
        let note = facts
            .status
            .arn
            .as_ref()
            .map(|arn| Note::normal("Deleted", "Delete", format!("{arn} is deleted.")));
        return Deletion::Release(note);
    };
    let Some(Live { state, tags, .. }) = &observed.live else {
        return Deletion::Wait("Asking AWS about the function.".into());
    };
    if state == DELETING {
        let ours = |tags| matches!(facts.owner.judge(tags), Claim::Ours | Claim::Predecessor);
        let ours = tags.as_ref().is_ok_and(ours);
        return match (&observed.running, stop(observed)) {
            (_, Some(stop)) if ours => Deletion::Act(stop),
            (Some((_, running)), _) if !running.is_empty() => Deletion::Wait(format!(
                "AWS deletes the function once its durable executions have ended; running: {}. To end them now, set \
                 spec.durable.onDelete to Stop, or use kubectl lambda durable stop.",
                counted(running.len())
            )),
            _ => Deletion::Wait("AWS is deleting the function.".into()),
        };
    }
    let claim = match tags {
        Ok(tags) => facts.owner.judge(tags),
        Err(text) => {
            return Deletion::Denied(format!(
                "the tags of {} can't be read, so its owner can't be told and it is not deleted: {} Grant the operator's \
                 role lambda:ListTags.",
                observed.arn,
                sentence(text)
            ));
        }
    };
    match (claim, facts.deletion_policy) {
        (Claim::Ours | Claim::Predecessor, DeletionPolicy::Delete) if facts.delete_sent => {
            Deletion::Wait("AWS is deleting the function.".into())
        }
        (Claim::Ours | Claim::Predecessor, DeletionPolicy::Delete) => {
            Deletion::Act(stop(observed).unwrap_or(Action::Delete))
        }
        (Claim::Ours | Claim::Predecessor, DeletionPolicy::Retain) => {
            Deletion::Part(Action::Disown { keys: vec![OWNER_TAG.to_owned(), OBJECT_TAG.to_owned()] })
        }
        (Claim::Unowned | Claim::Foreign(_), DeletionPolicy::Retain) => Deletion::Release(None),
        (claim, DeletionPolicy::Delete) => Deletion::Release(left_alone(observed, &claim, facts)),
    }
}

/// What ends the executions that run, if they are to be stopped.
fn stop(observed: &Observed) -> Option<Action> {
    let (Ending::Stopped, running) = observed.running.as_ref()? else { return None };
    let executions: Vec<String> = running.iter().take(STOPPED_AT_ONCE).cloned().collect();
    (!executions.is_empty()).then_some(Action::Stop { executions })
}

fn left_alone(observed: &Observed, claim: &Claim, facts: &Facts<'_, LambdaFunctionStatus>) -> Option<Note> {
    // What this object never had is no news.
    facts.status.common.origin?;
    let whose = match claim {
        Claim::Foreign(owner) => format!("it now belongs to {owner}"),
        _ => "its ownership tag has vanished".to_owned(),
    };
    let text = format!("{} is left in AWS: {whose}. Delete it there if nobody needs it.", observed.arn);
    Some(Note::warning("LeftInAWS", "Delete", text))
}
