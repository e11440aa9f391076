//! What is left to do in AWS before a LambdaFunction may go. Pure.

use lambda_operator_crds::{DeletionPolicy, LambdaFunctionStatus};

use crate::engine::kind::{Deletion, Facts};
use crate::engine::ownership::{Claim, OBJECT_TAG, OWNER_TAG};
use crate::function::model::{Live, Observed};
use crate::function::plan::Action;
use crate::k8s::events::Note;
use crate::text::sentence;

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
    if state == "Deleting" {
        return Deletion::Wait("AWS is deleting the function.".into());
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
        (Claim::Ours | Claim::Predecessor, DeletionPolicy::Delete) => Deletion::Act(Action::Delete),
        (Claim::Ours | Claim::Predecessor, DeletionPolicy::Retain) => {
            Deletion::Part(Action::Disown { keys: vec![OWNER_TAG.to_owned(), OBJECT_TAG.to_owned()] })
        }
        (Claim::Unowned | Claim::Foreign(_), DeletionPolicy::Retain) => Deletion::Release(None),
        (claim, DeletionPolicy::Delete) => Deletion::Release(left_alone(observed, &claim, facts)),
    }
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
